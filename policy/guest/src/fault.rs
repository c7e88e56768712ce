//! What a host would refuse in a policy's tables, found while the policy is compiled.
//!
//! Everything here is a constant function, so that [`export!`](crate::export) can ask at compile
//! time: the compiler then says what is wrong, before there is a component. What is checked, and in
//! which order, is what the host checks in a description (`host/engine/src/description/check.rs`);
//! a test there holds the two to the same answers.
#![expect(
    clippy::indexing_slicing,
    clippy::panic,
    reason = "constant functions have no iterators; the indices are below the lengths"
)]

use crate::about::{About, Absent, Entry, Fact, Kind, Presentation, Reason, Setting};
use crate::next::is_same;

const MAX_NAME: usize = 64;
const MAX_CLAIM_NAME: usize = 128;
const MAX_TEXT: usize = 2_000;
const MAX_CODE: usize = 256;
const MAX_ITEMS: usize = 64;
const MAX_REASONS: usize = 128;

/// The codes of the host in families that are kept for it, and `host.resources`.
const HOST_CODES: [&str; 22] = [
    "token.malformed",
    "token.too_large",
    "token.header",
    "token.algorithm",
    "token.key",
    "token.signature",
    "token.claims",
    "token.issuer",
    "token.expired",
    "token.not_yet_valid",
    "token.lifetime",
    "keys.unavailable",
    "policy.failed",
    "policy.answer",
    "policy.limit.fuel",
    "policy.limit.time",
    "policy.limit.memory",
    "policy.limit.stack",
    "policy.limit.transfer",
    "policy.limit.instances",
    "host.resources",
    "gate.empty",
];

/// What is wrong with a policy's tables, in one line.
#[derive(Clone, Copy, Debug)]
pub struct Fault {
    bytes: [u8; Self::ROOM],
    length: usize,
}

impl Fault {
    const ROOM: usize = 400;

    /// The parts, one after the other; what is not visible ASCII shows as `?`.
    const fn new(parts: &[&str]) -> Self {
        let mut fault = Self { bytes: [0; Self::ROOM], length: 0 };
        let mut part = 0;
        while part < parts.len() {
            let bytes = parts[part].as_bytes();
            let mut index = 0;
            while index < bytes.len() && index < MAX_CLAIM_NAME && fault.length < Self::ROOM {
                fault.bytes[fault.length] =
                    if matches!(bytes[index], b' '..=b'~') { bytes[index] } else { b'?' };
                fault.length += 1;
                index += 1;
            }
            part += 1;
        }
        fault
    }

    /// What is wrong.
    #[must_use]
    pub const fn text(&self) -> &str {
        match str::from_utf8(self.bytes.split_at(self.length).0) {
            Ok(text) => text,
            Err(_) => "a fault",
        }
    }
}

/// Leaves the function with a fault, if there is one.
macro_rules! sound {
    ($check:expr) => {
        if let Some(fault) = $check {
            return Some(fault);
        }
    };
}

/// The first thing that a host would refuse in these tables; none if there is nothing.
#[must_use]
pub const fn fault<P>(about: &About<P>) -> Option<Fault> {
    sound!(name("name", about.name));
    sound!(version(about.version));
    sound!(text("summary", about.name, about.summary));
    sound!(claims(about.claims));
    sound!(facts(about.facts));
    sound!(settings(about.settings));
    sound!(rules(about));
    reasons(about.reasons, about.host_reasons)
}

/// Ends the compilation if a host would refuse these tables.
///
/// # Panics
///
/// With what is wrong.
pub const fn check<P>(about: &About<P>) {
    if let Some(fault) = fault(about) {
        panic!("{}", fault.text());
    }
}

