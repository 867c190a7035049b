//! Risk of an endpoint: a sum whose every line is shown.

use bartizan_model::{
    Access, AuthKnown, Detection, Endpoint, Fact, Finding, InventoryState, Severity, ToldBy,
    data_class::Direction, endpoint::Risk, incident::ScoreFactor, is_success,
};

use crate::snapshot::Snapshot;

/// Points: worst active finding up to 40, sensitive data returned up to 20 (10 where only a rule says that there
/// is some, none where one says that there is none), no authentication seen
/// 10, reachable from the Internet 10, undocumented or deprecated 10, attacked 10. Capped at 100.
pub(super) fn risk(
    endpoint: &Endpoint,
    snapshot: &Snapshot,
    findings: &[&Finding],
    detections: &[&Detection],
) -> Risk {
    let mut factors = Vec::new();
    let mut add = |reason: String, points: i32| factors.push(ScoreFactor { reason, points });
    let active = findings.iter().filter(|f| f.state.is_active());
    if let Some(worst) = active.max_by_key(|f| f.severity) {
        let points = match worst.severity {
            Severity::Info => 2,
            Severity::Low => 8,
            Severity::Medium => 18,
            Severity::High => 30,
            Severity::Critical => 40,
        };
        add(format!("worst finding: {} ({})", worst.title, worst.severity), points);
    }
    let mut returned: Vec<&str> = endpoint
        .data_classes
        .iter()
        .filter(|c| c.direction == Direction::Response)
        .map(|c| c.class.as_str())
        .collect();
    returned.sort_unstable();
    returned.dedup();
    // Where a rule says that nothing there is sensitive, it is what it is without classes.
    let is_harmless = endpoint.sensitive_data == Some(false)
        && endpoint.told.iter().any(|told| told.fact == Fact::SensitiveData);
    if is_harmless {
        returned.clear();
    }
    if !returned.is_empty() {
        let is_sensitive =
            |class: &&&str| snapshot.class(class).is_some_and(|known| known.sensitive);
        let sensitive = returned.iter().filter(is_sensitive).count();
        let points = (5 * returned.len() + 5 * sensitive).min(20);
        add(format!("returns {}", returned.join(", ")), i32::try_from(points).unwrap_or(20));
    }
    let is_ruled = endpoint.told.iter().any(|told| told.fact == Fact::SensitiveData);
    if is_ruled && endpoint.sensitive_data == Some(true) && returned.is_empty() {
        add("carries sensitive data, a rule says".to_owned(), 10);
    }
    let answered = endpoint.statuses.iter().any(|(status, _)| is_success(*status));
    if answered && endpoint.auth_known() == AuthKnown::NoneSeen && !returned.is_empty() {
        add("no authentication seen".to_owned(), 10);
    }
    if endpoint.access == Access::Public {
        let is_seen =
            endpoint.told.iter().any(|t| t.fact == Fact::Access && t.by == ToldBy::Traffic);
        let reason = if is_seen { "called from public addresses" } else { "public" };
        add(reason.to_owned(), 10);
    }
    match endpoint.inventory_state {
        InventoryState::Shadow => add("in no specification".to_owned(), 10),
        InventoryState::Zombie => {
            add("deprecated or an older version, and still called".to_owned(), 10)
        }
        _ => {}
    }
    if !detections.is_empty() {
        let word = if detections.len() == 1 { "detection" } else { "detections" };
        add(format!("attacked: {} {word}", detections.len()), 10);
    }
    let sum: i32 = factors.iter().map(|f| f.points).sum();
    if sum > 100 {
        factors.push(ScoreFactor { reason: "capped at 100".to_owned(), points: 100 - sum });
    }
    Risk { score: u8::try_from(sum.clamp(0, 100)).unwrap_or(100), factors }
}
