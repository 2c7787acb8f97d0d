//! The numbers by which rows name points.
//!
//! Numbers are given in memory and written with the next commit; a transaction
//! that is rolled back, or a new file in place of a broken one, changes nothing
//! about them. A unit belongs to the name: a quantity that changes its unit is
//! another point.

use std::collections::BTreeMap;
use std::sync::Arc;

use rusqlite::{Connection, params};

use crate::units::Unit;

/// Numbers have sixteen bits. A site has a few hundred names in all its years.
pub const POINTS_MAX: usize = 65_535;

/// Names with their numbers.
#[derive(Debug, Default)]
pub struct Points {
    ids: BTreeMap<(Arc<str>, Arc<str>), u16>,
    /// Those whose commit has not been confirmed.
    unsaved: Vec<(Arc<str>, Arc<str>, u16)>,
}

impl Points {
    /// Reads the names a file has.
    pub fn load(&mut self, conn: &Connection) -> rusqlite::Result<()> {
        let mut select = conn.prepare("SELECT id, name, unit FROM point")?;
        let mut rows = select.query([])?;
        while let Some(row) = rows.next()? {
            let (name, unit): (String, String) = (row.get(1)?, row.get(2)?);
            self.ids.insert((name.into(), unit.into()), row.get(0)?);
        }
        Ok(())
    }

    /// The number of a point; `None` when there are too many names.
    pub fn id(&mut self, name: &Arc<str>, unit: Unit) -> Option<u16> {
        let key = (name.clone(), symbol(unit));
        if let Some(id) = self.ids.get(&key) {
            return Some(*id);
        }
        let next = self.ids.values().max().map_or(0, |largest| usize::from(*largest)) + 1;
        let id = u16::try_from(next).ok().filter(|_| self.ids.len() < POINTS_MAX)?;
        self.unsaved.push((key.0.clone(), key.1.clone(), id));
        self.ids.insert(key, id);
        Some(id)
    }

    /// The number of a point that has one.
    pub fn known(&self, name: &Arc<str>, unit: Unit) -> Option<u16> {
        self.ids.get(&(name.clone(), symbol(unit))).copied()
    }

    /// The points with one of these units.
    pub fn with_unit(&self, units: &[Unit]) -> impl Iterator<Item = u16> {
        let units: Vec<Arc<str>> = units.iter().map(|unit| symbol(*unit)).collect();
        self.ids.iter().filter(move |((_, unit), _)| units.contains(unit)).map(|(_, id)| *id)
    }

    /// Writes the names that are not in the file yet; all of them into a new file.
    pub fn save(&self, conn: &Connection, anew: bool) -> rusqlite::Result<()> {
        let insert = "INSERT OR IGNORE INTO point (id, name, unit) VALUES (?1, ?2, ?3)";
        let mut insert = conn.prepare_cached(insert)?;
        for (name, unit, id) in &self.unsaved {
            insert.execute(params![id, &**name, &**unit])?;
        }
        if anew {
            for ((name, unit), id) in &self.ids {
                insert.execute(params![id, &**name, &**unit])?;
            }
        }
        Ok(())
    }

    /// The names written last are on the disk.
    pub fn saved(&mut self) {
        self.unsaved.clear();
    }
}

fn symbol(unit: Unit) -> Arc<str> {
    unit.symbol().into()
}
