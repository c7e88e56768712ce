//! The form of a file of gates.

use std::path::{Path, PathBuf};

use admit::cases::strict::{
    self, Entry, Form, Found, Kind, Origin, Problem, ProblemKind, Section, Value, Wrong, list,
    setting, text,
};
use admit::settings::{placeholder, placeholder_in};
use serde_json::{Map, Value as Json};

use crate::error::{CliError, say};
use crate::files;
use crate::folder::{self, FolderError, Search};
use crate::remote::NewPolicy;
use crate::text::{clean, cut};

/// More than the largest settings of a few gates need.
const MAX_BYTES: u64 = 8 * 1_024 * 1_024;

const GATES: Kind = Kind { file: "a file of gates", has_notes: true, is_lenient: false };
const SETTINGS: Kind = Kind { file: "a file of settings", has_notes: false, is_lenient: false };

/// What a gate shall have.
pub(super) struct Wanted {
    pub(super) gate: String,
    pub(super) policy: WantedPolicy,
    /// All of them, without those that count by default; absent when they stay.
    pub(super) settings: Option<Map<String, Json>>,
    /// The settings that may stop counting.
    pub(super) drop: Vec<String>,
    /// What looks like a value that a template should have filled in, a line for each setting.
    pub(super) placeholders: Vec<String>,
    at: Origin,
}

/// The policy that a gate shall have.
pub(super) enum WantedPolicy {
    Any,
    /// One that comes with the server: `NAME`, `NAME@VERSION`, or `NAME@2` for the newest of that line.
    Bundled(String),
    Component(NewPolicy),
    /// The one with this digest, which it must have already; called `NAME@VERSION`.
    Already {
        reference: String,
        digest: String,
    },
}

/// Reads a file of gates, or every such file of a folder in the order of their names.
///
/// # Errors
///
/// [`CliError`] with the place of what is wrong, or the two places that name one gate.
pub(super) fn read(path: &Path) -> Result<Vec<Wanted>, CliError> {
    let mut wanted: Vec<(PathBuf, Wanted)> = Vec::new();
    for file in listed(path)? {
        for gate in read_file(&file)? {
            let first = wanted.iter().find(|(_, first)| first.gate == gate.gate);
            if let Some((first_file, first)) = first {
                let first = format!("{} of `{}`", line(&first.at), first_file.display());
                let path = format!("gates.{}", clean(&gate.gate));
                let reason = format!("there twice, first on {first}");
                let twice = Problem::new(gate.at, ProblemKind::Refused { path, reason });
                return Err(files::refused("gates", &file, twice.into()));
            }
            wanted.push((file.clone(), gate));
        }
    }
    Ok(wanted.into_iter().map(|(_, gate)| gate).collect())
}

fn listed(path: &Path) -> Result<Vec<PathBuf>, CliError> {
    if files::is_stdin(path) || !path.is_dir() {
        return Ok(vec![path.to_owned()]);
    }
    let files = folder::files(path, Search::Flat).map_err(|error| match error {
        FolderError::Read(path, source) => CliError::Read { path, source },
        FolderError::TooDeep(path) => {
            files::content("gates", &path.display(), Unusable("too deep"))
        }
    })?;
    if files.is_empty() {
        let none = Unusable("no *.yaml, *.yml or *.json in it");
        return Err(files::content("gates", &path.display(), none));
    }
    Ok(files)
}

