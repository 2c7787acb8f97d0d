//! The load output of a charger: a relay that is a register.
//!
//! Register 0xEDAB holds a *mode*, and only mode 0 is off: "on" means giving the
//! decision back to the charger, usually to its own battery protection (`auto`),
//! so that the load stays protected when this program is dead. The register is
//! kept in flash, which is why it is compared before it is written.

use crate::arbiter::{Level, Want};
use crate::engine::Outcome;
use crate::session::{Authority, Outcome as Answer, Task, WriteResult};
use crate::units::Value;

/// Load output control; the low nibble is the mode.
pub const REGISTER: u16 = 0xEDAB;

/// The point under which a snapshot shows [`REGISTER`].
pub const POINT: &str = "load_output_control";

/// The mode that switches the load off.
const OFF: u8 = 0;

/// The level that a value of [`REGISTER`] stands for. Bits 4 to 7 are flags.
#[must_use]
pub fn level_of(register: f64) -> Level {
    // A register of 8 bits: nothing is lost.
    if register as u8 & 0x0F == OFF { Level::Off } else { Level::On }
}

/// The write that brings the load output to a level.
#[must_use]
pub fn task(level: Level, on_mode: u8) -> Task {
    let mode = if level == Level::On { on_mode } else { OFF };
    Task::Write {
        register: REGISTER,
        value: Value::Number(f64::from(mode)),
        authority: Authority::Rule,
    }
}

/// What the session's answer means for the engine.
#[must_use]
pub fn outcome(answer: &Answer) -> Outcome {
    match answer {
        Answer::Written(result) if result.is_success() => Outcome::Verified,
        Answer::Written(WriteResult::Clamped { got: Some(Value::Number(mode)), .. }) => {
            Outcome::Took(Want::Level(level_of(*mode)))
        }
        _ => super::failure(answer),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::session::Lock;

    #[test]
    fn only_mode_zero_is_off_whatever_the_flag_bits() {
        for (raw, level) in [
            (0.0, Level::Off),
            (1.0, Level::On),
            (4.0, Level::On),
            (128.0, Level::Off),
            (129.0, Level::On),
        ] {
            assert_eq!(level_of(raw), level, "register {raw}");
        }
    }

    #[test]
    fn on_gives_the_decision_back_to_the_charger() {
        let Task::Write { register, value, authority } = task(Level::On, 1) else {
            panic!("not a write")
        };
        assert_eq!((register, value), (REGISTER, Value::Number(1.0)));
        assert_eq!(authority, Authority::Rule);
    }

    #[test]
    fn only_a_read_back_value_counts_as_done() {
        for (result, done) in [
            (WriteResult::Done, true),
            (WriteResult::Unchanged, true),
            (WriteResult::Unverified, false),
            (WriteResult::Unanswered, false),
            (WriteResult::Locked(Lock::NotConnected), false),
        ] {
            let outcome = outcome(&Answer::Written(result.clone()));
            assert_eq!(outcome == Outcome::Verified, done, "{result}");
        }
    }
}
