//! All policies together: what is said about them, and what is refused.

use bartizan_model::HashKey;

use super::{record::Outcome, *};

fn read(text: &str) -> Result<PolicyConfig, String> {
    serde_saphyr::from_str(text).map_err(|error| error.to_string())
}

fn surroundings() -> Surroundings {
    Surroundings::embedded(HashKey::new([1; 32]))
}

fn compile(texts: &[&str]) -> Result<Enforcement, PolicyError> {
    let policies: Vec<_> = texts.iter().map(|text| read(text).expect(text)).collect();
    Enforcement::new(&policies, surroundings())
}

#[test]
fn every_kind_is_documented_and_its_examples_compile() {
    for item in ITEMS {
        assert!(item.documentation.len() > 100 && !item.title.is_empty(), "{}", item.kind);
        assert!(!item.examples.is_empty(), "{}", item.kind);
        for example in item.examples {
            // What is there wherever tests run, in the place of a secret and of a database.
            let places = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/geo/places.mmdb");
            let example = example.replace("env:GATEWAY_SECRET", "env:PATH");
            let example = example.replace("/var/lib/GeoIP/GeoLite2-Country.mmdb", places);
            let policy = read(&example).expect(&example);
            assert_eq!(policy.kinds().collect::<Vec<_>>(), [item.kind]);
            let compiled = Enforcement::new(&[policy], surroundings());
            assert!(compiled.is_ok(), "{:?}", compiled.err());
        }
    }
    let kinds: std::collections::BTreeSet<_> = ITEMS.iter().map(|item| item.kind).collect();
    assert_eq!(kinds.len(), ITEMS.len());
}

#[test]
fn every_kind_refuses_unknown_keys_everywhere() {
    for item in ITEMS {
        let policy = read(item.examples[0]).expect("read");
        let good = serde_json::to_value(&policy).expect("JSON");
        // Every object of the policy, wherever it is, except maps of free names.
        let mut places = vec![String::new()];
        let mut seen = 0;
        while let Some(place) = places.pop() {
            let mut value = good.clone();
            let object = value.pointer_mut(&place).and_then(|value| value.as_object_mut());
            let Some(object) = object else { continue };
            let is_free = |end| place.ends_with(end);
            if ["/set", "/add", "/inline", "/params", "/claims"].iter().any(is_free) {
                continue;
            }
            places.extend(object.keys().map(|key| format!("{place}/{key}")));
            object.insert("unknown_key".to_owned(), 1.into());
            let refused = serde_json::from_value::<PolicyConfig>(value).expect_err(&place);
            assert!(refused.to_string().contains("unknown_key"), "{refused}");
            seen += 1;
        }
        assert!(seen >= 3, "{}: policy, scope and rule", item.kind);
    }
}

#[test]
fn every_key_has_documentation() {
    let schema = schemars::schema_for!(PolicyConfig).to_value();
    let mut places = vec![(String::new(), &schema)];
    let mut seen = 0;
    while let Some((place, value)) = places.pop() {
        if let Some(properties) = value.get("properties").and_then(|p| p.as_object()) {
            for (key, property) in properties {
                let has_words = property.get("description").is_some_and(|d| d.is_string());
                assert!(has_words, "{place}/{key}");
                seen += 1;
            }
        }
        if let Some(object) = value.as_object() {
            // A kind is called `properties`: what is in that member are schemas by name, and it is none itself.
            let (maps, others): (Vec<_>, Vec<_>) =
                object.iter().partition(|(key, _)| *key == "properties");
            let named = maps.into_iter().filter_map(|(_, map)| map.as_object()).flatten();
            let below = named.chain(others);
            places.extend(below.map(|(key, value)| (format!("{place}/{key}"), value)));
        }
    }
    assert!(seen > 50, "{seen}");
}

#[test]
fn what_cannot_be_compiled_is_refused_with_policy_and_key() {
    for (texts, policy, key) in [
        (&["{name: a, cors: {origins: ['*'], credentials: true}}"][..], "a", "cors.origins"),
        (&["{name: a, mode: off, address: {deny: [x]}}"], "a", "address.deny.0"),
        (&["{name: a, scope: {paths: [x]}, size: {fields: 1}}"], "a", "scope.paths"),
        (&["{name: a, size: {fields: 1}}", "{name: a, size: {fields: 1}}"], "a", "name"),
        (&["{name: b}"], "b", ""),
        (&["{name: c, authentication: {any_of: [certificate]}}"], "c", "authentication.any_of"),
        (&["{name: d, rate: {requests: 0, period_seconds: 1}}"], "d", "rate.requests"),
    ] {
        let error = compile(texts).expect_err(texts[0]);
        assert_eq!((error.policy.as_str(), error.key.as_str()), (policy, key), "{error}");
    }
    let many: Vec<_> = (0..=config::POLICIES)
        .map(|n| PolicyConfig {
            name: format!("p{n}"),
            ..read("{name: a, size: {fields: 1}}").expect("read")
        })
        .collect();
    assert!(Enforcement::new(&many, surroundings()).is_err());
}

