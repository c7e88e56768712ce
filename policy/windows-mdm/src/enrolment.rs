//! The settings of every version, read.

use admit_guest::{GuidSet, HttpsUrl, Settings, read_scope, read_tenant};

use crate::settings::{ALLOW_GUESTS, ALLOWED_APPS, SCOPES, SERVER_URL, TENANT_IDS};

/// Who may enrol, as every version knows it.
#[derive(Debug)]
pub struct Enrolment {
    /// The platform's own address.
    pub server: HttpsUrl,
    /// The tenants that may enrol; none while empty.
    pub tenants: GuidSet,
    /// The scopes of which a token needs one; never empty.
    pub scopes: Vec<String>,
    /// The applications that may obtain the token; any while empty.
    pub allowed_apps: GuidSet,
    /// Whether guests may enrol.
    pub allow_guests: bool,
}

impl Enrolment {
    /// Reads the settings; `None` when a value was refused.
    pub fn configure(settings: &mut Settings<'_>) -> Option<Self> {
        let server = settings.url(&SERVER_URL);
        let tenants = settings.list(&TENANT_IDS, read_tenant);
        let scopes = settings.list(&SCOPES, read_scope);
        let allowed_apps = settings.guids(&ALLOWED_APPS);
        let allow_guests = settings.boolean(&ALLOW_GUESTS);
        if scopes.as_ref().is_some_and(Vec::is_empty) {
            settings.refuse(&SCOPES, None, "empty; expected at least one scope");
        }
        Some(Self {
            server: server?,
            tenants: GuidSet::from_iter(tenants?),
            scopes: scopes?,
            allowed_apps: allowed_apps?,
            allow_guests: allow_guests?,
        })
    }
}
