//! The form of a file of gates.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use admit::cases::yaml::Problem;
use admit::settings::{placeholder, placeholder_in};
use admit_server::config::NOTE;
use serde::de::{Error as _, MapAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::{Map, Value};
use serde_saphyr::{Location, Spanned};

use super::yaml::{self, Member, Named, Note, Setting};
use crate::error::{CliError, say};
use crate::files;
use crate::folder::{self, FolderError, Search};
use crate::remote::NewPolicy;
use crate::text::{clean, cut};

/// More than the largest settings of a few gates need.
const MAX_BYTES: u64 = 8 * 1_024 * 1_024;

/// What a gate shall have.
pub(super) struct Wanted {
    pub(super) gate: String,
    pub(super) policy: WantedPolicy,
    /// All of them, without those that count by default; absent when they stay.
    pub(super) settings: Option<Map<String, Value>>,
    /// The settings that may stop counting.
    pub(super) drop: Vec<String>,
    /// What looks like a value that a template should have filled in, a line for each setting.
    pub(super) placeholders: Vec<String>,
    at: Location,
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

/// A file: `gates`, and keys that mean nothing, as a place for anchors.
#[derive(Debug)]
struct File {
    gates: Named<Entry>,
}

impl<'de> Deserialize<'de> for File {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Members;

        impl<'de> Visitor<'de> for Members {
            type Value = File;

            fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                formatter.write_str("names with values (`name: value`)")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<File, A::Error> {
                let mut gates = None;
                let mut names: HashMap<String, Location> = HashMap::new();
                while let Some(name) = map.next_key::<Spanned<String>>()? {
                    let (name, at) = (name.value, name.referenced);
                    if let Some(first) = names.insert(name.clone(), at) {
                        return Err(yaml::twice(&name, first, at));
                    }
                    match &*name {
                        "gates" => gates = Some(map.next_value()?),
                        name if name.starts_with(NOTE) => {
                            let Note = map.next_value()?;
                        }
                        name => return Err(A::Error::unknown_field(name, &["gates"])),
                    }
                }
                let gates = gates.ok_or_else(|| A::Error::missing_field("gates"))?;
                Ok(File { gates })
            }
        }

        deserializer.deserialize_map(Members)
    }
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    #[serde(default, deserialize_with = "present")]
    policy: Option<Spanned<String>>,
    #[serde(default, deserialize_with = "present")]
    component: Option<Spanned<String>>,
    #[serde(default, deserialize_with = "present")]
    digest: Option<Spanned<String>>,
    #[serde(default, deserialize_with = "present")]
    settings: Option<Named<Spanned<Setting>>>,
    #[serde(default)]
    drop: Vec<String>,
}

/// What stands there must be something: `settings:` with nothing after it is not all defaults.
fn present<'de, D: Deserializer<'de>, T: Deserialize<'de>>(
    deserializer: D,
) -> Result<Option<T>, D::Error> {
    T::deserialize(deserializer).map(Some)
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
                let (name, line) = (clean(&gate.gate), first.at.line());
                let place = format!("line {line} of `{}`", first_file.display());
                let text = format!("gate `{name}` is there twice, first on {place}");
                return Err(bad(&file, Problem::at(gate.at, text)));
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
        FolderError::TooDeep(path) => bad(&path, Problem::at(Location::UNKNOWN, "too deep")),
    })?;
    if files.is_empty() {
        let text = "no *.yaml, *.yml or *.json in it";
        return Err(bad(path, Problem::at(Location::UNKNOWN, text)));
    }
    Ok(files)
}

fn read_file(path: &Path) -> Result<Vec<Wanted>, CliError> {
    let bytes = files::text("gates", "`gates`", path, MAX_BYTES)?;
    let File { gates: Named(gates) } = yaml::parse(&bytes).map_err(|error| bad(path, error))?;
    gates.into_iter().map(|gate| wanted(gate, path, &bytes)).collect()
}

