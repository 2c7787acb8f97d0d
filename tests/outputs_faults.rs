//! Faults of every kind, thrown at rules, arbiter and engine together; what must
//! never happen is checked at every act and every second.
//!
//! Seeded: a failure prints the seed with the one command that repeats it.
//! `SUNKEEP_SEEDS=10000` runs more of them.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test may panic")]

#[path = "outputs/judge.rs"]
mod judge;
#[path = "outputs/site.rs"]
mod site;

use std::time::Duration;

use jiff::Timestamp;
use site::{POINTS, Site};
use sunkeep::arbiter::{Gap, Level, OutputId, Want, Winner};
use sunkeep::engine::{Event, Mode, Outcome, Wish};

/// Steps of one seed: some three hours and a dozen restarts.
const STEPS: u32 = 3000;

/// A small generator whose numbers a seed repeats (xorshift).
struct Dice(u64);

impl Dice {
    fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1)
    }

    fn below(&mut self, bound: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 11) % bound
    }

    fn one_in(&mut self, bound: u64) -> bool {
        self.below(bound) == 0
    }
}

fn seeds() -> std::ops::RangeInclusive<u64> {
    let number = |name| std::env::var(name).ok().and_then(|text| text.parse::<u64>().ok());
    match number("SUNKEEP_SEED") {
        Some(seed) => seed..=seed,
        None => 1..=number("SUNKEEP_SEEDS").unwrap_or(8),
    }
}

/// One life of a site with everything going wrong.
struct Life {
    dice: Dice,
    values: [f64; 2],
    silent: [u32; 2],
}

impl Life {
    fn new(seed: u64) -> Self {
        Self { dice: Dice::new(seed), values: [42.0, 3.0], silent: [0; 2] }
    }

    fn second(&mut self, site: &mut Site) {
        let span = [1, 1, 1, 1, 1, 2, 5, 20][self.dice.below(8) as usize];
        site.pass(Duration::from_secs(span));
        self.readings(site);
        self.faults(site);
        self.people(site);
        if self.dice.one_in(250) {
            site.dies_after = Some(self.dice.below(6) as u32);
        }
        if !site.settle() || self.dice.one_in(600) {
            self.restart(site);
        }
    }

    fn readings(&mut self, site: &mut Site) {
        for (point, (_, low, high)) in POINTS.into_iter().enumerate() {
            let step = (high - low) * (self.dice.below(21) as f64 - 10.0) / 80.0;
            self.values[point] = (self.values[point] + step).clamp(low, high);
            self.silent[point] = self.silent[point].saturating_sub(1);
            match self.dice.below(300) {
                0 => self.silent[point] = 40,
                1 => site.read(point, None),
                2 => site.read(point, Some(1e6)),
                3 => site.read(point, Some(f64::NAN)),
                _ if self.silent[point] > 0 => {}
                _ => site.read(point, Some(self.values[point].round())),
            }
        }
    }

    fn faults(&mut self, site: &mut Site) {
        if self.dice.one_in(120) {
            site.journal_works = self.dice.one_in(2);
        }
        if self.dice.one_in(60) {
            site.next = match self.dice.below(5) {
                0 => Outcome::Failed("stuck".into()),
                1 => Outcome::Postponed("locked".into()),
                _ => Outcome::Verified,
            };
        }
        if self.dice.one_in(90) {
            site.delay = Duration::from_secs(self.dice.below(7));
        }
        if self.dice.one_in(200) {
            let output = OutputId(self.dice.below(site.policies.len() as u64) as u16);
            let safe = site.policies[output.index()].safe;
            let other = safe.level().map_or(Want::Number(7.0), |level| level.opposite().into());
            let want = if self.dice.one_in(2) { safe } else { other };
            site.drift(output, want);
        }
        if self.dice.one_in(150) {
            let years = self.dice.below(120) as i64 - 60;
            site.now.wall = Timestamp::from_second(years * 31_000_000 + 1_800_000_000).unwrap();
            site.now.wall_trusted = self.dice.one_in(2);
        }
    }

    fn people(&mut self, site: &mut Site) {
        if self.dice.one_in(150) {
            let output = OutputId(self.dice.below(3) as u16);
            let level = if self.dice.one_in(2) { Level::On } else { Level::Off };
            let want = (!self.dice.one_in(4)).then_some(level.into());
            let lasting = Duration::from_secs(20 + self.dice.below(900));
            let wish = Wish { output, want, owner: "peter".into(), lasting };
            site.wish(wish);
        }
        if self.dice.one_in(250) {
            let mode = [Mode::Observe, Mode::Safe][self.dice.below(2) as usize];
            site.engine.handle(site.now, Event::Mode(mode));
        }
        if self.dice.one_in(20) && site.engine.mode() != Mode::Run {
            site.engine.handle(site.now, Event::Mode(Mode::Run));
        }
    }

