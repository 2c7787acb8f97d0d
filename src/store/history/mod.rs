//! `history.db`: every reading, the sums of years, what is known now.
//!
//! ```text
//! readings ─► tail (a batch a minute, on the disk)
//!                │ once an hour, one transaction
//!                ├─► segment, frames, chunk   every reading, packed, in its order
//!                ├─► minute, quarter, day     least, mean, greatest, last, count
//!                └─► counter                  energy and charge of each day
//! ```
//!
//! | file | what it knows |
//! |---|---|
//! | `bits` `column` `block` `run` | readings ↔ bytes, and which clock they have; pure |
//! | `rollup` `counter` | readings → sums and amounts; pure |
//! | `tail` `seal` `snapshot` `points` `logged` `device_day` | rows ← data |
//! | `read` `series` | rows → readings, rows → sums |
//! | `keep` | which rows go when there are too many |
//! | `keeper` | when what is written, and what a file that fails does to it |
//!
//! A power cut takes the readings since the last batch. Nothing here decides
//! about control.

pub mod bits;
pub mod block;
pub mod column;
mod counter;
pub mod device_day;
mod keep;
mod keeper;
mod logged;
mod points;
pub mod read;
pub mod rollup;
mod run;
mod seal;
pub mod series;
mod snapshot;
mod tail;

pub use keep::{Keep, Tier};
pub(super) use keeper::{Keeper, Keeping};
pub use seal::day_of;
pub use snapshot::StoredSnapshotRow;
pub(super) use snapshot::read as read_snapshot;
