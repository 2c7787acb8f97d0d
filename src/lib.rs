//! sunkeep keeps a remote, solar-powered site alive: it reads Victron VE.Direct
//! devices, keeps a history, and lets the owner's rules act through relays, the
//! charger's load output and register writes. It runs unattended, and it can
//! always say why it acted.
//!
//! # The picture
//!
//! ```text
//!    EDGE: moves bytes, pins, rows          CORE: no I/O, no clock, no async, no randomness           EDGE
//!  /dev/ttyUSB0 ── serial ──┐   ┌───────────────────────── engine ─────────────────────────┐   ┌── actuator/gpio ───── relays
//!  /dev/ttyUSB1 ── serial ──┼──►│ vedirect ► session ► snapshot ► rules ► arbiter ► effects │──►├── actuator/series ──── HEX writes
//!  1-wire, sysfs ── probe ──┘   └───────────────────────────────────────────────────────────┘   └── store ── journal, history
//!    SHELL: drivers of the one engine ──  daemon (live) · sim (plant, devices, faults) · cli
//! ```
//!
//! Bytes become frames, frames become readings, readings make a snapshot, rules
//! turn a snapshot into requests, the arbiter turns requests into one decision
//! per output. Every arrow is a plain function on plain data, and time is an
//! argument. An edge away from an output's safe state is carried out after its
//! intent is on the disk; an edge to safe waits for nothing.
//!
//! # Code map
//!
//! | module | what it holds |
//! |---|---|
//! | [`units`], [`clock`], [`problem`] | units and values; time as data; mistakes in files, with their place |
//! | [`vedirect`] | bytes ↔ TEXT blocks and HEX messages; registers, labels, products, records |
//! | [`recording`] | what a port said, as lines of text |
//! | [`session`] | the conversation with one device: identify, poll, write and verify |
//! | [`snapshot`] | what is known now, with age and quality |
//! | [`rules`] | rule files → latches with three-valued conditions → requests |
//! | [`arbiter`] | requests → one decision an output |
//! | [`journal`] | what is worth writing down |
//! | [`engine`] | one step: snapshot in, effects out |
//! | [`wear`] | how often each register of each device was written into flash |
//! | [`trial`] | the tests beside rules, run in virtual time before the rules are used |
//! | [`config`] | TOML → a checked site, all problems at once |
//! | [`serial`] | a serial port around a session |
//! | [`probe`] | temperature sensors on 1-wire and in sysfs |
//! | [`actuator`] | pins and registers, switched and read back |
//! | [`store`] | journal, history and snapshot in SQLite, on a thread of its own |
//! | [`plot`] | values, outputs and nights → a picture, as SVG or in a terminal |
//! | [`whole`] | small files that are there whole or not at all |
//! | [`control`] | what the command line and a running daemon say to each other |
//! | [`daemon`] | the live driver |
//! | [`sim`] | sun, battery, enclosure and devices that speak real bytes |
//! | [`cli`] | the command line |
//!
//! Core knows only core, upstream of itself; edge knows core; shell knows all;
//! nobody knows shell. `tests/tidy.rs` keeps the table of who may import whom.
//!
//! # Always true
//!
//! No rule touches hardware. Control never waits for the disk or a terminal. No
//! output moves without a journal entry that names the rule, the readings it used
//! and their ages. No unknown reading is compared. The core reads no clock. No
//! bootloader command can be expressed at all, and no restart or denied register
//! by anything but a person at the command line. No test sleeps or needs real
//! hardware, root or the internet.

// core
pub mod arbiter;
pub mod clock;
pub mod engine;
pub mod journal;
pub mod problem;
pub mod recording;
pub mod rules;
pub mod session;
pub mod snapshot;
pub mod trial;
pub mod units;
pub mod vedirect;
pub mod wear;

// edge
pub mod actuator;
pub mod config;
pub mod control;
pub mod plot;
pub mod probe;
pub mod serial;
pub mod store;
pub mod whole;

// shell
pub mod cli;
pub mod daemon;
pub mod sim;
