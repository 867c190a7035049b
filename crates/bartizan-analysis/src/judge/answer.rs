//! How a request was answered, as endpoint resolution sees it.

use bartizan_model::{ActorKind, BodyState, Response, Root, Side};
use bartizan_protocols::Format;
use smallvec::SmallVec;

use crate::{
    endpoints::{Asker, MediaKind, Outcome as Answer, Shape, Template},
    facts::Facts,
    identity::Caller,
};

/// Most values of a response that its shape is told from.
const SHAPE_NODES: usize = 64;
/// Smallest body of a success that may be a page for any path; less (`ok`) is too little to tell by.
const LEAST_PAGE_BYTES: u64 = 256;
/// Sizes from here on are told apart in steps of [`SIZE_STEP`]: pages that repeat the path differ by
/// a few bytes.
const EXACT_BYTES: u64 = 512;
/// See [`EXACT_BYTES`].
const SIZE_STEP: u64 = 64;

/// Status that stands for a refusal in the words of a protocol, which many of them send with 200.
const REFUSED: u16 = 400;

/// How an exchange was answered.
pub(super) fn of(facts: &Facts<'_>) -> Answer {
    let Some(response) = &facts.exchange.response else { return Answer::default() };
    let media = media(facts, response);
    let look = look(facts, response, media);
    let read = response.body_state != BodyState::NotCaptured;
    let status = Some(response.status).filter(|s| *s > 0);
    let refused = facts.decoded.answered.is_refusal();
    let status = status.map(|s| if refused { s.max(REFUSED) } else { s });
    Answer { status, media, look, read, shape: shape(facts, response, status) }
}

/// How one call of an exchange was answered. One without an answer of its own makes nothing known: it was only sent.
pub(super) fn of_call(facts: &Facts<'_>, is_answered: Option<bool>) -> Answer {
    let answer = of(facts);
    let is_silent = is_answered == Some(false);
    Answer { status: answer.status.map(|s| if is_silent { s.max(REFUSED) } else { s }), ..answer }
}

/// Who was given it.
pub(super) fn asker(
    facts: &Facts<'_>,
    answer: Answer,
    endpoint: &Template,
    caller: &Caller,
) -> Asker {
    let mut actor = [0; 8];
    actor.copy_from_slice(&caller.actor_key.0[..8]);
    // Documents are asked about server errors only: nothing else depends on them.
    let specs = facts.snapshot.specs.as_ref().filter(|_| answer.is_fault());
    Asker {
        actor: u64::from_le_bytes(actor),
        // Only an accepted principal or session becomes the actor, see `identity::resolve`.
        accepted: matches!(caller.actor.kind, ActorKind::Principal | ActorKind::Session),
        documented: specs.is_some_and(|s| s.is_documented(endpoint)),
    }
}

/// What the body was read as counts more than what it claims to be: JSON is data even when its type
/// says `text/html`.
fn media(facts: &Facts<'_>, response: &Response) -> MediaKind {
    match facts.decoded.response_format {
        Format::Html => MediaKind::Page,
        format if format.is_structured() => MediaKind::Data,
        _ => MediaKind::of(response.headers.get("content-type").unwrap_or("")),
    }
}

/// See [`Answer::look`].
fn look(facts: &Facts<'_>, response: &Response, media: MediaKind) -> u64 {
    let method = facts.exchange.request.method.as_str();
    let size = match method {
        "HEAD" => response.headers.get("content-length").and_then(|n| n.trim().parse().ok()),
        _ => response.size(),
    };
    let telling = match (response.status, media) {
        (500.., _) => true,
        (_, MediaKind::Data) | (304, _) => false,
        (200..=299, _) => size.is_some_and(|size| size >= LEAST_PAGE_BYTES),
        (300..=399, _) => size.is_some() && matches!(method, "GET" | "HEAD"),
        _ => false,
    };
    if !telling {
        return 0;
    }
    let class = match size {
        None => 0,
        Some(size) if size < EXACT_BYTES => 1 + size,
        Some(size) => 1 + EXACT_BYTES + (size - EXACT_BYTES) / SIZE_STEP,
    };
    let names = names(facts);
    let names = names.iter().fold(0u64, |hash, name| hash.rotate_left(5) ^ name);
    let parts = [u64::from(response.status), media as u64, names, class];
    parts.iter().fold(1, |hash: u64, part| {
        (hash ^ part).wrapping_mul(0x9e37_79b9_7f4a_7c15).rotate_left(29)
    }) | 1
}

/// See [`Answer::shape`].
fn shape(facts: &Facts<'_>, response: &Response, status: Option<u16>) -> Shape {
    let is_granted = status.is_some_and(|status| (200..300).contains(&status));
    let is_whole = response.body_state == BodyState::Complete;
    if !is_granted || !is_whole || !facts.decoded.response_format.is_structured() {
        return Shape::default();
    }
    Shape::of(&names(facts))
}

