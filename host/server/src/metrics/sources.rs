//! What other parts count themselves, read when it is scraped.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use admit::cloud::Cloud;
use admit::keys::Keys;
use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, NoLabelSet};
use prometheus_client::metrics::MetricType;
use prometheus_client::registry::Unit;

/// How often a candidate was compared with the active release, since it became one.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct CandidateCounts {
    /// Decided alike.
    pub agreed: u64,
    /// Decided otherwise.
    pub differed: u64,
    /// Left out to bound time and memory.
    pub skipped: u64,
    /// Came to no decision.
    pub failed: u64,
}

/// What became of the lines of the decision log.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct LogLines {
    /// Written.
    pub written: u64,
    /// Dropped, since the buffer was full.
    pub dropped: u64,
    /// Lost to an error of file or disk.
    pub failed: u64,
    /// Decisions whose answer waits for the log.
    pub waiting: usize,
}

type Read<T> = Box<dyn Fn() -> T + Send + Sync>;

/// Where numbers are read at each scrape.
#[derive(Default)]
pub(super) struct Sources(Mutex<Watched>);

#[derive(Default)]
struct Watched {
    keys: BTreeMap<&'static str, Arc<Keys>>,
    candidates: BTreeMap<Arc<str>, Read<Option<CandidateCounts>>>,
    decision_log: Option<Read<LogLines>>,
}

impl Sources {
    pub(super) fn watch_keys(&self, cloud: Cloud, keys: Arc<Keys>) {
        self.lock().keys.insert(cloud.name(), keys);
    }

    pub(super) fn watch_candidate(&self, gate: &str, read: Read<Option<CandidateCounts>>) {
        self.lock().candidates.insert(gate.into(), read);
    }

    pub(super) fn watch_decision_log(&self, read: Read<LogLines>) {
        self.lock().decision_log = Some(read);
    }

    fn lock(&self) -> MutexGuard<'_, Watched> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Sources {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sources").finish_non_exhaustive()
    }
}

impl Collector for Sources {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> fmt::Result {
        let watched = self.lock();
        encode_keys(&watched.keys, &mut encoder)?;
        encode_candidates(&watched.candidates, &mut encoder)?;
        match &watched.decision_log {
            Some(read) => encode_decision_log(read(), &mut encoder),
            None => Ok(()),
        }
    }
}

/// What there is to know about a key set.
struct KeyNumbers {
    cloud: &'static str,
    usable: usize,
    skipped: usize,
    age_seconds: Option<f64>,
    remote: Option<RemoteNumbers>,
}

/// What only a set has that is fetched.
struct RemoteNumbers {
    fetches: u64,
    vanished: usize,
    vanished_uses: u64,
}

fn key_numbers(cloud: &'static str, keys: &Keys) -> KeyNumbers {
    match keys {
        Keys::Fixed(set) => KeyNumbers {
            cloud,
            usable: set.len(),
            skipped: set.skipped().len(),
            age_seconds: None,
            remote: None,
        },
        Keys::Remote(remote) => {
            let status = remote.status();
            let remote = RemoteNumbers {
                fetches: status.fetches,
                vanished: status.vanished.len(),
                vanished_uses: status.vanished_uses,
            };
            KeyNumbers {
                cloud,
                usable: status.usable,
                skipped: status.skipped.len(),
                age_seconds: status.age.map(|age| age.as_secs_f64()),
                remote: Some(remote),
            }
        }
    }
}

fn encode_keys(
    keys: &BTreeMap<&'static str, Arc<Keys>>,
    encoder: &mut DescriptorEncoder<'_>,
) -> fmt::Result {
    let numbers: Vec<KeyNumbers> =
        keys.iter().map(|(cloud, keys)| key_numbers(cloud, keys)).collect();
    let usable = "Keys that tokens are verified with; 0 when there is no set that is young enough.";
    encode_key_gauge(("key_set_keys", usable), &numbers, |keys| Some(keys.usable), encoder)?;
    let skipped = "Keys of the newest set that are not used.";
    encode_key_gauge(
        ("key_set_skipped_keys", skipped),
        &numbers,
        |keys| Some(keys.skipped),
        encoder,
    )?;
    let vanished = "Keys that count for a while although the newest set lacks them.";
    let count = |keys: &KeyNumbers| Some(keys.remote.as_ref()?.vanished);
    encode_key_gauge(("key_set_vanished_keys", vanished), &numbers, count, encoder)?;
    encode_key_ages(&numbers, encoder)?;
    let fetches = "Fetches of the key set that were started.";
    let count = |keys: &RemoteNumbers| keys.fetches;
    encode_key_counter(("key_set_fetches", fetches), &numbers, count, encoder)?;
    let uses = "How often a token named a key that counts although the newest set lacks it.";
    let count = |keys: &RemoteNumbers| keys.vanished_uses;
    encode_key_counter(("key_set_vanished_uses", uses), &numbers, count, encoder)
}

