//! What is measured, and how it is said.

use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::time::{Duration, Instant};

use super::load::{Seen, Server};
use super::setup::{BODY, EXPIRED, Result};

/// Seconds of one run.
const RUN: u32 = 5;

/// Runs of each server, one after the other, so that a busy moment hits both.
const ROUNDS: usize = 3;

/// Time between two swaps.
const SWAP_EVERY: Duration = Duration::from_millis(100);

pub(crate) fn all() -> Result<()> {
    let (serving, verifying) = (Server::start("serve", None)?, Server::start("verify", None)?);
    let [decided, verified, expired] =
        throughput([(&serving, BODY), (&verifying, BODY), (&serving, EXPIRED)])?;
    println!("throughput, median of {ROUNDS} runs of {RUN} s, 32 connections, requests a second");
    println!("  {decided:>10.0}  decides");
    println!("  {verified:>10.0}  verifies only");
    println!("  {expired:>10.0}  refuses expired tokens, its policy not asked");
    println!("  {:>10.2}  decides, times verifies only", decided / verified);
    println!("  {:>10.2}  decides, times refuses", decided / expired);
    drop(verifying);

    let half = decided / 2.0;
    let steady = serving.load(BODY, RUN, Some(half))?;
    let (swapped, swaps) = with_swaps(&serving, half)?;
    println!("\n99th percentile at half of that rate, milliseconds");
    println!("  {:>10.2}  steady, {:.0} requests a second", steady.p99_ms, steady.rate);
    println!("  {:>10.2}  with {swaps} swaps, one each 100 ms", swapped.p99_ms);
    println!("  {:>10.2}  times the steady one", swapped.p99_ms / steady.p99_ms);
    println!("\nresident memory after all that, two gates, MiB");
    println!("  {:>10.1}", serving.resident_mib()?);
    drop(serving);

    let (quiet, usual) = (Server::start("serve", None)?, Server::start("serve", Some(0.01))?);
    let everything = Server::start("serve", Some(1.0))?;
    let [without, with, all] =
        throughput([&quiet, &usual, &everything].map(|server| (server, BODY)))?;
    println!("\nthroughput with a decision log to a file, times that without");
    println!("  {:>10.3}  refusals and 1 % of what is allowed (the default)", with / without);
    println!("  {:>10.3}  everything", all / without);
    let lines = std::fs::metadata(everything.directory().join("decisions.jsonl"))?.len();
    println!("  {:>10.0}  MiB were written", lines as f64 / 1_048_576.0);
    Ok(())
}

/// The median rates of several servers with one request each, measured in turns.
fn throughput<const N: usize>(servers: [(&Server, &str); N]) -> Result<[f64; N]> {
    for (server, request) in servers {
        server.load(request, 2, None)?;
    }
    let mut rates = [(); N].map(|()| Vec::new());
    for _ in 0..ROUNDS {
        for ((server, request), rates) in servers.iter().zip(&mut rates) {
            rates.push(server.load(request, RUN, None)?.rate);
        }
    }
    Ok(rates.map(median))
}

fn median(mut rates: Vec<f64>) -> f64 {
    rates.sort_by(f64::total_cmp);
    rates.get(rates.len() / 2).copied().unwrap_or_default()
}

/// Load at `rate` while the policy is swapped each 100 ms; says how often it was.
fn with_swaps(server: &Server, rate: f64) -> Result<(Seen, u32)> {
    // Both versions are kept from then on: a swap compiles nothing.
    for version in ["1.0.0", "2.0.0"] {
        server.swap_to(version)?;
    }
    let (done, swaps) = (AtomicBool::new(false), AtomicU32::new(0));
    std::thread::scope(|scope| {
        let swapping = scope.spawn(|| -> Result<()> {
            let started = Instant::now();
            while !done.load(Ordering::Relaxed) {
                let made = swaps.fetch_add(1, Ordering::Relaxed) + 1;
                let version = if made.is_multiple_of(2) { "2.0.0" } else { "1.0.0" };
                server.swap_to(version)?;
                std::thread::park_timeout((SWAP_EVERY * made).saturating_sub(started.elapsed()));
            }
            Ok(())
        });
        let seen = server.load(BODY, RUN, Some(rate));
        done.store(true, Ordering::Relaxed);
        swapping.join().map_err(|_| "the swaps broke off")??;
        Ok((seen?, swaps.load(Ordering::Relaxed)))
    })
}
