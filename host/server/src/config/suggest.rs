//! Suggests the known name that a misspelt one is closest to.

/// The most names that are listed when nothing is similar.
const MAX_LISTED: usize = 16;

/// Names longer than this are not compared.
const MAX_COMPARED_BYTES: usize = 64;

/// The nearest of `known`, or all of them.
pub(super) fn hint(name: &str, known: &[&str]) -> String {
    if let Some(near) = nearest(name, known.iter().copied()) {
        return format!("did you mean `{near}`?");
    }
    let listed: Vec<_> = known.iter().take(MAX_LISTED).map(|name| format!("`{name}`")).collect();
    match listed.as_slice() {
        [one] => format!("expected {one}"),
        _ => format!("expected one of {}", listed.join(", ")),
    }
}

/// The name with the fewest changes to it, at most one for every three letters.
pub(super) fn nearest<'a>(name: &str, known: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    if name.len() > MAX_COMPARED_BYTES {
        return None;
    }
    let name = plain(name);
    known
        .map(|candidate| (changes(&name, &plain(candidate)), candidate))
        .filter(|(changes, candidate)| changes * 3 <= candidate.len().max(3))
        .min_by_key(|(changes, _)| *changes)
        .map(|(_, candidate)| candidate)
}

/// Letter case, `-` and doubled `_` are no differences.
fn plain(name: &str) -> Vec<char> {
    let name = name.to_lowercase().replace(['-', ' ', '.'], "_").replace("__", "_");
    name.chars().collect()
}

/// How many letters to insert, remove or replace (Levenshtein).
fn changes(from: &[char], to: &[char]) -> usize {
    let mut row: Vec<usize> = (0..=to.len()).collect();
    for (i, a) in from.iter().enumerate() {
        let mut next = vec![i + 1];
        for ((b, diagonal), above) in to.iter().zip(&row).zip(row.iter().skip(1)) {
            let left = next.last().copied().unwrap_or_default();
            next.push((diagonal + usize::from(a != b)).min(above + 1).min(left + 1));
        }
        row = next;
    }
    row.last().copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::{hint, nearest};

    #[test]
    fn a_near_miss_is_told() {
        let known = ["listen", "access", "interval_seconds"];
        for (name, near) in [
            ("lisen", Some("listen")),
            ("Listen", Some("listen")),
            ("acces", Some("access")),
            ("interval-second", Some("interval_seconds")),
            ("hosts", None),
            ("", None),
        ] {
            assert_eq!(nearest(name, known.into_iter()), near, "{name}");
        }
        assert_eq!(nearest(&"listen".repeat(20), known.into_iter()), None);
    }

    #[test]
    fn without_one_all_are_listed() {
        assert_eq!(hint("x", &["listen", "access"]), "expected one of `listen`, `access`");
        assert_eq!(hint("repo", &["path"]), "expected `path`");
        assert_eq!(hint("lisen", &["listen", "access"]), "did you mean `listen`?");
    }
}
