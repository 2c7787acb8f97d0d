//! What devices remember of their days, as fetched over HEX.
//!
//! A charger numbers its days; the number and its serial number name a day for
//! ever. Today's record is written again until the day is over. The date is the
//! site's, as far as the clock was set when the record was fetched.

use jiff::Timestamp;
use jiff::civil::Date;
use rusqlite::{Connection, params};
use serde::{Deserialize, Serialize};

/// One number of a record.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Field {
    /// Its name, such as `yield`.
    pub name: String,
    /// The unit's symbol; empty without one.
    pub unit: String,
    /// `None`: not available.
    pub value: Option<f64>,
}

/// One day of one device.
#[derive(Clone, Debug, PartialEq)]
pub struct DeviceDay {
    /// Its name in the configuration.
    pub device: String,
    /// Its serial number; empty if it does not tell.
    pub serial: String,
    /// The number the device gives the day.
    pub sequence: u32,
    /// The site's date; `None` while the clock was not set.
    pub date: Option<Date>,
    /// Whether the day was over.
    pub complete: bool,
    /// When it was fetched.
    pub fetched: Timestamp,
    /// Error numbers of the day.
    pub errors: Vec<u8>,
    /// Everything the record says, `yield`, `consumed`, `time_bulk` and so on.
    pub fields: Vec<Field>,
}

impl DeviceDay {
    /// A number of the record by its name.
    #[must_use]
    pub fn number(&self, name: &str) -> Option<f64> {
        self.fields.iter().find(|field| field.name == name)?.value
    }
}

/// Writes or replaces a day; one that is complete is not made incomplete again.
pub fn write(conn: &Connection, day: &DeviceDay) -> rusqlite::Result<()> {
    let errors: Vec<String> = day.errors.iter().map(ToString::to_string).collect();
    conn.prepare_cached(
        "INSERT INTO device_day
             (device, serial, sequence, date, complete, fetched_ms, yield, consumed, power_max,
              panel_voltage_max, battery_voltage_max, battery_voltage_min, battery_current_max,
              time_bulk, time_absorption, time_float, errors, fields)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18)
         ON CONFLICT (device, serial, sequence) DO UPDATE SET
             date = coalesce(excluded.date, date), complete = excluded.complete,
             fetched_ms = excluded.fetched_ms, yield = excluded.yield,
             consumed = excluded.consumed, power_max = excluded.power_max,
             panel_voltage_max = excluded.panel_voltage_max,
             battery_voltage_max = excluded.battery_voltage_max,
             battery_voltage_min = excluded.battery_voltage_min,
             battery_current_max = excluded.battery_current_max,
             time_bulk = excluded.time_bulk, time_absorption = excluded.time_absorption,
             time_float = excluded.time_float, errors = excluded.errors, fields = excluded.fields
         WHERE complete <= excluded.complete",
    )?
    .execute(params![
        day.device,
        day.serial,
        day.sequence,
        day.date.map(|date| date.to_string()),
        day.complete,
        day.fetched.as_millisecond(),
        day.number("yield"),
        day.number("consumed"),
        day.number("power_max"),
        day.number("panel_voltage_max"),
        day.number("battery_voltage_max"),
        day.number("battery_voltage_min"),
        day.number("battery_current_max"),
        day.number("time_bulk"),
        day.number("time_absorption"),
        day.number("time_float"),
        errors.join(" "),
        // Strings and numbers always serialise.
        serde_json::to_string(&day.fields).unwrap_or_else(|_| "[]".to_owned()),
    ])
    .map(drop)
}

/// The days of one device or of all, oldest first.
pub fn read(conn: &Connection, device: Option<&str>) -> rusqlite::Result<Vec<DeviceDay>> {
    conn.prepare(
        "SELECT device, serial, sequence, date, complete, fetched_ms, errors, fields
         FROM device_day WHERE ?1 IS NULL OR device = ?1 ORDER BY device, serial, sequence",
    )?
    .query_map([device], |row| {
        let (date, errors): (Option<String>, String) = (row.get(3)?, row.get(6)?);
        let fields: String = row.get(7)?;
        Ok(DeviceDay {
            device: row.get(0)?,
            serial: row.get(1)?,
            sequence: row.get(2)?,
            date: date.and_then(|date| date.parse().ok()),
            complete: row.get(4)?,
            fetched: Timestamp::from_millisecond(row.get(5)?).unwrap_or_default(),
            errors: errors.split_whitespace().filter_map(|word| word.parse().ok()).collect(),
            fields: serde_json::from_str(&fields).unwrap_or_default(),
        })
    })?
    .collect()
}
