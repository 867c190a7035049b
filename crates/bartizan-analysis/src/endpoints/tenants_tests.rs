//! Hosts that serve one API: learned, written down, kept apart.

use bartizan_model::Scope;

use super::{
    AtHost, EndpointLimits, HostTold, LeafId, Outcome, Resolver,
    tests::{answer, page, resolver},
};

fn see<'a>(r: &mut Resolver, at: impl Into<AtHost<'a>>, path: &str, outcome: Outcome) -> LeafId {
    let segments: Vec<&str> = path.split('/').filter(|s| !s.is_empty()).collect();
    r.observe(at, "GET", &segments, outcome).leaf
}

fn get(r: &mut Resolver, host: &str, path: &str) -> LeafId {
    see(r, host, path, answer(200))
}

fn host_of(r: &Resolver, leaf: LeafId) -> String {
    r.final_endpoint(leaf).map(|template| template.host.clone()).unwrap_or_default()
}

/// Host, path and requests of everything that is listed.
fn listed(r: &Resolver) -> Vec<String> {
    let line = |l: &super::Listed| format!("{}{} {}", l.template.host, l.template.path, l.requests);
    r.endpoints().iter().map(line).collect()
}

/// `count` hosts below `suffix`, each of which is granted these paths.
fn tenants(r: &mut Resolver, suffix: &str, count: usize, paths: &[&str]) {
    for number in 0..count {
        for path in paths {
            get(r, &format!("t{number}.{suffix}"), path);
        }
    }
}

const ONE: &str = "{tenant}.api.example.com";

#[test]
fn siblings_that_serve_the_same_become_one() {
    let mut r = resolver();
    let leaves: Vec<LeafId> = (0..60)
        .map(|n| get(&mut r, &format!("T{n}.api.example.com"), &format!("/v1/orders/{n}")))
        .collect();
    let before = r.endpoints();
    assert_eq!(before.len(), 60, "causal");
    r.consolidate();
    assert_eq!(listed(&r), [format!("{ONE}/v1/orders/{{order_id}} 60")]);
    let first = r.final_endpoint(leaves[0]).expect("listed").id.clone();
    assert_eq!(before.iter().find(|l| l.leaf == leaves[0]).map(|l| &l.template.id), Some(&first));
    for gone in &before {
        assert_eq!(r.current_id(&gone.template.id), first, "old ids lead on");
    }
    let moved = r.take_moved();
    assert_eq!(moved.len(), 60);
    assert!(moved.contains(&(leaves[7], "t7.api.example.com".to_owned())));
    let aliases = r.aliases().len();
    r.consolidate();
    assert_eq!((r.aliases().len(), r.take_moved().len()), (aliases, 0), "idempotent");
    assert_eq!(get(&mut r, "new.api.example.com", "/v1/orders/7"), leaves[0]);
}

#[test]
fn few_siblings_stay_as_they_are() {
    let mut r = resolver();
    tenants(&mut r, "api.example.com", 7, &["/v1/orders"]);
    r.consolidate();
    assert_eq!(listed(&r).len(), 7);
    get(&mut r, "t7.api.example.com", "/v1/orders");
    r.consolidate();
    assert_eq!(listed(&r), [format!("{ONE}/v1/orders 8")]);
}

#[test]
fn hosts_with_an_api_of_their_own_stay_apart() {
    let mut r = resolver();
    tenants(&mut r, "api.example.com", 10, &["/v1/orders", "/v1/items"]);
    for (host, paths) in [
        ("admin", &["/v1/audit", "/v1/operators"][..]),
        ("staging", &["/v1/orders", "/v1/next", "/v1/preview"][..]),
        ("www", &["/blog", "/press"][..]),
    ] {
        for path in paths {
            get(&mut r, &format!("{host}.api.example.com"), path);
        }
    }
    r.consolidate();
    let hosts: Vec<String> = listed(&r);
    assert_eq!(hosts.len(), 2 + 7, "{hosts:?}");
    assert!(hosts.contains(&format!("{ONE}/v1/orders 10")), "{hosts:?}");
    assert!(hosts.contains(&"staging.api.example.com/v1/orders 1".to_owned()), "{hosts:?}");
}

