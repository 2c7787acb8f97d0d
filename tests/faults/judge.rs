//! Knows the truth and looks for what must never happen. It believes nothing
//! that the program says of itself.

use std::collections::VecDeque;
use std::time::Duration;

use sunkeep::sim::device::Device;
use sunkeep::vedirect::hex::{Asked, Raw, Request};

use crate::board::{Board, Move, Mover};
use crate::disk::Disk;
use crate::site::{FLOAT_WRITES, LOAD_REST, LOAD_WRITES, MAX_AGE, MPPT, RELAYS, SHUNT};
use crate::world::Truth;

pub const LOAD_OUTPUT_CONTROL: u16 = 0xEDAB;
pub const CHARGE_LIMIT: u16 = 0x2015;
const NETWORK_MODE: u16 = 0x200E;
const FLOAT_VOLTAGE: u16 = 0xEDF6;
/// What the owner has set, and what a rule wants instead, in 0.01 V.
const FLOAT_OF_OWNER: u16 = 1380;
const FLOAT_OF_RULE: u16 = 1350;
const DAY: Duration = Duration::from_secs(86_400);

/// What the contract adds to an input's age until its outputs are safe; a lease
/// and a step are as fine as time gets.
const SLACK: Duration = Duration::from_secs(2);
/// A pin that did not obey is tried again within this time.
const PIN_RETRY: Duration = Duration::from_secs(60);
/// A register is read before it is written, and both take their time.
const WRITE_LATE: Duration = Duration::from_secs(5);
/// How far back a truth can have justified an act: the age of a reading, the
/// longest `lasting` of a rule, and a frame.
const LOOK_BACK: Duration = Duration::from_secs(10 + 10 + 3);
/// How long the device's own minute and the host's may differ.
const LEASE_BLUR: Duration = Duration::from_secs(10);

/// What is known of one pin.
#[derive(Clone, Copy, Debug, Default)]
struct Line {
    away_since: Option<Duration>,
    /// The last edge to safe, or the start.
    safe_since: Duration,
    /// Until then it is where it is because of somebody else, or did not obey.
    excused_until: Duration,
}

/// Figures that show that something was going on.
#[derive(Clone, Copy, Debug, Default)]
pub struct Figures {
    pub edges: u64,
    pub load_writes: u64,
    pub float_writes: u64,
    pub limits: u64,
    pub deaths: u64,
    pub bytes: u64,
}

impl Figures {
    pub fn add(&mut self, more: Self) {
        self.edges += more.edges;
        self.load_writes += more.load_writes;
        self.float_writes += more.float_writes;
        self.limits += more.limits;
        self.deaths += more.deaths;
        self.bytes += more.bytes;
    }
}

#[derive(Default)]
pub struct Judge {
    lines: [Line; RELAYS.len()],
    truths: VecDeque<(Duration, Truth)>,
    /// Whole messages from the right device, the newest last.
    heard: [VecDeque<Duration>; 2],
    born: Option<Duration>,
    died: Duration,
    ended: bool,
    load_off: bool,
    load_since: Duration,
    load_writes: u64,
    load_times: VecDeque<Duration>,
    foreign_times: VecDeque<Duration>,
    float_writes: u64,
    float_times: VecDeque<Duration>,
    limited: bool,
    /// An intent allows a limit until it is released, or the process dies.
    limit_intended: bool,
    limited_until: Duration,
    /// Every change of a level: when, which relay, high.
    pub moves: Vec<(Duration, usize, bool)>,
    pub figures: Figures,
}

impl Judge {
    pub fn see(&mut self, now: Duration, truth: Truth) {
        self.truths.push_back((now, truth));
        while self.truths.len() > 2 && self.truths[1].0 + LOOK_BACK < now {
            self.truths.pop_front();
        }
    }

    pub fn heard(&mut self, now: Duration, device: usize) {
        let heard = &mut self.heard[device];
        heard.push_back(now);
        if heard.len() > 8 {
            heard.pop_front();
        }
    }

    pub fn begins(&mut self, now: Duration) {
        (self.born, self.ended) = (Some(now), false);
        self.load_since = now;
    }

    pub fn ends(&mut self) {
        self.ended = true;
    }

    pub fn dies(&mut self, now: Duration) {
        (self.born, self.died, self.limit_intended) = (None, now, false);
        self.figures.deaths += 1;
    }

