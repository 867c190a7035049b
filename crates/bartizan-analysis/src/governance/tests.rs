use std::sync::Arc;

use bartizan_model::{HashKey, Scope, Severity, analysis::Analysis};
use serde_json::{Value, json};

use super::*;
use crate::{
    State,
    checks::example::{Builder, get, post},
    endpoints::Segment,
    judge::{judge, results},
};

fn rules(list: Value) -> Vec<GovernanceRule> {
    serde_json::from_value(list).expect("rules")
}

fn mistake(rule: Value) -> RuleMistake {
    let compiled = Governance::compile(&rules(json!([rule])), &CustomClasses::default(), &[], &[]);
    compiled.expect_err("a mistake")
}

fn template(host: &str, method: &str, path: &str) -> Template {
    let segment = |text: &str| match text.strip_prefix('{') {
        Some(name) => Segment::Parameter {
            name: name.trim_end_matches('}').to_owned(),
            prefix: String::new(),
            suffix: String::new(),
        },
        None => Segment::Literal(text.to_owned()),
    };
    let segments = path.split('/').filter(|text| !text.is_empty()).map(segment).collect();
    Template {
        host: host.to_owned(),
        method: method.to_owned(),
        path: path.to_owned(),
        segments,
        ..Template::default()
    }
}

const fn at_access(template: &Template, access: Access) -> Governed<'_> {
    Governed { template, access, service: None }
}

fn analyse(list: Value, exchanges: Vec<Builder>) -> Analysis {
    let mut snapshot = Snapshot::new(Scope::default(), HashKey::new([7; 32]));
    let governance =
        Governance::compile(&rules(list), &snapshot.classes, &[], &[]).expect("compiled");
    snapshot.governance = Arc::new(governance);
    let mut state = State::new(&snapshot.scope);
    for exchange in exchanges {
        let exchange = exchange.build();
        judge(&exchange, &snapshot, &mut state, exchange.time);
    }
    results(&mut state, &snapshot)
}

fn findings(analysis: &Analysis) -> Vec<(&str, Severity, &str)> {
    let ours = analysis.findings.iter().filter(|finding| finding.code == "BZ-C030");
    ours.map(|f| (f.discriminator.as_str(), f.severity, f.evidence[0].note.as_str())).collect()
}

#[test]
fn rules_are_about_hosts_paths_methods_and_access() {
    let classes = CustomClasses::default();
    let snapshot = Snapshot::new(Scope::default(), HashKey::new([7; 32]));
    for (place, about, not_about) in [
        (json!({}), ("a.example", "GET", "/"), None),
        (
            json!({"hosts": ["A.example"]}),
            ("a.example", "GET", "/"),
            Some(("b.example", "GET", "/")),
        ),
        (
            json!({"hosts": ["*.example"]}),
            ("a.example", "GET", "/"),
            Some(("a.b.example", "GET", "/")),
        ),
        (
            json!({"hosts": ["*.api.example"]}),
            ("{tenant}.api.example", "GET", "/"),
            Some(("{tenant}.eu.api.example", "GET", "/")),
        ),
        (
            json!({"hosts": ["{Shop}.api.example"]}),
            ("{tenant}.api.example", "GET", "/"),
            Some(("{tenant}.eu.example", "GET", "/")),
        ),
        (
            json!({"hosts": ["Acme.api.example"]}),
            ("{tenant}.api.example", "GET", "/"),
            Some(("api.example", "GET", "/")),
        ),
        (json!({"methods": ["GET"]}), ("", "GET", "/"), Some(("", "POST", "/"))),
        (json!({"paths": ["/v1/**"]}), ("", "GET", "/v1"), Some(("", "GET", "/v2/v1"))),
        (
            json!({"paths": ["/**/cards/*"]}),
            ("", "GET", "/a/b/cards/{id}"),
            Some(("", "GET", "/cards")),
        ),
        (json!({"paths": ["/v1/{x}"]}), ("", "GET", "/v1/{id}"), Some(("", "GET", "/v1/me"))),
        (json!({"paths": ["/v1/me/"]}), ("", "GET", "/v1/me"), Some(("", "GET", "/v1/{id}"))),
        (json!({"paths": ["/**/a/**/b"]}), ("", "GET", "/a/x/a/c/b"), Some(("", "GET", "/a/b/c"))),
    ] {
        let list = rules(json!([{"name": "r", "where": place, "deny": ["iban"]}]));
        let governance = Governance::compile(&list, &classes, &[], &[]).expect("compiled");
        let ruled = |(host, method, path): (&str, &str, &str)| {
            let at = template(host, method, path);
            let carried = ("iban", Direction::Response);
            governance.judge(at_access(&at, Access::Public), None, carried, &snapshot)
                == Ruling::Denied("r")
        };
        assert!(ruled(about), "{place}");
        assert!(!not_about.is_some_and(ruled), "{place}");
    }
    let list = rules(json!([{"name": "r", "where": {"access": ["private"]}, "deny": ["iban"]}]));
    let governance = Governance::compile(&list, &classes, &[], &[]).expect("compiled");
    let at = template("", "GET", "/");
    assert!(
        governance.is_about(at_access(&at, Access::Private))
            && !governance.is_about(at_access(&at, Access::Public))
    );
}

