//! The record of an exchange: whatever becomes of it, dropping the record ends it, once.

use std::sync::Arc;

use tokio::time::Instant;

use crate::{
    call::{Call, Outcome},
    handover::{Finished, Handed},
    listen::Upgrade,
    shared::Shared,
};

/// An exchange that ends when this is dropped.
pub(crate) struct Record {
    call: Option<Box<Call>>,
    shared: Arc<Shared>,
}

impl Record {
    pub(crate) fn new(call: Call, shared: Arc<Shared>) -> Self {
        call.link.begin();
        Self { call: Some(Box::new(call)), shared }
    }

    pub(crate) fn shared(&self) -> &Arc<Shared> {
        &self.shared
    }

    #[expect(clippy::expect_used, reason = "taken in drop only")]
    pub(crate) fn call(&self) -> &Call {
        self.call.as_deref().expect("a record has its call until it is dropped")
    }

    #[expect(clippy::expect_used, reason = "taken in drop only")]
    pub(crate) fn call_mut(&mut self) -> &mut Call {
        self.call.as_deref_mut().expect("a record has its call until it is dropped")
    }
}

impl Drop for Record {
    fn drop(&mut self) {
        let Some(mut call) = self.call.take() else { return };
        call.ended = Instant::now();
        if call.holds_tap {
            // Whatever ended the handshake early: the tap must not wait for ever.
            call.link.set_upgrade(Upgrade::Declined);
        }
        call.request_lease = None;
        call.turn = None;
        call.link.end(call.ended, call.answer_by);
        call.close_recording();
        self.shared.metrics.exchange(&call);
        if let Outcome::Aborted = call.outcome {
            self.shared.metrics.aborted.inc();
        }
        if let Some(log) = &self.shared.access_log {
            log.write(&call);
        }
        let finished = Finished::new(call);
        finished.call().snapshot.policies.logging(&finished);
        if let Some(replay) = &finished.call().link.peer.replay {
            replay.ended(finished.call());
        }
        if self.shared.handover.is_wanted() {
            self.shared.handover.give(Handed::Finished(finished));
        }
    }
}
