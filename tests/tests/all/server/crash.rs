//! `kill -9` at any moment of an activation, and a store that cannot be written: after a restart a
//! gate serves the release before or the one after, and all that is told of it agrees.
//!
//! The long form, 200 kills: `make soak`, or
//! `SOAK_KILLS=200 cargo test --workspace --test all -- --nocapture server::crash`.

mod full;

use std::collections::BTreeMap;
use std::io::{ErrorKind, Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant, SystemTime};

use admit_tests::clock::wait_until;
use admit_tests::fixture::{TID, with};
use serde_json::{Value, json};

use crate::harness::server::{Home, Server, token, windows_gate};

const POLICY: &str = "/v1/gates/windows-mdm/policy";
/// Version 1 does not know the client ids that version 2 decides by.
const POLICY_DROPPING: &str = "/v1/gates/windows-mdm/policy?drop=windows_entra_client_ids";
const SETTINGS: &str = "/v1/gates/windows-mdm/settings";

/// Kills of the short form.
const KILLS: usize = 24;

/// What a gate has: every change gives it another policy and two other settings.
#[derive(Clone, Debug, PartialEq)]
struct Had {
    change: usize,
    generation: u64,
    /// The newest activity.
    activity: u64,
}

impl Had {
    /// What it has after the next change, whose activities are not known yet.
    fn next(&self) -> Self {
        Self { change: self.change + 1, generation: self.generation + 1, activity: self.activity }
    }

    fn version(&self) -> &'static str {
        if self.change.is_multiple_of(2) { "2.0.0" } else { "1.0.0" }
    }

    /// What the policy says to a v2.0 token.
    fn outcome(&self) -> &'static str {
        if self.change.is_multiple_of(2) { "allow" } else { "deny" }
    }

    fn tenants(&self) -> [String; 3] {
        let tenant = |one| format!("{one}0000000-0000-4000-8000-{:012}", self.change);
        [TID.to_owned(), tenant(1), tenant(2)]
    }

    fn scopes(&self) -> [String; 2] {
        ["mdm_delegation".to_owned(), format!("scope_{}", self.change)]
    }

    fn settings(&self) -> Value {
        json!({"windows_entra_tenant_ids": self.tenants(), "scopes": self.scopes()})
    }

    /// The activities of the change that led here from `before`, in order of their types.
    fn activities(&self, before: &Self) -> Vec<(String, Value)> {
        let one = |kind: &str, detail: &str, value: &str| (kind.to_owned(), json!({detail: value}));
        let [_, old_1, old_2] = before.tenants();
        let [_, new_1, new_2] = self.tenants();
        let ([_, old_scope], [_, new_scope]) = (before.scopes(), self.scopes());
        let client_ids = match self.version() {
            "1.0.0" => "dropped_setting",
            _ => "restored_setting",
        };
        let mut activities = vec![
            one("activated_policy", "version", self.version()),
            one("added_enrolment_scope", "scope", &new_scope),
            one("added_microsoft_entra_tenant", "tenant_id", &new_1),
            one("added_microsoft_entra_tenant", "tenant_id", &new_2),
            one("deleted_enrolment_scope", "scope", &old_scope),
            one("deleted_microsoft_entra_tenant", "tenant_id", &old_1),
            one("deleted_microsoft_entra_tenant", "tenant_id", &old_2),
            one(client_ids, "setting", "windows_entra_client_ids"),
        ];
        activities.sort_by_key(|(kind, details)| (kind.clone(), details.to_string()));
        activities
    }
}

/// When the server is killed.
#[derive(Clone, Copy, Debug)]
struct Moment {
    event: Event,
    /// So long after the event.
    after: Duration,
}

/// What a server does on its way through an activation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Event {
    /// It begins a step.
    Begins(&'static str),
    /// The store's journal has begun to change.
    Writes,
    /// The answer is there.
    Answers,
}

impl Moment {
    /// Every event in turn, and with each turn a little later.
    fn all() -> impl Iterator<Item = Self> {
        let micros = [
            (Event::Begins("inspect"), 40_000),
            (Event::Begins("configure"), 10),
            (Event::Begins("seal"), 40_000),
            (Event::Begins("rehearse"), 5_000),
            (Event::Begins("persist"), 0),
            (Event::Begins("persist"), 300),
            (Event::Writes, 50),
            (Event::Answers, 0),
        ];
        (0..).flat_map(move |turn: u32| {
            // Turns go on for ever, steps do not.
            let later = |micros| Duration::from_micros(micros) * (turn % 5);
            micros.map(|(event, micros)| Self { event, after: later(micros) })
        })
    }
}

