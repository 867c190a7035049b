//! Objects that were shown: whoever asks for one must have been shown it.

use std::sync::Arc;

use bartizan_model::{
    Exchange, HashKey, KeyedHash, Message as Said, Mode, Side, owners::ObjectOwners,
};
use bartizan_protocols::{
    Decoded, Places,
    call::{ArgumentValue, arguments},
};
use http::{StatusCode, response};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{
    PolicyItem,
    asked::Form,
    called::{self, Called},
    config::Problem,
    detectors::OnGap,
    identity::Identity,
    pass::Stage,
    place::{Held, Place, Template},
    reading::{Checked, NOT_HELD, NOT_READABLE, cut},
    readings::{RIGHTS, Readings, SUCCESS, decode_all},
    record::{Decisions, Policy, Refusal},
    rights::in_scope,
    roles,
    time::Time,
};
use crate::{call::Call, phases::BodyView, websocket::Message};

/// Most places of one sort in a policy.
const PLACES: usize = 64;
/// Most values of one message that are looked at.
const VALUES: usize = 4_096;
/// Domain of the hashes under which is kept what was shown to whom.
const DOMAIN: &str = "policy-shown";

/// The kind.
pub static ITEM: PolicyItem = PolicyItem {
    kind: "shown",
    title: "Objects that were shown",
    mode: Mode::Monitor,
    documentation: "\
Lets callers ask for objects that answers have shown to them, and for no others: who was never shown order 1003 and \
asks for it has guessed. `shows` says where successful answers in the scope have ids, and `asks` where requests and \
messages of the client on WebSockets name them; an object that was not shown to this caller is refused (403). It needs neither a \
claim nor a field that says whose an object is, so that it holds for GraphQL, SOAP, WebSockets and streams of events too, \
where answers say nothing of it. It is only as good as what shows objects: take lists of what is the caller's own, and what creates \
one, and not what gives any object to whoever names it.

Places are as those of an `ownership` policy; a request that names no object passes. A caller is who was identified, by \
a token, an own API key or a client certificate; who was not is shown nothing, and may ask for no object. Whoever has a role in \
`exempt_roles` passes. Policies with the same `kind` know of each other what was shown, so that one may say where objects are listed, and \
another where they are asked for.

What was shown is remembered under keyed hashes, with what `ownership` policies know the latest 262144 in all, and not across a \
restart: clients have to list anew then. Bodies are read up to 1 MiB and for at most 5 milliseconds of processor time. What \
cannot be read so far that it is known which objects a request names is refused, unless `on_unreadable` lets it pass.",
    examples: &["\
name: own-events
mode: enforce
scope: {paths: [/v1/shipments, /v1/events, /ws]}
shown:
  kind: shipment
  shows: ['body:/shipments/*/id']
  asks: [query.shipment, 'ws.message:/shipment']
  exempt_roles: [clerk]
"],
};

/// Settings of a policy about what was shown.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct ShownConfig {
    /// What the objects are: any name.
    pub kind: String,
    /// Names for segments of the path, `/v1/orders/{order}`; `**` at the end stands for any more.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub template: Option<String>,
    /// Where answers show ids: `body:/orders/*/id`.
    pub shows: Vec<String>,
    /// Where requests name objects: `query.order`, `path.order`, `graphql:order.id`.
    pub asks: Vec<String>,
    /// Roles that may ask for any.
    pub exempt_roles: Vec<String>,
    /// Claims in which roles are looked for.
    pub role_claims: Vec<String>,
    /// What becomes of requests that cannot be read as far as they have to be.
    pub on_unreadable: OnGap,
    /// Whether the client is told that there is no such object (404 in the place of 403).
    pub hide: bool,
}

impl Default for ShownConfig {
    fn default() -> Self {
        Self {
            kind: String::new(),
            template: None,
            shows: Vec::new(),
            asks: Vec::new(),
            exempt_roles: Vec::new(),
            role_claims: roles::usual_role_claims(),
            on_unreadable: OnGap::Refuse,
            hide: false,
        }
    }
}

/// A compiled policy about what was shown.
#[derive(Debug)]
pub(crate) struct ShownObjects {
    config: ShownConfig,
    template: Option<Template>,
    shows: Vec<Place>,
    asks: Vec<Place>,
    table: Arc<dyn ObjectOwners>,
    key: HashKey,
}

