//! Suggests the known name that a misspelt one is closest to: the same for a key of a file, a variable, a reason.

/// The most names that are listed when nothing is similar.
const MAX_LISTED: usize = 16;

/// The most similar names that are suggested.
const MAX_SUGGESTED: usize = 3;

/// Names longer than this are not compared.
const MAX_COMPARED_BYTES: usize = 64;

/// The nearest of `known`, or all of them, with what to say of them.
pub fn hint(name: &str, known: &[&str]) -> String {
    if let Some(near) = nearest(name, known.iter().copied()) {
        return format!("did you mean `{near}`?");
    }
    let listed: Vec<_> = known.iter().take(MAX_LISTED).map(|name| format!("`{name}`")).collect();
    match listed.as_slice() {
        [one] => format!("expected {one}"),
        _ => format!("expected one of {}", listed.join(", ")),
    }
}

/// The name with the fewest changes to it, at most one for every three letters. Two letters in the wrong
/// order are one change.
pub fn nearest<'a>(name: &str, known: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    if name.len() > MAX_COMPARED_BYTES {
        return None;
    }
    let name = plain(name);
    known
        .map(|candidate| (strsim::osa_distance(&name, &plain(candidate)), candidate))
        .filter(|(changes, candidate)| changes * 3 <= candidate.len().max(3))
        .min_by_key(|(changes, _)| *changes)
        .map(|(_, candidate)| candidate)
}

/// The names that few changes make of it, that begin so, or that it is a part of; nearest first, then short
/// before long.
pub fn similar<'a>(name: &str, known: impl Iterator<Item = &'a str>) -> Vec<&'a str> {
    const LEAST_LETTERS: usize = 3;
    if !(LEAST_LETTERS..=MAX_COMPARED_BYTES).contains(&name.len()) {
        return Vec::new();
    }
    let mut found: Vec<_> = known
        .map(|candidate| (changes_to_part(&plain(name), &plain(candidate)), candidate))
        .filter(|(changes, _)| changes * 3 <= name.len())
        .collect();
    found.sort_by_key(|(changes, candidate)| (*changes, candidate.len(), *candidate));
    found.dedup();
    found.into_iter().take(MAX_SUGGESTED).map(|(_, name)| name).collect()
}

/// The changes to the candidate, or to its beginning; none where one is a part of the other.
fn changes_to_part(name: &str, candidate: &str) -> usize {
    if name.contains(candidate) || candidate.contains(name) {
        return 0;
    }
    let beginning: String = candidate.chars().take(name.chars().count()).collect();
    strsim::osa_distance(name, candidate).min(strsim::osa_distance(name, &beginning))
}

/// Letter case, `-` and doubled `_` are no differences.
fn plain(name: &str) -> String {
    name.to_lowercase().replace(['-', ' ', '.'], "_").replace("__", "_")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_name_is_found() {
        let known = ["listen", "access", "interval_seconds"];
        for (name, near) in [
            ("lisen", Some("listen")),
            ("Listen", Some("listen")),
            ("acces", Some("access")),
            ("interval-second", Some("interval_seconds")),
            ("litsne", Some("listen")),
            ("hosts", None),
            ("", None),
        ] {
            assert_eq!(nearest(name, known.into_iter()), near, "{name}");
        }
        assert_eq!(nearest(&"listen".repeat(20), known.into_iter()), None);
    }

    #[test]
    fn without_a_near_name_all_are_listed() {
        assert_eq!(hint("x", &["listen", "access"]), "expected one of `listen`, `access`");
        assert_eq!(hint("repo", &["path"]), "expected `path`");
        assert_eq!(hint("lisen", &["listen", "access"]), "did you mean `listen`?");
    }

    #[test]
    fn similar_names_share_a_word_or_most_letters() {
        let names = ["audience_not_authorized", "audience", "tenant", "token.expired", "user_name"];
        let similar = |name| similar(name, names.into_iter());
        assert_eq!(similar("audiance"), ["audience", "audience_not_authorized"]);
        assert_eq!(similar("udience"), ["audience", "audience_not_authorized"]);
        assert_eq!(similar("expired"), ["token.expired"]);
        assert_eq!(similar("Token-Expired"), ["token.expired"]);
        assert_eq!(similar("user_name_missing"), ["user_name"]);
        assert_eq!(similar("unknown_tenant"), ["tenant"]);
        assert!(similar("zz").is_empty() && similar("").is_empty());
        assert!(similar(&"audience".repeat(20)).is_empty());
    }
}
