//! `sunkeep decode`: what a recording of a port holds, one line for each TEXT
//! block and HEX frame.
//!
//! Reads raw captures and our own recordings, told apart by their first line,
//! as a stream: a file may be larger than memory, and a port may be piped in.
//! It opens no port and knows no config.

mod line;
mod object;

use std::fmt;
use std::fs::File;
use std::io::{self, BufRead, BufReader, BufWriter, Read, Write};
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Context as _;

use crate::recording::{self, Direction};
use crate::vedirect::decoder::{Counters, Decoder, Frame};
use line::Printer;

/// Bytes read at once.
const BUFFER: usize = 64 * 1024;

/// Decode a capture of a VE.Direct port, or a recording of sunkeep
#[derive(clap::Args, Debug)]
pub struct Decode {
    /// The file to read; `-` is standard input
    #[arg(default_value = "-")]
    pub file: PathBuf,
    /// One JSON object per line
    #[arg(long)]
    pub json: bool,
}

impl Decode {
    /// Prints to standard output, and the counters to standard error.
    pub fn run(&self) -> anyhow::Result<ExitCode> {
        let is_stdin = self.file.as_os_str() == "-";
        let name = if is_stdin { "standard input".into() } else { self.file.display().to_string() };
        let input: Box<dyn Read> = if is_stdin {
            Box::new(io::stdin().lock())
        } else {
            Box::new(File::open(&self.file).with_context(|| format!("cannot open {name}"))?)
        };
        let style = if self.json { Style::Json } else { Style::Plain };
        let mut out = BufWriter::new(io::stdout().lock());
        match decode(input, &mut out, style) {
            Ok(summary) => eprintln!("{summary}"),
            // Whoever read our output has seen enough.
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => {}
            Err(error) => return Err(error).with_context(|| format!("cannot decode {name}")),
        }
        Ok(ExitCode::SUCCESS)
    }
}

/// How lines look.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Style {
    /// For people.
    Plain,
    /// One JSON object per line.
    Json,
}

/// What was found in all.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Summary {
    /// From the device, or of unknown direction.
    pub device: Counters,
    /// To the device; only recordings know.
    pub host: Counters,
    /// Lines of a recording that could not be read.
    pub bad_lines: u64,
}

impl fmt::Display for Summary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Counters { text_accepted, text_damaged, oversized, .. } = self.device;
        let Counters { hex_accepted, hex_damaged, bytes, .. } = self.device;
        write!(
            f,
            "text: {text_accepted} accepted, {text_damaged} damaged, {oversized} oversized; \
             hex: {hex_accepted} accepted, {hex_damaged} damaged; {bytes} bytes"
        )?;
        let Counters { hex_accepted, hex_damaged, bytes, .. } = self.host;
        if bytes > 0 {
            write!(f, "; to the device: {hex_accepted} hex, {hex_damaged} damaged, {bytes} bytes")?;
        }
        if self.bad_lines > 0 {
            write!(f, "; {} unreadable lines", self.bad_lines)?;
        }
        Ok(())
    }
}

/// Decodes `input` to its end and prints to `out`, flushed whenever `input`
/// was read.
///
/// # Errors
/// Whatever reading and writing bring; a closed `out` is `BrokenPipe`.
pub fn decode(input: impl Read, out: &mut impl Write, style: Style) -> io::Result<Summary> {
    let mut input = BufReader::with_capacity(BUFFER, input);
    let mut start = Vec::new();
    let longest = recording::HEADER.len() as u64 + 1;
    input.by_ref().take(longest).read_to_end(&mut start)?;
    let is_recording = recording::is_recording(&start);
    let input = io::Cursor::new(start).chain(input);
    let mut work = Work::new(out, style);
    if is_recording {
        work.recording(input)?
    } else {
        work.capture(input)?
    }
    work.finish()
}

struct Work<'w, W> {
    device: Decoder,
    host: Decoder,
    bad_lines: u64,
    printer: Printer<'w, W>,
}

impl<'w, W: Write> Work<'w, W> {
    fn new(out: &'w mut W, style: Style) -> Self {
        let printer = Printer::new(out, style);
        Self { device: Decoder::new(), host: Decoder::new(), bad_lines: 0, printer }
    }

    fn capture(&mut self, mut input: impl BufRead) -> io::Result<()> {
        loop {
            let bytes = input.fill_buf()?;
            if bytes.is_empty() {
                return Ok(());
            }
            let count = bytes.len();
            self.feed(Direction::FromDevice, bytes)?;
            input.consume(count);
            self.printer.flush()?;
        }
    }

    fn recording(&mut self, mut input: impl BufRead) -> io::Result<()> {
        let mut line = Vec::new();
        let mut is_header = true;
        loop {
            line.clear();
            let longest = recording::LINE_MAX as u64;
            if input.by_ref().take(longest).read_until(b'\n', &mut line)? == 0 {
                return self.printer.flush();
            }
            if !std::mem::take(&mut is_header) {
                self.recorded_line(&line)?;
            }
        }
    }

    fn recorded_line(&mut self, line: &[u8]) -> io::Result<()> {
        let chunk = std::str::from_utf8(line).ok().map(recording::parse_line);
        let Some(Ok(chunk)) = chunk else {
            self.bad_lines += 1;
            return Ok(());
        };
        let Some(chunk) = chunk else { return Ok(()) };
        self.printer.at = Some(chunk.at);
        self.feed(chunk.direction, &chunk.bytes)
    }

