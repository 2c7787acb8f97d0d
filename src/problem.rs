//! What is wrong with a file that a person wrote, and where.
//!
//! The configuration and the rules are checked as a whole: every check adds a
//! [`Problem`] and goes on, so that one run shows all of them. This module
//! turns byte ranges into lines and columns, draws excerpts and finds the word
//! that was probably meant. It reads no files and decides nothing.

use std::cmp::Reverse;
use std::ops::Range;

use annotate_snippets::renderer::DecorStyle;
use annotate_snippets::{AnnotationKind, Group, Level, Origin, Renderer, Snippet};
use serde::Serialize;

/// A file as it was read, to show excerpts of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Source {
    /// The name shown in messages.
    pub name: String,
    /// The whole text.
    pub text: String,
}

/// How much a problem matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// Nothing starts.
    Error,
    /// Everything starts; a person should look at it once.
    Warning,
}

/// One complaint about one place in a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// The [`Source::name`] it is about.
    pub file: String,
    /// Bytes of the text that are to blame.
    pub span: Range<usize>,
    /// What is wrong, lower case, without a full stop.
    pub message: String,
    /// What to do about it, if that can be said.
    pub help: Option<String>,
    /// How much it matters.
    pub severity: Severity,
}

/// A problem as `--json` prints it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Located {
    /// The file's name.
    pub file: String,
    /// Line, from 1.
    pub line: usize,
    /// Column in characters, from 1.
    pub column: usize,
    /// What is wrong.
    pub message: String,
    /// What to do about it.
    pub help: Option<String>,
    /// `error` or `warning`.
    pub severity: Severity,
}

impl Problem {
    /// A problem without advice.
    #[must_use]
    pub fn new(file: &str, span: Range<usize>, message: impl Into<String>) -> Self {
        let (file, message) = (file.to_owned(), message.into());
        Self { file, span, message, help: None, severity: Severity::Error }
    }

    /// Something that stops nothing.
    #[must_use]
    pub fn warning(file: &str, span: Range<usize>, message: impl Into<String>) -> Self {
        Self { severity: Severity::Warning, ..Self::new(file, span, message) }
    }

    /// Adds what to do about it.
    #[must_use]
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    /// The problem with its line and column; 1:1 when its file is not among `sources`.
    #[must_use]
    pub fn locate(&self, sources: &[Source]) -> Located {
        let text = text_of(&self.file, sources);
        let (line, column) = line_column(text, self.span.start);
        Located {
            file: self.file.clone(),
            line,
            column,
            message: self.message.clone(),
            help: self.help.clone(),
            severity: self.severity,
        }
    }
}

/// Draws each problem with its file, line, column and excerpt.
#[must_use]
pub fn render(problems: &[Problem], sources: &[Source], color: bool) -> String {
    let renderer = if color { Renderer::styled() } else { Renderer::plain() };
    let renderer = renderer.decor_style(DecorStyle::Ascii);
    let mut out = String::new();
    for problem in problems {
        let text = text_of(&problem.file, sources);
        let level = match problem.severity {
            Severity::Error => Level::ERROR,
            Severity::Warning => Level::WARNING,
        };
        let title = level.primary_title(problem.message.as_str());
        let place = problem.file.as_str();
        let mut report = vec![if text.is_empty() {
            title.element(Origin::path(place))
        } else {
            let mark = AnnotationKind::Primary.span(clamp(text, &problem.span));
            title.element(Snippet::source(text).path(place).annotation(mark))
        }];
        if let Some(help) = &problem.help {
            report.push(Group::with_title(Level::HELP.secondary_title(help.as_str())));
        }
        out.push_str(&renderer.render(&report));
        out.push_str("\n\n");
    }
    out
}

/// Puts problems into the order of files and places, and drops repetitions.
pub fn sort(problems: &mut Vec<Problem>) {
    problems.sort_by(|a, b| {
        (&a.file, a.span.start, &a.message).cmp(&(&b.file, b.span.start, &b.message))
    });
    problems.dedup();
}

/// The known word that `word` was probably meant to be.
///
/// Words must share two thirds of their letters: a far-fetched guess sends a
/// person the wrong way, which is worse than none.
#[must_use]
pub fn nearest<'a>(word: &str, known: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let word = word.to_lowercase();
    known
        .map(|candidate| {
            let lower = candidate.to_lowercase();
            let common = word.chars().zip(lower.chars()).take_while(|(a, b)| a == b).count();
            (strsim::damerau_levenshtein(&word, &lower), Reverse(common), candidate)
        })
        .filter(|(distance, _, candidate)| {
            let letters = word.chars().count().max(candidate.chars().count());
            distance * 3 <= letters || is_part(&word, candidate)
        })
        // Of equally near words the one that begins alike, then the first.
        .min_by_key(|(distance, common, _)| (*distance, *common))
        .map(|(.., candidate)| candidate)
}

