//! Products by id: name, register family and what differs between models.
//!
//! A remark is set only where a source states it. Whether a model really has
//! a load output is answered by the device itself: bits 0 (real) and 19
//! (virtual) of register `capabilities`, on MPPT firmware 1.16 and later.

mod table;

use super::register::Family;

/// What the `LOAD` of a charger is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LoadOutput {
    /// None that is known.
    None,
    /// Terminals that switch a load.
    Real,
    /// A signal at a pin, for an external switch.
    Virtual,
}

/// One row of the product table.
#[derive(Clone, Copy, Debug)]
pub struct Product {
    /// Product id: TEXT `PID`, HEX command 4, register 0x0100.
    pub id: u16,
    /// The vendor's name.
    pub name: &'static str,
    /// The register table that applies.
    pub family: Family,
    /// Whether it has a load output.
    pub load_output: LoadOutput,
    /// Falls silent when the sun sets, which is then no fault. Only set where
    /// a source says so: models that the panels alone supply.
    pub silent_at_night: bool,
    /// What an engineer should know.
    pub note: &'static str,
}

/// The product of an id; `None` for those newer than the table.
#[must_use]
pub fn find(id: u16) -> Option<&'static Product> {
    let index = table::PRODUCTS.binary_search_by_key(&id, |product| product.id).ok()?;
    table::PRODUCTS.get(index)
}

/// Every product, by id.
#[must_use]
pub fn all() -> &'static [Product] {
    table::PRODUCTS
}

const fn p(id: u16, name: &'static str, family: Family) -> Product {
    Product { id, name, family, load_output: LoadOutput::None, silent_at_night: false, note: "" }
}

impl Product {
    const fn load(mut self, load_output: LoadOutput) -> Self {
        self.load_output = load_output;
        self
    }

    const fn silent_at_night(mut self) -> Self {
        self.silent_at_night = true;
        self
    }

    const fn note(mut self, note: &'static str) -> Self {
        self.note = note;
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(id: u16, name: &str, family: Family, load_output: LoadOutput) {
        let product = find(id).unwrap();
        assert_eq!((product.name, product.family), (name, family));
        assert_eq!(product.load_output, load_output);
    }

    #[test]
    fn models_up_to_20_amperes_have_a_load_output() {
        check(0xA042, "BlueSolar MPPT 75/15", Family::Mppt, LoadOutput::Real);
        check(0xA05F, "SmartSolar MPPT 100/20", Family::Mppt, LoadOutput::Real);
        check(0xA056, "SmartSolar MPPT 100/30", Family::Mppt, LoadOutput::None);
        check(0xA06C, "SmartSolar MPPT 150/70 rev2", Family::Mppt, LoadOutput::Virtual);
    }

    #[test]
    fn families_follow_the_register_tables() {
        check(0xA10F, "BlueSolar MPPT VE.Can 150/100", Family::Mppt, LoadOutput::None);
        check(0xA30A, "Blue Smart IP65 Charger 12/25", Family::PhoenixCharger, LoadOutput::None);
        check(0xA389, "SmartShunt 500A/50mV", Family::SmartShunt, LoadOutput::None);
    }

    #[test]
    fn every_product_is_found_by_its_id() {
        for product in all() {
            assert_eq!(find(product.id).map(|found| found.name), Some(product.name));
        }
        assert!(find(0xFFFF).is_none());
    }

    #[test]
    fn only_models_without_battery_supply_are_declared_silent() {
        let silent: Vec<u16> = all().iter().filter(|p| p.silent_at_night).map(|p| p.id).collect();
        assert_eq!(silent, [0xA040, 0xA041, 0xA044, 0xA045]);
    }
}
