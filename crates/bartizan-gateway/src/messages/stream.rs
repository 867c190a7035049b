//! A body whose messages are looked at: what came goes in, what may go on comes out.

use std::{collections::VecDeque, sync::Arc, task::Context, time::Duration};

use bytes::Bytes;
use http::{HeaderMap, StatusCode};
use http_body::Frame;
use tokio::time::Instant;

use super::{
    MessageWatch, Watching,
    framer::{Framer, Taken},
    halt::Halt,
    text::{Text, encode},
};
use crate::{
    body::prefix::Prefix,
    budget::{Budget, ClientPlace},
    phases::Reply,
};

/// Most messages that are looked at before others have the thread.
const BATCH: u32 = 128;

/// What comes out.
#[derive(Debug)]
pub(crate) enum Next {
    Data(Bytes),
    Trailers(HeaderMap),
    /// The body is over.
    End,
    /// The call is not let through any further.
    Stopped(Box<Reply>),
}

/// Where messages are held, and for how long.
pub(crate) struct Room {
    pub(crate) budget: Arc<Budget>,
    pub(crate) place: ClientPlace,
    /// Longest time from the beginning of a message to its end; `None` for any.
    pub(crate) time: Option<Duration>,
}

/// A body whose messages are looked at.
pub(crate) struct Watched {
    framer: Framer,
    /// Reads base64; what goes on is written as such again, piece by piece.
    text: Option<Text>,
    /// It was no base64: from here on it goes on as it comes.
    is_raw: bool,
    watch: Box<dyn MessageWatch>,
    /// What may go on.
    out: VecDeque<Prefix>,
    trailers: Option<HeaderMap>,
    /// Whether all of the body has come.
    is_over: bool,
    /// Whether all of it is on its way.
    is_done: bool,
    /// Messages that were looked at without a pause.
    looked: u32,
    time: Option<Duration>,
    /// When the message that has begun must be whole.
    due: Option<Instant>,
    halt: Arc<Halt>,
}

impl Watched {
    /// `halt`: told when the call is ended.
    pub(crate) fn new(watching: Watching, room: Room, halt: Arc<Halt>) -> Self {
        let Watching { watch, spoken } = watching;
        let Room { budget, place, time } = room;
        Self {
            framer: Framer::new(watch.most(), spoken.is_web, budget, place),
            text: spoken.is_text.then(Text::default),
            is_raw: false,
            watch,
            out: VecDeque::new(),
            trailers: None,
            is_over: false,
            is_done: false,
            looked: 0,
            time,
            due: None,
            halt,
        }
    }

    /// Takes in what came (`None`: it is over), when there is [nothing more](Self::next) of what came before. `is_last`:
    /// nothing comes behind it.
    pub(crate) fn take(&mut self, frame: Option<Frame<Bytes>>, is_last: bool) {
        self.is_over = is_last || frame.is_none();
        let Some(frame) = frame else { return };
        match frame.into_data() {
            Ok(data) => self.data(data),
            Err(frame) => {
                self.trailers = frame.into_trailers().ok();
                self.is_over = true;
            }
        }
    }

    fn data(&mut self, data: Bytes) {
        let Some(text) = self.text.as_mut().filter(|_| !self.is_raw) else {
            return self.framer.push(data);
        };
        match text.decode(&data) {
            Ok(bytes) => self.framer.push(bytes.into()),
            Err(raw) => self.broken_text(raw),
        }
    }

    /// Goes on with what is no base64, as it was sent.
    fn broken_text(&mut self, raw: Bytes) {
        let taken = self.framer.give_up();
        self.look(taken);
        self.is_raw = true;
        self.framer.push(raw);
    }

