//! The clouds of Microsoft Entra.

use std::fmt;
use std::str::FromStr;

use crate::text::Shown;

/// A cloud: where its keys are published and how its tokens name their issuer.
///
/// The clouds authenticate separately; a gate takes the tokens of one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Cloud {
    /// The worldwide cloud.
    #[default]
    Public,
    /// The United States government (GCC High, DoD).
    UsGov,
    /// China, operated by 21Vianet.
    China,
}

/// The version of a token: the claim `ver`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum TokenVersion {
    /// `1.0`.
    V1,
    /// `2.0`.
    V2,
}

/// A name that is no cloud.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("no cloud `{found}`; expected `public`, `us-gov` or `china`")]
pub struct UnknownCloud {
    found: Shown,
}

/// What distinguishes a cloud. `{tenantid}` stands for the tenant id.
struct Facts {
    name: &'static str,
    v1_issuer: &'static str,
    v2_issuer: &'static str,
    key_set: &'static str,
    instance_name: &'static str,
}

const TENANT: &str = "{tenantid}";

impl Cloud {
    /// Every cloud.
    pub const ALL: [Self; 3] = [Self::Public, Self::UsGov, Self::China];

    /// One row per cloud.
    ///
    /// Sources: v2.0 issuers and key sets: the endpoint metadata in MSAL for JavaScript
    /// (`msal-common`, `AuthorityMetadata.ts`). v1.0 issuers: public, Microsoft Entra "Access
    /// tokens"; US government, `sts.windows.net` as in the public cloud, the Bot Framework SDK
    /// (`EmulatorValidation`, "US Gov, 1.0 token"); China, "Configure P2S VPN gateway for Microsoft
    /// Entra ID authentication" on docs.azure.cn. Instance names: the metadata documents.
    const fn facts(self) -> Facts {
        match self {
            Self::Public => Facts {
                name: "public",
                v1_issuer: "https://sts.windows.net/{tenantid}/",
                v2_issuer: "https://login.microsoftonline.com/{tenantid}/v2.0",
                key_set: "https://login.microsoftonline.com/common/discovery/v2.0/keys",
                instance_name: "microsoftonline.com",
            },
            Self::UsGov => Facts {
                name: "us-gov",
                v1_issuer: "https://sts.windows.net/{tenantid}/",
                v2_issuer: "https://login.microsoftonline.us/{tenantid}/v2.0",
                key_set: "https://login.microsoftonline.us/common/discovery/v2.0/keys",
                instance_name: "microsoftonline.us",
            },
            Self::China => Facts {
                name: "china",
                v1_issuer: "https://sts.chinacloudapi.cn/{tenantid}/",
                v2_issuer: "https://login.partner.microsoftonline.cn/{tenantid}/v2.0",
                key_set: "https://login.partner.microsoftonline.cn/common/discovery/v2.0/keys",
                instance_name: "partner.microsoftonline.cn",
            },
        }
    }

    /// `public`, `us-gov` or `china`.
    pub fn name(self) -> &'static str {
        self.facts().name
    }

    /// The `iss` of tokens of this version in this tenant. `tid` goes in as it is.
    pub fn issuer(self, version: TokenVersion, tid: &str) -> String {
        self.issuer_template(version).replace(TENANT, tid)
    }

    /// The issuer with `{tenantid}` in the place of the tenant id, as key sets write it.
    pub fn issuer_template(self, version: TokenVersion) -> &'static str {
        match version {
            TokenVersion::V1 => self.facts().v1_issuer,
            TokenVersion::V2 => self.facts().v2_issuer,
        }
    }

    /// The address of the JWK Set that all tenants of this cloud share.
    pub fn key_set_address(self) -> &'static str {
        self.facts().key_set
    }

    /// What the keys of this cloud have as `cloud_instance_name`.
    pub fn instance_name(self) -> &'static str {
        self.facts().instance_name
    }
}

impl TokenVersion {
    /// `1.0` or `2.0`, as in the claim `ver`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::V1 => "1.0",
            Self::V2 => "2.0",
        }
    }
}

impl fmt::Display for TokenVersion {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.as_str())
    }
}

impl fmt::Display for Cloud {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.name())
    }
}

impl FromStr for Cloud {
    type Err = UnknownCloud;

    fn from_str(name: &str) -> Result<Self, UnknownCloud> {
        let mut clouds = Self::ALL.into_iter();
        clouds
            .find(|cloud| cloud.name() == name)
            .ok_or_else(|| UnknownCloud { found: Shown::new(name) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_read_as_they_are_written() {
        for cloud in Cloud::ALL {
            assert_eq!(cloud.to_string().parse(), Ok(cloud));
        }
        let error = "Public".parse::<Cloud>().unwrap_err();
        assert_eq!(error.to_string(), "no cloud `Public`; expected `public`, `us-gov` or `china`");
    }

    #[test]
    fn every_issuer_names_the_tenant_once() {
        for cloud in Cloud::ALL {
            for version in [TokenVersion::V1, TokenVersion::V2] {
                let template = cloud.issuer_template(version);
                assert_eq!(template.matches(TENANT).count(), 1, "{template}");
                assert!(!cloud.issuer(version, "t").contains('{'));
            }
        }
    }

    #[test]
    fn v2_issuers_and_instance_names_tell_the_clouds_apart() {
        for one in Cloud::ALL {
            for other in Cloud::ALL.into_iter().filter(|&other| other != one) {
                let v2 = TokenVersion::V2;
                assert_ne!(one.issuer_template(v2), other.issuer_template(v2));
                assert_ne!(one.instance_name(), other.instance_name());
                assert_ne!(one.key_set_address(), other.key_set_address());
            }
        }
    }
}
