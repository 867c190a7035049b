//! `demo`: the lab, the gateway in front of it and the dashboard in one process, and a story that is
//! played through them. What is told of it comes from the store; the script only says what to look for.

mod found;
mod played;
mod stage;
mod tell;

use std::{net::SocketAddr, path::PathBuf, sync::mpsc, time::Duration};

use bartizan_lab::player::{Plan, benign, story};
use clap::{Args, ValueEnum};

use self::{found::Found, played::Played, stage::Stage, tell::Teller};
use super::{Cli, CommandError, Exit, serve::Signals, terminal::write_out};

pub(super) const EXIT_CODES: &str = "\
Exit codes:
  0  ended by an interrupt; with --headless: all that the story declares was found, and nothing else
  1  with --headless: something was missed, or a user became a suspect
  2  usage or configuration error, for example an address that is in use";

/// How often it is looked whether there is something to tell.
const LOOK: Duration = Duration::from_millis(300);
/// How many times faster than life the intruder and the users go on when the story is over.
const AFTERWARDS: f64 = 20.0;
/// Requests of the player that may be under way at a time.
const OVERLAP: usize = 4;
/// Writing steps after which what was judged before the first of them is in the store: one that was under
/// way, and one more.
const STEPS: u64 = 2;

/// Arguments of `demo`.
#[derive(Debug, Args)]
pub struct Arguments {
    /// Where the gateway listens, in front of the lab; loopback addresses only, port 0 takes a free one
    #[arg(long, default_value = "127.0.0.1:8080", value_name = "ADDR")]
    listen: SocketAddr,
    /// Where the dashboard is
    #[arg(long, default_value = "127.0.0.1:9900", value_name = "ADDR")]
    admin: String,
    /// Keep the store in this folder, which is empty or new [default: a temporary one, which goes away]
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
    /// Everything that is sent follows from it
    #[arg(long, default_value_t = 1, value_name = "N")]
    seed: u64,
    /// How many times faster than life the story goes; at 300 it takes 80 seconds
    #[arg(long, default_value_t = 300.0, value_name = "X", conflicts_with = "headless")]
    speed: f64,
    /// Play the story as fast as it goes, print what was found, and end
    #[arg(long)]
    headless: bool,
    /// How that is printed
    #[arg(long, value_enum, default_value_t = Format::Text, requires = "headless")]
    format: Format,
}

/// Format of what was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Format {
    /// For people.
    Text,
    /// For programs.
    Json,
}

pub(super) fn run(cli: &Cli, arguments: &Arguments) -> Result<Exit, CommandError> {
    check(cli, arguments)?;
    let stage = Stage::open(arguments)?;
    let mut signals = Signals::open_on(&stage.traffic)?;
    let mut teller = Teller::new(&stage, cli.quiet || arguments.headless);
    teller.greet(&stage, arguments.speed)?;
    let mut played = Played::default();
    follow(&stage, arguments, &mut signals, &mut played, &mut teller)?;
    let (store, address) = (stage.store.clone(), teller.address.clone());
    // Held until the store was read for the last time, and is closed.
    let folder = stage.close(&mut signals)?;
    let found = Found::of(&played, &store.look()?, &address);
    drop(store);
    drop(folder);
    if arguments.headless {
        let text = match arguments.format {
            Format::Text => tell::conclusion(&found, &address),
            Format::Json => serde_json::to_string_pretty(&found).unwrap_or_default() + "\n",
        };
        write_out(None, text.as_bytes())?;
        return Ok(if found.complete { Exit::Clean } else { Exit::Findings });
    }
    teller.farewell(&found)?;
    Ok(Exit::Clean)
}

fn check(cli: &Cli, arguments: &Arguments) -> Result<(), CommandError> {
    if cli.config.is_some() {
        return Err(CommandError::usage("the demo has a configuration of its own")
            .help("`bartizan serve --config FILE` takes yours"));
    }
    if !arguments.listen.ip().is_loopback() {
        let error = format!("{} is not a loopback address", arguments.listen);
        return Err(CommandError::usage(error)
            .help("what is behind it is vulnerable on purpose and stays on this machine"));
    }
    if !arguments.speed.is_finite() || arguments.speed <= 0.0 {
        return Err(CommandError::usage("--speed is a number above 0"));
    }
    Ok(())
}

/// Plays the story, tells what is found, and has the intruder go on until an interrupt.
fn follow(
    stage: &Stage,
    arguments: &Arguments,
    signals: &mut Signals,
    played: &mut Played,
    teller: &mut Teller,
) -> Result<(), CommandError> {
    let (say, hear) = mpsc::channel();
    let speed = if arguments.headless { 0.0 } else { arguments.speed };
    // One after the other, so that a run without a clock is the same each time.
    let overlap = if arguments.headless { 1 } else { OVERLAP };
    let seed = arguments.seed;
    let cast = const { &[benign(), story::cast()] };
    let plan = Plan { seed, minutes: story::MINUTES, speed, overlap, cast };
    let mut play = stage.play(plan, say.clone());
    let mut afterwards = 0;
    let (mut kept, mut settled) = (0, None);
    loop {
        let is_over = stage.wait(signals, LOOK);
        let has_ended = play.is_finished();
        for sent in hear.try_iter() {
            if let Some(chapter) = played.take(sent, afterwards > 0) {
                teller.chapter(chapter)?;
            }
        }
        if stage.kept() != kept {
            kept = stage.kept();
            let found = Found::of(played, &stage.store.look()?, &teller.address);
            teller.news(&found)?;
            if settled.is_some_and(|step| kept >= step) {
                settled = None;
                teller.conclude(&found)?;
            }
        }
        if is_over || (has_ended && arguments.headless) {
            play.abort();
            return if has_ended { stage.result(play) } else { Ok(()) };
        }
        if has_ended {
            stage.result(play)?;
            settled = settled.or((afterwards == 0).then_some(kept + STEPS));
            afterwards += 1;
            let plan = Plan {
                seed: seed.wrapping_add(afterwards),
                minutes: Plan::MAX_MINUTES,
                speed: AFTERWARDS,
                overlap: OVERLAP,
                cast: const { &[benign(), story::afterwards()] },
            };
            play = stage.play(plan, say.clone());
        }
    }
}
