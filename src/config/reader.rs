//! Walks a TOML document and collects what is wrong with it.
//!
//! serde stops at its first error; an owner who is days away from the site wants
//! all of them at once. So the parsed document is walked by hand: every value is
//! asked for by key and kind, and what was never asked for is an unknown key.

use std::cell::RefCell;
use std::ops::Range;
use std::time::Duration;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use crate::problem::{Problem, nearest};

pub use super::duration::duration;

/// Keys that later versions know, answered with more than "unknown".
const PLANNED: [&str; 2] = ["telemetry", "web"];

/// Collects problems while a document is walked.
#[derive(Debug)]
pub struct Reader {
    file: String,
    problems: RefCell<Vec<Problem>>,
}

/// A value with the place it stands at.
#[derive(Clone, Debug, PartialEq)]
pub struct Placed<T> {
    /// The value.
    pub value: T,
    /// Its bytes in the file.
    pub span: Range<usize>,
}

impl Reader {
    /// A reader of this file.
    pub fn new(file: &str) -> Self {
        Self { file: file.to_owned(), problems: RefCell::default() }
    }

    /// Notes a problem.
    pub fn complain(&self, span: Range<usize>, message: impl Into<String>, help: &str) {
        let mut problem = Problem::new(&self.file, span, message);
        problem.help = (!help.is_empty()).then(|| help.to_owned());
        self.problems.borrow_mut().push(problem);
    }

    /// Whether anything is wrong so far.
    pub fn has_problems(&self) -> bool {
        !self.problems.borrow().is_empty()
    }

    /// All problems noted.
    pub fn into_problems(self) -> Vec<Problem> {
        self.problems.into_inner()
    }
}

/// One table of the document.
pub struct Section<'a> {
    reader: &'a Reader,
    table: &'a DeTable<'a>,
    /// Its header's place.
    pub span: Range<usize>,
    /// Its path, such as `outputs.heater`; empty for the whole document.
    pub path: String,
    asked: RefCell<Vec<&'static str>>,
}

impl<'a> Section<'a> {
    /// The whole document.
    pub fn root(reader: &'a Reader, table: &'a DeTable<'a>) -> Self {
        let asked = RefCell::default();
        Self { reader, table, span: 0..0, path: String::new(), asked }
    }

    /// Whether a key is there.
    pub fn has(&self, key: &'static str) -> bool {
        self.get(key).is_some()
    }

    /// The value of a key.
    pub fn get(&self, key: &'static str) -> Option<&'a Spanned<DeValue<'a>>> {
        self.asked.borrow_mut().push(key);
        self.table.iter().find(|(name, _)| name.get_ref() == key).map(|(_, value)| value)
    }

