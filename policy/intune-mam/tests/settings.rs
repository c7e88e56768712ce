//! What the policy refuses to be configured with, and how it says so.
#![cfg(test)]

use admit_guest::Policy;
use admit_guest::contract::{Field, Value};
use intune_mam::IntuneMam;

const TENANT: &str = "3e9a2c71-5b08-4d6f-a1c4-7f2e8b9d0c53";
const CLIENT: &str = "6f1d7a2c-93b4-4c1e-8f0a-2b5d9e7c4a31";

fn refused(settings: &[(&str, &str)]) -> Vec<(String, String)> {
    let field = |(name, value): &(&str, &str)| Field {
        name: (*name).into(),
        value: Value::Text((*value).into()),
    };
    let fields: Vec<_> = settings.iter().map(field).collect();
    let errors = IntuneMam::configured(&fields).err().unwrap_or_default();
    errors.into_iter().map(|error| (error.setting, error.message)).collect()
}

#[test]
fn takes_good_settings() {
    for service in ["office365", "saml"] {
        let settings = [("tenant_id", TENANT), ("client_id", CLIENT), ("auth_service", service)];
        assert_eq!(refused(&settings), []);
    }
}

#[test]
fn names_every_setting_that_is_missing() {
    let expected = [
        ("tenant_id", "missing; expected a GUID"),
        ("client_id", "missing; expected a GUID"),
        ("auth_service", "missing; expected `office365` or `saml`"),
    ];
    assert_eq!(refused(&[]), expected.map(|(setting, message)| (setting.into(), message.into())));
}

#[test]
fn refuses_bad_values() {
    let good = [("tenant_id", TENANT), ("client_id", CLIENT), ("auth_service", "saml")];
    for (setting, value, message) in [
        (
            "tenant_id",
            "contoso.com",
            "`contoso.com` is not a GUID; expected 8-4-4-4-12 hexadecimal digits, for example \
             `0f8fad5b-d9cb-469f-a165-70867728950e`",
        ),
        (
            "tenant_id",
            "9188040d-6c67-4c5b-b112-36a304b66dad",
            "`9188040d-6c67-4c5b-b112-36a304b66dad` is the tenant of personal Microsoft accounts; \
             expected the tenant of an organisation",
        ),
        (
            "client_id",
            "*",
            "`*` is not a GUID; expected 8-4-4-4-12 hexadecimal digits, for example \
             `0f8fad5b-d9cb-469f-a165-70867728950e`",
        ),
        ("auth_service", "SAML", "`SAML` is not accepted; expected `office365` or `saml`"),
        (
            "scope",
            "login.mattermost openid",
            "`login.mattermost openid` is not a scope; expected printable ASCII without spaces, \
             quotes or backslashes",
        ),
        (
            "scope",
            "",
            "`` is not a scope; expected printable ASCII without spaces, quotes or backslashes",
        ),
    ] {
        let mut settings = good.to_vec();
        settings.retain(|(kept, _)| *kept != setting);
        settings.push((setting, value));
        assert_eq!(refused(&settings), [(setting.to_owned(), message.to_owned())]);
    }
}
