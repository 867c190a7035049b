//! Runs the detectors with history over exchange JSON lines and prints one line per signal.
//!
//! A quick loop for working on detectors, with a simple identity (JWT subject, else address and
//! user agent) and simple endpoints (segments that look like identifiers are parameters); the whole
//! judgement lives elsewhere. `DROP=100` leaves out every exchange whose hashed number is a
//! multiple of 100; `SPLIT=n` saves and loads the state after n exchanges; `BARE=1` leaves out
//! subjects, as if tokens were opaque.
//!
//!     cargo run --example behaviour_eval -- exchanges.jsonl > detected.jsonl

use std::{io::BufRead, sync::Arc, time::Instant};

use bartizan_analysis::{
    Enriched, Facts, Snapshot,
    detectors::{DETECTORS, DetectorState, Lane, field_words::FieldMemo, objects},
    endpoints::{Segment, Template},
    identity::{Agent, Credential},
    state::pair,
};
use bartizan_model::{
    ActorId, ActorKind, ActorRef, AuthType, Client, EndpointId, Exchange, ExchangeId, Grade,
    HashKey, Headers, KeyedHash, Principal, PrincipalId, PrincipalKind, Request, Response, Root,
    Scope, Side, Timestamp,
};
use bartizan_protocols::{
    Codec, Step, Value,
    decode::{Decoded, decode},
};
use serde_json::Value as Json;

fn headers(json: &Json) -> Headers {
    let pairs = json.as_array().into_iter().flatten();
    pairs
        .filter_map(|p| Some((p.get(0)?.as_str()?.to_owned(), p.get(1)?.as_str()?.to_owned())))
        .collect()
}

fn read(line: &str, number: usize) -> Option<Exchange> {
    let json: Json = serde_json::from_str(line).ok()?;
    let (request, response) = (&json["request"], &json["response"]);
    let url = request["url"].as_str()?;
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    let (authority, target) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
    let text = |j: &Json| j["body"].as_str().unwrap_or("").as_bytes().to_vec().into();
    let answer = headers(&response["headers"]);
    Some(Exchange {
        id: ExchangeId::from_text(
            json["id"].as_str().map_or_else(|| number.to_string(), str::to_owned),
        ),
        time: json["time"].as_str().and_then(Timestamp::parse),
        client: Client {
            ip: json["client"]["ip"].as_str().and_then(|ip| ip.parse().ok()),
            ja4: json["client"]["ja4"].as_str().map(str::to_owned),
            ..Client::default()
        },
        request: Request {
            method: request["method"].as_str()?.to_owned(),
            scheme: "https".to_owned(),
            authority: authority.to_owned(),
            target: target.to_owned(),
            headers: headers(&request["headers"]),
            body: text(request),
            ..Request::default()
        },
        response: response.is_object().then(|| Response {
            status: response["status"].as_u64().and_then(|s| u16::try_from(s).ok()).unwrap_or(0),
            body_bytes: answer.get("content-length").and_then(|v| v.parse().ok()),
            headers: answer,
            headers_captured: true,
            body: text(response),
            ..Response::default()
        }),
        ..Exchange::default()
    })
}

fn looks_like_value(segment: &str) -> bool {
    let digits = segment.bytes().filter(u8::is_ascii_digit).count();
    let letters = segment.bytes().filter(u8::is_ascii_alphabetic).count();
    digits > 0 && (letters == 0 || digits >= 3)
}

fn template(exchange: &Exchange) -> Template {
    let path = exchange.request.path();
    let segments: Vec<Segment> = path
        .trim_start_matches('/')
        .split('/')
        .map(|s| {
            if looks_like_value(s) {
                let (prefix, suffix) = (String::new(), String::new());
                Segment::Parameter { name: "id".to_owned(), prefix, suffix }
            } else {
                Segment::Literal(s.to_owned())
            }
        })
        .collect();
    let path: String = segments
        .iter()
        .map(|s| match s {
            Segment::Literal(text) => format!("/{text}"),
            Segment::Parameter { .. } => "/{id}".to_owned(),
        })
        .collect();
    let (host, method) = (exchange.request.host().to_owned(), exchange.request.method.clone());
    let id = EndpointId::derive(&Scope::default(), &[&method, &host, &path]);
    Template { id, host, method, segments, path, ..Template::default() }
}

