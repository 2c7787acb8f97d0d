//! Rules: what the owner wants, as requests.
//!
//! A rule file is plain rhai. It is run once, when it is loaded, and leaves
//! behind latches with three-valued conditions; those are evaluated natively in
//! every step. Rules only *request*: no rule touches hardware, a file, the
//! network or a clock, and the same snapshot and the same memory give the same
//! requests, whatever the order of the files.
//!
//! ```text
//! text ─► language ─► checks ─► RuleSet ── evaluate ─► Verdict, Request ── explain, tree ─► why
//!         (words)     (sense)     ├ rule, condition, expression, calendar; look, memory
//!                                 └ script: level 3, under limits
//! ```

mod action;
mod calendar;
mod changes;
mod checks;
mod clause;
mod condition;
mod confirm;
mod derived;
mod explain;
mod expression;
mod facts;
mod interlock;
mod language;
mod look;
mod measures;
mod memory;
mod rule;
mod script;
mod tree;
mod window;
mod world;

pub use action::{Action, Alarm, Amount, Mode as ActiveMode, Piece, Setting};
pub use calendar::Clock;
pub use calendar::sun::{Side, Sky, SunDay, SunEvent, SunTime, sun_day};
pub use changes::Changes;
pub use clause::Clause;
pub use condition::{Ask, Condition, Leaf, Test, Truth, Word};
pub use derived::{Derived, Glimpse};
pub use explain::{Explanation, span as readable_span};
pub use expression::{Expression, Operation};
pub use facts::Needs;
pub use interlock::{Interlock, Sense};
pub use language::builder::RULES_MAX;
pub use language::clause::{Excerpt, Made, compile_condition, compile_derived};
pub use language::compile::{FILE_MAX, digest};
pub use language::reserved::refuse_name;
pub use language::trials::Trial;
pub use language::vocabulary::{Entry as Vocable, Place, VOCABULARY};
pub use memory::Memory;
pub use rule::{IfUnknown, LASTING, PRIORITY, Rule, State, Timed};
pub use script::{Deadline, Disabled, Message, Script};
pub use window::{COVERED, Fold};
pub use world::{Alert, Input, MAX_AGE, Mode, Quantity, Setpoint, Site, World};

pub(crate) use language::acting::{AlertRef, ModeRef, SetpointRef};
pub(crate) use language::builder::{DeviceRef, InputRef, OutputRef, Span};
pub(crate) use language::sandbox::engine as sandbox_engine;
pub(crate) use language::trials::TRIAL_WORDS;
pub(crate) use language::words::UNITS;

use std::sync::Arc;

use crate::arbiter::{OutputId, Request, Want};
use crate::clock::Now;
use crate::snapshot::Snapshot;

use look::{Bound, Look};
use memory::Key;
use rule::Answers;
use script::Scripts;

/// What one rule says in one step.
#[derive(Clone, Debug, PartialEq)]
pub struct Verdict {
    /// Index into [`RuleSet::rules`].
    pub rule: usize,
    /// What it wants.
    pub state: State,
    /// The answer to `when`.
    pub when: Truth,
    /// The answer to `clear_when`.
    pub clear_when: Truth,
    /// The answer to `only`; yes when the rule has none.
    pub only: Truth,
    /// The one thing it asks for; `None`: nothing, or a whole mode (see
    /// [`RuleSet::requests`]).
    pub request: Option<Request>,
    /// It cannot tell what it wants: its output must be in its safe state, with
    /// the rule's priority. Readings are already older than their `max_age`.
    pub to_safe: bool,
    /// What only a script says; apart, since verdicts are written in every step.
    pub script: Option<Box<Scripted>>,
}

/// What a script says in one step.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Scripted {
    /// What it asks for.
    pub wants: Vec<Request>,
    /// The modes that it activates; their parts are among `wants`.
    pub modes: Vec<Arc<str>>,
    /// What it tells people now; `None`: it cannot tell.
    pub messages: Option<Vec<Message>>,
    /// Its error in this step, with its place; to be journaled.
    pub fault: Option<Box<str>>,
}

impl Verdict {
    /// What a script asks for, besides [`Verdict::request`].
    #[must_use]
    pub fn wants(&self) -> &[Request] {
        self.script.as_ref().map_or(&[], |script| &script.wants)
    }