fn wanted(gate: Member<Entry>, path: &Path, bytes: &[u8]) -> Result<Wanted, CliError> {
    let Member { name, at, value: entry } = gate;
    let nothing = entry.policy.is_none() && entry.component.is_none() && entry.settings.is_none();
    if nothing {
        let text = "nothing is said of the gate; expected `policy`, `component` or `settings`";
        return Err(bad(path, Problem::at(at, text)));
    }
    let placeholders = placeholders(&name, at, &entry, path);
    // `#{NAME}` is a comment, and leaves nothing.
    let explained = |error: Problem| error.explained(&String::from_utf8_lossy(bytes));
    let settings =
        entry.settings.map(settings).transpose().map_err(|error| bad(path, explained(error)))?;
    let policy = policy(entry.policy, entry.component, entry.digest, path)?;
    Ok(Wanted { gate: name, policy, settings, drop: entry.drop, placeholders, at })
}

/// What is said of names and values that a template should have filled in.
fn placeholders(gate: &str, at: Location, entry: &Entry, path: &Path) -> Vec<String> {
    let named = placeholder(gate).map(|found| (at, unfilled("its name", found)));
    let policy = entry.policy.as_ref().and_then(|policy| {
        Some((policy.referenced, unfilled("`policy`", placeholder(&policy.value)?)))
    });
    let settings = entry.settings.iter().flat_map(|settings| &settings.0).filter_map(|setting| {
        Some((setting.value.referenced, unfilled_setting(&setting.name, &setting.value.value.0)?))
    });
    let gate = clean(gate);
    let said = |(at, said): (Location, String)| {
        let (path, line, column) = (path.display(), at.line(), at.column());
        format!("`{path}`, line {line}, column {column}: gate `{gate}`: {said}")
    };
    named.into_iter().chain(policy).chain(settings).map(said).collect()
}

fn unfilled_setting(name: &str, value: &Value) -> Option<String> {
    Some(unfilled(&format!("setting `{}`", clean(name)), placeholder_in(value)?))
}

fn unfilled(what: &str, found: &str) -> String {
    let found = cut(&clean(found));
    format!("{what}: `{found}` looks like a placeholder that nothing filled in")
}

