//! `sunkeep backup`: both databases, copied while the daemon runs, and checked.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, bail};
use clap::Args;
use indicatif::{ProgressBar, ProgressStyle};

use super::declared::SiteArgs;
use super::when::local;
use crate::clock::{Clock, SystemClock};
use crate::store::upkeep;

/// Copy journal and history to a safe place, also while the daemon runs.
///
/// Each copy is one moment of its file and is checked before it gets its name. A
/// folder with a backup in it is never written to again.
#[derive(Debug, Args)]
pub struct Backup {
    /// A folder for the two files. One that is there gets a folder with the time as its
    /// name; one that is not is made.
    #[arg(value_name = "FOLDER")]
    to: PathBuf,
    #[command(flatten)]
    site: SiteArgs,
}

impl Backup {
    /// Copies both files.
    ///
    /// # Errors
    /// When a file cannot be read or written, or is there already.
    pub fn run(&self) -> anyhow::Result<ExitCode> {
        let declared = self.site.read()?;
        let now = local(SystemClock::new().now().wall, &declared.zone, "%Y-%m-%dT%H-%M-%S");
        let folder = match self.to.is_dir() {
            true => self.to.join(format!("sunkeep-{now}")),
            false => self.to.clone(),
        };
        if folder.exists() {
            bail!("{} is there already: nothing is replaced", folder.display());
        }
        std::fs::create_dir_all(&folder)
            .with_context(|| format!("cannot make the folder {}", folder.display()))?;
        let copied = copy(&declared.data, &folder);
        if copied.is_err() {
            // Only if nothing is in it.
            let _ = std::fs::remove_dir(&folder);
        }
        for size in copied? {
            println!("{}  {}", folder.join(size.file).display(), readable(size.bytes));
        }
        println!("both checked: every page and index is whole");
        Ok(ExitCode::SUCCESS)
    }
}

fn copy(from: &Path, to: &Path) -> anyhow::Result<Vec<upkeep::Size>> {
    let bar = ProgressBar::new(0);
    if let Ok(style) =
        ProgressStyle::with_template("{wide_bar} {bytes} of {total_bytes}  {eta} left")
    {
        bar.set_style(style);
    }
    let copied = upkeep::copy(from, to, |done, total| {
        bar.set_length(total.max(done));
        bar.set_position(done);
    });
    bar.finish_and_clear();
    copied.with_context(|| format!("no backup of {}", from.display()))
}

/// `1.2 MB`
#[must_use]
pub fn readable(bytes: u64) -> String {
    // Sizes of disks: far within an f64.
    let bytes = bytes as f64;
    match bytes {
        0.0..1e3 => format!("{bytes} B"),
        1e3..1e6 => format!("{:.1} kB", bytes / 1e3),
        1e6..1e9 => format!("{:.1} MB", bytes / 1e6),
        _ => format!("{:.2} GB", bytes / 1e9),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_readable() {
        let texts = [0, 999, 1000, 1_234_567, 12_345_678_901].map(readable);
        assert_eq!(texts, ["0 B", "999 B", "1.0 kB", "1.2 MB", "12.35 GB"]);
    }
}
