//! The requests that bring a register to what is wanted, one after the other.
//!
//! ```text
//! [read the original ─► have it journaled] ─► companion ─► the register ─► [proof]
//! ```
//!
//! A state machine without I/O: whoever drives it carries out what
//! [`Series::due`] says and reports back. A failed read ends it before the first
//! write; each write reads, compares and reads back by itself
//! ([`crate::session`]).

use std::collections::VecDeque;

use super::plan::{Companion, Known, Plan, Proof, Switch, Values};
use crate::arbiter::{Level, Want};
use crate::engine::Outcome;
use crate::session::{Authority, Outcome as Answer, ReadResult, Task, WriteResult};
use crate::units::Value;
use crate::vedirect::register::Decoded;

/// How often a proof is read until it shows what was done. A charger takes a
/// second or two to end charging.
const PROOF_READS: u8 = 5;

/// What is to be done next.
#[derive(Clone, Debug, PartialEq)]
pub enum Next {
    /// Ask the device; [`Series::answered`] takes the answer.
    Ask(Task),
    /// Have this original value journaled; [`Series::kept`] takes the result.
    Keep {
        /// What the register has now.
        value: f64,
        /// Whether the writing waits until it is on the disk. The way to safe does not.
        wait: bool,
    },
    /// Wait a second.
    Pause,
    /// This became of it.
    Ended(Outcome),
}

/// Writes that belong together.
#[derive(Clone, Debug)]
pub struct Series {
    plan: Plan,
    known: Known,
    steps: VecDeque<Step>,
    /// Without its original on the disk nothing is written. What leads to safe has a
    /// value to fall back on, and waits for no disk.
    must_keep: bool,
    /// The register has another value than before, or may have.
    touched: bool,
    outcome: Outcome,
}

#[derive(Clone, Debug, PartialEq)]
enum Step {
    Original,
    Keep(f64),
    Companion(Companion, f64),
    Own(Value),
    Prove(Proof, u8),
    Pause,
    End,
}

impl Series {
    /// The way to `want`.
    #[must_use]
    pub fn new(plan: &Plan, known: Known, want: Want, must_keep: bool) -> Self {
        let (steps, outcome) = match steps(plan, &known, want) {
            Ok(steps) => (steps.into(), Outcome::Verified),
            Err(why) => (VecDeque::new(), Outcome::Failed(why)),
        };
        Self { plan: plan.clone(), known, steps, must_keep, touched: false, outcome }
    }

    /// What to do now.
    pub fn due(&mut self) -> Next {
        match self.steps.front() {
            None | Some(Step::End) => Next::Ended(self.outcome.clone()),
            Some(Step::Original) => Next::Ask(self.read(self.plan.register.id)),
            Some(Step::Keep(value)) => Next::Keep { value: *value, wait: self.must_keep },
            Some(Step::Companion(companion, value)) => {
                Next::Ask(self.write(companion.register, Value::Number(*value)))
            }
            Some(Step::Own(value)) => Next::Ask(self.write(self.plan.register.id, value.clone())),
            Some(Step::Prove(proof, _)) => Next::Ask(self.read(proof.register)),
            Some(Step::Pause) => {
                self.steps.pop_front();
                Next::Pause
            }
        }
    }

    /// Ends it before anything more is written.
    pub fn give_up(&mut self, why: &str) {
        let why = why.to_owned();
        self.end(if self.touched { Outcome::Failed(why) } else { Outcome::Postponed(why) });
    }

    /// The device, or its port, has answered.
    pub fn answered(&mut self, answer: &Answer) {
        match self.steps.pop_front() {
            Some(Step::Original) => self.original(answer),
            Some(Step::Companion(companion, _)) => self.companion(companion, answer),
            Some(Step::Own(_)) => self.own(answer),
            Some(Step::Prove(proof, reads)) => self.proven(proof, reads, answer),
            Some(Step::Keep(_) | Step::Pause | Step::End) | None => {}
        }
    }

