//! One endpoint as the inventory shows it.

use std::collections::BTreeMap;

use bartizan_model::{
    Auth, Conversation, Endpoint, InventoryState, Method, Parameter, Protocol, Written,
    data_class::Direction,
    endpoint::{DataClassCount, InBody, MIN_REQUIRED_SAMPLES},
    host::names,
};

use smol_str::SmolStr;

use super::Known;
use crate::{
    endpoints::{Segment, Template},
    judge::State,
    learn::{
        ClassSeen, Profile,
        bodies::CountInBody,
        place::{ARRAY, CONTAINERS, Place},
        profile::Places,
        values::pattern_of,
    },
    snapshot::Snapshot,
    specs::Compared,
};

pub(super) fn endpoint(
    known: &Known<'_>,
    state: &State,
    snapshot: &Snapshot,
    specs: Option<&Compared<'_>>,
) -> Endpoint {
    let Known { template, profile, is_abroad, .. } = known;
    let inventory_state =
        specs.map_or(InventoryState::Unspecified, |specs| specs.state_of(template));
    let mut endpoint = Endpoint {
        id: template.id.clone(),
        host: template.host.clone(),
        method: Method(template.method.clone()),
        path: template.path.clone(),
        protocol: template.call.as_ref().map_or(Protocol::Rest, |call| call.protocol),
        operation: template
            .call
            .as_ref()
            .map(|call| call.operation.clone())
            .filter(|operation| !operation.is_empty()),
        inventory_state,
        confirmed: is_confirmed(profile, inventory_state),
        auth: auth(profile),
        auth_judged: profile.authenticated + profile.anonymous,
        auth_anonymous: Some(profile.anonymous),
        requests: profile.requests,
        actors: profile.actors.count(),
        first_seen: profile.first_seen,
        last_seen: profile.last_seen,
        statuses: profile.statuses.iter().map(|(status, count)| (*status, *count)).collect(),
        bodies: profile.bodies.clone(),
        variants: profile.forms.variants(&profile.places, &snapshot.key, |hash| {
            profile.places.get(&hash).map_or_else(Vec::new, |place| words(profile, hash, place))
        }),
        parameters: parameters(template, profile),
        conversation: Conversation {
            messages: profile.messages.seen().to_vec(),
            messages_left_out: profile.messages.left_out(),
            completed: Vec::new(),
            deliveries: profile.deliveries,
        },
        data_classes: data_classes(known, snapshot),
        template_evidence: template_evidence(template, profile),
        aliases: state.core.resolver.aliases_of(&template.id),
        sketch: profile.sketch.as_deref().cloned(),
        ..Endpoint::default()
    };
    let is_sensitive =
        |seen: &DataClassCount| snapshot.class(&seen.class).is_some_and(|known| known.sensitive);
    endpoint.sensitive_data = Some(endpoint.data_classes.iter().any(is_sensitive));
    let described = specs.and_then(|specs| specs.describing(template));
    snapshot.catalog.place(&mut endpoint, described, &profile.whereabouts, *is_abroad);
    endpoint.written = specs.and_then(|specs| specs.written(template, &endpoint, profile));
    endpoint.drift = endpoint.written.as_ref().map(Written::grades).unwrap_or_default();
    endpoint
}

/// Why host and path are templates where they are.
fn template_evidence(template: &Template, profile: &Profile) -> Vec<String> {
    let variables: Vec<String> = names(&template.host).map(|name| format!("{{{name}}}")).collect();
    let seen = profile.whereabouts.hosts.as_deref().filter(|_| !variables.is_empty());
    let line = seen.map(|seen| {
        let (hosts, listed) = (seen.distinct.count(), seen.some.listed(String::clone));
        let some: Vec<&str> = listed.iter().take(3).map(|(host, _)| host.as_str()).collect();
        let word = if hosts == 1 { "host was" } else { "hosts were" };
        format!("{} in the host: {hosts} {word} seen: {}", variables.join(", "), some.join(", "))
    });
    line.into_iter().chain(template.evidence.iter().cloned()).collect()
}

