//! What people want of outputs, above all rules and for a while only.
//!
//! Interlocks, limits and budgets hold for people too: the arbiter sees to that.
//! Every wish is journaled when it begins and when it ends.

use std::time::Duration;

use super::{Engine, Mode, Wish};
use crate::arbiter::Override;
use crate::clock::Now;
use crate::journal::Kind;
use crate::rules::readable_span;

impl Engine {
    pub(super) fn take_wish(&mut self, now: Now, wish: Wish) {
        let Wish { output, want, owner, lasting } = wish;
        // A wish that waits for somebody to arm would come as a surprise.
        let want = want.filter(|_| self.mode == Mode::Run);
        if want.is_none() && self.arbiter.wish(now.monotonic, output).is_none() {
            return;
        }
        let wish = want.map(|want| Override::new(now.monotonic, want, &owner, lasting));
        let left = wish.as_ref().and_then(|wish| wish.left(now.monotonic)).unwrap_or_default();
        let what = match &wish {
            Some(wish) => format!("{} for {}", wish.want, readable_span(left)),
            None => "ended".to_owned(),
        };
        self.arbiter.set_wish(output, wish);
        let subject = self.arbiter.policy(output).name.clone();
        self.note(now, Kind::Override, subject, what, format!("asked for by {owner}"), None);
    }

    /// Ends the wishes whose time is over.
    pub(super) fn end_wishes(&mut self, now: Now) {
        for (output, wish) in self.arbiter.ended_wishes(now.monotonic) {
            let subject = self.arbiter.policy(output).name.clone();
            let reason = format!("the time is over that {} asked for", wish.owner);
            self.note(now, Kind::Override, subject, "ended".into(), reason, None);
        }
    }

    /// Nobody's wish outlives a change of mode: it would come back as a surprise.
    pub(super) fn drop_wishes(&mut self, now: Now) {
        let outputs: Vec<_> = self.arbiter.outputs().map(|(output, _)| output).collect();
        for output in outputs {
            let owner = format!("the change to mode {}", self.mode.word());
            let lasting = Duration::ZERO;
            self.take_wish(now, Wish { output, want: None, owner, lasting });
        }
    }
}
