//! The hands: outputs that are really switched, and read back.
//!
//! The engine decides; an actuator does one thing, reads what became of it and
//! says so. What is shown to people is always the read-back. GPIO pins answer at
//! once ([`gpio`]), and a relay's contact soon after. A register answers over the serial
//! port of its device: what its values stand for is a [`plan`], the writes that bring it
//! somewhere a [`series`], and what is known of it meanwhile a [`hand`].

mod drivers;
pub mod gpio;
pub mod hand;
pub mod lease;
pub mod originals;
pub mod pin_table;
pub mod plan;
pub mod series;
mod simulated;
pub mod switches;
mod witness;

use crate::arbiter::Level;
use crate::engine::Outcome;
use crate::session::Outcome as Answer;

/// An output that is switched and read back without waiting.
pub trait Actuator: Send {
    /// Switches to a level and returns what was read back.
    ///
    /// # Errors
    /// Says why the level could not be set or read.
    fn apply(&mut self, level: Level) -> Result<Level, ActuatorError>;

    /// Reads the present level.
    ///
    /// # Errors
    /// Says why it could not be read.
    fn feedback(&self) -> Result<Level, ActuatorError>;
}

/// An output that did not obey.
#[derive(Debug, thiserror::Error)]
pub enum ActuatorError {
    /// The GPIO pin could not be claimed.
    #[error("GPIO {pin} cannot be used: {cause}{}", hint(cause))]
    Claim {
        /// BCM number.
        pin: u8,
        /// The backend's own words.
        cause: String,
    },
    /// The GPIO pin was claimed but does not answer.
    #[error("GPIO {pin}: {cause}")]
    Access {
        /// BCM number.
        pin: u8,
        /// The backend's own words.
        cause: String,
    },
    /// Nobody would watch over the pins.
    #[error("cannot start the thread that watches over the pins: {cause}")]
    Watch {
        /// The system's words.
        cause: String,
    },
    /// Several outputs cannot be used.
    #[error("{}", .0.iter().map(ToString::to_string).collect::<Vec<_>>().join("; "))]
    Several(Vec<ActuatorError>),
}

/// What to do about the causes that owners meet.
fn hint(cause: &str) -> &'static str {
    if cause.contains("ermission") {
        "; add the user to the group gpio"
    } else if cause.contains("busy") || cause.contains("used") {
        "; another program holds it"
    } else if cause.contains("No such file") {
        "; this machine has no such GPIO chip"
    } else {
        ""
    }
}

/// What an answer means that is no success: whether anything was sent matters,
/// because only then may the device have changed and its memory have worn.
fn failure(answer: &Answer) -> Outcome {
    match answer {
        Answer::Written(result) if result.was_sent() => Outcome::Failed(result.to_string()),
        Answer::Written(result) => Outcome::Postponed(result.to_string()),
        Answer::QueueFull => Outcome::Postponed("too many tasks are waiting".to_owned()),
        Answer::Read(_) | Answer::RestartSent => {
            Outcome::Failed("answered with something else than a write".to_owned())
        }
    }
}
