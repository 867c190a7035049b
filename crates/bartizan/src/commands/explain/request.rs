//! `explain request`: what the gateway would do with a request, and which policy decides what and why. The gateway and
//! its policies themselves are asked, up to where the request would be sent on; no socket is opened.

use std::{
    fmt::Write as _,
    fs,
    io::Read as _,
    sync::{Arc, Mutex, PoisonError},
};

use bartizan_gateway::{
    Imagined, Rehearsal,
    policy::{Came, Enforcement, LookUps, PolicyConfig, Reach, Reached, Surroundings},
    rehearse,
};
use bartizan_model::{HashKey, Mode, PolicyOutcome, PrincipalKind};
use bartizan_store::{EndpointFilter, ExchangeFacts};
use http::{HeaderName, HeaderValue, Method, Request, Uri, header};
use serde_json::{Value, json};

use super::super::{
    Cli, CommandError, Exit, analyze,
    arguments::{ExplainFormat, ExplainRequest},
    config,
    data::{self, Data},
    exchanges, terminal,
};
use crate::{
    config::Loaded,
    output::text::safe,
    serve::{self, Overrides, ServeError},
};

/// Most bytes of a body that are read from a file.
const BODY_BYTES: u64 = 64 * 1024 * 1024;
/// What cannot be known here.
const LIMITS: &str = "policies are in the modes of the configuration; nothing was counted before, own API keys, \
                      quotas and owners of objects are not read from the store, and answers are not looked at";

pub(in super::super) fn run(cli: &Cli, arguments: &ExplainRequest) -> Result<Exit, CommandError> {
    let loaded = config::current(cli)?;
    let text = match &arguments.kept {
        None => imagined(&loaded, arguments)?,
        Some(id) => kept(&loaded, arguments, id)?,
    };
    terminal::write_out(None, text.as_bytes())?;
    Ok(Exit::Clean)
}

/// What would become of a request.
fn imagined(loaded: &Loaded, arguments: &ExplainRequest) -> Result<String, CommandError> {
    let asked = request(arguments)?;
    let line = format!("{} {}", asked.request.method(), arguments.url.as_deref().unwrap_or("/"));
    let (rehearsal, mut notes) = play(loaded, asked)?;
    notes.push(LIMITS.to_owned());
    match arguments.format {
        ExplainFormat::Text => Ok(text(&line, &rehearsal, &off(loaded), &notes)),
        ExplainFormat::Json => {
            let mut value = serde_json::to_value(&rehearsal).map_err(|error| defect(&error))?;
            value["off"] = off(loaded).into();
            value["notes"] = notes.into();
            pretty(&value)
        }
    }
}

/// What was decided about an exchange, and which scopes of the configuration hold it now. Values are not kept, so the
/// request itself cannot be made again.
fn kept(loaded: &Loaded, arguments: &ExplainRequest, id: &str) -> Result<String, CommandError> {
    let scope = analyze::scope(&loaded.config);
    let folder = data::folder(arguments.store.as_ref(), &loaded.config);
    let data = Data::open_read_only(&folder, &loaded.config, &scope)?;
    let facts = exchanges::one(&data, id)?;
    let (store, filter) = (data.directory.store(), EndpointFilter::default());
    let endpoints =
        data.pages(|page| data.runtime.block_on(store.endpoints(&scope, &filter, page)))?;
    let endpoint = endpoints.into_iter().find(|one| Some(&one.id) == facts.endpoint.as_ref());
    let endpoint = endpoint.ok_or_else(|| {
        CommandError::input(format!("the endpoint of the exchange `{id}` is not kept"))
            .help("`bartizan exchanges ID` shows what was decided about it")
    })?;
    let url = format!("http://{}{}", endpoint.host, endpoint.path);
    let head = head(&facts.method, &endpoint.host, &endpoint.path)?;
    let from = arguments.from;
    let (rehearsal, _) = play(loaded, Imagined { request: head, from, is_secure: true })?;
    let now: Vec<&Reached> =
        rehearsal.policies.iter().filter(|one| one.scope != Reach::Out).collect();
    if arguments.format == ExplainFormat::Json {
        let decided = serde_json::to_value(&facts.decisions).map_err(|error| defect(&error))?;
        let scopes = now.iter().map(|one| {
            json!({"policy": one.policy, "kind": one.kind, "mode": one.mode, "scope": one.scope})
        });
        return pretty(&json!({
            "id": facts.id.as_str(),
            "method": facts.method,
            "url": url,
            "status": facts.status,
            "service": rehearsal.service,
            "decided": decided,
            "decided_left_out": facts.decisions_left_out,
            "in_scope_now": scopes.collect::<Vec<_>>(),
        }));
    }
    Ok(text_of_kept(&facts, &url, rehearsal.service.as_deref(), &now))
}

