//! Finds the route that an endpoint of another source is.
//!
//! Names of parameters do not count, nor does a final slash: `/users/{id}` is `/users/{user_id}/`. An
//! endpoint that has text where code has a parameter (a template that traffic did not show to be one) is the
//! route with the fewest parameters that fits.

use bartizan_model::Endpoint;

use super::{Called, Entry, KnownBy};

/// Marks the routes that `endpoints` are, and adds the others.
pub(super) fn add(routes: &mut Vec<Entry>, endpoints: &[Endpoint], by: KnownBy) {
    for endpoint in endpoints {
        let found = find(routes, &endpoint.method.0, &endpoint.path);
        let at = found.unwrap_or_else(|| {
            routes.push(Entry {
                method: endpoint.method.0.to_string(),
                path: endpoint.path.clone(),
                known_by: Vec::new(),
                code: None,
                traffic: Vec::new(),
            });
            routes.len() - 1
        });
        let Some(route) = routes.get_mut(at) else { continue };
        route.knows(by);
        if by == KnownBy::Traffic {
            route.traffic.push(Called {
                endpoint_id: endpoint.id.clone(),
                host: endpoint.host.clone(),
                requests: endpoint.requests,
            });
        }
    }
}

/// The route of a method and path: the one alike, else the most special one that it fits into.
fn find(routes: &[Entry], method: &str, path: &str) -> Option<usize> {
    let mut best: Option<(usize, usize)> = None;
    for (at, route) in routes.iter().enumerate() {
        if route.method != method && route.method != "ANY" {
            continue;
        }
        // Of routes that fit alike, one for this method says more than one for any.
        let any = usize::from(route.method == "ANY");
        let Some(looseness) = looseness(&route.path, path) else { continue };
        let looseness = looseness * 2 + any;
        if best.is_none_or(|(least, _)| looseness < least) {
            best = Some((looseness, at));
        }
    }
    best.map(|(_, at)| at)
}

/// How many segments of `path` stand where `template` has a parameter and are none; `None` when it does not
/// fit.
fn looseness(template: &str, path: &str) -> Option<usize> {
    let segments = |path: &'_ str| -> Vec<String> {
        path.split('/').filter(|segment| !segment.is_empty()).map(str::to_owned).collect()
    };
    let (wanted, has) = (segments(template), segments(path));
    if wanted.len() != has.len() {
        return None;
    }
    let mut loose = 0;
    for (wanted, has) in wanted.iter().zip(&has) {
        let is_parameter = wanted.contains('{');
        match (is_parameter, has.contains('{')) {
            (true, true) => {}
            (true, false) => loose += 1,
            (false, _) if wanted == has => {}
            (false, _) => return None,
        }
    }
    Some(loose)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_parameters_do_not_count_and_the_most_special_fits() {
        assert_eq!(looseness("/users/{id}", "/users/{user_id}/"), Some(0));
        assert_eq!(looseness("/users/{id}", "/users/me"), Some(1));
        assert_eq!(looseness("/users/me", "/users/me"), Some(0));
        assert_eq!(looseness("/users/me", "/users/{id}"), None);
        assert_eq!(looseness("/users", "/users/{id}"), None);
        assert_eq!(looseness("/", ""), Some(0));
    }
}
