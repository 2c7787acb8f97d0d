//! The values that registers had before we wrote to them for the first time.
//!
//! Kept until they are given back, over restarts and crashes, and bound to the
//! device by its serial number: another device's value is no way back.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::plan::Plan;

/// All of them, by serial number and register: `HQ2310ABCDE 0xEDF6`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Originals(BTreeMap<String, f64>);

impl Originals {
    /// The original value of a plan's register, if it is kept.
    #[must_use]
    pub fn get(&self, plan: &Plan) -> Option<f64> {
        self.0.get(&key(plan)?).copied()
    }

    pub(super) fn keep(&mut self, plan: &Plan, value: f64) {
        if let Some(key) = key(plan) {
            self.0.entry(key).or_insert(value);
        }
    }

    pub(super) fn forget(&mut self, plan: &Plan) {
        if let Some(key) = key(plan) {
            self.0.remove(&key);
        }
    }

    /// Those that none of these plans would give back, as `HQ2310ABCDE 0xEDF6: 13.8`.
    pub fn strays<'a>(&self, plans: impl Iterator<Item = &'a Plan>) -> Vec<String> {
        let wanted: Vec<String> = plans.filter_map(key).collect();
        let strays = self.0.iter().filter(|(key, _)| !wanted.contains(key));
        strays.map(|(key, value)| format!("{key}: {value}")).collect()
    }
}

fn key(plan: &Plan) -> Option<String> {
    let serial = plan.keeps.as_deref()?;
    Some(format!("{serial} 0x{:04X}", plan.register.id))
}
