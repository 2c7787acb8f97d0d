//! What people write after the flags of `sim`: times, versions, clamps.

use anyhow::{Context, bail};

use crate::sim::device::Kind;
use crate::sim::faults::Clamp;
use crate::vedirect::register::{self, Register};

/// Reads `REGISTER=MAX`.
pub fn clamp(kind: Kind, text: &str) -> anyhow::Result<Clamp> {
    let Some((name, max)) = text.split_once('=') else {
        bail!("--clamp wants REGISTER=MAX, not `{text}`");
    };
    let row: Option<&Register> = register::by_name(kind.family(), name.trim());
    let Some(row) = row else {
        bail!("--clamp: a {} has no register `{name}`", kind.model());
    };
    let max = max.trim().parse().with_context(|| format!("--clamp: `{max}` is no whole number"))?;
    Ok(Clamp { register: row.id, max })
}

/// Reads `1.63` or `163`.
pub fn firmware(text: &str) -> Result<u16, String> {
    let wrong = || format!("`{text}` is no firmware version such as 1.63");
    let number = match text.trim_start_matches('v').split_once('.') {
        Some((major, minor)) if minor.len() == 2 => format!("{major}{minor}"),
        Some(_) => return Err(wrong()),
        None => text.to_owned(),
    };
    match number.parse() {
        Ok(number @ 100..=3999) => Ok(number),
        _ => Err(wrong()),
    }
}

/// Reads a share between 0 and 1.
pub fn share(text: &str) -> Result<f64, String> {
    match text.parse() {
        Ok(share) if (0.0..=1.0).contains(&share) => Ok(share),
        _ => Err(format!("`{text}` is no share between 0 and 1")),
    }
}

/// Reads a percentage.
pub fn percent(text: &str) -> Result<f64, String> {
    match text.parse() {
        Ok(percent) if (0.0..=100.0).contains(&percent) => Ok(percent),
        _ => Err(format!("`{text}` is not between 0 and 100")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn firmware_is_written_as_on_the_label_or_as_sent() {
        assert_eq!(firmware("1.50"), Ok(150));
        assert_eq!(firmware("v4.08"), Ok(408));
        assert_eq!(firmware("163"), Ok(163));
        assert!(firmware("1.5").is_err());
        assert!(firmware("new").is_err());
    }

    #[test]
    fn a_clamp_names_its_register() {
        let expected = Clamp { register: 0xEDF0, max: 100 };
        assert_eq!(clamp(Kind::Mppt, "0xEDF0=100").unwrap(), expected);
        assert_eq!(clamp(Kind::Mppt, "BAT_MAX_CURRENT = 100").unwrap(), expected);
        assert!(clamp(Kind::Mppt, "0xEDF0").is_err());
        assert!(clamp(Kind::Mppt, "nonsense=1").is_err());
    }
}
