//! Pins and registers: what they do when nobody is in charge, and who may use them.

use super::{Patient, Said, bad, good, warning};
use crate::actuator::gpio::{Backend, Wiring};
use crate::arbiter::Level;
use crate::config::Actuator;

/// BCM pins up to this one are pulled up at boot, all others down.
const PULLED_UP_TO: u8 = 8;

/// The pins with their names and safe levels.
fn relays(patient: &Patient) -> impl Iterator<Item = (&str, &Wiring, Level)> {
    let outputs = patient.config.iter().flat_map(|config| &config.outputs);
    outputs.filter_map(|output| match &output.actuator {
        Actuator::Gpio(wiring) => {
            Some((output.policy.name.as_str(), wiring, output.policy.safe.level()?))
        }
        Actuator::Register(_) => None,
    })
}

pub(super) fn boot_pulls(patient: &Patient) -> Vec<Said> {
    let files = ["boot/firmware/config.txt", "boot/config.txt"];
    let boot: String = files.iter().filter_map(|file| patient.machine.text(file)).collect();
    let look = |(name, wiring, safe): (&str, &Wiring, Level)| {
        let pin = wiring.pin;
        let high = pulled_up(&boot, pin);
        let level = if high == wiring.active_high { Level::On } else { Level::Off };
        if level == safe {
            return good(format!("{name}: GPIO {pin} boots {level}, its safe level"));
        }
        let pull = if high { "up" } else { "down" };
        let drive = if wiring.is_high(safe) { "dh" } else { "dl" };
        bad(
            format!("{name}: GPIO {pin} is pulled {pull} at boot, so it is {level} for seconds"),
            format!(
                "another pin (active high: 9 to 27, active low: 0 to 8), or `gpio={pin}=op,{drive}` \
                 in /boot/firmware/config.txt"
            ),
        )
    };
    relays(patient).map(look).collect()
}

/// Whether a pin is high before any program runs, with what config.txt says of it.
fn pulled_up(boot: &str, pin: u8) -> bool {
    let lines = boot.lines().filter_map(|line| line.trim().strip_prefix("gpio="));
    let own = lines.filter_map(|line| line.split_once('='));
    let own = own.filter(|(pins, _)| pins.split(',').any(|text| covers(text, pin)));
    let words = own.flat_map(|(_, words)| words.split(',').map(str::trim));
    let mut said = words.filter_map(|word| match word {
        "dh" | "pu" => Some(true),
        "dl" | "pd" => Some(false),
        _ => None,
    });
    said.next_back().unwrap_or(pin <= PULLED_UP_TO)
}

fn covers(text: &str, pin: u8) -> bool {
    let number = |text: &str| text.trim().parse::<u8>().ok();
    match text.split_once('-') {
        Some((first, last)) => number(first) <= Some(pin) && Some(pin) <= number(last),
        None => number(text) == Some(pin),
    }
}

pub(super) fn persistence(patient: &Patient) -> Vec<Said> {
    let rppal = patient.machine.exists("dev/gpiomem") || patient.machine.exists("dev/gpiomem0");
    let by_kernel = |(name, wiring, _): (&str, &Wiring, _)| {
        let asked = wiring.driver == Backend::Cdev || (wiring.driver == Backend::Auto && !rppal);
        asked.then(|| name.to_owned())
    };
    let names: Vec<String> = relays(patient).filter_map(by_kernel).collect();
    if names.is_empty() {
        return Vec::new();
    }
    let names = names.join(", ");
    let file = "sys/module/pinctrl_bcm2835/parameters/persist_gpio_outputs";
    match patient.machine.word(file).as_deref() {
        Some("Y") => vec![good(format!("{names}: the kernel keeps a pin whose process has ended"))],
        _ => vec![warning(
            format!(
                "{names}: this kernel lets a pin go when its process ends, and its pull decides"
            ),
            "`driver = \"rppal\"`, or `pinctrl_bcm2835.persist_gpio_outputs=y` in \
             /boot/firmware/cmdline.txt",
        )],
    }
}

pub(super) fn access(patient: &Patient) -> Vec<Said> {
    if relays(patient).next().is_none() {
        return Vec::new();
    }
    let devices = ["dev/gpiomem0", "dev/gpiomem", "dev/gpiochip0", "dev/gpiochip4"];
    let there = devices.iter().filter(|device| patient.machine.exists(device));
    let there: Vec<_> = there.map(|device| patient.machine.path(device)).collect();
    let flags = rustix::fs::Access::READ_OK | rustix::fs::Access::WRITE_OK;
    let ours = there.iter().find(|device| rustix::fs::access(*device, flags).is_ok());
    match (there.is_empty(), ours) {
        (true, _) => {
            vec![bad("this machine has no GPIO device", "sunkeep run --simulate-pins, on a desk")]
        }
        (false, Some(device)) => vec![good(format!("{} can be used", device.display()))],
        (false, None) => vec![bad(
            "this user may not use the pins",
            "sudo usermod -aG gpio \"$USER\", and log in again; the service has the group by its unit",
        )],
    }
}
