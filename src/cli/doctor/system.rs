//! Watchdog, memory limit, clock, power: what the machine itself brings along.

use super::{Patient, Said, bad, good, unknown, warning};

/// The watchdog of a Pi counts in 20 bits of 1/65536 s. Older kernels refuse a
/// longer time, and systemd then arms none without a loud word.
const WATCHDOG_MAX_S: f64 = 15.0;

const ARM_WATCHDOG: &str = "sudo install -d /etc/systemd/system.conf.d && \
    printf '[Manager]\\nRuntimeWatchdogSec=10s\\n' | \
    sudo tee /etc/systemd/system.conf.d/watchdog.conf && sudo systemctl daemon-reexec";

pub(super) fn daemon(patient: &Patient) -> Vec<Said> {
    let wanted = "etc/systemd/system/multi-user.target.wants/sunkeep.service";
    match (&patient.status, patient.machine.exists(wanted)) {
        (Some(status), _) if !status.rules_problem.is_empty() => {
            let found = format!("its rules folder was refused: {}", status.rules_problem);
            vec![bad(found, "sunkeep check")]
        }
        (Some(status), true) => {
            vec![good(format!("runs in mode {}, and starts at boot", status.mode))]
        }
        (Some(_), false) => {
            vec![warning("runs, but nothing starts it at boot", "sudo systemctl enable sunkeep")]
        }
        (None, true) => {
            vec![bad("does not run", "sudo systemctl restart sunkeep; journalctl -u sunkeep -e")]
        }
        (None, false) => {
            vec![warning(
                "does not run, and nothing starts it",
                "sudo systemctl enable --now sunkeep",
            )]
        }
    }
}

pub(super) fn watchdog(patient: &Patient) -> Vec<Said> {
    if patient.machine.names("sys/class/watchdog").is_empty() {
        let mend = "`dtparam=watchdog=on` in /boot/firmware/config.txt, then reboot";
        return vec![warning("this machine has no watchdog device", mend)];
    }
    match runtime_watchdog(patient) {
        None => vec![warning("a machine that hangs stays hung: none is armed", ARM_WATCHDOG)],
        Some((said, Some(seconds))) if seconds <= 0.0 => {
            vec![warning(format!("switched off: RuntimeWatchdogSec={said}"), ARM_WATCHDOG)]
        }
        Some((said, Some(seconds))) if seconds > WATCHDOG_MAX_S => vec![bad(
            format!("RuntimeWatchdogSec={said} is more than 15 s: older Pi kernels then arm none"),
            ARM_WATCHDOG,
        )],
        Some((said, Some(_))) => vec![good(format!("armed, RuntimeWatchdogSec={said}"))],
        Some((said, None)) => {
            vec![warning(format!("RuntimeWatchdogSec={said} is not understood"), ARM_WATCHDOG)]
        }
    }
}

/// What systemd was told last, and how many seconds that is.
fn runtime_watchdog(patient: &Patient) -> Option<(String, Option<f64>)> {
    let folder = "etc/systemd/system.conf.d";
    let parts = patient.machine.names(folder).into_iter().filter(|name| name.ends_with(".conf"));
    let files = std::iter::once("etc/systemd/system.conf".to_owned())
        .chain(parts.map(|name| format!("{folder}/{name}")));
    let texts: Vec<String> = files.filter_map(|file| patient.machine.text(file)).collect();
    let lines = texts.iter().flat_map(|text| text.lines());
    let said =
        lines.filter_map(|line| line.trim().strip_prefix("RuntimeWatchdogSec=")).next_back()?;
    let seconds = match said {
        "off" => Some(0.0),
        "default" => None,
        _ => {
            said.parse().ok().or_else(|| Some(crate::config::reader::duration(said)?.as_secs_f64()))
        }
    };
    Some((said.to_owned(), seconds))
}

pub(super) fn memory_cgroup(patient: &Patient) -> Vec<Said> {
    let unified = patient.machine.text("sys/fs/cgroup/cgroup.controllers");
    let listed = unified.is_some_and(|text| text.split_whitespace().any(|word| word == "memory"));
    let table = patient.machine.text("proc/cgroups").unwrap_or_default();
    let enabled = table.lines().any(|line| line.starts_with("memory") && line.ends_with('1'));
    if listed || enabled {
        return vec![good("memory cgroups are on: MemoryMax= of the unit counts")];
    }
    let mend = "append `cgroup_enable=memory cgroup_memory=1` to the line in \
                /boot/firmware/cmdline.txt, then reboot";
    vec![warning("memory cgroups are off: MemoryMax= of the unit does nothing", mend)]
}

pub(super) fn time(patient: &Patient) -> Vec<Said> {
    let synchronised = patient.machine.exists("run/systemd/timesync/synchronized");
    let clock = !patient.machine.names("sys/class/rtc").is_empty();
    match (synchronised, clock) {
        (true, _) => vec![good("the clock was set by the network")],
        (false, true) => {
            vec![good("a clock chip keeps the time; the network has not confirmed it")]
        }
        (false, false) => vec![warning(
            "no time from the network and no clock chip: schedules and daylight stay unknown \
             until the clock is set",
            "timedatectl status; for a site without network add a clock chip (dtoverlay=i2c-rtc,ds3231)",
        )],
    }
}

pub(super) fn power(patient: &Patient) -> Vec<Said> {
    let file = "sys/devices/platform/soc/soc:firmware/get_throttled";
    let Some(bits) = patient.machine.word(file) else {
        return vec![unknown("no word from a Raspberry Pi's firmware about its supply")];
    };
    let Ok(bits) = u32::from_str_radix(bits.trim_start_matches("0x"), 16) else {
        return vec![unknown(format!("the firmware says \"{bits}\" about its supply"))];
    };
    let mend = "a supply of 5.1 V and 3 A, a short thick cable; it costs cards and data";
    let hot = "more air: it runs slower than it could";
    let is = |bit: u32| bits >> bit & 1 == 1;
    let mut said = Vec::new();
    match (is(0), is(16)) {
        (true, _) => said.push(bad("under-voltage now", mend)),
        (false, true) => said.push(warning("there was under-voltage since boot", mend)),
        _ => {}
    }
    match (is(2) || is(3), is(18) || is(19)) {
        (true, _) => said.push(bad("throttled by heat or supply now", hot)),
        (false, true) => said.push(warning("it was throttled since boot", hot)),
        _ => {}
    }
    if said.is_empty() {
        said.push(good("no under-voltage since boot"));
    }
    said
}
