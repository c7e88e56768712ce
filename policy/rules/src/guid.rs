//! GUIDs, read strictly and compared as values.

/// A GUID: a tenant id, a client id or an object id of Entra.
///
/// Read from 8-4-4-4-12 ASCII hexadecimal digits in either letter case and nothing else: no braces,
/// no URN, no white space, no digits of other scripts. Two spellings of one value are equal.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Guid([u8; 16]);

/// The text is not a GUID.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NotAGuid;

/// Length of the text form.
const TEXT_LENGTH: usize = 36;
/// Where the hyphens stand.
const HYPHENS: [usize; 4] = [8, 13, 18, 23];

impl Guid {
    /// Reads the one text form.
    ///
    /// # Errors
    ///
    /// [`NotAGuid`] for every other text.
    pub fn parse(text: &str) -> Result<Self, NotAGuid> {
        let text: &[u8; TEXT_LENGTH] = text.as_bytes().try_into().map_err(|_| NotAGuid)?;
        let mut value = 0_u128;
        for (position, byte) in text.iter().enumerate() {
            if HYPHENS.contains(&position) {
                if *byte != b'-' {
                    return Err(NotAGuid);
                }
            } else {
                value = (value << 4) | u128::from(hex_digit(*byte)?);
            }
        }
        Ok(Self(value.to_be_bytes()))
    }

    /// The GUID of sixteen bytes, in the order of the text.
    #[must_use]
    pub const fn from_bytes(bytes: [u8; 16]) -> Self {
        Self(bytes)
    }

    /// The sixteen bytes, in the order of the text.
    #[must_use]
    pub const fn bytes(&self) -> &[u8; 16] {
        &self.0
    }
}

/// The value of one ASCII hexadecimal digit.
const fn hex_digit(byte: u8) -> Result<u8, NotAGuid> {
    match byte {
        b'0'..=b'9' => Ok(byte - b'0'),
        b'a'..=b'f' => Ok(byte - b'a' + 10),
        b'A'..=b'F' => Ok(byte - b'A' + 10),
        _ => Err(NotAGuid),
    }
}

/// A list of GUIDs, ready for look-up.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct GuidSet(
    // INVARIANT: sorted, for the binary search.
    Vec<Guid>,
);

impl GuidSet {
    /// Whether the list holds this value.
    #[must_use]
    pub fn contains(&self, guid: &Guid) -> bool {
        self.0.binary_search(guid).is_ok()
    }

    /// Whether the list is empty.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Adds a value; says whether it was new.
    pub fn insert(&mut self, guid: Guid) -> bool {
        match self.0.binary_search(&guid) {
            Ok(_) => false,
            Err(place) => {
                self.0.insert(place, guid);
                true
            }
        }
    }
}

impl FromIterator<Guid> for GuidSet {
    // A sort of the standard library is 27 KB of code, more than the rest of a policy's rules.
    fn from_iter<I: IntoIterator<Item = Guid>>(guids: I) -> Self {
        let mut set = Self::default();
        for guid in guids {
            set.insert(guid);
        }
        set
    }
}

