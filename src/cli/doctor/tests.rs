//! Each check on machines made of a few files.

use std::os::unix::fs::symlink;
use std::path::Path;

use super::*;
use crate::control::{DeviceStatus, OutputStatus};
use crate::problem::Source;

const SITE: &str = "
data = '/data'
[devices.mppt]
port = '/dev/serial/by-id/mppt'
serial_number = 'HQ1'
[outputs.heater]
gpio = 17
active = 'high'
safe = 'off'
";

fn patient(root: &Path, site: &str, files: &[(&str, &str)]) -> Patient {
    for (path, text) in files {
        let path = root.join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        match text.strip_prefix("-> ") {
            Some(target) => symlink(target, path).unwrap(),
            None => std::fs::write(path, text).unwrap(),
        }
    }
    let source = Source { name: "site.toml".to_owned(), text: site.to_owned() };
    let config = config::parse(&source, Path::new("/etc/sunkeep")).unwrap();
    let (config, config_problem) = (Some(config), String::new());
    Patient { machine: Machine::below(root), config, config_problem, status: None }
}

/// What a check says of a machine: grade and beginning of each finding.
#[track_caller]
fn check_with(
    look: Look,
    site: &str,
    files: &[(&str, &str)],
    change: impl Fn(&mut Patient),
    expected: &[(Grade, &str)],
) {
    let folder = tempfile::tempdir().unwrap();
    let mut patient = patient(folder.path(), site, files);
    change(&mut patient);
    let said = look(&patient);
    let fits =
        |(said, wanted): (&Said, &(Grade, &str))| said.0 == wanted.0 && said.1.contains(wanted.1);
    let same = said.len() == expected.len() && said.iter().zip(expected).all(fits);
    assert!(same, "{said:#?} instead of {expected:#?}");
    for (grade, found, mend) in said {
        assert_eq!(grade >= Grade::Warning, !mend.is_empty(), "{found}: {mend}");
    }
}

#[track_caller]
fn check(look: Look, files: &[(&str, &str)], expected: &[(Grade, &str)]) {
    check_with(look, SITE, files, |_| {}, expected);
}

#[test]
fn a_watchdog_is_armed_with_at_most_fifteen_seconds() {
    let device = ("sys/class/watchdog/watchdog0/identity", "Broadcom BCM2835 Watchdog timer");
    let with = |line: &'static str| [device, ("etc/systemd/system.conf", line)];
    let look = system::watchdog;
    check(look, &[], &[(Grade::Warning, "no watchdog device")]);
    check(look, &[device], &[(Grade::Warning, "none is armed")]);
    check(
        look,
        &with("[Manager]\n#RuntimeWatchdogSec=off\n"),
        &[(Grade::Warning, "none is armed")],
    );
    check(look, &with("[Manager]\nRuntimeWatchdogSec=10s\n"), &[(Grade::Good, "armed")]);
    check(look, &with("RuntimeWatchdogSec=14\n"), &[(Grade::Good, "armed")]);
    check(look, &with("RuntimeWatchdogSec=60s\n"), &[(Grade::Bad, "more than 15 s")]);
    check(look, &with("RuntimeWatchdogSec=1min\n"), &[(Grade::Bad, "more than 15 s")]);
    check(look, &with("RuntimeWatchdogSec=0\n"), &[(Grade::Warning, "switched off")]);
}

#[test]
fn the_last_word_on_the_watchdog_counts() {
    let files = [
        ("sys/class/watchdog/watchdog0/identity", ""),
        ("etc/systemd/system.conf", "RuntimeWatchdogSec=60\n"),
        ("etc/systemd/system.conf.d/10-pi.conf", "RuntimeWatchdogSec=12\n"),
    ];
    check(system::watchdog, &files, &[(Grade::Good, "RuntimeWatchdogSec=12")]);
}

#[test]
fn a_memory_limit_needs_memory_cgroups() {
    let look = system::memory_cgroup;
    check(look, &[], &[(Grade::Warning, "does nothing")]);
    check(
        look,
        &[("sys/fs/cgroup/cgroup.controllers", "cpu io pids\n")],
        &[(Grade::Warning, "off")],
    );
    check(look, &[("sys/fs/cgroup/cgroup.controllers", "cpu memory\n")], &[(Grade::Good, "on")]);
    check(look, &[("proc/cgroups", "memory\t0\t1\t1\n")], &[(Grade::Good, "on")]);
}

#[test]
fn a_clock_comes_from_the_network_or_from_a_chip() {
    check(system::time, &[], &[(Grade::Warning, "no clock chip")]);
    check(system::time, &[("sys/class/rtc/rtc0/name", "ds3231")], &[(Grade::Good, "clock chip")]);
    let synchronised = [("run/systemd/timesync/synchronized", "")];
    check(system::time, &synchronised, &[(Grade::Good, "network")]);
}

