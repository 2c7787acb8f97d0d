//! Strokes of the SVG backend, in pixels with fractions.
//!
//! The backend counts whole pixels, which makes steps of gentle slopes. It draws
//! on a sheet that is larger, and the document says how large it is to be shown.

use plotters::backend::SVGBackend;
use plotters::coord::Shift;
use plotters::drawing::{DrawingArea, IntoDrawingArea};
use plotters::element::{Circle, Drawable, PathElement, PointCollection, Polygon, Rectangle, Text};
use plotters::style::text_anchor::{HPos, Pos, VPos};
use plotters::style::{Color, FontStyle, IntoFont, RGBColor, ShapeStyle, TextStyle};

use super::ink::Ink;

/// Units of the sheet a pixel.
const SCALE: f64 = 8.0;

/// The backend's fonts come out smaller than asked for.
const FONT: f64 = 1.24;

/// Which end of a text stands at its place.
#[derive(Clone, Copy, Debug)]
pub enum Anchor {
    Start,
    Middle,
    End,
}

/// Where a stroke goes, in pixels.
pub type Place = (f64, f64);

/// Draws on a sheet.
pub struct Pen<'a> {
    sheet: DrawingArea<SVGBackend<'a>, Shift>,
}

impl<'a> Pen<'a> {
    /// A sheet of so many pixels, written into `text`.
    pub fn new(text: &'a mut String, width: f64, height: f64) -> Self {
        let size = (units(width).unsigned_abs(), units(height).unsigned_abs());
        Self { sheet: SVGBackend::with_string(text, size).into_drawing_area() }
    }

    pub fn rect(&self, from: Place, to: Place, ink: Ink, opacity: f64) {
        let style = rgb(ink).mix(opacity).filled();
        self.draw(&Rectangle::new([place(from), place(to)], style));
    }

    pub fn frame(&self, from: Place, to: Place, ink: Ink) {
        let corners = [from, (to.0, from.1), to, (from.0, to.1), from];
        self.path(&corners, ink, 1.0);
    }

    pub fn line(&self, from: Place, to: Place, ink: Ink, width: f64) {
        self.path(&[from, to], ink, width);
    }

    pub fn path(&self, through: &[Place], ink: Ink, width: f64) {
        let style = ShapeStyle::from(&rgb(ink)).stroke_width(units(width).unsigned_abs());
        self.draw(&PathElement::new(through.iter().copied().map(place).collect::<Vec<_>>(), style));
    }

    pub fn polygon(&self, around: &[Place], ink: Ink, opacity: f64) {
        let corners: Vec<_> = around.iter().copied().map(place).collect();
        self.draw(&Polygon::new(corners, rgb(ink).mix(opacity).filled()));
    }

    pub fn dot(&self, at: Place, radius: f64, ink: Ink) {
        self.draw(&Circle::new(place(at), units(radius), rgb(ink).filled()));
    }

    /// A text whose base line is at `at`.
    pub fn text(&self, at: Place, text: &str, size: f64, ink: Ink, anchor: Anchor) {
        self.write(at, text, size, ink, anchor, FontStyle::Normal);
    }

    pub fn bold(&self, at: Place, text: &str, size: f64, ink: Ink) {
        self.write(at, text, size, ink, Anchor::Start, FontStyle::Bold);
    }

    fn write(&self, at: Place, text: &str, size: f64, ink: Ink, anchor: Anchor, style: FontStyle) {
        if text.is_empty() {
            return;
        }
        let across = match anchor {
            Anchor::Start => HPos::Left,
            Anchor::Middle => HPos::Center,
            Anchor::End => HPos::Right,
        };
        let color = rgb(ink);
        let font = ("sans-serif", size * SCALE * FONT).into_font().style(style);
        let style = TextStyle::from(font).color(&color).pos(Pos::new(across, VPos::Bottom));
        // `Bottom` raises a text by half the height of an x, a quarter of its size.
        let at = (at.0, at.1 + size * 0.26);
        self.draw(&Text::new(text.to_owned(), place(at), style));
    }

    fn draw<E>(&self, element: &E)
    where
        for<'e> &'e E: PointCollection<'e, (i32, i32)>,
        E: Drawable<SVGBackend<'a>>,
    {
        // A string always has room.
        let _ = self.sheet.draw(element);
    }
}

/// The document with its real size, and a title for those who cannot see it.
pub fn with_header(text: &str, width: f64, height: f64, title: &str) -> String {
    let body = text.split_once('\n').map_or("", |(_, body)| body);
    let title = title.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
    format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" role=\"img\" width=\"{width}\" height=\"{height}\" \
         viewBox=\"0 0 {} {}\">\n<title>{title}</title>\n{body}",
        units(width),
        units(height),
    )
}

/// Pixels to units: a sheet is a few thousand wide, and `as` saturates.
fn units(pixels: f64) -> i32 {
    (pixels * SCALE).round() as i32
}

fn place((x, y): Place) -> (i32, i32) {
    (units(x), units(y))
}

fn rgb(Ink(red, green, blue): Ink) -> RGBColor {
    RGBColor(red, green, blue)
}
