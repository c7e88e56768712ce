//! One input, one reader: every kind of document and of token in every form, and one answer for each form.

use admit::cases::CaseFile;
use admit::keys::KeySet;
use admit::settings::Settings;
use admit_server::config::{Sources, load};
use admit_tests::fixture::{claims, issuer};
use admit_tests::forms::{Form, forms};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::json;

use super::folder::{DECIDE, Folder, windows_settings};

const SECEXT: &str =
    "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-secext-1.0.xsd";
const OF_WINDOWS: &str = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-secext-1.0.xsd#base64binary";

fn envelope(content: &str) -> String {
    format!(
        "<s:Envelope xmlns:s=\"http://www.w3.org/2003/05/soap-envelope\" xmlns:o=\"{SECEXT}\">\n\
         <s:Header><o:Security><o:BinarySecurityToken \
         ValueType=\"urn:ietf:params:oauth:token-type:jwt\" EncodingType=\"{OF_WINDOWS}\">{content}\
         </o:BinarySecurityToken></o:Security></s:Header><s:Body/></s:Envelope>"
    )
}

/// Has each form read, and compares the answer with what the table of forms says.
fn check(kind: &str, expected: impl Fn(&Form) -> bool, read: impl Fn(&Form) -> Result<(), String>) {
    check_these(&forms(), kind, expected, read);
}

/// Forms that a reader of files may treat otherwise than the library: for commands that compile a policy.
fn few() -> Vec<Form> {
    let names = ["a mark", "two marks", "form feed at the end", "NUL at the end", "CR as line end"];
    forms().into_iter().filter(|form| names.contains(&form.name)).collect()
}

fn check_these(
    forms: &[Form],
    kind: &str,
    expected: impl Fn(&Form) -> bool,
    read: impl Fn(&Form) -> Result<(), String>,
) {
    for form in forms {
        let answer = read(form);
        assert_eq!(answer.is_ok(), expected(form), "{kind}, {}: {answer:?}", form.name);
    }
}

fn of<T, E: std::fmt::Debug>(result: Result<T, E>) -> Result<(), String> {
    result.map(drop).map_err(|error| format!("{error:?}"))
}

#[test]
fn what_the_library_reads_has_one_answer_for_each_form() {
    let settings = windows_settings().to_string();
    check("settings", |form| form.document, |form| of(Settings::parse(&form.of(&settings))));
    let keys = issuer().jwk_set().to_string();
    check("key set", |form| form.document, |form| of(KeySet::parse(&form.of(&keys))));
    let cases = json!({"policy": "p", "cases": []}).to_string();
    check("cases", |form| form.document, |form| of(CaseFile::from_bytes(&form.of(&cases))));
    let folder = Folder::new();
    let config = json!({"data_dir": "data"}).to_string();
    let path = folder.path("admit.json");
    check(
        "configuration",
        |form| form.document,
        |form| {
            folder.write("admit.json", form.of(&config));
            of(load(Sources { file: Some(path.clone()), ..Sources::default() }))
        },
    );
}

#[test]
fn what_the_command_line_reads_has_the_same_answers() {
    let folder = Folder::new();
    let read = |file: &str, text: &str, arguments: &str, form: &Form| {
        folder.write(file, form.of(text));
        let run = folder.admit(arguments);
        if run.code == Some(0) { Ok(()) } else { Err(format!("{run:?}")) }
    };
    let (keys, settings) = (issuer().jwk_set().to_string(), windows_settings().to_string());
    // What is read at once is given at once; what is refused is named.
    let decide = DECIDE.replace("windows.json", "s").replace("keys.json", "k");
    for form in few() {
        let good = [("k", &keys), ("s", &settings), ("f", &"{}".to_owned())];
        let write = |which: &str| {
            for (name, text) in good {
                let is_of_form = which.contains(name);
                folder.write(
                    name,
                    if is_of_form { form.of(text) } else { text.clone().into_bytes() },
                );
            }
            folder.admit(&format!("{decide} --facts f good.jwt"))
        };
        if form.document {
            write("ksf").text(0);
            continue;
        }
        for (which, what) in [("k", "key set `k`: "), ("s", "settings `s`: "), ("f", "facts `f`: ")]
        {
            let run = write(which);
            assert!(run.refusal(3).starts_with(what), "{}: {run:?}", form.name);
        }
    }
    let claims = claims().to_string();
    let vouched = format!("{DECIDE} --format claims c");
    let read_claims = |form: &Form| read("c", &claims, &vouched, form);
    check_these(&few(), "claims", |form| form.document, read_claims);
    let gates = json!({"gates": {}}).to_string();
    let apply = "apply -f g --server http://127.0.0.1:1 --access-token-file t";
    folder.write("t", "admit_a_b");
    check("gates", |form| form.document, |form| read("g", &gates, apply, form));
}

