//! What is listed, what is collapsed, what is noise.

use super::{
    Asker, LeafId, MediaKind, Outcome, Resolver,
    tests::{answer, get, last, listed, page, resolver, see},
};

/// The look of the page that a catch-all answers with.
const SHELL: u64 = 9;
/// What scanners ask for, and words that they guess.
const SCAN: [&str; 9] = [
    "/.env",
    "/wp-login.php",
    "/phpmyadmin/index.php",
    "/backup.zip",
    "/admin",
    "/console/",
    "/private",
    "/old/site",
    "/server-status",
];
const CATCH_ALL: &str = "/{any_path}";

fn ask(r: &mut Resolver, path: &str, outcome: Outcome, asker: Asker) -> LeafId {
    let segments: Vec<&str> = path.split('/').filter(|s| !s.is_empty()).collect();
    let seen = r.observe("api.example.com", "GET", &segments, outcome);
    r.attribute(&seen, outcome, &asker);
    seen.leaf
}

fn by(actor: u64) -> Asker {
    Asker { actor, ..Asker::default() }
}

fn fault(look: u64) -> Outcome {
    Outcome { status: Some(500), media: MediaKind::Data, look, read: true, ..Outcome::default() }
}

fn with_data() -> Resolver {
    let mut r = resolver();
    for id in 0..30 {
        get(&mut r, &format!("/v1/users/{id}00"));
    }
    r
}

/// Every request is listed, noise or cut off by a limit.
fn adds_up(r: &Resolver) {
    let listed: u64 = r.endpoints().iter().map(|l| l.requests).sum();
    let noise = r.noise();
    assert_eq!(listed + noise.unanswered + noise.over_limit, r.counts().requests);
}

#[test]
fn a_page_of_its_own_is_listed_wherever_it_is() {
    let mut r = with_data();
    // One of a kind, unknown, and at a path that scanners ask for.
    for (path, look) in [("/docs", 7), ("/help", 0), ("/wp-login.php", 5), ("/v1/users/null", 6)] {
        ask(&mut r, path, page(200, look), by(1));
    }
    let hostile = ask(&mut r, "/x/<script>", page(200, 4), by(1));
    ask(&mut r, "/x/<img src>", page(200, 4), by(1));
    r.consolidate();
    let paths = listed(&r);
    for path in ["/docs", "/help", "/wp-login.php", "/v1/users/{user_id}", "/x/{x_id}"] {
        assert!(paths.contains(&format!("GET {path}")), "{path} {paths:?}");
    }
    assert_eq!(paths.len(), 5, "{paths:?}");
    assert!(!last(&r, hostile).expect("listed").contains('<'), "no attack text in the inventory");
    assert_eq!(r.noise().unanswered, 0);
    adds_up(&r);
}

#[test]
fn many_pages_are_templated_and_few_are_listed_as_they_are() {
    let titles = |n: usize| {
        let mut r = with_data();
        for i in 0..n {
            let word: String = i.to_string().bytes().map(|b| char::from(b - b'0' + b'k')).collect();
            let unread = Outcome { read: false, ..page(200, 50 + i as u64) };
            ask(&mut r, &format!("/articles/on-{word}-and-more"), unread, by(1));
        }
        r.consolidate();
        let paths = listed(&r).into_iter().filter(|p| p.contains("articles"));
        paths.collect::<Vec<_>>()
    };
    assert_eq!(titles(2), ["GET /articles/on-k-and-more", "GET /articles/on-l-and-more"]);
    assert_eq!(titles(12), ["GET /articles/{article_id}"]);
}

