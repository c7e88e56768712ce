//! See `admit_tests::fuzzing::case_file`.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    admit_tests::fuzzing::case_file(bytes);
});
