//! One scenario, step by step.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use admit_tests::clock::wait_until;
use admit_tests::fixture::with;
use serde_json::{Map, Value, json};

use super::super::api::document::document;
use super::expect::matches;
use super::request::{check_answer, requests};
use super::values::{Values, component};
use crate::harness::client::Client;
use crate::harness::server::{Home, Server, token, token_v1, windows_gate};
use crate::harness::shell::Shell;
use crate::run::Run;

/// How long a step may be tried again.
const PATIENCE: Duration = Duration::from_secs(30);

/// What every scenario acts on without naming it.
const GATE: &str = "windows-mdm";

/// The fields of a step. Each is taken once; one that is left over is a mistake.
pub(super) struct Fields(Map<String, Value>);

impl Fields {
    pub(super) fn take(&mut self, name: &str) -> Option<Value> {
        self.0.shift_remove(name)
    }

    pub(super) fn text(&mut self, name: &str) -> Option<String> {
        self.take(name).map(|value| value.as_str().map_or_else(|| value.to_string(), str::to_owned))
    }

    pub(super) fn list(&mut self, name: &str) -> Option<Vec<Value>> {
        self.take(name).map(|value| match value {
            Value::Array(items) => items,
            one => vec![one],
        })
    }

    fn is(&mut self, name: &str) -> bool {
        self.take(name).is_some_and(|value| value == true)
    }

    /// Nothing is left.
    pub(super) fn done(&self) -> Result<(), String> {
        match self.0.keys().next() {
            None => Ok(()),
            Some(name) => Err(format!("`{name}` is unknown here")),
        }
    }
}

/// A server and what a scenario knows of it.
pub(super) struct Stage<'a> {
    shared: Option<&'a Server>,
    own: Option<Server>,
    values: Values,
    tokens: BTreeMap<String, String>,
    remembered: Option<Value>,
    /// The answers that the document has, by operation and status.
    seen: Seen,
}

/// Operations with the statuses that they answered.
pub(in super::super) type Seen = BTreeSet<(String, u16)>;

impl<'a> Stage<'a> {
    /// With a server that other scenarios use too.
    pub(super) fn on(server: &'a Server) -> Self {
        Self { shared: Some(server), ..Self::own() }
    }

    /// With a server that the first step starts.
    pub(super) fn own() -> Self {
        let (values, tokens) = (Values::new(), BTreeMap::new());
        Self { shared: None, own: None, values, tokens, remembered: None, seen: Seen::new() }
    }

    fn server(&self) -> &Server {
        self.own.as_ref().or(self.shared).expect("the first step starts one")
    }

    /// Plays all steps; returns the answers of the document that there were.
    ///
    /// # Errors
    ///
    /// The number of the first step that fails, and why.
    pub(super) fn play(mut self, steps: &[Value]) -> Result<Seen, String> {
        for (number, step) in steps.iter().enumerate() {
            let fields =
                step.as_object().cloned().ok_or_else(|| format!("step {number}: no map"))?;
            let (name, argument) =
                fields.iter().next().map(|(a, b)| (a.clone(), b.clone())).unwrap_or_default();
            let said = |error| format!("step {} (`{name}: {argument}`): {error}", number + 1);
            let mut fields = Fields(fields);
            fields.take(&name);
            let filled = self.values.fill(&argument);
            self.step(&name, filled, fields).map_err(said)?;
        }
        Ok(self.seen)
    }

    fn step(&mut self, name: &str, argument: Value, mut fields: Fields) -> Result<(), String> {
        match name {
            "server" => self.start(argument),
            "check" => self.check(&argument, &mut fields)?,
            "restart" => self.restart("TERM", argument),
            "kill" => self.restart("KILL", argument),
            "read" => self.read(argument.as_str().unwrap_or_default(), &mut fields)?,
            "reload" => self.reload(&argument, &mut fields),
            "write" => self.write(&argument),
            "signal" => self.server().signal(argument.as_str().unwrap_or_default()),
            "log" => self.log(argument.as_str().unwrap_or_default(), &mut fields)?,
            "remember" => self.remembered = Some(self.everything()),
            "unchanged" => {
                matches(self.remembered.as_ref().expect("remembered before"), &self.everything())?
            }
            "admit" => self.command(argument.as_str().unwrap_or_default(), &mut fields)?,
            "decide" => self.decide(argument, &mut fields)?,
            "state" | "settings" | "candidate" | "activities" | "releases" => {
                self.shown(name, &argument, &mut fields)?;
            }
            _ => self.request(name, argument, &mut fields)?,
        }
        fields.done()
    }

