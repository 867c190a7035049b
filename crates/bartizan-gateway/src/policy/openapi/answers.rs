//! Answers: status, media type, header fields, body.

use super::{
    Asked, BodyView, Checked, Contract, HeaderName, HeaderValue, Method, Readings, Refusal, Sent,
    StatusCode, Stop, Undocumented,
    head::Head,
    media::{Media, documented},
    operation::Answer,
    parameter, response,
    routes::Found,
    thread_nanos,
};

impl Contract {
    /// What follows for an answer; `None` when nothing is documented about it, which the request was counted for.
    pub(in crate::policy) fn answer(
        &self,
        asked: &Asked<'_>,
        response: &response::Parts,
        body: BodyView<'_>,
        readings: &mut Readings,
    ) -> Option<Checked> {
        let query = asked.uri.query().unwrap_or("");
        let Found::Operation { index, .. } =
            self.routes.find(asked.method.as_str(), asked.uri.path(), query)
        else {
            return self.beside.as_ref()?.answer(asked, response, body, readings);
        };
        if self.doubts.of(index) {
            return None;
        }
        let operation = self.operation(index)?;
        let Some(answer) = operation.answer(response.status.as_u16()) else {
            let reason = "undocumented-status";
            return Some(match self.config.undocumented.statuses {
                Undocumented::Refuse => Err(refusal(reason)),
                Undocumented::Pass => Ok(Some(reason)),
            });
        };
        Some(self.fits(answer, asked.method, response, body, readings))
    }

    fn fits(
        &self,
        answer: &Answer,
        method: &Method,
        response: &response::Parts,
        body: BodyView<'_>,
        readings: &mut Readings,
    ) -> Checked {
        let until = thread_nanos() + self.amount.nanos;
        let fields: Vec<_> = response.headers.iter().collect();
        let open = self.fields(answer, fields.clone(), until)?;
        let is_bare = *method == Method::HEAD
            || response.status.is_informational()
            || [StatusCode::NO_CONTENT, StatusCode::NOT_MODIFIED].contains(&response.status);
        if is_bare {
            return Ok(open);
        }
        Ok(open.or(self.answer_body(answer, &fields, body, readings, until)?))
    }

    fn fields(
        &self,
        answer: &Answer,
        fields: Vec<(&HeaderName, &HeaderValue)>,
        until: u64,
    ) -> Checked {
        let parameters = &answer.head.parameters;
        if parameters.is_empty() {
            return Ok(None);
        }
        let Some(head) = Head::new(Vec::new(), "", fields) else { return Ok(Some("not-readable")) };
        let written =
            parameter::write(parameters, &head).map_err(|wrong| refusal(wrong.keyword))?;
        let compiled = answer.head.part(self.with(true));
        settle(self.compare_written(written, &compiled, until))
    }

    fn answer_body(
        &self,
        answer: &Answer,
        fields: &[(&HeaderName, &HeaderValue)],
        body: BodyView<'_>,
        readings: &mut Readings,
        until: u64,
    ) -> Checked {
        let BodyView::Whole(bytes) = body else { return Ok(Some("body-not-held")) };
        if bytes.is_empty() {
            // An empty text is one; anything else that is documented is missing.
            let is_missing = !answer.bodies.is_empty();
            return if is_missing { Err(refusal("no-body")) } else { Ok(None) };
        }
        let media = Media::of(fields.iter().copied());
        let found = media.and_then(|media| Some((documented(&answer.bodies, &media)?, media)));
        let Some((documented, media)) = found else {
            let reason = if answer.bodies.is_empty() {
                "undocumented-body"
            } else {
                "undocumented-content-type"
            };
            return match self.config.undocumented.content_types {
                Undocumented::Refuse => Err(refusal(reason)),
                Undocumented::Pass => Ok(Some(reason)),
            };
        };
        settle(self.compare_body(documented, &Sent { fields, media, bytes }, readings, true, until))
    }
}

/// What cannot be compared passes: the client has done nothing wrong.
fn settle(compared: Result<Option<&'static str>, Stop>) -> Checked {
    match compared {
        Ok(reason) => Ok(reason),
        Err(Stop::Ended(reason)) => Ok(Some(reason)),
        Err(Stop::Unreadable) => Ok(Some("not-readable")),
        Err(Stop::Misfit("falseSchema", _)) => Err(refusal("writeOnly")),
        Err(Stop::Misfit(keyword, _)) => Err(refusal(keyword)),
    }
}

/// The client is told nothing of why.
fn refusal(reason: &'static str) -> Refusal {
    let title = "the service answered what its specification does not allow; the id tells whoever runs it what";
    Refusal::deny(StatusCode::BAD_GATEWAY, "contract-broken", title).because(reason)
}
