//! What a rule asks for while it is set.
//!
//! Built when a rule file is loaded; in a step it only turns into requests. A
//! set-point's value may come from an input: unknown input, unknown wish, and the
//! set-point goes to its safe state. An alert asks for nothing, it says something.

use std::sync::Arc;
use std::time::Duration;

use crate::arbiter::{Level, OutputId, Want};

use super::expression::Expression;
use super::look::{Look, readable};
use super::script::Script;

/// What a rule asks for while it is set.
#[derive(Clone, Debug, PartialEq)]
pub enum Action {
    /// A level of one output.
    Switch(OutputId, Level),
    /// A value of one set-point.
    Set(Setting),
    /// Everything a mode is made of.
    Activate(Mode),
    /// A message to people.
    Alert(Alarm),
    /// What a script says in each step; it decides when, too.
    Decide(Arc<Script>),
}

/// A set-point and the value it shall have.
#[derive(Clone, Debug, PartialEq)]
pub struct Setting {
    /// The set-point.
    pub setpoint: OutputId,
    /// Its value before range and resolution.
    pub amount: Amount,
    /// The declared range, both ends included; a computed value beyond it is cut.
    pub range: (f64, f64),
    /// The register's resolution.
    pub step: f64,
}

/// Where a value comes from.
#[derive(Clone, Debug, PartialEq)]
pub enum Amount {
    /// It stands in the rule.
    Number(f64),
    /// It is calculated in every step.
    Computed(Expression),
}

/// A named set of wishes.
#[derive(Clone, Debug, PartialEq)]
pub struct Mode {
    /// Its name in rules.
    pub name: Arc<str>,
    /// What it is made of, each output once.
    pub wants: Arc<[(OutputId, Want)]>,
}

/// A message and where it goes.
#[derive(Clone, Debug, PartialEq)]
pub struct Alarm {
    /// The channel's name.
    pub channel: Arc<str>,
    /// Said again this often while the rule is set; `None`: once.
    pub repeat: Option<Duration>,
    /// The message.
    pub text: Arc<[Piece]>,
}

/// A part of a message.
#[derive(Clone, Debug, PartialEq)]
pub enum Piece {
    /// Said as it is.
    Text(String),
    /// An input's value, by index.
    Input(usize),
}

impl Action {
    /// The outputs and set-points it may ask for.
    pub fn targets(&self) -> impl Iterator<Item = OutputId> + '_ {
        type Many<'a> = (Option<OutputId>, &'a [(OutputId, Want)], &'a [OutputId]);
        let (one, mode, script): Many<'_> = match self {
            Self::Switch(output, _) => (Some(*output), &[], &[]),
            Self::Set(setting) => (Some(setting.setpoint), &[], &[]),
            Self::Activate(mode) => (None, &mode.wants, &[]),
            Self::Alert(_) => (None, &[], &[]),
            Self::Decide(script) => (None, &[], script.outputs()),
        };
        one.into_iter().chain(mode.iter().map(|(output, _)| *output)).chain(script.iter().copied())
    }

    /// Whether it may ask for this output or set-point.
    #[must_use]
    pub fn drives(&self, output: OutputId) -> bool {
        self.targets().any(|target| target == output)
    }

    /// The modes and alert channels that it may name.
    pub fn others(&self) -> impl Iterator<Item = &str> {
        let (one, script): (Option<&str>, &[String]) = match self {
            Self::Activate(mode) => (Some(&mode.name), &[]),
            Self::Alert(alarm) => (Some(&alarm.channel), &[]),
            Self::Decide(script) => (None, script.others()),
            Self::Switch(..) | Self::Set(_) => (None, &[]),
        };
        one.into_iter().chain(script.iter().map(String::as_str))
    }

    /// Whether it may activate this mode or tell this channel.
    #[must_use]
    pub fn names(&self, other: &str) -> bool {
        self.others().any(|name| name == other)
    }

    /// What it certainly asks for while it is set; a script's wishes are not known.
    fn certain(&self) -> impl Iterator<Item = (OutputId, Want)> {
        type OneOrMany<'a> = (Option<(OutputId, Want)>, &'a [(OutputId, Want)]);
        let (one, mode): OneOrMany<'_> = match self {
            Self::Switch(output, level) => (Some((*output, Want::Level(*level))), &[]),
            Self::Set(setting) => match setting.amount {
                Amount::Number(number) => (Some((setting.setpoint, setting.fit(number))), &[]),
                Amount::Computed(_) => (None, &[]),
            },
            Self::Activate(mode) => (None, &mode.wants),
            Self::Alert(_) | Self::Decide(_) => (None, &[]),
        };
        one.into_iter().chain(mode.iter().copied())
    }

    /// The first output of which the two ask different things, as far as the rule
    /// files say.
    #[must_use]
    pub fn disputed(&self, other: &Self) -> Option<OutputId> {
        if let (Self::Set(one), Self::Set(two)) = (self, other) {
            let differ = one.setpoint == two.setpoint && one.amount != two.amount;
            return differ.then_some(one.setpoint);
        }
        let against = |(output, want): &(OutputId, Want)| {
            other.certain().any(|(other, wanted)| other == *output && wanted != *want)
        };
        self.certain().find(against).map(|(output, _)| output)
    }

    /// The one thing it asks for now; `Ok(None)` when it asks for several or none.
    ///
    /// # Errors
    /// The value it needs is unknown.
    pub(super) fn want(&self, look: &Look<'_>) -> Result<Option<(OutputId, Want)>, Unknown> {
        match self {
            Self::Switch(output, level) => Ok(Some((*output, Want::Level(*level)))),
            Self::Set(setting) => {
                let value = setting.amount.value(look).ok_or(Unknown)?;
                Ok(Some((setting.setpoint, setting.fit(value))))
            }
            Self::Activate(_) | Self::Alert(_) | Self::Decide(_) => Ok(None),
        }
    }
}

/// A value that is needed is not known.
#[derive(Clone, Copy, Debug)]
pub(super) struct Unknown;

impl Setting {
    /// The nearest value that the set-point may have.
    fn fit(&self, value: f64) -> Want {
        let (low, high) = self.range;
        Want::number_in_steps(value.clamp(low, high), self.step)
    }
}

impl Amount {
    fn value(&self, look: &Look<'_>) -> Option<f64> {
        let value = match self {
            Self::Number(number) => *number,
            Self::Computed(expression) => expression.evaluate(look),
        };
        value.is_finite().then_some(value)
    }
}

impl Alarm {
    /// The message with the values of now.
    pub(super) fn say(&self, look: &Look<'_>) -> String {
        let piece = |piece: &Piece| match piece {
            Piece::Text(text) => text.clone(),
            Piece::Input(input) => match look.value(*input) {
                Ok((value, _)) => readable(&value, &look.inputs[*input].input),
                Err(reason) => format!("unknown ({reason})"),
            },
        };
        self.text.iter().map(piece).collect()
    }
}