    /// What may go on; `None` when more has to come.
    pub(crate) fn next(&mut self) -> Option<Next> {
        loop {
            if let Some(reply) = self.halt.reply() {
                self.out.clear();
                self.is_done = true;
                return Some(Next::Stopped(reply));
            }
            while let Some(out) = self.out.front_mut() {
                if let Some(data) = out.next() {
                    return Some(Next::Data(data));
                }
                self.out.pop_front();
            }
            if let Some(taken) = self.framer.next() {
                self.look(taken);
                continue;
            }
            if !self.is_over {
                self.wait();
                if self.is_late() {
                    let title = "a message did not arrive in time";
                    let status = StatusCode::REQUEST_TIMEOUT;
                    self.halt.stop(Box::new(Reply::problem(status, "body-timeout", title)));
                    continue;
                }
                return None;
            }
            if let Some(taken) = self.framer.end() {
                self.look(taken);
            } else if let Some(begun) = self.begun_text() {
                self.broken_text(begun);
            } else {
                self.is_done = true;
                return Some(self.trailers.take().map_or(Next::End, Next::Trailers));
            }
        }
    }

    /// Whether others are to have the thread first, after which it goes on at once.
    pub(crate) fn gives_way(&mut self, cx: &Context<'_>) -> bool {
        if self.looked < BATCH {
            return false;
        }
        self.looked = 0;
        cx.waker().wake_by_ref();
        true
    }

    /// A text that ends within a group.
    fn begun_text(&mut self) -> Option<Bytes> {
        let text = self.text.as_mut().filter(|text| text.is_within() && !self.is_raw)?;
        Some(text.take_begun())
    }

    /// Shows what was taken out of the body, and lets it go on when nobody has anything against it.
    fn look(&mut self, taken: Taken) {
        let Taken { bytes, lease, piece } = taken;
        self.due = None;
        self.looked += u32::from(piece.is_some());
        if let Some(reply) = piece.and_then(|piece| self.watch.look(piece)) {
            self.halt.stop(reply);
            return;
        }
        if bytes.is_empty() {
            return;
        }
        let is_text = self.text.is_some() && !self.is_raw;
        let bytes = if is_text { encode(&bytes) } else { bytes };
        self.out.push_back(match lease {
            Some(lease) => Prefix::new(bytes, lease),
            None => Prefix::unheld(bytes),
        });
    }

    fn wait(&mut self) {
        self.looked = 0;
        if let Some(time) = self.time.filter(|_| self.framer.is_within()) {
            self.due.get_or_insert_with(|| Instant::now() + time);
        }
    }

    fn is_late(&self) -> bool {
        self.due.is_some_and(|due| due <= Instant::now())
    }

    /// When the message that has begun must be whole.
    pub(crate) fn due(&self) -> Option<Instant> {
        self.due
    }

    /// Whether all of the body is on its way.
    pub(crate) fn is_done(&self) -> bool {
        self.is_done
    }

    /// What the other direction knows too.
    pub(crate) fn halt(&self) -> &Arc<Halt> {
        &self.halt
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        budget::Bound,
        messages::{Piece, Spoken},
    };

    /// Has something against messages that begin with `!`, and against what is broken.
    struct Picky(Vec<Piece>);

    impl MessageWatch for Picky {
        fn most(&self) -> usize {
            1_000
        }

        fn look(&mut self, piece: Piece) -> Option<Box<Reply>> {
            self.0.push(piece.clone());
            let is_fine = match piece {
                Piece::Message { data, .. } => !data.starts_with(b"!"),
                Piece::Trailers => true,
                Piece::Broken => false,
            };
            let reply = || Box::new(Reply::problem(StatusCode::FORBIDDEN, "no", "no"));
            (!is_fine).then(reply)
        }
    }

    fn watched(is_text: bool) -> Watched {
        watched_for(is_text, Duration::from_secs(5))
    }

    fn watched_for(is_text: bool, time: Duration) -> Watched {
        let spoken = Spoken { is_web: is_text, is_text, is_protobuf: true };
        let budget = Budget::new(1_000, 1_000, [Bound::Bytes, Bound::BytesOfClient]);
        let place = ClientPlace::of(std::net::Ipv4Addr::LOCALHOST.into());
        let room = Room { budget, place, time: Some(time) };
        let watching = Watching { watch: Box::new(Picky(Vec::new())), spoken };
        Watched::new(watching, room, Arc::default())
    }

    fn frame(message: &[u8]) -> Vec<u8> {
        let length = u8::try_from(message.len()).expect("short");
        [&[0, 0, 0, 0, length][..], message].concat()
    }

