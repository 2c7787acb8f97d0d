//! What must hold for a `decide` before it may run.
//!
//! The closure and the functions it calls are walked when the file is loaded:
//! a reading that no device has, or a device in place of a reading, is found at
//! the desk and not in the first cold night.

use std::collections::BTreeSet;

use rhai::{AST, ASTNode, Dynamic, Expr, FnPtr, Position, Stmt, StmtBlock};

use crate::problem::nearest;

use super::super::action::Action;
use super::super::language::builder::{Build, DeviceRef, RuleRef};
use super::calls::{self, Taken};
use super::spelling::{fingerprint, squeeze};
use super::taken::{Reach, apart, spell, untakable};
use super::{Said, Script};

/// How a `decide` is written.
const FORM: &str = "write `decide(|s, mem| { if … { want(…) } else { nothing() } })`";

/// `decide`: checks the closure and keeps it for the rule.
pub fn decide(build: &mut Build, at: Position, rule: RuleRef, closure: &Dynamic) {
    let span = build.span(at);
    if build.drafts[rule.0].action.is_some() {
        let help = "its script says what it wants; write a second rule for the rest";
        build.complain(at, "a rule with `decide` has no other action", help);
        build.drafts[rule.0].broken = true;
        return;
    }
    let Some(script) = script(build, at, closure) else {
        build.drafts[rule.0].broken = true;
        return;
    };
    build.drafts[rule.0].action = Some((Action::Decide(std::sync::Arc::new(script)), span));
}

fn script(build: &mut Build, at: Position, closure: &Dynamic) -> Option<Script> {
    let Some(pointer) = closure.clone().try_cast::<FnPtr>() else {
        let found = build.kind(closure);
        build.complain(at, format!("`decide` needs a function, found {found}"), FORM);
        return None;
    };
    let functions = std::sync::Arc::clone(&build.functions);
    let taken: Vec<Dynamic> = pointer.curry().iter().map(|value| apart(build, value)).collect();
    let name = pointer.fn_name().to_owned();
    let found =
        functions.shared_lib().get_script_fn(&name, taken.len() + 2).map(|f| f.params.to_vec());
    let Some(parameters) = found else {
        build.complain(at, "`decide` needs a function with two arguments, `s` and `mem`", FORM);
        return None;
    };
    let problems = build.problems.len();
    let body = body(&functions, &name, parameters.len());
    let mut reach = Reach::default();
    for (parameter, value) in parameters.iter().zip(&taken) {
        let used = || used_at(&body, parameter).unwrap_or(at);
        if let Some((message, help)) = untakable(parameter, value, &mut reach) {
            let used = used();
            build.complain(used, message, help);
        }
    }
    if reach.is_empty() && build.problems.len() == problems {
        let message = "this `decide` asks for nothing";
        build.complain(at, message, "say what it wants: `want(heater, on, \"cold cells\")`");
    }
    open_end(build, &body);
    let along: Taken<'_> = parameters.iter().map(|name| name.as_str()).zip(&taken).collect();
    let mut walk = Walk {
        functions: &functions,
        taken: (&name, along),
        inputs: BTreeSet::new(),
        seen: BTreeSet::new(),
    };
    let readings = BTreeSet::from([taken.len()]);
    walk.function(build, &name, parameters.len(), readings);
    let spelling = walk.spelling(build, at, &taken);
    let inputs = walk.inputs.into_iter().collect();
    let Reach { outputs, others } = reach.tidied();
    let names = outputs.iter().map(|output| build.world.target(*output).to_owned()).collect();
    let said = std::sync::Mutex::new(Said::default());
    (build.problems.len() == problems).then_some(Script {
        functions,
        name,
        taken,
        at,
        outputs,
        names,
        others,
        inputs,
        spelling,
        said,
    })
}

fn body(functions: &AST, name: &str, arity: usize) -> AST {
    // rhai's filtered copy takes all functions when its target is empty.
    let mut body = functions.clone_functions_only();
    body.retain_functions(|_, _, found, parameters| found == name && parameters == arity);
    body
}

fn used_at(body: &AST, name: &str) -> Option<Position> {
    let mut place = None;
    body.walk(&mut |path: &[ASTNode]| {
        if let Some(ASTNode::Expr(Expr::Variable(variable, _, at))) = path.last()
            && variable.1 == name
        {
            place = place.or(Some(*at));
        }
        place.is_none()
    });
    place
}

/// A closure that ends with an `if` must say what it wants otherwise.
fn open_end(build: &mut Build, body: &AST) {
    let mut last = None;
    body.walk(&mut |path: &[ASTNode]| {
        if let [ASTNode::Stmt(statement)] = path {
            last = Some((*statement).clone());
        }
        true
    });
    if let Some(at) = last.as_ref().and_then(no_else) {
        let help = "end with `else { nothing() }`";
        build.complain(at, "this `if` does not say what is wanted otherwise", help);
    }
}

fn no_else(statement: &Stmt) -> Option<Position> {
    match statement {
        Stmt::If(flow, at) => match (last(&flow.body), last(&flow.branch)) {
            (_, None) => Some(*at),
            (body, branch) => body.and_then(no_else).or_else(|| branch.and_then(no_else)),
        },
        Stmt::Block(block) => last(block).and_then(no_else),
        Stmt::Expr(expression) => match &**expression {
            Expr::Stmt(block) => last(block).and_then(no_else),
            _ => None,
        },
        _ => None,
    }
}