#[test]
fn under_voltage_is_told_now_and_since_boot() {
    let bits = |bits: &'static str| [("sys/devices/platform/soc/soc:firmware/get_throttled", bits)];
    check(system::power, &[], &[(Grade::Unknown, "no word")]);
    check(system::power, &bits("0\n"), &[(Grade::Good, "no under-voltage")]);
    check(system::power, &bits("10000\n"), &[(Grade::Warning, "since boot")]);
    check(system::power, &bits("10001\n"), &[(Grade::Bad, "under-voltage now")]);
    let both = [(Grade::Warning, "under-voltage"), (Grade::Warning, "throttled")];
    check(system::power, &bits("50000\n"), &both);
}

#[test]
fn the_card_has_room_and_can_be_written() {
    let with = |free: fn(&Path) -> Option<(u64, u64)>, expected: &[(Grade, &str)]| {
        check_with(storage::space, SITE, &[], |patient| patient.machine.space = free, expected);
    };
    with(|_| None, &[(Grade::Unknown, "")]);
    with(|_| Some((8 << 30, 16 << 30)), &[(Grade::Good, "8192 of 16384 MiB")]);
    with(|_| Some((100 << 20, 16 << 30)), &[(Grade::Warning, "100 of")]);
    with(|_| Some((1 << 20, 16 << 30)), &[(Grade::Bad, "1 of")]);
    let mounts = |text: &'static str| [("proc/mounts", text)];
    let root = "/dev/root / ext4 rw,noatime 0 0\n";
    check(storage::mount, &mounts(root), &[(Grade::Good, "/ (ext4)")]);
    let own = "/dev/root / ext4 rw 0 0\n/dev/sda1 /data ext4 ro,noatime 0 0\n";
    check(storage::mount, &mounts(own), &[(Grade::Bad, "/data is read-only")]);
    let memory = "overlay / overlay rw 0 0\n";
    check(storage::mount, &mounts(memory), &[(Grade::Warning, "in memory")]);
}

#[test]
fn a_pin_boots_at_its_safe_level_or_is_told() {
    let look = outputs::boot_pulls;
    check(look, &[], &[(Grade::Good, "GPIO 17 boots off")]);
    let with = |from: &str, to: &str, files: &[(&str, &str)], expected: &[(Grade, &str)]| {
        check_with(look, &SITE.replace(from, to), files, |_| {}, expected);
    };
    with("gpio = 17", "gpio = 4", &[], &[(Grade::Bad, "GPIO 4 is pulled up at boot, so it is on")]);
    with("'high'", "'low'", &[], &[(Grade::Bad, "GPIO 17 is pulled down at boot, so it is on")]);
    with("'off'", "'on'", &[], &[(Grade::Bad, "so it is off")]);
    let told = [("boot/firmware/config.txt", "gpio=2-5=op,dl\n")];
    with("gpio = 17", "gpio = 4", &told, &[(Grade::Good, "boots off")]);
    let told = [("boot/firmware/config.txt", "gpio=2,3=op,dl\n")];
    with("gpio = 17", "gpio = 4", &told, &[(Grade::Bad, "pulled up")]);
}

#[test]
fn the_pins_of_the_example_boot_at_their_safe_levels() {
    let folder = tempfile::tempdir().unwrap();
    let example = include_str!("../../../examples/site.toml");
    let said = outputs::boot_pulls(&patient(folder.path(), example, &[]));
    assert!(said.len() >= 4 && said.iter().all(|said| said.0 == Grade::Good), "{said:#?}");
}

#[test]
fn a_pin_of_the_character_device_needs_a_kernel_that_keeps_it() {
    let look = outputs::persistence;
    let file = "sys/module/pinctrl_bcm2835/parameters/persist_gpio_outputs";
    check(look, &[("dev/gpiomem", "")], &[]);
    check(look, &[], &[(Grade::Warning, "heater: this kernel lets a pin go")]);
    check(look, &[(file, "Y\n")], &[(Grade::Good, "keeps a pin")]);
    check(look, &[(file, "N\n")], &[(Grade::Warning, "lets a pin go")]);
}

#[test]
fn pins_need_a_device() {
    check(outputs::access, &[], &[(Grade::Bad, "no GPIO device")]);
    check(outputs::access, &[("dev/gpiochip0", "")], &[(Grade::Good, "can be used")]);
}

const PORT: [(&str, &str); 2] =
    [("dev/serial/by-id/mppt", "-> ../../ttyUSB3"), ("dev/ttyUSB3", "")];

