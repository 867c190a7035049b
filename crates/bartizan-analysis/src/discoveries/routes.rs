//! Routes as a tree of segments, to be found by the path of an endpoint or of a request.

use std::collections::HashMap;

/// Most segments of a path that is compared.
pub(super) const MAX_SEGMENTS: usize = 64;
/// Most nodes that are looked at for one path: what is hostile ends here without an answer.
const MAX_STEPS: usize = 2_000;
/// What stands for the remainder of a path, with its slashes.
const REMAINDER: &str = "{rest}";
/// How much looser a remainder is than any number of parameters.
pub(super) const LOOSEST: u32 = 1_000;

/// Segments of a path.
pub(super) fn segments(path: &str) -> Vec<&str> {
    path.split('/').filter(|segment| !segment.is_empty()).take(MAX_SEGMENTS + 1).collect()
}

/// Whether a segment is or has a parameter.
pub(super) fn is_parameter(segment: &str) -> bool {
    segment.contains('{')
}

#[derive(Clone, Debug, Default)]
struct Node {
    texts: HashMap<Box<str>, u32>,
    /// What stands before and behind the parameter, and where it leads.
    parameters: Vec<(Box<str>, Box<str>, u32)>,
    /// Routes that end here.
    ends: Vec<u32>,
    /// Routes that take whatever follows.
    takes_rest: Vec<u32>,
}

/// Routes by their segments; names of parameters do not count, nor does a final slash.
#[derive(Clone, Debug)]
pub(super) struct Routes {
    nodes: Vec<Node>,
}

/// A route that a path fits, and how many segments of the path stand where it has a parameter and are none;
/// [`LOOSEST`] more for a remainder.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Fit {
    pub(super) route: u32,
    pub(super) loose: u32,
}

impl Default for Routes {
    fn default() -> Self {
        Self { nodes: vec![Node::default()] }
    }
}

impl Routes {
    /// Takes in a path.
    pub(super) fn add(&mut self, path: &[&str], route: u32) {
        let mut at = 0;
        for (position, segment) in path.iter().enumerate() {
            if *segment == REMAINDER && position + 1 == path.len() {
                if let Some(node) = self.nodes.get_mut(at) {
                    node.takes_rest.push(route);
                }
                return;
            }
            at = self.child(at, segment);
        }
        if let Some(node) = self.nodes.get_mut(at) {
            node.ends.push(route);
        }
    }

    fn child(&mut self, at: usize, segment: &str) -> usize {
        let fresh = self.nodes.len();
        let Some(node) = self.nodes.get_mut(at) else { return at };
        // A tree of 50,000 routes with 64 segments each has room in 32 bits.
        let number = u32::try_from(fresh).unwrap_or(u32::MAX);
        let found = if is_parameter(segment) {
            let (front, back) = around(segment);
            let same = node.parameters.iter().find(|(a, b, _)| (&**a, &**b) == (front, back));
            let known = same.map(|(.., to)| *to);
            if known.is_none() {
                node.parameters.push((front.into(), back.into(), number));
            }
            known
        } else {
            let known = node.texts.get(segment).copied();
            if known.is_none() {
                node.texts.insert(segment.into(), number);
            }
            known
        };
        found.map_or_else(
            || {
                self.nodes.push(Node::default());
                fresh
            },
            |to| to as usize,
        )
    }

    /// The routes that a path fits, in no order.
    pub(super) fn find(&self, path: &[&str]) -> Vec<Fit> {
        let (mut out, mut steps) = (Vec::new(), 0);
        let mut open = vec![(0_usize, 0_usize, 0_u32)];
        while let Some((at, position, loose)) = open.pop() {
            steps += 1;
            let Some(node) = self.nodes.get(at).filter(|_| steps <= MAX_STEPS) else {
                return Vec::new();
            };
            let Some(segment) = path.get(position) else {
                out.extend(node.ends.iter().map(|route| Fit { route: *route, loose }));
                continue;
            };
            let rest = |route: &u32| Fit { route: *route, loose: loose + LOOSEST };
            out.extend(node.takes_rest.iter().map(rest));
            if let Some(next) = node.texts.get(*segment) {
                open.push((*next as usize, position + 1, loose));
            }
            for (front, back, next) in &node.parameters {
                let is_whole = is_parameter(segment);
                let fits = segment.len() > front.len() + back.len()
                    && segment.starts_with(&**front)
                    && segment.ends_with(&**back);
                if is_whole || fits {
                    open.push((*next as usize, position + 1, loose + u32::from(!is_whole)));
                }
            }
        }
        out
    }
}

/// What stands before and behind the parameter of a segment.
fn around(segment: &str) -> (&str, &str) {
    let front = segment.split('{').next().unwrap_or_default();
    let back = segment.rsplit('}').next().unwrap_or_default();
    // Without a closing brace all of it would be behind.
    (front, if segment.contains('}') { back } else { "" })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn looseness(route: &str, path: &str) -> Option<u32> {
        let mut routes = Routes::default();
        routes.add(&segments(route), 7);
        routes.find(&segments(path)).first().map(|fit| fit.loose)
    }

    #[test]
    fn names_of_parameters_do_not_count_and_text_is_no_parameter() {
        assert_eq!(looseness("/users/{id}", "/users/{user_id}/"), Some(0));
        assert_eq!(looseness("/users/{id}", "/users/me"), Some(1));
        assert_eq!(looseness("/users/me", "/users/me"), Some(0));
        assert_eq!(looseness("/users/me", "/users/{id}"), None);
        assert_eq!(looseness("/users", "/users/{id}"), None);
        assert_eq!(looseness("/", ""), Some(0));
        assert_eq!(looseness("/files/{rest}", "/files/a/b"), Some(LOOSEST));
        assert_eq!(looseness("/files/{rest}", "/files"), None);
        assert_eq!(looseness("/v{version}/x", "/v2/x"), Some(1));
        assert_eq!(looseness("/v{version}/x", "/v/x"), None, "a parameter is not empty");
        assert_eq!(looseness("/v{version}/x", "/beta/x"), None);
        assert_eq!(looseness("/a{", "/ab"), Some(1));
    }

    #[test]
    fn a_tree_made_to_be_searched_for_long_gives_no_answer() {
        let mut routes = Routes::default();
        for bits in 0_u32..1 << 12 {
            let path: Vec<&str> =
                (0..12).map(|at| if bits >> at & 1 == 0 { "a" } else { "{p}" }).collect();
            routes.add(&path, bits);
        }
        assert!(routes.find(&["a"; 12]).is_empty(), "8,191 nodes fit");
        assert_eq!(routes.find(&["b"; 12]), [Fit { route: (1 << 12) - 1, loose: 12 }]);
    }
}
