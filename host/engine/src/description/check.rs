//! What the contract demands of a description.

use std::collections::HashSet;

use super::{DescriptionError, is_list};
use crate::contract::types::{self, Description, SettingKind, ValueResult};
use crate::reason;
use crate::text::{Shown, is_plain};

const MAX_NAME: usize = 64;
const MAX_CLAIM_NAME: usize = 128;
const MAX_TEXT: usize = 2_000;
const MAX_CODE: usize = 256;
const MAX_ITEMS: usize = 64;
const MAX_REASONS: usize = 128;

/// Checks what the contract demands of a description.
///
/// # Errors
///
/// The first rule it breaks.
pub(crate) fn check(description: &Description) -> Result<(), DescriptionError> {
    name("name", &description.name)?;
    version(&description.version)?;
    text("summary", &description.name, &description.summary)?;
    claims(&description.claims)?;
    unique("facts", MAX_ITEMS, description.facts.iter().map(|fact| &*fact.name), name)?;
    for fact in &description.facts {
        text("facts", &fact.name, &fact.summary)?;
    }
    unique("settings", MAX_ITEMS, description.settings.iter().map(|item| &*item.name), name)?;
    description.settings.iter().try_for_each(setting)?;
    unique("rules", MAX_ITEMS, description.rules.iter().map(|rule| &*rule.name), name)?;
    for rule in &description.rules {
        text("rules", &rule.name, &rule.summary)?;
    }
    unique("reasons", MAX_REASONS, description.reasons.iter().map(|item| &*item.code), name)?;
    description.reasons.iter().try_for_each(reason)
}

fn claims(claims: &[String]) -> Result<(), DescriptionError> {
    unique("claims", MAX_ITEMS, claims.iter().map(String::as_str), claim_name)?;
    for claim in ["tid", "oid"] {
        if !claims.iter().any(|wanted| wanted == claim) {
            return Err(DescriptionError::IdentityClaim { claim });
        }
    }
    Ok(())
}

fn setting(setting: &types::Setting) -> Result<(), DescriptionError> {
    text("settings", &setting.name, &setting.title)?;
    text("settings", &setting.name, &setting.help)?;
    if let SettingKind::Choice(choices) | SettingKind::Choices(choices) = &setting.kind {
        for choice in choices {
            text("settings", &setting.name, choice)?;
        }
    }
    for default in texts(setting.default.as_ref()) {
        text("settings", &setting.name, default)?;
    }
    if setting.default.as_ref().is_some_and(|value| !fits(&setting.kind, value)) {
        return Err(DescriptionError::Default { name: setting.name.clone() });
    }
    match &setting.entry {
        None if is_list(&setting.kind) => {
            Err(DescriptionError::Entry { name: setting.name.clone() })
        }
        None => Ok(()),
        Some(entry) => {
            text("settings", &setting.name, &entry.noun)?;
            code("settings", &setting.name, "activity", &entry.activity)?;
            code("settings", &setting.name, "detail", &entry.detail)
        }
    }
}

/// The texts of a default.
fn texts(default: Option<&ValueResult>) -> &[String] {
    match default {
        Some(ValueResult::Text(text) | ValueResult::Json(text)) => std::slice::from_ref(text),
        Some(ValueResult::Texts(texts)) => texts,
        _ => &[],
    }
}

fn reason(reason: &types::Reason) -> Result<(), DescriptionError> {
    if reason::is_reserved(&reason.code) && reason::of_host(&reason.code).is_none() {
        return Err(DescriptionError::HostCode { code: reason.code.clone() });
    }
    let presentation = &reason.presentation;
    let subcode = presentation.mdm_fault.as_ref().map(|fault| &*fault.subcode);
    [&reason.title, &reason.remedy, &presentation.user_message]
        .into_iter()
        .try_for_each(|part| text("reasons", &reason.code, part))?;
    [
        ("error_id", Some(&*presentation.error_id)),
        ("fallback", presentation.fallback.as_deref()),
        ("subcode", subcode),
    ]
    .into_iter()
    .filter_map(|(part, text)| Some((part, text?)))
    .try_for_each(|(part, text)| code("reasons", &reason.code, part, text))?;
    match presentation.http_status {
        400..=599 => Ok(()),
        status => Err(DescriptionError::Status { code: reason.code.clone(), status }),
    }
}

