//! What a document shows, against what was printed.

/// Units of what differs each time.
const UNITS: [&str; 8] = ["ns", "us", "ms", "s", "bytes", "tokens", "allowed", "denied"];

/// Checks that the lines that a document shows were printed one after the other. `...` stands for
/// anything, in a line or for lines; times, sizes, digests and ids differ each time.
#[track_caller]
pub(super) fn assert_shown(place: &str, shown: &str, printed: &str) {
    let printed: Vec<_> = printed.lines().map(constant).collect();
    let mut rest = printed.iter();
    let mut may_skip = true;
    for line in shown.lines().map(constant).filter(|line| !line.is_empty()) {
        if line == "..." {
            may_skip = true;
            continue;
        }
        let found = if may_skip {
            rest.any(|printed| matches(&line, printed))
        } else {
            rest.find(|printed| !printed.is_empty()).is_some_and(|printed| matches(&line, printed))
        };
        assert!(found, "{place} shows\n  {line}\nprinted was\n{}", printed.join("\n"));
        may_skip = false;
    }
}

/// Whether a line is what is shown, where `...` stands for anything.
fn matches(shown: &str, printed: &str) -> bool {
    let mut parts = shown.split("...");
    let mut rest = match parts.next().and_then(|first| printed.strip_prefix(first)) {
        Some(rest) => rest,
        None => return false,
    };
    let mut is_open = false;
    for part in parts {
        let Some(at) = rest.find(part.trim()) else { return false };
        rest = &rest[at + part.trim().len()..];
        is_open = part.trim().is_empty();
    }
    rest.is_empty() || is_open
}

/// A line with a `#` for whatever differs each time, and with single spaces.
fn constant(line: &str) -> String {
    let words: Vec<_> = line.split_whitespace().collect();
    let mut constant = Vec::new();
    for (word, next) in words.iter().zip(words.iter().skip(1).map(Some).chain([None])) {
        let unit = next.map(|next| next.trim_end_matches([',', ')', ':', ';']));
        let is_measured = unit.is_some_and(|unit| UNITS.contains(&unit));
        let is_number = word.chars().all(|digit| digit.is_ascii_digit() || digit == '.');
        constant.push(match word {
            _ if is_measured && is_number => "#".to_owned(),
            _ if word.contains("sha256:") => {
                word.chars().filter(|one| !one.is_ascii_hexdigit()).collect()
            }
            _ if is_time(word) => word.replace(|one: char| one.is_ascii_digit(), "#"),
            _ if word.contains("127.0.0.1:") => word.replace(|one: char| one.is_ascii_digit(), ""),
            _ => (*word).to_owned(),
        });
    }
    constant.join(" ")
}

fn is_time(word: &str) -> bool {
    let word = word.trim_end_matches(',');
    word.ends_with('Z') && word.contains('T') && word.starts_with("20")
}

#[test]
fn what_is_shown_is_compared() {
    let shown = "decided 3 tokens in 0.1 s, sha256:0a1b\n...\nlast id admit_12...\n";
    assert_shown(
        "",
        shown,
        "decided 3 tokens in 22.5 s, sha256:77cc\nmore\n\nlast id admit_1234\n",
    );
    let differs = |shown: &'static str, printed: &'static str| {
        assert!(std::panic::catch_unwind(|| assert_shown("", shown, printed)).is_err());
    };
    differs("allow", "deny");
    differs("one\ntwo", "one\nthree\ntwo");
    differs("5 cases passed", "4 cases passed");
    differs("a...b", "a c");
}
