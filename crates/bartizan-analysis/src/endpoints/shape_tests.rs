//! What answers tell about templates: constants among values, merges, splits, resuming.

use bartizan_model::Scope;

use super::{
    AliasReason, EndpointLimits, Outcome, Resolver, Shape,
    tests::{answer, get, last, listed, resolver, see},
    tree::hash,
};

fn with(fields: &[&str]) -> Outcome {
    let mut hashes: Vec<u64> = fields.iter().map(|field| hash(field)).collect();
    hashes.sort_unstable();
    Outcome { shape: Shape::of(&hashes), ..answer(200) }
}

fn user() -> Outcome {
    with(&["age", "name"])
}

fn results() -> Outcome {
    with(&["results", "total"])
}

/// A name that is no vocabulary.
fn name(n: usize) -> String {
    n.to_string().bytes().map(|b| char::from(b - b'0' + b'k')).collect::<String>() + "ada"
}

/// Requests in an order that depends on `seed` alone.
fn shuffled<T>(mut items: Vec<T>, mut seed: u64) -> Vec<T> {
    for at in (1..items.len()).rev() {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        items.swap(at, (seed >> 33) as usize % (at + 1));
    }
    items
}

/// 200 names asked for once, and `word` asked for 150 times.
fn users(word: &str, of_word: Outcome) -> Vec<(String, Outcome)> {
    let names = (0..200).map(|n| (format!("/users/{}", name(n)), user()));
    names.chain((0..150).map(|_| (format!("/users/{word}"), of_word))).collect()
}

fn play(r: &mut Resolver, requests: &[(String, Outcome)]) {
    for (path, outcome) in requests {
        see(r, "GET", path, *outcome);
    }
}

fn resumed(r: &Resolver) -> Resolver {
    let saved = postcard::to_allocvec(r).expect("saved");
    postcard::from_bytes(&saved).expect("restored")
}

#[test]
fn a_word_that_is_answered_otherwise_than_its_siblings_stays_fixed_text() {
    for word in ["search", "whereabouts"] {
        for seed in 0..4 {
            let mut r = resolver();
            play(&mut r, &shuffled(users(word, results()), seed));
            r.consolidate();
            let both = [format!("GET /users/{word}"), "GET /users/{user_id}".to_owned()];
            let mut expected = both.to_vec();
            expected.sort();
            let mut paths = listed(&r);
            paths.sort();
            assert_eq!(paths, expected, "{seed}");
            let found = r.endpoints().into_iter().find(|l| l.template.path.ends_with(word));
            assert_eq!(found.expect("listed").requests, 150);
            r.consolidate();
            assert_eq!(listed(&r).len(), 2, "stays");
        }
    }
}

#[test]
fn constants_are_found_among_more_values_than_a_position_holds() {
    for word in ["search", "whereabouts"] {
        for (seed, every) in [(1, 5_000), (2, 5_000), (3, 300), (4, 100), (5, 40)] {
            let mut r = resolver();
            let names = (0..1_000).map(|n| (format!("/users/{}", name(n)), user()));
            let constant = (0..300).map(|_| (format!("/users/{word}"), results()));
            let requests = shuffled(names.chain(constant).collect(), seed);
            for part in requests.chunks(every) {
                play(&mut r, part);
                r.consolidate();
            }
            r.consolidate();
            let mut found: Vec<(String, u64)> =
                r.endpoints().iter().map(|l| (l.template.path.clone(), l.requests)).collect();
            found.sort();
            let paths: Vec<&str> = found.iter().map(|(path, _)| path.as_str()).collect();
            assert_eq!(paths, [&format!("/users/{word}"), "/users/{user_id}"], "{seed}");
            assert!(found[0].1 > 280, "{word} {seed} {found:?}: nearly all of its 300 requests");
        }
    }
}

