//! What the engine learns of its acts: what became of them, what is read back.

use super::{Engine, Outcome};
use crate::arbiter::{OutputId, Want};
use crate::clock::Now;
use crate::journal::Kind;

impl Engine {
    pub(super) fn applied(&mut self, now: Now, output: OutputId, want: Want, outcome: &Outcome) {
        let policy = self.arbiter.policy(output);
        let (subject, safe) = (policy.name.clone(), policy.safe);
        let drive = &mut self.drives[output.index()];
        let charged = drive.is_applying(want);
        let report = drive.applied(now.monotonic, want, outcome, safe);
        match outcome {
            Outcome::Verified => self.arbiter.moved(now.monotonic, output, want),
            Outcome::Took(got) => self.arbiter.moved(now.monotonic, output, *got),
            // What was said again, or has been overtaken, was not charged last.
            Outcome::Postponed(_) if charged => self.arbiter.refund(output),
            Outcome::Postponed(_) | Outcome::Failed(_) => {}
        }
        if charged && *outcome != Outcome::Verified {
            self.arbiter.missed(output);
        }
        if let Some(report) = report {
            if report.kind == Kind::Alarm {
                self.trip(now, output, &format!("{}: {}", report.what, report.reason));
            }
            self.note(now, report.kind, subject, report.what, report.reason, report.intent);
        }
    }

    pub(super) fn feedback(&mut self, now: Now, output: OutputId, actual: Option<Want>) {
        let drifted = self.drives[output.index()].feedback(actual);
        let Some(actual) = actual else { return };
        self.arbiter.moved(now.monotonic, output, actual);
        if drifted {
            let subject = self.arbiter.policy(output).name.clone();
            let what = format!("drifted to {actual}");
            self.trip(now, output, &what);
            let reason = "read back differently from what was applied: somebody or something \
                          else moved it";
            self.note(now, Kind::Alarm, subject, what, reason.into(), None);
        }
    }
}
