//! People's wishes for outputs, as they reach a running engine.

use std::time::Duration;

use super::control_loop::ControlLoop;
use crate::arbiter::{Level, OVERRIDE_DEFAULT, OVERRIDE_MAX, OutputId};
use crate::clock::Now;
use crate::control::Reply;
use crate::engine::{Event, Mode, Wish};
use crate::journal::Kind;
use crate::problem::nearest;
use crate::rules::readable_span;

impl ControlLoop {
    /// Takes a wish, or says why not.
    pub(super) fn set_override(
        &mut self,
        now: Now,
        name: &str,
        want: Option<Level>,
        seconds: Option<u64>,
        owner: &str,
    ) -> Reply {
        match self.wish(now, name, want, seconds, owner) {
            Ok((wish, message)) => {
                self.engine.handle(now, Event::Override(wish));
                // What a person was told is done must not be undone by a power cut.
                self.save_memory(now, false);
                Reply::Done { message }
            }
            Err(message) => Reply::Refused { message },
        }
    }

    fn wish(
        &self,
        now: Now,
        name: &str,
        level: Option<Level>,
        seconds: Option<u64>,
        owner: &str,
    ) -> Result<(Wish, String), String> {
        let output = self.output_named(now, name)?;
        let lasting = seconds.map_or(OVERRIDE_DEFAULT, Duration::from_secs);
        let (want, owner) = (level.map(Into::into), owner.to_owned());
        let wish = Wish { output, want, owner, lasting };
        let Some(level) = level else {
            return Ok((wish, format!("the rules decide over {name} again")));
        };
        if self.engine.policy(output).safe.level().is_none() {
            return Err(format!("{name} is a set-point: only a rule sets it; `auto` is possible"));
        }
        if self.engine.mode() != Mode::Run {
            let mode = self.engine.mode().word();
            return Err(format!("the mode is {mode}: nothing is switched; `sunkeep arm` first"));
        }
        if lasting > OVERRIDE_MAX || lasting.is_zero() {
            return Err("an override lasts a day at most: say --for 24h or less".to_owned());
        }
        let span = readable_span(lasting);
        let message = format!(
            "{name} shall be {level} for {span}; interlocks, limits and budgets still hold"
        );
        Ok((wish, message))
    }

    fn output_named(&self, now: Now, name: &str) -> Result<OutputId, String> {
        let outputs: Vec<String> = self.engine.outputs(now.monotonic).map(|o| o.name).collect();
        let Some(index) = outputs.iter().position(|output| output == name) else {
            let near = nearest(name, outputs.iter().map(String::as_str));
            let near = near.map(|near| format!("; did you mean `{near}`?")).unwrap_or_default();
            return Err(format!("there is no output `{name}`{near}"));
        };
        // The configuration counts outputs in a u16.
        Ok(OutputId(index as u16))
    }

    /// Wishes that the last run had and this one does not: their end has passed, or
    /// nobody can tell.
    pub(super) fn tell_ended_overrides(&mut self, outputs: &[String]) {
        for output in outputs {
            let reason = "its time ran out while nothing ran here, or may have";
            self.note(Kind::Override, output, "ended", reason);
        }
    }
}
