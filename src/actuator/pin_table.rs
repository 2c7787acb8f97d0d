//! Which pins are driven and where they are safe, in a few lines of text.
//!
//! The daemon writes it before it touches a pin; `sunkeep safe-outputs` reads it
//! when the daemon is dead, without configuration, rules or database. It tells
//! what the dead process drove, which a configuration that was edited meanwhile
//! does not. The last line counts the others: half a table is seen to be one.
//!
//! ```text
//! # pins that sunkeep drives, at their safe level
//! 17 low auto heater
//! 22 high /dev/gpiochip0 modem_relay
//! 2 pins
//! ```

use std::io;
use std::path::Path;

use super::gpio::{Backend, CHIP, Wiring};
use crate::arbiter::Level;
use crate::whole;

/// The file's name in the data folder.
pub const FILE: &str = "pins";

const HEADER: &str =
    "# pins that sunkeep drives, at their safe level; `sunkeep safe-outputs` reads it";

/// A Pi has 28 pins; anything much longer is not our file.
const BYTES_MAX: u64 = 64 * 1024;

/// Pins with their safe levels.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PinTable {
    /// One line a pin.
    pub lines: Vec<Line>,
}

/// A pin and its safe level.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// BCM number.
    pub pin: u8,
    /// Whether it is safe when high.
    pub high: bool,
    /// The driver that moves it: `auto`, `rppal`, or a character device.
    pub driver: String,
    /// The output's name.
    pub name: String,
}

/// What was found where a table should be.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Loaded {
    /// What could be read of it.
    pub table: PinTable,
    /// Why it is not all there; `None`: it is.
    pub damage: Option<String>,
}

impl Loaded {
    /// The lines whose pins another table does not have.
    pub fn lines_without<'a>(&'a self, other: &'a PinTable) -> impl Iterator<Item = &'a Line> {
        let lines = self.table.lines.iter();
        lines.filter(|line| !other.lines.iter().any(|known| known.pin == line.pin))
    }
}

impl Line {
    /// How the pin is reached.
    #[must_use]
    pub fn wiring(&self) -> Wiring {
        let (driver, chip) = match self.driver.as_str() {
            "auto" => (Backend::Auto, CHIP),
            "rppal" => (Backend::Rppal, CHIP),
            chip => (Backend::Cdev, chip),
        };
        Wiring { driver, chip: chip.to_owned(), ..Wiring::new(self.pin, true) }
    }

    fn parse(text: &str) -> Option<Self> {
        let mut words = text.split_whitespace();
        let pin = words.next()?.parse().ok()?;
        let high = match words.next()? {
            "high" => true,
            "low" => false,
            _ => return None,
        };
        let driver = words.next()?.to_owned();
        let name = words.next()?.to_owned();
        words.next().is_none().then_some(Self { pin, high, driver, name })
    }
}

impl PinTable {
    /// A table of relays with their safe levels and names.
    pub fn new<'a>(relays: impl IntoIterator<Item = (Wiring, Level, &'a str)>) -> Self {
        let line = |(wiring, safe, name): (Wiring, Level, &str)| Line {
            pin: wiring.pin,
            high: wiring.is_high(safe),
            driver: match wiring.driver {
                Backend::Auto | Backend::Simulated | Backend::Witness => "auto".to_owned(),
                Backend::Rppal => "rppal".to_owned(),
                Backend::Cdev => wiring.chip,
            },
            name: name.to_owned(),
        };
        Self { lines: relays.into_iter().map(line).collect() }
    }

    /// Reads a table; what is readable of a damaged one counts.
    #[must_use]
    pub fn load(path: &Path) -> Loaded {
        let damaged = |why: String| Loaded { table: Self::default(), damage: Some(why) };
        match std::fs::metadata(path) {
            Ok(meta) if meta.len() > BYTES_MAX => return damaged("too large".to_owned()),
            Ok(_) => {}
            Err(error) => return damaged(error.to_string()),
        }
        match std::fs::read(path) {
            Ok(bytes) => Self::parse(&String::from_utf8_lossy(&bytes)),
            Err(error) => damaged(error.to_string()),
        }
    }

    fn parse(text: &str) -> Loaded {
        let mut loaded = Loaded::default();
        let mut count = None;
        for text in text.lines().filter(|text| !text.is_empty() && !text.starts_with('#')) {
            if let Some(line) = Line::parse(text) {
                loaded.table.lines.push(line);
            } else if let Some(number) = text.strip_suffix(" pins") {
                count = number.parse::<usize>().ok();
            } else {
                loaded.damage = Some(format!("\"{}\" is no pin", text.escape_debug()));
            }
        }
        if loaded.damage.is_none() && count != Some(loaded.table.lines.len()) {
            loaded.damage = Some("its last line is missing".to_owned());
        }
        loaded
    }

    /// Replaces the file, unless it says the same.
    ///
    /// # Errors
    /// Says why it could not be written; what was there is left as it was.
    pub fn save(&self, path: &Path) -> io::Result<()> {
        whole::replace(path, &self.text())
    }

    fn text(&self) -> String {
        let line = |line: &Line| {
            let level = if line.high { "high" } else { "low" };
            format!("{} {level} {} {}\n", line.pin, line.driver, line.name)
        };
        let lines: String = self.lines.iter().map(line).collect();
        format!("{HEADER}\n{lines}{} pins\n", self.lines.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table() -> PinTable {
        let cdev = Wiring { driver: Backend::Cdev, ..Wiring::new(22, true) };
        PinTable::new([
            (Wiring::new(17, true), Level::Off, "heater"),
            (Wiring::new(4, false), Level::Off, "lights"),
            (cdev, Level::On, "modem"),
        ])
    }

    #[test]
    fn a_table_tells_electrical_levels() {
        let levels: Vec<_> = table().lines.iter().map(|line| (line.pin, line.high)).collect();
        assert_eq!(levels, [(17, false), (4, true), (22, true)]);
    }

    #[test]
    fn what_was_saved_is_read() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join(FILE);
        table().save(&file).unwrap();
        assert_eq!(PinTable::load(&file), Loaded { table: table(), damage: None });
        assert_eq!(table().lines[2].wiring().driver, Backend::Cdev);
    }

    #[test]
    fn a_table_cut_anywhere_is_seen_to_be_cut_and_never_says_anything_else() {
        let text = table().text();
        for end in (0..text.len() - 1).filter(|end| text.is_char_boundary(*end)) {
            let loaded = PinTable::parse(&text[..end]);
            assert!(loaded.damage.is_some(), "cut after {end} bytes");
            for line in &loaded.table.lines {
                let real = |known: &Line| known.pin == line.pin && known.high == line.high;
                assert!(table().lines.iter().any(real), "cut after {end} bytes: {line:?}");
            }
        }
    }

    #[test]
    fn a_table_that_says_the_same_is_not_written_again() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join(FILE);
        table().save(&file).unwrap();
        // In the way of the temporary file: any attempt to write fails.
        std::fs::create_dir(file.with_extension("new")).unwrap();
        table().save(&file).unwrap();
        assert!(PinTable::default().save(&file).is_err());
        assert_eq!(PinTable::load(&file).table, table(), "what was there is left");
    }

    #[test]
    fn nothing_there_is_no_empty_table() {
        assert!(PinTable::load(Path::new("/nowhere/pins")).damage.is_some());
    }
}
