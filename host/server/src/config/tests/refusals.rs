//! The text of each refusal.

use super::*;
use crate::config::MAX_CONFIG_FILE_BYTES;

/// The one problem of a file, after `admit.yaml`.
fn problem(file: impl AsRef<[u8]>) -> String {
    let problems = Given::file(file).problems();
    assert_eq!(problems.len(), 1, "{problems:?}");
    problems[0].strip_prefix("`admit.yaml`").expect("it names the file").to_owned()
}

fn check(cases: &[(&str, &str)]) {
    for (file, expected) in cases {
        assert_eq!(problem(file), *expected, "{file}");
    }
}

#[test]
fn what_is_no_yaml_is_refused() {
    check(&[
        ("a: b: c", ", line 1, column 5: mapping values are not allowed in this context"),
        ("service: [", ", line 1, column 10: unclosed bracket '['"),
        ("service: *none", ", line 1, column 10: an alias of something that is not there"),
        ("log: {}\n---\nlog: {}\n", ", line 3, column 1: a second document; expected one per file"),
        ("data_dir: !secret x", ", line 1, column 19: unsupported tag `!secret`"),
        ("? [a]\n: b\n", ", line 1, column 3: a key that is no text; expected `name: value`"),
        ("data_dir: \u{1}", ", line 1, column 11: unexpected character: `\\u{1}'"),
        (
            "x",
            ", line 1, column 1: `the file` is the text `x`; expected names with values (`name: value`)",
        ),
        (
            "- x",
            ", line 1, column 1: `the file` is a list; expected names with values (`name: value`)",
        ),
    ]);
}

#[test]
fn what_a_template_should_have_filled_in_is_called_so() {
    check(&[
        (
            "service:\n  listen: {{ host }}:8080\n",
            ", line 2, column 11: `{{ host }}` looks like a placeholder that nothing filled in (as YAML: a key that \
             is no text; expected `name: value`)",
        ),
        (
            "log: {}\n{% if x %}\ndata_dir: x\n{% endif %}\n",
            ", line 2, column 1: `{% if x %}` looks like a placeholder that nothing filled in (as YAML: unexpected \
             character: `%')",
        ),
    ]);
}

#[test]
fn what_means_nothing_is_there_once_as_well() {
    check(&[
        ("x-a: 1\nx-a: 2\n", ", line 2, column 1: `x-a` is there twice, first on line 1"),
        ("x-a: {b: 1, b: 2}", ", line 1, column 13: `x-a.b` is there twice, first on line 1"),
        ("x-a:\n- b: 1\n  b: 2\n", ", line 3, column 3: `x-a.b` is there twice, first on line 2"),
    ]);
}

#[test]
fn what_is_no_text_is_refused() {
    let utf_16: Vec<u8> = "service:".encode_utf16().flat_map(u16::to_le_bytes).collect();
    assert_eq!(problem(&utf_16), ": text in UTF-16; expected UTF-8");
    assert_eq!(problem([&[0xff, 0xfe], &*utf_16].concat()), ": text in UTF-16; expected UTF-8");
    assert_eq!(problem(b"log: {}\n# \xe9t\xe9\n"), ", line 2, column 3: not UTF-8 text");
    assert_eq!(
        problem("\u{feff}\u{feff}log: {}\n"),
        ", line 1, column 1: another byte order mark (U+FEFF); expected one at most, at the very beginning"
    );
    let large = " ".repeat(MAX_CONFIG_FILE_BYTES + 1);
    assert_eq!(
        problem(large),
        ": the file has more than 8388608 bytes; expected at most that many"
    );
    assert!(Given::file(" ".repeat(MAX_CONFIG_FILE_BYTES)).load().is_ok());
}

#[test]
fn what_expands_is_refused() {
    let deep = format!("gates: {}{}", "[".repeat(40), "]".repeat(40));
    assert!(
        problem(deep).ends_with("more values, levels or aliases than a configuration may have")
    );
    let mut laughs = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n".to_owned();
    for level in 1..7 {
        let alias = format!("*a{}", level - 1);
        let items = [alias.as_str(); 10].join(", ");
        laughs.push_str(&format!("a{level}: &a{level} [{items}]\n"));
    }
    assert!(
        problem(laughs).ends_with("more values, levels or aliases than a configuration may have")
    );
}

#[test]
fn a_file_that_is_not_there_is_named() {
    let given = Given::file("");
    fs::remove_file(given.folder.path().join("admit.yaml")).unwrap();
    let problems = given.problems();
    assert_eq!(problems.len(), 1);
    assert!(problems[0].starts_with("`admit.yaml`: failed to read the file: No such file"));
}