    /// The modes that a script activates.
    #[must_use]
    pub fn modes(&self) -> &[Arc<str>] {
        self.script.as_ref().map_or(&[], |script| &script.modes)
    }

    /// What a script tells people now; `None`: it is no script, or cannot tell.
    #[must_use]
    pub fn messages(&self) -> Option<&[Message]> {
        self.script.as_ref()?.messages.as_deref()
    }

    /// An error of the rule in this step.
    #[must_use]
    pub fn fault(&self) -> Option<&str> {
        self.script.as_ref()?.fault.as_deref()
    }
}

/// All rules of a site, checked and compiled.
#[derive(Clone, Debug)]
pub struct RuleSet {
    rules: Vec<Rule>,
    inputs: Vec<Bound>,
    keys: Vec<Key>,
    needs: Needs,
    stamp: u64,
    /// By rule: the inputs that must be seen again before it is set.
    rests: Vec<Vec<usize>>,
    scripts: Option<Arc<Scripts>>,
    trials: Vec<Trial>,
    digest: u64,
}

impl RuleSet {
    /// A set without rules.
    #[must_use]
    pub fn empty() -> Self {
        Self::assemble(Vec::new(), Vec::new(), Needs::default())
    }

    fn assemble(rules: Vec<Rule>, inputs: Vec<Bound>, needs: Needs) -> Self {
        let keys: Vec<Key> = rules.iter().map(key).collect();
        let stamp = memory::stamp(&keys, &needs);
        let scripts = Scripts::of(&rules, &inputs).map(Arc::new);
        let rests =
            rules.iter().map(|rule| confirm::rests_on(&rule.when.condition, &needs)).collect();
        let trials = Vec::new();
        Self { rules, inputs, keys, needs, stamp, rests, scripts, trials, digest: 0 }
    }

    /// Declares the inputs' points in a snapshot. Until then, every input counts
    /// as never seen.
    pub fn bind(&mut self, snapshot: &mut Snapshot) {
        for bound in &mut self.inputs {
            bound.point = match &bound.input.derived {
                // It has a point only where somebody sets one up, to try rules out.
                Some(_) => snapshot.find(&bound.input.point),
                None => snapshot.declare(bound.input.declaration()),
            };
        }
    }

    /// The rules, in the order of file and place.
    #[must_use]
    pub fn rules(&self) -> &[Rule] {
        &self.rules
    }

    /// The [`digest`] of the files it was made of.
    #[must_use]
    pub const fn digest(&self) -> u64 {
        self.digest
    }

    /// Every input that is declared or used.
    pub fn inputs(&self) -> impl Iterator<Item = &Input> {
        self.inputs.iter().map(|bound| &bound.input)
    }

    /// One step: fills `out` with one verdict per rule, in the order of [`RuleSet::rules`].
    pub fn evaluate(
        &self,
        now: Now,
        snapshot: &Snapshot,
        memory: &mut Memory,
        out: &mut Vec<Verdict>,
    ) {
        out.clear();
        memory.align(self.stamp, &self.keys, &self.needs);
        let Memory { facts, values, .. } = memory;
        look::numbers(now, snapshot, &self.inputs, facts, &mut values.0);
        facts.prepare(now, snapshot, &self.needs, &self.inputs, &values.0);
        let (cells, facts, values) = memory.cells();
        let look = Look { now, snapshot, inputs: &self.inputs, values, facts };
        let mut sitting = self.scripts.as_ref().map(|scripts| scripts.sit(look));
        for ((index, rule), (cell, cause, notes)) in self.rules.iter().enumerate().zip(cells) {
            if let (Action::Decide(script), Some(sitting)) = (&rule.action, &mut sitting) {
                out.push(sitting.step(index, rule, script, cell, notes.get_or_insert_default()));
                continue;
            }
            let when = rule.when.condition.evaluate(&look);
            let answers = Answers {
                when,
                clear_when: rule.clear_when.condition.evaluate(&look),
                only: rule.only.as_ref().map_or(Truth::Yes, |only| only.evaluate(&look)),
                // Asked only where it matters: it looks at every reading behind the rule.
                confirmed: when == Truth::Yes
                    && !cell.latched
                    && look.confirmed(&self.rests[index], cell.when_since),
            };
            let state = rule.step(now.monotonic, answers, cell);
            if rule.latch && cell.latched != cause.is_some() {
                *cause = cell.latched.then(|| explain::sentence(rule, &look).into());
            }
            out.push(verdict(index, rule, state, answers, &look));
        }
    }

