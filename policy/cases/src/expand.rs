//! From the form of a file to its cases.

use std::collections::HashSet;

use serde_json::Map;

use crate::base::{self, BUILT_IN_BASES, change};
use crate::budget::{self, Budget};
use crate::case::Case;
use crate::error::{CaseError, shown};
use crate::file::{AtLine, CaseFile, Entry, Variant, is_among};

/// The most axes of a matrix.
const MAX_AXES: usize = 8;

/// The most characters of a case's name, labels included.
const MAX_NAME_CHARS: usize = 300;

impl CaseFile {
    /// The cases in the order of the file, each matrix as one case per combination; the last axis
    /// varies first.
    ///
    /// # Errors
    ///
    /// [`CaseError::Case`] for what refers to nothing, is there twice or is missing;
    /// [`CaseError::Base`] for a set with a name of the built-in ones; [`CaseError::TooMany`],
    /// [`CaseError::TooMuch`].
    pub fn cases(&self) -> Result<Vec<Case>, CaseError> {
        self.expand(None, &mut Budget::new())
    }

    /// As [`CaseFile::cases`], without those that are for other versions of the policy than this one.
    ///
    /// # Errors
    ///
    /// As [`CaseFile::cases`].
    pub fn cases_for(&self, version: &str) -> Result<Vec<Case>, CaseError> {
        self.cases_within(version, &mut Budget::new())
    }

    pub(crate) fn cases_within(
        &self,
        version: &str,
        budget: &mut Budget,
    ) -> Result<Vec<Case>, CaseError> {
        self.expand(Some(version), budget)
    }

    /// The cases for one version, or for any.
    fn expand(&self, version: Option<&str>, budget: &mut Budget) -> Result<Vec<Case>, CaseError> {
        if let Some(name) = BUILT_IN_BASES.into_iter().find(|name| self.bases.contains_key(*name)) {
            let problem = "is built in; give yours another name, and say `from`".to_owned();
            return Err(CaseError::Base { base: name.to_owned(), problem });
        }
        let mut cases = Vec::new();
        let mut names = HashSet::new();
        let is_wanted =
            |entry: &Entry| version.is_none_or(|version| is_among(version, &entry.version));
        for AtLine { line, value: entry } in &self.cases {
            if !is_wanted(entry) {
                continue;
            }
            // Cases for different versions may share a name, as long as no version has both.
            let versions = version.is_none().then(|| entry.version.to_string());
            let line = *line;
            let points = points(entry, line)?;
            budget.take_cases(points, line)?;
            for index in 0..points {
                let point = Point::at(entry, index);
                let case = self.case(entry, &point, line, budget)?;
                if !names.insert((case.name.clone(), versions.clone())) {
                    let problem = "there is another case of this name";
                    return Err(problem_of(&case.name, line, problem));
                }
                cases.push(case);
            }
        }
        Ok(cases)
    }

    fn case(
        &self,
        entry: &Entry,
        point: &Point<'_>,
        line: u64,
        budget: &mut Budget,
    ) -> Result<Case, CaseError> {
        let name = point.name(&entry.name);
        let problem = |problem: &str| problem_of(&name, line, problem);
        if name.chars().count() > MAX_NAME_CHARS {
            return Err(problem("the name is longer than 300 characters, labels included"));
        }
        let now = point.last(|variant| variant.now).or(entry.now).unwrap_or(self.now).0;
        let base = point.last(|variant| variant.base.as_deref()).or(entry.base.as_deref());
        let base = base.or(self.base.as_deref()).ok_or_else(|| {
            problem("has no `base`; expected the name of a set of claims, here or for the file")
        })?;
        let expect = point.last(|variant| variant.expect.as_ref()).or(entry.expect.as_ref());
        let expect = expect.ok_or_else(|| {
            problem("has no `expect`; expected `allow`, `ask`, `deny` or `invalid`")
        })?;
        let room = self.weight(entry, point) + base::weight(self, base) + expect.weight();
        budget.take_bytes(room + 2 * budget::text(&name), line)?;
        let claims = base::claims(self, base, now);
        let mut claims = claims.map_err(|error| problem(&error.to_string()))?;
        let mut facts = Map::new();
        let mut changes = entry.settings.clone();
        change(&mut claims, &entry.claims);
        change(&mut facts, &entry.facts);
        for variant in &point.variants {
            change(&mut claims, &variant.claims);
            change(&mut facts, &variant.facts);
            // Not `change`: a `null` still has to remove the file's setting.
            changes.extend(variant.settings.clone());
        }
        let settings = match &self.settings {
            Some(of_file) => {
                let mut settings = Map::new();
                change(&mut settings, of_file);
                change(&mut settings, &changes);
                Some(settings)
            }
            None if changes.is_empty() => None,
            None => return Err(problem("changes settings, but the file has none to change")),
        };
        let (expect, max_fuel) = (expect.clone(), entry.max_fuel);
        Ok(Case { name, line, claims, facts, settings, now, expect, max_fuel })
    }

    /// What a case takes of the file, the entry and its variants.
    fn weight(&self, entry: &Entry, point: &Point<'_>) -> usize {
        let of_variant = |variant: &&Variant| {
            [&variant.claims, &variant.facts, &variant.settings].map(budget::members)
        };
        let of_entry = [&entry.claims, &entry.facts, &entry.settings].map(budget::members);
        let of_variants = point.variants.iter().flat_map(of_variant);
        let of_file = self.settings.as_ref().map_or(0, budget::members);
        of_entry.into_iter().chain(of_variants).sum::<usize>() + of_file
    }
}

/// One combination of a matrix: a label and a variant of each axis.
struct Point<'a> {
    labels: Vec<&'a str>,
    variants: Vec<&'a Variant>,
}

impl<'a> Point<'a> {
    /// The combination with this number; the last axis counts up first.
    fn at(entry: &'a Entry, index: usize) -> Self {
        let mut rest = index;
        let mut chosen = Vec::new();
        for axis in entry.matrix.values().rev() {
            chosen.extend(axis.get_index(rest % axis.len().max(1)));
            rest /= axis.len().max(1);
        }
        chosen.reverse();
        let labels = chosen.iter().map(|(label, _)| label.as_str()).collect();
        Self { labels, variants: chosen.into_iter().map(|(_, variant)| variant).collect() }
    }

    fn name(&self, entry: &str) -> String {
        if self.labels.is_empty() {
            return entry.to_owned();
        }
        format!("{entry} [{}]", self.labels.join(", "))
    }

    /// What the last variant that speaks of it says.
    fn last<T>(&self, member: impl Fn(&'a Variant) -> Option<T>) -> Option<T> {
        self.variants.iter().rev().find_map(|variant| member(variant))
    }
}

/// How many combinations an entry's matrix has; one for an entry without.
fn points(entry: &Entry, line: u64) -> Result<usize, CaseError> {
    if entry.matrix.len() > MAX_AXES {
        let problem = format!("{} axes; expected at most {MAX_AXES}", entry.matrix.len());
        return Err(problem_of(&entry.name, line, &problem));
    }
    if let Some((name, _)) = entry.matrix.iter().find(|(_, axis)| axis.is_empty()) {
        let problem = format!("axis `{}` has no variant", shown(name));
        return Err(problem_of(&entry.name, line, &problem));
    }
    Ok(entry.matrix.values().fold(1, |points, axis| points.saturating_mul(axis.len())))
}

fn problem_of(case: &str, line: u64, problem: &str) -> CaseError {
    CaseError::Case { line, case: shown(case), problem: problem.to_owned() }
}
