//! Patterns of hosts: one API under many names, as `{tenant}.api.example.com`.
//!
//! An endpoint whose host is a pattern has its text where others have a name. No name has a brace in it (RFC 1123
//! §2.1), and what a request claims as its host never does where endpoints are listed.

use std::collections::BTreeSet;

/// Longest host or pattern, in bytes (RFC 1035 §2.3.4).
pub const MAX_HOST: usize = 253;
/// Most variables of one pattern.
const MAX_VARIABLES: usize = 8;
/// Longest name of a variable, in bytes.
const MAX_NAME: usize = 64;
/// Most values of one variable; one with more takes any label.
pub const MAX_VALUES: usize = 256;

/// A pattern of hosts: fixed text, and variables each of which stands for a label or a part of one, or for one of a
/// few values.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HostPattern {
    text: String,
    pieces: Vec<Piece>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Piece {
    /// In lower case.
    Text(String),
    /// At least one character of a label.
    Label,
    /// Values in lower case.
    OneOf(BTreeSet<String>),
}

impl HostPattern {
    /// Reads a pattern such as `{tenant}.api.example.com`. Fixed text counts without case; names of variables keep
    /// theirs.
    ///
    /// # Errors
    /// It has no variable, ends in one, or is none: the text says what is wrong and what to do.
    pub fn new(text: &str) -> Result<Self, String> {
        Self::with_values(text, |_| None)
    }

    /// The same where some variables have no other values than these, which may be several labels long. Values that
    /// cannot be in a host are left out; when none is left the variable takes any label.
    ///
    /// # Errors
    /// As [`HostPattern::new`].
    pub fn with_values(
        text: &str,
        values: impl Fn(&str) -> Option<Vec<String>>,
    ) -> Result<Self, String> {
        if text.len() > MAX_HOST {
            return Err(format!("a host of more than {MAX_HOST} bytes"));
        }
        let (mut pieces, mut shown, mut rest) = (Vec::new(), String::new(), text);
        let mut variables = 0;
        while let Some((before, after)) = rest.split_once('{') {
            let Some((name, behind)) = after.split_once('}') else {
                return Err(format!("{text:?}: `{{` without `}}`"));
            };
            fixed(text, before, &mut pieces, &mut shown)?;
            if before.is_empty() && !pieces.is_empty() {
                return Err(format!("{text:?}: put fixed text between two variables"));
            }
            let is_name = |b: u8| b.is_ascii_alphanumeric() || b"-_".contains(&b);
            if name.is_empty() || name.len() > MAX_NAME || !name.bytes().all(is_name) {
                return Err(format!(
                    "{text:?}: a variable is named by letters, digits, `-` and `_`, as {{tenant}}"
                ));
            }
            variables += 1;
            if variables > MAX_VARIABLES {
                return Err(format!("{text:?}: more than {MAX_VARIABLES} variables"));
            }
            pieces.push(piece(values(name)));
            shown.push_str(&format!("{{{name}}}"));
            rest = behind;
        }
        if variables == 0 {
            return Err(format!("{text:?} has no variable as {{tenant}}"));
        }
        fixed(text, rest, &mut pieces, &mut shown)?;
        let labels = rest.strip_prefix('.').filter(|rest| !rest.is_empty());
        let labels = labels.or_else(|| rest.split_once('.').map(|(_, behind)| behind));
        if labels.is_none_or(|labels| labels.split('.').any(str::is_empty)) {
            return Err(format!("{text:?}: end in a domain, as {{tenant}}.api.example.com"));
        }
        Ok(Self { text: shown, pieces })
    }

    /// The pattern as it is shown: `{tenant}.api.example.com`.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The pattern without names of variables, the same for all that differ in these alone; see [`shape`].
    #[must_use]
    pub fn shape(&self) -> String {
        shape(&self.text)
    }

