//! What the change log compares of an endpoint: only what several callers showed, as nobody alone may fill it.

use bartizan_model::{Endpoint, Surface, change::SETTLED, data_class::Direction};

use super::{Known, endpoint};
use crate::{
    classes::item_named,
    endpoints::named_location,
    learn::{
        ClassSeen, Profile, Witnesses,
        place::{CONTAINERS, Place},
    },
    snapshot::Snapshot,
};

/// Fewest requests without a parameter that others have before it counts as one that can be left out.
const LEFT_OUT: u64 = 3;

pub(super) fn surface(known: &Known<'_>, snapshot: &Snapshot, endpoint: &Endpoint) -> Surface {
    let Known { template, profile, .. } = known;
    let parameters = profile.places.values().filter(|place| is_compared(profile, place));
    let parameters = parameters.map(|place| {
        let location = named_location(template, &place.at.location);
        (location.as_str().to_owned(), required(profile, place))
    });
    let classes = profile.classes.iter().filter(|seen| {
        is_shown(profile, seen.witnesses, seen.count)
            && endpoint::is_supported(seen, profile, snapshot)
    });
    let ways = profile.auth.iter().filter(|way| is_shown(profile, way.witnesses, way.count));
    Surface {
        endpoint: endpoint.id.clone(),
        confirmed: endpoint.confirmed,
        requests: profile.requests,
        successes: profile.successes,
        relearned: 0,
        version: env!("CARGO_PKG_VERSION").to_owned(),
        state: endpoint.inventory_state,
        parameters: parameters.collect(),
        ways: ways.map(|way| format!("{} {} {}", way.auth_type, way.location, way.name)).collect(),
        anonymous: anonymous(profile),
        classes: classes.map(flow).collect(),
    }
}

/// Whether more than one caller showed it. Sources that name nobody cannot have a second one; there it has to
/// come again.
fn is_shown(profile: &Profile, witnesses: Witnesses, count: u64) -> bool {
    witnesses.are_several() || (profile.actors.count() == 0 && count >= 2)
}

/// Parameters of query and body, as they are sent. Headers are left out, as what is between the caller and the
/// API adds its own, and segments of the path, which are parameters as templates say.
fn is_compared(profile: &Profile, place: &Place) -> bool {
    let location = place.at.location.as_str();
    let is_root = matches!(location, "path" | "query" | "header" | "cookie" | "matrix")
        || (location == "body:" && place.types & CONTAINERS != 0)
        || (place.at.location.is_message() && place.types & CONTAINERS != 0);
    let is_elsewhere =
        ["path.", "header.", "cookie."].iter().any(|root| location.starts_with(root));
    place.at.direction == Some(Direction::Request)
        && !is_root
        && !is_elsewhere
        && is_shown(profile, place.witnesses, place.seen)
}

/// Whether every request had it that could, with enough of them, or several had not.
fn required(profile: &Profile, place: &Place) -> Option<bool> {
    let parent = profile.places.get(&place.at.parent).filter(|_| !place.at.element)?;
    match parent.objects.saturating_sub(place.seen) {
        0 if parent.objects >= SETTLED => Some(true),
        LEFT_OUT.. => Some(false),
        _ => None,
    }
}

/// Whether callers without a credential are answered: several were, or none with enough others.
fn anonymous(profile: &Profile) -> Option<bool> {
    match profile.anonymous {
        0 if profile.authenticated >= SETTLED => Some(false),
        count if is_shown(profile, profile.anonymous_callers, count) => Some(true),
        _ => None,
    }
}

fn flow(seen: &ClassSeen) -> (String, bool) {
    let is_serious = item_named(&seen.class).is_some_and(|item| item.sensitive);
    (Surface::flow(&seen.class, seen.direction), is_serious)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use bartizan_model::Location;

    use super::*;
    use crate::learn::Spot;

    fn by(callers: &[u64]) -> Witnesses {
        let mut witnesses = Witnesses::default();
        callers.iter().for_each(|caller| witnesses.add(*caller));
        witnesses
    }

    fn place(location: &str, seen: u64, callers: &[u64]) -> Place {
        let at = Spot {
            location: Location::from_text(location),
            direction: Some(Direction::Request),
            parent: 1,
            ..Spot::default()
        };
        Place { at: at.into(), seen, witnesses: by(callers), ..Place::default() }
    }

    #[test]
    fn nobody_alone_shows_anything() {
        let mut profile = Profile::default();
        let shows = |profile: &Profile, callers: &[u64]| {
            is_compared(profile, &place("query.q", 99, callers))
        };
        assert!(shows(&profile, &[]), "a source that names nobody, and it came again");
        assert!(!is_compared(&profile, &place("query.q", 1, &[])));
        profile.actors.add(7);
        assert!(!shows(&profile, &[]) && !shows(&profile, &[7]));
        assert!(shows(&profile, &[7, 8]));
    }

    #[test]
    fn only_what_callers_send_in_query_and_body_is_compared() {
        let profile = Profile::default();
        for (location, expected) in [
            ("query.q", true),
            ("body:/a/b", true),
            ("query", false),
            ("path.id", false),
            ("header.x-trace", false),
        ] {
            assert_eq!(is_compared(&profile, &place(location, 9, &[1, 2])), expected, "{location}");
        }
        let mut answered = place("body:/a", 9, &[1, 2]);
        Arc::make_mut(&mut answered.at).direction = Some(Direction::Response);
        assert!(!is_compared(&profile, &answered));
    }

    #[test]
    fn what_is_required_is_told_from_enough_requests() {
        let mut profile = Profile::default();
        let required_of = |profile: &mut Profile, objects: u64, seen: u64| {
            profile.places.insert(1, Box::new(Place { objects, ..place("query", objects, &[]) }));
            required(profile, &place("query.q", seen, &[]))
        };
        assert_eq!(required_of(&mut profile, SETTLED, SETTLED), Some(true));
        assert_eq!(required_of(&mut profile, SETTLED - 1, SETTLED - 1), None);
        assert_eq!(required_of(&mut profile, 100, 99), None, "one that slipped through");
        assert_eq!(required_of(&mut profile, 100, 100 - LEFT_OUT), Some(false));
    }

    #[test]
    fn callers_without_a_credential_count_when_they_are_several() {
        let mut profile = Profile { authenticated: SETTLED, ..Profile::default() };
        profile.actors.add(7);
        assert_eq!(anonymous(&profile), Some(false));
        profile.anonymous = 50;
        profile.anonymous_callers = by(&[7]);
        assert_eq!(anonymous(&profile), None, "one caller alone");
        profile.anonymous_callers = by(&[7, 8]);
        assert_eq!(anonymous(&profile), Some(true));
        assert_eq!(anonymous(&Profile { authenticated: 3, ..Profile::default() }), None);
    }
}
