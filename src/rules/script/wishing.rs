//! The words with which a script asks: `want`, `activate`, `alert`, `nothing`.
//!
//! They are those of the first two levels, with a reason. A wrong wish is refused
//! by the host: no script can swallow that.

use std::sync::Arc;

use rhai::{Dynamic, Engine, NativeCallContext};

use crate::arbiter::{Level, OutputId, Want};
use crate::rules::world::Setpoint;

use super::super::language::acting::TEXT_MAX;
use super::super::language::builder::OutputRef;
use super::host::{Shared, lock};
use super::operators::Answer as Reply;
use super::taken::{Channel, ModeParts, Register};
use super::words::{Answered, Switch, kind};
use super::{About, Answer, Message, REASON_MAX, Reason, Wish};

/// Words that stand inside a `decide`; two of them follow a `rule(…)` as well.
pub const SCRIPT_WORDS: [&str; 4] = ["want", "activate", "alert", "nothing"];

/// The most alerts that one script raises in a step: nobody reads more.
const MESSAGES_MAX: usize = 16;

/// Registers the words.
pub fn register(engine: &mut Engine, host: &Shared) {
    engine.register_fn("nothing", || Answered);
    let held = Arc::clone(host);
    engine.register_fn("want", move |what: Dynamic, value: Dynamic, reason: Dynamic| {
        ask(&held, |answer| want(answer, &what, &value, &reason))
    });
    let held = Arc::clone(host);
    engine.register_fn("activate", move |mode: Dynamic, reason: Dynamic| {
        ask(&held, |answer| activate(answer, &mode, &reason))
    });
    let held = Arc::clone(host);
    let alert = move |ctx: NativeCallContext, channel: Dynamic, text: Dynamic| {
        let at = ctx.call_position();
        let place = (at.line().unwrap_or(0), at.position().unwrap_or(0));
        ask(&held, |answer| alert(answer, place, &channel, &text))
    };
    engine.register_fn("alert", alert);
}

/// Adds to the answer, or notes why it was refused.
fn ask(host: &Shared, add: impl FnOnce(&mut Answer) -> Result<(), String>) -> Reply<Answered> {
    let mut host = lock(host);
    let added = add(&mut host.answer);
    added.map(|()| Answered).map_err(|text| host.refuse(text).into())
}

fn want(
    answer: &mut Answer,
    what: &Dynamic,
    value: &Dynamic,
    reason: &Dynamic,
) -> Result<(), String> {
    let (output, want) = if let Some(OutputRef(output)) = what.clone().try_cast() {
        (output, Want::Level(level(value)?))
    } else if let Some(Register(setpoint)) = what.clone().try_cast() {
        (setpoint.output, amount(&setpoint, value)?)
    } else {
        let found = kind(what);
        return Err(format!("`want` needs an output or a set-point first, found {found}"));
    };
    let text = said("want", reason)?;
    if answer.add(output, want)? {
        answer.reasons.push(Reason { about: About::Output(output, want), text });
    }
    Ok(())
}

fn activate(answer: &mut Answer, mode: &Dynamic, reason: &Dynamic) -> Result<(), String> {
    let Some(ModeParts(mode)) = mode.clone().try_cast() else {
        return Err(format!("`activate` needs a mode first, found {}", kind(mode)));
    };
    let text = said("activate", reason)?;
    for (output, want) in &mode.wants {
        answer.add(*output, *want)?;
    }
    if !answer.modes.iter().any(|known| **known == *mode.name) {
        let name: Arc<str> = mode.name.as_str().into();
        answer.modes.push(Arc::clone(&name));
        answer.reasons.push(Reason { about: About::Mode(name), text });
    }
    Ok(())
}

fn alert(
    answer: &mut Answer,
    place: (usize, usize),
    channel: &Dynamic,
    text: &Dynamic,
) -> Result<(), String> {
    let Some(Channel(alert)) = channel.clone().try_cast() else {
        return Err(format!("`alert` needs a channel first, found {}", kind(channel)));
    };
    let Ok(text) = text.as_immutable_string_ref() else {
        return Err(format!("`alert` needs a text, found {}", kind(text)));
    };
    if text.trim().is_empty() || text.len() > TEXT_MAX {
        return Err(format!("an alert's text has 1 to {TEXT_MAX} letters"));
    }
    let known = |message: &Message| message.place == place && *message.channel == *alert.name;
    if answer.messages.iter().any(known) {
        return Ok(());
    }
    if answer.messages.len() >= MESSAGES_MAX {
        return Err(format!("a rule raises at most {MESSAGES_MAX} alerts at a time"));
    }
    let (channel, text): (Arc<str>, String) = (alert.name.as_str().into(), text.to_string());
    let about = About::Channel(Arc::clone(&channel));
    answer.reasons.push(Reason { about, text: text.clone() });
    answer.messages.push(Message { place, channel, repeat: alert.repeat, text });
    Ok(())
}

impl Answer {
    /// Adds a wish; false: it was there already.
    fn add(&mut self, output: OutputId, want: Want) -> Result<bool, String> {
        match self.wishes.iter().find(|other| other.output == output) {
            Some(other) if other.want == want => Ok(false),
            Some(Wish { want: Want::Level(_), .. }) => {
                Err("this rule wants the same output on and off".to_owned())
            }
            Some(other) => {
                Err(format!("this rule wants the same set-point at {} and {want}", other.want))
            }
            None => {
                self.wishes.push(Wish { output, want });
                Ok(true)
            }
        }
    }
}

fn level(value: &Dynamic) -> Result<Level, String> {
    if let Some(Switch(level)) = value.clone().try_cast() {
        return Ok(level);
    }
    match value.as_immutable_string_ref().as_deref().map(|word| word.as_str()) {
        Ok("on") => Ok(Level::On),
        Ok("off") => Ok(Level::Off),
        _ => Err(format!("`want` needs `on` or `off` after an output, found {}", kind(value))),
    }
}

/// The nearest value that the set-point may have: what a script calculates is cut
/// to the range, as what a rule calculates is.
fn amount(setpoint: &Setpoint, value: &Dynamic) -> Result<Want, String> {
    let number = value.as_float().or_else(|_| value.as_int().map(|number| number as f64)).ok();
    let Some(number) = number.filter(|number| number.is_finite()) else {
        let name = &setpoint.name;
        return Err(format!("`want` needs a number after `{name}`, found {}", kind(value)));
    };
    let (low, high) = setpoint.range;
    Ok(Want::number_in_steps(number.clamp(low, high), setpoint.step))
}

fn said(word: &str, reason: &Dynamic) -> Result<String, String> {
    let Ok(reason) = reason.as_immutable_string_ref() else {
        return Err(format!("`{word}` needs a reason as text, found {}", kind(reason)));
    };
    if reason.trim().is_empty() || reason.len() > REASON_MAX {
        return Err(format!("a reason is a text of 1 to {REASON_MAX} bytes"));
    }
    Ok(reason.to_string())
}
