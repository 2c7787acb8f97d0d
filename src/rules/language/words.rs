//! The words of a rule file, and what each leaves behind in the build.
//!
//! rhai runs once, when the rules are loaded; what it leaves behind is plain
//! data. The engine is raw: what is not registered here does not exist. There is
//! no file, network or clock behind any word.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use rhai::{Dynamic, Engine, EvalAltResult, NativeCallContext, Position, Scope};

use crate::arbiter::{Level, OutputId};

use super::builder::{Build, Built, DeviceRef, InputRef, OutputRef, RuleRef, Span, TermRef};
use super::compare::{WORDS, compare};
use super::{acting, sandbox, schedule};
use crate::rules::condition::Condition;
use crate::rules::script::Switch;
use crate::rules::{measures, script};

/// Words that a rule has, for "did you mean".
pub const METHODS: [&str; 15] = [
    "turn_on",
    "turn_off",
    "set",
    "activate",
    "alert",
    "when",
    "clear_when",
    "lasting",
    "only",
    "unless",
    "for_at_most",
    "latch",
    "priority",
    "if_unknown",
    "decide",
];

/// The levels of an output, as scripts name them.
pub const SWITCHES: [(&str, Level); 2] = [("on", Level::On), ("off", Level::Off)];

/// Functions that stand in conditions, each with an example.
pub const FUNCTIONS: [(&str, &str); 17] = [
    ("not", "not(soc below 30)"),
    ("avg", "avg(pv_power, 10.min) above 80"),
    ("min", "min(cell_temperature, 1.hour) below 2"),
    ("max", "max(cell_temperature, 1.hour) above 40"),
    ("rate", "rate(soc, 30.min) below -10"),
    ("age", "age(soc) above 5.min"),
    ("on_time_today", "on_time_today(heater) above 3.hours"),
    ("energy_today", "energy_today(mppt) below 0.5"),
    ("interpolate", "interpolate(battery_voltage, [[11.8, 0], [12.7, 100]])"),
    ("is_on", "is_on(heater)"),
    ("is_off", "is_off(heater)"),
    ("between_times", "between_times(\"22:00\", \"06:00\")"),
    ("on_weekdays", "on_weekdays(\"mon-fri\")"),
    ("cron", "cron(\"0 6 * * mon\")"),
    ("before", "before(sunset - 1.hour)"),
    ("after", "after(sunset + 30.min)"),
    ("rule", "rule(\"preserve the battery\")"),
];

/// Units of a duration.
pub const UNITS: [(&str, u64); 11] = [
    ("sec", 1),
    ("second", 1),
    ("seconds", 1),
    ("min", 60),
    ("minute", 60),
    ("minutes", 60),
    ("hour", 3600),
    ("hours", 3600),
    ("day", 86_400),
    ("days", 86_400),
    ("secs", 1),
];

/// Plain arithmetic (150 and up in rhai) binds tighter than comparing, comparing
/// tighter than `and`, `and` tighter than `or`.
const COMPARING: u8 = 130;
const AND: u8 = 60;
const OR: u8 = 30;

/// No rule waits longer than this for a condition: beyond it, a slip is likelier.
const SPAN_MAX: Duration = Duration::from_secs(366 * 86_400);

/// What the words write to.
pub type Shared = Arc<Mutex<Build>>;

/// Locks the build. A panic of another holder leaves plain data behind.
pub fn lock(shared: &Shared) -> MutexGuard<'_, Build> {
    shared.lock().unwrap_or_else(PoisonError::into_inner)
}

/// An engine whose words write to `shared`.
pub fn engine(shared: &Shared) -> Engine {
    let mut engine = sandbox::engine();
    comparing(&mut engine, shared);
    joining(&mut engine, shared);
    refused(&mut engine, shared);
    durations(&mut engine, shared);
    building(&mut engine, shared);
    measures::register(&mut engine, shared);
    schedule::register(&mut engine, shared);
    acting::register(&mut engine, shared);
    engine
}

