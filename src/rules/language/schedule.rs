//! Words that answer yes or no without a number: read-backs, clock and sun.

use std::sync::Arc;

use jiff::civil::Time;
use rhai::{Array, Dynamic, Engine, NativeCallContext, Position, Scope};

use crate::problem::nearest;

use super::builder::{Build, Built, OutputRef, Span, SunRef, list};
use super::words::{Shared, lock};
use crate::rules::calendar::Clock;
use crate::rules::calendar::cron::{Cron, WEEKDAYS};
use crate::rules::calendar::sun::{Side, SunEvent, SunTime};
use crate::rules::condition::{Ask, Condition, Leaf, Word};
use crate::rules::measures::spelt;

/// Words that stand alone, without brackets.
pub const CONSTANTS: [&str; 3] = ["daylight", "sunrise", "sunset"];

/// Half a day: further from its own event, another one is meant.
const OFFSET_MAX: f64 = 12.0 * 3600.0;

/// Registers all of them.
pub fn register(engine: &mut Engine, shared: &Shared) {
    for (word, on) in [("is_on", true), ("is_off", false)] {
        let build = Arc::clone(shared);
        engine.register_fn(word, move |ctx: NativeCallContext, output: Dynamic| {
            lock(&build).is_on(ctx.call_position(), word, &output, on)
        });
    }
    for (word, side) in [("before", Side::Before), ("after", Side::After)] {
        let build = Arc::clone(shared);
        engine.register_fn(word, move |ctx: NativeCallContext, moment: Dynamic| {
            lock(&build).beside(ctx.call_position(), (word, side), &moment)
        });
    }
    for (symbol, sign) in [("+", 1.0), ("-", -1.0)] {
        let build = Arc::clone(shared);
        engine.register_fn(symbol, move |ctx: NativeCallContext, sun: SunRef, by: Dynamic| {
            lock(&build).moved(ctx.call_position(), sun, &by, sign)
        });
    }
    let build = Arc::clone(shared);
    engine.register_fn("cron", move |ctx: NativeCallContext, pattern: Dynamic| {
        lock(&build).cron(ctx.call_position(), &pattern)
    });
    let build = Arc::clone(shared);
    let between = move |ctx: NativeCallContext, from: Dynamic, until: Dynamic| {
        lock(&build).between_times(ctx.call_position(), &from, &until)
    };
    engine.register_fn("between_times", between);
    weekdays(engine, shared);
}

/// `on_weekdays` takes one to seven days.
fn weekdays(engine: &mut Engine, shared: &Shared) {
    macro_rules! takes {
        ($($day:ident)+) => {{
            let build = Arc::clone(shared);
            let days = move |ctx: NativeCallContext, $($day: Dynamic),+| {
                lock(&build).on_weekdays(ctx.call_position(), &[$($day),+])
            };
            engine.register_fn("on_weekdays", days);
        }};
    }
    takes!(a);
    takes!(a b);
    takes!(a b c);
    takes!(a b c d);
    takes!(a b c d e);
    takes!(a b c d e f);
    takes!(a b c d e f g);
}

/// Puts the words that stand alone into the scope.
pub fn constants(scope: &mut Scope<'_>, build: &Build) {
    // Without a place, the walk over the names has complained.
    let daylight = match build.world.site {
        Some(_) => word("daylight".to_owned(), Word::Clock(Clock::Daylight)),
        None => Built(None),
    };
    scope.push_constant("daylight", daylight);
    for (name, event) in [("sunrise", SunEvent::Sunrise), ("sunset", SunEvent::Sunset)] {
        scope.push_constant(name, SunRef(Some(SunTime { event, offset: 0.0 })));
    }
}

fn word(name: String, word: Word) -> Built {
    let leaf = Leaf { name: name.into(), ask: Ask::Word(word) };
    Built(Some(Condition::Leaf(leaf).into()))
}

impl Build {
    /// Whether the site's place is known; if not, complains.
    pub fn has_site(&mut self, at: Position, word: &str) -> bool {
        if self.world.site.is_none() {
            let message = format!("`{word}` needs to know where the site is");
            let help = "add `[site]` with latitude, longitude and timezone to the configuration";
            self.complain(at, message, help);
        }
        self.world.site.is_some()
    }

    fn is_on(&mut self, at: Position, name: &str, output: &Dynamic, on: bool) -> Built {
        let Some(OutputRef(id)) = output.clone().try_cast::<OutputRef>() else {
            let message = format!("`{name}` looks at an output, found {}", self.kind(output));
            let help = format!("outputs are {}", list(&self.world.outputs));
            self.complain(at, message, help);
            return Built(None);
        };
        let output = &self.world.outputs[usize::from(id.0)];
        let Built(is_on) = word(format!("is_on({output})"), Word::IsOn(id));
        Built(is_on.map(|is_on| if on { is_on } else { Arc::new(Condition::Not(is_on)) }))
    }

    fn moved(&mut self, at: Position, SunRef(sun): SunRef, by: &Dynamic, sign: f64) -> SunRef {
        let Some(Span(span)) = by.clone().try_cast::<Span>() else {
            let message = format!("the sun is moved by a duration, found {}", self.kind(by));
            self.complain(at, message, "for example `sunset + 30.min`");
            return SunRef(None);
        };
        let moved =
            sun.map(|sun| SunTime { offset: sun.offset + sign * span.as_secs_f64(), ..sun });
        if moved.is_some_and(|sun| sun.offset.abs() > OFFSET_MAX) {
            let message = "more than twelve hours from sunrise or sunset is another day";
            self.complain(at, message, "for example `sunset + 30.min`");
            return SunRef(None);
        }
        SunRef(moved)
    }

