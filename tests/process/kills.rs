//! Kills and signals at random moments, one life after another on one site.

use std::time::Duration;

use rustix::process::Signal;
use sunkeep::sim::lock;
use sunkeep::sim::random::Random;

use crate::common::sets;
use crate::running::Running;
use crate::site::{AWAY_MAX, HEATER, MODEM, PINS, REST, Site, WRITES_MAX};
use crate::witness::{Move, Trap};

/// Kills of one run unless `SUNKEEP_KILLS` says otherwise.
const KILLS: u64 = 16;
/// Sites that are killed at the same time.
const CHAINS: u64 = 2;
/// A span of machines that build at the same time.
const SLACK: Duration = Duration::from_millis(1500);

fn number(variable: &str) -> Option<u64> {
    std::env::var(variable).ok().and_then(|text| text.parse().ok())
}

/// A site whose daemons die, and what they left behind.
struct Chain {
    site: Site,
    dice: Random,
    kills: u64,
    ends: u64,
    /// Deaths that left a pin away from safe, and those that left an intent open.
    left_on: u64,
    left_open: u64,
    /// Moves of pins that belong to lives already judged.
    judged: usize,
}

impl Chain {
    fn new(seed: u64) -> Self {
        let site = Site::new();
        let daemon = site.run_armed();
        assert!(daemon.end(Signal::TERM).success());
        let judged = site.witness.moves().len();
        let dice = Random::new(seed);
        Self { site, dice, kills: 0, ends: 0, left_on: 0, left_open: 0, judged }
    }

    fn below(&mut self, bound: u64) -> u64 {
        self.dice.bits() % bound
    }

    fn span(&mut self) -> Duration {
        Duration::from_millis(20 + self.below(500))
    }

    /// One life: a start, some weather, a death.
    fn live(&mut self) {
        let heard = lock(&self.site.mppt).received_total();
        self.weather();
        self.site.forget_deaths();
        let daemon = self.site.run();
        let death = self.below(8);
        let questions = if self.below(3) == 0 { self.below(4) } else { self.below(150) };
        match death {
            0 => self.end_by_signal(daemon),
            1..4 => self.kill_by_time(daemon),
            _ => {
                let (pid, obey) = (daemon.id(), death.is_multiple_of(2));
                self.site.witness.trap(Trap { pid, questions, obey });
                self.kill_by_trap(daemon);
                if questions < PINS.len() as u64 {
                    let now = lock(&self.site.mppt).received_total();
                    assert_eq!(now, heard, "a port was used before the pins were claimed");
                }
            }
        }
        self.judge();
    }

    fn weather(&mut self) {
        let soc = [20.0, 20.0, 38.0, 60.0][self.below(4) as usize];
        self.site.soc(soc);
    }

    fn kill_by_trap(&mut self, mut daemon: Running) {
        self.kills += 1;
        loop {
            let span = self.span();
            if !daemon.lives_on(span) {
                let _ = daemon.ended();
                return;
            }
            self.weather();
        }
    }

    fn kill_by_time(&mut self, mut daemon: Running) {
        for _ in 0..1 + self.below(3) {
            let span = self.span();
            assert!(daemon.lives_on(span), "it died by itself:\n{}", daemon.log());
            self.weather();
        }
        self.kills += 1;
        let _ = daemon.end(Signal::KILL);
    }

    /// Asked to end while whatever is going on goes on.
    fn end_by_signal(&mut self, mut daemon: Running) {
        daemon.wait_for("mode", &["started"]);
        let span = self.span();
        assert!(daemon.lives_on(span), "it died by itself:\n{}", daemon.log());
        self.ends += 1;
        let status = daemon.end(Signal::TERM);
        assert!(status.success(), "{status}");
        assert!(self.site.pins_are_safe(), "{:?}", self.site.witness.moves());
    }

