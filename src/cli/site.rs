//! Where the site's files are, and how to load them: shared by subcommands.

use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::Context;
use clap::Args;

use crate::config::{self, Config, last_good};
use crate::rules::RuleSet;

/// Where the configuration is looked for when nothing is said.
pub const DEFAULT_CONFIG: &str = "/etc/sunkeep/config.toml";

/// `--config`, the same for every subcommand.
#[derive(Clone, Debug, Args)]
pub struct ConfigArgs {
    /// The site's configuration.
    #[arg(long, value_name = "FILE", default_value = DEFAULT_CONFIG)]
    pub config: PathBuf,
}

/// A site that can be run.
pub struct LoadedSite {
    /// The checked configuration.
    pub config: Config,
    /// The compiled rules.
    pub rules: RuleSet,
}

impl ConfigArgs {
    /// Loads configuration and rules; the inner error is a report for people.
    ///
    /// # Errors
    /// Reserved for what is not the owner's mistake.
    pub fn load_site(&self) -> anyhow::Result<Result<LoadedSite, String>> {
        let config = match self.load_config() {
            Ok(config) => config,
            Err(report) => return Ok(Err(report)),
        };
        match config.load_rules() {
            Ok(rules) => Ok(Ok(LoadedSite { config, rules })),
            Err(report) => Ok(Err(report.render(color()))),
        }
    }

    /// Loads the configuration alone; the error is a report for people.
    ///
    /// # Errors
    /// When there is a mistake in it.
    pub fn load_config(&self) -> Result<Config, String> {
        let loaded = config::load(&self.config);
        loaded.map(|(config, _)| config).map_err(|report| report.render(color()))
    }

    /// The data folder that the configuration names, `data` beside it by default.
    /// Mistakes elsewhere in the file do not matter here.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn data(&self) -> anyhow::Result<PathBuf> {
        match self.declared_data() {
            Ok(Some(data)) => Ok(data),
            // A file that is torn may be run from its last good copy.
            Ok(None) => Ok(last_good::folder(&self.config).unwrap_or_else(|| self.beside("data"))),
            Err(error) => last_good::folder(&self.config).ok_or(error),
        }
    }

    /// The data folder as the file says it, if it does.
    fn declared_data(&self) -> anyhow::Result<Option<PathBuf>> {
        let file = self.config.display();
        let text = std::fs::read_to_string(&self.config)
            .with_context(|| format!("cannot read {file}; say which with --config FILE"))?;
        let table: toml::Table = text.parse().with_context(|| format!("cannot read {file}"))?;
        Ok(table.get("data").and_then(toml::Value::as_str).map(|data| self.beside(data)))
    }

    fn beside(&self, name: &str) -> PathBuf {
        self.config.parent().unwrap_or(Path::new("")).join(name)
    }
}

/// Whether reports on standard error may use color.
#[must_use]
pub fn color() -> bool {
    use std::io::IsTerminal;
    std::io::stderr().is_terminal() && std::env::var_os("NO_COLOR").is_none()
}

/// Reads `90s`, `10min`, `2h`, `1day` on the command line.
///
/// # Errors
/// Says what a duration looks like.
pub fn duration(text: &str) -> Result<Duration, String> {
    config::reader::duration(text)
        .ok_or_else(|| format!("`{text}` is no duration: write 90s, 10min, 2h or 1day"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check_duration(text: &str, expected: Option<f64>) {
        assert_eq!(duration(text).ok().map(|span| span.as_secs_f64()), expected, "{text}");
    }

    #[test]
    fn times_have_units() {
        check_duration("90s", Some(90.0));
        check_duration("1.5h", Some(5400.0));
        check_duration("250ms", Some(0.25));
        check_duration("5 min", Some(300.0));
        check_duration("7", None);
        check_duration("7 weeks", None);
        check_duration("-1s", None);
        check_duration("s", None);
    }

    #[test]
    fn the_data_directory_lies_beside_the_configuration() {
        let dir = tempfile::tempdir().unwrap();
        let config = dir.path().join("config.toml");
        for (text, expected) in [("", "data"), ("data = \"kept\"", "kept")] {
            std::fs::write(&config, text).unwrap();
            assert_eq!(
                ConfigArgs { config: config.clone() }.data().unwrap(),
                dir.path().join(expected)
            );
        }
    }
}
