//! Every example of every check goes through decoding, classification and the check.

use std::{collections::BTreeSet, sync::Arc};

use bartizan_model::{
    BodyState, EndpointId, HashKey, HeaderState, Input, Owasp, Scope, Severity, Side, taxonomy,
};
use bartizan_protocols::{Decoded, Value, decode};

use super::*;
use crate::{
    classes::{ClassHit, classify},
    endpoints::Segment,
    governance::Governance,
    identity::Credential,
};

fn snapshot() -> Snapshot {
    Snapshot::new(Scope::default(), HashKey::new([7; 32]))
}

struct Judged {
    decoded: Decoded,
    classes: Vec<ClassHit>,
    credentials: Vec<Credential>,
}

fn judged(exchange: &Exchange, snapshot: &Snapshot) -> Judged {
    let decoded = decode(exchange, &snapshot.limits, snapshot.seed);
    let classes = classify(&decoded, snapshot);
    let credentials = crate::identity::extract(exchange, &decoded, snapshot);
    Judged { decoded, classes, credentials }
}

/// The outcome of an example; of several the first failure, else the last.
fn outcome_of(check: &CheckItem, example: &CheckExample) -> Outcome {
    let mut snapshot = snapshot();
    if let Some(rules) = example.rules {
        let rules = Governance::compile(&rules(), &snapshot.classes, &[], &[]).expect("rules");
        snapshot.governance = Arc::new(rules);
    }
    let exchanges = (example.exchanges)();
    let judged: Vec<Judged> = exchanges.iter().map(|e| judged(e, &snapshot)).collect();
    match check.run {
        Run::Exchange(run) | Run::Host(run) => {
            let (exchange, last) = exchanges.last().zip(judged.last()).expect("an exchange");
            run(&Subject::of(&Facts {
                exchange,
                decoded: &last.decoded,
                classes: &last.classes,
                credentials: &last.credentials,
                snapshot: &snapshot,
            }))
        }
        Run::Endpoint(run) => {
            endpoint(&exchanges, &judged, example, &snapshot, &|facts| vec![run(facts)])
        }
        Run::EndpointEach(run) => endpoint(&exchanges, &judged, example, &snapshot, &run),
    }
}

