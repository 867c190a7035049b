//! `webhooks`: deliveries that were good and that no upstream took. Works beside a running server, which replays them.

use std::{
    fmt::Write as _,
    path::PathBuf,
    time::{Duration, Instant},
};

use bartizan_model::{
    FailedDeliveryId, Scope,
    webhook::{DeliveryState, KeptDelivery},
};
use bartizan_store::{
    Cursor, FailedDeliveryChange, FailedDeliveryFilter, PageRequest, Store, StoreError,
};
use tokio::runtime::Runtime;

use super::{
    Cli, CommandError, Exit, analyze,
    arguments::{ExplainFormat, WebhooksCommand, WebhooksDecide, WebhooksShow},
    config,
    data::{self, Data, Open, failed},
    listing::who,
    terminal,
};
use crate::output::{
    delivery::{ShownDelivery, ShownRequest},
    visible::visible,
};

/// Most characters of a value that is shown.
const VALUE_CHARS: usize = 200;
/// Most characters of a body.
const BODY_CHARS: usize = 16 * 1024;
/// How long the command waits for a replay to begin: a server looks every second.
const BEGIN: Duration = Duration::from_secs(15);
/// How long it waits for one to end, a little longer than a replay can take.
const END: Duration = Duration::from_secs(320);
/// How often it looks.
const LOOK: Duration = Duration::from_millis(200);

pub(super) fn run(cli: &Cli, command: &WebhooksCommand) -> Result<Exit, CommandError> {
    match command {
        WebhooksCommand::List { state, policy, limit, show } => {
            let state = state.as_deref().and_then(DeliveryState::parse);
            let filter = FailedDeliveryFilter { state, policy: policy.clone() };
            list(cli, &filter, *limit, show)
        }
        WebhooksCommand::Show { id, show } => self::show(cli, id, show),
        WebhooksCommand::Replay(arguments) => replay(cli, arguments),
        WebhooksCommand::Discard(arguments) => discard(cli, arguments),
    }
}

/// The store, and what its asynchronous calls run on.
struct Kept<'a> {
    runtime: &'a Runtime,
    store: &'a dyn Store,
    scope: &'a Scope,
}

impl Kept<'_> {
    fn ask<T>(
        &self,
        asked: impl Future<Output = Result<T, StoreError>>,
    ) -> Result<T, CommandError> {
        self.runtime.block_on(asked).map_err(|error| failed(&error))
    }

    /// The first so many.
    fn list(
        &self,
        filter: &FailedDeliveryFilter,
        limit: u32,
    ) -> Result<Vec<KeptDelivery>, CommandError> {
        let (mut all, mut after): (Vec<KeptDelivery>, Option<Cursor>) = (Vec::new(), None);
        loop {
            let page = match after.take() {
                None => PageRequest::first(limit),
                Some(after) => PageRequest::after(limit, after),
            };
            let part = self.ask(self.store.failed_deliveries(self.scope, filter, &page))?;
            all.extend(part.items);
            after = part.next.filter(|_| all.len() < limit as usize);
            if after.is_none() {
                break;
            }
        }
        all.truncate(limit as usize);
        Ok(all)
    }

    /// The one whose id is this, or alone begins with it.
    fn one(&self, id: &str) -> Result<KeptDelivery, CommandError> {
        let all = self.list(&FailedDeliveryFilter::default(), u32::MAX)?;
        let mut found: Vec<_> =
            all.into_iter().filter(|one| one.id.as_str().starts_with(id)).collect();
        match (found.pop(), found.len()) {
            (Some(one), 0) => Ok(one),
            (Some(_), more) => {
                let problem = format!("`{id}` fits {} deliveries", more + 1);
                Err(CommandError::usage(problem).help("give more of the id"))
            }
            (None, _) => Err(CommandError::usage(format!("there is no failed delivery `{id}`"))
                .help("`bartizan webhooks list` lists them")),
        }
    }

    fn decide(
        &self,
        arguments: &WebhooksDecide,
        to: DeliveryState,
    ) -> Result<FailedDeliveryId, CommandError> {
        let id = self.one(&arguments.id)?.id;
        let reason = arguments.reason.clone().unwrap_or_default();
        let (who, now) = (who(), crate::serve::now());
        let change = FailedDeliveryChange { id: id.clone(), to, who, reason, now };
        self.ask(self.store.change_failed_delivery(self.scope, &change))?;
        Ok(id)
    }
}

/// Opens what is kept for reading.
fn read(cli: &Cli, folder: Option<&PathBuf>) -> Result<(Data, Scope), CommandError> {
    let config = config::current(cli)?.config;
    let scope = analyze::scope(&config);
    Ok((Data::open_read_only(&data::folder(folder, &config), &config, &scope)?, scope))
}

fn list(
    cli: &Cli,
    filter: &FailedDeliveryFilter,
    limit: u32,
    show: &WebhooksShow,
) -> Result<Exit, CommandError> {
    let (data, scope) = read(cli, show.data.as_ref())?;
    let kept = Kept { runtime: &data.runtime, store: data.directory.store(), scope: &scope };
    let all = kept.list(filter, limit)?;
    let text = match show.format {
        ExplainFormat::Json => json(&all)?,
        ExplainFormat::Text if all.is_empty() => "no failed deliveries\n".to_owned(),
        ExplainFormat::Text => all.iter().map(line).collect(),
    };
    terminal::write_out(None, text.as_bytes())?;
    Ok(Exit::Clean)
}

