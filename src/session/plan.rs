//! Which registers are worth asking for, and how often.
//!
//! TEXT brings most live values every second for free; the plan adds what it
//! does not carry or carries coarsely, and looks at slow settings once an
//! hour. The whole demand stays below one request in two seconds, because
//! firmware from 1.53 answers about one request per TEXT block.

use std::time::Duration;

use crate::vedirect::register::Family;

/// One register to be read again and again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Poll {
    /// Register id.
    pub register: u16,
    /// Time from one answer to the next request.
    pub every: Duration,
}

/// Which polls a session makes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Plan {
    /// What suits the family of the identified product.
    #[default]
    ByFamily,
    /// These, in this order of importance.
    Polls(Vec<Poll>),
    /// None: only tasks are sent.
    Nothing,
}

impl Plan {
    /// The polls for a family, the most important first.
    #[must_use]
    pub fn polls(&self, family: Family) -> Vec<Poll> {
        match self {
            Self::ByFamily => by_family(family),
            Self::Polls(polls) => polls.clone(),
            Self::Nothing => Vec::new(),
        }
    }
}

/// Registers that a restart or another program's write shows up in.
const WATCHED: [(u16, u64); 2] = [
    (0x0120, 60), // uptime: falls at a restart
    (0xEC41, 60), // settings changed by app or display
];

const MPPT: [(u16, u64); 10] = [
    (0xEDAB, 10), // load output control
    (0xEDBC, 10), // panel power in 0.01 W
    (0xEDDB, 15), // charger temperature
    (0xEDEC, 15), // battery temperature
    (0xEDBB, 15), // panel voltage
    (0xEDD7, 15), // charger current, load included
    (0xED91, 30), // load output off reason
    (0x2030, 60), // day or night as the panels see it
    (0x200F, 60), // network status
    (0x2015, 60), // charge current limit
];

const MPPT_SLOW: [u16; 26] = [
    0xEDF7, 0xEDF6, 0xEDF4, 0xEDFB, 0xEDFD, 0xEDF2, 0xEDF1, 0xEDF0, 0xEDEF, 0xEDE8, 0xEDE7, 0xEDE6,
    0xEDE4, 0xEDE3, 0xED2E, 0xEDE0, 0xEDDF, 0xED9D, 0xED9C, 0xEDDD, 0xEDDC, 0xEDB8, 0x0140, 0x010B,
    0x104F, 0x1050,
];

const MPPT_RS: [(u16, u64); 10] = [
    (0xEDDB, 30),
    (0xEDBC, 10),
    (0xECCC, 15),
    (0xECDC, 15),
    (0xECCB, 30),
    (0xECDB, 30),
    (0xECCD, 30),
    (0xECDD, 30),
    (0xED8D, 15),
    (0xED8F, 15),
];

const BMV: [(u16, u64); 5] = [
    (0xED8C, 2),  // current in mA
    (0x0FFF, 10), // state of charge in 0.01 %
    (0xEEB6, 30), // synchronised: without it the state of charge means nothing
    (0xEDEC, 15), // battery temperature in 0.01 K
    (0xEEB8, 60), // monitor mode
];

const BMV_SLOW: [u16; 12] = [
    0x1000, 0x1001, 0x1002, 0x1003, 0x1004, 0x1005, 0x1006, 0x1008, 0x1009, 0x034F, 0x010B, 0x0140,
];

const INVERTER: [(u16, u64); 6] = [
    (0x0200, 10), // mode
    (0x0201, 10), // state
    (0xEB4E, 15), // inverter current
    (0x2205, 15), // apparent power
    (0x031C, 15), // warnings
    (0x0207, 30), // off reason
];

const INVERTER_SLOW: [u16; 11] =
    [0x0230, 0x2202, 0x2203, 0x2206, 0x2207, 0x2210, 0x0320, 0x0321, 0x1040, 0x1041, 0x010B];

const CHARGER: [(u16, u64); 4] = [(0x0201, 10), (0xEDD5, 10), (0xEDD7, 10), (0x0200, 30)];

const CHARGER_SLOW: [u16; 5] = [0xEDF5, 0xEDF6, 0xEDF7, 0xEDF0, 0x010B];

const ORION_XS: [(u16, u64); 6] =
    [(0x0201, 10), (0xEDD5, 10), (0xEDD7, 10), (0xEDBB, 15), (0xEDBD, 15), (0xEDBC, 15)];

const MULTI_RS: [(u16, u64); 6] =
    [(0x0209, 10), (0x020A, 10), (0x2213, 15), (0x2215, 10), (0x2216, 15), (0x2252, 15)];

/// How often a setting is read that changes only when a person changes it.
const SLOW: Duration = Duration::from_secs(3600);

fn by_family(family: Family) -> Vec<Poll> {
    let (live, slow): (&[(u16, u64)], &[u16]) = match family {
        Family::Mppt => (&MPPT, &MPPT_SLOW),
        Family::MpptRs => (&MPPT_RS, &MPPT_SLOW),
        Family::Bmv | Family::SmartShunt => (&BMV, &BMV_SLOW),
        Family::PhoenixInverter => (&INVERTER, &INVERTER_SLOW),
        Family::PhoenixCharger => (&CHARGER, &CHARGER_SLOW),
        Family::OrionXs => (&ORION_XS, &[]),
        Family::MultiRs => (&MULTI_RS, &[]),
        Family::Common => (&[], &[]),
    };
    let fast = live.iter().chain(&WATCHED);
    let fast = fast.map(|&(register, s)| Poll { register, every: Duration::from_secs(s) });
    let slow = slow.iter().map(|&register| Poll { register, every: SLOW });
    fast.chain(slow).collect()
}