/// The size and the time of the store's journal.
type Journal = Option<(u64, SystemTime)>;

fn journal(home: &Home) -> Journal {
    let file = std::fs::metadata(home.path("data/admit.db-wal")).ok()?;
    Some((file.len(), file.modified().ok()?))
}

/// A request for a change, on its way.
struct Asked {
    stream: TcpStream,
    home: Home,
    /// How long the log was, and how the journal was.
    log: usize,
    journal: Journal,
}

impl Asked {
    /// Asks for the change to `new`.
    fn new(server: &Server, new: &Had) -> Self {
        let policy = format!("windows-mdm@{}", new.version());
        let body = json!({"policy": policy, "settings": new.settings()}).to_string();
        let address = server.admin_address().strip_prefix("http://").unwrap();
        let stream = TcpStream::connect(address).unwrap();
        let request = format!(
            "POST {POLICY_DROPPING} HTTP/1.1\r\nHost: {address}\r\nAuthorization: Bearer {}\r\n\
             Content-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
            server.token(),
            body.len(),
        );
        let (home, log) = (server.home.clone(), server.log().len());
        let mut asked = Self { stream, journal: journal(&home), home, log };
        asked.stream.write_all(request.as_bytes()).unwrap();
        asked
    }

    fn wait_for(&self, moment: Moment) {
        wait_until(&format!("{moment:?}"), || {
            self.is_answered()
                || match moment.event {
                    Event::Begins(step) => self.has_begun(step),
                    Event::Writes => journal(&self.home) != self.journal,
                    Event::Answers => false,
                }
        });
        let then = Instant::now() + moment.after;
        while let Some(left) = then.checked_duration_since(Instant::now()) {
            std::thread::park_timeout(left);
        }
    }

    /// What the server says of the steps of the change since it was asked. The release that a
    /// roll-back goes to is built at the same time.
    fn log(&self) -> String {
        let log = std::fs::read_to_string(self.home.path("log")).unwrap();
        let lines = log[self.log..].lines().filter(|line| !line.contains(" way_back{"));
        lines.collect::<Vec<_>>().join("\n")
    }

    fn has_begun(&self, step: &str) -> bool {
        self.log().contains(&format!("a step of an activation begins step=\"{step}\""))
    }

    /// The step that was begun last.
    fn last_step(&self) -> String {
        let log = self.log();
        let (_, last) = log.rsplit_once(" begins step=\"").unwrap_or(("", "none\""));
        last.split('"').next().unwrap().to_owned()
    }

    fn is_answered(&self) -> bool {
        self.stream.set_nonblocking(true).unwrap();
        match self.stream.peek(&mut [0]) {
            Ok(_) => true,
            Err(error) => error.kind() != ErrorKind::WouldBlock,
        }
    }

    /// Whether the server had answered that the change was made.
    fn was_answered(&mut self) -> bool {
        self.stream.set_nonblocking(false).unwrap();
        let mut answer = Vec::new();
        // The connection of a killed process may end with an error, after what it had sent.
        drop(self.stream.read_to_end(&mut answer));
        assert!(answer.is_empty() || answer.starts_with(b"HTTP/1.1 200 "), "{answer:?}");
        !answer.is_empty()
    }
}

/// What a gate has according to the server, which must agree with itself.
fn look(server: &Server, old: &Had, new: &Had) -> Had {
    let admin = server.admin();
    let settings = admin.get(SETTINGS).json(200);
    let is = |had: &Had| settings["settings"]["scopes"] == json!(had.scopes());
    let had = if is(new) { new } else { old };
    assert!(is(had), "neither what was nor what was to be: {settings}");
    assert_eq!(settings["settings"]["windows_entra_tenant_ids"], json!(had.tenants()));
    assert_eq!(settings["policy"]["version"], had.version());

    let state = admin.get("/v1/status").json(200)["gates"][0].take();
    assert_eq!((&state["state"], &state["problem"]), (&json!("serving"), &Value::Null), "{state}");
    assert_eq!(state["generation"], had.generation);
    assert_eq!(state["policy"]["version"], had.version());
    assert_eq!(settings["revision"], had.generation, "both rise with each change");

    let releases = admin.get("/v1/gates/windows-mdm/releases").json(200)["releases"].take();
    let releases = releases.as_array().unwrap();
    let active: Vec<_> = releases.iter().map(|one| one["active"] == true).collect();
    assert!(active[0] && !active[1..].contains(&true), "{releases:?}");
    assert_eq!(releases[0]["generation"], had.generation, "one attempt for each generation");
    assert_eq!(releases[0]["policy"]["version"], had.version());
    assert_eq!(releases[0]["release"], state["release"]);

    let decision = server.decide("windows-mdm", &token(json!({})));
    assert_eq!(decision["outcome"], had.outcome(), "{decision}");
    assert_eq!(decision["policy"]["version"], had.version());
    assert_eq!(decision["generation"], had.generation);
    Had { activity: told(server, old, had), ..had.clone() }
}