/// The name of a metric, and what it says.
type Described = (&'static str, &'static str);

fn encode_key_gauge(
    (name, help): Described,
    numbers: &[KeyNumbers],
    number: impl Fn(&KeyNumbers) -> Option<usize>,
    encoder: &mut DescriptorEncoder<'_>,
) -> fmt::Result {
    let numbers: Vec<_> =
        numbers.iter().filter_map(|keys| Some((keys.cloud, number(keys)?))).collect();
    if numbers.is_empty() {
        return Ok(());
    }
    let mut encoder = encoder.encode_descriptor(name, help, None, MetricType::Gauge)?;
    numbers.iter().try_for_each(|(cloud, number)| {
        encoder.encode_family(&[("cloud", *cloud)])?.encode_gauge(number)
    })
}

fn encode_key_counter(
    (name, help): Described,
    numbers: &[KeyNumbers],
    number: impl Fn(&RemoteNumbers) -> u64,
    encoder: &mut DescriptorEncoder<'_>,
) -> fmt::Result {
    let numbers: Vec<_> = numbers
        .iter()
        .filter_map(|keys| Some((keys.cloud, number(keys.remote.as_ref()?))))
        .collect();
    if numbers.is_empty() {
        return Ok(());
    }
    let mut encoder = encoder.encode_descriptor(name, help, None, MetricType::Counter)?;
    numbers.iter().try_for_each(|(cloud, number)| {
        encoder
            .encode_family(&[("cloud", *cloud)])?
            .encode_counter::<NoLabelSet, _, u64>(number, None)
    })
}

fn encode_key_ages(numbers: &[KeyNumbers], encoder: &mut DescriptorEncoder<'_>) -> fmt::Result {
    if numbers.iter().all(|keys| keys.age_seconds.is_none()) {
        return Ok(());
    }
    let help = "Age of the last good key set; absent before the first.";
    let unit = Some(&Unit::Seconds);
    let mut encoder = encoder.encode_descriptor("key_set_age", help, unit, MetricType::Gauge)?;
    numbers.iter().try_for_each(|KeyNumbers { cloud, age_seconds, .. }| match age_seconds {
        Some(age) => encoder.encode_family(&[("cloud", *cloud)])?.encode_gauge(age),
        None => Ok(()),
    })
}

fn encode_candidates(
    candidates: &BTreeMap<Arc<str>, Read<Option<CandidateCounts>>>,
    encoder: &mut DescriptorEncoder<'_>,
) -> fmt::Result {
    let present: Vec<_> =
        candidates.iter().filter_map(|(gate, read)| Some((gate, read()?))).collect();
    if present.is_empty() {
        return Ok(());
    }
    let help = "Decisions of the candidate beside the active release; starts anew with each one.";
    let mut encoder =
        encoder.encode_descriptor("candidate_decisions", help, None, MetricType::Counter)?;
    for (gate, counts) in present {
        let CandidateCounts { agreed, differed, skipped, failed } = counts;
        let results =
            [("agreed", agreed), ("differed", differed), ("skipped", skipped), ("failed", failed)];
        for (result, count) in results {
            encoder
                .encode_family(&[("gate", &**gate), ("result", result)])?
                .encode_counter::<NoLabelSet, _, u64>(&count, None)?;
        }
    }
    Ok(())
}

fn encode_decision_log(lines: LogLines, encoder: &mut DescriptorEncoder<'_>) -> fmt::Result {
    let LogLines { written, dropped, failed, waiting } = lines;
    let help = "Lines of the decision log.";
    let mut counts =
        encoder.encode_descriptor("decision_log_lines", help, None, MetricType::Counter)?;
    for (result, count) in [("written", written), ("dropped", dropped), ("failed", failed)] {
        counts
            .encode_family(&[("result", result)])?
            .encode_counter::<NoLabelSet, _, u64>(&count, None)?;
    }
    let help = "Decisions whose answer waits for the decision log.";
    let name = "decision_log_waiting";
    encoder.encode_descriptor(name, help, None, MetricType::Gauge)?.encode_gauge(&waiting)
}
