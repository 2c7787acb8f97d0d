//! The corpus of each fuzz target, replayed without a fuzzer.
//!
//! An input that once broke something stays in `fuzz/corpus` and is tried on
//! every `cargo test`.

#[path = "../fuzz/checks.rs"]
mod checks;

#[track_caller]
fn replay(target: &str, check: fn(&[u8])) {
    let folder = format!("{}/fuzz/corpus/{target}", env!("CARGO_MANIFEST_DIR"));
    let entries = std::fs::read_dir(&folder).expect("the corpus is in the repository");
    let mut count = 0;
    for entry in entries {
        let path = entry.expect("the folder can be read").path();
        println!("{}", path.display());
        check(&std::fs::read(&path).expect("an input can be read"));
        count += 1;
    }
    assert!(count > 0, "{folder} is empty");
}

#[test]
fn streams_of_the_corpus_hold() {
    replay("stream", checks::stream);
}

#[test]
fn hex_messages_of_the_corpus_hold() {
    replay("hex_message", checks::hex_message);
}
