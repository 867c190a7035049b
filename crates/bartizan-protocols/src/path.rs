//! The path of the request target in canonical form (RFC 3986 §6.2.2), and what was odd about it.

use bartizan_model::{LimitName, Root};

use crate::{
    anomaly::AnomalyKind,
    decode::Decoder,
    percent,
    view::{NodeId, Step, Value},
};

mod matrix;

impl Decoder<'_> {
    /// The target: path and query.
    pub(crate) fn target(&mut self, path: &str, query: Option<&str>) {
        let most = self.limits.target_bytes as usize;
        let path_kept = cut(path, most);
        let query_kept = query.map(|query| cut(query, most.saturating_sub(path_kept.len())));
        if path_kept.len() < path.len() || query_kept.map(str::len) < query.map(str::len) {
            self.view.limit(self.side, LimitName::TargetBytes);
        }
        for text in [Some(path_kept), query_kept].into_iter().flatten() {
            percent::controls(text, self.view, self.side);
            if !text.is_ascii() {
                self.view.anomaly(self.side, AnomalyKind::NonAsciiTarget);
            }
        }
        self.path(path_kept);
        if let Some(query) = query_kept {
            self.query(query);
        }
    }

    /// The canonical segments become text leaves under the path root: percent-decoded once, without
    /// empty and dot segments and parameters. When canonicalisation changed more than simple
    /// escapes, the root itself is a text: the whole path, decoded as far as a lenient server would
    /// decode it and with its dot segments, so that a traversal stays visible.
    pub(crate) fn path(&mut self, path: &str) {
        let Some(root) = self.view.open_root(self.side, Root::Path) else { return };
        let mut parameters = Vec::new();
        if is_plain(path) {
            self.plain_path(root, path);
        } else {
            parameters = self.odd_path(root, path);
        }
        self.view.close(root);
        self.matrix(&parameters);
    }

    fn plain_path(&mut self, root: NodeId, path: &str) {
        for (i, segment) in path.split('/').filter(|segment| !segment.is_empty()).enumerate() {
            if i >= self.limits.path_segments as usize {
                return self.view.limit(self.side, LimitName::PathSegments);
            }
            if self.text_leaf(root, Step::Index(i as u32), segment).is_none() {
                return;
            }
        }
    }

    /// Returns the parameters of segments, each with the number of its segment.
    fn odd_path<'t>(&mut self, root: NodeId, path: &'t str) -> Vec<(u32, &'t str)> {
        let mut value = std::mem::take(&mut self.scratch.value);
        let mut segments = std::mem::take(&mut self.scratch.segments);
        value.clear();
        segments.clear();
        let mut odd = self.lenient_path(&mut value, path);
        let lenient = value.len();
        let mut parameters = Vec::new();
        odd |= self.canonical_segments((&mut value, &mut segments, &mut parameters), path);
        if odd && let Some(text) = value.get(..lenient) {
            self.view.set_value(root, Value::Text(text));
        }
        for (i, (start, end)) in segments.iter().enumerate() {
            if i >= self.limits.path_segments as usize {
                self.view.limit(self.side, LimitName::PathSegments);
                break;
            }
            let segment = value.get(*start..*end).unwrap_or_default();
            if self.text_leaf(root, Step::Index(i as u32), segment).is_none() {
                break;
            }
        }
        self.scratch.value = value;
        self.scratch.segments = segments;
        parameters
    }

    /// Appends the path decoded round after round; returns whether it is odd.
    fn lenient_path(&mut self, out: &mut String, path: &str) -> bool {
        let mut bytes = std::mem::take(&mut self.scratch.bytes);
        bytes.clear();
        let mut met = percent::decode_into(&mut bytes, path.as_bytes(), false);
        let mut odd = met.invalid || met.slash || met.backslash;
        let mut rounds = 1;
        while percent::has_escape(&bytes) {
            self.view.anomaly(self.side, AnomalyKind::DoubleEncoding);
            odd = true;
            if rounds >= self.limits.percent_rounds {
                self.view.limit(self.side, LimitName::PercentRounds);
                break;
            }
            let input = bytes.clone();
            bytes.clear();
            let next = percent::decode_into(&mut bytes, &input, false);
            met.invalid |= next.invalid;
            met.slash |= next.slash;
            met.backslash |= next.backslash;
            rounds += 1;
        }
        let start = out.len();
        percent::push_text(out, &bytes, self.view, self.side);
        self.scratch.bytes = bytes;
        let text = out.get(start..).unwrap_or_default();
        let dots = text.split(['/', '\\']).any(|segment| is_dots(without_parameters(segment)));
        let flags = [
            (met.invalid, AnomalyKind::InvalidPercent),
            (met.slash, AnomalyKind::EncodedSlash),
            (met.backslash, AnomalyKind::Backslash),
            (dots, AnomalyKind::DotSegments),
        ];
        for (_, kind) in flags.into_iter().filter(|(found, _)| *found) {
            self.view.anomaly(self.side, kind);
        }
        odd || dots || text.bytes().any(|b| b < 0x20) || text.contains(char::REPLACEMENT_CHARACTER)
    }

    /// Appends the text of the canonical segments, their ranges in it, and parameters with the number of their
    /// segment; returns whether the path is odd.
    fn canonical_segments<'t>(
        &mut self,
        (out, segments, parameters): (&mut String, &mut Ranges, &mut Parameters<'t>),
        path: &'t str,
    ) -> bool {
        let mut odd = false;
        let path = path.strip_prefix('/').unwrap_or(path);
        let mut parts = path.split('/').peekable();
        while let Some(part) = parts.next() {
            if part.is_empty() {
                if parts.peek().is_some() {
                    self.view.anomaly(self.side, AnomalyKind::EmptySegment);
                    odd = true;
                }
                continue;
            }
            let start = out.len();
            self.scratch.bytes.clear();
            percent::decode_into(&mut self.scratch.bytes, part.as_bytes(), false);
            percent::push_text(out, &self.scratch.bytes, self.view, self.side);
            let text = out.get(start..).unwrap_or_default();
            let base = without_parameters(text);
            let (is_named, base_end) = (base.len() < text.len(), start + base.len());
            let is_usual = is_named && matrix::is_usual(part, text, base);
            if !is_usual && text.contains(';') {
                self.view.anomaly(self.side, AnomalyKind::PathParameter);
                odd = true;
            }
            let own = part.split_once(';').map(|(_, own)| own);
            if let Some(own) = own.filter(|own| is_named && own.bytes().any(|b| b != b';')) {
                parameters.push((u32::try_from(segments.len()).unwrap_or(u32::MAX), own));
            }
            match base {
                "" if is_usual => {
                    // Nothing but parameters. Their names are the client's, and make no segment.
                    out.truncate(start);
                    out.push(';');
                    segments.push((start, out.len()));
                }
                "" | "." => out.truncate(start),
                ".." => {
                    out.truncate(start);
                    segments.pop();
                    // In order, so that each is looked at once.
                    while parameters.last().is_some_and(|(at, _)| *at as usize >= segments.len()) {
                        parameters.pop();
                    }
                }
                _ => segments.push((start, base_end)),
            }
        }
        odd
    }
}

