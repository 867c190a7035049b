//! `exchanges`: what is kept of single exchanges, newest last. Answers of the gateway name the id of
//! theirs as `incident`.

use std::{
    collections::{HashMap, VecDeque},
    fmt::Write as _,
};

use bartizan_model::{EndpointId, PolicyOutcome, Timestamp};
use bartizan_store::{EndpointFilter, ExchangeFacts, ExchangeQuery};

use super::{
    Cli, CommandError, Exit, analyze,
    arguments::{Exchanges, ExplainFormat},
    config,
    data::{self, Data, failed},
    listing::parse_time,
    terminal,
};
use crate::{output::text::safe, serve::now};

/// Blocks of the log that are read at once.
const BLOCKS: u32 = 8;

/// Seconds before now in which one exchange is looked for before it is in the whole log: who has an
/// incident usually asks about it soon, and blocks are known by their time.
const SPANS: [i64; 2] = [3_600, 86_400];

/// Characters of an id as the gateway makes them.
const ID_CHARACTERS: usize = 32;

pub(super) fn run(cli: &Cli, arguments: &Exchanges) -> Result<Exit, CommandError> {
    let config = config::current(cli)?.config;
    let scope = analyze::scope(&config);
    let folder = data::folder(arguments.data.as_ref(), &config);
    let data = Data::open_read_only(&folder, &config, &scope)?;
    let found = newest(&data, arguments)?;
    if let Some(id) = arguments.id.as_ref().filter(|_| found.is_empty()) {
        return Err(not_kept(id));
    }
    let text = match arguments.format {
        ExplainFormat::Json => json(&found)?,
        ExplainFormat::Text => {
            let (store, filter) = (data.directory.store(), EndpointFilter::default());
            let endpoints = data
                .pages(|page| data.runtime.block_on(store.endpoints(&scope, &filter, page)))?
                .into_iter()
                .map(|one| (one.id, format!("{}{}", one.host, one.path)))
                .collect();
            table(&found, &endpoints)
        }
    };
    terminal::write_out(None, text.as_bytes())?;
    Ok(Exit::Clean)
}

/// The newest exchange whose id is this, or begins with it.
///
/// # Errors
/// None is kept, or the log cannot be read.
pub(super) fn one(data: &Data, id: &str) -> Result<ExchangeFacts, CommandError> {
    let arguments = Exchanges {
        id: Some(id.to_owned()),
        data: None,
        format: ExplainFormat::Text,
        decided: false,
        since: None,
        limit: 1,
    };
    newest(data, &arguments)?.pop_back().ok_or_else(|| not_kept(id))
}

fn not_kept(id: &str) -> CommandError {
    CommandError::usage(format!("no exchange with the id `{id}` is kept")).help(
        "requests that were refused for their form are in the access log only; those of the last \
         seconds are kept soon",
    )
}

/// The last ones that are asked for, in order of writing.
fn newest(data: &Data, arguments: &Exchanges) -> Result<VecDeque<ExchangeFacts>, CommandError> {
    let since = arguments.since.as_deref().map(parse_time).transpose()?;
    // The beginning of an id may stand for several.
    if arguments.id.as_ref().is_some_and(|id| id.len() >= ID_CHARACTERS) {
        for seconds in SPANS {
            let recent = Timestamp::from_seconds(now().seconds() - seconds);
            let found = read(data, arguments, since.max(Some(recent)))?;
            if !found.is_empty() {
                return Ok(found);
            }
        }
    }
    read(data, arguments, since)
}

/// The last ones that are asked for since a time.
fn read(
    data: &Data,
    arguments: &Exchanges,
    since: Option<Timestamp>,
) -> Result<VecDeque<ExchangeFacts>, CommandError> {
    let query = ExchangeQuery { since, ..ExchangeQuery::default() };
    let fits = |facts: &ExchangeFacts| {
        let mut ids = arguments.id.iter();
        ids.all(|id| facts.id.as_str().starts_with(id.as_str()))
            && (!arguments.decided || !facts.decisions.is_empty())
    };
    let mut found = VecDeque::new();
    let mut after = None;
    let (mut damaged, mut elsewhere) = (0, 0);
    loop {
        let page = data.runtime.block_on(data.directory.exchanges(&query, after, BLOCKS));
        let page = page.map_err(|error| failed(&error))?;
        damaged += page.damaged.len();
        elsewhere += page.elsewhere;
        for facts in page.records.into_iter().filter(fits) {
            if found.len() >= arguments.limit {
                found.pop_front();
            }
            found.push_back(facts);
        }
        after = page.next;
        if after.is_none() {
            break;
        }
    }
    if damaged > 0 {
        anstream::eprintln!(
            "warning: {damaged} blocks of the log are damaged; what was in them is missing"
        );
    }
    if elsewhere > 0 {
        anstream::eprintln!(
            "note: {elsewhere} blocks of the log lie in the folders of other gateways that share this \
             store; what is in them is not shown"
        );
    }
    Ok(found)
}

fn table(found: &VecDeque<ExchangeFacts>, endpoints: &HashMap<EndpointId, String>) -> String {
    if found.is_empty() {
        return "no such exchange is kept\n".to_owned();
    }
    let mut out = String::new();
    for facts in found {
        let time = facts.time.map_or_else(|| "no time".to_owned(), |time| time.to_string());
        let status = facts.status.map_or_else(|| "no answer".to_owned(), |s| s.to_string());
        let endpoint = facts.endpoint.as_ref().and_then(|id| endpoints.get(id));
        // Writing to a string cannot fail.
        let _ = writeln!(
            out,
            "{time}  {status}  {} {}  {}",
            safe(&facts.method),
            safe(endpoint.map_or("(no endpoint)", String::as_str)),
            safe(facts.id.as_str()),
        );
        for one in &facts.decisions {
            let would = match one.outcome {
                PolicyOutcome::Enforced => one.action.as_str().to_owned(),
                PolicyOutcome::Monitored => format!("would {}", one.action),
                PolicyOutcome::NotEvaluated => "not evaluated".to_owned(),
            };
            let _ =
                writeln!(out, "    {} ({}): {would}, {}", safe(&one.policy), one.kind, one.reason);
        }
        if facts.decisions_left_out > 0 {
            let _ = writeln!(out, "    and {} more", facts.decisions_left_out);
        }
    }
    out
}

fn json(found: &VecDeque<ExchangeFacts>) -> Result<String, CommandError> {
    let defect = |error| CommandError::usage(format!("cannot write the exchanges: {error}"));
    let mut list = Vec::with_capacity(found.len());
    for facts in found {
        let mut value = serde_json::to_value(facts).map_err(defect)?;
        value["decisions"] = serde_json::to_value(&facts.decisions).map_err(defect)?;
        value["decisions_left_out"] = facts.decisions_left_out.into();
        value["judged"] = serde_json::to_value(&facts.judged).map_err(defect)?;
        list.push(value);
    }
    serde_json::to_string_pretty(&list).map(|text| text + "\n").map_err(defect)
}
