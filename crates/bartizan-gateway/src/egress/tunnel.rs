//! A tunnel: bytes in both directions, so many and so long at most.

use std::{
    sync::atomic::{AtomicU64, Ordering::Relaxed},
    time::Duration,
};

use tokio::{
    io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _, split},
    time::{Instant, timeout},
};

/// Bytes that are moved at once.
const PIECE: usize = 16 * 1024;

/// What a tunnel is held to.
#[derive(Clone, Copy, Debug)]
pub(super) struct Bounds {
    pub(super) idle: Duration,
    pub(super) longest: Duration,
    /// Most bytes from the client.
    pub(super) up: u64,
    /// Most bytes to the client.
    pub(super) down: u64,
}

/// Passes bytes on until both sides have ended; the name of what ended it otherwise.
pub(super) async fn run<C, S>(client: C, server: S, bounds: Bounds) -> &'static str
where
    C: AsyncRead + AsyncWrite + Unpin,
    S: AsyncRead + AsyncWrite + Unpin,
{
    let (from_client, to_client) = split(client);
    let (from_server, to_server) = split(server);
    let clock = Clock { began: Instant::now(), last: AtomicU64::new(0), idle: bounds.idle };
    let both = async {
        tokio::try_join!(
            pass(from_client, to_server, bounds.up, &clock),
            pass(from_server, to_client, bounds.down, &clock),
        )
    };
    match timeout(bounds.longest, both).await {
        Ok(Ok(_)) => "tunnel_ended",
        Ok(Err(why)) => why,
        Err(_) => "tunnel_too_long",
    }
}

/// When the last byte passed, in either direction.
struct Clock {
    began: Instant,
    last: AtomicU64,
    idle: Duration,
}

impl Clock {
    fn tick(&self) {
        let now = u64::try_from(self.began.elapsed().as_millis()).unwrap_or(u64::MAX);
        self.last.store(now, Relaxed);
    }

    /// How long it may go on without a byte.
    fn left(&self) -> Duration {
        let last = Duration::from_millis(self.last.load(Relaxed));
        (last + self.idle).saturating_sub(self.began.elapsed())
    }
}

async fn pass<R, W>(mut from: R, mut to: W, most: u64, clock: &Clock) -> Result<(), &'static str>
where
    R: AsyncRead + Unpin,
    W: AsyncWrite + Unpin,
{
    let mut piece = vec![0; PIECE];
    let mut left = most;
    loop {
        let read = loop {
            // The other direction may go on meanwhile.
            match timeout(clock.left(), from.read(&mut piece)).await {
                Ok(read) => break read.map_err(|_| "tunnel_broken")?,
                Err(_) if clock.left().is_zero() => return Err("tunnel_idle"),
                Err(_) => {}
            }
        };
        clock.tick();
        if read == 0 {
            let _ = to.shutdown().await;
            return Ok(());
        }
        left = left.checked_sub(read as u64).ok_or("tunnel_too_large")?;
        let written = timeout(clock.idle, to.write_all(&piece[..read])).await;
        written.map_err(|_| "tunnel_idle")?.map_err(|_| "tunnel_broken")?;
        clock.tick();
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::duplex;

    use super::*;

    fn bounds() -> Bounds {
        let idle = Duration::from_millis(200);
        Bounds { idle, longest: Duration::from_secs(5), up: 100, down: 100 }
    }

    #[tokio::test]
    async fn bytes_pass_until_both_have_ended() {
        let ((client, inner), (server, outer)) = (duplex(64), duplex(64));
        let tunnel = tokio::spawn(async move { run(inner, outer, bounds()).await });
        let (mut client, mut server) = (client, server);
        client.write_all(b"ask").await.expect("written");
        client.shutdown().await.expect("ended");
        let mut asked = Vec::new();
        server.read_to_end(&mut asked).await.expect("read");
        server.write_all(b"answer").await.expect("written");
        drop(server);
        let mut answered = Vec::new();
        client.read_to_end(&mut answered).await.expect("read");
        assert_eq!((asked.as_slice(), answered.as_slice()), (&b"ask"[..], &b"answer"[..]));
        assert_eq!(tunnel.await.expect("it ends"), "tunnel_ended");
    }

    #[tokio::test]
    async fn it_ends_when_it_is_idle_too_large_or_too_long() {
        let ((_client, inner), (_server, outer)) = (duplex(64), duplex(64));
        assert_eq!(run(inner, outer, bounds()).await, "tunnel_idle");
        let ((mut client, inner), (_server, outer)) = (duplex(1_024), duplex(1_024));
        client.write_all(&[0; 101]).await.expect("written");
        assert_eq!(run(inner, outer, bounds()).await, "tunnel_too_large");
        let ((_client, inner), (_server, outer)) = (duplex(64), duplex(64));
        let short = Bounds { longest: Duration::from_millis(50), ..bounds() };
        assert_eq!(run(inner, outer, short).await, "tunnel_too_long");
    }
}