/// Decodes base64url without padding.
fn base64url(text: &str) -> Vec<u8> {
    let mut out = Vec::new();
    let (mut bits, mut count) = (0u32, 0);
    for byte in text.bytes() {
        let digit = match byte {
            b'A'..=b'Z' => byte - b'A',
            b'a'..=b'z' => byte - b'a' + 26,
            b'0'..=b'9' => byte - b'0' + 52,
            b'-' => 62,
            _ => 63,
        };
        (bits, count) = ((bits << 6) | u32::from(digit), count + 6);
        if count >= 8 {
            count -= 8;
            out.push((bits >> count) as u8);
        }
    }
    out
}

/// Finds the bearer token; adds its payload to the view when the decoder did not.
fn credential(exchange: &Exchange, decoded: &mut Decoded, key: &HashKey) -> Option<Credential> {
    let value = exchange.request.headers.get("authorization")?;
    let token = value.strip_prefix("Bearer ")?;
    let mut payload = token.split('.').nth(1).map(base64url).unwrap_or_default();
    if std::env::var_os("BARE").is_some() {
        payload.clear();
    }
    let json: Json = serde_json::from_slice(&payload).unwrap_or_default();
    let mut jwt = decoded
        .view
        .nodes()
        .find(|n| n.codec() == Some(Codec::Jwt) && n.root() == Root::Header)
        .map(|n| n.id());
    if jwt.is_none()
        && let Some(sub) = json["sub"].as_str()
        && let Some(root) = decoded.view.open_root(Side::Request, Root::Header)
        && let Some(id) = decoded.view.open(root, Step::Decoded(Codec::Jwt), Value::Object)
    {
        if let Some(payload) = decoded.view.open(id, Step::Key("payload"), Value::Object) {
            decoded.view.leaf(payload, Step::Key("sub"), Value::Text(sub));
            decoded.view.close(payload);
        }
        decoded.view.close(id);
        decoded.view.close(root);
        jwt = Some(id);
    }
    Some(Credential {
        auth_type: AuthType::Jwt,
        location: "header",
        name: "authorization".into(),
        token: key.hash("token", token.as_bytes()),
        names: None,
        jwt,
    })
}

/// Who the bearer token names, also when the detectors are not shown its payload.
fn subject(exchange: &Exchange) -> Option<String> {
    let token = exchange.request.headers.get("authorization")?.strip_prefix("Bearer ")?;
    let json: Json = serde_json::from_slice(&base64url(token.split('.').nth(1)?)).ok()?;
    json["sub"].as_str().map(str::to_owned)
}

struct Who {
    actor: ActorRef,
    actor_key: KeyedHash,
    principal: Option<Principal>,
}

fn who(exchange: &Exchange, key: &HashKey, address: &str, agent: &str) -> Who {
    let scope = Scope::default();
    let subject = subject(exchange);
    let (kind, name) = match &subject {
        Some(sub) => (ActorKind::Principal, format!("sub {sub}")),
        None => (ActorKind::Address, format!("{address} {agent}")),
    };
    let success = exchange.response.as_ref().is_some_and(|r| r.status < 300);
    Who {
        actor: ActorRef {
            id: ActorId::derive(&scope, &[&name]),
            kind,
            label: name.as_str().into(),
        },
        actor_key: key.hash("actor", name.as_bytes()),
        principal: subject.map(|sub| Principal {
            id: PrincipalId::derive(&scope, &[&sub]),
            kind: PrincipalKind::Subject,
            grade: if success { Grade::Accepted } else { Grade::Claimed },
            label: sub.into(),
        }),
    }
}

