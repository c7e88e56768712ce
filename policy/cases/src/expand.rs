//! From the form of a file to its cases.

use std::collections::HashSet;

use serde_json::Map;

use crate::base::{self, BUILT_IN_BASES, change};
use crate::case::Case;
use crate::error::{CaseError, shown};
use crate::file::{CaseFile, Entry, Variant};

/// The most cases a file, or all files of a component, may come to.
pub(crate) const MAX_CASES: usize = 10_000;

/// The most room that the values of a file's cases may take, in bytes: a small file with a large
/// matrix repeats its claims in every case.
const MAX_EXPANDED_BYTES: usize = 64 * 1024 * 1024;

impl CaseFile {
    /// The cases in the order of the file, each matrix as one case per combination; the last axis
    /// varies first.
    ///
    /// # Errors
    ///
    /// [`CaseError::Case`] or [`CaseError::Base`] for what refers to nothing, is there twice or is
    /// missing; [`CaseError::TooMany`], [`CaseError::TooMuch`].
    pub fn cases(&self) -> Result<Vec<Case>, CaseError> {
        if let Some(name) = BUILT_IN_BASES.into_iter().find(|name| self.bases.contains_key(*name)) {
            let problem = "is built in; give yours another name, and say `from`".to_owned();
            return Err(CaseError::Base { base: name.to_owned(), problem });
        }
        let mut cases = Vec::new();
        let mut room = MAX_EXPANDED_BYTES;
        let mut names = HashSet::new();
        for entry in &self.cases {
            let line = entry.referenced.line();
            for point in points(&entry.value, line, MAX_CASES - cases.len())? {
                let case = self.case(&entry.value, &point, line)?;
                if !names.insert(case.name.clone()) {
                    let problem = "there is another case of this name";
                    return Err(problem_of(&case.name, line, problem));
                }
                let weight = case.weight();
                room = room.checked_sub(weight).ok_or(CaseError::TooMuch { line })?;
                cases.push(case);
            }
        }
        Ok(cases)
    }

    fn case(&self, entry: &Entry, point: &Point<'_>, line: u64) -> Result<Case, CaseError> {
        let name = point.name(&entry.name);
        let problem = |problem: &str| problem_of(&name, line, problem);
        let now = point.last(|variant| variant.now).or(entry.now).unwrap_or(self.now).0;
        let base = point.last(|variant| variant.base.as_deref()).or(entry.base.as_deref());
        let base = base.or(self.base.as_deref()).ok_or_else(|| {
            problem("has no `base`; expected the name of a set of claims, here or for the file")
        })?;
        let expect = point.last(|variant| variant.expect.clone()).or_else(|| entry.expect.clone());
        let expect = expect.ok_or_else(|| {
            problem("has no `expect`; expected `allow`, `ask`, `deny` or `invalid`")
        })?;
        let mut claims = base::claims(self, base, now)?;
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
        let mut settings = self.settings.clone();
        match &mut settings {
            Some(settings) => change(settings, &changes),
            None if changes.is_empty() => {}
            None => return Err(problem("changes settings, but the file has none to change")),
        }
        let max_fuel = entry.max_fuel;
        Ok(Case { name, line, claims, facts, settings, now, expect, max_fuel })
    }
}

/// One combination of a matrix: a label and a variant of each axis.
#[derive(Clone, Default)]
struct Point<'a> {
    labels: Vec<&'a str>,
    variants: Vec<&'a Variant>,
}

impl<'a> Point<'a> {
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

/// The combinations of an entry's matrix; one empty point for an entry without.
fn points(entry: &Entry, line: u64, room: usize) -> Result<Vec<Point<'_>>, CaseError> {
    let mut points = vec![Point::default()];
    for (name, axis) in &entry.matrix {
        if axis.is_empty() {
            return Err(problem_of(
                &entry.name,
                line,
                &format!("axis `{}` has no variant", shown(name)),
            ));
        }
        if points.len().saturating_mul(axis.len()) > room {
            return Err(CaseError::TooMany { line, limit: MAX_CASES });
        }
        points = points.iter().flat_map(|point| extended(point, axis)).collect();
    }
    if points.len() > room {
        return Err(CaseError::TooMany { line, limit: MAX_CASES });
    }
    Ok(points)
}

fn extended<'a>(point: &Point<'a>, axis: &'a crate::file::Axis) -> impl Iterator<Item = Point<'a>> {
    axis.iter().map(move |(label, variant)| {
        let mut point = point.clone();
        point.labels.push(label);
        point.variants.push(variant);
        point
    })
}

fn problem_of(case: &str, line: u64, problem: &str) -> CaseError {
    CaseError::Case { line, case: shown(case), problem: problem.to_owned() }
}
