//! Tests of the lab from outside, over loopback.

#![allow(clippy::unwrap_used)]

mod documents;
mod hostile;
mod player;
mod proofs;
mod webhooks;

use bartizan_lab::{Client, Options, Server};
use tokio::sync::oneshot;

/// A lab on a free port, which stops when the second part is dropped, and a client that talks to it.
async fn lab(options: &Options) -> (Client, oneshot::Sender<()>) {
    let server = Server::bind("127.0.0.1:0", options).await.unwrap();
    let client = Client::to(&format!("http://{}", server.address())).await.unwrap();
    let (stop, stopped) = oneshot::channel();
    tokio::spawn(server.run(async { drop(stopped.await) }));
    (client, stop)
}
