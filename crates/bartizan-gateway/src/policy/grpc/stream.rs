//! Messages of a call that goes on, each asked about before it does: by the policies for gRPC, and by detectors where
//! the client sent it.

use std::sync::{Arc, Mutex, PoisonError};

use bartizan_analysis::judge::RequestJudgement;
use bartizan_model::{
    BodyState, Exchange, LimitName, Message, Request, Side,
    limits::{NotInspected, NotInspectedReason},
};
use bartizan_protocols::expand;
use bytes::Bytes;
use http::response;

use super::{
    super::{
        detectors::{Detectors, pace, thread_nanos},
        inspection::JudgedHandshake,
        pass::Stage,
        reading::{fields, media_type},
        record::{Applied, Decisions, Refusal},
    },
    ENCODING, Form, Grpc, answer_coding, answer_type, coding_of,
    messages::{Counted, Said, limits},
    method, of_answer, spoken,
};
use crate::{
    call::Call,
    messages::{MessageWatch, Piece, Spoken, Watching},
    phases::Reply,
};

/// What was decided about the messages of a call, in both directions: each reason of each policy once, however many
/// messages there are.
#[derive(Clone, Debug, Default)]
struct OfMessages(Arc<Mutex<Vec<Applied>>>);

impl OfMessages {
    fn keep(&self, decisions: Decisions) {
        if decisions.applied.is_empty() {
            return;
        }
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        for applied in decisions.applied {
            if !all.contains(&applied) {
                all.push(applied);
            }
        }
    }
}

/// Adds what was decided about the messages of a call to what was decided about its head.
pub(crate) fn close_streams(call: &mut Call) {
    let Some(kept) = call.extensions().remove::<OfMessages>() else { return };
    let applied = std::mem::take(&mut *kept.0.lock().unwrap_or_else(PoisonError::into_inner));
    let decisions = call.extensions().get_or_insert_default::<Decisions>();
    let fresh: Vec<_> =
        applied.into_iter().filter(|one| !decisions.applied.contains(one)).collect();
    decisions.applied.extend(fresh);
}

/// Who looks at the messages of the answer, when its head is given, or else of the request.
pub(in crate::policy) fn watching(
    stage: &Stage,
    call: &mut Call,
    response: Option<&response::Parts>,
) -> Option<Watching> {
    let from_client = response.is_none();
    let (spoken, coding) = match response {
        Some(response) => (answered(response)?, answer_coding(response)),
        None => (spoken(call)?, coding_of(fields(call, ENCODING))),
    };
    let set = &stage.set;
    let grpc = set.grpc.iter().enumerate().filter(|(_, policy)| {
        stage.is_in(&policy.scope) && (from_client || policy.rule.looks_at_answers())
    });
    let grpc: Vec<_> = grpc.map(|(at, _)| (at, Counted::default())).collect();
    let detectors = set.detectors.iter().enumerate().filter(|_| from_client);
    let detectors = detectors.filter(|(_, policy)| stage.is_in(&policy.scope));
    let detectors: Vec<_> = detectors.map(|(at, _)| at).collect();
    if grpc.is_empty() && detectors.is_empty() {
        return None;
    }
    let of_grpc = grpc.iter().map(|(at, _)| set.grpc[*at].rule.most());
    let of_detectors = detectors.iter().map(|at| set.detectors[*at].rule.bounds.body_bytes());
    let most = of_grpc.chain(of_detectors).max().unwrap_or(0);
    let mut request = Request { method: "POST".to_owned(), ..Request::default() };
    // Only the name of the method: the rest of the head was judged.
    request.target = method(call.uri.path()).map_or_else(String::new, |name| format!("/{name}"));
    request.headers.push("content-type", media_type(call));
    request.body_state = BodyState::Complete;
    let watch = MessageJudge {
        stage: stage.clone(),
        from_client,
        is_protobuf: spoken.is_protobuf,
        method: request.target.trim_start_matches('/').to_owned(),
        coding,
        most,
        grpc,
        detectors,
        head: call.extension::<JudgedHandshake>().cloned().unwrap_or_default(),
        request,
        kept: call.extensions().get_or_insert_default::<OfMessages>().clone(),
    };
    Some(Watching { watch: Box::new(watch), spoken })
}

/// How messages are in an answer of gRPC or gRPC-Web.
fn answered(response: &response::Parts) -> Option<Spoken> {
    if response.headers.contains_key(http::header::CONTENT_ENCODING) {
        return None;
    }
    match super::form(&answer_type(response)?)? {
        Form::Framed(spoken) => Some(spoken),
        _ => None,
    }
}

/// Looks at the messages of one direction of a call.
struct MessageJudge {
    /// The policies that the call began with, and where they apply.
    stage: Stage,
    from_client: bool,
    is_protobuf: bool,
    method: String,
    coding: String,
    most: usize,
    /// The policies for gRPC that apply, by their place in the set.
    grpc: Vec<(usize, Counted)>,
    /// The policies for detectors that apply, the same way.
    detectors: Vec<usize>,
    head: JudgedHandshake,
    /// What messages are parts of.
    request: Request,
    kept: OfMessages,
}

