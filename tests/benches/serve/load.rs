//! A server as a child process, and `oha` that sends it requests.

use std::io::{BufRead, BufReader, Read};
use std::path::Path;
use std::process::{Child, ChildStdout, Command, Stdio};

use serde_json::Value;
use tempfile::TempDir;

use super::setup::{self, GATE, Result};

/// Connections of the client.
const CONNECTIONS: &str = "32";

/// A running server; it ends when this is dropped.
pub(crate) struct Server {
    child: Child,
    directory: TempDir,
    service: String,
    admin: String,
    token: String,
    /// What the server still says, so that its output stays open.
    _output: BufReader<ChildStdout>,
}

/// What `oha` saw.
pub(crate) struct Seen {
    /// Requests a second.
    pub(crate) rate: f64,
    /// The latency that one in a hundred exceeds, in milliseconds.
    pub(crate) p99_ms: f64,
}

impl Server {
    /// Starts a server: `serve` or `verify`, with a decision log if `log` is a share of allows.
    pub(crate) fn start(kind: &str, log: Option<f64>) -> Result<Self> {
        let directory = tempfile::tempdir()?;
        setup::write(directory.path(), log)?;
        let mut child = Command::new(std::env::current_exe()?)
            .args([kind.as_ref(), directory.path().as_os_str()])
            .stdout(Stdio::piped())
            .spawn()?;
        let mut output = BufReader::new(child.stdout.take().ok_or("no output")?);
        let (mut service, mut admin, mut token) = (None, None, None);
        for line in output.by_ref().lines() {
            let line = line?;
            let mut words = line.split_whitespace();
            match (words.next(), words.next()) {
                (Some("service"), Some(word)) => service = Some(word.to_owned()),
                (Some("admin"), Some(word)) => admin = Some(word.to_owned()),
                (Some("access"), Some(word)) => token = Some(word.to_owned()),
                (Some("gate"), Some(_)) => break,
                _ => {}
            }
        }
        let missing = "the server did not start";
        let (service, admin) = (service.ok_or(missing)?, admin.ok_or(missing)?);
        let token = token.ok_or(missing)?;
        Ok(Self { child, directory, service, admin, token, _output: output })
    }

    /// Sends the request of a file for `seconds`: as often as the server answers, or `rate` times a
    /// second.
    pub(crate) fn load(&self, file: &str, seconds: u32, rate: Option<f64>) -> Result<Seen> {
        let mut oha = Command::new("oha");
        oha.args(["--no-tui", "--output-format", "json", "-c", CONNECTIONS, "-m", "POST"]);
        oha.args(["-z", &format!("{seconds}s"), "-T", "application/json"]);
        oha.arg("-H").arg(format!("Authorization: Bearer {}", self.token));
        oha.arg("-D").arg(self.directory.path().join(file));
        if let Some(rate) = rate {
            // A late request counts from when it should have been sent.
            oha.args(["-q", &format!("{rate:.0}"), "--latency-correction"]);
        }
        oha.arg(format!("{}/v1/gates/{GATE}/decide", self.service));
        let output = oha.stderr(Stdio::inherit()).output();
        let output = output.map_err(|error| format!("oha: {error}; `make load` installs it"))?;
        seen(&serde_json::from_slice(&output.stdout)?)
    }

    /// Has the gate take the other version of its policy, over the API.
    pub(crate) fn swap_to(&self, version: &str) -> Result<()> {
        let body = serde_json::json!({"policy": format!("{GATE}@{version}")}).to_string();
        // Version 1 does not know this setting: it has to be named.
        let address =
            format!("{}/v1/gates/{GATE}/policy?drop=windows_entra_client_ids", self.admin);
        let agent = ureq::Agent::config_builder().build().new_agent();
        let answer = agent
            .post(address)
            .header("Authorization", format!("Bearer {}", self.token))
            .content_type("application/json")
            .send(body)?;
        if answer.status() == 200 { Ok(()) } else { Err("the swap was refused".into()) }
    }

    /// The resident memory of the server, in MiB.
    pub(crate) fn resident_mib(&self) -> Result<f64> {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id()))?;
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
        let kib = line.and_then(|line| line.split_whitespace().next()).ok_or("no VmRSS")?;
        Ok(kib.parse::<f64>()? / 1_024.0)
    }

    /// Where the server keeps its files.
    pub(crate) fn directory(&self) -> &Path {
        self.directory.path()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Reads what `oha` prints; anything but the status 200 makes the run worthless.
fn seen(report: &Value) -> Result<Seen> {
    let number = |pointer: &str| {
        let number = report.pointer(pointer).and_then(Value::as_f64);
        number.ok_or_else(|| format!("oha says no {pointer}"))
    };
    let statuses = report.pointer("/statusCodeDistribution").and_then(Value::as_object);
    let statuses = statuses.ok_or("oha says no status codes")?;
    if statuses.keys().any(|status| status != "200") || statuses.is_empty() {
        return Err(format!("answers other than 200: {statuses:?}").into());
    }
    Ok(Seen {
        rate: number("/summary/requestsPerSec")?,
        p99_ms: number("/latencyPercentiles/p99")? * 1_000.0,
    })
}
