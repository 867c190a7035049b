//! `discover crawl`: what a server publishes about its API.

use std::{
    fs::File,
    io::{BufWriter, Write as _},
    path::Path,
    sync::Arc,
    time::Duration,
};

use bartizan_analysis::Snapshot;

use bartizan_gateway::{config::system_authorities, policy::secret};
use bartizan_model::{
    BodyState, Exchange, ExchangeId, HeaderState, Headers, Request, Response, Timestamp,
};
use bartizan_pipeline::sinks::Outside;
use bartizan_protocols::exchange_json::write_line;
use tokio::{task::spawn_blocking, time::MissedTickBehavior};

use super::{
    super::{
        Cli, CommandError, Exit, analyze,
        arguments::{DiscoverCrawl, ListFormat},
        config, key, micros_now, terminal,
    },
    probe,
    progress::Progress,
};
use crate::{
    config::FailOn,
    discover::crawl::{
        Answer, Ask, Asking, Crawled, Fetched, Fetcher, Limit, Options, Origin, Plan, Reach,
        Reflected, Reflection, Route,
    },
    output::{self, visible::visible},
};

/// Longest pause that a server gets by `Retry-After`; the time of the crawl goes on.
const MAX_PAUSE: Duration = Duration::from_secs(30);
/// Most characters of a reason why there was no answer.
const PROBLEM_CHARS: usize = 300;

pub(super) fn run(cli: &Cli, arguments: &DiscoverCrawl) -> Result<Exit, CommandError> {
    // The URL is not repeated: what is wrong with it may be that a password is in it.
    let (origin, begin) = Origin::parse(&arguments.url)
        .map_err(|why| CommandError::usage(format!("the URL cannot be used: {why}")))?;
    let headers: Result<Vec<_>, _> = arguments.header.iter().map(|text| header(text)).collect();
    let outside = Outside {
        now: || Timestamp::from_micros(micros_now()),
        secret,
        authorities: system_authorities,
    };
    let fetcher = Fetcher::new(&origin, &headers?, &outside).map_err(CommandError::usage)?;
    let options = Options {
        reach: Reach::Site,
        max_requests: arguments.max_requests,
        graphql: arguments.graphql,
        ignore_robots: arguments.ignore_robots,
        probe: probe()?,
    };
    let mut crawl = Crawl {
        reflection: Reflection::new(fetcher.values().to_vec()),
        plan: Plan::new(origin.clone(), &begin, options).searching(Arc::new(snapshot(cli)?)),
        fetcher,
        capture: arguments.capture.as_deref().map(Capture::open).transpose()?,
        progress: Progress::new(cli.quiet),
        problem: None,
        origin,
    };
    let ended = crawl.run_within(arguments);
    crawl.progress.end();
    // What was captured is kept whatever ended it.
    if let Some(capture) = crawl.capture.as_mut() {
        capture.flush()?;
    }
    ended?;
    let crawled = crawl.plan.finish();
    if crawled.summary.answered == 0 {
        let why = crawl.problem.as_deref().unwrap_or("no answer came before it ended");
        let why = visible(why, PROBLEM_CHARS);
        return Err(CommandError::input(format!("{} never answered: {why}", crawl.origin)));
    }
    write(arguments, &crawled)?;
    let fail_on = arguments.fail_on.unwrap_or(FailOn::Never);
    let fails = crawled.findings.iter().any(|one| fail_on.includes(one.finding.severity));
    Ok(if fails { Exit::Findings } else { Exit::Clean })
}

/// Limits and key for the search of secrets, as for those of source code.
fn snapshot(cli: &Cli) -> Result<Snapshot, CommandError> {
    let config = config::current(cli)?.config;
    let scope = analyze::scope(&config);
    let (key, unkept) = key::of_user(&scope.organisation)?;
    if let Some(why) = unkept.filter(|_| !cli.quiet) {
        anstream::eprintln!("note: hashes will differ from run to run ({why})");
    }
    config::snapshot(&config, scope, key)
}

/// Name and value of a field: `Name: value`, `Name: env:VARIABLE`.
fn header(text: &str) -> Result<(String, Vec<u8>), CommandError> {
    let (name, value) = text
        .split_once(':')
        .ok_or_else(|| CommandError::usage("--header: expected `Name: value`"))?;
    let value = value.trim();
    let value = if value.starts_with("env:") {
        let found = secret(value);
        found.map_err(|why| CommandError::usage(format!("--header {name:?}: {why}")))?.to_vec()
    } else {
        value.as_bytes().to_vec()
    };
    Ok((name.trim().to_owned(), value))
}

