//! The machine as files below a root, so that tests can have any machine.

use std::path::{Path, PathBuf};

/// A machine.
pub(super) struct Machine {
    root: PathBuf,
    /// Bytes free and in all, of the file system that holds a folder.
    pub space: fn(&Path) -> Option<(u64, u64)>,
}

impl Machine {
    /// This one.
    pub fn here() -> Self {
        Self { root: PathBuf::from("/"), space }
    }

    /// One that lies in a folder.
    #[cfg(test)]
    pub fn below(root: &Path) -> Self {
        Self { root: root.to_owned(), space: |_| None }
    }

    /// Where a file of the machine really is.
    pub fn path(&self, path: impl AsRef<Path>) -> PathBuf {
        let path = path.as_ref();
        self.root.join(path.strip_prefix("/").unwrap_or(path))
    }

    /// The text of a file.
    pub fn text(&self, path: impl AsRef<Path>) -> Option<String> {
        std::fs::read_to_string(self.path(path)).ok()
    }

    /// The first word of a file.
    pub fn word(&self, path: impl AsRef<Path>) -> Option<String> {
        let text = self.text(path)?;
        text.split_whitespace().next().map(str::to_owned)
    }

    pub fn exists(&self, path: impl AsRef<Path>) -> bool {
        self.path(path).exists()
    }

    /// Names in a folder, sorted; none if there is no such folder.
    pub fn names(&self, folder: impl AsRef<Path>) -> Vec<String> {
        let entries = std::fs::read_dir(self.path(folder)).into_iter().flatten().flatten();
        let mut names: Vec<_> =
            entries.map(|entry| entry.file_name().to_string_lossy().into_owned()).collect();
        names.sort();
        names
    }

    /// Where a link of the machine leads in the end, as the machine sees it.
    pub fn target(&self, path: impl AsRef<Path>) -> Option<PathBuf> {
        let real = std::fs::canonicalize(self.path(path)).ok()?;
        let root = std::fs::canonicalize(&self.root).ok()?;
        Some(Path::new("/").join(real.strip_prefix(root).ok()?))
    }
}

fn space(folder: &Path) -> Option<(u64, u64)> {
    let stat = rustix::fs::statvfs(folder).ok()?;
    Some((stat.f_bavail * stat.f_frsize, stat.f_blocks * stat.f_frsize))
}