    /// About how many bytes it takes in memory.
    #[must_use]
    pub fn held(&self) -> usize {
        let of = |piece: &Piece| match piece {
            Piece::Text(text) => text.len(),
            Piece::Label => 0,
            Piece::OneOf(values) => values.iter().map(|v| size_of::<String>() + v.len()).sum(),
        };
        let pieces: usize = self.pieces.iter().map(|it| size_of::<Piece>() + of(it)).sum();
        size_of::<Self>() + self.text.len() + pieces
    }

    /// How many whole labels of fixed text it ends in: two for `{tenant}.example.com`.
    #[must_use]
    pub fn fixed_labels(&self) -> usize {
        match self.pieces.last() {
            Some(Piece::Text(text)) => text.split('.').count() - 1,
            _ => 0,
        }
    }

    /// Whether a host fits. `host`: in lower case, without port. Looks at each of its bytes at most once for each
    /// piece and value of the pattern, whatever the pattern.
    #[must_use]
    pub fn fits(&self, host: &str) -> bool {
        let Some(Piece::Text(end)) = self.pieces.last() else { return false };
        if host.len() > MAX_HOST || !host.ends_with(end.as_str()) || is_address(host) {
            return false;
        }
        let bytes = host.as_bytes();
        // Where what is left of the host may begin.
        let mut starts = BTreeSet::from([0]);
        for piece in &self.pieces {
            let mut next = BTreeSet::new();
            // Those of one label reach the same ends.
            let mut reached = 0;
            for start in starts {
                let rest = bytes.get(start..).unwrap_or_default();
                match piece {
                    Piece::Text(text) => {
                        next.extend(rest.starts_with(text.as_bytes()).then_some(start + text.len()))
                    }
                    Piece::OneOf(values) => next.extend(
                        values
                            .iter()
                            .filter(|value| rest.starts_with(value.as_bytes()))
                            .map(|value| start + value.len()),
                    ),
                    Piece::Label => {
                        let end = start + rest.iter().take_while(|b| is_label_byte(**b)).count();
                        next.extend((start + 1).max(reached)..=end);
                        reached = reached.max(end + 1);
                    }
                }
            }
            starts = next;
        }
        starts.contains(&bytes.len())
    }

    /// What the only variable of a pattern stands for in a host that fits; `None` for several variables.
    #[must_use]
    pub fn value<'h>(&self, host: &'h str) -> Option<&'h str> {
        let text = |piece: &Piece| match piece {
            Piece::Text(text) => Some(text.len()),
            _ => None,
        };
        let (before, after) = match self.pieces.as_slice() {
            [_, after] => (0, text(after)?),
            [before, _, after] => (text(before)?, text(after)?),
            _ => return None,
        };
        host.get(before..host.len().checked_sub(after)?).filter(|_| self.fits(host))
    }

    /// Names of its variables, from left to right.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        names(&self.text)
    }
}

fn piece(values: Option<Vec<String>>) -> Piece {
    let values: BTreeSet<String> = values
        .unwrap_or_default()
        .into_iter()
        .map(|value| value.to_ascii_lowercase())
        .filter(|value| !value.is_empty() && value.len() <= MAX_HOST)
        .filter(|value| value.split('.').all(|l| !l.is_empty() && l.bytes().all(is_label_byte)))
        .collect();
    if values.is_empty() || values.len() > MAX_VALUES { Piece::Label } else { Piece::OneOf(values) }
}

/// Takes in fixed text of a pattern.
fn fixed(
    whole: &str,
    text: &str,
    pieces: &mut Vec<Piece>,
    shown: &mut String,
) -> Result<(), String> {
    if text.is_empty() {
        return Ok(());
    }
    if !text.bytes().all(|b| b == b'.' || is_label_byte(b)) || text.contains("..") {
        return Err(format!(
            "{whole:?} is no host without port: expected letters, digits, `-`, `_` and dots around variables"
        ));
    }
    let text = text.to_ascii_lowercase();
    shown.push_str(&text);
    pieces.push(Piece::Text(text));
    Ok(())
}