    /// The original is in the journal, or is not; or it is on its way there and nobody
    /// waits for it.
    pub fn kept(&mut self, result: Result<(), String>) {
        self.steps.pop_front();
        if let Err(why) = result {
            let why = format!("nothing written: the journal did not take the value before ({why})");
            self.end(Outcome::Postponed(why));
        }
    }

    fn original(&mut self, answer: &Answer) {
        let Answer::Read(ReadResult::Value(Decoded::Value(Value::Number(number)))) = answer else {
            let why = "nothing written: the value before could not be read";
            return self.end(Outcome::Postponed(why.to_owned()));
        };
        let number = self.plan.bare(*number);
        let step = self.plan.register.scale;
        let is_off = |switch: &Switch| switch.want_of(number, step) == Want::Level(Level::Off);
        let switch = match &self.plan.values {
            Values::Switch(switch) => Some(switch),
            Values::Number => None,
        };
        if switch.is_some_and(is_off) {
            return;
        }
        match self.plan.register.encode(&Value::Number(number)) {
            Ok(_) => {
                // What the device then takes is judged by it.
                self.known.original = Some(number);
                self.steps.push_front(Step::Keep(number));
            }
            // A switch has a value to fall back on.
            Err(_) if switch.is_some() => {}
            Err(error) => {
                let why = format!("nothing written: its value could not be put back ({error})");
                self.end(Outcome::Postponed(why));
            }
        }
    }

    fn companion(&mut self, companion: Companion, answer: &Answer) {
        match self.plan.outcome(answer, &self.known) {
            Outcome::Verified => {}
            _ if taken(answer).is_some_and(|got| companion.accepts(got)) => {}
            Outcome::Took(_) => {
                let why = "the device does not let a host take charge";
                self.end(Outcome::Failed(why.to_owned()));
            }
            other => self.end(other),
        }
    }

    fn own(&mut self, answer: &Answer) {
        self.touched = matches!(answer, Answer::Written(result) if result.was_sent());
        match self.plan.outcome(answer, &self.known) {
            Outcome::Verified => {}
            took @ Outcome::Took(_) => self.outcome = took,
            other => self.end(other),
        }
    }

    fn proven(&mut self, proof: Proof, reads: u8, answer: &Answer) {
        let number = match answer {
            Answer::Read(ReadResult::Value(Decoded::Value(value))) => value.as_number(),
            // It has no such register, or nothing to say there.
            _ => None,
        };
        if number.is_none_or(|number| proof.is_off(number)) {
            return;
        }
        if reads + 1 < PROOF_READS {
            self.steps.push_front(Step::Prove(proof, reads + 1));
            return self.steps.push_front(Step::Pause);
        }
        let number = number.unwrap_or_default();
        let why = format!("written and read back, but `{}` is still {number}", proof.point);
        self.end(Outcome::Failed(why));
    }

    fn end(&mut self, outcome: Outcome) {
        self.outcome = outcome;
        self.steps.clear();
        self.steps.push_back(Step::End);
    }

    const fn read(&self, register: u16) -> Task {
        Task::Read { register }
    }

    fn write(&self, register: u16, value: Value) -> Task {
        let authority = Authority::Rule;
        if self.plan.is_lent() && value.as_number().is_some() {
            Task::Renew { register, value, authority }
        } else {
            Task::Write { register, value, authority }
        }
    }
}