#[test]
fn unknown_keys_are_refused_with_what_was_perhaps_meant() {
    check(&[
        ("servce: {}", ", line 1, column 1: `servce` is unknown; did you mean `service`?"),
        (
            "gitops: {repository: r, branch: main}",
            ", line 1, column 25: `gitops.branch` is unknown; expected `repository`",
        ),
        (
            "service:\n  lisen: 127.0.0.1:7420\n",
            ", line 2, column 3: `service.lisen` is unknown; did you mean `listen`?",
        ),
        (
            "service: {hosts: []}",
            ", line 1, column 11: `service.hosts` is unknown; expected one of `listen`, `access`",
        ),
        (
            "gates: {windows-mdm: {leeway: 5}}",
            ", line 1, column 23: `gates.windows-mdm.leeway` is unknown; expected one of `policy`, \
             `settings`, `cloud`, `leeway_seconds`, `max_lifetime_seconds`, `cases`, `source`",
        ),
        (
            "keys: {Public: {}}",
            ", line 1, column 8: `keys.Public` is unknown; did you mean `public`?",
        ),
        ("? \n: x", ", line 2, column 1: nothing before the colon; expected a key"),
    ]);
}

#[test]
fn keys_that_are_there_twice_are_refused() {
    check(&[
        (
            "data_dir: a\nlog: {}\ndata_dir: b\n",
            ", line 3, column 1: `data_dir` is there twice, first on line 1",
        ),
        ("gates: {a: {}, a: {}}", ", line 1, column 16: `gates.a` is there twice, first on line 1"),
        (
            "gates: {a: {settings: {x: 1, x: 1}}}",
            ", line 1, column 30: `gates.a.settings.x` is there twice, first on line 1",
        ),
        (
            "keys: {china: {}, china: {}}",
            ", line 1, column 19: `keys.china` is there twice, first on line 1",
        ),
    ]);
}

#[test]
fn wrong_types_are_refused() {
    check(&[
        (
            "service: []",
            ", line 1, column 10: `service` is a list; expected names with values (`name: value`)",
        ),
        (
            "data_dir: 5",
            ", line 1, column 11: `data_dir` is the number `5`; expected a text; put it in quotes",
        ),
        ("data_dir:", ", line 1, column 1: `data_dir` is nothing; expected a text"),
        (
            "limits: {batch: \"5\"}",
            ", line 1, column 17: `limits.batch` is the text `5`; expected a whole number, 1 to 1000",
        ),
        (
            "limits: {batch: 1.5}",
            ", line 1, column 17: `limits.batch` is the number `1.5`; expected a whole number, 1 to 1000",
        ),
        (
            "gates: {a: {source: {path: p, follow_links_outside: yes}}}",
            ", line 1, column 53: `gates.a.source.follow_links_outside` is the text `yes`; expected \
             `true` or `false`",
        ),
        (
            "log: {level: 5}",
            ", line 1, column 14: `log.level` is the number `5`; expected `error` or `warn` or `info` \
             or `debug` or `trace`",
        ),
        (
            "admin: {hosts: a.example.com}",
            ", line 1, column 16: `admin.hosts` is the text `a.example.com`; expected a list (`[…]` or \
             lines that start with `-`)",
        ),
        (
            "gates: {a: {settings: {token_versions: [1.0]}}}",
            ", line 1, column 41: `gates.a.settings.token_versions[0]` is the number `1.0`; expected a \
             text; put it in quotes",
        ),
        (
            "gates: {a: {settings: {x: 1.0}}}",
            ", line 1, column 27: `gates.a.settings.x` is the number `1.0`; expected a text or a whole \
             number; put a text in quotes",
        ),
        (
            "gates: {a: {settings: {x: }}}",
            ", line 1, column 24: `gates.a.settings.x` is nothing; expected a text, a whole number, \
             true or false, or a list of texts",
        ),
        (
            "gates: {a: {settings: {x: 9223372036854775808}}}",
            ", line 1, column 27: `gates.a.settings.x` is the number `9223372036854775808`; expected \
             a whole number of 64 bits",
        ),
    ]);
}

