//! What a rule file has said so far.
//!
//! While rhai runs a file, the words it calls leave their marks here: drafts of
//! rules, inputs that were used, and problems. A wrong word is noted and the run
//! goes on with a placeholder, so that one run finds more than one mistake.
//! This module knows rhai's values only by their kind.

use std::ops::Range;
use std::sync::Arc;
use std::time::Duration;

use rhai::{AST, Dynamic, ImmutableString, Position};

pub use super::kinds::list;
use super::trials::Trial;
use crate::arbiter::OutputId;
use crate::problem::{Problem, word_at};
use crate::rules::action::Action;
use crate::rules::calendar::Clock;
use crate::rules::calendar::sun::SunTime;
use crate::rules::condition::{Ask, Condition, Leaf, Word};
use crate::rules::expression::Term;
use crate::rules::facts::Needs;
use crate::rules::rule::{IfUnknown, LASTING, PRIORITY, Timed};
use crate::rules::world::{Input, World};

/// The most rules of a site.
pub const RULES_MAX: usize = 256;

/// Nobody reads further; a broken generator must not fill the memory.
const PROBLEMS_MAX: usize = 200;

/// An input as a script holds it; `None` when its name was wrong.
#[derive(Clone, Copy, Debug)]
pub struct InputRef(pub Option<usize>);

/// A number that is calculated, as a script holds it; `None` when it was wrong.
#[derive(Clone, Debug)]
pub struct TermRef(pub Option<Term>);

/// A moment by the sun, as a script holds it; `None` when it was wrong.
#[derive(Clone, Copy, Debug)]
pub struct SunRef(pub Option<SunTime>);

/// A device as a script holds it.
#[derive(Clone, Debug)]
pub struct DeviceRef(pub ImmutableString);

/// An output as a script holds it.
#[derive(Clone, Copy, Debug)]
pub struct OutputRef(pub OutputId);

/// A rule being written, as a script holds it: an index into the drafts.
#[derive(Clone, Copy, Debug)]
pub struct RuleRef(pub usize);

/// A condition as a script holds it; `None` when it was wrong and reported.
#[derive(Clone, Debug)]
pub struct Built(pub Option<Arc<Condition>>);

/// A length of time as a script holds it.
#[derive(Clone, Copy, Debug)]
pub struct Span(pub Duration);

/// A rule that is being written.
#[derive(Clone, Debug)]
pub struct Draft {
    /// Its name.
    pub name: String,
    /// Its file.
    pub file: String,
    /// Where `rule(...)` stands.
    pub span: Range<usize>,
    /// What it asks for, and where that is said.
    pub action: Option<(Action, Range<usize>)>,
    /// `when`, and where.
    pub when: Option<(Timed, Range<usize>)>,
    /// `clear_when`, and where.
    pub clear_when: Option<(Timed, Range<usize>)>,
    /// `only` and `unless`, joined.
    pub only: Option<Arc<Condition>>,
    /// `for_at_most`.
    pub for_at_most: Option<Duration>,
    /// `latch`.
    pub latch: bool,
    /// 0 to 100.
    pub priority: u8,
    /// What it does when it cannot tell.
    pub if_unknown: IfUnknown,
    /// The condition that `lasting` belongs to.
    pub last: Last,
    /// Something in it was wrong and has been reported: no further complaints.
    pub broken: bool,
}

/// The condition named last.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Last {
    /// None that lasts.
    None,
    /// `when`.
    When,
    /// `clear_when`.
    ClearWhen,
}

/// Everything the files have said so far.
#[derive(Debug)]
pub struct Build {
    /// What may be talked about.
    pub world: Arc<World>,
    /// Inputs in use, each once: the declared ones first, in the world's order.
    pub inputs: Vec<Input>,
    /// What they ask for besides inputs.
    pub needs: Needs,
    /// Rules.
    pub drafts: Vec<Draft>,
    /// Tests.
    pub trials: Vec<Trial>,
    /// The functions of the file that is running.
    pub functions: Arc<AST>,
    /// Complaints.
    pub problems: Vec<Problem>,
    /// The file that is running.
    pub file: String,
    /// Its text.
    pub text: String,
    /// The key of the configuration whose text it is, if it is no rule file.
    pub key: Option<String>,
}

impl Build {
    /// Nothing said yet.
    pub fn new(world: World) -> Self {
        Self {
            inputs: world.inputs.clone(),
            needs: Needs {
                outputs: world.outputs.clone(),
                site: world.site.clone(),
                ..world.needs.clone()
            },
            world: Arc::new(world),
            drafts: Vec::new(),
            trials: Vec::new(),
            functions: Arc::default(),
            problems: Vec::new(),
            file: String::new(),
            text: String::new(),
            key: None,
        }
    }

    /// The word at a position of the running file.
    pub fn span(&self, at: Position) -> Range<usize> {
        let Some(line) = at.line() else {
            return self.text.len()..self.text.len();
        };
        let column = at.position().unwrap_or(1);
        let word = word_at(&self.text, line, column);
        // A property is reported at its dot; its name is what is wrong.
        match self.text.get(word.clone()) {
            Some(".") => word_at(&self.text, line, column + 1),
            _ => word,
        }
    }

    /// Notes a complaint about the word at a position.
    pub fn complain(&mut self, at: Position, message: impl Into<String>, help: impl Into<String>) {
        if self.problems.len() >= PROBLEMS_MAX {
            return;
        }
        let help = help.into();
        let mut problem = Problem::new(&self.file, self.span(at), message);
        problem.help = (!help.is_empty()).then_some(help);
        self.problems.push(problem);
    }

