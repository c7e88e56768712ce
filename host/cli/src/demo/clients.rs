//! Threads that keep sending tokens, and count what they see.

use std::collections::BTreeMap;
use std::io;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar};
use std::thread::JoinHandle;

use admit::decision::{Decision, Outcome};
use admit::gate::Gate;
use admit::lock::Lock;

use super::Token;
use super::story::Tokens;

#[derive(Clone, Debug, Default)]
pub(super) struct Seen {
    pub(super) version: String,
    pub(super) allowed: u64,
    pub(super) denied: u64,
}

#[derive(Clone, Debug, Default)]
pub(super) struct Counts {
    pub(super) by_generation: BTreeMap<u64, Seen>,
    pub(super) failed: u64,
    pub(super) mixed: u64,
}

impl Counts {
    pub(super) fn decided(&self) -> u64 {
        self.by_generation.values().map(|seen| seen.allowed + seen.denied).sum::<u64>()
            + self.failed
    }

    fn add(&mut self, token: Token, decision: &Decision) {
        let (Some(policy), Some(generation)) = (&decision.policy, decision.generation) else {
            self.failed += 1;
            return;
        };
        let admits_v2 = policy.version.starts_with("2.");
        let expected = match token {
            Token::V1 => Outcome::Allow,
            Token::V2 if admits_v2 => Outcome::Allow,
            Token::V2 => Outcome::Deny,
        };
        let seen = self.by_generation.entry(generation).or_default();
        seen.version = policy.version.to_string();
        match decision.outcome() {
            Outcome::Allow => seen.allowed += 1,
            Outcome::Deny => seen.denied += 1,
            _ => self.failed += 1,
        }
        if matches!(decision.outcome(), Outcome::Allow | Outcome::Deny)
            && decision.outcome() != expected
        {
            self.mixed += 1;
        }
    }

    fn of_generation(&self, generation: u64) -> u64 {
        self.by_generation.get(&generation).map_or(0, |seen| seen.allowed + seen.denied)
    }
}

/// Running client threads.
pub(super) struct Clients {
    shared: Arc<Shared>,
    threads: Vec<JoinHandle<()>>,
}

#[derive(Default)]
struct Shared {
    stop: AtomicBool,
    counts: Lock<Counts>,
    counted: Condvar,
}

impl Clients {
    /// Starts the threads. Each sends both tokens in turn until [`Clients::stop`].
    pub(super) fn start(gate: &Arc<Gate>, tokens: &Tokens, count: u8) -> io::Result<Self> {
        let mut clients = Self { shared: Arc::default(), threads: Vec::new() };
        for _ in 0..count {
            let (shared, gate) = (Arc::clone(&clients.shared), Arc::clone(gate));
            let tokens = tokens.clone();
            let client = move || shared.send(&gate, &tokens);
            let thread = std::thread::Builder::new().name("demo-client".into()).spawn(client)?;
            clients.threads.push(thread);
        }
        Ok(clients)
    }

    /// Waits until the clients have seen `count` decisions of a generation, or all have ended.
    pub(super) fn wait_for(&self, generation: u64, count: u64) {
        let counts = self.shared.counts.lock();
        let waits =
            |counts: &mut Counts| counts.of_generation(generation) < count && counts.failed < count;
        drop(self.shared.counted.wait_while(counts, waits));
    }

    /// Ends the threads and returns what they saw.
    pub(super) fn stop(self) -> Counts {
        self.shared.stop.store(true, Ordering::Relaxed);
        for thread in self.threads {
            if thread.join().is_err() {
                self.shared.counts.lock().failed += 1;
            }
        }
        self.shared.counts.lock().clone()
    }
}

impl Shared {
    fn send(&self, gate: &Gate, tokens: &Tokens) {
        while !self.stop.load(Ordering::Relaxed) {
            for token in [Token::V1, Token::V2] {
                let decided = tokens.decide(gate, token);
                let mut counts = self.counts.lock();
                match decided {
                    Ok(decision) => counts.add(token, &decision),
                    Err(_) => counts.failed += 1,
                }
                self.counted.notify_one();
            }
        }
    }
}
