//! What can be known of a script's words when a file is loaded: `want`, `activate`
//! and `alert` with what they are given, and words that a script does not have.
//!
//! A script would stumble over a wrong word in the first step, or in the first
//! cold night. What stands in the text as a plain name, number or text is judged
//! here; the rest when it runs.

use std::collections::BTreeMap;

use rhai::{Dynamic, Expr, FnCallExpr, Position};

use crate::problem::nearest;
use crate::units::Value;

use super::super::language::acting::TEXT_MAX;
use super::super::language::builder::{Build, OutputRef, list};
use super::super::language::vocabulary::{Place, VOCABULARY};
use super::REASON_MAX;
use super::taken::{Channel, ModeParts, Register};
use super::words::{Switch, kind};

/// What a closure took along, by name.
pub type Taken<'a> = BTreeMap<&'a str, &'a Dynamic>;

/// A call of an asking word, and what is known of its arguments.
struct Call<'a> {
    word: &'static str,
    at: Position,
    arguments: &'a [Expr],
    taken: &'a Taken<'a>,
}

/// Reports what is plainly wrong with a call.
pub fn check(build: &mut Build, call: &FnCallExpr, at: Position, taken: &Taken<'_>) {
    let (word, example): (_, &[&str]) = match call.name.as_str() {
        "want" => ("want", &["want(heater, on, \"cold cells\")"]),
        "activate" => ("activate", &["activate(preserve, \"little is left\")"]),
        "alert" => ("alert", &["alert(operator, `cells at ${s.cell_temperature} °C`)"]),
        name => return foreign(build, name, call.args.len(), at),
    };
    let takes = if word == "want" { 3 } else { 2 };
    if call.args.len() != takes {
        let things = if takes == 3 { "three" } else { "two" };
        let message = format!("`{word}` takes {things} things inside a `decide`");
        return build.complain(at, message, format!("for example `{}`", example[0]));
    }
    let call = Call { word, at, arguments: &call.args, taken };
    match word {
        "want" => call.want(build),
        "activate" => call.named::<ModeParts>(build, "a mode"),
        _ => call.named::<Channel>(build, "a channel"),
    }
    call.text(build);
}

/// rhai's own functions that a script may use besides the words of the vocabulary.
const RHAI: [&str; 11] = [
    "print",
    "debug",
    "sleep",
    "to_string",
    "range",
    "type_of",
    "is_shared",
    "is_def_var",
    "is_def_fn",
    "contains",
    "curry",
];

/// Words of conditions and rules, and what a script says instead.
const INSTEAD: [(&str, &str); 12] = [
    ("below", "write `s.soc < 30`"),
    ("above", "write `s.soc > 30`"),
    ("equals", "write `==`"),
    ("between", "write `s.soc >= 20 && s.soc <= 40`"),
    ("and", "write `&&`"),
    ("or", "write `||`"),
    ("not", "write `!(…)`"),
    ("turn_on", "write `want(heater, on, \"why\")`"),
    ("turn_off", "write `want(heater, off, \"why\")`"),
    ("set", "write `want(charge_limit, 5.0, \"why\")`, or `mem.name = value`"),
    ("is_on", "a script sees readings; what it switched itself it may keep in `mem`"),
    ("is_off", "a script sees readings; what it switched itself it may keep in `mem`"),
];

/// Reports a word that a script does not have.
fn foreign(build: &mut Build, name: &str, arguments: usize, at: Position) {
    let symbol = !name.starts_with(|letter: char| letter.is_ascii_alphabetic());
    let of_file = build.functions.iter_functions().any(|function| function.name == name);
    let words = VOCABULARY.iter().filter(|entry| entry.place == Place::Script);
    let known = words.clone().any(|entry| entry.name == name) && (name, arguments) != ("set", 2);
    if symbol || of_file || known || RHAI.contains(&name) {
        return;
    }
    let help = match INSTEAD.iter().find(|(word, _)| *word == name) {
        Some((_, instead)) => (*instead).to_owned(),
        None => {
            let own = build.functions.iter_functions().map(|function| function.name.to_owned());
            let own: Vec<String> = own.filter(|name| !name.starts_with("anon$")).collect();
            let known = words.map(|entry| entry.name).chain(own.iter().map(String::as_str));
            nearest(name, known).map_or_else(
                || {
                    "a script has `want`, `activate`, `alert`, `nothing` and your own `fn`"
                        .to_owned()
                },
                |near| format!("did you mean `{near}`?"),
            )
        }
    };
    build.complain(at, format!("there is no word `{name}` inside a `decide`"), help);
}

