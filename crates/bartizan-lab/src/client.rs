//! A small client for proofs and the traffic player. It speaks to loopback addresses only.

use std::{net::SocketAddr, time::Duration};

use axum::http::{HeaderMap, Method, Request, Uri, header};
use bytes::Bytes;
use futures_util::{SinkExt as _, StreamExt as _};
use http_body_util::{BodyExt as _, Full, Limited};
use hyper::{body::Incoming, client::conn::http2};
use hyper_util::{
    client::legacy::{Client as Pool, connect::HttpConnector},
    rt::{TokioExecutor, TokioIo},
};
use tokio::{
    net::{TcpStream, lookup_host},
    time::timeout,
};
use tokio_tungstenite::{WebSocketStream, tungstenite::Message, tungstenite::protocol::Role};

/// Most bytes of an answer that are read.
const MAX_ANSWER: usize = 8 << 20;
/// How long an answer may take.
const PATIENCE: Duration = Duration::from_secs(20);
/// How long a WebSocket or an event stream may be silent before it counts as done.
const SILENCE: Duration = Duration::from_millis(400);

/// Fields of a call of gRPC.
pub(crate) const GRPC: [(&str, &str); 2] =
    [("content-type", "application/grpc"), ("te", "trailers")];
/// Fields that open a WebSocket.
pub(crate) const UPGRADE: [(&str, &str); 4] = [
    ("connection", "upgrade"),
    ("upgrade", "websocket"),
    ("sec-websocket-version", "13"),
    ("sec-websocket-key", "AAAAAAAAAAAAAAAAAAAAAA=="),
];

/// An exchange did not come about.
#[derive(Debug, thiserror::Error)]
pub enum ClientError {
    /// The target is somewhere else.
    #[error("{0} is not a loopback address: the lab and its player never leave this machine")]
    NotLoopback(String),
    /// The URL has no form that can be used.
    #[error("`{0}` is not an http URL")]
    Url(String),
    /// Sending or receiving failed.
    #[error("{0}")]
    Transport(String),
}

/// What came back.
#[derive(Clone, Debug, Default)]
pub struct Reply {
    /// Status code.
    pub status: u16,
    /// Header fields, then trailer fields.
    pub headers: HeaderMap,
    /// Body.
    pub body: Bytes,
    /// What was said over a WebSocket, in order.
    pub said: Vec<Said>,
}

impl Reply {
    /// The body as text.
    #[must_use]
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// A header or trailer field as text; empty when it is not there. Several are joined.
    #[must_use]
    pub fn header(&self, name: &str) -> String {
        let all = self.headers.get_all(name).iter().filter_map(|v| v.to_str().ok());
        all.collect::<Vec<_>>().join(", ")
    }
}

/// One text message of a WebSocket.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Said {
    /// Whether the client sent it.
    pub from_client: bool,
    /// The message.
    pub text: String,
}

/// Connections to one loopback address.
#[derive(Clone, Debug)]
pub struct Client {
    target: SocketAddr,
    plain: Pool<HttpConnector, Full<Bytes>>,
}

impl Client {
    /// A client for a base URL (`http://127.0.0.1:8080`) that resolves to loopback addresses only.
    ///
    /// # Errors
    /// When it is no such URL.
    pub async fn to(url: &str) -> Result<Self, ClientError> {
        let uri: Uri = url.parse().map_err(|_| ClientError::Url(url.to_owned()))?;
        let host = uri.host().filter(|_| uri.scheme_str() == Some("http"));
        let host = host.ok_or_else(|| ClientError::Url(url.to_owned()))?;
        let host = host.trim_matches(['[', ']']);
        let found = lookup_host((host, uri.port_u16().unwrap_or(80))).await;
        let found: Vec<SocketAddr> =
            found.map_err(|e| ClientError::Transport(e.to_string()))?.collect();
        let outside = found.iter().find(|a| !a.ip().is_loopback());
        match (found.first(), outside) {
            (_, Some(address)) => Err(ClientError::NotLoopback(address.to_string())),
            (Some(address), None) => Ok(Self::at(*address)),
            (None, None) => Err(ClientError::Url(url.to_owned())),
        }
    }

