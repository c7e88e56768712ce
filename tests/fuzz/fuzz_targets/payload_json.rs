//! See `admit_tests::fuzzing::payload_json`.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    admit_tests::fuzzing::payload_json(bytes);
});
