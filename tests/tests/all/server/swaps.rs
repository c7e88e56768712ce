//! Decisions while the gate is swapped: each is made wholly by one release, which it names.
//!
//! The long form, 10,000 swaps: `make soak`, or
//! `SOAK_SWAPS=10000 cargo test --workspace --test all -- --nocapture server::swaps`.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Instant;

use serde_json::{Value, json};

use crate::harness::client::Client;
use crate::harness::server::{DROP, Server, token};

/// Clients that decide all the time.
const CLIENTS: usize = 4;
/// Swaps before the memory is looked at.
const WARM_UP: u64 = 40;
/// Swaps of the short form.
const SWAPS: u64 = 300;
/// What the server may grow by, in MiB.
const MAX_GROWTH: u64 = 16;

const CLIENT_IDS: &str = "windows_entra_client_ids";
const OTHER: &str = "6f1d7a2c-93b4-4c1e-8f0a-2b5d9e7c4a31";

/// A swap, and what the release after it says to the token: the policy's version and the outcome.
type Swap = (fn(&Client) -> Value, &'static str, &'static str);

/// Four swaps, after which everything is as it was before. Each turns the answer round.
const ROUND: [Swap; 4] = [
    (|admin| give(admin, "windows-mdm@1.0.0"), "1.0.0", "deny"),
    (|admin| give(admin, "windows-mdm@2.0.0"), "2.0.0", "allow"),
    (|admin| set(admin, &json!({CLIENT_IDS: [OTHER]})), "2.0.0", "deny"),
    (|admin| admin.post_nothing("/v1/gates/windows-mdm/rollback").json(200), "2.0.0", "allow"),
];

fn give(admin: &Client, policy: &str) -> Value {
    admin
        .post(&format!("/v1/gates/windows-mdm/policy?{DROP}"), &json!({ "policy": policy }))
        .json(200)
}

fn set(admin: &Client, settings: &Value) -> Value {
    let mut body = admin.patch("/v1/gates/windows-mdm/settings", settings).json(200);
    assert_eq!(body["settings"][CLIENT_IDS], settings[CLIENT_IDS]);
    body["activation"].take()
}

/// What a decision says of its release, and what was decided.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Decided {
    generation: u64,
    version: String,
    outcome: String,
}

/// What all decisions so far came to.
#[derive(Debug, Default)]
struct Seen {
    decided: BTreeMap<Decided, u64>,
    /// Answers that are no decisions.
    failed: u64,
    /// Decisions by a release that had been replaced when they were asked for.
    late: u64,
    /// Decisions by an older release than the one before on the same connection.
    fallen: u64,
}

impl Seen {
    fn and(mut self, other: Self) -> Self {
        for (decided, count) in other.decided {
            *self.decided.entry(decided).or_default() += count;
        }
        self.failed += other.failed;
        self.late += other.late;
        self.fallen += other.fallen;
        self
    }

    fn decisions(&self) -> u64 {
        self.decided.values().sum()
    }

    /// The decisions that are not what the release they name says.
    fn mixed(&self, releases: &BTreeMap<u64, (&str, &str)>) -> u64 {
        let right = |decided: &Decided| {
            releases.get(&decided.generation) == Some(&(&*decided.version, &*decided.outcome))
        };
        self.decided.iter().filter(|(decided, _)| !right(decided)).map(|(_, count)| count).sum()
    }
}

/// A server that is swapped while clients decide.
struct Swapped {
    server: Server,
    /// The version and the outcome of each generation.
    releases: BTreeMap<u64, (&'static str, &'static str)>,
    /// The last generation that an answer to a swap has named.
    answered: AtomicU64,
}

impl Swapped {
    fn new() -> Self {
        let releases = BTreeMap::from([(1, ("2.0.0", "allow"))]);
        Self { server: Server::serving(), releases, answered: AtomicU64::new(1) }
    }

    /// Makes so many swaps, and returns what the clients saw meanwhile.
    fn swap(&mut self, swaps: u64) -> Seen {
        let stop = AtomicBool::new(false);
        let token = token(json!({}));
        let (server, answered, releases) = (&self.server, &self.answered, &mut self.releases);
        std::thread::scope(|scope| {
            let (stop, token) = (&stop, &token);
            let client =
                |service| scope.spawn(move || decide_until(stop, &service, token, answered));
            let clients: Vec<_> = (0..CLIENTS).map(|_| client(server.service())).collect();
            let admin = server.admin();
            for (_, (swap, version, outcome)) in (0..swaps).zip(ROUND.iter().cycle()) {
                let generation = answered.load(Ordering::SeqCst) + 1;
                releases.insert(generation, (version, outcome));
                let report = swap(&admin);
                assert_eq!(report["result"], "activated", "{report}");
                assert_eq!(report["policy"]["version"], *version);
                assert_eq!(report["generation"], generation);
                answered.store(generation, Ordering::SeqCst);
            }
            stop.store(true, Ordering::SeqCst);
            clients.into_iter().map(|one| one.join().unwrap()).fold(Seen::default(), Seen::and)
        })
    }

