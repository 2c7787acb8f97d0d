//! The line of a block or frame, for people or as JSON.
//!
//! JSON keeps the order in which a device sent its fields, which a map would
//! not; objects are therefore written piece by piece. Device text is Latin-1
//! to us: any byte becomes one character, and none is lost.

use std::io::{self, Write};
use std::time::Duration;

use super::Style;
use super::object::{Object, quoted};
use crate::recording::Direction;
use crate::units::{Unit, Value};
use crate::vedirect::decoder::{Block, Frame};
use crate::vedirect::hex::{Answer, Asked, Raw, RegisterValue, Request};
use crate::vedirect::record::Record;
use crate::vedirect::register::{self, Decoded, Family, Register};
use crate::vedirect::text;

/// Prints frames as they come and remembers who speaks.
pub struct Printer<'w, W> {
    out: &'w mut W,
    style: Style,
    family: Option<Family>,
    /// Time of the chunk that completes the next frames, if it is known.
    pub at: Option<Duration>,
}

impl<'w, W: Write> Printer<'w, W> {
    pub fn new(out: &'w mut W, style: Style) -> Self {
        Self { out, style, family: None, at: None }
    }

    pub fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }

    pub fn print(&mut self, direction: Direction, frame: &Frame<'_>) -> io::Result<()> {
        let line = match frame {
            Frame::Text(block) => {
                self.family = text::family_of(block).or(self.family);
                self.block(block)
            }
            Frame::Hex(raw) => self.frame(direction, raw),
        };
        writeln!(self.out, "{line}")
    }

    fn block(&self, block: &Block<'_>) -> String {
        let fields = block.fields().map(|(label, value)| (latin(label), latin(value)));
        match self.style {
            Style::Plain => {
                let fields = fields.map(|(label, value)| format!("  {label} {value}"));
                format!("{}text{}", self.time(), fields.collect::<String>())
            }
            Style::Json => {
                let mut inner = Object::new();
                fields.for_each(|(label, value)| inner.text(&label, &value));
                let mut object = self.object("text", Direction::FromDevice);
                object.raw("fields", &inner.end());
                object.end()
            }
        }
    }

    fn frame(&self, direction: Direction, raw: &Raw) -> String {
        let told = Told::new(direction, raw, self.family);
        match self.style {
            Style::Plain => format!("{}{}", self.time(), told.plain(direction, raw)),
            Style::Json => {
                let mut object = self.object("hex", direction);
                object.text("raw", &raw.to_string());
                told.json(&mut object);
                object.end()
            }
        }
    }

    fn time(&self) -> String {
        self.at.map_or_else(String::new, |at| format!("{:.3} ", at.as_secs_f64()))
    }

    fn object(&self, kind: &str, direction: Direction) -> Object {
        let mut object = Object::new();
        object.text("kind", kind);
        if let Some(at) = self.at {
            object.raw("at", &format!("{:.3}", at.as_secs_f64()));
        }
        if direction == Direction::ToDevice {
            object.text("direction", "to_device");
        }
        object
    }
}

/// What a HEX frame says.
struct Told {
    command: &'static str,
    register: Option<u16>,
    row: Option<&'static Register>,
    flags: Option<u8>,
    content: Content,
}

enum Content {
    Nothing,
    NotAvailable,
    Value(Value),
    Record(Record),
    /// Words of our own, under a JSON key.
    Words(&'static str, String),
}

impl Told {
    fn new(direction: Direction, raw: &Raw, family: Option<Family>) -> Self {
        // A capture does not say which way a frame went. Requests without a
        // payload, and a `get` without a value, can only be the host's.
        let bare = match raw.command {
            7 => raw.payload.len() == 3 && raw.payload[2] == 0,
            command => raw.payload.is_empty() && command != 5,
        };
        if direction == Direction::ToDevice || bare {
            return Self::request(&Asked::parse(raw), raw, family);
        }
        match Answer::parse(raw) {
            Answer::Get(value) => Self::register("get", &value, family),
            Answer::Set(value) => Self::register("set", &value, family),
            Answer::Async(value) => Self::register("async", &value, family),
            Answer::Ping(version) => Self::words("ping", "version", version.to_string()),
            Answer::Done(payload) => Self::words("done", "payload", digits(&payload)),
            Answer::UnknownCommand(command) => {
                Self::words("unknown", "unknown_command", command.to_string())
            }
            Answer::FrameError => {
                Self::words("error", "error", "device got a damaged frame".into())
            }
            Answer::Other(raw) => Self::words("other", "payload", digits(&raw.payload)),
        }
    }