    /// What must hold of the life that has just ended, and of all before it.
    fn judge(&mut self) {
        let moves = self.site.witness.moves();
        let life = &moves[self.judged..];
        for pin in PINS {
            let of_pin = life.iter().filter(|m| m.pin == pin).collect::<Vec<_>>();
            judge_pin(&of_pin, &moves);
        }
        self.judged = moves.len();
        // A process that died before it opened the journal left the last one.
        for (pin, name, what) in [(HEATER, "heater", "on"), (MODEM, "modem", "off")] {
            let acts = moves.iter().filter(|m| m.pin == pin && m.high).count();
            let intents = self.site.intents(name, what);
            assert!(acts <= intents, "{name}: {acts} acts and {intents} intents");
        }
        let written = sets(&self.site.mppt);
        let away = written.iter().filter(|frame| frame.starts_with(":8ABED0000")).count();
        let intents = self.site.intents("load_output", "off");
        assert!(away <= intents, "load output: {away} writes and {intents} intents");
        let (stored, counted) = (self.site.flash_writes(), self.site.counted_writes());
        assert!(stored <= WRITES_MAX, "{written:?}");
        assert!(stored <= counted, "{stored} writes to flash, {counted} counted for life");
        assert_eq!(sets(&self.site.shunt), Vec::<String>::new());
        let open = self.site.recorded().open_intents().unwrap().len();
        assert!(open <= 3, "each output has one intent at a time: {open} are open");
        self.left_open += u64::from(open > 0);
        self.left_on += u64::from(!self.site.pins_are_safe());
    }

    /// The last life: it starts, closes what is open, and ends in order.
    fn finish(self) -> [u64; 4] {
        self.site.soc(60.0);
        self.site.forget_deaths();
        let mut daemon = self.site.run();
        daemon.wait_for("mode", &["run", "started"]);
        daemon.wait_for("device", &["shunt", "health", "TEXT alive"]);
        assert!(daemon.end(Signal::TERM).success());
        assert!(self.site.pins_are_safe());
        let open = self.site.recorded().open_intents().unwrap();
        assert!(open.is_empty(), "{open:?}");
        [self.kills, self.ends, self.left_on, self.left_open]
    }
}

/// A pin is claimed at its safe level, leaves it only after its rest, and stays
/// away no longer than it may.
#[track_caller]
fn judge_pin(life: &[&Move], all: &[Move]) {
    let Some((claim, rest)) = life.split_first() else { return };
    assert!(claim.claim && !claim.high, "the first word of a life is safe: {all:?}");
    let mut safe_since = Some(claim.at);
    let mut away_since = None;
    for act in rest {
        assert!(!act.claim, "claimed twice in one life: {all:?}");
        if act.high {
            let since = safe_since.take().expect("a move is a change");
            assert!(act.at.saturating_sub(since) >= REST, "{act:?} too soon in {life:?}");
            away_since = Some(act.at);
        } else {
            let since: Duration = away_since.take().expect("a move is a change");
            assert!(act.at.saturating_sub(since) <= AWAY_MAX + SLACK, "{act:?} late in {life:?}");
            safe_since = Some(act.at);
        }
    }
}

#[test]
fn killed_at_random_no_act_is_without_its_intent_and_every_start_is_safe() {
    let kills = number("SUNKEEP_KILLS").unwrap_or(KILLS);
    let first = number("SUNKEEP_SEED").unwrap_or(1);
    let run = move |seed: u64| {
        println!(
            "seed {seed}; repeat with: SUNKEEP_SEED={seed} SUNKEEP_KILLS={kills} \
             cargo test --test process killed_at_random"
        );
        let mut chain = Chain::new(seed);
        while chain.kills * CHAINS < kills {
            chain.live();
        }
        chain.finish()
    };
    let chains: Vec<_> =
        (first..first + CHAINS).map(|seed| std::thread::spawn(move || run(seed))).collect();
    let mut sums = [0; 4];
    for chain in chains {
        let figures = chain.join().expect("the chain says what was wrong");
        sums.iter_mut().zip(figures).for_each(|(sum, figure)| *sum += figure);
    }
    let [killed, ended, left_on, left_open] = sums;
    println!(
        "{killed} kills, {ended} ends by SIGTERM; {left_on} deaths left a pin away from safe, \
         {left_open} an intent open; no act without intent"
    );
    assert!(left_on > 0, "nothing was going on when it died");
}

