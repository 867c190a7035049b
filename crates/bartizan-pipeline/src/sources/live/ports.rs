//! The ports that a capture is of.

/// Most ports that the filter tells apart: a jump in a program of the kernel passes over 255 instructions
/// at most, and each port takes two of IPv4 and two of IPv6 (`filter.rs`).
pub const MAX_PORTS: usize = 32;

/// Ports of TCP: at most [`MAX_PORTS`], each 1 to 65535. None stands for all.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Ports(Vec<u16>);

impl Ports {
    /// All ports.
    pub const ALL: Self = Self(Vec::new());

    /// These ports; `None` when there are more than [`MAX_PORTS`], or 0 is one.
    #[must_use]
    pub fn new(ports: &[u16]) -> Option<Self> {
        (ports.len() <= MAX_PORTS && !ports.contains(&0)).then(|| Self(ports.to_vec()))
    }

    pub(super) const fn as_slice(&self) -> &[u16] {
        self.0.as_slice()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_are_no_more_ports_than_the_filter_tells_apart() {
        let ports: Vec<u16> = (1..=33).collect();
        assert_eq!(Ports::new(&ports[..32]).map(|ports| ports.as_slice().len()), Some(MAX_PORTS));
        assert_eq!(Ports::new(&ports), None);
        assert_eq!(Ports::new(&[80, 0]), None);
        assert_eq!(Ports::new(&[]), Some(Ports::ALL));
    }
}
