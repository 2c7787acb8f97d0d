//! `[site]`: where it is and what its clocks show.

use jiff::tz::TimeZone;

use super::reader::Section;
use crate::rules;

/// Where the site is.
#[derive(Clone, Debug, PartialEq)]
pub struct Site {
    /// Degrees, north positive.
    pub latitude: f64,
    /// Degrees, east positive.
    pub longitude: f64,
    /// IANA name, such as `America/Anchorage`; the machine's own if absent.
    pub timezone: Option<String>,
}

impl Site {
    /// The place as rules know it. Without a name, or where the machine has no time
    /// zone database, the machine's own zone counts.
    pub(super) fn place(&self) -> rules::Site {
        let named = self.timezone.as_deref().and_then(|name| TimeZone::get(name).ok());
        rules::Site {
            latitude: self.latitude,
            longitude: self.longitude,
            zone: named.unwrap_or_else(TimeZone::system),
        }
    }
}

/// Reads the section.
pub(super) fn site(section: &Section<'_>) -> Option<Site> {
    let latitude = section.number("latitude", -90.0, 90.0);
    let longitude = section.number("longitude", -180.0, 180.0);
    let timezone = section.text("timezone");
    // A machine without a time zone database cannot say that a name is wrong.
    let zones = jiff::tz::db();
    if let Some(zone) = &timezone
        && !zones.is_definitively_empty()
        && zones.get(&zone.value).is_err()
    {
        let message = format!("there is no time zone \"{}\"", zone.value);
        section.complain(zone.span.clone(), message, "for example \"America/Anchorage\"");
    }
    for key in ["latitude", "longitude"] {
        if !section.has(key) {
            section.missing(key, "degrees, north and east are positive");
        }
    }
    section.done();
    Some(Site {
        latitude: latitude?.value,
        longitude: longitude?.value,
        timezone: timezone.map(|zone| zone.value),
    })
}
