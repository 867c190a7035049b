//! Fetching a key set, or asking about a token: one request to a place that the operator named, and nowhere else.
//!
//! The guard: `https`, or `http` to this machine; every address that the name resolves to is checked
//! and the connection goes to a checked address, so that no second look-up can lead elsewhere;
//! private, local and metadata addresses only where they are allowed; no redirect is followed; the
//! whole takes so long and brings so many bytes at most.

use std::{
    net::{IpAddr, SocketAddr},
    path::Path,
    time::Duration,
};

use bartizan_model::address::is_public;
use bytes::Bytes;
use http::{HeaderValue, Method, Request, StatusCode, Uri, header};
use http_body::Body as _;
use hyper::{body::Incoming, client::conn::http1};
use hyper_util::rt::TokioIo;
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::{TcpStream, lookup_host},
    time::timeout,
};
use tokio_rustls::rustls::pki_types::ServerName;

use crate::{
    config::{Network, system_authorities},
    upstream::Tls,
};

/// A place that may be fetched from.
pub(crate) struct Source {
    uri: Uri,
    host: String,
    port: u16,
    tls: Option<Tls>,
    allowed: Vec<Network>,
    timeout: Duration,
    most_bytes: usize,
}

impl std::fmt::Debug for Source {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Source({})", self.uri)
    }
}

/// What is said of a source beside its address.
#[derive(Debug)]
pub(crate) struct Rules<'a> {
    /// PEM file with the authorities that are believed; `None` for those of the system.
    pub(crate) authorities: Option<&'a Path>,
    /// Private and local networks that may be connected to.
    pub(crate) allowed: Vec<Network>,
    pub(crate) timeout: Duration,
    pub(crate) most_bytes: usize,
}

impl Source {
    /// Compiles a source.
    ///
    /// # Errors
    /// Says what is wrong with address or authorities.
    pub(crate) fn compile(url: &str, rules: Rules<'_>) -> Result<Self, String> {
        let uri: Uri = url.parse().map_err(|_| format!("{url:?} is no URL"))?;
        let authority = uri.authority().ok_or("the URL names no host")?;
        if authority.as_str().contains('@') {
            return Err("the URL holds a user name".to_owned());
        }
        let host = authority.host().trim_start_matches('[').trim_end_matches(']').to_owned();
        let is_secure = match uri.scheme_str() {
            Some("https") => true,
            Some("http") if is_this_machine(&host) => false,
            Some("http") => return Err("http is only taken to this machine; use https".to_owned()),
            _ => return Err("the URL must begin with https://".to_owned()),
        };
        let tls = is_secure.then(|| tls_to(&host, rules.authorities)).transpose()?;
        let port = authority.port_u16().unwrap_or(if is_secure { 443 } else { 80 });
        let Rules { allowed, timeout, most_bytes, .. } = rules;
        Ok(Self { uri, host, port, tls, allowed, timeout, most_bytes })
    }

    /// Whether the same authorities are believed, by what their file held when it was read.
    pub(crate) fn believes_as(&self, other: &Self) -> bool {
        let of = |source: &Self| source.tls.as_ref().map(|tls| tls.files);
        of(self) == of(other)
    }

    /// Fetches.
    ///
    /// # Errors
    /// A sentence for the operator.
    pub(crate) async fn fetch(&self) -> Result<Bytes, String> {
        self.ask(None).await
    }

    /// Posts a form, with that value of `Authorization` if there is one, and gives the answer.
    ///
    /// # Errors
    /// A sentence for the operator, without what was posted.
    pub(crate) async fn post(
        &self,
        form: Bytes,
        as_whom: Option<HeaderValue>,
    ) -> Result<Bytes, String> {
        self.ask(Some((form, as_whom))).await
    }

    async fn ask(&self, posted: Option<(Bytes, Option<HeaderValue>)>) -> Result<Bytes, String> {
        let asked = timeout(self.timeout, self.ask_now(posted)).await;
        asked.unwrap_or_else(|_| Err(format!("no answer within {:?}", self.timeout)))
    }

    async fn ask_now(&self, posted: Option<(Bytes, Option<HeaderValue>)>) -> Result<Bytes, String> {
        let request = self.request(posted)?;
        let stream = self.connect().await?;
        match &self.tls {
            None => self.send(stream, request).await,
            Some(tls) => {
                let stream = tls.connector.connect(tls.name.clone(), stream).await;
                self.send(stream.map_err(|error| format!("TLS: {error}"))?, request).await
            }
        }
    }

