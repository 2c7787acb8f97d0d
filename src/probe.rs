//! Temperature sensors of the board itself: 1-wire and whatever sysfs shows.
//!
//! A probe is a file that the kernel fills when it is read, which takes most of a
//! second on a healthy 1-wire bus and may take for ever on a sick one. Each probe
//! has a thread of its own: a stuck one grows old in the snapshot and delays
//! nobody. What comes out is a temperature or the reason why there is none; the
//! numbers that a broken sensor invents are told from temperatures here.

use std::fmt;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::Thread;
use std::time::Duration;

/// Where the kernel shows its devices.
pub const SYSFS: &str = "/sys";

/// The device of which all probes are points: `probe.cell_temperature`.
pub const DEVICE: &str = "probe";

/// A w1_slave file has 75 bytes, a temperature less; more is another file.
const BYTES_MAX: u64 = 4096;

/// What a DS18B20 measures at all, °C.
const MEASURABLE: (f64, f64) = (-55.0, 125.0);

/// What a DS18B20 says before its first conversion, °C: so after every drop of
/// its supply, which a long cable brings about.
const POWER_ON: f64 = 85.0;

/// A real 85 °C is reached by degrees: it is believed this close to the last value.
const POWER_ON_NEAR: f64 = 5.0;

/// What clones say when their supply is too weak to convert (raw 0x07FF), °C.
const WEAK_SUPPLY: f64 = 127.9;

/// A probe as declared.
#[derive(Clone, Debug, PartialEq)]
pub struct Probe {
    /// Its name, an input of rules.
    pub name: String,
    /// Where it is read.
    pub source: Source,
    /// Pause between two readings.
    pub every: Duration,
}

/// Where a temperature is read.
#[derive(Clone, Debug, PartialEq)]
pub enum Source {
    /// A sensor on the 1-wire bus, such as `28-0316a2795d2a`.
    OneWire(String),
    /// A file with a number in it, and what one of its units is in °C.
    Sysfs {
        /// Such as `/sys/class/thermal/thermal_zone0/temp`.
        path: PathBuf,
        /// 0.001 for the thousandths of a degree that most files hold.
        scale: f64,
    },
}

/// Why there is no temperature.
#[derive(Clone, Debug, PartialEq)]
pub enum Fault {
    /// The file is not there: the sensor is not on the bus.
    Missing(PathBuf),
    /// The file cannot be read.
    Unreadable(PathBuf, String),
    /// The bus has damaged what the sensor said.
    Checksum,
    /// Zeros with a checksum that fits: the data wire is shorted.
    Shorted,
    /// What a sensor says before its first measurement.
    PowerOn,
    /// What a sensor says that gets too little current.
    WeakSupply,
    /// No sensor measures this.
    Impossible(f64),
    /// No number where one should be.
    NoNumber,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Missing(path) => {
                write!(
                    f,
                    "there is no {}: not connected, or dtoverlay=w1-gpio is off",
                    path.display()
                )
            }
            Self::Unreadable(path, why) => write!(f, "cannot read {}: {why}", path.display()),
            Self::Checksum => f.write_str("damaged on the 1-wire bus (CRC): cable or pull-up"),
            Self::Shorted => f.write_str("all zeros: the 1-wire data line is shorted"),
            Self::PowerOn => {
                f.write_str("85 °C, what it says before it has measured: its supply dropped")
            }
            Self::WeakSupply => f.write_str("127.9 °C, what it says when its supply is too weak"),
            Self::Impossible(value) => write!(f, "{value} °C is nothing it can measure"),
            Self::NoNumber => f.write_str("there is no number in what it says"),
        }
    }
}

/// Reads one probe, and remembers what it needs to tell a value from nonsense.
#[derive(Clone, Debug)]
pub struct Reader {
    probe: Probe,
    sysfs: PathBuf,
    last: Option<f64>,
}

impl Reader {
    /// Reads `probe`; 1-wire sensors are looked for below `sysfs`.
    #[must_use]
    pub fn new(probe: Probe, sysfs: &Path) -> Self {
        Self { probe, sysfs: sysfs.to_owned(), last: None }
    }

