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

    /// The form that all of the texts have, if it is one that no configuration makes acceptable.
    #[must_use]
    pub fn refused_form(&self, version: TokenVersion) -> Option<RefusedForm> {
        match self {
            Self::One(text) => refused_form(version, text),
            Self::Any(texts) => {
                let mut forms = texts.iter().map(|text| refused_form(version, text));
                let first = forms.next()??;
                forms.all(|form| form == Some(first)).then_some(first)
            }
        }
    }
}

/// A form of audience that no setting makes acceptable: what to change is at the application or at
/// its client.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RefusedForm {
    /// `spn:{client id}` in a v1.0 token.
    Spn,
    /// `api://` with anything but a client id, a tenant, a host or a path, in a v1.0 token.
    IdentifierUri,
    /// `spn:` or `api://` in a v2.0 token, where Entra names the client id alone.
    NotClientId,
    /// Microsoft Graph, whose tokens are for Microsoft Graph alone.
    MicrosoftGraph,
}

fn refused_form(version: TokenVersion, audience: &str) -> Option<RefusedForm> {
    if names_microsoft_graph(audience) {
        Some(RefusedForm::MicrosoftGraph)
    } else if has_scheme(audience, "spn:") {
        Some(of_version(version, RefusedForm::Spn))
    } else if has_scheme(audience, "api://") && client_id(version, audience).is_none() {
        Some(of_version(version, RefusedForm::IdentifierUri))
    } else {
        None
    }
}

/// What makes a v1.0 token of another form leaves a v2.0 token as it is.
///
/// Source: Microsoft "Access token claims reference", `aud`.
const fn of_version(version: TokenVersion, form: RefusedForm) -> RefusedForm {
    match version {
        TokenVersion::V1 => form,
        TokenVersion::V2 => RefusedForm::NotClientId,
    }
}

/// By client id or by URL, also in the national clouds.
///
/// Source: Microsoft Graph "National cloud deployments".
fn names_microsoft_graph(audience: &str) -> bool {
    const CLIENT_ID: &str = "00000003-0000-0000-c000-000000000000";
    const HOSTS: [&str; 4] = [
        "graph.microsoft.com",
        "graph.microsoft.us",
        "dod-graph.microsoft.us",
        "microsoftgraph.chinacloudapi.cn",
    ];
    let host = audience.strip_prefix("https://").and_then(|rest| rest.split('/').next());
    CLIENT_ID.eq_ignore_ascii_case(audience) || host.is_some_and(|host| HOSTS.contains(&host))
}

fn has_scheme(audience: &str, scheme: &str) -> bool {
    audience.get(..scheme.len()).is_some_and(|start| start.eq_ignore_ascii_case(scheme))
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
    fn tells_forms_that_no_setting_makes_acceptable() {
        use RefusedForm::{IdentifierUri, MicrosoftGraph, NotClientId, Spn};
        let spn = format!("spn:{CLIENT}");
        let cases = [
            (V1, &*spn, Some(Spn)),
            (V1, "SPN:x", Some(Spn)),
            (V2, &*spn, Some(NotClientId)),
            (V1, "api://mdm.example.com", Some(IdentifierUri)),
            (V1, "API://x", Some(IdentifierUri)),
            (V1, &format!("api://{CLIENT}/x"), Some(IdentifierUri)),
            (V1, &format!("api://{CLIENT}"), None),
            (V2, &format!("api://{CLIENT}"), Some(NotClientId)),
            (V2, &format!("api://mdm.example.com/{CLIENT}"), Some(NotClientId)),
            (V2, "https://mdm.example.com", None),
            (V2, "", None),
            (V2, CLIENT, None),
            (V2, &CLIENT.to_uppercase(), None),
            (V1, "00000003-0000-0000-C000-000000000000", Some(MicrosoftGraph)),
            (V2, "https://graph.microsoft.com", Some(MicrosoftGraph)),
            (V1, "https://graph.microsoft.us/", Some(MicrosoftGraph)),
            (V1, "https://graph.microsoft.com.example.com", None),
            (V1, "http://graph.microsoft.com", None),
            (V1, CLIENT, None),
            (V1, "https://mdm.example.com", None),
            (V1, "spn", None),
            (V1, "", None),
            (V1, "apí://", None),
        ];
        for (version, audience, expected) in cases {
            assert_eq!(Audience::One(audience).refused_form(version), expected, "{audience}");
        }
        let list = |version, texts: &[&str]| {
            let texts: Vec<_> = texts.iter().map(|text| (*text).to_owned()).collect();
            Audience::Any(&texts).refused_form(version)
        };
        assert_eq!(list(V1, &[&spn, "spn:x"]), Some(Spn));
        assert_eq!(list(V1, &[&spn, "api://x"]), None);
        assert_eq!(list(V2, &[&spn, "api://x"]), Some(NotClientId));
        for version in [V1, V2] {
            assert_eq!(list(version, &[&spn, CLIENT]), None);
            assert_eq!(list(version, &[CLIENT, &spn]), None);
            assert_eq!(list(version, &[]), None);
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