/// The names of the world, as constants.
pub fn scope(build: &Build) -> Scope<'static> {
    let mut scope = Scope::new();
    for (index, input) in build.world.inputs.iter().enumerate() {
        scope.push_constant(input.name.clone(), InputRef(Some(index)));
    }
    for device in &build.world.devices {
        scope.push_constant(device.clone(), DeviceRef(device.into()));
    }
    for (index, output) in build.world.outputs.iter().enumerate() {
        // The configuration refuses more outputs than fit.
        let id = OutputId(u16::try_from(index).unwrap_or(u16::MAX));
        scope.push_constant(output.clone(), OutputRef(id));
    }
    schedule::constants(&mut scope, build);
    for (name, level) in SWITCHES {
        scope.push_constant(name, Switch(level));
    }
    for setpoint in &build.world.setpoints {
        scope.push_constant(setpoint.name.clone(), acting::SetpointRef(setpoint.output));
    }
    for (index, mode) in build.world.modes.iter().enumerate() {
        scope.push_constant(mode.name.clone(), acting::ModeRef(index, mode.name.as_str().into()));
    }
    for (index, alert) in build.world.alerts.iter().enumerate() {
        scope
            .push_constant(alert.name.clone(), acting::AlertRef(index, alert.name.as_str().into()));
    }
    scope
}

/// Custom operators are fixed words: registering them cannot fail at run time,
/// and a test loads rules that use each.
fn operator(engine: &mut Engine, word: &str, precedence: u8) {
    let registered = engine.register_custom_operator(word, precedence);
    debug_assert!(registered.is_ok(), "{word} is a new operator");
}

fn comparing(engine: &mut Engine, shared: &Shared) {
    for word in WORDS {
        operator(engine, word, COMPARING);
        let shared = Arc::clone(shared);
        let word_fn = move |ctx: NativeCallContext, left: Dynamic, right: Dynamic| {
            compare(&mut lock(&shared), ctx.call_position(), word, &left, &right)
        };
        engine.register_fn(word, word_fn);
    }
    let shared = Arc::clone(shared);
    let property = move |ctx: NativeCallContext, device: &mut DeviceRef, name: &str| {
        lock(&shared).property(ctx.call_position(), device, name)
    };
    engine.register_indexer_get(property);
}

fn joining(engine: &mut Engine, shared: &Shared) {
    for (word, precedence) in [("and", AND), ("or", OR)] {
        operator(engine, word, precedence);
        let shared = Arc::clone(shared);
        let join = move |ctx: NativeCallContext, left: Dynamic, right: Dynamic| {
            let at = ctx.call_position();
            let mut build = lock(&shared);
            // `soc between 20 and 40` arrives as a broken `between` joined with 40.
            if is_broken(&left) || is_broken(&right) {
                return Built(None);
            }
            let left = condition(&mut build, at, word, &left);
            let right = condition(&mut build, at, word, &right);
            Built(left.zip(right).map(|(left, right)| {
                Arc::new(match word {
                    "and" => Condition::And(left, right),
                    _ => Condition::Or(left, right),
                })
            }))
        };
        engine.register_fn(word, join);
    }
    let shared = Arc::clone(shared);
    engine.register_fn("not", move |ctx: NativeCallContext, inner: Dynamic| {
        let inner = condition(&mut lock(&shared), ctx.call_position(), "not", &inner);
        Built(inner.map(|inner| Arc::new(Condition::Not(inner))))
    });
}

/// The condition beside a joining word, or a complaint.
fn condition(
    build: &mut Build,
    at: Position,
    word: &str,
    operand: &Dynamic,
) -> Option<Arc<Condition>> {
    if let Some(Built(condition)) = operand.clone().try_cast::<Built>() {
        return condition;
    }
    let message = format!("`{word}` joins conditions, found {}", build.kind(operand));
    build.complain(at, message, "compare each input: `soc below 30 and pv_power below 10`");
    None
}

/// A condition that was wrong and has been reported.
fn is_broken(operand: &Dynamic) -> bool {
    operand.clone().try_cast::<Built>().is_some_and(|Built(condition)| condition.is_none())
}

