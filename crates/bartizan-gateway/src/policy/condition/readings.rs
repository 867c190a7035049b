//! What a request says about what an expression asks for, in all the ways in which servers may read it. A condition
//! has to let pass each of them.

use std::net::IpAddr;

use bartizan_model::{PrincipalKind, Timestamp};
use bartizan_protocols::NodeRef;
use http::{HeaderName, HeaderValue};

use super::{
    run::Entry,
    value::{Failure, Value},
    variable::Variable,
};
use crate::{
    call::Call,
    handover::timestamp,
    policy::{
        asked,
        identity::Identity,
        pass::Stage,
        place::Template,
        record::Decisions,
        roles,
        spelling::{folded, parts},
    },
    snapshot::host_of,
};

/// Most readings of one request. More than anybody needs by accident.
const READINGS: usize = 32;
/// Most names of parameters in a query that are compared.
const PARAMETERS: usize = 1_024;
/// Why a request with more was not asked about.
const TOO_MANY: &str = "too-many-readings";

/// What there is to know of a request, but for its body.
pub(crate) struct About<'a> {
    pub(crate) stage: &'a Stage,
    pub(crate) query: Option<&'a str>,
    pub(crate) fields: Vec<(&'a HeaderName, &'a HeaderValue)>,
    pub(crate) address: IpAddr,
    /// When it came.
    pub(crate) now: Timestamp,
    /// Who asks, as far as that was verified.
    pub(crate) who: &'a [Identity],
}

impl<'a> About<'a> {
    /// That of a call whose head was let in.
    pub(crate) fn of(stage: &'a Stage, call: &'a Call) -> Self {
        let decisions = call.extension::<Decisions>();
        Self {
            stage,
            query: call.uri.query(),
            fields: call.request_fields.iter().map(|(name, value)| (name, value)).collect(),
            address: call.client(),
            now: timestamp(call.time),
            who: decisions.map_or(&[], |decisions| &decisions.identities),
        }
    }
}

/// Variables that are read together, and what they are in each reading.
struct Choice<'a> {
    slots: Vec<usize>,
    readings: Vec<Vec<Entry<'a>>>,
}

/// All readings, one after the other.
pub(super) struct Readings<'a> {
    entries: Vec<Entry<'a>>,
    choices: Vec<Choice<'a>>,
    /// Number of the next one, and how many there are.
    next: usize,
    count: usize,
}

impl<'a> Readings<'a> {
    /// Those of a request. `body` is its value, where it has one.
    ///
    /// # Errors
    /// Why they cannot be told.
    pub(super) fn of(
        variables: &'a [Variable],
        template: Option<&Template>,
        role_claims: &[String],
        about: &About<'a>,
        body: Option<NodeRef<'a>>,
    ) -> Result<Self, &'static str> {
        let mut choices = Vec::new();
        let pairs = match variables.iter().any(|one| matches!(one, Variable::Query(_))) {
            true => pairs(about.query.unwrap_or_default())?,
            false => Vec::new(),
        };
        let fields = match variables.iter().any(|one| matches!(one, Variable::Header(_))) {
            true => about.fields.iter().map(|(name, value)| Field::of(name, value)).collect(),
            false => Vec::new(),
        };
        let slots = |is: fn(&Variable) -> bool| -> Vec<usize> {
            (0..variables.len()).filter(|slot| is(&variables[*slot])).collect()
        };
        let of_path = slots(Variable::is_of_path);
        if !of_path.is_empty() {
            let forms = about.stage.paths().ok_or(TOO_MANY)?;
            let read = |form: &'a asked::Form| {
                let one = |slot: &usize| match &variables[*slot] {
                    Variable::PathParameter(name) => template
                        .and_then(|template| template.text(form, name))
                        .map(|text| Value::made(&text))
                        .ok_or(Failure::Missing),
                    _ => Ok(Value::Text(form.text())),
                };
                of_path.iter().map(one).collect()
            };
            choices.push(Choice { readings: forms.iter().map(read).collect(), slots: of_path });
        }
        let of_identity = slots(Variable::is_of_identity);
        if !of_identity.is_empty() {
            let read = |who: Option<&'a Identity>| {
                let one = |slot: &usize| identity(&variables[*slot], who, role_claims);
                of_identity.iter().map(one).collect()
            };
            let readings = identities(about.who).into_iter().map(read).collect();
            choices.push(Choice { readings, slots: of_identity });
        }
        for (slot, variable) in variables.iter().enumerate() {
            let readings: Vec<Entry<'a>> = match variable {
                Variable::Method => {
                    let methods = about.stage.methods().ok_or(TOO_MANY)?;
                    methods.map(|method| Ok(Value::Text(method))).collect()
                }
                Variable::Query(name) => parameter(&pairs, name)?,
                Variable::Header(name) => field(&fields, name),
                Variable::Body => vec![body.ok_or(Failure::Missing).and_then(Value::of_node)],
                _ if variable.is_of_path() || variable.is_of_identity() => continue,
                _ => vec![single(variable, about)],
            };
            let readings = readings.into_iter().map(|one| vec![one]).collect();
            choices.push(Choice { slots: vec![slot], readings });
        }
        let count = choices.iter().try_fold(1_usize, |count, choice| {
            count.checked_mul(choice.readings.len()).filter(|count| *count <= READINGS)
        });
        let count = count.filter(|count| *count > 0).ok_or(TOO_MANY)?;
        let entries = variables.iter().map(|_| Err(Failure::Missing)).collect();
        Ok(Self { entries, choices, next: 0, count })
    }

    /// What all variables are in the next reading; `None` behind the last.
    pub(super) fn advance(&mut self) -> Option<&[Entry<'a>]> {
        if self.next == self.count {
            return None;
        }
        let mut rest = self.next;
        for choice in &self.choices {
            let reading = &choice.readings[rest % choice.readings.len()];
            rest /= choice.readings.len();
            for (slot, entry) in choice.slots.iter().zip(reading) {
                self.entries[*slot] = entry.clone();
            }
        }
        self.next += 1;
        Some(&self.entries)
    }
}

