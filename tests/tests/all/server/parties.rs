//! Several parties change one gate at once: each is told what its own change made.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};

use serde_json::{Value, json};

use crate::harness::client::Client;
use crate::harness::server::Server;

const SETTINGS: &str = "/v1/gates/windows-mdm/settings";

/// Parties, and how often each adds a scope.
const PARTIES: usize = 6;
const TURNS: usize = 5;

/// Entries of a list that an answer repeats.
const SHOWN: usize = 8;

/// Says that the parties are done, also when one of them fails.
struct Done<'a>(&'a AtomicBool);

impl Drop for Done<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Release);
    }
}

/// Scopes as an administrator believes them to be, with the ETag that goes with them.
struct Belief {
    scopes: Vec<Value>,
    etag: String,
}

impl Belief {
    fn read(client: &Client) -> Self {
        let reply = client.get(SETTINGS);
        let scopes = reply.json(200)["effective"]["scopes"].as_array().unwrap().clone();
        Self { scopes, etag: reply.header("etag").unwrap().to_owned() }
    }

    /// Adds a scope to what is believed, with `If-Match`; looks again when somebody was faster.
    /// Returns the revision that the answer names.
    fn add(&mut self, client: &Client, scope: &str) -> u64 {
        loop {
            self.scopes.push(json!(scope));
            let if_match = client.clone().with("if-match", &self.etag);
            let reply = if_match.patch(SETTINGS, &json!({"scopes": self.scopes}));
            if reply.status == 412 {
                *self = Self::read(client);
                continue;
            }
            let made = reply.json(200);
            // The answer repeats the first entries, and counts them.
            let first = self.scopes.len().min(SHOWN);
            assert_eq!(made["settings"]["scopes"], json!(self.scopes[..first]), "its own change");
            let entries = made["cut"]["scopes"].as_u64();
            let expected = (self.scopes.len() > SHOWN).then_some(self.scopes.len() as u64);
            assert_eq!(entries, expected, "its own change");
            assert_eq!(made["activation"]["revision"], made["revision"]);
            reply.header("etag").unwrap().clone_into(&mut self.etag);
            assert_eq!(self.etag, format!("\"{}\"", made["revision"]));
            return made["revision"].as_u64().unwrap();
        }
    }
}

#[test]
fn each_party_is_told_its_own_change_and_undoes_no_other() {
    let server = Server::serving();
    let (admin, done, mut made) = (server.admin(), AtomicBool::new(false), Vec::new());
    std::thread::scope(|scope| {
        let ends = Done(&done);
        let watcher = scope.spawn(|| watch(&admin, &done));
        let parties = (0..PARTIES).map(|party| {
            let client = admin.clone();
            scope.spawn(move || {
                let mut belief = Belief::read(&client);
                let add = |turn| {
                    let name = format!("party-{party}-{turn}");
                    (belief.add(&client, &name), name)
                };
                (0..TURNS).map(add).collect::<Vec<_>>()
            })
        });
        let parties: Vec<_> = parties.collect();
        made.extend(parties.into_iter().flat_map(|party| party.join().unwrap()));
        drop(ends);
        watcher.join().unwrap();
    });
    made.sort();
    let revisions: Vec<_> = made.iter().map(|(revision, _)| *revision).collect();
    let expected: Vec<_> = (2..).take(PARTIES * TURNS).collect();
    assert_eq!(revisions, expected, "each change has a revision of its own");
    let scopes = Belief::read(&server.admin()).scopes;
    let names: Vec<_> = made.into_iter().map(|(_, name)| json!(name)).collect();
    assert_eq!(scopes[1..], names, "in the order of their revisions, and none is lost");
}

/// Reads the status until the changes are done: what it says of one moment goes together.
fn watch(admin: &Client, done: &AtomicBool) {
    let mut releases = BTreeMap::new();
    while !done.load(Ordering::Acquire) {
        let status = admin.get("/v1/status").json(200);
        let gate = &status["gates"][0];
        // Every change here is an activation, so that both numbers rise together.
        assert_eq!(gate["generation"], gate["revision"], "{gate}");
        let generation = gate["generation"].as_u64().unwrap();
        let release = releases.entry(generation).or_insert_with(|| gate["release"].clone());
        assert_eq!(*release, gate["release"], "{gate}");
    }
}
