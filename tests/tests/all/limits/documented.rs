//! What can be refused for its size or number is in `docs/limits.md`.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use self::Says::{Cuts, Page};

/// What becomes of more.
#[derive(Clone, Copy)]
enum Says {
    /// Something is refused, and the page says so in these words.
    Page(&'static str),
    /// Less is shown, kept or guessed; nothing is refused.
    Cuts,
}

/// Each bound of the sources, by file and name.
#[rustfmt::skip]
const BOUNDS: &[(&str, &str, Says)] = &[
    ("host/api/src/bounded.rs", "MAX_SHOWN_BYTES", Cuts),
    ("host/api/src/bounded.rs", "MAX_SHOWN_ENTRIES", Cuts),
    ("host/cli/src/apply/difference.rs", "MAX_LINES", Cuts),
    ("host/cli/src/apply/file.rs", "MAX_BYTES", Page("a file of gates, or of settings for `policy activate` | 8 MiB")),
    ("host/cli/src/client.rs", "MAX_ANSWER_BYTES", Page("an answer of a server | 16 MiB")),
    ("host/cli/src/client/token.rs", "MAX_BYTES", Page("an access token in a file | 4 KiB")),
    ("host/cli/src/decide/stream.rs", "MAX_LINE_BYTES", Page("a line of a stream of requests | 1 MiB")),
    ("host/cli/src/diff/generate/claims.rs", "MAX_CHANGES", Cuts),
    ("host/cli/src/diff/generate/claims.rs", "MAX_VALUES", Cuts),
    ("host/cli/src/diff/generate/settings.rs", "MAX_SEEN", Cuts),
    ("host/cli/src/diff/generate/settings.rs", "MAX_SETTINGS", Cuts),
    ("host/cli/src/diff/generate/settings.rs", "MAX_TRIES", Cuts),
    ("host/cli/src/diff/log.rs", "MAX_LOG_BYTES", Page("a log for `diff` | 64 MiB")),
    ("host/cli/src/files.rs", "MAX_JSON_BYTES", Page("claims, facts, a key set | 1 MiB")),
    ("host/cli/src/files.rs", "MAX_SETTINGS_FILE_BYTES", Page("`diff`, `replay` | 4 MiB")),
    ("host/cli/src/issuer/key_file.rs", "MAX_KEY_BYTES", Page("a key of `admit issuer` | 16 KiB")),
    ("host/cli/src/replay/foreign.rs", "MAX_NAME", Cuts),
    ("host/cli/src/replay/log.rs", "MAX_LINE_BYTES", Page("a line of a decision log | 4 MiB")),
    ("host/cli/src/replay/trials.rs", "MAX_SEALED", Cuts),
    ("host/cli/src/replay/waiting.rs", "MAX_BYTES", Page("that wait for their release | 64 MiB")),
    ("host/cli/src/folder.rs", "MAX_DEPTH", Page("folders in folders that the command line reads | 16")),
    ("host/cli/src/suite/play.rs", "MAX_SEALED", Cuts),
    ("host/engine/src/answer.rs", "MAX_ATTRIBUTES", Page("16 attributes")),
    ("host/engine/src/answer.rs", "MAX_LABEL_CHARS", Page("labels of 1,024 characters")),
    ("host/engine/src/claims.rs", "MAX_LEEWAY", Page("`gates.NAME.leeway_seconds`, 300 s")),
    ("host/engine/src/description/check.rs", "MAX_CLAIM_NAME", Page("of claims 128")),
    ("host/engine/src/description/check.rs", "MAX_CODE", Page("of codes 256")),
    ("host/engine/src/description/check.rs", "MAX_ITEMS", Page("64 entries")),
    ("host/engine/src/description/check.rs", "MAX_NAME", Page("names | 64 characters")),
    ("host/engine/src/description/check.rs", "MAX_REASONS", Page("128 reasons")),
    ("host/engine/src/description/check.rs", "MAX_TEXT", Page("2,000 characters")),
    ("host/engine/src/facts.rs", "MAX_FACTS", Page("facts of a request | 256")),
    ("host/engine/src/facts.rs", "MAX_TEXT_BYTES", Page("a name or text of 4 KiB")),
    ("host/engine/src/gate/history.rs", "MAX_KEPT_BYTES", Cuts),
    ("host/engine/src/gate/log/line.rs", "MAX_EXPECTED", Cuts),
    ("host/engine/src/gate/settle.rs", "MAX_VALUE_BYTES", Cuts),
    ("host/engine/src/keys/address.rs", "MAX_ADDRESS_BYTES", Page("the address of a key set | 2,048 bytes")),
    ("host/engine/src/keys/key_set.rs", "MAX_KEYS", Page("1,000 keys")),
    ("host/engine/src/keys/key_set.rs", "MAX_KEY_SET_BYTES", Page("a discovery document | 1 MiB")),
    ("host/engine/src/keys/key_set.rs", "MAX_NAMED", Cuts),
    ("host/engine/src/keys/remote.rs", "MAX_TIMEOUT", Page("`keys.CLOUD.timeout_seconds`, 60 s")),
    ("host/engine/src/outgoing/tunnel.rs", "MAX_HEAD_BYTES", Page("answers to `CONNECT` | 16 KiB")),
    ("host/engine/src/release/artefact.rs", "MAX_DEPTH", Page("levels of components in components | 8")),
    ("host/engine/src/release/artefact.rs", "MAX_FUNCTION_BYTES", Page("a function | 128 KiB")),
    ("host/engine/src/release/artefact.rs", "MAX_FUNCTION_LOCALS", Page("1,000 locals")),
    ("host/engine/src/release/artefact.rs", "MAX_NESTING_TYPES", Page("100 types that nest")),
    ("host/engine/src/release/artefact.rs", "MAX_PARAMETERS", Page("64 parameters")),
    ("host/engine/src/release/effort.rs", "MAX_FUNCTION_KIB", Page("96 MiB for a function")),
    ("host/engine/src/release/effort.rs", "MAX_MICROS", Page("5 s for all")),
    ("host/engine/src/release/play.rs", "MAX_FAILURE_CHARS", Cuts),
    ("host/engine/src/release/rehearse.rs", "MAX_FAILURES", Cuts),
    ("host/engine/src/repeats.rs", "MAX_KINDS", Cuts),
    ("host/engine/src/runtime.rs", "MAX_CORE_INSTANCES", Page("core instances and memories | 8 and one")),
    ("host/engine/src/runtime.rs", "MAX_WASM_STACK_BYTES", Page("128 KiB of stack")),
    ("host/engine/src/runtime/functions.rs", "MAX_BYTES", Cuts),
    ("host/engine/src/settings.rs", "MAX_LISTED", Cuts),
    ("host/engine/src/settings.rs", "MAX_REASON_CHARS", Cuts),
    ("host/engine/src/settings/bounds.rs", "MAX_LIST_ENTRIES", Page("a list | 25,000 entries")),
    ("host/engine/src/settings/bounds.rs", "MAX_NAME_BYTES", Page("the name of a setting | 64 bytes")),
    ("host/engine/src/settings/bounds.rs", "MAX_SETTINGS", Page("256 settings")),
    ("host/engine/src/settings/bounds.rs", "MAX_SETTINGS_BYTES", Page("1 MiB as JSON")),
    ("host/engine/src/settings/bounds.rs", "MAX_TEXT_BYTES", Page("a text | 4 KiB")),
    ("host/engine/src/token.rs", "MAX_ENVELOPE_BYTES", Page("a SOAP envelope | 256 KiB")),
    ("host/engine/src/token.rs", "MAX_TOKEN_BYTES", Page("a token | 64 KiB")),
    ("host/engine/src/token/header.rs", "MAX_HEADER_BYTES", Page("the JOSE header of a token | 4 KiB")),
    ("host/engine/src/token/header.rs", "MAX_KID_BYTES", Page("its `kid` 256 bytes")),
    ("host/engine/src/token/soap.rs", "MAX_MARKS", Page("1,000 tags and 1,000 attributes")),
    ("host/server/src/access/name.rs", "MAX_CHARS", Page("the name of an access token | 64 characters")),
    ("host/server/src/app.rs", "MAX_WAITING", Page("16 that wait for keys")),
    ("host/server/src/app/state.rs", "MAX_NAMED", Cuts),
    ("host/server/src/config/decision_log.rs", "MAX_CLAIM_BYTES", Page("`decision_log.claims` | 128 bytes")),
    ("host/server/src/config/file.rs", "MAX_CONFIG_FILE_BYTES", Page("a configuration | 8 MiB")),
    ("host/server/src/config/gate.rs", "MAX_NAME_BYTES", Page("the name of a gate | 64 characters")),
    ("host/server/src/config/gitops.rs", "MAX_REPOSITORY_BYTES", Page("`gitops.repository` | 2,048 bytes")),
    ("host/server/src/config/keys.rs", "MAX_KEEP_VANISHED", Page("`keys.CLOUD.keep_vanished_seconds`, 3,600 s")),
    ("host/server/src/config/listener.rs", "MAX_HOST_BYTES", Page("`admin.hosts` | 253 bytes")),
    ("host/server/src/config/listener.rs", "MAX_SOCKET_PATH_BYTES", Page("a Unix socket | 103 bytes")),
    ("host/server/src/config/read.rs", "MAX_PROBLEMS", Page("50 problems are told")),
    ("host/server/src/config/store.rs", "MAX_DAYS", Page("days in `store` | 36,500")),
    ("host/server/src/decision_log/values.rs", "MAX_NAME_CHARS", Cuts),
    ("host/server/src/decision_log/values.rs", "MAX_VALUE_BYTES", Cuts),
    ("host/server/src/gates/refusals.rs", "MAX_REASONS", Cuts),
    ("host/server/src/gates/report.rs", "MAX_ASSIGNMENTS", Cuts),
    ("host/server/src/gates/settings.rs", "MAX_TOLD_ENTRIES", Cuts),
    ("host/server/src/gates/start.rs", "MAX_STEPS_BACK", Cuts),
    ("host/server/src/http/call.rs", "MAX_ADMIN_BODY", Page("body of an admin request | 4 MiB")),
    ("host/server/src/http/call.rs", "MAX_QUERY_REASON", Cuts),
    ("host/server/src/http/error.rs", "MAX_ERRORS", Cuts),
    ("host/server/src/http/listener/connection.rs", "MAX_BUFFER_BYTES", Cuts),
    ("host/server/src/http/listener/connection.rs", "MAX_HEADERS", Page("100 headers")),
    ("host/server/src/http/listener/connection.rs", "MAX_HEAD_BYTES", Page("request line and headers | 16 KiB")),
    ("host/server/src/http/releases.rs", "MAX_PAGE", Page("entries of a page | 200")),
    ("host/server/src/http/status.rs", "MAX_TAKEN_BACK", Cuts),
    ("host/server/src/http/trace/request_id.rs", "MAX_CHARS", Page("`X-Request-Id` | 128 characters")),
    ("host/server/src/metrics/reasons.rs", "MAX_POLICY_CODES", Cuts),
    ("host/server/src/shadow/tally.rs", "MAX_DIFFERENCES", Cuts),
    ("host/server/src/shadow/tally.rs", "MAX_EXAMPLES_EACH", Cuts),
    ("host/server/src/source/locate.rs", "MAX_ENTRIES", Page("the folder of a `source` | 1,000")),
    ("policy/cases/src/base.rs", "MAX_CHAIN", Page("build on one another | 8")),
    ("policy/cases/src/budget.rs", "MAX_BYTES", Page("64 MiB of names and values")),
    ("policy/cases/src/budget.rs", "MAX_CASES", Page("the cases of a file | 10,000")),
    ("policy/cases/src/case.rs", "MAX_LISTED", Cuts),
    ("policy/cases/src/expand.rs", "MAX_AXES", Page("a matrix | 8 axes")),
    ("policy/cases/src/expand.rs", "MAX_NAME_CHARS", Page("a name of 300 characters")),
    ("policy/cases/src/file.rs", "MAX_ALIAS_EVENTS", Page("a case file | 1 MiB, 20,000 values by aliases")),
    ("policy/cases/src/file.rs", "MAX_CASE_FILE_BYTES", Page("a case file | 1 MiB")),
    ("policy/cases/src/section.rs", "MAX_FILES", Page("files that a component carries | 20")),
    ("policy/cases/src/suggest.rs", "MAX_COMPARED_BYTES", Cuts),
    ("policy/cases/src/suggest.rs", "MAX_LISTED", Cuts),
    ("policy/cases/src/suggest.rs", "MAX_SUGGESTED", Cuts),
    ("policy/cases/src/text.rs", "MAX_COPIED_CHARS", Cuts),
    ("policy/cases/src/text.rs", "MAX_ERROR_CHARS", Cuts),
    ("policy/cases/src/text.rs", "MAX_NAME_CHARS", Cuts),
    ("policy/cases/src/text.rs", "MAX_SHOWN_CHARS", Cuts),
    ("policy/cases/src/yaml.rs", "MAX_ALIAS_EVENTS", Page("16 levels, 20,000 values by aliases")),
    ("policy/cases/src/yaml.rs", "MAX_DEPTH", Page("16 levels")),
];

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// Every constant `MAX_…` at the top of a source file, by file and name, but for tests.
fn found(folder: &str) -> BTreeSet<(String, String)> {
    let (mut found, mut folders) = (BTreeSet::new(), vec![root().join(folder)]);
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap().map(Result::unwrap) {
            let path = entry.path();
            if path.file_stem().is_some_and(|name| name == "tests") {
                continue;
            }
            match path.is_dir() {
                true => folders.push(path),
                false if path.ends_with("tests.rs") => {}
                false if path.extension().is_some_and(|extension| extension == "rs") => {
                    found.extend(bounds_of(&path));
                }
                false => {}
            }
        }
    }
    found
}

