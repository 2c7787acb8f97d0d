//! Rule files in, a checked rule set out, or every problem there is.
//!
//! Each file is parsed, its names are checked, and its statements are run one by
//! one, so that a mistake in one rule does not hide those in the next.

use std::sync::{Arc, Mutex};

use rhai::{AST, Engine, Scope, Stmt};

use crate::problem::{Problem, Source, sort};

use super::builder::{Build, RULES_MAX};
use super::words::{Shared, engine, lock, scope};
use super::{names, sentences};
use crate::rules::facts::Needs;
use crate::rules::look::Bound;
use crate::rules::rule::Rule;
use crate::rules::world::World;
use crate::rules::{RuleSet, checks, memory, script};

/// The largest rule file. Compile time has no other bound in rhai.
pub const FILE_MAX: usize = 64 * 1024;

impl RuleSet {
    /// Compiles rule files against what they may talk about.
    ///
    /// The result does not depend on the order of the files.
    ///
    /// # Errors
    /// Returns every problem that was found; then nothing is loaded.
    pub fn compile(sources: &[Source], world: &World) -> Result<Self, Vec<Problem>> {
        let shared: Shared = Arc::new(Mutex::new(Build::new(world.clone())));
        let mut engine = engine(&shared);
        let mut ordered: Vec<&Source> = sources.iter().collect();
        ordered.sort_by(|a, b| a.name.cmp(&b.name));
        for source in ordered {
            file(&mut engine, &shared, source);
        }
        let mut build = lock(&shared);
        let rules = checks::finish(&mut build);
        if build.problems.is_empty() {
            let needs = std::mem::take(&mut build.needs);
            let inputs = std::mem::take(&mut build.inputs);
            let trials = std::mem::take(&mut build.trials);
            let digest = digest(sources);
            return Ok(Self { digest, trials, ..Self::new(rules, inputs, needs) });
        }
        let mut problems = std::mem::take(&mut build.problems);
        sort(&mut problems);
        Err(problems)
    }

    fn new(rules: Vec<Rule>, inputs: Vec<crate::rules::Input>, needs: Needs) -> Self {
        let inputs = inputs.into_iter().map(|input| Bound { input, point: None }).collect();
        Self::assemble(rules, inputs, needs)
    }
}

/// A number that differs for different files, whatever their order.
#[must_use]
pub fn digest(sources: &[Source]) -> u64 {
    let mut ordered: Vec<&Source> = sources.iter().collect();
    ordered.sort_by(|a, b| a.name.cmp(&b.name));
    memory::fingerprint(ordered.iter().flat_map(|source| [&source.name, &source.text]))
}

fn file(engine: &mut Engine, shared: &Shared, source: &Source) {
    {
        let mut build = lock(shared);
        build.file.clone_from(&source.name);
        build.text.clone_from(&source.text);
        if source.text.len() > FILE_MAX {
            let message = format!("the file is larger than {} KiB", FILE_MAX / 1024);
            let problem = Problem::new(&source.name, 0..0, message);
            build.problems.push(problem.help("split it into several files"));
            return;
        }
    }
    let mut scope = scope(&lock(shared));
    // First without strict variables: then one walk finds all unknown names.
    engine.set_strict_variables(false);
    let loose = match engine.compile_with_scope(&scope, &source.text) {
        Ok(ast) => ast,
        Err(error) => return sentences::syntax(&mut lock(shared), &error),
    };
    if let Some(at) = open_comment(engine, &scope, &source.text) {
        let problem = Problem::new(&source.name, at..at + 2, "this comment is never closed");
        lock(shared).problems.push(problem.help("end it with `*/`"));
        return;
    }
    if script::check_functions(&mut lock(shared), &loose) {
        return;
    }
    let unknown = names::check(&mut lock(shared), &loose);
    engine.set_strict_variables(true);
    let strict = engine.compile_with_scope(&scope, &source.text);
    match strict {
        Ok(ast) => run(engine, shared, &mut scope, &ast),
        Err(_) if unknown > 0 => run(engine, shared, &mut scope, &loose),
        Err(error) => sentences::syntax(&mut lock(shared), &error),
    }
}

/// Where a comment begins that swallows the rest of the file. rhai does not mind,
/// and the rules in it would be missing without a word.
fn open_comment(engine: &Engine, scope: &Scope<'_>, text: &str) -> Option<usize> {
    let start = text.rfind("/*")?;
    // A lone quote is an error anywhere but in a comment.
    let probe = format!("{text}\n\"");
    engine.compile_with_scope(scope, probe).is_ok().then_some(start)
}

/// Runs the file, statement by statement.
fn run(engine: &Engine, shared: &Shared, scope: &mut Scope<'_>, ast: &AST) {
    lock(shared).functions = Arc::new(ast.clone_functions_only());
    for statement in ast.statements() {
        let drafts = lock(shared).drafts.len();
        if drafts > RULES_MAX {
            return;
        }
        let one = AST::new([statement.clone()], ast.shared_lib().clone());
        let Err(error) = engine.run_ast_with_scope(scope, &one) else {
            continue;
        };
        let mut build = lock(shared);
        sentences::failure(&mut build, &error);
        for draft in &mut build.drafts[drafts..] {
            draft.broken = true;
        }
        // Later statements would find other variables than they were compiled for.
        if matches!(statement, Stmt::Var(..)) {
            return;
        }
    }
}
