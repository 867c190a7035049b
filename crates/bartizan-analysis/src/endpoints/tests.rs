use std::collections::BTreeSet;

use bartizan_model::{EndpointId, Protocol, Scope};
use bartizan_protocols::Call;

use super::{Asked, EndpointLimits, LeafId, Listed, MediaKind, Outcome, Resolver};

pub(super) fn resolver() -> Resolver {
    Resolver::new(Scope::default(), EndpointLimits::default())
}

pub(super) fn answer(status: u16) -> Outcome {
    Outcome { status: Some(status), media: MediaKind::Data, read: true, ..Outcome::default() }
}

pub(super) fn page(status: u16, look: u64) -> Outcome {
    Outcome { status: Some(status), media: MediaKind::Page, look, read: true, ..Outcome::default() }
}

pub(super) fn see(
    r: &mut Resolver,
    method: &str,
    path: &str,
    outcome: Outcome,
) -> (LeafId, String) {
    let segments: Vec<&str> = path.split('/').filter(|s| !s.is_empty()).collect();
    let seen = r.observe("API.example.com", method, &segments, outcome);
    (seen.leaf, seen.template.path.clone())
}

pub(super) fn get(r: &mut Resolver, path: &str) -> (LeafId, String) {
    see(r, "GET", path, answer(200))
}

pub(super) fn last(r: &Resolver, leaf: LeafId) -> Option<String> {
    r.final_endpoint(leaf).map(|t| t.path.clone())
}

pub(super) fn listed(r: &Resolver) -> Vec<String> {
    r.endpoints().iter().map(|l| format!("{} {}", l.template.method, l.template.path)).collect()
}

pub(super) const SLUGS: [&str; 8] = [
    "grey-owl",
    "red-panda",
    "blue-whale",
    "snow-hare",
    "gold-finch",
    "sea-otter",
    "barn-cat",
    "moon-moth",
];

/// A collection whose items are named by slugs.
pub(super) fn teach_slugs(r: &mut Resolver) -> Vec<LeafId> {
    get(r, "/v1/habitats");
    let mut leaves = Vec::new();
    for slug in SLUGS {
        leaves.push(get(r, &format!("/v1/habitats/{slug}")).0);
        get(r, &format!("/v1/habitats/{slug}/keepers"));
        see(r, "DELETE", &format!("/v1/habitats/{slug}"), answer(204));
    }
    leaves
}

#[test]
fn values_of_certain_form_are_parameters_at_first_sight() {
    let mut r = resolver();
    assert_eq!(get(&mut r, "/v1/users/7").1, "/v1/users/{user_id}");
    assert_eq!(get(&mut r, "/v1/users/7/items.json").1, "/v1/users/{user_id}/items.json");
    assert_eq!(get(&mut r, "/2010-04-01/Calls/12.json").1, "/2010-04-01/Calls/{call_id}.json");
    assert_eq!(get(&mut r, "/v1/jobs/9:cancel").1, "/v1/jobs/{job_id}:cancel");
    assert_eq!(get(&mut r, "/").1, "/");
}

#[test]
fn words_become_values_by_evidence_and_old_ids_lead_on() {
    let mut r = resolver();
    let leaves = teach_slugs(&mut r);
    assert_eq!(get(&mut r, "/v1/habitats/grey-owl").1, "/v1/habitats/grey-owl", "causal");
    let before = r.endpoints();
    r.consolidate();
    let first = r.final_endpoint(leaves[0]).expect("listed").clone();
    assert_eq!(first.path, "/v1/habitats/{habitat_id}");
    assert!(leaves.iter().all(|l| r.final_endpoint(*l).map(|t| &t.id) == Some(&first.id)));
    let oldest = before.iter().find(|l| l.leaf == leaves[0]).expect("listed before");
    assert_eq!(oldest.template.id, first.id, "the older id survives");
    for gone in before.iter().filter(|l| leaves.contains(&l.leaf)) {
        assert_eq!(r.current_id(&gone.template.id), first.id);
    }
    assert_eq!(
        listed(&r),
        [
            "GET /v1/habitats",
            "DELETE /v1/habitats/{habitat_id}",
            "GET /v1/habitats/{habitat_id}",
            "GET /v1/habitats/{habitat_id}/keepers"
        ]
    );
    assert!(first.evidence[0].starts_with("habitat_id: 8 distinct values"), "{:?}", first.evidence);
    let aliases = r.aliases().len();
    r.consolidate();
    assert_eq!(r.aliases().len(), aliases, "idempotent");
    assert_eq!(get(&mut r, "/v1/habitats/new-one").1, "/v1/habitats/{habitat_id}");
}

