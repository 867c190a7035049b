//! `serve` for a long time while everything around it goes wrong: `soak BARTIZAN MINUTES`.
//!
//! Under a load that looks at every answer, the configuration is reloaded every second (every tenth
//! one is wrong and has to be refused), the upstream dies for a second in every twenty, ten thousand
//! idle connections come in every fifth minute and stay until their deadline, and the disk of the
//! store is full for half of every third minute. Prints a report in Markdown; exit code 1 when an
//! answer was wrong or something grew.

use std::{
    error::Error,
    fmt::Write as _,
    fs,
    io::Write as _,
    net::SocketAddr,
    path::Path,
    process::{Command, ExitCode},
    thread::{self, JoinHandle},
    time::{Duration, Instant},
};

use bartizan_testkit::load::{
    Crowd, Footprint, Load, Mix, Origin, Serving, SmallDisk, Tally, raise_descriptors,
};

type Result<T> = std::result::Result<T, Box<dyn Error>>;

const MIB: u64 = 1024 * 1024;
/// Most that memory may grow from the end of the first minute to the end.
const GROWTH: u64 = 192 * MIB;
/// Most descriptors more at the end than before the load.
const KEPT: u64 = 64;
/// Idle connections that come at one time, and how many of one address.
const CROWD: (usize, usize) = (10_000, 2_000);
/// Asked once on each idle connection.
const ONCE: &str = "GET /v1/echo/0?status=200&items=1&rest=0&chunked=0 HTTP/1.1\r\nhost: a\r\n\
                    x-id: 0\r\n\r\n";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [binary, minutes] = &arguments[..] else {
        say("usage: soak BARTIZAN MINUTES\n");
        return ExitCode::from(2);
    };
    let Ok(minutes) = minutes.parse() else {
        say("the minutes are no number\n");
        return ExitCode::from(2);
    };
    match soak(binary, minutes) {
        Ok(faults) if faults.is_empty() => ExitCode::SUCCESS,
        Ok(faults) => {
            say(&format!("\nfailed: {}\n", faults.join("; ")));
            ExitCode::FAILURE
        }
        Err(error) => {
            say(&format!("\nfailed: {error}\n"));
            ExitCode::FAILURE
        }
    }
}

fn say(text: &str) {
    let mut out = std::io::stdout().lock();
    // Nobody reads it any more: the exit code still tells.
    let _ = out.write_all(text.as_bytes()).and_then(|()| out.flush());
}

fn soak(binary: &str, minutes: u64) -> Result<Vec<String>> {
    let allowed = raise_descriptors();
    let home = std::env::temp_dir().join(format!("bartizan-soak-{}", std::process::id()));
    let data = home.join("data");
    fs::create_dir_all(&data)?;
    let disk = SmallDisk::mount(&data, 64);
    say(&format!(
        "{minutes} minutes; at most {allowed} descriptors; the disk of the store is {}\n\n",
        if disk.is_some() { "64 MiB" } else { "not limited (no right to mount)" }
    ));
    let mut origin = Origin::start()?;
    configure(&home, origin.address(), 0)?;
    let mut command = Command::new(fs::canonicalize(binary)?);
    command.current_dir(&home).env("HOME", &home).args(["serve", "--listen", "127.0.0.1:0"]);
    command.args(["--admin", "127.0.0.1:0", "--data", "data/store"]);
    let serving = Serving::start(&mut command)?;
    let fresh = serving.footprint()?;
    let mix = Mix { clients: 12, pace: Duration::from_millis(5), seed: 99, ..Mix::default() };
    let load = Load::start(serving.gateway(), &origin, mix);
    say("| minute | MiB resident | descriptors | right | refused | wrong | broken | aborted | \
         dropped | p50 ms | p99 ms |\n|---|---|---|---|---|---|---|---|---|---|---|\n");
    let begin = Instant::now();
    let mut weather = Weather { home: &home, disk, crowd: None, crowds: 0, at: 0 };
    let mut first = None;
    while weather.at < minutes * 60 {
        weather.second(&serving, &mut origin)?;
        if weather.at.is_multiple_of(60) {
            row(weather.at / 60, &serving, &load.so_far())?;
            first = first.or(Some(serving.footprint()?));
        }
        let next = Duration::from_secs(weather.at);
        thread::sleep(next.saturating_sub(begin.elapsed()));
    }
    let tally = load.stop();
    weather.end()?;
    settle(&serving)?;
    let last = serving.footprint()?;
    say(&format!(
        "\nAfter the load: {} MiB, {} descriptors ({} before it).\n",
        last.resident / MIB,
        last.descriptors,
        fresh.descriptors
    ));
    let mut faults = verdict(&tally, &origin, fresh, first.unwrap_or(fresh), last);
    closing(&serving, &tally, weather.crowds)?;
    let (status, said) = serving.stop()?;
    say(&format!("\nIts last words: `{}`\n", said.lines().last().unwrap_or_default()));
    drop(weather);
    fs::remove_dir_all(&home)?;
    if !status.success() {
        faults.push(format!("it did not end well: {said}"));
    }
    Ok(faults)
}