/// What there is one reading of.
fn single<'a>(variable: &Variable, about: &About<'_>) -> Entry<'a> {
    let seconds = about.now.seconds();
    match variable {
        Variable::Host => {
            let host = about.stage.authority().map(host_of).ok_or(Failure::Missing)?;
            let host = host.strip_suffix('.').unwrap_or(host).to_ascii_lowercase();
            Ok(Value::Made(host.into()))
        }
        Variable::Address => Ok(Value::made(&about.address.to_canonical().to_string())),
        Variable::Now => Ok(Value::Int(seconds)),
        Variable::Hour => Ok(Value::Int(seconds.rem_euclid(86_400) / 3_600)),
        // The first day of 1970 was a Thursday.
        Variable::Weekday => Ok(Value::Int((seconds.div_euclid(86_400) + 3).rem_euclid(7) + 1)),
        _ => Err(Failure::Missing),
    }
}

/// Whom a condition has to let pass: each identity, but for the certificate of a client that has shown something
/// else too; nobody, when there is none.
fn identities(who: &[Identity]) -> Vec<Option<&Identity>> {
    // Who signed a message has an issuer, and is no client that came with a certificate.
    let is_certificate =
        |one: &&Identity| one.kind == PrincipalKind::Certificate && one.issuer.is_empty();
    let mut all: Vec<_> = who.iter().filter(|one| !is_certificate(one)).map(Some).collect();
    if all.is_empty() {
        all.extend(who.iter().map(Some));
    }
    if all.is_empty() {
        all.push(None);
    }
    all
}

fn identity<'a>(
    variable: &Variable,
    who: Option<&'a Identity>,
    role_claims: &[String],
) -> Entry<'a> {
    let Some(who) = who else {
        return match variable {
            Variable::Way => Ok(Value::Text("none")),
            Variable::Scopes | Variable::Roles => Ok(Value::List([].into())),
            _ => Err(Failure::Missing),
        };
    };
    match variable {
        Variable::Way => Ok(Value::Text(way(who))),
        Variable::Scopes => Ok(Value::texts(who.scopes.iter().map(String::as_str))),
        Variable::Roles => {
            let claims = role_claims.iter().filter_map(|name| roles::claim(&who.claims, name));
            let texts = claims.flat_map(|claim| match claim.as_array() {
                Some(all) => all.as_slice(),
                None => std::slice::from_ref(claim),
            });
            Ok(Value::texts(texts.filter_map(serde_json::Value::as_str)))
        }
        Variable::Claim(name) => {
            roles::claim(&who.claims, name).ok_or(Failure::Missing).and_then(Value::of_claim)
        }
        _ => {
            // A key is not its own owner.
            let is_key = who.kind == PrincipalKind::ApiKey;
            let subject: &str = if is_key { &who.owner } else { &who.subject };
            if subject.is_empty() { Err(Failure::Missing) } else { Ok(Value::Text(subject)) }
        }
    }
}

