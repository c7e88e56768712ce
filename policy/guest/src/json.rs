//! Claims that are no plain value: JSON text, read.

/// A JSON value.
#[derive(Clone, Debug, PartialEq)]
pub enum Json {
    /// `null`.
    Null,
    /// `true` or `false`.
    Boolean(bool),
    /// A number without fraction or exponent that fits 64 bits, signed.
    Integer(i64),
    /// Any other number, as it is written.
    Number(String),
    /// A string.
    Text(String),
    /// An array.
    Array(Vec<Json>),
    /// The members of an object, in their order.
    Object(Vec<(String, Json)>),
}

/// How deep values may be inside one another: a component's stack is small.
const MAX_DEPTH: usize = 32;

impl Json {
    /// Reads JSON text; `None` when it is none, or is more than 32 deep.
    ///
    /// ```
    /// use admit_guest::Json;
    ///
    /// let cnf = Json::parse(r#"{"jwk": {"kty": "RSA", "kid": "k\u00e9y"}, "xms_ksl": "sw"}"#).unwrap();
    /// let kid = cnf.member("jwk").and_then(|jwk| jwk.member("kid")).and_then(Json::text);
    /// assert_eq!(kid, Some("k\u{e9}y"));
    /// ```
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let mut reader = Reader { text, at: 0 };
        let value = reader.value(MAX_DEPTH)?;
        reader.space();
        (reader.at == text.len()).then_some(value)
    }

    /// The member of an object with this name; `None` when this is no object or has no such member.
    #[must_use]
    pub fn member(&self, name: &str) -> Option<&Self> {
        let Self::Object(members) = self else { return None };
        members.iter().find(|(member, _)| member == name).map(|(_, value)| value)
    }

    /// The items of an array.
    #[must_use]
    pub fn items(&self) -> Option<&[Self]> {
        if let Self::Array(items) = self { Some(items) } else { None }
    }

    /// The text of a string.
    #[must_use]
    pub fn text(&self) -> Option<&str> {
        if let Self::Text(text) = self { Some(text) } else { None }
    }

    /// The number, if it is a whole one.
    #[must_use]
    pub const fn integer(&self) -> Option<i64> {
        if let Self::Integer(integer) = self { Some(*integer) } else { None }
    }

    /// Yes or no.
    #[must_use]
    pub const fn boolean(&self) -> Option<bool> {
        if let Self::Boolean(boolean) = self { Some(*boolean) } else { None }
    }
}

struct Reader<'a> {
    text: &'a str,
    at: usize,
}

impl Reader<'_> {
    fn rest(&self) -> &str {
        self.text.get(self.at..).unwrap_or_default()
    }

    fn space(&mut self) {
        let rest = self.rest();
        let after = rest.trim_start_matches([' ', '\t', '\r', '\n']);
        self.at += rest.len() - after.len();
    }

    /// Goes behind `text`, white space before it left out, if it comes next.
    fn take(&mut self, text: &str) -> bool {
        self.space();
        let is_next = self.rest().starts_with(text);
        if is_next {
            self.at += text.len();
        }
        is_next
    }

    fn value(&mut self, depth: usize) -> Option<Json> {
        if self.take("{") {
            return self.members(depth.checked_sub(1)?).map(Json::Object);
        }
        if self.take("[") {
            return self.items(depth.checked_sub(1)?).map(Json::Array);
        }
        if self.take("\"") {
            return self.string().map(Json::Text);
        }
        for (text, value) in
            [("null", Json::Null), ("true", Json::Boolean(true)), ("false", Json::Boolean(false))]
        {
            if self.take(text) {
                return Some(value);
            }
        }
        self.number()
    }

    fn members(&mut self, depth: usize) -> Option<Vec<(String, Json)>> {
        let mut members = Vec::new();
        if self.take("}") {
            return Some(members);
        }
        loop {
            let name = if self.take("\"") { self.string()? } else { return None };
            let value = if self.take(":") { self.value(depth)? } else { return None };
            members.push((name, value));
            if self.take("}") {
                return Some(members);
            }
            if !self.take(",") {
                return None;
            }
        }
    }

    fn items(&mut self, depth: usize) -> Option<Vec<Json>> {
        let mut items = Vec::new();
        if self.take("]") {
            return Some(items);
        }
        loop {
            items.push(self.value(depth)?);
            if self.take("]") {
                return Some(items);
            }
            if !self.take(",") {
                return None;
            }
        }
    }

    /// A string whose first quote is behind us.
    fn string(&mut self) -> Option<String> {
        let mut string = String::new();
        loop {
            let character = self.next()?;
            match character {
                '"' => return Some(string),
                '\\' => string.push(self.escape()?),
                '\0'..='\u{1f}' => return None,
                _ => string.push(character),
            }
        }
    }

    fn next(&mut self) -> Option<char> {
        let next = self.rest().chars().next()?;
        self.at += next.len_utf8();
        Some(next)
    }

    fn escape(&mut self) -> Option<char> {
        Some(match self.next()? {
            plain @ ('"' | '\\' | '/') => plain,
            'b' => '\u{8}',
            'f' => '\u{c}',
            'n' => '\n',
            'r' => '\r',
            't' => '\t',
            'u' => return self.unicode(),
            _ => return None,
        })
    }

    /// The character of four hexadecimal digits, or of two times four.
    fn unicode(&mut self) -> Option<char> {
        let first = self.unit()?;
        let units = match first {
            0xd800..=0xdbff if self.rest().starts_with("\\u") => {
                self.at += 2;
                [first, self.unit()?]
            }
            _ => return char::from_u32(first.into()),
        };
        char::decode_utf16(units).next()?.ok()
    }

    fn unit(&mut self) -> Option<u16> {
        let digits = self.rest().get(..4)?;
        if !digits.bytes().all(|digit| digit.is_ascii_hexdigit()) {
            return None;
        }
        let unit = u16::from_str_radix(digits, 16).ok()?;
        self.at += 4;
        Some(unit)
    }

    fn number(&mut self) -> Option<Json> {
        let rest = self.rest();
        let end = rest.find(|c: char| !matches!(c, '0'..='9' | '-' | '+' | '.' | 'e' | 'E'));
        let number = rest.get(..end.unwrap_or(rest.len()))?;
        if !is_number(number) {
            return None;
        }
        let value = match number.parse() {
            Ok(integer) => Json::Integer(integer),
            Err(_) => Json::Number(number.to_owned()),
        };
        self.at += number.len();
        Some(value)
    }
}