#[test]
fn what_must_not_be_empty_is_refused() {
    check(&[
        (
            "gitops:",
            ", line 1, column 1: `gitops` is nothing; expected names with values (`name: value`), or \
             no `gitops` at all",
        ),
        (
            "gitops: {}",
            ", line 1, column 9: `gitops.repository` is missing; expected the address of the repository",
        ),
        (
            "decision_log:",
            ", line 1, column 1: `decision_log` is nothing; expected names with values (`name: \
             value`), or no `decision_log` at all",
        ),
        (
            "gates:",
            ", line 1, column 1: `gates` is nothing; expected names with values (`name: value`), or \
             no `gates` at all",
        ),
        (
            "gates: {}",
            ", line 1, column 8: `gates` is empty; expected at least one gate, or no `gates` at all",
        ),
        (
            "gates: {a: {source: {interval_seconds: 1}}}",
            ", line 1, column 21: `gates.a.source.path` is missing; expected a file or folder",
        ),
        ("data_dir: ''", ", line 1, column 11: `data_dir` is the text ``; expected a path"),
        // What is missing in what is no section is not said as well.
        (
            "gates: {a: {source: ./next}}",
            ", line 1, column 21: `gates.a.source` is the text `./next`; expected names with values \
             (`name: value`)",
        ),
        (
            "gitops: https://git.example.com/mdm",
            ", line 1, column 9: `gitops` is the text `https://git.example.com/mdm`; expected names \
             with values (`name: value`)",
        ),
    ]);
}

#[test]
fn listeners_are_checked() {
    let long = format!("service: {{listen: \"unix:/{}\"}}", "x".repeat(103));
    check(&[
        (
            "service: {listen: \"localhost:7420\"}",
            ", line 1, column 19: `service.listen` is the text `localhost:7420`; expected an IP \
             address with a port, such as `127.0.0.1:7420`, or `unix:` and a path",
        ),
        (
            "service: {listen: \"unix:\"}",
            ", line 1, column 19: `service.listen` is the text `unix:`; expected `unix:` and a path, \
             such as `unix:/run/admit.sock`",
        ),
        (
            &long,
            ", line 1, column 19: `service.listen`: the path of the socket has 104 bytes; expected at \
             most 103",
        ),
        (
            "admin: {listen: \"unix:/run/a\"}",
            ", line 1, column 17: `admin.listen` is the text `unix:/run/a`; expected an IP address \
             with a port: browsers reach this listener",
        ),
        (
            "admin: {listen: 127.0.0.1}",
            ", line 1, column 17: `admin.listen` is the text `127.0.0.1`; expected an IP address with \
             a port, such as `127.0.0.1:7421`",
        ),
        (
            "admin: {hosts: [\"a.example.com:443\"]}",
            ", line 1, column 17: `admin.hosts[0]` is the text `a.example.com:443`; expected a host \
             name, or an IP address, without port",
        ),
        (
            "service: {listen: 0.0.0.0:7420, access: none}",
            ", line 1, column 41: `service.access`: `none` lets everybody decide who reaches \
             `0.0.0.0:7420`; expected `required`, or `service.listen` on a loopback address or a Unix \
             socket",
        ),
        (
            "admin: {listen: 127.0.0.1:7420}",
            ", line 1, column 17: `admin.listen`: `127.0.0.1:7420` is taken by `service.listen` \
             (`127.0.0.1:7420`)",
        ),
        (
            "service: {listen: 0.0.0.0:7421}",
            ", line 1, column 19: `service.listen`: `127.0.0.1:7421` is taken by `service.listen` \
             (`0.0.0.0:7421`)",
        ),
    ]);
    let free = "service: {listen: 127.0.0.1:0}\nadmin: {listen: 127.0.0.1:0}";
    assert!(Given::file(free).load().is_ok(), "each takes a free port");
}

#[test]
fn keys_are_checked() {
    check(&[
        (
            "keys: {public: {file: k, address: \"https://example.com\"}}",
            ", line 1, column 35: `keys.public.address`: there is a `file` as well; expected one of them",
        ),
        (
            "keys: {public: {file: k, timeout_seconds: 1}}",
            ", line 1, column 43: `keys.public.timeout_seconds`: there is a `file`, which is not fetched",
        ),
        (
            "keys: {public: {address: \"http://example.com\"}}",
            ", line 1, column 26: `keys.public.address`: `http://example.com` is neither https nor \
             http to `localhost`, `127.0.0.0/8` or `::1`",
        ),
        (
            "keys: {public: {address: \"https://a:secret@example.com\"}}",
            ", line 1, column 26: `keys.public.address`: the address of the key set has user \
             information; expected none",
        ),
        (
            "keys: {public: {max_age_seconds: 60}}",
            ", line 1, column 34: `keys.public.max_age_seconds`: a set is used for 60 s and refreshed \
             after 3600 s; expected sooner",
        ),
        (
            "keys: {public: {keep_vanished_seconds: 61, max_age_seconds: 60, \
             refresh_after_seconds: 60}}",
            ", line 1, column 40: `keys.public.keep_vanished_seconds`: a set is used for 60 s and a \
             vanished key for 61 s; expected less",
        ),
        (
            "keys: {public: {timeout_seconds: 0}}",
            ", line 1, column 34: `keys.public.timeout_seconds` is the number `0`; expected a whole \
             number, 1 to 60",
        ),
    ]);
}