/// Asks the gateway. Gives what the policies tell about look-ups, too.
fn play(loaded: &Loaded, asked: Imagined) -> Result<(Rehearsal, Vec<String>), CommandError> {
    let is_nowhere = loaded.config.gateway.services.is_empty();
    let upstream = is_nowhere.then(|| "http://localhost".to_owned());
    let refused = |error: ServeError| config::refused(loaded, &error);
    let gateway = serve::check(&loaded.config, &Overrides { listen: None, upstream });
    let gateway = gateway.map_err(refused)?;
    let told = Arc::new(Mutex::new(Vec::new()));
    let tell = Arc::clone(&told);
    let look_ups = LookUps::offline(move |text| {
        tell.lock().unwrap_or_else(PoisonError::into_inner).push(text.to_owned());
    });
    // The key only tells counted things apart, and nothing is kept of what is counted here.
    let surroundings = Surroundings { look_ups, ..Surroundings::embedded(HashKey::new([0; 32])) };
    let policies = PolicyConfig::with_defaults(loaded.config.policies.clone());
    let enforcement = Enforcement::new(&policies, surroundings);
    let enforcement = Arc::new(enforcement.map_err(|error| refused(error.into()))?);
    let runtime = data::runtime()?;
    let played = runtime.block_on(rehearse(&gateway, enforcement, asked));
    let rehearsal = played.map_err(|error| refused(error.into()))?;
    let notes = std::mem::take(&mut *told.lock().unwrap_or_else(PoisonError::into_inner));
    Ok((rehearsal, notes))
}

/// Names of the policies that are off.
fn off(loaded: &Loaded) -> Vec<String> {
    let policies = PolicyConfig::with_defaults(loaded.config.policies.clone());
    let is_off =
        |policy: &PolicyConfig| policy.kind_and_mode().is_some_and(|(_, mode)| mode == Mode::Off);
    policies.into_iter().filter(is_off).map(|policy| policy.name).collect()
}

fn request(arguments: &ExplainRequest) -> Result<Imagined, CommandError> {
    let url = arguments.url.as_deref().unwrap_or_default();
    let wrong = |problem: &str| {
        CommandError::usage(format!("`{url}` {problem}"))
            .help("for example https://api.example/orders/7?expand=lines")
    };
    let uri: Uri = url.parse().map_err(|_| wrong("is no URL"))?;
    let is_secure = match uri.scheme_str() {
        Some("https") => true,
        Some("http") => false,
        _ => return Err(wrong("does not begin with https:// or http://")),
    };
    let host = uri.authority().map(|authority| authority.as_str()).unwrap_or_default();
    let target = uri.path_and_query().map_or("/", |target| target.as_str());
    let body = arguments.data.as_deref().map(body).transpose()?;
    let method = match (&arguments.method, &body) {
        (Some(method), _) => method.as_str(),
        (None, Some(_)) => "POST",
        (None, None) => "GET",
    };
    let mut request = head(method, host, target)?;
    for text in &arguments.header {
        let (name, value) = field(text)?;
        if name == header::HOST {
            request.headers_mut().insert(name, value);
        } else {
            request.headers_mut().append(name, value);
        }
    }
    if let Some(body) = body {
        let fields = request.headers_mut();
        fields.entry(header::CONTENT_LENGTH).or_insert_with(|| HeaderValue::from(body.len()));
        *request.body_mut() = body;
    }
    Ok(Imagined { request, from: arguments.from, is_secure })
}

/// A request without a body.
fn head(method: &str, host: &str, target: &str) -> Result<Request<Vec<u8>>, CommandError> {
    let no_method = || CommandError::usage(format!("`{method}` is no method"));
    let method = Method::from_bytes(method.as_bytes()).map_err(|_| no_method())?;
    let builder = Request::builder().method(method).uri(target).header(header::HOST, host);
    let made = builder.body(Vec::new());
    made.map_err(|error| CommandError::usage(format!("such a request cannot be sent: {error}")))
}

fn field(text: &str) -> Result<(HeaderName, HeaderValue), CommandError> {
    let parsed = text.split_once(':').and_then(|(name, value)| {
        let name = HeaderName::from_bytes(name.trim().as_bytes()).ok()?;
        Some((name, HeaderValue::from_str(value.trim()).ok()?))
    });
    // It may hold a secret, so it is not repeated.
    parsed.ok_or_else(|| {
        CommandError::usage("a field given with -H is none").help("for example -H 'accept: */*'")
    })
}

fn body(text: &str) -> Result<Vec<u8>, CommandError> {
    let Some(path) = text.strip_prefix('@') else {
        return Ok(text.as_bytes().to_vec());
    };
    let failed = |problem: String| CommandError::input(format!("cannot read {path}: {problem}"));
    let mut bytes = Vec::new();
    let file = fs::File::open(path).map_err(|error| failed(error.to_string()))?;
    let read = file.take(BODY_BYTES + 1).read_to_end(&mut bytes);
    read.map_err(|error| failed(error.to_string()))?;
    if bytes.len() as u64 > BODY_BYTES {
        return Err(failed(format!("it has more than {BODY_BYTES} bytes")));
    }
    Ok(bytes)
}

