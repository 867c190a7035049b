//! Parameters of path segments (RFC 3986 §3.3), as `;name=value` of RFC 6570 §3.2.7 and of `style: matrix` in OpenAPI
//! has them: `/maps/point;lat=1;lon=2`. They become values below a root of their own, and the segment is what stands
//! in front of them.

use bartizan_model::{LimitName, Root};

use super::is_dots;
use crate::{
    decode::Decoder,
    view::{Step, Value},
};

/// Longest name of a parameter that is a usual one, in bytes.
const MAX_NAME: usize = 64;
/// Names that servers give sessions when a client takes no cookies (Jakarta Servlet 6.0 §7.1.3 and those like it): a
/// session in a URL, and no parameter of the API.
const SESSIONS: [&str; 5] = ["jsessionid", "phpsessid", "aspsessionid", "sessionid", "sid"];

impl Decoder<'_> {
    /// Parameters of segments, each with the number of its canonical segment: `a=1;b=2`, as written.
    pub(super) fn matrix(&mut self, list: &[(u32, &str)]) {
        if list.is_empty() {
            return;
        }
        let Some(root) = self.view.open_root(self.side, Root::Matrix) else { return };
        let mut names = std::mem::take(&mut self.scratch.query);
        let mut left = self.limits.path_parameters;
        'segments: for (segment, text) in list {
            let step = Step::Index(*segment);
            let Some(id) = self.view.open(root, step, Value::Object) else { break };
            names.clear();
            for one in text.split(';').filter(|one| !one.is_empty()) {
                if left == 0 {
                    self.view.limit(self.side, LimitName::PathParameters);
                    self.view.close(id);
                    break 'segments;
                }
                left -= 1;
                let pair = one.split_once('=').unwrap_or((one, ""));
                if self.pair(id, pair, false, &mut names).is_none() {
                    self.view.close(id);
                    break 'segments;
                }
            }
            self.view.close(id);
        }
        // The query comes behind the path, and begins anew.
        names.clear();
        self.scratch.query = names;
        self.view.close(root);
    }
}

/// Whether what stands behind a segment is what APIs take there. `part` is the segment as written, `text` as decoded
/// once, `base` what stands in front of the parameters in that.
pub(super) fn is_usual(part: &str, text: &str, base: &str) -> bool {
    let semicolons = |text: &str| text.bytes().filter(|b| *b == b';').count();
    let own = text.get(base.len() + 1..).unwrap_or_default();
    !is_dots(base) && semicolons(part) == semicolons(text) && own.split(';').all(is_usual_parameter)
}

fn is_usual_parameter(text: &str) -> bool {
    let Some((name, value)) = text.split_once('=') else { return false };
    let is_name = !name.is_empty()
        && name.len() <= MAX_NAME
        && name.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-' | b'.'));
    let is_session = SESSIONS.iter().any(|known| name.eq_ignore_ascii_case(known));
    let is_path = value.contains(['/', '\\']) || value.contains("..");
    is_name && !is_session && !is_path && !value.chars().any(char::is_control)
}

#[cfg(test)]
mod tests {
    use bartizan_model::{Exchange, Limits, Root, Side};

    use crate::{
        anomaly::AnomalyKind,
        decode::{Decoded, decode},
        view::Value,
    };

    fn decoded(target: &str, limits: &Limits) -> Decoded {
        let mut exchange = Exchange::default();
        exchange.request.target = target.to_owned();
        decode(&exchange, limits, 1)
    }

    fn segments(decoded: &Decoded) -> Vec<&str> {
        let root = decoded.view.root(Side::Request, Root::Path).expect("path root");
        root.children().map(|node| node.raw()).collect()
    }

    /// Location and value of each parameter.
    fn parameters(decoded: &Decoded) -> Vec<(String, &str)> {
        let root = decoded.view.root(Side::Request, Root::Matrix);
        let all = root.into_iter().flat_map(|root| root.children());
        let all = all.flat_map(|segment| segment.children());
        all.map(|node| (node.instance().to_string(), node.raw())).collect()
    }

    fn has_anomaly(decoded: &Decoded) -> bool {
        decoded.view.anomalies().iter().any(|(_, kind)| *kind == AnomalyKind::PathParameter)
    }

    #[test]
    fn usual_parameters_are_values_and_nothing_odd() {
        for (target, expected, found) in [
            (
                "/maps/point;lat=1;lon=2",
                vec!["maps", "point"],
                vec![("path.1;lat", "1"), ("path.1;lon", "2")],
            ),
            ("/a;v=x%20y+z/b;w=%3B?q=1", vec!["a", "b"], vec![("path.0;v", "x y+z")]),
            ("/points/;point=3", vec!["points", ";"], vec![("path.1;point", "3")]),
            ("/c;k=1;k=2", vec!["c"], vec![("path.0;k", "1"), ("path.0;k#1", "2")]),
            ("/a;x=1/../b;y=2", vec!["b"], vec![("path.0;y", "2")]),
        ] {
            let decoded = decoded(target, &Limits::default());
            assert_eq!(segments(&decoded), expected, "{target}");
            let seen = parameters(&decoded);
            for (place, value) in found {
                assert!(seen.contains(&(place.to_owned(), value)), "{target}: {seen:?}");
            }
        }
        let plain = decoded("/maps/point;lat=1;lon=2", &Limits::default());
        assert!(plain.view.anomalies().is_empty(), "{:?}", plain.view.anomalies());
        let root = plain.view.root(Side::Request, Root::Path).expect("path root");
        assert_eq!(root.value(), Value::Object, "nothing about the path is odd");
        let first = plain.view.nodes().find(|node| node.key() == "lat").expect("a value");
        assert_eq!(first.general().as_str(), "path.1;lat");
        assert_eq!(first.name(), "lat");
    }

    #[test]
    fn what_imitates_a_path_or_names_a_session_is_odd() {
        for target in [
            "/admin/..;/secret",
            "/admin/..;x=1/secret",
            "/admin;/users",
            "/admin;",
            "/a;=1",
            "/a;x=..%2f..%2fetc",
            "/a%3Bx=1/b",
            "/a;x=1%3By=2",
            "/login;jsessionid=C0FFEE",
            "/login/;JSESSIONID=C0FFEE",
            "/1;2/b",
            "/a;x=%00",
        ] {
            assert!(has_anomaly(&decoded(target, &Limits::default())), "{target}");
        }
        let session = decoded("/login/;jsessionid=C0FFEE", &Limits::default());
        assert_eq!(segments(&session), ["login"], "a session makes no path of its own");
        assert_eq!(parameters(&session), [("path.1;jsessionid".to_owned(), "C0FFEE")]);
        let climbing = decoded("/a;x=..%2f..%2fetc", &Limits::default());
        assert_eq!(parameters(&climbing), [("path.0;x".to_owned(), "../../etc")]);
        assert!(parameters(&decoded("/a%3Bx=1/b", &Limits::default())).is_empty());
    }

    #[test]
    fn a_limit_on_parameters_is_recorded() {
        let limits = Limits { path_parameters: 3, ..Limits::default() };
        let decoded = decoded(&format!("/a{}/b{}", ";k=v".repeat(2), ";k=v".repeat(9)), &limits);
        assert_eq!(parameters(&decoded).len(), 3);
        let reasons: Vec<_> =
            decoded.view.not_inspected().iter().map(ToString::to_string).collect();
        assert_eq!(reasons[0], "request:limit_path_parameters");
    }
}
