//! Who a token is for: the claim `aud`.

use crate::{Guid, HttpsUrl, TokenVersion};

/// The claim `aud`: one text or a list of texts, any of which may match.
///
/// Source: RFC 7519 §4.1.3.
#[derive(Clone, Copy, Debug)]
pub enum Audience<'a> {
    /// A JSON string.
    One(&'a str),
    /// A JSON array of strings.
    Any(&'a [String]),
}

impl Audience<'_> {
    /// Whether one of the texts passes the test.
    pub fn any(&self, mut passes: impl FnMut(&str) -> bool) -> bool {
        match self {
            Self::One(text) => passes(text),
            Self::Any(texts) => texts.iter().any(|text| passes(text)),
        }
    }
}

/// Whether an audience is the platform's own address.
///
/// Only a v1.0 token names its audience by URL; a v2.0 token always names a client id.
#[must_use]
pub fn is_server(version: TokenVersion, audience: &str, server: &HttpsUrl) -> bool {
    version == TokenVersion::V1 && server.same_origin(audience)
}

/// The client id an audience names.
///
/// A GUID in tokens of both versions; `api://{client id}`, Entra's default identifier URI, in a
/// v1.0 token only.
#[must_use]
pub fn client_id(version: TokenVersion, audience: &str) -> Option<Guid> {
    let text = match (version, audience.strip_prefix("api://")) {
        (TokenVersion::V1, Some(client_id)) => client_id,
        _ => audience,
    };
    Guid::parse(text).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use TokenVersion::{V1, V2};

    const CLIENT: &str = "6f1d7a2c-93b4-4c1e-8f0a-2b5d9e7c4a31";

    #[test]
    fn a_url_counts_in_a_v1_token_only() {
        let server = HttpsUrl::parse("https://mdm.example.com").unwrap();
        assert!(is_server(V1, "https://mdm.example.com/", &server));
        assert!(!is_server(V2, "https://mdm.example.com/", &server));
        assert!(!is_server(V1, "https://other.example.com/", &server));
    }

    #[test]
    fn reads_client_ids() {
        let client = Guid::parse(CLIENT).unwrap();
        let upper = CLIENT.to_uppercase();
        let uri = format!("api://{CLIENT}");
        let cases = [
            ("GUID, v1.0", V1, CLIENT, true),
            ("GUID, v2.0", V2, CLIENT, true),
            ("upper case", V2, &upper, true),
            ("identifier URI, v1.0", V1, &uri, true),
            ("identifier URI, v2.0", V2, &uri, false),
            ("identifier URI with slash", V1, &format!("{uri}/"), false),
            ("identifier URI, scheme in upper case", V1, &format!("API://{CLIENT}"), false),
            ("twice", V1, &format!("api://api://{CLIENT}"), false),
            ("other scheme", V1, &format!("https://{CLIENT}"), false),
        ];
        for (name, version, audience, expected) in cases {
            assert_eq!(client_id(version, audience) == Some(client), expected, "{name}");
        }
    }

    #[test]
    fn any_text_of_a_list_may_match() {
        let list = ["a".to_owned(), "b".to_owned()];
        assert!(Audience::Any(&list).any(|text| text == "b"));
        assert!(!Audience::Any(&list).any(|text| text == "c"));
        assert!(!Audience::Any(&[]).any(|_| true));
        assert!(Audience::One("a").any(|text| text == "a"));
    }
}
