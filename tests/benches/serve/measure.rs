//! What is measured, and how it is said.

use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::time::{Duration, Instant};

use super::load::{Seen, Server};
use super::setup::{BODY, EXPIRED, Result};

/// Seconds of a run at half of the maximum rate.
const RUN: u32 = 5;

/// Seconds of a run at the maximum rate, and how many there are of each server. They are short and
/// take turns, and each is compared with its neighbour: other work on the machine hits both.
const TURN: u32 = 2;
const ROUNDS: usize = 9;

/// Time between two swaps.
const SWAP_EVERY: Duration = Duration::from_millis(100);

pub(crate) fn all() -> Result<()> {
    let (serving, verifying) = (Server::start("serve", None)?, Server::start("verify", None)?);
    let [decided, verified, expired] =
        throughput([(&serving, BODY), (&verifying, BODY), (&serving, EXPIRED)])?;
    println!("throughput, medians of {ROUNDS} runs of {TURN} s, 32 connections, requests a second");
    println!("  {:>10.0}  decides", median(&decided));
    println!("  {:>10.0}  verifies only", median(&verified));
    println!("  {:>10.0}  refuses expired tokens, its policy not asked", median(&expired));
    println!("  {:>10.2}  decides, times verifies only", ratio(&decided, &verified));
    println!("  {:>10.2}  decides, times refuses", ratio(&decided, &expired));
    drop(verifying);

    let half = median(&decided) / 2.0;
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
    println!(
        "  {:>10.3}  refusals and 1 % of what is allowed (the default)",
        ratio(&with, &without)
    );
    println!("  {:>10.3}  everything", ratio(&all, &without));
    let lines = std::fs::metadata(everything.directory().join("decisions.jsonl"))?.len();
    println!("  {:>10.0}  MiB were written", lines as f64 / 1_048_576.0);
    Ok(())
}

/// The rates of several servers with one request each, measured in turns.
fn throughput<const N: usize>(servers: [(&Server, &str); N]) -> Result<[Vec<f64>; N]> {
    for (server, request) in servers {
        server.load(request, 2, None)?;
    }
    let mut rates = [(); N].map(|()| Vec::new());
    for _ in 0..ROUNDS {
        for ((server, request), rates) in servers.iter().zip(&mut rates) {
            rates.push(server.load(request, TURN, None)?.rate);
        }
    }
    Ok(rates)
}

/// The median of the ratios of neighbouring runs.
fn ratio(rates: &[f64], of: &[f64]) -> f64 {
    let ratios: Vec<_> = rates.iter().zip(of).map(|(rate, of)| rate / of).collect();
    median(&ratios)
}

fn median(numbers: &[f64]) -> f64 {
    let mut numbers = numbers.to_vec();
    numbers.sort_by(f64::total_cmp);
    numbers.get(numbers.len() / 2).copied().unwrap_or_default()
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
