//! `kill -9` at any moment of an activation, and a store that cannot be written: after a restart a
//! gate serves the release before or the one after, and all that is told of it agrees.
//!
//! The long form, 200 kills: `make soak`, or
//! `SOAK_KILLS=200 cargo test --workspace --test all -- --nocapture server::crash`.

use std::collections::BTreeMap;
use std::io::{ErrorKind, Read, Write};
use std::net::TcpStream;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant, SystemTime};

use admit_tests::fixture::TID;
use serde_json::{Value, json};

use super::start::{Home, Server, token, windows_gate};

const POLICY: &str = "/v1/gates/windows-mdm/policy";
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
        vec![
            one("activated_policy", "version", self.version()),
            one("added_microsoft_entra_tenant", "tenant_id", &new_1),
            one("added_microsoft_entra_tenant", "tenant_id", &new_2),
            one("added_scope", "scope", &new_scope),
            one("deleted_microsoft_entra_tenant", "tenant_id", &old_1),
            one("deleted_microsoft_entra_tenant", "tenant_id", &old_2),
            one("deleted_scope", "scope", &old_scope),
        ]
    }
}

/// When the server is killed.
#[derive(Clone, Copy, Debug)]
enum Moment {
    /// So long after the request for the change was sent.
    Sent(Duration),
    /// So long after the store's file began to change.
    Written(Duration),
    /// When the answer is there.
    Answered,
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
    sent: Instant,
    journal: Journal,
}

impl Asked {
    /// Asks for the change to `new`.
    fn new(server: &Server, new: &Had) -> Self {
        let policy = format!("windows-mdm@{}", new.version());
        let body = json!({"policy": policy, "settings": new.settings()}).to_string();
        let address = server.admin_address().strip_prefix("http://").unwrap();
        let mut stream = TcpStream::connect(address).unwrap();
        let request = format!(
            "POST {POLICY} HTTP/1.1\r\nHost: {address}\r\nAuthorization: Bearer {}\r\n\
             Content-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
            server.token(),
            body.len(),
        );
        let journal = journal(&server.home);
        stream.write_all(request.as_bytes()).unwrap();
        Self { stream, sent: Instant::now(), journal }
    }

    fn wait_for(&self, moment: Moment, home: &Home) {
        match moment {
            Moment::Sent(after) => wait_until(self.sent + after),
            Moment::Written(after) => {
                while journal(home) == self.journal && !self.is_answered() {
                    assert!(self.sent.elapsed() < Duration::from_secs(60), "writes nothing");
                }
                wait_until(Instant::now() + after);
            }
            Moment::Answered => {
                self.stream.set_nonblocking(false).unwrap();
                assert_ne!(self.stream.peek(&mut [0]).unwrap(), 0, "ends without an answer");
            }
        }
    }

    fn is_answered(&self) -> bool {
        self.stream.set_nonblocking(true).unwrap();
        match self.stream.peek(&mut [0]) {
            Ok(_) => true,
            Err(error) => error.kind() != ErrorKind::WouldBlock,
        }
    }

    /// Whether the server had answered that the change was made.
    fn was_answered(mut self) -> bool {
        self.stream.set_nonblocking(false).unwrap();
        let mut answer = Vec::new();
        // The connection of a killed process may end with an error, after what it had sent.
        drop(self.stream.read_to_end(&mut answer));
        assert!(answer.is_empty() || answer.starts_with(b"HTTP/1.1 200 "), "{answer:?}");
        !answer.is_empty()
    }
}

fn wait_until(moment: Instant) {
    while let Some(left) = moment.checked_duration_since(Instant::now()) {
        std::thread::park_timeout(left);
    }
}

/// The steps of an activation that nothing disturbs, each with the time of its end after the
/// request was sent.
struct Pace(Vec<(String, Duration)>);

