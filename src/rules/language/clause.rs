//! Conditions and calculations that stand in the configuration.
//!
//! An output's interlock or a derived input is one expression in the words of the rules. It is read with the same engine, the same names and the same checks as a
//! rule file, and its mistakes are shown where they stand in the TOML.

use std::ops::Range;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use rhai::{Dynamic, Engine, Scope};

use crate::problem::{Problem, Source};
use crate::units::Unit;
use crate::vedirect::state::Meaning;

use super::builder::{Build, Built};
use super::slip::in_unit;
use super::words::{Shared, engine, lock, scope};
use super::{names, sentences};
use crate::rules::clause::Clause;
use crate::rules::derived::{Choice, Derived};
use crate::rules::expression::{Expression, Term};
use crate::rules::world::World;
use crate::rules::{checks, confirm};

/// The longest text of one key: what does not fit is a rule, or two inputs.
const TEXT_MAX: usize = 4096;

/// A value of a configuration file that is read like a rule.
#[derive(Clone, Debug)]
pub struct Excerpt<'a> {
    /// The file.
    pub source: &'a Source,
    /// The bytes of the value, quotes included.
    pub span: Range<usize>,
    /// What it says.
    pub text: &'a str,
    /// The key that it is the value of.
    pub key: &'a str,
}

/// Compiles a condition. What it asks for is added to the world: rule sets are
/// compiled for that world from then on.
///
/// # Errors
/// Returns every problem that was found, placed in the configuration file.
pub fn compile_condition(excerpt: &Excerpt<'_>, world: &mut World) -> Result<Clause, Vec<Problem>> {
    compile(excerpt, world, |build, value| {
        let Some(Built(condition)) = value.clone().try_cast::<Built>() else {
            let message =
                format!("`{}` needs a condition, found {}", excerpt.key, build.kind(value));
            return Err((message, "compare an input, as in `cell_temperature below 30`"));
        };
        let Some(condition) = condition else { return Ok(None) };
        checks::possible(build, excerpt.key, &condition, &excerpt.span);
        let rests = confirm::rests_on(&condition, &build.needs);
        Ok(Some(Clause { condition, rests }))
    })
}

/// What is known of a derived input before its own keys are looked at.
#[derive(Clone, Debug, PartialEq)]
pub struct Made {
    /// What it is made of.
    pub derived: Derived,
    /// The unit of its numbers, if its parts tell it.
    pub unit: Option<Unit>,
    /// The longest that a reading it rests on may take.
    pub max_age: Duration,
}