fn text(line: &str, rehearsal: &Rehearsal, off: &[String], notes: &[String]) -> String {
    let mut out = String::new();
    // Writing to a string cannot fail.
    let _ = writeln!(out, "{}  from {}", safe(line), rehearsal.client);
    let _ = writeln!(out, "service: {}", service(rehearsal.service.as_deref()));
    for one in &rehearsal.identities {
        let issuer = if one.issuer.is_empty() { "" } else { " by " };
        let (subject, by) = (safe(&one.subject), safe(&one.issuer));
        let _ = writeln!(out, "identified: {} {subject}{issuer}{by}", kind(one.kind));
    }
    out.push_str("\npolicies, in the order in which they are asked:\n");
    let width = rehearsal.policies.iter().map(|one| one.policy.len()).max().unwrap_or(0);
    for one in &rehearsal.policies {
        let status = one.status.map(|status| format!(" {status}")).unwrap_or_default();
        let why = if one.reasons.is_empty() { "" } else { ": " };
        let scope = match (one.scope, one.outcome) {
            (Reach::Perhaps, _) => ", perhaps in scope",
            // What a switched-off station leaves behind would look like a scope that does not fit.
            (Reach::Out, Came::NotEvaluated) => ", left out",
            _ => "",
        };
        let _ = writeln!(
            out,
            "  {:width$}  {} ({}{scope}): {}{status}{why}{}",
            one.policy,
            one.kind,
            mode(one.mode),
            one.outcome.as_str(),
            one.reasons.join(", ")
        );
    }
    if !off.is_empty() {
        let _ = writeln!(out, "  off: {}", off.join(", "));
    }
    match &rehearsal.answer {
        None => out.push_str("\nit goes on to the service\n"),
        Some(answer) => {
            let detail = if answer.detail.is_empty() { "" } else { ": " };
            let (code, title) = (answer.code, &answer.title);
            let _ = writeln!(
                out,
                "\nanswered by the gateway: {} {code}, {title}{detail}{}",
                answer.status,
                safe(&answer.detail)
            );
        }
    }
    for note in notes {
        let _ = writeln!(out, "note: {}", safe(note));
    }
    out
}

fn text_of_kept(
    facts: &ExchangeFacts,
    url: &str,
    service_now: Option<&str>,
    now: &[&Reached],
) -> String {
    let mut out = String::new();
    let status = facts.status.map_or_else(|| "no answer".to_owned(), |status| status.to_string());
    let _ = writeln!(out, "{} {}  {status}", safe(&facts.method), safe(url));
    out.push_str("\ndecided then:\n");
    if facts.decisions.is_empty() {
        out.push_str("  nothing but to let it pass\n");
    }
    for one in &facts.decisions {
        let would = match one.outcome {
            PolicyOutcome::Enforced => one.action.as_str().to_owned(),
            PolicyOutcome::Monitored => format!("would {}", one.action),
            PolicyOutcome::NotEvaluated => "not evaluated".to_owned(),
        };
        let _ = writeln!(out, "  {} ({}): {would}, {}", safe(&one.policy), one.kind, one.reason);
    }
    let _ = writeln!(out, "\nservice now: {}", service(service_now));
    out.push_str("policies that have it in their scope now:\n");
    for one in now {
        let perhaps = if one.scope == Reach::Perhaps { ", perhaps" } else { "" };
        let _ = writeln!(out, "  {}  {} ({}{perhaps})", one.policy, one.kind, mode(one.mode));
    }
    out.push_str("note: values are not kept, so what they would decide now cannot be told\n");
    out
}

fn service(name: Option<&str>) -> String {
    name.map_or_else(|| "none is configured for this".to_owned(), safe)
}

const fn kind(kind: PrincipalKind) -> &'static str {
    match kind {
        PrincipalKind::Subject => "subject",
        PrincipalKind::Client => "client",
        PrincipalKind::ApiKey => "own key",
        PrincipalKind::Certificate => "certificate",
        PrincipalKind::Token => "token",
    }
}

const fn mode(mode: Mode) -> &'static str {
    match mode {
        Mode::Off => "off",
        Mode::Monitor => "monitor",
        Mode::Enforce => "enforce",
    }
}

fn pretty(value: &Value) -> Result<String, CommandError> {
    serde_json::to_string_pretty(value).map(|text| text + "\n").map_err(|error| defect(&error))
}

fn defect(error: &serde_json::Error) -> CommandError {
    CommandError::usage(format!("cannot write the explanation: {error}"))
}
