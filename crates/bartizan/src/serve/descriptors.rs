//! The number of files that the process may have open: connections need it first.

/// Descriptors that are needed beside connections: listeners, store, log, capture.
const OTHERS: u64 = 64;

/// Raises the number that this process may have to the most that the system lets it. What is still
/// too low for so many client connections, each with one to an upstream, is said.
#[cfg(unix)]
#[must_use]
pub(crate) fn raise(connections: u32) -> Option<String> {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

    let limit = getrlimit(Resource::Nofile);
    let raised = Rlimit { current: limit.maximum, ..limit };
    let in_force = if setrlimit(Resource::Nofile, raised).is_ok() { raised } else { limit };
    shortage(in_force.current, connections)
}

/// Other systems have no such limit.
#[cfg(not(unix))]
#[must_use]
pub(crate) fn raise(_connections: u32) -> Option<String> {
    None
}

#[cfg(any(unix, test))]
fn shortage(allowed: Option<u64>, connections: u32) -> Option<String> {
    let needed = 2 * u64::from(connections) + OTHERS;
    let allowed = allowed.filter(|allowed| *allowed < needed)?;
    Some(format!(
        "the system lets this process have {allowed} files open, but {connections} connections \
         (gateway.limits.connections) can need {needed}: raise the limit or lower the key"
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_shortage_is_said_with_both_numbers() {
        assert_eq!(shortage(None, 20_000), None);
        assert_eq!(shortage(Some(40_064), 20_000), None);
        let said = shortage(Some(1024), 20_000).expect("too few");
        assert!(said.contains("1024") && said.contains("40064"), "{said}");
    }
}
