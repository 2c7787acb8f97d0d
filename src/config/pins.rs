//! Which pins a configuration drives, for those who must know nothing else.
//!
//! `safe-outputs` works in the worst of cases, and a configuration with mistakes
//! in it is one of them: [`pins_of`] finds what it can.

use super::outputs::{PIN_MAX, free_pin};
use super::reader::Section;
use super::{Actuator, Config, Output};
use crate::actuator::gpio::Wiring;
use crate::actuator::pin_table::PinTable;
use crate::arbiter::Level;

impl Config {
    /// Every pin that is driven, with its safe level.
    #[must_use]
    pub fn pin_table(&self) -> PinTable {
        let relays = self.outputs.iter().filter_map(|output| match &output.actuator {
            // The configuration gives every switched output a level as its safe state.
            Actuator::Gpio(wiring) => {
                Some((wiring.clone(), output.policy.safe.level()?, output.policy.name.as_str()))
            }
            Actuator::Register(_) => None,
        });
        // A heart that does not beat: the watchdog relay does its work.
        let heartbeat = self.heartbeat.map(|pin| (Wiring::new(pin, true), Level::Off, "heartbeat"));
        PinTable::new(relays.chain(heartbeat))
    }
}

/// Reads `[heartbeat]`: the pin that completed steps toggle.
pub(super) fn heartbeat(root: &Section<'_>, outputs: &[Output]) -> Option<u8> {
    let section = root.section("heartbeat")?;
    if !section.has("gpio") {
        section.missing("gpio", "the pin of the watchdog relay: `gpio = 25`");
    }
    let pin = section.whole("gpio", 0, PIN_MAX);
    section.done();
    free_pin(&section, pin?, outputs)
}

/// The pins that the text of a configuration declares in full, whatever else is
/// wrong with it; and the names of outputs whose pins remain unknown.
///
/// # Errors
/// When the text is no TOML at all.
pub fn pins_of(text: &str) -> Result<(PinTable, Vec<String>), toml::de::Error> {
    let root: toml::Table = text.parse()?;
    let (mut relays, mut unknown) = (Vec::new(), Vec::new());
    let outputs = root.get("outputs").and_then(toml::Value::as_table);
    for (name, output) in outputs.into_iter().flatten() {
        if output.get("gpio").is_none() {
            continue;
        }
        match relay(output) {
            Some((wiring, safe)) => relays.push((wiring, safe, name.as_str())),
            None => unknown.push(name.clone()),
        }
    }
    Ok((PinTable::new(relays), unknown))
}

fn relay(output: &toml::Value) -> Option<(Wiring, Level)> {
    let text = |key| output.get(key).and_then(toml::Value::as_str);
    let pin = output.get("gpio")?.as_integer()?;
    let active_high = match text("active")? {
        "high" => true,
        "low" => false,
        _ => return None,
    };
    let safe = match text("safe")? {
        "on" => Level::On,
        "off" => Level::Off,
        _ => return None,
    };
    let mut wiring = Wiring::new(u8::try_from(pin).ok()?, active_high);
    if let (Some("chardev"), chip) = (text("driver"), text("chip")) {
        wiring = wiring.through(chip);
    }
    Some((wiring, safe))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The pins found, as `17 low`, and the outputs that remain unknown.
    #[track_caller]
    fn check(text: &str, pins: &[(u8, bool)], unknown: &[&str]) {
        let (table, not_found) = pins_of(text).unwrap();
        let found: Vec<_> = table.lines.iter().map(|line| (line.pin, line.high)).collect();
        assert_eq!(
            (&found[..], not_found),
            (pins, unknown.iter().map(|n| (*n).to_owned()).collect())
        );
    }

    const HEATER: &str = "[outputs.heater]\ngpio = 17\nactive = 'high'\nsafe = 'off'\n";

    #[test]
    fn pins_are_found_beside_any_mistake() {
        check(HEATER, &[(17, false)], &[]);
        check(&format!("{HEATER}min_on = 'soon'\n[devices.mppt]\nprot = 1"), &[(17, false)], &[]);
        check("[outputs.light]\ngpio = 4\nactive = 'low'\nsafe = 'off'", &[(4, true)], &[]);
    }

    #[test]
    fn a_pin_whose_safe_level_is_not_declared_is_not_guessed() {
        check(
            &format!("{HEATER}[outputs.pump]\ngpio = 5\nactive = 'high'"),
            &[(17, false)],
            &["pump"],
        );
        check("[outputs.load]\nload_output = true\ndevice = 'mppt'", &[], &[]);
    }

    #[test]
    fn it_agrees_with_the_checked_configuration() {
        let text = format!(
            "{HEATER}[outputs.light]\ngpio = 4\nactive = 'low'\nsafe = 'on'\n\
            driver = 'chardev'\nchip = '/dev/gpiochip4'\n"
        );
        let source = crate::problem::Source { name: "t".into(), text: text.clone() };
        let config = super::super::parse(&source, std::path::Path::new("")).unwrap();
        let mut by_hand = pins_of(&text).unwrap().0;
        by_hand.lines.sort_by_key(|line| std::cmp::Reverse(line.pin));
        assert_eq!(by_hand, config.pin_table());
    }
}
