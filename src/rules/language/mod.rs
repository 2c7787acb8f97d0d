//! The language of rule files: what rhai reads, and what it leaves behind.
//!
//! ```text
//! text ─► compile, clause ── sandbox ─► words, acting, compare, schedule ─► builder
//!                                └ names, sentences, habits, slip: what is wrong, where, and the right word
//! ```
//!
//! Nothing here runs once the rules are loaded.

pub mod acting;
pub mod builder;
pub mod clause;
pub mod compare;
pub mod compile;
pub mod habits;
pub mod kinds;
pub mod names;
pub mod reserved;
pub mod sandbox;
pub mod schedule;
pub mod sentences;
pub mod slip;
pub mod trials;
pub mod vocabulary;
pub mod words;
