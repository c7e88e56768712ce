//! Refusals of what no row of `tests/config/problems` can hold: bytes, and files that are made.

use super::*;
use crate::config::MAX_CONFIG_FILE_BYTES;

/// The one problem of a file, after `admit.yaml`.
fn problem(file: impl AsRef<[u8]>) -> String {
    let problems = Given::file(file).problems();
    assert_eq!(problems.len(), 1, "{problems:?}");
    problems[0].strip_prefix("`admit.yaml`").expect("it names the file").to_owned()
}

#[test]
fn what_is_no_text_is_refused() {
    let utf_16: Vec<u8> = "service:".encode_utf16().flat_map(u16::to_le_bytes).collect();
    assert_eq!(problem(&utf_16), ": text in UTF-16; expected UTF-8");
    assert_eq!(problem([&[0xff, 0xfe], &*utf_16].concat()), ": text in UTF-16; expected UTF-8");
    assert_eq!(problem(b"log: {}\n# \xe9t\xe9\n"), ", line 2, column 3: not UTF-8 text");
    assert_eq!(
        problem("\u{feff}\u{feff}log: {}\n"),
        ", line 1, column 1: another byte order mark (U+FEFF); expected one at most, at the very beginning"
    );
    let large = " ".repeat(MAX_CONFIG_FILE_BYTES + 1);
    assert_eq!(
        problem(large),
        ": the file has more than 8388608 bytes; expected at most that many"
    );
    assert!(Given::file(" ".repeat(MAX_CONFIG_FILE_BYTES)).load().is_ok());
}

#[test]
fn what_expands_is_refused() {
    let deep = format!("gates: {}{}", "[".repeat(40), "]".repeat(40));
    assert!(
        problem(deep).ends_with("more values, levels or aliases than a configuration may have")
    );
    let mut laughs = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n".to_owned();
    for level in 1..7 {
        let alias = format!("*a{}", level - 1);
        let items = [alias.as_str(); 10].join(", ");
        laughs.push_str(&format!("a{level}: &a{level} [{items}]\n"));
    }
    assert!(
        problem(laughs).ends_with("more values, levels or aliases than a configuration may have")
    );
}

#[test]
fn a_file_that_is_not_there_is_named() {
    let given = Given::file("");
    fs::remove_file(given.folder.path().join("admit.yaml")).unwrap();
    let problems = given.problems();
    assert_eq!(problems.len(), 1);
    assert!(problems[0].starts_with("`admit.yaml`: failed to read the file: No such file"));
}

#[test]
fn problems_are_bounded() {
    let many: String = (0..1_000).map(|index| format!("k{index}: 1\n")).collect();
    assert_eq!(Given::file(many).problems().len(), 50);
    let long = problem(format!(
        "log: {{level: \"{}\"}}",
        "x\u{1b}".repeat(10_000).replace('\u{1b}', "\\e")
    ));
    assert!(long.chars().count() < 250 && !long.contains('\u{1b}'), "{long}");
}

#[test]
fn an_error_shows_its_first_problem_and_counts_the_others() {
    let error =
        Given::file("limits: {batch: 0}\nlog: {level: loud}\nmore: 1\n").load().unwrap_err();
    let error = error.to_string();
    assert!(error.ends_with("expected a whole number, 1 to 1000 (and 2 more)"), "{error}");
    assert!(!error.contains('\n'));
}