    fn request(
        &self,
        posted: Option<(Bytes, Option<HeaderValue>)>,
    ) -> Result<Request<Once>, String> {
        let target = self.uri.path_and_query().map_or("/", |target| target.as_str());
        let host = self.uri.authority().map_or("", |authority| authority.as_str());
        let builder = Request::builder()
            .uri(target)
            .header(header::HOST, host)
            .header(header::ACCEPT, HeaderValue::from_static("application/json"));
        let request = match posted {
            None => builder.body(Once(None)),
            Some((form, as_whom)) => {
                let form_type = HeaderValue::from_static("application/x-www-form-urlencoded");
                let mut builder =
                    builder.method(Method::POST).header(header::CONTENT_TYPE, form_type);
                if let Some(as_whom) = as_whom {
                    builder = builder.header(header::AUTHORIZATION, as_whom);
                }
                builder.body(Once(Some(form)))
            }
        };
        request.map_err(|error| format!("HTTP: {error}"))
    }

    async fn connect(&self) -> Result<TcpStream, String> {
        let found = lookup_host((self.host.as_str(), self.port)).await;
        let found: Vec<SocketAddr> =
            found.map_err(|error| format!("{} is not found: {error}", self.host))?.collect();
        // One bad address among good ones is an attack, not a choice.
        for address in &found {
            self.check(address.ip())?;
        }
        let mut failure = format!("{} has no address", self.host);
        for address in found {
            match TcpStream::connect(address).await {
                Ok(stream) => return Ok(stream),
                Err(error) => failure = format!("connecting to {address}: {error}"),
            }
        }
        Err(failure)
    }

    fn check(&self, address: IpAddr) -> Result<(), String> {
        let address = address.to_canonical();
        // Without TLS only this machine was let in, whatever its name resolves to.
        let is_fine = match self.tls {
            None => address.is_loopback(),
            Some(_) => {
                is_public(address) || self.allowed.iter().any(|network| network.contains(address))
            }
        };
        if is_fine {
            Ok(())
        } else {
            Err(format!("{} leads to {address}, which is not allowed", self.host))
        }
    }

    async fn send<S>(&self, stream: S, request: Request<Once>) -> Result<Bytes, String>
    where
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let failed = |error: hyper::Error| format!("HTTP: {error}");
        let mut builder = http1::Builder::new();
        builder.max_buf_size(16 * 1024);
        let (mut sender, connection) =
            builder.handshake(TokioIo::new(stream)).await.map_err(failed)?;
        let answer = async {
            let response = sender.send_request(request).await.map_err(failed)?;
            if response.status() != StatusCode::OK {
                return Err(format!("the answer has status {}", response.status().as_u16()));
            }
            self.read(response.into_body()).await
        };
        // The connection is driven here and ends with this call.
        tokio::pin!(connection);
        tokio::pin!(answer);
        tokio::select! {
            biased;
            answer = &mut answer => answer,
            ended = &mut connection => match ended {
                // What was read before the end may still be a whole answer.
                Ok(()) => answer.await,
                Err(error) => Err(failed(error)),
            },
        }
    }

    async fn read(&self, mut body: Incoming) -> Result<Bytes, String> {
        let mut out = bytes::BytesMut::new();
        loop {
            let frame =
                std::future::poll_fn(|cx| std::pin::Pin::new(&mut body).poll_frame(cx)).await;
            let Some(frame) = frame else { return Ok(out.freeze()) };
            let frame = frame.map_err(|error| format!("HTTP: {error}"))?;
            if let Ok(data) = frame.into_data() {
                if out.len() + data.len() > self.most_bytes {
                    return Err(format!("the answer has more than {} bytes", self.most_bytes));
                }
                out.extend_from_slice(&data);
            }
        }
    }
}

/// The body of a request, sent at once; none when there is nothing.
struct Once(Option<Bytes>);

impl http_body::Body for Once {
    type Data = Bytes;
    type Error = std::convert::Infallible;

    fn poll_frame(
        mut self: std::pin::Pin<&mut Self>,
        _: &mut std::task::Context<'_>,
    ) -> std::task::Poll<Option<Result<http_body::Frame<Bytes>, Self::Error>>> {
        std::task::Poll::Ready(self.0.take().map(|bytes| Ok(http_body::Frame::data(bytes))))
    }

    fn is_end_stream(&self) -> bool {
        self.0.is_none()
    }

    fn size_hint(&self) -> http_body::SizeHint {
        http_body::SizeHint::with_exact(self.0.as_ref().map_or(0, |bytes| bytes.len() as u64))
    }
}

fn tls_to(host: &str, authorities: Option<&Path>) -> Result<Tls, String> {
    let bundle = authorities.map(Path::to_owned).or_else(system_authorities);
    let bundle = bundle
        .ok_or("this system keeps no authorities where they are looked for; name a file of them")?;
    let name = ServerName::try_from(host.to_owned());
    let name = name.map_err(|_| format!("{host:?} is no name for a certificate"))?;
    Tls::to(name, &bundle, None, b"http/1.1").map_err(|error| error.to_string())
}

