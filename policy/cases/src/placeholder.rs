//! Values that a template should have filled in.

use serde_json::Value;

/// What in a text looks like the name of a value that was to stand there: `$NAME`, `${NAME}`, `$(NAME)`,
/// `%NAME%`, `#{NAME}`, `{{ NAME }}`, `{% … %}` and `<% … %>`, as shells, make, Windows, pipelines and templates
/// have it.
pub fn placeholder(text: &str) -> Option<&str> {
    placeholders(text).next().map(|(_, found)| found)
}

/// Every [`placeholder`], with the byte that it begins at.
fn placeholders(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let starts = text.char_indices().filter(|(_, c)| matches!(c, '$' | '%' | '#' | '{' | '<'));
    starts.filter_map(|(at, _)| Some((at, at_start(text.get(at..)?)?)))
}

/// A [`placeholder`] that makes a text one that cannot be read. Line and column count from 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Unfilled<'a> {
    /// Its line.
    pub line: u64,
    /// The column that it begins at.
    pub column: u64,
    /// All of it.
    pub text: &'a str,
}

impl<'a> Unfilled<'a> {
    /// The one that a reader stumbled over at this place.
    pub fn at(text: &'a str, line: u64, column: u64) -> Option<Self> {
        let stands_there = |found: &Self| {
            let end = found.column + found.text.chars().count() as u64;
            (found.column.saturating_sub(1)..=end).contains(&column)
        };
        Self::all(text, line).find(stands_there)
    }

    /// The one on the line that a reader complains of: where it stumbled, else the first.
    pub fn on(text: &'a str, line: u64, column: u64) -> Option<Self> {
        // `%NAME%` at the beginning of a line is a directive of YAML, and what follows is what is wrong.
        let directive = || Self::all(text, line.checked_sub(1)?).find(|found| found.column == 1);
        let first = || Self::all(text, line).next();
        Self::at(text, line, column)
            .or_else(first)
            .or_else(|| directive().filter(Self::is_directive))
    }

    fn all(text: &'a str, line: u64) -> impl Iterator<Item = Self> {
        let index = usize::try_from(line).ok().and_then(|line| line.checked_sub(1));
        let of_line = index.and_then(|index| text.split('\n').nth(index)).unwrap_or_default();
        placeholders(of_line).map(move |(at, found)| {
            let before = of_line.get(..at).unwrap_or_default();
            Self { line, column: before.chars().count() as u64 + 1, text: found }
        })
    }

    fn is_directive(&self) -> bool {
        self.text.starts_with('%')
    }
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
    const FENCED: [(&str, &str); 7] = [
        ("${{", "}}"),
        ("${", "}"),
        ("$(", ")"),
        ("#{", "}"),
        ("{{", "}}"),
        ("{%", "%}"),
        ("<%", "%>"),
    ];
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
            ("${{ secrets.TENANT }}", "${{ secrets.TENANT }}"),
            ("{% if guests %}", "{% if guests %}"),
            ("<%= tenant %>", "<%= tenant %>"),
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
    fn what_a_reader_stumbled_over_has_a_place() {
        let at = |line, column, text| Some(Unfilled { line, column, text });
        let text = "a: \"$A\"\n\u{e4}: {{ b }} ${C}\n%D%\nd: 1\n";
        assert_eq!(Unfilled::at(text, 2, 5), at(2, 4, "{{ b }}"));
        assert_eq!(Unfilled::at(text, 2, 14), at(2, 12, "${C}"));
        assert_eq!(Unfilled::at(text, 2, 1), None);
        assert_eq!(Unfilled::on(text, 2, 1), at(2, 4, "{{ b }}"));
        assert_eq!(Unfilled::on(text, 4, 1), at(3, 1, "%D%"));
        for (line, column) in [(0, 0), (5, 1), (9, 9)] {
            assert_eq!(Unfilled::on(text, line, column), None);
        }
        assert_eq!(Unfilled::on("a: \"$A\"\nb: [\n", 2, 4), None);
    }

    #[test]
    fn a_list_has_the_placeholders_of_its_entries() {
        let value = serde_json::json!(["a", "${TENANT}", "$B"]);
        assert_eq!(placeholder_in(&value), Some("${TENANT}"));
        assert_eq!(placeholder_in(&serde_json::json!(7)), None);
    }
}