#[test]
fn one_page_for_every_path_is_listed_once() {
    for mut r in [with_data(), resolver()] {
        let home = ask(&mut r, "/", page(200, SHELL), by(3));
        let caught: Vec<LeafId> =
            SCAN.iter().map(|path| ask(&mut r, path, page(200, SHELL), by(1))).collect();
        let docs = ask(&mut r, "/docs", page(200, 7), by(1));
        let lost = ask(&mut r, "/.git/config", page(404, 0), by(1));
        r.consolidate();
        assert!(caught.iter().all(|leaf| last(&r, *leaf).as_deref() == Some(CATCH_ALL)));
        assert_eq!(last(&r, home).as_deref(), Some("/"), "the page itself");
        assert_eq!(last(&r, docs).as_deref(), Some("/docs"));
        assert_eq!(last(&r, lost), None);
        let all = r.endpoints();
        let shared = all.iter().find(|l| l.template.path == CATCH_ALL).expect("listed");
        assert_eq!((shared.requests, r.caught()), (SCAN.len() as u64, SCAN.len() as u64));
        let why = &shared.template.evidence[0];
        assert!(why.starts_with("any_path: 9 paths were answered alike"), "{why}");
        adds_up(&r);
        // From now on at once, and the id stays.
        let id = shared.template.id.clone();
        let next = ask(&mut r, "/never/seen", page(200, SHELL), by(8));
        r.consolidate();
        assert_eq!(r.final_endpoint(next).map(|t| t.id.clone()), Some(id));
    }
}

#[test]
fn who_asks_and_what_for_decide() {
    let caught_after = |paths: &[String], actors: u64| {
        let mut r = with_data();
        for (n, path) in paths.iter().enumerate() {
            ask(&mut r, path, page(200, SHELL), by(n as u64 % actors));
        }
        r.consolidate();
        r.caught() as usize == paths.len()
    };
    let words = |n: usize| (0..n).map(|i| format!("/page-{i}/x")).collect::<Vec<_>>();
    let files = |n: usize| (0..n).map(|i| format!("/leftover-{i}.bak")).collect::<Vec<_>>();
    let related = (0..40).map(|i| format!("/api/v1/articles/title-{i}")).collect::<Vec<_>>();
    assert_eq!((caught_after(&words(7), 1), caught_after(&words(8), 1)), (false, true));
    assert_eq!((caught_after(&files(2), 1), caught_after(&files(3), 1)), (false, true));
    assert_eq!((caught_after(&words(31), 31), caught_after(&words(32), 32)), (false, true));
    assert!(!caught_after(&related, 1), "items of one collection are related");
}

#[test]
fn an_answer_of_its_own_takes_a_path_out_of_a_catch_all() {
    let mut r = with_data();
    let leaves = SCAN.map(|path| ask(&mut r, path, page(200, SHELL), by(1)));
    r.consolidate();
    let id = r.final_endpoint(leaves[4]).expect("listed").id.clone();
    ask(&mut r, "/admin", page(200, 44), by(2));
    r.consolidate();
    let admin = r.final_endpoint(leaves[4]).expect("listed");
    assert_eq!(admin.path, "/admin");
    assert_ne!(admin.id, id);
    assert_eq!(r.caught(), SCAN.len() as u64 - 1);
    adds_up(&r);
}

#[test]
fn a_scan_of_a_catch_all_leaves_the_templates_alone() {
    let words = ["alpha", "bravo", "gamma", "delta", "sigma", "kappa", "zeta", "theta", "lambda"];
    let mut r = resolver();
    // Before anything tells, pages of a host that answers with pages are taken at their word; a page
    // that repeats the path has several sizes.
    for (i, first) in words.iter().enumerate() {
        for (j, second) in words.iter().enumerate() {
            let look = 60 + (i * words.len() + j) as u64 % 8;
            ask(&mut r, &format!("/{first}box-{second}net"), page(200, look), by(1));
        }
    }
    // Or else the first words of all paths would be values from here on.
    r.consolidate();
    for id in 0..20 {
        get(&mut r, &format!("/v2/items/{id}00"));
    }
    r.consolidate();
    assert_eq!(listed(&r), ["GET /v2/items/{item_id}", "GET /{any_path}"]);
    assert_eq!(r.caught(), 81);
    adds_up(&r);
    let before = r.aliases().len();
    r.consolidate();
    assert_eq!((r.caught(), r.aliases().len()), (81, before), "idempotent");
}

