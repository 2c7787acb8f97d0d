//! Every operator with every kind of operand: an answer where it makes sense, an
//! error with its place everywhere else, never a boolean out of thin air.

use sunkeep::rules::State;

use crate::bench::Bench;

const OPERATORS: [&str; 21] = [
    "<", "<=", ">", ">=", "==", "!=", "+", "-", "*", "/", "%", "**", "&&", "||", "&", "|", "^",
    "<<", ">>", "in", "!",
];

/// An operand, and its kind: a number, a whole number, a text, a bool, a state …
const OPERANDS: [(&str, char); 12] = [
    ("s.soc", 'n'),
    ("7.5", 'n'),
    ("7", 'i'),
    ("\"text\"", 't'),
    ("s.mppt.serial_number", 't'),
    ("true", 'b'),
    ("()", '-'),
    ("[1]", 'l'),
    ("#{a: 1}", 'm'),
    ("s.mppt.device_state", 's'),
    ("s", '-'),
    ("heater", '-'),
];

/// Whether rhai may answer; everything not named here is an error.
fn allowed(left: char, op: &str, right: char) -> bool {
    let numbers = "ni".contains(left) && "ni".contains(right);
    match op {
        "<" | "<=" | ">" | ">=" | "-" | "*" | "/" | "%" | "**" => numbers,
        "==" | "!=" => {
            numbers || matches!((left, right), ('t', 't') | ('b', 'b') | ('s', 's' | 'i'))
        }
        "+" => numbers || (left, right) == ('t', 't'),
        "&&" | "||" => (left, right) == ('b', 'b'),
        _ => false,
    }
}

fn loads(body: &str) -> bool {
    let sources = [crate::bench::source(&text(body))];
    sunkeep::rules::RuleSet::compile(&sources, &crate::bench::world()).is_ok()
}

fn text(body: &str) -> String {
    format!(
        "rule(\"r\").decide(|s, mem| {{\n  {body};
           if false {{ s.shunt.soc; s.mppt.device_state; s.mppt.serial_number; }}
           want(heater, on, \"x\") }});"
    )
}

fn bench(body: &str) -> Bench {
    let mut bench = Bench::new(&text(body));
    bench.send("mppt.device_state", 5.0).send("shunt.soc", 40.0);
    bench.send_value("mppt.serial_number", sunkeep::units::Value::Text("HQ1".into()));
    bench
}

#[test]
fn operators_answer_for_fitting_kinds_and_err_for_all_others() {
    for op in OPERATORS {
        for (left, a) in OPERANDS {
            for (right, b) in OPERANDS {
                // A lazy operator never looks at its right side; `!` has one side.
                let lazy = op == "||" && left == "true";
                let (body, allowed) = match op {
                    "!" => (format!("let x = !({right})"), b == 'b'),
                    _ => (format!("let x = ({left}) {op} ({right})"), allowed(a, op, b) || lazy),
                };
                // rhai refuses plain values beside `&&` and `||` when the file is read.
                let lazy_op = matches!(op, "&&" | "||");
                let plain =
                    [(left, a), (right, b)].iter().any(|(_, kind)| "nitlm-".contains(*kind));
                if lazy_op && plain && !loads(&body) {
                    continue;
                }
                let mut bench = bench(&body);
                bench.pass(2);
                let (state, fault) =
                    (bench.verdicts[0].state, bench.verdicts[0].fault().map(str::to_owned));
                if allowed {
                    assert_eq!((state, fault), (State::Set, None), "{body}");
                } else {
                    let fault = fault.unwrap_or_default();
                    assert_eq!(state, State::Unknown, "{body}: {fault}");
                    assert!(fault.starts_with("a.rhai, line 2, column "), "{body}: {fault}");
                }
            }
        }
    }
}

/// Whatever an operator would make of it, a missing reading stops the script.
#[test]
fn a_missing_reading_is_unknown_under_every_operator() {
    type Supply = fn(&mut Bench) -> &mut Bench;
    let missing: [(&str, Supply); 4] = [
        ("never seen", |bench| bench.lose("shunt.soc").pass(2)),
        ("stale, 11 s old", |bench| {
            let soc = bench.snapshot.find("shunt.soc").expect("bound");
            bench.snapshot.set(bench.now, soc, Some(sunkeep::units::Value::Number(40.0)));
            bench.lose("shunt.soc").pass(12)
        }),
        ("out of its valid range (120)", |bench| bench.send("shunt.soc", 120.0).pass(2)),
        ("waiting for a second frame to agree", |bench| {
            bench.lose("shunt.soc").pass(2).send("shunt.soc", 40.0).pass(1)
        }),
    ];
    for op in OPERATORS.into_iter().chain(["??"]) {
        for (reason, supply) in missing {
            for (left, right) in
                [("s.soc", "30"), ("30", "s.soc"), ("()", "s.soc"), ("s.soc", "s.soc")]
            {
                // Sides that are not looked at, or not fitting before the reading is.
                if matches!((op, left), ("&&" | "||", "30" | "()") | ("??", "30")) {
                    continue;
                }
                let body = match op {
                    "!" => "let x = !s.soc".to_owned(),
                    _ => format!("let x = {left} {op} {right}"),
                };
                if matches!(op, "&&" | "||") && !loads(&body) {
                    continue;
                }
                let mut bench = bench(&body);
                supply(&mut bench);
                let why = bench.why();
                assert_eq!(bench.verdicts[0].state, State::Unknown, "{body}, {reason}: {why}");
                assert_eq!(bench.verdicts[0].fault(), None, "{body}");
                assert_eq!(why, format!("soc is unknown: {reason}"), "{body}");
            }
        }
    }
}

#[test]
fn what_is_not_a_number_is_an_error_where_it_arises() {
    for (body, text) in [
        ("1.0 / 0.0", "1 / 0 is not a number"),
        ("0.0 / 0.0", "0 / 0 is not a number"),
        ("1 / 0", "1 / 0 is not a number"),
        ("5 % 0", "5 % 0 is not a number"),
        ("1.0e308 * 10.0", "is not a number"),
        ("(0.0 - 8.0) ** 0.5", "-8 ** 0.5 is not a number"),
        ("9223372036854775807 + 1", "9223372036854775807 + 1 is not a number"),
        ("2 ** 64", "2 ** 64 is not a number"),
        ("let x = 1.0e308; x *= 10.0", "is not a number"),
        ("let x = 9223372036854775807; x += 1", "is not a number"),
        ("let x = 1; x += ()", "`+` cannot join the number 1 and nothing"),
        ("let x = 1.5; x -= \"a\"", "`-` cannot join the number 1.5 and the text \"a\""),
        ("let x = true; x &= 3", "`&` cannot join `true` and the number 3"),
        ("-\"a\"", "`-` cannot be said of the text \"a\""),
        (
            "s.mppt.device_state == \"flaot\"",
            "no state is named \"flaot\"; did you mean \"float\"?",
        ),
        ("s.soc == \"full\"", "`==` cannot compare the number 40.0 with the text \"full\""),
        ("if s.soc { }", "a condition is yes or no, found a number"),
        ("let x = (); while x { }", "a condition is yes or no, found nothing"),
    ] {
        let mut bench = bench(body);
        bench.pass(2);
        let fault = bench.verdicts[0].fault().unwrap_or_default().to_owned();
        assert!(fault.starts_with("a.rhai, line 2, column "), "{body}: {fault}");
        assert!(fault.ends_with(text), "{body}: {fault}");
    }
}
