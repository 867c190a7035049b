//! Going on with another configuration: when it is read anew, and what becomes of it.
//!
//! Files are read on a thread of their own, as source code may take long to read, and whoever waits for a signal to
//! stop goes on waiting.

use std::{path::PathBuf, sync::Arc, time::Duration};

use bartizan_analysis::Snapshot;
use tokio::{runtime::Runtime, sync::oneshot};

use super::{
    super::{Cli, CommandError, arguments::Serve, config::refused, knowledge, watched::Watched},
    Signals, Wake, current, snapshot, warn,
};
use crate::{
    config::Loaded,
    serve::{Overrides, Serving, descriptors},
};

/// How often the files are looked at.
const WATCH: Duration = Duration::from_secs(2);

/// What was read anew.
#[derive(Debug)]
struct Anew {
    loaded: Loaded,
    snapshot: Snapshot,
    watched: Watched,
    /// Why source code or results of `discover` could not be read: what they told before is in the snapshot.
    missing: Option<CommandError>,
}

/// What reloads are made of, and for whom.
pub(super) struct Reloads<'a> {
    pub(super) cli: &'a Cli,
    pub(super) arguments: &'a Serve,
    pub(super) overrides: &'a Overrides,
    pub(super) serving: &'a Serving,
    /// What serving began with.
    pub(super) loaded: &'a Loaded,
    /// What was read, and is read anew when it changes.
    pub(super) watched: Watched,
}

impl Reloads<'_> {
    /// Waits for signals and changes of files until an interrupt.
    pub(super) fn watch(mut self, runtime: &Runtime, signals: &mut Signals) {
        let mut is_due = false;
        loop {
            if !std::mem::take(&mut is_due) {
                let wake = runtime.block_on(async {
                    tokio::select! {
                        wake = signals.next() => wake,
                        () = tokio::time::sleep(WATCH) => Wake::Look,
                    }
                });
                let have_changed = self.watched.have_changed();
                match wake {
                    Wake::Stop => return,
                    Wake::Look if !have_changed => continue,
                    Wake::Reload | Wake::Look => {}
                }
            }
            let read = match self.begin() {
                Ok(heard) => {
                    let heard = heard_or_stopped(heard, async || signals.next().await, &mut is_due);
                    let Some(read) = runtime.block_on(heard) else { return };
                    read
                }
                Err(error) => Err(error),
            };
            if let Err(error) = read
                .inspect_err(|_| self.serving.gateway().count_refused_reload())
                .and_then(|anew| self.take_over(anew))
            {
                anstream::eprintln!("error: {error}\nthe configuration in force stays as it was");
            }
        }
    }

    /// Begins to read everything anew.
    fn begin(&self) -> Result<oneshot::Receiver<Result<Anew, CommandError>>, CommandError> {
        let mut watched = Watched::default();
        self.loaded.file.iter().for_each(|file| watched.note(file));
        let loaded = current(self.cli, self.arguments)?;
        let (specs, now) = (self.arguments.spec.clone(), self.serving.snapshot());
        let (say, heard) = oneshot::channel();
        let reading = move || drop(say.send(read(loaded, &specs, &now, watched)));
        let begun = std::thread::Builder::new().name("reload".to_owned()).spawn(reading);
        begun.map_err(|error| CommandError::usage(format!("cannot read anew: {error}")))?;
        Ok(heard)
    }

    /// Takes over what was read, or nothing of it.
    fn take_over(&mut self, anew: Anew) -> Result<(), CommandError> {
        let Anew { loaded, snapshot, watched, missing } = anew;
        let reloaded = self.serving.reload(&loaded.config, self.overrides, snapshot);
        let reloaded = reloaded.map_err(|error| refused(&loaded, &error))?;
        self.watched = watched;
        if let Some(missing) = missing {
            anstream::eprintln!(
                "warning: {missing}\nwhat source code and results of `discover` told before stays"
            );
        }
        if self.cli.quiet {
            return Ok(());
        }
        anstream::eprintln!("configuration reloaded");
        let (gateway, receivers) = (&reloaded.gateway, &loaded.config.receivers);
        warn(descriptors::raise(gateway, &self.loaded.config.admin, receivers));
        for key in reloaded.after_restart {
            anstream::eprintln!("note: {key} was changed and counts after a restart");
        }
        Ok(())
    }
}

