//! Finds the route that an endpoint of another source is.
//!
//! Names of parameters do not count, nor does a final slash: `/users/{id}` is `/users/{user_id}/`. An
//! endpoint that has text where code has a parameter (a template that traffic did not show to be one) is the
//! route with the fewest parameters that fits.

use bartizan_model::Endpoint;

use super::{Called, Entry, KnownBy};

/// What stands for the remainder of a path, with its slashes.
const REMAINDER: &str = "{rest}";
/// How much looser a remainder is than any number of parameters.
const LOOSEST: usize = 1_000;

/// Marks the routes that `endpoints` are, and adds the others. One endpoint is several routes where several
/// services declare the same one.
pub(super) fn add(routes: &mut Vec<Entry>, endpoints: &[Endpoint], by: KnownBy) {
    for endpoint in endpoints {
        let mut found = find(routes, &endpoint.method.0, &endpoint.path);
        if found.is_empty() {
            found.push(routes.len());
            routes.push(Entry {
                method: endpoint.method.0.to_string(),
                path: endpoint.path.clone(),
                known_by: Vec::new(),
                code: None,
                owner: None,
                traffic: Vec::new(),
            });
        }
        for at in found {
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
}

/// The routes of a method and path: those alike, else the most special ones that it fits into.
fn find(routes: &[Entry], method: &str, path: &str) -> Vec<usize> {
    let (mut least, mut best) = (usize::MAX, Vec::new());
    for (at, route) in routes.iter().enumerate() {
        // Of routes that fit alike, one for this method says more than one for any.
        let other = match route.method.as_str() {
            own if own == method => 0,
            "ANY" => 1,
            // Whoever answers GET answers HEAD (RFC 9110 §9.3.2).
            "GET" if method == "HEAD" => 1,
            _ => continue,
        };
        let Some(loose) = looseness(&route.path, path) else { continue };
        let loose = loose * 2 + other;
        if loose < least {
            (least, best) = (loose, Vec::new());
        }
        if loose == least {
            best.push(at);
        }
    }
    best
}

/// How many segments of `path` stand where `template` has a parameter and are none; `None` when it does not
/// fit.
fn looseness(template: &str, path: &str) -> Option<usize> {
    let (mut wanted, mut has, mut loose) = (segments(template), segments(path), 0);
    loop {
        match (wanted.next(), has.next()) {
            (None, None) => return Some(loose),
            (Some(REMAINDER), Some(_)) => return Some(loose + LOOSEST),
            (Some(wanted), Some(has)) if wanted.contains('{') => {
                if !has.contains('{') {
                    let front = wanted.split('{').next().unwrap_or_default();
                    let back = wanted.rsplit('}').next().unwrap_or_default();
                    if !(has.starts_with(front) && has.ends_with(back)) {
                        return None;
                    }
                    loose += 1;
                }
            }
            (Some(wanted), Some(has)) if wanted == has => {}
            _ => return None,
        }
    }
}

fn segments(path: &str) -> impl Iterator<Item = &str> {
    path.split('/').filter(|segment| !segment.is_empty())
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
        assert_eq!(looseness("/files/{rest}", "/files/a/b"), Some(LOOSEST));
        assert_eq!(looseness("/v{version}/x", "/v2/x"), Some(1));
        assert_eq!(looseness("/v{version}/x", "/beta/x"), None);
    }
}
