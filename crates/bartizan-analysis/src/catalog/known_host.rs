//! Hosts that somebody wrote down: which of them serve one API, and which are apart.

use bartizan_model::{
    HostPattern,
    host::{MAX_HOST, is_pattern, shape},
};

use crate::endpoints::HostTold;

/// Most such hosts.
pub const MAX_KNOWN_HOSTS: usize = 256;

/// A pattern of hosts that serve one API, or a host that is apart from all patterns.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum KnownHost {
    /// Hosts that fit are one.
    Pattern(HostPattern),
    /// This host is one of its own; in lower case.
    Apart(String),
}

impl KnownHost {
    /// Reads `{tenant}.api.example.com`, or `admin.api.example.com` for a host that is apart.
    ///
    /// # Errors
    /// It is neither: the text says what is wrong and what to do.
    pub fn new(text: &str) -> Result<Self, String> {
        if is_pattern(text) {
            return HostPattern::new(text).map(Self::Pattern);
        }
        let is_part = |b: u8| b.is_ascii_alphanumeric() || b"-._".contains(&b);
        let is_name = !text.is_empty() && text.len() <= MAX_HOST && text.bytes().all(is_part);
        match is_name {
            true => Ok(Self::Apart(text.to_ascii_lowercase())),
            false => Err(format!(
                "{text:?} is no host without port and no pattern: write {{tenant}}.api.example.com for hosts that \
                 are one, admin.api.example.com for one that is apart"
            )),
        }
    }

    /// What it says of a host of the traffic (in lower case), or of the pattern that hosts were taken for so far.
    #[must_use]
    pub fn told(&self, host: &str) -> Option<HostTold<'_>> {
        match self {
            Self::Pattern(pattern) => {
                let is_it = match is_pattern(host) {
                    true => pattern.shape() == shape(host),
                    false => pattern.fits(host),
                };
                is_it.then(|| HostTold::Pattern(pattern.text()))
            }
            Self::Apart(name) => (name == host).then_some(HostTold::Apart),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_and_hosts_apart_are_read() {
        let told = |known: &str, host: &str| {
            let known = KnownHost::new(known).expect(known);
            match known.told(host) {
                Some(HostTold::Pattern(text)) => text.to_owned(),
                other => format!("{other:?}"),
            }
        };
        let pattern = "{tenant}.API.example.com";
        assert_eq!(told(pattern, "acme.api.example.com"), "{tenant}.api.example.com");
        assert_eq!(told(pattern, "{host}.api.example.com"), "{tenant}.api.example.com");
        assert_eq!(told(pattern, "api.example.com"), "None");
        assert_eq!(told("Admin.example.com", "admin.example.com"), "Some(Apart)");
        assert_eq!(told("admin.example.com", "acme.example.com"), "None");
        for (wrong, says) in [
            ("", "{tenant}.api.example.com"),
            ("*.example.com", "{tenant}.api.example.com"),
            ("a.example.com:80", "{tenant}.api.example.com"),
            ("{tenant}", "end in a domain"),
        ] {
            let problem = KnownHost::new(wrong).expect_err(wrong);
            assert!(problem.contains(says), "{wrong}: {problem}");
        }
    }
}