    /// Starts a server of the scenario's own: `files` for its folder, and `config` over that of a gate
    /// `windows-mdm`, whose gates are the fixture's unless it has some.
    fn start(&mut self, argument: Value) {
        let home = Home::new();
        self.write_all(&home, &argument["files"]);
        self.own = Some(home.start(&config(&argument["config"])));
    }

    fn restart(&mut self, signal: &str, argument: Value) {
        let server = self.own.take().expect("a server of the scenario's own");
        let (home, _) = server.stop_with(signal);
        self.write_all(&home, &argument["files"]);
        let server = home.start(&config(&argument["config"]));
        // Only the first start of a folder makes an access token.
        let announced = server.announced.join("\n");
        assert!(!announced.contains("admit_"), "{announced}");
        self.own = Some(server);
    }

    /// Keeps a file under its name, for `$NAME`; `has` is a pattern of its text.
    fn read(&mut self, name: &str, fields: &mut Fields) -> Result<(), String> {
        let text = std::fs::read_to_string(self.server().home.path(name)).unwrap();
        if let Some(pattern) = fields.take("has") {
            matches(&self.values.fill(&pattern), &json!(text))?;
        }
        for part in fields.list("lacks").unwrap_or_default() {
            if text.contains(part.as_str().unwrap_or_default()) {
                return Err(format!("has {part}"));
            }
        }
        self.values.set(name, json!(text));
        Ok(())
    }

    /// Has the server read another configuration; waits until its log says so once more.
    fn reload(&self, over: &Value, fields: &mut Fields) {
        let server = self.server();
        let said = fields.text("says").unwrap_or_else(|| "reloaded: ".to_owned());
        let count = || server.log().matches(&*said).count();
        let before = count();
        server.home.configure(&config(over));
        server.signal("HUP");
        wait_until(&said, || count() > before);
    }

    fn write(&self, files: &Value) {
        self.write_all(&self.server().home, files);
    }

    /// Files by name, with a text, JSON or `{component: NAME}`; folders end in `/`. Each appears at once, as a careful writer does it.
    fn write_all(&self, home: &Home, files: &Value) {
        for (name, content) in files.as_object().into_iter().flatten() {
            let bytes = match (content.as_str(), content["component"].as_str()) {
                (Some(text), _) => text.as_bytes().to_vec(),
                (None, Some(name)) => component(name),
                (None, None) => content.to_string().into_bytes(),
            };
            if let Some((folder, file)) = name.rsplit_once('/') {
                std::fs::create_dir_all(home.path(folder)).unwrap();
                if file.is_empty() {
                    continue;
                }
            }
            home.write("beside", bytes);
            std::fs::rename(home.path("beside"), home.path(name)).unwrap();
        }
    }

    /// A client: of the first access token, of a token of this role or with this text, or of nobody.
    fn client(&mut self, caller: Option<String>, is_service: bool) -> Client {
        let client = if is_service { self.server().service() } else { self.server().admin() };
        match caller.as_deref() {
            None | Some("first") => client,
            Some("nobody") => client.without_token(),
            Some(text) if text.starts_with("admit_") => client.with_token(text),
            Some(role) => {
                if !self.tokens.contains_key(role) {
                    let token = self.server().create_access(role);
                    self.tokens.insert(role.to_owned(), token);
                }
                client.with_token(&self.tokens[role])
            }
        }
    }

    fn request(&mut self, target: &str, body: Value, fields: &mut Fields) -> Result<(), String> {
        for row in fields.list("each").unwrap_or_else(|| vec![json!({})]) {
            let over = row.as_object().cloned().ok_or("`each` has a row that is no map")?;
            let body = over.get("body").map_or_else(|| body.clone(), |body| self.values.fill(body));
            let mut all = fields.0.clone();
            all.extend(over.clone());
            let mut all = Fields(all);
            all.take("body");
            self.one_request(target, body, &mut all)
                .and_then(|()| all.done())
                .map_err(|error| format!("{}: {error}", Value::from(over)))?;
        }
        fields.0.clear();
        Ok(())
    }

