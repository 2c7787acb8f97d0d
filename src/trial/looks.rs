//! What a test may ask about the bench: outputs, set-points, rules.
//!
//! Looking changes nothing; what was looked at is kept for the story of a test
//! that fails.

use rhai::{Dynamic, Position};

use super::story::Seen;
use super::words::{Answer, Run};
use crate::arbiter::{Level, Want};
use crate::problem::nearest;
use crate::rules::{AlertRef, ModeRef, OutputRef, SetpointRef, State, TRIAL_WORDS};

/// Set-points have at most three decimals.
const NEAR: f64 = 0.000_5;

impl Run {
    pub(super) fn is(
        &mut self,
        at: Position,
        word: &str,
        output: &Dynamic,
        level: Level,
    ) -> Answer<bool> {
        let Some(OutputRef(output)) = output.clone().try_cast::<OutputRef>() else {
            let outputs = self.bench.outputs.join(", ");
            let message = format!("`{word}` needs an output");
            return self.mistake(at, &message, &format!("outputs are {outputs}"));
        };
        self.bench.settle();
        self.seen.push(Seen::Output(output));
        Ok(self.bench.actual(output) == Some(level.into()))
    }

    /// Whether a set-point has a value, or, without one, whether it is released.
    pub(super) fn setpoint(
        &mut self,
        at: Position,
        word: &str,
        name: &Dynamic,
        value: Option<&Dynamic>,
    ) -> Answer<bool> {
        let Some(SetpointRef(output)) = name.clone().try_cast::<SetpointRef>() else {
            return self.mistake(at, &format!("`{word}` needs a set-point"), "");
        };
        let value = value.map(|value| value.as_float().or(value.as_int().map(|n| n as f64)));
        self.bench.settle();
        self.seen.push(Seen::Output(output));
        let actual = self.bench.actual(output);
        match value {
            None => Ok(actual == Some(Want::Release)),
            Some(Ok(value)) => {
                let found = actual.and_then(Want::number);
                Ok(found.is_some_and(|found| (found - value).abs() < NEAR))
            }
            Some(Err(_)) => self.mistake(at, &format!("`{word}` needs a number"), ""),
        }
    }

    pub(super) fn requests(&mut self, at: Position, what: &Dynamic) -> Answer<bool> {
        self.bench.settle();
        let rules = self.bench.engine.rules().rules();
        let output = what.clone().try_cast::<OutputRef>().map(|OutputRef(output)| output);
        let setpoint = || what.clone().try_cast::<SetpointRef>().map(|SetpointRef(output)| output);
        if let Some(output) = output.or_else(setpoint) {
            self.seen.push(Seen::Output(output));
            return Ok(self.bench.asks_for(output));
        }
        let mode = what.clone().try_cast::<ModeRef>().map(|ModeRef(_, name)| name);
        let channel = || what.clone().try_cast::<AlertRef>().map(|AlertRef(_, name)| name);
        if let Some(name) = mode.or_else(channel) {
            let about = rules.iter().enumerate().filter(|(_, rule)| rule.action.names(&name));
            let about: Vec<usize> = about.map(|(index, _)| index).collect();
            let asked = about.iter().any(|&index| self.bench.says(index, &name));
            self.seen.extend(about.into_iter().map(Seen::Rule));
            return Ok(asked);
        }
        let name = what.clone().into_immutable_string().unwrap_or_default();
        if let Some(index) = rules.iter().position(|rule| *rule.name == *name) {
            self.seen.push(Seen::Rule(index));
            return Ok(self.bench.state(index) == State::Set);
        }
        let help = nearest(&name, rules.iter().map(|rule| &*rule.name)).map_or_else(
            || "`requests` takes the name of a rule of this file".to_owned(),
            |near| format!("did you mean \"{near}\"?"),
        );
        self.mistake(at, &format!("there is no rule \"{name}\" in this file"), &help)
    }
}

/// A word that no test has, and the one that was probably meant.
pub(super) fn unknown_word(signature: &str) -> (String, String) {
    let name = signature.split([' ', '(']).next().unwrap_or(signature);
    if TRIAL_WORDS.contains(&name) {
        return (format!("`{name}` takes one thing in brackets"), String::new());
    }
    let words = TRIAL_WORDS.into_iter().chain(["not"]);
    let help = nearest(name, words).map_or_else(
        || format!("a test has the words {}", TRIAL_WORDS.join(", ")),
        |near| format!("did you mean `{near}`?"),
    );
    (format!("there is no word `{name}` in a test"), help)
}
