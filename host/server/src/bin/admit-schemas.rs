//! Writes the files of `docs/` that are made from types: `make schemas`.

use std::path::PathBuf;
use std::process::ExitCode;

fn main() -> ExitCode {
    let folder = std::env::args_os().nth(1).map_or_else(|| PathBuf::from("docs"), PathBuf::from);
    for (name, content) in admit_server::schemas::documents() {
        let path = folder.join(name);
        if let Err(error) = std::fs::write(&path, content) {
            eprintln!("admit-schemas: cannot write `{}`: {error}", path.display());
            return ExitCode::FAILURE;
        }
    }
    ExitCode::SUCCESS
}
