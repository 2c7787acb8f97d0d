//! `[devices.NAME]`: a VE.Direct device and the port it is on.

use crate::problem::nearest;
use crate::vedirect::product;
use crate::vedirect::register::Family;

use super::Names;
use super::reader::{Placed, Section};

/// A VE.Direct device.
#[derive(Clone, Debug, PartialEq)]
pub struct Device {
    /// Its name: the first part of its points' names.
    pub name: String,
    /// The serial port, best by id: numbers change when cables are replugged.
    pub port: String,
    /// Writes are locked until the device says that it is this one.
    pub serial_number: Option<String>,
    /// Product id it must have, such as 0xA060.
    pub product: Option<u16>,
    /// Its family, as declared by `kind` or by the product id: a few quantities,
    /// such as `state`, have other names for their numbers in other families.
    pub family: Option<Family>,
}

/// Reads all devices.
pub(super) fn devices(root: &Section<'_>, names: &mut Names) -> Vec<Device> {
    let mut devices: Vec<Device> = Vec::new();
    for (name, section) in root.sections("devices") {
        names.take(&section, &name);
        let port = section.text("port");
        if !section.has("port") {
            section.missing("port", "for example \"/dev/serial/by-id/usb-VictronEnergy_…\"");
        }
        if let Some(port) = &port {
            shared_port(&section, port, &devices);
        }
        let serial_number = section.text("serial_number").map(|text| text.value);
        let product = section.whole("product", 1, 0xFFFF);
        // `whole` has checked the range.
        let product = product.and_then(|id| u16::try_from(id.value).ok());
        let kinds = Family::PRODUCTS.map(|family| (family.name(), family));
        let kind = section.choice("kind", &kinds);
        section.done();
        devices.push(Device {
            name: name.value,
            port: port.map(|port| port.value).unwrap_or_default(),
            serial_number,
            product,
            family: kind.or_else(|| product::find(product?).map(|product| product.family)),
        });
    }
    devices
}

fn shared_port(section: &Section<'_>, port: &Placed<String>, devices: &[Device]) {
    if port.value.is_empty() {
        section.complain(port.span.clone(), "`port` is empty", "");
    } else if let Some(other) = devices.iter().find(|other| other.port == port.value) {
        let message = format!("this port belongs to `{}` already", other.name);
        section.complain(port.span.clone(), message, "`sunkeep scan` shows which is which");
    }
}

/// Complains unless a device of this name is declared.
pub(super) fn known<'a>(
    section: &Section<'_>,
    devices: &'a [Device],
    name: &str,
    span: &std::ops::Range<usize>,
) -> Option<&'a Device> {
    if let Some(device) = devices.iter().find(|device| device.name == name) {
        return Some(device);
    }
    let help = match nearest(name, devices.iter().map(|device| device.name.as_str())) {
        Some(near) => format!("did you mean `{near}`?"),
        None => format!("declare it: [devices.{name}]"),
    };
    section.complain(span.clone(), format!("there is no device `{name}`"), &help);
    None
}
