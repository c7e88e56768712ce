//! Files that are no policies, and what is wrong with each: one table for the engine, the command line
//! and the API.

use admit_policies::WINDOWS_MDM_2;
use admit_tests::guests::{self, CoreModule};

/// The header of a component.
pub(crate) const HEADER: &[u8] = b"\0asm\x0d\0\x01\0";

/// A file that is no policy, and why. Reading it is enough to refuse it.
pub(crate) struct NoPolicy {
    pub(crate) name: &'static str,
    pub(crate) bytes: Vec<u8>,
    /// What is said of it.
    pub(crate) reason: &'static str,
    /// Whether that is all, or the beginning.
    is_all: bool,
}

impl NoPolicy {
    /// Checks what was said; `before` stands before the reason.
    pub(crate) fn check(&self, said: &str, before: &str) {
        let reason = said.strip_prefix(&*format!("{before}not a policy component: "));
        let reason = reason.unwrap_or_else(|| panic!("{}: {said}", self.name));
        let is_it =
            if self.is_all { reason == self.reason } else { reason.starts_with(self.reason) };
        assert!(is_it, "{}: {said}", self.name);
        let is_fit = said.len() < 600 && !said.chars().any(char::is_control);
        assert!(is_fit, "{}: {said:?}", self.name);
    }
}

/// Every kind of file that somebody may take for a policy.
pub(crate) fn no_policies() -> Vec<NoPolicy> {
    let good = WINDOWS_MDM_2.component;
    let patched = |to| guests::patched(good, "admit:policy/policy@0.1.0", to);
    let importing = r#"(component (import "wasi:cli/environment@0.2.0" (instance)))"#;
    let engine = wasmtime::Engine::default();
    // `…` stands where more is said.
    let rows: [(&'static str, Vec<u8>, &'static str); 19] = [
        ("no bytes", vec![], "the file is empty; expected a WebAssembly component"),
        (
            "a core module",
            CoreModule::misbehave().binary(),
            "a core WebAssembly module; expected a component (wrap it, see policy/README.md)",
        ),
        ("text", b"(component)".to_vec(), "WebAssembly text; expected a binary component"),
        (
            "text with a comment",
            b"\n;; a policy\n(component)".to_vec(),
            "WebAssembly text; expected a binary component",
        ),
        ("ELF", b"\x7fELF\x02\x01\x01".to_vec(), "precompiled native code…"),
        ("compiled", engine.precompile_component(HEADER).unwrap(), "precompiled native code…"),
        (
            "a compiled module",
            engine.precompile_module(b"\0asm\x01\0\0\0").unwrap(),
            "precompiled native code…",
        ),
        ("wrong magic", guests::patched(HEADER, "asm", "bsm"), "starts with `00 62 73 6d…"),
        (
            "the next version",
            b"\0asm\x0e\0\x01\0".to_vec(),
            "starts with `00 61 73 6d 0e 00 01 00`…",
        ),
        ("only magic", b"\0asm".to_vec(), "not a valid component: the file ends within its header"),
        ("gzip", b"\x1f\x8b\x08\0\0\0\0\0".to_vec(), "starts with `1f 8b 08 00…"),
        ("a text file", b"\xef\xbb\xbfname: x".to_vec(), "starts with `ef bb bf…"),
        (
            "JSON",
            b"{\"keys\":[]}".to_vec(),
            "starts with `7b 22 6b 65 79 73 22 3a`; expected a WebAssembly component \
             (`00 61 73 6d 0d 00 01 00`)",
        ),
        ("half of a policy", good[..good.len() / 2].to_vec(), "not a valid component: …"),
        ("with a tail", [good, b"tail"].concat(), "not a valid component: …"),
        (
            "imports",
            wat::parse_str(importing).unwrap(),
            "imports `wasi:cli/environment@0.2.0`; a policy imports nothing",
        ),
        (
            "nothing exported",
            HEADER.to_vec(),
            "exports nothing; expected `admit:policy/policy@0.1.0`",
        ),
        (
            "a newer interface",
            patched("admit:policy/policy@0.2.0"),
            "exports `admit:policy/policy@0.2.0`; this host supports `admit:policy/policy@0.1.0`…",
        ),
        (
            "another interface",
            patched("admit:policy/polici@0.1.0"),
            "exports admit:policy/polici@0.1.0; expected `admit:policy/policy@0.1.0`…",
        ),
    ];
    rows.into_iter()
        .map(|(name, bytes, reason)| match reason.strip_suffix('…') {
            Some(reason) => NoPolicy { name, bytes, reason, is_all: false },
            None => NoPolicy { name, bytes, reason, is_all: true },
        })
        .collect()
}