/// The polls of both, each register once and at the shorter of two intervals; what
/// is wanted besides comes first.
pub(super) fn joined(plan: Vec<Poll>, also: &[Poll]) -> Vec<Poll> {
    let mut polls = also.to_vec();
    for poll in plan {
        match polls.iter_mut().find(|known| known.register == poll.register) {
            Some(known) => known.every = known.every.min(poll.every),
            None => polls.push(poll),
        }
    }
    polls
}

/// The polls of one session, and when each is due.
#[derive(Clone, Debug, Default)]
pub(super) struct Schedule {
    entries: Vec<Entry>,
}

#[derive(Clone, Copy, Debug)]
struct Entry {
    poll: Poll,
    due: Duration,
    /// The device said it has no such register.
    absent: bool,
}

impl Schedule {
    /// Everything is due at once.
    pub fn new(polls: Vec<Poll>, now: Duration, factor: f64) -> Self {
        let scaled = |poll: Poll| Poll { every: poll.every.mul_f64(factor), ..poll };
        let entry = |poll| Entry { poll: scaled(poll), due: now, absent: false };
        Self { entries: polls.into_iter().map(entry).collect() }
    }

    /// When the next poll is due.
    pub fn next_due(&self) -> Option<Duration> {
        self.present().map(|entry| entry.due).min()
    }

    /// The register whose turn it is: the latest in terms of its own interval,
    /// the first of the plan among equals. So a plan with more demand than the
    /// port can carry stretches every interval alike instead of starving some.
    pub fn choose(&self, now: Duration) -> Option<u16> {
        let due = self.present().filter(|entry| entry.due <= now);
        let lateness = |entry: &Entry| {
            (now - entry.due).as_secs_f64() / entry.poll.every.as_secs_f64().max(1e-6)
        };
        // `max_by` keeps the last of equals, so the order is turned round.
        due.rev()
            .max_by(|a, b| lateness(a).total_cmp(&lateness(b)))
            .map(|entry| entry.poll.register)
    }

    /// A value of this register has arrived, asked for or not, or was asked for in vain.
    pub fn served(&mut self, register: u16, now: Duration) {
        for entry in self.of(register) {
            entry.due = now + entry.poll.every;
        }
    }

    /// The device does not have this register.
    pub fn absent(&mut self, register: u16) {
        for entry in self.of(register) {
            entry.absent = true;
        }
    }

    fn of(&mut self, register: u16) -> impl Iterator<Item = &mut Entry> {
        self.entries.iter_mut().filter(move |entry| entry.poll.register == register)
    }

    fn present(&self) -> impl DoubleEndedIterator<Item = &Entry> {
        self.entries.iter().filter(|entry| !entry.absent)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::vedirect::register::find;

    const FAMILIES: [Family; 9] = [
        Family::Common,
        Family::Mppt,
        Family::MpptRs,
        Family::Bmv,
        Family::SmartShunt,
        Family::PhoenixInverter,
        Family::PhoenixCharger,
        Family::OrionXs,
        Family::MultiRs,
    ];

    #[test]
    fn no_plan_asks_more_than_the_port_can_carry() {
        for family in FAMILIES {
            let demand: f64 =
                by_family(family).iter().map(|poll| 1.0 / poll.every.as_secs_f64()).sum();
            // BMVs send two blocks a second and take one request after each.
            let most = if matches!(family, Family::Bmv | Family::SmartShunt) { 1.0 } else { 0.6 };
            assert!(demand <= most, "{family:?} asks {demand:.2} times a second");
        }
    }

    #[test]
    fn every_register_of_a_plan_can_be_read() {
        for family in FAMILIES {
            for poll in by_family(family) {
                let row = find(family, poll.register);
                assert!(row.is_some_and(|row| row.readable), "{family:?} {:#06X}", poll.register);
            }
        }
    }

    #[test]
    fn no_plan_asks_twice() {
        for family in FAMILIES {
            let polls = by_family(family);
            for (index, poll) in polls.iter().enumerate() {
                let again = polls[index + 1..].iter().any(|other| other.register == poll.register);
                assert!(!again, "{family:?} 0x{:04X}", poll.register);
            }
        }
    }

    #[test]
    fn a_crowded_port_starves_nobody() {
        let every = [2, 2, 3600];
        let polls = every.map(|s| Poll { register: s as u16, every: Duration::from_secs(s) });
        let mut schedule = Schedule::new(polls.to_vec(), Duration::ZERO, 1.0);
        schedule.entries[1].poll.register = 3;
        let mut served = Vec::new();
        for second in 0..7200 {
            let now = Duration::from_secs(second);
            if let Some(register) = schedule.choose(now) {
                schedule.served(register, now);
                served.push(register);
            }
        }
        assert!(served.iter().filter(|&&register| register == 3600).count() >= 2);
    }
}
