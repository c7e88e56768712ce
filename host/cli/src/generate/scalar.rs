//! A text in YAML: as it is where every reader takes it for a text, else in double quotes.

use admit::rules::is_of_guids;

/// What readers of YAML 1.1 or 1.2 take for something else than a text.
const WORDS: [&str; 12] =
    ["true", "false", "yes", "no", "on", "off", "null", "y", "n", "nan", "inf", "infinity"];

/// Writes a text on one line.
pub(super) fn scalar(text: &str) -> String {
    if is_plain(text) { text.to_owned() } else { quoted(text) }
}

fn is_plain(text: &str) -> bool {
    if is_of_guids(text) {
        return true;
    }
    let allowed = |c: char| c.is_ascii_alphanumeric() || "-_./@:+ ".contains(c);
    let first_is_letter = text.starts_with(|c: char| c.is_ascii_alphabetic());
    first_is_letter
        && text.chars().all(allowed)
        && !text.contains(": ")
        && !text.ends_with([':', ' '])
        && !WORDS.contains(&&*text.to_ascii_lowercase())
}

/// YAML 1.2 §7.3.1. What is not printable is escaped; so is everything outside ASCII that an editor
/// or terminal may not show as it is.
fn quoted(text: &str) -> String {
    let mut quoted = String::from("\"");
    for c in text.chars() {
        match c {
            '"' | '\\' => quoted.extend(['\\', c]),
            '\n' => quoted.push_str("\\n"),
            '\t' => quoted.push_str("\\t"),
            ' '..='~' => quoted.push(c),
            c if c.is_alphanumeric() => quoted.push(c),
            c if u32::from(c) <= 0xffff => quoted.push_str(&format!("\\u{:04x}", u32::from(c))),
            c => quoted.push_str(&format!("\\U{:08x}", u32::from(c))),
        }
    }
    quoted.push('"');
    quoted
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What the reader of `admit apply`, and of any other program, makes of it.
    fn read(text: &str) -> serde_json::Value {
        let options = serde_saphyr::options! {};
        let text = format!("name: {text}\n");
        let read: serde_json::Value = serde_saphyr::from_str_with_options(&text, options).unwrap();
        read["name"].clone()
    }

    #[test]
    fn quotes_are_there_where_they_are_needed() {
        for plain in [
            "https://mdm.example.com:8443/path",
            "8c9d0e1f-2a3b-4c5d-8e6f-7a8b9c0d1e2f",
            "12345678-1234-1234-1234-123456789012",
            "8c9d0e1f-2a3b-4c5d-8e6f-7a8b9c0d1e2f@5a4f1c1e-6a3e-4c57-9d0e-1f2b3c4d5e6f",
            "windows-mdm@2.0.0",
            "login.mattermost",
            "Contoso Ltd",
        ] {
            assert_eq!(scalar(plain), plain);
        }
        for (text, expected) in [
            ("", r#""""#),
            ("2.0", r#""2.0""#),
            ("12345678", r#""12345678""#),
            ("1e5", r#""1e5""#),
            ("0x1f", r#""0x1f""#),
            ("2026-01-01", r#""2026-01-01""#),
            ("Yes", r#""Yes""#),
            ("null", r#""null""#),
            ("~", r#""~""#),
            ("- a", r#""- a""#),
            ("a: b", r#""a: b""#),
            ("a:", r#""a:""#),
            ("a #b", r##""a #b""##),
            (" a ", r#"" a ""#),
            ("*", r#""*""#),
            ("a\"b\\", r#""a\"b\\""#),
            ("a\nb\t\u{7}", r#""a\nb\t\u0007""#),
            ("Jörg", r#""Jörg""#),
            ("a\u{202e}b\u{1f600}", r#""a\u202eb\U0001f600""#),
        ] {
            assert_eq!(scalar(text), expected);
        }
    }

    #[test]
    fn every_text_comes_back_as_it_was() {
        let letters: Vec<char> =
            "aZ09 -:#@/.,+_~*&!|>'\"%`{}[]\\\n\t\r\u{0}\u{85}\u{a0}\u{2028}\u{feff}\u{202e}ö漢\u{1f600}"
                .chars()
                .collect();
        let mut random = fastrand::Rng::with_seed(1);
        for _ in 0..5_000 {
            let length = random.usize(0..8);
            let text: String =
                (0..length).map(|_| letters[random.usize(..letters.len())]).collect();
            let written = scalar(&text);
            assert_eq!(read(&written), serde_json::Value::from(&*text), "{written}");
        }
    }
}
