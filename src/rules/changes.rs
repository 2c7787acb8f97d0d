//! What differs between two rule sets, for the journal and for people.

use std::fmt;

use super::{Rule, RuleSet, key};

/// Names of rules, by what became of them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Changes {
    /// Only in the new set.
    pub added: Vec<String>,
    /// Only in the old set.
    pub removed: Vec<String>,
    /// In both, and not the same: what they ask, want or weigh differs.
    pub changed: Vec<String>,
    /// In both, and the same: they keep their memory.
    pub unchanged: usize,
}

impl RuleSet {
    /// What this set changes about an older one.
    #[must_use]
    pub fn changes(&self, old: &Self) -> Changes {
        let mut changes = Changes::default();
        let named = |rules: &[Rule], name: &str| rules.iter().position(|rule| *rule.name == *name);
        for rule in self.rules() {
            let name = rule.name.to_string();
            match named(old.rules(), &name).map(|at| &old.rules()[at]) {
                None => changes.added.push(name),
                Some(before) if same(before, rule) => changes.unchanged += 1,
                Some(_) => changes.changed.push(name),
            }
        }
        let gone = old.rules().iter().filter(|rule| named(self.rules(), &rule.name).is_none());
        changes.removed = gone.map(|rule| rule.name.to_string()).collect();
        changes
    }
}

/// Layout, comments and the place in the file do not matter.
fn same(a: &Rule, b: &Rule) -> bool {
    key(a) == key(b)
        && (&a.action, a.priority) == (&b.action, b.priority)
        && (a.if_unknown, a.grace) == (b.if_unknown, b.grace)
}

impl Changes {
    /// Whether both sets are the same.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.added.is_empty() && self.removed.is_empty() && self.changed.is_empty()
    }
}

impl fmt::Display for Changes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let parts =
            [("added", &self.added), ("removed", &self.removed), ("changed", &self.changed)];
        for (word, names) in parts.into_iter().filter(|(_, names)| !names.is_empty()) {
            let names: Vec<String> = names.iter().map(|name| format!("\"{name}\"")).collect();
            write!(f, "{word} {}; ", names.join(", "))?;
        }
        write!(f, "{} unchanged", self.unchanged)
    }
}
