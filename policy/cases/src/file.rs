//! The form of a case file.

use std::rc::Rc;

use indexmap::IndexMap;
use semver::{Prerelease, Version, VersionReq};
use serde_json::{Map, Value, json};

use crate::base::BUILT_IN_BASES;
use crate::error::{CaseError, shown};
use crate::expect::{Expectation, expectation};
use crate::moment::{Moment, moment};
use crate::shape;
use crate::strict::{
    self, Form, Found, Kind, Origin, Shape, Wrong, list, named, names, object, of, text, text_of,
    whole,
};

/// The most bytes a case file may have.
pub const MAX_CASE_FILE_BYTES: usize = 1024 * 1024;

/// The time of each decision where a file does not say: 2026-01-01T00:00:00Z.
const USUAL_NOW: Moment = Moment(1_767_225_600);

const KIND: Kind = Kind { file: "a case file", has_notes: false, is_lenient: true };

shape! {
    /// Unit tests of a policy: what `admit test` and `admit diff` read and `admit pack` writes into a component.
    /// YAML, or JSON. A case starts from a set of claims, changes some of them, and says what must come out.
    /// What a case does not say is taken from the file.
    pub struct CaseFile () {
        /// The name of the policy, for example `windows-mdm`.
        pub policy: String = "policy", name().required("the name of the policy");
        /// The versions of the policy that the cases are for, comma-separated conditions as Cargo writes them,
        /// for example `>=1, <3`. Any version when absent.
        pub version: VersionReq = "version", versions(&[">=1, <2", "^2.1"]).or(VersionReq::STAR);
        /// The time of each decision. 2026-01-01T00:00:00Z when absent.
        pub now: Moment = "now", moment().or(USUAL_NOW);
        /// The settings of each case. Those of the release that the cases are played on when absent; then no
        /// case may change any.
        pub settings: Option<Map<String, Value>> = "settings", settings().optional();
        /// Sets of claims to start from, by name, besides the built-in `entra-v1` and `entra-v2`: the access
        /// tokens that Entra issues for a user.
        pub bases: IndexMap<String, Base> = "bases", bases().or(IndexMap::new());
        /// The set of claims of the cases that name none.
        pub base: Option<String> = "base", base_name().optional();
        /// The cases. After every matrix is expanded, no two may have one name, and there may be 10,000 at most.
        pub(crate) cases: Vec<AtLine<Entry>> = "cases", list(at_line(of_case())).required("a list of cases");
    }

    /// A set of claims to start from.
    pub struct Base () {
        /// The set that it changes; sets may build on one another up to 8 deep. It starts from nothing when
        /// absent.
        pub from: Option<String> = "from", base_name().optional();
        /// Claims that are added or changed; `null` removes one of `from`.
        pub claims: Map<String, Value> = "claims", claims().or(Map::new());
    }

    /// One case, or with `matrix` one for every combination.
    pub(crate) struct Entry () {
        /// What it shows. The cases of a matrix are named `NAME [LABEL, LABEL]`.
        pub(crate) name: String = "name", text().required("what the case shows");
        /// The versions of the policy that the case is for, among those of the file, for example `<3` for one
        /// that version 3 decides otherwise. All of them when absent.
        pub(crate) version: VersionReq = "version", versions(&["<3"]).or(VersionReq::STAR);
        /// The set of claims it starts from. That of the file when absent.
        pub(crate) base: Option<String> = "base", base_name().optional();
        /// Claims that are added or changed; `null` removes one.
        pub(crate) claims: Map<String, Value> = "claims", claims().or(Map::new());
        /// Changes to the settings of the file; `null` removes one.
        pub(crate) settings: Map<String, Value> = "settings", settings().or(Map::new());
        /// What the platform passes along with the token, by name; `null` removes one.
        pub(crate) facts: Map<String, Value> = "facts", facts().or(Map::new());
        /// The time of the decision. That of the file when absent.
        pub(crate) now: Option<Moment> = "now", moment().optional();
        /// What must come out. May be absent when every combination of the matrix says it.
        pub(crate) expect: Option<Expectation> = "expect", expectation().optional();
        /// The most fuel that the decision may cost without a trace, in Wasmtime's units.
        pub(crate) max_fuel: Option<u64> = "max_fuel", whole(0..=u64::MAX).optional();
        /// Axes by name. Every combination of one variant per axis is a case; the last axis varies first.
        pub(crate) matrix: IndexMap<String, Axis> = "matrix", names(axis()).or(IndexMap::new());
    }

    /// What one point of an axis changes, after the case itself and the axes before. Of `base`, `now` and
    /// `expect` the last axis that has one counts.
    pub(crate) struct Variant () {
        /// The set of claims it starts from.
        pub(crate) base: Option<String> = "base", base_name().optional();
        /// Claims that are added or changed; `null` removes one.
        pub(crate) claims: Map<String, Value> = "claims", claims().or(Map::new());
        /// Changes to the settings of the file; `null` removes one.
        pub(crate) settings: Map<String, Value> = "settings", settings().or(Map::new());
        /// What the platform passes along with the token, by name; `null` removes one.
        pub(crate) facts: Map<String, Value> = "facts", facts().or(Map::new());
        /// The time of the decision.
        pub(crate) now: Option<Moment> = "now", moment().optional();
        /// What must come out.
        pub(crate) expect: Option<Expectation> = "expect", expectation().optional();
    }
}

