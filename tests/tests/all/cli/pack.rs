//! `admit pack`.

use admit::cases::section;
use serde_json::json;

use super::run::Folder;

const CASES: &str = "\
policy: windows-mdm
version: '2'
settings: {server_url: https://mdm.example.com, windows_entra_tenant_ids: []}
base: entra-v2
cases:
  - name: nobody is admitted
    expect: {deny: no_tenants_configured}
";

/// A folder with a component that carries no cases.
fn folder() -> Folder {
    let folder = Folder::new();
    let bare = section::write(admit_policies::WINDOWS_MDM_2.component, &[]).unwrap();
    folder.write("bare.wasm", bare);
    folder.write("cases.yaml", CASES);
    folder
}

#[test]
fn packed_cases_are_listed_and_played() {
    let folder = folder();
    let run = folder.admit("pack bare.wasm cases.yaml --out packed.wasm");
    let text = run.text(0);
    assert!(
        text.starts_with("packed.wasm: ") && text.ends_with(" bytes with 1 case in 1 file\n"),
        "{text}"
    );
    let run = folder.admit("inspect packed.wasm");
    assert!(run.text(0).contains("\n  cases      1 in cases.yaml\n"), "{run:?}");
    let run = folder.admit("inspect packed.wasm --output json");
    let document = super::schema::inspection(run.text(0));
    assert_eq!(document["cases"], json!([{"file": "cases.yaml", "name": "nobody is admitted"}]));
    let run = folder.admit("test --policy packed.wasm");
    assert!(run.text(0).starts_with("windows-mdm 2.0.0: 1 case passed"), "{run:?}");
    let run = folder.admit("test --policy bare.wasm");
    assert!(run.text(0).starts_with("windows-mdm 2.0.0: no cases"), "{run:?}");
}

#[test]
fn packing_is_reproducible_and_replaces_what_was_packed() {
    let folder = folder();
    let read = |name: &str| std::fs::read(folder.path(name)).unwrap();
    folder.admit("pack bare.wasm cases.yaml --out one.wasm").text(0);
    folder.write("full.wasm", admit_policies::WINDOWS_MDM_2.component);
    folder.admit("pack full.wasm cases.yaml --out full.wasm").text(0);
    assert_eq!(read("one.wasm"), read("full.wasm"));
}

#[test]
fn the_text_of_a_case_file_is_packed_as_it_is() {
    let folder = folder();
    let text = format!("\u{feff}{CASES}\n# the end\n\n");
    folder.write("cases.yaml", &text);
    folder.admit("pack bare.wasm cases.yaml --out packed.wasm").text(0);
    let packed = section::read(&std::fs::read(folder.path("packed.wasm")).unwrap()).unwrap();
    assert_eq!(packed[0].bytes, text.as_bytes());
}

#[test]
fn a_file_without_cases_is_not_packed() {
    let folder = folder();
    folder.write("cases.yaml", "policy: windows-mdm\nsettings: {}\ncases: []\n");
    let run = folder.admit("pack bare.wasm cases.yaml --out packed.wasm");
    assert!(run.refusal(3).contains("no case for this policy"), "{run:?}");
}

#[test]
fn cases_that_fail_are_not_packed() {
    let folder = folder();
    folder.write("cases.yaml", CASES.replace("no_tenants_configured", "scope_missing"));
    let run = folder.admit("pack bare.wasm cases.yaml --out packed.wasm");
    assert_eq!(
        run.refusal(4),
        "policy `bare.wasm`: 1 of 1 cases fail, first `nobody is admitted` (line 6 of cases.yaml in the component): \
         expected deny scope_missing, got deny no_tenants_configured; claims: tid; settings: windows_entra_tenant_ids"
    );
    assert!(!folder.path("packed.wasm").exists());
}

#[test]
fn settings_that_are_refused_are_named() {
    let folder = folder();
    folder.write("cases.yaml", CASES.replace("tenant_ids: []", "tenant_ids: [nobody]"));
    let run = folder.admit("pack bare.wasm cases.yaml --out packed.wasm");
    assert!(
        run.refusal(4).contains("got failed settings (windows_entra_tenant_ids: `nobody`"),
        "{run:?}"
    );
}

#[test]
fn what_cannot_be_packed_is_named() {
    let folder = folder();
    folder.write("none.yaml", CASES.replace("settings:", "# settings:"));
    folder.write("other.yaml", CASES.replace("'2'", "'1'"));
    std::fs::create_dir_all(folder.path("more")).unwrap();
    std::fs::create_dir_all(folder.path("nothing")).unwrap();
    std::fs::write(folder.path("more/cases.yaml"), CASES).unwrap();
    let rows = [
        ("pack bare.wasm none.yaml --out p.wasm", "`none.yaml` has no `settings`"),
        (
            "pack bare.wasm other.yaml --out p.wasm",
            "cases `other.yaml`: for `windows-mdm` ^1; expected cases for `windows-mdm 2.0.0`",
        ),
        ("pack bare.wasm cases.yaml more --out p.wasm", "two case files are called `cases.yaml`"),
        ("pack bare.wasm nothing --out p.wasm", "no case for this policy"),
        (
            "pack cases.yaml cases.yaml --out p.wasm",
            "policy `cases.yaml`: not a WebAssembly component in binary form",
        ),
        ("pack missing.wasm cases.yaml --out p.wasm", "failed to read `missing.wasm`"),
        ("pack bare.wasm cases.yaml --out missing/p.wasm", "failed to write `missing/p.wasm`"),
    ];
    for (arguments, text) in rows {
        let run = folder.admit(arguments);
        assert!(run.refusal(3).contains(text), "{arguments}: {run:?}");
        assert!(!folder.path("p.wasm").exists());
    }
    assert_eq!(folder.admit("pack bare.wasm --out p.wasm").code, Some(2));
}
