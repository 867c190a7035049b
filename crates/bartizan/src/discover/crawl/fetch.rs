//! One request and its answer, over HTTP/1.1 and a connection of its own.

use std::{net::SocketAddr, time::Duration};

use bartizan_model::Headers;
use bartizan_pipeline::sinks::{Line, Outside, Place, TlsOptions};
use http::{HeaderMap, HeaderName, HeaderValue, Method, Request, Response, header};
use http_body_util::{BodyExt as _, Full};
use hyper::{
    body::{Bytes, Incoming},
    client::conn::http1,
};
use hyper_util::rt::TokioIo;
use tokio::{
    sync::OnceCell,
    time::{Instant, timeout_at},
};

use super::{Answer, Ask, Origin, reflection};

/// Most bytes of the head of an answer.
pub const HEAD_BYTES: usize = 64 * 1024;
/// Seconds within which a connection is made and an answer has begun. What of a body has not come by then
/// is left out: streams of events have no end.
pub const ANSWER_SECONDS: u64 = 10;
/// What GraphQL is asked for its schema: names, kinds, arguments and types up to `[[ID!]!]!`, without
/// descriptions.
pub const INTROSPECTION: &str = "\
query{__schema{queryType{name}mutationType{name}subscriptionType{name}types{kind name \
fields(includeDeprecated:true){name isDeprecated args{...I}type{...T}}inputFields{...I}\
interfaces{...T}enumValues(includeDeprecated:true){name}possibleTypes{...T}}}}\
fragment I on __InputValue{name type{...T}}\
fragment T on __Type{kind name ofType{kind name ofType{kind name ofType{kind name ofType{kind name \
ofType{kind name}}}}}}";
/// What stands in answers in the place of the values of `--header`.
const HIDDEN: &[u8] = b"hidden";
/// Shortest value, and shortest part of one, that is looked for in answers where the name of the field says
/// that it is a credential, in bytes: shorter ones are in everything.
const MIN_CREDENTIAL: (usize, usize) = (4, 6);
/// The same for other fields, whose values are words like `shop` that answers are full of.
const MIN_OTHER: (usize, usize) = (12, 12);
/// What names of fields with credentials have in them.
const CREDENTIALS: &[&str] = &["auth", "cookie", "key", "pass", "secret", "session", "token"];

/// Fields that are of the connection or of the message, which no `--header` may set.
const REFUSED: &[&str] = &[
    "accept-encoding",
    "connection",
    "content-length",
    "expect",
    "host",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
];
/// Fields whose values are no secrets, and are in answers for other reasons than having been sent.
const HARMLESS: &[&str] = &[
    "accept",
    "accept-language",
    "cache-control",
    "content-type",
    "from",
    "origin",
    "pragma",
    "referer",
    "user-agent",
];

/// Asks one server.
pub struct Fetcher {
    place: Place,
    /// Where its name leads: looked up once, so that nothing that DNS answers later moves a crawl (DNS
    /// rebinding).
    addresses: OnceCell<Vec<SocketAddr>>,
    authority: String,
    is_https: bool,
    /// Fields that the user adds.
    headers: Vec<(HeaderName, HeaderValue)>,
    /// Their values, to be hidden where answers repeat them.
    values: Vec<Vec<u8>>,
}

/// An answer with what was sent for it.
#[derive(Clone, Debug, PartialEq)]
pub struct Fetched {
    /// Fields that were sent, values of the user hidden.
    pub sent: Headers,
    /// Body that was sent.
    pub body: Bytes,
    /// What was answered.
    pub answer: Answer,
    /// Fields behind the body of the answer.
    pub trailers: Headers,
    /// How long it took, in milliseconds.
    pub millis: f64,
}

