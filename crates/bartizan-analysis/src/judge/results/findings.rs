//! Findings of checks on exchanges and on endpoints, joined by final endpoint.

use std::collections::BTreeMap;

use bartizan_model::{EndpointId, Finding, Outcome};

use super::Known;
use crate::{
    checks::{CHECKS, EndpointFacts, Run},
    endpoints::LeafId,
    judge::State,
    ledger::findings::Record,
    snapshot::Snapshot,
};

/// All findings, worst first, and per check how often it failed, passed, did not apply and was not
/// evaluated.
pub(super) fn findings(
    state: &State,
    snapshot: &Snapshot,
    known: &BTreeMap<EndpointId, Known>,
) -> (Vec<Finding>, Vec<[u64; 4]>) {
    let mut tallies = vec![[0; 4]; CHECKS.len()];
    let mut joined: BTreeMap<(u16, &EndpointId, &str), Record> = BTreeMap::new();
    for ((check, leaf, discriminator), record) in state.core.findings.records() {
        let Some(template) = state.core.resolver.final_endpoint(LeafId(*leaf)) else { continue };
        match joined.entry((*check, &template.id, discriminator)) {
            std::collections::btree_map::Entry::Vacant(entry) => {
                entry.insert(record.clone());
            }
            std::collections::btree_map::Entry::Occupied(mut entry) => {
                entry.get_mut().merge(record.clone());
            }
        }
    }
    let mut out = Vec::new();
    for ((check, id, discriminator), record) in joined {
        let (Some(item), Some(known)) = (CHECKS.get(check as usize), known.get(id)) else {
            continue;
        };
        let passed = known.profile.tallies.get(check as usize).map_or(0, |t| t[1]);
        out.push(record.finding(&snapshot.scope, item, &known.template, discriminator, passed));
    }
    for known in known.values() {
        for (total, tally) in tallies.iter_mut().zip(&known.profile.tallies) {
            total.iter_mut().zip(tally).for_each(|(a, b)| *a += b);
        }
        run_endpoint_checks(known, snapshot, &mut tallies, &mut out);
    }
    out.sort_by(|a, b| {
        (b.severity, b.confidence, &a.code, &a.host, &a.id).cmp(&(
            a.severity,
            a.confidence,
            &b.code,
            &b.host,
            &b.id,
        ))
    });
    (out, tallies)
}

fn run_endpoint_checks(
    known: &Known,
    snapshot: &Snapshot,
    tallies: &mut [[u64; 4]],
    out: &mut Vec<Finding>,
) {
    let profile = &known.profile;
    let integers = integer_parameters(known);
    let facts = EndpointFacts {
        template: &known.template,
        snapshot,
        integer_parameters: &integers,
        authenticated_successes: profile.authenticated,
        anonymous_successes: profile.anonymous,
        sensitive_successes: profile.sensitive,
        largest_array: profile.largest_array,
        has_page_parameter: profile.page_parameter,
        requests: profile.requests,
        documented: snapshot.specs.as_ref().and_then(|s| s.documented(&known.template)),
    };
    for ((index, item), tally) in CHECKS.iter().enumerate().zip(tallies) {
        let Run::Endpoint(run) = item.run else { continue };
        debug_assert!(index < CHECKS.len());
        match run(&facts) {
            Outcome::Fail(failure) => {
                tally[0] += 1;
                let discriminator = failure.discriminator.clone();
                let mut record = Record::of(*failure, profile.first_seen);
                record.extend_to(profile.last_seen);
                out.push(record.finding(&snapshot.scope, item, &known.template, &discriminator, 0));
            }
            Outcome::Pass => tally[1] += 1,
            Outcome::NotApplicable => tally[2] += 1,
            Outcome::NotEvaluated(_) => tally[3] += 1,
        }
    }
}

/// Path parameters whose values are integers: name, distinct values, share of neighbours at most 2
/// apart.
fn integer_parameters(known: &Known) -> Vec<(String, u64, f64)> {
    let mut out = Vec::new();
    for (segment, numbers) in &known.profile.integers {
        let Some(name) = known.template.parameter(*segment) else { continue };
        let close = numbers.windows(2).filter(|w| w[1].saturating_sub(w[0]) <= 2).count();
        let gaps = numbers.len().saturating_sub(1).max(1);
        out.push((name.to_owned(), numbers.len() as u64, close as f64 / gaps as f64));
    }
    out
}
