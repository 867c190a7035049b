//! Findings of checks on exchanges and on endpoints, joined by what they are about.

use std::collections::{BTreeMap, BTreeSet};

use bartizan_model::{
    Access, Direction, Endpoint, EndpointId, Finding, Method, Outcome, ServiceId, Subject,
    finding::Failure,
};

use super::{Known, clients::Handled};
use crate::{
    checks::{CHECKS, CheckItem, EndpointFacts, Run},
    endpoints::LeafId,
    judge::State,
    ledger::{
        FindingLedger,
        findings::{About, Record},
    },
    snapshot::Snapshot,
    specs::Compared,
};

/// What all checks found.
#[derive(Default)]
pub(super) struct Found {
    /// All findings, worst first.
    pub(super) findings: Vec<Finding>,
    /// Per check: how often it failed, passed, did not apply and was not evaluated.
    pub(super) tallies: Vec<[u64; 4]>,
    /// Which findings concern an endpoint, those of its host that it shows included; by position.
    pub(super) at: BTreeMap<EndpointId, Vec<usize>>,
}

/// What failures of one check are joined by.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Place<'a> {
    Endpoint(&'a EndpointId),
    Host(&'a str),
}

/// Failures of one check at one place, and the endpoints that show them.
struct Joined<'a> {
    record: Record,
    endpoints: BTreeSet<&'a EndpointId>,
}

/// Endpoints by id.
type All<'s> = BTreeMap<EndpointId, Known<'s>>;

