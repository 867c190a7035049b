use super::*;

fn read(text: &str) -> (Tree, Vec<super::super::Problem>) {
    let mut problems = Problems::default();
    let tree = Tree::read(text.as_bytes(), Limits::default(), &mut problems);
    (tree, problems.into_parts().0)
}

#[test]
fn nodes_know_their_pointer_line_and_column() {
    let json =
        "{\n  \"a\": [1, {\"b/~c\": \"ü\", \"d\": true}],\n \"e\": \"\\u00fc\\ud83d\\ude00\\n\"}";
    let yaml = "# a comment\na:\n  - 1\n  - b/~c: ü\n    d: true\ne: \"\\xfc\\U0001f600\\n\"\n";
    for (text, lines) in [(json, [(2, 13), (2, 26), (3, 2)]), (yaml, [(4, 5), (5, 5), (6, 1)])] {
        let (tree, problems) = read(text);
        assert_eq!(problems, [], "{text}");
        let at = |pointer: &str| tree.root().find(pointer).expect(pointer);
        assert_eq!(at("/a/1/b~1~0c").as_str(), Some("ü"));
        assert_eq!(at("/a/1/b~1~0c").pointer(), "/a/1/b~1~0c");
        assert_eq!(at("/a/1/d").as_bool(), Some(true));
        assert_eq!(at("/a/0").value(), Value::Number("1"));
        assert_eq!(at("/e").as_str(), Some("ü😀\n"));
        assert_eq!(at("/a").children().count(), 2);
        let place = |pointer: &str| (at(pointer).position().line, at(pointer).position().column);
        assert_eq!([place("/a/1/b~1~0c"), place("/a/1/d"), place("/e")], lines);
        assert!(tree.root().find("/a/2").is_none() && tree.root().find("a").is_none());
    }
}

#[test]
fn the_last_of_several_names_counts() {
    for text in [r#"{"a": {"x": 1}, "b": 2, "a": 3}"#, "a: {x: 1}\nb: 2\na: 3\n"] {
        let (tree, problems) = read(text);
        let names: Vec<_> = tree.root().members().map(|(name, _)| name).collect();
        assert_eq!(names, ["b", "a"]);
        assert_eq!(tree.root().text_of("a"), "3");
        assert_eq!(tree.nodes().count(), 3);
        assert_eq!(problems.len(), 1);
        assert_eq!(problems[0].pointer, "/a");
    }
}

#[test]
fn aliases_and_merge_keys_are_expanded_where_they_stand() {
    let text = "base: &b {x: 1, y: {z: 2}}\nown: {<<: *b, x: 3}\nlist: [*b, *b]\nself: &s [*s]\n\
                more: {<<: [{p: 1}, *b]}\n*b : no\n";
    let (tree, problems) = read(text);
    let at = |pointer: &str| tree.root().find(pointer).map(|node| node.pointer());
    for pointer in ["/own/y/z", "/list/1/y/z", "/more/p", "/more/y/z", "/base/y/z"] {
        assert_eq!(at(pointer).as_deref(), Some(pointer));
    }
    assert_eq!(tree.root().find("/own").map(|own| own.text_of("x")), Some("3"));
    assert_eq!(tree.root().find("/own/<<").map(Node::value), None);
    assert_eq!(tree.root().find("/self/0").map(Node::value), Some(Value::Null));
    // A copy stands where its text is.
    assert_eq!(tree.root().find("/list/1/y/z").map(|n| n.position().line), Some(1));
    assert!(problems.iter().any(|p| p.pointer == "/self"), "{problems:?}");
}

#[test]
fn scalars_follow_the_core_schema() {
    let text = "[1, -1.5e3, 0x1f, .5, 1.2.3, 2020-01-01, yes, No, true, ~, '', \"1\", !!str 1]";
    let (tree, _) = read(text);
    let kinds: String = tree
        .root()
        .children()
        .map(|node| match node.value() {
            Value::Number(_) => 'n',
            Value::Text(_) => 't',
            Value::Bool(_) => 'b',
            Value::Null => '0',
            Value::Array | Value::Object => '?',
        })
        .collect();
    assert!(kinds == "nnnnttttb0ttt", "{kinds}");
}

#[test]
fn flow_yaml_comments_and_commas_are_no_reason_to_give_up() {
    let (tree, problems) = read("{a: 1, b: [x]}");
    assert_eq!((tree.root().text_of("a"), problems.len()), ("1", 0));
    let (tree, problems) = read("{\"a\": 1, // c\n /* d\n */ \"b\": [2,],}");
    assert_eq!(
        tree.root().find("/b/0").map(Node::position),
        Some(Position { line: 3, column: 11 })
    );
    assert_eq!(problems.len(), 1);
}

#[test]
fn what_is_cut_is_kept_up_to_there() {
    let whole = r#"{"a": {"b": [1, "two", null, {"c": false}]}, "d": "\u00e4"}"#;
    for end in 0..whole.len() {
        let Some(text) = whole.get(..end) else { continue };
        let (tree, problems) = read(text);
        assert!(!problems.is_empty(), "{text}");
        assert!(tree.len() <= 9);
    }
}

#[test]
fn a_long_line_and_many_members_cost_linear_time() {
    let many: String = (0..200_000).map(|i| format!("\"k{i}\":{i},")).collect();
    let (tree, problems) = read(&format!("{{{many}\"end\":0}}"));
    assert_eq!(problems, []);
    assert_eq!(tree.root().text_of("k199999"), "199999");
    let end = tree.root().get("end").expect("the end");
    assert_eq!(
        end.position(),
        Position { line: 1, column: u32::try_from(many.len()).expect("short") + 2 }
    );
}
