//! Physical units and the values that carry them.
//!
//! A quantity has one unit everywhere: `battery_voltage` is volts whether it
//! came as TEXT millivolts, as a HEX register in 0.01 V or from a probe.
//! Conversions happen once, where bytes are decoded; nothing downstream scales.

use std::fmt;

use serde::{Deserialize, Serialize};

/// The unit of a point or register, after scaling.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Unit {
    /// A plain number, an enumeration or a text.
    None,
    /// V
    Volt,
    /// A
    Ampere,
    /// W
    Watt,
    /// VA
    VoltAmpere,
    /// °C; registers in 0.01 K are converted on decoding.
    Celsius,
    /// %
    Percent,
    /// Ah
    AmpereHour,
    /// kWh
    KilowattHour,
    /// kVAh
    KilovoltAmpereHour,
    /// s
    Second,
    /// ms
    Millisecond,
    /// min
    Minute,
    /// h
    Hour,
    /// days
    Day,
    /// Hz
    Hertz,
    /// Ω
    Ohm,
    /// mV/K, temperature compensation
    MillivoltPerKelvin,
    /// %/°C, temperature coefficient
    PercentPerCelsius,
    /// s/%, dimming speed
    SecondPerPercent,
    /// periods of the AC voltage
    AcPeriod,
}

impl Unit {
    /// Every unit, the common ones first.
    pub const ALL: [Self; 21] = [
        Self::None,
        Self::Volt,
        Self::Ampere,
        Self::Watt,
        Self::VoltAmpere,
        Self::Celsius,
        Self::Percent,
        Self::AmpereHour,
        Self::KilowattHour,
        Self::KilovoltAmpereHour,
        Self::Second,
        Self::Millisecond,
        Self::Minute,
        Self::Hour,
        Self::Day,
        Self::Hertz,
        Self::Ohm,
        Self::MillivoltPerKelvin,
        Self::PercentPerCelsius,
        Self::SecondPerPercent,
        Self::AcPeriod,
    ];

    /// The symbol printed after a number; empty for [`Unit::None`].
    #[must_use]
    pub const fn symbol(self) -> &'static str {
        match self {
            Self::None => "",
            Self::Volt => "V",
            Self::Ampere => "A",
            Self::Watt => "W",
            Self::VoltAmpere => "VA",
            Self::Celsius => "°C",
            Self::Percent => "%",
            Self::AmpereHour => "Ah",
            Self::KilowattHour => "kWh",
            Self::KilovoltAmpereHour => "kVAh",
            Self::Second => "s",
            Self::Millisecond => "ms",
            Self::Minute => "min",
            Self::Hour => "h",
            Self::Day => "days",
            Self::Hertz => "Hz",
            Self::Ohm => "Ω",
            Self::MillivoltPerKelvin => "mV/K",
            Self::PercentPerCelsius => "%/°C",
            Self::SecondPerPercent => "s/%",
            Self::AcPeriod => "AC periods",
        }
    }
}

impl fmt::Display for Unit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.symbol())
    }
}

/// What a point holds: a finite number in the point's unit, or a text.
///
/// Switch states and enumerations are numbers; their names live with the
/// point. NaN and infinities never get in: see [`Value::number`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Value {
    /// A finite number in the point's unit.
    Number(f64),
    /// A serial number, a model name, an unknown label's value.
    Text(Box<str>),
}

impl Value {
    /// Wraps a number; `None` for NaN and infinities, which are not values.
    #[must_use]
    pub fn number(value: f64) -> Option<Self> {
        value.is_finite().then_some(Self::Number(value))
    }

    /// The number, if it is one.
    #[must_use]
    pub const fn as_number(&self) -> Option<f64> {
        match self {
            Self::Number(number) => Some(*number),
            Self::Text(_) => None,
        }
    }
}

impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Number(number) => fmt::Display::fmt(&Rounded(*number), f),
            Self::Text(text) => f.pad(text),
        }
    }
}

/// Prints at most three decimals and no trailing zeros.
///
/// Registers have three decimals at most; more digits are binary noise.
struct Rounded(f64);

impl fmt::Display for Rounded {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = format!("{:.3}", self.0);
        let text = text.trim_end_matches('0').trim_end_matches('.');
        f.pad(if text == "-0" { "0" } else { text })
    }
}

macro_rules! quantity {
    ($($(#[$doc:meta])* $name:ident, $unit:ident;)*) => {$(
        $(#[$doc])*
        #[derive(
            Clone, Copy, Debug, Default, PartialEq, PartialOrd, Serialize, Deserialize,
        )]
        pub struct $name(pub f64);

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{} {}", Rounded(self.0), Unit::$unit)
            }
        }
    )*};
}

quantity! {
    /// Electric potential in V.
    Volts, Volt;
    /// Electric current in A; positive charges the battery.
    Amperes, Ampere;
    /// Power in W.
    Watts, Watt;
    /// Temperature in °C.
    Celsius, Celsius;
    /// A share in %, 0 to 100.
    Percent, Percent;
    /// Charge in Ah.
    AmpereHours, AmpereHour;
    /// Energy in kWh.
    KilowattHours, KilowattHour;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(value: f64, expected: &str) {
        assert_eq!(Value::Number(value).to_string(), expected);
    }

    #[test]
    fn numbers_print_without_binary_noise() {
        check(0.1 + 0.2, "0.3");
        check(13.800_000_000_1, "13.8");
        check(-0.0, "0");
        check(-0.0001, "0");
        check(120.0, "120");
        check(0.003, "0.003");
    }

    #[test]
    fn nan_and_infinity_are_not_values() {
        assert_eq!(Value::number(f64::NAN), None);
        assert_eq!(Value::number(f64::INFINITY), None);
        assert_eq!(Value::number(1.5), Some(Value::Number(1.5)));
    }

    #[test]
    fn quantities_print_their_unit() {
        assert_eq!(Volts(13.80).to_string(), "13.8 V");
        assert_eq!(Celsius(-3.25).to_string(), "-3.25 °C");
    }
}
