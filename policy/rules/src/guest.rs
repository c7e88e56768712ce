//! Whether the user belongs to the tenant that issued the token: the claim `idp`.

use crate::Guid;

/// Hosts that name a tenant of Entra in the first segment of the path, over all clouds.
///
/// The host of `idp` does not follow the version of the token: a v2.0 token names the home tenant
/// by `https://sts.windows.net/{tenant id}/`.
const TENANT_HOSTS: [&str; 6] = [
    "sts.windows.net",
    "login.microsoftonline.com",
    "login.microsoftonline.us",
    "sts.chinacloudapi.cn",
    "login.partner.microsoftonline.cn",
    "login.chinacloudapi.cn",
];

/// Whether a token names a guest: someone another identity provider signed in.
///
/// `idp` is absent, or names the tenant itself, for the tenant's own users. Whatever cannot be read
/// as that tenant is another identity provider.
///
/// Source: Microsoft identity platform, access token claims reference (`idp`).
#[must_use]
pub fn is_guest(idp: Option<&str>, tid: &str) -> bool {
    let Some(idp) = idp else { return false };
    let (home, tid) = (tenant_of(idp), Guid::parse(tid).ok());
    home.is_none() || home != tid
}

/// The tenant that an identity provider of Entra's own form names.
fn tenant_of(idp: &str) -> Option<Guid> {
    let (host, path) = idp.strip_prefix("https://")?.split_once('/')?;
    let (tenant, version) = path.split_once('/').unwrap_or((path, ""));
    let known = TENANT_HOSTS.contains(&host) && matches!(version, "" | "v2.0");
    Guid::parse(tenant).ok().filter(|_| known)
}

#[cfg(test)]
mod tests {
    use super::*;

    const TENANT: &str = "3e9a2c71-5b08-4d6f-a1c4-7f2e8b9d0c53";
    const OTHER: &str = "b7c4d5e6-1f20-4a3b-9c8d-0e1f2a3b4c5d";

    #[test]
    fn the_tenants_own_users_are_no_guests() {
        assert!(!is_guest(None, TENANT));
        let upper = TENANT.to_uppercase();
        for idp in [
            format!("https://sts.windows.net/{TENANT}/"),
            format!("https://sts.windows.net/{upper}/"),
            format!("https://login.microsoftonline.com/{TENANT}/v2.0"),
            format!("https://login.microsoftonline.us/{TENANT}/v2.0"),
            format!("https://sts.chinacloudapi.cn/{TENANT}/"),
            format!("https://login.partner.microsoftonline.cn/{TENANT}/v2.0"),
            format!("https://login.chinacloudapi.cn/{TENANT}/v2.0"),
            format!("https://sts.windows.net/{TENANT}"),
        ] {
            assert!(!is_guest(Some(&idp), TENANT), "{idp}");
        }
    }

    #[test]
    fn everybody_else_is() {
        for idp in [
            format!("https://sts.windows.net/{OTHER}/"),
            format!("https://login.microsoftonline.com/{OTHER}/v2.0"),
            format!("https://evil.example/{TENANT}/"),
            format!("https://evil.example/https://sts.windows.net/{TENANT}/"),
            format!("https://sts.windows.net/{OTHER}/{TENANT}"),
            format!("https://sts.windows.net@evil.example/{TENANT}/"),
            format!("https://sts.windows.net/{TENANT}/v1.0"),
            format!("https://sts.windows.net/{TENANT}/v2.0/"),
            format!("https://STS.windows.net/{TENANT}/"),
            format!("http://sts.windows.net/{TENANT}/"),
            "live.com".to_owned(),
            "mail".to_owned(),
            String::new(),
            TENANT.to_owned(),
        ] {
            assert!(is_guest(Some(&idp), TENANT), "{idp}");
        }
        assert!(is_guest(Some("live.com"), "not a tenant"));
    }
}
