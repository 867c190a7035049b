//! `keys`: own API keys. Works beside a running gateway, which learns of changes within seconds.

mod leaked;

use std::{fmt::Write as _, path::PathBuf};

use bartizan_model::{ApiKey, ApiKeyRate, ApiKeyState, ApiKeyTerms, Duration, Timestamp};
use bartizan_store::{ApiKeyChange, NewApiKey, create_api_key};

use super::{
    Cli, CommandError, Exit, analyze,
    arguments::{ExplainFormat, KeysCommand, KeysCreate, KeysRevoke, KeysState},
    config,
    data::{self, Data, Open, failed},
    listing::{parse_time, who},
    terminal,
};

pub(super) fn run(cli: &Cli, command: &KeysCommand) -> Result<Exit, CommandError> {
    match command {
        KeysCommand::Create(arguments) => create(cli, arguments),
        KeysCommand::List { data, format } => list(cli, data.as_ref(), *format),
        KeysCommand::Disable(arguments) => set_state(cli, arguments, ApiKeyState::Disabled),
        KeysCommand::Enable(arguments) => set_state(cli, arguments, ApiKeyState::Active),
        KeysCommand::Revoke(KeysRevoke { id, leaked, reason, data }) => match (id, leaked) {
            (_, Some(file)) => leaked::revoke(cli, file, reason.as_deref(), data.as_ref()),
            (id, None) => {
                let id = id.clone().unwrap_or_default();
                let arguments = KeysState { id, reason: reason.clone(), data: data.clone() };
                set_state(cli, &arguments, ApiKeyState::Revoked)
            }
        },
    }
}

fn create(cli: &Cli, arguments: &KeysCreate) -> Result<Exit, CommandError> {
    let open = Open::new(cli, arguments.data.as_ref(), true)?;
    let expires = match (&arguments.expires, arguments.days) {
        (Some(time), _) => Some(parse_time(time)?),
        (None, Some(days)) => Some(open.now.plus(Duration::days(i64::from(days)))),
        (None, None) => None,
    };
    let new = NewApiKey {
        name: arguments.name.clone().unwrap_or_else(|| "key".to_owned()),
        owner: arguments.owner.clone(),
        scopes: arguments.scope.clone(),
        expires,
        terms: ApiKeyTerms {
            addresses: arguments.address.clone(),
            certificates: arguments.certificate.clone(),
            server_only: arguments.server_only,
            rate: arguments.rate.as_deref().map(rate).transpose()?,
        },
    };
    let who = who();
    let created = create_api_key(&*open.store, &open.scope, new, &who, open.now);
    let (key, secret) = open.runtime.block_on(created).map_err(|error| failed(&error))?;
    let shown = secret.reveal();
    let text = match arguments.format {
        ExplainFormat::Json => {
            let mut value = json(&key)?;
            value["key"] = shown.as_str().into();
            format!("{value:#}\n")
        }
        ExplainFormat::Text => format!(
            "{}\n\n{} for {}. The key is shown this once and kept nowhere: hand it over now.\n",
            shown.as_str(),
            key.id,
            key.owner
        ),
    };
    terminal::write_out(None, text.as_bytes())?;
    Ok(Exit::Clean)
}

fn rate(text: &str) -> Result<ApiKeyRate, CommandError> {
    let (requests, seconds) = text.split_once('/').unwrap_or_default();
    match (requests.parse(), seconds.parse()) {
        (Ok(requests), Ok(period_seconds)) => Ok(ApiKeyRate { requests, period_seconds }),
        _ => Err(CommandError::usage(format!("`{text}` is no rate"))
            .help("write it as REQUESTS/SECONDS, for example `--rate 100/60`")),
    }
}

fn list(cli: &Cli, folder: Option<&PathBuf>, format: ExplainFormat) -> Result<Exit, CommandError> {
    let config = config::current(cli)?.config;
    let scope = analyze::scope(&config);
    let data = Data::open_read_only(&data::folder(folder, &config), &config, &scope)?;
    let keys = data.runtime.block_on(data.directory.store().api_keys(&scope));
    let keys = keys.map_err(|error| failed(&error))?;
    let text = match format {
        ExplainFormat::Json => {
            let values: Result<Vec<_>, _> = keys.iter().map(json).collect();
            format!("{:#}\n", serde_json::Value::from(values?))
        }
        ExplainFormat::Text => table(&keys, Timestamp::from_micros(analyze::micros_now())),
    };
    terminal::write_out(None, text.as_bytes())?;
    Ok(Exit::Clean)
}

/// Names and owners hold no control characters: the store refuses them.
fn table(keys: &[ApiKey], now: Timestamp) -> String {
    if keys.is_empty() {
        return "no keys; `bartizan keys create --owner NAME` makes one\n".to_owned();
    }
    let mut out = String::new();
    for key in keys {
        let state = key.refusal(now).unwrap_or("active");
        let day = |time: Timestamp| time.to_string()[..10].to_owned();
        let expires = key.expires.map_or_else(|| "never".to_owned(), day);
        let used = key.last_used.map_or_else(|| "never".to_owned(), day);
        // Writing to a string cannot fail.
        let _ = writeln!(
            out,
            "{}  {state:8}  expires {expires:10}  used {used:10}  {}: {}{}{}{}",
            key.id,
            key.owner,
            key.name,
            if key.scopes.is_empty() { "" } else { "  " },
            key.scopes.join(" "),
            bounds(&key.terms),
        );
    }
    out
}

/// Under which conditions a key may be used.
fn bounds(terms: &ApiKeyTerms) -> String {
    let mut out = String::new();
    let bound_to = terms.addresses.iter().chain(&terms.certificates);
    let bound_to: Vec<&str> = bound_to.map(String::as_str).collect();
    if !bound_to.is_empty() {
        let _ = write!(out, "  bound to {}", bound_to.join(" "));
    }
    if terms.server_only {
        out.push_str("  server only");
    }
    if let Some(rate) = terms.rate {
        let _ = write!(out, "  {} in {} s", rate.requests, rate.period_seconds);
    }
    out
}

fn json(key: &ApiKey) -> Result<serde_json::Value, CommandError> {
    serde_json::to_value(key)
        .map_err(|error| CommandError::usage(format!("cannot show the key: {error}")))
}

fn set_state(cli: &Cli, arguments: &KeysState, to: ApiKeyState) -> Result<Exit, CommandError> {
    let open = Open::new(cli, arguments.data.as_ref(), false)?;
    let keys = open.runtime.block_on(open.store.api_keys(&open.scope));
    let keys = keys.map_err(|error| failed(&error))?;
    let wanted = arguments.id.as_str();
    let found: Vec<&ApiKey> = keys.iter().filter(|k| k.id.as_str().starts_with(wanted)).collect();
    let key = match found.as_slice() {
        [one] => *one,
        [] => return Err(CommandError::usage(format!("there is no key `{wanted}`"))),
        many => {
            return Err(CommandError::usage(format!("`{wanted}` fits {} keys", many.len()))
                .help("give more of the id"));
        }
    };
    let reason = arguments.reason.clone().unwrap_or_default();
    let change = ApiKeyChange { id: key.id.clone(), to, who: who(), reason, now: open.now };
    let done = open.runtime.block_on(open.store.set_api_key_state(&open.scope, &change));
    let done = done.map_err(|error| failed(&error))?;
    let text = format!("{}: {} → {}\n", done.id, key.state, done.state);
    terminal::write_out(None, text.as_bytes())?;
    Ok(Exit::Clean)
}
