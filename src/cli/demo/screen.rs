//! The live terminal screen of the demo: a [`Status`] as a picture.
//!
//! It only shows. What it shows of an output is what was read back; intent is
//! in a column of its own.

use ratatui::Frame;
use ratatui::layout::{Constraint, Layout, Rect};
use ratatui::style::{Color, Modifier, Style, Stylize};
use ratatui::text::{Line, Span};
use ratatui::widgets::{Block, Cell, Paragraph, Row, Table, Wrap};

use crate::control::{InputStatus, JournalLine, OutputStatus, RuleStatus, Status};

/// What the demo adds to a status.
pub struct Scene {
    /// Local time and weather of the simulated site.
    pub sky: String,
    /// How many times faster than life.
    pub speed: f64,
    /// Whether the shunt's cable is pulled.
    pub unplugged: bool,
}

/// Draws everything.
pub fn draw(frame: &mut Frame<'_>, status: &Status, scene: &Scene) {
    let inputs = height(status.inputs.len(), 4, 9);
    let outputs = height(status.outputs.len(), 3, 6);
    let [title, upper, middle, journal, keys] = Layout::vertical([
        Constraint::Length(2),
        Constraint::Length(inputs.max(height(status.rules.len() * 3, 4, 12))),
        Constraint::Length(outputs),
        Constraint::Min(4),
        Constraint::Length(1),
    ])
    .areas(frame.area());
    let [left, right] =
        Layout::horizontal([Constraint::Percentage(42), Constraint::Percentage(58)]).areas(upper);
    frame.render_widget(headline(status, scene), title);
    draw_inputs(frame, left, &status.inputs);
    draw_rules(frame, right, &status.rules);
    draw_outputs(frame, middle, &status.outputs);
    draw_journal(frame, journal, &status.journal);
    frame.render_widget(key_line(scene), keys);
}

fn height(rows: usize, least: u16, most: u16) -> u16 {
    u16::try_from(rows + 3).unwrap_or(most).clamp(least, most)
}

fn headline(status: &Status, scene: &Scene) -> Paragraph<'static> {
    let mut devices = vec![Span::raw(" devices: ").dim()];
    for device in &status.devices {
        let style = if device.health.contains("TEXT alive") { Color::Green } else { Color::Red };
        devices.push(Span::styled(format!("{} ", device.name), Style::new().fg(style).bold()));
        devices.push(Span::raw(format!("{}  ", device.health)).dim());
    }
    let mode = Span::styled(
        format!(" {} ", status.mode.to_uppercase()),
        Style::new().fg(Color::Black).bg(if status.mode == "run" {
            Color::Green
        } else {
            Color::Yellow
        }),
    );
    let top = Line::from(vec![
        Span::raw(" sunkeep demo ").bold(),
        mode,
        Span::raw(format!("  {}   {:.0} times faster than life", scene.sky, scene.speed)),
    ]);
    Paragraph::new(vec![top, Line::from(devices)])
}

fn table<'a>(
    title: &'a str,
    header: &[&'a str],
    rows: Vec<Row<'a>>,
    widths: &[Constraint],
) -> Table<'a> {
    let header = Row::new(header.iter().map(|name| Cell::from(*name).dim()));
    Table::new(rows, widths.to_vec())
        .header(header)
        .column_spacing(2)
        .block(Block::bordered().title(title).border_style(Style::new().fg(Color::DarkGray)))
}

fn draw_inputs(frame: &mut Frame<'_>, area: Rect, inputs: &[InputStatus]) {
    let rows = inputs.iter().map(|input| {
        let good = input.quality.starts_with("good");
        let color = if good { Color::Reset } else { Color::Red };
        let value = if good { input.value.clone() } else { format!("? {}", input.value) };
        Row::new(vec![
            Cell::from(input.name.clone()).bold(),
            Cell::from(value).style(Style::new().fg(color)),
            Cell::from(input.age.map_or_else(|| "-".into(), age)).dim(),
            Cell::from(input.quality.clone()).style(Style::new().fg(if good {
                Color::Green
            } else {
                Color::Red
            })),
        ])
    });
    let widths = [
        Constraint::Length(17),
        Constraint::Length(11),
        Constraint::Length(7),
        Constraint::Fill(1),
    ];
    let table = table(" inputs ", &["input", "value", "age", "quality"], rows.collect(), &widths);
    frame.render_widget(table, area);
}