const fn claims(claims: &[&str]) -> Option<Fault> {
    sound!(count("claims", claims.len(), MAX_ITEMS));
    let mut index = 0;
    while index < claims.len() {
        let claim = claims[index];
        let (length, hides) = look(claim, false);
        if length == 0 || length > MAX_CLAIM_NAME || hides {
            return Some(Fault::new(&[
                "claims: `",
                claim,
                "` is not the name of a claim; expected 1 to 128 visible characters",
            ]));
        }
        if is_in(claims, claim, index) {
            return twice("claims", claim);
        }
        index += 1;
    }
    if !is_in(claims, "tid", claims.len()) {
        return Some(Fault::new(&["claims: `tid` is missing; identity is `tid` with `oid`"]));
    }
    if !is_in(claims, "oid", claims.len()) {
        return Some(Fault::new(&["claims: `oid` is missing; identity is `tid` with `oid`"]));
    }
    None
}

const fn facts(facts: &[Fact]) -> Option<Fault> {
    sound!(count("facts", facts.len(), MAX_ITEMS));
    let mut index = 0;
    while index < facts.len() {
        sound!(name("facts", facts[index].name));
        let mut before = 0;
        while before < index {
            if is_same(facts[before].name, facts[index].name) {
                return twice("facts", facts[index].name);
            }
            before += 1;
        }
        sound!(text("facts", facts[index].name, facts[index].summary));
        index += 1;
    }
    None
}

const fn settings(settings: &[Setting]) -> Option<Fault> {
    sound!(count("settings", settings.len(), MAX_ITEMS));
    let mut index = 0;
    while index < settings.len() {
        sound!(name("settings", settings[index].name));
        let mut before = 0;
        while before < index {
            if is_same(settings[before].name, settings[index].name) {
                return twice("settings", settings[index].name);
            }
            before += 1;
        }
        sound!(setting(&settings[index]));
        index += 1;
    }
    None
}

const fn setting(setting: &Setting) -> Option<Fault> {
    sound!(text("settings", setting.name, setting.title));
    sound!(text("settings", setting.name, setting.help));
    if let Kind::Choice(choices) | Kind::Choices(choices, _) = setting.kind {
        sound!(texts(setting.name, choices));
    }
    let fits = match setting.absent {
        Absent::Refused => true,
        Absent::Text(default) => {
            sound!(text("settings", setting.name, default));
            matches!(setting.kind, Kind::Text | Kind::Guid | Kind::Url | Kind::Choice(_))
        }
        Absent::Texts(defaults) => {
            sound!(texts(setting.name, defaults));
            matches!(setting.kind, Kind::Texts(_) | Kind::Guids(_) | Kind::Choices(..))
        }
        Absent::Integer(_) => matches!(setting.kind, Kind::Integer),
        Absent::Boolean(_) => matches!(setting.kind, Kind::Boolean),
    };
    if !fits {
        return Some(Fault::new(&[
            "settings `",
            setting.name,
            "`: the default does not have the type of its kind",
        ]));
    }
    match setting.kind {
        Kind::Texts(entry) | Kind::Guids(entry) | Kind::Choices(_, entry) => {
            let Entry { noun, activity, detail } = entry;
            sound!(text("settings", setting.name, noun));
            sound!(code("settings", setting.name, "activity", activity));
            code("settings", setting.name, "detail", detail)
        }
        _ => None,
    }
}

const fn texts(setting: &str, texts: &[&str]) -> Option<Fault> {
    let mut index = 0;
    while index < texts.len() {
        sound!(text("settings", setting, texts[index]));
        index += 1;
    }
    None
}

const fn rules<P>(about: &About<P>) -> Option<Fault> {
    sound!(count("rules", about.rules.len(), MAX_ITEMS));
    let mut index = 0;
    while index < about.rules.len() {
        let rule = &about.rules[index];
        sound!(name("rules", rule.name));
        let mut before = 0;
        while before < index {
            if is_same(about.rules[before].name, rule.name) {
                return twice("rules", rule.name);
            }
            before += 1;
        }
        sound!(text("rules", rule.name, rule.summary));
        index += 1;
    }
    None
}

const fn reasons(own: &[Reason], of_host: &[Reason]) -> Option<Fault> {
    sound!(count("reasons", own.len() + of_host.len(), MAX_REASONS));
    let mut index = 0;
    while index < own.len() + of_host.len() {
        let reason = nth(own, of_host, index);
        sound!(name("reasons", reason.code));
        let mut before = 0;
        while before < index {
            if is_same(nth(own, of_host, before).code, reason.code) {
                return twice("reasons", reason.code);
            }
            before += 1;
        }
        sound!(self::reason(reason));
        index += 1;
    }
    None
}

