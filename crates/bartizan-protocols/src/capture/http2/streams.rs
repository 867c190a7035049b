//! Streams of a connection: which fields and bodies belong together.

use std::collections::BTreeMap;

use super::{
    super::{
        Event, Loss, Stamp,
        hpack::List,
        message::{Answer, Answered, Asked, Env, Message, Side, exchange},
    },
    Block, Http2, LATE, Open,
    fields::Section,
    grpc,
};

impl Http2 {
    /// A list of fields: the head of a message, or its trailers.
    pub(super) fn section(
        &mut self,
        side: Side,
        block: &Block,
        list: List,
        at: Stamp,
        env: &mut Env<'_>,
    ) {
        let is_partial = list.is_missing || list.is_cut;
        let size =
            list.fields.iter().map(|(name, value)| name.len() + value.len() + LATE).sum::<usize>();
        let section = Section::new(list.fields);
        let open = self.streams.get_mut(&block.of);
        match (side, open) {
            (Side::Client, Some(open)) => open.asked.message.trailers = section.headers,
            (Side::Client, None) => {
                let Some(mut asked) = section.asked(is_partial) else {
                    // What is missing was counted.
                    if !is_partial {
                        env.lost(Loss::HeadMalformed);
                    }
                    return;
                };
                (asked.message.start, asked.message.last) = (block.start, at);
                asked.message.head_bytes = size;
                self.kept += asked.message.kept();
                self.open(block.of, asked, env);
            }
            (Side::Server, Some(open)) => match (&mut open.answered, section.status) {
                (_, Some(100..=199)) => {}
                (None, Some(status)) => {
                    let mut answered = Answered { status, message: Message::default() };
                    answered.message.headers = section.headers;
                    (answered.message.start, answered.message.last) = (block.start, at);
                    answered.message.head_bytes = size;
                    self.kept += size;
                    open.answered = Some(answered);
                }
                (Some(answered), _) => {
                    answered.message.trailers = section.headers;
                    answered.message.last = at;
                }
                (None, None) if is_partial => {}
                (None, None) => env.lost(Loss::HeadMalformed),
            },
            (Side::Server, None) if section.status.is_some() => env.lost(Loss::ResponseAlone),
            // The trailers of a response that was counted.
            (Side::Server, None) => {}
        }
    }

    pub(super) fn open(&mut self, stream: u32, asked: Asked, env: &mut Env<'_>) {
        if self.streams.len() >= env.limits.open_requests
            && let Some((_, open)) = self.streams.pop_first()
        {
            env.lost(Loss::Http2TooMany);
            self.out(open, Answer::Unknown, env);
        }
        let open = Open { asked, is_asked: false, answered: None, is_done: false };
        self.streams.insert(stream, open);
    }

    /// One side of a stream is whole.
    pub(super) fn ended(&mut self, side: Side, stream: u32, at: Stamp, env: &mut Env<'_>) {
        let Some(open) = self.streams.get_mut(&stream) else { return };
        match side {
            Side::Client => open.is_asked = true,
            Side::Server => {
                open.is_done = true;
                if let Some(answered) = &mut open.answered {
                    answered.message.last = at;
                }
            }
        }
        if open.is_asked
            && open.is_done
            && let Some(open) = self.streams.remove(&stream)
        {
            self.out(open, Answer::Unknown, env);
        }
    }

    /// A stream is given up by one of the ends.
    pub(super) fn reset(&mut self, stream: u32, at: Stamp, env: &mut Env<'_>) {
        let Some(mut open) = self.streams.remove(&stream) else { return };
        open.asked.message.is_incomplete |= !open.is_asked;
        if let Some(answered) = &mut open.answered {
            answered.message.is_incomplete |= !open.is_done;
            answered.message.last = at;
        }
        self.out(open, Answer::Never, env);
    }

    pub(super) fn out(&mut self, open: Open, otherwise: Answer, env: &mut Env<'_>) {
        let answered = open.answered.as_ref().map_or(0, |answered| answered.message.kept());
        self.kept = self.kept.saturating_sub(open.asked.message.kept() + answered);
        if open.asked.method == "CONNECT" {
            env.lost(Loss::TunnelOpened);
            return;
        }
        let is_grpc = open.asked.message.headers.media_type().starts_with("application/grpc");
        let messages = match is_grpc {
            true => grpc::messages(&open.asked, open.answered.as_ref(), env),
            false => Vec::new(),
        };
        let answer = open.answered.map_or(otherwise, Answer::Given);
        let mut exchange = exchange(env.ends, open.asked, answer);
        exchange.protocol = is_grpc.then(|| "grpc".to_owned());
        exchange.messages = messages;
        env.out.push_back(Event::Exchange(Box::new(exchange)));
    }
}

/// The message whose body a stream carries.
pub(super) fn message(
    streams: &mut BTreeMap<u32, Open>,
    side: Side,
    stream: u32,
) -> Option<&mut Message> {
    let open = streams.get_mut(&stream)?;
    match side {
        Side::Client => Some(&mut open.asked.message),
        Side::Server => open.answered.as_mut().map(|answered| &mut answered.message),
    }
}
