//! YAML and JSON, read strictly.

use serde::de::DeserializeOwned;
use serde_saphyr::options::DuplicateKeyPolicy;

/// What aliases may repeat, in names and values.
const MAX_ALIAS_EVENTS: usize = 20_000;

/// Lists and names inside one another; a good file has five.
const MAX_DEPTH: usize = 16;

/// Reads a file that operators write: the configuration of a server, or gates for `admit apply`.
///
/// `text` is what [`admit::input::text`] made of the file. One document. A text stays a text: neither `yes` nor `1_000` nor `007` becomes something else.
/// Both entries of a repeated key arrive: the reader has to refuse them, and can name the key and
/// both places.
///
/// # Errors
///
/// What is no YAML, has tags, or more levels or aliases than a file may have; and what `T` refuses.
pub fn read_yaml<T: DeserializeOwned>(text: &str) -> Result<T, serde_saphyr::Error> {
    let options = serde_saphyr::options! {
        budget: serde_saphyr::budget! { max_depth: MAX_DEPTH },
        alias_limits: serde_saphyr::alias_limits! {
            max_total_replayed_events: MAX_ALIAS_EVENTS,
        },
        duplicate_keys: DuplicateKeyPolicy::PassThrough,
        leading_zero_numbers_as_strings: true,
        underscored_numbers_as_strings: true,
        strict_booleans: true,
        reject_unsupported_tags: true,
    };
    serde_saphyr::from_str_with_options(text, options)
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::read_yaml;

    #[test]
    fn what_looks_like_a_text_is_one() {
        for (text, expected) in [
            ("[yes, no, on, off]", json!(["yes", "no", "on", "off"])),
            ("[true, false]", json!([true, false])),
            ("[007, 1_000]", json!(["007", "1_000"])),
            ("[7, -1]", json!([7, -1])),
            (r#"{"a": ["b", null]}"#, json!({"a": ["b", null]})),
            ("{a: &one [b], c: *one}", json!({"a": ["b"], "c": ["b"]})),
            // The last one counts for a reader that does not refuse it.
            ("{a: 1, a: 2}", json!({"a": 2})),
        ] {
            assert_eq!(read_yaml::<Value>(text).unwrap(), expected, "{text}");
        }
    }

    #[test]
    fn what_a_file_may_not_have_is_refused() {
        let deep = |levels| format!("{}{}", "[".repeat(levels), "]".repeat(levels));
        read_yaml::<Value>(&deep(16)).unwrap();
        let laughs = |lines| {
            let line = |level| {
                format!("- &a{} [{}]\n", level + 1, vec![format!("*a{level}"); 10].join(","))
            };
            format!("- &a0 x\n{}", (0..lines).map(line).collect::<String>())
        };
        read_yaml::<Value>(&laughs(3)).unwrap();
        for text in
            [deep(17), laughs(5), "a: !custom b".into(), "a: 1\n---\nb: 2".into(), "a: [".into()]
        {
            assert!(read_yaml::<Value>(&text).is_err(), "{text}");
        }
    }
}
