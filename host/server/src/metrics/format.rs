//! The two text formats of the metrics, and which of them a scraper asks for.
//!
//! Source: RFC 9110 §12.5.1; OpenMetrics 1.0, "Text format"; Prometheus, "Exposition formats".

use std::fmt::Write;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// The text format of Prometheus, version 0.0.4.
    Prometheus,
    OpenMetrics,
}

/// The weight of a media range, in thousandths, and how closely it names a format.
type Weight = (u16, Closeness);

/// How closely a media range names a format: the closest one decides (RFC 9110 §12.5.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Closeness {
    Anything,
    Type,
    Exact,
}

impl Format {
    /// Its media type, as an answer names it.
    pub fn content_type(self) -> &'static str {
        match self {
            Self::Prometheus => "text/plain; version=0.0.4; charset=utf-8",
            Self::OpenMetrics => "application/openmetrics-text; version=1.0.0; charset=utf-8",
        }
    }

    /// What the values of `Accept` headers ask for. The text of Prometheus, unless OpenMetrics is asked
    /// for by name with at least the same weight; also for clients that accept neither, since a person with
    /// a browser is helped by any text.
    pub fn accepted<'a>(values: impl IntoIterator<Item = &'a str>) -> Self {
        let ranges: Vec<&str> = values.into_iter().flat_map(|value| value.split(',')).collect();
        let weight = |format: Self| {
            let found = ranges.iter().filter_map(|range| format.weight_in(range));
            found.max_by_key(|(weight, closeness)| (*closeness, *weight))
        };
        let (text, open) = (weight(Self::Prometheus), weight(Self::OpenMetrics));
        let Some((open, closeness)) = open.filter(|(weight, _)| *weight > 0) else {
            return Self::Prometheus;
        };
        let text = text.map_or(0, |(weight, _)| weight);
        match open > text || open == text && closeness == Closeness::Exact {
            true => Self::OpenMetrics,
            false => Self::Prometheus,
        }
    }

    /// The weight of a media range for this format; absent when it is about another one.
    fn weight_in(self, range: &str) -> Option<Weight> {
        let (kind, subtype, version) = match self {
            Self::Prometheus => ("text", "plain", "0.0.4"),
            Self::OpenMetrics => ("application", "openmetrics-text", "1.0.0"),
        };
        let mut parts = range.split(';').map(str::trim);
        let name = parts.next().unwrap_or_default().to_ascii_lowercase();
        let closeness = match name.split_once('/')? {
            ("*", "*") => Closeness::Anything,
            (asked, "*") if asked == kind => Closeness::Type,
            (asked, named) if asked == kind && named == subtype => Closeness::Exact,
            _ => return None,
        };
        let mut weight = 1_000;
        for (name, value) in parts.filter_map(|part| part.split_once('=')) {
            let value = value.trim().trim_matches('"');
            match name.trim().to_ascii_lowercase().as_str() {
                "q" => weight = thousandths(value),
                "version" if value != version => return None,
                _ => {}
            }
        }
        Some((weight, closeness))
    }

    /// The metrics in this format, from the text of OpenMetrics.
    pub(super) fn render(self, open_metrics: String) -> String {
        match self {
            Self::OpenMetrics => open_metrics,
            Self::Prometheus => prometheus(&open_metrics),
        }
    }
}

/// A weight from 0 to 1; one that cannot be read counts as none.
fn thousandths(text: &str) -> u16 {
    let weight = text.parse::<f32>().ok().filter(|weight| (0.0..=1.0).contains(weight));
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "from 0 to 1,000")]
    weight.map_or(0, |weight| (weight * 1_000.0).round() as u16)
}

