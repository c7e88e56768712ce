//! The settings that version 2 adds.

use admit_guest::rules::Pair;
use admit_guest::{Absent, Entry, GuidSet, Kind, Setting, Settings, says};

/// The client ids a token may be issued for.
pub const CLIENT_IDS: Setting = Setting {
    name: "windows_entra_client_ids",
    title: "Microsoft Entra application client IDs",
    help: "The client ids of your MDM applications (portal: App registrations > Overview > \
           Application (client) ID). A v2.0 token names one in `aud`; a v1.0 token may, also as \
           `api://{client id}`.",
    kind: Kind::Guids(Entry {
        noun: "client ID",
        activity: "microsoft_entra_client_id",
        detail: "client_id",
    }),
    absent: Absent::Texts(&[]),
};

pub const CLIENT_TENANT_PAIRS: Setting = Setting {
    name: "client_tenant_pairs",
    title: "Client IDs bound to tenants",
    help: "Entries `client-id@tenant-id`. A client id named here is accepted only in tokens of the \
           tenants it is paired with; one that is not named, in tokens of every configured tenant.",
    kind: Kind::Texts(Entry {
        noun: "client and tenant pair",
        activity: "microsoft_entra_client_tenant_pair",
        detail: "client_tenant_pair",
    }),
    absent: Absent::Texts(&[]),
};

pub const TOKEN_VERSIONS: Setting = Setting {
    name: "token_versions",
    title: "Token versions",
    help: "The versions of tokens that are accepted. Leave out `1.0` once no application issues \
           v1.0 tokens any more.",
    kind: Kind::Choices(
        &["1.0", "2.0"],
        Entry { noun: "token version", activity: "token_version", detail: "token_version" },
    ),
    absent: Absent::Texts(&["1.0", "2.0"]),
};

/// Reads the pairs. Both sides must be configured: a slip in a pair would leave a client id unbound.
pub(super) fn pairs(
    settings: &mut Settings<'_>,
    clients: Option<&GuidSet>,
    tenants: Option<&GuidSet>,
) -> Option<Vec<Pair>> {
    settings.list(&CLIENT_TENANT_PAIRS, |text| {
        let fault = match Pair::parse(text.trim()) {
            None => "is not a pair; expected `client-id@tenant-id`, two GUIDs",
            Some(pair) if clients.is_some_and(|clients| !clients.contains(&pair.client)) => {
                "names a client id that is not configured; expected one of \
                 `windows_entra_client_ids` before the `@`"
            }
            Some(pair) if tenants.is_some_and(|tenants| !tenants.contains(&pair.tenant)) => {
                "names a tenant that is not configured; expected one of \
                 `windows_entra_tenant_ids` after the `@`"
            }
            Some(pair) => return Ok(pair),
        };
        Err(says(text, fault))
    })
}

/// Reads the token versions, at least one.
pub(super) fn versions(settings: &mut Settings<'_>) -> Option<Vec<&'static str>> {
    let versions = settings.choices(&TOKEN_VERSIONS)?;
    if versions.is_empty() {
        settings.refuse(&TOKEN_VERSIONS, None, "empty; expected `1.0`, `2.0` or both");
    }
    Some(versions)
}
