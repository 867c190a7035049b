//! `--interface`: exchanges of a network interface, while they go by.

use std::{
    path::Path,
    sync::atomic::AtomicBool,
    time::{Duration, Instant},
};

use bartizan_pipeline::sources::live::{
    LiveOptions, LiveSource, MAX_PORTS, Ports, Until, is_interface,
};

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
    let Some(ports) = Ports::new(&live.port) else {
        return Err(CommandError::usage(format!(
            "`--port`: expected at most {MAX_PORTS}, each 1 to 65535"
        )));
    };
    let options =
        LiveOptions { ports, key_log: key_log.map(Path::to_owned), ..LiveOptions::of(interface) };
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