#[test]
fn without_bodies_and_with_few_answers_words_are_judged_as_before() {
    let silent = |word: &str| {
        let mut r = resolver();
        let blank = |(path, _)| (path, answer(200));
        play(&mut r, &users(word, results()).into_iter().map(blank).collect::<Vec<_>>());
        r.consolidate();
        listed(&r)
    };
    for word in ["search", "whereabouts"] {
        assert_eq!(silent(word), ["GET /users/{user_id}"]);
    }
    let mut r = resolver();
    let mut requests = users("whereabouts", results());
    requests.truncate(201);
    play(&mut r, &requests);
    r.consolidate();
    assert_eq!(listed(&r), ["GET /users/{user_id}"], "one odd answer proves nothing");
}

#[test]
fn values_of_several_shapes_stay_one_parameter() {
    let mut r = resolver();
    let page = with(&["title", "text"]);
    let film = with(&["title", "minutes", "codec", "bytes"]);
    let song = with(&["artist", "album", "track"]);
    for n in 0..90 {
        let shape = [page, film, song][n % 3];
        for _ in 0..if n < 6 { 40 } else { 2 } {
            see(&mut r, "GET", &format!("/media/{}", name(n)), shape);
        }
    }
    for _ in 0..3 {
        r.consolidate();
        assert_eq!(listed(&r), ["GET /media/{media_id}"]);
        for n in 0..6 {
            see(&mut r, "GET", &format!("/media/{}", name(n)), [page, film, song][n % 3]);
        }
    }
}

#[test]
fn equal_shapes_alone_merge_nothing() {
    let mut r = resolver();
    for word in ["health", "ready", "live", "alpha-probe", "started"] {
        for _ in 0..20 {
            see(&mut r, "GET", &format!("/{word}"), with(&["status", "time"]));
            see(&mut r, "GET", &format!("/api/v1/{word}"), with(&["status", "time"]));
            see(&mut r, "GET", &format!("/orders/{word}"), with(&["status", "time"]));
        }
    }
    r.consolidate();
    let paths = listed(&r);
    for word in ["health", "ready", "live", "started"] {
        assert!(paths.contains(&format!("GET /{word}")), "{paths:?}");
        assert!(paths.contains(&format!("GET /api/v1/{word}")), "{paths:?}");
    }
}

#[test]
fn equal_shapes_support_what_the_path_suggests() {
    let merged = |shapes: &[Outcome]| {
        let mut r = resolver();
        get(&mut r, "/depots");
        for (n, word) in ["graz", "linz", "wels", "enns"].into_iter().enumerate() {
            for _ in 0..4 {
                see(&mut r, "GET", &format!("/depots/{word}"), shapes[n % shapes.len()]);
            }
        }
        r.consolidate();
        listed(&r).len() == 2
    };
    let depot = with(&["id", "street", "doors"]);
    let kinds = [depot, with(&["sum"]), with(&["open", "since"]), with(&["list"])];
    assert_eq!((merged(&[depot]), merged(&kinds)), (true, false));
}

/// Values are known when `word` is asked for first, and it is no vocabulary: it is taken for one.
fn taken_for_a_value(word: &str, requests: usize) -> Resolver {
    let mut r = resolver();
    for n in 0..200 {
        see(&mut r, "GET", &format!("/users/{}", name(n)), user());
    }
    r.consolidate();
    for _ in 0..requests {
        let (_, path) = see(&mut r, "GET", &format!("/users/{word}"), results());
        assert_eq!(path, "/users/{user_id}");
    }
    r
}

#[test]
fn a_value_that_turns_out_to_be_fixed_text_is_split_off_and_stays() {
    let mut r = taken_for_a_value("whereabouts", 60);
    let before = r.endpoints()[0].template.id.clone();
    r.consolidate();
    let both = ["GET /users/whereabouts", "GET /users/{user_id}"];
    assert_eq!(listed(&r), both);
    assert_eq!(r.endpoints()[0].requests, 60);
    let split = r.aliases().iter().find(|a| a.reason == AliasReason::Split).expect("told");
    let new = r.endpoints()[0].template.id.clone();
    assert_eq!((&split.from, &split.to), (&before, &new));
    assert!(split.evidence.contains("`whereabouts`"), "{}", split.evidence);
    assert_eq!(r.endpoints()[1].template.id, before, "the parameter keeps its id");
    let aliases = r.aliases().len();
    for _ in 0..3 {
        r = resumed(&r);
        let (_, path) = see(&mut r, "GET", "/users/whereabouts", results());
        assert_eq!(path, "/users/whereabouts", "at once from now on");
        see(&mut r, "GET", "/users/somebody", user());
        r.consolidate();
        assert_eq!((listed(&r), r.aliases().len()), (both.map(str::to_owned).to_vec(), aliases));
    }
}

