//! The real binary as a server: what it answers, keeps, and survives.

mod activation;
mod api;
mod backup;
mod bounds;
mod candidate;
mod check;
mod cli;
mod config;
mod crash;
mod decisions;
mod gitops;
mod operations;
mod machine;
mod parties;
mod policies;
mod proxies;
mod raw;
mod key_sets;
mod history;
mod http;
mod secrets;
mod settings;
mod start;
mod swaps;
