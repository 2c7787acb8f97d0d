//! One step of a rule with a script: from its answer to the rule's verdict.

use std::sync::{MutexGuard, PoisonError};

use rhai::Scope;

use crate::arbiter::Request;

use super::super::condition::Truth;
use super::super::explain::{Explanation, used_inputs, value_of};
use super::super::look::Look;
use super::super::memory::Cell;
use super::super::rule::{IfUnknown, Rule, State};
use super::super::{Scripted, Verdict};
use super::host::lock;
use super::notes::{Failure, Notes};
use super::{About, Answer, Reason, Said, Script, Scripts, Stop, Wish};

/// The scripts of one step.
pub struct Sitting<'a> {
    scripts: &'a Scripts,
    scope: MutexGuard<'a, Scope<'static>>,
    look: Look<'a>,
}

impl Scripts {
    /// Takes over the readings, once for all scripts of a step.
    pub fn sit<'a>(&'a self, look: Look<'a>) -> Sitting<'a> {
        let scope = self.scope.lock().unwrap_or_else(PoisonError::into_inner);
        lock(&self.host).see(&look, &self.inputs);
        Sitting { scripts: self, scope, look }
    }
}

impl Sitting<'_> {
    /// One rule's step.
    pub fn step(
        &mut self,
        index: usize,
        rule: &Rule,
        script: &Script,
        cell: &mut Cell,
        notes: &mut Notes,
    ) -> Verdict {
        if let Some(why) = &notes.disabled {
            script.say(disabled(&why.error), Truth::Unknown, Vec::new());
            return verdict(index, State::Disabled, Truth::Yes, Scripted::default());
        }
        let only = rule.only.as_ref().map_or(Truth::Yes, |only| only.evaluate(&self.look));
        if only != Truth::Yes {
            let condition = rule.only.as_ref().map(ToString::to_string).unwrap_or_default();
            script.say(format!("only while {condition}, which is {only}"), only, Vec::new());
            return match only {
                Truth::Unknown => self.unknown(index, rule, only, cell, notes),
                _ => {
                    let quiet = Scripted { messages: Some(Vec::new()), ..Scripted::default() };
                    verdict(index, State::Clear, only, quiet)
                }
            };
        }
        lock(&self.scripts.host).begin(std::mem::take(&mut notes.mem));
        let answer = self.scripts.run(script, &mut self.scope);
        let mut host = lock(&self.scripts.host);
        notes.mem = host.mem.end(answer.is_ok());
        let read = std::mem::take(&mut host.read);
        drop(host);
        match answer {
            Ok(answer) => {
                let asks = !answer.reasons.is_empty();
                script.say(script.reasons(&answer), Truth::from(asks), read);
                cell.unknown_since = None;
                cell.known = true;
                let state = if asks { State::Set } else { State::Clear };
                let said = Scripted {
                    wants: requests(rule, &answer.wishes),
                    modes: answer.modes,
                    messages: Some(answer.messages),
                    fault: None,
                };
                let hold = rule.if_unknown == IfUnknown::Hold;
                notes.last = if hold { answer.wishes } else { Vec::new() };
                verdict(index, state, only, said)
            }
            Err(Stop::Unknown(text)) => {
                script.say(text, Truth::Unknown, Vec::new());
                self.unknown(index, rule, only, cell, notes)
            }
            Err(Stop::Failed(error)) => {
                let error = format!("{}, {error}", rule.file);
                let failure = notes.failed(self.look.now, &error);
                let (state, text) = match failure {
                    Failure::OneTooMany => (State::Disabled, disabled(&error)),
                    Failure::Same | Failure::New => (State::Unknown, error),
                };
                script.say(text.clone(), Truth::Unknown, Vec::new());
                let fault = (failure != Failure::Same).then(|| text.into());
                verdict(index, state, only, Scripted { fault, ..Scripted::default() })
            }
        }
    }

    fn unknown(
        &self,
        index: usize,
        rule: &Rule,
        only: Truth,
        cell: &mut Cell,
        notes: &mut Notes,
    ) -> Verdict {
        let now = self.look.now.monotonic;
        let since = *cell.unknown_since.get_or_insert(now);
        match rule.if_unknown {
            IfUnknown::Safe => verdict(index, State::Unknown, only, Scripted::default()),
            IfUnknown::Clear => verdict(index, State::Clear, only, Scripted::default()),
            IfUnknown::Hold if cell.known && now.saturating_sub(since) < rule.grace => {
                let state = if notes.last.is_empty() { State::Clear } else { State::Set };
                let wants = requests(rule, &notes.last);
                verdict(index, state, only, Scripted { wants, ..Scripted::default() })
            }
            IfUnknown::Hold => {
                cell.known = false;
                notes.last.clear();
                verdict(index, State::Unknown, only, Scripted::default())
            }
        }
    }
}

fn disabled(error: &str) -> String {
    format!("disabled after three errors in ten minutes: {error}")
}

fn requests(rule: &Rule, wishes: &[Wish]) -> Vec<Request> {
    let request = |wish: &Wish| Request {
        output: wish.output,
        want: wish.want,
        priority: rule.priority,
        rule: rule.name.clone(),
    };
    wishes.iter().map(request).collect()
}

fn verdict(index: usize, state: State, only: Truth, said: Scripted) -> Verdict {
    let when = match state {
        State::Set => Truth::Yes,
        State::Clear => Truth::No,
        State::Unknown | State::Disabled => Truth::Unknown,
    };
    let to_safe = matches!(state, State::Unknown | State::Disabled);
    let (request, script) = (None, Some(Box::new(said)));
    Verdict { rule: index, state, when, clear_when: !when, only, request, to_safe, script }
}

impl Script {
    fn reasons(&self, answer: &Answer) -> String {
        match answer.reasons.as_slice() {
            [] => "asks for nothing".to_owned(),
            [Reason { about: About::Output(..) | About::Mode(_), text }] => text.clone(),
            several => {
                let told: Vec<String> = several.iter().map(|reason| self.told(reason)).collect();
                told.join("; ")
            }
        }
    }

    fn told(&self, reason: &Reason) -> String {
        let text = &reason.text;
        match &reason.about {
            About::Output(output, want) => {
                let output = self.outputs.iter().position(|known| known == output);
                let name = output.map_or("", |at| &self.names[at]);
                format!("{name} {want}, {text}")
            }
            About::Mode(name) => format!("{name}, {text}"),
            About::Channel(name) => format!("tells {name} \"{text}\""),
        }
    }

    /// Why it wants what it wants.
    pub fn explain(&self, look: &Look<'_>) -> Explanation {
        let said = self.said();
        let values: Vec<String> = said.read.iter().map(|&input| value_of(input, look)).collect();
        let text = match values.as_slice() {
            [] => said.text,
            values => format!("{}: {}", said.text, values.join("; ")),
        };
        let inputs = if said.read.is_empty() { &self.inputs } else { &said.read };
        Explanation { text, used: used_inputs(inputs, look) }
    }

    /// What it said last.
    pub fn said(&self) -> Said {
        self.said.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Notes what it says.
    fn say(&self, text: String, answer: Truth, read: Vec<usize>) {
        *self.said.lock().unwrap_or_else(PoisonError::into_inner) = Said { text, answer, read };
    }
}