#[test]
fn a_word_that_is_watched_takes_along_what_was_learned_since() {
    let mut r = taken_for_a_value("whereabouts", 3);
    let ask = |r: &mut Resolver| see(r, "GET", "/users/whereabouts", results()).0;
    let values = see(&mut r, "GET", "/users/somebody", user()).0;
    let (fourth, fifth) = (ask(&mut r), ask(&mut r));
    assert_ne!(fourth, values, "learned by itself");
    assert_eq!(fourth, fifth);
    assert_eq!(last(&r, fourth), last(&r, values), "and part of the parameter");
    let lost = see(&mut r, "GET", "/users/whereabouts", answer(404)).0;
    assert_eq!(lost, fourth, "errors, too");
    r = resumed(&r);
    for _ in 0..3 {
        assert_eq!(ask(&mut r), fourth);
    }
    r.consolidate();
    assert_eq!(last(&r, fourth).as_deref(), Some("/users/whereabouts"));
    assert_eq!(last(&r, values).as_deref(), Some("/users/{user_id}"));
    assert_eq!(ask(&mut r), fourth);
    let requests: Vec<u64> = r.endpoints().iter().map(|l| l.requests).collect();
    assert_eq!(requests, [10, 201]);
}

#[test]
fn what_was_split_off_is_judged_anew_when_it_is_answered_as_the_values_are() {
    let mut r = taken_for_a_value("whereabouts", 20);
    r.consolidate();
    assert_eq!(listed(&r).len(), 2);
    for _ in 0..60 {
        see(&mut r, "GET", "/users/whereabouts", user());
    }
    for n in 0..60 {
        see(&mut r, "GET", &format!("/users/{}", name(n + 300)), user());
        see(&mut r, "DELETE", &format!("/users/{}", name(n)), answer(204));
    }
    see(&mut r, "DELETE", "/users/whereabouts", answer(204));
    r.consolidate();
    let judged = r.hosts["api.example.com"].nodes.iter().all(|node| !node.apart);
    assert!(judged, "{:?}", listed(&r));
}

#[test]
fn words_that_are_watched_in_two_shards_are_split_off_once() {
    let mut a = taken_for_a_value("whereabouts", 6);
    let mut b = taken_for_a_value("whereabouts", 6);
    let leaf = see(&mut b, "GET", "/users/whereabouts", results()).0;
    let map = a.merge(&b);
    a.consolidate();
    assert_eq!(listed(&a), ["GET /users/{user_id}"], "neither shard had reason to keep the word");
    let own = see(&mut a, "GET", "/users/whereabouts", results()).0;
    a.consolidate();
    for leaf in [own, map[leaf.0 as usize]] {
        assert_eq!(last(&a, leaf).as_deref(), Some("/users/whereabouts"));
    }
    assert_eq!(listed(&a), ["GET /users/whereabouts", "GET /users/{user_id}"]);
    let requests: u64 = a.endpoints().iter().map(|l| l.requests).sum();
    assert_eq!(requests, 414);
}

