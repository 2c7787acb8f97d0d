//! The card: is there room, and can it be written?

use std::path::Path;

use super::{Patient, Said, bad, good, unknown, warning};

/// Journal and history stay below this with room for everybody else.
const FREE_MIN: u64 = 200 << 20;
/// Below this a few days are left.
const FREE_BAD: u64 = 30 << 20;

pub(super) fn space(patient: &Patient) -> Vec<Said> {
    let Some(config) = &patient.config else {
        return Vec::new();
    };
    let folder = nearest(&config.data);
    let Some((free, all)) = (patient.machine.space)(&patient.machine.path(folder)) else {
        return vec![unknown(format!("nobody says how much room {} has", folder.display()))];
    };
    let found = format!("{} of {} MiB free at {}", free >> 20, all >> 20, folder.display());
    let mend = "sudo journalctl --vacuum-size=50M; sudo apt-get clean";
    match free {
        0..FREE_BAD => vec![bad(found, mend)],
        FREE_BAD..FREE_MIN => vec![warning(found, mend)],
        _ => vec![good(found)],
    }
}

/// The folder, or what there is of the way to it.
fn nearest(folder: &Path) -> &Path {
    folder.ancestors().find(|folder| folder.exists()).unwrap_or_else(|| Path::new("/"))
}

pub(super) fn mount(patient: &Patient) -> Vec<Said> {
    let (Some(config), Some(mounts)) = (&patient.config, patient.machine.text("proc/mounts"))
    else {
        return Vec::new();
    };
    let mounts = mounts.lines().filter_map(|line| {
        let mut words = line.split_whitespace().skip(1);
        let (place, kind, options) = (words.next()?, words.next()?, words.next()?);
        config.data.starts_with(place).then_some((place, kind, options))
    });
    // The longest place is the one that counts; of equals the last one mounted.
    let Some((place, kind, options)) = mounts.max_by_key(|(place, ..)| place.len()) else {
        return vec![unknown(format!("no mount holds {}", config.data.display()))];
    };
    let data = config.data.display();
    if options.split(',').any(|option| option == "ro") {
        let found = format!("{place} is read-only: nothing is remembered of what happens");
        return vec![bad(found, format!("sudo mount -o remount,rw {place}; dmesg | grep -i ext4"))];
    }
    if kind == "tmpfs" || kind == "overlay" {
        let found = format!("{data} is in memory ({kind}): the journal is gone after a power cut");
        return vec![warning(found, "put `data` on the card: see docs/installation.md")];
    }
    vec![good(format!("{place} ({kind}) can be written"))]
}