#[test]
fn a_line_of_a_stream_is_read_as_a_document() {
    let folder = Folder::new();
    let request = json!({"claims": claims()}).to_string();
    let read = |form: &Form| {
        let run = folder.admit_with(&format!("{DECIDE} --jsonl -"), form.of(&request));
        if run.code == Some(0) { Ok(()) } else { Err(format!("{run:?}")) }
    };
    check_these(&few(), "line", |form| form.document, read);
}

#[test]
fn a_token_has_one_answer_for_each_form_on_every_way_in() {
    let folder = Folder::new();
    let token = folder.token("good.jwt", json!({}));
    let wrapped = STANDARD.encode(&token);
    let soap = envelope(&wrapped);
    let in_text = |form: &Form, text: &str| {
        json!({"token": String::from_utf8(form.of(text)).unwrap()}).to_string()
    };
    for (format, text, expected) in [
        ("jwt", &token, (|form: &Form| form.token) as fn(&Form) -> bool),
        // White space may stand anywhere in it.
        ("binary-security-token", &wrapped, |form| form.token || form.name.starts_with("CR")),
        ("soap", &soap, |form| form.document),
    ] {
        let is_of_it = |form: &&Form| form.is_utf_8() && (format != "soap" || form.is_around());
        let all = forms();
        let forms: Vec<_> = all.iter().filter(is_of_it).collect();
        let lines: Vec<_> = forms.iter().map(|form| in_text(form, text)).collect();
        let decide = format!("{DECIDE} --format {format}");
        let stream =
            folder.admit_with(&format!("{decide} --output json --jsonl -"), lines.join("\n"));
        assert_eq!(stream.out.lines().count(), forms.len(), "{stream:?}");
        for (form, decision) in forms.iter().zip(stream.out.lines()) {
            let is_read = decision.contains("\"outcome\":\"allow\"");
            assert_eq!(is_read, expected(form), "{format}, {}: {decision}", form.name);
            if !few().iter().any(|few| few.name == form.name) {
                continue;
            }
            folder.write("x", form.of(text));
            let run = folder.admit(&format!("{decide} x"));
            assert_eq!(run.code == Some(0), expected(form), "{format}, {}: {run:?}", form.name);
        }
    }
}

#[test]
fn an_access_token_is_read_as_a_token() {
    let folder = Folder::new();
    check(
        "access token",
        |form| form.token,
        |form| {
            folder.write("t", form.of("admit_a_b"));
            let run = folder.admit("status --server http://127.0.0.1:1 --access-token-file t");
            let is_sent = run.err.contains("127.0.0.1:1");
            if is_sent { Ok(()) } else { Err(format!("{run:?}")) }
        },
    );
}

#[test]
fn what_does_not_show_is_named_with_its_place() {
    let folder = Folder::new();
    let said = |file: &str, text: &str, arguments: &str| {
        folder.write(file, text);
        folder.admit(arguments).refusal(3)
    };
    let settings = format!("{}\n\u{c}\n", windows_settings());
    let text = said("windows.json", &settings, &format!("{DECIDE} good.jwt"));
    assert_eq!(
        text,
        "settings `windows.json`: not strict JSON: trailing characters at line 2 column 1: there stands U+000C, \
         which does not show"
    );
    let text = said(
        "gates.yaml",
        "\u{feff}# generated\n\u{feff}gates: {}\n",
        "apply -f gates.yaml --server http://127.0.0.1:1",
    );
    assert_eq!(
        text,
        "gates `gates.yaml`: line 2, column 1: another byte order mark (U+FEFF); expected one at most, at the very \
         beginning"
    );
}