pub(super) fn findings(
    state: &State,
    failures: FindingLedger,
    snapshot: &Snapshot,
    specs: Option<&Compared<'_>>,
    (known, handled): (&All<'_>, &Handled),
) -> Found {
    let mut found: Vec<(Finding, Vec<EndpointId>)> = Vec::new();
    let mut hosts: BTreeMap<&str, Vec<&Known<'_>>> = BTreeMap::new();
    for endpoint in known.values() {
        hosts.entry(&endpoint.template.host).or_default().push(endpoint);
    }
    for ((check, place, discriminator), joined) in join(state, failures, known) {
        let Some(item) = CHECKS.get(check) else { continue };
        let Joined { record, endpoints } = joined;
        match place {
            Place::Endpoint(id) => {
                let Some(known) = known.get(id) else { continue };
                let about = About::Endpoint(known.template);
                let passed = tally(known, check)[1];
                let finding = record.finding(&snapshot.scope, item, about, &discriminator, passed);
                found.push((finding, vec![id.clone()]));
            }
            Place::Host(host) => {
                let of_host = hosts.get(host).map_or(&[][..], Vec::as_slice);
                let passed = of_host.iter().map(|known| tally(known, check)[1]).sum();
                let judged = |known: &&&Known<'_>| tally(known, check)[..2].iter().any(|n| *n > 0);
                let endpoints = by_path(&endpoints, known);
                let judged = of_host.iter().filter(judged).count();
                let about = About::Host { host, endpoints: &endpoints, judged };
                let finding = record.finding(&snapshot.scope, item, about, &discriminator, passed);
                found.push((finding, endpoints));
            }
        }
    }
    let mut tallies = vec![[0; 4]; CHECKS.len()];
    for known in known.values() {
        for (total, tally) in tallies.iter_mut().zip(known.profile.tallies.iter()) {
            total.iter_mut().zip(tally).for_each(|(a, b)| *a += u64::from(b));
        }
        run_endpoint_checks(known, snapshot, specs, handled, &mut tallies, &mut found);
    }
    found.sort_by(|(a, _), (b, _)| {
        (b.severity, b.confidence, &a.code, &a.host, &a.id).cmp(&(
            a.severity,
            a.confidence,
            &b.code,
            &b.host,
            &b.id,
        ))
    });
    let mut out = Found { tallies, ..Found::default() };
    for (at, (finding, endpoints)) in found.into_iter().enumerate() {
        for endpoint in endpoints {
            out.at.entry(endpoint).or_default().push(at);
        }
        out.findings.push(finding);
    }
    out
}

/// Failures on exchanges, joined by check, place and discriminator. Noise has no place.
fn join<'a>(
    state: &State,
    failures: FindingLedger,
    known: &'a All<'_>,
) -> BTreeMap<(usize, Place<'a>, String), Joined<'a>> {
    let mut joined: BTreeMap<(usize, Place<'a>, String), Joined<'a>> = BTreeMap::new();
    for ((check, leaf, discriminator), record) in failures.into_records() {
        let template = state.core.resolver.final_endpoint(LeafId(leaf));
        let Some((id, known)) = template.and_then(|t| known.get_key_value(&t.id)) else { continue };
        let check = usize::from(check);
        let place = match CHECKS.get(check).map(|item: &&CheckItem| item.subject()) {
            Some(Subject::Host) => Place::Host(&known.template.host),
            _ => Place::Endpoint(id),
        };
        match joined.entry((check, place, discriminator)) {
            std::collections::btree_map::Entry::Vacant(entry) => {
                let endpoints = BTreeSet::from([id]);
                entry.insert(Joined { record, endpoints });
            }
            std::collections::btree_map::Entry::Occupied(mut entry) => {
                entry.get_mut().record.merge(record);
                entry.get_mut().endpoints.insert(id);
            }
        }
    }
    joined
}

fn tally(known: &Known<'_>, check: usize) -> [u64; 4] {
    known.profile.tallies.of(check).map(u64::from)
}

fn by_path(ids: &BTreeSet<&EndpointId>, known: &All<'_>) -> Vec<EndpointId> {
    let mut sorted: Vec<&EndpointId> = ids.iter().copied().collect();
    sorted.sort_by_key(|id| {
        let template = known.get(*id).map(|known| known.template);
        (template.map(|t| (&t.path, &t.method)), *id)
    });
    sorted.into_iter().cloned().collect()
}

fn run_endpoint_checks(
    known: &Known<'_>,
    snapshot: &Snapshot,
    specs: Option<&Compared<'_>>,
    handled: &Handled,
    tallies: &mut [[u64; 4]],
    out: &mut Vec<(Finding, Vec<EndpointId>)>,
) {
    let profile = &known.profile;
    let integers = integer_parameters(known);
    let data_classes = match snapshot.governance.is_empty() {
        true => Vec::new(),
        false => super::endpoint::data_classes(known, snapshot),
    };
    let (access, service) = placed(known, snapshot, specs);
    let facts = EndpointFacts {
        template: known.template,
        snapshot,
        integer_parameters: &integers,
        authenticated_successes: profile.authenticated,
        anonymous_successes: profile.anonymous,
        unjudged_successes: profile.auth_unknown,
        sensitive_successes: profile.sensitive,
        largest_array: profile.largest_array,
        has_page_parameter: profile.page_parameter,
        requests: profile.requests,
        documented: specs.and_then(|specs| specs.documented(known.template)),
        access,
        data_classes: &data_classes,
        has_bodies: profile.bodies.iter().any(|body| body.direction == Direction::Response),
        service: service.as_ref().map(ServiceId::as_str),
        clients: handled.get(&known.template.id).map_or(&[], Vec::as_slice),
    };
    for (item, tally) in CHECKS.iter().zip(tallies) {
        let outcomes = match item.run {
            Run::Endpoint(run) => vec![run(&facts)],
            Run::EndpointEach(run) => run(&facts),
            Run::Exchange(_) | Run::Host(_) => continue,
        };
        for outcome in outcomes {
            match outcome {
                Outcome::Fail(failure) => {
                    tally[0] += 1;
                    out.push((
                        found_at(known, snapshot, item, *failure),
                        vec![known.template.id.clone()],
                    ));
                }
                Outcome::Pass => tally[1] += 1,
                Outcome::NotApplicable => tally[2] += 1,
                Outcome::NotEvaluated(_) => tally[3] += 1,
            }
        }
    }
}

/// Who can reach an endpoint and which service it is of, for the rules that ask.
fn placed(
    known: &Known<'_>,
    snapshot: &Snapshot,
    specs: Option<&Compared<'_>>,
) -> (Access, Option<ServiceId>) {
    if snapshot.governance.is_empty() {
        return (Access::Unknown, None);
    }
    let mut endpoint = Endpoint {
        host: known.template.host.clone(),
        method: Method(known.template.method.clone()),
        path: known.template.path.clone(),
        ..Endpoint::default()
    };
    let described = specs.and_then(|specs| specs.describing(known.template));
    snapshot.catalog.place(&mut endpoint, described, &known.profile.whereabouts, known.is_abroad);
    (endpoint.access, endpoint.service)
}

/// The finding of a check on what was learned about an endpoint.
fn found_at(known: &Known<'_>, snapshot: &Snapshot, item: &CheckItem, failure: Failure) -> Finding {
    let discriminator = failure.discriminator.clone();
    let mut record = Record::of(failure, known.profile.first_seen);
    record.extend_to(known.profile.last_seen);
    let about = About::Endpoint(known.template);
    record.finding(&snapshot.scope, item, about, &discriminator, 0)
}

/// Path parameters whose values are integers: name, distinct values, share of neighbours at most 2
/// apart.
fn integer_parameters(known: &Known<'_>) -> Vec<(String, u64, f64)> {
    let mut out = Vec::new();
    for (segment, numbers) in &known.profile.integers {
        let Some(name) = known.template.parameter(*segment) else { continue };
        let close = numbers.windows(2).filter(|w| w[1].saturating_sub(w[0]) <= 2).count();
        let gaps = numbers.len().saturating_sub(1).max(1);
        out.push((name.to_owned(), numbers.len() as u64, close as f64 / gaps as f64));
    }
    out
}