/// Whether a word is all that was said of a longer one: `load` of `load_output`.
fn is_part(word: &str, candidate: &str) -> bool {
    let candidate = candidate.to_lowercase();
    let rest = candidate.strip_prefix(word).or_else(|| candidate.strip_suffix(word));
    word.chars().count() > 2
        && rest.is_some_and(|rest| rest.starts_with('_') || rest.ends_with('_'))
}

/// Line and column (in characters) of a byte offset, both from 1.
#[must_use]
pub fn line_column(text: &str, offset: usize) -> (usize, usize) {
    let before = &text[..floor(text, offset)];
    let line = before.matches('\n').count() + 1;
    let column = before.rsplit('\n').next().unwrap_or("").chars().count() + 1;
    (line, column)
}

/// The byte range of the word at a line and column (both from 1).
///
/// Interpreters report where a token starts, an excerpt wants to underline it.
#[must_use]
pub fn word_at(text: &str, line: usize, column: usize) -> Range<usize> {
    let start: usize = text.split_inclusive('\n').take(line.saturating_sub(1)).map(str::len).sum();
    let rest = text.get(start..).unwrap_or("");
    let this = rest.split('\n').next().unwrap_or("");
    let skip = this.char_indices().nth(column.saturating_sub(1)).map_or(this.len(), |(at, _)| at);
    let tail = &this[skip..];
    let is_word = |c: char| c.is_alphanumeric() || c == '_';
    let length = match tail.chars().next() {
        Some(first) if is_word(first) => tail.find(|c| !is_word(c)).unwrap_or(tail.len()),
        Some('"') => tail[1..].find('"').map_or(tail.len(), |end| end + 2),
        Some(first) => first.len_utf8(),
        None => 0,
    };
    start + skip..start + skip + length
}

fn text_of<'a>(file: &str, sources: &'a [Source]) -> &'a str {
    sources.iter().find(|source| source.name == file).map_or("", |source| source.text.as_str())
}

fn clamp(text: &str, span: &Range<usize>) -> Range<usize> {
    let start = floor(text, span.start);
    start..floor(text, span.end).max(start)
}

fn floor(text: &str, offset: usize) -> usize {
    let mut offset = offset.min(text.len());
    while !text.is_char_boundary(offset) {
        offset -= 1;
    }
    offset
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_and_columns_count_characters() {
        let text = "a = 1\n°C = 2\n";
        assert_eq!(line_column(text, 0), (1, 1));
        assert_eq!(line_column(text, 6), (2, 1));
        assert_eq!(line_column(text, text.find('=').map_or(0, |at| at)), (1, 3));
        assert_eq!(line_column(text, 10), (2, 4), "the degree sign is one character");
        assert_eq!(line_column(text, 999), (3, 1));
    }

    #[test]
    fn a_word_is_underlined_as_a_whole() {
        let text = "first\n  soc below \"x y\" 30\n";
        assert_eq!(&text[word_at(text, 2, 3)], "soc");
        assert_eq!(&text[word_at(text, 2, 13)], "\"x y\"");
        assert_eq!(word_at(text, 9, 9), text.len()..text.len());
    }

    #[track_caller]
    fn check_nearest(word: &str, expected: Option<&str>) {
        let known = ["soc", "pv_power", "cell_temperature", "load_output"];
        assert_eq!(nearest(word, known.into_iter()), expected);
    }

    #[test]
    fn the_nearest_word_is_near() {
        check_nearest("pv_powr", Some("pv_power"));
        check_nearest("cell_temprature", Some("cell_temperature"));
        check_nearest("SOC", Some("soc"));
        check_nearest("generator", None);
        check_nearest("x", None);
    }

    #[test]
    fn an_excerpt_names_file_line_and_column() {
        let source = Source { name: "site.toml".into(), text: "[site]\nlatitud = 1\n".into() };
        let problem = Problem::new("site.toml", 7..14, "unknown key `latitud`")
            .help("did you mean `latitude`?");
        let drawn = render(&[problem], &[source], false);
        assert!(drawn.contains("site.toml:2:1"), "{drawn}");
        assert!(drawn.contains("^^^^^^^"), "{drawn}");
        assert!(drawn.contains("did you mean `latitude`?"), "{drawn}");
    }
}