/// Checks that all is told of the way from `old` to `had`, or nothing; returns the newest activity.
fn told(server: &Server, old: &Had, had: &Had) -> u64 {
    let path = "/v1/activities?gate=windows-mdm&limit=20";
    let activities = server.admin().get(path).json(200)["activities"].take();
    let id = |activity: &Value| activity["id"].as_u64().unwrap();
    let newest = activities.as_array().unwrap();
    let mut told: Vec<_> =
        newest.iter().take_while(|one| id(one) > old.activity).map(told_as).collect();
    told.sort_by_key(|(kind, details)| (kind.clone(), details.to_string()));
    let expected = if had == old { Vec::new() } else { had.activities(old) };
    assert_eq!(told, expected);
    newest.first().map_or(0, id)
}

fn told_as(activity: &Value) -> (String, Value) {
    let kind = activity["type"].as_str().unwrap().to_owned();
    match &activity["details"] {
        details if kind == "activated_policy" => (kind, json!({"version": details["version"]})),
        details if kind.ends_with("ed_setting") => (kind, json!({"setting": details["setting"]})),
        details => (kind, details.clone()),
    }
}

/// A server that tells its steps, with the first two changes made.
fn begun(home: &Home) -> (Server, Had) {
    let server = home.start(&talkative());
    let first = Had { change: 0, generation: 2, activity: 0 };
    let change = |had: &Had| {
        let policy = format!("windows-mdm@{}", had.version());
        let body = json!({"policy": policy, "settings": had.settings()});
        server.admin().post(POLICY_DROPPING, &body).json(200)
    };
    change(&first);
    let activities = server.admin().get("/v1/activities?limit=1").json(200);
    let first = Had { activity: activities["activities"][0]["id"].as_u64().unwrap(), ..first };
    change(&first.next());
    let had = look(&server, &first, &first.next());
    (server, had)
}

fn talkative() -> Value {
    with(windows_gate(), json!({"log": {"level": "debug"}}))
}

fn kills() -> usize {
    let wanted = std::env::var("SOAK_KILLS").ok();
    wanted.map_or(KILLS, |kills| kills.parse().expect("`SOAK_KILLS` is a number of kills"))
}

#[test]
fn a_kill_at_any_step_leaves_the_release_before_or_the_one_after() {
    let home = Home::new();
    let (mut server, mut had) = begun(&home);
    let mut hit = BTreeMap::<_, u32>::new();
    for moment in Moment::all().take(kills()) {
        let new = had.next();
        let mut asked = Asked::new(&server, &new);
        asked.wait_for(moment);
        // Sends SIGKILL.
        drop(server);
        let (step, was_answered) = (asked.last_step(), asked.was_answered());
        server = home.start(&talkative());
        let found = look(&server, &had, &new);
        let is_new = found.change == new.change;
        assert!(is_new || !was_answered, "what was answered is lost: {moment:?}");
        assert!(!is_new || step == "persist", "written down before its time: {step}");
        *hit.entry((step, is_new, was_answered)).or_default() += 1;
        had = found;
    }
    for ((step, is_new, was_answered), count) in &hit {
        println!("killed at {step}: {count} times; new: {is_new}, answered: {was_answered}");
    }
    for step in ["inspect", "seal", "rehearse", "persist"] {
        assert!(hit.keys().any(|(hit, ..)| hit == step), "not killed at {step}: {hit:?}");
    }

    // One of the two versions does not know the setting, and how many changes were made is chance.
    let rollback = "/v1/gates/windows-mdm/rollback?drop=windows_entra_client_ids";
    let back = server.admin().post_nothing(rollback).json(200);
    assert_eq!(back["generation"], had.generation + 1, "{back}");
    assert_ne!(back["policy"]["version"], had.version(), "the release before");
}
