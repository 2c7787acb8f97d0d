//! Pure table of facts: every word of the rule language, its shape and meaning.
//!
//! The reference in `docs/rules.md` and the definitions for editors are held
//! against this table, and this table against what is registered. It explains;
//! it registers nothing.

/// Where a word may stand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// By itself, at the beginning of a line.
    File,
    /// After `rule(…)`, with a dot before it.
    Rule,
    /// In a condition.
    Condition,
    /// After a number, with a dot before it.
    Number,
    /// Inside `decide(|s, mem| { … })`.
    Script,
    /// Inside a test.
    Test,
}

/// One word.
#[derive(Clone, Copy, Debug)]
pub struct Entry {
    /// The word.
    pub name: &'static str,
    /// Where it stands.
    pub place: Place,
    /// Its declaration, as editors read it.
    pub declaration: &'static str,
    /// What it means, in a sentence.
    pub meaning: &'static str,
}

const fn entry(
    place: Place,
    name: &'static str,
    declaration: &'static str,
    meaning: &'static str,
) -> Entry {
    Entry { name, place, declaration, meaning }
}

use Place::{Condition, File, Number, Rule, Script, Test};

/// Every word, in the order in which a person meets it.
pub const VOCABULARY: &[Entry] = &[
    entry(
        File,
        "rule",
        "fn rule(name: String) -> Rule",
        "begins a rule; its name stands in the journal",
    ),
    entry(File, "test", "fn test(name: String, steps: Fn)", "a proof that stands beside rules"),
    entry(
        Rule,
        "turn_on",
        "fn turn_on(rule: Rule, output: Output) -> Rule",
        "asks for an output to be on",
    ),
    entry(
        Rule,
        "turn_off",
        "fn turn_off(rule: Rule, output: Output) -> Rule",
        "asks for an output to be off",
    ),
    entry(
        Rule,
        "set",
        "fn set(rule: Rule, setpoint: Setpoint, value: Value) -> Rule",
        "asks for a value of a set-point",
    ),
    entry(
        Rule,
        "activate",
        "fn activate(rule: Rule, mode: Mode) -> Rule",
        "asks for everything a mode is made of",
    ),
    entry(
        Rule,
        "alert",
        "fn alert(rule: Rule, channel: Channel, text: String) -> Rule",
        "tells people; `{soc}` in the text is the value",
    ),
    entry(Rule, "when", "fn when(rule: Rule, condition: Condition) -> Rule", "sets the rule"),
    entry(
        Rule,
        "clear_when",
        "fn clear_when(rule: Rule, condition: Condition) -> Rule",
        "clears it; while both hold, clearing wins",
    ),
    entry(
        Rule,
        "lasting",
        "fn lasting(rule: Rule, time: Duration) -> Rule",
        "how long the condition before it must hold; 60 s unless said",
    ),
    entry(
        Rule,
        "only",
        "fn only(rule: Rule, condition: Condition) -> Rule",
        "the rule asks only while this holds too",
    ),
    entry(
        Rule,
        "unless",
        "fn unless(rule: Rule, condition: Condition) -> Rule",
        "the rule does not ask while this holds",
    ),
    entry(
        Rule,
        "for_at_most",
        "fn for_at_most(rule: Rule, time: Duration) -> Rule",
        "the rule clears by itself after this time",
    ),
    entry(
        Rule,
        "latch",
        "fn latch(rule: Rule) -> Rule",
        "the rule clears only after a person has acknowledged it",
    ),
    entry(
        Rule,
        "priority",
        "fn priority(rule: Rule, number: int) -> Rule",
        "0 to 100, the higher wins; 50 unless said",
    ),
    entry(
        Rule,
        "if_unknown",
        "fn if_unknown(rule: Rule, word: String) -> Rule",
        "\"safe\", \"hold\" or \"clear\": what a missing value does",
    ),
    entry(
        Rule,
        "decide",
        "fn decide(rule: Rule, script: Fn) -> Rule",
        "in place of all of these: a script with the last word, `|s, mem| { … }`",
    ),
    entry(Condition, "below", "op below(Value, Value) -> Condition", "less than"),
    entry(Condition, "above", "op above(Value, Value) -> Condition", "more than"),
    entry(
        Condition,
        "between",
        "op between(Value, Array) -> Condition",
        "within `[low, high]`, both included",
    ),
    entry(
        Condition,
        "equals",
        "op equals(Value, ?) -> Condition",
        "this number, text or named state",
    ),
    entry(
        Condition,
        "and",
        "op and(Condition, Condition) -> Condition",
        "both hold; binds tighter than `or`",
    ),
    entry(Condition, "or", "op or(Condition, Condition) -> Condition", "at least one holds"),
    entry(
        Condition,
        "not",
        "fn not(condition: Condition) -> Condition",
        "the condition does not hold",
    ),
    entry(
        Condition,
        "is_on",
        "fn is_on(output: Output) -> Condition",
        "the output is on, as read back",
    ),
    entry(
        Condition,
        "is_off",
        "fn is_off(output: Output) -> Condition",
        "the output is off, as read back",
    ),
    entry(
        Condition,
        "avg",
        "fn avg(input: Input, time: Duration) -> Value",
        "average over the last while",
    ),
    entry(
        Condition,
        "min",
        "fn min(input: Input, time: Duration) -> Value",
        "least value of the last while",
    ),
    entry(
        Condition,
        "max",
        "fn max(input: Input, time: Duration) -> Value",
        "largest value of the last while",
    ),
    entry(
        Condition,
        "rate",
        "fn rate(input: Input, time: Duration) -> Value",
        "change per hour over the last while",
    ),
    entry(Condition, "age", "fn age(input: Input) -> Value", "time since the input's last frame"),
    entry(
        Condition,
        "on_time_today",
        "fn on_time_today(output: Output) -> Value",
        "how long it was on since midnight",
    ),
    entry(
        Condition,
        "energy_today",
        "fn energy_today(device: Device) -> Value",
        "kWh since midnight",
    ),
    entry(
        Condition,
        "interpolate",
        "fn interpolate(value: Value, curve: Array) -> Value",
        "read off a curve `[[value, result], …]`; beyond its ends the end values hold",
    ),
    entry(
        Condition,
        "between_times",
        "fn between_times(from: String, until: String) -> Condition",
        "local time of day; may pass midnight",
    ),
    entry(
        Condition,
        "on_weekdays",
        "fn on_weekdays(days: String) -> Condition",
        "one to seven days or spans of days",
    ),
    entry(
        Condition,
        "cron",
        "fn cron(pattern: String) -> Condition",
        "for one minute, when the pattern says",
    ),
    entry(
        Condition,
        "before",
        "fn before(moment: Moment) -> Condition",
        "before this moment of the day",
    ),
    entry(
        Condition,
        "after",
        "fn after(moment: Moment) -> Condition",
        "after this moment of the day",
    ),
    entry(Condition, "daylight", "const daylight: Condition", "the sun is up at the site"),
    entry(Condition, "sunrise", "const sunrise: Moment", "may be moved: `sunrise + 30.min`"),
    entry(Condition, "sunset", "const sunset: Moment", "may be moved: `sunset - 1.hour`"),
    entry(Number, "sec", "get sec(number) -> Duration", "seconds"),
    entry(Number, "secs", "get secs(number) -> Duration", "seconds"),
    entry(Number, "second", "get second(number) -> Duration", "seconds"),
    entry(Number, "seconds", "get seconds(number) -> Duration", "seconds"),
    entry(Number, "min", "get min(number) -> Duration", "minutes"),
    entry(Number, "minute", "get minute(number) -> Duration", "minutes"),
    entry(Number, "minutes", "get minutes(number) -> Duration", "minutes"),
    entry(Number, "hour", "get hour(number) -> Duration", "hours"),
    entry(Number, "hours", "get hours(number) -> Duration", "hours"),
    entry(Number, "day", "get day(number) -> Duration", "days"),
    entry(Number, "days", "get days(number) -> Duration", "days"),
    entry(
        Script,
        "want",
        "fn want(output: Output, level: Level, reason: String)",
        "asks for `on` or `off`, and says why",
    ),
    entry(
        Script,
        "want",
        "fn want(setpoint: Setpoint, value: number, reason: String)",
        "asks for a value of a set-point; cut to its range",
    ),
    entry(
        Script,
        "activate",
        "fn activate(mode: Mode, reason: String)",
        "asks for everything a mode is made of, in this step",
    ),
    entry(
        Script,
        "alert",
        "fn alert(channel: Channel, text: String)",
        "tells people when it is first said, and stands while it is said in every step",
    ),
    entry(Script, "nothing", "fn nothing()", "asks for nothing"),
    entry(
        Script,
        "get",
        "fn get(mem: Mem, name: String, default: ?) -> ?",
        "what was kept under this name, or the default",
    ),
    entry(
        Script,
        "has",
        "fn has(mem: Mem, name: String) -> bool",
        "whether something is kept under this name",
    ),
    entry(Script, "forget", "fn forget(mem: Mem, name: String)", "keeps it no longer"),
    entry(
        Script,
        "set",
        "fn set(mem: Mem, name: String, value: ?)",
        "keeps a value over steps and restarts; `mem.name = value` does too",
    ),
    entry(Script, "abs", "fn abs(number: number) -> number", "without its sign"),
    entry(Script, "round", "fn round(number: number) -> number", "the nearest whole number"),
    entry(Script, "min", "fn min(a: number, b: number) -> number", "the smaller of two"),
    entry(Script, "max", "fn max(a: number, b: number) -> number", "the larger of two"),
    entry(Script, "len", "fn len(list: Array) -> int", "how many things a list holds"),
    entry(
        Test,
        "given",
        "fn given(readings: Map)",
        "readings from now on, once a second; `()` is \"not available\"",
    ),
    entry(Test, "lose", "fn lose(input: Input)", "an input or a whole device falls silent"),
    entry(Test, "pass", "fn pass(time: Duration)", "lets virtual time pass"),
    entry(Test, "at", "fn at(time: String)", "sets the wall clock: `at(\"2026-01-15 06:00\")`"),
    entry(Test, "expect", "fn expect(holds: bool)", "fails the test unless it holds"),
    entry(Test, "is_on", "fn is_on(output: Output) -> bool", "the output is on"),
    entry(Test, "is_off", "fn is_off(output: Output) -> bool", "the output is off"),
    entry(
        Test,
        "is_set",
        "fn is_set(setpoint: Setpoint, value: Value) -> bool",
        "the set-point has this value",
    ),
    entry(
        Test,
        "is_released",
        "fn is_released(setpoint: Setpoint) -> bool",
        "the set-point is left to the device",
    ),
    entry(
        Test,
        "requests",
        "fn requests(what: ?) -> bool",
        "the rule of this name asks, or any rule asks for this output, set-point, mode or channel",
    ),
];

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::rules::language::acting::ACTIONS;
    use crate::rules::language::compare::WORDS;
    use crate::rules::language::schedule::CONSTANTS;
    use crate::rules::language::trials::TRIAL_WORDS;
    use crate::rules::language::words::{FUNCTIONS, METHODS, UNITS};
    use crate::rules::script::SCRIPT_WORDS;

    #[track_caller]
    fn check<'a>(place: Place, registered: impl IntoIterator<Item = &'a str>) {
        let of_place = VOCABULARY.iter().filter(|entry| entry.place == place);
        let told: Vec<&str> = of_place.map(|entry| entry.name).collect();
        let once: BTreeSet<&str> = told.iter().copied().collect();
        assert_eq!(told.len(), once.len(), "a word is told twice: {told:?}");
        assert_eq!(once, registered.into_iter().collect(), "left: told, right: registered");
    }

    #[test]
    fn every_word_is_told_and_no_other() {
        check(File, ["rule", "test"]);
        check(Rule, METHODS);
        let functions = FUNCTIONS.iter().map(|(name, _)| *name).filter(|name| *name != "rule");
        check(Condition, functions.chain(WORDS).chain(["and", "or"]).chain(CONSTANTS));
        check(Number, UNITS.iter().map(|(name, _)| *name));
        check(Test, TRIAL_WORDS);
        let script = VOCABULARY.iter().filter(|entry| entry.place == Script);
        let script: BTreeSet<&str> = script.map(|entry| entry.name).collect();
        assert!(SCRIPT_WORDS.iter().all(|word| script.contains(word)), "{script:?}");
        assert!(ACTIONS.iter().all(|action| METHODS.contains(action)));
    }

    #[test]
    fn a_declaration_declares_its_word() {
        for entry in VOCABULARY {
            let after = entry.declaration.split_once(' ').map_or("", |(_, rest)| rest);
            let name = after.split(['(', ':']).next().unwrap_or("");
            assert_eq!(name, entry.name, "{}", entry.declaration);
        }
    }
}
