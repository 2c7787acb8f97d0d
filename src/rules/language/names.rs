//! Finds every unknown name of a rule file at once.
//!
//! rhai stops at its first error. This module walks the parsed file instead:
//! every variable that is neither declared in the file nor part of the world is
//! reported with the nearest name that is. It also finds `&&` and `||` between
//! conditions, which rhai would answer with a type error.

use std::collections::{BTreeMap, BTreeSet};

use rhai::{AST, ASTNode, Expr, Module, Position, Stmt};

use crate::problem::nearest;

use super::builder::{Build, list};
use super::compare::WORDS;
use super::schedule::CONSTANTS;
use super::sentences::unseen;
use super::words::{FUNCTIONS, METHODS, SWITCHES};

/// How the complaint about `&&` and `||` begins: rhai stumbles over them once more.
pub const NOT_JOINED: &str = "conditions are not joined";

/// Reports unknown names; returns how many complaints there were.
///
/// Functions are looked at one by one: a function sees its own arguments and
/// nothing of the file or the world around it.
pub fn check(build: &mut Build, ast: &AST) -> usize {
    let before = build.problems.len();
    let statements = AST::new(ast.statements().iter().cloned(), Module::new());
    let global = declared(&statements, &[]);
    let kinds = kinds_in_closures(ast);
    walk(build, &statements, &global, &BTreeSet::new(), &kinds);
    for function in ast.iter_functions() {
        // rhai's filtered copy takes all functions when its target is empty.
        let mut body = ast.clone_functions_only();
        body.retain_functions(|_, _, name, arity| {
            name == function.name && arity == function.params.len()
        });
        walk(build, &body, &declared(&body, &function.params), &global, &kinds);
    }
    build.problems.len() - before
}

/// By place: the kind of name that a word needs there.
type Kinds = BTreeMap<(Option<usize>, Option<usize>), &'static str>;

/// What names are needed for inside closures: rhai shows them once more at the
/// place where the closure stands, among what it takes along.
fn kinds_in_closures(ast: &AST) -> Kinds {
    let mut kinds = Kinds::new();
    ast.clone_functions_only().walk(&mut |path: &[ASTNode]| {
        if let Some(ASTNode::Expr(Expr::Variable(_, _, at))) = path.last()
            && let Some(kind) = wanted(path)
        {
            kinds.insert((at.line(), at.position()), kind);
        }
        true
    });
    kinds
}

/// Checks one scope: what it declares, and what it could see but does not.
fn walk(
    build: &mut Build,
    ast: &AST,
    local: &BTreeSet<String>,
    outer: &BTreeSet<String>,
    kinds: &Kinds,
) {
    let function = ast.statements().is_empty();
    ast.walk(&mut |path: &[ASTNode]| {
        match path.last() {
            Some(ASTNode::Expr(Expr::Variable(variable, _, at))) => {
                let name = variable.1.as_str();
                if name == "daylight" && !function && !local.contains(name) {
                    build.has_site(*at, name);
                }
                let switch = SWITCHES.iter().any(|(switch, _)| *switch == name);
                let known = build.world.knows(name) || CONSTANTS.contains(&name) || switch;
                if local.contains(name) || known && !function {
                    return true;
                }
                if known || outer.contains(name) {
                    let (message, help) = unseen(name);
                    build.complain(*at, message, help);
                } else {
                    let needed = kinds.get(&(at.line(), at.position())).copied();
                    unknown(build, *at, name, wanted(path).or(needed));
                }
            }
            Some(ASTNode::Expr(Expr::And(sides, at))) if joins(build, local, sides) => {
                build.complain(*at, format!("{NOT_JOINED} with `&&`"), "use `and`");
            }
            Some(ASTNode::Expr(Expr::Or(sides, at))) if joins(build, local, sides) => {
                build.complain(*at, format!("{NOT_JOINED} with `||`"), "use `or`");
            }
            _ => {}
        }
        true
    });
}

/// Names that a scope declares, wherever it does.
fn declared(ast: &AST, parameters: &[&str]) -> BTreeSet<String> {
    let mut names: BTreeSet<String> = parameters.iter().map(|name| (*name).to_owned()).collect();
    ast.walk(&mut |path: &[ASTNode]| {
        if let Some(ASTNode::Stmt(statement)) = path.last() {
            match statement {
                Stmt::Var(variable, ..) => {
                    names.insert(variable.0.name.to_string());
                }
                Stmt::For(header, _) => {
                    names.insert(header.0.name.to_string());
                    names.extend(header.1.iter().map(|counter| counter.name.to_string()));
                }
                _ => {}
            }
        }
        true
    });
    names
}