#[test]
fn gates_are_checked() {
    let long = format!("gates: {{{}: {{}}}}", "x".repeat(65));
    check(&[
        (
            "gates: {Windows: {}}",
            ", line 1, column 9: `gates.Windows`: a gate is named with 1 to 64 of `a-z`, `0-9` and `-`",
        ),
        (
            &long,
            ", line 1, column 9: `gates.65 characters`: a gate is named with 1 to 64 of `a-z`, `0-9` \
             and `-`",
        ),
        (
            "gates: {a: {policy: windows-mdm@3}}",
            ", line 1, column 21: `gates.a.policy` is the text `windows-mdm@3`; expected \
             `windows-mdm@1.0.0`, `windows-mdm@2.0.0`, `intune-mam@1.0.0`, or a file (`./NAME.wasm`)",
        ),
        (
            "gates: {a: {cloud: germany}}",
            ", line 1, column 20: `gates.a.cloud` is the text `germany`; expected `public` or \
             `us-gov` or `china`",
        ),
        (
            "gates: {a: {leeway_seconds: 301}}",
            ", line 1, column 29: `gates.a.leeway_seconds` is the number `301`; expected a whole \
             number, 0 to 300",
        ),
        (
            "gates: {a: {source: {path: p, interval_seconds: 0}}}",
            ", line 1, column 49: `gates.a.source.interval_seconds` is the number `0`; expected a \
             whole number, 1 to 3600",
        ),
    ]);
}

#[test]
fn the_decision_log_is_checked() {
    check(&[
        (
            "decision_log: {to: stderr}",
            ", line 1, column 20: `decision_log.to` is the text `stderr`; expected `stdout` or the \
             path of a file",
        ),
        (
            "decision_log: {allows: 1.01}",
            ", line 1, column 24: `decision_log.allows` is the number `1.01`; expected a number, 0 to 1",
        ),
        (
            "decision_log: {allows: .nan}",
            ", line 1, column 24: value `.nan` is not a finite number",
        ),
        (
            "decision_log: {when_full: wait}",
            ", line 1, column 27: `decision_log.when_full` is the text `wait`; expected `drop` or `block`",
        ),
        (
            "decision_log: {claims: [tid, UPN]}",
            ", line 1, column 30: `decision_log.claims[1]`: `UPN` names a person; user names never \
             reach a log, `tid` with `oid` identify",
        ),
        (
            "decision_log: {claims: ['']}",
            ", line 1, column 25: `decision_log.claims[0]` is the text ``; expected the name of a \
             claim, 1 to 128 bytes",
        ),
    ]);
}

#[test]
fn a_repository_shows_no_password() {
    let expected = ", line 1, column 22: `gitops.repository`: the address has user information before \
                    `@`, and is shown to every caller";
    for address in ["https://bot@git.example.com/a", "ssh://bot:secret@git.example.com/a"] {
        assert_eq!(problem(format!("gitops: {{repository: {address}}}")), expected, "{address}");
    }
    for address in ["ssh://git@git.example.com/a", "https://git.example.com/a@b", "mdm"] {
        let given = Given::file(format!("gitops: {{repository: {address}}}"));
        assert_eq!(given.config().gitops.unwrap().repository, address);
    }
}

#[test]
fn problems_come_in_the_order_of_the_file() {
    let file = "limits: {batch: 0}\nadmin: {listen: x}\nlog: {level: loud}\nmore: 1\n";
    let given = Given::file(file).variable("ADMIT_BATCH", "1");
    let problems = given.problems();
    let starts = [
        "`admit.yaml`, line 1, ",
        "`admit.yaml`, line 2, ",
        "`admit.yaml`, line 3, ",
        "`admit.yaml`, line 4, ",
        "`ADMIT_BATCH`: ",
    ];
    assert_eq!(problems.len(), starts.len(), "{problems:?}");
    for (problem, start) in problems.iter().zip(starts) {
        assert!(problem.starts_with(start), "{problem}");
    }
    let error = given.load().unwrap_err().to_string();
    assert!(error.ends_with("expected a whole number, 1 to 1000 (and 4 more)"), "{error}");
    assert!(!error.contains('\n'));
}

