//! Questions that many checks ask first: was it seen, does it concern an API, was it encrypted.

use bartizan_model::{
    AuthType, BodyState, Evidence, EvidenceValue, Exchange, HeaderState, Input, Outcome, Response,
    Root, Side, limits::NotInspectedReason,
};
use bartizan_protocols::{Codec, Format, NodeRef, Value};

use crate::{
    classes::{self, ClassHit},
    facts::Facts,
};

/// The outcome, or the reason why there is none; both are outcomes.
pub(crate) type Answer = Result<Outcome, Outcome>;

/// Makes one outcome of both.
pub(crate) fn settle(answer: Answer) -> Outcome {
    answer.unwrap_or_else(|outcome| outcome)
}

/// `Err(NotApplicable)` unless `condition`.
pub(crate) fn applies(condition: bool) -> Result<(), Outcome> {
    if condition { Ok(()) } else { Err(Outcome::NotApplicable) }
}

/// The response, when one was seen.
pub(crate) fn response<'a>(facts: &Facts<'a>) -> Result<&'a Response, Outcome> {
    let response = facts.exchange.response.as_ref().filter(|r| r.status > 0);
    response.ok_or(Outcome::NotEvaluated(Input::Status))
}

/// The response, when its headers were recorded.
pub(crate) fn head<'a>(facts: &Facts<'a>) -> Result<&'a Response, Outcome> {
    let response = response(facts)?;
    if response.headers_captured {
        Ok(response)
    } else {
        Err(Outcome::NotEvaluated(Input::ResponseHead))
    }
}

/// The response, when it is a success.
pub(crate) fn success<'a>(facts: &Facts<'a>) -> Result<&'a Response, Outcome> {
    let response = response(facts)?;
    applies(response.is_success())?;
    Ok(response)
}

/// *Not evaluated* when the source may have left out header fields that were sent.
pub(crate) fn request_head(facts: &Facts<'_>) -> Result<(), Outcome> {
    match facts.exchange.request.header_state {
        HeaderState::Complete => Ok(()),
        HeaderState::Incomplete => Err(Outcome::NotEvaluated(Input::RequestHead)),
    }
}

/// `Err(NotApplicable)` when the request carries a credential, *not evaluated* when it may.
pub(crate) fn anonymous(facts: &Facts<'_>) -> Result<(), Outcome> {
    applies(facts.credentials.is_empty())?;
    request_head(facts)
}

/// `Err(NotApplicable)` when the request carries nothing of what is asked about (`carried` is
/// false), *not evaluated* when it may.
pub(crate) fn carries(facts: &Facts<'_>, carried: bool) -> Result<(), Outcome> {
    if carried {
        return Ok(());
    }
    request_head(facts)?;
    Err(Outcome::NotApplicable)
}

/// *Pass*, or *not evaluated* when a part of the response body was not inspected.
pub(crate) fn pass_if_body_seen(facts: &Facts<'_>) -> Outcome {
    if is_body_seen(facts) { Outcome::Pass } else { Outcome::NotEvaluated(Input::ResponseBody) }
}

/// Whether everything of the response body was inspected.
pub(crate) fn is_body_seen(facts: &Facts<'_>) -> bool {
    let complete = facts
        .exchange
        .response
        .as_ref()
        .is_some_and(|response| response.body_state == BodyState::Complete);
    complete
        && facts.decoded.view.not_inspected().iter().all(|entry| {
            entry.side != Side::Response || entry.reason == NotInspectedReason::HeadersNotCaptured
        })
}

/// What kind of thing answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Structured data for programs.
    Api,
    /// A page for people.
    Page,
    /// A script, style, image or other file.
    Asset,
    /// Nothing tells.
    Unknown,
}

const ASSETS: &[&str] = &[
    "css",
    "js",
    "mjs",
    "map",
    "png",
    "jpg",
    "jpeg",
    "gif",
    "svg",
    "ico",
    "webp",
    "avif",
    "woff",
    "woff2",
    "ttf",
    "otf",
    "eot",
    "mp4",
    "webm",
    "mp3",
    "pdf",
    "zip",
    "gz",
    "wasm",
    "webmanifest",
    "txt",
    "rss",
    "atom",
];