#[test]
fn killed_with_the_heater_on_the_pin_stays_and_the_next_start_takes_it_to_safe() {
    let site = Site::new();
    let _ = site.run_in_need().end(Signal::KILL);
    let left = PINS.map(|pin| site.witness.high(pin));
    assert_eq!(left, [Some(true); 2], "nobody moves the pins of a dead process");
    site.soc(60.0);
    let mut daemon = site.run();
    daemon.wait_for("mode", &["run", "started"]);
    assert!(site.pins_are_safe());
    assert!(daemon.end(Signal::TERM).success());
}

#[test]
fn a_pin_that_belongs_to_somebody_else_is_named_and_the_others_are_safe() {
    let site = Site::new();
    let _ = site.run_in_need().end(Signal::KILL);
    site.witness.refuse(HEATER);
    let output = site
        .command(&["run", &format!("--simulate-pins={}", site.path("pins").display())])
        .output()
        .unwrap();
    assert!(!output.status.success(), "it claims to switch what it cannot");
    let text = crate::common::all(&output);
    assert!(text.contains("GPIO 17") && text.contains("belongs to somebody else"), "{text}");
    assert_eq!(site.witness.high(MODEM), Some(false), "the other pin was taken to safe");
}

#[test]
fn a_welded_relay_is_an_alarm_and_no_success() {
    let site = Site::new();
    site.soc(20.0);
    let mut daemon = site.run();
    daemon.wait_for("mode", &["started"]);
    site.witness.weld(HEATER);
    site.say(&["arm"]);
    daemon.wait_for("result", &["heater", "failed on", "reads back off"]);
    daemon.wait_for("result", &["modem", "verified off"]);
    let status = site.say(&["status"]);
    let heater = status.lines().find(|line| line.contains("heater") && line.contains("decided"));
    assert!(heater.is_some_and(|line| line.contains("reads back off")), "{status}");
    let claimed = |line: &str| line.contains("heater") && line.contains("verified on");
    assert!(!daemon.log().lines().any(claimed), "{}", daemon.log());
}

#[test]
fn an_active_low_board_is_never_on_before_it_is_decided() {
    let site = Site::new();
    site.edit("gpio = 17\nactive = \"high\"", "gpio = 8\nactive = \"low\"");
    site.soc(60.0);
    let mut daemon = site.run_armed();
    daemon.wait_for("device", &["mppt", "health", "TEXT alive, HEX alive"]);
    let of_heater = |moves: Vec<Move>| -> Vec<bool> {
        moves.iter().filter(|m| m.pin == 8).map(|m| m.high).collect()
    };
    assert_eq!(of_heater(site.witness.moves()), [true], "high is off, from the first moment");
    site.soc(20.0);
    daemon.wait_for("result", &["heater", "verified on"]);
    assert!(daemon.end(Signal::TERM).success());
    assert_eq!(of_heater(site.witness.moves()), [true, false, true]);
}

#[test]
fn a_daemon_that_dies_again_and_again_ends_in_safe() {
    let site = Site::new();
    let _ = site.run_in_need().end(Signal::KILL);
    for _ in 0..4 {
        let mut daemon = site.run();
        daemon.wait_for("mode", &["run", "started"]);
        let _ = daemon.end(Signal::KILL);
    }
    let mut daemon = site.run();
    daemon.wait_for("alarm", &["crash loop"]);
    daemon.wait_for("device", &["shunt", "health", "TEXT alive"]);
    assert!(site.pins_are_safe());
    assert!(site.say(&["status"]).starts_with("mode safe"));
}
