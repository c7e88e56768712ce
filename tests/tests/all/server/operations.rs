//! Running it: health, sockets, signals, limits, what is logged and counted.

mod health;
mod reload;
mod signals;
mod load;
mod space;
mod access;
mod revoked;
mod observed;
mod monitoring;
mod decision_log;

use admit_tests::key_server::KeyServer;
use serde_json::{Value, json};

use crate::harness::server::{Server, with_keys};

const DECIDE: &str = "/v1/gates/windows-mdm/decide";

/// As [`with_keys`], with a key server whose answers may be held back for long.
fn with_key_server(keys: &KeyServer, config: Value) -> Server {
    let address = keys.url("/keys");
    with_keys(json!({"address": address, "cool_down_seconds": 1, "timeout_seconds": 60}), config)
}

/// The sum of the samples of a metric that have this label; 0 when there are none.
fn metric(server: &Server, name: &str, label: &str) -> f64 {
    let text = server.admin().without_token().get("/metrics").text();
    let samples = text.lines().filter(|line| {
        let rest = line.strip_prefix(name);
        rest.is_some_and(|rest| rest.starts_with(['{', ' '])) && line.contains(label)
    });
    samples.map(|sample| sample.rsplit(' ').next().unwrap().parse::<f64>().unwrap()).sum()
}

fn decisions_in_flight(server: &Server) -> bool {
    metric(server, "admit_decisions_in_flight", "") > 0.0
}

/// The names of the checks that fail.
fn failing(ready: &Value) -> Vec<&str> {
    let failing = ready["failing"].as_array().unwrap();
    failing.iter().map(|check| check["check"].as_str().unwrap()).collect()
}