/// Whether the text is a GUID, or GUIDs with `@` between them, as in `client-id@tenant-id`.
#[must_use]
pub fn is_of_guids(text: &str) -> bool {
    text.split('@').all(|part| Guid::parse(part).is_ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "0a1b2c3d-4e5f-6789-abcd-ef0123456789";

    #[test]
    fn reads_the_bytes_in_the_order_of_the_text() {
        let guid = Guid::parse(TEXT).unwrap();
        assert_eq!(guid.bytes()[..5], [0x0a, 0x1b, 0x2c, 0x3d, 0x4e]);
        assert_eq!(guid.bytes()[15], 0x89);
        assert_eq!(Guid::from_bytes(*guid.bytes()), guid);
    }

    #[test]
    fn compares_as_values() {
        assert_eq!(Guid::parse(TEXT), Guid::parse(&TEXT.to_uppercase()));
        assert_ne!(Guid::parse(TEXT), Guid::parse("0a1b2c3d-4e5f-6789-abcd-ef0123456788"));
    }

    #[test]
    fn refuses_every_other_spelling() {
        let cases = [
            ("empty", ""),
            ("braces", "{0a1b2c3d-4e5f-6789-abcd-ef0123456789}"),
            ("parentheses", "(0a1b2c3d-4e5f-6789-abcd-ef0123456789)"),
            ("urn", "urn:uuid:0a1b2c3d-4e5f-6789-abcd-ef0123456789"),
            ("no hyphens", "0a1b2c3d4e5f6789abcdef0123456789"),
            ("no hyphens, padded to length", "0a1b2c3d4e5f6789abcdef01234567890000"),
            ("one digit more", "0a1b2c3d-4e5f-6789-abcd-ef01234567890"),
            ("one digit less", "0a1b2c3d-4e5f-6789-abcd-ef012345678"),
            ("hyphens elsewhere", "0a1b2c3d4-e5f-6789-abcd-ef0123456789"),
            ("other separator", "0a1b2c3d_4e5f_6789_abcd_ef0123456789"),
            ("letter beyond f", "0a1b2c3d-4e5f-6789-abcd-ef012345678g"),
            ("letter beyond F", "0A1B2C3D-4E5F-6789-ABCD-EF012345678G"),
            ("character before 0", "0a1b2c3d-4e5f-6789-abcd-ef012345678/"),
            ("character after 9", "0a1b2c3d-4e5f-6789-abcd-ef012345678:"),
            ("character before a", "0a1b2c3d-4e5f-6789-abcd-ef012345678`"),
            ("character before A", "0a1b2c3d-4e5f-6789-abcd-ef012345678@"),
            ("sign", "+a1b2c3d-4e5f-6789-abcd-ef0123456789"),
            ("list", "0a1b2c3d-4e5f-6789-abcd-ef0123456789,0a1b2c3d-4e5f-6789-abcd-ef0123456789"),
            ("leading space", " 0a1b2c3d-4e5f-6789-abcd-ef0123456789"),
            ("trailing newline", "0a1b2c3d-4e5f-6789-abcd-ef0123456789\n"),
            ("trailing NUL", "0a1b2c3d-4e5f-6789-abcd-ef0123456789\0"),
            ("percent", "0a1b2c3d%2D4e5f-6789-abcd-ef0123456789"),
            ("full-width digit", "\u{ff10}a1b2c3d-4e5f-6789-abcd-ef0123456789"),
            ("full-width digit, right length", "\u{ff10}1b2c3d-4e5f-6789-abcd-ef01234567"),
            ("arabic digit", "\u{0660}a1b2c3d-4e5f-6789-abcd-ef0123456789"),
            ("cyrillic a", "0\u{0430}1b2c3d-4e5f-6789-abcd-ef0123456789"),
            ("soft hyphen", "0a1b2c3d\u{00ad}4e5f-6789-abcd-ef0123456789"),
            ("non-breaking hyphen", "0a1b2c3d\u{2011}4e5f-6789-abcd-ef0123456789"),
            ("zero-width joiner", "0a1b2c3d-4e5f-6789-abcd-ef0123456789\u{200d}"),
        ];
        for (name, text) in cases {
            assert_eq!(Guid::parse(text), Err(NotAGuid), "{name}");
        }
    }

    #[test]
    fn guids_stand_alone_or_with_an_at_sign_between_them() {
        for (text, expected) in [
            (TEXT.to_owned(), true),
            (format!("{TEXT}@{TEXT}"), true),
            (String::new(), false),
            (format!("{TEXT}@"), false),
            (format!("@{TEXT}"), false),
            (format!("{TEXT}@example.com"), false),
            (format!("{TEXT} @ {TEXT}"), false),
            (format!("{TEXT}{TEXT}"), false),
        ] {
            assert_eq!(is_of_guids(&text), expected, "{text}");
        }
    }

    #[test]
    fn a_set_is_empty_until_something_is_put_in() {
        let mut set = GuidSet::default();
        assert!(set.is_empty());
        set.insert(Guid::parse(TEXT).unwrap());
        assert!(!set.is_empty());
    }

    #[test]
    fn a_set_finds_what_was_put_in_and_tells_repeats() {
        let guids = ["ff", "00", "7f"]
            .map(|end| Guid::parse(&format!("0a1b2c3d-4e5f-6789-abcd-ef01234567{end}")).unwrap());
        let mut set = GuidSet::default();
        for guid in guids {
            assert!(set.insert(guid));
        }
        assert!(!set.insert(guids[0]));
        assert!(guids.iter().all(|guid| set.contains(guid)));
        assert!(!set.contains(&Guid::parse(TEXT).unwrap()));
        assert_eq!(set, guids.into_iter().chain(guids).collect());
    }
}