    fn one_request(
        &mut self,
        target: &str,
        body: Value,
        fields: &mut Fields,
    ) -> Result<(), String> {
        let target = self.values.text(target);
        let (method, path) = target.split_once(' ').ok_or("no step and no request")?;
        let gate = fields.text("of").unwrap_or_else(|| GATE.to_owned());
        let path = if path.starts_with('/') {
            path.to_owned()
        } else {
            format!("/v1/gates/{gate}/{path}")
        };
        let at = fields.text("at");
        let is_service = at.as_deref().map_or(path.contains("/decide"), |at| at == "service");
        let caller = fields.text("as").map(|caller| self.values.text(&caller));
        let mut client = self.client(caller, is_service);
        for (name, value) in self
            .values
            .fill(&fields.take("with").unwrap_or_default())
            .as_object()
            .into_iter()
            .flatten()
        {
            client = client.with(name, value.as_str().unwrap_or_default());
        }
        let (wait, names) = (fields.is("wait"), fields.take("let").unwrap_or_default());
        let bodies = requests(&self.values, body, &path, fields)?;
        let expected = Fields(std::mem::take(&mut fields.0));
        for (path, body) in bodies {
            let body = body.as_ref().map(|(kind, bytes)| (&**kind, &**bytes));
            let deadline = Instant::now() + PATIENCE;
            let reply = loop {
                let reply = client.send(method, &path, body);
                match check_answer(&reply, &self.values, Fields(expected.0.clone())) {
                    Ok(()) => break reply,
                    Err(_) if wait && Instant::now() < deadline => std::thread::yield_now(),
                    Err(error) => {
                        let sent = body.map(|(_, bytes)| {
                            String::from_utf8_lossy(&bytes[..bytes.len().min(300)]).into_owned()
                        });
                        return Err(format!("{path} {sent:?}: {error}"));
                    }
                }
            };
            self.seen.extend(document().checked(method, &path, &reply));
            self.keep(&names, |pointer| match pointer.strip_prefix("header ") {
                Some(header) => reply.header(header).map(Value::from),
                None => reply.json(reply.status).pointer(pointer).cloned(),
            });
        }
        Ok(())
    }

    /// Decides on a token with these claims changed: `is: allow`, `is: deny scope_missing`.
    fn decide(&mut self, claims: Value, fields: &mut Fields) -> Result<(), String> {
        let gate = fields.text("of").unwrap_or_else(|| GATE.to_owned());
        let token = match fields.text("token") {
            Some(text) => text,
            None if fields.is("v1") => token_v1(claims),
            None => token(claims),
        };
        let expected = fields.text("is").unwrap_or_else(|| "allow".to_owned());
        let has = self.values.fill(&fields.take("has").unwrap_or_else(|| json!({})));
        let names = fields.take("let").unwrap_or_default();
        let times = fields.take("times").and_then(|times| times.as_u64()).unwrap_or(1);
        for _ in 0..times {
            let reply = self
                .server()
                .service()
                .post(&format!("/v1/gates/{gate}/decide"), &json!({"token": token}));
            let status = if expected.starts_with("failed") { 503 } else { 200 };
            if reply.status != status {
                return Err(format!("status {}: {}", reply.status, reply.text()));
            }
            let decision = reply.json(status);
            let came = match (decision["outcome"].as_str(), decision["reason"].as_str()) {
                (outcome, Some(reason)) if expected.contains(' ') => {
                    format!("{} {reason}", outcome.unwrap_or_default())
                }
                (outcome, _) => outcome.unwrap_or_default().to_owned(),
            };
            if came != expected {
                return Err(format!("expected {expected}: {decision}"));
            }
            matches(&has, &decision)?;
            self.keep(&names, |pointer| decision.pointer(pointer).cloned());
        }
        Ok(())
    }

    /// Keeps parts of an answer by name.
    fn keep(&mut self, names: &Value, part: impl Fn(&str) -> Option<Value>) {
        for (name, pointer) in names.as_object().into_iter().flatten() {
            self.values.set(name, part(pointer.as_str().unwrap_or_default()).unwrap_or_default());
        }
    }