#[test]
fn answers_of_unknown_kind_are_only_doubted_where_scanners_ask() {
    let unknown = |look| Outcome {
        status: Some(200),
        media: MediaKind::Unknown,
        look,
        read: false,
        ..Outcome::default()
    };
    let mut r = resolver();
    for path in ["/.env", "/wp-login.php", "/db.sql"] {
        ask(&mut r, path, unknown(3), by(1));
    }
    ask(&mut r, "/a.bak", unknown(4), by(1));
    // Data of that size is no page; and only what scanners ask for tells a catch-all.
    ask(&mut r, "/v1/orders", unknown(3), by(1));
    for word in ["/carts", "/refunds", "/stores", "/coupons", "/returns", "/labels", "/audits"] {
        ask(&mut r, word, unknown(5), by(1));
    }
    ask(&mut r, "/clients", unknown(5), by(1));
    r.consolidate();
    let paths = listed(&r);
    for path in ["GET /a.bak", "GET /v1/orders", "GET /clients", "GET /{any_path}"] {
        assert!(paths.contains(&path.to_owned()), "{paths:?}");
    }
    assert_eq!((paths.len(), r.caught()), (11, 3), "{paths:?}");
    adds_up(&r);
}

#[test]
fn server_errors_need_somebody_to_vouch_for_them() {
    let accepted = Asker { actor: 1, accepted: true, documented: false };
    let documented = Asker { actor: 2, accepted: false, documented: true };
    let mut r = with_data();
    let anonymous = ask(&mut r, "/v1/broken", fault(1), by(5));
    let used = ask(&mut r, "/v1/reports", fault(1), accepted);
    let written = ask(&mut r, "/v1/exports", fault(1), documented);
    let attack = ask(&mut r, "/v1/<script>", fault(1), accepted);
    let servlet = ask(&mut r, "/v1/run.do", fault(2), accepted);
    r.consolidate();
    assert_eq!(last(&r, anonymous), None);
    assert_eq!(last(&r, used).as_deref(), Some("/v1/reports"));
    assert_eq!(last(&r, written).as_deref(), Some("/v1/exports"));
    assert_eq!(last(&r, attack), None, "attack text names no endpoint");
    assert_eq!(last(&r, servlet).as_deref(), Some("/v1/run.do"));
    adds_up(&r);
    // A server that fails alike whatever it is asked for proves nothing, documents apart.
    let words =
        ["/orders", "/carts", "/refunds", "/stores", "/coupons", "/returns", "/labels", "/audits"];
    let down = words.map(|path| ask(&mut r, path, fault(1), accepted));
    r.consolidate();
    assert!(down.iter().all(|leaf| last(&r, *leaf).is_none()));
    assert_eq!(last(&r, written).as_deref(), Some("/v1/exports"));
    assert_eq!(last(&r, servlet).as_deref(), Some("/v1/run.do"));
    // An answer settles it.
    let works = see(&mut r, "GET", "/refunds", answer(200)).0;
    r.consolidate();
    assert_eq!(last(&r, works).as_deref(), Some("/refunds"));
    assert_eq!(last(&r, down[2]).as_deref(), Some("/refunds"));
}

#[test]
fn catch_alls_survive_checkpoints_and_shards() {
    let scan = |r: &mut Resolver, paths: &[&str]| {
        for path in paths {
            ask(r, path, page(200, SHELL), by(1));
        }
    };
    let mut whole = with_data();
    scan(&mut whole, &SCAN);
    let mut a = with_data();
    scan(&mut a, &SCAN[..2]);
    let saved = postcard::to_allocvec(&a).expect("saved");
    let mut a: Resolver = postcard::from_bytes(&saved).expect("restored");
    let mut b = resolver();
    scan(&mut b, &SCAN[2..]);
    b.consolidate();
    let map = a.merge(&b);
    whole.consolidate();
    a.consolidate();
    assert_eq!(listed(&whole), listed(&a));
    assert_eq!(whole.caught(), a.caught());
    assert!(map.iter().all(|leaf| a.final_endpoint(*leaf).is_some()));
    adds_up(&a);
}