    fn beside(&mut self, at: Position, (name, side): (&str, Side), moment: &Dynamic) -> Built {
        let Some(SunRef(sun)) = moment.clone().try_cast::<SunRef>() else {
            let message = format!("`{name}` needs sunrise or sunset, found {}", self.kind(moment));
            let help = "for example `after(sunset + 30.min)`; \
                        for the clock there is `between_times(\"22:00\", \"06:00\")`";
            self.complain(at, message, help);
            return Built(None);
        };
        let Some(sun) = sun.filter(|_| self.has_site(at, name)) else {
            return Built(None);
        };
        let event = if sun.event == SunEvent::Sunrise { "sunrise" } else { "sunset" };
        let span = || spelt(std::time::Duration::from_secs_f64(sun.offset.abs()));
        let text = match sun.offset {
            0.0 => format!("{name}({event})"),
            later if later > 0.0 => format!("{name}({event} + {})", span()),
            _ => format!("{name}({event} - {})", span()),
        };
        word(text, Word::Clock(Clock::Sun(side, sun)))
    }

    fn cron(&mut self, at: Position, pattern: &Dynamic) -> Built {
        let parsed = match pattern.clone().into_immutable_string() {
            Ok(text) => Cron::parse(&text),
            Err(_) => Err(format!("`cron` needs a pattern as text, found {}", self.kind(pattern))),
        };
        let cron = match parsed {
            Ok(cron) => cron,
            Err(message) => {
                let help = "minute, hour, day, month, weekday: \
                            `cron(\"0 6 * * mon\")` is Monday at 6:00";
                self.complain(at, message, help);
                return Built(None);
            }
        };
        if !self.has_site(at, "cron") {
            return Built(None);
        }
        let text = format!("cron(\"{}\")", cron.text);
        let known = self.needs.crons.iter().position(|known| *known == cron);
        let index = known.unwrap_or_else(|| {
            self.needs.crons.push(cron);
            self.needs.crons.len() - 1
        });
        word(text, Word::Clock(Clock::Cron(index)))
    }

    fn between_times(&mut self, at: Position, from: &Dynamic, until: &Dynamic) -> Built {
        let (Some(from), Some(until)) = (self.time(at, from), self.time(at, until)) else {
            return Built(None);
        };
        if from == until {
            let message = "`between_times` needs two different times";
            self.complain(at, message, "the first is included, the second is not");
            return Built(None);
        }
        if !self.has_site(at, "between_times") {
            return Built(None);
        }
        let spelt = |time: Time| format!("{:02}:{:02}", time.hour(), time.minute());
        let text = format!("between_times(\"{}\", \"{}\")", spelt(from), spelt(until));
        word(text, Word::Clock(Clock::BetweenTimes(from, until)))
    }

    /// `22:00`, `6:30`.
    fn time(&mut self, at: Position, value: &Dynamic) -> Option<Time> {
        let text = value.clone().into_immutable_string().unwrap_or_default();
        let parsed = text.split_once(':').and_then(|(hour, minute)| {
            let minute = minute.parse().ok().filter(|_| minute.len() == 2)?;
            Time::new(hour.parse().ok()?, minute, 0, 0).ok()
        });
        if parsed.is_none() {
            let message = format!("{} is no time of day", self.kind(value));
            self.complain(at, message, "from \"00:00\" to \"23:59\", as in \"06:30\"");
        }
        parsed
    }

    fn on_weekdays(&mut self, at: Position, days: &[Dynamic]) -> Built {
        let listed = |day: &Dynamic| day.clone().try_cast::<Array>();
        let days: Vec<Dynamic> =
            days.iter().flat_map(|day| listed(day).unwrap_or_else(|| vec![day.clone()])).collect();
        let mut bits = 0_u8;
        for day in &days {
            let text = day.clone().into_immutable_string().unwrap_or_default();
            match range(&text) {
                Some(more) => bits |= more,
                None => {
                    let message = format!("{} is no weekday", self.kind(day));
                    let help = match nearest(&text, WEEKDAYS.into_iter()) {
                        Some(near) if !text.is_empty() => format!("did you mean \"{near}\"?"),
                        _ => "for example `on_weekdays(\"mon-fri\")` or \
                              `on_weekdays(\"sat\", \"sun\")`"
                            .to_owned(),
                    };
                    self.complain(at, message, help);
                    return Built(None);
                }
            }
        }
        if !self.has_site(at, "on_weekdays") {
            return Built(None);
        }
        let chosen = |day: &usize| bits >> day & 1 == 1;
        // From Monday, as in a diary.
        let names: Vec<String> = (1..=7)
            .map(|day| day % 7)
            .filter(chosen)
            .map(|day| format!("\"{}\"", WEEKDAYS[day]))
            .collect();
        word(format!("on_weekdays({})", names.join(", ")), Word::Clock(Clock::Weekdays(bits)))
    }
}

/// `mon` or `fri-sun`, as bits.
fn range(text: &str) -> Option<u8> {
    let day = |name: &str| {
        let name = name.trim().to_lowercase();
        // Full names are the short ones with more behind them.
        WEEKDAYS
            .iter()
            .position(|day| name == *day || name.starts_with(day) && name.ends_with("day"))
    };
    let (first, last) = match text.split_once('-') {
        Some((first, last)) => (day(first)?, day(last)?),
        None => (day(text)?, day(text)?),
    };
    let count = (last + 7 - first) % 7;
    Some((0..=count).fold(0, |bits, step| bits | 1 << ((first + step) % 7)))
}
