//! The real `admit serve`, in a folder of its own.

use std::io::{BufRead, BufReader};
use std::path::PathBuf;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::sync::{Arc, Mutex, OnceLock, PoisonError, Weak};
use std::time::{Duration, Instant};

use admit_tests::clock::wait_until;
use admit_tests::fixture::{CLIENT, TID, issuer, with};
use serde_json::{Value, json};
use tempfile::TempDir;

use super::client::Client;
use crate::run::binary;

/// Longer than anything takes on a busy machine.
pub(super) const PATIENCE: Duration = Duration::from_secs(60);

/// Names the settings of the fixture, so that a policy may be activated that does not know them.
pub(crate) const DROP: &str =
    "drop=server_url&drop=windows_entra_tenant_ids&drop=windows_entra_client_ids";

/// A folder with a key set, in which one server after the other can run. Cheap to clone; the last
/// clone removes it.
#[derive(Clone)]
pub(crate) struct Home(Arc<Inner>);

struct Inner {
    folder: TempDir,
    /// The access token that the first server printed.
    token: OnceLock<String>,
}

impl Home {
    pub(crate) fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let home = Self(Arc::new(Inner { folder, token: OnceLock::new() }));
        home.write("keys.json", issuer().jwk_set().to_string());
        home
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.0.folder.path().join(name)
    }

    pub(crate) fn write(&self, name: &str, content: impl AsRef<[u8]>) {
        std::fs::write(self.path(name), content).unwrap();
    }

    /// Writes `admit.yaml`: ports of the system's choice, the data in `data`, the keys of the
    /// fixture's issuer unless they have an address, and over these the members of `config`, level by
    /// level.
    pub(crate) fn configure(&self, config: &Value) {
        let mut whole = json!({
            "service": {"listen": "127.0.0.1:0"},
            "admin": {"listen": "127.0.0.1:0"},
            "data_dir": "data",
        });
        if config["keys"]["public"].get("address").is_none() {
            whole["keys"] = json!({"public": {"file": "keys.json"}});
        }
        merge(&mut whole, config);
        self.write("admit.yaml", whole.to_string());
    }

    /// The command that serves with what [`Home::configure`] wrote.
    pub(crate) fn command(&self) -> Command {
        let mut command = Command::new(binary());
        command.args(["serve", "--config", "admit.yaml"]).current_dir(self.0.folder.path());
        command.stdin(Stdio::null()).env_remove("ADMIT_LOG");
        command
    }

    /// Starts a server with this configuration, and waits until its gates are set up.
    pub(crate) fn start(&self, config: &Value) -> Server {
        self.configure(config);
        self.start_with(&mut self.command())
    }

    /// As [`Home::start`], where the access token of another server counts.
    pub(crate) fn start_again(&self, other: &Server, config: &Value) -> Server {
        self.0.token.set(other.token().to_owned()).unwrap();
        self.start(config)
    }

    /// As [`Home::start`], with a command made by [`Home::command`].
    pub(crate) fn start_with(&self, command: &mut Command) -> Server {
        Server::announced(self.clone(), command)
    }
}

/// A server that ends with the test.
pub(crate) struct Server {
    pub(crate) home: Home,
    child: Child,
    /// Behind a lock so that several tests may share the server.
    lines: Mutex<Receiver<String>>,
    /// What it said before it was ready, line by line.
    pub(crate) announced: Vec<String>,
    service: String,
    admin: String,
}

impl Server {
    /// A server in a new folder, with `config` over the usual one.
    pub(crate) fn start(config: &Value) -> Self {
        Home::new().start(config)
    }

    /// A server whose gate `windows-mdm` decides on the fixture's tokens.
    pub(crate) fn serving() -> Self {
        Self::start(&windows_gate())
    }

    /// A server as [`Server::serving`], for tests that leave it as they found it: whoever asks meanwhile gets
    /// the same one. It ends with the last test that has it, so that none outlives the process.
    pub(crate) fn shared() -> Arc<Self> {
        static SHARED: Mutex<Weak<Server>> = Mutex::new(Weak::new());
        let mut shared = SHARED.lock().unwrap_or_else(PoisonError::into_inner);
        shared.upgrade().unwrap_or_else(|| {
            let server = Arc::new(Self::serving());
            *shared = Arc::downgrade(&server);
            server
        })
    }

    fn announced(home: Home, command: &mut Command) -> Self {
        let log = std::fs::File::options().create(true).append(true).open(home.path("log"));
        command.stdout(Stdio::piped()).stderr(log.unwrap());
        let mut child = command.spawn().unwrap();
        let lines = lines_of(child.stdout.take().unwrap());
        let mut server = Self {
            home,
            child,
            lines: Mutex::new(lines),
            announced: Vec::new(),
            service: String::new(),
            admin: String::new(),
        };
        server.service = server.next_labelled("service");
        server.admin = server.next_labelled("admin");
        server.next_labelled("data");
        if server.home.0.token.get().is_none() {
            let token = server.next_labelled("access");
            server.home.0.token.set(token).unwrap();
        }
        (0..server.gates()).for_each(|_| drop(server.next_labelled("gate")));
        server
    }

    /// How many gates the configuration names, or the default has.
    fn gates(&self) -> usize {
        let config = std::fs::read(self.home.path("admit.yaml")).unwrap();
        let config: Value = serde_json::from_slice(&config).unwrap();
        config["gates"].as_object().map_or(2, serde_json::Map::len)
    }

