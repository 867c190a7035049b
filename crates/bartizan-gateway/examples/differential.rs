//! Fires the table of raw requests (`tests/differential`) at proxies in front of one origin and
//! prints what each did, in Markdown: what `scripts/bench-differential.sh` runs.
//!
//! `differential ORIGIN NAME=HTTP1,HTTP2...`, addresses all; the origin is opened here.

#[path = "../tests/differential/mod.rs"]
#[allow(dead_code, reason = "the tests use more of it")]
mod table;

use std::{
    env,
    error::Error,
    io::{self, Write as _},
    net::{SocketAddr, TcpStream},
    thread,
    time::{Duration, Instant},
};

use table::{
    Case, cases,
    fire::{Outcome, Patience, fire},
    http2, latin1,
    origin::{self, Origin},
};

const PATIENCE: Patience = Patience {
    first: Duration::from_millis(1000),
    quiet: Duration::from_millis(100),
    slow: Duration::from_secs(8),
};

struct Proxy {
    name: String,
    /// For HTTP/1 and for HTTP/2.
    addresses: (SocketAddr, SocketAddr),
}

fn main() -> Result<(), Box<dyn Error>> {
    let usage = "usage: differential ORIGIN NAME=HTTP1,HTTP2...";
    let mut arguments = env::args().skip(1);
    let origin = Origin::start(&arguments.next().ok_or(usage)?)?;
    let mut proxies = Vec::new();
    for argument in arguments {
        let (name, addresses) = argument.split_once('=').ok_or(usage)?;
        let (http1, http2) = addresses.split_once(',').ok_or(usage)?;
        let proxy = Proxy { name: name.to_owned(), addresses: (http1.parse()?, http2.parse()?) };
        wait_for(&proxy)?;
        proxies.push(proxy);
    }
    let cases = cases()?;
    let mut done = Vec::new();
    for case in &cases {
        let done_by = proxies.iter().map(|proxy| fire(case, proxy.addresses, &origin, PATIENCE));
        let outcomes = done_by.collect::<Result<Vec<_>, _>>()?;
        let deeds = outcomes.iter().map(|outcome| Deed::of(case, outcome)).collect::<Vec<_>>();
        done.push((case, deeds, outcomes));
    }
    let names: Vec<_> = proxies.iter().map(|proxy| proxy.name.as_str()).collect();
    io::stdout().write_all(report(&names, &done).as_bytes())?;
    Ok(())
}

/// A case, and what each proxy did.
type Done<'a> = (&'a Case, Vec<Deed>, Vec<Outcome>);

fn report(names: &[&str], done: &[Done<'_>]) -> String {
    let mut out = String::new();
    for kind in [Kind::Ambiguous, Kind::Valid, Kind::Slow] {
        let of_kind: Vec<_> = done.iter().filter(|(case, ..)| Kind::of(case) == kind).collect();
        let titles = kind.deeds().map(Deed::title).join(" | ");
        out += &format!("{} {}:\n\n| | {titles} |\n", of_kind.len(), kind.title());
        out += "|---|---|---|---|\n";
        for (at, name) in names.iter().enumerate() {
            let count = |deed| of_kind.iter().filter(|(_, deeds, _)| deeds[at] == deed).count();
            let counts = kind.deeds().map(|deed| count(deed).to_string()).join(" | ");
            out += &format!("| {name} | {counts} |\n");
        }
        out += "\n";
    }
    out += "Cases in which not all do the same:\n\n";
    out += &format!("| case | source | {} |\n", names.join(" | "));
    out += &format!("|---|---|{}\n", "---|".repeat(names.len()));
    for (case, deeds, outcomes) in done {
        if deeds.windows(2).any(|pair| pair[0] != pair[1]) {
            let cells = deeds.iter().zip(outcomes).map(|(deed, outcome)| cell(*deed, outcome));
            let cells: Vec<_> = cells.collect();
            out += &format!("| {} | {} | {} |\n", case.name, case.source, cells.join(" | "));
        }
    }
    out
}

fn wait_for(proxy: &Proxy) -> Result<(), Box<dyn Error>> {
    let began = Instant::now();
    let (http1, http2) = proxy.addresses;
    while TcpStream::connect(http1).and(TcpStream::connect(http2)).is_err() {
        if began.elapsed() > Duration::from_secs(30) {
            return Err(format!("{} does not listen", proxy.name).into());
        }
        thread::sleep(Duration::from_millis(100));
    }
    Ok(())
}

/// Sorts of cases.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Ambiguous,
    Valid,
    Slow,
}

