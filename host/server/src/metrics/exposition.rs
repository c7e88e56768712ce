//! The series of a scrape. What else the format asks for is checked by `make monitoring`, with promtool.

use std::collections::BTreeMap;

/// What a scrape holds: values by series, as written.
#[derive(Debug)]
pub(super) struct Exposition {
    samples: BTreeMap<String, f64>,
}

impl Exposition {
    /// Reads a scrape; panics where it has a series twice, a value that is no number, or a help that is no
    /// sentence.
    pub(super) fn read(text: &str) -> Self {
        let body = text.strip_suffix("# EOF\n").expect("ends with EOF");
        let mut samples = BTreeMap::new();
        for line in body.split_terminator('\n') {
            if line.starts_with('#') {
                let is_help = line.starts_with("# HELP ");
                assert!(!is_help || line.ends_with('.') && !line.ends_with(".."), "{line}");
                continue;
            }
            let (series, value) = line.rsplit_once(' ').expect("a value");
            let value = value.parse().unwrap_or_else(|_| panic!("no number: {line}"));
            assert_eq!(samples.insert(series.to_owned(), value), None, "{series} twice");
        }
        Self { samples }
    }

    /// The value of a series, written as in the text.
    pub(super) fn value(&self, series: &str) -> Option<f64> {
        self.samples.get(series).copied()
    }

    pub(super) fn series(&self, start: &str) -> Vec<&str> {
        self.samples.keys().map(|name| &**name).filter(|name| name.starts_with(start)).collect()
    }
}