/// A folder that has no file of gates.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
struct Unusable(&'static str);

fn read_file(path: &Path) -> Result<Vec<Wanted>, CliError> {
    let bytes = files::text("gates", "`gates`", path, MAX_BYTES)?;
    let file = path.to_owned();
    let gates = gates(move |found, entry| found.section(|section| wanted(section, entry, &file)));
    let read = strict::read(&GATES, &bytes, |section| {
        section.required("gates", "gates by name", &gates).unwrap_or_default()
    });
    read.map_err(|problems| files::refused("gates", path, problems))?
        .into_iter()
        .map(|(mut wanted, component)| {
            if let Some(component) = component {
                wanted.policy = NewPolicy::in_file(&component).map(WantedPolicy::Component)?;
            }
            Ok(wanted)
        })
        .collect()
}

/// What a gate shall have, and the component that is still to be read.
type Stated = (Wanted, Option<PathBuf>);

fn gates(read: impl Fn(&Found<'_>, &Entry) -> Stated + 'static) -> Form<Vec<Stated>> {
    Form::new(
        || Json::Null,
        move |found| Ok(found.entries()?.map(|(entry, found)| read(&found, entry)).collect()),
    )
}

fn wanted(section: &mut Section<'_>, entry: &Entry, file: &Path) -> Stated {
    let mut placeholders = Vec::new();
    let mut look = |origin: &Origin, what: &str, found: Option<&str>| {
        let said = |found| {
            let (file, gate) = (file.display(), clean(&entry.name));
            format!("`{file}`, {}: gate `{gate}`: {}", place(origin), unfilled(what, found))
        };
        placeholders.extend(found.map(said));
    };
    look(&entry.origin, "its name", placeholder(&entry.name));
    let policy = section.value("policy", &text());
    if let Some(policy) = &policy {
        look(section.origin("policy"), "`policy`", placeholder(policy));
    }
    let component = section.value("component", &text());
    let digest = section.value("digest", &text());
    let settings = section.value("settings", &Form::new(|| Json::Null, settings));
    for (name, value, origin) in settings.iter().flatten() {
        look(origin, &setting_called(name), placeholder_in(value));
    }
    let drop = section.value("drop", &list(text())).unwrap_or_default();
    let says_something = ["policy", "component", "settings"].iter().any(|name| section.has(name));
    if !says_something && !section.has_unknown() {
        let reason = "nothing is said of the gate; expected `policy`, `component` or `settings`";
        section.refuse_name(entry, reason);
    }
    let folder = file.parent().unwrap_or(Path::new(""));
    let component = component.map(|component| folder.join(component));
    let policy = wanted_policy(section, policy, component.is_some(), digest);
    let settings = settings
        .map(|settings| settings.into_iter().map(|(name, value, _)| (name, value)).collect());
    let (gate, at) = (entry.name.clone(), entry.origin.clone());
    (Wanted { gate, policy, settings, drop, placeholders, at }, component)
}

fn wanted_policy(
    section: &Section<'_>,
    policy: Option<String>,
    has_component: bool,
    digest: Option<String>,
) -> WantedPolicy {
    let wrong = |key: &str, reason: &str| {
        section.refuse(key, reason);
        WantedPolicy::Any
    };
    match (policy, digest) {
        (Some(_), _) if has_component => {
            wrong("component", "there is a `policy` as well; expected one of them")
        }
        (None, None) => WantedPolicy::Any,
        (None, Some(_)) => wrong("digest", "there is no `policy: NAME@VERSION` beside it"),
        (Some(policy), None) if is_reference(&policy) => WantedPolicy::Bundled(policy),
        (Some(_), None) => {
            wrong("policy", "expected `NAME` or `NAME@VERSION`; a file is named by `component`")
        }
        (Some(policy), Some(_)) if !policy.contains('@') => {
            wrong("policy", "expected `NAME@VERSION` beside `digest`")
        }
        (Some(_), Some(digest)) if !is_digest(&digest) => {
            wrong("digest", "expected `sha256:` and 64 of `0-9` and `a-f`")
        }
        (Some(reference), Some(digest)) => WantedPolicy::Already { reference, digest },
    }
}

/// Not a path: a component in a file is said otherwise.
fn is_reference(text: &str) -> bool {
    !text.is_empty() && !text.contains(['/', '\\']) && !text.ends_with(".wasm")
}

fn is_digest(text: &str) -> bool {
    let hex = |byte: u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte);
    let digits = text.strip_prefix("sha256:").unwrap_or_default();
    digits.len() == 64 && digits.bytes().all(hex)
}

/// Each setting with its value and where that stands.
fn settings(found: &Found<'_>) -> Result<Vec<(String, Json, Origin)>, Wrong> {
    let nothing = "nothing; leave the setting out for its default, or write `[]` for an empty list";
    let read = |(entry, found): (&Entry, Found<'_>)| {
        let value = match found.node.value {
            Value::Nothing => Err(Wrong::Because(nothing.to_owned())),
            _ => setting(&found),
        };
        Some((entry.name.clone(), found.reported(value)?, found.node.origin.clone()))
    };
    Ok(found.entries()?.filter_map(read).collect())
}

/// Reads a file of settings to change: `null` removes one.
pub(super) fn patch(path: &Path) -> Result<Map<String, Json>, CliError> {
    let bytes = files::text("settings", "settings (`name: value`)", path, MAX_BYTES)?;
    let read = strict::read(&SETTINGS, &bytes, |section| {
        let read = |(entry, found): (&Entry, Found<'_>)| {
            let value = match found.node.value {
                Value::Nothing => Ok(Json::Null),
                _ => setting(&found),
            };
            Some((entry.name.clone(), found.reported(value)?))
        };
        section.each().filter_map(read).collect::<Map<_, _>>()
    });
    let settings = read.map_err(|problems| files::refused("settings", path, problems))?;
    for (name, value) in &settings {
        if let Some(found) = placeholder_in(value) {
            say(format!("`{}`: {}", path.display(), unfilled(&setting_called(name), found)));
        }
    }
    Ok(settings)
}

fn setting_called(name: &str) -> String {
    format!("setting `{}`", clean(name))
}

fn unfilled(what: &str, found: &str) -> String {
    let found = cut(&clean(found));
    format!("{what}: `{found}` looks like a placeholder that nothing filled in")
}

fn place(origin: &Origin) -> String {
    match origin {
        Origin::File { line, column } => format!("line {line}, column {column}"),
        _ => String::new(),
    }
}

fn line(origin: &Origin) -> String {
    match origin {
        Origin::File { line, .. } => format!("line {line}"),
        _ => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn read_text(text: &str) -> Result<Vec<Wanted>, String> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("g.yaml");
        std::fs::write(&path, text).unwrap();
        std::fs::write(folder.path().join("p.wasm"), "component").unwrap();
        let folder = format!("{}/", folder.path().display());
        read(&path).map_err(|error| error.text().replace(&folder, ""))
    }

    #[test]
    fn a_file_says_policies_and_settings() {
        let text = "\
gates:
  windows-mdm:
    policy: windows-mdm@2.0.0
    settings: {url: https://a.example, ids: [a, '2.0'], on: true, n: 5, none: []}
    drop: [allow_guests, scopes]
  other: {component: ./p.wasm}
  third: {settings: {}}
";
        let wanted = read_text(text).unwrap();
        let [windows, other, third] = &wanted[..] else { panic!("not three") };
        assert!(
            matches!(&windows.policy, WantedPolicy::Bundled(name) if name == "windows-mdm@2.0.0")
        );
        let settings = json!({
            "url": "https://a.example", "ids": ["a", "2.0"], "on": true, "n": 5, "none": []
        });
        assert_eq!(windows.settings, settings.as_object().cloned());
        assert_eq!(
            (&*windows.drop, &*other.drop),
            (&["allow_guests", "scopes"].map(String::from)[..], &[][..])
        );
        let WantedPolicy::Component(NewPolicy::Component { bytes, .. }) = &other.policy else {
            panic!("not a component");
        };
        assert_eq!(**bytes, *b"component");
        assert!(other.settings.is_none());
        assert_eq!(third.settings, Some(Map::new()));
    }

    #[test]
    fn what_gates_share_stands_once_under_a_key_that_means_nothing() {
        let text = "\
x-shared: &shared {ids: [a], url: b}
x-2: 7
gates:
  one: {settings: {<<: *shared, url: c}}
  two: {settings: *shared}
";
        let settings: Vec<_> =
            read_text(text).unwrap().into_iter().map(|wanted| wanted.settings).collect();
        let [one, two] = [json!({"ids": ["a"], "url": "c"}), json!({"ids": ["a"], "url": "b"})];
        assert_eq!(settings, [one.as_object().cloned(), two.as_object().cloned()]);
    }

    #[test]
    fn what_a_template_should_have_filled_in_has_a_place() {
        let text = "\
gates:
  mam:
    settings: {a: b, scope: \"$MAM_SCOPE\"}
  windows-mdm:
    settings:
      tenants: [x, \"${TENANT}\"]
  \"%GATE%\":
    policy: \"{{ policy }}\"
";
        let wanted = read_text(text).unwrap();
        let said: Vec<_> = wanted.iter().flat_map(|wanted| &wanted.placeholders).collect();
        for (said, expected) in said.iter().zip([
            "g.yaml`, line 3, column 29: gate `mam`: setting `scope`: `$MAM_SCOPE` looks like a",
            "g.yaml`, line 6, column 16: gate `windows-mdm`: setting `tenants`: `${TENANT}` looks",
            "g.yaml`, line 7, column 3: gate `%GATE%`: its name: `%GATE%` looks like a",
            "g.yaml`, line 8, column 13: gate `%GATE%`: `policy`: `{{ policy }}` looks like a",
        ]) {
            assert!(said.contains(expected), "{said}");
        }
        assert_eq!(said.len(), 4);
    }

    #[test]
    fn json_is_read_as_well() {
        let wanted = read_text(r#"{"gates": {"a": {"settings": {"b": ["c"]}}}}"#).unwrap();
        assert_eq!(wanted[0].settings, json!({"b": ["c"]}).as_object().cloned());
    }

    #[test]
    fn what_is_wrong_has_a_place() {
        let digest = "a".repeat(64);
        for (text, expected) in [
            ("", "empty; expected `gates`"),
            (
                "gates:",
                "line 1, column 1: `gates` is nothing; expected names with values (`name: value`)",
            ),
            ("gate: {}", "line 1, column 1: `gate` is unknown; did you mean `gates`?"),
            ("x-a: {}", "line 1, column 1: `gates` is missing; expected gates by name"),
            (
                "gates:\n  a:\n",
                "line 2, column 3: `gates.a`: nothing is said of the gate; expected `policy`, \
                 `component` or `settings`",
            ),
            (
                "gates:\n  a: {}",
                "line 2, column 3: `gates.a`: nothing is said of the gate; expected `policy`, \
                 `component` or `settings`",
            ),
            (
                "gates:\n  a: {polcy: x}",
                "line 2, column 7: `gates.a.polcy` is unknown; did you mean `policy`?",
            ),
            (
                "gates:\n  a: {zz: x}",
                "line 2, column 7: `gates.a.zz` is unknown; expected one of `policy`, `component`, `digest`, \
                 `settings`, `drop`",
            ),
            (
                "gates:\n  a: {policy: }",
                "line 2, column 7: `gates.a.policy` is nothing; expected a text",
            ),
            (
                "gates:\n  a: {settings: }",
                "line 2, column 7: `gates.a.settings` is nothing; expected names with values (`name: value`)",
            ),
            (
                "gates:\n  a:\n    settings:\n      b:\n",
                "line 4, column 7: `gates.a.settings.b`: nothing; leave the setting out for its default, or write `[]` \
                 for an empty list",
            ),
            (
                "gates:\n  a: {settings: {b: {c: d}}}",
                "line 2, column 21: `gates.a.settings.b` is names with values; expected a text, a whole \
                 number, true or false, or a list of texts",
            ),
            (
                "gates:\n  a: {settings: {}}\n  a: {settings: {}}",
                "line 3, column 3: `gates.a` is there twice, first on line 2",
            ),
            (
                "gates: {a: {policy: p.wasm}}",
                "line 1, column 21: `gates.a.policy`: expected `NAME` or `NAME@VERSION`; a file is named by \
                 `component`",
            ),
            (
                "gates: {a: {policy: p, component: p.wasm}}",
                "line 1, column 35: `gates.a.component`: there is a `policy` as well; expected one of them",
            ),
            (
                "gates: {a: {policy: p@1.0.0, digest: 'sha256:A'}}",
                "line 1, column 38: `gates.a.digest`: expected `sha256:` and 64 of `0-9` and `a-f`",
            ),
            (
                &format!("gates: {{a: {{policy: p, digest: 'sha256:{digest}'}}}}"),
                "line 1, column 21: `gates.a.policy`: expected `NAME@VERSION` beside `digest`",
            ),
            (
                "gates: {a: {component: p.wasm, digest: x}}",
                "line 1, column 40: `gates.a.digest`: there is no `policy: NAME@VERSION` beside it",
            ),
        ] {
            let error = read_text(text).map(|_| ()).unwrap_err();
            assert_eq!(error, format!("gates `g.yaml`: {expected}"), "{text}");
        }
        let error = read_text("gates: {a: {component: q.wasm}}").map(|_| ()).unwrap_err();
        assert!(error.starts_with("failed to read `q.wasm`: "), "{error}");
    }

    #[test]
    fn a_folder_is_read_in_the_order_of_names_and_a_gate_named_once() {
        let folder = tempfile::tempdir().unwrap();
        let write =
            |name: &str, text: &str| std::fs::write(folder.path().join(name), text).unwrap();
        let error = read(folder.path()).map(|_| ()).unwrap_err().text();
        assert!(error.ends_with(": no *.yaml, *.yml or *.json in it"), "{error}");
        write("b.yaml", "gates: {b: {settings: {}}}");
        write("a.json", r#"{"gates": {"a": {"settings": {}}}}"#);
        write("c.yml", "gates:\n  c: {settings: {}}");
        write("notes.txt", "not read");
        let names =
            |wanted: Vec<Wanted>| wanted.into_iter().map(|one| one.gate).collect::<Vec<_>>();
        assert_eq!(names(read(folder.path()).unwrap()), ["a", "b", "c"]);
        write("d.yaml", "gates:\n  a: {settings: {}}");
        let error = read(folder.path()).map(|_| ()).unwrap_err().text();
        let error = error.replace(&format!("{}/", folder.path().display()), "");
        let expected =
            "gates `d.yaml`: line 2, column 3: `gates.a`: there twice, first on line 1 of `a.json`";
        assert_eq!(error, expected);
    }
}