#[test]
fn an_endpoint_is_of_the_first_service_that_takes_it() {
    let service = |name: &str, hosts: &[&str], path_prefix: &str| ServicePlace {
        name: name.to_owned(),
        hosts: hosts.iter().map(|host| (*host).to_owned()).collect(),
        path_prefix: path_prefix.to_owned(),
    };
    let services = [
        service("pay", &["Pay.example"], "/"),
        service("v1", &[], "/v1/"),
        service("rest", &[], "/"),
    ];
    let snapshot = Snapshot::new(Scope::default(), HashKey::new([7; 32]));
    let of = |host: &str, path: &str| -> Vec<&str> {
        let at = template(host, "GET", path);
        let is_of = |name: &&str| {
            let list =
                rules(json!([{"name": "r", "where": {"services": [name]}, "deny": ["iban"]}]));
            let governance = Governance::compile(&list, &snapshot.classes, &services, &[]);
            let carried = ("iban", Direction::Response);
            let governance = governance.expect("compiled");
            governance.judge(at_access(&at, Access::Unknown), None, carried, &snapshot)
                == Ruling::Denied("r")
        };
        ["pay", "v1", "rest"].into_iter().filter(is_of).collect()
    };
    assert_eq!(of("pay.example", "/v1/cards"), ["pay"]);
    assert_eq!(of("a.example", "/v1"), ["v1"]);
    assert_eq!(of("a.example", "/v1/cards/{id}"), ["v1"]);
    assert_eq!(of("a.example", "/v10"), ["rest"]);
    let list = rules(json!([{"name": "r", "where": {"services": ["py"]}, "deny": ["iban"]}]));
    let mistake =
        Governance::compile(&list, &snapshot.classes, &services, &[]).expect_err("unknown");
    assert_eq!((mistake.key.as_str(), mistake.known.len()), ("where.services[0]", 3));
}

#[test]
fn what_one_denies_is_denied_and_what_one_allows_is_allowed_in_any_order() {
    let snapshot = Snapshot::new(Scope::default(), HashKey::new([7; 32]));
    let mut list = rules(json!([
        {"name": "contact", "allow": ["group:contact"]},
        {"name": "secrets", "allow": ["secret"]},
        {"name": "no answers", "direction": "response", "deny": ["api_key"]},
    ]));
    for _ in 0..list.len() {
        list.rotate_left(1);
        let governance = Governance::compile(&list, &snapshot.classes, &[], &[]).expect("compiled");
        let at = template("a.example", "GET", "/");
        let judge = |class, direction| {
            governance.judge(at_access(&at, Access::Unknown), None, (class, direction), &snapshot)
        };
        assert_eq!(judge("email", Direction::Response), Ruling::Allowed);
        assert_eq!(judge("cloud_key", Direction::Response), Ruling::Allowed, "its family is");
        assert_eq!(judge("api_key", Direction::Request), Ruling::Allowed);
        assert_eq!(judge("api_key", Direction::Response), Ruling::Denied("no answers"));
        let Ruling::NotListed(mut rules) = judge("iban", Direction::Response) else {
            panic!("iban")
        };
        rules.sort_unstable();
        assert_eq!(rules, ["contact", "secrets"]);
    }
    let only = rules(json!([{"name": "sent", "direction": "request", "allow": []}]));
    let governance = Governance::compile(&only, &snapshot.classes, &[], &[]).expect("compiled");
    let at = template("", "GET", "/");
    let judge = |direction| {
        governance.judge(at_access(&at, Access::Unknown), None, ("iban", direction), &snapshot)
    };
    assert_eq!(judge(Direction::Response), Ruling::Unruled);
    assert_eq!(judge(Direction::Request), Ruling::NotListed(vec!["sent"]));
}

