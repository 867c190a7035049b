use bartizan_model::{Method, Scope, ServiceId, Way};
use bartizan_protocols::spec::{NoFiles, read};

use super::*;
use crate::Specs;

const SPEC: &str = r#"
openapi: 3.1.0
info:
  title: Orders
  version: "1"
  x-business-unit: Retail
  x-audience: external-partner
  contact: {name: API support, email: api@example.com}
servers: [{url: "https://api.example.com/v1"}]
paths:
  /orders:
    x-owner: {team: Orders}
    get: {operationId: list, tags: [orders], x-lifecycle: beta, responses: {}}
    post: {operationId: make, tags: [orders, admin], x-owner: Checkout, deprecated: true, responses: {}}
  /health:
    get: {operationId: health, x-internal: true, x-stage: whenever, responses: {}}
"#;

fn glob(text: &str) -> Glob {
    Glob::new(text).expect("a pattern")
}

fn path(text: &str) -> PathGlob {
    PathGlob::new(text).expect("a pattern")
}

/// Every operation of [`SPEC`], without traffic, as a catalogue places it.
fn placed(catalog: &Catalog, seen: &Whereabouts) -> Vec<Endpoint> {
    let document = read(SPEC.as_bytes(), &mut NoFiles).expect("a document");
    let specs = Specs::new(vec![("apis/orders.yaml".to_owned(), document)]);
    let compared = specs.compare(std::iter::empty());
    let (orphans, _) = compared.described_never_granted(&Scope::default());
    let place = |(mut endpoint, described)| {
        catalog.place(&mut endpoint, described, seen, false);
        endpoint
    };
    orphans.into_iter().map(place).collect()
}

/// Value and origin of a fact, as text.
fn told(endpoint: &Endpoint, fact: Fact) -> Option<(ToldBy, &str)> {
    let told = endpoint.told.iter().find(|told| told.fact == fact);
    told.map(|told| (told.by, told.what.as_str()))
}

#[test]
fn a_specification_tells_by_its_closest_member() {
    let endpoints = placed(&Catalog::default(), &Whereabouts::default());
    let [list, make, health] = endpoints.as_slice() else { panic!("{}", endpoints.len()) };
    assert_eq!(list.owner.as_deref(), Some("Orders"));
    assert_eq!(
        told(list, Fact::Owner),
        Some((ToldBy::Specification, "apis/orders.yaml#/paths/~1orders/x-owner, line 12"))
    );
    assert_eq!(
        (list.stage, list.business_unit.as_deref()),
        (LifeStage::Development, Some("Retail"))
    );
    assert_eq!(list.access, Access::Partner);
    assert_eq!(make.owner.as_deref(), Some("Checkout"));
    assert_eq!(make.stage, LifeStage::Deprecated);
    assert_eq!(health.owner.as_deref(), Some("API support"));
    assert_eq!(health.stage, LifeStage::Unknown, "a word that nobody knows");
    assert_eq!(told(health, Fact::Stage), None);
    assert_eq!(health.access, Access::Private, "its own x-internal is closer than x-audience");
    assert_eq!((health.service.as_ref(), health.reached.way), (None, Way::Unknown));
}

#[test]
fn rules_come_first_and_the_first_counts_for_each_fact() {
    let rule = |name: &str, matches: Match, set: Set| Rule { name: name.to_owned(), matches, set };
    let owner = |name: &str| Set { owner: Some(name.to_owned()), ..Set::default() };
    let admin = Match {
        hosts: vec![glob("*.example.com")],
        methods: vec![glob("POST")],
        tags: vec![glob("adm*")],
        specs: vec![glob("apis/*")],
        ..Match::default()
    };
    let rules = vec![
        rule("none", Match { tags: vec![glob("other")], ..Match::default() }, owner("Nobody")),
        rule("admin", admin, Set { access: Some(Access::Private), ..owner("Admins") }),
        rule(
            "all",
            Match { paths: vec![path("/v1/orders/**"), path("/**/orders")], ..Match::default() },
            Set {
                stage: Some(LifeStage::Active),
                service: Some(ServiceId::from_text("shop")),
                ..owner("Shop")
            },
        ),
    ];
    let endpoints = placed(&Catalog { rules, ..Catalog::default() }, &Whereabouts::default());
    let [list, make, health] = endpoints.as_slice() else { panic!("{}", endpoints.len()) };
    assert_eq!((list.owner.as_deref(), list.stage), (Some("Shop"), LifeStage::Active));
    assert_eq!(told(list, Fact::Stage), Some((ToldBy::Rule, "all")));
    assert_eq!((make.owner.as_deref(), make.access), (Some("Admins"), Access::Private));
    assert_eq!(make.service, Some(ServiceId::from_text("shop")), "what the first leaves open");
    assert_eq!(health.owner.as_deref(), Some("API support"), "no rule is about it");
}

