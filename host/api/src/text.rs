//! The forms of texts, as schemas have them. A field is a `String` and names its form with
//! `#[schemars(with = "text::Name")]`.

use std::borrow::Cow;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};

/// Declares the form of a text.
macro_rules! form {
    ($(#[doc = $doc:literal])+ $name:ident { $($member:literal: $value:expr),+ $(,)? }) => {
        $(#[doc = $doc])+
        #[derive(Debug)]
        pub struct $name;

        impl JsonSchema for $name {
            fn schema_name() -> Cow<'static, str> {
                stringify!($name).into()
            }

            fn json_schema(_: &mut SchemaGenerator) -> Schema {
                let description = concat!($($doc),+).trim();
                json_schema!({ "description": description, "type": "string", $($member: $value),+ })
            }
        }
    };
}

form! {
    /// A name of the contract: 1 to 64 of a-z, 0-9, `_`, `-` and `.`, starting with a letter.
    Name { "pattern": "^[a-z][a-z0-9_.-]{0,63}$" }
}

form! {
    /// A text of the token, not empty and without control characters.
    Label { "minLength": 1, "maxLength": 1024 }
}

form! {
    /// A text for people.
    Text { "maxLength": 2000 }
}

form! {
    /// A semantic version (semver.org).
    Version {
        "pattern": "^(0|[1-9][0-9]*)\\.(0|[1-9][0-9]*)\\.(0|[1-9][0-9]*)(-[0-9A-Za-z.-]+)?(\\+[0-9A-Za-z.-]+)?$",
        "maxLength": 64,
    }
}

form! {
    /// The name of a gate.
    GateName { "pattern": "^[a-z0-9-]{1,64}$" }
}

form! {
    /// A SHA-256, with its name before it.
    Digest { "pattern": "^sha256:[0-9a-f]{64}$" }
}

form! {
    /// A UUIDv7 (RFC 9562): says when it was made.
    DecisionId { "pattern": "^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$" }
}

form! {
    /// 8-4-4-4-12 hexadecimal digits.
    Guid { "pattern": "^[0-9A-Fa-f]{8}(-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}$" }
}

form! {
    /// The claim `ver`.
    TokenVersion { "enum": ["1.0", "2.0"] }
}

form! {
    /// RFC 3339, UTC.
    Time { "format": "date-time", "pattern": "^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}Z$" }
}

form! {
    /// RFC 3339, UTC, to the nanosecond at most.
    Moment { "format": "date-time", "pattern": "^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(\\.[0-9]{1,9})?Z$" }
}

form! {
    /// An RFC 3339 time, or seconds since 1970.
    When { "pattern": "^([0-9]{1,11}|[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(Z|[+-][0-9]{2}:[0-9]{2}))$", "example": "2026-01-01T00:00:00Z" }
}

form! {
    /// Who or what an access token is for: visible characters, single spaces between words. Not `admit` or
    /// `source`, and not the name of another one that counts, whatever the letter case and spaces.
    AccessName { "minLength": 1, "maxLength": 64 }
}

form! {
    /// The public part of an access token.
    AccessId { "pattern": "^[0-9a-f]{8}$" }
}
