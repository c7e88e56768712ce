//! Values that a template should have filled in.

use serde_json::Value;

/// What in a text looks like the name of a value that was to stand there: `$NAME`, `${NAME}`, `$(NAME)`,
/// `%NAME%`, `#{NAME}` and `{{ NAME }}`, as shells, make, Windows, pipelines and templates have it.
pub fn placeholder(text: &str) -> Option<&str> {
    let starts = text.char_indices().filter(|(_, c)| matches!(c, '$' | '%' | '#' | '{'));
    let mut found = starts.filter_map(|(at, _)| at_start(text.get(at..)?));
    found.next()
}

/// The first [`placeholder`] of a setting's value.
pub fn placeholder_in(value: &Value) -> Option<&str> {
    match value {
        Value::String(text) => placeholder(text),
        Value::Array(items) => items.iter().filter_map(Value::as_str).find_map(placeholder),
        _ => None,
    }
}

fn at_start(text: &str) -> Option<&str> {
    const FENCED: [(&str, &str); 4] = [("${", "}"), ("$(", ")"), ("#{", "}"), ("{{", "}}")];
    for (open, close) in FENCED {
        if let Some(rest) = text.strip_prefix(open) {
            let end = rest.find(close).filter(|end| !rest[..*end].trim().is_empty())?;
            return text.get(..open.len() + end + close.len());
        }
    }
    if let Some(rest) = text.strip_prefix('%') {
        let name = name(rest)?;
        let is_hex = name.len() == 2 && name.bytes().all(|byte| byte.is_ascii_hexdigit());
        // `%AF%BC` is part of an address.
        return (rest[name.len()..].starts_with('%') && !is_hex).then(|| &text[..name.len() + 2]);
    }
    let name = name(text.strip_prefix('$')?)?;
    Some(&text[..=name.len()])
}

/// The name of a variable at the start.
fn name(text: &str) -> Option<&str> {
    let is_part = |c: char| c.is_ascii_alphanumeric() || c == '_';
    let end = text.find(|c| !is_part(c)).unwrap_or(text.len());
    let name = &text[..end];
    (!name.is_empty() && !name.starts_with(|c: char| c.is_ascii_digit())).then_some(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_template_leaves_is_found() {
        for (text, expected) in [
            ("$MAM_SCOPE", "$MAM_SCOPE"),
            ("a $mam_scope2-b", "$mam_scope2"),
            ("https://${HOST}/x", "${HOST}"),
            ("${HOST:-mdm.example.com}", "${HOST:-mdm.example.com}"),
            ("$(TENANT)", "$(TENANT)"),
            ("%TENANT_ID%", "%TENANT_ID%"),
            ("{{ tenant }}", "{{ tenant }}"),
            ("{{ .Values.tenant | quote }}", "{{ .Values.tenant | quote }}"),
            ("#{tenant}#", "#{tenant}"),
            ("100% of %A_B%", "%A_B%"),
            ("\u{e4}${X}", "${X}"),
        ] {
            assert_eq!(placeholder(text), Some(expected), "{text}");
        }
    }

    #[test]
    fn what_may_be_meant_is_left_alone() {
        for text in [
            "",
            "mdm_delegation",
            "5a4f1c1e-6a3e-4c57-9d0e-1f2b3c4d5e6f",
            "api://8c9d0e1f/scope",
            "a$",
            "$",
            "$1",
            "costs 5$ or 6",
            "https://a.example/%C3%AF%20b",
            "https://a.example/%AF%BC",
            "50%",
            "100%%",
            "{a}",
            "${}",
            "{{ }}",
            "a#b",
            "${open",
        ] {
            assert_eq!(placeholder(text), None, "{text}");
        }
    }

    #[test]
    fn a_list_has_the_placeholders_of_its_entries() {
        let value = serde_json::json!(["a", "${TENANT}", "$B"]);
        assert_eq!(placeholder_in(&value), Some("${TENANT}"));
        assert_eq!(placeholder_in(&serde_json::json!(7)), None);
    }
}