    /// Reads once, in °C. It may block for as long as the kernel likes.
    ///
    /// # Errors
    /// Says why there is no temperature.
    pub fn read(&mut self) -> Result<f64, Fault> {
        let read = match &self.probe.source {
            Source::Sysfs { path, scale } => number(&text(path)?).map(|number| number * scale),
            Source::OneWire(id) => {
                let folder = self.sysfs.join("bus/w1/devices").join(id);
                one_wire(&text(&folder.join("w1_slave"))?).and_then(|read| believe(read, self.last))
            }
        };
        self.last = read.clone().ok();
        read
    }
}

/// The threads of all probes; they end some time after this is dropped.
pub struct Threads {
    ended: Arc<AtomicBool>,
    threads: Vec<Thread>,
}

impl Threads {
    /// Reads every probe again and again, and tells what came of it.
    ///
    /// # Errors
    /// When the system refuses a thread.
    pub fn start(
        probes: &[Probe],
        tell: impl Fn(&str, Result<f64, Fault>) + Clone + Send + 'static,
    ) -> std::io::Result<Self> {
        let ended = Arc::new(AtomicBool::new(false));
        let mut threads = Vec::new();
        for probe in probes {
            let (ended, tell) = (ended.clone(), tell.clone());
            let mut reader = Reader::new(probe.clone(), Path::new(SYSFS));
            let run = move || {
                while !ended.load(Ordering::Relaxed) {
                    let read = reader.read();
                    tell(&reader.probe.name, read);
                    std::thread::park_timeout(reader.probe.every);
                }
            };
            let thread = std::thread::Builder::new().name("probe".to_owned()).spawn(run)?;
            threads.push(thread.thread().clone());
        }
        Ok(Self { ended, threads })
    }
}

impl Drop for Threads {
    fn drop(&mut self) {
        // Not waited for: one of them may be stuck in the kernel.
        self.ended.store(true, Ordering::Relaxed);
        self.threads.iter().for_each(Thread::unpark);
    }
}

fn text(path: &Path) -> Result<String, Fault> {
    let fault = |error: std::io::Error| match error.kind() {
        std::io::ErrorKind::NotFound => Fault::Missing(path.to_owned()),
        _ => Fault::Unreadable(path.to_owned(), error.to_string()),
    };
    let mut text = String::new();
    let file = std::fs::File::open(path).map_err(fault)?;
    file.take(BYTES_MAX).read_to_string(&mut text).map_err(fault)?;
    Ok(text)
}

fn number(text: &str) -> Result<f64, Fault> {
    let number = text.trim().parse::<f64>().ok().filter(|number| number.is_finite());
    number.ok_or(Fault::NoNumber)
}

/// Reads what the kernel's driver says of a sensor, in °C:
///
/// ```text
/// 4b 01 4b 46 7f ff 05 10 e1 : crc=e1 YES
/// 4b 01 4b 46 7f ff 05 10 e1 t=20687
/// ```
fn one_wire(text: &str) -> Result<f64, Fault> {
    let (first, second) = text.trim().split_once('\n').ok_or(Fault::NoNumber)?;
    match first.split_whitespace().next_back() {
        Some("YES") => {}
        Some("NO") => return Err(Fault::Checksum),
        _ => return Err(Fault::NoNumber),
    }
    let mut bytes = first.split(':').next().unwrap_or_default().split_whitespace();
    if bytes.all(|byte| byte == "00") {
        return Err(Fault::Shorted);
    }
    let (_, thousandths) = second.split_once("t=").ok_or(Fault::NoNumber)?;
    number(thousandths).map(|thousandths| thousandths / 1000.0)
}

