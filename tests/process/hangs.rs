//! What does not return: a driver that hangs, a disk that syncs for ever. A step of
//! control waits for the one and must not wait for the other.

use std::os::unix::net::UnixDatagram;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use rustix::process::Signal;

use crate::site::{HEATER, MODEM, Site};

/// What a lease may take to expire, with a machine that builds at the same time.
const LEASE_LIMIT: Duration = Duration::from_secs(6);

/// So long without a word, several times what is between two meals of the watchdog.
const SILENCE: Duration = Duration::from_secs(3);

#[test]
fn a_driver_that_hangs_keeps_no_other_pin_from_safe_and_starves_the_watchdog() {
    let site = Site::new();
    let socket = site.path("notify");
    let heard = UnixDatagram::bind(&socket).unwrap();
    heard.set_read_timeout(Some(SILENCE)).unwrap();
    // Only the heater is due to be switched when nobody asks for it.
    site.edit("min_off = \"100ms\"\nmax_on = \"2s\"", "min_off = \"100ms\"\nmax_on = \"1h\"");
    site.soc(20.0);
    let mut daemon = site.run_with(|command| {
        command.env("NOTIFY_SOCKET", &socket);
    });
    daemon.wait_for("mode", &["started"]);
    site.say(&["arm"]);
    daemon.wait_for("result", &["heater", "verified on"]);
    daemon.wait_for("result", &["modem", "verified off"]);
    site.witness.hang(Some(HEATER));
    let since = site.witness.now();
    // The next act on the heater, when its longest time is over, hangs.
    let back = site.witness.wait_for_move(MODEM, false, since);
    assert!(back - since < LEASE_LIMIT, "the modem is safe after {:?}", back - since);
    assert_eq!(site.witness.high(HEATER), Some(true), "nothing can be done about it here");
    // What was said before is read; after that nothing comes that feeds a watchdog.
    let mut buffer = [0; 1024];
    while heard.recv(&mut buffer).is_ok() {}
    let again = heard.recv(&mut buffer).map(|length| buffer[..length].to_vec());
    assert!(again.is_err(), "{:?}", again.map(String::from_utf8));
    // As the unit does when its watchdog bites; whoever starts next has the pin.
    let _ = daemon.end(Signal::KILL);
    site.witness.hang(None);
    site.soc(60.0);
    let mut daemon = site.run();
    daemon.wait_for("mode", &["run", "started"]);
    assert!(site.pins_are_safe());
}

/// A library in front of the C library whose syncs take as long as a file exists.
const STUCK: &str = r#"
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdlib.h>
#include <unistd.h>
static int stuck(const char *name, int fd) {
    const char *file = getenv("STUCK_WHILE");
    while (file && access(file, F_OK) == 0) usleep(5000);
    return ((int (*)(int))dlsym(RTLD_NEXT, name))(fd);
}
int fsync(int fd) { return stuck("fsync", fd); }
int fdatasync(int fd) { return stuck("fdatasync", fd); }
"#;

fn stuck_library(folder: &Path) -> PathBuf {
    let (source, library) = (folder.join("stuck.c"), folder.join("stuck.so"));
    std::fs::write(&source, STUCK).unwrap();
    let cc = std::env::var("CC").unwrap_or_else(|_| "cc".to_owned());
    let mut build = Command::new(cc);
    build.args(["-shared", "-fPIC", "-o"]).arg(&library).arg(&source).arg("-ldl");
    assert!(build.status().unwrap().success(), "a C compiler is needed for SQLite too");
    library
}

#[test]
fn while_a_sync_does_not_return_safe_is_reached_and_nothing_leaves_it() {
    let site = Site::new();
    for pin in ["min_off = \"300ms\"", "min_off = \"100ms\""] {
        site.edit(&format!("{pin}\nmax_on = \"2s\""), &format!("{pin}\nmax_on = \"1h\""));
    }
    let (library, flag) = (stuck_library(&site.path("")), site.path("stuck"));
    site.soc(20.0);
    let mut daemon = site.run_with(|command| {
        command.env("LD_PRELOAD", &library).env("STUCK_WHILE", &flag);
    });
    daemon.wait_for("mode", &["started"]);
    site.say(&["arm"]);
    daemon.wait_for("result", &["heater", "verified on"]);
    daemon.wait_for("result", &["modem", "verified off"]);

    std::fs::write(&flag, "").unwrap();
    let since = site.witness.now();
    site.soc(60.0);
    site.witness.wait_for_move(HEATER, false, since);
    site.witness.wait_for_move(MODEM, false, since);
    // Asked to leave safe again, it says so and waits for the disk.
    site.soc(20.0);
    daemon.wait_for("intent", &["heater", "on"]);
    assert!(daemon.lives_on(SILENCE), "{}", daemon.log());
    assert!(site.pins_are_safe(), "an act without a synced intent: {:?}", site.witness.moves());
    let pause = site.witness.longest_silence(since, site.witness.now());
    println!("no step for {pause:?} at most while a sync took for ever");
    assert!(pause < LEASE_LIMIT, "steps wait for the disk: none for {pause:?}");

    std::fs::remove_file(&flag).unwrap();
    daemon.wait_for("result", &["heater", "verified on"]);
}
