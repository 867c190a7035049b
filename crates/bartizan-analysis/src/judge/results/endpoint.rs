//! One endpoint as the inventory shows it.

use bartizan_model::{
    Auth, Endpoint, InventoryState, Method, Parameter, Protocol,
    data_class::Direction,
    endpoint::{DataClassCount, MIN_REQUIRED_SAMPLES},
};

use super::Known;
use crate::{
    classes::item_named,
    endpoints::{Segment, Template},
    judge::State,
    learn::{
        Profile,
        place::{CONTAINERS, Place},
        profile::ClassSeen,
    },
    specs::Compared,
};

pub(super) fn endpoint(known: &Known, state: &State, specs: Option<&Compared<'_>>) -> Endpoint {
    let Known { template, profile } = known;
    let inventory_state =
        specs.map_or(InventoryState::Unspecified, |specs| specs.state_of(template));
    Endpoint {
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
        service: None,
        access: profile.access(),
        inventory_state,
        confirmed: is_confirmed(profile, inventory_state),
        auth: auth(profile),
        auth_judged: profile.authenticated + profile.anonymous,
        requests: profile.requests,
        actors: profile.actors.count(),
        first_seen: profile.first_seen,
        last_seen: profile.last_seen,
        statuses: profile.statuses.iter().map(|(status, count)| (*status, *count)).collect(),
        parameters: parameters(template, profile),
        data_classes: data_classes(template, profile),
        risk: bartizan_model::endpoint::Risk::default(),
        template_evidence: template.evidence.clone(),
        aliases: state.core.resolver.aliases_of(&template.id),
    }
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

fn data_classes(template: &Template, profile: &Profile) -> Vec<DataClassCount> {
    let mut out: Vec<DataClassCount> = profile
        .classes
        .iter()
        .filter(|seen| is_supported(seen, profile))
        .map(|seen| DataClassCount {
            class: seen.class.clone(),
            location: crate::endpoints::named_location(template, &seen.location),
            direction: seen.direction,
            count: seen.count,
        })
        .collect();
    out.sort_by(|a, b| {
        (&a.class, a.direction, &a.location).cmp(&(&b.class, b.direction, &b.location))
    });
    out
}

/// Whether a class was seen often enough at its place; see [`crate::classes::Support`]. Where values
/// are not counted (places beyond the limit), every one of them counts.
fn is_supported(seen: &ClassSeen, profile: &Profile) -> bool {
    let values = profile.places.get(&seen.hash).map_or(seen.count, |place| place.seen);
    item_named(&seen.class).is_none_or(|item| item.support.is_enough(seen.count, values))
}

fn parameters(template: &Template, profile: &Profile) -> Vec<Parameter> {
    let mut places: Vec<(&u64, &Place)> =
        profile.places.iter().filter(|(_, p)| is_parameter(template, p)).collect();
    places.sort_by(|a, b| {
        (a.1.direction, &a.1.location, a.0).cmp(&(b.1.direction, &b.1.location, b.0))
    });
    places
        .into_iter()
        .map(|(_, place)| {
            let location = crate::endpoints::named_location(template, &place.location);
            let is_path = place.location.as_str().starts_with("path.");
            let name = if is_path { location.last_name() } else { place.name.clone() };
            Parameter {
                name,
                location,
                direction: place.direction.unwrap_or(Direction::Request),
                value_type: value_type(place),
                format: match place.format() {
                    "integer" | "decimal" | "boolean" => String::new(),
                    format => format.to_owned(),
                },
                required: required(profile, place, is_path),
                examples_redacted: place.examples.clone(),
                seen: place.seen,
            }
        })
        .collect()
}

/// Path segments are parameters only where the template says so; roots are containers, not fields.
fn is_parameter(template: &Template, place: &Place) -> bool {
    let text = place.location.as_str();
    match text.strip_prefix("path.") {
        Some(index) => {
            let index = index.split(['/', '!']).next().and_then(|i| i.parse::<u32>().ok());
            index.is_some_and(|i| {
                matches!(template.segments.get(i as usize), Some(Segment::Parameter { .. }))
            })
        }
        // The root of a body is a container, unless the whole body is one value.
        None if text == "body:" => place.types & CONTAINERS == 0,
        None => !matches!(text, "path" | "query" | "header" | "cookie"),
    }
}

/// The type; of texts that are not in a body (query, path, header) the one that all of them spell.
fn value_type(place: &Place) -> String {
    let in_body = place.location.as_str().contains(":/");
    match place.format() {
        _ if in_body || place.texts == 0 => place.type_names(),
        "integer" => "integer".to_owned(),
        "decimal" => "number".to_owned(),
        "boolean" => "boolean".to_owned(),
        _ => place.type_names(),
    }
}

/// Whether the field was there whenever its parent was. Unknown with few samples.
fn required(profile: &Profile, place: &Place, is_path: bool) -> Option<bool> {
    if is_path {
        return Some(true);
    }
    let parent = profile.places.get(&place.parent)?;
    (!place.element && parent.seen >= MIN_REQUIRED_SAMPLES).then_some(place.seen >= parent.seen)
}

#[cfg(test)]
mod tests {
    use super::*;

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
