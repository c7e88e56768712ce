//! `admit explain`.

use admit_policies::{INTUNE_MAM, WINDOWS_MDM_1, WINDOWS_MDM_2};
use serde_json::{Value, json};

use super::run::Folder;
use super::schema;

/// Name, version and short digest, as an explanation has them.
fn shown(policy: &admit_policies::Embedded) -> String {
    let digest = admit::release::component_digest(policy.component);
    format!("{} {} ({})", policy.name, policy.version, &digest[..19])
}

fn json(folder: &Folder, arguments: &str) -> Value {
    let run = folder.admit(&format!("explain {arguments} --output json"));
    schema::explanation(run.text(0))
}

#[test]
fn a_reason_is_explained_with_remedy_and_presentation() {
    let run = Folder::new().admit("explain client_not_paired");
    let policy = shown(&WINDOWS_MDM_2);
    let expected = format!(
        "client_not_paired: a reason of {policy}
  what       The client id in `aud` is bound to other tenants than the one that issued the token.
  remedy     If this tenant may use this application, add `client-id@tenant-id` with the client id
             in `aud`, without `api://`, and the value of `tid` to `client_tenant_pairs`.
  answer     HTTP 403, admit.windows_mdm.client_not_paired, MDM fault s:Authorization 0x80180003
  user sees  Your organisation may not enrol devices here. Contact your IT administrator.
"
    );
    assert_eq!(run.text(0), expected);
}

#[test]
fn a_rule_is_explained_with_its_place_by_every_policy_that_has_it() {
    let run = Folder::new().admit("explain audience");
    let [windows, mam] = [&WINDOWS_MDM_2, &INTUNE_MAM].map(shown);
    let text = run.text(0);
    let windows = format!(
        "audience: rule 5 of 11 of {windows}
  what       The token was issued for a configured client id or, if v1.0, for the server URL.

audience: rule "
    );
    assert!(text.starts_with(&windows), "{text}");
    assert!(text.contains(&format!(" of {mam}\n  what       ")), "{text}");
}

#[test]
fn a_code_of_the_host_is_explained_in_the_words_of_the_policy_else_in_the_hosts() {
    let folder = Folder::new();
    let expired = folder.admit("explain token.expired --policy intune-mam");
    let policy = format!("token.expired: a reason of {}\n  what       ", shown(&INTUNE_MAM));
    assert!(expired.text(0).starts_with(&policy), "{}", expired.out);
    let run = folder.admit("explain policy.limit.fuel");
    let expected = "policy.limit.fuel: a reason of the host
  what       The policy used more instructions than a decision may, perhaps in a loop that does not
             end.
  remedy     Roll back to the release before, and report this to the policy's author.
  answer     HTTP 503, policy.limit.fuel
  user sees  The sign-in could not be checked at the moment. Try again later.
";
    assert_eq!(run.text(0), expected);
}

#[test]
fn json_is_as_the_schema_says() {
    let folder = Folder::new();
    let reason = json(&folder, "token.expired");
    let found = reason["found"].as_array().unwrap();
    let policies: Vec<_> = found.iter().map(|it| it["policy"]["name"].as_str().unwrap()).collect();
    assert_eq!(policies, ["windows-mdm", "intune-mam"]);
    assert_eq!(found[0]["policy"]["version"], "2.0.0");
    assert!(found[0]["reason"]["presentation"]["http_status"].is_u64());

    let rule = json(&folder, "audience --policy windows-mdm@1.0.0");
    assert_eq!(rule["found"][0]["rule"]["place"], 5);
    assert_eq!(rule["found"][0]["rule"]["of"], 10);

    let host = json(&folder, "gate.empty");
    assert_eq!(host["found"].as_array().unwrap().len(), 1);
    assert!(host["found"][0].get("policy").is_none());
    assert_eq!(host["found"][0]["reason"]["presentation"]["error_id"], json!("gate.empty"));
}

#[test]
fn a_policy_is_named_or_a_file() {
    let folder = Folder::new();
    folder.write("mine.wasm", WINDOWS_MDM_1.component);
    let text = |policy: &str| {
        let run = folder.admit(&format!("explain audience_not_authorized --policy {policy}"));
        run.text(0).to_owned()
    };
    assert_eq!(text("mine.wasm"), text("windows-mdm@1.0.0"));
    assert_ne!(text("mine.wasm"), text("windows-mdm@2.0.0"));
    let run = folder.admit("explain audience --policy none.wasm");
    let problem = "policy `none.wasm` is neither a file nor one of the embedded ";
    assert!(run.refusal(3).starts_with(problem), "{}", run.err);
    folder.write("text.wasm", "text");
    let run = folder.admit("explain audience --policy text.wasm");
    assert!(
        run.refusal(3).starts_with("policy `text.wasm`: not a policy component: "),
        "{}",
        run.err
    );
}

#[test]
fn an_unknown_name_is_refused_with_those_most_like_it() {
    let folder = Folder::new();
    let refusal =
        |arguments: &str| folder.admit(&format!("explain {arguments}")).refusal(2).to_owned();
    assert_eq!(
        refusal("audiance"),
        "no reason and no rule `audiance` in `windows-mdm` 2.0.0 or `intune-mam` 1.0.0; expected for example `audience`, `audience_not_client_id`, `audience_not_authorized`, or one that `admit inspect` lists"
    );
    assert_eq!(
        refusal("zz --policy windows-mdm"),
        "no reason and no rule `zz` in `windows-mdm` 2.0.0; expected one that `admit inspect` lists"
    );
    // Of version 2 alone.
    assert_eq!(
        refusal("client_not_paired --policy windows-mdm@1.0.0"),
        "no reason and no rule `client_not_paired` in `windows-mdm` 1.0.0; expected one that `admit inspect` lists"
    );
    let long = "a".repeat(60);
    assert!(refusal(&long).starts_with("no reason and no rule `60 characters` in "));
}
