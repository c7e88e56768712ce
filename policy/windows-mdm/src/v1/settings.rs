//! The settings, read by [`super::WindowsMdm`].

use admit_guest::{Absent, Entry, Kind, Setting};

/// The platform's own address.
pub const SERVER_URL: Setting = Setting {
    name: "server_url",
    title: "Server URL",
    help: "The address devices enrol at, `https://host[:port]`. A v1.0 token names it in `aud`; \
           host and port must be equal, the path does not count. It is the Application ID URI of \
           the MDM application (portal: App registrations > Expose an API).",
    kind: Kind::Url,
    absent: Absent::Refused,
};

pub const TENANT_IDS: Setting = Setting {
    name: "windows_entra_tenant_ids",
    title: "Microsoft Entra tenants",
    help: "The tenants whose users may enrol devices (portal: Microsoft Entra ID > Overview > \
           Tenant ID). While the list is empty, nobody may.",
    kind: Kind::Guids(Entry {
        noun: "tenant ID",
        activity: "microsoft_entra_tenant",
        detail: "tenant_id",
    }),
    absent: Absent::Texts(&[]),
};

/// The scopes of which a token needs one.
pub const SCOPES: Setting = Setting {
    name: "scopes",
    title: "Scopes",
    help: "The scopes of which a token must carry at least one in `scp`, as a whole item (portal: \
           App registrations > Expose an API > Scopes defined by this API).",
    kind: Kind::Texts(Entry { noun: "scope", activity: "enrolment_scope", detail: "scope" }),
    absent: Absent::Texts(&["mdm_delegation"]),
};

/// The applications that may obtain the token.
pub const ALLOWED_APPS: Setting = Setting {
    name: "allowed_apps",
    title: "Calling applications",
    help: "The client ids of the applications that may obtain the token, named by `appid` in a \
           v1.0 and by `azp` in a v2.0 token. While the list is empty, any application may.",
    kind: Kind::Guids(Entry {
        noun: "application ID",
        activity: "microsoft_entra_allowed_app",
        detail: "app_id",
    }),
    absent: Absent::Texts(&[]),
};

pub const ALLOW_GUESTS: Setting = Setting {
    name: "allow_guests",
    title: "Allow guests",
    help: "Whether users that another identity provider signed in (`idp`) may enrol devices.",
    kind: Kind::Boolean,
    absent: Absent::Boolean(true),
};