/// What kind of thing the exchange talks to, by the body that was read, else by its URL.
pub(crate) fn kind(facts: &Facts<'_>) -> Kind {
    let path = facts.exchange.request.path();
    let file = path.rsplit('/').next().unwrap_or("");
    let extension = file.rsplit_once('.').map_or("", |(_, e)| e).to_ascii_lowercase();
    if ASSETS.contains(&extension.as_str())
        || ["manifest.json", "sitemap.xml", "asset-manifest.json"].contains(&file)
    {
        return Kind::Asset;
    }
    match facts.decoded.response_format {
        Format::Json | Format::NdJson | Format::Xml | Format::Form => return Kind::Api,
        Format::Javascript | Format::Css | Format::Image | Format::Binary => return Kind::Asset,
        Format::Html if facts.decoded.request_format.is_structured() => return Kind::Unknown,
        Format::Html => return Kind::Page,
        _ => {}
    }
    let api = matches!(facts.decoded.request_format, Format::Json | Format::NdJson | Format::Xml)
        || is_api_url(facts.exchange.request.host(), path);
    if api { Kind::Api } else { Kind::Unknown }
}

/// Whether host or path are those of an API: `api.…`, `/api/…`, `/v1/…`, `/graphql`, `/rest/…`.
fn is_api_url(host: &str, path: &str) -> bool {
    let version = |s: &str| {
        s.strip_prefix('v')
            .is_some_and(|n| !n.is_empty() && n.len() <= 3 && n.bytes().all(|b| b.is_ascii_digit()))
    };
    host.split('.').next().is_some_and(|label| label == "api" || label.ends_with("-api"))
        || path.split('/').take(4).any(|s| {
            matches!(s, "api" | "apis" | "graphql" | "rest" | "rpc" | "jsonrpc" | "soap")
                || version(s)
        })
}

/// Whether a connection was encrypted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Transport {
    /// TLS, here or at a front server.
    Encrypted,
    /// Plain text.
    Plain,
}

/// How the request travelled from the client; *not evaluated* when the source does not say.
pub(crate) fn transport(exchange: &Exchange) -> Result<Transport, Outcome> {
    let headers = &exchange.request.headers;
    let front = headers.get("x-forwarded-proto").or_else(|| headers.get("x-forwarded-scheme"));
    let at_front = front
        .is_some_and(|p| p.split(',').next().unwrap_or("").trim().eq_ignore_ascii_case("https"))
        || headers.get("forwarded").is_some_and(|f| f.to_ascii_lowercase().contains("proto=https"));
    match exchange.request.scheme.as_str() {
        _ if exchange.tls.is_some() || at_front => Ok(Transport::Encrypted),
        "https" | "wss" => Ok(Transport::Encrypted),
        "http" | "ws" => Ok(Transport::Plain),
        _ => Err(Outcome::NotEvaluated(Input::Transport)),
    }
}

/// From where a host can be reached, by its name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Reach {
    /// This machine only.
    Loopback,
    /// A private network.
    Private,
    /// Anywhere.
    Public,
}

/// From where the host of the exchange can be reached.
pub(crate) fn reach(exchange: &Exchange) -> Reach {
    use std::net::IpAddr;
    let host = exchange.request.host();
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    if let Ok(ip) = bare.parse::<IpAddr>() {
        let private = match ip.to_canonical() {
            IpAddr::V4(v4) => v4.is_private() || v4.is_link_local(),
            IpAddr::V6(v6) => v6.is_unique_local() || v6.is_unicast_link_local(),
        };
        return match ip.to_canonical().is_loopback() {
            true => Reach::Loopback,
            false if private => Reach::Private,
            false => Reach::Public,
        };
    }
    if host == "localhost" || host.ends_with(".localhost") {
        return Reach::Loopback;
    }
    let inside = [".internal", ".local", ".lan", ".corp", ".intranet", ".home.arpa", ".test"];
    // A name without a dot is resolved by a private search list.
    if !host.contains('.') || inside.iter().any(|end| host.ends_with(end)) {
        Reach::Private
    } else {
        Reach::Public
    }
}