    /// What the server shows of a gate.
    fn shown(&mut self, what: &str, expected: &Value, fields: &mut Fields) -> Result<(), String> {
        let gate = fields.text("of").unwrap_or_else(|| GATE.to_owned());
        let query = fields.text("query").unwrap_or_default();
        let wait = fields.is("wait");
        let length = expected.as_array().map_or(20, Vec::len).max(1);
        let length = if expected.to_string().contains("\"…\"") { 100 } else { length };
        let of = format!("/v1/gates/{gate}");
        let path = match what {
            "state" => "/v1/status".to_owned(),
            "activities" => format!("/v1/activities?limit={length}{query}"),
            "releases" => format!("{of}/releases?limit={length}{query}"),
            _ => format!("{of}/{what}"),
        };
        let deadline = Instant::now() + PATIENCE;
        loop {
            let reply = self.server().admin().get(&path);
            let body: Value = serde_json::from_slice(&reply.body).unwrap_or_default();
            let found = match what {
                "state" => body["gates"]
                    .as_array()
                    .into_iter()
                    .flatten()
                    .find(|one| one["gate"] == *gate)
                    .cloned(),
                "activities" | "releases" => body.get(what).cloned(),
                _ if reply.status == 200 => Some(body),
                _ => None,
            };
            match matches(expected, &found.unwrap_or_default()) {
                Ok(()) => return Ok(()),
                Err(_) if wait && Instant::now() < deadline => std::thread::yield_now(),
                Err(error) => return Err(error),
            }
        }
    }

    /// Waits for a text in the server's log; `line` has parts of the first line with it, in any order.
    fn log(&self, text: &str, fields: &mut Fields) -> Result<(), String> {
        self.server().wait_for_log(text);
        let log = self.server().log();
        let lines: Vec<_> = log.lines().filter(|line| line.contains(text)).collect();
        let line = lines.first().copied().unwrap_or_default();
        if fields.take("once").is_some() && lines.len() != 1 {
            return Err(format!("expected one line, got {lines:?}"));
        }
        for part in fields.list("line").unwrap_or_default() {
            let part = self.values.text(part.as_str().unwrap_or_default());
            if !line.contains(&part) {
                return Err(format!("no `{part}` in {line}"));
            }
        }
        Ok(())
    }

    /// All that a change could leave.
    fn everything(&self) -> Value {
        let admin = self.server().admin();
        let get =
            |path: &str| serde_json::from_slice::<Value>(&admin.get(path).body).unwrap_or_default();
        let gates = get("/v1/status")["gates"].take();
        let of_gate = |gate: &Value| {
            let of = format!("/v1/gates/{}", gate["gate"].as_str().unwrap_or_default());
            let state = ["state", "generation", "revision", "release", "taken_back"]
                .map(|name| gate[name].clone());
            let parts =
                ["settings", "releases", "candidate"].map(|part| get(&format!("{of}/{part}")));
            json!([state, parts])
        };
        let gates: Vec<_> = gates.as_array().into_iter().flatten().map(of_gate).collect();
        json!([gates, get("/v1/access"), get("/v1/activities?limit=1")["activities"]])
    }

