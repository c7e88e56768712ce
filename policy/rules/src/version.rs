//! The version of a token, and the claims that go with it.

/// The version of an Entra access token, from its claim `ver`.
///
/// Source: Microsoft identity platform, access token claims reference.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TokenVersion {
    /// `1.0`
    V1,
    /// `2.0`
    V2,
}

impl TokenVersion {
    /// Reads the claim `ver`; `None` for anything but `1.0` and `2.0`.
    #[must_use]
    pub fn parse(ver: &str) -> Option<Self> {
        match ver {
            "1.0" => Some(Self::V1),
            "2.0" => Some(Self::V2),
            _ => None,
        }
    }

    /// The claim as the token spells it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::V1 => "1.0",
            Self::V2 => "2.0",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_the_two_versions_and_nothing_else() {
        for version in [TokenVersion::V1, TokenVersion::V2] {
            assert_eq!(TokenVersion::parse(version.as_str()), Some(version));
        }
        for ver in ["", "1", "2", "1.1", "3.0", "2.0 ", "v2.0", "02.0"] {
            assert_eq!(TokenVersion::parse(ver), None, "{ver}");
        }
    }
}
