//! The settings.

use admit_guest::{Absent, Kind, Setting};

/// The tenant whose users sign in.
pub const TENANT_ID: Setting = Setting {
    name: "tenant_id",
    title: "Tenant ID",
    help: "The tenant whose users may sign in (portal: Microsoft Entra ID > Overview > Tenant ID).",
    kind: Kind::Guid,
    absent: Absent::Refused,
};

/// The application the token is for.
pub const CLIENT_ID: Setting = Setting {
    name: "client_id",
    title: "Client ID",
    help: "The client id of the server's application, which exposes the scope (portal: App \
           registrations > Overview > Application (client) ID).",
    kind: Kind::Guid,
    absent: Absent::Refused,
};

/// How accounts are signed in on the web.
pub const AUTH_SERVICE: Setting = Setting {
    name: "auth_service",
    title: "Sign-in service",
    help: "How users sign in on the web: `office365` makes the account at the first sign-in, with \
           `saml` it must exist.",
    kind: Kind::Choice(&["office365", "saml"]),
    absent: Absent::Refused,
};

/// The scope the token needs.
pub const SCOPE: Setting = Setting {
    name: "scope",
    title: "Scope",
    help: "The scope a token must carry in `scp`, as a whole item and without `api://` (portal: App \
           registrations > Expose an API).",
    kind: Kind::Text,
    absent: Absent::Text("login.mattermost"),
};
