//! What the server reaches over loopback, with `oha` as the client. All in one run: read the ratios.
//!
//! Run by `make load`, which installs `oha`. The server is this program again, as a child: once the
//! real one, once with decisions replaced by verification alone, everything around them the same.

mod child;
mod load;
mod measure;
mod setup;

use std::process::ExitCode;

fn main() -> ExitCode {
    let arguments: Vec<_> = std::env::args().skip(1).collect();
    let result = match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["serve", directory] => child::serve(directory.as_ref()),
        ["verify", directory] => child::verify_only(directory.as_ref()),
        _ => measure::all(),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("serve bench: {error}");
            ExitCode::FAILURE
        }
    }
}