    /// A client for an address that is known to be a loopback one.
    pub(crate) fn at(target: SocketAddr) -> Self {
        let plain = Pool::builder(TokioExecutor::new()).build_http();
        Self { target, plain }
    }

    /// Where it sends to.
    #[must_use]
    pub const fn target(&self) -> SocketAddr {
        self.target
    }

    /// Sends a request and reads the whole answer.
    ///
    /// # Errors
    /// When the request cannot be sent or the answer not be read.
    pub async fn send(
        &self,
        method: &str,
        path: &str,
        headers: &[(String, String)],
        body: Bytes,
    ) -> Result<Reply, ClientError> {
        let request = request(&self.target.to_string(), method, path, headers, body)?;
        let answer = timeout(PATIENCE, self.plain.request(request)).await;
        read(answer.map_err(late)?.map_err(transport)?).await
    }

    /// One gRPC call; the body of the reply is the message without its prefix.
    ///
    /// # Errors
    /// As [`Client::send`].
    pub async fn grpc(
        &self,
        path: &str,
        headers: &[(String, String)],
        message: &[u8],
    ) -> Result<Reply, ClientError> {
        let mut headers = headers.to_vec();
        headers.extend(owned(&GRPC));
        let mut reply = self.http2(path, &headers, crate::grpc::frame(message)).await?;
        reply.body = reply.body.slice(reply.body.len().min(5)..);
        Ok(reply)
    }

    /// POST over HTTP/2 on a connection of its own, with and for a body as it is. `host` is the
    /// authority.
    ///
    /// # Errors
    /// As [`Client::send`].
    pub(crate) async fn http2(
        &self,
        path: &str,
        headers: &[(String, String)],
        body: Bytes,
    ) -> Result<Reply, ClientError> {
        let host = headers.iter().find(|(name, _)| name == "host").map(|(_, host)| host.clone());
        let headers: Vec<_> = headers.iter().filter(|(name, _)| name != "host").cloned().collect();
        let host = host.unwrap_or_else(|| self.target.to_string());
        let request = request(&host, "POST", path, &headers, body)?;
        let exchange = async {
            let stream = TcpStream::connect(self.target).await.map_err(transport)?;
            let connected = http2::handshake(TokioExecutor::new(), TokioIo::new(stream)).await;
            let (mut sender, connection) = connected.map_err(transport)?;
            // It ends when the answer is read; how is the business of whoever reads the answer.
            tokio::spawn(connection);
            read(sender.send_request(request).await.map_err(transport)?).await
        };
        timeout(PATIENCE, exchange).await.map_err(late)?
    }

    /// Opens a WebSocket, sends text messages, and reads until nothing comes any more. The reply's
    /// body is what came, one message a line; a refused upgrade is returned as it is.
    ///
    /// # Errors
    /// As [`Client::send`].
    pub async fn websocket(
        &self,
        path: &str,
        headers: &[(String, String)],
        messages: &[String],
    ) -> Result<Reply, ClientError> {
        let mut headers = headers.to_vec();
        headers.extend(owned(&UPGRADE));
        let mut reply = self.converse(path, &headers, messages).await?;
        if reply.status == 101 {
            let came = reply.said.iter().filter(|said| !said.from_client);
            let lines: Vec<&str> = came.map(|said| said.text.as_str()).collect();
            reply.body = Bytes::from(lines.join("\n"));
        }
        Ok(reply)
    }