#[test]
fn wrong_rules_say_what_and_where() {
    for (rule, key, message) in [
        (json!({"name": "r"}), "", "expected either `allow` or `deny`"),
        (json!({"name": "r", "allow": [], "deny": ["iban"]}), "", "expected either"),
        (json!({"name": "r", "deny": []}), "deny", "denies nothing"),
        (json!({"name": "", "allow": []}), "name", "one line"),
        (json!({"name": "a\nb", "allow": []}), "name", "one line"),
        (json!({"name": "r", "allow": ["iban", "emial"]}), "allow[1]", "unknown class `emial`"),
        (json!({"name": "r", "deny": ["group:money"]}), "deny[0]", "unknown group `group:money`"),
        (json!({"name": "r", "allow": [], "where": {"paths": ["v1"]}}), "where.paths[0]", "slash"),
        (
            json!({"name": "r", "allow": [], "where": {"paths": ["/a*"]}}),
            "where.paths[0]",
            "of their own",
        ),
        (
            json!({"name": "r", "allow": [], "where": {"hosts": ["a b"]}}),
            "where.hosts[0]",
            "no host name",
        ),
        (
            json!({"name": "r", "allow": [], "where": {"methods": ["get"]}}),
            "where.methods[0]",
            "capitals",
        ),
    ] {
        let mistake = mistake(rule);
        assert_eq!((mistake.rule, mistake.key.as_str()), (0, key), "{mistake:?}");
        assert!(mistake.message.contains(message), "{mistake:?}");
        assert_eq!(mistake.known.is_empty(), !message.starts_with("unknown"), "{mistake:?}");
    }
    let twice = rules(json!([{"name": "r", "allow": []}, {"name": "r", "allow": []}]));
    let mistake =
        Governance::compile(&twice, &CustomClasses::default(), &[], &[]).expect_err("twice");
    assert_eq!((mistake.rule, mistake.key.as_str()), (1, "name"));
}

/// Alice three times and Bob once; both get an e-mail address, and Bob sends an account number too.
fn traffic() -> Vec<Builder> {
    let as_user = |builder: Builder, user: &str| {
        // Basic authentication names the user.
        let token = match user {
            "alice" => "YWxpY2U6c2VjcmV0LXBhc3MtMQ==",
            _ => "Ym9iOnNlY3JldC1wYXNzLTI=",
        };
        builder.header("authorization", &format!("Basic {token}"))
    };
    let profile = r#"{"email":"jane.doe@example.com"}"#;
    let account = r#"{"iban":"DE44500105175407324931"}"#;
    let mut out: Vec<Builder> = (0..3)
        .map(|_| as_user(get("https://api.example.com/v1/profile"), "alice").json(200, profile))
        .collect();
    out.push(as_user(get("https://api.example.com/v1/profile"), "bob").json(200, profile));
    out.push(as_user(post("https://api.example.com/v1/account", account), "bob").json(200, "{}"));
    out.push(get("https://api.example.com/v1/open").json(200, profile));
    out
}

#[test]
fn endpoints_say_to_how_many_principals_a_class_goes() {
    let analysis = analyse(json!([]), traffic());
    let seen = |path: &str, class: &str| {
        let endpoint = analysis.endpoints.iter().find(|endpoint| endpoint.path == path);
        let classes = &endpoint.expect("an endpoint").data_classes;
        let one = classes.iter().find(|one| one.class == class).expect("a class");
        (one.count, one.principals)
    };
    assert_eq!(seen("/v1/profile", "email"), (4, Some(2)));
    assert_eq!(seen("/v1/account", "iban"), (1, Some(1)));
    assert_eq!(seen("/v1/open", "email"), (1, Some(0)), "nobody was named");
    assert_eq!(findings(&analysis), [], "no rules, no findings");
    let tally = analysis.summary.checks.iter().find(|one| one.code == "BZ-C030").expect("tallied");
    assert_eq!((tally.failed, tally.passed), (0, 0));
    assert!(tally.not_evaluated > 0, "never a pass");
}

