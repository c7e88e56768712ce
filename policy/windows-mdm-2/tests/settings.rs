//! What the policy refuses to be configured with, and how it says so.
#![cfg(test)]

use admit_guest::Policy;
use admit_guest::contract::{Field, Value};
use windows_mdm_2::WindowsMdm;

const TENANT: &str = "3e9a2c71-5b08-4d6f-a1c4-7f2e8b9d0c53";
const CLIENT: &str = "6f1d7a2c-93b4-4c1e-8f0a-2b5d9e7c4a31";
const OTHER: &str = "d04e6b8a-15c7-4f92-a3d8-7e9b1c2f5a60";

fn text(value: &str) -> Value {
    Value::Text(value.into())
}

fn texts(values: &[&str]) -> Value {
    Value::Texts(values.iter().map(|&value| value.into()).collect())
}

fn refused(changes: &[(&str, Value)]) -> Vec<(String, Option<String>, String)> {
    let mut fields = vec![
        ("server_url", text("https://mdm.example.com")),
        ("windows_entra_tenant_ids", texts(&[TENANT])),
        ("windows_entra_client_ids", texts(&[CLIENT])),
    ];
    for (name, value) in changes {
        fields.retain(|(kept, _)| kept != name);
        fields.push((*name, value.clone()));
    }
    let fields: Vec<_> =
        fields.into_iter().map(|(name, value)| Field { name: name.into(), value }).collect();
    let errors = WindowsMdm::configured(&fields).err().unwrap_or_default();
    errors.into_iter().map(|error| (error.setting, error.value, error.message)).collect()
}

fn refuses(setting: &str, value: Value, offending: Option<&str>, message: &str) {
    let expected = (setting.to_owned(), offending.map(Into::into), message.to_owned());
    assert_eq!(refused(&[(setting, value)]), [expected]);
}

#[test]
fn takes_good_settings() {
    assert_eq!(refused(&[]), []);
    let padded = format!(" {}\n", TENANT.to_uppercase());
    assert_eq!(refused(&[("windows_entra_tenant_ids", texts(&[&padded]))]), []);
    for url in ["https://mdm.example.com:8443", "https://[::1]", "HTTPS://MDM.example.com/prefix/"]
    {
        assert_eq!(refused(&[("server_url", text(url))]), [], "{url}");
    }
}

#[test]
fn refuses_what_is_not_a_guid() {
    let fault = "is not a GUID; expected 8-4-4-4-12 hexadecimal digits, for example \
                 `0f8fad5b-d9cb-469f-a165-70867728950e`";
    let braces = format!("{{{TENANT}}}");
    for bad in ["", "*", "example.com", "common", &braces, &TENANT.replace('-', "")] {
        let message = format!("`{bad}` {fault}");
        for setting in ["windows_entra_tenant_ids", "windows_entra_client_ids", "allowed_apps"] {
            refuses(setting, texts(&[bad]), Some(bad), &message);
        }
    }
}

#[test]
fn refuses_the_consumer_tenant_and_repeats() {
    let consumers = "9188040D-6c67-4c5b-b112-36a304b66dad";
    refuses(
        "windows_entra_tenant_ids",
        texts(&[TENANT, consumers]),
        Some(consumers),
        "`9188040D-6c67-4c5b-b112-36a304b66dad` is the tenant of personal Microsoft accounts; \
         expected the tenant of an organisation",
    );
    let again = TENANT.to_uppercase();
    let message = format!("`{again}` stands in the list twice");
    refuses("windows_entra_tenant_ids", texts(&[TENANT, &again]), Some(&again), &message);
}

