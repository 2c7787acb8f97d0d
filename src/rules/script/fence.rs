//! Where functions without a name may stand, and which of rhai's words may not.
//!
//! A closure that holds a closure that holds a closure is a chain that no limit
//! of rhai counts, and dropping a long one overflows the stack. Rules need none:
//! `|…|` stands inside `decide(…)` and `test(…)`, shared work in a plain `fn`.

use rhai::{AST, ASTNode, Expr, FnCallExpr, FnPtr, Position, Stmt};

use super::super::language::builder::Build;

/// Words that call or make a function by its name.
const REFUSED: [&str; 4] = ["Fn", "call", "curry", "eval"];

/// Words that take a closure.
const TAKERS: [&str; 2] = ["decide", "test"];

/// Reports closures and words that have no place in a rule file; true if there
/// are any.
pub fn check(build: &mut Build, ast: &AST) -> bool {
    let before = build.problems.len();
    ast.walk(&mut |path: &[ASTNode]| {
        if let Some(ASTNode::Expr(Expr::DynamicConstant(value, at))) = path.last()
            && value.is::<FnPtr>()
            && !taken(path)
        {
            let message = "a function in `|…|` stands inside `decide(…)` or `test(…)`";
            build.complain(*at, message, "for shared work, write `fn name(…) { … }`");
        }
        if let Some((call, at)) = path.last().and_then(called)
            && REFUSED.contains(&call.name.as_str())
            && !captures(call)
        {
            let message = format!("`{}` is not allowed in a rule file", call.name);
            build.complain(at, message, "call a function by its name: `cold(s)`");
        }
        if let Some(ASTNode::Stmt(Stmt::Assignment(assignment))) = path.last()
            && let Some(at) = indexed(&assignment.1.lhs)
        {
            let help = "make a new one, or keep numbers in `mem`";
            build.complain(at, "lists and maps are not changed in place", help);
        }
        true
    });
    build.problems.len() > before
}

fn called<'a>(node: &ASTNode<'a>) -> Option<(&'a FnCallExpr, Position)> {
    match node {
        ASTNode::Expr(Expr::FnCall(call, at) | Expr::MethodCall(call, at))
        | ASTNode::Stmt(Stmt::FnCall(call, at)) => Some((call, *at)),
        _ => None,
    }
}

/// The index in what is assigned to: rhai looks at the size of the new element only,
/// so that a list of lists outgrows every limit.
fn indexed(target: &Expr) -> Option<Position> {
    match target {
        Expr::Index(_, _, at) => Some(*at),
        Expr::Dot(pair, ..) => indexed(&pair.lhs).or_else(|| indexed(&pair.rhs)),
        _ => None,
    }
}

/// What rhai writes around a closure that uses names of the file.
fn captures(call: &FnCallExpr) -> bool {
    let closure = |argument: &Expr| matches!(argument, Expr::DynamicConstant(value, _) if value.is::<FnPtr>());
    call.name == "curry" && call.args.first().is_some_and(closure)
}

/// Whether the closure at the end of a path is handed to a word that takes one.
fn taken(path: &[ASTNode]) -> bool {
    let outside = path.iter().rev().skip(1).find(|node| {
        let capturing = called(node).is_some_and(|(call, _)| captures(call));
        let around = matches!(
            node,
            ASTNode::Stmt(Stmt::Expr(_) | Stmt::Block(_)) | ASTNode::Expr(Expr::Stmt(_))
        );
        !capturing && !around
    });
    let taker = outside.and_then(called);
    taker.is_some_and(|(call, _)| TAKERS.contains(&call.name.as_str()))
}