/// What a label of a name is made of, underscores and letters beyond ASCII included, as both are met.
const fn is_label_byte(b: u8) -> bool {
    b.is_ascii_alphanumeric() || b == b'-' || b == b'_' || b >= 0x80
}

/// Whether a host is an IP address and no name.
#[must_use]
pub fn is_address(host: &str) -> bool {
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    bare.parse::<std::net::IpAddr>().is_ok()
}

/// Whether a host is a name that everybody can resolve: one with a dot that is no address and not below a name
/// of inner networks (RFC 6761, RFC 6762, RFC 8375, and what is in use without a standard).
#[must_use]
pub fn is_public_name(host: &str) -> bool {
    const INSIDE: [&str; 9] = [
        ".internal",
        ".local",
        ".localhost",
        ".lan",
        ".corp",
        ".intranet",
        ".home.arpa",
        ".test",
        ".invalid",
    ];
    let host = host.strip_suffix('.').unwrap_or(host);
    let is_inside = |end: &&str| {
        let start = host.len().checked_sub(end.len());
        start.and_then(|at| host.get(at..)).is_some_and(|tail| tail.eq_ignore_ascii_case(end))
    };
    host.contains('.')
        && host.bytes().all(|b| is_label_byte(b) || b == b'.')
        && !is_address(host)
        && !INSIDE.iter().any(is_inside)
}

/// Whether the host of an endpoint is a pattern.
#[must_use]
pub fn is_pattern(host: &str) -> bool {
    host.contains('{')
}

/// Names of the variables of a host, from left to right; none where it is no pattern.
pub fn names(host: &str) -> impl Iterator<Item = &str> {
    host.split('{').skip(1).filter_map(|part| part.split_once('}')).map(|(name, _)| name)
}

/// A host without names of variables: `{}.api.example.com`, in lower case. Names of hosts stay as they are.
#[must_use]
pub fn shape(host: &str) -> String {
    let (mut out, mut rest) = (String::with_capacity(host.len()), host);
    while let Some((before, after)) = rest.split_once('{')
        && let Some((_, behind)) = after.split_once('}')
    {
        out.push_str(before);
        out.push_str("{}");
        rest = behind;
    }
    out.push_str(rest);
    out.make_ascii_lowercase();
    out
}

