use bartizan_model::{HashKey, Parameter, Scope, analysis::Analysis};

use super::*;
use crate::{
    Snapshot, State,
    detectors::traffic::{Call, exchanges},
    judge::{judge, results},
};

/// Words that no form gives away as identifiers.
fn word(number: usize) -> String {
    const PARTS: [&str; 8] = ["ka", "lo", "mi", "nu", "pe", "ro", "sa", "ti"];
    let mut number = number * 5 + 64;
    let mut word = String::new();
    while number > 0 {
        word.push_str(PARTS[number % 8]);
        number /= 8;
    }
    word
}

fn learn(state: &mut State, snapshot: &Snapshot, answers: impl Iterator<Item = String>) {
    let calls: Vec<_> = answers
        .enumerate()
        .map(|(at, answer)| Call::get(at as i64, "/v1/members", answer).by(7 + at as u32 % 3))
        .collect();
    for exchange in exchanges(calls) {
        judge(&exchange, snapshot, state, exchange.time);
    }
}

fn snapshot() -> Snapshot {
    Snapshot::new(Scope::default(), HashKey::new([3; 32]))
}

fn parameters(analysis: &Analysis) -> Vec<&Parameter> {
    let endpoints = analysis.endpoints.iter();
    endpoints.flat_map(|e| &e.parameters).filter(|p| p.location.as_str().contains(":/")).collect()
}

fn places(answers: impl Iterator<Item = String>) -> Vec<String> {
    let snapshot = snapshot();
    let mut state = State::new(&snapshot.scope);
    learn(&mut state, &snapshot, answers);
    let analysis = results(&mut state, &snapshot);
    parameters(&analysis).iter().map(|p| p.location.to_string()).collect()
}

fn member(number: usize) -> String {
    let name = word(number);
    format!(
        r#"{{"total":9,"members":{{"{name}":{{"role":"staff","mail":"{name}@example.com","tags":{{"{}":1}}}}}}}}"#,
        word(number * 7 + 5_000)
    )
}

#[test]
fn names_as_keys_become_one_place() {
    let found = places((0..400).map(member));
    assert_eq!(
        found,
        [
            "body:/members",
            "body:/members/{key}",
            "body:/members/{key}/mail",
            "body:/members/{key}/role",
            "body:/members/{key}/tags",
            "body:/members/{key}/tags/{key}",
            "body:/total",
        ]
    );
}

#[test]
fn what_was_learned_under_the_names_is_joined() {
    let snapshot = snapshot();
    let mut state = State::new(&snapshot.scope);
    learn(&mut state, &snapshot, (0..100).map(member));
    let analysis = results(&mut state, &snapshot);
    let at = |text: &str| {
        let found = parameters(&analysis).into_iter().find(|p| p.location.as_str() == text);
        found.unwrap_or_else(|| panic!("{text} is listed"))
    };
    let mail = at("body:/members/{key}/mail");
    assert_eq!((mail.seen, mail.format.as_str(), mail.name.as_str()), (100, "email", "mail"));
    let record = at("body:/members/{key}");
    assert_eq!((record.seen, record.name.as_str(), record.required), (100, Place::ANY_KEY, None));
    assert_eq!(at("body:/total").required, Some(true));
    let classes = &analysis.endpoints[0].data_classes;
    let mails: Vec<_> = classes.iter().filter(|c| c.class == "email").collect();
    assert_eq!(mails.len(), 1, "{classes:?}");
    assert_eq!((mails[0].location.as_str(), mails[0].count), ("body:/members/{key}/mail", 100));
}

#[test]
fn fields_of_a_map_that_most_messages_have_keep_their_names() {
    let found = places((0..200).map(|number| {
        format!(r#"{{"count":{number},"next":"x","{}":{{"role":"a"}}}}"#, word(number))
    }));
    assert_eq!(found, ["body:/count", "body:/next", "body:/{key}", "body:/{key}/role"]);
}

/// Two of sixty fields in each message: they return, so there is no reason to expect more.
#[test]
fn optional_fields_are_no_map() {
    let found = places((0..2_000).map(|number| {
        format!(r#"{{"{}":"x","{}":"y"}}"#, word(number * 7 % 60), word((number * 11 + 1) % 60))
    }));
    assert_eq!(found.len(), 60, "{found:?}");
    assert!(found.iter().all(|place| !place.contains("{key}")));
}

/// Below `data` hang the results of whatever was asked for.
#[test]
fn different_results_below_one_key_are_no_map() {
    let found = places((0..80).map(|number| {
        let fields: Vec<_> =
            (0..5).map(|f| format!(r#""{}":1"#, word(1_000 + number * 5 + f))).collect();
        format!(r#"{{"data":{{"{}":{{"id":1,{}}}}}}}"#, word(number), fields.join(","))
    }));
    assert!(found.len() > 450, "{}", found.len());
    assert!(found.iter().all(|place| !place.contains("{key}")), "{found:?}");
}

#[test]
fn a_record_of_many_fields_is_no_map() {
    let record: Vec<_> = (0..60).map(|field| format!(r#""{}":"x""#, word(field))).collect();
    let record = format!("{{{}}}", record.join(","));
    let found = places((0..50).map(|_| record.clone()));
    assert_eq!(found.len(), 60);
    assert!(found.iter().all(|place| !place.contains("{key}")));
}

/// Wide records fill the table of places before there are 32 of them.
#[test]
fn a_full_table_makes_room() {
    let found = places((0..300).map(|number| {
        let fields: Vec<_> = (0..25).map(|f| format!(r#""field_{f}":{f}"#)).collect();
        format!(r#"{{"{}":{{{}}}}}"#, word(number), fields.join(","))
    }));
    assert_eq!(found.len(), 26, "{found:?}");
}

#[test]
fn saved_and_merged_profiles_know_their_maps() {
    let snapshot = snapshot();
    let mut whole = State::new(&snapshot.scope);
    learn(&mut whole, &snapshot, (0..120).map(member));
    let mut first = State::new(&snapshot.scope);
    learn(&mut first, &snapshot, (0..70).map(member));
    let mut restored = State::load(&first.save().expect("saves")).expect("loads");
    let rest = || (70..120).map(member);
    learn(&mut first, &snapshot, rest());
    learn(&mut restored, &snapshot, rest());
    let json =
        |state: &mut State| serde_json::to_string(&results(state, &snapshot)).expect("serialises");
    assert_eq!(json(&mut first), json(&mut restored));

    let mut few = State::new(&snapshot.scope);
    learn(&mut few, &snapshot, (200..210).map(member));
    let profile = |state: &State| state.profiles().next().expect("one").clone();
    for (mut into, from) in [(profile(&whole), profile(&few)), (profile(&few), profile(&whole))] {
        into.merge(&from);
        let mut found: Vec<_> = into.places.values().map(|p| p.at.location.to_string()).collect();
        found.retain(|place| place.starts_with("body:/"));
        found.sort();
        assert_eq!(found.len(), 7, "{found:?}");
        assert_eq!(
            into.places.values().filter(|p| p.at.name == "role").map(|p| p.seen).sum::<u64>(),
            130
        );
    }
}