#[test]
fn rules_say_what_serves_an_endpoint_and_what_it_carries() {
    let set = Set {
        resources: BTreeMap::from([(ResourceKind::Instance, "cluster/shop".to_owned())]),
        composite: Some(true),
        sensitive_data: Some(false),
        ..Set::default()
    };
    let rule = Rule { name: "shop".to_owned(), set, ..Rule::default() };
    let mut seen = Whereabouts::default();
    let instance: (std::net::IpAddr, Option<u16>) =
        ("10.0.0.7".parse().expect("an address"), Some(443));
    seen.instances.add(&instance, 3);
    seen.upstreams.add("shop:80", 3);
    let place = |rules| {
        let mut endpoint = Endpoint {
            host: "api.example.com".to_owned(),
            requests: 3,
            sensitive_data: Some(true),
            ..Endpoint::default()
        };
        Catalog { rules, ..Catalog::default() }.place(&mut endpoint, None, &seen, false);
        endpoint
    };
    let names = |endpoint: &Endpoint| {
        let names = endpoint.resources.iter().map(|one| (one.kind, one.name.clone()));
        names.collect::<Vec<_>>()
    };
    let own = |kind, name: &str| (kind, name.to_owned());
    let (host, upstream) =
        (own(ResourceKind::Host, "api.example.com"), own(ResourceKind::Upstream, "shop:80"));
    let ruled = place(vec![rule]);
    assert_eq!(
        names(&ruled),
        [host.clone(), own(ResourceKind::Instance, "cluster/shop"), upstream.clone()]
    );
    assert_eq!((ruled.composite, ruled.sensitive_data), (true, Some(false)));
    for fact in [Fact::Resources, Fact::Composite, Fact::SensitiveData] {
        assert_eq!(told(&ruled, fact), Some((ToldBy::Rule, "shop")));
    }
    let free = place(Vec::new());
    assert_eq!(names(&free), [host, upstream, own(ResourceKind::Instance, "10.0.0.7:443")]);
    assert_eq!((free.composite, free.sensitive_data, free.told), (false, Some(true), Vec::new()));
}

#[test]
fn code_owners_stand_between_specification_and_contact() {
    let owners = ("@platform".to_owned(), "CODEOWNERS, line 3".to_owned());
    let catalog = Catalog {
        code_owners: BTreeMap::from([("apis/orders.yaml".to_owned(), owners)]),
        ..Catalog::default()
    };
    let endpoints = placed(&catalog, &Whereabouts::default());
    let owners: Vec<_> = endpoints.iter().filter_map(|one| one.owner.as_deref()).collect();
    assert_eq!(owners, ["Orders", "Checkout", "@platform"]);
    assert_eq!(told(&endpoints[2], Fact::Owner), Some((ToldBy::Codeowners, "CODEOWNERS, line 3")));
}

#[test]
fn callers_count_more_than_what_is_written() {
    let seen = Whereabouts { public: 2, private: 1, through: 1, past: 2, ..Default::default() };
    let endpoints = placed(&Catalog::default(), &seen);
    let list = &endpoints[0];
    assert_eq!(list.access, Access::Public);
    assert_eq!(
        told(list, Fact::Access),
        Some((
            ToldBy::Traffic,
            "exchanges: 2 from public addresses, 1 from private addresses; \
             apis/orders.yaml#/info/x-audience, line 7 says partner"
        ))
    );
    assert_eq!(list.reached, Reached { way: Way::Both, through: 1, past: 2 });
    let third = ("*.example.com".to_owned(), glob("*.example.com"));
    let catalog = Catalog { third_party: vec![third], ..Catalog::default() };
    assert_eq!(placed(&catalog, &seen)[0].access, Access::ThirdParty);
}

#[test]
fn nothing_is_guessed() {
    let mut endpoint = Endpoint {
        host: "payments-team.example.com".to_owned(),
        method: Method("GET".to_owned()),
        path: "/internal/deprecated".to_owned(),
        ..Endpoint::default()
    };
    Catalog::default().place(&mut endpoint, None, &Whereabouts::default(), false);
    assert_eq!((endpoint.owner, endpoint.business_unit), (None, None));
    assert_eq!((endpoint.stage, endpoint.access), (LifeStage::Unknown, Access::Unknown));
    assert!(endpoint.told.is_empty());
    assert_eq!(endpoint.resources.len(), 1, "its host");
}

#[test]
fn what_is_written_is_fit_to_be_shown() {
    assert_eq!(fact_text(" a\u{1b}[31m\nb "), Some("a [31m b".to_owned()));
    assert_eq!(fact_text("\n \t"), None);
    assert_eq!(fact_text(&"é".repeat(500)).map(|text| text.len()), Some(MAX_FACT));
}