#[test]
fn tenants_need_not_call_all_that_there_is() {
    let mut r = resolver();
    tenants(&mut r, "api.example.com", 9, &["/v1/orders"]);
    for n in 0..9 {
        let path = ["/v1/items", "/v1/refunds", "/v1/invoices"][n / 3];
        get(&mut r, &format!("t{n}.api.example.com"), path);
    }
    r.consolidate();
    assert_eq!(listed(&r).len(), 4, "{:?}", listed(&r));
    // Two families with nothing in common.
    let mut r = resolver();
    for n in 0..10 {
        let path = ["/v1/orders", "/v1/payments"][n / 5];
        get(&mut r, &format!("t{n}.api.example.com"), path);
    }
    r.consolidate();
    assert_eq!(listed(&r).len(), 10, "{:?}", listed(&r));
}

#[test]
fn services_that_share_a_health_check_are_no_tenants() {
    let mut r = resolver();
    for name in ["cart", "pay", "ship", "auth", "mail", "stock", "price", "tax", "user", "log"] {
        let host = format!("{name}.svc.example.com");
        for path in ["/health", "/metrics", "/", &format!("/v1/{name}s")] {
            get(&mut r, &host, path);
        }
    }
    r.consolidate();
    assert_eq!(listed(&r).len(), 40);
}

#[test]
fn below_a_domain_hosts_have_to_serve_the_same_things() {
    let paths = ["/v1/orders", "/v1/items", "/v1/me"];
    let count = |hosts: usize, paths: &[&str]| {
        let mut r = resolver();
        tenants(&mut r, "example.com", hosts, paths);
        for path in ["/blog", "/press"] {
            get(&mut r, "www.example.com", path);
        }
        r.consolidate();
        listed(&r).len() - 2
    };
    assert_eq!(count(40, &paths[..1]), 40, "one thing in common is not enough");
    assert_eq!(count(15, &paths), 45, "nor are few hosts");
    assert_eq!(count(16, &paths), 3);
    let mut r = resolver();
    tenants(&mut r, "co.uk", 40, &paths);
    r.consolidate();
    assert_eq!(listed(&r).len(), 120, "different owners");
}

#[test]
fn made_up_hosts_make_no_pattern_and_no_endpoint() {
    let mut r = resolver();
    for n in 0..200 {
        see(&mut r, format!("x{n}.api.example.com").as_str(), "/v1/orders", answer(404));
        see(&mut r, format!("y{n}.api.example.com").as_str(), "/v1/orders", answer(401));
        see(&mut r, format!("z{n}.web.example.com").as_str(), "/any", page(200, 7));
    }
    r.consolidate();
    assert!(listed(&r).iter().all(|line| !line.contains('{')), "{:?}", listed(&r));
    let mut r = resolver();
    for n in 0..20 {
        get(&mut r, &format!("10.0.0.{n}"), "/v1/orders");
        get(&mut r, &format!("x{n}.10.0.1"), "/v1/orders");
    }
    r.consolidate();
    assert_eq!(listed(&r).len(), 40, "addresses have no labels");
}

#[test]
fn a_host_that_looks_like_a_pattern_is_none() {
    let mut r = resolver();
    tenants(&mut r, "api.example.com", 9, &["/v1/orders"]);
    get(&mut r, ONE, "/v1/secrets");
    r.consolidate();
    let listed = listed(&r);
    assert!(listed.contains(&"%7btenant%7d.api.example.com/v1/secrets 1".to_owned()), "{listed:?}");
    assert!(listed.contains(&format!("{ONE}/v1/orders 9")), "{listed:?}");
}

#[test]
fn a_flood_of_hosts_takes_no_room_once_it_is_known() {
    let limits = EndpointLimits { hosts: 256, leaves: 2_000, ..EndpointLimits::default() };
    let mut r = Resolver::new(Scope::default(), limits);
    for n in 0..100_000u32 {
        if n.is_multiple_of(200) {
            r.consolidate();
        }
        get(&mut r, &format!("t{n}.api.example.com"), &format!("/v1/orders/{n}"));
    }
    r.consolidate();
    assert_eq!(listed(&r), [format!("{ONE}/v1/orders/{{order_id}} 100000")]);
    assert!(r.hosts.len() < 8 && r.leaves.len() <= 200, "{} {}", r.hosts.len(), r.leaves.len());
    assert_eq!(r.counts().over_hosts, 0);
}