/// Whether a host that somebody wrote down is among those of an endpoint: the same name, the same pattern, a pattern
/// that takes the name of the endpoint, or a name that the pattern of the endpoint takes.
#[must_use]
pub fn is_among(written: &str, host: &str) -> bool {
    let takes = |pattern: &str, name: &str| {
        HostPattern::new(pattern).is_ok_and(|pattern| pattern.fits(&name.to_ascii_lowercase()))
    };
    match (is_pattern(written), is_pattern(host)) {
        (false, false) => written.eq_ignore_ascii_case(host),
        (true, true) => shape(written) == shape(host),
        (true, false) => takes(written, host),
        (false, true) => takes(host, written),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pattern(text: &str) -> HostPattern {
        HostPattern::new(text).expect(text)
    }

    #[test]
    fn names_of_inner_networks_are_not_public() {
        for host in ["api.example.com", "API.Example.com.", "hooks.example"] {
            assert!(is_public_name(host), "{host}");
        }
        for host in
            ["", "stock", "10.0.0.7", "[fd00::7]", "a.svc.cluster.LOCAL", "x.test", "a.b:80"]
        {
            assert!(!is_public_name(host), "{host}");
        }
    }

    #[test]
    fn a_variable_stands_for_a_label_or_a_part_of_one() {
        for (text, host, fits) in [
            ("{tenant}.api.example.com", "acme.api.example.com", true),
            ("{tenant}.API.example.com", "acme.api.example.com", true),
            ("{tenant}.api.example.com", "a.b.api.example.com", false),
            ("{tenant}.api.example.com", "api.example.com", false),
            ("{tenant}.api.example.com", ".api.example.com", false),
            ("{tenant}.api.example.com", "{tenant}.api.example.com", false),
            ("{tenant}.api.example.com", "acme.api.example.com.evil.org", false),
            ("{tenant}-{region}.example.com", "acme-corp-eu.example.com", true),
            ("{tenant}-{region}.example.com", "acme.example.com", false),
            ("api.{tenant}.example.com", "api.acme.example.com", true),
            ("{a}.{b}.example.com", "x.y.example.com", true),
            ("{a}.{b}.example.com", "x.example.com", false),
            ("{a}.0.0.1", "127.0.0.1", false),
            ("{svc}.internal", "orders.internal", true),
        ] {
            assert_eq!(pattern(text).fits(host), fits, "{text} {host}");
        }
    }

    #[test]
    fn values_may_be_several_labels_and_nothing_else_fits_then() {
        let values = |name: &str| {
            let values = ["api", "API.dev", "a/b", ""].map(str::to_owned).to_vec();
            (name == "stage").then_some(values)
        };
        let pattern = HostPattern::with_values("{stage}.example.com", values).expect("a pattern");
        for (host, fits) in [
            ("api.example.com", true),
            ("api.dev.example.com", true),
            ("dev.example.com", false),
            ("staging.example.com", false),
        ] {
            assert_eq!(pattern.fits(host), fits, "{host}");
        }
    }

    #[test]
    fn what_is_no_pattern_is_refused_and_says_what_to_do() {
        for (text, says) in [
            ("api.example.com", "has no variable"),
            ("{tenant}", "end in a domain"),
            ("api.{tenant}", "end in a domain"),
            ("{tenant}.", "end in a domain"),
            ("{tenant}x", "end in a domain"),
            ("{a}{b}.example.com", "between two variables"),
            ("{}.example.com", "is named by"),
            ("{a b}.example.com", "is named by"),
            ("{tenant.example.com", "without"),
            ("{tenant}.example.com:8443", "without port"),
            ("https://{tenant}.example.com", "without port"),
            ("*.{tenant}.example.com", "without port"),
            ("{tenant}..example.com", "without port"),
        ] {
            let problem = HostPattern::new(text).expect_err(text);
            assert!(problem.contains(says), "{text}: {problem}");
        }
        let long = format!("{{tenant}}.{}", "a.".repeat(200));
        assert!(HostPattern::new(&long).is_err());
        assert!(HostPattern::new(&format!("{}example.com", "{a}.".repeat(20))).is_err());
    }

    #[test]
    fn ambiguous_patterns_and_long_hosts_take_little_time() {
        let pattern = pattern(&format!("{}z.example.com", "{a}-".repeat(8)));
        let host = format!("{}.example.com", "-a".repeat(100));
        assert!(!pattern.fits(&host));
    }

    #[test]
    fn values_and_shapes_are_told() {
        let one = pattern("api-{Tenant}.Example.com");
        assert_eq!(one.text(), "api-{Tenant}.example.com");
        assert_eq!(one.shape(), "api-{}.example.com");
        assert_eq!(one.value("api-acme.example.com"), Some("acme"));
        assert_eq!(one.value("acme.example.com"), None);
        assert_eq!(one.names().collect::<Vec<_>>(), ["Tenant"]);
        assert_eq!((one.fixed_labels(), pattern("{a}.example.com").fixed_labels()), (2, 2));
    }

    #[test]
    fn written_hosts_are_among_those_of_a_pattern() {
        for (written, host, is) in [
            ("API.example.com", "api.example.com", true),
            ("acme.example.com", "{tenant}.example.com", true),
            ("acme.example.org", "{tenant}.example.com", false),
            ("{customer}.example.com", "{tenant}.example.com", true),
            ("{customer}.example.com", "acme.example.com", true),
            ("{customer}.eu.example.com", "{tenant}.example.com", false),
        ] {
            assert_eq!(is_among(written, host), is, "{written} {host}");
        }
    }
}
