//! What is counted together, and what is refused.

use std::net::IpAddr;

use bartizan_model::PrincipalKind;
use http::{Request, request};

use super::*;
use crate::policy::{
    identity::Identity,
    pass::Stage,
    scope::{Scope, Wanted},
};

fn config() -> RateConfig {
    RateConfig {
        requests: 100,
        period_seconds: 60,
        burst: Some(20),
        also: Vec::new(),
        algorithm: Algorithm::Gcra,
        by: RateBy::Address,
        each: Each::Scope,
        anonymous: Anonymous::Address,
        tiers: Vec::new(),
        cost: 1,
        on_failure: OnFailure::Open,
    }
}

fn compile(name: &str, config: &RateConfig, paths: &[&str]) -> Result<Limit, Problem> {
    let paths = paths.iter().map(|path| (*path).to_owned()).collect();
    let scope = ScopeConfig { paths, ..ScopeConfig::default() };
    Limit::compile(name, config, &scope, &HashKey::new([1; 32]))
}

fn limit(config: &RateConfig) -> Limit {
    compile("a-limit", config, &[]).expect("compiles")
}

fn identity(kind: PrincipalKind, scopes: &[&str]) -> Identity {
    let empty: Arc<str> = "".into();
    Identity {
        kind,
        issuer: empty.clone(),
        subject: "x".into(),
        owner: empty,
        scopes: scopes.iter().map(|scope| (*scope).to_owned()).collect(),
        claims: Arc::default(),
    }
}

fn head(path: &str) -> request::Parts {
    Request::builder().uri(path).body(()).expect("a request").into_parts().0
}

/// The keys under which a limit counts.
fn keys(
    limit: &Limit,
    address: &str,
    who: &[Identity],
    paths: &[&str],
    path: &str,
) -> Vec<KeyedHash> {
    let paths = paths.iter().map(|path| (*path).to_owned()).collect();
    let scope = Scope::compile(&ScopeConfig { paths, ..ScopeConfig::default() }).expect("compiles");
    let mut wanted = Wanted::default();
    scope.note(&mut wanted);
    let request = head(path);
    let stage = Stage::for_tests(wanted, &request);
    let address: IpAddr = address.parse().expect("an address");
    let caller = Caller {
        address,
        identities: who,
        service: None,
        stage: &stage,
        scope: &scope,
        request: &request,
    };
    limit.rates(&caller).into_iter().map(|(_, key)| key).collect()
}

#[test]
fn retry_after_is_rounded_up() {
    let rate = Rate::new(100, 60 * SECOND, 20).expect("a rate");
    let decision = RateDecision { retry_nanos: SECOND + 1, ..rate.arrive(0, 5, 1).0 };
    let refusal = Limit::refusal(&decision);
    assert_eq!((refusal.status.as_u16(), refusal.action), (429, Action::Throttle));
    assert_eq!(refusal.fields, [(header::RETRY_AFTER, HeaderValue::from_static("2"))]);
    let soon = RateDecision { retry_nanos: 1, ..decision };
    assert_eq!(Limit::refusal(&soon).fields[0].1, "1");
}

#[test]
fn only_verified_identities_are_counted_by_name() {
    let (a, b) = ("192.0.2.1", "192.0.2.2");
    let subject = [identity(PrincipalKind::Subject, &[])];
    let api_key = [identity(PrincipalKind::ApiKey, &[])];
    for (by, who, same) in [
        (RateBy::Address, &subject[..], false),
        (RateBy::Network, &[], true),
        (RateBy::Scope, &[], true),
        (RateBy::Principal, &subject, true),
        (RateBy::Principal, &api_key, true),
        (RateBy::Principal, &[], false),
        (RateBy::ApiKey, &api_key, true),
        (RateBy::ApiKey, &subject, false),
    ] {
        let limit = limit(&RateConfig { by, ..config() });
        let of = |address| keys(&limit, address, who, &[], "/");
        assert_eq!(of(a) == of(b), same, "{by:?} {who:?}");
    }
    let other = compile("b", &config(), &[]).expect("compiles");
    let of = |limit: &Limit| keys(limit, a, &[], &[], "/");
    assert_ne!(of(&limit(&config())), of(&other), "limits do not share keys");
    let pass = RateConfig { by: RateBy::Principal, anonymous: Anonymous::Pass, ..config() };
    assert_eq!(keys(&limit(&pass), a, &[], &[], "/"), []);
    assert_eq!(keys(&limit(&pass), a, &subject, &[], "/").len(), 1);
}

/// Whoever writes a path in another way does not get another counter.
#[test]
fn what_is_asked_for_can_count_apart() {
    let paths = ["/a/*", "/b/**"];
    let by = |each| compile("a", &RateConfig { each, ..config() }, &paths).expect("compiles");
    let (endpoint, resource) = (by(Each::Endpoint), by(Each::Resource));
    let of = |limit: &Limit, path: &str| keys(limit, "192.0.2.1", &[], &paths, path);
    assert_eq!(of(&endpoint, "/a/1"), of(&endpoint, "/a/2"));
    assert_ne!(of(&endpoint, "/a/1"), of(&endpoint, "/b/1"));
    assert_eq!(of(&endpoint, "/b/../a/1"), of(&endpoint, "/a/1"), "the first that fits");
    assert_ne!(of(&resource, "/a/1"), of(&resource, "/a/2"));
    for path in
        ["/a/1?x=2", "/a/1/", "/a/%31", "/a/%2531", "/b/../a/1", "/a//1", "/a/1;v=2", "/a/./1"]
    {
        assert_eq!(of(&resource, path), of(&resource, "/a/1"), "{path}");
    }
}

