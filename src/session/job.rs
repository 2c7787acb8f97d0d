//! One task from its first request to its outcome.
//!
//! ```text
//! read:     GET ─► value
//! write:    GET ─► equal? unchanged ─► SET ─► GET ─► done, clamped, refused
//!            └► failed? nothing is written   └► no answer? look before the next try
//! trigger:  SET ─► done, refused
//! ```
//!
//! A job says what to ask next and digests what came back. It does not know
//! time-outs, matching or pacing: the session does.

use std::time::Duration;

use super::gate::{self, Permit};
use super::lock::Lock;
use super::task::{Authority, Denied, Outcome, ReadFailure, ReadResult, Task, TaskId, WriteResult};
use super::timing::Timing;
use super::write::Write;
use crate::vedirect::hex::{Flags, Payload, Request};
use crate::vedirect::register::{self, Decoded, Family, Register, Type};

/// What a device said to a job's request.
#[derive(Clone, Copy, Debug)]
pub(super) enum Reply {
    /// A register's bytes, without flags.
    Value(Payload),
    /// Flags instead of a value, or beside one.
    Flags(Flags),
    /// The device does not know the command.
    Unsupported,
}

/// What a job wants sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Ask {
    /// A request that is answered.
    Request(Request),
    /// The restart command.
    Restart,
}

/// What happens after a reply or its absence.
#[derive(Debug)]
pub(super) enum Step {
    /// Ask again, at this time at the earliest.
    At(Duration),
    /// The task has ended.
    Ended(Outcome),
}

/// A task being carried out.
#[derive(Debug)]
pub(super) struct Job {
    pub id: TaskId,
    pub not_before: Duration,
    permit: Permit,
    attempt: u8,
    kind: Kind,
    /// Who wants it.
    authority: Authority,
    /// Whether its next SET may leave, where somebody watches.
    leave: Leave,
}

/// How far the permission for one SET has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Leave {
    NotAsked,
    Asked,
    Granted,
}

#[derive(Debug)]
enum Kind {
    Read { register: u16, known: Option<&'static Register> },
    Write(Box<Write>),
    Trigger { register: u16, sent: bool },
    Restart { sent: bool },
}

impl Job {
    /// Starts a task, or says at once what becomes of it.
    pub fn start(
        id: TaskId,
        task: Task,
        family: Family,
        lock: Option<Lock>,
        now: Duration,
    ) -> Result<Self, Box<Outcome>> {
        let authority = task.authority();
        let (permit, kind) = match task {
            Task::Read { register } => {
                let known = register::find(family, register);
                (Permit::Ordinary, Kind::Read { register, known })
            }
            Task::Write { register, value, authority } => {
                let row = writable(family, register, authority)?;
                unlocked(lock)?;
                let write = Write::new(row, value, authority).map_err(written)?;
                (permit_of(authority), Kind::Write(Box::new(write)))
            }
            Task::Renew { register, value, authority } => {
                let row = writable(family, register, authority)?;
                unlocked(lock)?;
                let write = Write::new(row, value, authority).map_err(written)?.even_if_equal();
                (permit_of(authority), Kind::Write(Box::new(write)))
            }
            Task::Trigger { register, authority } => {
                if writable(family, register, authority)?.kind != Type::Void {
                    return Err(denied(Denied::NotAnAction));
                }
                unlocked(lock)?;
                (permit_of(authority), Kind::Trigger { register, sent: false })
            }
            Task::Restart { authority } if !authority.is_human() => {
                return Err(denied(Denied::HumanOnly));
            }
            Task::Restart { .. } => {
                unlocked(lock)?;
                (Permit::Restart, Kind::Restart { sent: false })
            }
        };
        let leave = Leave::NotAsked;
        Ok(Self { id, not_before: now, permit, attempt: 0, kind, authority, leave })
    }