    fn restart(&mut self, site: &mut Site) {
        let downtime = Duration::from_secs(match self.dice.below(4) {
            0 => 1,
            1 => self.dice.below(120),
            _ => self.dice.below(40_000),
        });
        let gap = match self.dice.below(3) {
            0 => Gap::default(),
            1 => Gap { at_least: Duration::ZERO, at_most: Some(downtime) },
            _ => Gap { at_least: downtime, at_most: Some(downtime) },
        };
        let lost = self.dice.one_in(30);
        site.restart(gap, downtime, lost);
    }
}

/// What must hold after every step, besides what the judge sees.
fn check_standing(site: &Site, again: &str) {
    let statuses: Vec<_> = site.engine.outputs(site.now.monotonic).collect();
    for (output, status) in site.outputs().zip(&statuses) {
        let policy = &site.policies[output.index()];
        // Nothing is decided yet when it has just started.
        let Some(decision) = &status.decision else { continue };
        let by_person = matches!(decision.winner, Winner::Override(_));
        let name = &policy.name;
        if by_person {
            let ends = site.judge.wish_ends(output);
            assert!(site.real < ends, "{name}: a wish that should be over decides; {again}");
        }
        let at = site.hardware[output.index()];
        if policy.always_driven && at != policy.safe {
            assert_eq!(site.engine.mode(), Mode::Run, "{name} is {at} in this mode; {again}");
            let good = site.rests_on_good(output);
            assert!(good || by_person, "{name} is {at} on a value that is not good; {again}");
            assert!(!site.interlocked(output), "{name} is {at} against its interlock; {again}");
        }
    }
}

#[test]
fn nothing_that_must_never_happen_happens() {
    let (mut away, mut by_people, mut lives) = (0, 0, 0);
    for seed in seeds() {
        let again = format!(
            "repeat with: SUNKEEP_SEED={seed} cargo test --test outputs_faults nothing_that_must_never"
        );
        let (mut life, mut site) = (Life::new(seed), Site::new(seed));
        for _ in 0..STEPS {
            life.second(&mut site);
            if site.engine.settled() {
                check_standing(&site, &again);
            }
        }
        lives += 1;
        away += site.judge.away;
        by_people += site.judge.by_people;
    }
    // Lives in which nothing moves would prove nothing.
    assert!(away > lives * 10 && by_people > 0, "{away} acts, {by_people} by people");
}

/// Sends both readings once a second and returns where the heater is.
fn pass(site: &mut Site, seconds: u32, soc: Option<f64>, cells: Option<f64>) -> Want {
    for _ in 0..seconds {
        site.pass(Duration::from_secs(1));
        for (point, value) in [soc, cells].into_iter().enumerate() {
            if value.is_some() {
                site.read(point, value);
            }
        }
        assert!(site.settle());
    }
    site.hardware[0]
}

#[test]
fn an_interlock_holds_against_rules_and_people_and_when_it_cannot_be_told() {
    let mut site = Site::new(0);
    let cold = Some(0.0);
    assert_eq!(pass(&mut site, 60, Some(50.0), cold), Level::On, "the rule heats");
    assert_eq!(pass(&mut site, 1, Some(50.0), Some(9.0)), Level::Off, "one reading is enough");
    let wish = |want| Wish {
        output: OutputId(0),
        want: Some(Level::into(want)),
        owner: "peter".into(),
        lasting: Duration::from_secs(3600),
    };
    site.wish(wish(Level::On));
    assert_eq!(pass(&mut site, 120, Some(50.0), Some(9.0)), Level::Off, "nor may a person");
    let status = site.engine.outputs(site.now.monotonic).next().unwrap();
    let decision = status.decision.unwrap();
    assert!(format!("{decision:?}").contains("requires cell_temperature below 8"), "{decision:?}");
    assert_eq!(decision.loser.unwrap().rule, None, "the person is told that he lost");
    assert_eq!(pass(&mut site, 1, Some(50.0), Some(7.0)), Level::Off, "one frame is not enough");
    assert_eq!(pass(&mut site, 1, Some(50.0), Some(7.0)), Level::On, "two agree");
    assert_eq!(pass(&mut site, 12, Some(50.0), None), Level::Off, "unknown is not satisfied");
    let trip = site.engine.trips().of("heater").unwrap();
    assert!(trip.cause.contains("requires cell_temperature below 8"), "{trip:?}");
    assert_eq!(trip.since, 1, "the first cause stays, later ones are counted");
    site.engine.handle(site.now, Event::Acknowledge("heater".into()));
    assert!(site.engine.trips().is_empty());
}
