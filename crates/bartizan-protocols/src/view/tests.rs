use bartizan_model::GeneralStep;

use super::*;

fn sample() -> View {
    let mut view = View::new(&Limits::default(), 1);
    let query = view.open_root(Side::Request, Root::Query).expect("room");
    view.leaf(query, Step::Repeat("q", 0), Value::Text("a")).expect("room");
    view.leaf(query, Step::Repeat("q", 1), Value::Text("b")).expect("room");
    view.close(query);
    let body = view.open_root(Side::Request, Root::Body).expect("room");
    let items = view.open(body, Step::Key("items"), Value::Array).expect("room");
    for i in 0..2 {
        let item = view.open(items, Step::Index(i), Value::Object).expect("room");
        view.leaf(item, Step::Key("sku/x"), Value::Integer(7)).expect("room");
        view.close(item);
    }
    view.close(items);
    view.close(body);
    view
}

#[test]
fn locations_have_two_forms() {
    let view = sample();
    let leaves: Vec<_> = view.leaves(Side::Request).collect();
    let both: Vec<_> =
        leaves.iter().map(|n| (n.instance().to_string(), n.general().to_string())).collect();
    assert_eq!(both[1], ("query.q#1".to_owned(), "query.q".to_owned()));
    assert_eq!(both[3], ("body:/items/1/sku~1x".to_owned(), "body:/items/*/sku~1x".to_owned()));
    assert_eq!(leaves[2].general_hash(), leaves[3].general_hash());
    assert_ne!(leaves[1].general_hash(), leaves[3].general_hash());
    assert_eq!(leaves[0].general_hash(), leaves[1].general_hash());
}

#[test]
fn children_and_descendants_stay_inside() {
    let view = sample();
    let body = view.root(Side::Request, Root::Body).expect("body");
    assert_eq!(body.children().count(), 1);
    assert_eq!(body.descendants().count(), 5);
    let items = view.named(Side::Request, Root::Body, "items").expect("items");
    assert_eq!(items.children().map(|c| c.index()).collect::<Vec<_>>(), [Some(0), Some(1)]);
    assert_eq!(
        items.children().next().and_then(|c| c.children().next()).map(|n| n.name()),
        Some("sku/x")
    );
}

#[test]
fn limits_are_recorded_once_and_stop_growth() {
    let limits = Limits { nodes: 2, ..Limits::default() };
    let mut view = View::new(&limits, 1);
    let root = view.open_root(Side::Response, Root::Body).expect("room");
    assert!(view.leaf(root, Step::Index(0), Value::Null).is_some());
    for _ in 0..5 {
        assert!(view.leaf(root, Step::Index(1), Value::Null).is_none());
    }
    view.close(root);
    assert_eq!(view.not_inspected().len(), 1);
    assert!(!view.is_fully_inspected(Side::Response) && view.is_fully_inspected(Side::Request));
}

/// `{"count": 1, NAME: [{"tags": {TAG: "x"}}]}`, with or without maps known from the start.
fn map(name: &str, tag: &str, known: bool) -> View {
    let key = |key| if known { Step::AnyKey(key) } else { Step::Key(key) };
    let mut view = View::new(&Limits::default(), 1);
    let body = view.open_root(Side::Response, Root::Body).expect("room");
    view.leaf(body, Step::Key("count"), Value::Integer(1)).expect("room");
    let list = view.open(body, key(name), Value::Array).expect("room");
    let item = view.open(list, Step::Index(0), Value::Object).expect("room");
    let tags = view.open(item, Step::Key("tags"), Value::Object).expect("room");
    view.leaf(tags, key(tag), Value::Text("x")).expect("room");
    for node in [tags, item, list, body] {
        view.close(node);
    }
    view
}

#[test]
fn folded_maps_are_as_if_known_from_the_start() {
    let known = map("ann", "red", true);
    let hash = |view: &View, text: &str| {
        view.nodes().find(|n| n.general().as_str() == text).map(|n| n.general_hash())
    };
    let (body, tags) = (hash(&known, "body:"), hash(&known, "body:/{key}/*/tags"));
    let maps = |at: u64| (Some(at) == body || Some(at) == tags).then_some(["count"].as_slice());

    let mut folded = map("bob", "blue", false);
    folded.fold(maps);
    let places = |view: &View| -> Vec<_> {
        view.nodes().map(|n| (n.general().to_string(), n.general_hash())).collect()
    };
    assert_eq!(places(&folded), places(&known));
    assert_eq!(places(&folded).last().expect("leaf").0, "body:/{key}/*/tags/{key}");
    let last = folded.nodes().last().expect("leaf");
    assert_eq!(last.instance().as_str(), "body:/bob/0/tags/blue", "instances stay");
    let once = places(&folded);
    folded.fold(maps);
    assert_eq!(places(&folded), once);

    let mut other = map("bob", "blue", false);
    let before = places(&other);
    other.fold(|_| None::<&[&str]>);
    assert_eq!(places(&other), before);
}

#[test]
fn hashes_below_a_place_follow_from_its_steps() {
    let view = map("ann", "red", true);
    let leaf = view.nodes().last().expect("leaf");
    let root = view.nodes().next().expect("root");
    let steps = leaf.general();
    let mut hash = root.general_hash();
    for step in steps.steps_below(&root.general()).expect("below") {
        hash = general_hash_below(hash, &step).expect("step");
    }
    assert_eq!(hash, leaf.general_hash());
    assert!(general_hash_below(hash, &GeneralStep::Decoder("rot13")).is_none());
}

#[test]
fn nothing_is_taken_once_the_time_is_over() {
    let limits = Limits::default();
    let mut view = View::new(&limits, 1);
    view.keep_pace(Pace::new(|until| until > 0, 0));
    let body = view.open_root(Side::Request, Root::Body).expect("not asked yet");
    let taken = (0..1_000).filter(|i| view.leaf(body, Step::Index(*i), Value::Null).is_some());
    let taken = taken.count();
    assert!((1..=WORK_AT_ONCE / VALUE_WORK).contains(&taken), "{taken}");
    assert!(!view.is_fully_inspected(Side::Request));
    view.reset(&limits, 1);
    let body = view.open_root(Side::Request, Root::Body).expect("room");
    assert!((0..1_000).all(|i| view.leaf(body, Step::Index(i), Value::Null).is_some()));
    assert!(view.is_fully_inspected(Side::Request));
}