impl Kind {
    const fn of(case: &Case) -> Self {
        match (&case.drip, &case.refused) {
            (Some(_), _) => Self::Slow,
            (None, Some(_)) => Self::Ambiguous,
            (None, None) => Self::Valid,
        }
    }

    const fn title(self) -> &'static str {
        match self {
            Self::Ambiguous => {
                "requests that two readers may read in two ways, or that are invalid"
            }
            Self::Valid => "valid requests of unusual form",
            Self::Slow => "requests that never end, deadline two seconds",
        }
    }

    const fn deeds(self) -> [Deed; 3] {
        match self {
            Self::Slow => [Deed::Cut, Deed::CutLate, Deed::LetBe],
            _ => [Deed::Refused, Deed::Changed, Deed::AsSent],
        }
    }
}

/// What a proxy did.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Deed {
    Refused,
    Changed,
    AsSent,
    Cut,
    CutLate,
    LetBe,
}

impl Deed {
    fn of(case: &Case, outcome: &Outcome) -> Self {
        if case.drip.is_some() {
            return match (outcome.is_closed || !outcome.statuses.is_empty(), &outcome.forwarded[..])
            {
                (false, _) => Self::LetBe,
                (true, []) => Self::Cut,
                (true, _) => Self::CutLate,
            };
        }
        // Of a refused case the valid requests before it may go on.
        let allowed = if case.refused.is_some() { case.forwarded.len() } else { 0 };
        if outcome.forwarded.len() <= allowed {
            return Self::Refused;
        }
        let sent = if case.http2.is_empty() {
            origin::as_sent(&latin1(&case.bytes))
        } else {
            http2::as_sent(&case.http2)
        };
        let is_as_sent = outcome.forwarded.iter().all(|request| sent.contains(request));
        if is_as_sent { Self::AsSent } else { Self::Changed }
    }

    const fn title(self) -> &'static str {
        match self {
            Self::Refused => "refused",
            Self::Changed => "forwarded, changed",
            Self::AsSent => "forwarded as sent",
            Self::Cut => "cut, nothing forwarded",
            Self::CutLate => "cut, head forwarded",
            Self::LetBe => "not cut in eight seconds",
        }
    }
}

/// What is said about an outcome in a cell of a table.
fn cell(deed: Deed, outcome: &Outcome) -> String {
    let answer = match &outcome.statuses[..] {
        [] if outcome.is_closed => "closed".to_owned(),
        [] => "no answer".to_owned(),
        statuses => statuses.join(", "),
    };
    let partly = if outcome.broken_off > 0 { ", in part" } else { "" };
    let last = outcome.forwarded.last().map_or_else(String::new, |text| shown(text));
    match deed {
        Deed::Refused => answer,
        Deed::AsSent => format!("as sent{partly}; {answer}"),
        Deed::Changed => format!("changed{partly}: {last}; {answer}"),
        slow => format!("{} ({:.1} s): {answer}", slow.title(), outcome.took.as_secs_f64()),
    }
}

/// A request on one line, for a cell of a table.
fn shown(text: &str) -> String {
    let short: String = text.chars().take(110).collect();
    let escaped: String = short.chars().flat_map(char::escape_default).collect();
    format!("`{}`", escaped.replace('|', "\\|").replace('`', "'"))
}
