//! What is kept for so many days, and no longer.

use std::{sync::Weak, time::Duration};

use bartizan_model::Scope;
use bartizan_pipeline::keep;
use bartizan_store::DataDirectory;

use super::now;

/// How often what is kept is trimmed.
const RETAIN: Duration = Duration::from_secs(3_600);

/// Removes what is too old from the store, now and every hour, as long as there is one.
pub(super) async fn retain(directory: Weak<DataDirectory>, scope: Scope, days: u32) {
    let mut told = false;
    while let Some(directory) = directory.upgrade() {
        let retained = keep::retain(&directory, &scope, days, now()).await;
        if let Err(error) = retained
            && !std::mem::replace(&mut told, true)
        {
            anstream::eprintln!("warning: what is kept cannot be trimmed: {error}");
        }
        drop(directory);
        tokio::time::sleep(RETAIN).await;
    }
}
