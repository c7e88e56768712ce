//! See `admit_tests::fuzzing::soap_envelope`.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    admit_tests::fuzzing::soap_envelope(bytes);
});