    /// A pin has changed its level, or was claimed.
    pub fn moved(&mut self, now: Duration, act: Move, disk: &mut Disk) {
        let relay = RELAYS[act.relay];
        let line = &mut self.lines[act.relay];
        let away = act.high != relay.safe_high;
        if act.by == Mover::Foreign {
            line.excused_until = now + PIN_RETRY;
        }
        if act.by != Mover::Claim {
            self.moves.push((now, act.relay, act.high));
        }
        if !away {
            (line.away_since, line.safe_since) = (None, now);
            return;
        }
        let rested = now.saturating_sub(line.safe_since);
        line.away_since.get_or_insert(now);
        if act.by == Mover::Foreign {
            return;
        }
        assert_eq!(act.by, Mover::Engine, "{} leaves safe by {:?}", relay.name, act.by);
        self.figures.edges += 1;
        assert!(!self.ended, "{} leaves safe while stopping", relay.name);
        assert!(rested >= relay.rest, "{} leaves safe after {rested:?} of rest", relay.name);
        let lived = now - self.born.expect("the dead do not move pins");
        assert!(lived >= relay.rest, "{} leaves safe {lived:?} after a start", relay.name);
        assert!(disk.justifies(relay.name), "{} leaves safe without an intent", relay.name);
        let device = if relay.name == "fan" { MPPT } else { SHUNT };
        self.check_heard(now, relay.name, device, Duration::ZERO);
        self.check_truth(now, relay.name);
    }

    /// Two whole messages, the last not older than an input may be.
    fn check_heard(&self, now: Duration, name: &str, device: usize, late: Duration) {
        let heard = &self.heard[device];
        let (last, before) = (heard.iter().nth_back(0), heard.iter().nth_back(1));
        let fresh = last.is_some_and(|&at| now - at <= MAX_AGE + late);
        let agreed = before.is_some_and(|&at| now - at <= 2 * MAX_AGE + late);
        assert!(fresh && agreed, "{name} leaves safe on what nobody said: {last:?} {before:?}");
    }

    /// The truth allowed it, some moments ago at least; devices round it.
    fn check_truth(&self, now: Duration, name: &str) {
        let allowed = |truth: &Truth| match name {
            "heater" => truth.cells <= 6.5,
            "modem" => truth.soc <= 45.1,
            "fan" => truth.voltage >= 13.49,
            "pump" => truth.soc <= 25.1,
            "load_output" => truth.soc <= 40.1,
            "charge_limit" => truth.cells <= 8.5,
            other => panic!("no truth is known of {other}"),
        };
        let since = now.saturating_sub(LOOK_BACK);
        let in_force = self.truths.iter().rev().take_while({
            let mut older = false;
            move |(at, _)| !std::mem::replace(&mut older, *at < since)
        });
        assert!(
            in_force.clone().any(|(_, truth)| allowed(truth)),
            "{name} leaves safe although {:?}",
            in_force.collect::<Vec<_>>()
        );
    }

    /// What must hold at every moment.
    pub fn look(&mut self, now: Duration, board: &Board) {
        for (index, relay) in RELAYS.iter().enumerate() {
            let line = &mut self.lines[index];
            // A pin that does not obey is beyond help, and alarmed; so is one whose
            // helper met it in that state after a death.
            let helpless = board.welded[index] || board.failing[index];
            if helpless || self.born.is_none() && now < line.excused_until {
                line.excused_until = now + PIN_RETRY;
                // A start that finds it so cannot know since when.
                line.away_since = line.away_since.map(|_| now);
            }
            let Some(since) = line.away_since.filter(|_| now >= line.excused_until) else {
                continue;
            };
            let away = now - since;
            assert!(away <= relay.away_max + SLACK, "{} is away for {away:?}", relay.name);
            let device = if relay.name == "fan" { MPPT } else { SHUNT };
            let silent = self.heard[device].back().map(|&at| now - at);
            let late = silent.is_none_or(|silent| silent > MAX_AGE + SLACK);
            assert!(!late, "{} is away after {silent:?} of silence", relay.name);
            if self.born.is_none() {
                let dead = now - self.died;
                assert!(dead <= SLACK, "{} is away {dead:?} after the death", relay.name);
            }
        }
    }