#[test]
fn tiers_have_rates_of_their_own() {
    let text = r#"{"requests": 100, "period_seconds": 60, "by": "principal",
        "also": [{"requests": 10, "period_seconds": 1}],
        "tiers": [{"with": {"scopes": ["premium"]}, "requests": 1000, "period_seconds": 60}]}"#;
    let limit = limit(&serde_json::from_str(text).expect("read"));
    let rates = |scopes: &[&str]| {
        let who = [identity(PrincipalKind::Subject, scopes)];
        let request = head("/");
        let stage = Stage::for_tests(Wanted::default(), &request);
        let address = "192.0.2.1".parse().expect("an address");
        let caller = Caller {
            address,
            identities: &who,
            service: None,
            stage: &stage,
            scope: &Scope::default(),
            request: &request,
        };
        limit.rates(&caller).iter().map(|(rate, _)| rate.pace.burst()).collect::<Vec<_>>()
    };
    assert_eq!(rates(&[]), [100, 10]);
    assert_eq!(rates(&["premium"]), [1_000]);
}

#[test]
fn what_would_let_nothing_pass_is_refused() {
    let window = RateConfig { algorithm: Algorithm::SlidingWindow, burst: None, ..config() };
    let further = |requests| vec![FurtherRate { requests, period_seconds: 1, burst: None }];
    let tier =
        |with| RateTier { with, requests: 1, period_seconds: 1, burst: None, also: Vec::new() };
    for (config, key) in [
        (RateConfig { requests: 0, burst: Some(1), ..config() }, "requests"),
        (RateConfig { period_seconds: 0, ..config() }, "period_seconds"),
        (RateConfig { burst: Some(0), ..config() }, "burst"),
        (RateConfig { cost: 0, ..config() }, "cost"),
        (RateConfig { cost: 21, ..config() }, "cost"),
        (RateConfig { period_seconds: u64::MAX, ..config() }, ""),
        (RateConfig { burst: Some(u64::MAX), ..config() }, ""),
        (RateConfig { burst: Some(1), ..window.clone() }, "burst"),
        (RateConfig { requests: u64::MAX, ..window }, ""),
        (RateConfig { also: further(0), ..config() }, "also.0.requests"),
        (RateConfig { also: further(1).repeat(5), ..config() }, "also"),
        (RateConfig { each: Each::Endpoint, ..config() }, "each"),
        (RateConfig { anonymous: Anonymous::Pass, ..config() }, "anonymous"),
        (RateConfig { tiers: vec![tier(Callers::default())], ..config() }, "tiers"),
        (
            RateConfig { by: RateBy::Principal, tiers: vec![tier(Callers::default())], ..config() },
            "tiers.0.with",
        ),
    ] {
        let problem = compile("a", &config, &[]).err();
        assert_eq!(problem.map(|p| p.key), Some(key.to_owned()), "{config:?}");
    }
}

#[test]
fn what_was_measured_outlives_changed_numbers_but_not_other_callers() {
    let key = HashKey::new([1; 32]);
    let compile = |text: &str| {
        let config: RateConfig = serde_saphyr::from_str(text).expect("settings");
        Limit::compile("users", &config, &ScopeConfig::default(), &key).expect("compiles")
    };
    let before = compile(
        "{requests: 5, period_seconds: 60, by: principal, also: [{requests: 2, period_seconds: 1}],
          tiers: [{with: {scopes: [premium]}, requests: 50, period_seconds: 60}]}",
    );
    let who = KeyedHash([7; 10]);
    for paced in before.rates.iter().chain(&before.tiers[0].1) {
        paced.measured.count(who, 3, 0);
    }
    let shown = |limit: &Limit| {
        let measured = limit.measured(Timestamp::from_seconds(0));
        let shown = measured.into_iter().map(|one| (one.rate, one.tier, one.most));
        shown.collect::<Vec<_>>()
    };
    let named = |name: &str, tier, most| (name.to_owned(), tier, most);
    let all = [named("users", None, 3), named("users.2", None, 3), named("users", Some(1), 3)];
    assert_eq!(shown(&before), all);
    let after = compile(
        "{requests: 9, period_seconds: 60, by: principal, also: [{requests: 2, period_seconds: 10}],
          tiers: [{with: {scopes: [other]}, requests: 50, period_seconds: 60},
                  {with: {scopes: [premium]}, requests: 51, period_seconds: 60}]}",
    );
    let all = [
        named("users", None, 3),
        named("users.2", None, 0),
        named("users", Some(1), 0),
        named("users", Some(2), 3),
    ];
    assert_eq!(shown(&after.after(Some(&before))), all);
    let others = compile("{requests: 9, period_seconds: 60, by: api_key}");
    assert_eq!(shown(&others.after(Some(&before))), [named("users", None, 0)]);
}