/// Confirmed by a specification, or by an answer that is no error and at least two actors that count.
/// Sources that name nobody cannot provide a second actor, so there repeated success confirms.
fn is_confirmed(profile: &Profile, state: InventoryState) -> bool {
    let documented = matches!(state, InventoryState::Documented | InventoryState::Zombie);
    // Status 0: no response was seen, which an old log does not record.
    let answered = profile.statuses.keys().any(|status| *status < 400);
    let actors = profile.actors.count();
    documented || (actors >= 2 && answered) || (actors == 0 && profile.successes >= 2)
}

fn auth(profile: &Profile) -> Vec<Auth> {
    let total = profile.authenticated + profile.anonymous;
    let mut out: Vec<Auth> = profile
        .auth
        .iter()
        .map(|seen| Auth {
            auth_type: seen.auth_type,
            location: seen.location.clone(),
            name: seen.name.clone(),
            coverage: ((seen.count as f64 / total.max(1) as f64) * 1e4).round() / 1e4,
        })
        .collect();
    out.sort_by(|a, b| {
        let key = |auth: &Auth| (auth.auth_type, auth.location.clone(), auth.name.clone());
        b.coverage.total_cmp(&a.coverage).then_with(|| key(a).cmp(&key(b)))
    });
    out
}

/// What sensitive data it carries, in which places.
pub(super) fn data_classes(known: &Known<'_>, snapshot: &Snapshot) -> Vec<DataClassCount> {
    let Known { template, profile, .. } = known;
    let count = |seen: &ClassSeen| DataClassCount {
        class: seen.class.clone(),
        location: crate::endpoints::named_location(template, &seen.location),
        direction: seen.direction,
        count: seen.count,
        principals: Some(seen.principals.count()),
    };
    let supported = profile.classes.iter().filter(|seen| is_supported(seen, profile, snapshot));
    let mut out = exact(supported.map(count));
    out.sort_by(|a, b| {
        (&a.class, a.direction, &a.location).cmp(&(&b.class, b.direction, &b.location))
    });
    out
}

/// Whether a class was seen often enough at its place; see [`crate::classes::Support`]. Where values
/// are not counted (places beyond the limit), every one of them counts.
pub(super) fn is_supported(seen: &ClassSeen, profile: &Profile, snapshot: &Snapshot) -> bool {
    let values = profile.places.get(&seen.hash).map_or(seen.count, |place| place.seen);
    snapshot.class(&seen.class).is_none_or(|known| known.support.is_enough(seen.count, values))
}

/// Of what was granted, then of answers that granted nothing.
fn parameters(template: &Template, profile: &Profile) -> Vec<Parameter> {
    let mut out = Vec::new();
    let segments = segments(&profile.places);
    for places in [&profile.places, &profile.refused] {
        let mut here: Vec<(&u64, &Place)> = places
            .iter()
            .map(|(hash, place)| (hash, &**place))
            .filter(|(_, p)| is_parameter(template, p))
            .collect();
        here.sort_by(|a, b| {
            (a.1.at.direction, &a.1.at.location, a.0).cmp(&(
                b.1.at.direction,
                &b.1.at.location,
                b.0,
            ))
        });
        out.reserve_exact(here.len());
        out.extend(
            here.into_iter().map(|(hash, place)| {
                parameter(template, profile, places, &segments, (*hash, place))
            }),
        );
    }
    out
}