    /// The same with the fields of the handshake among the headers, and what came in `said` alone.
    ///
    /// # Errors
    /// As [`Client::send`].
    pub(crate) async fn converse(
        &self,
        path: &str,
        headers: &[(String, String)],
        messages: &[String],
    ) -> Result<Reply, ClientError> {
        let request = request(&self.target.to_string(), "GET", path, headers, Bytes::new())?;
        let answer = timeout(PATIENCE, self.plain.request(request)).await;
        let answer = answer.map_err(late)?.map_err(transport)?;
        if answer.status().as_u16() != 101 {
            return read(answer).await;
        }
        let headers = answer.headers().clone();
        let upgraded = hyper::upgrade::on(answer).await.map_err(transport)?;
        let mut socket =
            WebSocketStream::from_raw_socket(TokioIo::new(upgraded), Role::Client, None).await;
        let mut said = Vec::new();
        for message in messages {
            // A server that closed is not an error: what it said before counts.
            if socket.send(Message::text(message.clone())).await.is_err() {
                break;
            }
            said.push(Said { from_client: true, text: message.clone() });
            if let Ok(Some(Ok(Message::Text(text)))) = timeout(SILENCE, socket.next()).await {
                said.push(Said { from_client: false, text: text.to_string() });
            }
        }
        while let Ok(Some(Ok(message))) = timeout(SILENCE, socket.next()).await {
            if let Message::Text(text) = message {
                said.push(Said { from_client: false, text: text.to_string() });
            }
            if said.len() > 20_000 {
                break;
            }
        }
        let _ = socket.close(None).await;
        Ok(Reply { status: 101, headers, said, ..Reply::default() })
    }

    /// Reads a stream of server-sent events until nothing comes any more.
    ///
    /// # Errors
    /// As [`Client::send`].
    pub async fn events(
        &self,
        path: &str,
        headers: &[(String, String)],
    ) -> Result<Reply, ClientError> {
        let request = request(&self.target.to_string(), "GET", path, headers, Bytes::new())?;
        let answer = timeout(PATIENCE, self.plain.request(request)).await;
        let (head, mut body) = answer.map_err(late)?.map_err(transport)?.into_parts();
        let mut bytes = Vec::new();
        while let Ok(Some(Ok(frame))) = timeout(SILENCE, body.frame()).await {
            if let Ok(data) = frame.into_data() {
                bytes.extend_from_slice(&data);
            }
            if bytes.len() > MAX_ANSWER {
                break;
            }
        }
        let (status, body) = (head.status.as_u16(), bytes.into());
        Ok(Reply { status, headers: head.headers, body, ..Reply::default() })
    }
}

fn request(
    authority: &str,
    method: &str,
    path: &str,
    headers: &[(String, String)],
    body: Bytes,
) -> Result<Request<Full<Bytes>>, ClientError> {
    let url = format!("http://{authority}{path}");
    let method = Method::from_bytes(method.as_bytes())
        .map_err(|_| ClientError::Transport(format!("`{method}` is no method")))?;
    let mut request = Request::builder().method(method).uri(&url);
    for (name, value) in headers {
        request = request.header(name, value);
    }
    request.body(Full::new(body)).map_err(|_| ClientError::Url(url))
}

async fn read(answer: hyper::Response<Incoming>) -> Result<Reply, ClientError> {
    let (head, body) = answer.into_parts();
    let collected =
        timeout(PATIENCE, Limited::new(body, MAX_ANSWER).collect()).await.map_err(late)?;
    let collected = collected.map_err(|e| ClientError::Transport(e.to_string()))?;
    let mut headers = head.headers;
    if let Some(trailers) = collected.trailers() {
        headers.extend(trailers.clone());
    }
    headers.remove(header::CONTENT_LENGTH);
    let (status, body) = (head.status.as_u16(), collected.to_bytes());
    Ok(Reply { status, headers, body, ..Reply::default() })
}

/// Fields as they are sent.
pub(crate) fn owned(fields: &[(&str, &str)]) -> Vec<(String, String)> {
    fields.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}

fn late(_: tokio::time::error::Elapsed) -> ClientError {
    ClientError::Transport("no answer in time".to_owned())
}

fn transport(error: impl std::error::Error) -> ClientError {
    let mut text = error.to_string();
    if let Some(cause) = error.source() {
        text.push_str(": ");
        text.push_str(&cause.to_string());
    }
    ClientError::Transport(text)
}