/// A stand-in for the learner: one endpoint, whose path parameters are segments of digits.
fn endpoint(
    exchanges: &[Exchange],
    judged: &[Judged],
    example: &CheckExample,
    snapshot: &Snapshot,
    run: &dyn Fn(&EndpointFacts<'_>) -> Vec<Outcome>,
) -> Outcome {
    let first = &exchanges.first().expect("an exchange").request;
    let is_number = |s: &str| !s.is_empty() && s.bytes().all(|b| b.is_ascii_digit());
    let segments: Vec<Segment> = first
        .path()
        .split('/')
        .skip(1)
        .map(|s| match is_number(s) {
            true => Segment::Parameter {
                name: "id".to_owned(),
                prefix: String::new(),
                suffix: String::new(),
            },
            false => Segment::Literal(s.to_owned()),
        })
        .collect();
    let mut ids: BTreeSet<i64> = BTreeSet::new();
    let (mut with, mut without, mut unjudged, mut sensitive) = (0, 0, 0, 0);
    let (mut largest, mut paged) = (0, false);
    for (exchange, judged) in exchanges.iter().zip(judged) {
        paged |= exchange.request.query().is_some_and(|q| q.contains("limit="));
        if !exchange.response.as_ref().is_some_and(|r| r.is_success()) {
            continue;
        }
        match (judged.credentials.is_empty(), exchange.request.header_state) {
            (false, _) => with += 1,
            (true, HeaderState::Complete) => without += 1,
            (true, HeaderState::Incomplete) => unjudged += 1,
        }
        let view = &judged.decoded.view;
        let hit = |h: &&ClassHit| view.node(h.node).is_some_and(|n| n.side() == Side::Response);
        sensitive += u64::from(judged.classes.iter().any(|h| hit(&h)));
        let arrays =
            view.nodes().filter(|n| n.side() == Side::Response && n.value() == Value::Array);
        largest = arrays.map(|n| n.children().count() as u64).max().unwrap_or(0).max(largest);
        ids.extend(exchange.request.path().split('/').filter_map(|s| s.parse::<i64>().ok()));
    }
    let ordered: Vec<i64> = ids.iter().copied().collect();
    let near = ordered.windows(2).filter(|w| w[1] - w[0] <= 2).count() as f64;
    let share = near / (ordered.len().max(2) - 1) as f64;
    let integers = match ids.len() {
        0 => vec![],
        n => vec![("id".to_owned(), n as u64, share)],
    };
    let template = Template {
        id: EndpointId::from_text("endpoint"),
        host: first.host().to_owned(),
        method: first.method.clone(),
        segments,
        path: first.path().to_owned(),
        ..Template::default()
    };
    let data_classes = data_classes(judged);
    let mut outcomes = run(&EndpointFacts {
        template: &template,
        snapshot,
        integer_parameters: &integers,
        authenticated_successes: with,
        anonymous_successes: without,
        unjudged_successes: unjudged,
        sensitive_successes: sensitive,
        largest_array: largest,
        has_page_parameter: paged,
        requests: exchanges.len() as u64,
        documented: example.documented,
        access: Access::Unknown,
        data_classes: &data_classes,
        has_bodies: exchanges.iter().any(|exchange| {
            exchange.response.as_ref().is_some_and(|r| r.body_state == BodyState::Complete)
        }),
        service: None,
        clients: &[],
    });
    let failure = outcomes.iter().position(|outcome| matches!(outcome, Outcome::Fail(_)));
    outcomes.swap_remove(failure.unwrap_or(outcomes.len() - 1))
}

fn data_classes(judged: &[Judged]) -> Vec<DataClassCount> {
    let mut out: Vec<DataClassCount> = Vec::new();
    for one in judged {
        for hit in &one.classes {
            let node = one.decoded.view.node(hit.node).expect("a node");
            out.push(DataClassCount {
                class: hit.class.as_str().to_owned(),
                location: node.general(),
                direction: node.side().into(),
                count: 1,
                principals: Some(1),
            });
        }
    }
    out
}

const fn kind_of(outcome: &Outcome) -> Expected {
    match outcome {
        Outcome::Pass => Expected::Pass,
        Outcome::Fail(_) => Expected::Fail,
        Outcome::NotApplicable => Expected::NotApplicable,
        Outcome::NotEvaluated(_) => Expected::NotEvaluated,
    }
}

#[test]
fn every_example_gives_its_outcome() {
    let mut wrong = Vec::new();
    for check in CHECKS {
        for example in check.examples {
            let outcome = outcome_of(check, example);
            if kind_of(&outcome) != example.expected {
                wrong.push(format!("{}: {}: {outcome:?}", check.meta.name, example.name));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_failure_explains_itself_without_values() {
    for check in CHECKS {
        for example in check.examples.iter().filter(|e| e.expected == Expected::Fail) {
            let Outcome::Fail(failure) = outcome_of(check, example) else { continue };
            assert!(!failure.evidence.is_empty(), "{}", check.meta.name);
            let text = format!("{failure:?}");
            for value in ["jane@", "4111111", "5555555555554444", "hunter2", "c4ed6c219dd5", "Zk3v"]
            {
                assert!(!text.contains(value), "{} shows {value}: {text}", check.meta.name);
            }
            for evidence in &failure.evidence {
                assert!(evidence.note.len() > 10, "{}: {evidence:?}", check.meta.name);
            }
        }
    }
}

#[test]
fn a_missing_input_named_in_the_outcome_is_declared() {
    for check in CHECKS {
        for example in check.examples {
            if let Outcome::NotEvaluated(input) = outcome_of(check, example) {
                assert!(check.meta.inputs.contains(&input), "{}: {input:?}", check.meta.name);
            }
        }
    }
}

#[test]
fn nothing_passes_when_only_a_request_line_is_known() {
    // What a check answers about a response it never saw must not be a pass.
    for check in CHECKS {
        let (Run::Exchange(run) | Run::Host(run)) = check.run else { continue };
        let snapshot = snapshot();
        let exchange = example::get("/api/v1/customers/7").build();
        let judged = judged(&exchange, &snapshot);
        let outcome = run(&Subject::of(&Facts {
            exchange: &exchange,
            decoded: &judged.decoded,
            classes: &judged.classes,
            credentials: &judged.credentials,
            snapshot: &snapshot,
        }));
        let needs =
            |i: &Input| matches!(i, Input::Status | Input::ResponseHead | Input::ResponseBody);
        if check.meta.inputs.iter().any(needs) {
            assert_ne!(outcome, Outcome::Pass, "{}", check.meta.name);
        }
    }
}

#[test]
fn nothing_is_called_anonymous_when_the_source_leaves_headers_out() {
    // The last exchange of each example, with its credentials taken out and not recorded: whether
    // one was sent is not known, so no check may say that none was.
    let snapshot = snapshot();
    let mut looked = 0;
    for check in CHECKS {
        let (Run::Exchange(run) | Run::Host(run)) = check.run else { continue };
        if !["anonymous-sensitive-data", "basic-authentication", "jwt-without-expiry"]
            .contains(&check.meta.name)
        {
            continue;
        }
        for example in check.examples {
            let mut exchange = (example.exchanges)().pop().expect("an exchange");
            exchange.request.headers.remove("authorization");
            exchange.request.header_state = HeaderState::Incomplete;
            let judged = judged(&exchange, &snapshot);
            let outcome = run(&Subject::of(&Facts {
                exchange: &exchange,
                decoded: &judged.decoded,
                classes: &judged.classes,
                credentials: &judged.credentials,
                snapshot: &snapshot,
            }));
            let tokens = judged.decoded.view.nodes().any(|n| n.codec().is_some());
            if !tokens {
                assert!(
                    matches!(outcome, Outcome::NotEvaluated(_)),
                    "{} {outcome:?}",
                    example.name
                );
                looked += 1;
            }
        }
    }
    assert!(looked > 8);
}

#[test]
fn every_item_explains_itself() {
    let source = include_str!("list.rs");
    let mut codes = BTreeSet::new();
    let mut names = BTreeSet::new();
    for check in CHECKS {
        let meta = &check.meta;
        let name = meta.name;
        assert!(codes.insert(meta.code), "{name}: code {} is taken", meta.code);
        assert!(names.insert(name), "{name}: name is taken");
        assert!(name.bytes().all(|b| b.is_ascii_lowercase() || b == b'-'), "{name}");
        assert!(
            source.contains(&format!("::{}::CHECK", name.replace('-', "_"))),
            "{name}: file name"
        );
        for text in [meta.what, meta.why, meta.fix] {
            assert!(text.len() > 30 && text.ends_with('.'), "{name}: {text}");
        }
        assert!(!meta.title.is_empty() && !meta.references.is_empty(), "{name}");
        assert!(!meta.inputs.is_empty(), "{name}");
        let row = meta.owasp.map(Owasp::category).expect("every check is filed under a category");
        assert!(!meta.cwe.is_empty() && !meta.attack.is_empty(), "{name}");
        for cwe in meta.cwe {
            assert!(row.cwe.contains(cwe), "{name}: {cwe} is not filed under {}", row.owasp.id());
        }
        for attack in meta.attack {
            assert!(row.attack.contains(attack), "{name}: {attack:?}");
        }
        let has = |e: Expected| check.examples.iter().any(|x| x.expected == e);
        assert!(has(Expected::Fail) && has(Expected::Pass), "{name}: examples");
        assert!(Severity::ALL.contains(&meta.severity));
        assert!(find(meta.code).is_some_and(|c| c.meta.name == name));
    }
    // Checks of source code have codes of the same row, see `bartizan discover`.
    let of_code = [28, 29];
    let dense = (1..).filter(|number| !of_code.contains(number)).map(|n| format!("BZ-C{n:03}"));
    for (code, expected) in codes.iter().zip(dense) {
        assert_eq!(*code, expected, "codes are dense");
    }
    assert_eq!(taxonomy::CATEGORIES.len(), 10);
}
