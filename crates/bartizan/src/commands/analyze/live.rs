//! `--interface`: exchanges of a network interface, while they go by.

use std::{
    path::Path,
    sync::atomic::AtomicBool,
    time::{Duration, Instant},
};

use bartizan_pipeline::sources::live::{LiveOptions, LiveSource, MAX_PORTS, Until, is_interface};

use super::input_error;
use crate::{
    commands::{Cli, CommandError, arguments::Live},
    serve,
};

/// Begins to capture. The capture ends as the arguments say, and in order when `stop` is set.
pub(super) fn open(
    cli: &Cli,
    (interface, live): (&str, &Live),
    key_log: Option<&Path>,
    stop: &'static AtomicBool,
) -> Result<LiveSource, CommandError> {
    if !is_interface(interface) {
        return Err(CommandError::usage(format!("`{interface}` is no name of an interface")));
    }
    if live.port.len() > MAX_PORTS {
        return Err(CommandError::usage(format!("more than {MAX_PORTS} ports are named")));
    }
    let options = LiveOptions {
        ports: live.port.clone(),
        key_log: key_log.map(Path::to_owned),
        ..LiveOptions::of(interface)
    };
    let deadline = live.seconds.map(|seconds| Instant::now() + Duration::from_secs(seconds));
    let until = Until { stop, deadline, exchanges: live.exchanges };
    let source = LiveSource::open(&options, until, serve::now).map_err(|e| input_error(&e))?;
    if !cli.quiet {
        anstream::eprintln!(
            "capturing on {interface}; an interrupt ends that and shows the result"
        );
    }
    Ok(source)
}
