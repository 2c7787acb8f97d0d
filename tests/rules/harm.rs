//! Rule files that would stop the site, fill its memory or leave their fence.

use crate::bench::source;
use crate::mistakes::{check, problems};

#[test]
fn a_rule_file_can_do_no_harm() {
    check("eval(\"1\");", &["1:1 `eval` is not allowed in a rule file"]);
    check("fn f() { eval(\"1\") }", &["1:10 `eval` is not allowed in a rule file"]);
    check(
        "import \"x\" as y;",
        &["1:1 `import` is not allowed in a rule file; \
           every file in the rules folder is loaded by itself"],
    );
    check(
        "try { sleep(1); } catch { }",
        &[
            "1:1 `try` is not allowed in a rule file; a mistake in a rule file is reported, not caught",
        ],
    );
    let wait = "1:1 a rule file cannot wait: conditions wait with `lasting`";
    check("sleep(10);", &[wait]);
    check("sleep(0.5);", &[wait]);
    check(
        "loop { }",
        &["1:6 the file does too much while it is read; is there a loop that never ends?"],
    );
    check("fn f() { f() } f();", &["1:16 functions call each other too deeply"]);
    check("let x = \"a\"; loop { x += x; }", &["1:23 length of string is too large"]);
    check("let x = [1]; loop { x += x; }", &["1:23 size of array/blob is too large"]);
    let deep = format!("let x = {}1{};", "(".repeat(200), ")".repeat(200));
    assert!(problems(&[source(&deep)])[0].ends_with("split the rule into two"));
    let large = "//".repeat(40_000);
    check(&large, &["1:1 the file is larger than 64 KiB; split it into several files"]);
    for word in ["timestamp()", "open_file(\"x\")", "exit()", "parse_json(\"1\")"] {
        let found = problems(&[source(&format!("{word};"))]);
        assert!(found[0].starts_with("1:1 there is no word"), "{found:?}");
    }
}

/// Sources of 64 KiB that nest, chain or repeat: each is answered at once.
#[test]
fn bombs_of_syntax_are_refused() {
    let n = 16_000;
    let bombs = [
        format!("let x = 1{};", "+1".repeat(n)),
        format!("let x = true{};", "&&true".repeat(n / 2)),
        format!("let x = 1; x{};", ".a".repeat(n)),
        format!("x{};", ".a()".repeat(n / 2)),
        format!("if true {{}}{}", " else if true {}".repeat(n / 5)),
        "(".repeat(n),
        "[".repeat(n),
        "{".repeat(n),
        "#{a:".repeat(n),
        "f(".repeat(n),
        "|x|".repeat(n),
        "`${".repeat(n),
        "!".repeat(n),
        "- ".repeat(n),
        (0..1000).map(|index| format!("let v{index}=1;")).collect(),
        "rule(\"a\");".repeat(6000),
        "loop { rule(\"a\"); }".to_owned(),
        "let x = []; loop { x.push(x); }".to_owned(),
        "let x = #{}; let i = 0; loop { x[`${i}`] = i; i += 1; }".to_owned(),
    ];
    for bomb in bombs {
        let found = problems(&[source(&bomb)]);
        assert!((1..2000).contains(&found.len()), "{} of {}", found.len(), &bomb[..20]);
    }
}