fn parameter(
    template: &Template,
    profile: &Profile,
    places: &Places,
    segments: &BTreeMap<&str, u64>,
    (hash, place): (u64, &Place),
) -> Parameter {
    let location = crate::endpoints::named_location(template, &place.at.location);
    let of_segment = place.at.location.is_segment_parameter();
    let is_path = place.at.location.as_str().starts_with("path.") && !of_segment;
    let name = if is_path { location.last_name() } else { place.at.name.to_string() };
    Parameter {
        name,
        location,
        direction: place.at.direction.unwrap_or(Direction::Request),
        value_type: value_type(profile, place),
        format: match place.format() {
            // What texts spell is the type; of an array the format tells that of its elements.
            "integer" | "decimal" | "boolean" if !is_repeated(profile, place) => String::new(),
            format => format.to_owned(),
        },
        required: if of_segment {
            always_there(segments, place)
        } else if place.at.location.as_str().starts_with("cookie.") {
            // A request without any has no place for them.
            let granted = profile.successes;
            (granted >= MIN_REQUIRED_SAMPLES).then_some(place.seen >= granted)
        } else {
            required(places, place, is_path)
        },
        examples_redacted: exact(place.examples.iter().map(SmolStr::new)),
        seen: place.seen,
        bounds: place.values.bounds(),
        words: words(profile, hash, place),
        pattern: pattern(place),
        confidence: Parameter::confidence_of(place.seen),
        bodies: in_bodies(places, place),
    }
}

/// The few words of a place; none where some class of data was seen, as those are values of somebody.
fn words(profile: &Profile, hash: u64, place: &Place) -> Vec<String> {
    if profile.classes.iter().any(|seen| seen.hash == hash) {
        return Vec::new();
    }
    place.values.words(place.texts)
}

/// The form that the texts of several callers have in common; empty where there is none.
fn pattern(place: &Place) -> String {
    let form = place.values.form(place.texts).filter(|_| place.witnesses.are_several());
    form.map(pattern_of).unwrap_or_default()
}

fn in_bodies(places: &Places, place: &Place) -> Vec<InBody> {
    let parent = places.get(&place.at.parent);
    let of = |number| parent.map_or(0, |parent| parent.objects_in(number));
    let in_body =
        |b: CountInBody| InBody { body: u32::from(b.number), seen: b.seen, of: of(b.number) };
    let mut out = exact(place.in_bodies().map(in_body));
    out.sort_unstable_by_key(|one| one.body);
    out
}

/// A list without room for more: of an iterator that does not know its length it would have room for four, and
/// an inventory has a million of them.
fn exact<T>(items: impl Iterator<Item = T>) -> Vec<T> {
    let mut out: Vec<T> = items.collect();
    out.shrink_to_fit();
    out
}

/// Path segments are parameters only where the template says so; roots are containers, not fields.
fn is_parameter(template: &Template, place: &Place) -> bool {
    let text = place.at.location.as_str();
    if place.at.location.is_segment_parameter() {
        return true;
    }
    match text.strip_prefix("path.") {
        Some(index) => {
            let index = index.split(['/', '!']).next().and_then(|i| i.parse::<u32>().ok());
            index.is_some_and(|i| {
                matches!(template.segments.get(i as usize), Some(Segment::Parameter { .. }))
            })
        }
        // The root of a body, and a message of gRPC, is a container, unless the whole body is one value.
        None if text == "body:" || place.at.location.is_message() => place.types & CONTAINERS == 0,
        None => !matches!(text, "path" | "query" | "header" | "cookie" | "matrix"),
    }
}

/// Whether a place of a body was in forms alone, which have nothing but texts.
fn is_of_form(profile: &Profile, place: &Place) -> bool {
    let text = place.at.location.as_str();
    let is_form = |one: CountInBody| {
        let body = profile.bodies.get(usize::from(one.number));
        body.is_some_and(|body| {
            matches!(&*body.media_type, "application/x-www-form-urlencoded" | "multipart/form-data")
        })
    };
    let mut bodies = place.in_bodies().peekable();
    text.starts_with("body:/")
        && !text.contains('!')
        && bodies.peek().is_some()
        && bodies.all(is_form)
}

/// Whether it is a name that a query or a form has several times.
fn is_repeated(profile: &Profile, place: &Place) -> bool {
    let text = place.at.location.as_str();
    let is_of_query = text.starts_with("query.") && !text.contains('!');
    place.types & ARRAY != 0 && place.texts > 0 && (is_of_query || is_of_form(profile, place))
}