fn json<T: serde::Serialize>(value: &T) -> Result<String, CommandError> {
    let value = serde_json::to_value(value);
    let value = value.map_err(|e| CommandError::usage(format!("cannot show it: {e}")))?;
    Ok(format!("{value:#}\n"))
}

/// Why a delivery last failed.
fn failure(one: &KeptDelivery) -> String {
    let status = one.status.map(|status| format!(" {status}")).unwrap_or_default();
    format!("{}{status}", visible(&one.failure, VALUE_CHARS))
}

fn line(one: &KeptDelivery) -> String {
    let missing = if one.is_whole || one.state.is_settled() {
        String::new()
    } else {
        format!("; cannot be replayed: {}", one.missing)
    };
    format!(
        "{}  {:9}  {}  {} to {}: {}, {} failed, {} replayed, {} bytes{missing}\n",
        one.id,
        one.state,
        one.last,
        visible(&one.policy, VALUE_CHARS),
        visible(&one.service, VALUE_CHARS),
        failure(one),
        one.failures,
        one.replays,
        one.bytes,
    )
}

fn show(cli: &Cli, id: &str, show: &WebhooksShow) -> Result<Exit, CommandError> {
    let (data, scope) = read(cli, show.data.as_ref())?;
    let kept = Kept { runtime: &data.runtime, store: data.directory.store(), scope: &scope };
    let id = kept.one(id)?.id;
    let found = kept.ask(kept.store.failed_delivery(&scope, &id))?;
    let (delivery, content) = found.ok_or_else(|| {
        CommandError::usage(format!("there is no failed delivery `{id}` any more"))
    })?;
    let shown = ShownDelivery::of(delivery, content, data.directory.key());
    let text = match show.format {
        ExplainFormat::Json => json(&shown)?,
        ExplainFormat::Text => {
            let head = line(&shown.delivery);
            head + &shown.request.as_ref().map(request).unwrap_or_default()
        }
    };
    terminal::write_out(None, text.as_bytes())?;
    Ok(Exit::Clean)
}

fn request(request: &ShownRequest) -> String {
    let shown = |text: &str| visible(text, VALUE_CHARS).into_owned();
    let mut out = String::new();
    // Writing to a string cannot fail.
    let _ = writeln!(out, "\n{} {}", shown(&request.method), shown(&request.target));
    let _ = writeln!(out, "host: {}", shown(&request.host));
    for (name, value) in request.headers.iter().filter(|(name, _)| name != "host") {
        let _ = writeln!(out, "{}: {}", shown(name), shown(value));
    }
    let body = request.body.as_deref().unwrap_or("(no text)");
    let _ = writeln!(out, "\n{}", visible(body, BODY_CHARS));
    out
}

fn discard(cli: &Cli, arguments: &WebhooksDecide) -> Result<Exit, CommandError> {
    let open = Open::new(cli, arguments.data.as_ref(), false)?;
    let kept = Kept { runtime: &open.runtime, store: &*open.store, scope: &open.scope };
    let id = kept.decide(arguments, DeliveryState::Discarded)?;
    terminal::write_out(None, format!("{id} is discarded\n").as_bytes())?;
    Ok(Exit::Clean)
}

fn replay(cli: &Cli, arguments: &WebhooksDecide) -> Result<Exit, CommandError> {
    let open = Open::new(cli, arguments.data.as_ref(), false)?;
    if !open.may_be_served {
        return Err(CommandError::usage("no server runs with this store that could replay it")
            .help("start `bartizan serve` with the same folder first"));
    }
    let kept = Kept { runtime: &open.runtime, store: &*open.store, scope: &open.scope };
    let id = kept.decide(arguments, DeliveryState::Asked)?;
    let one = wait(&kept, &id)?;
    let text = match one.state {
        DeliveryState::Taken => {
            format!("{id} was taken: {}, exchange {}\n", failure(&one), one.exchange)
        }
        DeliveryState::Failed => {
            let text = format!("{id} was not taken: {}", failure(&one));
            return Err(CommandError::input(text)
                .help(format!("`bartizan exchanges {}` says what was decided", one.exchange)));
        }
        state => {
            return Err(CommandError::input(format!("{id} is {state} still"))
                .help("is a server with this store running? `bartizan webhooks list` says later"));
        }
    };
    terminal::write_out(None, text.as_bytes())?;
    Ok(Exit::Clean)
}

/// Waits until a server has replayed it, or does not begin to.
fn wait(kept: &Kept<'_>, id: &FailedDeliveryId) -> Result<KeptDelivery, CommandError> {
    let begun = Instant::now();
    loop {
        std::thread::sleep(LOOK);
        let found = kept.ask(kept.store.failed_delivery(kept.scope, id))?;
        let (one, _) =
            found.ok_or_else(|| CommandError::input(format!("{id} is not kept any more")))?;
        let longest = match one.state {
            DeliveryState::Asked => BEGIN,
            DeliveryState::Replaying => END,
            _ => return Ok(one),
        };
        if begun.elapsed() > longest {
            return Ok(one);
        }
    }
}
