//! One daemon a data folder.

use std::fs::{File, OpenOptions};
use std::io::{Read, Write};
use std::path::Path;

use rustix::fs::{FlockOperation, flock};

use super::StartError;

/// The folder is ours until this is dropped.
#[derive(Debug)]
pub struct Lock {
    _file: File,
}

impl Lock {
    /// Takes the folder. A folder that cannot be written is nobody's: control
    /// must start even when the disk is broken.
    ///
    /// # Errors
    /// When another process has it.
    pub fn take(data: &Path) -> Result<Option<Self>, StartError> {
        // A folder that cannot be made fails with the next line too.
        let _ = std::fs::create_dir_all(data);
        let path = data.join("lock");
        let opened =
            OpenOptions::new().read(true).write(true).create(true).truncate(false).open(path);
        let Ok(mut file) = opened else {
            return Ok(None);
        };
        if flock(&file, FlockOperation::NonBlockingLockExclusive).is_err() {
            let mut pid = String::new();
            // Only for the message.
            let _ = file.read_to_string(&mut pid);
            return Err(StartError::Busy { data: data.to_owned(), pid: pid.trim().to_owned() });
        }
        // Only for the message of the next one.
        let _ = file.set_len(0).and_then(|()| writeln!(file, "{}", std::process::id()));
        Ok(Some(Self { _file: file }))
    }
}