    /// These keys are known, and read elsewhere.
    pub fn expect(&self, keys: &[&'static str]) {
        self.asked.borrow_mut().extend(keys);
    }

    /// A table under a key.
    pub fn section(&self, key: &'static str) -> Option<Section<'a>> {
        let value = self.get(key)?;
        self.table_of(key, value, self.header(key))
    }

    /// The tables under a key, by their names.
    pub fn sections(&self, key: &'static str) -> Vec<(Placed<String>, Section<'a>)> {
        let Some(group) = self.section(key) else {
            return Vec::new();
        };
        let tables = group.table.iter().filter_map(|(name, value)| {
            let placed = Placed { value: name.get_ref().to_string(), span: name.span() };
            let section = group.table_of(name.get_ref(), value, name.span())?;
            Some((placed, section))
        });
        let mut tables: Vec<_> = tables.collect();
        // In the order of the file: an output's number does not depend on its name.
        tables.sort_by_key(|(name, _)| name.span.start);
        tables
    }

    /// Every key with its value, in the order of the file.
    pub fn entries(&self) -> Vec<(Placed<String>, &'a Spanned<DeValue<'a>>)> {
        let entry = |(name, value): (&'a Spanned<_>, &'a Spanned<DeValue<'a>>)| {
            let name: &Spanned<std::borrow::Cow<'_, str>> = name;
            (Placed { value: name.get_ref().to_string(), span: name.span() }, value)
        };
        let mut entries: Vec<_> = self.table.iter().map(entry).collect();
        entries.sort_by_key(|(name, _)| name.span.start);
        entries
    }

    /// A text.
    pub fn text(&self, key: &'static str) -> Option<Placed<String>> {
        self.value(key, "a text in quotes", |value| value.as_str().map(str::to_owned))
    }

    /// Texts in brackets.
    pub fn texts(&self, key: &'static str) -> Option<Vec<Placed<String>>> {
        let found = self.value(key, "texts in brackets, as in [\"a\", \"b\"]", |value| {
            let DeValue::Array(items) = value else {
                return None;
            };
            let text = |item: &Spanned<DeValue<'a>>| {
                Some(Placed { value: item.get_ref().as_str()?.to_owned(), span: item.span() })
            };
            items.iter().map(text).collect::<Option<Vec<_>>>()
        })?;
        Some(found.value)
    }

    /// `true` or `false`.
    pub fn boolean(&self, key: &'static str) -> Option<Placed<bool>> {
        self.value(key, "`true` or `false`", DeValue::as_bool)
    }

    /// A finite number within bounds, both included.
    pub fn number(&self, key: &'static str, low: f64, high: f64) -> Option<Placed<f64>> {
        let found = self.value(key, "a number", number_of)?;
        if low <= found.value && found.value <= high {
            return Some(found);
        }
        let message = format!("`{key}` is {}, it must be from {low} to {high}", found.value);
        self.reader.complain(found.span, message, "");
        None
    }

    /// A whole number within bounds, both included.
    pub fn whole(&self, key: &'static str, low: u32, high: u32) -> Option<Placed<u32>> {
        let found = self.value(key, "a whole number", |value| {
            let integer = value.as_integer()?;
            // Too many digits for 128 bits is out of any range too.
            Some(i128::from_str_radix(integer.as_str(), integer.radix()).unwrap_or(i128::MAX))
        })?;
        match u32::try_from(found.value) {
            Ok(value) if low <= value && value <= high => Some(Placed { value, span: found.span }),
            _ => {
                let message = format!("`{key}` must be from {low} to {high}");
                self.reader.complain(found.span, message, "");
                None
            }
        }
    }

    /// Two numbers in brackets, the lower first.
    pub fn range(&self, key: &'static str) -> Option<(f64, f64)> {
        let found = self.value(key, "two numbers in brackets, as in [0, 100]", |value| {
            let DeValue::Array(bounds) = value else {
                return None;
            };
            let bounds: Option<Vec<f64>> = bounds.iter().map(|b| number_of(b.get_ref())).collect();
            bounds.filter(|bounds| bounds.len() == 2).map(|bounds| (bounds[0], bounds[1]))
        })?;
        if found.value.0 < found.value.1 {
            return Some(found.value);
        }
        self.reader.complain(found.span, format!("nothing lies within `{key}`"), "the lower first");
        None
    }

    /// A duration such as `"10s"`, up to a year.
    pub fn duration(&self, key: &'static str) -> Option<Duration> {
        let found = self.text(key)?;
        match duration(&found.value) {
            Some(value) => Some(value),
            None => {
                let message = format!("`{key}` is not a duration: \"{}\"", found.value);
                let help = "write \"10s\", \"5min\", \"2h\" or \"1day\"";
                self.reader.complain(found.span, message, help);
                None
            }
        }
    }

    /// One of several words.
    pub fn choice<T: Copy>(&self, key: &'static str, words: &[(&str, T)]) -> Option<T> {
        self.one_of(key, &self.text(key)?, words)
    }

    /// One of several words, found under a key.
    pub fn one_of<T: Copy>(
        &self,
        key: &str,
        found: &Placed<String>,
        words: &[(&str, T)],
    ) -> Option<T> {
        if let Some((_, choice)) = words.iter().find(|(word, _)| *word == found.value) {
            return Some(*choice);
        }
        let all: Vec<String> = words.iter().map(|(word, _)| format!("\"{word}\"")).collect();
        let help = match nearest(&found.value, words.iter().map(|(word, _)| *word)) {
            Some(near) => format!("did you mean \"{near}\"?"),
            None => format!("it is one of {}", all.join(", ")),
        };
        let message = format!("`{key}` cannot be \"{}\"", found.value);
        self.reader.complain(found.span.clone(), message, &help);
        None
    }

    /// Complains about a key that must be there.
    pub fn missing(&self, key: &str, help: &str) {
        let message = format!("[{}] has no `{key}`", self.path);
        self.reader.complain(self.span.clone(), message, help);
    }

    /// Complains about a value of this section.
    pub fn complain(&self, span: Range<usize>, message: impl Into<String>, help: &str) {
        self.reader.complain(span, message, help);
    }

    /// Notes what others found wrong with a value of this section.
    pub fn pass_on(&self, problems: Vec<Problem>) {
        self.reader.problems.borrow_mut().extend(problems);
    }

    /// The place of a key.
    pub fn header(&self, key: &str) -> Range<usize> {
        let entry = self.table.iter().find(|(name, _)| name.get_ref() == key);
        entry.map_or(self.span.clone(), |(name, _)| name.span())
    }

    /// Complains about every key that nothing asked for.
    pub fn done(&self) {
        let asked = self.asked.borrow();
        for (name, _) in self.table {
            let word = name.get_ref().as_ref();
            if asked.contains(&word) {
                continue;
            }
            let place = match self.path.as_str() {
                "" => String::new(),
                path => format!(" in [{path}]"),
            };
            let mut known: Vec<&str> = asked.clone();
            known.sort_unstable();
            known.dedup();
            let help = match nearest(word, known.iter().copied()) {
                Some(near) => format!("did you mean `{near}`?"),
                None if PLANNED.contains(&word) => "this version cannot do that yet".to_owned(),
                None => format!("known here: {}", known.join(", ")),
            };
            self.reader.complain(name.span(), format!("unknown key `{word}`{place}"), &help);
        }
    }

    fn table_of(
        &self,
        key: &str,
        value: &'a Spanned<DeValue<'a>>,
        span: Range<usize>,
    ) -> Option<Section<'a>> {
        let path = match self.path.as_str() {
            "" => key.to_owned(),
            path => format!("{path}.{key}"),
        };
        let DeValue::Table(table) = value.get_ref() else {
            let message = format!("`{path}` must be a table");
            self.reader.complain(value.span(), message, &format!("write [{path}] on a line"));
            return None;
        };
        Some(Section { reader: self.reader, table, span, path, asked: RefCell::default() })
    }

    fn value<T>(
        &self,
        key: &'static str,
        wanted: &str,
        take: impl Fn(&DeValue<'a>) -> Option<T>,
    ) -> Option<Placed<T>> {
        let value = self.get(key)?;
        match take(value.get_ref()) {
            Some(taken) => Some(Placed { value: taken, span: value.span() }),
            None => {
                self.reader.complain(value.span(), format!("`{key}` must be {wanted}"), "");
                None
            }
        }
    }
}

/// A finite number, however it is written.
pub fn number_of(value: &DeValue<'_>) -> Option<f64> {
    let number: f64 = match value {
        DeValue::Float(float) => float.as_str().parse().ok()?,
        DeValue::Integer(integer) => {
            i64::from_str_radix(integer.as_str(), integer.radix()).ok()? as f64
        }
        _ => return None,
    };
    number.is_finite().then_some(number)
}
