//! The priority array: who decides what an output should have.
//!
//! ```text
//! mode safe  >  interlock  >  override  >  undecided rule  >  rules by priority  >  default
//! ```
//!
//! The first that has an opinion wins; the strongest of the others that wanted
//! something else is named as the loser. Time and budgets come later.

use std::sync::Arc;

use super::decision::{Demand, Loser, Request, Winner};
use super::policy::{OutputId, Policy};
use super::want::Want;

/// What the winner wants.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Choice {
    pub want: Want,
    pub winner: Winner,
    pub loser: Option<Loser>,
}

/// Asks all places of the array.
pub(super) fn choose(
    policy: &Policy,
    output: OutputId,
    requests: &[Request],
    demand: Option<Demand>,
    person: Option<(Want, Arc<str>)>,
) -> Choice {
    let of_rules = among_rules(policy, output, requests);
    let demand = demand.filter(|demand| person.is_none() || !demand.yields_to_people());
    let in_vain = |want: Want, choice: &Choice| match &choice.winner {
        Winner::Rule(rule) if choice.want != want => {
            Some(Loser { rule: Some(rule.clone()), want: choice.want })
        }
        _ => choice.loser.clone().filter(|loser| loser.want != want),
    };
    match (demand, person) {
        (Some(demand), person) => {
            let want = policy.safe;
            let person = person.map(|(want, _)| Loser { rule: None, want });
            let loser = person.filter(|person| person.want != want);
            let loser = loser.or_else(|| in_vain(want, &of_rules));
            Choice { want, winner: Winner::Safe(demand), loser }
        }
        (None, Some((want, owner))) => {
            let loser = in_vain(want, &of_rules);
            Choice { want, winner: Winner::Override(owner), loser }
        }
        (None, None) => of_rules,
    }
}

/// The rule of the highest priority; equal and opposite gives safe.
fn among_rules(policy: &Policy, output: OutputId, requests: &[Request]) -> Choice {
    let ours = || requests.iter().filter(|request| request.output == output);
    let Some(highest) = ours().map(|request| request.priority).max() else {
        return Choice { want: policy.default, winner: Winner::Default, loser: None };
    };
    // Named in order of name, so that the order of files changes nothing.
    let first = |test: &dyn Fn(&&Request) -> bool| ours().filter(test).min_by_key(|r| &r.rule);
    let Some(best) = first(&|request| request.priority == highest) else {
        return Choice { want: policy.default, winner: Winner::Default, loser: None };
    };
    let opponent = first(&|other| other.priority == highest && other.want != best.want);
    if let Some(opponent) = opponent {
        let winner = Winner::Conflict(best.rule.clone(), opponent.rule.clone());
        return Choice { want: policy.safe, winner, loser: None };
    }
    let beaten = ours().filter(|other| other.want != best.want);
    let loser = beaten.max_by_key(|other| (other.priority, std::cmp::Reverse(&other.rule)));
    Choice {
        want: best.want,
        winner: Winner::Rule(best.rule.clone()),
        loser: loser.map(|other| Loser { rule: Some(other.rule.clone()), want: other.want }),
    }
}
