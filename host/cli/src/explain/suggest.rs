//! What to ask for instead of an unknown name.

use admit::contract::types::Description;
use admit::reason::HOST_REASONS;
use admit::release::Inspected;
use admit::text::Shown;

/// The most names that are suggested.
const MAX_SUGGESTED: usize = 3;

/// What was asked for, of whom, and the names most like it.
pub(super) fn unknown(name: &str, policies: &[Inspected]) -> String {
    let policy = |it: &Inspected| format!("`{}` {}", it.policy().name, it.policy().version);
    let asked: Vec<_> = policies.iter().map(policy).collect();
    let mut text = format!(
        "no reason and no rule `{}` in {}; expected ",
        Shown::name(name),
        asked.join(" or ")
    );
    let names = policies.iter().flat_map(|policy| names(policy.description()));
    let similar = similar(name, names.chain(HOST_REASONS.iter().map(|reason| reason.code)));
    if !similar.is_empty() {
        text.push_str(&format!("for example {}, or ", similar.join(", ")));
    }
    text.push_str("one that `admit inspect` lists");
    text
}

fn names(description: &Description) -> impl Iterator<Item = &str> {
    let reasons = description.reasons.iter().map(|reason| &*reason.code);
    reasons.chain(description.rules.iter().map(|rule| &*rule.name))
}

/// The names that share a word with `name`, or most of its beginning; nearest first, then short
/// before long.
fn similar<'a>(name: &str, names: impl Iterator<Item = &'a str>) -> Vec<String> {
    let mut scored: Vec<(usize, &str)> = Vec::new();
    for candidate in names {
        let score = likeness(name, candidate);
        if score > 0 && !scored.contains(&(score, candidate)) {
            scored.push((score, candidate));
        }
    }
    scored.sort_by_key(|(score, candidate)| (std::cmp::Reverse(*score), candidate.len()));
    scored.iter().take(MAX_SUGGESTED).map(|(_, name)| format!("`{name}`")).collect()
}

/// How many letters the names have in common: at their beginning, or in one inside the other.
fn likeness(name: &str, candidate: &str) -> usize {
    const LEAST: usize = 3;
    let letters = |text: &str| text.to_ascii_lowercase().replace(['-', '.', ' '], "_");
    let (name, candidate) = (letters(name), letters(candidate));
    let beginning = name.bytes().zip(candidate.bytes()).take_while(|(a, b)| a == b).count();
    let inside = candidate.contains(&name) || name.contains(&candidate);
    let inside = if inside { name.len().min(candidate.len()) } else { 0 };
    let common = beginning.max(inside);
    if common >= LEAST { common } else { 0 }
}

#[cfg(test)]
mod tests {
    use super::similar;

    #[test]
    fn suggestions_share_a_word_or_a_beginning() {
        let names = ["audience_not_authorized", "audience", "tenant", "token.expired", "user_name"];
        let similar = |name| similar(name, names.into_iter());
        assert_eq!(similar("audiance"), ["`audience`", "`audience_not_authorized`"]);
        assert_eq!(similar("expired"), ["`token.expired`"]);
        assert_eq!(similar("Token-Expired"), ["`token.expired`"]);
        assert_eq!(similar("user_name_missing"), ["`user_name`"]);
        assert!(similar("zz").is_empty() && similar("").is_empty());
    }
}
