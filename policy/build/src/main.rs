//! `admit-build CRATE_DIR OUT.wasm`: builds one policy.

use std::{
    env,
    error::Error,
    fs, io,
    path::{Path, PathBuf},
    process::ExitCode,
};

use admit_build::Request;

const USAGE: &str = "usage: admit-build [--locked] CRATE_DIR OUT.wasm";

fn main() -> ExitCode {
    let mut arguments: Vec<_> = env::args_os().skip(1).collect();
    let locked = arguments.first().is_some_and(|first| first == "--locked");
    if locked {
        arguments.remove(0);
    }
    let [crate_dir, out] = arguments.as_slice() else {
        eprintln!("{USAGE}");
        return ExitCode::from(2);
    };
    match build(crate_dir.as_ref(), out.as_ref(), locked) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            report(error.as_ref());
            ExitCode::from(3)
        }
    }
}

fn build(crate_dir: &Path, out: &Path, locked: bool) -> Result<(), Box<dyn Error>> {
    let in_dir = |source| format!("failed to open the crate `{}`: {source}", crate_dir.display());
    let dir = fs::canonicalize(crate_dir).map_err(in_dir)?;
    let target_dir = target_dir()?;
    let request = Request { dir, packages: Vec::new(), target_dir, locked };
    for component in admit_build::build(&request)? {
        let at_out = |source| format!("failed to write `{}`: {source}", out.display());
        fs::write(out, &component.bytes).map_err(at_out)?;
        println!("{}: {} bytes", out.display(), component.bytes.len());
        if let Some(warning) = admit_build::component::warning(&component.bytes) {
            eprintln!("warning: {warning}");
        }
    }
    Ok(())
}

/// `policies` in the directory that `CARGO_TARGET_DIR` names, else in `target`.
fn target_dir() -> io::Result<PathBuf> {
    let target = env::var_os("CARGO_TARGET_DIR").unwrap_or_else(|| "target".into());
    Ok(env::current_dir()?.join(target).join("policies"))
}

fn report(error: &dyn Error) {
    eprintln!("error: {error}");
    let mut source = error.source();
    while let Some(cause) = source {
        eprintln!("  because: {cause}");
        source = cause.source();
    }
}