#[test]
fn who_comes_later_belongs_where_it_serves_the_same() {
    let mut r = resolver();
    tenants(&mut r, "api.example.com", 9, &["/v1/orders"]);
    r.consolidate();
    let admin = get(&mut r, "admin.api.example.com", "/v1/audit");
    let denied = see(&mut r, "t99.api.example.com", "/v1/orders", answer(403));
    // A tenant that calls something new first.
    let early = get(&mut r, "late.api.example.com", "/v1/refunds");
    get(&mut r, "t3.api.example.com", "/v1/refunds");
    get(&mut r, "late.api.example.com", "/v1/orders");
    assert_eq!(host_of(&r, early), "late.api.example.com", "not known there yet");
    r.consolidate();
    assert_eq!(host_of(&r, admin), "admin.api.example.com");
    assert_eq!((host_of(&r, denied), host_of(&r, early)), (ONE.to_owned(), ONE.to_owned()));
    assert_eq!(
        listed(&r),
        [
            "admin.api.example.com/v1/audit 1".to_owned(),
            format!("{ONE}/v1/orders 11"),
            format!("{ONE}/v1/refunds 2")
        ]
    );
}

/// Calls of tenants in an order that `at` gives, with one host apart.
fn mixed(r: &mut Resolver, numbers: impl Iterator<Item = usize>) {
    for n in numbers {
        get(r, &format!("t{}.api.example.com", n % 12), &format!("/v1/orders/{n}"));
        get(r, &format!("t{}.api.example.com", n % 12), "/v1/items");
        get(r, "admin.api.example.com", "/v1/audit");
    }
}

#[test]
fn interrupted_and_in_another_order_it_is_the_same() {
    let mut whole = resolver();
    mixed(&mut whole, 0..20);
    whole.consolidate();
    mixed(&mut whole, 20..40);
    whole.consolidate();
    let mut first = resolver();
    mixed(&mut first, 0..20);
    first.consolidate();
    let saved = postcard::to_allocvec(&first).expect("saved");
    let mut resumed: Resolver = postcard::from_bytes(&saved).expect("restored");
    mixed(&mut resumed, 20..40);
    resumed.consolidate();
    assert_eq!(listed(&whole), listed(&resumed));
    let ids =
        |r: &Resolver| r.endpoints().into_iter().map(|l| l.template.id.clone()).collect::<Vec<_>>();
    assert_eq!(ids(&whole), ids(&resumed));
    let mut backwards = resolver();
    mixed(&mut backwards, (0..40).rev());
    backwards.consolidate();
    assert_eq!(listed(&whole), listed(&backwards), "ids differ, as the oldest survives");
    let (mut a, mut b) = (resolver(), resolver());
    mixed(&mut a, 0..20);
    a.consolidate();
    mixed(&mut b, 20..40);
    a.merge(&b);
    a.consolidate();
    assert_eq!(listed(&whole), listed(&a), "shards");
}

fn told(host: &str) -> HostTold<'static> {
    match host {
        "admin.api.example.com" => HostTold::Apart,
        host if host.ends_with(".api.example.com") => HostTold::Pattern("{shop}.api.example.com"),
        _ => HostTold::Nothing,
    }
}

#[test]
fn what_is_written_down_counts_before_what_was_learned() {
    let mut r = resolver();
    let at = |host| AtHost { host, told: told(host) };
    let shop = see(&mut r, at("a.api.example.com"), "/v1/orders/7", answer(200));
    assert_eq!(host_of(&r, shop), "{shop}.api.example.com", "from the first request on");
    let mut r = resolver();
    tenants(&mut r, "api.example.com", 9, &["/v1/orders"]);
    get(&mut r, "admin.api.example.com", "/v1/orders");
    r.fold_told(|host| if host.starts_with("admin") { HostTold::Apart } else { HostTold::Nothing });
    r.consolidate();
    let apart = "admin.api.example.com/v1/orders 1".to_owned();
    assert_eq!(listed(&r), [apart.clone(), format!("{ONE}/v1/orders 9")]);
    // Written down later: what was learned so far goes there, with another name of the variable.
    r.fold_told(told);
    r.consolidate();
    assert_eq!(listed(&r), [apart, "{shop}.api.example.com/v1/orders 9".to_owned()]);
    see(&mut r, at("b.api.example.com"), "/v1/orders", answer(200));
    assert!(listed(&r).contains(&"{shop}.api.example.com/v1/orders 10".to_owned()));
}