impl Fetcher {
    /// For one origin and no other. `headers`: name and value of fields to send.
    ///
    /// # Errors
    /// Says what is wrong, without the values.
    pub fn new(
        origin: &Origin,
        headers: &[(String, Vec<u8>)],
        outside: &Outside,
    ) -> Result<Self, String> {
        let tls = origin.https.then(TlsOptions::default);
        // The target is named on the command line: where its name leads is meant. Metadata addresses of
        // clouds are refused all the same.
        let place = Place::new(&origin.host, origin.port, tls.as_ref(), true, outside)?;
        let mut out = Self {
            place,
            addresses: OnceCell::new(),
            authority: origin.authority(),
            is_https: origin.https,
            headers: Vec::new(),
            values: Vec::new(),
        };
        for (name, value) in headers {
            let wrong = |why: &str| format!("the field {name:?} {why}");
            let field = HeaderName::from_bytes(name.trim().as_bytes())
                .map_err(|_| wrong("has no name that HTTP allows"))?;
            if REFUSED.contains(&field.as_str()) {
                return Err(wrong("is set by this program"));
            }
            let mut written = HeaderValue::from_bytes(value)
                .map_err(|_| wrong("has a value that HTTP does not allow"))?;
            written.set_sensitive(true);
            let is_secret = !HARMLESS.contains(&field.as_str());
            let is_credential = CREDENTIALS.iter().any(|word| field.as_str().contains(word));
            let (least, least_part) = if is_credential { MIN_CREDENTIAL } else { MIN_OTHER };
            out.headers.push((field, written));
            if is_secret {
                // Of `Bearer TOKEN` and `name=TOKEN` the token alone is a secret too.
                let parts = value.split(|byte| matches!(*byte, b' ' | b'=' | b';' | b','));
                // `Bearer` is no secret, what follows it is.
                let is_part = |part: &&[u8]| {
                    part.len() >= least_part && !part.eq_ignore_ascii_case(b"bearer")
                };
                let parts = parts.filter(is_part);
                let whole = Some(value.as_slice()).filter(|value| value.len() >= least);
                out.values.extend(whole.into_iter().chain(parts).map(<[u8]>::to_vec));
            }
        }
        // A value that holds another one is hidden whole.
        out.values.sort_by_key(|value| std::cmp::Reverse(value.len()));
        Ok(out)
    }

    /// Asks, and reads at most `room` bytes of the body. Redirects are answers like others.
    ///
    /// # Errors
    /// Why there was no answer.
    pub async fn ask(&self, ask: &Ask, room: usize) -> Result<Fetched, String> {
        let begin = Instant::now();
        let until = begin + Duration::from_secs(ANSWER_SECONDS);
        let late = |_| format!("no answer within {ANSWER_SECONDS} seconds");
        let is_post = ask.method() == "POST";
        let body = if is_post {
            Bytes::from(serde_json::json!({ "query": INTROSPECTION }).to_string())
        } else {
            Bytes::new()
        };
        let headers = self.fields(is_post);
        let sent = self.shown(&headers);
        let mut request = Request::new(Full::new(body.clone()));
        *request.method_mut() = if is_post { Method::POST } else { Method::GET };
        *request.uri_mut() =
            ask.target.parse::<http::Uri>().map_err(|_| "the path cannot be sent".to_owned())?;
        *request.headers_mut() = headers;
        let stream = timeout_at(until, self.connect()).await.map_err(late)??;
        let answer = timeout_at(until, exchange(stream, request, room, until));
        let mut answer = answer.await.map_err(late)??;
        self.hide(&mut answer);
        let millis = begin.elapsed().as_secs_f64() * 1_000.0;
        Ok(Fetched { sent, body, answer, trailers: Headers::new(), millis })
    }

    async fn connect(&self) -> Result<Box<dyn Line>, String> {
        let addresses = self.addresses.get_or_try_init(|| self.place.look_up()).await?;
        self.place.connect_to(addresses).await
    }

    /// A line for another protocol than HTTP/1.1.
    pub(super) async fn connect_for(&self, protocol: &[u8]) -> Result<Box<dyn Line>, String> {
        let addresses = self.addresses.get_or_try_init(|| self.place.look_up()).await?;
        self.place.speaking(protocol).connect_to(addresses).await
    }

    /// Values of the user, which are shown and kept nowhere.
    #[must_use]
    pub fn values(&self) -> &[Vec<u8>] {
        &self.values
    }

    /// Scheme and authority, as HTTP/2 names them.
    pub(super) fn url_authority(&self) -> String {
        let scheme = if self.is_https { "https" } else { "http" };
        format!("{scheme}://{}", self.authority)
    }

    /// Fields of a question to gRPC.
    pub(super) fn fields_of_grpc(&self) -> HeaderMap {
        let mut out = self.fields(false);
        reflection::of_grpc(&mut out);
        out
    }

    /// Fields to send; those of the user replace ours.
    fn fields(&self, is_post: bool) -> HeaderMap {
        let mut out = fields(&self.authority);
        if is_post {
            out.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
        }
        self.headers.iter().for_each(|(name, _)| drop(out.remove(name)));
        for (name, value) in &self.headers {
            out.append(name.clone(), value.clone());
        }
        out
    }

