//! See `admit_tests::fuzzing::jwk_set`.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    admit_tests::fuzzing::jwk_set(bytes);
});