impl Pace {
    fn of(report: &Value, whole: Duration) -> Self {
        let mut at = Duration::ZERO;
        let mut ends: Vec<_> = report["steps"]
            .as_array()
            .unwrap()
            .iter()
            .map(|step| {
                at += Duration::from_micros(step["took_us"].as_u64().unwrap());
                (step["step"].as_str().unwrap().to_owned(), at)
            })
            .collect();
        // What is left of the time was spent on writing, and on the way.
        let last = ends.last_mut().unwrap();
        *last = ("persist".to_owned(), whole);
        Self(ends)
    }

    fn whole(&self) -> Duration {
        self.0.last().unwrap().1
    }

    /// The step that is under way then, as far as one can tell from outside.
    fn step_at(&self, moment: Moment) -> &str {
        match moment {
            Moment::Answered => "answered",
            Moment::Written(_) => "persist",
            Moment::Sent(after) => {
                let step = self.0.iter().find(|(_, end)| after < *end);
                step.map_or("answered", |(step, _)| step)
            }
        }
    }

    /// Moments all over an activation, half of them around its writing.
    fn moments(&self, count: u32) -> impl Iterator<Item = Moment> + use<'_> {
        let whole = self.whole().mul_f64(1.2);
        (0..count).map(move |index| match index % 6 {
            0 | 2 | 4 => Moment::Sent(whole * index / count),
            1 | 3 => Moment::Written(Duration::from_micros(100) * (index / 6)),
            _ => Moment::Answered,
        })
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
        details => (kind, details.clone()),
    }
}

/// A server with the first change made, and the pace at which it was made.
fn begun(home: &Home) -> (Server, Had, Pace) {
    let server = home.start(&windows_gate());
    let first = Had { change: 0, generation: 2, activity: 0 };
    let change = |had: &Had| {
        let policy = format!("windows-mdm@{}", had.version());
        let body = json!({"policy": policy, "settings": had.settings()});
        let started = Instant::now();
        (server.admin().post(POLICY, &body).json(200), started)
    };
    change(&first);
    let activities = server.admin().get("/v1/activities?limit=1").json(200);
    let first = Had { activity: activities["activities"][0]["id"].as_u64().unwrap(), ..first };
    let second = first.next();
    let (report, started) = change(&second);
    let pace = Pace::of(&report, started.elapsed());
    let had = look(&server, &first, &second);
    (server, had, pace)
}

fn kills() -> u32 {
    let wanted = std::env::var("SOAK_KILLS").ok();
    let kills = wanted.map_or(KILLS, |kills| kills.parse().expect("`SOAK_KILLS` is a number"));
    u32::try_from(kills).unwrap()
}

#[test]
fn a_kill_at_any_moment_leaves_the_release_before_or_the_one_after() {
    let home = Home::new();
    let (mut server, mut had, pace) = begun(&home);
    let mut hit = BTreeMap::<_, u32>::new();
    for moment in pace.moments(kills()) {
        let new = had.next();
        let asked = Asked::new(&server, &new);
        asked.wait_for(moment, &home);
        // Sends SIGKILL.
        drop(server);
        let was_answered = asked.was_answered();
        server = home.start(&windows_gate());
        let found = look(&server, &had, &new);
        let is_new = found.change == new.change;
        assert!(is_new || !was_answered, "what was answered is lost: {moment:?}");
        *hit.entry((pace.step_at(moment), is_new, was_answered)).or_default() += 1;
        had = found;
    }
    println!("pace: {:?}", pace.0);
    for ((step, is_new, was_answered), count) in &hit {
        println!("killed at {step}: {count} times, new: {is_new}, answered: {was_answered}");
    }
    let seen = |new, answered| hit.keys().any(|key| (key.1, key.2) == (new, answered));
    assert!(seen(false, false) && seen(true, true), "{hit:?}");

    let back = server.admin().post_nothing("/v1/gates/windows-mdm/rollback").json(200);
    assert_eq!(back["generation"], had.generation + 1, "{back}");
    assert_ne!(back["policy"]["version"], had.version(), "the release before");
}

