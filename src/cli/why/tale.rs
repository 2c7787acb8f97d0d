//! The answer to "why" in sentences, from a status or from journal entries.

use std::fmt::Write;

use jiff::Timestamp;
use jiff::tz::TimeZone;

use crate::cli::journal::printable;
use crate::control::{OutputStatus, RuleStatus, Status};
use crate::journal::{Branch, Entry, Kind};
use crate::store::Recorded;

/// Whether the daemon has an output or rule of this name.
pub(super) fn knows(status: &Status, name: &str) -> bool {
    status.outputs.iter().any(|output| output.name == name) || rules(status, name).next().is_some()
}

/// The rule of this name, or the rules about this output.
pub(super) fn rules<'a>(status: &'a Status, name: &'a str) -> impl Iterator<Item = &'a RuleStatus> {
    let concerns =
        move |rule: &&RuleStatus| rule.name == name || rule.about.iter().any(|o| o == name);
    status.rules.iter().filter(concerns)
}

/// As it is now.
pub(super) fn now(name: &str, status: &Status, entries: &[Recorded], zone: &TimeZone) -> String {
    let mut page = Page::default();
    if let Some(output) = status.outputs.iter().find(|output| output.name == name) {
        page.line(&state_of(output));
        if let Some(last) = last_act(name, entries) {
            page.line(&format!("last moved: {}", told(last, zone)));
        }
    }
    let mut about = rules(status, name).peekable();
    if about.peek().is_none() {
        page.line("no rule is about it");
    }
    for rule in about {
        let does = match rule.state.as_str() {
            "yes" => "asks for its action",
            "no" => "asks for nothing",
            "disabled" => "is not asked any more",
            _ => "cannot be decided",
        };
        page.line(&format!("rule \"{}\" {does}: {}", rule.name, rule.why));
        if !rule.until.is_empty() {
            let since = rule.since.parse().map_or_else(
                |_| "before the clock was set".to_owned(),
                |since: Timestamp| time(since, zone),
            );
            page.line(&format!("  since {since}; to end it: {}", rule.until));
        }
        let state = if rule.state == "yes" { "set" } else { "clear" };
        page.would(state, &rule.conditions);
    }
    page.0
}

/// As it was at a time, or when last heard of.
pub(super) fn then(
    name: &str,
    at: Option<Timestamp>,
    entries: &[Recorded],
    zone: &TimeZone,
) -> String {
    let mut page = Page::default();
    match at {
        Some(at) => page.line(&format!("as of {}:", time(at, zone))),
        None => page.line("no daemon runs; the journal ends like this:"),
    }
    if let Some(last) = last_act(name, entries) {
        page.line(&told(last, zone));
        page.because(&last.conditions);
    }
    let mut seen: Vec<&str> = Vec::new();
    let of_rules = entries.iter().rev().map(|recorded| &recorded.entry);
    for entry in of_rules.filter(|entry| entry.kind == Kind::Rule) {
        let rule = entry.rule.as_deref().unwrap_or_default();
        if seen.contains(&rule) {
            continue;
        }
        seen.push(rule);
        page.line(&format!(
            "rule \"{rule}\" is {} since {}: {}",
            entry.what,
            time(entry.at.wall, zone),
            entry.reason
        ));
        page.would(&entry.what, &entry.conditions);
    }
    page.0
}

/// The latest entry that tells of the output itself.
fn last_act<'a>(name: &str, entries: &'a [Recorded]) -> Option<&'a Entry> {
    let acts = entries.iter().rev().map(|recorded| &recorded.entry);
    let mut acts = acts.filter(|entry| entry.subject == name && entry.kind != Kind::Rule);
    // A result only says that the act before it was done.
    acts.find(|entry| entry.kind != Kind::Result)
}

fn state_of(output: &OutputStatus) -> String {
    let OutputStatus { name, asked, decided, read_back, note } = output;
    let mut text = format!("{name} reads back {read_back}; decided {decided}");
    if asked != decided {
        text.push_str(&format!(", though {asked} is asked for"));
    }
    if note.is_empty() { text } else { format!("{text} ({note})") }
}

fn told(entry: &Entry, zone: &TimeZone) -> String {
    let Entry { kind, subject, what, reason, .. } = entry;
    let rule = entry.rule.as_ref().map(|rule| format!(" (rule \"{rule}\")")).unwrap_or_default();
    let clock = if entry.at.wall_trusted { "" } else { " (clock not set)" };
    format!("{}{clock} {kind} {subject} {what}: {reason}{rule}", time(entry.at.wall, zone))
}