    /// The register of the SET that it wants to send next, if that is one.
    fn set_due(&self) -> Option<u16> {
        match self.ask() {
            Ask::Request(Request::Set { register, .. }) => Some(register),
            _ => None,
        }
    }

    /// Whether its next request waits for a permission.
    pub fn held(&self) -> bool {
        self.set_due().is_some() && self.leave != Leave::Granted
    }

    /// The register and the asker of a SET whose permission is to be asked for now,
    /// once for each SET; and whether it has left before.
    pub fn departs(&mut self) -> Option<(u16, Authority, bool)> {
        let register = self.set_due().filter(|_| self.leave == Leave::NotAsked)?;
        self.leave = Leave::Asked;
        Some((register, self.authority, self.has_set()))
    }

    /// What was permitted, or asked for, is to be asked for anew.
    pub fn forget_permission(&mut self) {
        self.leave = Leave::NotAsked;
    }

    /// The answer: its SET may leave, or the task ends.
    pub fn permitted(&mut self, answer: Result<(), String>) -> Option<Outcome> {
        if self.leave != Leave::Asked {
            return None;
        }
        match answer {
            Ok(()) => {
                self.leave = Leave::Granted;
                None
            }
            // An earlier SET may have arrived: that is what matters then.
            Err(_) if self.has_set() => Some(Outcome::Written(WriteResult::Unanswered)),
            Err(why) => Some(Outcome::Written(WriteResult::Withheld(why))),
        }
    }

    fn has_set(&self) -> bool {
        matches!(&self.kind, Kind::Write(write) if write.has_set())
    }

    /// What to send next.
    pub fn ask(&self) -> Ask {
        match &self.kind {
            Kind::Read { register, .. } => Ask::Request(Request::Get { register: *register }),
            Kind::Write(write) => Ask::Request(write.request()),
            Kind::Trigger { register, .. } => {
                Ask::Request(Request::Set { register: *register, value: Payload::default() })
            }
            Kind::Restart { .. } => Ask::Restart,
        }
    }

    /// What the filter on outgoing bytes lets pass for it.
    pub fn permit(&self) -> Permit {
        self.permit
    }

    /// Its request has left.
    pub fn sent(&mut self) {
        self.leave = Leave::NotAsked;
        match &mut self.kind {
            Kind::Trigger { sent, .. } | Kind::Restart { sent } => *sent = true,
            Kind::Write(write) => write.sent(),
            Kind::Read { .. } => {}
        }
    }

    /// Its request was answered.
    pub fn answered(&mut self, now: Duration, reply: Reply, timing: &Timing) -> Step {
        self.attempt = 0;
        let step = match &mut self.kind {
            Kind::Read { known, .. } => Step::Ended(Outcome::Read(read(*known, reply))),
            Kind::Write(write) => write.answered(now, reply, timing),
            Kind::Trigger { .. } => Step::Ended(Outcome::Written(match reply {
                Reply::Value(_) => WriteResult::Done,
                Reply::Flags(flags) => WriteResult::Refused(flags),
                Reply::Unsupported => WriteResult::Refused(Flags::NOT_SUPPORTED),
            })),
            Kind::Restart { .. } => Step::Ended(Outcome::RestartSent),
        };
        self.remember(step)
    }

    /// Its request was not answered in time, or arrived damaged.
    pub fn unanswered(&mut self, now: Duration, timing: &Timing) -> Step {
        self.attempt = self.attempt.saturating_add(1);
        let is_get = matches!(self.ask(), Ask::Request(Request::Get { .. }));
        if is_get && self.attempt < timing.read_attempts {
            return self.remember(Step::At(now + timing.pause_before_retry(self.attempt)));
        }
        self.attempt = 0;
        let step = match &mut self.kind {
            Kind::Read { .. } => Step::Ended(Outcome::Read(ReadResult::Unanswered)),
            Kind::Write(write) => write.unanswered(now, timing),
            // An action is not repeated: nobody can see whether it happened.
            Kind::Trigger { .. } => Step::Ended(Outcome::Written(WriteResult::Unanswered)),
            Kind::Restart { .. } => Step::Ended(Outcome::RestartSent),
        };
        self.remember(step)
    }