/// Hits of one side whose class is one of `names`, with their nodes.
pub(crate) fn hits_of<'a>(
    facts: &Facts<'a>,
    side: Side,
    fits: impl Fn(&str) -> bool + 'a,
) -> impl Iterator<Item = (ClassHit, NodeRef<'a>)> + 'a {
    let view = &facts.decoded.view;
    facts.classes.iter().filter_map(move |hit| {
        let node = view.node(hit.node)?;
        (node.side() == side && fits(hit.class.as_str())).then_some((*hit, node))
    })
}

/// Whether a class holds values of people that are serious by themselves (not credentials).
pub(crate) fn is_personal(class: &str) -> bool {
    classes::CLASSES.iter().any(|item| {
        item.class.as_str() == class
            && item.sensitive
            && item.group != bartizan_model::data_class::DataGroup::Credential
    })
}

/// Whether a class is so serious that one value is enough.
pub(crate) fn is_grave(class: &str) -> bool {
    matches!(
        class,
        "payment_card"
            | "iban"
            | "us_ssn"
            | "national_id"
            | "health_id"
            | "identity_document"
            | "date_of_birth"
            | "password"
            | "bank_account"
    )
}

/// Whether the value of a response node was sent by the caller: an echo tells nothing new.
pub(crate) fn is_echo(facts: &Facts<'_>, node: &NodeRef<'_>) -> bool {
    let raw = node.raw();
    !raw.is_empty() && facts.decoded.view.leaves(Side::Request).any(|leaf| leaf.raw() == raw)
}

/// Whether a hit is in the body (or messages) rather than in headers or cookies.
pub(crate) fn in_body(node: &NodeRef<'_>) -> bool {
    matches!(node.root(), Root::Body | Root::Xml | Root::Message)
}

/// Evidence about a value: place, class, shape, keyed hash and a sentence.
pub(crate) fn evidence(facts: &Facts<'_>, node: &NodeRef<'_>, class: &str, note: &str) -> Evidence {
    Evidence::at(node.side(), node.instance(), note)
        .with_value(EvidenceValue::of(&facts.snapshot.key, class, node.raw()))
        .in_exchange(&facts.exchange.id)
}

/// Evidence without a value.
pub(crate) fn note(facts: &Facts<'_>, text: impl Into<String>) -> Evidence {
    Evidence::note(text).in_exchange(&facts.exchange.id)
}

/// Whether the request carries a credential that names or admits somebody.
pub(crate) fn is_authenticated(facts: &Facts<'_>) -> bool {
    facts.credentials.iter().any(|credential| credential.auth_type != AuthType::Other)
}

/// Decoded tokens (nodes with `header` and `payload`) of one side, outermost first.
pub(crate) fn tokens<'a>(facts: &Facts<'a>, side: Side) -> impl Iterator<Item = NodeRef<'a>> + 'a {
    let view = &facts.decoded.view;
    view.nodes().filter(move |node| node.side() == side && node.codec() == Some(Codec::Jwt))
}

/// A member of the header or payload of a decoded token.
pub(crate) fn claim<'a>(token: &NodeRef<'a>, part: &str, name: &str) -> Option<Value<'a>> {
    let part = token.children().find(|child| child.key() == part)?;
    part.children().find(|child| child.key() == name).map(|child| child.value())
}

/// Whether a decoded token has a payload with members; tokens without are none of an API.
pub(crate) fn has_claims(token: &NodeRef<'_>) -> bool {
    token
        .children()
        .find(|child| child.key() == "payload")
        .is_some_and(|payload| payload.children().next().is_some())
}

/// Tokens that count: those sent as credentials and accepted, and those issued in a response.
/// *Not applicable* when there is none, *not evaluated* when it is not known whether they were
/// accepted or whether there were any.
pub(crate) fn working_tokens<'a>(facts: &Facts<'a>) -> Result<Vec<NodeRef<'a>>, Outcome> {
    let sent: Vec<_> = facts
        .credentials
        .iter()
        .filter_map(|credential| facts.decoded.view.node(credential.jwt?))
        .filter(has_claims)
        .collect();
    let mut all: Vec<_> = tokens(facts, Side::Response).filter(has_claims).collect();
    if !sent.is_empty() {
        let response = response(facts);
        match response {
            Ok(response) if response.is_success() => all.extend(sent),
            Ok(_) => {}
            Err(outcome) if all.is_empty() => return Err(outcome),
            Err(_) => {}
        }
    }
    carries(facts, !all.is_empty())?;
    Ok(all)
}

/// Lower-case words of the path: `/v1/deleteUser/7` → `v1`, `delete`, `user`, `7`.
pub(crate) fn path_words(path: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let mut previous = '/';
    for ch in path.chars().take(512) {
        let border = !ch.is_alphanumeric() || (ch.is_uppercase() && previous.is_lowercase());
        if border && words.last().is_some_and(|word| !word.is_empty()) {
            words.push(String::new());
        }
        if ch.is_alphanumeric()
            && let Some(word) = words.last_mut()
        {
            word.extend(ch.to_lowercase());
        }
        previous = ch;
    }
    words.retain(|word| !word.is_empty());
    words
}