/// Hashes of the names and places of the first values of the body, in order and each once.
fn names(facts: &Facts<'_>) -> SmallVec<[u64; SHAPE_NODES]> {
    let mut names: SmallVec<[u64; SHAPE_NODES]> = SmallVec::new();
    if let Some(body) = facts.decoded.view.root(Side::Response, Root::Body) {
        let shallow = body.descendants().take(SHAPE_NODES).filter(|node| node.depth() <= 2);
        names.extend(shallow.map(|node| node.general_hash()));
    }
    names.sort_unstable();
    names.dedup();
    names
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        checks::example::{get, send},
        judge::{State, judge, results},
        snapshot::Snapshot,
    };
    use bartizan_model::{Exchange, HashKey, Scope};

    fn answer(exchange: &Exchange) -> Answer {
        let snapshot = Snapshot::new(Scope::default(), HashKey::new([1; 32]));
        let prepared = super::super::prepare(exchange, &snapshot);
        of(&prepared.facts(exchange, &snapshot))
    }

    fn page(text: &str) -> Answer {
        let body = format!("<!doctype html><html><body>{text}</body></html>");
        answer(&get("https://www.example.com/a").answer(200, "text/html", &body).build())
    }

    #[test]
    fn the_body_tells_what_it_is() {
        let media = |kind: &str, body: &str| {
            answer(&get("https://api.example.com/a").answer(200, kind, body).build()).media
        };
        assert_eq!(media("text/html", r#"{"id":1}"#), MediaKind::Data);
        assert_eq!(media("", "<!doctype html><html></html>"), MediaKind::Page);
        assert_eq!(media("text/html; charset=utf-8", ""), MediaKind::Page);
        assert_eq!(media("", ""), MediaKind::Unknown);
        assert_eq!(media("image/png", "\u{89}"), MediaKind::Data);
    }

    #[test]
    fn shapes_are_those_of_data_that_was_granted() {
        let shape = |status: u16, body: &str| {
            answer(&get("https://api.example.com/a").json(status, body).build()).shape
        };
        let user = shape(200, r#"{"name":"Ada","age":36}"#);
        assert!(user.is_known());
        assert_eq!(user, shape(200, r#"{"age":1,"name":"Bob"}"#), "names, not values");
        assert_ne!(user, shape(200, r#"{"results":[],"total":0}"#));
        assert_ne!(user, shape(200, r#"[{"name":"Ada","age":36}]"#), "a list of them");
        assert!(!shape(404, r#"{"name":"Ada","age":36}"#).is_known());
        assert!(!shape(200, "{}").is_known());
        assert!(!page(&"a".repeat(1_000)).shape.is_known());
    }

    #[test]
    fn a_constant_among_values_is_told_by_the_fields_of_its_answers() {
        let listed = |of_search: &str| {
            let snapshot = Snapshot::new(Scope::default(), HashKey::new([1; 32]));
            let mut state = State::new(&snapshot.scope);
            let mut ask = |word: &str, body: &str| {
                let url = format!("https://api.example.com/users/{word}");
                let exchange = get(&url).json(200, body).build();
                judge(&exchange, &snapshot, &mut state, exchange.time);
            };
            let names = ('k'..='z').flat_map(|a| ('k'..='v').map(move |b| format!("{a}{b}ada")));
            for name in names {
                ask(&name, r#"{"name":"Ada","age":36}"#);
            }
            (0..150).for_each(|_| ask("search", of_search));
            let endpoints = results(&mut state, &snapshot).endpoints.into_iter();
            endpoints.map(|one| (one.path, one.requests)).collect::<Vec<_>>()
        };
        let (search, user) = ("/users/search".to_owned(), "/users/{user_id}".to_owned());
        let apart = listed(r#"{"results":[],"total":0}"#);
        assert_eq!(apart, [(search, 150), (user.clone(), 192)]);
        assert_eq!(listed(r#"{"age":7,"name":"Bob"}"#), [(user, 342)], "answered like a value");
    }

    #[test]
    fn pages_of_one_size_look_alike_and_data_never_does() {
        let (a, b) = ("a".repeat(1_000), "b".repeat(1_000));
        assert_eq!(page(&a).look, page(&b).look);
        assert_ne!(page(&a).look, page(&"a".repeat(1_200)).look);
        assert_eq!(page("ok").look, 0, "too small to tell");
        let data = get("https://api.example.com/a").json(200, &format!("[\"{a}\"]")).build();
        assert_eq!(answer(&data).look, 0);
        let head = send("HEAD", "https://www.example.com/a").answer(200, "text/html", "");
        assert_ne!(answer(&head.with("content-length", "1437").build()).look, 0);
        let moved = get("http://www.example.com/a").answer(301, "text/html", "moved");
        assert_ne!(answer(&moved.build()).look, 0);
        let fault =
            |text: &str| answer(&get("https://api.example.com/a").json(500, text).build()).look;
        assert_ne!(fault(r#"{"error":"x"}"#), fault(r#"{"trace":"x"}"#), "by shape");
        assert_eq!(fault(r#"{"error":"x"}"#), fault(r#"{"error":"y"}"#));
    }
}
