//! Which ports are looked at.

use std::{collections::BTreeSet, str::FromStr};

/// Where APIs are by custom: of the web, and of what programs are started on.
pub const USUAL: &str = "80,443,3000,5000,8000,8008,8080,8081,8443,8888,9000,9090,9443";
/// Most ports; each is tried at every address.
pub const MAX_PORTS: usize = 1_024;

/// Ports in order, each once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ports(Vec<u16>);

impl Ports {
    /// The ports, from the smallest.
    #[must_use]
    pub fn as_slice(&self) -> &[u16] {
        &self.0
    }
}

impl FromStr for Ports {
    type Err = String;

    /// Reads `80,443,8000-8100`.
    fn from_str(text: &str) -> Result<Self, String> {
        let mut out = BTreeSet::new();
        for part in text.split(',') {
            let (first, last) = part.split_once('-').unwrap_or((part, part));
            let port = |text: &str| {
                let port = text.trim().parse::<u16>().ok().filter(|port| *port > 0);
                port.ok_or_else(|| format!("{part:?}: expected ports as 80,443,8000-8100"))
            };
            let (first, last) = (port(first)?, port(last)?);
            if first > last {
                return Err(format!("{part:?} goes backwards"));
            }
            out.extend(first..=last);
            if out.len() > MAX_PORTS {
                return Err(format!("more than {MAX_PORTS} ports"));
            }
        }
        Ok(Self(out.into_iter().collect()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ports_are_read_and_bounded() {
        let read = |text: &str| text.parse::<Ports>().map(|ports| ports.0);
        assert_eq!(read("443, 80,8000-8002,8001"), Ok(vec![80, 443, 8000, 8001, 8002]));
        assert_eq!(read("65535-65535"), Ok(vec![65535]));
        for wrong in ["", "0", "80,", "65536", "9-1", "a", "1-65535", "80-", "-80", "1-2-3"] {
            assert!(read(wrong).is_err(), "{wrong}");
        }
        assert!(read(USUAL).is_ok_and(|ports| (10..20).contains(&ports.len())));
    }
}
