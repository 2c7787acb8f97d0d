//! A second frame before anything is switched away from safe.
//!
//! An 8-bit checksum lets one damaged frame in 256 through, and a frame can be
//! right and its value an accident. So a condition sets its rule only when every
//! reading it rests on has arrived again since the condition became true, and it
//! still is.

use std::time::Duration;

use super::condition::Condition;
use super::expression::Expression;
use super::facts::Needs;
use super::look::Look;

/// The inputs that a condition rests on, each once.
pub(super) fn rests_on(condition: &Condition, needs: &Needs) -> Vec<usize> {
    let mut leaves = Vec::new();
    condition.leaves(&mut leaves);
    let mut inputs: Vec<usize> = leaves
        .iter()
        .flat_map(|leaf| leaf.expressions())
        .flat_map(|expression| readings(expression, needs))
        .collect();
    inputs.sort_unstable();
    inputs.dedup();
    inputs
}

/// The inputs whose values count; an age grows without any frame.
fn readings(expression: &Expression, needs: &Needs) -> Vec<usize> {
    match expression {
        Expression::Negative(inner) | Expression::Curve(inner, _) => readings(inner, needs),
        Expression::Binary(_, a, b) => [readings(a, needs), readings(b, needs)].concat(),
        Expression::Age(_) => Vec::new(),
        other => needs.inputs_of(other),
    }
}

impl Look<'_> {
    /// Whether each of these inputs has had a frame after `since`. An input that is
    /// derived has no frames of its own: what it rests on now must have had one.
    pub(super) fn confirmed(&self, inputs: &[usize], since: Option<Duration>) -> bool {
        let Some(since) = since else { return inputs.is_empty() };
        inputs.iter().all(|&input| self.seen_after(since, input))
    }

    fn seen_after(&self, since: Duration, input: usize) -> bool {
        let bound = &self.inputs[input];
        match (self.own(bound), &bound.input.derived) {
            (Some(reading), _) => reading.at.monotonic > since,
            (None, Some(derived)) => self
                .chosen(derived)
                .is_none_or(|choice| choice.parts.iter().all(|&part| self.seen_after(since, part))),
            (None, None) => true,
        }
    }
}
