//! What a reload cannot change.

use crate::config::Config;

/// Keys that differ from those that serving began with and cannot be taken over while it goes on.
pub(super) fn fixed(begun: &Config, now: &Config) -> Vec<&'static str> {
    let (before, after) = (&begun.gateway, &now.gateway);
    let keys = [
        ("organisation", begun.organisation != now.organisation),
        ("environment", begun.environment != now.environment),
        ("store", begun.store != now.store),
        ("admin", begun.admin != now.admin),
        ("gateway.access_log", before.access_log != after.access_log),
        ("gateway.waiting_exchanges", before.waiting_exchanges != after.waiting_exchanges),
        ("gateway.waiting_mebibytes", before.waiting_mebibytes != after.waiting_mebibytes),
        ("gateway.drain_delay_seconds", before.drain_delay_seconds != after.drain_delay_seconds),
        ("gateway.drain_seconds", before.drain_seconds != after.drain_seconds),
    ];
    keys.into_iter().filter_map(|(key, is_changed)| is_changed.then_some(key)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_reload_cannot_change_is_named() {
        let begun = Config::default();
        assert!(fixed(&begun, &begun).is_empty());
        let mut now = Config::default();
        now.gateway.drain_seconds += 1;
        now.gateway.limits.connections += 1;
        now.catalog.paths.push("a.example/b".to_owned());
        now.limits.value_bytes += 1;
        now.admin.hosts.push("a".to_owned());
        assert_eq!(fixed(&begun, &now), ["admin", "gateway.drain_seconds"]);
    }
}
