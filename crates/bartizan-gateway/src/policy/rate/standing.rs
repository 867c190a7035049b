//! What a client is told about where it stands.

use std::sync::Arc;

use http::{HeaderName, HeaderValue};

/// Where a caller stands with a limit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Standing {
    /// Name of the limit.
    pub(crate) name: Arc<str>,
    /// Most at once.
    pub(crate) limit: u64,
    /// Seconds in which that comes back.
    pub(crate) window: u64,
    /// What is left.
    pub(crate) remaining: u64,
    /// Seconds until all of it is back.
    pub(crate) reset: u64,
}

/// The fields that tell a client where it stands with these limits.
pub(crate) fn fields(limits: &[Standing]) -> Vec<(HeaderName, HeaderValue)> {
    let tightest = limits.iter().min_by_key(|one| {
        // Compared as fractions of a million, so that a small limit does not always win.
        (one.remaining.saturating_mul(1_000_000) / one.limit.max(1), one.remaining)
    });
    let Some(tightest) = tightest else { return Vec::new() };
    let list =
        |item: &dyn Fn(&Standing) -> String| limits.iter().map(item).collect::<Vec<_>>().join(", ");
    let policies = list(&|one| format!("\"{}\";q={};w={}", one.name, one.limit, one.window));
    let states = list(&|one| format!("\"{}\";r={};t={}", one.name, one.remaining, one.reset));
    let mut out = vec![
        (HeaderName::from_static("x-ratelimit-limit"), HeaderValue::from(tightest.limit)),
        (HeaderName::from_static("x-ratelimit-remaining"), HeaderValue::from(tightest.remaining)),
        (HeaderName::from_static("x-ratelimit-reset"), HeaderValue::from(tightest.reset)),
    ];
    for (name, value) in [("ratelimit-policy", policies), ("ratelimit", states)] {
        if let Ok(value) = HeaderValue::try_from(value) {
            out.push((HeaderName::from_static(name), value));
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn standing(limit: u64, remaining: u64) -> Standing {
        Standing { name: "a-limit".into(), limit, window: 12, remaining, reset: 2 }
    }

    #[test]
    fn fields_say_what_is_left() {
        let fields = fields(&[standing(20, 18)]);
        let text: Vec<_> =
            fields.iter().map(|(n, v)| format!("{n}: {}", v.to_str().expect("text"))).collect();
        assert_eq!(
            text,
            [
                "x-ratelimit-limit: 20",
                "x-ratelimit-remaining: 18",
                "x-ratelimit-reset: 2",
                "ratelimit-policy: \"a-limit\";q=20;w=12",
                "ratelimit: \"a-limit\";r=18;t=2",
            ]
        );
        assert!(super::fields(&[]).is_empty());
    }

    #[test]
    fn the_tightest_limit_is_the_one_shown() {
        let shown = fields(&[standing(20, 10), standing(1_000, 100)]);
        assert_eq!(shown[0].1, "1000");
        let shown = fields(&[standing(20, 1), standing(1_000, 100)]);
        assert_eq!(shown[0].1, "20");
        assert_eq!(shown[4].1, "\"a-limit\";r=1;t=2, \"a-limit\";r=100;t=2");
    }
}