/// A server none of whose files may grow beyond `blocks` of 512 bytes, or twice that in some shells.
fn start_with_files_of(blocks: u32, home: &Home) -> Server {
    home.configure(&windows_gate());
    let serve = home.command();
    let limit = format!("trap '' XFSZ; ulimit -f {blocks}; exec \"$0\" \"$@\"");
    let mut shell = Command::new("sh");
    shell.args(["-c", &limit]).arg(serve.get_program()).args(serve.get_args());
    shell.current_dir(serve.get_current_dir().unwrap());
    shell.stdin(Stdio::null()).env_remove("ADMIT_LOG");
    home.start_with(&mut shell)
}

/// Attempts that were refused, as the history has them: step and action, the newest first.
fn refused(server: &Server) -> Vec<(Value, Value)> {
    let releases = server.admin().get("/v1/gates/windows-mdm/releases").json(200);
    let refused = releases["releases"].as_array().unwrap().iter();
    let refused = refused.filter(|one| one["result"] == "refused");
    refused.map(|one| (one["step"].clone(), one["action"].clone())).collect()
}

#[test]
fn a_store_that_cannot_be_written_fails_the_activation_and_nothing_else() {
    let (home, _) = Server::serving().stop_with("TERM");
    let server = start_with_files_of(0, &home);
    let admin = server.admin();
    let decides = || {
        let decision = server.decide("windows-mdm", &token(json!({})));
        assert_eq!((&decision["outcome"], &decision["generation"]), (&json!("allow"), &json!(1)));
    };
    let body = json!({"policy": "windows-mdm@1.0.0"});
    for reply in [
        admin.post(POLICY, &body),
        admin.patch(SETTINGS, &json!({"scopes": []})),
        admin.post(POLICY, &body),
    ] {
        let error = reply.refused(422, "persist");
        let last = error["steps"].as_array().unwrap().last().unwrap();
        assert_eq!((&last["step"], &last["ok"]), (&json!("persist"), &json!(false)));
        assert!(last["error"].as_str().unwrap().contains("the store failed: "), "{last}");
        decides();
    }
    let dry = admin.post("/v1/gates/windows-mdm/policy?dry_run=true", &body).json(200);
    assert_eq!(dry["result"], "checked");
    admin.post("/v1/access", &json!({"name": "x", "role": "observer"})).refused(500, "internal");
    let state = admin.get("/v1/status").json(200)["gates"][0].take();
    assert_eq!((&state["state"], &state["revision"]), (&json!("serving"), &json!(1)));
    assert_eq!(admin.get("/health/ready").status, 200);
    decides();

    let (home, _) = server.stop_with("TERM");
    let server = home.start(&windows_gate());
    assert_eq!(refused(&server), []);
    let activated = server.admin().post(POLICY, &body).json(200);
    assert_eq!((&activated["result"], &activated["generation"]), (&json!("activated"), &json!(2)));
}

#[test]
fn a_store_with_room_for_little_keeps_why_an_activation_failed() {
    let (home, _) = Server::serving().stop_with("TERM");
    let server = start_with_files_of(128, &home);
    let admin = server.admin();
    admin.post(POLICY, &json!({"policy": "windows-mdm@1.0.0"})).refused(422, "persist");
    assert_eq!(refused(&server), [(json!("persist"), json!("policy"))]);
    let activities = admin.get("/v1/activities?type=rejected_policy").json(200);
    let rejected = &activities["activities"][0]["details"];
    assert_eq!((&rejected["step"], &rejected["version"]), (&json!("persist"), &json!("1.0.0")));
    let last = admin.get("/v1/status").json(200)["gates"][0]["last_attempt"].take();
    assert_eq!((&last["result"], &last["step"]), (&json!("refused"), &json!("persist")));
    let changed = admin.patch(SETTINGS, &json!({"scopes": []})).json(200);
    assert_eq!(changed["activation"]["generation"], 2, "there is room for that");
}