/// What leads to `want`, or why nothing does.
fn steps(plan: &Plan, known: &Known, want: Want) -> Result<Vec<Step>, String> {
    let companion = plan.companion.filter(|companion| companion.is_needed(known.firmware));
    let first = companion.map(|companion| Step::Companion(companion, companion.active));
    let keep = (plan.keeps.is_some() && known.original.is_none()).then_some(Step::Original);
    let own = |number| Step::Own(Value::Number(number));
    let steps: Vec<Step> = match (&plan.values, want) {
        (Values::Number, Want::Number(number)) => {
            keep.into_iter().chain(first).chain([own(number)]).collect()
        }
        (Values::Number, Want::Release) if plan.keeps.is_some() => {
            // Nothing kept, nothing to give back.
            known.original.map(own).into_iter().collect()
        }
        (Values::Number, Want::Release) => {
            let last = companion.and_then(|companion| {
                companion
                    .idle
                    .map(|idle| Step::Companion(Companion { active: idle, ..companion }, idle))
            });
            [Step::Own(Value::Text("release".into()))].into_iter().chain(last).collect()
        }
        (Values::Switch(switch), Want::Level(Level::Off)) => {
            let proofs = plan.proofs.iter().map(|proof| Step::Prove(*proof, 0));
            keep.into_iter().chain(first).chain([own(switch.off)]).chain(proofs).collect()
        }
        (Values::Switch(switch), Want::Level(Level::On)) => {
            let on = own(known.original.unwrap_or(switch.on));
            first.into_iter().chain([on]).collect()
        }
        (Values::Switch(_), other) => return Err(format!("a switched output cannot be {other}")),
        (Values::Number, other) => return Err(format!("a set-point cannot be {other}")),
    };
    Ok(steps)
}

/// What the device took instead of what it was given.
fn taken(answer: &Answer) -> Option<f64> {
    match answer {
        Answer::Written(WriteResult::Clamped { got, .. }) => got.as_ref()?.as_number(),
        _ => None,
    }
}

