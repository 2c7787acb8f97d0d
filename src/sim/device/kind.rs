//! The five devices that can be simulated, and what each is called.

use crate::vedirect::register::Family;

/// Which device is simulated.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// SmartSolar MPPT 75/15: a charger with load output.
    Mppt,
    /// SmartSolar MPPT 100/50: a charger without load output.
    MpptNoLoad,
    /// BMV-712 battery monitor.
    Bmv,
    /// SmartShunt 500 A battery monitor.
    SmartShunt,
    /// Phoenix inverter 12/375.
    Phoenix,
}

impl Kind {
    /// All kinds.
    pub const ALL: [Self; 5] =
        [Self::Mppt, Self::MpptNoLoad, Self::Bmv, Self::SmartShunt, Self::Phoenix];

    /// The register table it answers from.
    #[must_use]
    pub const fn family(self) -> Family {
        match self {
            Self::Mppt | Self::MpptNoLoad => Family::Mppt,
            Self::Bmv => Family::Bmv,
            Self::SmartShunt => Family::SmartShunt,
            Self::Phoenix => Family::PhoenixInverter,
        }
    }

    /// The product id it reports.
    #[must_use]
    pub const fn product_id(self) -> u16 {
        match self {
            Self::Mppt => 0xA053,
            Self::MpptNoLoad => 0xA057,
            Self::Bmv => 0xA381,
            Self::SmartShunt => 0xA389,
            Self::Phoenix => 0xA241,
        }
    }

    /// The model name in register 0x010B.
    #[must_use]
    pub const fn model(self) -> &'static str {
        match self {
            Self::Mppt => "SmartSolar Charger MPPT 75/15",
            Self::MpptNoLoad => "SmartSolar Charger MPPT 100/50",
            Self::Bmv => "BMV-712 Smart",
            Self::SmartShunt => "BMV-SmartShunt 500A/50mV",
            Self::Phoenix => "Phoenix Inverter 12V 375VA 230V",
        }
    }

    /// The model name in the TEXT field `BMV`.
    pub(super) const fn model_text(self) -> &'static str {
        match self {
            Self::Bmv => "712 Smart",
            _ => "SmartShunt 500A/50mV",
        }
    }

    /// Firmware it runs unless told otherwise, as major × 100 + minor: that of
    /// the recordings its TEXT follows.
    #[must_use]
    pub const fn firmware(self) -> u16 {
        match self {
            Self::Mppt | Self::MpptNoLoad => 163,
            Self::Bmv => 403,
            Self::SmartShunt => 405,
            Self::Phoenix => 126,
        }
    }

    /// Serial number it has unless told otherwise.
    #[must_use]
    pub const fn serial_number(self) -> &'static str {
        match self {
            Self::Mppt => "HQ2310SKMP1",
            Self::MpptNoLoad => "HQ2310SKMP2",
            Self::Bmv => "HQ2310SKBM1",
            Self::SmartShunt => "HQ2310SKSH1",
            Self::Phoenix => "HQ2310SKPH1",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::vedirect::product::{self, LoadOutput};

    #[test]
    fn products_are_those_of_the_table() {
        for kind in Kind::ALL {
            let product = product::find(kind.product_id()).unwrap();
            assert_eq!(product.family, kind.family(), "{kind:?}");
            let load = product.load_output == LoadOutput::Real;
            assert_eq!(load, kind == Kind::Mppt, "{kind:?}");
        }
    }
}
