//! See `admit_tests::fuzzing::settings`.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    admit_tests::fuzzing::settings(bytes);
});
