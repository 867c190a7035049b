//! Connections of senders: who may send, how many, and what they speak.

use std::{
    convert::Infallible, net::SocketAddr, sync::Arc, sync::atomic::Ordering::Relaxed,
    time::Duration,
};

use hyper::{
    body::Incoming,
    server::conn::{http1, http2},
    service::service_fn,
};
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::{TcpListener, TcpStream},
    sync::watch,
    task::JoinSet,
    time::{sleep, timeout},
};

use super::{
    Answer,
    config::Listening,
    counts::Refusal,
    tls,
    work::{Visit, Work},
};

/// How long accepting rests after an error: usually there are no file descriptors left.
const REST: Duration = Duration::from_millis(50);
/// How long connections may take to end when the receiver does.
const GRACE: Duration = Duration::from_secs(1);
/// How often a sender that says nothing on HTTP/2 is asked whether it is there, and how long its answer
/// may take.
const PING: Duration = Duration::from_secs(20);
const PONG: Duration = Duration::from_secs(10);
/// Flow-control windows of HTTP/2, in bytes.
const STREAM_WINDOW: u32 = 256 * 1024;
const CONNECTION_WINDOW: u32 = 4 * 1024 * 1024;

/// What the connections of a receiver share. A reload changes the settings; what has begun keeps the old
/// ones.
pub(super) struct Hall {
    pub(super) work: Arc<Work>,
    pub(super) settings: watch::Receiver<Arc<Listening>>,
}

/// Accepts until it is told to stop; then the socket is closed, and what is under way has a moment to end.
pub(super) async fn accept(
    listener: TcpListener,
    hall: Arc<Hall>,
    mut stop: watch::Receiver<bool>,
) {
    let mut connections = JoinSet::new();
    loop {
        while connections.try_join_next().is_some() {}
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            _ = stop.wait_for(|stop| *stop) => break,
        };
        match accepted {
            Ok((stream, peer)) => {
                if let Some(settings) = hall.admits(peer, connections.len()) {
                    let (hall, stop) = (Arc::clone(&hall), stop.clone());
                    connections.spawn(serve(stream, settings, hall, stop));
                }
            }
            Err(_) => sleep(REST).await,
        }
    }
    drop(listener);
    let _ = timeout(GRACE, async { while connections.join_next().await.is_some() {} }).await;
}

impl Hall {
    /// The settings for a connection; `None` when it may not be.
    fn admits(&self, peer: SocketAddr, open: usize) -> Option<Arc<Listening>> {
        let settings = Arc::clone(&self.settings.borrow());
        let why = if !settings.peers.iter().any(|network| network.contains(peer.ip())) {
            Refusal::Peer
        } else if open >= settings.limits.connections as usize {
            Refusal::Connections
        } else {
            return Some(settings);
        };
        self.work.counts.refuse(why);
        None
    }

    async fn answer(
        &self,
        request: http::Request<Incoming>,
        stop: &watch::Receiver<bool>,
    ) -> Answer {
        let settings = Arc::clone(&self.settings.borrow());
        let limits = Arc::new(settings.limits.clone());
        match Visit::enter(&self.work, &limits, stop) {
            Some(visit) => settings.kind.answer(request, visit).await,
            None => {
                self.work.counts.refuse(Refusal::Streams);
                settings.kind.full()
            }
        }
    }
}

/// A connection that is counted as long as it is there.
struct Counted(Arc<Hall>);

impl Drop for Counted {
    fn drop(&mut self) {
        self.0.work.counts.connections.fetch_sub(1, Relaxed);
    }
}

async fn serve(
    stream: TcpStream,
    settings: Arc<Listening>,
    hall: Arc<Hall>,
    mut stop: watch::Receiver<bool>,
) {
    hall.work.counts.connections.fetch_add(1, Relaxed);
    let _counted = Counted(Arc::clone(&hall));
    // Small answers must not wait for more; if the socket is gone already, reading will tell.
    let _ = stream.set_nodelay(true);
    let patience = settings.limits.patience();
    let Some(acceptor) = &settings.tls else {
        let is_http2 = tokio::select! {
            is_http2 = timeout(patience, is_http2(&stream)) => is_http2,
            _ = stop.wait_for(|stop| *stop) => return,
        };
        let Ok(Some(is_http2)) = is_http2 else { return };
        return converse(stream, is_http2, &settings, hall, stop).await;
    };
    let secured = tokio::select! {
        secured = timeout(patience, acceptor.accept(stream)) => secured,
        _ = stop.wait_for(|stop| *stop) => return,
    };
    match secured {
        Ok(Ok(stream)) => {
            let is_http2 = stream.get_ref().1.alpn_protocol() == Some(tls::HTTP2);
            converse(stream, is_http2, &settings, hall, stop).await;
        }
        Ok(Err(_)) => hall.work.counts.refuse(Refusal::Handshake),
        Err(_) => hall.work.counts.refuse(Refusal::Late),
    }
}

/// Answers what is asked on a connection, until it ends.
async fn converse<S: AsyncRead + AsyncWrite + Unpin + Send + 'static>(
    stream: S,
    is_http2: bool,
    settings: &Listening,
    hall: Arc<Hall>,
    mut stop: watch::Receiver<bool>,
) {
    let patience = settings.limits.patience();
    let streams = stop.clone();
    let service = service_fn(move |request| {
        let (hall, stop) = (Arc::clone(&hall), streams.clone());
        async move { Ok::<_, Infallible>(hall.answer(request, &stop).await) }
    });
    let (io, head) = (TokioIo::new(stream), settings.limits.head_bytes);
    // A connection that breaks is the sender's business.
    if is_http2 {
        let connection = http2::Builder::new(TokioExecutor::new())
            .timer(TokioTimer::new())
            .max_header_list_size(head)
            .max_concurrent_streams(settings.limits.streams)
            .initial_stream_window_size(STREAM_WINDOW)
            .initial_connection_window_size(CONNECTION_WINDOW)
            .keep_alive_interval(PING)
            .keep_alive_timeout(PONG)
            .serve_connection(io, service);
        let mut connection = std::pin::pin!(connection);
        tokio::select! {
            _ = connection.as_mut() => {}
            () = async { drop(stop.wait_for(|stop| *stop).await) } => {
                connection.as_mut().graceful_shutdown();
                let _ = connection.await;
            }
        }
    } else {
        let connection = http1::Builder::new()
            .timer(TokioTimer::new())
            .header_read_timeout(patience)
            .max_buf_size(head as usize)
            .serve_connection(io, service);
        let mut connection = std::pin::pin!(connection);
        tokio::select! {
            _ = connection.as_mut() => {}
            () = async { drop(stop.wait_for(|stop| *stop).await) } => {
                connection.as_mut().graceful_shutdown();
                let _ = connection.await;
            }
        }
    }
}

/// Whether the first bytes are the preface of HTTP/2 (RFC 9113 §3.4), of which three are no method of
/// HTTP/1.1; `None` when nothing came.
async fn is_http2(stream: &TcpStream) -> Option<bool> {
    const PREFACE: &[u8; 3] = b"PRI";
    loop {
        let mut first = [0; PREFACE.len()];
        let length = stream.peek(&mut first).await.ok()?;
        match first.get(..length)? {
            [] => return None,
            begin if begin == PREFACE => return Some(true),
            begin if !PREFACE.starts_with(begin) => return Some(false),
            // The next bytes are on their way; peeking would give the same at once.
            _ => sleep(Duration::from_millis(1)).await,
        }
    }
}