/// Whether this is a number as JSON writes it (RFC 8259 6).
fn is_number(text: &str) -> bool {
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let text = text.strip_prefix('-').unwrap_or(text);
    let (text, exponent) = text.split_once(['e', 'E']).map_or((text, None), |(a, b)| (a, Some(b)));
    let (whole, fraction) = text.split_once('.').map_or((text, None), |(a, b)| (a, Some(b)));
    digits(whole)
        && (whole == "0" || !whole.starts_with('0'))
        && fraction.is_none_or(digits)
        && exponent.is_none_or(|text| digits(text.strip_prefix(['-', '+']).unwrap_or(text)))
}

#[cfg(test)]
mod tests {
    use super::Json;

    fn text(text: &str) -> Json {
        Json::Text(text.into())
    }

    #[test]
    fn values_of_every_kind_are_read() {
        for (json, expected) in [
            ("null", Json::Null),
            ("true", Json::Boolean(true)),
            ("-9223372036854775808", Json::Integer(i64::MIN)),
            ("9223372036854775808", Json::Number("9223372036854775808".into())),
            ("1.5e-3", Json::Number("1.5e-3".into())),
            (
                r#""a\"\\\/\b\f\n\r\t\u00e9\ud83d\ude00""#,
                text("a\"\\/\u{8}\u{c}\n\r\t\u{e9}\u{1f600}"),
            ),
            (" [ ] ", Json::Array(vec![])),
            (
                r#"[1,"a",[{}]]"#,
                Json::Array(vec![
                    Json::Integer(1),
                    text("a"),
                    Json::Array(vec![Json::Object(vec![])]),
                ]),
            ),
            (
                r#"{"a": {"b": false}, "": null}"#,
                Json::Object(vec![
                    ("a".into(), Json::Object(vec![("b".into(), Json::Boolean(false))])),
                    (String::new(), Json::Null),
                ]),
            ),
        ] {
            assert_eq!(Json::parse(json), Some(expected), "{json}");
        }
    }

    #[test]
    fn what_is_no_json_is_not_read() {
        for json in [
            "",
            " ",
            "nul",
            "tru e",
            "01",
            "-",
            "+1",
            "1.",
            ".5",
            "1e",
            "1e+",
            "--1",
            "1-1",
            "\"",
            "\"\n\"",
            r#""\x""#,
            r#""\u00g0""#,
            r#""\u+0e9""#,
            r#""\ud800""#,
            r#""\ud800\u0041""#,
            r#""\udc00""#,
            "[",
            "[1",
            "[1,]",
            "[,]",
            "{",
            r#"{"a"}"#,
            r#"{"a":}"#,
            r#"{"a":1,}"#,
            "{a:1}",
            "1 2",
            "[]]",
            "\u{a0}1",
        ] {
            assert_eq!(Json::parse(json), None, "{json}");
        }
    }

    #[test]
    fn depth_is_bounded() {
        let nested = |depth: usize| format!("{}{}", "[".repeat(depth), "]".repeat(depth));
        assert!(Json::parse(&nested(32)).is_some());
        for depth in [33, 100_000] {
            assert_eq!(Json::parse(&nested(depth)), None);
        }
    }

    #[test]
    fn readers_answer_for_their_kind_alone() {
        let json = Json::parse(r#"{"t": "x", "i": 7, "b": true, "a": [1]}"#).unwrap();
        let member = |name| json.member(name).unwrap();
        assert_eq!((member("t").text(), member("i").text()), (Some("x"), None));
        assert_eq!((member("i").integer(), member("t").integer()), (Some(7), None));
        assert_eq!((member("b").boolean(), member("t").boolean()), (Some(true), None));
        assert_eq!((member("a").items().map(<[_]>::len), json.items()), (Some(1), None));
        assert_eq!((json.member("x"), member("a").member("t")), (None, None));
    }
}