#[test]
fn a_word_is_split_off_with_what_every_host_learned_of_it() {
    let ask = |r: &mut Resolver, host: usize, word: &str, outcome: Outcome| {
        r.observe(&format!("t{host}.api.example.com"), "GET", &["users", word], outcome).leaf
    };
    let mut hosts = resolver();
    // Each host learns by itself before they are known to be one.
    let leaves: Vec<_> = (0..10)
        .map(|host| {
            let mut one = resolver();
            for n in 0..200 {
                ask(&mut one, host, &name(n), user());
            }
            one.consolidate();
            for _ in 0..5 {
                ask(&mut one, host, "whereabouts", results());
            }
            let leaf = ask(&mut one, host, "whereabouts", results());
            hosts.merge(&one)[leaf.0 as usize]
        })
        .collect();
    hosts.consolidate();
    assert_eq!(listed(&hosts), ["GET /users/{user_id}"], "one host");
    ask(&mut hosts, 3, "whereabouts", results());
    hosts.consolidate();
    assert_eq!(listed(&hosts), ["GET /users/whereabouts", "GET /users/{user_id}"]);
    for leaf in leaves {
        assert_eq!(last(&hosts, leaf).as_deref(), Some("/users/whereabouts"));
    }
    let requests: Vec<u64> = hosts.endpoints().iter().map(|l| l.requests).collect();
    assert_eq!(requests.iter().sum::<u64>(), 10 * 206 + 1);
    assert!(requests[0] > 10 * 3, "all but the first three of each host: {requests:?}");
}

#[test]
fn a_word_is_not_split_off_where_there_is_no_room_for_its_endpoint() {
    let limits = EndpointLimits { leaves: 200, ..EndpointLimits::default() };
    let mut r = Resolver::new(Scope::default(), limits);
    for n in 0..200 {
        see(&mut r, "GET", &format!("/users/{}", name(n)), user());
    }
    r.consolidate();
    for _ in 0..2 {
        for _ in 0..60 {
            let (_, path) = see(&mut r, "GET", "/users/whereabouts", results());
            assert_eq!(path, "/users/{user_id}");
        }
        r.consolidate();
    }
    assert_eq!(listed(&r), ["GET /users/{user_id}"]);
    assert_eq!((r.endpoints()[0].requests, r.counts().over_nodes), (320, 0));
}

#[test]
fn a_split_needs_answers_and_survives_a_restart_in_between() {
    let mut r = taken_for_a_value("whereabouts", 7);
    r.consolidate();
    assert_eq!(listed(&r), ["GET /users/{user_id}"], "seven answers are too few");
    r = resumed(&r);
    see(&mut r, "GET", "/users/whereabouts", results());
    r.consolidate();
    assert_eq!(listed(&r).len(), 2);
}

#[test]
fn a_split_gives_back_what_was_learned_before_the_merge() {
    let mut r = resolver();
    for n in 0..200 {
        see(&mut r, "GET", &format!("/users/{}", name(n)), user());
    }
    for n in 0..20 {
        see(&mut r, "GET", &format!("/users/{}/recent", name(n)), user());
    }
    let early = see(&mut r, "GET", "/users/whereabouts", results()).0;
    let deep = see(&mut r, "GET", "/users/whereabouts/recent", results()).0;
    r.consolidate();
    let old = |r: &Resolver| (last(r, early), last(r, deep));
    let user = Some("/users/{user_id}".to_owned());
    assert_eq!(old(&r), (user, Some("/users/{user_id}/recent".to_owned())));
    let known = r.aliases().iter().find(|a| a.leaf == early).expect("merged").from.clone();
    for _ in 0..30 {
        see(&mut r, "GET", "/users/whereabouts", results());
    }
    r.consolidate();
    assert_eq!(
        old(&r),
        (Some("/users/whereabouts".to_owned()), Some("/users/whereabouts/recent".to_owned()))
    );
    let new = r.final_endpoint(early).expect("listed").id.clone();
    assert_eq!(r.current_id(&known), new, "the old id leads to the endpoint of its own");
    assert_eq!(r.aliases_of(&new), [known]);
    let requests: Vec<u64> = r.endpoints().iter().map(|l| l.requests).collect();
    assert_eq!(requests, [31, 1, 200, 20]);
}

