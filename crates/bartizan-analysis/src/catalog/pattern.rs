//! Patterns of names and of paths, compared in bounded time and without going back more than once.

use bartizan_model::host::is_among;

/// Longest pattern, in bytes.
pub const MAX_PATTERN: usize = 1_024;

/// A pattern of a name: `*` stands for anything, also for nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Glob {
    pieces: Vec<String>,
}

impl Glob {
    /// Reads a pattern.
    ///
    /// # Errors
    /// It is empty, too long, or holds control characters.
    pub fn new(text: &str) -> Result<Self, String> {
        if text.is_empty() {
            return Err("an empty pattern fits nothing".to_owned());
        }
        if text.len() > MAX_PATTERN {
            return Err(format!("a pattern of more than {MAX_PATTERN} bytes"));
        }
        if text.chars().any(char::is_control) {
            return Err(format!("{text:?} holds control characters"));
        }
        Ok(Self { pieces: text.split('*').map(str::to_owned).collect() })
    }

    /// Whether a name fits. Looks at each of its bytes a few times at most, for each piece of the
    /// pattern.
    #[must_use]
    pub fn fits(&self, name: &str) -> bool {
        let [first, between @ .., last] = self.pieces.as_slice() else {
            return self.pieces.first().is_some_and(|all| all == name);
        };
        let Some(rest) = name.strip_prefix(first.as_str()) else { return false };
        let Some(mut rest) = rest.strip_suffix(last.as_str()) else { return false };
        for piece in between {
            match rest.find(piece.as_str()) {
                Some(at) => rest = rest.get(at + piece.len()..).unwrap_or_default(),
                None => return false,
            }
        }
        true
    }

    /// Whether the host of an endpoint fits, in lower case: as a name does, or, where it is a pattern of hosts
    /// (`{tenant}.example.com`), also when this names one of them, or the pattern in other words.
    #[must_use]
    pub fn fits_host(&self, host: &str) -> bool {
        let is_one_of = || match self.pieces.as_slice() {
            [name] => is_among(name, host),
            _ => false,
        };
        self.fits(host) || is_one_of()
    }
}

/// A pattern of a path: `*` stands for anything within a segment, a segment `**` for any number of
/// segments. Slashes at either end do not count.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PathGlob {
    parts: Vec<Part>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Part {
    Segment(Glob),
    Rest,
}

impl PathGlob {
    /// Reads a pattern.
    ///
    /// # Errors
    /// As [`Glob::new`], of each segment; or `**` is not a segment of its own.
    pub fn new(text: &str) -> Result<Self, String> {
        if text.len() > MAX_PATTERN {
            return Err(format!("a pattern of more than {MAX_PATTERN} bytes"));
        }
        let part = |segment: &str| match segment {
            "**" => Ok(Part::Rest),
            segment if segment.contains("**") => {
                Err(format!("{text:?}: `**` must be a segment of its own"))
            }
            segment => Glob::new(segment).map(Part::Segment),
        };
        let parts = segments(text).map(part).collect::<Result<_, _>>()?;
        Ok(Self { parts })
    }

    /// The same with any number of segments in front.
    pub(super) fn anywhere(mut self) -> Self {
        self.parts.insert(0, Part::Rest);
        self
    }

    /// The same with any number of segments behind.
    pub(super) fn and_below(mut self) -> Self {
        self.parts.push(Part::Rest);
        self
    }

    /// Whether a path fits. Greedy with one way back, to the last `**`: at most segments × parts
    /// comparisons.
    #[must_use]
    pub fn fits(&self, path: &str) -> bool {
        let segments: Vec<&str> = segments(path).collect();
        let (mut part, mut at) = (0, 0);
        let mut back: Option<(usize, usize)> = None;
        loop {
            match (self.parts.get(part), segments.get(at)) {
                (Some(Part::Rest), _) => {
                    back = Some((part + 1, at));
                    part += 1;
                    continue;
                }
                (Some(Part::Segment(glob)), Some(segment)) if glob.fits(segment) => {
                    (part, at) = (part + 1, at + 1);
                    continue;
                }
                (None, None) => return true,
                _ => {}
            }
            match back {
                Some((after, from)) if from < segments.len() => {
                    back = Some((after, from + 1));
                    (part, at) = (after, from + 1);
                }
                _ => return false,
            }
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
    fn stars_of_names_stand_for_anything() {
        for (pattern, name, fits) in [
            ("api.example.com", "api.example.com", true),
            ("api.example.com", "xapi.example.com", false),
            ("*.example.com", "a.b.example.com", true),
            ("*.example.com", "example.com", false),
            ("*", "", true),
            ("a*b*c", "abbc", true),
            ("a*b*c", "acb", false),
            ("ab*ba", "aba", false),
            ("é*", "été", true),
        ] {
            assert_eq!(Glob::new(pattern).expect(pattern).fits(name), fits, "{pattern} {name}");
        }
        for wrong in ["", "a\nb", &"a".repeat(MAX_PATTERN + 1)] {
            assert!(Glob::new(wrong).is_err());
        }
    }

    #[test]
    fn hosts_of_a_pattern_fit_by_star_and_by_name() {
        for (pattern, host, fits) in [
            ("*.example.com", "{tenant}.example.com", true),
            ("{customer}.example.com", "{tenant}.example.com", true),
            ("acme.example.com", "{tenant}.example.com", true),
            ("acme.example.org", "{tenant}.example.com", false),
            ("acme*.example.com", "{tenant}.example.com", false),
        ] {
            assert_eq!(Glob::new(pattern).expect(pattern).fits_host(host), fits, "{pattern}");
        }
    }

    #[test]
    fn stars_of_paths_stay_within_a_segment() {
        for (pattern, path, fits) in [
            ("/v1/orders/*", "/v1/orders/{id}", true),
            ("/v1/orders/*", "/v1/orders", false),
            ("/v1/orders/*", "/v1/orders/{id}/items", false),
            ("/v1/**", "/v1", true),
            ("/v1/**", "/v1/a/b", true),
            ("/v1/**", "/v10", false),
            ("/**/admin/*", "/a/admin/b/admin/c", true),
            ("/**/admin/*", "/a/admin/b/c", false),
            ("/", "/", true),
            ("/", "/a", false),
        ] {
            assert_eq!(PathGlob::new(pattern).expect(pattern).fits(path), fits, "{pattern} {path}");
        }
        assert!(PathGlob::new("/a**").is_err());
    }

    #[test]
    fn hostile_patterns_and_paths_take_little_time() {
        let glob = PathGlob::new(&"/**/a*a".repeat(100)).expect("a pattern");
        assert!(!glob.fits(&"/ab".repeat(5_000)));
        let glob = Glob::new(&"*a".repeat(500)).expect("a pattern");
        assert!(!glob.fits(&format!("{}b", "a".repeat(100_000))));
    }
}