/// Whoever is at a limit with what they wrote is not told about what they did not.
#[test]
fn default_policies_leave_limits_to_those_that_were_written() {
    let compile = |policies: Vec<PolicyConfig>| {
        Enforcement::new(&PolicyConfig::with_defaults(policies), surroundings())
    };
    let written = |count: usize| -> Vec<_> {
        let plain = read("{name: a, size: {fields: 1}}").expect("read");
        (0..count).map(|n| PolicyConfig { name: format!("p{n}"), ..plain.clone() }).collect()
    };
    assert!(compile(written(config::POLICIES)).is_ok());
    let error = compile(written(config::POLICIES + 1)).expect_err("too many");
    assert_eq!(error.policy, "p1000", "{error}");

    // What the default rate compares before it steps back is counted where it was written.
    let paths: Vec<String> = (0..8).map(|n| format!("'/**/x{n}/**/y'")).collect();
    let paths = paths.join(", ");
    let rates = |count: usize, mode: &str| -> Vec<_> {
        let text = |n| {
            format!(
                "{{name: r{n}, mode: {mode}, scope: {{paths: [{paths}]}}, \
                 rate: {{requests: 1, period_seconds: 1}}}}"
            )
        };
        (0..count).map(|n| read(&text(n)).expect("read")).collect()
    };
    let first_beyond = |mode: &str| {
        let error = compile(rates(config::POLICIES, mode)).expect_err("too many patterns");
        assert_eq!(error.key, "scope.paths", "{error}");
        let number = error.policy.strip_prefix('r').expect("one that was written");
        number.parse::<usize>().expect("a number")
    };
    let (monitored, off) = (first_beyond("monitor"), first_beyond("off"));
    assert!(compile(rates(monitored, "monitor")).is_ok());
    // Two default ones step back for each, one that is off among them.
    assert!((off * 2 / 3).abs_diff(monitored) <= 1, "{off} off, {monitored} monitored");
}

#[test]
fn a_wrong_change_leaves_the_policies_in_force() {
    let enforcement = compile(&["{name: a, size: {fields: 1}}"]).expect("compiles");
    let wrong = read("{name: b, size: {fields: 0}}").expect("read");
    assert!(enforcement.successor(&[wrong]).is_err());
    let off = read("{name: b, mode: off, size: {fields: 1}}").expect("read");
    let next = enforcement.successor(&[off]).expect("compiles");
    assert!(next.set.sizes.is_empty());
    assert_eq!(&*enforcement.set.sizes[0].name, "a", "calls under way keep theirs");
}

#[test]
fn a_schema_that_broke_is_refused_at_a_reload_and_the_old_one_stays() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("order.json");
    let policy = read(&format!("{{name: orders, schema: {{file: '{}'}}}}", path.display()));
    let policies = [policy.expect("read")];
    std::fs::write(&path, "{\"type\": \"object\"}").expect("written");
    let enforcement = Enforcement::new(&policies, surroundings()).expect("compiles");
    std::fs::write(&path, "{\"type\": \"objekt\"}").expect("written");
    let error = enforcement.successor(&policies).expect_err("broken");
    assert_eq!((error.policy.as_str(), error.key.as_str()), ("orders", "schema.file"));
    assert!(error.problem.contains("/type"), "{error}");
    assert_eq!(enforcement.set.schemas.len(), 1);
    std::fs::write(&path, "{\"type\": \"array\"}").expect("written");
    assert!(enforcement.successor(&policies).is_ok());
}

#[test]
fn the_default_is_own_keys_enforced_and_the_rest_watched() {
    let all = Enforcement::new(&PolicyConfig::defaults(), surroundings()).expect("compiles");
    let set = &all.set;
    assert_eq!((set.keys.len(), set.rates.len(), set.fields.len()), (1, 2, 1));
    let is_enforced = set.rates.iter().any(record::Policy::is_enforced);
    assert!(set.keys[0].is_enforced() && !is_enforced && !set.fields[0].is_enforced());
}