#[test]
fn refuses_server_urls_that_name_more_or_less_than_a_server() {
    for (url, fault) in [
        ("http://mdm.example.com", "does not start with `https://`"),
        ("mdm.example.com", "does not start with `https://`"),
        ("", "does not start with `https://`"),
        (" https://mdm.example.com", "does not start with `https://`"),
        ("https://*.example.com", "has no usable host"),
        ("https://", "has no usable host"),
        ("https://mdm.example.com.", "has no usable host"),
        ("https://mdm.example.com:0", "has no usable port"),
        ("https://a@mdm.example.com", "has user information"),
        ("https://mdm.example.com?x", "has user information, a query"),
        ("https://mdm.example.com/#x", "has user information, a query, a fragment"),
    ] {
        let errors = refused(&[("server_url", text(url))]);
        let [(setting, value, message)] = &errors[..] else { panic!("{url}: {errors:?}") };
        assert_eq!((setting.as_str(), value.as_deref()), ("server_url", Some(url)));
        assert!(message.starts_with(&format!("`{url}` {fault}")), "{message}");
        assert!(message.contains("expected"), "{message}");
    }
}

#[test]
fn refuses_pairs_that_bind_nothing() {
    for (pair, fault) in [
        (TENANT.to_owned(), "is not a pair; expected `client-id@tenant-id`, two GUIDs"),
        (format!("{CLIENT}@*"), "is not a pair; expected `client-id@tenant-id`, two GUIDs"),
        (
            format!("{OTHER}@{TENANT}"),
            "names a client id that is not configured; expected one of \
             `windows_entra_client_ids` before the `@`",
        ),
        (
            format!("{CLIENT}@{OTHER}"),
            "names a tenant that is not configured; expected one of \
             `windows_entra_tenant_ids` after the `@`",
        ),
    ] {
        let shown: String = pair.chars().take(64).collect();
        let cut = if pair.len() > 64 { "\u{2026}" } else { "" };
        let message = format!("`{shown}{cut}` {fault}");
        refuses("client_tenant_pairs", texts(&[&pair]), Some(&pair), &message);
    }
}

#[test]
fn refuses_lists_that_would_admit_nobody() {
    refuses("token_versions", texts(&[]), None, "empty; expected `1.0`, `2.0` or both");
    refuses("scopes", texts(&[]), None, "empty; expected at least one scope");
}

#[test]
fn refuses_choices_and_scopes_that_do_not_exist() {
    refuses(
        "token_versions",
        texts(&["2"]),
        Some("2"),
        "`2` is not accepted; expected `1.0` or `2.0`",
    );
    for scope in ["", "a b", "\u{e9}"] {
        let fault =
            "is not a scope; expected printable ASCII without spaces, quotes or backslashes";
        refuses("scopes", texts(&[scope]), Some(scope), &format!("`{scope}` {fault}"));
    }
}

#[test]
fn refuses_values_of_another_type() {
    let fault = "value of another type; expected ";
    refuses("server_url", Value::Boolean(true), None, &[fault, "a text"].concat());
    refuses("allowed_apps", text(CLIENT), None, &[fault, "a list of texts"].concat());
    refuses("allow_guests", text("false"), None, &[fault, "`true` or `false`"].concat());
}

#[test]
fn reports_every_bad_value() {
    let errors = refused(&[
        ("server_url", text("x")),
        ("windows_entra_tenant_ids", texts(&["a", TENANT, "b"])),
        ("allow_guests", Value::Integer(1)),
        ("token_versions", texts(&["3.0"])),
    ]);
    let named: Vec<_> =
        errors.iter().map(|(setting, value, _)| (&**setting, value.as_deref())).collect();
    assert_eq!(
        named,
        [
            ("server_url", Some("x")),
            ("windows_entra_tenant_ids", Some("a")),
            ("windows_entra_tenant_ids", Some("b")),
            ("allow_guests", None),
            ("token_versions", Some("3.0")),
        ]
    );
}

#[test]
fn refuses_to_be_without_a_server_url() {
    let errors = WindowsMdm::configured(&[]).err().unwrap();
    let [error] = &errors[..] else { panic!("{errors:?}") };
    assert_eq!((error.setting.as_str(), &error.value), ("server_url", &None));
    assert_eq!(error.message, "missing; expected a URL of the form `https://host[:port]`");
}