struct Bench {
    states: Vec<(&'static str, Box<dyn DetectorState>)>,
    /// Nanoseconds of each call.
    spent: Vec<Vec<u64>>,
    objects: Vec<u64>,
    fields: FieldMemo,
    not_evaluated: Vec<u64>,
}

fn judge(bench: &mut Bench, exchange: &Exchange, snapshot: &Snapshot, sequence: u64) {
    let key = &snapshot.key;
    let mut decoded = decode(exchange, &snapshot.limits, snapshot.seed);
    let credentials: Vec<Credential> =
        credential(exchange, &mut decoded, key).into_iter().collect();
    let endpoint = Arc::new(template(exchange));
    let address = exchange.client.ip.map(|ip| ip.to_string()).unwrap_or_default();
    let agent = exchange.request.headers.get("user-agent").unwrap_or("").to_owned();
    let who = who(exchange, key, &address, &agent);
    let facts =
        Facts { exchange, decoded: &decoded, classes: &[], credentials: &credentials, snapshot };
    let begin = Instant::now();
    let found = objects::extract(&facts, &endpoint, &mut bench.fields);
    bench.objects.push(begin.elapsed().as_nanos() as u64);
    let enriched = Enriched {
        facts,
        sequence,
        time: exchange.time,
        endpoint: &endpoint,
        objects: &found,
        principal: who.principal.as_ref(),
        session: None,
        actor: &who.actor,
        actor_key: who.actor_key,
        address_key: Some(key.hash("address", address.as_bytes())),
        client_key: Some(key.hash("client", format!("{address} {agent}").as_bytes())),
        fingerprint_key: Some(key.hash("fingerprint", agent.as_bytes())),
        agent: Some(Agent::of(&agent)),
        lossy: false,
    };
    let mut signals = Vec::new();
    for (i, (code, state)) in bench.states.iter_mut().enumerate() {
        let begin = Instant::now();
        let evaluated = state.observe(&enriched, &mut signals);
        bench.spent[i].push(begin.elapsed().as_nanos() as u64);
        if matches!(evaluated, bartizan_analysis::detectors::Evaluated::No(_)) {
            bench.not_evaluated[i] += 1;
        }
        for signal in signals.drain(..) {
            let ids: Vec<&str> = signal.exchanges.iter().map(|m| m.id.as_str()).collect();
            let notes: Vec<&str> = signal.evidence.iter().map(|e| e.note.as_str()).collect();
            let line = serde_json::json!({
                "code": code, "at": exchange.id.as_str(), "group": signal.group,
                "actor": signal.actor.label, "severity": signal.severity.as_str(),
                "exchange_ids": ids, "evidence": notes,
            });
            use std::io::Write as _;
            let _ = writeln!(std::io::stdout(), "{line}");
        }
    }
}

fn fresh() -> Vec<(&'static str, Box<dyn DetectorState>)> {
    let items = DETECTORS.iter().filter_map(|item| match item.lane {
        Lane::History(make) | Lane::Calls(make) => Some((item.meta.code, make())),
        Lane::Exchange(_) | Lane::Leaves(_) => None,
    });
    items.collect()
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let path = std::env::args().nth(1).ok_or("name a file of exchange JSON lines")?;
    let number = |name: &str| std::env::var(name).ok().and_then(|v| v.parse::<u64>().ok());
    let (drop, split) = (number("DROP"), number("SPLIT"));
    let seed = number("SEED").unwrap_or(1);
    let snapshot = Snapshot::new(Scope::default(), HashKey::new([7; 32]));
    let states = fresh();
    let count = states.len();
    let mut bench = Bench {
        states,
        spent: vec![Vec::new(); count],
        objects: Vec::new(),
        fields: FieldMemo::default(),
        not_evaluated: vec![0; count],
    };
    let mut judged = 0u64;
    for (i, line) in std::io::BufReader::new(std::fs::File::open(path)?).lines().enumerate() {
        let i = i as u64;
        if drop.is_some_and(|n| pair(i, seed).is_multiple_of(n)) {
            continue;
        }
        let Some(exchange) = read(&line?, i as usize) else { continue };
        judge(&mut bench, &exchange, &snapshot, i);
        judged += 1;
        if split == Some(judged) {
            for (new, old) in fresh().into_iter().zip(&mut bench.states) {
                let bytes = old.1.save();
                *old = new;
                old.1.load(&bytes)?;
                eprintln!("{} saved {} bytes", old.0, bytes.len());
            }
        }
    }
    eprintln!("{judged} exchanges; µs each: mean, and mean without the slowest 1 %");
    eprintln!("objects: {}", each(&mut bench.objects));
    for (i, (code, _)) in bench.states.iter().enumerate() {
        let spent = each(&mut bench.spent[i]);
        eprintln!("{code}: {spent}; {} not evaluated", bench.not_evaluated[i]);
    }
    Ok(())
}

/// The second figure leaves out what other processes on the machine took.
fn each(nanos: &mut [u64]) -> String {
    nanos.sort_unstable();
    let mean = |n: &[u64]| n.iter().sum::<u64>() as f64 / 1e3 / n.len().max(1) as f64;
    format!("{:.2}, {:.2}", mean(nanos), mean(&nanos[..nanos.len() * 99 / 100]))
}
