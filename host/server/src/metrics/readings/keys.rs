//! The key set of each cloud.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use admit::keys::Keys;
use prometheus_client::encoding::{DescriptorEncoder, NoLabelSet};
use prometheus_client::metrics::MetricType;
use prometheus_client::registry::Unit;

/// What there is to know about a key set.
struct KeyNumbers {
    cloud: &'static str,
    usable: usize,
    skipped: usize,
    remote: Option<RemoteNumbers>,
}

/// What only a set has that is fetched.
struct RemoteNumbers {
    without_good_seconds: f64,
    fetches: u64,
    failures: u64,
    vanished: usize,
    vanished_uses: u64,
}

fn key_numbers(cloud: &'static str, keys: &Keys) -> KeyNumbers {
    match keys {
        Keys::Fixed(set) => {
            KeyNumbers { cloud, usable: set.len(), skipped: set.skipped().len(), remote: None }
        }
        Keys::Remote(remote) => {
            let status = remote.status();
            let remote = RemoteNumbers {
                without_good_seconds: status.without_good.as_secs_f64(),
                fetches: status.fetches,
                failures: status.failures,
                vanished: status.vanished.len(),
                vanished_uses: status.vanished_uses,
            };
            KeyNumbers {
                cloud,
                usable: status.usable,
                skipped: status.skipped.len(),
                remote: Some(remote),
            }
        }
    }
}

pub(super) fn encode_keys(
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
    let failures = "Fetches of the key set that failed.";
    let count = |keys: &RemoteNumbers| keys.failures;
    encode_key_counter(("key_set_fetch_failures", failures), &numbers, count, encoder)?;
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
    let ages: Vec<_> = numbers
        .iter()
        .filter_map(|keys| Some((keys.cloud, keys.remote.as_ref()?.without_good_seconds)))
        .collect();
    if ages.is_empty() {
        return Ok(());
    }
    let help = "Time since the last good key set was fetched; before the first, since the start. Absent for a \
                file.";
    let unit = Some(&Unit::Seconds);
    let mut encoder = encoder.encode_descriptor("key_set_age", help, unit, MetricType::Gauge)?;
    ages.iter()
        .try_for_each(|(cloud, age)| encoder.encode_family(&[("cloud", *cloud)])?.encode_gauge(age))
}