    /// Runs `admit` in the folder of the server, with its first access token.
    fn command(&mut self, arguments: &str, fields: &mut Fields) -> Result<(), String> {
        let caller = fields.text("as");
        let token = match caller.as_deref() {
            None => self.server().token().to_owned(),
            Some(text) if text.starts_with('$') => self.values.text(text),
            Some(role) => {
                self.client(Some(role.to_owned()), false);
                self.tokens[role].clone()
            }
        };
        let arguments = self.values.text(arguments);
        let home = self.server().home.path("");
        let shell = Shell::at(self.server().admin_address(), &token);
        let (exits, wait) = (fields.take("exits").unwrap_or(json!(0)), fields.is("wait"));
        let (prints, says) = (fields.list("prints"), fields.list("says"));
        // What succeeds complains of nothing, unless it is said.
        let says = says.or_else(|| (exits == 0).then(|| vec![json!("")]));
        let lacks = self.values.fill(&json!(fields.list("lacks").unwrap_or_default()));
        let name = fields.text("let");
        let deadline = Instant::now() + PATIENCE;
        loop {
            let output = shell.command(&arguments).current_dir(&home).output().unwrap();
            let (out, err) =
                (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
            let said = err.replace("\nadmit: ", "\n");
            let said =
                said.strip_prefix("admit: ").or(said.strip_prefix("error: ")).unwrap_or(&said);
            let unwanted = lacks
                .as_array()
                .into_iter()
                .flatten()
                .filter_map(Value::as_str)
                .find(|part| out.contains(part));
            let checked = if let Some(part) = unwanted {
                Err(format!("prints `{part}`"))
            } else if json!(output.status.code()) == exits {
                self.in_order(prints.as_deref(), &out)
                    .and_then(|()| self.in_order(says.as_deref(), said.trim_end()))
            } else {
                Err(format!("exit code {:?}", output.status.code()))
            };
            match checked {
                Ok(()) => {
                    if let Some(name) = name {
                        self.values.set(&name, json!(out.trim_end()));
                    }
                    return Ok(());
                }
                Err(_) if wait && Instant::now() < deadline => {}
                Err(error) => return Err(format!("{error}\n--- printed\n{out}--- said\n{err}")),
            }
        }
    }

    /// Runs `admit serve --check-config` in a folder of its own. With `starts: same` a start fails in the same
    /// words; `lines` has a pattern for each line that is said.
    fn check(&self, argument: &Value, fields: &mut Fields) -> Result<(), String> {
        let home = Home::new();
        self.write_all(&home, &argument["files"]);
        home.configure(&config(&argument["config"]));
        let run = Run::from(home.command().arg("--check-config").output().unwrap());
        self.checked(&run, fields).map_err(|error| format!("{error}\n{run:?}"))?;
        if fields.text("starts").as_deref() == Some("same") {
            let started = Run::from(home.command().output().unwrap());
            // What a start warns of first, the check notes last.
            let problems = run.err.lines().filter(|line| !line.starts_with("admit: note: "));
            let problems: String = problems.map(|line| format!("{line}\n")).collect();
            if started.code != run.code || !started.err.ends_with(&problems) {
                return Err(format!("starts otherwise: {started:?}\n{run:?}"));
            }
        }
        Ok(())
    }

    fn checked(&self, run: &Run, fields: &mut Fields) -> Result<(), String> {
        let said = if run.err.is_empty() { String::new() } else { run.said() };
        if json!(run.code) != fields.take("exits").unwrap_or(json!(0)) {
            return Err("another exit code".to_owned());
        }
        self.in_order(fields.list("prints").as_deref(), &run.out)?;
        self.in_order(fields.list("says").as_deref(), &said)?;
        if let Some(lines) = fields.list("lines") {
            matches(&json!(lines), &json!(said.lines().collect::<Vec<_>>()))?;
        }
        match fields.text("lacks").filter(|part| run.out.contains(part)) {
            Some(part) => Err(format!("prints `{part}`")),
            None => Ok(()),
        }
    }

    /// Whether a text is this one, or has all parts of a list in this order.
    fn in_order(&self, expected: Option<&[Value]>, text: &str) -> Result<(), String> {
        let Some(expected) = expected else { return Ok(()) };
        if let [one] = expected {
            let one = self.values.text(one.as_str().unwrap_or_default());
            return matches(
                &json!(one.trim_end_matches('\n')),
                &json!(text.trim_end_matches('\n')),
            );
        }
        let mut rest = text;
        for part in expected {
            let part = self.values.text(part.as_str().unwrap_or_default());
            let Some((_, after)) = rest.split_once(&*part) else {
                return Err(format!("no `{part}`"));
            };
            rest = after;
        }
        Ok(())
    }
}

/// A configuration: of the fixture's gate, unless it names gates; `gates: default` for the bundled ones.
fn config(config: &Value) -> Value {
    let over = if config.is_null() { json!({}) } else { config.clone() };
    match &over["gates"] {
        Value::String(_) => with(over, json!({"gates": null})),
        Value::Null => with(windows_gate(), over),
        _ => over,
    }
}