/// Compiles what an input is made of: of several calculations, the first that has
/// a number counts. Points that are asked for are added to the world; the input
/// itself comes behind them.
///
/// # Errors
/// Returns every problem that was found, placed in the configuration file.
pub fn compile_derived(chain: &[Excerpt<'_>], world: &mut World) -> Result<Made, Vec<Problem>> {
    let mut made =
        Made { derived: Derived { choices: Vec::new() }, unit: None, max_age: Duration::ZERO };
    let mut problems = Vec::new();
    for excerpt in chain {
        let term =
            match compile(excerpt, world, |build, value| calculation(build, value, excerpt.key)) {
                Ok(term) => term,
                Err(found) => {
                    problems.extend(found);
                    continue;
                }
            };
        if let (Some(one), Some(two)) = (made.unit, term.unit)
            && one != two
        {
            let message =
                format!("`{}` is {}, the one before it {}", term.text, in_unit(two), in_unit(one));
            let problem = Problem::new(&excerpt.source.name, excerpt.span.clone(), message);
            problems.push(problem.help("what stands in for a value has its unit"));
        }
        made.unit = made.unit.or(term.unit);
        let parts = world.needs.inputs_of(&term.expression);
        let ages = parts.iter().map(|&part| world.inputs[part].max_age);
        made.max_age = ages.fold(made.max_age, Duration::max);
        let Term { expression, text, .. } = term;
        made.derived.choices.push(Choice { text, expression, parts });
    }
    if problems.is_empty() { Ok(made) } else { Err(problems) }
}

/// A calculation over readings of this moment.
fn calculation(build: &mut Build, value: &Dynamic, key: &str) -> Taken<Term> {
    let example = "for example \"battery_voltage * battery_current\"";
    let Some(term) = build.measured(value) else {
        let message = format!("`{key}` needs a calculation, found {}", build.kind(value));
        return Err((message, example));
    };
    let Some(term) = term else { return Ok(None) };
    if term.expression.looks_back() {
        let message = format!("`{key}` is made of readings of this moment, found `{}`", term.text);
        return Err((message, "ask for it in the rule: `avg(x, 10.min)` works for every input"));
    }
    if let Expression::Input(index) = term.expression
        && !matches!(build.inputs[index].meaning, Meaning::Plain)
    {
        let message = format!("`{}` is one of several named states, not a quantity", term.text);
        return Err((message, "nothing can be calculated with it"));
    }
    if build.needs.inputs_of(&term.expression).is_empty() {
        let message = format!("`{key}` rests on no reading: `{}`", term.text);
        return Err((message, "a number would hide that the readings are missing"));
    }
    Ok(Some(term))
}

/// What an expression comes to: `Ok(None)` when it was wrong and has been reported.
type Taken<T> = Result<Option<T>, (String, &'static str)>;

fn compile<T>(
    excerpt: &Excerpt<'_>,
    world: &mut World,
    take: impl FnOnce(&mut Build, &Dynamic) -> Taken<T>,
) -> Result<T, Vec<Problem>> {
    let Excerpt { source, span, text, key } = excerpt;
    let complaint =
        |message: String, help: &str| Problem::new(&source.name, span.clone(), message).help(help);
    if text.len() > TEXT_MAX {
        let message = format!("`{key}` is longer than {TEXT_MAX} characters");
        return Err(vec![complaint(message, "a rule file holds what is longer")]);
    }
    let placed = placed(&source.text, span, text);
    let mut build = Build::new(world.clone());
    build.file.clone_from(&source.name);
    build.text = if placed.is_some() { source.text.clone() } else { (*text).to_owned() };
    build.key = Some((*key).to_owned());
    let shared: Shared = Arc::new(Mutex::new(build));
    let value = evaluate(&shared, placed.as_deref().unwrap_or(text));
    let mut build = lock(&shared);
    let taken = value.and_then(|value| match take(&mut build, &value) {
        Ok(taken) => taken,
        Err((message, help)) => {
            build.problems.push(complaint(message, help));
            None
        }
    });
    let mut problems = std::mem::take(&mut build.problems);
    if placed.is_none() {
        problems.iter_mut().for_each(|problem| problem.span = span.clone());
    }
    match taken {
        Some(taken) if problems.is_empty() => {
            world.inputs = std::mem::take(&mut build.inputs);
            world.needs = std::mem::take(&mut build.needs);
            Ok(taken)
        }
        _ => Err(problems),
    }
}

/// The text at the line and column that it has in its file, with nothing around
/// it; `None`: TOML's escapes make it differ from what stands there.
fn placed(file: &str, span: &Range<usize>, text: &str) -> Option<String> {
    let start = span.start + file.get(span.clone())?.find(text)?;
    let blank = |c: char| if c == '\n' { '\n' } else { ' ' };
    let before = file[..start].chars().map(blank);
    Some(before.chain(text.chars()).collect())
}

/// Works the expression out; problems go to the build.
fn evaluate(shared: &Shared, text: &str) -> Option<Dynamic> {
    let mut engine = engine(shared);
    let mut scope = scope(&lock(shared));
    // First without strict variables, as for a rule file: one walk finds all names.
    engine.set_strict_variables(false);
    let loose = match engine.compile_expression_with_scope(&scope, text) {
        Ok(ast) => ast,
        Err(error) => {
            sentences::syntax(&mut lock(shared), &error);
            return None;
        }
    };
    let unknown = names::check(&mut lock(shared), &loose);
    run(&engine, &mut scope, shared, &loose).filter(|_| unknown == 0)
}

fn run(
    engine: &Engine,
    scope: &mut Scope<'_>,
    shared: &Shared,
    ast: &rhai::AST,
) -> Option<Dynamic> {
    let result = engine.eval_ast_with_scope::<Dynamic>(scope, ast);
    result.inspect_err(|error| sentences::failure(&mut lock(shared), error)).ok()
}