    fn request(asked: &Asked, raw: &Raw, family: Option<Family>) -> Self {
        let bare = |command| Self { command, ..Self::words("", "", String::new()) }.empty();
        match asked {
            Asked::Request(Request::Ping) => bare("ping"),
            Asked::Request(Request::Version) => bare("version"),
            Asked::Request(Request::ProductId) => bare("product_id"),
            Asked::Restart => bare("restart"),
            Asked::Request(Request::Get { register }) => {
                let row = candidates(family).find_map(|family| register::find(family, *register));
                Self { register: Some(*register), row, flags: Some(0), ..bare("get") }
            }
            Asked::Request(Request::Set { register, value }) => {
                let flags = crate::vedirect::hex::Flags::default();
                let value = RegisterValue { register: *register, flags, value: *value };
                Self::register("set", &value, family)
            }
            Asked::Unknown(_) => Self::words("other", "payload", digits(&raw.payload)),
        }
    }

    fn register(command: &'static str, answer: &RegisterValue, family: Option<Family>) -> Self {
        let id = answer.register;
        let (register, flags) = (Some(id), Some(answer.flags.0));
        let mut rows = candidates(family).filter_map(|family| register::find(family, id));
        let told = |row, content| Self { command, register, row, flags, content };
        if answer.value.is_empty() {
            let content = match answer.flags.is_ok() {
                true => Content::Nothing,
                false => Content::Words("error", answer.flags.to_string()),
            };
            return told(rows.next(), content);
        }
        // Without a product id the first family whose width fits is believed.
        let found = rows.find_map(|row| Some((row, row.decode(&answer.value).ok()?)));
        let Some((row, decoded)) = found else {
            return told(None, Content::Words("payload", digits(&answer.value)));
        };
        let content = match decoded {
            Decoded::Value(value) => Content::Value(value),
            Decoded::NotAvailable => Content::NotAvailable,
            Decoded::Record(record) => Content::Record(record),
        };
        told(Some(row), content)
    }

    fn words(command: &'static str, key: &'static str, words: String) -> Self {
        let content = Content::Words(key, words);
        Self { command, register: None, row: None, flags: None, content }
    }

    fn empty(self) -> Self {
        Self { content: Content::Nothing, ..self }
    }

    fn plain(&self, direction: Direction, raw: &Raw) -> String {
        let arrow = if direction == Direction::ToDevice { "hex >" } else { "hex" };
        let mut line = format!("{arrow} {raw}  {}", self.command);
        if let Some(id) = self.register {
            line += &format!(" 0x{id:04X}");
        }
        if let Some(row) = self.row {
            line += &format!(" {}", row.name);
        }
        line += &match &self.content {
            Content::Nothing => String::new(),
            Content::NotAvailable => " not available".into(),
            Content::Value(value) => self.plain_value(value),
            Content::Record(record) => plain_record(record),
            Content::Words(_, words) => format!(" {words}"),
        };
        line
    }

    fn plain_value(&self, value: &Value) -> String {
        let unit = self.unit();
        let space = if unit.is_empty() { "" } else { " " };
        let meaning = self.meaning(value).map_or_else(String::new, |name| format!(" ({name})"));
        format!(" {value}{space}{unit}{meaning}")
    }

    fn json(&self, object: &mut Object) {
        object.text("command", self.command);
        if let Some(id) = self.register {
            object.text("register", &format!("0x{id:04X}"));
        }
        if let Some(row) = self.row {
            object.text("name", row.name);
        }
        if let Some(flags) = self.flags {
            object.raw("flags", &flags.to_string());
        }
        match &self.content {
            Content::Nothing => return,
            Content::NotAvailable => object.raw("value", "null"),
            Content::Value(value) => object.raw("value", &json_value(value)),
            Content::Record(record) => object.raw("value", &json_record(record)),
            Content::Words(key, words) => return object.text(key, words),
        }
        if !self.unit().is_empty() {
            object.text("unit", self.unit());
        }
        if let Content::Value(value) = &self.content
            && let Some(name) = self.meaning(value)
        {
            object.text("meaning", &name);
        }
    }

    fn unit(&self) -> &'static str {
        self.row.map_or(Unit::None, |row| row.unit).symbol()
    }

    fn meaning(&self, value: &Value) -> Option<String> {
        self.row?.meaning.describe(value.as_number()?)
    }
}

/// The families to look a register up in: the one known, or all.
fn candidates(family: Option<Family>) -> impl Iterator<Item = Family> {
    let others = if family.is_some() { &[][..] } else { &Family::PRODUCTS };
    family.into_iter().chain(others.iter().copied())
}

fn plain_record(record: &Record) -> String {
    let fields = record.fields().into_iter().filter_map(|(name, unit, value)| {
        let space = if unit == Unit::None { "" } else { " " };
        Some(format!("  {name} {}{space}{unit}", Value::Number(value?)))
    });
    fields.collect()
}

fn json_record(record: &Record) -> String {
    let mut object = Object::new();
    for (name, _, value) in record.fields() {
        let value = value.map(|value| json_value(&Value::Number(value)));
        object.raw(name, value.as_deref().unwrap_or("null"));
    }
    object.end()
}

fn json_value(value: &Value) -> String {
    match value {
        Value::Number(_) => value.to_string(),
        Value::Text(text) => quoted(text),
    }
}

fn digits(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02X}")).collect()
}

fn latin(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| char::from(*byte)).collect()
}