fn age(seconds: f64) -> String {
    match seconds {
        ..120.0 => format!("{seconds:.0} s"),
        ..7200.0 => format!("{:.0} min", seconds / 60.0),
        _ => format!("{:.0} h", seconds / 3600.0),
    }
}

fn draw_rules(frame: &mut Frame<'_>, area: Rect, rules: &[RuleStatus]) {
    let mut lines = Vec::new();
    for rule in rules {
        let color = match rule.state.as_str() {
            "yes" => Color::Green,
            "no" => Color::Gray,
            _ => Color::Red,
        };
        lines.push(Line::from(vec![
            Span::styled(
                format!("{:8}", rule.state),
                Style::new().fg(color).add_modifier(Modifier::BOLD),
            ),
            Span::raw(rule.name.clone()).bold(),
        ]));
        lines.push(Line::from(format!("        {}", rule.why)).dim());
    }
    let block = Block::bordered().title(" rules ").border_style(Style::new().fg(Color::DarkGray));
    frame.render_widget(Paragraph::new(lines).block(block).wrap(Wrap { trim: false }), area);
}

fn draw_outputs(frame: &mut Frame<'_>, area: Rect, outputs: &[OutputStatus]) {
    let rows = outputs.iter().map(|output| {
        let color = match output.read_back.as_str() {
            "on" => Color::Green,
            "off" => Color::Yellow,
            _ => Color::Red,
        };
        Row::new(vec![
            Cell::from(output.name.clone()).bold(),
            Cell::from(output.asked.clone()),
            Cell::from(output.decided.clone()),
            Cell::from(output.read_back.clone()).style(Style::new().fg(color).bold()),
            Cell::from(output.note.clone()).dim(),
        ])
    });
    let widths = [
        Constraint::Length(16),
        Constraint::Length(7),
        Constraint::Length(8),
        Constraint::Length(10),
        Constraint::Fill(1),
    ];
    let header = ["output", "asked", "decided", "read back", "note"];
    frame.render_widget(table(" outputs ", &header, rows.collect(), &widths), area);
}

fn draw_journal(frame: &mut Frame<'_>, area: Rect, journal: &[JournalLine]) {
    let room = usize::from(area.height.saturating_sub(2));
    let skip = journal.len().saturating_sub(room);
    let lines: Vec<Line<'_>> = journal.iter().skip(skip).map(journal_line).collect();
    let block = Block::bordered().title(" journal ").border_style(Style::new().fg(Color::DarkGray));
    // Unwrapped, so that the newest line is always in sight.
    frame.render_widget(Paragraph::new(lines).block(block), area);
}

fn journal_line(entry: &JournalLine) -> Line<'_> {
    let color = match entry.kind.as_str() {
        "safe" => Color::Yellow,
        "alarm" => Color::Red,
        "intent" | "result" => Color::Green,
        _ => Color::Reset,
    };
    // "2026-01-15T06:00:12Z": the hour is what changes in a demo.
    let time = entry.time.get(11..16).unwrap_or(&entry.time);
    Line::from(vec![
        Span::raw(format!("{time} ")).dim(),
        Span::styled(format!("{:7}", entry.kind), Style::new().fg(color)),
        Span::raw(format!("{} ", entry.subject)).bold(),
        Span::raw(format!("{} ", entry.what)),
        Span::raw(entry.reason.clone()).dim(),
    ])
}

fn key_line(scene: &Scene) -> Line<'static> {
    let cable =
        if scene.unplugged { "plug the shunt's cable in again" } else { "pull the shunt's cable" };
    Line::from(vec![
        Span::raw(" u ").reversed(),
        Span::raw(format!(" {cable}   ")),
        Span::raw(" q ").reversed(),
        Span::raw(" quit"),
    ])
}
