//! Which response answers which request, and what a connection goes on with.

use super::{
    super::{
        Event, Loss,
        message::{Answer, Answered, Env, Side, exchange},
    },
    Http1, Reading, Switch,
    head::{Framing, framing, has_word},
};

impl Http1 {
    /// A response whose head is there.
    pub(super) fn answered(&mut self, answered: Answered, env: &mut Env<'_>) {
        if (100..200).contains(&answered.status) && answered.status != 101 {
            // Another one follows (RFC 9110 §15.2).
            return;
        }
        let at = self.asker(&answered, env);
        self.answered_at = answered.message.start.packet;
        let method = at.and_then(|at| self.pairs.get(at)).map(|pair| pair.asked.method.as_str());
        let is_connect = method == Some("CONNECT");
        let is_bodyless = method == Some("HEAD") || matches!(answered.status, 101 | 204 | 304);
        let is_tunnel = is_connect && (200..300).contains(&answered.status);
        let framing = match framing(&answered.message.headers, false) {
            _ if is_bodyless || is_tunnel => Framing::Length(0),
            framing => framing,
        };
        self.kept += answered.message.kept();
        match at.and_then(|at| self.pairs.get_mut(at)) {
            Some(pair) => pair.answered = Some(answered),
            None => {
                env.lost(Loss::ResponseAlone);
                self.alone = Some(answered);
            }
        }
        self.halves[1].reading = match framing {
            Framing::Length(length) => Reading::Body(length),
            Framing::Chunked => Reading::ChunkLine,
            Framing::Close | Framing::Unclear => Reading::UntilClose,
        };
    }

    /// Where requests went before that nobody can read, and a client does not wait for answers, none can
    /// be told to be for one of those that can, and none to be missing.
    pub(super) fn doubt(&mut self, env: &mut Env<'_>) {
        self.is_pipelined |= env.ends.is_eager;
        let is_behind_loss = self.is_pipelined && self.halves[0].has_gap;
        if !env.ends.has_unseen && !is_behind_loss {
            return;
        }
        for pair in self.pairs.iter_mut().filter(|pair| !pair.is_done && pair.answered.is_none()) {
            pair.is_done = true;
            env.lost(Loss::AnswerMissed);
        }
    }

    /// The request that a response answers.
    fn asker(&mut self, answered: &Answered, env: &mut Env<'_>) -> Option<usize> {
        self.doubt(env);
        let is_sure = env.ends.is_whole && !self.halves[0].has_gap && !self.is_unsure;
        let response = answered.message.start.packet;
        if is_sure {
            let next = self.pairs.iter().filter(|pair| !pair.is_done).nth(1);
            let is_early = next.is_some_and(|next| next.asked.message.start.packet < response);
            self.is_pipelined |= is_early;
            return self.pairs.iter().position(|pair| !pair.is_done);
        }
        let is_before = |packet: u64| packet <= response;
        let open = self.pairs.iter().filter(|pair| !pair.is_done);
        let count = open.take_while(|pair| is_before(pair.asked.message.start.packet)).count();
        let first = self.pairs.iter().position(|pair| !pair.is_done)?;
        if count == 0 {
            return None;
        }
        if !self.is_unsure {
            return Some(first);
        }
        self.is_unsure = false;
        // Behind a gap: all before the last were answered in it, if each waited for its answer.
        let passed = if self.is_pipelined { count } else { count - 1 };
        for pair in self.pairs.iter_mut().skip(first).take(passed) {
            pair.is_done = true;
            env.lost(Loss::AnswerMissed);
        }
        self.emit_done(env);
        if self.is_pipelined {
            // Those that follow cannot be told apart either until all are answered.
            self.is_unsure = !self.pairs.is_empty();
            return None;
        }
        self.pairs.iter().position(|pair| !pair.is_done)
    }

    /// The message that is read is whole, or as whole as it gets.
    pub(super) fn finish(&mut self, side: Side, then: Reading, env: &mut Env<'_>) {
        self.halves[side.index()].reading = then;
        match side {
            Side::Client => {
                if let Some(pair) = self.pairs.back_mut() {
                    pair.is_asked = true;
                    let headers = &pair.asked.message.headers;
                    let is_upgrade = headers.contains("upgrade")
                        && has_word(headers, "connection", "upgrade")
                        || pair.asked.method == "CONNECT";
                    if is_upgrade && !pair.is_done && then == Reading::Head {
                        self.halves[0].reading = Reading::Undecided;
                    }
                }
            }
            Side::Server => {
                if let Some(alone) = self.alone.take() {
                    self.kept = self.kept.saturating_sub(alone.message.kept());
                } else if let Some(at) = self.pairs.iter().position(|pair| !pair.is_done) {
                    self.decide(at, env);
                }
            }
        }
        self.emit_done(env);
    }

    /// A response is whole: does the connection go on as it was?
    fn decide(&mut self, at: usize, env: &mut Env<'_>) {
        let Some(pair) = self.pairs.get_mut(at) else { return };
        pair.is_done = true;
        let Some(answered) = &pair.answered else { return };
        let is_connect =
            pair.asked.method == "CONNECT" && matches!(answered.status, 101 | 200..=299);
        if !is_connect && answered.status != 101 {
            if self.halves[0].reading == Reading::Undecided && at + 1 == self.pairs.len() {
                self.halves[0].reading = Reading::Head;
            }
            return;
        }
        // What was asked before is answered by now.
        let mut before = self.pairs.split_off(at);
        std::mem::swap(&mut before, &mut self.pairs);
        for pair in before {
            self.out(pair, env);
        }
        let Some(pair) = self.pairs.pop_front() else { return };
        for pair in std::mem::take(&mut self.pairs) {
            self.out(pair, env);
        }
        let Some(answered) = pair.answered else { return };
        let upgrade = |word| has_word(&answered.message.headers, "upgrade", word);
        self.switch = Some(if is_connect {
            env.lost(Loss::TunnelOpened);
            Switch::Tunnel
        } else if upgrade("websocket") {
            Switch::WebSocket(Box::new((pair.asked, answered)))
        } else if upgrade("h2c") {
            Switch::Http2(Box::new(pair.asked))
        } else {
            let exchange = exchange(env.ends, pair.asked, Answer::Given(answered));
            env.out.push_back(Event::Exchange(Box::new(exchange)));
            Switch::Opaque
        });
    }

    pub(super) fn emit_done(&mut self, env: &mut Env<'_>) {
        while self.pairs.front().is_some_and(|pair| pair.is_done && pair.is_asked) {
            if let Some(pair) = self.pairs.pop_front() {
                self.out(pair, env);
            }
        }
    }

    /// HTTP/0.9 answers with the document alone, until the connection closes.
    pub(super) fn simple_answer(&mut self, env: &mut Env<'_>) -> bool {
        env.lost(Loss::HeadMalformed);
        self.halves[1].buffer.clear();
        self.halves[1].reading = Reading::Searching;
        true
    }
}
