//! That a call is ended from here, which both of its directions have to know: the one that goes to the upstream is
//! reset, the one that goes to the client ends with a status.

use std::{
    sync::{Mutex, MutexGuard, PoisonError},
    task::{Context, Waker},
};

use crate::phases::Reply;

/// A direction of a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Side {
    Request = 0,
    Response = 1,
}

#[derive(Debug, Default)]
struct State {
    reply: Option<Box<Reply>>,
    waiting: [Option<Waker>; 2],
}

/// Whether a call was ended, and why.
#[derive(Debug, Default)]
pub(crate) struct Halt(Mutex<State>);

impl Halt {
    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Ends the call. The first reason counts.
    pub(crate) fn stop(&self, reply: Box<Reply>) {
        let mut state = self.state();
        state.reply.get_or_insert(reply);
        let waiting = std::mem::take(&mut state.waiting);
        drop(state);
        waiting.into_iter().flatten().for_each(Waker::wake);
    }

    /// Why it was ended.
    pub(crate) fn reply(&self) -> Option<Box<Reply>> {
        self.state().reply.clone()
    }

    /// Why it was ended; else a direction is woken when it is.
    pub(crate) fn poll(&self, side: Side, cx: &Context<'_>) -> Option<Box<Reply>> {
        let mut state = self.state();
        if state.reply.is_none() {
            let waiting = &mut state.waiting[side as usize];
            if !waiting.as_ref().is_some_and(|waker| waker.will_wake(cx.waker())) {
                *waiting = Some(cx.waker().clone());
            }
        }
        state.reply.clone()
    }
}
