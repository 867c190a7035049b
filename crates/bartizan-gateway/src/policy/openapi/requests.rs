//! Requests: path and method, then parameters, then the body.

use super::{
    Asked, BodyView, Checked, Contract, HeaderName, HeaderValue, OnGap, Readings, Refusal, Sent,
    StatusCode, Stop, Undocumented,
    head::{Head, Pair, is_common},
    header,
    learned::TOO_LITTLE,
    media::{Media, documented},
    operation::Operation,
    parameter,
    routes::Found,
    thread_nanos,
};
use crate::head::validate::is_alike;

/// Fields in which frameworks look for another method.
const METHOD_FIELDS: [&str; 3] = ["x-http-method-override", "x-http-method", "x-method-override"];
/// Fields in which servers look for another path.
const PATH_FIELDS: [&str; 2] = ["x-original-url", "x-rewrite-url"];
/// The field of a query in which frameworks look for another method.
const METHOD_PARAMETER: &str = "_method";

impl Contract {
    /// What follows for a request.
    pub(in crate::policy) fn request(
        &self,
        asked: &Asked<'_>,
        body: BodyView<'_>,
        readings: &mut Readings,
    ) -> Checked {
        let until = thread_nanos() + self.amount.nanos;
        let query = asked.uri.query().unwrap_or("");
        let (method, path) = (asked.method.as_str(), asked.uri.path());
        let found = self.routes.find(method, path, query);
        if !matches!(found, Found::Operation { .. })
            && let Some(beside) = &self.beside
            && (beside.doubts.is_partial() || beside.knows(method, path, query))
        {
            return beside.request(asked, body, readings);
        }
        let (index, captured) = match found {
            Found::Operation { index, .. } if self.doubts.of(index) => {
                return Ok(Some(TOO_LITTLE));
            }
            Found::Operation { index, captured } => (index, captured),
            _ if self.doubts.is_partial() => return Ok(Some(TOO_LITTLE)),
            Found::Methods(methods) => return self.undocumented_method(&methods),
            Found::Nothing => {
                let title = "nothing is served under this path";
                let refusal = refusal(StatusCode::NOT_FOUND, title).because("undocumented-path");
                return passes(self.config.undocumented.paths, refusal);
            }
        };
        let Some(operation) = self.operation(index) else { return Ok(Some("schema-left-out")) };
        let Some(head) = Head::new(captured, query, asked.fields.clone()) else {
            let title = "query or cookies cannot be read";
            return Err(refusal(StatusCode::BAD_REQUEST, title).because("not-readable"));
        };
        let mut open = self.parameters(operation, &head, until)?;
        open = open.or(self.other_names(operation, &head)?);
        let checked = self.body(operation, &head.fields, body, readings, until)?;
        Ok(open.or(checked))
    }

    fn undocumented_method(&self, methods: &[&str]) -> Checked {
        let title = "the method is not served under this path";
        let mut refusal =
            refusal(StatusCode::METHOD_NOT_ALLOWED, title).because("undocumented-method");
        if let Ok(allowed) = HeaderValue::from_str(&methods.join(", ")) {
            refusal = refusal.with(header::ALLOW, allowed);
        }
        passes(self.config.undocumented.methods, refusal)
    }

    fn parameters(&self, operation: &Operation, head: &Head<'_>, until: u64) -> Checked {
        let title = "a parameter does not fit the specification";
        let refusal = |keyword, place: &str| {
            let detail = format!("{place} fails {keyword}");
            refusal(StatusCode::BAD_REQUEST, title).because(keyword).with_detail(detail)
        };
        let parameters = &operation.head.parameters;
        if parameters.is_empty() {
            return Ok(None);
        }
        let written = parameter::write(parameters, head)
            .map_err(|wrong| refusal(wrong.keyword, &wrong.place))?;
        let compiled = operation.head.part(self.with(false));
        match self.compare_written(written, &compiled, until) {
            Ok(reason) => Ok(reason),
            Err(Stop::Misfit(keyword, place)) => Err(refusal(keyword, &place)),
            Err(Stop::Ended(reason)) => self.beyond(reason),
            Err(Stop::Unreadable) => Err(refusal("not-readable", "a parameter")),
        }
    }

