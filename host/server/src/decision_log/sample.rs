//! Which admissions are logged: chosen by the decision's id, so that every reader comes to the same
//! answer, and a larger share holds all of a smaller one.

use uuid::Uuid;

/// A share of all decisions.
#[derive(Clone, Copy, Debug)]
pub(super) struct Share {
    /// Hashes below are in it; 2^64 is all.
    below: u128,
}

impl Share {
    /// The share, 0 to 1.
    pub(super) fn new(share: f64) -> Self {
        // A float that is no number becomes 0.
        Self { below: (share.clamp(0.0, 1.0) * 2_f64.powi(64)) as u128 }
    }

    pub(super) fn has(self, id: &Uuid) -> bool {
        u128::from(hash(id)) < self.below
    }
}

/// Spreads an id evenly over 64 bits.
///
/// Source: the finaliser of SplitMix64 (Steele, Lea, Flood, "Fast splittable pseudorandom number
/// generators", 2014).
fn hash(id: &Uuid) -> u64 {
    let (high, low) = id.as_u64_pair();
    mix(high ^ mix(low))
}

fn mix(value: u64) -> u64 {
    let value = value.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let value = (value ^ (value >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let value = (value ^ (value >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    value ^ (value >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Ids as they come: the time in front, then what makes them different.
    fn ids() -> impl Iterator<Item = Uuid> {
        (0..10_000_u64).map(|number| {
            let time = 0x019b_76da_a800_7000 + ((number / 8) << 16);
            Uuid::from_u64_pair(time, 0x8000_0000_0000_0000 + number)
        })
    }

    fn sampled(share: f64) -> Vec<Uuid> {
        ids().filter(|id| Share::new(share).has(id)).collect()
    }

    #[test]
    fn the_share_of_a_fixed_set_is_always_the_same() {
        for (share, expected) in [(0.0, 0), (0.01, 103), (0.1, 948), (0.5, 4960)] {
            assert_eq!(sampled(share).len(), expected, "{share}");
        }
        for share in [1.0, 7.0] {
            assert_eq!(sampled(share).len(), 10_000, "{share}");
        }
        for share in [-1.0, f64::NAN] {
            assert_eq!(sampled(share).len(), 0, "{share}");
        }
    }

    #[test]
    fn a_larger_share_holds_the_smaller_one() {
        let larger = sampled(0.1);
        assert!(sampled(0.01).iter().all(|id| larger.contains(id)));
    }
}