/// Where segments begin and end.
type Ranges = Vec<(usize, usize)>;
/// Parameters as they were written, each with the number of its segment.
type Parameters<'t> = Vec<(u32, &'t str)>;

/// Whether the path is canonical as it is, but perhaps for a slash at the end.
fn is_plain(path: &str) -> bool {
    let mut before = 0;
    for byte in path.bytes() {
        let odd = matches!(byte, b'%' | b'\\' | b';' | 0..=0x1f | 0x7f)
            || (before == b'/' && matches!(byte, b'/' | b'.'));
        if odd {
            return false;
        }
        before = byte;
    }
    path.starts_with('/') || !path.starts_with('.')
}

fn is_dots(segment: &str) -> bool {
    matches!(segment, "." | "..")
}

/// A segment without `;name=value` and empty parameters; `a;b` is kept, many APIs mean a list. A dot
/// segment loses any parameter, as in `..;x/`.
fn without_parameters(segment: &str) -> &str {
    let Some((base, parameters)) = segment.split_once(';') else { return segment };
    let named = parameters.split(';').all(|p| p.is_empty() || p.find('=').is_some_and(|at| at > 0));
    if named || is_dots(base) { base } else { segment }
}

/// At most `most` bytes of a text, cut between characters.
pub(crate) fn cut(text: &str, most: usize) -> &str {
    if text.len() <= most {
        return text;
    }
    text.get(..text.floor_char_boundary(most)).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use bartizan_model::{Exchange, Limits, Side};

    use super::*;
    use crate::decode::{Decoded, decode};

    fn decoded(target: &str) -> Decoded {
        let mut exchange = Exchange::default();
        exchange.request.target = target.to_owned();
        decode(&exchange, &Limits::default(), 1)
    }

    fn segments(decoded: &Decoded) -> Vec<&str> {
        let root = decoded.view.root(Side::Request, Root::Path).expect("path root");
        root.children().map(|node| node.raw()).collect()
    }

    fn kinds(decoded: &Decoded) -> Vec<AnomalyKind> {
        decoded.view.anomalies().iter().map(|(_, kind)| *kind).collect()
    }

    #[test]
    fn plain_paths_have_no_anomalies_and_an_object_root() {
        for (target, expected) in [
            ("/", vec![]),
            ("/v1/users/42", vec!["v1", "users", "42"]),
            ("/v1/users/", vec!["v1", "users"]),
            ("/v1.2/a..b/.well-known", vec!["v1.2", "a..b", ".well-known"]),
            ("/caf%C3%A9%20x", vec!["café x"]),
            ("*", vec!["*"]),
            ("", vec![]),
        ] {
            let decoded = decoded(target);
            assert_eq!(segments(&decoded), expected, "{target}");
            assert_eq!(kinds(&decoded), [], "{target}");
            let root = decoded.view.root(Side::Request, Root::Path).expect("path root");
            assert_eq!(root.value(), Value::Object, "{target}");
        }
    }

    #[test]
    fn odd_paths_are_canonical_and_say_why() {
        use AnomalyKind as A;
        for (target, expected, anomalies, whole) in [
            ("//a///b//", vec!["a", "b"], vec![A::EmptySegment], "//a///b//"),
            ("/a/./b/../c", vec!["a", "c"], vec![A::DotSegments], "/a/./b/../c"),
            ("/a/%2e%2E/c", vec!["c"], vec![A::DotSegments], "/a/../c"),
            ("/../../x", vec!["x"], vec![A::DotSegments], "/../../x"),
            ("/a/..;/b", vec!["b"], vec![A::DotSegments, A::PathParameter], "/a/..;/b"),
            ("/a;jsessionid=1/b", vec!["a", "b"], vec![A::PathParameter], "/a;jsessionid=1/b"),
            ("/1;2/b", vec!["1;2", "b"], vec![A::PathParameter], "/1;2/b"),
            ("/a%2Fb", vec!["a/b"], vec![A::EncodedSlash], "/a/b"),
            ("/a\\b", vec!["a\\b"], vec![A::Backslash], "/a\\b"),
            ("/a%00b", vec!["a\0b"], vec![A::NulByte], "/a\0b"),
            ("/100%", vec!["100%"], vec![A::InvalidPercent], "/100%"),
            ("/%u002e", vec![], vec![A::InvalidPercent, A::DotSegments], "/."),
            ("/%ff", vec!["\u{fffd}"], vec![A::InvalidUtf8], "/\u{fffd}"),
            ("/%c0%ae%c0%ae/x", vec!["x"], vec![A::OverlongUtf8, A::DotSegments], "/../x"),
            (
                "/f/..%252f..%252fetc%252fpasswd",
                vec!["f", "..%2f..%2fetc%2fpasswd"],
                vec![A::DoubleEncoding, A::EncodedSlash, A::DotSegments],
                "/f/../../etc/passwd",
            ),
        ] {
            let decoded = decoded(target);
            assert_eq!(segments(&decoded), expected, "{target}");
            assert_eq!(kinds(&decoded), anomalies, "{target}");
            let root = decoded.view.root(Side::Request, Root::Path).expect("path root");
            assert_eq!(root.value(), Value::Text(whole), "{target}");
        }
    }

    #[test]
    fn raw_bytes_in_the_target_are_noted() {
        let seen = decoded("/é\u{1}?q=ü");
        assert_eq!(kinds(&seen), [AnomalyKind::ControlCharacter, AnomalyKind::NonAsciiTarget]);
        assert_eq!(kinds(&decoded("/a#/../b?c")), [AnomalyKind::TargetFragment]);
    }

    #[test]
    fn limits_are_recorded() {
        let mut exchange = Exchange::default();
        exchange.request.target = "/a".repeat(50);
        let limits = Limits { path_segments: 10, target_bytes: 60, ..Limits::default() };
        let decoded = decode(&exchange, &limits, 1);
        assert_eq!(segments(&decoded).len(), 10);
        let reasons: Vec<_> =
            decoded.view.not_inspected().iter().map(ToString::to_string).collect();
        assert_eq!(reasons[..2], ["request:limit_target_bytes", "request:limit_path_segments"]);
        exchange.request.target = format!("/{}2e", "%25".repeat(9).replace("%25%25", "%2525"));
        let decoded = decode(&exchange, &Limits { percent_rounds: 1, ..Limits::default() }, 1);
        let reasons: Vec<_> =
            decoded.view.not_inspected().iter().map(ToString::to_string).collect();
        assert!(reasons.contains(&"request:limit_percent_rounds".to_owned()));
    }
}
