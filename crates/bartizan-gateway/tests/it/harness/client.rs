//! A client that sends bytes as they are.

use std::net::SocketAddr;

use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt},
    net::TcpStream,
    time::timeout,
};

use super::PATIENCE;

/// A connection.
pub(crate) struct Client<S = TcpStream> {
    pub(crate) stream: S,
    read: Vec<u8>,
}

/// A response as it was read.
#[derive(Debug)]
pub(crate) struct Response {
    pub(crate) status: u16,
    pub(crate) head: String,
    pub(crate) body: Vec<u8>,
    /// The raw trailer section.
    pub(crate) trailers: String,
}

impl Response {
    /// Values of a field.
    pub(crate) fn all(&self, name: &str) -> Vec<&str> {
        fields(&self.head, name)
    }

    pub(crate) fn field(&self, name: &str) -> Option<&str> {
        self.all(name).first().copied()
    }

    pub(crate) fn text(&self) -> &str {
        std::str::from_utf8(&self.body).unwrap()
    }
}

/// Values of a field in a head.
pub(crate) fn fields<'a>(head: &'a str, name: &str) -> Vec<&'a str> {
    let lines = head.split("\r\n").skip(1).filter_map(|line| line.split_once(':'));
    lines.filter(|(n, _)| n.eq_ignore_ascii_case(name)).map(|(_, v)| v.trim()).collect()
}

impl Client {
    pub(crate) async fn connect(address: SocketAddr) -> Self {
        let stream = TcpStream::connect(address).await.unwrap();
        stream.set_nodelay(true).unwrap();
        Self::over(stream)
    }

    /// Sends bytes over a new connection and reads one response.
    pub(crate) async fn ask(address: SocketAddr, bytes: impl AsRef<[u8]>) -> Response {
        let mut client = Self::connect(address).await;
        client.send(bytes).await;
        client.response().await
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> Client<S> {
    pub(crate) fn over(stream: S) -> Self {
        Self { stream, read: Vec::new() }
    }

    pub(crate) async fn send(&mut self, bytes: impl AsRef<[u8]>) {
        self.stream.write_all(bytes.as_ref()).await.unwrap();
        self.stream.flush().await.unwrap();
    }

    /// Reads more; `false` at the end.
    async fn more(&mut self) -> bool {
        let read = timeout(PATIENCE, self.stream.read_buf(&mut self.read)).await;
        matches!(read.expect("nothing came"), Ok(count) if count > 0)
    }

    async fn take_line(&mut self) -> String {
        loop {
            if let Some(at) = self.read.windows(2).position(|w| w == b"\r\n") {
                let line: Vec<u8> = self.read.drain(..at + 2).collect();
                return String::from_utf8(line).unwrap().trim_end().to_owned();
            }
            assert!(self.more().await, "ended inside a line: {:?}", self.read);
        }
    }

    pub(crate) async fn take(&mut self, count: usize) -> Vec<u8> {
        while self.read.len() < count {
            assert!(self.more().await, "ended after {} of {count} bytes", self.read.len());
        }
        self.read.drain(..count).collect()
    }

    /// Reads one response to a request that is not HEAD.
    pub(crate) async fn response(&mut self) -> Response {
        self.response_to("GET").await
    }

    /// Reads one response, interim ones skipped.
    pub(crate) async fn response_to(&mut self, method: &str) -> Response {
        loop {
            let head = self.head().await;
            let status: u16 = head[9..12].parse().unwrap();
            if (100..200).contains(&status) && status != 101 {
                continue;
            }
            let mut response = Response { status, head, body: Vec::new(), trailers: String::new() };
            let has_body = method != "HEAD" && !matches!(status, 101 | 204 | 304);
            if has_body {
                self.body(&mut response).await;
            }
            return response;
        }
    }

    /// Reads a head, without its last empty line.
    pub(crate) async fn head(&mut self) -> String {
        let mut head = self.take_line().await;
        loop {
            let line = self.take_line().await;
            if line.is_empty() {
                return head;
            }
            head.push_str("\r\n");
            head.push_str(&line);
        }
    }

    /// Reads one chunk of a chunked body.
    pub(crate) async fn chunk(&mut self) -> Vec<u8> {
        let line = self.take_line().await;
        let size = usize::from_str_radix(&line, 16).unwrap();
        let data = self.take(size).await;
        if size > 0 {
            assert_eq!(self.take(2).await, b"\r\n");
        }
        data
    }

    async fn body(&mut self, response: &mut Response) {
        if response.field("transfer-encoding") == Some("chunked") {
            loop {
                let chunk = self.chunk().await;
                if chunk.is_empty() {
                    break;
                }
                response.body.extend(chunk);
            }
            loop {
                let line = self.take_line().await;
                if line.is_empty() {
                    return;
                }
                response.trailers.push_str(&line);
            }
        }
        match response.field("content-length") {
            Some(length) => response.body = self.take(length.parse().unwrap()).await,
            None => {
                while self.more().await {}
                response.body = std::mem::take(&mut self.read);
            }
        }
    }

    /// Whether the other side closes, with nothing more to read.
    pub(crate) async fn is_closed(&mut self) -> bool {
        !self.more().await && self.read.is_empty()
    }
}
