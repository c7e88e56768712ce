//! See `admit_tests::fuzzing::component_bytes`.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    admit_tests::fuzzing::component_bytes(bytes);
});