    /// Fields as they may be shown.
    pub(super) fn shown(&self, headers: &HeaderMap) -> Headers {
        let one = |(name, value): (&HeaderName, &HeaderValue)| {
            let is_of_user = self.headers.iter().any(|(one, _)| one == name);
            let hidden = String::from_utf8_lossy(HIDDEN);
            let text = if is_of_user { hidden } else { String::from_utf8_lossy(value.as_bytes()) };
            (name.as_str().to_owned(), text.into_owned())
        };
        headers.iter().map(one).collect()
    }

    /// Takes the values of the user out of an answer that repeats them, before anybody reads it.
    pub(super) fn hide(&self, answer: &mut Answer) {
        for value in &self.values {
            if let Some(body) = replaced(&answer.body, value) {
                answer.body = body.into();
            }
        }
        self.hide_in(&mut answer.headers);
    }

    /// The same of fields.
    pub(super) fn hide_in(&self, fields: &mut Headers) {
        let hidden = String::from_utf8_lossy(HIDDEN);
        for value in &self.values {
            let text = String::from_utf8_lossy(value);
            if fields.iter().any(|(_, field)| field.contains(&*text)) {
                let all = fields.iter();
                *fields = all.map(|(name, field)| (name, field.replace(&*text, &hidden))).collect();
            }
        }
    }
}

/// Fields of every request to `authority`: who asks and how, and nothing of the user.
pub(in super::super) fn fields(authority: &str) -> HeaderMap {
    let mut out = HeaderMap::new();
    let agent = concat!("bartizan/", env!("CARGO_PKG_VERSION"));
    out.insert(header::USER_AGENT, HeaderValue::from_static(agent));
    out.insert(header::ACCEPT, HeaderValue::from_static("*/*"));
    if let Ok(host) = HeaderValue::from_str(authority) {
        out.insert(header::HOST, host);
    }
    out.insert(header::ACCEPT_ENCODING, HeaderValue::from_static("identity"));
    out.insert(header::CONNECTION, HeaderValue::from_static("close"));
    out
}

/// Sends a request over a connection of its own, and reads the answer.
pub(in super::super) async fn exchange(
    stream: Box<dyn Line>,
    request: Request<Full<Bytes>>,
    room: usize,
    until: Instant,
) -> Result<Answer, String> {
    let told = |error: hyper::Error| format!("HTTP: {error}");
    let mut builder = http1::Builder::new();
    builder.max_buf_size(HEAD_BYTES);
    let handshake = builder.handshake(TokioIo::new(stream)).await;
    let (mut sender, connection) = handshake.map_err(told)?;
    let answer = async {
        let response = sender.send_request(request).await.map_err(told)?;
        Ok::<_, String>(read(response, room, until).await)
    };
    // The connection is driven here and ends with this call.
    tokio::pin!(connection, answer);
    tokio::select! {
        biased;
        answer = &mut answer => answer,
        // What was read before the end may still be a whole answer.
        _ = &mut connection => answer.await,
    }
}

/// Reads an answer: of its body what fits, and what comes in time. A body that breaks off is cut there.
async fn read(response: Response<Incoming>, room: usize, until: Instant) -> Answer {
    // A little earlier than the whole call ends.
    let until = until.checked_sub(Duration::from_millis(500)).unwrap_or(until);
    let (head, mut body) = response.into_parts();
    let headers = pairs(&head.headers);
    let mut bytes = Vec::new();
    let mut is_cut = false;
    loop {
        let frame = match timeout_at(until, body.frame()).await {
            Ok(Some(Ok(frame))) => frame,
            Ok(None) => break,
            Ok(Some(Err(_))) | Err(_) => {
                is_cut = true;
                break;
            }
        };
        let Ok(data) = frame.into_data() else { continue };
        let left = room.saturating_sub(bytes.len());
        bytes.extend_from_slice(data.get(..data.len().min(left)).unwrap_or_default());
        if data.len() > left {
            is_cut = true;
            break;
        }
    }
    Answer { status: head.status.as_u16(), headers, body: bytes.into(), is_cut }
}

/// Fields as text.
pub(super) fn pairs(fields: &HeaderMap) -> Headers {
    let one = |(name, value): (&HeaderName, &HeaderValue)| {
        (name.as_str().to_owned(), String::from_utf8_lossy(value.as_bytes()).into_owned())
    };
    fields.iter().map(one).collect()
}

