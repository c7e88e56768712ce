//! Admit as a process: decisions over HTTP, policies and settings changed while it serves.
//!
//! [`serve::serve`] runs a server with a [`config::Config`]. Modules are listed from the outside to
//! the inside: configuration, the server, its HTTP API, its gates, and what they are made of.

pub mod config;
pub mod serve;
pub mod http;
pub mod access;
pub mod authority;
pub mod live;
pub mod app;
pub mod gates;
pub mod shadow;
pub mod faults;
pub mod source;
pub mod watching;
pub mod decision_log;
pub mod evidence;
pub mod store;
pub mod metrics;
pub mod logging;
pub mod schemas;
mod blocking;
mod writable;
mod time;
