//! Accepting connections under the caps.

use std::{io, net::SocketAddr, sync::Arc, time::Duration};

use tokio::{
    net::{TcpListener, TcpSocket, TcpStream},
    sync::watch,
};

use super::connection;
use crate::{
    config::{self, ConfigError},
    shared::{Connections, Shared},
};

/// Connections that wait to be accepted.
const BACKLOG: u32 = 4096;

/// How long accepting rests after an error: usually there are no file descriptors left.
const REST: Duration = Duration::from_millis(50);

/// Settings of a listener that connections need.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Door {
    /// Its place in the configuration.
    pub(crate) at: usize,
    pub(crate) address: SocketAddr,
    pub(crate) proxy_protocol: bool,
    pub(crate) http2: bool,
}

/// Opens a listener.
pub(crate) fn open(listener: &config::Listener) -> Result<TcpListener, ConfigError> {
    let open = || -> io::Result<TcpListener> {
        let address = listener.address;
        let socket = if address.is_ipv4() { TcpSocket::new_v4() } else { TcpSocket::new_v6() }?;
        socket.set_reuseaddr(true)?;
        socket.bind(address)?;
        socket.listen(BACKLOG)
    };
    open().map_err(|source| ConfigError::Listen { address: listener.address, source })
}

/// Accepts until it is told to stop; then the socket is closed.
pub(crate) async fn run(
    listener: TcpListener,
    door: Door,
    shared: Arc<Shared>,
    mut stop: watch::Receiver<bool>,
) {
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            _ = stop.changed() => return,
        };
        match accepted {
            Ok((stream, address)) => enter(stream, address, door, &shared),
            Err(_) => {
                shared.metrics.accept_errors.inc();
                tokio::time::sleep(REST).await;
            }
        }
    }
}

fn enter(stream: TcpStream, address: SocketAddr, door: Door, shared: &Arc<Shared>) {
    let place = Connections::enter(shared);
    // Behind a proxy that passes connections on, its clients are counted when they are known.
    let place = place
        .and_then(|mut place| (door.proxy_protocol || place.name(address.ip())).then_some(place));
    let Some(place) = place else {
        shared.metrics.capped.inc();
        return;
    };
    shared.metrics.accepted.inc();
    // Small answers must not wait for more; if the socket is gone already, reading will tell.
    let _ = stream.set_nodelay(true);
    tokio::spawn(connection::run(stream, address, door, place, Arc::clone(shared)));
}