    /// The value of the next line that begins with `label`.
    fn next_labelled(&mut self, label: &str) -> String {
        loop {
            let line = self.next_line();
            let line = line.unwrap_or_else(|| panic!("ended before `{label}`: {}", self.log()));
            let mut words = line.split_whitespace();
            let found = (words.next() == Some(label)).then(|| words.next().unwrap().to_owned());
            self.announced.push(line);
            if let Some(value) = found {
                return value;
            }
        }
    }

    /// The next line of its standard output; absent when there are no more.
    pub(crate) fn next_line(&mut self) -> Option<String> {
        match self.lines.get_mut().unwrap().recv_timeout(PATIENCE) {
            Ok(line) => Some(line),
            Err(RecvTimeoutError::Disconnected) => None,
            Err(RecvTimeoutError::Timeout) => panic!("says nothing more: {}", self.log()),
        }
    }

    /// Where it decides: `http://IP:PORT`, or `unix:PATH`.
    pub(crate) fn service_address(&self) -> &str {
        &self.service
    }

    /// Where everything else is: `http://IP:PORT`.
    pub(crate) fn admin_address(&self) -> &str {
        &self.admin
    }

    /// The access token that the folder's first server printed, of the role `admin`.
    pub(crate) fn token(&self) -> &str {
        self.home.0.token.get().unwrap()
    }

    /// Calls the service listener with the first access token.
    pub(crate) fn service(&self) -> Client {
        Client::new(&self.service).with_token(self.token())
    }

    /// Calls the admin listener with the first access token.
    pub(crate) fn admin(&self) -> Client {
        Client::new(&self.admin).with_token(self.token())
    }

    /// Creates an access token of a role, with a name of its own.
    pub(crate) fn create_access(&self, role: &str) -> String {
        static CREATED: AtomicUsize = AtomicUsize::new(1);
        let number = CREATED.fetch_add(1, Ordering::Relaxed);
        let body = json!({"name": format!("test {role} {number}"), "role": role});
        let created = self.admin().post("/v1/access", &body).json(201);
        created["token"].as_str().unwrap().to_owned()
    }

    /// What one of the gates decides on a token.
    pub(crate) fn decide(&self, gate: &str, token: &str) -> Value {
        let path = format!("/v1/gates/{gate}/decide");
        self.service().post(&path, &json!({"token": token})).json(200)
    }

    /// Everything that this server, and those before it in the folder, wrote to standard error.
    pub(crate) fn log(&self) -> String {
        std::fs::read_to_string(self.home.path("log")).unwrap()
    }

    /// Waits until its standard error holds `text`.
    pub(crate) fn wait_for_log(&self, text: &str) {
        wait_until(text, || self.log().contains(text));
    }

    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Sends a signal, for example `TERM`.
    pub(crate) fn signal(&self, signal: &str) {
        let pid = self.pid().to_string();
        let sent = Command::new("kill").args([&*format!("-{signal}"), &*pid]).status().unwrap();
        assert!(sent.success(), "{signal}");
    }

    /// Waits for its end; says how it ended and what else it wrote to standard output.
    pub(crate) fn wait(mut self) -> (ExitStatus, Vec<String>) {
        let deadline = Instant::now() + PATIENCE;
        let mut rest = Vec::new();
        while let Some(line) = self.next_line() {
            assert!(Instant::now() < deadline, "does not end: {}", self.log());
            rest.push(line);
        }
        (self.child.wait().unwrap(), rest)
    }

    /// Sends a signal and waits for the end. The folder stays, for another server.
    pub(crate) fn stop_with(self, signal: &str) -> (Home, ExitStatus) {
        let home = self.home.clone();
        self.signal(signal);
        (home, self.wait().0)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

fn lines_of(out: impl std::io::Read + Send + 'static) -> Receiver<String> {
    let (sender, lines) = channel();
    std::thread::spawn(move || {
        for line in BufReader::new(out).lines() {
            let Ok(line) = line else { return };
            if sender.send(line).is_err() {
                return;
            }
        }
    });
    lines
}

/// A configuration whose one gate `windows-mdm` admits the fixture's tokens.
pub(crate) fn windows_gate() -> Value {
    json!({"gates": {"windows-mdm": {"settings": windows_settings()}}})
}

/// Settings of `windows-mdm` that admit the fixture's tokens.
pub(crate) fn windows_settings() -> Value {
    json!({
        "server_url": "https://mdm.example.com",
        "windows_entra_tenant_ids": [TID],
        "windows_entra_client_ids": [CLIENT],
    })
}

/// A good v2.0 token of this moment, with other claims; `null` removes one.
pub(crate) fn token(changes: Value) -> String {
    let claims = issuer().claims_v2(TID, CLIENT, admit::gate::now());
    issuer().sign(&with(claims, changes))
}

/// A good v1.0 token of this moment, with other claims; `null` removes one.
pub(crate) fn token_v1(changes: Value) -> String {
    let claims = issuer().claims_v1(TID, admit_tests::fixture::SERVER, admit::gate::now());
    issuer().sign(&with(claims, changes))
}

/// Puts the members of one object over those of another, level by level.
pub(crate) fn merge(into: &mut Value, over: &Value) {
    match (into, over) {
        (Value::Object(into), Value::Object(over)) => {
            for (name, value) in over {
                merge(into.entry(name).or_insert(Value::Null), value);
            }
        }
        (into, over) => *into = over.clone(),
    }
}

/// A server with `config` over a gate that admits the fixture's tokens, and with keys from `keys`.
pub(crate) fn with_keys(keys: Value, config: Value) -> Server {
    Server::start(&with(with(windows_gate(), json!({"keys": {"public": keys}})), config))
}