fn unique<'a>(
    list: &'static str,
    limit: usize,
    names: impl ExactSizeIterator<Item = &'a str>,
    check: fn(&'static str, &str) -> Result<(), DescriptionError>,
) -> Result<(), DescriptionError> {
    let count = names.len();
    if count > limit {
        return Err(DescriptionError::TooMany { list, count, limit });
    }
    let mut seen = HashSet::new();
    for name in names {
        check(list, name)?;
        if !seen.insert(name) {
            return Err(DescriptionError::Twice { list, name: name.to_owned() });
        }
    }
    Ok(())
}

fn name(list: &'static str, name: &str) -> Result<(), DescriptionError> {
    let starts = name.starts_with(|c: char| c.is_ascii_lowercase());
    let rest = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || "_-.".contains(c);
    if starts && name.len() <= MAX_NAME && name.chars().all(rest) {
        return Ok(());
    }
    Err(DescriptionError::Name { list, name: Shown::new(name).to_string() })
}

fn claim_name(list: &'static str, name: &str) -> Result<(), DescriptionError> {
    let length = name.chars().count();
    if (1..=MAX_CLAIM_NAME).contains(&length) && name.chars().all(is_plain) {
        return Ok(());
    }
    Err(DescriptionError::Name { list, name: Shown::new(name).to_string() })
}

fn version(version: &str) -> Result<(), DescriptionError> {
    match semver::Version::parse(version) {
        Ok(_) if version.len() <= MAX_NAME => Ok(()),
        _ => Err(DescriptionError::Version { version: Shown::new(version).to_string() }),
    }
}

fn text(list: &'static str, name: &str, text: &str) -> Result<(), DescriptionError> {
    let length = text.chars().count();
    if length > MAX_TEXT {
        return Err(DescriptionError::TextTooLong { list, name: name.to_owned(), length });
    }
    if text.contains(|c: char| c != '\n' && !is_plain(c)) {
        let (name, text) = (name.to_owned(), Shown::new(text));
        return Err(DescriptionError::Invisible { list, name, text });
    }
    Ok(())
}

/// Checks a code, which programs compare and which stands in answers and logs.
fn code(
    list: &'static str,
    name: &str,
    part: &'static str,
    code: &str,
) -> Result<(), DescriptionError> {
    let visible = |byte: u8| matches!(byte, b'!'..=b'~');
    if (1..=MAX_CODE).contains(&code.len()) && code.bytes().all(visible) {
        return Ok(());
    }
    let (name, code) = (name.to_owned(), Shown::new(code));
    Err(DescriptionError::Code { list, name, part, code })
}