    fn feed(&mut self, direction: Direction, mut bytes: &[u8]) -> io::Result<()> {
        let decoder = match direction {
            Direction::FromDevice => &mut self.device,
            Direction::ToDevice => &mut self.host,
        };
        while let Some(frame) = decoder.next(&mut bytes) {
            self.printer.print(direction, &frame)?;
        }
        Ok(())
    }

    fn finish(mut self) -> io::Result<Summary> {
        while let Some(frame) = self.device.finish() {
            self.printer.print(Direction::FromDevice, &frame)?;
        }
        // A host sends no blocks; what looks like one is dropped.
        while let Some(Frame::Text(_)) = self.host.finish() {}
        self.printer.flush()?;
        let (device, host) = (self.device.counters(), self.host.counters());
        Ok(Summary { device, host, bad_lines: self.bad_lines })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::recording::{Chunk, HEADER, format_line};
    use std::time::Duration;

    #[track_caller]
    fn check(input: &[u8], style: Style, lines: &[&str]) -> Summary {
        let mut out = Vec::new();
        let summary = decode(input, &mut out, style).unwrap();
        assert_eq!(String::from_utf8(out).unwrap().lines().collect::<Vec<_>>(), lines);
        summary
    }

    fn block(fields: &[u8]) -> Vec<u8> {
        let mut text = [fields, b"\r\nChecksum\t"].concat();
        text.push(text.iter().fold(0_u8, |sum, byte| sum.wrapping_sub(*byte)));
        text
    }

    const MPPT: &[u8] = b"\r\nPID\t0xA042\r\nV\t13790\r\nSER#\tHQ\"1\xE9\r\nT\t---";

    #[test]
    fn json_lines_keep_fields_as_sent() {
        let input = [&block(MPPT)[..], b":7F6ED00640502\n"].concat();
        check(
            &input,
            Style::Json,
            &[
                r#"{"kind":"hex","raw":":7F6ED00640502","command":"get","register":"0xEDF6","name":"battery_float_voltage","flags":0,"value":13.8,"unit":"V"}"#,
                r#"{"kind":"text","fields":{"PID":"0xA042","V":"13790","SER#":"HQ\"1é","T":"---"}}"#,
            ],
        );
    }

    #[test]
    fn people_read_one_line_per_frame() {
        let input = [&block(MPPT)[..], &block(MPPT), b":7ECED00FFFF77\n:77777015F\n:A0102000543\n"];
        check(
            &input.concat(),
            Style::Plain,
            &[
                r#"text  PID 0xA042  V 13790  SER# HQ"1é  T ---"#,
                r#"text  PID 0xA042  V 13790  SER# HQ"1é  T ---"#,
                r#"hex :7ECED00FFFF77  get 0xEDEC battery_temperature not available"#,
                r#"hex :77777015F  get 0x7777 unknown register"#,
                r#"hex :A0102000543  async 0x0201 state 5 (float)"#,
            ],
        );
    }

    #[test]
    fn frames_without_a_value_say_why() {
        check(
            b":77777015F\n:7ECED00FFFF77\n:154\n:51641F9\n:4AAAAFD\n:70001004D\n",
            Style::Json,
            &[
                r#"{"kind":"hex","raw":":77777015F","command":"get","register":"0x7777","flags":1,"error":"unknown register"}"#,
                r#"{"kind":"hex","raw":":7ECED00FFFF77","command":"get","register":"0xEDEC","name":"battery_temperature","flags":0,"value":null,"unit":"°C"}"#,
                r#"{"kind":"hex","raw":":154","command":"ping"}"#,
                r#"{"kind":"hex","raw":":51641F9","command":"ping","version":"1.16"}"#,
                r#"{"kind":"hex","raw":":4AAAAFD","command":"error","error":"device got a damaged frame"}"#,
                r#"{"kind":"hex","raw":":70001004D","command":"get","register":"0x0100","name":"product_id","flags":0}"#,
            ],
        );
    }

    #[test]
    fn recordings_know_time_and_direction() {
        let chunk = |millis, direction, bytes: &[u8]| {
            let at = Duration::from_millis(millis);
            format_line(&Chunk { at, direction, bytes: bytes.to_vec() })
        };
        let lines = [
            chunk(5, Direction::ToDevice, b":70102004B\n"),
            chunk(80, Direction::FromDevice, b":7010200"),
            "nonsense\n".to_owned(),
            chunk(81, Direction::FromDevice, b"0546\n"),
        ];
        let input = format!("{HEADER}\n# on the roof\n{}", lines.concat());
        let summary = check(
            input.as_bytes(),
            Style::Json,
            &[
                r#"{"kind":"hex","at":0.005,"direction":"to_device","raw":":70102004B","command":"get","register":"0x0201","name":"state","flags":0}"#,
                r#"{"kind":"hex","at":0.081,"raw":":70102000546","command":"get","register":"0x0201","name":"state","flags":0,"value":5,"meaning":"float"}"#,
            ],
        );
        assert_eq!(summary.bad_lines, 1);
        assert_eq!((summary.device.hex_accepted, summary.host.hex_accepted), (1, 1));
    }

    #[test]
    fn nothing_in_gives_nothing_out() {
        let summary = check(b"", Style::Plain, &[]);
        assert!(summary.to_string().starts_with("text: 0 accepted"));
    }
}