fn last(block: &StmtBlock) -> Option<&Stmt> {
    block.statements().last()
}

/// Follows the readings through a closure and the functions it hands them to.
struct Walk<'a> {
    functions: &'a AST,
    /// The closure, and what it took along.
    taken: (&'a str, Taken<'a>),
    inputs: BTreeSet<usize>,
    /// Name, number of parameters, and which of them are the readings.
    seen: BTreeSet<(String, usize, BTreeSet<usize>)>,
}

impl Walk<'_> {
    fn function(&mut self, build: &mut Build, name: &str, arity: usize, readings: BTreeSet<usize>) {
        let Some(found) = self.functions.shared_lib().get_script_fn(name, arity) else {
            return;
        };
        let handles: BTreeSet<String> = readings
            .iter()
            .filter_map(|&index| found.params.get(index))
            .map(ToString::to_string)
            .collect();
        if !self.seen.insert((name.to_owned(), arity, readings)) {
            return;
        }
        let along = if self.taken.0 == name { self.taken.1.clone() } else { Taken::new() };
        let mut calls = Vec::new();
        let body = body(self.functions, name, arity);
        body.walk(&mut |path: &[ASTNode]| {
            match path.last() {
                Some(ASTNode::Expr(Expr::Dot(pair, ..))) if is_handle(&pair.lhs, &handles) => {
                    self.reading(build, &pair.rhs);
                }
                Some(ASTNode::Expr(Expr::Index(pair, ..))) if is_handle(&pair.lhs, &handles) => {
                    let at = pair.rhs.position();
                    build.complain(at, "a reading is named", "write `s.soc`, without brackets");
                }
                Some(
                    ASTNode::Expr(Expr::FnCall(call, at)) | ASTNode::Stmt(Stmt::FnCall(call, at)),
                ) => {
                    calls::check(build, call, *at, &along);
                    let handed = |(at, argument): (usize, &Expr)| {
                        is_handle(argument, &handles).then_some(at)
                    };
                    let readings = call.args.iter().enumerate().filter_map(handed).collect();
                    calls.push((call.name.to_string(), call.args.len(), readings));
                }
                _ => {}
            }
            true
        });
        for (name, arity, readings) in calls {
            self.function(build, &name, arity, readings);
        }
    }

    /// What stands after `s.`.
    fn reading(&mut self, build: &mut Build, after: &Expr) {
        match after {
            Expr::Property(property, at) => self.input(build, &property.2, *at),
            Expr::Dot(pair, ..) => match (&pair.lhs, quantity(&pair.rhs)) {
                (Expr::Property(device, _), Some((name, at)))
                    if build.world.devices.iter().any(|known| *known == *device.2) =>
                {
                    let device = DeviceRef(device.2.clone());
                    self.inputs.extend(build.property(at, &device, &name).0);
                }
                (Expr::Property(property, at), _) => self.input(build, &property.2, *at),
                (other, _) => no_words(build, other.position()),
            },
            other => no_words(build, other.position()),
        }
    }

    fn input(&mut self, build: &mut Build, name: &str, at: Position) {
        if let Some(index) = build.world.inputs.iter().position(|input| input.name == name) {
            self.inputs.insert(index);
            return;
        }
        if build.world.devices.iter().any(|device| device == name) {
            let message = format!("`{name}` is a device, not one of its values");
            let help = format!("name the value too, as in `s.{name}.battery_voltage`");
            build.complain(at, message, help);
            return;
        }
        let world = std::sync::Arc::clone(&build.world);
        let known = world.inputs.iter().map(|input| input.name.as_str());
        let help = match nearest(name, known.clone()) {
            Some(near) => format!("did you mean `s.{near}`?"),
            None => format!("inputs are {}", known.collect::<Vec<_>>().join(", ")),
        };
        build.complain(at, format!("there is no input `{name}`"), help);
    }

    /// The closure and the functions it uses, without layout, and what it took along.
    fn spelling(&self, build: &Build, at: Position, taken: &[Dynamic]) -> String {
        let mut text = squeeze(&build.text, build.span(at).start);
        let used = self.seen.iter().map(|(name, arity, _)| (name, *arity));
        for (name, arity) in used.collect::<BTreeSet<_>>() {
            let found = self.functions.shared_lib().get_script_fn(name, arity);
            if let Some(found) = found.filter(|_| !name.starts_with("anon$")) {
                let start = build.span(found.body.start_position()).start;
                text.push_str(&format!("\nfn {name}({})", found.params.join(",")));
                text.push_str(&squeeze(&build.text, start));
            }
        }
        taken.iter().for_each(|value| spell(build, value, &mut text));
        format!("decide {:016x}", fingerprint(&text))
    }
}

fn is_handle(expression: &Expr, handles: &BTreeSet<String>) -> bool {
    matches!(expression, Expr::Variable(variable, ..) if handles.contains(variable.1.as_str()))
}

fn quantity(expression: &Expr) -> Option<(String, Position)> {
    match expression {
        Expr::Property(property, at) => Some((property.2.to_string(), *at)),
        Expr::Dot(pair, ..) | Expr::Index(pair, ..) => quantity(&pair.lhs),
        _ => None,
    }
}

fn no_words(build: &mut Build, at: Position) {
    let help = "hand it to a function of the file instead, as in `cold(s)`";
    build.complain(at, "`s` has readings and no words of its own", help);
}
