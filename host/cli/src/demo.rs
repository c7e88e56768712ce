//! `admit demo`: the whole story in one run.
//!
//! A local issuer signs v1.0 and v2.0 tokens and publishes its key set on loopback. A gate decides
//! them with the embedded policy `windows-mdm`, version 1 and version 2, while client threads keep
//! sending tokens.

mod clients;
mod story;

use std::io::Write;
use std::sync::Arc;
use std::time::Duration;

use admit::claims::Verification;
use admit::cloud::Cloud;
use admit::gate::{Activated, Activation, Gate};
use admit::issuer::Issuer;
use admit::keys::{Keys, RemoteKeys, RemoteOptions};
use admit::release::{Release, StageTime};
use admit::settings::Settings;
use admit_policies::{Embedded, WINDOWS_MDM_1, WINDOWS_MDM_2};
use serde_json::{Value, json};

use crate::args::DemoArgs;
use crate::error::{CliError, Exit};
use crate::issuer::server;
use clients::{Clients, Counts};
use story::Tokens;

const TENANT: &str = "5a4f1c1e-6a3e-4c57-9d0e-1f2b3c4d5e6f";
const CLIENT_ID: &str = "8c9d0e1f-2a3b-4c5d-8e6f-7a8b9c0d1e2f";
const SERVER_URL: &str = "https://mdm.example.com";

/// Decisions of each kind the clients must have seen before the story goes on.
const ENOUGH: u64 = 200;

pub(crate) fn run(args: &DemoArgs, out: &mut dyn Write) -> Result<Exit, CliError> {
    let issuer = Issuer::generate()
        .map_err(|error| internal("failed to make the local issuer's key", error))?;
    let server = server::start(&issuer, 0)
        .map_err(|error| internal("failed to serve the local issuer on 127.0.0.1", error))?;
    let gate = Arc::new(gate(&server)?);
    let tokens = Tokens::new(&issuer);
    let mut demo = Demo { out, gate, tokens };
    demo.before(&server)?;
    let clients = Clients::start(&demo.gate, &demo.tokens, args.clients)
        .map_err(|error| internal("failed to start the client threads", error))?;
    let told = demo.under_load(&clients);
    let counts = clients.stop();
    told?;
    demo.counts(args.clients, &counts)
}

struct Demo<'a> {
    out: &'a mut dyn Write,
    gate: Arc<Gate>,
    tokens: Tokens,
}