const fn nth<'a>(own: &'a [Reason], of_host: &'a [Reason], index: usize) -> &'a Reason {
    if index < own.len() { &own[index] } else { &of_host[index - own.len()] }
}

const fn reason(reason: &Reason) -> Option<Fault> {
    let Reason { code: of, title, remedy, presentation } = *reason;
    if is_reserved(of) && !is_in(&HOST_CODES, of, HOST_CODES.len()) {
        return Some(Fault::new(&[
            "reasons: `",
            of,
            "` is kept for the host, which has no such code",
        ]));
    }
    let Presentation { error_id, http_status, user_message, fallback, mdm_fault, .. } =
        presentation;
    sound!(text("reasons", of, title));
    sound!(text("reasons", of, remedy));
    sound!(text("reasons", of, user_message));
    sound!(code("reasons", of, "error_id", error_id));
    if let Some(fallback) = fallback {
        sound!(code("reasons", of, "fallback", fallback));
    }
    if let Some(fault) = mdm_fault {
        sound!(code("reasons", of, "subcode", fault.subcode));
    }
    if http_status < 400 || http_status > 599 {
        return Some(Fault::new(&["reasons `", of, "`: HTTP status; expected 400 to 599"]));
    }
    None
}

/// Whether only the host may decide with this code.
const fn is_reserved(code: &str) -> bool {
    starts_with(code, "token.")
        || starts_with(code, "keys.")
        || starts_with(code, "policy.")
        || starts_with(code, "gate.")
        || is_same(code, "host.resources")
}

const fn starts_with(text: &str, start: &str) -> bool {
    match text.as_bytes().split_at_checked(start.len()) {
        Some((first, _)) => match str::from_utf8(first) {
            Ok(first) => is_same(first, start),
            Err(_) => false,
        },
        None => false,
    }
}

/// Whether the name is among the first `first` names.
const fn is_in(names: &[&str], name: &str, first: usize) -> bool {
    let mut index = 0;
    while index < first {
        if is_same(names[index], name) {
            return true;
        }
        index += 1;
    }
    false
}

const fn twice(list: &str, name: &str) -> Option<Fault> {
    Some(Fault::new(&[list, ": `", name, "` is there twice"]))
}

const fn count(list: &str, count: usize, limit: usize) -> Option<Fault> {
    if count <= limit {
        return None;
    }
    let limit = if limit == MAX_REASONS { "128" } else { "64" };
    Some(Fault::new(&[list, ": too many items; expected at most ", limit]))
}

const fn name(list: &str, name: &str) -> Option<Fault> {
    let bytes = name.as_bytes();
    let mut is_name = !bytes.is_empty() && bytes.len() <= MAX_NAME && bytes[0].is_ascii_lowercase();
    let mut index = 0;
    while is_name && index < bytes.len() {
        is_name = matches!(bytes[index], b'a'..=b'z' | b'0'..=b'9' | b'_' | b'-' | b'.');
        index += 1;
    }
    if is_name {
        return None;
    }
    Some(Fault::new(&[
        list,
        ": `",
        name,
        "` is not a name; expected 1 to 64 of a-z, 0-9, `_`, `-`, `.`, starting with a letter",
    ]))
}

const fn text(list: &str, name: &str, text: &str) -> Option<Fault> {
    let (length, hides) = look(text, true);
    if length > MAX_TEXT {
        return Some(Fault::new(&[
            list,
            " `",
            name,
            "`: a text is too long; expected at most 2000 characters",
        ]));
    }
    if hides {
        return Some(Fault::new(&[
            list,
            " `",
            name,
            "`: a text has a control or direction character; expected none but line ends",
        ]));
    }
    None
}

