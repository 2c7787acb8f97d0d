//! What a new simulated device holds before anybody touches it.
//!
//! Settings are those of recorded devices with 12 V lead batteries (go-victron
//! and velog recordings) or the defaults of Victron's HEX documents; whatever
//! is not listed begins as *not available*, or 0 where no such value exists.

use super::Kind;
use super::measured::{Aux, Charger, Day, Inverter, Measured, Monitor};

/// A register's first value.
#[derive(Clone, Copy, Debug)]
pub enum Initial {
    /// A number, before scaling.
    Raw(i64),
    /// A text.
    Text(&'static str),
}

/// The first value of a register, if it has one of its own.
#[must_use]
pub fn initial(kind: Kind, id: u16) -> Option<Initial> {
    if id == 0x010B {
        return Some(Initial::Text(kind.model()));
    }
    let family = match kind {
        Kind::Mppt | Kind::MpptNoLoad => CHARGER,
        Kind::Bmv | Kind::SmartShunt => MONITOR,
        Kind::Phoenix => INVERTER,
    };
    let own = match kind {
        Kind::Mppt => CHARGER_75_15,
        Kind::MpptNoLoad => CHARGER_100_50,
        _ => &[],
    };
    [own, family, COMMON]
        .into_iter()
        .find_map(|table| table.iter().find(|(register, _)| *register == id))
        .map(|(_, raw)| Initial::Raw(*raw))
}

/// Registers of the family that this model does not have; it answers them
/// with flag 0x01.
#[must_use]
pub const fn is_absent(kind: Kind, id: u16) -> bool {
    match kind {
        // No load output: no switch, no levels, no street light.
        Kind::MpptNoLoad => matches!(id, 0xED90..=0xED97 | 0xED99..=0xED9D | 0xEDA0..=0xEDAF),
        // No relay. It has no display either, but keeps the settings of one.
        Kind::SmartShunt => matches!(id, 0x034D..=0x034F),
        Kind::Mppt | Kind::Bmv | Kind::Phoenix => false,
    }
}

const COMMON: &[(u16, i64)] = &[(0x0090, 1), (0x0101, 0), (0x0150, 0x01), (0x0200, 1)];

const CHARGER: &[(u16, i64)] = &[
    (0x0202, 2),
    (0x2211, 800),
    (0x2212, 3480),
    (0xEDFE, 1),
    (0xEDFB, 600),
    (0xEDF7, 1440),
    (0xEDF6, 1380),
    (0xEDF4, 1620),
    (0xEDF2, -1620),
    (0xEDF1, 2),
    (0xEDEF, 12),
    (0xEDEA, 12),
    (0xEDE7, 10),
    (0xEDE5, 1),
    (0xEDE4, 8),
    (0xEDE3, 100),
    (0xED2E, 40),
    (0xEDE0, 500),
    (0xEDCE, 0x180C),
    (0xEDCD, 1),
    (0xEDCC, 1),
    (0x2000, 0),
    (0x2009, 0),
    (0x200F, 4),
    (0x034F, 1),
    (0x0350, 1000),
    (0x0351, 1050),
    (0x0352, 1650),
    (0x0353, 1600),
    (0x0402, 5),
];

const CHARGER_75_15: &[(u16, i64)] = &[
    // Load output, street light, alternative functions of the port; no
    // panel current (capability bits of a recorded 100/20).
    (0x0140, 0x0A0D_DE75),
    (0xEDF0, 150),
    (0xEDDF, 150),
    (0xEDB8, 7500),
    (0xEDAB, 1),
    (0xEDAF, 150),
    (0xED9D, 1320),
    (0xED9C, 1180),
];

const CHARGER_100_50: &[(u16, i64)] =
    &[(0x0140, 0x0805_E474), (0xEDF0, 500), (0xEDDF, 500), (0xEDB8, 10000)];

const MONITOR: &[(u16, i64)] = &[
    (0x0140, 0),
    (0x0FFD, 1),
    (0x1000, 200),
    (0x1001, 132),
    (0x1002, 40),
    (0x1003, 3),
    (0x1004, 90),
    (0x1005, 125),
    (0x1006, 10),
    (0x1007, 3),
    (0x1008, 500),
    (0x1009, 900),
    (0x100A, 0),
    (0x100B, 0),
    (0x034F, 0),
    (0xEEFE, 5),
    (0xEEF5, 3),
    (0xEEE0, 1),
    (0xEEE3, 1),
    (0xEEE4, 1),
    (0xEEE5, 1),
    (0xEEE6, 1),
    (0xEEFB, 500),
    (0xEEFA, 50),
    (0xEEFC, 1),
    (0x031D, 1),
];

const INVERTER: &[(u16, i64)] = &[
    (0x0140, 1 << 29),
    (0x0200, 2),
    (0x0230, 23000),
    (0x0231, 21000),
    (0x0232, 24500),
    (0x0320, 1090),
    (0x0321, 1400),
    (0x1040, 1_234_567),
    (0x1041, 8_910),
    (0x2202, 230),
    (0x2203, 375),
    (0x2206, 15),
    (0x2207, 20),
    (0x2210, 930),
    (0x2211, 920),
    (0x2212, 1700),
    (0xEDEF, 12),
    (0xEB03, 1),
    (0xEB04, 250),
    (0xEB06, 12),
    (0xEB10, 16),
    (0xEBB1, 9300),
    (0xEBB2, 9300),
    (0xEBB3, 9300),
    (0xEBB5, 9300),
];

/// What a new device measures: the quiet middle of a winter's day.
#[must_use]
pub fn measured(kind: Kind) -> Measured {
    match kind {
        Kind::Mppt | Kind::MpptNoLoad => Measured::Charger(charger()),
        Kind::Bmv => Measured::Monitor(monitor(Aux::Starter(12.71))),
        Kind::SmartShunt => Measured::Monitor(monitor(Aux::Temperature(Some(4.0)))),
        Kind::Phoenix => Measured::Inverter(Inverter {
            battery_voltage: 12.87,
            ac_voltage: 230.0,
            ac_current: 0.2,
            idle: false,
        }),
    }
}

fn charger() -> Charger {
    // Eleven days, as many as a recorded 75/15 remembered.
    let days = (0..11u16).map(|ago| {
        let power = f64::from(60 + (ago * 37) % 55);
        Day {
            yield_kwh: if ago == 0 { 0.12 } else { power * 0.004 },
            consumed_kwh: 0.18,
            battery_voltage_max: 14.38,
            battery_voltage_min: 12.61,
            time_bulk: 310.0,
            time_absorption: 55.0,
            time_float: f64::from((ago * 13) % 40),
            power_max: power,
            current_max: power / 13.2,
            panel_voltage_max: 41.3,
            sequence: 50 - ago,
        }
    });
    Charger {
        battery_voltage: 13.26,
        current: 1.9,
        panel_voltage: 33.65,
        panel_power: 26.0,
        state: 3,
        tracker: 2,
        load_demand: 0.7,
        temperature: 11.0,
        yield_total: 25.52,
        days: days.collect(),
    }
}

fn monitor(aux: Aux) -> Monitor {
    Monitor {
        voltage: 13.158,
        current: 4.3,
        state_of_charge: Some(87.4),
        consumed: -25.2,
        time_to_go: None,
        aux,
        deepest_discharge: -96.4,
        last_discharge: -25.2,
        cumulative: -1028.6,
        cycles: 4,
        voltage_min: 11.83,
        voltage_max: 14.41,
        since_full: 77_248.0,
        synchronisations: 9,
        energy_out: 12.85,
        energy_in: 13.71,
    }
}
