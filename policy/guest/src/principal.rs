//! Who a token names.

use crate::contract;

/// Who a token names, by pointing at claims: identity is `tid` with `oid`, labels may follow.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Principal {
    labels: Vec<(&'static str, &'static str)>,
}

impl Principal {
    /// The user of the claims `tid` and `oid`, without labels.
    #[must_use]
    pub const fn of_user() -> Self {
        Self { labels: Vec::new() }
    }

    /// Fills an identity field, for example `user_name`, from a claim; from none, leaves it out.
    ///
    /// The claim must be in the request, and hold text that can be shown.
    #[must_use]
    pub fn label(mut self, field: &'static str, claim: Option<&'static str>) -> Self {
        self.labels.extend(claim.map(|claim| (field, claim)));
        self
    }

    pub(crate) fn answer(self) -> contract::Principal {
        let identity = [("tenant_id", "tid"), ("object_id", "oid")];
        let attribute = |(name, claim): (&str, &str)| contract::Attribute {
            name: name.into(),
            claim: claim.into(),
        };
        contract::Principal {
            attributes: identity.into_iter().chain(self.labels).map(attribute).collect(),
        }
    }
}
