//! Texts of settings, compared as values.

use admit_rules::is_of_guids;

/// A text of a setting, or an entry of a list, in the form in which equal values are equal texts.
///
/// Without white space around it; GUIDs in lower case, also where they stand together as
/// `client-id@tenant-id`. Everything else keeps its letter case: scopes, paths and names may differ
/// by it. For comparison only: what is stored, shown and given to the policy is what came.
pub fn comparable(text: &str) -> String {
    let text = text.trim();
    if is_of_guids(text) { text.to_ascii_lowercase() } else { text.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::comparable;

    const LOWER: &str = "8c9d0e1f-2a3b-4c5d-8e6f-7a8b9c0d1e2f";
    const UPPER: &str = "8C9D0E1F-2A3B-4C5D-8E6F-7A8B9C0D1E2F";

    #[test]
    fn guids_lose_their_case_and_texts_their_outer_white_space() {
        for (text, expected) in [
            (UPPER.to_owned(), LOWER.to_owned()),
            (format!("\t{UPPER} \n"), LOWER.to_owned()),
            (format!("{UPPER}@{LOWER}"), format!("{LOWER}@{LOWER}")),
            (format!(" {UPPER}@{UPPER} "), format!("{LOWER}@{LOWER}")),
            (format!("{UPPER}@Example"), format!("{UPPER}@Example")),
            (format!("api://{UPPER}"), format!("api://{UPPER}")),
            (format!("{{{UPPER}}}"), format!("{{{UPPER}}}")),
            (format!("{UPPER} {UPPER}"), format!("{UPPER} {UPPER}")),
            (" Scope.Read ".to_owned(), "Scope.Read".to_owned()),
            ("a  B".to_owned(), "a  B".to_owned()),
            (" ".to_owned(), String::new()),
        ] {
            assert_eq!(comparable(&text), expected, "{text:?}");
        }
    }
}