    /// A request leaves for a device.
    pub fn sent(&mut self, port: usize, frame: &[u8]) {
        self.figures.bytes += frame.len() as u64;
        let raw = Raw::parse(frame).unwrap_or_else(|error| panic!("{frame:?}: {error}"));
        match Asked::parse(&raw) {
            Asked::Request(Request::Set { register, value }) => {
                assert_eq!(port, MPPT, "a write to 0x{register:04X} of the shunt");
                let allowed = [LOAD_OUTPUT_CONTROL, CHARGE_LIMIT, NETWORK_MODE, FLOAT_VOLTAGE];
                assert!(allowed.contains(&register), "a write to 0x{register:04X}");
                assert!(register != NETWORK_MODE || value[..] != [9], "BMS mode");
                if register == CHARGE_LIMIT && value[..] == [0xFF, 0xFF] {
                    self.limit_intended = false;
                }
            }
            Asked::Request(_) => {}
            other => panic!("{other:?} is sent to {port}"),
        }
    }

    /// Somebody else has switched the load: bringing it back to safe may take a write
    /// more than the budget has.
    pub fn foreign_load(&mut self, now: Duration, off: bool) {
        (self.load_off, self.load_since) = (off, now);
        self.foreign_times.push_back(now);
    }

    /// A value that is lent: what it was is on the disk before it is anything else.
    fn float(&mut self, now: Duration, mppt: &Device, disk: &Disk) {
        let writes = mppt.stored_writes_by_register().get(&FLOAT_VOLTAGE).copied().unwrap_or(0);
        for _ in self.float_writes..writes {
            self.float_times.push_back(now);
            self.figures.float_writes += 1;
        }
        self.float_writes = writes;
        while self.float_times.front().is_some_and(|&at| at + DAY <= now) {
            self.float_times.pop_front();
        }
        let count = self.float_times.len();
        assert!(count <= FLOAT_WRITES, "{count} writes to flash in a day: {:?}", self.float_times);
        let float = mppt.register(FLOAT_VOLTAGE).map(|raw| u16::from_le_bytes([raw[0], raw[1]]));
        if float != Some(FLOAT_OF_OWNER) {
            assert_eq!(float, Some(FLOAT_OF_RULE), "a value of nobody's");
            let kept = disk.saved("originals").unwrap_or_default();
            assert!(kept.contains("0xEDF6\":13.8"), "the way back is not on the disk: {kept}");
        }
    }

    /// What the devices have become.
    pub fn devices(&mut self, now: Duration, devices: &[Device; 2], disk: &mut Disk, alive: bool) {
        assert_eq!(devices[SHUNT].stored_writes(), 0, "the shunt was written");
        let mppt = &devices[MPPT];
        let stored = mppt.stored_writes_by_register();
        let allowed = [LOAD_OUTPUT_CONTROL, FLOAT_VOLTAGE];
        assert!(stored.keys().all(|id| allowed.contains(id)), "{stored:X?}");
        self.float(now, mppt, disk);
        let writes = stored.get(&LOAD_OUTPUT_CONTROL).copied().unwrap_or(0);
        for _ in self.load_writes..writes {
            self.load_times.push_back(now);
            self.figures.load_writes += 1;
        }
        self.load_writes = writes;
        while self.load_times.front().is_some_and(|&at| at + DAY <= now) {
            self.load_times.pop_front();
        }
        while self.foreign_times.front().is_some_and(|&at| at + DAY <= now) {
            self.foreign_times.pop_front();
        }
        let (count, most) = (self.load_times.len(), LOAD_WRITES + self.foreign_times.len());
        assert!(count <= most, "{count} writes to flash in a day: {:?}", self.load_times);
        let off = mppt.register(LOAD_OUTPUT_CONTROL).is_some_and(|raw| raw[0] & 0x0F == 0);
        if off != self.load_off {
            let lasted = now - self.load_since;
            (self.load_off, self.load_since) = (off, now);
            if off {
                assert!(alive, "the dead do not write");
                assert!(lasted >= LOAD_REST, "the load goes off after {lasted:?}");
                assert!(disk.justifies("load_output"), "the load goes off without an intent");
                self.check_heard(now, "load_output", SHUNT, WRITE_LATE);
                self.check_truth(now, "load_output");
            }
        }
        let limited = mppt.register(CHARGE_LIMIT).is_some_and(|raw| raw != [0xFF, 0xFF]);
        if limited && !self.limited && now > self.limited_until + LEASE_BLUR {
            self.figures.limits += 1;
            self.limit_intended |= disk.justifies("charge_limit");
            assert!(self.limit_intended, "a limit without an intent");
            self.check_heard(now, "charge_limit", SHUNT, WRITE_LATE);
            self.check_truth(now, "charge_limit");
        }
        if limited {
            self.limited_until = now;
        }
        self.limited = limited;
    }
}
