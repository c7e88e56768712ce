//! The HTTP API.

pub mod listener;
pub mod trace;
mod call;
mod authorise;
mod error;
mod json;
mod body;
mod stuck;
mod router;
mod decide;
mod settings;
mod policy;
mod releases;
mod candidate;
mod activities;
mod access;
mod backup;
mod status;
mod health;
mod documents;

pub use router::router;
