//! Where an actor sits: its clock, its randomness, its connection, and what is remembered of it.

use bytes::Bytes;
use serde_json::{Value, json};
use tokio::sync::{mpsc, oneshot};

use super::{
    Label, Part, Record,
    schedule::{BEGIN, Word},
};
use crate::{
    client::{Client, GRPC, Reply, UPGRADE, owned},
    grpc,
    random::Random,
    seed::password,
};

/// The play is over.
#[derive(Clone, Copy, Debug)]
pub struct Over;

/// One actor's place.
#[derive(Debug)]
pub struct Seat {
    /// Its randomness.
    pub random: Random,
    /// Its number among the actors of its part.
    pub number: u32,
    /// Client address that it is seen from.
    pub address: String,
    /// User agent.
    pub agent: String,
    /// Access token, once there is one.
    pub token: String,
    /// Refresh token, once there is one.
    pub refresh: String,
    /// Session cookie of the last login, as `cookie` holds it; only who sends it uses it.
    pub cookie: String,
    /// What its requests truly are.
    pub label: Label,
    actor: usize,
    part: Part,
    seed: u64,
    now: u64,
    sent: u64,
    client: Client,
    say: mpsc::UnboundedSender<Word>,
}

/// What is sent.
#[derive(Clone, Debug, Default)]
pub(super) struct Message {
    pub(super) method: &'static str,
    pub(super) path: String,
    pub(super) headers: Vec<(String, String)>,
    pub(super) body: Bytes,
    pub(super) way: Way,
}

/// How it is sent.
#[derive(Clone, Debug, Default)]
pub(super) enum Way {
    /// HTTP/1.1.
    #[default]
    Plain,
    /// HTTP/2.
    Http2,
    /// HTTP/1.1, for as long as events come.
    Events,
    /// A WebSocket that is opened, sent these texts, and closed.
    WebSocket(Vec<String>),
}

impl Seat {
    pub(super) fn new(
        actor: usize,
        part: Part,
        number: u32,
        random: Random,
        seed: u64,
        client: &Client,
        say: mpsc::UnboundedSender<Word>,
    ) -> Self {
        let label = if part.owasp.is_empty() { Label::Benign } else { Label::Ambiguous };
        Self {
            random,
            number,
            address: format!("198.51.100.{}", 1 + actor % 250),
            agent: "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"
                .to_owned(),
            token: String::new(),
            refresh: String::new(),
            cookie: String::new(),
            label,
            actor,
            part,
            seed,
            now: 0,
            sent: 0,
            client: client.clone(),
            say,
        }
    }

    /// Waits so many virtual milliseconds, give or take a fifth.
    ///
    /// # Errors
    /// When the play is over.
    pub async fn rest(&mut self, millis: u64) -> Result<(), Over> {
        let spread = millis / 5;
        self.now += millis - spread + self.random.below(2 * spread + 1);
        self.wait().await
    }

    /// Waits until so many virtual minutes after the beginning.
    ///
    /// # Errors
    /// When the play is over.
    pub async fn until(&mut self, minute: u32) -> Result<(), Over> {
        self.now = self.now.max(u64::from(minute) * 60_000);
        self.wait().await
    }

    async fn wait(&self) -> Result<(), Over> {
        let (go, turn) = oneshot::channel();
        let waits = Word::Waits { actor: self.actor, at: self.now, go };
        self.say.send(waits).map_err(|_| Over)?;
        turn.await.map_err(|_| Over)
    }

    /// Waits so many virtual minutes, give or take a fifth.
    ///
    /// # Errors
    /// When the play is over.
    pub async fn minutes(&mut self, minutes: u64) -> Result<(), Over> {
        self.rest(minutes * 60_000).await
    }

    /// GET.
    ///
    /// # Errors
    /// When the play is over.
    pub async fn get(&mut self, path: &str) -> Result<Reply, Over> {
        self.send(Message { method: "GET", path: path.to_owned(), ..Message::default() }).await
    }

    /// POST with JSON.
    ///
    /// # Errors
    /// When the play is over.
    pub async fn post(&mut self, path: &str, body: &Value) -> Result<Reply, Over> {
        self.json("POST", path, body).await
    }

    /// Any method with JSON.
    ///
    /// # Errors
    /// When the play is over.
    pub async fn json(
        &mut self,
        method: &'static str,
        path: &str,
        body: &Value,
    ) -> Result<Reply, Over> {
        self.text(method, path, "application/json", body.to_string()).await
    }

    /// Any method with text of a media type.
    ///
    /// # Errors
    /// When the play is over.
    pub async fn text(
        &mut self,
        method: &'static str,
        path: &str,
        kind: &str,
        body: String,
    ) -> Result<Reply, Over> {
        let headers = owned(&[("content-type", kind)]);
        let body = Bytes::from(body);
        self.send(Message { method, path: path.to_owned(), headers, body, ..Message::default() })
            .await
    }

    /// Any method with header fields.
    ///
    /// # Errors
    /// When the play is over.
    pub async fn call(
        &mut self,
        method: &'static str,
        path: &str,
        headers: &[(&str, &str)],
    ) -> Result<Reply, Over> {
        let (path, headers) = (path.to_owned(), owned(headers));
        self.send(Message { method, path, headers, ..Message::default() }).await
    }

    /// One gRPC call. The body of the reply is its messages, each with its prefix.
    ///
    /// # Errors
    /// When the play is over.
    pub async fn grpc(&mut self, path: &str, message: &[u8]) -> Result<Reply, Over> {
        let (headers, body) = (owned(&GRPC), grpc::frame(message));
        let path = path.to_owned();
        self.send(Message { method: "POST", path, headers, body, way: Way::Http2 }).await
    }