impl Call<'_> {
    /// The value of an argument, if the text tells it.
    fn known(&self, argument: usize) -> Option<Dynamic> {
        match &self.arguments[argument] {
            Expr::Variable(variable, ..) => {
                self.taken.get(variable.1.as_str()).map(|&value| value.clone())
            }
            Expr::IntegerConstant(number, _) => Some((*number).into()),
            Expr::FloatConstant(number, _) => Some((**number).into()),
            Expr::BoolConstant(truth, _) => Some((*truth).into()),
            Expr::StringConstant(text, _) => Some(text.clone().into()),
            _ => None,
        }
    }

    fn place(&self, argument: usize) -> Position {
        let at = self.arguments[argument].position();
        if at.is_none() { self.at } else { at }
    }

    fn want(&self, build: &mut Build) {
        let (Some(what), value) = (self.known(0), self.known(1)) else { return };
        if let Some(Register(setpoint)) = what.clone().try_cast() {
            let Some(value) = value else { return };
            let number = value.as_float().or_else(|_| value.as_int().map(|n| n as f64));
            let (low, high) = setpoint.range;
            let name = &setpoint.name;
            let Ok(number) = number else {
                let message =
                    format!("`{name}` is a set-point: it needs a number, found {}", kind(&value));
                let help = format!("for example `want({name}, {low}, \"cold cells\")`");
                return build.complain(self.place(1), message, help);
            };
            if !(low <= number && number <= high) {
                let message = format!("`{name}` cannot be set to {}", Value::Number(number));
                let help =
                    format!("its range in the configuration is {low} to {high} {}", setpoint.unit);
                build.complain(self.place(1), message, help.trim_end());
            }
            return;
        }
        if !what.is::<OutputRef>() {
            let mut known = build.world.outputs.clone();
            known.extend(build.world.setpoints.iter().map(|setpoint| setpoint.name.clone()));
            let message =
                format!("`want` needs an output or a set-point, found {}", told(build, &what));
            return build.complain(self.place(0), message, format!("there is {}", list(&known)));
        }
        let Some(value) = value else { return };
        let word =
            value.as_immutable_string_ref().is_ok_and(|word| matches!(word.as_str(), "on" | "off"));
        if !word && !value.is::<Switch>() {
            let message =
                format!("`want` needs `on` or `off` after an output, found {}", kind(&value));
            build.complain(
                self.place(1),
                message,
                "for example `want(heater, on, \"cold cells\")`",
            );
        }
    }

    /// The first argument is of the kind that the word needs.
    fn named<T: Clone + 'static>(&self, build: &mut Build, needs: &str) {
        let Some(what) = self.known(0).filter(|what| !what.is::<T>()) else { return };
        let known: Vec<String> = match self.word {
            "activate" => build.world.modes.iter().map(|mode| mode.name.clone()).collect(),
            _ => build.world.alerts.iter().map(|alert| alert.name.clone()).collect(),
        };
        let message = format!("`{}` needs {needs}, found {}", self.word, told(build, &what));
        let plural = needs.trim_start_matches("a ");
        build.complain(self.place(0), message, format!("{plural}s are {}", list(&known)));
    }

    /// The reason, or the message.
    fn text(&self, build: &mut Build) {
        let last = self.arguments.len() - 1;
        let Some(text) = self.known(last) else { return };
        let alert = self.word == "alert";
        let (what, most) = if alert { ("text", TEXT_MAX) } else { ("reason", REASON_MAX) };
        let Ok(text) = text.as_immutable_string_ref() else {
            let message = format!("`{}` needs a {what}, found {}", self.word, told(build, &text));
            return build.complain(self.place(last), message, "write it in quotes");
        };
        if text.trim().is_empty() || text.len() > most {
            let message = format!("a {what} has 1 to {most} letters");
            build.complain(self.place(last), message, "say it as you would to a colleague");
        }
        if alert && text.contains('{') {
            let help = "between backticks, as in `cells at ${s.cell_temperature} °C`";
            build.complain(
                self.place(last),
                "inside `decide`, a text takes its values from `s`",
                help,
            );
        }
    }
}

fn told(build: &Build, value: &Dynamic) -> String {
    let own = value.is::<Register>() || value.is::<ModeParts>() || value.is::<Channel>();
    if own { kind(value) } else { build.kind(value) }
}
