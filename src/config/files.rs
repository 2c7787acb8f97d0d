//! The files of a configuration: read whole, within bounds, or not at all.

use std::path::{Path, PathBuf};

use toml::de::DeTable;

use crate::problem::{Problem, Source};

use super::{Config, Report};

/// No file of ours is larger; a wrong path must not fill the memory.
const FILE_MAX: u64 = 1024 * 1024;

/// Reads one file of ours.
///
/// # Errors
/// Reports that it cannot be read, or is too large.
pub fn read(path: &Path) -> Result<Source, Report> {
    let size = std::fs::metadata(path).map_err(|error| absent(path, &error))?.len();
    if size > FILE_MAX {
        let problem = Problem::new(&path.display().to_string(), 0..0, "the file is too large");
        return Err(Report { problems: vec![problem], sources: Vec::new() });
    }
    let text = std::fs::read_to_string(path).map_err(|error| unreadable(path, &error))?;
    Ok(Source { name: path.display().to_string(), text })
}

/// A rules folder that was named must be there: without its rules the site would
/// look well and do nothing. The default one may be absent.
pub(super) fn folders(config: Config, source: &Source) -> Result<Config, Vec<Problem>> {
    let document = DeTable::parse_recoverable(&source.text).0;
    let named = document.get_ref().iter().find(|(key, _)| key.get_ref() == "rules");
    match named {
        Some((_, value)) if !config.rules.is_dir() => {
            let message = format!("there is no folder {}", config.rules.display());
            let problem = Problem::new(&source.name, value.span(), message);
            Err(vec![problem.help("a relative folder is beside the configuration file")])
        }
        _ => Ok(config),
    }
}

impl Config {
    /// The files of the rules folder, by name. Definitions for an editor (`*.d.rhai`)
    /// may lie beside them.
    ///
    /// # Errors
    /// When the folder or a file in it cannot be read.
    pub fn rule_files(&self) -> Result<Vec<Source>, Report> {
        let entries = match std::fs::read_dir(&self.rules) {
            Ok(entries) => entries,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(error) => return Err(unreadable(&self.rules, &error)),
        };
        let mut paths: Vec<PathBuf> = entries
            .filter_map(|entry| entry.ok().map(|entry| entry.path()))
            .filter(|path| path.extension().is_some_and(|extension| extension == "rhai"))
            .filter(|path| !path.to_string_lossy().ends_with(".d.rhai"))
            .collect();
        paths.sort();
        paths.iter().map(|path| read(path)).collect()
    }
}

/// A file that is not there, with what to do about it.
fn absent(path: &Path, error: &std::io::Error) -> Report {
    let mut report = unreadable(path, error);
    let is_config = path.extension().is_some_and(|extension| extension == "toml");
    if error.kind() == std::io::ErrorKind::NotFound && is_config {
        for problem in &mut report.problems {
            let help =
                "say where it is with `--config FILE`; examples/site.toml is one to begin with";
            problem.help = Some(help.to_owned());
        }
    }
    report
}

fn unreadable(path: &Path, error: &std::io::Error) -> Report {
    let problem = Problem::new(&path.display().to_string(), 0..0, format!("cannot read: {error}"));
    Report { problems: vec![problem], sources: Vec::new() }
}