fn write(arguments: &DiscoverCrawl, crawled: &Crawled) -> Result<(), CommandError> {
    let out = arguments.out.as_deref();
    let text = match arguments.format {
        ListFormat::Text => output::text::crawled(crawled, terminal::style(out), terminal::width()),
        ListFormat::Csv => {
            let mut text = output::csv::head::<Route>();
            crawled.routes.iter().for_each(|route| output::csv::line(route, &mut text));
            text
        }
        ListFormat::Json => {
            let text = serde_json::to_string_pretty(crawled);
            text.map_err(|error| CommandError::output("the result", &error.into()))? + "\n"
        }
    };
    terminal::write_out(out, text.as_bytes())
}

/// A crawl at work.
struct Crawl {
    plan: Plan,
    /// What gRPC tells, until the plan is told.
    reflection: Reflection,
    fetcher: Fetcher,
    capture: Option<Capture>,
    progress: Progress,
    /// Why the last request was not answered.
    problem: Option<String>,
    origin: Origin,
}

impl Crawl {
    /// Asks until the plan, the time or an interrupt ends it.
    fn run_within(&mut self, arguments: &DiscoverCrawl) -> Result<(), CommandError> {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .map_err(|error| CommandError::usage(format!("cannot start: {error}")))?;
        let every = Duration::from_secs_f64(1.0 / arguments.rate);
        let most = Duration::from_secs(arguments.max_seconds);
        let ended = runtime.block_on(async {
            tokio::select! {
                result = self.run(every, arguments) => result.map(|()| None),
                () = tokio::time::sleep(most) => Ok(Some(Limit::MaxSeconds)),
                Ok(()) = tokio::signal::ctrl_c() => Ok(Some(Limit::Interrupted)),
            }
        });
        // A look-up of a name or the reading of an answer may still be under way, and nobody waits for it.
        runtime.shutdown_background();
        // What an end in the midst of it left.
        if let Some(reflected) = self.reflected(arguments.descriptors.as_deref())? {
            self.plan.take_reflection(reflected.read());
        }
        if let Some(limit) = ended? {
            self.plan.end(limit);
        }
        Ok(())
    }

    /// One request after the other.
    async fn run(
        &mut self,
        every: Duration,
        arguments: &DiscoverCrawl,
    ) -> Result<(), CommandError> {
        if arguments.grpc {
            self.reflect(arguments.descriptors.as_deref(), every).await?;
        }
        let mut turn = tokio::time::interval(every);
        turn.set_missed_tick_behavior(MissedTickBehavior::Delay);
        while !self.plan.is_at_end() {
            turn.tick().await;
            let Some(ask) = self.plan.next_ask() else { break };
            let (requests, routes) = self.plan.progress();
            self.progress.show(|| format!("{requests} requests, {routes} routes"));
            match self.fetcher.ask(&ask, self.plan.room()).await {
                Ok(fetched) => {
                    if let Some(capture) = &mut self.capture {
                        capture.write(&self.origin, &Sent::over_http(&ask), &fetched)?;
                    }
                    if let Some(reading) = self.plan.answer(&ask, &fetched.answer) {
                        // On a thread of its own: this one has to hear of an interrupt. What is not read in
                        // the end is counted.
                        if let Ok(read) = spawn_blocking(|| reading.read()).await {
                            self.plan.take(read);
                        }
                    }
                    if let Some(pause) = pause(&fetched.answer) {
                        tokio::time::sleep(pause).await;
                    }
                }
                Err(problem) => {
                    self.plan.failed(&ask);
                    self.problem = Some(problem);
                }
            }
        }
        Ok(())
    }
}

impl Crawl {
    /// Asks for reflection. A server without it, or without gRPC, is asked for the rest all the same.
    async fn reflect(&mut self, out: Option<&Path>, every: Duration) -> Result<(), CommandError> {
        match self.fetcher.talk().await {
            Ok(mut talk) => {
                let mut is_first = true;
                while let Some(ask) = self.reflection.next_ask() {
                    if !std::mem::take(&mut is_first) {
                        tokio::time::sleep(every).await;
                    }
                    let spoken = talk.ask(&self.fetcher, &ask).await;
                    if let (Some(capture), Some(fetched)) = (&mut self.capture, &spoken.fetched) {
                        capture.write(&self.origin, &Sent::over_grpc(&ask), fetched)?;
                    }
                    self.reflection.answer(spoken);
                }
            }
            Err(why) => self.reflection.failed(why),
        }
        // On a thread of its own, like answers.
        if let Some(reflected) = self.reflected(out)?
            && let Ok(read) = spawn_blocking(|| reflected.read()).await
        {
            self.plan.take_reflection(read);
        }
        Ok(())
    }

    /// Tells the plan what reflection told and was not yet taken, whatever ended it. What it told is left to be read.
    fn reflected(&mut self, out: Option<&Path>) -> Result<Option<Reflected>, CommandError> {
        let nothing = Reflection::new(self.fetcher.values().to_vec());
        let reflected = std::mem::replace(&mut self.reflection, nothing).finish();
        self.plan.reflected(&reflected);
        if let Some(problem) = &reflected.problem {
            self.problem = Some(problem.clone());
        }
        if reflected.method.is_none() {
            return Ok(None);
        }
        if let Some(out) = out {
            terminal::write_out(Some(out), &reflected.descriptors)?;
        }
        Ok(Some(reflected))
    }
}

