//! A strict reader of the text format, so that tests see what a scraper would.
//!
//! Source: OpenMetrics 1.0, "Text format".

use std::collections::{BTreeMap, HashSet};

/// What a scrape holds: values by series, as written.
#[derive(Debug)]
pub(super) struct Exposition {
    samples: BTreeMap<String, f64>,
}

/// A sample's name, its labels in order, and its value.
struct Sample<'a> {
    name: &'a str,
    labels: Vec<(&'a str, String)>,
    value: f64,
}

struct Family<'a> {
    name: &'a str,
    kind: &'a str,
    samples: Vec<Sample<'a>>,
}

impl Exposition {
    /// Reads a scrape; panics at the first thing that the format does not allow.
    pub(super) fn read(text: &str) -> Self {
        let body = text.strip_suffix("# EOF\n").expect("ends with EOF");
        let mut families: Vec<Family<'_>> = Vec::new();
        let mut lines = body.split_terminator('\n').peekable();
        while let Some(line) = lines.next() {
            let name = help(line);
            let kind = of_family(lines.next().expect("a type"), "TYPE", name);
            if let Some(unit) = lines.next_if(|line| line.starts_with("# UNIT")) {
                let unit = of_family(unit, "UNIT", name);
                assert!(name.ends_with(&format!("_{unit}")), "{name} in {unit}");
            }
            let mut samples = Vec::new();
            while let Some(line) = lines.next_if(|line| !line.starts_with('#')) {
                samples.push(sample(line));
            }
            families.push(Family { name, kind, samples });
        }
        let names: HashSet<&str> = families.iter().map(|family| family.name).collect();
        assert_eq!(names.len(), families.len(), "a family is there twice");
        families.iter().for_each(check);
        let series = families.iter().flat_map(|family| &family.samples);
        let mut samples = BTreeMap::new();
        for sample in series {
            let twice = samples.insert(shown(sample), sample.value);
            assert_eq!(twice, None, "{} twice", shown(sample));
        }
        Self { samples }
    }

    /// The value of a series, written as in the text.
    pub(super) fn value(&self, series: &str) -> Option<f64> {
        self.samples.get(series).copied()
    }

    /// Every series that begins so.
    pub(super) fn series(&self, start: &str) -> Vec<&str> {
        self.samples.keys().map(|name| &**name).filter(|name| name.starts_with(start)).collect()
    }
}

fn help(line: &str) -> &str {
    let (name, text) = line
        .strip_prefix("# HELP ")
        .and_then(|rest| rest.split_once(' '))
        .unwrap_or_else(|| panic!("help expected: {line}"));
    assert!(is_name(name) && text.ends_with('.') && !text.ends_with(".."), "{line}");
    name
}

fn of_family<'a>(line: &'a str, what: &str, name: &str) -> &'a str {
    let prefix = format!("# {what} {name} ");
    line.strip_prefix(&*prefix).unwrap_or_else(|| panic!("{prefix}expected: {line}"))
}

fn is_name(text: &str) -> bool {
    let starts = text.starts_with(|c: char| c.is_ascii_lowercase());
    starts && text.bytes().all(|byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'_'))
}

fn sample(line: &str) -> Sample<'_> {
    let end = line.find(['{', ' ']).unwrap_or_else(|| panic!("no value: {line}"));
    let (name, rest) = line.split_at(end);
    assert!(is_name(name), "{line}");
    let (labels, rest) = match rest.strip_prefix('{') {
        Some(rest) => labels(rest),
        None => (Vec::new(), rest),
    };
    let value = rest.strip_prefix(' ').expect("one space");
    let value = value.parse().unwrap_or_else(|_| panic!("no number: {line}"));
    Sample { name, labels, value }
}

/// The labels up to `}`, and what follows it.
fn labels(mut rest: &str) -> (Vec<(&str, String)>, &str) {
    let mut labels = Vec::new();
    loop {
        let (name, value) = rest.split_once("=\"").expect("a label");
        assert!(is_name(name), "label {name}");
        let (value, after) = quoted(value);
        labels.push((name, value));
        match after.split_at(1) {
            (",", after) => rest = after,
            ("}", after) => return (labels, after),
            _ => panic!("`,` or `}}` expected: {after}"),
        }
    }
}

/// The text up to the closing quote, and what follows that.
fn quoted(text: &str) -> (String, &str) {
    let mut value = String::new();
    let mut chars = text.char_indices();
    while let Some((index, c)) = chars.next() {
        match c {
            '"' => return (value, &text[index + 1..]),
            '\\' => match chars.next() {
                Some((_, 'n')) => value.push('\n'),
                Some((_, c @ ('"' | '\\'))) => value.push(c),
                other => panic!("escape {other:?}"),
            },
            c => value.push(c),
        }
    }
    panic!("no closing quote: {text}")
}

/// What the kind of a family asks of its samples.
fn check(family: &Family<'_>) {
    assert!(!family.samples.is_empty(), "{} without samples", family.name);
    for sample in &family.samples {
        let suffix = sample.name.strip_prefix(family.name).expect("a sample of its family");
        let fits = match family.kind {
            "counter" => suffix == "_total" && sample.value >= 0.0 && sample.value.fract() == 0.0,
            "gauge" => suffix.is_empty() && sample.value.is_finite(),
            "info" => suffix == "_info" && sample.value == 1.0,
            "histogram" => ["_sum", "_count", "_bucket"].contains(&suffix) && sample.value >= 0.0,
            kind => panic!("kind {kind}"),
        };
        assert!(fits, "{} {} as {}", shown(sample), sample.value, family.kind);
    }
    if family.kind == "histogram" {
        check_histograms(family);
    }
}

/// Bounds rise, counts do not fall, and the last bucket is the count.
fn check_histograms(family: &Family<'_>) {
    let mut samples = family.samples.iter();
    while let Some(sum) = samples.next() {
        assert_eq!(sum.name, format!("{}_sum", family.name));
        let count = samples.next().expect("a count");
        assert_eq!((count.name, &count.labels), (&*format!("{}_count", family.name), &sum.labels));
        let (mut bound, mut below) = (0.0, 0.0);
        while bound != f64::INFINITY {
            let bucket = samples.next().expect("a bucket");
            assert_eq!(bucket.name, format!("{}_bucket", family.name));
            let (le, rest) = bucket.labels.split_first().expect("a bound");
            assert_eq!((le.0, rest), ("le", &*count.labels));
            let next: f64 = le.1.parse().expect("a bound");
            assert!(next > bound && bucket.value >= below, "{}", shown(bucket));
            (bound, below) = (next, bucket.value);
        }
        assert_eq!(below, count.value, "{}", shown(count));
    }
}

fn shown(sample: &Sample<'_>) -> String {
    let labels = sample.labels.iter().map(|(name, value)| format!("{name}={value:?}"));
    match &*labels.collect::<Vec<_>>().join(",") {
        "" => sample.name.to_owned(),
        labels => format!("{}{{{labels}}}", sample.name),
    }
}
