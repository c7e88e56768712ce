//! See `admit_tests::fuzzing::header_json`.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    admit_tests::fuzzing::header_json(bytes);
});
