//! What the configuration says that looking back needs: where the data are, the
//! zone, the place, short names of inputs, the outputs.
//!
//! The history must be readable when the configuration has a mistake, so this
//! takes what it finds and complains about nothing but a file that is not there.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use anyhow::Context;
use clap::Args;
use jiff::tz::TimeZone;
use toml::{Table, Value};

use super::backup::readable;
use super::site::{ConfigArgs, DEFAULT_CONFIG};
use super::when::told;
use crate::store::{Keep, Tier};

/// Which site's past is meant.
#[derive(Clone, Debug, Args)]
pub struct SiteArgs {
    #[command(flatten)]
    config: ConfigArgs,
    /// The data folder, instead of the one that the configuration names.
    #[arg(long, value_name = "FOLDER")]
    data: Option<PathBuf>,
}

/// What was found.
#[derive(Clone, Debug)]
pub struct Declared {
    /// The folder of the two databases.
    pub data: PathBuf,
    /// The site's zone; the machine's if none is named.
    pub zone: TimeZone,
    /// Degrees north and east.
    pub place: Option<(f64, f64)>,
    /// Short names with the points they stand for.
    pub inputs: BTreeMap<String, String>,
    /// Outputs, by name.
    pub outputs: Vec<Output>,
    /// How long each part of the history is kept, in the owner's words or by default.
    pub kept: BTreeMap<Tier, String>,
    /// How large the history may become.
    pub largest: String,
}

/// An output, as far as its past needs it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Output {
    /// Its name.
    pub name: String,
    /// The level that a pin is driven to when a run begins.
    pub at_start: Option<bool>,
    /// The device whose register it is: how it was is known while that was heard.
    pub device: Option<String>,
}

impl SiteArgs {
    /// Reads the configuration. With a data folder it may be absent.
    ///
    /// # Errors
    /// When it cannot be read, or is no TOML.
    pub fn read(&self) -> anyhow::Result<Declared> {
        let path = &self.config.config;
        let optional = self.data.is_some() && path == Path::new(DEFAULT_CONFIG) && !path.exists();
        let table = if optional { Table::new() } else { read(path)? };
        let folder = path.parent().unwrap_or_else(|| Path::new(""));
        let data = table.get("data").and_then(Value::as_str).unwrap_or("data");
        Ok(Declared {
            data: self.data.clone().unwrap_or_else(|| folder.join(data)),
            ..declared(&table)
        })
    }
}

fn read(path: &Path) -> anyhow::Result<Table> {
    let file = path.display();
    let text = std::fs::read_to_string(path).with_context(|| {
        format!("cannot read {file}; say which with --config FILE or --data FOLDER")
    })?;
    text.parse().with_context(|| format!("cannot read {file}"))
}

fn declared(table: &Table) -> Declared {
    let section = |name: &str| table.get(name).and_then(Value::as_table);
    let site = section("site");
    let text = |key: &str| site.and_then(|site| site.get(key)).and_then(Value::as_str);
    let degrees = |key: &str| site.and_then(|site| number(site.get(key)?));
    let zone = text("timezone").and_then(|name| TimeZone::get(name).ok());
    let inputs = section("inputs")
        .into_iter()
        .flatten()
        .filter_map(|(name, input)| Some((name.clone(), input.get("from")?.as_str()?.to_owned())));
    let outputs = section("outputs").into_iter().flatten().map(|(name, output)| {
        let level =
            output.get("safe").and_then(Value::as_str).filter(|_| output.get("gpio").is_some());
        Output {
            name: name.clone(),
            at_start: level.map(|level| level == "on"),
            device: output.get("device").and_then(Value::as_str).map(str::to_owned),
        }
    });
    let kept = |key: &str| section("store").and_then(|store| store.get(key)?.as_str());
    let keep = Keep::default();
    let tiers = [
        (Tier::Full, "full_rate", keep.full),
        (Tier::Minute, "minutes", keep.minutes),
        (Tier::Quarter, "quarters", keep.quarters),
        (Tier::Day, "days", keep.days),
    ];
    let tier =
        |(tier, key, default)| (tier, kept(key).map_or_else(|| told(default), str::to_owned));
    Declared {
        kept: tiers.into_iter().map(tier).collect(),
        largest: kept("max_size").map_or_else(|| readable(keep.bytes), str::to_owned),
        data: PathBuf::new(),
        zone: zone.unwrap_or_else(TimeZone::system),
        place: degrees("latitude").zip(degrees("longitude")),
        inputs: inputs.collect(),
        outputs: outputs.collect(),
    }
}

fn number(value: &Value) -> Option<f64> {
    // Degrees are small.
    value.as_float().or_else(|| value.as_integer().map(|whole| whole as f64))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_can_be_read_is_read_whatever_else_is_wrong() {
        let text = "nonsense = 1\n[site]\nlatitude = 63\nlongitude = -145.7\ntimezone = 'America/Anchorage'\n\
            [inputs.soc]\nfrom = 'shunt.soc'\n[inputs.broken]\nfrom = 7\n\
            [store]\nfull_rate = '30days'\nminutes = 5\n\
            [outputs.heater]\ngpio = 17\nsafe = 'off'\n[outputs.load]\ndevice = 'mppt'\nsafe = 'on'\n";
        let found = declared(&text.parse().unwrap());
        assert_eq!(found.zone.iana_name(), Some("America/Anchorage"));
        assert_eq!(found.place, Some((63.0, -145.7)));
        assert!(found.inputs.iter().eq([(&"soc".to_owned(), &"shunt.soc".to_owned())]));
        let outputs = found.outputs.iter().map(|o| (&*o.name, o.at_start, o.device.as_deref()));
        assert!(outputs.eq([("heater", Some(false), None), ("load", None, Some("mppt"))]));
        assert_eq!((&*found.kept[&Tier::Full], &*found.kept[&Tier::Minute]), ("30days", "366 d"));
    }

    #[test]
    fn a_data_folder_suffices() {
        let args = |config: &str| SiteArgs {
            config: ConfigArgs { config: config.into() },
            data: Some("/tmp/somewhere".into()),
        };
        assert!(args("/nowhere/config.toml").read().is_err());
        if !Path::new(DEFAULT_CONFIG).exists() {
            assert_eq!(args(DEFAULT_CONFIG).read().unwrap().data, Path::new("/tmp/somewhere"));
        }
    }
}