impl Plan {
    /// What the answer to one of the writes means.
    fn outcome(&self, answer: &Answer, known: &Known) -> Outcome {
        match answer {
            Answer::Written(result) if result.is_success() => Outcome::Verified,
            Answer::Written(WriteResult::Clamped { got: Some(got), .. }) => {
                let took = self.want_of(Some(got), known);
                took.map_or_else(|| super::failure(answer), Outcome::Took)
            }
            _ => super::failure(answer),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::actuator::switches;
    use crate::session::{Lock, ReadFailure};
    use crate::vedirect::register::{self, Family};

    /// Carries a series out on a device that answers like this; says what was asked
    /// of it, in order, and what became of it.
    fn carry_out(
        mut series: Series,
        mut device: impl FnMut(&Task) -> Answer,
        journal: &Result<(), String>,
    ) -> (Vec<String>, Outcome) {
        let mut asked = Vec::new();
        loop {
            match series.due() {
                Next::Ask(task) => {
                    let answer = device(&task);
                    asked.push(match task {
                        Task::Read { register } => format!("read {register:04X}"),
                        Task::Write { register, value, .. } => {
                            format!("write {register:04X} {value}")
                        }
                        Task::Renew { register, value, .. } => {
                            format!("renew {register:04X} {value}")
                        }
                        other => panic!("{other:?}"),
                    });
                    series.answered(&answer);
                }
                Next::Keep { value, wait } => {
                    asked.push(format!("keep {value}"));
                    series.kept(if wait { journal.clone() } else { Ok(()) });
                }
                Next::Pause => asked.push("pause".to_owned()),
                Next::Ended(outcome) => return (asked, outcome),
            }
        }
    }

    fn number(number: f64) -> Answer {
        Answer::Read(ReadResult::Value(Decoded::Value(Value::Number(number))))
    }

    fn known(key: &str, family: Family) -> Plan {
        let known = switches::ALL.iter().find(|known| known.key == key).unwrap();
        known.plan("device", family, known.on[0].1).unwrap()
    }

    fn float_voltage() -> Plan {
        let row = register::by_name(Family::Mppt, "battery_float_voltage").unwrap();
        Plan { keeps: Some("HQ1".into()), ..Plan::number("mppt", row) }
    }

    /// On a device that does as it is told and reads `read` everywhere.
    #[track_caller]
    fn check(plan: &Plan, known: Known, want: impl Into<Want>, read: f64, expected: &[&str]) {
        let series = Series::new(plan, known, want.into(), true);
        let obey = |task: &Task| match task {
            Task::Read { .. } => number(read),
            _ => Answer::Written(WriteResult::Done),
        };
        let (asked, outcome) = carry_out(series, obey, &Ok(()));
        assert_eq!(asked, expected);
        assert_eq!(outcome, Outcome::Verified);
    }

    #[test]
    fn a_relay_is_taken_over_before_it_is_switched() {
        let relay = known("relay", Family::Bmv);
        check(&relay, Known::default(), Level::On, 0.0, &["write 034F 2", "write 034E 1"]);
        check(&relay, Known::default(), Level::Off, 0.0, &["write 034F 2", "write 034E 0"]);
    }

    #[test]
    fn a_charger_is_off_when_its_state_says_so_and_old_firmware_is_prepared() {
        let charger = known("charger", Family::Mppt);
        let firmware = |number| Known { firmware: Some(number), ..Known::default() };
        check(&charger, firmware(163), Level::On, 0.0, &["write 0200 1"]);
        check(&charger, firmware(141), Level::On, 0.0, &["write 0202 2", "write 0200 1"]);
        let at_state = |state: f64| {
            let series = Series::new(&charger, firmware(163), Level::Off.into(), true);
            let device = |task: &Task| match task {
                Task::Read { register: 0x0207 } => number(5.0),
                Task::Read { .. } => number(state),
                _ => Answer::Written(WriteResult::Done),
            };
            carry_out(series, device, &Ok(()))
        };
        let (asked, outcome) = at_state(0.0);
        assert_eq!(asked, ["write 0200 4", "read 0201", "read 0207"]);
        assert_eq!(outcome, Outcome::Verified);
        let (asked, outcome) = at_state(3.0);
        assert_eq!(asked.iter().filter(|asked| *asked == "read 0201").count(), 5, "{asked:?}");
        let Outcome::Failed(why) = outcome else { panic!("{outcome:?}") };
        assert!(why.contains("`state` is still 3"), "{why}");
    }

    #[test]
    fn bits_that_the_device_adds_are_no_refusal() {
        let charger = known("charger", Family::Mppt);
        let firmware = Known { firmware: Some(130), ..Known::default() };
        let series = Series::new(&charger, firmware, Level::On.into(), true);
        let clamped = |got| WriteResult::Clamped { asked: Value::Number(2.0), got };
        let device = |task: &Task| match task {
            Task::Write { register: 0x0202, .. } => {
                Answer::Written(clamped(Some(Value::Number(3.0))))
            }
            _ => Answer::Written(WriteResult::Done),
        };
        assert_eq!(carry_out(series, device, &Ok(())).1, Outcome::Verified);
    }

    #[test]
    fn the_mode_of_a_load_output_is_kept_before_it_is_off_and_comes_back() {
        let load = Plan { keeps: Some("HQ1".into()), ..known("load_output", Family::Mppt) };
        let none = Known::default();
        // The flag bits of the timer are no part of the mode.
        let series = Series::new(&load, none, Level::Off.into(), true);
        let device = |task: &Task| match task {
            Task::Read { register: 0xEDAB } => number(133.0),
            Task::Read { .. } => number(0.0),
            _ => Answer::Written(WriteResult::Done),
        };
        let (asked, _) = carry_out(series, device, &Ok(()));
        assert_eq!(asked, ["read EDAB", "keep 5", "write EDAB 0", "read EDA8"]);
        let kept = Known { original: Some(5.0), ..none };
        check(&load, kept, Level::On, 0.0, &["write EDAB 5"]);
        check(&load, none, Level::On, 0.0, &["write EDAB 1"]);
        // Off already: that is nobody's original.
        check(&load, none, Level::Off, 0.0, &["read EDAB", "write EDAB 0", "read EDA8"]);
    }

    #[test]
    fn an_original_is_kept_once_and_given_back() {
        let (float, none) = (float_voltage(), Known::default());
        let kept = Known { original: Some(13.8), ..none };
        check(
            &float,
            none,
            Want::Number(13.5),
            13.8,
            &["read EDF6", "keep 13.8", "write EDF6 13.5"],
        );
        check(&float, kept, Want::Number(13.2), 13.5, &["write EDF6 13.2"]);
        check(&float, kept, Want::Release, 13.5, &["write EDF6 13.8"]);
        check(&float, none, Want::Release, 13.5, &[]);
    }

    #[test]
    fn a_value_that_the_device_has_clamped_is_not_its_owners() {
        let clamped = |got| {
            let want = Want::Number(13.5);
            let series = Series::new(&float_voltage(), Known::default(), want, true);
            let device = |task: &Task| match task {
                Task::Read { .. } => number(13.8),
                _ => Answer::Written(WriteResult::Clamped {
                    asked: Value::Number(13.5),
                    got: Some(Value::Number(got)),
                }),
            };
            carry_out(series, device, &Ok(())).1
        };
        assert_eq!(clamped(13.6), Outcome::Took(Want::Number(13.6)));
        assert_eq!(clamped(13.8), Outcome::Took(Want::Release), "it did not take it at all");
    }

    #[test]
    fn a_series_that_is_replaced_after_its_write_does_not_say_that_nothing_was_written() {
        let outcome = |requests: u8| {
            let load = Plan { keeps: Some("HQ1".into()), ..known("load_output", Family::Mppt) };
            let kept = Known { original: Some(5.0), ..Known::default() };
            let mut series = Series::new(&load, kept, Level::Off.into(), true);
            for _ in 0..requests {
                series.answered(&Answer::Written(WriteResult::Done));
            }
            series.give_up("replaced");
            series.due()
        };
        assert!(matches!(outcome(0), Next::Ended(Outcome::Postponed(_))));
        assert!(matches!(outcome(1), Next::Ended(Outcome::Failed(_))));
    }

    #[test]
    fn without_its_original_on_the_disk_nothing_is_written() {
        let refused = Err("the disk is full".to_owned());
        let read = |answer: Answer, must_keep| {
            let want = Want::Number(13.5);
            let series = Series::new(&float_voltage(), Known::default(), want, must_keep);
            let device = move |task: &Task| match task {
                Task::Read { .. } => answer.clone(),
                _ => Answer::Written(WriteResult::Done),
            };
            carry_out(series, device, &refused)
        };
        let (asked, outcome) = read(number(13.8), true);
        assert_eq!(asked, ["read EDF6", "keep 13.8"]);
        assert!(matches!(&outcome, Outcome::Postponed(why) if why.contains("the disk is full")));
        // On the way to safe nothing waits for a disk.
        let (asked, _) = read(number(13.8), false);
        assert_eq!(asked, ["read EDF6", "keep 13.8", "write EDF6 13.5"]);
        for failed in [ReadResult::Unanswered, ReadResult::Value(Decoded::NotAvailable)] {
            let (asked, outcome) = read(Answer::Read(failed), false);
            assert_eq!(asked, ["read EDF6"]);
            assert!(matches!(outcome, Outcome::Postponed(_)), "{outcome:?}");
        }
    }

    #[test]
    fn only_a_read_back_value_counts_as_done() {
        let inverter = known("inverter", Family::PhoenixInverter);
        for (result, done) in [
            (WriteResult::Done, true),
            (WriteResult::Unchanged, true),
            (WriteResult::Unverified, false),
            (WriteResult::Unanswered, false),
            (WriteResult::ReadFailed(ReadFailure::Unanswered), false),
            (WriteResult::Locked(Lock::NotConnected), false),
        ] {
            let series = Series::new(&inverter, Known::default(), Level::Off.into(), true);
            let (_, outcome) = carry_out(series, |_| Answer::Written(result.clone()), &Ok(()));
            assert_eq!(outcome == Outcome::Verified, done, "{result}");
        }
    }

    #[test]
    fn a_limit_is_said_again_and_its_companion_is_put_back_last() {
        let row = register::by_name(Family::Mppt, "charge_current_limit").unwrap();
        let companion =
            Companion { register: 0x200E, active: 5.0, idle: Some(0.0), bits: false, before: None };
        let limit = Plan { companion: Some(companion), ..Plan::number("mppt", row) };
        let none = Known::default();
        check(&limit, none, Want::Number(5.0), 0.0, &["renew 200E 5", "renew 2015 5"]);
        check(&limit, none, Want::Release, 0.0, &["write 2015 release", "renew 200E 0"]);
    }
}
