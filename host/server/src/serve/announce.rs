//! The lines that the server prints at its start: addresses, who may ask, what each gate has.

use std::io::{Result, Write};

use admit::text::visible_lines;
use admit_api::status::GateState;

use crate::app::App;
use crate::config::Config;
use crate::gates::Gate;
use crate::http::listener::Bound;

/// Says where the server listens, where keys come from, and the first access token.
pub(super) fn addresses(
    out: &mut dyn Write,
    config: &Config,
    service: &Bound,
    admin: &Bound,
    keys: &[String],
    first_token: Option<&str>,
) -> Result<()> {
    writeln!(out, "Admit {}", env!("CARGO_PKG_VERSION"))?;
    let service = match service.tcp_address() {
        Some(address) => format!("http://{address}"),
        None => service.address().to_owned(),
    };
    writeln!(out, "  service    {service}  (decisions)")?;
    writeln!(out, "  admin      http://{}  (everything else)", admin.address())?;
    writeln!(out, "  data       {}", config.data_dir.display())?;
    for keys in keys {
        writeln!(out, "  keys       {keys}")?;
    }
    if let Some(token) = first_token {
        writeln!(out, "  access     {token}")?;
        writeln!(
            out,
            "             role admin; shown this once. Create others with it, then revoke it"
        )?;
    }
    out.flush()
}

pub(super) fn gates(out: &mut dyn Write, app: &App) -> Result<()> {
    for gate in app.gates.values() {
        writeln!(out, "  gate       {}", of_gate(gate))?;
    }
    let has = |state: GateState| app.gates.values().any(|gate| gate.view().state() == state);
    if !has(GateState::Serving) && has(GateState::Unconfigured) {
        writeln!(out, "No gate decides yet. Write its settings to a file and apply it:")?;
        writeln!(out, "  admit apply -f gates.yaml     (see `admit apply --help`)")?;
    }
    out.flush()
}

pub(super) fn of_gate(gate: &Gate) -> String {
    let view = gate.view();
    let policy = view.policy().map(|policy| {
        let policy = policy.reference();
        format!("{} {}", policy.name, policy.version)
    });
    let policy = policy.unwrap_or_else(|| "no policy".to_owned());
    let (name, state) = (gate.name(), view.state());
    match view.problem() {
        None => {
            let generation = view.active().map_or(0, |active| active.generation);
            format!("{name}: {policy}, {state}, generation {generation}")
        }
        Some(problem) => format!("{name}: {policy}, {state}: {}", visible_lines(problem)),
    }
}
