//! Scripts that would stop the site, fill its memory or leave their fence: each is
//! refused when it is loaded or stopped when it runs, within time and memory.

#[path = "rules/bench.rs"]
#[allow(dead_code, reason = "shared with the other rule tests")]
mod bench;

use std::time::{Duration, Instant};

use bench::{Bench, source, world};
use sunkeep::rules::{RuleSet, State};

/// What one bomb may take, loaded and run, on a loaded machine and unoptimised.
/// The limit that counts is that of operations; this shows that it suffices.
const PATIENCE: Duration = Duration::from_secs(5);

/// What the whole process may grow by, in KiB: far more than any bomb is allowed,
/// far less than one that is not stopped would take.
const GROWTH_MAX: u64 = 48 * 1024;

const FENCE: &str = "a function in `|…|` stands inside `decide(…)` or `test(…)`";

fn closure(body: &str) -> String {
    format!("rule(\"r\").decide(|s, mem| {{ {body}\nwant(heater, on, \"x\") }});")
}

#[allow(clippy::disallowed_methods, reason = "a test measures what no rule can see")]
fn clock() -> Instant {
    Instant::now()
}

/// Resident memory in KiB.
fn resident() -> u64 {
    let text = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = text.lines().find(|line| line.starts_with("VmRSS:")).unwrap_or_default();
    line.split_whitespace().nth(1).and_then(|number| number.parse().ok()).unwrap_or(0)
}

/// What became of a bomb: the sentence that refused it.
#[track_caller]
fn answer(text: &str) -> String {
    let shown: String = text.chars().take(120).collect();
    let (start, before) = (clock(), resident());
    let sources = [source(text)];
    let answer = match RuleSet::compile(&sources, &world()) {
        Err(problems) => problems[0].message.clone(),
        Ok(_) => {
            let mut bench = Bench::new(text);
            bench.send("shunt.soc", 40.0).pass(2);
            let verdict = &bench.verdicts[0];
            assert_eq!(verdict.state, State::Unknown, "it goes off: {shown}");
            assert!(verdict.to_safe && verdict.wants().is_empty(), "{shown}");
            verdict.fault().unwrap_or("no fault").to_owned()
        }
    };
    let grown = resident().saturating_sub(before);
    assert!(start.elapsed() < PATIENCE, "{:?} for {shown}", start.elapsed());
    assert!(grown < GROWTH_MAX, "{grown} KiB for {shown}");
    answer
}

/// A bomb in the body of a closure.
#[track_caller]
fn stops(body: &str, expected: &str) {
    let answer = answer(&closure(body));
    assert!(answer.ends_with(expected), "{body}: {answer}");
}

const ENDLESS: &str = "it does too much in one step; is there a loop that never ends?";

#[test]
fn loops_without_end_are_stopped() {
    for body in [
        "loop { }",
        "while true { }",
        "do { } until false;",
        "for i in 0..9223372036854775807 { }",
        "for i in 0..1000 { for j in 0..1000 { } }",
        "loop { s.shunt.soc; }",
        "loop { want(heater, on, \"x\"); }",
        "loop { mem.a = 1; }",
        "loop { mem.forget(\"a\"); }",
        "loop { let x = [1, 2, 3]; }",
        "loop { print(\"x\"); debug(1); }",
        "let x = \"a\"; for i in 0..11 { x += x; } loop { let y = x + \"b\" == x; }",
    ] {
        stops(body, ENDLESS);
    }
}

#[test]
fn recursion_is_stopped() {
    let deep = "functions call each other too deeply";
    for functions in ["fn f(x) { f(x) }", "fn f(x) { g(x) } fn g(x) { f(x + 1) }"] {
        let text = format!("{functions} {}", closure("f(1);"));
        assert!(answer(&text).ends_with(deep), "{functions}");
    }
    let text = format!(
        "fn f(n) {{ if n == 0 {{ 0 }} else {{ f(n - 1) + f(n - 1) }} }} {}",
        closure("f(25);")
    );
    assert!(answer(&text).ends_with(ENDLESS));
}

#[test]
fn texts_lists_and_maps_do_not_grow_without_end() {
    let (text, list, map) = (
        "length of string is too large",
        "size of array/blob is too large",
        "size of object map is too large",
    );
    stops("let x = \"a\"; loop { x += x; }", text);
    stops("let x = \"a\"; loop { x = x + x; }", text);
    stops("let x = \"a\"; loop { x = `${x}${x}`; }", text);
    stops("let x = [1]; loop { x += x; }", list);
    stops("let x = [1]; loop { x = [x, x]; }", list);
    stops("let x = 1; loop { x = [x]; }", list);
    stops("let x = []; loop { x += [x]; }", list);
    stops("let x = #{}; loop { x = #{a: x, b: x}; }", map);
    let in_place = "lists and maps are not changed in place";
    stops("let x = #{}; let i = 0; loop { x[`${i}`] = i; i += 1; }", in_place);
    stops("let x = [\"a\"]; loop { x[0] += x[0]; }", in_place);
    stops("let x = #{a: [1]}; loop { x.a[0] = x; }", in_place);
    assert_eq!(answer("let x = [0]; for i in 0..9 { x[0] = x; }"), in_place);
    stops("let i = 0; loop { mem.set(`${i}`, i); i += 1; }", "`mem` keeps 32 names and no more");
    let variables: String = (0..600).map(|index| format!("let v{index} = 1;")).collect();
    assert!(answer(&closure(&variables)).contains("too many variables"));
}

