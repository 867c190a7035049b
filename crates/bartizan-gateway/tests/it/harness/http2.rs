//! HTTP/2: raw frames, a well-behaved client, and an upstream.

use std::{
    collections::VecDeque,
    convert::Infallible,
    net::SocketAddr,
    pin::Pin,
    sync::{Arc, Mutex},
    task::{Context, Poll},
};

use bytes::Bytes;
use http::{HeaderMap, Request, Response};
use http_body::{Body, Frame};
use hyper::{body::Incoming, client::conn::http2::SendRequest, service::service_fn};
use hyper_util::rt::{TokioExecutor, TokioIo};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    time::timeout,
};

use super::PATIENCE;

pub(crate) const DATA: u8 = 0;
pub(crate) const HEADERS: u8 = 1;
pub(crate) const RST_STREAM: u8 = 3;
pub(crate) const SETTINGS: u8 = 4;
pub(crate) const PING: u8 = 6;
pub(crate) const GOAWAY: u8 = 7;
pub(crate) const CONTINUATION: u8 = 9;
pub(crate) const END_STREAM: u8 = 1;
pub(crate) const END_HEADERS: u8 = 4;

/// A client that writes frames as they are.
pub(crate) struct RawHttp2 {
    stream: TcpStream,
}

/// What became of a stream or a connection.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Fate {
    Status(u16),
    Reset,
    Closed,
}