    /// The number of each input at an instant, NaN where there is none.
    fn numbers(&self, now: Now, snapshot: &Snapshot, memory: &Memory) -> Vec<f64> {
        let mut numbers = Vec::with_capacity(self.inputs.len());
        look::numbers(now, snapshot, &self.inputs, &memory.facts, &mut numbers);
        numbers
    }

    /// The readings as the last step with this memory saw them; `None` before the
    /// first step of this set.
    fn look<'a>(
        &'a self,
        now: Now,
        snapshot: &'a Snapshot,
        memory: &'a Memory,
    ) -> Option<Look<'a>> {
        let (facts, values) = (&memory.facts, &memory.values.0);
        let look = Look { now, snapshot, inputs: &self.inputs, values, facts };
        memory.is_of(self.stamp, &self.inputs).then_some(look)
    }

    /// Whose turn it is among the scripts. The shell, which has a clock, may stop
    /// one that takes too long; `None` without scripts.
    #[must_use]
    pub fn deadline(&self) -> Option<Arc<Deadline>> {
        self.scripts.as_ref().map(|scripts| scripts.deadline())
    }

    /// Everything that these verdicts ask for, the parts of modes included.
    pub fn requests(&self, verdicts: &[Verdict], out: &mut Vec<Request>) {
        out.clear();
        for verdict in verdicts {
            out.extend(verdict.request.iter().chain(verdict.wants()).cloned());
            let rule = &self.rules[verdict.rule];
            if let (Action::Activate(mode), State::Set) = (&rule.action, verdict.state) {
                out.extend(mode.wants.iter().map(|&(output, want)| request(rule, output, want)));
            }
        }
    }

    /// What an alerting rule says now; `None` for other rules.
    #[must_use]
    pub fn message(
        &self,
        rule: usize,
        now: Now,
        snapshot: &Snapshot,
        memory: &Memory,
    ) -> Option<String> {
        let Action::Alert(alarm) = &self.rules[rule].action else { return None };
        let values = self.numbers(now, snapshot, memory);
        let (inputs, values, facts) = (&self.inputs, &values, &memory.facts);
        Some(alarm.say(&Look { now, snapshot, inputs, values, facts }))
    }
}

fn request(rule: &Rule, output: OutputId, want: Want) -> Request {
    Request { output, want, priority: rule.priority, rule: rule.name.clone() }
}

fn verdict(index: usize, rule: &Rule, state: State, answers: Answers, look: &Look<'_>) -> Verdict {
    let (state, want) = match state {
        // A wish whose value is unknown is unknown.
        State::Set => rule.action.want(look).map_or((State::Unknown, None), |want| (state, want)),
        _ => (state, None),
    };
    let request = want.map(|(output, want)| request(rule, output, want));
    Verdict {
        rule: index,
        state,
        when: answers.when,
        clear_when: answers.clear_when,
        only: answers.only,
        request,
        to_safe: state == State::Unknown,
        script: None,
    }
}

/// The rule's conditions in one spelling, whatever the layout of the file.
fn key(rule: &Rule) -> Key {
    let seconds = |timed: &Timed| timed.lasting.as_secs_f64();
    let only = rule.only.as_ref().map(|only| format!(", only {only}")).unwrap_or_default();
    if let Action::Decide(script) = &rule.action {
        let text = format!("{}{only}", script.spelling());
        return Key { file: rule.file.clone(), rule: rule.name.to_string(), text };
    }
    let at_most = rule.for_at_most.map(|most| format!(", for_at_most {} s", most.as_secs_f64()));
    let at_most = at_most.unwrap_or_default();
    let latch = if rule.latch { ", latch" } else { "" };
    let text = format!(
        "when {} for {} s, clear_when {} for {} s{only}{at_most}{latch}",
        rule.when.condition,
        seconds(&rule.when),
        rule.clear_when.condition,
        seconds(&rule.clear_when),
    );
    Key { file: rule.file.clone(), rule: rule.name.to_string(), text }
}
