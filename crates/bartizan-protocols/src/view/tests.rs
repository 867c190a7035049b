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