    /// The device is gone or is not the one it was.
    pub fn aborted(&self, lock: Lock) -> Outcome {
        match &self.kind {
            Kind::Read { .. } => Outcome::Read(ReadResult::NotConnected),
            Kind::Restart { sent: true } => Outcome::RestartSent,
            Kind::Trigger { sent: true, .. } => Outcome::Written(WriteResult::Unverified),
            Kind::Write(_) if self.has_set() => Outcome::Written(WriteResult::Unverified),
            _ => Outcome::Written(WriteResult::Locked(lock)),
        }
    }

    /// The filter refused its bytes.
    pub fn blocked(&self) -> Outcome {
        Outcome::Written(WriteResult::Denied(Denied::Filter))
    }

    /// Whether a lock on writes concerns it.
    pub fn writes(&self) -> bool {
        !matches!(self.kind, Kind::Read { .. })
    }

    fn remember(&mut self, step: Step) -> Step {
        if let Step::At(at) = step {
            self.not_before = at;
        }
        step
    }
}

/// What a task becomes when the port is closed before it starts.
pub(super) fn dropped(task: &Task, lock: Lock) -> Outcome {
    match task {
        Task::Read { .. } => Outcome::Read(ReadResult::NotConnected),
        _ => Outcome::Written(WriteResult::Locked(lock)),
    }
}

fn denied(why: Denied) -> Box<Outcome> {
    written(WriteResult::Denied(why))
}

fn written(result: WriteResult) -> Box<Outcome> {
    Box::new(Outcome::Written(result))
}

fn unlocked(lock: Option<Lock>) -> Result<(), Box<Outcome>> {
    lock.map_or(Ok(()), |lock| Err(written(WriteResult::Locked(lock))))
}

fn permit_of(authority: Authority) -> Permit {
    match authority {
        Authority::HumanAllowingDenied => Permit::Denied,
        Authority::Rule | Authority::Safe | Authority::Human => Permit::Ordinary,
    }
}

fn writable(
    family: Family,
    id: u16,
    authority: Authority,
) -> Result<&'static Register, Box<Outcome>> {
    let row = register::find(family, id);
    let on_deny_list = gate::DENIED_REGISTERS.contains(&id) || row.is_some_and(|row| row.denied);
    if on_deny_list && authority != Authority::HumanAllowingDenied {
        return Err(denied(Denied::Register));
    }
    let row = row.ok_or_else(|| denied(Denied::Unknown))?;
    if row.writable { Ok(row) } else { Err(denied(Denied::ReadOnly)) }
}

fn read(known: Option<&'static Register>, reply: Reply) -> ReadResult {
    match (reply, known) {
        (Reply::Flags(flags), _) => ReadResult::Refused(flags),
        (Reply::Unsupported, _) => ReadResult::Unsupported,
        (Reply::Value(bytes), None) => ReadResult::Raw(bytes),
        (Reply::Value(bytes), Some(register)) => {
            register.decode(&bytes).map_or(ReadResult::Malformed(bytes), ReadResult::Value)
        }
    }
}

/// Why a read before a write failed, in the write's words.
pub(super) fn failure(reply: Reply) -> Option<ReadFailure> {
    match reply {
        Reply::Value(_) => None,
        Reply::Flags(flags) => Some(ReadFailure::Refused(flags)),
        Reply::Unsupported => Some(ReadFailure::Refused(Flags::NOT_SUPPORTED)),
    }
}

/// The value of a decoded answer; `None` when not available or a record.
pub(super) fn value_of(decoded: Decoded) -> Option<crate::units::Value> {
    match decoded {
        Decoded::Value(value) => Some(value),
        Decoded::NotAvailable | Decoded::Record(_) => None,
    }
}