#[test]
fn problems_are_bounded() {
    let many: String = (0..1_000).map(|index| format!("k{index}: 1\n")).collect();
    assert_eq!(Given::file(many).problems().len(), 50);
    let long = problem(format!(
        "log: {{level: \"{}\"}}",
        "x\u{1b}".repeat(10_000).replace('\u{1b}', "\\e")
    ));
    assert!(long.chars().count() < 250 && !long.contains('\u{1b}'), "{long}");
}

#[test]
fn variables_and_flags_are_checked() {
    for (name, value, expected) in [
        ("ADMIT_LIMITS__BATCH", "", "`limits.batch` is ``; expected a whole number, 1 to 1000"),
        ("ADMIT_LIMITS__BATCH", "+5", "`limits.batch` is `+5`; expected a whole number, 1 to 1000"),
        (
            "ADMIT_DECISION_LOG__ALLOWS",
            "nan",
            "`decision_log.allows` is `nan`; expected a number, 0 to 1",
        ),
        ("ADMIT_SERVICE_LISTEN", "x", "unknown variable; did you mean `ADMIT_SERVICE__LISTEN`?"),
        ("ADMIT_LOGG", "x", "unknown variable; did you mean `ADMIT_LOG`?"),
        ("ADMIT_GATES__A__CLOUD", "x", "unknown variable; this can only be set in the file"),
        ("ADMIT_ADMIN__HOSTS", "x", "unknown variable; this can only be set in the file"),
        (
            "ADMIT_SOMETHING",
            "x",
            "unknown variable; expected `ADMIT_` and a key, such as `ADMIT_SERVICE__LISTEN`",
        ),
        (
            "ADMIT_PORT",
            "7420",
            "unknown variable; `7420` is not what Kubernetes sets it to (an address such as \
             `tcp://10.96.0.7:7420`); where the server listens is set by `ADMIT_SERVICE__LISTEN` and \
             `ADMIT_ADMIN__LISTEN`",
        ),
    ] {
        let problems = Given::file("").variable(name, value).problems();
        assert_eq!(problems, [format!("`{name}`: {expected}")]);
    }
    let flags = Flags { admin: Some("7421".to_owned()), ..Flags::default() };
    assert_eq!(
        Given::file("").flags(flags).problems(),
        ["`--admin`: `admin.listen` is `7421`; expected an IP address with a port, such as \
          `127.0.0.1:7421`"]
    );
}

#[test]
fn what_is_nearly_a_link_is_refused() {
    for (name, value) in [
        ("ADMIT_SERVICE_HOST", "admit.example.com"),
        ("ADMIT_SERVICE_PORT", "0"),
        ("ADMIT_SERVICE_PORT", "+7420"),
        ("ADMIT_SERVICE_PORTS", "7420"),
        ("ADMIT_PORT", "tcp://10.96.0.7"),
        ("ADMIT_PORT", "http://10.96.0.7:7420"),
        ("ADMIT_PORT_TCP", "tcp://10.96.0.7:7420"),
        ("ADMIT_PORT_7420_QUIC", "tcp://10.96.0.7:7420"),
        ("ADMIT_PORT_7420_TCP_ADDRESS", "10.96.0.7"),
        ("ADMIT_PORT_7420_TCP_ADDR", "7420"),
        ("ADMIT_ADMIN__PORT", "tcp://10.96.0.7:7421"),
        ("ADMIT_service_HOST", "10.96.0.7"),
        ("ADMIT_NAME", "admit"),
        ("ADMIT_ENV_SECRET", "x"),
        ("ADMIT_LIMITS_BATCH", "7"),
    ] {
        let problems = Given::file("").variable(name, value).problems();
        assert!(problems[0].starts_with(&format!("`{name}`: unknown variable; ")), "{problems:?}");
    }
}

#[test]
fn a_mistake_in_the_file_is_seen_where_a_flag_hides_it() {
    let flags = Flags { log_level: Some("info".to_owned()), ..Flags::default() };
    let problems = Given::file("log: {level: loud}").flags(flags).problems();
    assert_eq!(problems.len(), 1);
}

#[test]
fn what_a_flag_mends_is_no_mistake() {
    let flags = Flags { service: Some("127.0.0.1:0".to_owned()), ..Flags::default() };
    let given = Given::file("service: {listen: 0.0.0.0:7420, access: none}").flags(flags);
    assert!(given.load().is_ok());
    let flags = Flags { service: Some("[::]:0".to_owned()), ..Flags::default() };
    let problems = Given::file("service: {access: none}").flags(flags).problems();
    assert!(problems[0].starts_with("`admit.yaml`, line 1, column 19: `service.access`: "));
}