impl Demo<'_> {
    /// Version 1: v1.0 tokens are admitted, v2.0 tokens refused.
    fn before(&mut self, server: &server::Server) -> Result<(), CliError> {
        self.say("A local issuer stands in for Microsoft Entra; its key set is at")?;
        self.say(&format!("  {}", server.key_set_address()))?;
        self.heading(&format!("Gate `windows-mdm` of {SERVER_URL}, with policy version 1"))?;
        self.activate(&WINDOWS_MDM_1, &json!({}))?;
        self.heading("A v1.0 token, issued for the server's URL")?;
        self.decide(Token::V1)?;
        self.heading("A v2.0 token, issued for the application's client id")?;
        self.decide(Token::V2)
    }

    /// Version 2, and back, while the clients send tokens.
    fn under_load(&mut self, clients: &Clients) -> Result<(), CliError> {
        clients.wait_for(self.gate.generation(), ENOUGH);
        self.heading("Swap to version 2 while clients send tokens, with the client id configured")?;
        let second =
            self.activate(&WINDOWS_MDM_2, &json!({"windows_entra_client_ids": [CLIENT_ID]}))?;
        clients.wait_for(self.gate.generation(), ENOUGH);
        self.heading("The same v2.0 token")?;
        self.decide(Token::V2)?;
        self.heading("Roll back to version 1, still under load")?;
        let before = second.before.as_ref().expect("the demo began with version 1");
        let back = self
            .gate
            .swap(Some(Arc::clone(before)), second.generation)
            .map_err(|error| internal("the demo could not roll back", error))?;
        self.active(before, back.generation, &[], back.took)?;
        clients.wait_for(self.gate.generation(), ENOUGH);
        Ok(())
    }

    fn counts(&mut self, clients: u8, counts: &Counts) -> Result<Exit, CliError> {
        self.heading(&format!("What {clients} clients saw"))?;
        self.say(&format!("  decided    {} tokens", counts.decided()))?;
        self.say("  swaps      2 under load (version 1 to 2, and back)")?;
        for (generation, seen) in &counts.by_generation {
            self.say(&format!(
                "  gen. {generation}     policy version {}: {} allowed, {} denied",
                seen.version, seen.allowed, seen.denied
            ))?;
        }
        self.say(&format!("  failed     {}", counts.failed))?;
        self.say(&format!(
            "  mixed      {} (a decision that its own release would not have made)",
            counts.mixed
        ))?;
        let clean = counts.failed == 0 && counts.mixed == 0;
        Ok(if clean { Exit::Done } else { Exit::Internal })
    }

    fn activate(&mut self, policy: &Embedded, more: &Value) -> Result<Activated, CliError> {
        let activation =
            Activation { component: policy.component, settings: settings(more), cases: &[] };
        let activated = self
            .gate
            .activate(activation)
            .map_err(|error| internal("the demo could not activate its policy", error))?;
        let Activated { release, generation, stages, swap, .. } = &activated;
        self.active(release, *generation, stages, *swap)?;
        Ok(activated)
    }

    fn active(
        &mut self,
        release: &Release,
        generation: u64,
        stages: &[StageTime],
        swap: Duration,
    ) -> Result<(), CliError> {
        let policy = crate::text::policy(release.policy());
        self.say(&format!("  active     {policy}, generation {generation}"))?;
        if !stages.is_empty() {
            let stages: Vec<_> = stages
                .iter()
                .map(|time| format!("{} {} ms", time.stage, time.took.as_millis()))
                .collect();
            self.say(&format!("  steps      {}", stages.join(", ")))?;
        }
        self.say(&format!("  pointer    stored in {} ns", swap.as_nanos()))
    }

    fn decide(&mut self, token: Token) -> Result<(), CliError> {
        let decision = self
            .tokens
            .decide(&self.gate, token)
            .map_err(|error| internal("the demo could not decide", error))?;
        crate::text::decision(&decision, self.out).map_err(CliError::Output)
    }

    fn heading(&mut self, text: &str) -> Result<(), CliError> {
        writeln!(self.out, "\n== {text}").map_err(CliError::Output)
    }

    fn say(&mut self, text: &str) -> Result<(), CliError> {
        writeln!(self.out, "{text}").and_then(|()| self.out.flush()).map_err(CliError::Output)
    }
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Token {
    V1,
    V2,
}

fn gate(server: &server::Server) -> Result<Gate, CliError> {
    let keys = RemoteKeys::new(&server.discovery_address(), RemoteOptions::default())
        .map_err(|error| internal("the demo's key set address is wrong", error))?;
    let keys = Arc::new(Keys::remote(keys));
    let runtime = crate::decide::runtime()?;
    Ok(Gate::new("windows-mdm", runtime, keys, Verification::new(Cloud::Public)))
}

/// The settings of the story, and those a version adds.
fn settings(more: &Value) -> Settings {
    let mut settings = json!({
        "server_url": SERVER_URL,
        "windows_entra_tenant_ids": [TENANT],
    });
    if let (Some(settings), Some(more)) = (settings.as_object_mut(), more.as_object()) {
        settings.extend(more.clone());
    }
    settings.as_object().cloned().unwrap_or_default().into()
}

fn internal(
    what: &'static str,
    source: impl std::error::Error + Send + Sync + 'static,
) -> CliError {
    CliError::Internal { what, source: Box::new(source) }
}
