//! The proxy alone, from flags: what `scripts/bench-gateway.sh` measures.
//!
//! `plain LISTEN UPSTREAM [THREADS]`, for example `plain 127.0.0.1:8080 127.0.0.1:3000 1`. Exchanges
//! are handed over to a task that counts them and throws them away, as they are, or with
//! `CONVERT=1` as values of the model.

use std::{env, error::Error, net::SocketAddr, sync::Arc, time::Duration};

use bartizan_gateway::{AllowAll, Config, Gateway, config::AccessLog, handover};

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = env::args().skip(1);
    let usage = "usage: plain LISTEN UPSTREAM [THREADS]";
    let listen: SocketAddr = arguments.next().ok_or(usage)?.parse()?;
    let upstream = arguments.next().ok_or(usage)?;
    let threads: usize = arguments.next().map_or(Ok(1), |text| text.parse())?;
    let mut builder = if threads == 1 {
        tokio::runtime::Builder::new_current_thread()
    } else {
        tokio::runtime::Builder::new_multi_thread()
    };
    if threads > 1 {
        builder.worker_threads(threads);
    }
    builder.enable_all().build()?.block_on(run(listen, upstream))
}

async fn run(listen: SocketAddr, upstream: String) -> Result<(), Box<dyn Error>> {
    let mut config = Config::simple(listen, upstream);
    if let Ok(path) = env::var("ACCESS_LOG") {
        config.access_log = AccessLog::File(path.into());
    }
    let (handover, mut receiver) = handover::channel(4096, 64 * 1024 * 1024);
    let running = Gateway::start(&config, Arc::new(AllowAll), handover).await?;
    eprintln!("listening on {}", running.addresses()[0]);
    let converts = env::var_os("CONVERT").is_some();
    tokio::spawn(async move {
        let mut count = 0u64;
        while let Some(finished) = receiver.recv().await {
            count += if converts { u64::from(finished.into_exchange().is_some()) } else { 1 };
        }
        count
    });
    tokio::signal::ctrl_c().await?;
    running.drain(Duration::from_secs(5)).await;
    eprint!("{}", running.metrics());
    Ok(())
}