/// Reads everything anew. What is known beside traffic may come and go (a folder of code, a result that is written
/// anew): when it is missing, what was known goes on to count.
fn read(
    loaded: Loaded,
    specs: &[PathBuf],
    now: &Arc<Snapshot>,
    mut watched: Watched,
) -> Result<Anew, CommandError> {
    let (scope, key) = (now.scope.clone(), now.key.clone());
    let mut snapshot = snapshot(&loaded, specs, scope, key, &mut watched)?;
    let (discoveries, missing) = match knowledge::read(&loaded.config.catalog) {
        Ok(found) => (found, None),
        Err(missing) => (now.discoveries.clone(), Some(missing)),
    };
    snapshot.discoveries = discoveries;
    Ok(Anew { loaded, snapshot, watched, missing })
}

/// What was read, unless it is said before that all is to stop. A reload that is asked for meanwhile is due then.
async fn heard_or_stopped<T>(
    mut heard: oneshot::Receiver<Result<T, CommandError>>,
    mut next: impl AsyncFnMut() -> Wake,
    is_due: &mut bool,
) -> Option<Result<T, CommandError>> {
    loop {
        tokio::select! {
            read = &mut heard => {
                // Which would be a defect.
                let gone = |_| Err(CommandError::usage("what was read anew was lost"));
                return Some(read.unwrap_or_else(gone));
            }
            wake = next() => match wake {
                Wake::Stop => return None,
                Wake::Reload => *is_due = true,
                Wake::Look => {}
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use bartizan_analysis::Discoveries;
    use bartizan_model::{HashKey, Scope};

    use super::*;

    fn known() -> Arc<Snapshot> {
        let discoveries = Some(Arc::new(Discoveries::new(Vec::new())));
        let snapshot = Snapshot::new(Scope::default(), HashKey::new([1; 32]));
        Arc::new(Snapshot { discoveries, ..snapshot })
    }

    fn reads(discovered: &[PathBuf]) -> Loaded {
        let mut loaded = Loaded::default();
        loaded.config.catalog.discovered = discovered.to_vec();
        loaded
    }

    #[test]
    fn what_is_missing_is_told_and_what_was_known_stays() {
        let now = known();
        let gone = reads(&[PathBuf::from("no-such-result.json")]);
        let anew = read(gone, &[], &now, Watched::default()).expect("taken over all the same");
        let missing = anew.missing.expect("told").to_string();
        assert!(missing.contains("no-such-result.json"), "{missing}");
        let (before, after) = (now.discoveries.as_ref(), anew.snapshot.discoveries.as_ref());
        assert!(Arc::ptr_eq(before.expect("known"), after.expect("known")));

        let anew = read(reads(&[]), &[], &now, Watched::default()).expect("read");
        assert!(anew.missing.is_none() && anew.snapshot.discoveries.is_none(), "not wanted now");
    }

    #[test]
    fn files_of_a_specification_are_watched_with_it() {
        let home = tempfile::tempdir().expect("a folder");
        let file = |name: &str, text: &str| {
            std::fs::write(home.path().join(name), text).expect("a file");
            home.path().join(name)
        };
        let paths = "{/a: {$ref: 'a.yaml'}, /b: {$ref: 'b.yaml'}}";
        let root = format!("openapi: 3.1.0\ninfo: {{title: A, version: '1'}}\npaths: {paths}\n");
        let spec = file("openapi.yaml", &root);
        file("a.yaml", "get: {responses: {}}\n");
        let read = || {
            let specs = std::slice::from_ref(&spec);
            read(Loaded::default(), specs, &known(), Watched::default()).expect("read").watched
        };
        let mut watched = read();
        assert!(!watched.have_changed());
        file("a.yaml", "post: {responses: {}}\n");
        assert!(watched.have_changed(), "it is a part of the specification");
        file("b.yaml", "get: {responses: {}}\n");
        assert!(watched.have_changed(), "it was missing");
        assert!(!Path::new("a.yaml").exists(), "the working folder has nothing to do with it");
    }

    #[tokio::test]
    async fn whoever_stops_does_not_wait_for_what_is_read() {
        let (say, heard) = oneshot::channel::<Result<(), CommandError>>();
        let mut wakes = [Wake::Reload, Wake::Stop].into_iter();
        let mut is_due = false;
        let next = async || wakes.next().expect("no more is asked");
        assert!(heard_or_stopped(heard, next, &mut is_due).await.is_none());
        assert!(is_due && say.is_closed(), "nobody waits for it");

        let (say, heard) = oneshot::channel();
        say.send(Ok(7)).expect("heard");
        let never = async || std::future::pending::<Wake>().await;
        let read = heard_or_stopped(heard, never, &mut is_due).await.expect("not stopped");
        assert_eq!(read.expect("read"), 7);
    }
}