/// An axis of a matrix: labelled variants, in the order of the file.
pub(crate) type Axis = IndexMap<String, Variant>;

/// A value with the line that it begins on.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct AtLine<T> {
    pub(crate) line: u64,
    pub(crate) value: T,
}

fn at_line<T: 'static>(form: Form<T>) -> Form<AtLine<T>> {
    let form = Rc::new(form);
    let of_schema = Rc::clone(&form);
    Form::new(
        move || of_schema.schema(),
        move |found| {
            let line = match found.node.origin {
                Origin::File { line, .. } => line,
                _ => 0,
            };
            form.read(found).map(|value| AtLine { line, value })
        },
    )
}

fn of_case() -> Form<Entry> {
    of::<Entry>().named("case")
}

fn axis() -> Form<Axis> {
    let about = "Variants by label, at least one.";
    let axis = names(of::<Variant>().named("variant"));
    axis.with(move || json!({"description": about, "minProperties": 1})).named("axis")
}

/// A name of the contract. Names that no policy has are no problem of a file's form.
pub(crate) fn name() -> Form<String> {
    let about =
        "A name of the contract: 1 to 64 of a-z, 0-9, `_`, `-` and `.`, starting with a letter.";
    let pattern = "^[a-z][a-z0-9_.-]{0,63}$";
    text().with(move || json!({"description": about, "pattern": pattern})).named("name")
}

fn versions(examples: &'static [&str]) -> Form<VersionReq> {
    let read = |found: &Found<'_>| {
        let text = text_of(found)?;
        text.parse().map_err(|error| Wrong::Because(format!("`{}`: {error}", shown(text))))
    };
    Form::new(move || json!({"type": "string", "minLength": 1, "examples": examples}), read)
        .written(|versions: &VersionReq| versions.to_string().into())
}

fn base_name() -> Form<String> {
    let about =
        "The name of a set of claims: `entra-v1`, `entra-v2`, or one of the file's own `bases`.";
    text()
        .with(move || json!({"description": about, "examples": BUILT_IN_BASES}))
        .named("base_name")
}

fn bases() -> Form<IndexMap<String, Base>> {
    names(of::<Base>()).with(|| {
        let taken = json!({"description": "Built in; give yours another name.", "not": {}});
        let taken: Map<_, _> =
            BUILT_IN_BASES.iter().map(|name| ((*name).to_owned(), taken.clone())).collect();
        json!({
            "additionalProperties": false,
            "properties": taken,
            "patternProperties": {"^": named("base", Base::schema())},
        })
    })
}

/// Claims that editors know, with what they are: any others may stand beside them.
const CLAIMS: &str = include_str!("claims.json");

fn claims() -> Form<Map<String, Value>> {
    let about = "Claims that are added or changed, any JSON value; `null` removes one. A claim may have a wrong \
                 type on purpose.";
    let members = move || {
        let claims: IndexMap<String, String> =
            serde_json::from_str(CLAIMS).expect("the file of this crate");
        let described = |(name, about): (String, String)| (name, json!({"description": about}));
        json!({
            "description": about,
            "additionalProperties": false,
            "properties": claims.into_iter().map(described).collect::<Map<_, _>>(),
            "patternProperties": {"^": true},
        })
    };
    object().with(members).named("claims")
}

fn settings() -> Form<Map<String, Value>> {
    let about = "Settings of the policy by name, any JSON value; in a case `null` removes one.";
    object().with(move || json!({"description": about})).named("settings")
}

fn facts() -> Form<Map<String, Value>> {
    let about = "What the platform passes along with the token, by name, for example `account.exists`; `null` \
                 removes one.";
    object().with(move || json!({"description": about})).named("facts")
}

impl CaseFile {
    /// Reads a case file.
    ///
    /// # Errors
    ///
    /// [`CaseError`], with line and column of what is not of the form.
    pub fn parse(text: &str) -> Result<Self, CaseError> {
        Self::from_bytes(text.as_bytes())
    }

    /// Reads a case file of bytes.
    ///
    /// # Errors
    ///
    /// As [`CaseFile::parse`].
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, CaseError> {
        if bytes.len() > MAX_CASE_FILE_BYTES {
            return Err(CaseError::TooLarge { size: bytes.len() });
        }
        strict::read(&KIND, bytes, Self::read).map_err(CaseError::Form)
    }

    /// The published schema of a case file: `docs/cases.schema.json`.
    pub fn document() -> Value {
        strict::document("urn:admit:cases", "Case file", Self::schema())
    }

    /// Whether the file is for this policy in this version. A pre-release counts as what it is going
    /// to be.
    pub fn is_for(&self, policy: &str, version: &str) -> bool {
        self.policy == policy && is_among(version, &self.version)
    }
}

/// Whether a version is one of these. A pre-release counts as what it is going to be.
pub(crate) fn is_among(version: &str, versions: &VersionReq) -> bool {
    let Ok(mut version) = Version::parse(version) else {
        return false;
    };
    let matches = versions.matches(&version);
    version.pre = Prerelease::EMPTY;
    matches || versions.matches(&version)
}