fn way(who: &Identity) -> &'static str {
    match who.kind {
        PrincipalKind::Certificate | PrincipalKind::Client if !who.issuer.is_empty() => {
            "ws_security"
        }
        PrincipalKind::ApiKey => "api_key",
        PrincipalKind::Certificate => "certificate",
        PrincipalKind::Client => "signature",
        _ if who.issuer.is_empty() => "basic",
        _ => "jwt",
    }
}

/// A parameter of a query.
struct Pair<'a> {
    /// Its name, decoded once.
    name: String,
    /// Names that servers may take it for, as they are compared.
    like: Vec<String>,
    value: &'a str,
}

/// The parameters of a query, each looked at once for all that an expression asks about.
fn pairs(query: &str) -> Result<Vec<Pair<'_>>, &'static str> {
    let (mut all, mut names) = (Vec::new(), 0);
    for text in query.split('&').filter(|text| !text.is_empty()) {
        let (key, value) = text.split_once('=').unwrap_or((text, ""));
        let name = once(key);
        let mut like = Vec::new();
        // Some servers see the next one behind a semicolon.
        let apart = text.split(';').map(|pair| pair.split('=').next().unwrap_or(pair));
        let apart = apart.filter(|_| text.contains(';'));
        for key in [key].into_iter().chain(apart) {
            names += 1;
            if names > PARAMETERS {
                return Err(TOO_MANY);
            }
            let read = asked::parameter(key);
            like.push(compared(&read));
            like.extend(parts(&read).next().filter(|first| first.len() < read.len()).map(compared));
        }
        all.push(Pair { name, like, value });
    }
    Ok(all)
}

/// A name as names are compared.
fn compared(name: &str) -> String {
    folded(name).collect()
}

/// The readings of a query parameter: all of its values, and each of several alone; what is still encoded in them
/// also without that. Another name that some servers take for it makes it ambiguous.
fn parameter<'a>(pairs: &[Pair<'_>], name: &str) -> Result<Vec<Entry<'a>>, &'static str> {
    let meant = compared(name);
    let mut values: Vec<String> = Vec::new();
    for pair in pairs {
        let is_it = pair.name == name;
        // The first of those that it is like is itself.
        if pair.like.iter().skip(usize::from(is_it)).any(|like| *like == meant) {
            return Ok(vec![Err(Failure::Ambiguous)]);
        }
        if is_it {
            values.push(once(pair.value));
        }
    }
    if values.is_empty() {
        return Ok(vec![Err(Failure::Missing)]);
    }
    if values.len() > READINGS {
        return Err(TOO_MANY);
    }
    let mut readings = vec![Ok(Value::texts(values.iter().map(String::as_str)))];
    for value in &values {
        if values.len() > 1 {
            readings.push(Ok(Value::texts([value.as_str()].into_iter())));
        }
        let again = asked::decoded(value);
        if again != *value {
            readings.push(Ok(Value::texts([again.as_str()].into_iter())));
        }
    }
    Ok(readings)
}

/// A name or value, decoded once: `+` is a blank.
fn once(text: &str) -> String {
    let text = text.replace('+', " ");
    asked::decode(&text).unwrap_or(text)
}

/// A field of the head.
struct Field<'a> {
    name: &'a str,
    /// Its name as names are compared.
    like: String,
    value: &'a HeaderValue,
}

impl<'a> Field<'a> {
    fn of(name: &'a HeaderName, value: &'a HeaderValue) -> Self {
        Self { name: name.as_str(), like: compared(name.as_str()), value }
    }
}

/// The readings of a field: its value; of several each one, and all of them joined.
fn field<'a>(fields: &[Field<'a>], name: &str) -> Vec<Entry<'a>> {
    let meant = compared(name);
    let mut values = Vec::new();
    for field in fields {
        if field.name == name {
            // What is not ASCII is read in different ways.
            let Ok(text) = field.value.to_str() else { return vec![Err(Failure::Ambiguous)] };
            values.push(text);
        } else if field.like == meant {
            return vec![Err(Failure::Ambiguous)];
        }
    }
    match values.as_slice() {
        [] => vec![Err(Failure::Missing)],
        [one] => vec![Ok(Value::Text(one))],
        several => {
            let joined = Value::Made(several.join(", ").into());
            let each = several.iter().map(|one| Ok(Value::Text(one)));
            each.chain([Ok(joined)]).collect()
        }
    }
}