    /// Reads server-sent events until none comes for a moment.
    ///
    /// # Errors
    /// When the play is over.
    pub async fn events(&mut self, path: &str) -> Result<Reply, Over> {
        let (path, headers) = (path.to_owned(), owned(&[("accept", "text/event-stream")]));
        let way = Way::Events;
        self.send(Message { method: "GET", path, headers, way, ..Message::default() }).await
    }

    /// Opens a WebSocket and sends JSON texts.
    ///
    /// # Errors
    /// When the play is over.
    pub async fn websocket(
        &mut self,
        headers: &[(&str, &str)],
        messages: &[Value],
    ) -> Result<Reply, Over> {
        let way = Way::WebSocket(messages.iter().map(Value::to_string).collect());
        let headers = [owned(headers), owned(&UPGRADE)].concat();
        let path = "/ws".to_owned();
        self.send(Message { method: "GET", path, headers, way, ..Message::default() }).await
    }

    /// GraphQL.
    ///
    /// # Errors
    /// When the play is over.
    pub async fn graphql(&mut self, query: &str) -> Result<Reply, Over> {
        self.post("/graphql", &json!({"query": query})).await
    }

    /// Logs in with a password, and keeps the tokens when it is right.
    ///
    /// # Errors
    /// When the play is over.
    pub async fn login_with(&mut self, login: &str, password: &str) -> Result<bool, Over> {
        let body = json!({"login": login, "password": password});
        let reply = self.post("/auth/login", &body).await?;
        self.keep(&reply);
        Ok(reply.status == 200)
    }

    /// Logs in with the right password.
    ///
    /// # Errors
    /// When the play is over.
    pub async fn login(&mut self, login: &str) -> Result<bool, Over> {
        self.login_with(login, &password(login)).await
    }

    /// Exchanges the refresh token.
    ///
    /// # Errors
    /// When the play is over.
    pub async fn renew(&mut self) -> Result<bool, Over> {
        let body = json!({"refresh_token": self.refresh});
        let reply = self.post("/auth/refresh", &body).await?;
        self.keep(&reply);
        Ok(reply.status == 200)
    }

    fn keep(&mut self, reply: &Reply) {
        let answer: Value = serde_json::from_slice(&reply.body).unwrap_or_default();
        if let (Some(token), refresh) = (answer["access_token"].as_str(), &answer["refresh_token"])
        {
            token.clone_into(&mut self.token);
            refresh.as_str().unwrap_or("").clone_into(&mut self.refresh);
            let cookie = reply.header("set-cookie");
            cookie.split(';').next().unwrap_or("").clone_into(&mut self.cookie);
        }
    }

    /// Sends as whoever the seat is, a moment after the last request.
    pub(super) async fn send(&mut self, mut message: Message) -> Result<Reply, Over> {
        self.rest(180).await?;
        let named = |name: &str| message.headers.iter().any(|(n, _)| n == name);
        if !self.token.is_empty() && !named("authorization") && !named("x-api-key") {
            let value = format!("Bearer {}", self.token);
            message.headers.push(("authorization".to_owned(), value));
        }
        let id = format!("{}-{}-{}-{}", self.seed, self.part.id, self.number, self.sent);
        self.sent += 1;
        for (name, value) in [
            ("user-agent", &self.agent),
            ("x-forwarded-for", &self.address),
            ("x-request-id", &id),
            ("host", &"quayside.example".to_owned()),
        ] {
            if !message.headers.iter().any(|(n, _)| n == name) {
                message.headers.push((name.to_owned(), value.clone()));
            }
        }
        let Message { method, path, headers, body, way } = message;
        let reply = match &way {
            Way::Plain => self.client.send(method, &path, &headers, body.clone()).await,
            Way::Http2 => self.client.http2(&path, &headers, body.clone()).await,
            Way::Events => self.client.events(&path, &headers).await,
            Way::WebSocket(texts) => self.client.converse(&path, &headers, texts).await,
        };
        let reply = reply.unwrap_or_default();
        let record = Record {
            id,
            at: BEGIN + self.now,
            actor: format!("{}-{}", self.part.id, self.number),
            part: self.part.id,
            owasp: self.part.owasp,
            label: self.label,
            address: self.address.clone(),
            method: method.to_owned(),
            path,
            headers,
            body,
            http_version: if matches!(way, Way::Http2) { "2" } else { "1.1" },
            reply: reply.clone(),
        };
        let sent = Word::Sent { actor: self.actor, record: Box::new(record) };
        self.say.send(sent).map_err(|_| Over)?;
        Ok(reply)
    }
}

/// Every number under a name in a JSON answer, in order: ids of a list.
pub(super) fn numbers(reply: &Reply, name: &str) -> Vec<i64> {
    fn collect(value: &Value, name: &str, out: &mut Vec<i64>) {
        match value {
            Value::Object(map) => {
                for (key, value) in map {
                    match value.as_i64() {
                        Some(number) if key == name => out.push(number),
                        _ => collect(value, name, out),
                    }
                }
            }
            Value::Array(list) => list.iter().for_each(|value| collect(value, name, out)),
            _ => {}
        }
    }
    let mut out = Vec::new();
    let value = serde_json::from_slice(&reply.body).unwrap_or_default();
    collect(&value, name, &mut out);
    out
}

/// Every text under a name in a JSON answer, in order.
pub(super) fn texts(reply: &Reply, name: &str) -> Vec<String> {
    let text = reply.text();
    let mark = format!("\"{name}\":\"");
    text.split(&mark).skip(1).filter_map(|rest| rest.split('"').next()).map(str::to_owned).collect()
}