impl MessageWatch for MessageJudge {
    fn most(&self) -> usize {
        self.most
    }

    fn look(&mut self, piece: Piece) -> Option<Box<Reply>> {
        let mut decisions = Decisions::default();
        let plain = self.plain(&piece);
        let refusal = self.rules(&piece, &plain, &mut decisions).or_else(|| {
            let is_asked = !matches!(piece, Piece::Trailers);
            is_asked.then(|| self.detect(&plain, &mut decisions)).flatten()
        });
        self.kept.keep(decisions);
        refusal.map(|refusal| Box::new(refusal.into_reply()))
    }
}

/// What there is of a message to read, and why not all of it.
struct Readable {
    data: Bytes,
    missing: Option<NotInspectedReason>,
}

impl MessageJudge {
    /// A message without its compression, once for all that read it.
    fn plain(&self, piece: &Piece) -> Readable {
        let nothing = |reason| Readable { data: Bytes::new(), missing: Some(reason) };
        match piece {
            Piece::Trailers => Readable { data: Bytes::new(), missing: None },
            Piece::Broken => nothing(NotInspectedReason::Malformed),
            Piece::Message { is_compressed: false, data, length } => {
                let cut = NotInspectedReason::Limit(LimitName::BodyBytes);
                Readable { data: data.clone(), missing: (data.len() < *length).then_some(cut) }
            }
            Piece::Message { data, length, .. } if data.len() < *length => {
                nothing(NotInspectedReason::Limit(LimitName::BodyBytes))
            }
            Piece::Message { data, .. } => {
                let budgets = self.grpc.iter().map(|(at, _)| self.rule(*at).until());
                let detectors = self.detectors.iter().map(|at| &self.stage.set.detectors[*at].rule);
                let detectors = detectors.map(|rule| thread_nanos() + rule.bounds.budget_nanos());
                let until = budgets.chain(detectors).max().unwrap_or(0);
                match expand(&self.coding, data, &limits(self.most), pace(until)) {
                    Ok(data) => Readable { data: data.into(), missing: None },
                    Err(reason) => nothing(reason),
                }
            }
        }
    }

    fn rule(&self, at: usize) -> &Grpc {
        &self.stage.set.grpc[at].rule
    }

    fn rules(
        &mut self,
        piece: &Piece,
        plain: &Readable,
        decisions: &mut Decisions,
    ) -> Option<Refusal> {
        let Self { stage, grpc, method, coding, from_client, is_protobuf, .. } = self;
        let said = Said { method, from_client: *from_client, coding };
        for (at, counted) in grpc {
            let policy = &stage.set.grpc[*at];
            let rule = &policy.rule;
            let checked = match piece {
                Piece::Message { data, length, .. } => {
                    rule.count(said, counted).and_then(|()| match plain.missing {
                        _ if data.len() < *length => rule.cut(*length),
                        Some(reason) => rule.message(said, data.len(), Err(reason), 0),
                        None if *is_protobuf => {
                            rule.message(said, data.len(), Ok(&plain.data), rule.until())
                        }
                        None => rule.other(data.len().max(plain.data.len())),
                    })
                }
                other => rule.unreadable(other),
            };
            let checked = if *from_client { checked } else { checked.map_err(of_answer) };
            let refusal = policy.settle_in(checked, decisions);
            if refusal.is_some() {
                return refusal;
            }
        }
        None
    }

    fn detect(&self, plain: &Readable, decisions: &mut Decisions) -> Option<Refusal> {
        // Of a message without bytes nothing is known that the head does not tell.
        if plain.data.is_empty() && plain.missing.is_none() {
            return None;
        }
        for at in &self.detectors {
            let policy = &self.stage.set.detectors[*at];
            let judged = self.judge(&policy.rule, plain);
            let refusal = policy.settle_in(policy.rule.decide(&judged), decisions);
            if refusal.is_some() {
                return refusal;
            }
        }
        None
    }

    /// What a message is judged as, together with the head of its call.
    fn judge(&self, rule: &Detectors, plain: &Readable) -> RequestJudgement {
        let most = rule.bounds.body_bytes();
        let is_cut = plain.data.len() > most;
        let cut = is_cut.then_some(NotInspectedReason::Limit(LimitName::BodyBytes));
        let mut judged = self.head.known(rule);
        if !plain.data.is_empty() {
            let data = plain.data.slice(..plain.data.len().min(most));
            let said = Message { from_client: true, time: None, data, text: false };
            let request = self.request.clone();
            judged.add(rule.judge(&Exchange {
                request,
                messages: vec![said],
                ..Exchange::default()
            }));
        }
        let missing = plain.missing.into_iter().chain(cut);
        let missing = missing.map(|reason| NotInspected { side: Side::Request, reason });
        judged.not_inspected.extend(missing);
        judged
    }
}
