//! What is an expression, and how it is read.

use super::*;

/// The expression with all its brackets.
fn shown(node: &Node) -> String {
    let all = |nodes: &[Node], by: &str| nodes.iter().map(shown).collect::<Vec<_>>().join(by);
    match &node.kind {
        Kind::Literal(Literal::Text(text)) => format!("{text:?}"),
        Kind::Literal(Literal::Int(value)) => value.to_string(),
        Kind::Literal(Literal::Double(value)) => format!("{value:?}"),
        Kind::Literal(Literal::Bool(value)) => value.to_string(),
        Kind::Literal(Literal::Null) => "null".to_owned(),
        Kind::Name(name) => name.clone(),
        Kind::Member(one, name) => format!("{}.{name}", shown(one)),
        Kind::Index(one, other) => format!("{}[{}]", shown(one), shown(other)),
        Kind::Call(name, target, arguments) => {
            let target = target.as_ref().map_or(String::new(), |node| shown(node) + ".");
            format!("{target}{name}({})", all(arguments, ", "))
        }
        Kind::List(nodes) => format!("[{}]", all(nodes, ", ")),
        Kind::Not(one) => format!("!{}", shown(one)),
        Kind::Negate(one) => format!("-{}", shown(one)),
        Kind::All(nodes) => format!("({})", all(nodes, " && ")),
        Kind::Any(nodes) => format!("({})", all(nodes, " || ")),
        Kind::Binary(operator, one, other) => {
            format!("({} {operator:?} {})", shown(one), shown(other))
        }
        Kind::Choice(one, two, three) => {
            format!("({} ? {} : {})", shown(one), shown(two), shown(three))
        }
    }
}

#[test]
fn operators_bind_as_the_language_says() {
    for (text, expected) in [
        ("a || b && c || d", "(a || (b && c) || d)"),
        ("a + b * c - d", "((a Add (b Multiply c)) Subtract d)"),
        ("!a.b == c", "(!a.b Equal c)"),
        ("!!a", "a"),
        ("-1 + -x", "(-1 Add -x)"),
        ("--x", "x"),
        ("-9223372036854775808", "-9223372036854775808"),
        ("a ? b : c ? d : e", "(a ? b : (c ? d : e))"),
        ("a ? b || c : d", "(a ? (b || c) : d)"),
        ("x in [1, 2,] && y", "((x In [1, 2]) && y)"),
        ("a.b[\"c\"].exists(x, x > 1)", "a.b[\"c\"].exists(x, (x Greater 1))"),
        ("size(a) > 1 == true", "((size(a) Greater 1) Equal true)"),
        ("has(a.b)", "has(a.b)"),
        ("(a)", "a"),
    ] {
        assert_eq!(parse(text).as_ref().map(shown), Ok(expected.to_owned()), "{text}");
    }
}

#[test]
fn what_is_no_expression_is_refused_where_it_stops_being_one() {
    for (text, at) in [
        ("", 0),
        ("a ==", 4),
        ("a b", 2),
        ("a.1", 1),
        ("a.", 2),
        ("(a", 2),
        ("a)", 1),
        ("f(a,)", 4),
        ("[1 2]", 3),
        ("{'a': 1}", 0),
        ("a ? b", 5),
        ("in", 0),
        ("while", 0),
        ("9223372036854775808", 0),
        ("-9223372036854775809", 0),
        ("b'x'", 1),
        ("a{b: 1}", 1),
    ] {
        assert_eq!(parse(text).err().map(|wrong| wrong.at), Some(at), "{text}");
    }
}

#[test]
fn nothing_that_is_written_takes_more_than_its_share_of_the_stack() {
    let repeated = |what: &str, times: usize| what.repeat(times);
    let deep = [
        repeated("(", 2_000),
        repeated("[", 2_000),
        repeated("a(", 1_000),
        repeated("a[", 1_000),
        repeated("a?a:", 500),
        repeated("a?", 1_000),
        repeated("a.", 1_000) + "a",
        repeated("a+", 1_000) + "a",
        repeated("a<", 1_000) + "a",
        repeated("!(", 1_000),
        repeated("-(", 1_000),
        repeated("a.f(", 500),
    ];
    for text in deep {
        assert!(text.len() > BYTES || parse(&text).is_err(), "{text:.20}");
    }
    assert!(parse(&repeated("(", 3_000)).is_err_and(|wrong| wrong.what.contains("2048 bytes")));
    // What is beside each other is not deep.
    assert!(parse(&(repeated("a || ", 300) + "a")).is_ok());
    assert!(parse(&format!("[{}1]", repeated("1,", 900))).is_ok());
    assert!(parse(&(repeated("!", 2_000) + "a")).is_ok());
    assert!(parse(&(repeated("(", DEPTH) + "a" + &repeated(")", DEPTH))).is_ok());
    assert!(parse(&(repeated("(", DEPTH + 1) + "a" + &repeated(")", DEPTH + 1))).is_err());
}
