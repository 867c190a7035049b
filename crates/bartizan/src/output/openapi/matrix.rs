//! Parameters of path segments (`/point;lat=1;lon=2`) as path parameters of `style: matrix` (OpenAPI 3.1.1 §4.8.12.3):
//! `/point{lat}{lon}`. As such a parameter has to be there, those that not every request had are left out, with a note.

use std::collections::BTreeSet;

use bartizan_model::{Direction, Endpoint, Parameter};
use serde_json::{Value, json};

use super::schema;

/// What a document says of the parameters of segments.
pub(super) struct OfSegments {
    /// The path with a place for each that can be written.
    pub(super) path: String,
    /// Those that can be written.
    pub(super) parameters: Vec<Value>,
    /// Those that cannot, each with why.
    pub(super) left_out: Vec<String>,
}

impl OfSegments {
    /// `names`: what is in braces in the path already.
    pub(super) fn of(endpoint: &Endpoint, names: &[&str]) -> Self {
        let mut out =
            Self { path: endpoint.path.clone(), parameters: Vec::new(), left_out: Vec::new() };
        let sent = endpoint.parameters.iter().filter(|p| p.direction == Direction::Request);
        let of_segments: Vec<&Parameter> = sent
            .filter(|p| {
                p.location.is_segment_parameter() && !p.location.as_str().contains(['/', '!'])
            })
            .collect();
        if of_segments.is_empty() {
            return out;
        }
        let mut segments: Vec<String> = endpoint.path.split('/').map(str::to_owned).collect();
        let mut taken: BTreeSet<&str> = names.iter().copied().collect();
        let mut done = BTreeSet::new();
        for parameter in of_segments {
            if !done.insert(parameter.location.as_str()) {
                continue;
            }
            let name = parameter.name.as_str();
            let why = match place_of(&segments, parameter) {
                _ if name.contains(['{', '}', ';', '/']) => Some("no name that a path can have"),
                None => Some("no segment that it stands behind"),
                Some(_) if taken.contains(name) => Some("its path has another of that name"),
                Some((at, is_alone)) if is_alone || parameter.required == Some(true) => {
                    if let Some(segment) = segments.get_mut(at) {
                        write(segment, name, is_alone);
                    }
                    taken.insert(name);
                    out.parameters.push(json!({
                        "name": name, "in": "path", "required": true, "style": "matrix",
                        "schema": schema::scalar(parameter), "x-bartizan-seen": parameter.seen,
                    }));
                    None
                }
                Some(_) => Some("not every request had it"),
            };
            let note =
                why.map(|why| format!("{} {} ;{name}: {why}", endpoint.method, endpoint.path));
            out.left_out.extend(note);
        }
        out.path = segments.join("/");
        out
    }
}

/// The segment that a parameter stands behind, and whether its name is all that the segment has.
fn place_of(segments: &[String], parameter: &Parameter) -> Option<(usize, bool)> {
    let text = parameter.location.as_str().strip_prefix("path.")?;
    let (segment, _) = text.split_once(';')?;
    let segment = bartizan_model::location::unescape(segment);
    if segment.is_empty() {
        let is_it =
            |one: &String| one.starts_with([';', '{']) && own_place(one, &parameter.name).is_some();
        return Some((segments.iter().position(is_it)?, true));
    }
    // What was written already stands behind the segment.
    let is_it = |one: &String| {
        one.strip_prefix(segment.as_str())
            .is_some_and(|rest| rest.is_empty() || rest.starts_with('{'))
            || one.contains(&format!("{{{segment}}}"))
    };
    Some((segments.iter().position(is_it)?, false))
}

/// Where `;name` is one of the parameters in a segment of nothing else.
fn own_place(segment: &str, name: &str) -> Option<usize> {
    let own = format!(";{name}");
    let ends = |at: usize| {
        let next = segment.as_bytes().get(at + own.len());
        next.is_none_or(|next| matches!(next, b';' | b'{'))
    };
    segment.match_indices(&own).map(|(at, _)| at).find(|at| ends(*at))
}

fn write(segment: &mut String, name: &str, is_alone: bool) {
    let place = format!("{{{name}}}");
    match own_place(segment, name).filter(|_| is_alone) {
        Some(at) => segment.replace_range(at..=at + name.len(), &place),
        None => segment.push_str(&place),
    }
}
