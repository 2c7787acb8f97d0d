//! The configuration that a run has started well with, kept for the day on which the
//! file is torn or wrong.
//!
//! A daemon that refuses to start leaves a site without heater, limits and telemetry,
//! and nobody may be there for weeks. So `run`, and nothing else, goes on with the
//! copy, and says so until the file is right. The copy lies in the data folder and
//! names the file that it is of; the file itself is never written.

use std::path::{Path, PathBuf};
use std::{fs, io};

use super::{Config, Report, load, parse, read};
use crate::problem::{Problem, Source};
use crate::whole;

/// The copy's name in the data folder.
pub const FILE: &str = "config.last-good.toml";

/// What is said of a file that is the beginning of the last good one.
const CUT_OFF: &str = "the file ends here, in the middle of what last ran well";

/// Where the packaged service keeps its data.
const PACKAGED: &str = "/var/lib/sunkeep";

/// Reads a configuration that is whole: one that is the beginning of the last good
/// one and no more counts as cut off.
///
/// # Errors
/// Reports every problem of the file.
pub fn load_whole(path: &Path) -> Result<(Config, Source), Report> {
    let (config, source) = load(path)?;
    let cut_off = kept(path).is_some_and(|(_, kept)| is_cut_off(&source.text, &kept.text));
    if !cut_off {
        return Ok((config, source));
    }
    let end = source.text.trim_end().len();
    let problem = Problem::new(&source.name, end..end, CUT_OFF);
    let problem = problem.help("if its end was removed on purpose, add a comment there");
    Err(Report { problems: vec![problem], sources: vec![source] })
}

/// Reads a configuration; the last good one if the file is torn or wrong. Then
/// [`Config::instead`] says why.
///
/// # Errors
/// Reports every problem of the file, when there is no copy that can be used.
pub fn load_or_last_good(path: &Path) -> Result<(Config, Source), Report> {
    let report = match load_whole(path) {
        Ok(found) => return Ok(found),
        Err(report) => report,
    };
    let first = report.located().into_iter().next().map(|problem| {
        let help = problem.help.map(|help| format!("; {help}")).unwrap_or_default();
        format!("line {}, column {}: {}{help}", problem.line, problem.column, problem.message)
    });
    let folder = path.parent().unwrap_or_else(|| Path::new(""));
    let copy = kept(path).and_then(|(_, kept)| Some((parse(&kept, folder).ok()?, kept)));
    let Some((config, source)) = copy else {
        // What is whole apart from a copy that is of no use is all there is.
        return load(path);
    };
    let first = first.unwrap_or_default();
    let instead = format!("{} cannot be used: {first}", path.display());
    Ok((Config { instead, ..config }, source))
}

/// Keeps what a run has started well with, whole or not at all.
///
/// # Errors
/// When the data folder cannot be written.
pub fn keep(config: &Config, path: &Path, source: &Source) -> io::Result<()> {
    let text = format!("{}\n{}", head(path), source.text);
    whole::replace(&config.data.join(FILE), &text)
}

/// The data folder in which a copy of this file lies.
#[must_use]
pub fn folder(path: &Path) -> Option<PathBuf> {
    kept(path).map(|(folder, _)| folder)
}

/// The copy of this file, and the data folder in which it lies.
fn kept(path: &Path) -> Option<(PathBuf, Source)> {
    let copy = |folder: PathBuf| {
        let source = read(&folder.join(FILE)).ok()?;
        // On a machine with two sites each has its own.
        let text = source.text.strip_prefix(&head(path))?.strip_prefix('\n')?.to_owned();
        Some((folder, Source { text, ..source }))
    };
    candidates(path).into_iter().find_map(copy)
}

/// Where the data folder may be when the file cannot tell any more.
fn candidates(path: &Path) -> Vec<PathBuf> {
    let beside = path.parent().unwrap_or_else(|| Path::new(""));
    let bytes = fs::read(path).unwrap_or_default();
    let text = String::from_utf8_lossy(&bytes);
    let top = text.lines().take_while(|line| !line.trim_start().starts_with('['));
    let declared = top.filter_map(|line| {
        let table: toml::Table = line.parse().ok()?;
        Some(beside.join(table.get("data")?.as_str()?))
    });
    // Set by systemd for a service with a state folder.
    let state = std::env::var_os("STATE_DIRECTORY").map(PathBuf::from);
    declared.chain(state).chain([beside.join("data"), PACKAGED.into()]).collect()
}

/// The copy's first line.
fn head(path: &Path) -> String {
    let path = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
    format!("# The last good copy of {}, kept by sunkeep.", path.display())
}

/// Whether a text is the beginning of another one, and more than blanks and comments
/// are missing.
fn is_cut_off(text: &str, whole: &str) -> bool {
    let Some(rest) = whole.strip_prefix(text) else { return false };
    // What is left of the line in which it ends may be the end of a comment.
    let line = text.rsplit('\n').next().unwrap_or_default();
    let rest = match rest.split_once('\n') {
        Some((_, after)) if line.trim_start().starts_with('#') => after,
        None if line.trim_start().starts_with('#') => "",
        _ => rest,
    };
    let says = |line: &str| !line.trim().is_empty() && !line.trim_start().starts_with('#');
    rest.lines().any(says)
}
