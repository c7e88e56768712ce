//! What may stand around and in a document or a token, and what everybody who reads one answers.

const MARK: &str = "\u{feff}";

/// One form of a text.
#[derive(Clone, Copy, Debug)]
pub struct Form {
    /// For messages.
    pub name: &'static str,
    before: &'static str,
    /// After the first character.
    inside: &'static str,
    after: &'static str,
    encoding: Encoding,
    /// Whether a document of this form is read.
    pub document: bool,
    /// Whether a token of this form is read.
    pub token: bool,
}

#[derive(Clone, Copy, Debug)]
enum Encoding {
    Utf8,
    Utf16Little,
    Utf16Big,
}

impl Form {
    /// The text in this form.
    pub fn of(&self, text: &str) -> Vec<u8> {
        let (first, rest) = text.split_at(1);
        let text = [self.before, first, self.inside, rest, self.after].concat();
        match self.encoding {
            Encoding::Utf8 => text.into_bytes(),
            Encoding::Utf16Little => text.encode_utf16().flat_map(u16::to_le_bytes).collect(),
            Encoding::Utf16Big => text.encode_utf16().flat_map(u16::to_be_bytes).collect(),
        }
    }

    /// Whether it differs from the text around it alone.
    pub fn is_around(&self) -> bool {
        self.inside.is_empty()
    }

    /// Whether it is UTF-8.
    pub fn is_utf_8(&self) -> bool {
        matches!(self.encoding, Encoding::Utf8)
    }
}

/// Every form.
pub fn forms() -> Vec<Form> {
    let form = |name, before, inside, after, document, token| Form {
        name,
        before,
        inside,
        after,
        encoding: Encoding::Utf8,
        document,
        token,
    };
    let utf_16 =
        |name, before, encoding| Form { encoding, ..form(name, before, "", "", false, false) };
    vec![
        form("as it is", "", "", "", true, true),
        form("a mark", MARK, "", "", true, true),
        form("two marks", "\u{feff}\u{feff}", "", "", false, false),
        form("three marks", "\u{feff}\u{feff}\u{feff}", "", "", false, false),
        form("a mark on the second line", "\n\u{feff}", "", "", false, false),
        form("a mark inside", "", MARK, "", false, false),
        form("a mark at the end", "", "", MARK, false, false),
        form("NUL inside", "", "\0", "", false, false),
        form("NUL at the end", "", "", "\0", false, false),
        form("form feed first", "\u{c}", "", "", false, true),
        form("form feed at the end", "", "", "\u{c}", false, true),
        form("form feed on a line", "", "", "\n\u{c}\n", false, true),
        form("vertical tab", "", "", "\u{b}", false, false),
        form("NEL", "", "", "\u{85}", false, false),
        form("U+2028", "", "", "\u{2028}", false, false),
        form("no-break space", "", "", "\u{a0}", false, false),
        form("control-Z", "", "", "\u{1a}", false, false),
        form("CR as line end", "", "", "\r", true, true),
        form("CR as every line end", "\r", "\r", "\r", true, false),
        form("CR LF", "\r\n", "\r\n", "\r\n", true, false),
        form("white space", " \n", "", " \n\n", true, true),
        utf_16("UTF-16", "", Encoding::Utf16Little),
        utf_16("UTF-16 with a mark", MARK, Encoding::Utf16Little),
        utf_16("UTF-16, the other way, with a mark", MARK, Encoding::Utf16Big),
    ]
}
