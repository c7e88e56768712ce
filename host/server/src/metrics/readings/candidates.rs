//! What candidates decide beside the active releases.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use admit_api::candidate::Found;
use prometheus_client::encoding::{DescriptorEncoder, NoLabelSet};
use prometheus_client::metrics::MetricType;

use super::Read;
use crate::shadow::{Change, Report};

pub(super) fn encode_candidates(
    candidates: &BTreeMap<Arc<str>, Read<Option<Report>>>,
    encoder_of_all: &mut DescriptorEncoder<'_>,
) -> fmt::Result {
    let present: Vec<(_, Report)> =
        candidates.iter().filter_map(|(gate, read)| Some((gate, read()?))).collect();
    if present.is_empty() {
        return Ok(());
    }
    let help = "Decisions of the candidate beside the active release; starts anew with each one.";
    let mut encoder =
        encoder_of_all.encode_descriptor("candidate_decisions", help, None, MetricType::Counter)?;
    for (gate, report) in &present {
        let Found { agreed, differed, skipped, failed, .. } = report.found;
        let results =
            [("agreed", agreed), ("differed", differed), ("skipped", skipped), ("failed", failed)];
        for (result, count) in results {
            encoder
                .encode_family(&[("gate", &***gate), ("result", result)])?
                .encode_counter::<NoLabelSet, _, u64>(&count, None)?;
        }
    }
    encode_changes(&present, encoder_of_all)
}

/// Decisions that came out otherwise, by outcome: an alert can fire when a candidate admits what the active
/// release refuses.
fn encode_changes(
    present: &[(&Arc<str>, Report)],
    encoder: &mut DescriptorEncoder<'_>,
) -> fmt::Result {
    if present.iter().all(|(_, report)| report.changes.is_empty()) {
        return Ok(());
    }
    let help =
        "Decisions that the candidate came to otherwise (new) than the active release (old).";
    let mut encoder =
        encoder.encode_descriptor("candidate_differences", help, None, MetricType::Counter)?;
    for (gate, report) in present {
        for Change { kind, old, new, count } in &report.changes {
            let labels = [
                ("gate", &***gate),
                ("kind", kind.as_str()),
                ("old", old.as_str()),
                ("new", new.as_str()),
            ];
            encoder.encode_family(&labels)?.encode_counter::<NoLabelSet, _, u64>(count, None)?;
        }
    }
    Ok(())
}