fn unknown(build: &mut Build, at: Position, name: &str, kind: Option<&str>) {
    let world = std::sync::Arc::clone(&build.world);
    if kind == Some("name") {
        let help = format!("write `\"{name}\"`");
        return build.complain(at, "the name of a rule or test stands in quotes", help);
    }
    if kind == Some("state") {
        let help = format!("write `equals \"{name}\"`");
        return build.complain(at, "the name of a state stands in quotes", help);
    }
    if let Some(kind) = kind {
        let known: Vec<String> = match kind {
            "set-point" => world.setpoints.iter().map(|s| s.name.clone()).collect(),
            "mode" => world.modes.iter().map(|mode| mode.name.clone()).collect(),
            "output or set-point" => {
                let setpoints = world.setpoints.iter().map(|s| s.name.clone());
                world.outputs.iter().cloned().chain(setpoints).collect()
            }
            "alert channel" => world.alerts.iter().map(|alert| alert.name.clone()).collect(),
            _ => world.outputs.clone(),
        };
        let help = match nearest(name, known.iter().map(String::as_str)) {
            Some(near) => format!("did you mean `{near}`?"),
            None => format!("{kind}s are {}", list(&known)),
        };
        build.complain(at, format!("there is no {kind} `{name}`"), help);
        return;
    }
    let functions = FUNCTIONS.iter().map(|(name, _)| *name);
    let words =
        METHODS.into_iter().chain(WORDS).chain(["and", "or"]).chain(functions).chain(CONSTANTS);
    let help = match nearest(name, world.names()) {
        Some(near) => format!("did you mean `{near}`?"),
        None if name == "true" || name == "false" => String::new(),
        None if world.quantity(name).is_some() && !world.devices.is_empty() => {
            format!("a device reports it: `{}.{name}`", world.devices[0])
        }
        None => match nearest(name, words) {
            Some(near) => format!("did you mean the word `{near}`?"),
            None => {
                let inputs: Vec<String> =
                    world.inputs.iter().map(|input| input.name.clone()).collect();
                format!("inputs are {}; declare it in the configuration", list(&inputs))
            }
        },
    };
    build.complain(at, format!("there is no input `{name}`"), help);
}

/// What kind of name an acting word wants at the end of a path.
fn wanted(path: &[ASTNode]) -> Option<&'static str> {
    let call = match path.len().checked_sub(2).map(|at| &path[at]) {
        Some(ASTNode::Expr(Expr::MethodCall(call, _) | Expr::FnCall(call, _))) => call,
        Some(ASTNode::Stmt(Stmt::FnCall(call, _))) => call,
        _ => return None,
    };
    let first = match (call.args.first(), path.last()) {
        (Some(Expr::Variable(_, _, first)), Some(ASTNode::Expr(Expr::Variable(_, _, at)))) => {
            first == at
        }
        _ => false,
    };
    match call.name.as_str() {
        "turn_on" | "turn_off" => Some("output"),
        "set" if first => Some("set-point"),
        "equals" if !first => Some("state"),
        "rule" | "test" if first => Some("name"),
        "want" if first => Some("output or set-point"),
        "activate" if first => Some("mode"),
        "alert" if first => Some("alert channel"),
        _ => None,
    }
}

/// Whether one of the sides is plainly a condition or an input.
fn joins(build: &Build, local: &BTreeSet<String>, sides: &[Expr]) -> bool {
    sides.iter().any(|side| match side {
        Expr::FnCall(call, _) => {
            let name = call.name.as_str();
            let yes_no = ["and", "or", "not", "is_on", "is_off", "between_times", "on_weekdays"];
            WORDS.contains(&name)
                || yes_no.contains(&name)
                || matches!(name, "cron" | "before" | "after")
        }
        Expr::And(sides, _) | Expr::Or(sides, _) => joins(build, local, sides),
        Expr::Dot(pair, ..) => joins(build, local, std::slice::from_ref(&pair.lhs)),
        Expr::Variable(variable, ..) => {
            let name = variable.1.as_str();
            !local.contains(name) && (build.world.knows(name) || CONSTANTS.contains(&name))
        }
        _ => false,
    })
}
