//! Writing a register so that its value is known afterwards.
//!
//! The value is read first: an equal one is not written (flash wears out), and
//! a device that cannot be read is not written at all. After the SET the value
//! is read back; what the device kept is the result, not what was sent.

use std::time::Duration;

use super::gate;
use super::job::{Reply, Step, failure, value_of};
use super::task::{Authority, Denied, Outcome, ReadFailure, WriteResult};
use super::timing::Timing;
use crate::units::Value;
use crate::vedirect::hex::{Flags, Payload, Request};
use crate::vedirect::register::{Register, Type};

/// The load switch of MPPT chargers: the mode is the low nibble, the bits
/// above it belong to the lighting timer and are kept as they are.
const LOAD_OUTPUT_CONTROL: u16 = 0xEDAB;
const LOAD_MODE_MASK: u8 = 0x0F;

/// A write on its way.
#[derive(Debug)]
pub(super) struct Write {
    register: &'static Register,
    asked: Value,
    wanted: Payload,
    before: Payload,
    phase: Phase,
    /// SETs that have left.
    sets: u8,
    /// Write it although it has the value already.
    even_if_equal: bool,
}

#[derive(Clone, Copy, Debug)]
enum Phase {
    ReadFirst,
    Set,
    ReadBack(Heard),
}

/// What the device said to the SET.
#[derive(Clone, Copy, Debug)]
enum Heard {
    Accepted,
    Refused(Flags),
    Nothing,
}

impl Write {
    /// Checks the value and prepares the bytes.
    pub fn new(
        register: &'static Register,
        asked: Value,
        authority: Authority,
    ) -> Result<Self, WriteResult> {
        let wanted =
            register.encode(&asked).map_err(|error| WriteResult::BadValue(error.to_string()))?;
        if register.id == LOAD_OUTPUT_CONTROL
            && wanted.iter().any(|byte| byte & !LOAD_MODE_MASK != 0)
        {
            return Err(WriteResult::BadValue("the load output mode is 0 to 15".to_owned()));
        }
        let forbidden = gate::is_denied_value(register.id, &wanted);
        if forbidden && authority != Authority::HumanAllowingDenied {
            return Err(WriteResult::Denied(Denied::Value));
        }
        let phase = if register.readable { Phase::ReadFirst } else { Phase::Set };
        Ok(Self {
            register,
            asked,
            wanted,
            before: Payload::default(),
            phase,
            sets: 0,
            even_if_equal: false,
        })
    }

    /// The same write, for a device that lets go of a value unless it is written again.
    pub fn even_if_equal(mut self) -> Self {
        self.even_if_equal = true;
        self
    }

    /// The request of this phase.
    pub fn request(&self) -> Request {
        let register = self.register.id;
        match self.phase {
            Phase::ReadFirst | Phase::ReadBack(_) => Request::Get { register },
            Phase::Set => Request::Set { register, value: self.wanted },
        }
    }

    /// Its request has left.
    pub fn sent(&mut self) {
        if matches!(self.phase, Phase::Set) {
            self.sets = self.sets.saturating_add(1);
        }
    }

    /// Whether the device may have been changed.
    pub fn has_set(&self) -> bool {
        self.sets > 0
    }

    pub fn answered(&mut self, now: Duration, reply: Reply, timing: &Timing) -> Step {
        match (self.phase, reply) {
            (Phase::ReadFirst, Reply::Value(before)) => self.compare(now, before),
            (Phase::ReadFirst, _) => {
                ended(failure(reply).map_or(WriteResult::Unanswered, WriteResult::ReadFailed))
            }
            (Phase::Set, Reply::Value(_)) => self.heard(now, Heard::Accepted),
            (Phase::Set, Reply::Flags(flags)) => self.heard(now, Heard::Refused(flags)),
            (Phase::Set, Reply::Unsupported) => {
                self.heard(now, Heard::Refused(Flags::NOT_SUPPORTED))
            }
            (Phase::ReadBack(heard), Reply::Value(got)) => self.judge(now, heard, got, timing),
            (Phase::ReadBack(heard), _) => ended(unseen(heard)),
        }
    }

