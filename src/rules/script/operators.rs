//! What operators do inside a script: numbers with numbers, texts with texts,
//! and an error for everything else.
//!
//! rhai alone answers `() < 30` with `false`, and so does a number that is none.
//! A rule must not be decided by such an answer, so every operator is registered
//! here and nothing of rhai's own is left to fall back on.

use rhai::{Dynamic, Engine, EvalAltResult, ImmutableString};

use super::words::{Named, kind};

/// What a function of the host answers.
pub type Answer<T> = Result<T, Box<EvalAltResult>>;

const COMPARISONS: [&str; 6] = ["<", "<=", ">", ">=", "==", "!="];
const ARITHMETIC: [&str; 6] = ["+", "-", "*", "/", "%", "**"];
/// Operators on bits, sets and texts; what is not registered for them is refused.
const OTHERS: [&str; 6] = ["&", "|", "^", "<<", ">>", "contains"];

/// Registers every operator.
pub fn register(engine: &mut Engine) {
    COMPARISONS.into_iter().for_each(|op| comparison(engine, op));
    ARITHMETIC.into_iter().for_each(|op| arithmetic(engine, op));
    texts(engine);
    states(engine);
    signs(engine);
    for op in COMPARISONS.into_iter().chain(ARITHMETIC).chain(OTHERS) {
        // Found only where no exact pair of kinds is registered.
        engine.register_fn(op, move |left: Dynamic, right: Dynamic| -> Answer<Dynamic> {
            Err(unfit(op, &left, &right))
        });
    }
    for op in ["-", "+", "!"] {
        engine.register_fn(op, move |operand: Dynamic| -> Answer<Dynamic> {
            Err(format!("`{op}` cannot be said of {}", kind(&operand)).into())
        });
    }
}

fn unfit(op: &str, left: &Dynamic, right: &Dynamic) -> Box<EvalAltResult> {
    let (left, right) = (kind(left), kind(right));
    let message = match op {
        "contains" => format!("`in` cannot look for {right} in {left}"),
        _ if COMPARISONS.contains(&op) => {
            format!("`{op}` cannot compare {left} with {right}")
        }
        _ => format!("`{op}` cannot join {left} and {right}"),
    };
    message.into()
}

fn comparison(engine: &mut Engine, op: &'static str) {
    let floats = move |left: f64, right: f64| -> Answer<bool> {
        if !left.is_finite() || !right.is_finite() {
            return Err(format!("`{op}` compares numbers, found {left} and {right}").into());
        }
        Ok(match op {
            "<" => left < right,
            "<=" => left <= right,
            ">" => left > right,
            ">=" => left >= right,
            "==" => left == right,
            _ => left != right,
        })
    };
    engine.register_fn(op, floats);
    engine.register_fn(op, move |left: i64, right: f64| floats(left as f64, right));
    engine.register_fn(op, move |left: f64, right: i64| floats(left, right as f64));
    engine.register_fn(op, move |left: i64, right: i64| match op {
        "<" => left < right,
        "<=" => left <= right,
        ">" => left > right,
        ">=" => left >= right,
        "==" => left == right,
        _ => left != right,
    });
}

fn arithmetic(engine: &mut Engine, op: &'static str) {
    let floats = move |left: f64, right: f64| -> Answer<f64> {
        let result = match op {
            "+" => left + right,
            "-" => left - right,
            "*" => left * right,
            "/" => left / right,
            "%" => left % right,
            _ => left.powf(right),
        };
        if result.is_finite() {
            return Ok(result);
        }
        Err(format!("{left} {op} {right} is not a number").into())
    };
    let integers = move |left: i64, right: i64| -> Answer<i64> {
        let result = match op {
            "+" => left.checked_add(right),
            "-" => left.checked_sub(right),
            "*" => left.checked_mul(right),
            "/" => left.checked_div(right),
            "%" => left.checked_rem(right),
            _ => u32::try_from(right).ok().and_then(|right| left.checked_pow(right)),
        };
        result.ok_or_else(|| format!("{left} {op} {right} is not a number").into())
    };
    let assigned = format!("{op}=");
    engine.register_fn(op, floats);
    engine.register_fn(op, integers);
    engine.register_fn(op, move |left: i64, right: f64| floats(left as f64, right));
    engine.register_fn(op, move |left: f64, right: i64| floats(left, right as f64));
    // rhai's own `+=` on decimals would let infinity through.
    engine.register_fn(&assigned, move |left: &mut f64, right: f64| -> Answer<()> {
        *left = floats(*left, right)?;
        Ok(())
    });
    engine.register_fn(&assigned, move |left: &mut f64, right: i64| -> Answer<()> {
        *left = floats(*left, right as f64)?;
        Ok(())
    });
    engine.register_fn(&assigned, move |left: &mut i64, right: i64| -> Answer<()> {
        *left = integers(*left, right)?;
        Ok(())
    });
}

fn texts(engine: &mut Engine) {
    type Text = ImmutableString;
    engine.register_fn("==", |left: Text, right: Text| left == right);
    engine.register_fn("!=", |left: Text, right: Text| left != right);
    engine.register_fn("==", |left: bool, right: bool| left == right);
    engine.register_fn("!=", |left: bool, right: bool| left != right);
    engine.register_fn("+", |left: Text, right: Text| left + right);
}

/// Named states are compared with their names, and a name that none of them has
/// is a mistake and not a "no".
fn states(engine: &mut Engine) {
    for op in ["==", "!="] {
        let equal = op == "==";
        let named = move |state: Named, name: &str| -> Answer<bool> {
            state.is(name).map(|is| is == equal).map_err(Into::into)
        };
        engine.register_fn(op, move |state: Named, name: ImmutableString| named(state, &name));
        engine.register_fn(op, move |name: ImmutableString, state: Named| named(state, &name));
        engine.register_fn(op, move |state: Named, number: i64| {
            (i64::from(state.number) == number) == equal
        });
        engine.register_fn(op, move |a: Named, b: Named| {
            (a.number == b.number && std::ptr::eq(a.names, b.names)) == equal
        });
    }
}

fn signs(engine: &mut Engine) {
    engine.register_fn("-", |number: i64| -> Answer<i64> {
        number.checked_neg().ok_or_else(|| format!("-({number}) is not a number").into())
    });
    engine.register_fn("-", |number: f64| -number);
    engine.register_fn("+", |number: i64| number);
    engine.register_fn("+", |number: f64| number);
    engine.register_fn("!", |truth: bool| !truth);
}