#[test]
fn words_that_would_leave_the_fence_do_not_exist() {
    for (body, expected) in [
        ("sleep(10);", "a rule cannot wait"),
        ("sleep(0.5);", "a rule cannot wait"),
        ("blob(1000000);", "there is no word `blob` inside a `decide`"),
        ("timestamp();", "there is no word `timestamp` inside a `decide`"),
        ("exit();", "there is no word `exit` inside a `decide`"),
        ("open_file(\"x\");", "there is no word `open_file` inside a `decide`"),
        ("parse_json(\"1\");", "there is no word `parse_json` inside a `decide`"),
        ("rule(\"x\");", "there is no word `rule` inside a `decide`"),
        ("pass(1);", "there is no word `pass` inside a `decide`"),
        // What the text does not show is not there when it runs either.
        ("let x = 1000000; x.blob();", "there is no function `blob (i64)`"),
        ("let x = 1; x.exit();", "there is no function `exit (i64)`"),
        ("let x = \"x\"; x.open_file();", "there is no function `open_file (text)`"),
        ("let x = \"1\"; x.parse_json();", "there is no function `parse_json (text)`"),
        ("let x = \"x\"; x.rule();", "there is no function `rule (text)`"),
        ("let x = 1; x.pass();", "there is no function `pass (i64)`"),
        ("eval(\"1\");", "`eval` is not allowed in a rule file"),
        ("import \"x\" as y;", "`import` is not allowed in a rule file"),
        ("Fn(\"sleep\").call(10);", "`Fn` is not allowed in a rule file"),
        ("let f = Fn(\"eval\"); f.call(\"1\");", "`Fn` is not allowed in a rule file"),
        ("call(\"sleep\", 1);", "`call` is not allowed in a rule file"),
        ("let f = |x| x; loop { f = f.curry(1); }", FENCE),
        ("let f = 1; loop { let g = f; f = || g; }", FENCE),
        ("try { loop { } } catch { }", "`try` is not allowed in a rule file"),
        ("try { s.pv_power; } catch { }", "`try` is not allowed in a rule file"),
        ("throw \"tired\";", "tired"),
        ("this.x = 2;", "'this' not bound"),
    ] {
        let answer = answer(&closure(body));
        assert!(answer.contains(expected), "{body}: {answer}");
    }
    assert_eq!(answer("let f = 1; for i in 0..50000 { let g = f; f = || g; }"), FENCE);
    assert_eq!(answer("fn f(x) { let g = || x; f(g) } f(1);"), FENCE);
}

/// No word gives a value for a missing reading, and none hides a refusal.
#[test]
fn a_refusal_is_the_hosts_and_cannot_be_swallowed() {
    for body in [
        "s.pv_power;",
        "s.pv_power ?? 5;",
        "let x = s.pv_power ?? 5;",
        "if s.pv_power == () { }",
        "switch s.pv_power { 1 => 2, _ => 3 }",
        "let x = `${s.pv_power}`;",
        "let x = [s.pv_power];",
        "mem.x = s.pv_power;",
        "mem.get(\"x\", s.pv_power);",
        "return s.pv_power;",
        "throw s.pv_power;",
        "let t = s; t.pv_power;",
    ] {
        // Another function names it, so that it is known as an input.
        let mut bench = Bench::new(&closure(&format!("{body} if false {{ s.pv_power; }}")));
        bench.pass(2);
        assert_eq!(bench.verdicts[0].state, State::Unknown, "{body}");
        assert_eq!(bench.verdicts[0].fault(), None, "{body}");
        assert_eq!(bench.why(), "pv_power is unknown: never seen", "{body}");
    }
}

#[test]
fn bombs_of_syntax_are_refused_inside_a_closure_too() {
    let n = 16_000;
    for body in [
        format!("let x = 1{};", "+1".repeat(n)),
        format!("let x = {}1{};", "(".repeat(200), ")".repeat(200)),
        format!("s{};", ".a".repeat(n)),
        "[".repeat(n),
        "if true {".repeat(n / 5),
        "|x|".repeat(n),
        "`${".repeat(n),
        "//".repeat(40_000),
    ] {
        answer(&closure(&body));
    }
}

#[test]
fn ten_bombs_in_one_site_are_stopped_in_every_step_until_they_are_disabled() {
    let bomb = |index: usize| {
        format!(
            "rule(\"bomb {index}\").decide(|s, mem| {{ loop {{ }} want(heater, on, \"x\") }});\n"
        )
    };
    let good = "rule(\"good\").decide(|s, mem| want(load_output, off, \"all is well\"));";
    let text = (0..10).map(bomb).collect::<String>() + good;
    let mut bench = Bench::new(&text);
    for second in 1..=5 {
        let start = clock();
        bench.pass(1);
        assert!(start.elapsed() < PATIENCE, "{:?} in second {second}", start.elapsed());
        let expected = if second < 3 { State::Unknown } else { State::Disabled };
        assert!(bench.verdicts[..10].iter().all(|verdict| verdict.state == expected));
        assert_eq!(bench.verdicts[10].state, State::Set);
    }
    let start = clock();
    bench.pass(1000);
    assert!(start.elapsed() < PATIENCE, "disabled rules cost nothing");
}
