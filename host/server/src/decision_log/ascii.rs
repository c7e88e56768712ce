//! JSON in printable ASCII alone: no value can leave its line or steer a terminal.

use std::io::{Result, Write};

use serde::Serialize;
use serde_json::Serializer;
use serde_json::ser::Formatter;

/// Adds the value and the end of the line.
pub(super) fn write_line(to: &mut Vec<u8>, value: &impl Serialize) -> serde_json::Result<()> {
    value.serialize(&mut Serializer::with_formatter(&mut *to, Ascii))?;
    to.push(b'\n');
    Ok(())
}

struct Ascii;

impl Formatter for Ascii {
    /// Of text without what every JSON has to escape.
    fn write_string_fragment<W: Write + ?Sized>(&mut self, to: &mut W, text: &str) -> Result<()> {
        let mut rest = text;
        while let Some(place) = rest.find(|c: char| !matches!(c, ' '..='~')) {
            let (plain, from) = rest.split_at(place);
            to.write_all(plain.as_bytes())?;
            let mut characters = from.chars();
            if let Some(escaped) = characters.next() {
                for unit in escaped.encode_utf16(&mut [0; 2]) {
                    write!(to, "\\u{unit:04x}")?;
                }
            }
            rest = characters.as_str();
        }
        to.write_all(rest.as_bytes())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_text_stays_on_its_line_and_comes_back() {
        let text = "a\r\n\u{1b}[2J\u{7f}\u{85}\u{202e}\u{2028}\0\"\\é漢😀z";
        let mut line = Vec::new();
        write_line(&mut line, &serde_json::json!({text: [text, 1]})).unwrap();
        let (end, before) = line.split_last().unwrap();
        assert_eq!(*end, b'\n');
        assert!(before.iter().all(|byte| matches!(byte, b' '..=b'~')));
        let read: serde_json::Value = serde_json::from_slice(&line).unwrap();
        assert_eq!(read, serde_json::json!({text: [text, 1]}));
    }
}
