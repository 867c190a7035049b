//! What holds on PostgreSQL beyond the contract of every store.

mod copies;
mod faults;
mod schema;
pub(crate) mod server;
mod writers;

use std::path::Path;

use bartizan_store::{DataDirectory, DataOptions};

use crate::samples::at;

fn options(directory: &Path, url: &str) -> DataOptions {
    DataOptions { postgres: Some(server::options(url)), ..DataOptions::new(directory) }
}

async fn open(directory: &Path, url: &str) -> DataDirectory {
    DataDirectory::open(&options(directory, url), at(0)).await.expect("opens")
}