impl RawHttp2 {
    pub(crate) async fn connect(address: SocketAddr) -> Self {
        let mut stream = TcpStream::connect(address).await.unwrap();
        stream.write_all(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n").await.unwrap();
        let mut client = Self { stream };
        client.frame(SETTINGS, 0, 0, &[]).await;
        client
    }

    pub(crate) async fn frame(&mut self, kind: u8, flags: u8, stream: u32, payload: &[u8]) {
        let length = (payload.len() as u32).to_be_bytes();
        let mut bytes = vec![length[1], length[2], length[3], kind, flags];
        bytes.extend(stream.to_be_bytes());
        bytes.extend(payload);
        // The other side may have closed already.
        let _ = self.stream.write_all(&bytes).await;
    }

    pub(crate) async fn headers(&mut self, stream: u32, fields: &[(&str, &str)]) {
        self.frame(HEADERS, END_STREAM | END_HEADERS, stream, &block(fields)).await;
    }

    /// Reads until it is known what becomes of the stream.
    pub(crate) async fn fate(&mut self, wanted: u32) -> Fate {
        loop {
            let Some((kind, stream, payload)) = self.read().await else { return Fate::Closed };
            match kind {
                HEADERS if stream == wanted => return Fate::Status(status(&payload)),
                RST_STREAM if stream == wanted => return Fate::Reset,
                GOAWAY if u32::from_be_bytes(payload[4..8].try_into().unwrap()) != 0 => {
                    return Fate::Closed;
                }
                _ => {}
            }
        }
    }

    pub(crate) async fn read(&mut self) -> Option<(u8, u32, Vec<u8>)> {
        let mut head = [0; 9];
        let read =
            timeout(PATIENCE, self.stream.read_exact(&mut head)).await.expect("nothing came");
        read.ok()?;
        let length = u32::from_be_bytes([0, head[0], head[1], head[2]]) as usize;
        let mut payload = vec![0; length];
        self.stream.read_exact(&mut payload).await.ok()?;
        Some((head[3], u32::from_be_bytes(head[5..9].try_into().unwrap()), payload))
    }
}

/// A header block of literals without indexing (RFC 7541 §6.2.2).
pub(crate) fn block(fields: &[(&str, &str)]) -> Vec<u8> {
    let mut out = Vec::new();
    for (name, value) in fields {
        out.push(0);
        for text in [name, value] {
            match text.len() {
                length @ 0..127 => out.push(length as u8),
                length => {
                    out.push(127);
                    let mut rest = length - 127;
                    while rest >= 128 {
                        out.push((rest % 128 + 128) as u8);
                        rest /= 128;
                    }
                    out.push(rest as u8);
                }
            }
            out.extend(text.as_bytes());
        }
    }
    out
}

/// The status at the front of a block; 0 for one that is not in the static table.
fn status(block: &[u8]) -> u16 {
    match block.first() {
        Some(0x88) => 200,
        Some(0x89) => 204,
        Some(0x8c) => 400,
        Some(0x8d) => 404,
        Some(0x8e) => 500,
        _ => 0,
    }
}

/// A body of given frames.
pub(crate) struct Frames(VecDeque<Frame<Bytes>>);

impl Frames {
    pub(crate) fn new(data: &[&str], trailers: Option<&[(&'static str, &str)]>) -> Self {
        let mut frames: VecDeque<_> =
            data.iter().map(|data| Frame::data(Bytes::copy_from_slice(data.as_bytes()))).collect();
        if let Some(fields) = trailers {
            let mut map = HeaderMap::new();
            for (name, value) in fields {
                map.append(*name, value.parse().unwrap());
            }
            frames.push_back(Frame::trailers(map));
        }
        Self(frames)
    }
}

impl Body for Frames {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        Poll::Ready(self.0.pop_front().map(Ok))
    }

    fn is_end_stream(&self) -> bool {
        self.0.is_empty()
    }
}

/// Data and trailers of a body.
pub(crate) async fn collect<B: Body<Data = Bytes> + Unpin>(mut body: B) -> (Vec<u8>, HeaderMap)
where
    B::Error: std::fmt::Debug,
{
    let (mut data, mut trailers) = (Vec::new(), HeaderMap::new());
    while let Some(frame) = std::future::poll_fn(|cx| Pin::new(&mut body).poll_frame(cx)).await {
        match frame.unwrap().into_data() {
            Ok(piece) => data.extend(piece),
            Err(frame) => trailers = frame.into_trailers().unwrap(),
        }
    }
    (data, trailers)
}

/// A connection of a well-behaved client.
pub(crate) async fn client<S>(stream: S) -> SendRequest<Frames>
where
    S: tokio::io::AsyncRead + tokio::io::AsyncWrite + Unpin + Send + 'static,
{
    let (sender, driver) =
        hyper::client::conn::http2::handshake(TokioExecutor::new(), TokioIo::new(stream))
            .await
            .unwrap();
    tokio::spawn(driver);
    sender
}

pub(crate) async fn connect(address: SocketAddr) -> SendRequest<Frames> {
    client(TcpStream::connect(address).await.unwrap()).await
}

/// Heads, bodies and trailers that an upstream saw.
pub(crate) type SeenHttp2 = Arc<Mutex<Vec<(http::request::Parts, Vec<u8>, HeaderMap)>>>;

/// An upstream that speaks HTTP/2 by prior knowledge and answers like an echo of gRPC: the data of
/// the request as one frame, and a status in trailers.
pub(crate) async fn grpc_upstream() -> (SocketAddr, SeenHttp2) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let seen = SeenHttp2::default();
    let all = seen.clone();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let seen = all.clone();
            let service = service_fn(move |request: Request<Incoming>| {
                let seen = seen.clone();
                async move {
                    let (parts, body) = request.into_parts();
                    let (data, trailers) = collect(body).await;
                    let text = String::from_utf8(data.clone()).unwrap();
                    seen.lock().unwrap().push((parts, data, trailers));
                    let body = Frames::new(&[&text], Some(&[("grpc-status", "0")]));
                    let mut response = Response::new(body);
                    let kind = "application/grpc".parse().unwrap();
                    response.headers_mut().insert("content-type", kind);
                    Ok::<_, Infallible>(response)
                }
            });
            tokio::spawn(
                hyper::server::conn::http2::Builder::new(TokioExecutor::new())
                    .serve_connection(TokioIo::new(stream), service),
            );
        }
    });
    (address, seen)
}