    /// All attempts of a GET, or the one SET, went without an answer.
    pub fn unanswered(&mut self, now: Duration, _timing: &Timing) -> Step {
        match self.phase {
            Phase::ReadFirst => ended(WriteResult::ReadFailed(ReadFailure::Unanswered)),
            Phase::Set => self.heard(now, Heard::Nothing),
            Phase::ReadBack(heard) => ended(unseen(heard)),
        }
    }

    fn compare(&mut self, now: Duration, before: Payload) -> Step {
        let comparable = self.register.kind == Type::Text || before.len() == self.wanted.len();
        if !comparable {
            return ended(WriteResult::ReadFailed(ReadFailure::Malformed));
        }
        if self.is_wanted(&before) && !self.even_if_equal {
            return ended(WriteResult::Unchanged);
        }
        if self.register.id == LOAD_OUTPUT_CONTROL {
            self.wanted = with_mode(&before, &self.wanted);
        }
        self.before = before;
        self.phase = Phase::Set;
        Step::At(now)
    }

    fn heard(&mut self, now: Duration, heard: Heard) -> Step {
        if self.register.readable {
            self.phase = Phase::ReadBack(heard);
            return Step::At(now);
        }
        ended(match heard {
            Heard::Accepted => WriteResult::Done,
            Heard::Refused(flags) => WriteResult::Refused(flags),
            Heard::Nothing => WriteResult::Unanswered,
        })
    }

    /// Decides what became of the write from what the device has now.
    fn judge(&mut self, now: Duration, heard: Heard, got: Payload, timing: &Timing) -> Step {
        if self.is_wanted(&got) {
            return ended(WriteResult::Done);
        }
        let untouched = same(self.register, &got, &self.before);
        match heard {
            Heard::Refused(flags) if untouched => ended(WriteResult::Refused(flags)),
            // The SET or its answer was lost and the old value is still there:
            // only now is a second SET harmless to the flash.
            Heard::Nothing if untouched => match self.pause_before_next_set(timing) {
                Some(pause) => {
                    self.phase = Phase::Set;
                    Step::At(now + pause)
                }
                None => ended(WriteResult::Unanswered),
            },
            _ => ended(WriteResult::Clamped { asked: self.asked.clone(), got: self.decode(got) }),
        }
    }

    fn pause_before_next_set(&self, timing: &Timing) -> Option<Duration> {
        timing.write_pauses.get(usize::from(self.sets).checked_sub(1)?).copied()
    }

    fn is_wanted(&self, got: &Payload) -> bool {
        same(self.register, got, &self.wanted)
    }

    fn decode(&self, got: Payload) -> Option<Value> {
        let got = mode_alone(self.register, &got);
        self.register.decode(&got).ok().and_then(value_of)
    }
}

fn ended(result: WriteResult) -> Step {
    Step::Ended(Outcome::Written(result))
}

/// The result when the read-back failed.
fn unseen(heard: Heard) -> WriteResult {
    match heard {
        Heard::Accepted => WriteResult::Unverified,
        Heard::Refused(flags) => WriteResult::Refused(flags),
        Heard::Nothing => WriteResult::Unanswered,
    }
}

/// Equal in what a write can change.
fn same(register: &Register, a: &Payload, b: &Payload) -> bool {
    if register.kind == Type::Text {
        return text(a) == text(b);
    }
    mode_alone(register, a) == mode_alone(register, b)
}

/// A text up to its terminating zero.
fn text(bytes: &[u8]) -> &[u8] {
    bytes.split(|&byte| byte == 0).next().unwrap_or_default()
}

/// The load output's mode without the timer's bits; any other register as it is.
pub(super) fn mode_alone(register: &Register, bytes: &Payload) -> Payload {
    match bytes.as_slice() {
        &[byte] if register.id == LOAD_OUTPUT_CONTROL => {
            Payload::new(&[byte & LOAD_MODE_MASK]).unwrap_or_default()
        }
        _ => *bytes,
    }
}

fn with_mode(before: &[u8], mode: &Payload) -> Payload {
    match (before, mode.as_slice()) {
        (&[before], &[mode]) => {
            let byte = before & !LOAD_MODE_MASK | mode & LOAD_MODE_MASK;
            Payload::new(&[byte]).unwrap_or_default()
        }
        _ => *mode,
    }
}
