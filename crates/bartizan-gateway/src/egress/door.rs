//! Accepting those who want to call outside.

use std::{net::IpAddr, sync::Arc, time::Duration};

use hyper::{server::conn::http1, service::service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::{
    net::{TcpListener, TcpStream},
    sync::watch,
};

use super::{
    outward,
    place::Places,
    taking::{Taking, is_stalled},
};
use crate::{
    config::{self, ConfigError, Listener},
    listen::accept,
    shared::Shared,
};

/// How long accepting rests after an error.
const REST: Duration = Duration::from_millis(50);
/// For a head to be there, also the next one on a connection.
const HEAD: Duration = Duration::from_secs(30);
/// Most bytes of a head, and most fields.
const HEAD_BYTES: usize = 32 * 1024;
const FIELDS: usize = 100;

/// Opens the listener of a proxy.
pub(crate) fn open(egress: &config::Egress) -> Result<TcpListener, ConfigError> {
    accept::open(&Listener::plain(egress.address))
}

/// Accepts for the proxy of that number until it is told to stop; then the socket is closed.
pub(crate) async fn run(
    listener: TcpListener,
    number: usize,
    shared: Arc<Shared>,
    mut stop: watch::Receiver<bool>,
) {
    let open = Arc::new(Places::default());
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            _ = stop.changed() => return,
        };
        match accepted {
            Ok((stream, from)) => enter(stream, from.ip(), number, &shared, &open),
            Err(_) => {
                shared.metrics.accept_errors.inc();
                tokio::time::sleep(REST).await;
            }
        }
    }
}

fn enter(stream: TcpStream, from: IpAddr, number: usize, shared: &Arc<Shared>, open: &Arc<Places>) {
    let snapshot = shared.snapshot.load();
    let Some(egress) = snapshot.egress.get(number).cloned() else { return };
    let settings = &egress.settings;
    let most_of_address = settings.connections_per_address;
    let place = match Places::enter(open, from, settings.connections, most_of_address) {
        Ok(place) => place,
        Err(event) => return egress.count(event),
    };
    let _ = stream.set_nodelay(true);
    let shared = Arc::clone(shared);
    tokio::spawn(async move {
        let place = Arc::new(place);
        let held = Arc::clone(&place);
        let service = service_fn(move |request| {
            // As is in force now, not when the connection began.
            let egress = shared.snapshot.load().egress.get(number).cloned();
            let place = Arc::clone(&held);
            async move {
                let answered = match egress {
                    Some(egress) => outward::answer(egress, place, request).await,
                    None => return Err("there is no such proxy any more"),
                };
                answered.map_err(|never| match never {})
            }
        });
        let stream = Taking::new(stream, egress.settings.idle, egress.settings.longest);
        let connection = http1::Builder::new()
            .timer(TokioTimer::new())
            .header_read_timeout(HEAD)
            .max_buf_size(HEAD_BYTES)
            .max_headers(FIELDS)
            .serve_connection(TokioIo::new(stream), service);
        // What else a client does to its connection is its own business.
        if connection.with_upgrades().await.is_err_and(|error| is_stalled(&error)) {
            egress.count("client_takes_nothing");
        }
        drop(place);
    });
}