fn is_this_machine(host: &str) -> bool {
    let is_loopback = host.parse::<IpAddr>().is_ok_and(|address| address.is_loopback());
    is_loopback || host.eq_ignore_ascii_case("localhost")
}

/// A part of a form, encoded as WHATWG URL §5.2 says.
pub(crate) fn form_encoded(bytes: &[u8]) -> String {
    let mut out = String::with_capacity(bytes.len());
    for byte in bytes {
        match byte {
            b'*' | b'-' | b'.' | b'_' => out.push(char::from(*byte)),
            _ if byte.is_ascii_alphanumeric() => out.push(char::from(*byte)),
            b' ' => out.push('+'),
            _ => out.push_str(&format!("%{byte:02X}")),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use tokio::{
        io::{AsyncReadExt as _, AsyncWriteExt as _},
        net::TcpListener,
    };

    use super::*;

    fn rules() -> Rules<'static> {
        let timeout = Duration::from_millis(500);
        Rules { authorities: None, allowed: Vec::new(), timeout, most_bytes: 1_000 }
    }

    #[test]
    fn urls_that_lead_astray_are_refused() {
        for url in [
            "http://idp.example/jwks",
            "http://127.0.0.1.example/",
            "ftp://localhost/",
            "file:///etc/passwd",
            "https://user@idp.example/",
            "https:///x",
            "/jwks",
            "",
            "http://10.0.0.1/",
        ] {
            assert!(Source::compile(url, rules()).is_err(), "{url}");
        }
        for url in ["http://127.0.0.1:8080/jwks", "http://localhost/jwks", "http://[::1]:1/"] {
            assert!(Source::compile(url, rules()).is_ok(), "{url}");
        }
    }

    #[test]
    fn resolved_addresses_are_checked() {
        let mut source = Source::compile("http://localhost/", rules()).expect("compiles");
        assert!(source.check([127, 0, 0, 1].into()).is_ok());
        assert!(source.check([10, 0, 0, 1].into()).is_err());
        assert!(source.check([8, 8, 8, 8].into()).is_err());
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("ca.pem");
        let key = rcgen::generate_simple_self_signed(["idp.example".to_owned()]).expect("made");
        std::fs::write(&path, key.cert.pem()).expect("written");
        let allowed = vec![Network::parse("10.1.0.0/16").expect("a network")];
        let rules = Rules { authorities: Some(&path), allowed, ..rules() };
        source = Source::compile("https://idp.example/", rules).expect("compiles");
        assert!(source.check([8, 8, 8, 8].into()).is_ok());
        assert!(source.check([10, 1, 0, 1].into()).is_ok());
        for refused in ["10.2.0.1", "127.0.0.1", "::ffff:169.254.169.254", "::1"] {
            assert!(source.check(refused.parse().expect("an address")).is_err(), "{refused}");
        }
    }

    /// What a server on this machine answers, byte by byte.
    async fn served(answer: &'static [u8]) -> Result<Bytes, String> {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("bound");
        let port = listener.local_addr().expect("an address").port();
        let server = tokio::spawn(async move {
            let (mut stream, _) = listener.accept().await.expect("a client");
            let mut head = [0; 1_024];
            let _ = stream.read(&mut head).await;
            stream.write_all(answer).await.expect("written");
            if answer.is_empty() {
                tokio::time::sleep(Duration::from_secs(2)).await;
            }
        });
        let source = Source::compile(&format!("http://127.0.0.1:{port}/jwks"), rules());
        let fetched = source.expect("compiles").fetch().await;
        server.abort();
        fetched
    }

    #[tokio::test]
    async fn answers_are_bounded() {
        let good = served(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}").await;
        assert_eq!(good.as_deref(), Ok(&b"{}"[..]));
        let until_end = served(b"HTTP/1.0 200 OK\r\n\r\n{}").await;
        assert_eq!(until_end.as_deref(), Ok(&b"{}"[..]));
        let redirect = served(
            b"HTTP/1.1 302 Found\r\nlocation: http://10.0.0.1/\r\ncontent-length: 0\r\n\r\n",
        );
        assert!(redirect.await.is_err_and(|e| e.contains("302")));
        let mut long = b"HTTP/1.1 200 OK\r\nconnection: close\r\n\r\n".to_vec();
        long.resize(3_000, b' ');
        assert!(
            served(Box::leak(long.into_boxed_slice())).await.is_err_and(|e| e.contains("1000"))
        );
        assert!(served(b"").await.is_err_and(|e| e.contains("within")));
        assert!(served(b"HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\n{}").await.is_err());
    }
}
