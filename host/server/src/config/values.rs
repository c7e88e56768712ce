//! Single values: their types and ranges.

use std::ops::RangeInclusive;
use std::path::PathBuf;
use std::time::Duration;

use super::read::{Found, Wrong, expected};
use super::tree::Value;

/// A text, which may be empty.
pub(super) fn text<'a>(found: &Found<'a>) -> Result<&'a str, Wrong> {
    match &found.node.value {
        Value::Text(text) | Value::Given(text) => Ok(text),
        Value::Integer(_) | Value::Number(_) | Value::Boolean(_) => {
            expected("a text; put it in quotes")
        }
        _ => expected("a text"),
    }
}

/// `true` or `false`.
pub(super) fn boolean(found: &Found<'_>) -> Result<bool, Wrong> {
    match &found.node.value {
        Value::Boolean(boolean) => Ok(*boolean),
        Value::Given(text) if text == "true" => Ok(true),
        Value::Given(text) if text == "false" => Ok(false),
        _ => expected("`true` or `false`"),
    }
}

/// A whole number in a range.
pub(super) fn whole(range: RangeInclusive<u64>) -> impl FnOnce(&Found<'_>) -> Result<u64, Wrong> {
    move |found| {
        let number = match &found.node.value {
            Value::Integer(number) => u64::try_from(*number).ok(),
            Value::Given(text) => digits(text),
            _ => None,
        };
        let wanted = || format!("a whole number, {} to {}", range.start(), range.end());
        number.filter(|number| range.contains(number)).ok_or_else(|| Wrong::Expected(wanted()))
    }
}

/// Digits alone: no sign, no space.
fn digits(text: &str) -> Option<u64> {
    text.bytes().all(|byte| byte.is_ascii_digit()).then(|| text.parse().ok())?
}

/// As [`whole`], for what is counted in memory.
pub(super) fn count(
    range: RangeInclusive<usize>,
) -> impl FnOnce(&Found<'_>) -> Result<usize, Wrong> {
    move |found| {
        let number = whole(*range.start() as u64..=*range.end() as u64)(found)?;
        usize::try_from(number).or_else(|_| expected("a smaller number"))
    }
}

/// As [`whole`], in seconds.
pub(super) fn seconds(
    range: RangeInclusive<u64>,
) -> impl FnOnce(&Found<'_>) -> Result<Duration, Wrong> {
    move |found| whole(range)(found).map(Duration::from_secs)
}

/// A share, 0 to 1.
pub(super) fn share(found: &Found<'_>) -> Result<f64, Wrong> {
    let number = match &found.node.value {
        Value::Integer(number @ 0..=1) => Some(*number as f64),
        Value::Number(number) => Some(*number),
        Value::Given(text) => text.parse().ok(),
        _ => None,
    };
    match number.filter(|number| (0.0..=1.0).contains(number)) {
        Some(number) => Ok(number),
        None => expected("a number, 0 to 1"),
    }
}

/// One of some words.
pub(super) fn choice<T: Copy>(
    words: &'static [(&'static str, T)],
) -> impl FnOnce(&Found<'_>) -> Result<T, Wrong> {
    move |found| {
        let came = match &found.node.value {
            Value::Text(text) | Value::Given(text) => text.as_str(),
            _ => "",
        };
        match words.iter().find(|(word, _)| *word == came) {
            Some((_, value)) => Ok(*value),
            None => {
                let words: Vec<_> = words.iter().map(|(word, _)| format!("`{word}`")).collect();
                expected(words.join(" or "))
            }
        }
    }
}

/// A path; a relative one in a file is relative to the file's folder.
pub(super) fn path(found: &Found<'_>) -> Result<PathBuf, Wrong> {
    let path = text(found)?;
    if path.is_empty() || path.contains('\0') {
        return expected("a path");
    }
    Ok(found.resolve(path))
}