fn fits(kind: &SettingKind, value: &ValueResult) -> bool {
    match value {
        ValueResult::Texts(_) => is_list(kind),
        ValueResult::Integer(_) => matches!(kind, SettingKind::Integer),
        ValueResult::Boolean(_) => matches!(kind, SettingKind::Boolean),
        ValueResult::Json(_) => false,
        ValueResult::Text(_) => {
            !is_list(kind) && !matches!(kind, SettingKind::Integer | SettingKind::Boolean)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn good() -> Description {
        let presentation = types::Presentation {
            error_id: "sample.refused".into(),
            http_status: 403,
            user_message: "No.\nSorry.".into(),
            retry: types::Retry::No,
            fallback: Some("web_sso".into()),
            mdm_fault: Some(types::MdmFault { subcode: "s:Authorization".into(), code: 1 }),
        };
        Description {
            name: "sample".into(),
            version: "1.0.0".into(),
            summary: "A sample.".into(),
            claims: ["tid", "oid"].map(String::from).into(),
            facts: vec![types::Fact {
                name: "known".into(),
                summary: "Known.".into(),
                kind: types::FactKind::Boolean,
            }],
            settings: vec![types::Setting {
                name: "tags".into(),
                title: "Tags".into(),
                help: "Some tags.".into(),
                kind: SettingKind::Choices(vec!["a".into()]),
                required: false,
                default: Some(ValueResult::Texts(vec!["a".into()])),
                entry: Some(types::Entry {
                    noun: "tag".into(),
                    activity: "tag".into(),
                    detail: "tag".into(),
                }),
            }],
            rules: vec![types::Rule { name: "never".into(), summary: "Never.".into() }],
            reasons: vec![types::Reason {
                code: "refused".into(),
                title: "Refused.".into(),
                remedy: "Do something.".into(),
                presentation,
            }],
        }
    }

    type Field = (&'static str, fn(&mut Description) -> &mut String);

    fn entry(about: &mut Description) -> &mut types::Entry {
        about.settings[0].entry.as_mut().unwrap()
    }

    fn presentation(about: &mut Description) -> &mut types::Presentation {
        &mut about.reasons[0].presentation
    }

    fn choice(about: &mut Description) -> &mut String {
        let SettingKind::Choices(choices) = &mut about.settings[0].kind else { panic!() };
        &mut choices[0]
    }

    fn default(about: &mut Description) -> &mut String {
        let Some(ValueResult::Texts(texts)) = &mut about.settings[0].default else { panic!() };
        &mut texts[0]
    }

    const TEXTS: [Field; 11] = [
        ("summary", |about| &mut about.summary),
        ("summary of a fact", |about| &mut about.facts[0].summary),
        ("title", |about| &mut about.settings[0].title),
        ("help", |about| &mut about.settings[0].help),
        ("choice", choice),
        ("default", default),
        ("noun", |about| &mut entry(about).noun),
        ("summary of a rule", |about| &mut about.rules[0].summary),
        ("title of a reason", |about| &mut about.reasons[0].title),
        ("remedy", |about| &mut about.reasons[0].remedy),
        ("user_message", |about| &mut presentation(about).user_message),
    ];

    const CODES: [Field; 5] = [
        ("activity", |about| &mut entry(about).activity),
        ("detail", |about| &mut entry(about).detail),
        ("error_id", |about| &mut presentation(about).error_id),
        ("fallback", |about| presentation(about).fallback.as_mut().unwrap()),
        ("subcode", |about| &mut presentation(about).mdm_fault.as_mut().unwrap().subcode),
    ];

    const NAMES: [Field; 5] = [
        ("name", |about| &mut about.name),
        ("fact", |about| &mut about.facts[0].name),
        ("setting", |about| &mut about.settings[0].name),
        ("rule", |about| &mut about.rules[0].name),
        ("reason", |about| &mut about.reasons[0].code),
    ];

    fn with(field: Field, text: &str) -> Result<(), DescriptionError> {
        let mut about = good();
        *field.1(&mut about) = text.into();
        checked(&about)
    }

    /// What the host says, once it is known that the guest library says so too at compile time.
    fn checked(about: &Description) -> Result<(), DescriptionError> {
        let host = check(about);
        let guest = admit_guest::fault(&tables(about));
        let said = guest.as_ref().map(admit_guest::Fault::text);
        assert_eq!(host.is_err(), said.is_some(), "host: {host:?}, guest: {said:?}");
        host
    }

    fn kept(text: &str) -> &'static str {
        text.to_owned().leak()
    }

    fn all_kept(texts: &[String]) -> &'static [&'static str] {
        texts.iter().map(|text| kept(text)).collect::<Vec<_>>().leak()
    }

    /// The tables of a policy that describes itself so, as an author writes them.
    fn tables(about: &Description) -> admit_guest::About<()> {
        let facts = about.facts.iter().map(|fact| admit_guest::Fact {
            name: kept(&fact.name),
            summary: kept(&fact.summary),
            kind: admit_guest::FactKind::Boolean,
        });
        let rules = about.rules.iter().map(|rule| admit_guest::Rule {
            name: kept(&rule.name),
            summary: kept(&rule.summary),
            check: |_, _| admit_guest::Finding::Skip,
        });
        admit_guest::About {
            name: kept(&about.name),
            version: kept(&about.version),
            summary: kept(&about.summary),
            claims: all_kept(&about.claims),
            facts: facts.collect::<Vec<_>>().leak(),
            settings: about.settings.iter().map(table).collect::<Vec<_>>().leak(),
            rules: rules.collect::<Vec<_>>().leak(),
            reasons: about.reasons.iter().map(of_reason).collect::<Vec<_>>().leak(),
            host_reasons: &[],
        }
    }

    fn table(setting: &types::Setting) -> admit_guest::Setting {
        use admit_guest::{Absent, Entry, Kind};
        let entry = setting.entry.as_ref().map(|entry| Entry {
            noun: kept(&entry.noun),
            activity: kept(&entry.activity),
            detail: kept(&entry.detail),
        });
        let kind = match (&setting.kind, entry) {
            (SettingKind::Choices(choices), Some(entry)) => Kind::Choices(all_kept(choices), entry),
            (SettingKind::Boolean, _) => Kind::Boolean,
            (kind, _) => panic!("no test has a {kind:?}"),
        };
        let absent = match &setting.default {
            None => Absent::Refused,
            Some(ValueResult::Texts(texts)) => Absent::Texts(all_kept(texts)),
            Some(ValueResult::Text(text)) => Absent::Text(kept(text)),
            Some(ValueResult::Integer(integer)) => Absent::Integer(*integer),
            Some(value) => panic!("no test has {value:?}"),
        };
        let (title, help) = (kept(&setting.title), kept(&setting.help));
        admit_guest::Setting { name: kept(&setting.name), title, help, kind, absent }
    }

    fn of_reason(reason: &types::Reason) -> admit_guest::Reason {
        let types::Presentation {
            error_id, http_status, user_message, fallback, mdm_fault, ..
        } = &reason.presentation;
        admit_guest::Reason {
            code: kept(&reason.code),
            title: kept(&reason.title),
            remedy: kept(&reason.remedy),
            presentation: admit_guest::Presentation {
                error_id: kept(error_id),
                http_status: *http_status,
                user_message: kept(user_message),
                retry: admit_guest::Retry::No,
                fallback: fallback.as_deref().map(kept),
                mdm_fault: mdm_fault.as_ref().map(|fault| admit_guest::MdmFault {
                    subcode: kept(&fault.subcode),
                    code: fault.code,
                }),
            },
        }
    }

    /// What is changed, and whether the description is good then.
    type Change = (&'static str, bool, fn(&mut Description));

    const CHANGES: [Change; 16] = [
        ("nothing", true, |_| ()),
        ("no `tid`", false, |about| about.claims.retain(|claim| claim != "tid")),
        ("no `oid`", false, |about| about.claims.retain(|claim| claim != "oid")),
        ("an empty claim", false, |about| about.claims.push(String::new())),
        ("a claim twice", false, |about| about.claims.push("tid".into())),
        ("64 claims", true, |about| about.claims.extend((0..62).map(|n| format!("c{n}")))),
        ("65 claims", false, |about| about.claims.extend((0..63).map(|n| format!("c{n}")))),
        ("a fact twice", false, |about| about.facts.push(about.facts[0].clone())),
        ("a setting twice", false, |about| about.settings.push(about.settings[0].clone())),
        ("a rule twice", false, |about| about.rules.push(about.rules[0].clone())),
        ("a reason twice", false, |about| about.reasons.push(about.reasons[0].clone())),
        ("status 399", false, |about| presentation(about).http_status = 399),
        ("status 600", false, |about| presentation(about).http_status = 600),
        ("another default", false, |about| {
            about.settings[0].default = Some(ValueResult::Text("a".into()));
        }),
        ("a number for yes or no", false, |about| {
            let setting = &mut about.settings[0];
            (setting.kind, setting.entry) = (SettingKind::Boolean, None);
            setting.default = Some(ValueResult::Integer(1));
        }),
        ("a code kept for the host", false, |about| about.reasons[0].code = "token.other".into()),
    ];

    #[test]
    fn the_guest_library_refuses_the_same_at_compile_time() {
        for (name, is_good, change) in CHANGES {
            let mut about = good();
            change(&mut about);
            assert_eq!(checked(&about).is_ok(), is_good, "{name}");
        }
        for reason in reason::HOST_REASONS {
            let mut about = good();
            about.reasons[0].code = reason.code.into();
            assert_eq!(checked(&about), Ok(()), "{}", reason.code);
        }
    }

    #[test]
    fn versions_are_semantic_here_and_at_compile_time() {
        let good =
            ["1.0.0", "0.0.0-a.1-b.0+01.x", "18446744073709551615.0.0", "1.2.3+-", "1.2.3--"];
        let bad = [
            "",
            "1",
            "1.0",
            "1.0.",
            "1.0.0.",
            "01.0.0",
            "1.00.0",
            "v1.0.0",
            "1.0.0-",
            "1.0.0-01",
            "1.0.0-a..b",
            "1.0.0+",
            "1.0.0+a..b",
            "18446744073709551616.0.0",
            "1.0.0 ",
            "1.0.0-\u{e9}",
            "-1.0.0",
            "1.0.0+a+b",
        ];
        for (versions, is_good) in [(&good[..], true), (&bad, false)] {
            for version in versions {
                let mut about = self::good();
                about.version = (*version).into();
                assert_eq!(checked(&about).is_ok(), is_good, "{version}");
            }
        }
    }

    const HIDDEN: [char; 12] = [
        '\0', '\u{1b}', '\r', '\u{7f}', '\u{9b}', '\u{61c}', '\u{200e}', '\u{202e}', '\u{2028}',
        '\u{2066}', '\u{2069}', '\u{85}',
    ];

    #[test]
    fn every_text_and_code_is_checked_for_what_does_not_show() {
        assert_eq!(checked(&good()), Ok(()));
        for field in TEXTS.into_iter().chain(CODES).chain(NAMES) {
            for hidden in HIDDEN {
                assert!(with(field, &format!("a{hidden}b")).is_err(), "{} {hidden:?}", field.0);
            }
        }
        let mut about = good();
        about.claims.push("x\u{202e}".into());
        assert!(checked(&about).is_err());
    }

    #[test]
    fn every_text_and_code_has_a_longest_length() {
        for (fields, longest) in [(&TEXTS[..], MAX_TEXT), (&CODES, MAX_CODE), (&NAMES, MAX_NAME)] {
            for field in fields {
                assert_eq!(with(*field, &"x".repeat(longest)), Ok(()), "{}", field.0);
                assert!(with(*field, &"x".repeat(longest + 1)).is_err(), "{}", field.0);
            }
        }
    }

    #[test]
    fn codes_are_visible_and_without_white_space() {
        for field in CODES {
            for code in ["", " ", "a b", "a\n", "\u{e9}"] {
                assert!(with(field, code).is_err(), "{} {code:?}", field.0);
            }
            assert_eq!(with(field, "s:A-z_0.9/{x}"), Ok(()), "{}", field.0);
        }
        assert_eq!(
            with(CODES[0], "a\u{202e}b").unwrap_err().to_string(),
            "settings `tags`: `a\\u{202e}b` cannot be `activity`; expected 1 to 256 visible ASCII \
             characters without white space"
        );
    }

    #[test]
    fn texts_may_have_lines_and_any_script() {
        for field in TEXTS {
            for text in ["", "One.\nTwo.", "Größe 漢 😀", "\u{645}\u{6cc}\u{200c}\u{62e}"] {
                assert_eq!(with(field, text), Ok(()), "{} {text:?}", field.0);
            }
        }
        assert_eq!(
            with(TEXTS[0], "a\u{1b}b").unwrap_err().to_string(),
            "summary `sample`: the text `a\\u{1b}b` has a control or direction character; expected \
             none but line ends"
        );
    }
}