    /// What is there besides the documented parameters.
    fn other_names(&self, operation: &Operation, head: &Head<'_>) -> Checked {
        let switches = self.config.undocumented;
        let is_unused = |pairs: &[Pair<'_>], location| {
            pairs.iter().any(|pair| !pair.is_used.get() && !self.is_key(location, &pair.name))
        };
        let bad = |title, reason| refusal(StatusCode::BAD_REQUEST, title).because(reason);
        let is_known = |name: &str| {
            let mut parameters = operation.head.parameters.iter();
            parameters.any(|one| {
                one.location == bartizan_protocols::spec::ParameterIn::Header
                    && one.name.eq_ignore_ascii_case(name)
            })
        };
        let is_one = |list: &[&str], name: &str| {
            list.iter().any(|known| is_alike(known.as_bytes(), name.as_bytes()))
        };
        let names = |list: &[&str]| {
            head.fields
                .iter()
                .any(|(name, _)| is_one(list, name.as_str()) && !is_known(name.as_str()))
        };
        let mut open = None;
        let has_method =
            head.query.iter().any(|pair| pair.name == METHOD_PARAMETER && !pair.is_used.get());
        if names(&METHOD_FIELDS) || has_method {
            let title = "another method is named than that of the request";
            open = open.or(passes(switches.methods, bad(title, "method-override"))?);
        }
        if names(&PATH_FIELDS) {
            let title = "another path is named than that of the request";
            open = open.or(passes(switches.paths, bad(title, "path-override"))?);
        }
        if switches.query == Undocumented::Refuse && is_unused(&head.query, "query") {
            return Err(bad("a field of the query is not documented", "undocumented-query"));
        }
        if switches.cookies == Undocumented::Refuse && is_unused(&head.cookies, "cookie") {
            return Err(bad("a cookie is not documented", "undocumented-cookie"));
        }
        let is_other = |(name, _): &(&HeaderName, &HeaderValue)| {
            !is_common(name) && !is_known(name.as_str()) && !self.is_key("header", name.as_str())
        };
        if switches.headers == Undocumented::Refuse && head.fields.iter().any(is_other) {
            return Err(bad("a header field is not documented", "undocumented-header"));
        }
        Ok(open)
    }

    /// Whether a name is that of a key that the specification asks for.
    fn is_key(&self, location: &str, name: &str) -> bool {
        let mut schemes = self.document.schemes.iter();
        schemes.any(|one| {
            let is_name = match location {
                "header" => one.parameter.eq_ignore_ascii_case(name),
                _ => one.parameter == name,
            };
            one.location == location && is_name
        })
    }

    fn body(
        &self,
        operation: &Operation,
        fields: &[(&HeaderName, &HeaderValue)],
        body: BodyView<'_>,
        readings: &mut Readings,
        until: u64,
    ) -> Checked {
        let BodyView::Whole(bytes) = body else { return self.unreadable("body-not-held") };
        if bytes.is_empty() {
            let missing =
                refusal(StatusCode::BAD_REQUEST, "a body is needed here").because("no-body");
            return if operation.is_body_required { Err(missing) } else { Ok(None) };
        }
        let media = Media::of(fields.iter().copied());
        let found = media.and_then(|media| Some((documented(&operation.bodies, &media)?, media)));
        let Some((documented, media)) = found else {
            let title = "a body of this media type is not taken here";
            let reason = if operation.bodies.is_empty() {
                "undocumented-body"
            } else {
                "undocumented-content-type"
            };
            let refusal = refusal(StatusCode::UNSUPPORTED_MEDIA_TYPE, title).because(reason);
            return passes(self.config.undocumented.content_types, refusal);
        };
        match self.compare_body(documented, &Sent { fields, media, bytes }, readings, false, until)
        {
            Ok(reason) => Ok(reason),
            Err(Stop::Misfit(keyword, place)) => {
                let keyword = if keyword == "falseSchema" { "readOnly" } else { keyword };
                let place = if place.is_empty() { "the body" } else { &place };
                let title = "the body does not fit the specification";
                let refusal = refusal(StatusCode::UNPROCESSABLE_ENTITY, title).because(keyword);
                Err(refusal.with_detail(format!("{place} fails {keyword}")))
            }
            Err(Stop::Ended(reason)) => self.beyond(reason),
            Err(Stop::Unreadable) => self.unreadable("not-readable"),
        }
    }

    fn beyond(&self, reason: &'static str) -> Checked {
        match self.config.on_budget {
            OnGap::Pass => Ok(Some(reason)),
            OnGap::Refuse => {
                let title = "the request takes more to look at than is given here";
                Err(refusal(StatusCode::PAYLOAD_TOO_LARGE, title).because(reason))
            }
        }
    }

    fn unreadable(&self, reason: &'static str) -> Checked {
        match self.config.on_unreadable {
            OnGap::Pass => Ok(Some(reason)),
            OnGap::Refuse => {
                let title = "the body cannot be read as its media type says";
                Err(refusal(StatusCode::UNSUPPORTED_MEDIA_TYPE, title).because(reason))
            }
        }
    }
}

fn refusal(status: StatusCode, title: &'static str) -> Refusal {
    Refusal::deny(status, "contract-refused", title)
}

/// A refusal, unless that passes: then it counts as not evaluated, for that reason.
fn passes(switch: Undocumented, refusal: Refusal) -> Checked {
    match switch {
        Undocumented::Refuse => Err(refusal),
        Undocumented::Pass => Ok(Some(refusal.reason)),
    }
}