/// Symbols that other languages use: answered with the word that is used here.
fn refused(engine: &mut Engine, shared: &Shared) {
    for (symbol, word) in [
        ("<", "below"),
        ("<=", "below"),
        (">", "above"),
        (">=", "above"),
        ("==", "equals"),
        ("!=", "not(… equals …)"),
    ] {
        let refuse = |shared: &Shared| {
            let shared = Arc::clone(shared);
            move |ctx: NativeCallContext| {
                let message = format!("inputs are not compared with `{symbol}`");
                lock(&shared).complain(ctx.call_position(), message, format!("use `{word}`"));
                Built(None)
            }
        };
        let complain = refuse(shared);
        engine.register_fn(symbol, move |ctx: NativeCallContext, _: InputRef, _: Dynamic| {
            complain(ctx)
        });
        let complain = refuse(shared);
        engine.register_fn(symbol, move |ctx: NativeCallContext, _: Dynamic, _: InputRef| {
            complain(ctx)
        });
        let complain = refuse(shared);
        engine.register_fn(symbol, move |ctx: NativeCallContext, _: TermRef, _: Dynamic| {
            complain(ctx)
        });
        // `10 < soc < 20`: the left side has been reported.
        engine.register_fn(symbol, |_: Built, _: Dynamic| Built(None));
    }
    let refuse = |shared: &Shared| {
        let shared = Arc::clone(shared);
        move |ctx: NativeCallContext| {
            let help = "use `not(…)`, as in `not(soc below 30)`";
            lock(&shared).complain(ctx.call_position(), "conditions are not negated by `!`", help);
            Built(None)
        }
    };
    let complain = refuse(shared);
    engine.register_fn("!", move |ctx: NativeCallContext, _: Built| complain(ctx));
    let complain = refuse(shared);
    engine.register_fn("!", move |ctx: NativeCallContext, _: InputRef| complain(ctx));
    let refuse_sleep = |_: Dynamic| -> Result<(), Box<EvalAltResult>> {
        Err("a rule file cannot wait: conditions wait with `lasting`".into())
    };
    engine.register_fn("sleep", refuse_sleep);
}

fn durations(engine: &mut Engine, shared: &Shared) {
    for (unit, seconds) in UNITS {
        let build = Arc::clone(shared);
        engine.register_get(unit, move |ctx: NativeCallContext, count: &mut i64| {
            span(&build, ctx.call_position(), *count as f64, seconds)
        });
        let build = Arc::clone(shared);
        engine.register_get(unit, move |ctx: NativeCallContext, count: &mut f64| {
            span(&build, ctx.call_position(), *count, seconds)
        });
    }
}

fn span(shared: &Shared, at: Position, count: f64, seconds: u64) -> Span {
    let length = Duration::try_from_secs_f64(count * seconds as f64).unwrap_or(Duration::MAX);
    if length > SPAN_MAX {
        lock(shared).complain(at, "a duration is between zero and a year", "");
        return Span(Duration::ZERO);
    }
    Span(length)
}

fn building(engine: &mut Engine, shared: &Shared) {
    let build = Arc::clone(shared);
    engine.register_fn("rule", move |ctx: NativeCallContext, name: Dynamic| {
        lock(&build).rule(ctx.call_position(), &name)
    });
    let build = Arc::clone(shared);
    engine.register_fn("test", move |ctx: NativeCallContext, name: Dynamic, body: Dynamic| {
        lock(&build).trial(ctx.call_position(), &name, &body);
    });
    type Step = fn(&mut Build, Position, RuleRef, &Dynamic);
    // All that take one thing; `latch` takes none.
    let steps: [(&str, Step); METHODS.len() - acting::ACTIONS.len() - 1] = [
        ("when", |build, at, rule, value| build.condition(at, rule, "when", value)),
        ("clear_when", |build, at, rule, value| build.condition(at, rule, "clear_when", value)),
        ("only", |build, at, rule, value| build.condition(at, rule, "only", value)),
        ("unless", |build, at, rule, value| build.condition(at, rule, "unless", value)),
        ("for_at_most", Build::for_at_most),
        ("lasting", Build::lasting),
        ("priority", Build::priority),
        ("if_unknown", Build::if_unknown),
        ("decide", script::decide),
    ];
    let build = Arc::clone(shared);
    engine.register_fn("latch", move |rule: RuleRef| {
        lock(&build).drafts[rule.0].latch = true;
        rule
    });
    for (word, step) in steps {
        let build = Arc::clone(shared);
        engine.register_fn(word, move |ctx: NativeCallContext, rule: RuleRef, value: Dynamic| {
            step(&mut lock(&build), ctx.call_position(), rule, &value);
            rule
        });
    }
}
