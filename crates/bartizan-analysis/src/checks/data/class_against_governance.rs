//! Data where the operator's rules do not let it be.

use std::collections::BTreeMap;

use bartizan_model::{
    Attack, Confidence, Cwe, Direction, Evidence, Input, ItemMeta, Outcome, Owasp, Severity, Side,
    Status, endpoint::DataClassCount, finding::Failure,
};

use crate::{
    checks::{
        CheckItem, EndpointFacts, Expected, Run,
        example::{example, get, governed, post},
    },
    governance::{GovernanceRule, GovernedClient, GovernedDirection, GovernedEndpoints, Ruling},
};

/// Most places that evidence names.
const MAX_PLACES: usize = 5;

/// The item.
pub static CHECK: CheckItem = CheckItem {
    meta: ItemMeta {
        code: "BZ-C030",
        name: "class-against-governance",
        title: "Data where the rules do not allow it",
        severity: Severity::Medium,
        confidence: Confidence::High,
        status: Status::Stable,
        owasp: Some(Owasp::Api3),
        cwe: &[Cwe(213), Cwe(359)],
        attack: &[Attack("T1530")],
        inputs: &[Input::Governance, Input::ResponseBody],
        what: "Compares the data classes that an endpoint carries with the rules of the \
               configuration (`governance`), and what each client sends and is answered with the rules \
               about clients. Fails for each class and direction that a rule about the endpoint denies, or that none of the rules allows which allow something there. High \
               when the class is serious by itself. Endpoints that no rule is about do not apply; \
               without rules nothing is evaluated.",
        why: "Data spreads to where nobody expects it: into a service that is not built to keep it, or \
              to callers who are not meant to get it.",
        fix: "Take the data out of the messages, or allow it: extend the rule, with a reason, if the \
              endpoint is meant to handle it.",
        references: &["GDPR article 5(1)(b) and (c)", "PCI DSS 4.0 requirement 3.2.1"],
    },
    run: Run::EndpointEach(look),
    examples: &[
        governed(
            "a card number from a service that may have e-mail only",
            Expected::Fail,
            allowed,
            || {
                let body = r#"{"email":"jane.doe@example.com","card":"5555555555554444"}"#;
                get("https://api.example.com/v1/profile").bearer().json(200, body).one()
            },
        ),
        governed("an API key, denied with its family", Expected::Fail, denied, || {
            let body = r#"{"api_key":"Zk3v-9dK_q2LmX7pRt5w"}"#;
            post("https://api.example.com/v1/keys", "{}").bearer().json(200, body).one()
        }),
        governed("what a rule allows", Expected::Pass, allowed, || {
            let body = r#"{"email":"jane.doe@example.com"}"#;
            get("https://api.example.com/v1/profile").bearer().json(200, body).one()
        }),
        governed("no sensitive data", Expected::Pass, allowed, || {
            get("https://api.example.com/v1/profile").bearer().json(200, r#"{"id":7}"#).one()
        }),
        governed("sent, where the rule is about answers", Expected::Pass, denied, || {
            let sent = r#"{"api_key":"Zk3v-9dK_q2LmX7pRt5w"}"#;
            post("https://api.example.com/v1/keys", sent).bearer().json(200, "{}").one()
        }),
        governed("another host", Expected::NotApplicable, allowed, || {
            let body = r#"{"card":"5555555555554444"}"#;
            get("https://pay.example.com/v1/cards").bearer().json(200, body).one()
        }),
        governed("an access log has no body", Expected::NotEvaluated, denied, || {
            get("/v1/profile").logged(200).one()
        }),
        example("no rules were given", Expected::NotEvaluated, || {
            let body = r#"{"card":"5555555555554444"}"#;
            get("https://api.example.com/v1/cards").bearer().json(200, body).one()
        }),
    ],
};

fn allowed() -> Vec<GovernanceRule> {
    vec![GovernanceRule {
        name: "profiles hold contact data".to_owned(),
        place: GovernedEndpoints {
            hosts: vec!["api.example.com".to_owned()],
            ..GovernedEndpoints::default()
        },
        direction: GovernedDirection::Both,
        allow: Some(vec!["group:contact".to_owned(), "access_token".to_owned()]),
        deny: None,
    }]
}

fn denied() -> Vec<GovernanceRule> {
    vec![GovernanceRule {
        name: "no secrets in answers".to_owned(),
        place: GovernedEndpoints::default(),
        direction: GovernedDirection::Response,
        allow: None,
        deny: Some(vec!["secret".to_owned()]),
    }]
}

fn look(facts: &EndpointFacts<'_>) -> Vec<Outcome> {
    let governance = &*facts.snapshot.governance;
    if governance.is_empty() {
        return vec![Outcome::NotEvaluated(Input::Governance)];
    }
    let is_about_all = governance.is_about(facts.governed());
    let mut outcomes = of_clients(facts);
    if !is_about_all {
        if outcomes.is_empty() {
            outcomes.push(Outcome::NotApplicable);
        }
        return outcomes;
    }
    let mut carried: BTreeMap<(&str, Direction), Vec<&DataClassCount>> = BTreeMap::new();
    for seen in facts.data_classes {
        carried.entry((&seen.class, seen.direction)).or_default().push(seen);
    }
    outcomes.extend(carried.into_iter().map(|((class, direction), places)| {
        let ruling = governance.judge(facts.governed(), None, (class, direction), facts.snapshot);
        match against(ruling) {
            Ok(why) => failed(facts, (class, direction), &places, &why),
            Err(outcome) => outcome,
        }
    }));
    // What was not seen cannot be said to be where it may be.
    if outcomes.iter().all(|outcome| *outcome == Outcome::NotApplicable) {
        outcomes.push(match facts.has_bodies {
            true => Outcome::Pass,
            false => Outcome::NotEvaluated(Input::ResponseBody),
        });
    }
    outcomes
}

/// Why something is against the rules, or what else is to be said.
fn against(ruling: Ruling<'_>) -> Result<String, Outcome> {
    match ruling {
        Ruling::Unruled => Err(Outcome::NotApplicable),
        Ruling::Allowed => Err(Outcome::Pass),
        Ruling::Denied(rule) => Ok(format!("the rule `{rule}` denies it")),
        Ruling::NotListed(rules) => Ok(format!("not among what `{}` allows", rules.join("`, `"))),
    }
}

/// What rules say about single clients: one outcome for each class and direction, whichever clients it is about.
fn of_clients(facts: &EndpointFacts<'_>) -> Vec<Outcome> {
    let governance = &*facts.snapshot.governance;
    let mut seen: BTreeMap<(&str, Direction), Vec<(&GovernedClient, String)>> = BTreeMap::new();
    let mut passed = false;
    for (client, direction, class) in facts.clients {
        let what = (class.as_str(), *direction);
        // Where there is too little of a class to say that the endpoint carries it, no client handles it.
        let is_carried = |one: &DataClassCount| (one.class.as_str(), one.direction) == what;
        if !facts.data_classes.iter().any(is_carried) {
            continue;
        }
        match against(governance.judge(facts.governed(), Some(client), what, facts.snapshot)) {
            Ok(why) => seen.entry(what).or_default().push((client, why)),
            Err(outcome) => passed |= outcome == Outcome::Pass,
        }
    }
    let mut outcomes: Vec<Outcome> =
        seen.into_iter().map(|(what, clients)| handled(facts, what, &clients)).collect();
    if outcomes.is_empty() && passed {
        outcomes.push(Outcome::Pass);
    }
    outcomes
}

/// Clients that handle what they must not.
fn handled(
    facts: &EndpointFacts<'_>,
    (class, direction): (&str, Direction),
    clients: &[(&GovernedClient, String)],
) -> Outcome {
    let (side, word, verb) = match direction {
        Direction::Request => (Side::Request, "request", "sent by"),
        Direction::Response => (Side::Response, "response", "returned to"),
    };
    let place = facts
        .data_classes
        .iter()
        .find(|seen| seen.class == class && seen.direction == direction)
        .map(|seen| seen.location.clone());
    let evidence = clients.iter().take(MAX_PLACES).filter_map(|(client, why)| {
        let GovernedClient { label, id, kind } = client;
        let note = format!("`{class}`: {verb} the client `{label}` ({kind}, {id}); {why}");
        Some(Evidence::at(side, place.clone()?, note))
    });
    Outcome::Fail(Box::new(Failure {
        severity: is_sensitive(facts, class).then_some(Severity::High),
        discriminator: format!("{word} {class} of clients"),
        evidence: evidence.collect(),
        ..Failure::default()
    }))
}

fn is_sensitive(facts: &EndpointFacts<'_>, class: &str) -> bool {
    facts.snapshot.class(class).is_some_and(|known| known.sensitive)
}

fn failed(
    facts: &EndpointFacts<'_>,
    (class, direction): (&str, Direction),
    places: &[&DataClassCount],
    why: &str,
) -> Outcome {
    let (side, word, verb) = match direction {
        Direction::Request => (Side::Request, "request", "sent by"),
        Direction::Response => (Side::Response, "response", "returned to"),
    };
    let evidence = places.iter().take(MAX_PLACES).map(|place| {
        let values = if place.count == 1 { "value" } else { "values" };
        let to = match place.principals {
            None | Some(0) => format!("{verb} nobody who is known by name"),
            Some(1) => format!("{verb} 1 principal"),
            Some(n) => format!("{verb} {n} principals"),
        };
        let note = format!("`{class}`: {} {values}, {to}; {why}", place.count);
        Evidence::at(side, place.location.clone(), note)
    });
    Outcome::Fail(Box::new(Failure {
        severity: is_sensitive(facts, class).then_some(Severity::High),
        discriminator: format!("{word} {class}"),
        evidence: evidence.collect(),
        ..Failure::default()
    }))
}