/// Checks a code, which programs compare and which stands in answers and logs.
const fn code(list: &str, name: &str, part: &str, code: &str) -> Option<Fault> {
    let bytes = code.as_bytes();
    let mut is_code = !bytes.is_empty() && bytes.len() <= MAX_CODE;
    let mut index = 0;
    while is_code && index < bytes.len() {
        is_code = matches!(bytes[index], b'!'..=b'~');
        index += 1;
    }
    if is_code {
        return None;
    }
    Some(Fault::new(&[
        list,
        " `",
        name,
        "`: `",
        code,
        "` cannot be `",
        part,
        "`; expected 1 to 256 visible ASCII characters without white space",
    ]))
}

/// Checks a semantic version (semver.org).
const fn version(version: &str) -> Option<Fault> {
    if version.len() <= MAX_NAME && is_version(version.as_bytes()) {
        return None;
    }
    Some(Fault::new(&[
        "version: `",
        version,
        "` is not a semantic version; expected for example `2.0.0`",
    ]))
}

const fn is_version(text: &[u8]) -> bool {
    let (mut at, mut part) = (0, 0);
    while part < 3 {
        let start = at;
        let mut number: Option<u64> = Some(0);
        while at < text.len() && text[at].is_ascii_digit() {
            number = match number {
                Some(number) => match number.checked_mul(10) {
                    Some(number) => number.checked_add((text[at] - b'0') as u64),
                    None => None,
                },
                None => None,
            };
            at += 1;
        }
        let has_leading_zero = at - start > 1 && text[start] == b'0';
        if at == start || has_leading_zero || number.is_none() {
            return false;
        }
        part += 1;
        if part < 3 {
            if at >= text.len() || text[at] != b'.' {
                return false;
            }
            at += 1;
        }
    }
    if at < text.len() && text[at] == b'-' {
        match identifiers(text, at + 1, true) {
            Some(end) => at = end,
            None => return false,
        }
    }
    if at < text.len() && text[at] == b'+' {
        match identifiers(text, at + 1, false) {
            Some(end) => at = end,
            None => return false,
        }
    }
    at == text.len()
}

/// Reads identifiers between dots; says where they end. Of a pre-release, a number has no leading
/// zeros.
const fn identifiers(text: &[u8], mut at: usize, is_pre_release: bool) -> Option<usize> {
    loop {
        let start = at;
        let mut is_number = true;
        while at < text.len() && (text[at].is_ascii_alphanumeric() || text[at] == b'-') {
            is_number = is_number && text[at].is_ascii_digit();
            at += 1;
        }
        let has_leading_zero = is_number && at - start > 1 && text[start] == b'0';
        if at == start || is_pre_release && has_leading_zero {
            return None;
        }
        if at >= text.len() || text[at] != b'.' {
            return Some(at);
        }
        at += 1;
    }
}

/// How many characters a text has, and whether one controls a terminal, ends a line or turns the text
/// around it.
const fn look(text: &str, may_end_lines: bool) -> (usize, bool) {
    let bytes = text.as_bytes();
    let (mut index, mut length, mut hides) = (0, 0, false);
    while index < bytes.len() {
        let byte = bytes[index];
        let size = size(byte);
        hides |= match size {
            1 => byte.is_ascii_control() && !(may_end_lines && byte == b'\n'),
            2 => is_hidden(two(bytes, index)),
            3 => is_hidden((byte as u32 & 0x0f) << 12 | two(bytes, index + 1) & 0xfff),
            _ => false,
        };
        index += size;
        length += 1;
    }
    (length, hides)
}

/// The bytes of the character that begins with this one.
const fn size(first: u8) -> usize {
    match first {
        0..=0x7f => 1,
        0x80..=0xdf => 2,
        0xe0..=0xef => 3,
        _ => 4,
    }
}

/// The low bits of two bytes of a character.
const fn two(bytes: &[u8], index: usize) -> u32 {
    (bytes[index] as u32 & 0x3f) << 6 | bytes[index + 1] as u32 & 0x3f
}

/// Characters of two and three bytes that control, end lines or turn text (Unicode UAX #9).
const fn is_hidden(character: u32) -> bool {
    matches!(
        character,
        0x80..=0x9f | 0x61c | 0x200e | 0x200f | 0x2028..=0x202e | 0x2066..=0x2069
    )
}
