//! The packed value of a lighting event (0xEDA0 to 0xEDA5).
//!
//! The catalogue carries it as one raw number, since a point has one value;
//! this type is for those who set street lights.

/// What the light does from one moment on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LightingEvent {
    /// Minutes after the anchor, negative before it.
    pub offset_minutes: i16,
    /// What the offset counts from, see [`crate::vedirect::state::LIGHTING_ANCHOR`].
    pub anchor: u8,
    /// Brightness from then on, in %; 0 is off.
    pub brightness: u8,
}

impl LightingEvent {
    /// Takes the raw number apart.
    #[must_use]
    pub const fn from_raw(raw: u32) -> Self {
        let [low, high, anchor, brightness] = raw.to_le_bytes();
        Self { offset_minutes: i16::from_le_bytes([low, high]), anchor, brightness }
    }

    /// Puts it together again.
    #[must_use]
    pub const fn to_raw(self) -> u32 {
        let [low, high] = self.offset_minutes.to_le_bytes();
        u32::from_le_bytes([low, high, self.anchor, self.brightness])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_hour_before_an_anchor_at_half_brightness() {
        let event = LightingEvent { offset_minutes: -60, anchor: 1, brightness: 50 };
        assert_eq!(event.to_raw(), 0x3201_FFC4);
        assert_eq!(LightingEvent::from_raw(0x3201_FFC4), event);
    }
}