/// Tells what a sensor measured from what it says otherwise.
fn believe(value: f64, last: Option<f64>) -> Result<f64, Fault> {
    let near = last.is_some_and(|last| (last - POWER_ON).abs() <= POWER_ON_NEAR);
    if value == POWER_ON && !near {
        Err(Fault::PowerOn)
    } else if (WEAK_SUPPLY..128.0).contains(&value) {
        Err(Fault::WeakSupply)
    } else if !(MEASURABLE.0 <= value && value <= MEASURABLE.1) {
        Err(Fault::Impossible(value))
    } else {
        Ok(value)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ID: &str = "28-0316a2795d2a";

    /// A sysfs with one sensor that says these texts, one after the other.
    #[track_caller]
    fn check(said: &[&str], expected: &[Result<f64, Fault>]) {
        let sysfs = tempfile::tempdir().unwrap();
        let folder = sysfs.path().join("bus/w1/devices").join(ID);
        std::fs::create_dir_all(&folder).unwrap();
        let probe = Probe {
            name: "cell".to_owned(),
            source: Source::OneWire(ID.to_owned()),
            every: Duration::from_secs(5),
        };
        let mut reader = Reader::new(probe, sysfs.path());
        let read = |text: &&str| {
            std::fs::write(folder.join("w1_slave"), text).unwrap();
            reader.read()
        };
        assert_eq!(said.iter().map(read).collect::<Vec<_>>(), expected);
    }

    /// What the kernel says at this temperature.
    fn at(thousandths: i32) -> String {
        let bytes = "4b 01 4b 46 7f ff 05 10 e1";
        format!("{bytes} : crc=e1 YES\n{bytes} t={thousandths}\n")
    }

    #[test]
    fn a_mild_and_a_cold_day() {
        check(&[&at(20687)], &[Ok(20.687)]);
        check(&[&at(-10125)], &[Ok(-10.125)]);
        check(&[&at(0)], &[Ok(0.0)]);
    }

    #[test]
    fn a_damaged_answer_is_no_temperature_whatever_it_says() {
        let damaged = at(20687).replace("YES", "NO");
        check(&[&damaged, &at(20687)], &[Err(Fault::Checksum), Ok(20.687)]);
    }

    #[test]
    fn eighty_five_degrees_out_of_nowhere_is_a_sensor_that_has_not_measured() {
        check(&[&at(85000)], &[Err(Fault::PowerOn)]);
        check(&[&at(4000), &at(85000), &at(4000)], &[Ok(4.0), Err(Fault::PowerOn), Ok(4.0)]);
    }

    #[test]
    fn eighty_five_degrees_reached_by_degrees_is_a_temperature() {
        check(&[&at(84500), &at(85000)], &[Ok(84.5), Ok(85.0)]);
    }

    #[test]
    fn what_sensors_invent_is_no_temperature() {
        check(&[&at(127_937)], &[Err(Fault::WeakSupply)]);
        check(&[&at(-127_000)], &[Err(Fault::Impossible(-127.0))]);
        let zeros = "00 00 00 00 00 00 00 00 00 : crc=00 YES\n00 00 00 00 00 00 00 00 00 t=0\n";
        check(&[zeros], &[Err(Fault::Shorted)]);
    }

    #[test]
    fn nonsense_is_no_temperature() {
        for text in ["", "\n", "YES", "4b : crc=e1 YES\n4b t=\n", "4b : crc=e1 YES\n4b t=nan\n"] {
            check(&[text], &[Err(Fault::NoNumber)]);
        }
    }

    #[test]
    fn a_sensor_that_is_gone_is_named_with_its_place() {
        let source = Source::OneWire(ID.to_owned());
        let probe = Probe { name: "cell".to_owned(), source, every: Duration::from_secs(5) };
        let Err(fault) = Reader::new(probe, Path::new("/nowhere")).read() else {
            panic!("read a sensor that is not there")
        };
        let text = fault.to_string();
        assert!(text.contains(ID) && text.contains("w1-gpio"), "{text}");
    }

    #[test]
    fn a_file_of_thousandths_is_scaled() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("temp");
        std::fs::write(&path, "48312\n").unwrap();
        let source = Source::Sysfs { path: path.clone(), scale: 0.001 };
        let probe = Probe { name: "cpu".to_owned(), source, every: Duration::from_secs(5) };
        let mut reader = Reader::new(probe, Path::new(SYSFS));
        assert!((reader.read().unwrap() - 48.312).abs() < 1e-9);
        std::fs::write(&path, "too hot\n").unwrap();
        assert_eq!(reader.read(), Err(Fault::NoNumber));
        std::fs::remove_file(&path).unwrap();
        assert_eq!(reader.read(), Err(Fault::Missing(path)));
    }
}