fn policy(
    policy: Option<Spanned<String>>,
    component: Option<Spanned<String>>,
    digest: Option<Spanned<String>>,
    path: &Path,
) -> Result<WantedPolicy, CliError> {
    let wrong = |at: Location, text: &str| Err(bad(path, Problem::at(at, text)));
    match (policy, component, digest) {
        (None, None, None) => Ok(WantedPolicy::Any),
        (Some(_), Some(component), _) => {
            wrong(component.referenced, "`component` beside `policy`; expected one of them")
        }
        (None, _, Some(digest)) => {
            wrong(digest.referenced, "`digest` without `policy: NAME@VERSION`")
        }
        (None, Some(component), None) => {
            let folder = path.parent().unwrap_or(Path::new(""));
            NewPolicy::in_file(&folder.join(component.value)).map(WantedPolicy::Component)
        }
        (Some(policy), None, None) if is_reference(&policy.value) => {
            Ok(WantedPolicy::Bundled(policy.value))
        }
        (Some(policy), None, Some(digest)) if policy.value.contains('@') => {
            if !is_digest(&digest.value) {
                return wrong(digest.referenced, "expected `sha256:` and 64 of `0-9` and `a-f`");
            }
            Ok(WantedPolicy::Already { reference: policy.value, digest: digest.value })
        }
        (Some(policy), None, Some(_)) => {
            wrong(policy.referenced, "expected `NAME@VERSION` beside `digest`")
        }
        (Some(policy), None, None) => wrong(
            policy.referenced,
            "expected `NAME` or `NAME@VERSION`; a file is named by `component`",
        ),
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

fn settings(Named(members): Named<Spanned<Setting>>) -> Result<Map<String, Value>, Problem> {
    let value = |member: Member<Spanned<Setting>>| match member.value.value.0 {
        Value::Null => Err(Problem::at(
            member.at,
            "nothing; leave the setting out for its default, or write `[]` for an empty list",
        )),
        value => Ok((member.name, value)),
    };
    members.into_iter().map(value).collect()
}

/// Reads a file of settings to change: `null` removes one.
pub(super) fn patch(path: &Path) -> Result<Map<String, Value>, CliError> {
    let expected = "settings (`name: value`)";
    let bytes = files::text("settings", expected, path, MAX_BYTES)?;
    let Named::<Setting>(members) =
        yaml::parse(&bytes).map_err(|error| files::content("settings", &path.display(), error))?;
    for Member { name, value, .. } in &members {
        if let Some(found) = unfilled_setting(name, &value.0) {
            say(format!("`{}`: {found}", path.display()));
        }
    }
    Ok(members.into_iter().map(|member| (member.name, member.value.0)).collect())
}

fn bad(path: &Path, error: Problem) -> CliError {
    files::content("gates", &path.display(), error)
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
    fn a_key_that_means_nothing_is_there_once_like_any_other() {
        for (text, expected) in [
            ("x-a: 1\ngates: {}\nx-a: 2\n", "`x-a` is there twice, on lines 1 and 3"),
            ("gates: {}\ngates: {}\n", "`gates` is there twice, on lines 1 and 2"),
            ("x-a: {b: 1, b: 2}\ngates: {}\n", "`b` is there twice, on lines 1 and 1"),
            ("x-a:\n- c: []\n  c: []\ngates: {}\n", "`c` is there twice, on lines 2 and 3"),
        ] {
            let error = read_text(text).map(|_| ()).unwrap_err();
            assert!(error.ends_with(expected), "{text}: {error}");
        }
        read_text("x-a: {b: [1, 2.5, true, ~, -1, {b: c}]}\nx-b: x\ngates: {}\n").unwrap();
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
            ("gates:", "line 1, column 1: nothing; expected names with values (`name: value`)"),
            ("gate: {}", "line 1, column 1: `gate` is unknown; did you mean `gates`?"),
            (
                "gates: [a]",
                "line 1, column 1: sequence; expected names with values (`name: value`)",
            ),
            ("gates: {}\n---\n{}", "line 3, column 1: a second document; expected one per file"),
            ("gates:\n  a:\n", "line 2, column 4: expected names with values (`name: value`)"),
            (
                "gates:\n  a: {}",
                "line 2, column 3: nothing is said of the gate; expected `policy`, `component` or \
                 `settings`",
            ),
            (
                "gates:\n  a: {polcy: x}",
                "line 2, column 7: `polcy` is unknown; did you mean `policy`?",
            ),
            (
                "gates:\n  a: {zz: x}",
                "line 2, column 7: `zz` is unknown; expected one of `policy`, `component`, `digest`, \
                 `settings`, `drop`",
            ),
            ("gates:\n  a: {policy: }", "line 2, column 13: nothing here; expected a text"),
            (
                "gates:\n  a: {settings: }",
                "line 2, column 7: nothing; expected names with values (`name: value`)",
            ),
            (
                "gates:\n  a:\n    settings:\n      b:\n",
                "line 4, column 7: nothing; leave the setting out for its default, or write `[]` \
                 for an empty list",
            ),
            (
                "gates:\n  a: {settings: {b: [2.0]}}",
                "line 2, column 22: floating point `2.0`; expected a text, in quotes if it looks \
                 like something else",
            ),
            (
                "gates:\n  a: {settings: {b: 2.5}}",
                "line 2, column 18: floating point `2.5`; expected a whole number, or a text in \
                 quotes",
            ),
            (
                "gates:\n  a: {settings: {b: {c: d}}}",
                "line 2, column 21: map; expected a text, a whole number, true or false, or a list \
                 of texts",
            ),
            (
                "gates:\n  a: {settings: {b: c, d: e, b: f}}",
                "line 2, column 17: `b` is there twice, on lines 2 and 2",
            ),
            (
                "gates:\n  a: {settings: {}}\n  a: {settings: {}}",
                "line 2, column 3: `a` is there twice, on lines 2 and 3",
            ),
            (
                "gates: {a: {policy: p.wasm}}",
                "line 1, column 21: expected `NAME` or `NAME@VERSION`; a file is named by \
                 `component`",
            ),
            (
                "gates: {a: {policy: p, component: p.wasm}}",
                "line 1, column 35: `component` beside `policy`; expected one of them",
            ),
            (
                "gates: {a: {policy: p@1.0.0, digest: 'sha256:A'}}",
                "line 1, column 38: expected `sha256:` and 64 of `0-9` and `a-f`",
            ),
            (
                &format!("gates: {{a: {{policy: p, digest: 'sha256:{digest}'}}}}"),
                "line 1, column 21: expected `NAME@VERSION` beside `digest`",
            ),
            (
                "gates: {a: {component: p.wasm, digest: x}}",
                "line 1, column 40: `digest` without `policy: NAME@VERSION`",
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
        let expected = "gates `d.yaml`: line 2, column 3: gate `a` is there twice, first on line 1 of `a.json`";
        assert_eq!(error, expected);
    }
}