#[test]
fn dates_in_front_of_the_resources_are_versions() {
    for path in [
        "/v2024-01-01/things",
        "/v1/2024-10/products.json",
        "/admin/api/2024-07/products.json",
        "/2010-04-01/Calls.json",
    ] {
        let mut r = resolver();
        let (leaf, shown) = get(&mut r, path);
        r.consolidate();
        assert_eq!((shown.as_str(), last(&r, leaf).as_deref()), (path, Some(path)));
    }
    let mut r = resolver();
    assert_eq!(get(&mut r, "/v1/reports/2024-07").1, "/v1/reports/{report_id}");
}

#[test]
fn a_few_words_are_decided_about_at_the_end_and_many_on_the_way() {
    let mut r = resolver();
    let leaves = teach_slugs(&mut r);
    r.consolidate_growing();
    assert_eq!(last(&r, leaves[0]).as_deref(), Some("/v1/habitats/grey-owl"), "a few");
    for more in SLUGS.iter().flat_map(|slug| (0..3).map(move |_| slug)) {
        for _ in 0..6 {
            get(&mut r, &format!("/v1/habitats/{more}"));
        }
    }
    r.consolidate_growing();
    assert_eq!(last(&r, leaves[0]), last(&r, leaves[1]), "seen often");

    let mut r = resolver();
    let leaves = teach_slugs(&mut r);
    for more in SLUGS.iter().flat_map(|slug| ["old", "new", "big"].map(|a| format!("{a}-{slug}"))) {
        get(&mut r, &format!("/v1/habitats/{more}"));
    }
    r.consolidate_growing();
    assert_eq!(last(&r, leaves[0]).as_deref(), Some("/v1/habitats/{habitat_id}"), "many");
}

#[test]
fn fixed_words_stay_beside_values() {
    let mut r = resolver();
    get(&mut r, "/v1/users");
    for id in 100..140 {
        get(&mut r, &format!("/v1/users/{id}"));
        get(&mut r, &format!("/v1/users/{id}/orders"));
        get(&mut r, "/v1/users/me");
    }
    see(&mut r, "POST", "/v1/users/search", answer(200));
    for word in ["orders", "invoices", "products"] {
        get(&mut r, &format!("/v1/{word}"));
        get(&mut r, &format!("/v1/{word}/8"));
    }
    r.consolidate();
    let paths = listed(&r);
    for path in ["GET /v1/users/me", "POST /v1/users/search", "GET /v1/products/{product_id}"] {
        assert!(paths.contains(&path.to_owned()), "{paths:?}");
    }
    assert_eq!(paths.len(), 11, "{paths:?}");
}

#[test]
fn errors_belong_to_known_endpoints_and_probes_are_noise() {
    let mut r = resolver();
    let early = see(&mut r, "GET", "/v1/users/9", answer(404)).0;
    for id in 0..30 {
        get(&mut r, &format!("/v1/users/{id}00"));
    }
    let denied = see(&mut r, "GET", "/v1/users/12345", answer(403)).0;
    let probe = see(&mut r, "GET", "/.env", page(404, 0)).0;
    let below = see(&mut r, "GET", "/v1/users/null/export.zip", page(404, 0)).0;
    let invalid = see(&mut r, "POST", "/v1/imports", answer(422)).0;
    r.consolidate();
    let user = Some("/v1/users/{user_id}".to_owned());
    assert_eq!((last(&r, early), last(&r, denied)), (user.clone(), user));
    assert_eq!((last(&r, probe), last(&r, below)), (None, None));
    assert_eq!(last(&r, invalid).as_deref(), Some("/v1/imports"), "422 proves a handler");
    let noise = r.noise();
    assert_eq!((noise.unanswered, noise.probes), (2, 2));
    assert_eq!(listed(&r), ["POST /v1/imports", "GET /v1/users/{user_id}"]);
}

#[test]
fn floods_stay_bounded_and_spare_real_templates() {
    let limits = EndpointLimits {
        children: 64,
        nodes: 600,
        leaves: 2_000,
        pending: 100,
        ..EndpointLimits::default()
    };
    let mut r = Resolver::new(Scope::default(), limits);
    for id in 0..20 {
        get(&mut r, &format!("/v1/users/{id}00"));
        get(&mut r, "/v1/users/me");
    }
    for n in 0..5_000u32 {
        let word: String = n.to_string().bytes().map(|b| char::from(b - b'0' + b'k')).collect();
        get(&mut r, &format!("/v1/{word}"));
        see(&mut r, "GET", &format!("/x/{word}/{word}"), answer(404));
        see(&mut r, "GET", &format!("/{word}/{word}/{word}/{word}"), answer(200));
    }
    r.consolidate();
    assert!(r.leaves.len() <= 2_000 + 8, "{}", r.leaves.len());
    assert!(r.hosts.values().all(|t| t.nodes.len() <= 600 && t.pending.len() <= 100));
    let counts = r.counts();
    assert!(counts.collapsed > 0 && counts.over_pending > 0 && r.noise().over_limit > 0);
    let paths = listed(&r);
    for path in ["GET /v1/users/{user_id}", "GET /v1/users/me"] {
        assert!(paths.contains(&path.to_owned()), "{paths:?}");
    }
}

