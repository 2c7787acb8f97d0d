//! Serial ports: are they there, who holds them, and is it the right device?

use std::path::{Path, PathBuf};

use super::{Patient, Said, bad, good, unknown, warning};
use crate::config::Device;

fn devices(patient: &Patient) -> impl Iterator<Item = &Device> {
    patient.config.iter().flat_map(|config| &config.devices)
}

pub(super) fn there(patient: &Patient) -> Vec<Said> {
    let look = |device: &Device| {
        let Device { name, port, .. } = device;
        let path = patient.machine.path(port);
        let flags = rustix::fs::Access::READ_OK | rustix::fs::Access::WRITE_OK;
        if !path.exists() {
            return bad(format!("{name}: there is no {port}"), "sunkeep scan");
        }
        if rustix::fs::access(&path, flags).is_err() {
            let mend = "sudo usermod -aG dialout \"$USER\", and log in again; the service has \
                        the group by its unit";
            return bad(format!("{name}: this user may not open {port}"), mend);
        }
        let numbered = ["/dev/ttyUSB", "/dev/ttyACM"].iter().any(|start| port.starts_with(start));
        if numbered {
            let mend = "the name below /dev/serial/by-id: ls -l /dev/serial/by-id";
            return warning(format!("{name}: {port} is another one after a replug"), mend);
        }
        good(format!("{name}: {port}"))
    };
    devices(patient).map(look).collect()
}

pub(super) fn openers(patient: &Patient) -> Vec<Said> {
    let holders = holders(patient);
    let look = |device: &Device| {
        let port = patient.machine.target(&device.port)?;
        let foreign = holders.iter().find(|(open, _, name)| *open == port && name != "sunkeep");
        let (_, pid, name) = foreign?;
        let service = match name.as_str() {
            "ModemManager" => "sudo systemctl disable --now ModemManager".to_owned(),
            "gpsd" => "sudo systemctl disable --now gpsd.socket gpsd".to_owned(),
            "agetty" | "getty" => {
                let tty = port.file_name().unwrap_or_default().to_string_lossy().into_owned();
                format!("sudo systemctl disable --now serial-getty@{tty}")
            }
            _ => format!("end it, or whatever starts it: sudo kill {pid}"),
        };
        Some(bad(
            format!("{}: {name} (process {pid}) has {} open", device.name, port.display()),
            service,
        ))
    };
    let said: Vec<Said> = devices(patient).filter_map(look).collect();
    match said.is_empty() {
        true if devices(patient).next().is_none() => said,
        true => vec![good("nobody else has a port open, as far as this user may see")],
        false => said,
    }
}

/// Every device that a process has open, with the process.
fn holders(patient: &Patient) -> Vec<(PathBuf, u32, String)> {
    let mut holders = Vec::new();
    for pid in patient.machine.names("proc") {
        let Ok(number) = pid.parse::<u32>() else { continue };
        let folder = format!("proc/{pid}/fd");
        for fd in patient.machine.names(&folder) {
            let Ok(open) = std::fs::read_link(patient.machine.path(Path::new(&folder).join(fd)))
            else {
                continue;
            };
            if open.starts_with("/dev") {
                let name = patient.machine.word(format!("proc/{pid}/comm")).unwrap_or_default();
                holders.push((open, number, name));
            }
        }
    }
    holders
}

pub(super) fn console(patient: &Patient) -> Vec<Said> {
    let cmdline = patient.machine.text("proc/cmdline").unwrap_or_default();
    let consoles = cmdline.split_whitespace().filter_map(|word| word.strip_prefix("console="));
    let consoles: Vec<PathBuf> = consoles
        .map(|word| format!("/dev/{}", word.split(',').next().unwrap_or_default()))
        .filter_map(|path| patient.machine.target(&path).or(Some(path.into())))
        .collect();
    let look = |device: &Device| {
        let port = patient.machine.target(&device.port)?;
        consoles.contains(&port).then(|| {
            bad(
                format!("{}: the kernel talks on {}", device.name, port.display()),
                "remove `console=serial0,115200` from /boot/firmware/cmdline.txt, then reboot",
            )
        })
    };
    devices(patient).filter_map(look).collect()
}

pub(super) fn identities(patient: &Patient) -> Vec<Said> {
    let Some(status) = &patient.status else {
        let found = "no daemon runs that would know who is on the ports";
        return vec![unknown(format!("{found}; `sunkeep scan` asks them"))];
    };
    let look = |device: &Device| {
        let name = &device.name;
        let known = status.devices.iter().find(|known| known.name == *name);
        let identity = known.map(|known| known.identity.as_str()).unwrap_or_default();
        match &device.serial_number {
            None => warning(
                format!("{name} is whoever is plugged in: {identity}"),
                format!("`serial_number` in [devices.{name}]; sunkeep scan shows it"),
            ),
            Some(_) if identity.is_empty() => {
                let health = known.map(|known| known.health.as_str()).unwrap_or("not seen yet");
                warning(format!("{name} has not said who it is: {health}"), "sunkeep scan")
            }
            Some(serial) if identity.contains(serial.as_str()) => {
                good(format!("{name}: {identity}"))
            }
            Some(serial) => bad(
                format!("{name} should be {serial} and is {identity}: nothing is written to it"),
                "swap the cables back, or correct `serial_number`; sunkeep scan",
            ),
        }
    };
    devices(patient).map(look).collect()
}