/// The same metrics as Prometheus has them: a family has the name of its samples, units are not said,
/// nothing marks the end, and what is no type of Prometheus is a gauge.
fn prometheus(open_metrics: &str) -> String {
    let mut text = String::with_capacity(open_metrics.len());
    let mut lines = open_metrics.lines().peekable();
    while let Some(line) = lines.next() {
        let Some(described) = line.strip_prefix("# HELP ") else {
            if !line.starts_with('#') {
                text.extend([line, "\n"]);
            }
            continue;
        };
        let (family, help) = described.split_once(' ').unwrap_or((described, ""));
        let kind = lines.peek().and_then(|line| line.strip_prefix("# TYPE "));
        let kind = kind.and_then(|typed| typed.strip_prefix(family)).unwrap_or_default().trim();
        let (suffix, kind) = match kind {
            "counter" => ("_total", "counter"),
            "info" => ("_info", "gauge"),
            "histogram" => ("", "histogram"),
            _ => ("", "gauge"),
        };
        // Writing to a text never fails.
        let _ = writeln!(text, "# HELP {family}{suffix} {help}\n# TYPE {family}{suffix} {kind}");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn accept_decides_by_weight_and_then_by_name() {
        const PROMETHEUS_2: &str = "application/openmetrics-text;version=1.0.0,\
            application/openmetrics-text;version=0.0.1;q=0.75,text/plain;version=0.0.4;q=0.5,*/*;q=0.1";
        const PROMETHEUS_3: &str = "application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.6,\
            application/openmetrics-text;version=0.0.1;q=0.5,text/plain;version=1.0.0;escaping=allow-utf-8;\
            q=0.4,text/plain;version=0.0.4;q=0.3,*/*;q=0.2";
        use Format::{OpenMetrics, Prometheus};
        for (accept, expected) in [
            ("", Prometheus),
            ("*/*", Prometheus),
            ("text/*", Prometheus),
            ("text/plain", Prometheus),
            ("application/json", Prometheus),
            ("text/html,application/xhtml+xml,*/*;q=0.8", Prometheus),
            ("application/openmetrics-text", OpenMetrics),
            ("Application/OpenMetrics-Text; Version=\"1.0.0\"", OpenMetrics),
            ("application/*", OpenMetrics),
            ("application/*, text/*", Prometheus),
            ("application/openmetrics-text, */*", OpenMetrics),
            ("application/openmetrics-text, text/plain", OpenMetrics),
            ("text/plain, application/openmetrics-text;q=0.9", Prometheus),
            ("text/plain;q=0.5, application/openmetrics-text;q=0.9", OpenMetrics),
            ("application/openmetrics-text;q=0, */*", Prometheus),
            ("application/openmetrics-text;q=x, text/plain", Prometheus),
            ("application/openmetrics-text;version=0.0.1", Prometheus),
            ("application/openmetrics-text;version=0.0.1, */*;q=0.1", Prometheus),
            ("text/plain;q=0, application/openmetrics-text;q=0.001", OpenMetrics),
            (PROMETHEUS_2, OpenMetrics),
            (PROMETHEUS_3, OpenMetrics),
        ] {
            assert_eq!(Format::accepted([accept]), expected, "{accept}");
        }
        assert_eq!(Format::accepted([]), Prometheus);
        let lines = ["text/plain;q=0.5", "application/openmetrics-text"];
        assert_eq!(Format::accepted(lines), OpenMetrics);
    }

    #[test]
    fn the_text_of_prometheus_has_the_families_of_its_samples() {
        let open = "# HELP admit_build The version.\n# TYPE admit_build info\n\
                    admit_build_info{version=\"1\"} 1\n\
                    # HELP a_seconds A time.\n# TYPE a_seconds histogram\n# UNIT a_seconds seconds\n\
                    a_seconds_sum 0.5\na_seconds_count 1\na_seconds_bucket{le=\"+Inf\"} 1\n\
                    # HELP b Counted.\n# TYPE b counter\nb_total{x=\"# EOF\"} 2\n\
                    # HELP c Now.\n# TYPE c gauge\nc 3\n# EOF\n";
        let expected = "# HELP admit_build_info The version.\n# TYPE admit_build_info gauge\n\
                        admit_build_info{version=\"1\"} 1\n\
                        # HELP a_seconds A time.\n# TYPE a_seconds histogram\n\
                        a_seconds_sum 0.5\na_seconds_count 1\na_seconds_bucket{le=\"+Inf\"} 1\n\
                        # HELP b_total Counted.\n# TYPE b_total counter\nb_total{x=\"# EOF\"} 2\n\
                        # HELP c Now.\n# TYPE c gauge\nc 3\n";
        assert_eq!(Format::Prometheus.render(open.to_owned()), expected);
    }
}