fn time(at: Timestamp, zone: &TimeZone) -> String {
    at.to_zoned_datetime(zone.clone()).strftime("%Y-%m-%d %H:%M:%S").to_string()
}

#[derive(Default)]
struct Page(String);

impl Page {
    fn line(&mut self, text: &str) {
        // Writing into a String cannot fail.
        let _ = writeln!(self.0, "{}", printable(text));
    }

    /// What would have to be different for the rule to change its mind.
    fn would(&mut self, state: &str, conditions: &[Branch]) {
        let of = |role: &str| conditions.iter().find(|branch| branch.role == role);
        let (role, verb) = if state == "set" { ("clear_when", "let go") } else { ("when", "ask") };
        if let Some(branch) = of("only").filter(|_| state != "set")
            && let Some(missing) = missing(branch, true)
        {
            self.line(&format!("  it may only ask while {missing}"));
        }
        let Some(branch) = of(role) else { return };
        if state == "set" && of("latch").is_some_and(|latch| latch.answer == "no") {
            self.line("  a person must have seen it first: `sunkeep acknowledge` and its name");
        } else if state == "set" && missing(branch, true).is_none() && of("latch").is_some() {
            return self.line("  it lets go as soon as its condition has held long enough");
        }
        match missing(branch, true) {
            Some(missing) => self.line(&format!("  it would {verb} if {missing}")),
            None => self.line(&format!("  `{}` holds, but not long enough yet", branch.text)),
        }
    }

    /// Every comparison that was made, and its answer.
    fn because(&mut self, conditions: &[Branch]) {
        for branch in conditions {
            self.line(&format!("  {} {}: {}", branch.role, branch.text, branch.answer));
            for leaf in leaves(branch) {
                let value = leaf.value.as_deref().unwrap_or_default();
                self.line(&format!("      {}: {} ({value})", leaf.text, leaf.answer));
            }
        }
    }
}

fn leaves(branch: &Branch) -> Vec<&Branch> {
    if branch.parts.is_empty() {
        return vec![branch];
    }
    branch.parts.iter().flat_map(leaves).collect()
}

/// What keeps a condition from the answer that is wanted; `None`: nothing.
fn missing(branch: &Branch, wanted: bool) -> Option<String> {
    if branch.answer == if wanted { "yes" } else { "no" } {
        return None;
    }
    let Branch { role, text, value, parts, .. } = branch;
    let of_parts = |wanted| parts.iter().filter_map(move |part| missing(part, wanted));
    let all = match (role.as_str(), wanted) {
        ("and", true) | ("or", false) => true,
        ("or", true) | ("and", false) => false,
        ("not", _) => return of_parts(!wanted).next(),
        (_, _) if !parts.is_empty() => return of_parts(wanted).next(),
        _ => {
            let holds = if wanted { "" } else { "not " };
            let value = value.as_deref().unwrap_or_default();
            return Some(format!("{holds}{text} ({value})"));
        }
    };
    let phrases: Vec<String> = of_parts(wanted).collect();
    match phrases.as_slice() {
        [] => None,
        [one] => Some(one.clone()),
        several if all => Some(several.join(" and ")),
        several => Some(format!("either {}", several.join(" or "))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn leaf(text: &str, answer: &str) -> Branch {
        let value = Some(format!("{} is 5", text.split(' ').next().unwrap_or_default()));
        Branch { text: text.into(), answer: answer.into(), value, ..Branch::default() }
    }

    fn joined(role: &str, answer: &str, parts: Vec<Branch>) -> Branch {
        Branch { role: role.into(), answer: answer.into(), parts, ..Branch::default() }
    }

    #[track_caller]
    fn check(branch: &Branch, expected: Option<&str>) {
        assert_eq!(missing(branch, true).as_deref(), expected);
    }

    #[test]
    fn what_is_missing_is_said_and_what_holds_is_not() {
        let (yes, no) = (leaf("a below 9", "yes"), leaf("b above 9", "no"));
        check(&joined("and", "no", vec![yes.clone(), no.clone()]), Some("b above 9 (b is 5)"));
        check(&joined("or", "yes", vec![yes.clone(), no.clone()]), None);
        let or = joined("or", "no", vec![no.clone(), leaf("c above 9", "unknown")]);
        check(&or, Some("either b above 9 (b is 5) or c above 9 (c is 5)"));
        let inverse = joined("not", "no", vec![yes]);
        check(&inverse, Some("not a below 9 (a is 5)"));
        let both = joined("and", "no", vec![no.clone(), no]);
        check(&both, Some("b above 9 (b is 5) and b above 9 (b is 5)"));
    }
}