#[test]
fn a_port_is_there_by_a_name_that_stays() {
    check(ports::there, &[], &[(Grade::Bad, "there is no /dev/serial/by-id/mppt")]);
    check(ports::there, &PORT, &[(Grade::Good, "mppt")]);
    let numbered = SITE.replace("/dev/serial/by-id/mppt", "/dev/ttyUSB3");
    let expected = [(Grade::Warning, "another one after a replug")];
    check_with(ports::there, &numbered, &PORT, |_| {}, &expected);
}

#[test]
fn who_holds_a_port_is_named() {
    let held = |name: &'static str| {
        [&PORT[..], &[("proc/77/comm", name), ("proc/77/fd/5", "-> /dev/ttyUSB3")]].concat()
    };
    check(ports::openers, &PORT, &[(Grade::Good, "nobody else")]);
    check(ports::openers, &held("sunkeep\n"), &[(Grade::Good, "nobody else")]);
    let expected = [(Grade::Bad, "ModemManager (process 77) has /dev/ttyUSB3 open")];
    check(ports::openers, &held("ModemManager\n"), &expected);
}

#[test]
fn the_kernel_does_not_talk_on_a_port() {
    let with = |line: &'static str| [&PORT[..], &[("proc/cmdline", line)]].concat();
    check(ports::console, &with("console=tty1 root=/dev/mmcblk0p2"), &[]);
    let expected = [(Grade::Bad, "the kernel talks on /dev/ttyUSB3")];
    check(ports::console, &with("console=ttyUSB3,115200 root=/dev/mmcblk0p2"), &expected);
}

#[test]
fn devices_are_who_they_should_be() {
    let says = |identity: &'static str| {
        move |patient: &mut Patient| {
            let device = DeviceStatus {
                name: "mppt".to_owned(),
                identity: identity.to_owned(),
                health: "TEXT alive".to_owned(),
            };
            patient.status = Some(Status { devices: vec![device], ..Status::default() });
        }
    };
    let look = ports::identities;
    check(look, &[], &[(Grade::Unknown, "no daemon")]);
    check_with(look, SITE, &[], says("MPPT, HQ1"), &[(Grade::Good, "HQ1")]);
    check_with(look, SITE, &[], says("MPPT, HQ2"), &[(Grade::Bad, "should be HQ1")]);
    check_with(look, SITE, &[], says(""), &[(Grade::Warning, "has not said")]);
    let anybody = SITE.replace("serial_number = 'HQ1'\n", "");
    check_with(look, &anybody, &[], says("MPPT, HQ2"), &[(Grade::Warning, "whoever")]);
}

#[test]
fn a_budget_of_writes_that_is_used_up_is_told() {
    let says = |note: &'static str| {
        move |patient: &mut Patient| {
            let (name, note) = ("load".to_owned(), note.to_owned());
            let output = OutputStatus { name, note, ..OutputStatus::default() };
            patient.status = Some(Status { outputs: vec![output], ..Status::default() });
        }
    };
    check_with(wear::today, SITE, &[], says("by default"), &[]);
    let note = "by default; 3 writes left today";
    check_with(wear::today, SITE, &[], says(note), &[(Grade::Good, "load: 3 writes")]);
    check_with(
        wear::today,
        SITE,
        &[],
        says("0 writes left today"),
        &[(Grade::Warning, "0 writes")],
    );
}

#[test]
fn a_daemon_runs_and_starts_at_boot() {
    let wanted = [("etc/systemd/system/multi-user.target.wants/sunkeep.service", "")];
    let runs = |patient: &mut Patient| patient.status = Some(Status::default());
    let look = system::daemon;
    check(look, &[], &[(Grade::Warning, "does not run")]);
    check(look, &wanted, &[(Grade::Bad, "does not run")]);
    check_with(look, SITE, &[], runs, &[(Grade::Warning, "nothing starts it")]);
    check_with(look, SITE, &wanted, runs, &[(Grade::Good, "runs in mode")]);
}

#[test]
fn a_page_names_each_thing_to_mend_once_with_its_cure() {
    let folder = tempfile::tempdir().unwrap();
    let findings = examine(&patient(folder.path(), SITE, &[]));
    let page = text(&findings);
    let wrong = findings.iter().filter(|finding| finding.grade >= Grade::Warning);
    for finding in wrong.clone() {
        assert!(page.contains(&finding.mend), "{page}");
    }
    assert!(page.ends_with(&format!("{} things to mend\n", wrong.count())), "{page}");
    let json = serde_json::to_value(&findings).unwrap();
    assert_eq!(json[0]["grade"], "good");
}