fn bounds_of(path: &Path) -> Vec<(String, String)> {
    let text = std::fs::read_to_string(path).unwrap();
    let text = text.split("#[cfg(test)]\nmod tests {").next().unwrap();
    let file = path.strip_prefix(root()).unwrap().display().to_string();
    let name = |line: &str| {
        let line = line.trim_start_matches("pub ").trim_start_matches("pub(crate) ");
        let line = line.trim_start_matches("pub(super) ").strip_prefix("const MAX_")?;
        Some(format!("MAX_{}", line.split(':').next()?))
    };
    text.lines().filter_map(name).map(|name| (file.clone(), name)).collect()
}

#[test]
fn every_bound_that_can_refuse_something_is_documented() {
    let sources =
        ["host/api/src", "host/engine/src", "host/server/src", "host/cli/src", "policy/cases/src"];
    let found: BTreeSet<_> = sources.into_iter().flat_map(found).collect();
    let known = |(file, name): &(String, String)| {
        BOUNDS.iter().any(|(known, constant, _)| (*known, *constant) == (file, name))
    };
    let unknown: Vec<_> = found.iter().filter(|bound| !known(bound)).collect();
    assert!(unknown.is_empty(), "say in docs/limits.md what these refuse, and here: {unknown:?}");
    let page = std::fs::read_to_string(root().join("docs/limits.md")).unwrap();
    for (file, name, says) in BOUNDS {
        assert!(found.contains(&((*file).to_owned(), (*name).to_owned())), "gone: {file}, {name}");
        if let Page(words) = says {
            assert!(page.contains(words), "{file}, {name}: `{words}`");
        }
    }
}
