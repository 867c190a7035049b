//! Heads of messages as they come.

use super::{
    super::{
        Loss, Stamp,
        message::{Asked, Env, Side},
    },
    Http1, Pair, Reading, UNDECIDED,
    head::{self, Framing, Looks},
};

impl Http1 {
    /// Takes a head; false when there must be more bytes for it.
    pub(super) fn head(&mut self, side: Side, is_forced: bool, env: &mut Env<'_>) -> bool {
        let half = &mut self.halves[side.index()];
        half.buffer.pass(head::blank(half.buffer.bytes()));
        let bytes = half.buffer.bytes();
        if bytes.is_empty() {
            return false;
        }
        if side == Side::Server && self.pairs.iter().all(|pair| pair.is_done) && !is_forced {
            // The request may still come: it waits itself, or the capture is a little out of order.
            let client = &self.halves[0];
            let is_orderly = env.ends.is_whole && !client.has_gap && !client.is_ended;
            let may_come = env.waits[0] || is_orderly;
            if may_come && self.halves[1].buffer.bytes().len() < UNDECIDED {
                return false;
            }
        }
        let is_simple = side == Side::Server && self.is_simple();
        let half = &mut self.halves[side.index()];
        let bytes = half.buffer.bytes();
        let line_end = memchr::memchr(b'\n', bytes);
        let looks = head::looks(bytes);
        let is_other = match side {
            Side::Client => !matches!(looks, Looks::Request | Looks::Unclear),
            Side::Server => !matches!(looks, Looks::Response | Looks::Unclear),
        };
        if is_other && is_simple {
            return self.simple_answer(env);
        }
        if is_other || (looks == Looks::Unclear && line_end.is_some()) {
            env.lost(Loss::HeadMalformed);
            half.buffer.next_piece();
            self.search(side);
            return true;
        }
        if side == Side::Client
            && let Some(end) = line_end
            && let Some(line) = bytes.get(..end).and_then(head::request_line)
            && line.is_simple
            && matches!(bytes.get(end + 1..), None | Some([] | [b'\r' | b'\n', ..]))
        {
            let (start, last) = half.buffer.stamps(end + 1);
            half.buffer.pass(end + 1);
            self.asked(line.asked, start, last, Framing::Length(0), env);
            return true;
        }
        let Some(end) = head::end(bytes, half.buffer.scanned()) else {
            half.buffer.set_scanned();
            if half.buffer.bytes().len() > env.limits.head_bytes {
                env.lost(Loss::HeadTooLarge);
                half.buffer.next_piece();
                self.search(side);
                return true;
            }
            return false;
        };
        self.whole_head(side, end, env);
        true
    }

    fn whole_head(&mut self, side: Side, end: usize, env: &mut Env<'_>) {
        let half = &mut self.halves[side.index()];
        let (start, last) = half.buffer.stamps(end);
        let (bytes, _) = half.buffer.take(end);
        let line_end = memchr::memchr(b'\n', bytes).unwrap_or(bytes.len());
        let (line, rest) = bytes.split_at(line_end);
        let fields = head::fields(rest, env.limits.head_fields);
        let size = bytes.len();
        let (request, status) = match side {
            Side::Client => (head::request_line(line), None),
            Side::Server => (None, head::status_line(line)),
        };
        if fields.is_cut {
            env.lost(Loss::HeadTooLarge);
        }
        if fields.is_malformed || (request.is_none() && status.is_none()) {
            env.lost(Loss::HeadMalformed);
        }
        if let Some(mut line) = request {
            let framing = head::framing(&fields.headers, true);
            if line.asked.authority.is_empty() {
                let host = fields.headers.get("host").unwrap_or("");
                line.asked.authority = host.trim().to_lowercase();
            }
            line.asked.message.headers = fields.headers;
            line.asked.message.head_bytes = size;
            self.asked(line.asked, start, last, framing, env);
        } else if let Some(mut answered) = status {
            answered.message.headers = fields.headers;
            answered.message.head_bytes = size;
            answered.message.start = start;
            answered.message.last = last;
            self.answered(answered, env);
        } else {
            self.search(side);
        }
    }

    /// A request whose head is there.
    fn asked(
        &mut self,
        mut asked: Asked,
        start: Stamp,
        last: Stamp,
        framing: Framing,
        env: &mut Env<'_>,
    ) {
        (asked.message.start, asked.message.last) = (start, last);
        self.kept += asked.message.kept();
        if self.pairs.len() >= env.limits.open_requests
            && let Some(pair) = self.pairs.pop_front()
        {
            env.lost(Loss::PipelineTooLong);
            self.is_unsure = true;
            self.out(pair, env);
        }
        // It was sent before the answer to the one before it came; one between them may be lost.
        self.is_pipelined |= start.packet < self.answered_at;
        self.pairs.push_back(Pair { asked, is_asked: false, answered: None, is_done: false });
        self.doubt(env);
        self.halves[0].reading = match framing {
            Framing::Length(length) => Reading::Body(length),
            Framing::Chunked => Reading::ChunkLine,
            Framing::Close | Framing::Unclear => {
                env.lost(Loss::FramingMalformed);
                self.miss(Side::Client, 0);
                self.finish(Side::Client, Reading::Searching, env);
                self.halves[0].buffer.next_piece();
                self.search(Side::Client);
                return;
            }
        };
    }

    /// Whether the request that waits for an answer is one of HTTP/0.9.
    fn is_simple(&self) -> bool {
        let next = self.pairs.iter().find(|pair| !pair.is_done);
        next.is_some_and(|pair| pair.asked.version == "0.9")
    }
}