/// How long a server wants to be left alone (RFC 9110 §10.2.3, as seconds; RFC 6585 §4).
fn pause(answer: &Answer) -> Option<Duration> {
    if !matches!(answer.status, 429 | 503) {
        return None;
    }
    let seconds = answer.headers.get("retry-after")?.trim().parse::<u64>().ok()?;
    Some(Duration::from_secs(seconds).min(MAX_PAUSE))
}

/// What was sent, as it is captured.
struct Sent<'a> {
    method: &'a str,
    target: &'a str,
    version: &'static str,
    protocol: Option<&'static str>,
}

impl<'a> Sent<'a> {
    fn over_http(ask: &'a Ask) -> Self {
        Self { method: ask.method(), target: &ask.target, version: "1.1", protocol: None }
    }

    const fn over_grpc(ask: &Asking) -> Self {
        Self { method: "POST", target: ask.method, version: "2", protocol: Some("grpc") }
    }
}

/// Exchanges as JSON lines, in a file that only its owner may read.
struct Capture {
    name: String,
    out: BufWriter<File>,
    line: String,
    count: u64,
}

impl Capture {
    fn open(path: &Path) -> Result<Self, CommandError> {
        let name = path.display().to_string();
        let fail = |error: std::io::Error| CommandError::output(&name, &error);
        let mut options = File::options();
        options.write(true).create(true).truncate(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let file = options.open(path).map_err(fail)?;
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt as _;
            // One that was there before may be open to others; devices and pipes keep their rights.
            if file.metadata().map_err(fail)?.is_file() {
                file.set_permissions(std::fs::Permissions::from_mode(0o600)).map_err(fail)?;
            }
        }
        Ok(Self { out: BufWriter::new(file), line: String::new(), count: 0, name })
    }

    fn write(
        &mut self,
        origin: &Origin,
        sent: &Sent<'_>,
        fetched: &Fetched,
    ) -> Result<(), CommandError> {
        self.count += 1;
        let began = micros_now().saturating_sub((fetched.millis * 1_000.0) as i64);
        let answer = &fetched.answer;
        let state = if answer.is_cut { BodyState::Truncated } else { BodyState::Complete };
        let exchange = Exchange {
            id: ExchangeId::from_text(self.count.to_string()),
            time: Some(Timestamp::from_micros(began)),
            request: Request {
                method: sent.method.to_owned(),
                scheme: if origin.https { "https" } else { "http" }.to_owned(),
                authority: origin.authority(),
                target: sent.target.to_owned(),
                http_version: Some(sent.version.to_owned()),
                headers: fetched.sent.clone(),
                header_state: HeaderState::Complete,
                body: fetched.body.clone(),
                body_state: BodyState::Complete,
                trailers: Headers::new(),
            },
            response: Some(Response {
                status: answer.status,
                headers: answer.headers.clone(),
                headers_captured: true,
                body: answer.body.clone(),
                body_state: state,
                body_bytes: None,
            }),
            duration_ms: Some(fetched.millis),
            trailers: fetched.trailers.clone(),
            protocol: sent.protocol.map(str::to_owned),
            ..Exchange::default()
        };
        self.line.clear();
        write_line(&mut self.line, &exchange);
        self.line.push('\n');
        let written = self.out.write_all(self.line.as_bytes());
        written.map_err(|error| CommandError::output(&self.name, &error))
    }

    fn flush(&mut self) -> Result<(), CommandError> {
        self.out.flush().map_err(|error| CommandError::output(&self.name, &error))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_read_and_references_followed() {
        assert_eq!(header("A: b: c ").expect("read"), ("A".to_owned(), b"b: c".to_vec()));
        let home = std::env::var("HOME").unwrap_or_default();
        if !home.is_empty() {
            assert_eq!(header("A: env:HOME").expect("read").1, home.as_bytes());
        }
        for wrong in ["A", "A: env:BARTIZAN_TEST_UNSET"] {
            assert!(header(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn servers_that_want_a_pause_get_one_of_bounded_length() {
        let answer = |status: u16, after: &str| Answer {
            status,
            headers: [("retry-after", after)].into_iter().collect(),
            ..Answer::default()
        };
        assert_eq!(pause(&answer(429, "2")), Some(Duration::from_secs(2)));
        assert_eq!(pause(&answer(503, "99999999")), Some(MAX_PAUSE));
        assert_eq!(pause(&answer(200, "2")), None);
        assert_eq!(pause(&answer(429, "tomorrow")), None);
    }
}