    fn data(bytes: &[u8]) -> Option<Frame<Bytes>> {
        Some(Frame::data(Bytes::copy_from_slice(bytes)))
    }

    /// What comes out until more has to come or it ends: data, and how it ended.
    fn out(watched: &mut Watched) -> (Vec<u8>, &'static str) {
        let mut all = Vec::new();
        loop {
            match watched.next() {
                Some(Next::Data(data)) => all.extend_from_slice(&data),
                Some(Next::Trailers(_)) => return (all, "trailers"),
                Some(Next::End) => return (all, "end"),
                Some(Next::Stopped(_)) => return (all, "stopped"),
                None => return (all, "more"),
            }
        }
    }

    #[tokio::test]
    async fn messages_go_on_as_soon_as_they_are_whole() {
        let mut watched = watched(false);
        watched.take(data(&[frame(b"one"), frame(b"two")[..6].to_vec()].concat()), false);
        assert_eq!(out(&mut watched), (frame(b"one"), "more"), "one does not wait for two");
        assert!(watched.due().is_some() && !watched.is_done());
        watched.take(data(b"wo"), false);
        assert_eq!(out(&mut watched), (frame(b"two"), "more"));
        assert!(watched.due().is_none());
        watched.take(Some(Frame::trailers(HeaderMap::new())), true);
        assert_eq!(out(&mut watched), (vec![], "trailers"));
        assert!(watched.is_done());
    }

    #[tokio::test]
    async fn what_is_refused_does_not_go_on_and_ends_the_call() {
        let mut watched = watched(false);
        watched.take(data(&frame(b"one")), false);
        assert_eq!(out(&mut watched), (frame(b"one"), "more"));
        watched.take(data(&[frame(b"!two"), frame(b"three")].concat()), false);
        assert_eq!(out(&mut watched), (vec![], "stopped"));
        assert_eq!(out(&mut watched), (vec![], "stopped"), "for good");
        assert_eq!(watched.halt().reply().map(|reply| reply.code), Some("no"));
    }

    #[tokio::test]
    async fn the_half_of_a_message_is_no_message() {
        for is_last in [true, false] {
            let mut watched = watched(false);
            watched.take(data(&frame(b"one")[..6]), is_last);
            if !is_last {
                assert_eq!(out(&mut watched), (vec![], "more"));
                watched.take(None, true);
            }
            assert_eq!(out(&mut watched), (vec![], "stopped"));
        }
        let mut empty = watched(false);
        empty.take(None, true);
        assert_eq!(out(&mut empty), (vec![], "end"));
    }

    #[tokio::test]
    async fn a_message_has_so_much_time() {
        let mut watched = watched_for(false, Duration::from_millis(300));
        watched.take(data(b"\0\0\0\0\x09a"), false);
        assert_eq!(out(&mut watched).1, "more");
        let due = watched.due().expect("it has begun");
        tokio::time::sleep(Duration::from_millis(50)).await;
        watched.take(data(b"b"), false);
        out(&mut watched);
        assert_eq!(watched.due(), Some(due), "drops do not lengthen it");
        tokio::time::sleep_until(due).await;
        watched.take(data(b"c"), false);
        assert_eq!(out(&mut watched).1, "stopped");
        assert_eq!(watched.halt().reply().map(|reply| reply.status.as_u16()), Some(408));
    }

    #[tokio::test]
    async fn texts_are_looked_at_too() {
        let mut watched = watched(true);
        let both = encode(&[frame(b"one"), frame(b"two")].concat());
        watched.take(data(&both[..13]), false);
        assert_eq!(out(&mut watched), (encode(&frame(b"one")).to_vec(), "more"));
        watched.take(data(&both[13..]), false);
        assert_eq!(out(&mut watched), (encode(&frame(b"two")).to_vec(), "more"));
        watched.take(data(&encode(&frame(b"!"))), true);
        assert_eq!(out(&mut watched), (vec![], "stopped"));
        for odd in [&b"{\"a\": 1}"[..], b"YQ"] {
            let mut watched = self::watched(true);
            watched.take(data(odd), true);
            assert_eq!(out(&mut watched), (vec![], "stopped"), "{odd:?}");
        }
    }
}
