//! The real binary as a server: what it answers, keeps, and survives.

mod api;
mod candidate;
mod cli;
mod client;
mod config;
mod crash;
mod decisions;
mod gitops;
mod limits;
mod operations;
mod machine;
mod plan;
mod policies;
mod raw;
mod rejects;
mod refusals;
mod guards;
mod history;
mod secrets;
mod settings;
mod shell;
mod start;
mod start_up;
mod stub;
mod swaps;
mod taken_back;