/// What a request or a message says, and who sends it.
struct About<'a> {
    who: &'a [Identity],
    /// All readings of the path; `None` when there are too many.
    forms: Option<&'a [Form]>,
    decoded: &'a Decoded,
    /// Why what is behind the head was not read.
    gap: Option<&'static str>,
}

impl ShownObjects {
    pub(crate) fn compile(
        config: &ShownConfig,
        table: &Arc<dyn ObjectOwners>,
        key: &HashKey,
    ) -> Result<Self, Problem> {
        roles::check_names("kind", std::slice::from_ref(&config.kind))
            .map_err(|Problem { problem, .. }| Problem::new("kind", problem))?;
        roles::check_names("exempt_roles", &config.exempt_roles)?;
        roles::check_names("role_claims", &config.role_claims)?;
        let template = config.template.as_deref().map(Template::parse).transpose();
        let template = template.map_err(|problem| Problem::new("template", problem))?;
        let places = |name: &str, list: &[String]| {
            if list.len() > PLACES {
                return Err(Problem::new(name, format!("expected at most {PLACES} places")));
            }
            let one = |(at, text): (usize, &String)| {
                let place = Place::parse(text);
                place.map_err(|why| Problem::new(format!("{name}.{at}"), why))
            };
            list.iter().enumerate().map(one).collect::<Result<Vec<_>, Problem>>()
        };
        let (shows, asks) = (places("shows", &config.shows)?, places("asks", &config.asks)?);
        if shows.is_empty() && asks.is_empty() {
            return Err(Problem::new("", "a place is needed in `shows` or `asks`"));
        }
        if let Some(at) = shows.iter().position(|place| place.of_body().is_none()) {
            return Err(Problem::new(
                format!("shows.{at}"),
                "only bodies of answers are looked at",
            ));
        }
        let is_named = |place: &Place| match place {
            Place::Path(name) => template.as_ref().is_some_and(|template| template.has(name)),
            _ => true,
        };
        if let Some(at) = asks.iter().position(|place| !is_named(place)) {
            return Err(Problem::new(format!("asks.{at}"), "`template` has no such name"));
        }
        let (config, table, key) = (config.clone(), Arc::clone(table), key.derive("shown"));
        Ok(Self { config, template, shows, asks, table, key })
    }

    fn check(&self, about: &About<'_>, is_message: bool) -> Checked {
        if self.is_exempt(about.who) {
            return Ok(None);
        }
        let mut missing = None;
        for place in self.asks.iter().filter(|place| place.is_of_message() == is_message) {
            let Some(values) = self.values(place, about) else {
                missing = missing.or(self.unreadable(about.gap.unwrap_or(NOT_READABLE))?);
                continue;
            };
            if values.len() > VALUES {
                missing = missing.or(self.unreadable(NOT_READABLE)?);
            }
            for held in values.iter().take(VALUES) {
                let is_shown = |id: &str| about.who.iter().any(|one| self.was_shown(id, one));
                match held {
                    Held::Text(id) if is_shown(id) => {}
                    _ => return Err(self.refusal("not-shown")),
                }
            }
        }
        Ok(missing)
    }

