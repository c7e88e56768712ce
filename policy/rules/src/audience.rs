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

    /// The one form of the texts that no configuration makes acceptable.
    ///
    /// Absent when they have none or several, or when one of them is a client id, which could be configured.
    #[must_use]
    pub fn refused_form(&self, version: TokenVersion) -> Option<RefusedForm> {
        let mut found = None;
        let is_open = self.any(|text| leaves_open(&mut found, version, text));
        if is_open { None } else { found }
    }
}

/// A form of audience that no setting makes acceptable: what to change is at the application or at
/// its client.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RefusedForm {
    /// `spn:` in a v1.0 token.
    Spn,
    /// `api://` with anything but a client id, or in other letter case, in a v1.0 token.
    IdentifierUri,
    /// A URL, `api://` or `spn:` in a v2.0 token, where Entra names the client id alone.
    NotClientId,
    /// Microsoft Graph, whose tokens are for Microsoft Graph alone.
    MicrosoftGraph,
}

/// Whether a text leaves open which form is refused: it could be configured, or has another form than
/// those before it.
///
/// One function in a component, however many call it: a component has a largest size.
#[inline(never)]
fn leaves_open(found: &mut Option<RefusedForm>, version: TokenVersion, audience: &str) -> bool {
    let (spn, api) = (after(audience, "spn:"), after(audience, "api://"));
    let form = if names_microsoft_graph(spn.or(api).unwrap_or(audience)) {
        RefusedForm::MicrosoftGraph
    } else if client_id(version, audience).is_some() {
        return true;
    } else if version == TokenVersion::V2 {
        // What makes a v1.0 token of another form leaves a v2.0 token as it is.
        // Source: Microsoft "Access token claims reference", `aud`.
        match spn.or(api).or_else(|| after(audience, "http")) {
            Some(_) => RefusedForm::NotClientId,
            None => return false,
        }
    } else if spn.is_some() {
        RefusedForm::Spn
    } else if api.is_some() {
        RefusedForm::IdentifierUri
    } else {
        return false;
    };
    found.replace(form).is_some_and(|before| before != form)
}

/// By client id, by host or by URL, also in the national clouds.
///
/// Source: Microsoft Graph "National cloud deployments".
fn names_microsoft_graph(name: &str) -> bool {
    const NAMES: [&str; 5] = [
        "00000003-0000-0000-c000-000000000000",
        "graph.microsoft.com",
        "graph.microsoft.us",
        "dod-graph.microsoft.us",
        "microsoftgraph.chinacloudapi.cn",
    ];
    let host = after(name, "https://").and_then(|rest| rest.split('/').next());
    let name = host.map_or(name, |host| host.strip_suffix(":443").unwrap_or(host));
    NAMES.iter().any(|known| known.eq_ignore_ascii_case(name))
}

/// What follows the beginning of a URI, in whatever letter case.
#[inline(never)]
fn after<'a>(audience: &'a str, start: &str) -> Option<&'a str> {
    let (found, rest) = audience.split_at_checked(start.len())?;
    found.eq_ignore_ascii_case(start).then_some(rest)
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
#[inline(never)]
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
            (V1, &format!("API://{CLIENT}"), Some(IdentifierUri)),
            (V1, "spn:https://mdm.example.com", Some(Spn)),
            (V1, &format!("api://{CLIENT}/x"), Some(IdentifierUri)),
            (V1, &format!("api://{CLIENT}"), None),
            (V2, &format!("api://{CLIENT}"), Some(NotClientId)),
            (V2, &format!("api://mdm.example.com/{CLIENT}"), Some(NotClientId)),
            (V2, "https://mdm.example.com", Some(NotClientId)),
            (V2, "HTTP://mdm.example.com", Some(NotClientId)),
            (V2, "", None),
            (V2, "x", None),
            (V2, CLIENT, None),
            (V2, &CLIENT.to_uppercase(), None),
            (V1, "00000003-0000-0000-C000-000000000000", Some(MicrosoftGraph)),
            (V2, "https://graph.microsoft.com", Some(MicrosoftGraph)),
            (V1, "https://graph.microsoft.us/", Some(MicrosoftGraph)),
            (V1, "HTTPS://GRAPH.microsoft.com", Some(MicrosoftGraph)),
            (V2, "https://graph.microsoft.com:443/.default", Some(MicrosoftGraph)),
            (V1, "https://graph.microsoft.com:8443", None),
            (V2, "https://graph.microsoft.com:8443", Some(NotClientId)),
            (V1, "https://graph.microsoft.com@example.com", None),
            (V1, "api://00000003-0000-0000-c000-000000000000", Some(MicrosoftGraph)),
            (V2, "SPN:00000003-0000-0000-c000-000000000000", Some(MicrosoftGraph)),
            (V1, "spn:https://graph.microsoft.com/", Some(MicrosoftGraph)),
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
        assert_eq!(list(V1, &["x", &spn]), Some(Spn));
        assert_eq!(list(V1, &["api://host/x", "https://x.example", ""]), Some(IdentifierUri));
        assert_eq!(list(V1, &["x", "https://graph.microsoft.com"]), Some(MicrosoftGraph));
        assert_eq!(list(V1, &["x", "y"]), None);
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
