//! A device for the tests of the commands: registers in a table, no port.

use super::*;
use crate::vedirect::hex::Flags;
use crate::vedirect::register::find;
use std::collections::BTreeMap;

/// An MPPT charger that remembers what it was told to do.
pub struct Fake {
    /// Register bytes.
    pub registers: BTreeMap<u16, Vec<u8>>,
    /// Tasks that would have changed something.
    pub changes: Vec<Task>,
    /// What every change results in.
    pub result: WriteResult,
}

impl Fake {
    /// Float voltage 13.8 V, load on, standard battery type.
    pub fn new() -> Self {
        let registers = BTreeMap::from([
            (0xEDF6, vec![0x64, 0x05]),
            (0xEDAB, vec![4]),
            (0xEDF1, vec![2]),
            (0xEDEC, vec![0xFF, 0xFF]),
        ]);
        Self { registers, changes: Vec::new(), result: WriteResult::Done }
    }
}

impl Registers for Fake {
    fn family(&self) -> Family {
        Family::Mppt
    }

    fn read(&mut self, register: u16) -> anyhow::Result<ReadResult> {
        let Some(bytes) = self.registers.get(&register) else {
            return Ok(ReadResult::Refused(Flags::UNKNOWN_ID));
        };
        let row = find(Family::Mppt, register).context("tests use known registers")?;
        Ok(ReadResult::Value(row.decode(bytes)?))
    }

    fn change(&mut self, task: Task) -> anyhow::Result<WriteResult> {
        self.changes.push(task);
        Ok(self.result.clone())
    }
}
