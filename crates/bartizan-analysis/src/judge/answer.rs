//! How a request was answered, as endpoint resolution sees it.

use bartizan_model::{ActorKind, BodyState, Response, Root, Side};
use bartizan_protocols::Format;
use smallvec::SmallVec;

use super::envelope::{self, Envelope};
use crate::{
    endpoints::{Asker, MediaKind, Outcome as Answer, Shape, Telling, Template},
    facts::Facts,
    identity::Caller,
};

/// Most values of a response that its shape is told from.
const SHAPE_NODES: usize = 64;
/// Smallest body of a success that may be a page for any path; less (`ok`) is too little to tell by.
const LEAST_PAGE_BYTES: u64 = 32;
/// Shortest path that is looked for in a page: a shorter one stands in every page (`/a`, in `</a>`).
const LEAST_ECHO_BYTES: usize = 4;
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
    let names = names(facts);
    let (look, telling) = look(facts, response, media, &names);
    let read = response.body_state != BodyState::NotCaptured;
    let status = Some(response.status).filter(|s| *s > 0);
    let refused = facts.decoded.answered.is_refusal();
    let status = status.map(|s| if refused { s.max(REFUSED) } else { s });
    let shape = shape(facts, response, status, &names);
    Answer { status, media, look, telling, read, shape }
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

/// See [`Answer::look`] and [`Answer::telling`].
fn look(facts: &Facts<'_>, response: &Response, media: MediaKind, names: &[u64]) -> (u64, Telling) {
    let method = facts.exchange.request.method.as_str();
    let size = match method {
        "HEAD" => response.headers.get("content-length").and_then(|n| n.trim().parse().ok()),
        _ => response.size(),
    };
    let is_structured = facts.decoded.response_format.is_structured();
    let telling = match (response.status, media) {
        (500.., _) => true,
        (304, _) => false,
        (200..=299, MediaKind::Data) if is_structured => {
            return look_of_data(facts, response, names);
        }
        (200..=299, MediaKind::Data) if !is_prose(response) => false,
        (200..=299, _) => size.is_some_and(|size| size >= LEAST_PAGE_BYTES),
        (300..=399, media) => {
            media != MediaKind::Data && size.is_some() && matches!(method, "GET" | "HEAD")
        }
        _ => false,
    };
    if !telling {
        return (0, Telling::Much);
    }
    let class = match size.map(|size| size - echoed(facts, response, size)) {
        None => 0,
        Some(size) if size < EXACT_BYTES => 1 + size,
        Some(size) => 1 + EXACT_BYTES + (size - EXACT_BYTES) / SIZE_STEP,
    };
    let parts = [u64::from(response.status), media as u64, look_of_names(names), class];
    (hash_of(&parts), Telling::Much)
}

/// How typed values look: by their envelope, or else by their names. Calls say in the words of their protocol how
/// they were answered. The method counts: a scan with `GET` says nothing of what is acknowledged to a `POST`.
fn look_of_data(facts: &Facts<'_>, response: &Response, names: &[u64]) -> (u64, Telling) {
    let body = facts.decoded.view.root(Side::Response, Root::Body);
    let Some(body) = body.filter(|_| facts.decoded.call.is_none()) else {
        return (0, Telling::Much);
    };
    let (kind, seen, telling) = match envelope::of(body) {
        Some(Envelope::Error(look)) => (1, look, Telling::Much),
        Some(Envelope::Bare(look)) => (2, look, Telling::Little),
        None => (3, look_of_names(names), Telling::OfProbes),
    };
    let method = &facts.exchange.request.method;
    let letters = method.bytes().take(16).map(u64::from);
    let method = letters.fold(0, |hash: u64, letter| hash.rotate_left(5) ^ letter);
    (hash_of(&[u64::from(response.status), kind, seen, method]), telling)
}

/// Text for people that is no page.
fn is_prose(response: &Response) -> bool {
    let media = response.headers.get("content-type").unwrap_or("");
    media.split(';').next().is_some_and(|media| media.trim().eq_ignore_ascii_case("text/plain"))
}

/// Bytes of a small body that repeat the path that was asked for. Larger ones are told apart in steps anyway.
fn echoed(facts: &Facts<'_>, response: &Response, size: u64) -> u64 {
    let target = facts.exchange.request.target.as_bytes();
    let path = target.split(|byte| *byte == b'?').next().unwrap_or_default();
    let body = &response.body[..];
    if size >= EXACT_BYTES || body.len() as u64 != size || path.len() < LEAST_ECHO_BYTES {
        return 0;
    }
    (memchr::memmem::find_iter(body, path).count() * path.len()) as u64
}

fn hash_of(parts: &[u64]) -> u64 {
    parts.iter().fold(1, |hash: u64, part| {
        (hash ^ part).wrapping_mul(0x9e37_79b9_7f4a_7c15).rotate_left(29)
    }) | 1
}

/// See [`Answer::shape`].
fn shape(facts: &Facts<'_>, response: &Response, status: Option<u16>, names: &[u64]) -> Shape {
    let is_granted = status.is_some_and(|status| (200..300).contains(&status));
    let is_whole = response.body_state == BodyState::Complete;
    if !is_granted || !is_whole || !facts.decoded.response_format.is_structured() {
        return Shape::default();
    }
    Shape::of(names)
}

/// Names and places in one.
fn look_of_names(names: &[u64]) -> u64 {
    names.iter().fold(0, |hash: u64, name| hash.rotate_left(5) ^ name)
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
    fn small_pages_tell_and_what_they_repeat_does_not() {
        let page = |path: &str, body: &str| {
            let one = get(&format!("https://www.example.com{path}"));
            answer(&one.answer(200, "text/html", body).build()).look
        };
        let shell = "<!doctype html><div id=app></div>";
        assert_ne!(page("/a", shell), 0);
        assert_eq!(page("/a", shell), page("/b/c", shell));
        let lost =
            |path: &str| page(path, &format!("<html><p>There is no {path} here.</p></html>"));
        assert_eq!(lost("/one"), lost("/some/other/path"));
        assert_ne!(lost("/one"), page("/one", shell));
        assert_eq!((page("/a", "ok"), page("/a", "")), (0, 0));
    }

    #[test]
    fn envelopes_look_alike_by_method() {
        let of = |method: &str, body: &str| {
            answer(&send(method, "https://api.example.com/a").json(200, body).build())
        };
        let lost = of("GET", r#"{"error":"no /a","request_id":"1"}"#);
        assert_eq!(lost.look, of("GET", r#"{"error":"no /b","request_id":"2"}"#).look);
        assert_eq!(lost.telling, Telling::Much);
        let saved = of("POST", r#"{"ok":true}"#);
        assert_eq!(saved.telling, Telling::Little);
        assert_ne!(saved.look, of("GET", r#"{"ok":true}"#).look);
        assert_ne!(saved.look, of("POST", r#"{"ok":false}"#).look);
        assert_eq!(of("GET", r#"{"id":7}"#).telling, Telling::OfProbes);
        let prose = |body: &str| {
            answer(&get("https://api.example.com/a").answer(200, "text/plain", body).build()).look
        };
        assert_ne!(prose("There is nothing here, try elsewhere."), 0);
        assert_eq!(prose("pong"), 0);
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
    fn pages_of_one_size_look_alike() {
        let (a, b) = ("a".repeat(1_000), "b".repeat(1_000));
        assert_eq!(page(&a).look, page(&b).look);
        assert_ne!(page(&a).look, page(&"a".repeat(1_200)).look);
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