    /// Resident memory of the server, in MiB; absent where the system does not say.
    fn resident(&self) -> Option<u64> {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.server.pid())).ok()?;
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
        line.trim().strip_suffix(" kB")?.parse::<u64>().ok().map(|kib| kib / 1_024)
    }
}

fn decide_until(stop: &AtomicBool, service: &Client, token: &str, answered: &AtomicU64) -> Seen {
    let (mut seen, mut last) = (Seen::default(), 0);
    let body = json!({ "token": token });
    while !stop.load(Ordering::SeqCst) {
        let at_least = answered.load(Ordering::SeqCst);
        let reply = service.post("/v1/gates/windows-mdm/decide", &body);
        if reply.status != 200 {
            seen.failed += 1;
            continue;
        }
        let decision = reply.json(200);
        let generation = decision["generation"].as_u64().unwrap();
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        let (version, outcome) = (text(&decision["policy"]["version"]), text(&decision["outcome"]));
        *seen.decided.entry(Decided { generation, version, outcome }).or_default() += 1;
        seen.late += u64::from(generation < at_least);
        seen.fallen += u64::from(generation < last);
        last = generation;
    }
    seen
}

fn swaps() -> u64 {
    let wanted = std::env::var("SOAK_SWAPS").ok();
    wanted.map_or(SWAPS, |swaps| swaps.parse().expect("`SOAK_SWAPS` is a number of swaps"))
}

#[test]
fn each_decision_is_what_the_release_it_names_says_and_memory_is_flat() {
    let mut swapped = Swapped::new();
    let warm = swapped.swap(WARM_UP);
    let (before, started, swaps) = (swapped.resident(), Instant::now(), swaps());
    let seen = swapped.swap(swaps);
    let (after, took) = (swapped.resident(), started.elapsed());

    let Seen { failed, late, fallen, .. } = seen;
    let (decisions, mixed) = (seen.decisions(), seen.mixed(&swapped.releases));
    println!(
        "{swaps} swaps, {decisions} decisions in {took:.1?}: {failed} failed, {mixed} mixed, \
         {late} late, {fallen} fallen; resident {before:?} -> {after:?} MiB"
    );
    assert_eq!((failed, mixed, late, fallen), (0, 0, 0, 0));
    assert_eq!((warm.failed, warm.mixed(&swapped.releases)), (0, 0));
    let by = |outcome: &str| seen.decided.keys().filter(|one| one.outcome == outcome).count();
    assert!(by("allow") > 20 && by("deny") > 20, "releases that decided: {seen:?}");
    if let (Some(before), Some(after)) = (before, after) {
        assert!(after <= before + MAX_GROWTH, "{before} -> {after} MiB");
    }

    let newest = swapped.server.admin().get("/v1/gates/windows-mdm/releases?limit=1").json(200);
    let newest = &newest["releases"][0];
    assert_eq!(newest["generation"], 1 + WARM_UP + swaps);
    assert_eq!((&newest["active"], &newest["result"]), (&json!(true), &json!("activated")));
    let state = swapped.server.admin().get("/v1/status").json(200);
    assert_eq!(state["gates"][0]["generation"], 1 + WARM_UP + swaps);
}

#[test]
fn swaps_at_once_are_made_one_after_the_other() {
    let server = Server::serving();
    let swap = |admin: Client, policy: &str| {
        let body = json!({ "policy": policy });
        let path = format!("/v1/gates/windows-mdm/policy?{DROP}");
        let replies = (0..20).map(|_| admin.post(&path, &body).json(200));
        let activated = replies.filter(|report| report["result"] == "activated");
        activated.map(|report| report["generation"].as_u64().unwrap()).collect::<Vec<_>>()
    };
    let mut generations = std::thread::scope(|scope| {
        let swap = &swap;
        let policies = ["windows-mdm@1.0.0", "windows-mdm@2.0.0"].into_iter().cycle().take(4);
        let admins = policies.map(|policy| (server.admin(), policy));
        let threads: Vec<_> =
            admins.map(|(admin, policy)| scope.spawn(move || swap(admin, policy))).collect();
        threads.into_iter().flat_map(|thread| thread.join().unwrap()).collect::<Vec<_>>()
    });
    generations.sort_unstable();
    let count = u64::try_from(generations.len()).unwrap();
    assert_eq!(generations, (2..2 + count).collect::<Vec<_>>(), "each number once, none left out");
    assert!(count >= 2, "{count}");
    assert_eq!(server.admin().get("/v1/status").json(200)["gates"][0]["generation"], 1 + count);
}