    /// The objects that a request names in a place; `None` when that cannot be told.
    fn values<'d>(&self, place: &Place, about: &About<'d>) -> Option<Vec<Held<'d>>> {
        match (place, &self.template) {
            (Place::Path(_), Some(template)) => Some(place.in_path(template, about.forms)),
            (Place::Argument(field, name), _) => match arguments(about.decoded) {
                Some(all) => {
                    let here =
                        all.into_iter().filter(|one| one.field == *field && one.name == *name);
                    let held = here.filter_map(|one| match one.value {
                        ArgumentValue::Text(text) => Some(Held::Text(text.into())),
                        ArgumentValue::Null => None,
                        ArgumentValue::Odd => Some(Held::Odd),
                    });
                    Some(held.collect())
                }
                // What calls nothing has no document.
                None if about.gap.is_none() => {
                    (called::of_request(about.decoded) == Called::Nothing).then(Vec::new)
                }
                None => None,
            },
            (Place::Below(..), _) if about.gap.is_some() => None,
            _ => {
                let time = Time::of_message();
                let held = place.values(&about.decoded.view, Side::Request, &time);
                (!time.is_over()).then_some(held)
            }
        }
    }

    /// Learns what an answer shows to whom.
    fn learn(&self, who: &[Identity], decoded: &Decoded) {
        if self.is_exempt(who) {
            return;
        }
        let time = Time::of_message();
        for place in &self.shows {
            for held in place.values(&decoded.view, Side::Response, &time).iter().take(VALUES) {
                let Held::Text(id) = held else { continue };
                for object in who.iter().filter_map(|one| self.object(id, one)) {
                    self.table.note(object, object);
                }
            }
        }
    }

    fn was_shown(&self, id: &str, who: &Identity) -> bool {
        self.object(id, who).is_some_and(|object| self.table.owner(object).is_some())
    }

    /// An object and who it was shown to; `None` for who is nobody.
    fn object(&self, id: &str, who: &Identity) -> Option<KeyedHash> {
        let subject = roles::said(who, roles::SUBJECT)?.into_iter().next()?;
        let kind = &self.config.kind;
        let parts = [kind.as_str(), &*who.issuer, subject.as_str(), id];
        let text: String = parts.iter().map(|part| format!("{}:{part}", part.len())).collect();
        Some(self.key.hash(DOMAIN, text.as_bytes()))
    }

    fn is_exempt(&self, who: &[Identity]) -> bool {
        let ShownConfig { exempt_roles, role_claims, .. } = &self.config;
        who.iter().any(|one| roles::has_role(one, role_claims, exempt_roles))
    }

    fn unreadable(&self, reason: &'static str) -> Checked {
        match self.config.on_unreadable {
            OnGap::Pass => Ok(Some(reason)),
            OnGap::Refuse => Err(self.refusal(reason)),
        }
    }

    fn refusal(&self, reason: &'static str) -> Refusal {
        let refusal = if self.config.hide {
            Refusal::deny(StatusCode::NOT_FOUND, "not-found", "there is no such object")
        } else {
            let title = "this was not shown to whoever asks";
            Refusal::deny(StatusCode::FORBIDDEN, "not-shown", title)
        };
        refusal.because(reason)
    }
}

/// Asks about a request whose body is there, or of which it is known that it is passed on as it comes.
pub(super) fn request(
    stage: &Stage,
    call: &mut Call,
    body: BodyView<'_>,
    readings: &mut Readings,
) -> Option<Refusal> {
    let policies = in_scope(stage, &stage.set.shown, |_| true);
    if policies.is_empty() {
        return None;
    }
    let reading = &*readings.all();
    let decoded = reading.decoded();
    let gap = match body {
        BodyView::Whole(_) => reading.gap(RIGHTS).or_else(|| cut(&decoded.view, Places::ALL)),
        BodyView::Streamed(_) => Some(NOT_HELD),
    };
    ask(stage, call, &policies, (decoded, gap), false)
}

/// Asks about a message of a WebSocket from its client.
pub(super) fn message(stage: &Stage, call: &mut Call, message: &Message) -> Option<Refusal> {
    let policies = in_scope(stage, &stage.set.shown, |_| true);
    if policies.is_empty() {
        return None;
    }
    let data = message.data.clone();
    let said = Said { from_client: true, time: None, data, text: message.is_text };
    let exchange = Exchange { messages: vec![said], ..Exchange::default() };
    let (decoded, _) = decode_all(&exchange, RIGHTS, stage.set.seed);
    ask(stage, call, &policies, (&decoded, cut(&decoded.view, Places::ALL)), true)
}

/// Learns what a successful answer shows.
pub(super) fn answered(
    stage: &Stage,
    call: &Call,
    response: &response::Parts,
    body: BodyView<'_>,
    readings: &mut Readings,
) {
    let policies = in_scope(stage, &stage.set.shown, |_| true);
    let is_held = matches!(body, BodyView::Whole(_));
    let is_success = response.status.as_u16() < SUCCESS;
    if policies.is_empty() || !is_held || !is_success || !Decisions::knows_somebody(call) {
        return;
    }
    let (who, decoded) = (Decisions::who(call), readings.all().decoded());
    for policy in policies {
        policy.rule.learn(&who, decoded);
    }
}

fn ask(
    stage: &Stage,
    call: &mut Call,
    policies: &[&Policy<ShownObjects>],
    (decoded, gap): (&Decoded, Option<&'static str>),
    is_message: bool,
) -> Option<Refusal> {
    let who = Decisions::who(call);
    let about = About { who: &who, forms: stage.paths(), decoded, gap };
    policies.iter().find_map(|policy| policy.settle(policy.rule.check(&about, is_message), call))
}

#[cfg(test)]
mod tests;
