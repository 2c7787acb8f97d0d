//! Faults of every kind, in virtual time, and the page that lists them.

mod list;