/// The type; of texts that are not in a body (query, path, header), in a form or in XML, the one that all of them
/// spell.
fn value_type(profile: &Profile, place: &Place) -> String {
    let text = place.at.location.as_str();
    let in_body = text.contains(":/") || text.starts_with("grpc:");
    let is_markup = text.starts_with("xml:/") && place.texts == place.seen;
    let is_typed = in_body && !is_markup && !is_of_form(profile, place);
    match place.format() {
        _ if is_repeated(profile, place) => "array".to_owned(),
        _ if is_typed || place.texts == 0 => place.type_names(),
        "integer" => "integer".to_owned(),
        "decimal" => "number".to_owned(),
        "boolean" => "boolean".to_owned(),
        _ => place.type_names(),
    }
}

/// How often each segment of the path was granted, by its location: `path.1`.
fn segments(places: &Places) -> BTreeMap<&str, u64> {
    let is_segment = |text: &str| {
        let number = text.strip_prefix("path.");
        number.is_some_and(|number| number.bytes().all(|b| b.is_ascii_digit()))
    };
    let all = places.values().map(|place| (place.at.location.as_str(), place.seen));
    all.filter(|(location, _)| is_segment(location)).collect()
}

/// Whether a parameter of a segment was there whenever its segment was. Unknown with few samples.
fn always_there(segments: &BTreeMap<&str, u64>, place: &Place) -> Option<bool> {
    let granted = *segments.get(place.at.location.as_str().split(';').next()?)?;
    let is_known = !place.at.element && granted >= MIN_REQUIRED_SAMPLES;
    is_known.then_some(place.seen >= granted)
}

/// Whether the field was there whenever its parent was. Unknown with few samples.
fn required(places: &Places, place: &Place, is_path: bool) -> Option<bool> {
    if is_path {
        return Some(true);
    }
    let parent = places.get(&place.at.parent)?;
    let objects = parent.objects;
    (!place.at.element && objects >= MIN_REQUIRED_SAMPLES).then_some(place.seen >= objects)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_of_forms_have_the_type_that_they_spell() {
        let place = |location: &str, types: u8, format: &str| Place {
            at: std::sync::Arc::new(crate::learn::Spot {
                location: bartizan_model::Location::from_text(location),
                ..Default::default()
            }),
            seen: 4,
            texts: 4,
            types,
            formats: Box::new([(SmolStr::new(format), 4)]),
            ..Place::default()
        };
        let mut profile = Profile::default();
        let text = 0b0001_0000;
        let kind = |profile: &Profile, place: &Place| value_type(profile, place);
        assert_eq!(kind(&profile, &place("query.page", text, "integer")), "integer");
        assert_eq!(kind(&profile, &place("query.page", text | ARRAY, "integer")), "array");
        assert_eq!(kind(&profile, &place("query.q!json/a", text | ARRAY, "")), "string|array");
        for (media_type, expected) in [
            ("application/x-www-form-urlencoded", ["integer", "array"]),
            ("application/json", ["string", "string|array"]),
        ] {
            let age = |types| Place {
                bodies: crate::learn::bodies::Bodies::All(0),
                ..place("body:/age", types, "integer")
            };
            profile.bodies = vec![bartizan_model::endpoint::BodySeen {
                direction: Direction::Request,
                status: None,
                media_type: media_type.to_owned(),
                count: 4,
            }];
            let types = [text, text | ARRAY].map(|types| kind(&profile, &age(types)));
            assert_eq!(types, expected, "{media_type}");
        }
    }

    #[test]
    fn errors_alone_confirm_nothing() {
        let mut profile = Profile::default();
        profile.actors.add(1);
        profile.statuses.insert(200, 5);
        assert!(!is_confirmed(&profile, InventoryState::Unspecified), "one actor");
        profile.actors.add(2);
        assert!(is_confirmed(&profile, InventoryState::Unspecified));
        profile.statuses = [(500, 9), (403, 2)].into();
        assert!(!is_confirmed(&profile, InventoryState::Shadow), "never anything but errors");
        assert!(is_confirmed(&profile, InventoryState::Documented));
    }
}