#[test]
fn what_the_rules_do_not_allow_is_one_finding_each() {
    let list = json!([
        {"name": "profiles", "where": {"paths": ["/v1/profile", "/v1/account"]},
         "allow": ["group:contact", "group:credential", "username"]},
    ]);
    let analysis = analyse(list, traffic());
    let found = findings(&analysis);
    let note = "`iban`: 1 value, sent by 1 principal; not among what `profiles` allows";
    assert_eq!(found, [("request iban", Severity::High, note)]);
    let finding = analysis.findings.iter().find(|f| f.code == "BZ-C030").expect("a finding");
    let location = finding.evidence[0].location.as_ref().expect("a place");
    assert_eq!(location.as_str(), "body:/iban");
    let denied = json!([{"name": "no mail", "direction": "response", "deny": ["email"]}]);
    let analysis = analyse(denied, traffic());
    let found = findings(&analysis);
    assert_eq!(found.len(), 2, "{found:?}");
    let note = "`email`: 4 values, returned to 2 principals; the rule `no mail` denies it";
    assert!(found.iter().all(|(what, ..)| *what == "response email"), "{found:?}");
    assert!(found.iter().any(|(.., said)| *said == note), "{found:?}");
}

#[test]
fn a_service_that_the_catalogue_names_can_be_ruled() {
    let snapshot = Snapshot::new(Scope::default(), HashKey::new([7; 32]));
    let list = rules(json!([{"name": "r", "where": {"services": ["pay"]}, "deny": ["iban"]}]));
    let governance =
        Governance::compile(&list, &snapshot.classes, &[], &["pay"]).expect("compiled");
    let at = template("a.example", "GET", "/");
    let is_ruled =
        |service| governance.is_about(Governed { service, ..at_access(&at, Access::Unknown) });
    assert!(is_ruled(Some("pay")) && !is_ruled(Some("book")) && !is_ruled(None));
}

fn by(agent: &str, body: &str) -> Builder {
    get("https://api.example.com/v1/profile").bearer().header("user-agent", agent).json(200, body)
}

#[test]
fn what_clients_may_handle_is_asked_of_each() {
    const CARD: &str = r#"{"card":"5555555555554444"}"#;
    let list = json!([
        {"name": "no cards in the app", "where": {"clients": ["courier*"]}, "deny": ["payment_card"]},
        {"name": "programs get contacts", "where": {"client_kinds": ["server"]}, "direction": "response",
         "allow": ["group:contact"]},
    ]);
    let seen = analyse(list.clone(), vec![by("courier-app/2.1", CARD), by("Firefox/128.0", CARD)]);
    let [(what, severity, note)] = findings(&seen)[..] else { panic!("{:#?}", seen.findings) };
    assert_eq!((what, severity), ("response payment_card of clients", Severity::High));
    assert!(note.contains("returned to the client `courier-app`"), "{note}");
    assert!(note.ends_with("the rule `no cards in the app` denies it"), "{note}");
    let seen = analyse(list.clone(), vec![by("python-requests/2.31", CARD)]);
    let [(_, _, note)] = findings(&seen)[..] else { panic!("{:#?}", seen.findings) };
    assert!(note.ends_with("not among what `programs get contacts` allows"), "{note}");
    let none =
        [by("courier-app/2.1", r#"{"email":"jane.doe@example.com"}"#), by("Firefox/128.0", CARD)];
    assert_eq!(findings(&analyse(list, none.into())), []);
}

#[test]
fn a_refused_request_is_no_handling() {
    let list = json!([{"name": "r", "where": {"clients": ["*"]}, "deny": ["payment_card"]}]);
    let card = r#"{"card":"5555555555554444"}"#;
    let sent = |status| {
        post("https://api.example.com/v1/pay", card)
            .bearer()
            .header("user-agent", "courier-app/2.1")
            .json(status, "{}")
    };
    assert_eq!(findings(&analyse(list.clone(), vec![sent(403)])), []);
    let seen = analyse(list, vec![sent(403), sent(201)]);
    let told: Vec<_> = findings(&seen).into_iter().map(|(what, ..)| what).collect();
    assert_eq!(told, ["request payment_card of clients"]);
}