#[test]
fn shards_and_one_run_find_the_same_constants() {
    let requests = shuffled(users("whereabouts", results()), 7);
    let (mut whole, mut a, mut b) = (resolver(), resolver(), resolver());
    play(&mut whole, &requests);
    play(&mut a, &requests[..175]);
    play(&mut b, &requests[175..]);
    a.merge(&b);
    whole.consolidate();
    a.consolidate();
    assert_eq!(listed(&whole), listed(&a));
    assert_eq!(listed(&a).len(), 2);
}

/// A run in which everything varies: words, how they are answered, when evidence is applied.
fn anything(r: &mut Resolver, seed: u64, requests: usize) {
    let shapes = [
        user(),
        results(),
        with(&["name"]),
        with(&["age", "name", "mail"]),
        with(&["sum", "total"]),
        answer(200),
        answer(404),
    ];
    let words = ["search", "whereabouts", "me", "export", "en", "en-US", "de", "nl", "sv", "a.pdf"];
    let picks: Vec<u64> = shuffled((0..requests as u64).collect(), seed);
    for (n, pick) in picks.iter().enumerate() {
        let pick = *pick as usize;
        let word = match pick % 3 {
            0 => words[pick / 3 % words.len()].to_owned(),
            1 => name(pick / 3 % 40),
            _ => format!("{}.pdf", name(pick / 3 % 9)),
        };
        let path = match pick % 7 {
            0 => format!("/{word}/products"),
            1 => format!("/users/{word}/recent"),
            2 => format!("/users/{word}:cancel"),
            _ => format!("/users/{word}"),
        };
        let shape = if pick.is_multiple_of(5) {
            pick / 5 % shapes.len()
        } else {
            pick / 3 % words.len() % 7
        };
        see(r, if pick.is_multiple_of(11) { "PUT" } else { "GET" }, &path, shapes[shape]);
        if n % 50 == 49 {
            r.consolidate();
        }
    }
}

#[test]
fn evidence_is_applied_once_and_nothing_is_lost_whatever_is_asked_for() {
    let mut splits = 0;
    for seed in 0..40 {
        let mut r = resolver();
        anything(&mut r, seed, 700);
        r.consolidate();
        let first = (listed(&r), r.aliases().len());
        r = resumed(&r);
        r.consolidate();
        assert_eq!((listed(&r), r.aliases().len()), first, "{seed}: idempotent");
        let shown: u64 = r.endpoints().iter().map(|l| l.requests).sum();
        let noise = r.noise();
        assert_eq!(shown + noise.unanswered + noise.over_limit, r.counts().requests, "{seed}");
        let mut ids: Vec<_> = r.endpoints().iter().map(|l| l.template.id.clone()).collect();
        ids.sort();
        assert!(ids.windows(2).all(|two| two[0] != two[1]), "{seed}: an id twice");
        for alias in r.aliases().iter().filter(|alias| !alias.undone) {
            assert_ne!(alias.to, super::Template::default().id, "{seed}: {alias:?}");
        }
        splits += r.aliases().iter().filter(|alias| alias.reason == AliasReason::Split).count();
    }
    assert!(splits > 10, "{splits}: the runs teach too little");
}

#[test]
fn a_run_that_is_cut_up_ends_as_a_whole_one_does() {
    for seed in 0..10 {
        let (mut whole, mut cut) = (resolver(), resolver());
        for part in 0..4 {
            anything(&mut whole, seed * 4 + part, 150);
            anything(&mut cut, seed * 4 + part, 150);
            cut = resumed(&cut);
        }
        assert_eq!(listed(&whole), listed(&cut), "{seed}");
        assert_eq!(whole.aliases(), cut.aliases(), "{seed}");
    }
}

#[test]
fn what_is_declared_a_parameter_is_never_split() {
    let mut r = resolver();
    assert!(r.declare("api.example.com", "GET", "/users/{login}", None));
    play(&mut r, &users("whereabouts", results()));
    r.consolidate();
    assert_eq!(listed(&r), ["GET /users/{login}"]);
}