#[test]
fn declared_templates_win() {
    let mut r = resolver();
    let known = EndpointId::from_text("ep_known");
    assert!(r.declare(
        "api.example.com",
        "GET",
        "/v1/{tenant}/things/{thing}",
        Some(known.clone())
    ));
    let (leaf, path) = get(&mut r, "/v1/acme/things/first");
    assert_eq!(path, "/v1/{tenant}/things/{thing}");
    r.consolidate();
    assert_eq!(r.final_endpoint(leaf).map(|t| t.id.clone()), Some(known));
    assert_eq!(listed(&r), ["GET /v1/{tenant}/things/{thing}"]);
}

#[test]
fn formats_and_custom_methods_are_parameters() {
    let mut r = resolver();
    for ext in ["json", "kml", "csv"] {
        get(&mut r, &format!("/sites/near.{ext}"));
        get(&mut r, &format!("/sites/4711.{ext}"));
    }
    r.consolidate();
    assert_eq!(listed(&r), ["GET /sites/near.{format}", "GET /sites/{site_id}.{format}"]);
}

fn mixed(r: &mut Resolver, from: usize, to: usize) {
    for n in from..to {
        let slug = SLUGS[n % SLUGS.len()];
        get(r, "/v1/habitats");
        get(r, &format!("/v1/habitats/{slug}"));
        get(r, &format!("/v1/habitats/{slug}/keepers/{n}"));
        see(r, "PUT", &format!("/v1/habitats/{slug}"), answer(200));
    }
}

#[test]
fn checkpoints_and_shards_give_the_same_inventory() {
    let mut whole = resolver();
    mixed(&mut whole, 0, 24);
    let mut a = resolver();
    mixed(&mut a, 0, 12);
    let saved = postcard::to_allocvec(&a).expect("saved");
    let mut a: Resolver = postcard::from_bytes(&saved).expect("restored");
    let mut b = resolver();
    mixed(&mut b, 12, 24);
    let map = a.merge(&b);
    whole.consolidate();
    a.consolidate();
    assert_eq!(listed(&whole), listed(&a));
    let ids =
        |r: &Resolver| r.endpoints().into_iter().map(|l| l.template.id.clone()).collect::<Vec<_>>();
    assert_eq!(ids(&whole), ids(&a));
    assert!(map.iter().all(|leaf| a.final_endpoint(*leaf).is_some()));
    assert_eq!(a.counts().requests, whole.counts().requests);
}

/// Paths with what is called there, as listed.
fn calls(r: &Resolver) -> Vec<String> {
    let name = |l: &Listed| {
        let call = l.template.call.as_ref();
        format!("{} {}", l.template.path, call.map_or("-", |call| call.operation.as_str()))
    };
    r.endpoints().iter().map(name).collect()
}

/// A request to `/rpc` that calls `operation`, answered with `status`.
fn call(r: &mut Resolver, operation: &str, status: u16) -> LeafId {
    let call = Call { protocol: Protocol::JsonRpc, operation: operation.to_owned() };
    let (host, method, outcome) = ("a.example.com", "POST", answer(status));
    r.observe_call(&Asked {
        host: host.into(),
        method,
        call: Some(&call),
        segments: &["rpc"],
        outcome,
    })
    .leaf
}

#[test]
fn what_is_called_at_one_path_is_told_apart() {
    let mut r = resolver();
    let (get, set) = (call(&mut r, "get", 200), call(&mut r, "set", 200));
    assert_ne!(get, set);
    assert_eq!(call(&mut r, "get", 500), get, "known, so its errors are its own");
    r.consolidate();
    assert_eq!(calls(&r), ["/rpc get", "/rpc set"]);
    let ids: BTreeSet<_> = r.endpoints().iter().map(|l| l.template.id.clone()).collect();
    assert_eq!(ids.len(), 2);
}

#[test]
fn what_clients_make_up_is_not_listed() {
    let mut r = resolver();
    call(&mut r, "get", 200);
    let made_up: BTreeSet<LeafId> =
        (0..100).map(|i| call(&mut r, &format!("made-up-{i}"), 400)).collect();
    assert_eq!(made_up.len(), 1, "all that is not known shares one");
    r.consolidate();
    assert_eq!(calls(&r), ["/rpc get"]);
}

#[test]
fn operations_of_a_path_are_limited() {
    let limits = EndpointLimits { operations: 3, ..EndpointLimits::default() };
    let mut r = Resolver::new(Scope::default(), limits);
    for i in 0..10 {
        call(&mut r, &format!("m{i}"), 200);
    }
    r.consolidate();
    assert_eq!(calls(&r), ["/rpc ", "/rpc m0", "/rpc m1", "/rpc m2"]);
}