/// One of three configurations that mean the same to every request; every tenth is wrong.
fn configure(home: &Path, upstream: SocketAddr, round: u64) -> Result<()> {
    let more = match round % 10 {
        9 => "  limits:\n    request_bdy_bytes: 1\n",
        n if n % 2 == 1 => "  limits:\n    request_body_bytes: 1000000\n",
        _ => "",
    };
    let text = format!(
        "gateway:\n  services:\n    - name: echo\n      upstreams: [\"http://{upstream}\"]\n{more}"
    );
    fs::write(home.join("draft"), text)?;
    Ok(fs::rename(home.join("draft"), home.join("bartizan.yaml"))?)
}

/// What goes wrong, by the second.
struct Weather<'a> {
    home: &'a Path,
    disk: Option<SmallDisk>,
    crowd: Option<JoinHandle<std::io::Result<()>>>,
    crowds: u64,
    at: u64,
}

impl Weather<'_> {
    fn second(&mut self, serving: &Serving, origin: &mut Origin) -> Result<()> {
        configure(self.home, origin.address(), self.at)?;
        serving.reload()?;
        match self.at % 20 {
            10 => origin.kill(),
            11 => origin.restart()?,
            _ => {}
        }
        if let Some(disk) = &self.disk {
            match self.at % 180 {
                60 => disk.fill()?,
                90 => disk.free()?,
                _ => {}
            }
        }
        if self.at % 300 == 32 {
            self.end()?;
            let to = serving.gateway();
            self.crowds += 1;
            self.crowd = Some(thread::spawn(move || {
                Crowd::open(to, CROWD.0, CROWD.1, Some(ONCE))?.wait_closed()
            }));
        }
        self.at += 1;
        Ok(())
    }

    /// Waits for the crowd to be sent away.
    fn end(&mut self) -> Result<()> {
        match self.crowd.take().map(JoinHandle::join) {
            Some(Ok(closed)) => Ok(closed?),
            Some(Err(_)) => Err("the crowd panicked".into()),
            None => Ok(()),
        }
    }
}

fn row(minute: u64, serving: &Serving, tally: &Tally) -> Result<()> {
    let Footprint { resident, descriptors } = serving.footprint()?;
    let dropped = serving.metric("bartizan_gateway_handover_dropped_total", "")?;
    let millis = |share| tally.quantile(share).as_secs_f64() * 1e3;
    say(&format!(
        "| {minute} | {} | {descriptors} | {} | {} | {} | {} | {} | {dropped} | {:.2} | {:.1} |\n",
        resident / MIB,
        tally.right,
        tally.refusals(),
        tally.wrong,
        tally.broken,
        tally.aborted,
        millis(0.5),
        millis(0.99)
    ));
    Ok(())
}

/// Waits until nobody is connected and the queue is empty.
fn settle(serving: &Serving) -> Result<()> {
    let begin = Instant::now();
    while serving.metric("bartizan_gateway_connections", "")? > 0 {
        if begin.elapsed() > Duration::from_secs(90) {
            return Err("connections stay open".into());
        }
        thread::sleep(Duration::from_millis(200));
    }
    Ok(())
}

fn verdict(
    tally: &Tally,
    origin: &Origin,
    fresh: Footprint,
    first: Footprint,
    last: Footprint,
) -> Vec<String> {
    let mut faults = tally.faults.clone();
    faults.extend(origin.faults());
    let counts = [
        ("wrong answers", tally.wrong, 0),
        ("answers broken off", tally.broken, 0),
        ("POST requests sent twice", origin.sent_twice(), 0),
        (
            "statuses of refusals beside 502",
            tally.refusals() - tally.refused.get(&502).unwrap_or(&0),
            0,
        ),
        ("descriptors", last.descriptors, fresh.descriptors + KEPT),
        ("bytes resident", last.resident, first.resident + GROWTH),
    ];
    for (what, is, most) in counts {
        if is > most {
            faults.push(format!("{is} {what}, more than {most}"));
        }
    }
    faults
}

fn closing(serving: &Serving, tally: &Tally, crowds: u64) -> Result<()> {
    let mut text =
        format!("\n{:?} refused by status; {crowds} crowds of {}.\n\n", tally.refused, CROWD.0);
    for name in [
        "bartizan_gateway_reloads_total",
        "bartizan_gateway_reload_failures_total",
        "bartizan_gateway_aborted_total",
        "bartizan_gateway_retries_total",
        "bartizan_gateway_handover_dropped_total",
        "bartizan_exchanges_judged_total",
        "bartizan_store_steps_total",
        "bartizan_store_step_failures_total",
        "bartizan_exchange_facts_lost_total",
        "bartizan_exchange_facts_removed_total",
    ] {
        writeln!(text, "- `{name}` {}", serving.metric(name, "")?)?;
    }
    say(&text);
    Ok(())
}
