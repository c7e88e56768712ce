//! Which client id goes with which tenant.

use crate::Guid;

/// A client id that is bound to a tenant: an entry `client-id@tenant-id`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pair {
    /// The application.
    pub client: Guid,
    /// A tenant whose tokens may name it.
    pub tenant: Guid,
}

impl Pair {
    /// Reads `client-id@tenant-id`; `None` for anything else.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let (client, tenant) = text.split_once('@')?;
        Some(Self { client: Guid::parse(client).ok()?, tenant: Guid::parse(tenant).ok()? })
    }
}

/// Whether a client id counts in a token of this tenant.
///
/// A client id that is in no pair counts in every tenant's tokens.
#[must_use]
pub fn is_allowed(client: &Guid, tenant: &Guid, pairs: &[Pair]) -> bool {
    let mut bound = pairs.iter().filter(|pair| pair.client == *client).peekable();
    bound.peek().is_none() || bound.any(|pair| pair.tenant == *tenant)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn guid(last: char) -> Guid {
        Guid::parse(&format!("3e9a2c71-5b08-4d6f-a1c4-7f2e8b9d0c5{last}")).unwrap()
    }

    #[test]
    fn a_bound_client_counts_with_its_tenants_only() {
        let pairs = [
            Pair { client: guid('a'), tenant: guid('1') },
            Pair { client: guid('a'), tenant: guid('2') },
            Pair { client: guid('b'), tenant: guid('3') },
        ];
        assert!(is_allowed(&guid('a'), &guid('1'), &pairs));
        assert!(is_allowed(&guid('a'), &guid('2'), &pairs));
        assert!(!is_allowed(&guid('a'), &guid('3'), &pairs));
        assert!(!is_allowed(&guid('b'), &guid('1'), &pairs));
        assert!(is_allowed(&guid('c'), &guid('1'), &pairs), "an unbound client");
        assert!(is_allowed(&guid('a'), &guid('3'), &[]), "no pairs");
    }

    #[test]
    fn reads_pairs() {
        let (client, tenant) =
            ("3e9a2c71-5b08-4d6f-a1c4-7f2e8b9d0c5a", "3e9a2c71-5b08-4d6f-a1c4-7f2e8b9d0c51");
        let pair = Pair { client: guid('a'), tenant: guid('1') };
        assert_eq!(Pair::parse(&format!("{client}@{tenant}")), Some(pair));
        for text in ["", "@", client, &format!("{client}@"), &format!("{client}:{tenant}")] {
            assert_eq!(Pair::parse(text), None, "{text}");
        }
        assert_eq!(Pair::parse(&format!("{client}@{tenant}@{tenant}")), None);
    }
}