#[tokio::test]
async fn fetched_keys_outlive_a_reload_with_the_same_settings() {
    let text = |issuer: &str| {
        format!(
            "{{name: a, jwt: {{issuer: '{issuer}', audiences: [x], algorithms: [ES256], \
             jwks_url: 'http://127.0.0.1:9/', fetch: {{timeout_ms: 50}}}}}}"
        )
    };
    let enforcement = compile(&[&text("a")]).expect("compiles");
    enforcement.warm().await;
    let before = &enforcement.set.tokens[0].rule;
    let same = enforcement.successor(&[read(&text("a")).expect("read")]).expect("compiles");
    assert!(Arc::ptr_eq(before, &same.set.tokens[0].rule));
    let other = same.successor(&[read(&text("b")).expect("read")]).expect("compiles");
    assert!(!Arc::ptr_eq(before, &other.set.tokens[0].rule));
    let text = metrics(&other);
    let failed = "jwks_fetches_total{issuer=\"a\",outcome=\"failed\"} 1";
    assert!(text.contains(failed), "failures are not forgotten: {text}");
}

#[test]
fn fetched_keys_do_not_outlive_other_authorities() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("ca.pem");
    let renew = || {
        let made = rcgen::generate_simple_self_signed(["idp.example".to_owned()]).expect("made");
        std::fs::write(&path, made.cert.pem()).expect("written");
    };
    let text = format!(
        "{{name: a, jwt: {{issuer: a, audiences: [x], algorithms: [ES256], \
         jwks_url: 'https://idp.example/', fetch: {{authorities: '{}'}}}}}}",
        path.display()
    );
    renew();
    let enforcement = compile(&[&text]).expect("compiles");
    let rule = |of: &Enforcement| Arc::clone(&of.set.tokens[0].rule);
    let same = enforcement.successor(&[read(&text).expect("read")]).expect("compiles");
    assert!(Arc::ptr_eq(&rule(&enforcement), &rule(&same)));
    renew();
    let other = same.successor(&[read(&text).expect("read")]).expect("compiles");
    assert!(!Arc::ptr_eq(&rule(&same), &rule(&other)), "what is believed now counts");
}

fn metrics(enforcement: &Enforcement) -> String {
    let mut registry = Registry::default();
    enforcement.register(&mut registry);
    let mut text = String::new();
    prometheus_client::encoding::text::encode(&mut text, &registry).expect("encoded");
    text
}

#[test]
fn metrics_are_named_by_policy_mode_and_outcome() {
    let enforcement = compile(&["{name: a, size: {fields: 1}}"]).expect("compiles");
    let policy = &enforcement.set.sizes[0];
    policy.count(Outcome::Passed);
    policy.not_evaluated("body-not-held", &mut Decisions::default());
    let text = metrics(&enforcement);
    for line in [
        "policy_decisions_total{policy=\"a\",kind=\"size\",mode=\"enforce\",outcome=\"passed\"} 1",
        "policy_reasons_total{policy=\"a\",kind=\"size\",outcome=\"not_evaluated\",\
         reason=\"body-not-held\"} 1",
    ] {
        assert!(text.contains(line), "{text}");
    }
}

#[test]
fn what_was_counted_for_policies_that_are_gone_is_forgotten() {
    let text = |name: &str| format!("{{name: {name}, size: {{fields: 1}}}}");
    let policies = |names: &[&str]| {
        names.iter().map(|name| read(&text(name)).expect("read")).collect::<Vec<_>>()
    };
    let first = Enforcement::new(&policies(&["a", "b"]), surroundings()).expect("compiles");
    for policy in &first.set.sizes {
        policy.count(Outcome::Passed);
        policy.not_evaluated("body-not-held", &mut Decisions::default());
    }
    let lines = |name: &str| metrics(&first).matches(&format!("policy=\"{name}\"")).count();
    let refused =
        first.successor(&[policies(&["c"]), vec![read("{name: d}").expect("read")]].concat());
    assert!(refused.is_err() && lines("c") > 0);
    first.forget_others();
    assert_eq!((lines("a"), lines("b"), lines("c")), (7, 7, 0));
    let next = first.successor(&policies(&["b", "e"])).expect("compiles");
    next.forget_others();
    assert_eq!((lines("a"), lines("b"), lines("e")), (0, 7, 6));
    let kept =
        "policy_decisions_total{policy=\"b\",kind=\"size\",mode=\"enforce\",outcome=\"passed\"} 1";
    assert!(metrics(&next).contains(kept), "what stays counts on");
}

#[test]
fn more_patterns_than_an_ordinary_request_can_be_compared_with_are_refused() {
    let paths: Vec<String> = (0..8).map(|n| format!("'/**/x{n}/**/y'")).collect();
    let scope = format!("{{paths: [{}]}}", paths.join(", "));
    let texts: Vec<String> = (0..1_000)
        .map(|at| format!("{{name: p{at}, scope: {scope}, address: {{deny: [192.0.2.0/24]}}}}"))
        .collect();
    let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
    assert!(compile(&texts[..100]).is_ok());
    let error = compile(&texts).expect_err("too many");
    assert_eq!(error.key, "scope.paths", "{error}");
}
