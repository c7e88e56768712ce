//! The real binary as a server: what it answers, keeps, and survives.

mod api;
mod client;
mod config;
mod plan;
mod raw;
mod settings;
mod start;
