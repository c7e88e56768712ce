//! The fingerprint of the ROCA weakness in RSA moduli.
//!
//! The weak generator takes primes of the form `k * M + (65537^a mod M)`, where `M` is the product
//! of the first primes. So modulo each of those primes the modulus is a power of 65537. A sound
//! modulus passes all of the tests below with a chance far under one in a million.
//!
//! Source: Nemec et al., "The Return of Coppersmith's Attack", 2017; CVE-2017-15361.

/// The odd primes of the smallest `M` in use, which divides all the larger ones.
const PRIMES: [u16; 38] = [
    3, 5, 7, 11, 13, 17, 19, 23, 29, 31, 37, 41, 43, 47, 53, 59, 61, 67, 71, 73, 79, 83, 89, 97,
    101, 103, 107, 109, 113, 127, 131, 137, 139, 149, 151, 157, 163, 167,
];

/// Whether the modulus, big-endian, looks as if the weak generator had made it.
pub(super) fn has_fingerprint(modulus: &[u8]) -> bool {
    PRIMES.iter().all(|&prime| is_power_of_generator(remainder(modulus, prime), prime))
}

fn remainder(integer: &[u8], prime: u16) -> u16 {
    let prime = u32::from(prime);
    let remainder = integer.iter().fold(0, |rest, &byte| (rest << 8 | u32::from(byte)) % prime);
    u16::try_from(remainder).expect("less than a prime of 16 bits")
}

fn is_power_of_generator(value: u16, prime: u16) -> bool {
    let (value, prime) = (u32::from(value), u32::from(prime));
    let generator = 65_537 % prime;
    let mut power = 1;
    for _ in 1..prime {
        if power == value {
            return true;
        }
        power = power * generator % prime;
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn powers_of_the_generator_have_the_fingerprint() {
        let power = 65_537_u128.pow(7);
        assert!(has_fingerprint(&power.to_be_bytes()));
        assert!(!has_fingerprint(&(power + 2).to_be_bytes()));
    }

    #[test]
    fn remainders_are_those_of_long_division() {
        let integer = 0x0123_4567_89ab_cdef_u64;
        for prime in PRIMES {
            let expected = integer % u64::from(prime);
            assert_eq!(u64::from(remainder(&integer.to_be_bytes(), prime)), expected);
        }
    }

    #[test]
    fn ordinary_integers_do_not_have_it() {
        let mut state = 1_u64;
        for _ in 0..10_000 {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            assert!(!has_fingerprint(&state.to_be_bytes()));
        }
    }
}