/// Bytes with each `value` in them replaced; `None` when there is none.
fn replaced(bytes: &[u8], value: &[u8]) -> Option<Vec<u8>> {
    let first = *value.first()?;
    let mut out = Vec::new();
    let (mut at, mut kept) = (0, 0);
    while let Some(next) = bytes.get(at..).and_then(|rest| rest.iter().position(|b| *b == first)) {
        at += next;
        if bytes.get(at..).is_some_and(|rest| rest.starts_with(value)) {
            out.extend_from_slice(bytes.get(kept..at)?);
            out.extend_from_slice(HIDDEN);
            at += value.len();
            kept = at;
        } else {
            at += 1;
        }
    }
    if kept == 0 {
        return None;
    }
    out.extend_from_slice(bytes.get(kept..)?);
    Some(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn outside() -> Outside {
        Outside {
            now: || bartizan_model::Timestamp::from_micros(0),
            secret: |_| Err("none".to_owned()),
            authorities: || None,
        }
    }

    fn fetcher(headers: &[(&str, &str)]) -> Result<Fetcher, String> {
        let (origin, _) = Origin::parse("http://shop.example:8080")?;
        let headers: Vec<(String, Vec<u8>)> = headers
            .iter()
            .map(|(name, value)| ((*name).to_owned(), value.as_bytes().to_vec()))
            .collect();
        Fetcher::new(&origin, &headers, &outside())
    }

    #[test]
    fn fields_are_sent_and_their_values_shown_nowhere() {
        let fetcher =
            fetcher(&[("Authorization", "Bearer s3cret-token"), ("User-Agent", "mine/1")]);
        let fetcher = fetcher.expect("a fetcher");
        let fields = fetcher.fields(false);
        assert_eq!(fields.get("host").expect("host"), "shop.example:8080");
        assert_eq!(fields.get("authorization").expect("sent"), "Bearer s3cret-token");
        assert_eq!(fields.get("user-agent").expect("sent"), "mine/1");
        let shown = fetcher.shown(&fields);
        assert_eq!(shown.get("authorization"), Some("hidden"));
        let mut answer = Answer {
            headers: [("x-echo", "token=s3cret-token")].into_iter().collect(),
            body: b"a Bearer s3cret-token, s3cret-token\xff".to_vec().into(),
            ..Answer::default()
        };
        fetcher.hide(&mut answer);
        assert_eq!(&answer.body[..], b"a hidden, hidden\xff");
        assert_eq!(answer.headers.get("x-echo"), Some("token=hidden"));
    }

    #[test]
    fn fields_of_the_connection_and_broken_ones_are_refused() {
        for (name, value) in
            [("Host", "other.example"), ("a b", "x"), ("", "x"), ("X-A", "s3cret\r\nb: c")]
        {
            let problem = fetcher(&[(name, value)]).err().expect("refused");
            assert!(!problem.contains("s3cret"), "{problem}");
        }
        assert!(fetcher(&[("X-A", "b")]).is_ok());
    }

    #[test]
    fn the_query_is_one_that_is_read() {
        assert_eq!(INTROSPECTION.matches('{').count(), INTROSPECTION.matches('}').count());
        assert!(!INTROSPECTION.contains("mutation{"));
    }

    #[tokio::test]
    async fn connections_go_to_the_addresses_of_the_first_look_up() {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a free port");
        let address = listener.local_addr().expect("address");
        std::thread::spawn(move || {
            use std::io::{Read as _, Write as _};
            for mut client in listener.incoming().flatten() {
                let _ = client.read(&mut [0; 4096]);
                let _ = client.write_all(b"HTTP/1.1 204 x\r\nconnection: close\r\n\r\n");
            }
        });
        let (origin, _) = Origin::parse("http://no-such-host.invalid:8080").expect("a URL");
        let fetcher = Fetcher::new(&origin, &[], &outside()).expect("a fetcher");
        assert!(fetcher.ask(&Ask::root("/"), 100).await.is_err(), "nobody knows the name");
        // As if it had been found once: DNS is not asked again.
        fetcher.addresses.set(vec![address]).expect("not found before");
        for _ in 0..2 {
            let fetched = fetcher.ask(&Ask::root("/"), 100).await.expect("an answer");
            assert_eq!(fetched.answer.status, 204);
        }
    }
}