    /// Starts a rule.
    pub fn rule(&mut self, at: Position, name: &Dynamic) -> RuleRef {
        let name = match name.clone().into_immutable_string() {
            Ok(name) if !name.trim().is_empty() => name.to_string(),
            _ => {
                let message = format!("a rule needs a name as text, found {}", self.kind(name));
                self.complain(at, message, "for example `rule(\"preserve the battery\")`");
                String::new()
            }
        };
        self.drafts.push(Draft {
            broken: name.is_empty(),
            name,
            file: self.file.clone(),
            span: self.span(at),
            action: None,
            when: None,
            clear_when: None,
            only: None,
            for_at_most: None,
            latch: false,
            priority: PRIORITY,
            if_unknown: IfUnknown::Safe,
            last: Last::None,
        });
        RuleRef(self.drafts.len() - 1)
    }

    /// `when`, `clear_when`, `only` and `unless`.
    pub fn condition(&mut self, at: Position, rule: RuleRef, word: &str, condition: &Dynamic) {
        let Some(Built(built)) = condition.clone().try_cast::<Built>() else {
            let message = format!("`{word}` needs a condition, found {}", self.kind(condition));
            self.complain(at, message, "compare an input, as in `soc below 30`");
            self.drafts[rule.0].broken = true;
            return;
        };
        let span = self.span(at);
        let draft = &mut self.drafts[rule.0];
        let Some(condition) = built else {
            draft.broken = true;
            return;
        };
        // A cron minute is over before a minute of it has passed.
        let lasting = if has_cron(&condition) { Duration::ZERO } else { LASTING };
        let timed = Timed { condition, lasting };
        let before = match word {
            "when" => {
                draft.last = Last::When;
                draft.when.replace((timed, span)).is_some()
            }
            "clear_when" => {
                draft.last = Last::ClearWhen;
                draft.clear_when.replace((timed, span)).is_some()
            }
            _ => {
                draft.last = Last::None;
                let more = match word {
                    "unless" => Arc::new(Condition::Not(timed.condition)),
                    _ => timed.condition,
                };
                draft.only = Some(match draft.only.take() {
                    Some(before) => Arc::new(Condition::And(before, more)),
                    None => more,
                });
                false
            }
        };
        if before {
            let message = format!("`{word}` is said twice");
            self.complain(at, message, "join the two conditions with `and` or `or`");
        }
    }

    /// `lasting`.
    pub fn lasting(&mut self, at: Position, rule: RuleRef, span: &Dynamic) {
        let Some(Span(lasting)) = span.clone().try_cast::<Span>() else {
            let message = format!("`lasting` needs a duration, found {}", self.kind(span));
            self.complain(at, message, "give it a unit: `90.sec`, `5.min`, `2.hours` or `1.day`");
            return;
        };
        let draft = &mut self.drafts[rule.0];
        let timed = match draft.last {
            Last::When => &mut draft.when,
            Last::ClearWhen => &mut draft.clear_when,
            Last::None if draft.broken => return,
            Last::None => {
                let help = "write it directly after the condition that must last";
                self.complain(at, "`lasting` belongs to a `when` or a `clear_when`", help);
                return;
            }
        };
        let Some((timed, _)) = timed else {
            return;
        };
        timed.lasting = lasting;
        if has_cron(&timed.condition) && lasting >= LASTING {
            let help = "leave `lasting` out, or ask for the time with `between_times`";
            self.complain(at, "a `cron` minute never lasts as long as this", help);
        }
    }

    /// `for_at_most`.
    pub fn for_at_most(&mut self, at: Position, rule: RuleRef, span: &Dynamic) {
        match span.clone().try_cast::<Span>() {
            Some(Span(span)) if !span.is_zero() => self.drafts[rule.0].for_at_most = Some(span),
            _ => {
                let message = format!("`for_at_most` needs a duration, found {}", self.kind(span));
                let help = "give it a unit: `90.sec`, `5.min`, `2.hours` or `1.day`";
                self.complain(at, message, help);
            }
        }
    }

    /// `priority`.
    pub fn priority(&mut self, at: Position, rule: RuleRef, number: &Dynamic) {
        match number.as_int().ok().and_then(|number| u8::try_from(number).ok()) {
            Some(number) if number <= 100 => self.drafts[rule.0].priority = number,
            _ => {
                let found = self.kind(number);
                let message = format!("a priority is a whole number from 0 to 100, found {found}");
                self.complain(at, message, "the higher wins; a rule that does not say has 50");
            }
        }
    }

    /// `if_unknown`.
    pub fn if_unknown(&mut self, at: Position, rule: RuleRef, word: &Dynamic) {
        let choice = match word.clone().into_immutable_string().unwrap_or_default().as_str() {
            "safe" => IfUnknown::Safe,
            "hold" => IfUnknown::Hold,
            "clear" => IfUnknown::Clear,
            _ => {
                let found = self.kind(word);
                let message = format!("`if_unknown` cannot be {found}");
                self.complain(at, message, "it is \"safe\", \"hold\" or \"clear\"");
                return;
            }
        };
        self.drafts[rule.0].if_unknown = choice;
    }
}

/// Whether a cron minute must be now for the condition to hold.
fn has_cron(condition: &Condition) -> bool {
    match condition {
        Condition::Leaf(Leaf { ask: Ask::Word(Word::Clock(Clock::Cron(_))), .. }) => true,
        Condition::And(a, b) => has_cron(a) || has_cron(b),
        Condition::Or(a, b) => has_cron(a) || has_cron(b),
        Condition::Leaf(_) | Condition::Not(_) => false,
    }
}
