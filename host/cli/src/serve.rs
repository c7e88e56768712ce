//! `admit serve`: the host as a process.

use std::io::Write;

use admit_server::config::{self, Config, DecisionLogConfig, DecisionLogTarget, Flags, Sources};
use admit_server::logging;
use admit_server::serve::{self, Checked};

use crate::args::ServerArgs;
use crate::error::{CliError, Exit, say};
use crate::files;
use crate::terminal::Progress;
use crate::text::entry;

/// Standard input as a file.
const STDIN: &str = "/dev/stdin";

const CONFIG_FROM_STDIN: &str = "--config - goes only with --check-config: a server reads its configuration again when it gets \
     SIGHUP, so name a file";

/// Checks the configuration, or serves until the process is asked to end.
pub(crate) fn run(args: ServerArgs, out: &mut dyn Write) -> Result<Exit, CliError> {
    let check_only = args.check_config;
    let sources = sources(args)?;
    let (config, places) = match config::load_with_places(sources.clone()) {
        Ok(loaded) => loaded,
        Err(error) => {
            error.iter().for_each(say);
            return Ok(Exit::BadInput);
        }
    };
    if check_only {
        let checking = Progress::start("checking the configuration", None);
        let checked = serve::check(&config, &places);
        drop(checking);
        let checked = checked.map_err(CliError::Server)?;
        return said(&config, &sources, &checked, out).map_err(CliError::Output);
    }
    let internal = |source: Box<dyn std::error::Error + Send + Sync>| CliError::Internal {
        what: "failed to start the log",
        source,
    };
    logging::start(config.log).map_err(|error| internal(error.into()))?;
    config::say_links(&sources.environment);
    // Standard output is the decision log then: nothing else may be written there.
    let is_log = |log: &DecisionLogConfig| log.to == DecisionLogTarget::Stdout;
    let served = match config.decision_log.as_ref().is_some_and(is_log) {
        true => serve::serve(&config, &sources, &mut std::io::stderr()),
        false => serve::serve(&config, &sources, out),
    };
    match served {
        Ok(()) => Ok(Exit::Done),
        Err(error) if error.key().is_some() => {
            say(error.in_place(&places));
            Ok(Exit::BadInput)
        }
        Err(error) => Err(CliError::Server(error)),
    }
}

fn sources(args: ServerArgs) -> Result<Sources, CliError> {
    let ServerArgs { config, check_config, data_dir, service, admin, log_level, log_format } = args;
    let file = match config {
        Some(path) if files::is_stdin(&path) && check_config => Some(STDIN.into()),
        Some(path) if files::is_stdin(&path) => {
            return Err(CliError::Usage(CONFIG_FROM_STDIN.to_owned()));
        }
        config => config,
    };
    let flags = Flags { data_dir, service, admin, log_level, log_format };
    Ok(Sources { file, environment: config::process_environment(), flags })
}

/// Says what a start would find.
fn said(
    config: &Config,
    sources: &Sources,
    checked: &Checked,
    out: &mut dyn Write,
) -> std::io::Result<Exit> {
    if !checked.problems.is_empty() {
        checked.problems.iter().for_each(say);
        // A remark may explain the problem, such as a text that a template should have filled in.
        checked.remarks.iter().for_each(|remark| say(format_args!("note: {remark}")));
        return Ok(Exit::BadInput);
    }
    match &sources.file {
        Some(path) => writeln!(out, "`{}` can be used", path.display())?,
        None => writeln!(out, "the configuration can be used")?,
    }
    entry(out, "service", &config.service.listen.to_string())?;
    entry(out, "admin", &config.admin.listen.to_string())?;
    entry(out, "data", &config.data_dir.display().to_string())?;
    let Checked { keys, gates, remarks, .. } = checked;
    for (label, lines) in [("keys", keys), ("gate", gates), ("note", remarks)] {
        lines.iter().try_for_each(|line| entry(out, label, line))?;
    }
    Ok(Exit::Done)
}
