//! Case files.

use std::collections::HashSet;

use admit_cases::{CaseFile, MAX_CASE_FILE_BYTES};

use super::refused;

/// Bytes as a case file.
///
/// What the reader takes expands to at most 10,000 cases with names of their own, each at a line of
/// the file; the same every time.
pub fn case_file(bytes: &[u8]) -> bool {
    let cases = match CaseFile::from_bytes(bytes).and_then(|file| file.cases()) {
        Ok(cases) => cases,
        Err(error) => return refused(&error),
    };
    assert!(bytes.len() <= MAX_CASE_FILE_BYTES && cases.len() <= 10_000);
    let lines = 1 + bytes.iter().filter(|byte| matches!(byte, b'\n' | b'\r')).count() as u64;
    assert!(cases.iter().all(|case| (1..=lines).contains(&case.line)));
    let names: HashSet<_> = cases.iter().map(|case| case.name.as_str()).collect();
    assert_eq!(names.len(), cases.len(), "two cases of one name");
    for case in &cases {
        let outcome = case.expect.outcome();
        assert!(["allow", "ask", "deny", "invalid"].contains(&outcome));
        assert!(case.expect.to_string().starts_with(outcome));
    }
    let again = CaseFile::from_bytes(bytes).and_then(|file| file.cases());
    assert!(again.is_ok_and(|again| again == cases), "another file the second time");
    true
}
