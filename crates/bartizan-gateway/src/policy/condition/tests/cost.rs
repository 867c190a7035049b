//! What the worst requests make of the worst expressions: less than a millisecond, or a refusal.

use super::*;
use crate::policy::{detectors::thread_nanos, readings::Reading};

/// Most processor time of one request; a build without optimisation takes some times as long.
const MOST_NANOS: u64 = if cfg!(debug_assertions) { 15_000_000 } else { 1_000_000 };

/// Bodies that take long: many elements, many members, long names and texts, lists in lists.
fn bodies() -> Vec<(&'static str, String)> {
    let list = |one: &str, count: usize| vec![one; count].join(",");
    let members = |name: &str| {
        let all: Vec<_> = (0..5_000).map(|n| format!("\"{name}{n}\":{n}")).collect();
        format!("{{\"a\":{{{}}}}}", all.join(","))
    };
    vec![
        ("numbers", format!("{{\"a\":[{}]}}", list("7", 60_000))),
        ("texts", format!("{{\"a\":[{}]}}", list("\"aaaaaaaaaaaaaaaaaaaaaaaa\"", 4_000))),
        ("lists", format!("{{\"a\":[{}]}}", list(&format!("[{}]", list("1", 250)), 250))),
        ("a text", format!("{{\"a\":\"{}\"}}", "ab".repeat(30_000))),
        (
            "texts that are long",
            format!("{{\"a\":[{}]}}", list(&format!("\"{}\"", "a".repeat(8_000)), 15)),
        ),
        ("members", members("n")),
        ("members of one name", members("____________")),
        ("objects", format!("{{\"a\":[{}]}}", list("{\"b\":{\"c\":[1,2,3]},\"d\":\"x\"}", 3_500))),
    ]
}

const EXPRESSIONS: &[&str] = &[
    "request.body.a.exists(x, request.body.a.exists(y, x == y && x != y))",
    "request.body.a.all(x, request.body.a.all(y, x + y == y + x))",
    "request.body.a.map(x, request.body.a.map(y, [x, y, x, y])) == []",
    "request.body.a.map(x, request.body.a) == [[1]]",
    "size(request.body.a.map(x, string(x) + string(x) + string(x))) == 1",
    "request.body.a == request.body.a",
    "request.body.a.exists(x, x in request.body.a && x > 9)",
    "request.body.a.exists(x, x == 'z')",
    "request.body.a.exists(x, x.b.c.d.e == 1)",
    "request.body.a.exists(x, x.b.c.exists(y, y == 9))",
    "request.body.a.exists(x, x.matches('(a|b)*a(a|b){12}c'))",
    "request.body.a.matches('(a|b)*a(a|b){12}c')",
    "request.body.a.matches('^(([a-z])+.)+[A-Z]([a-z])+$')",
    "(request.body.a + request.body.a + request.body.a + request.body.a).contains('aab')",
    "request.body.a.contains('bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb')",
    "request.body.a.lowerAscii().lowerAscii().lowerAscii().lowerAscii() == 'x'",
    "request.body.a.missing == 1",
    "'missing' in request.body.a",
    "has(request.body.a.n4999) && size(request.body.a) == 1",
    "request.body.a[59999] + request.body.a[59998] == 1",
    "size(request.body.a) + size(request.body.a) + size(request.body.a) == 0",
];

/// What a request takes of an expression, in processor time of this thread, and why it is refused.
fn taken(rule: &Condition, body: &str) -> (u64, &'static str) {
    let head = head("POST /", &[("content-type", "application/json")]);
    let mut wanted = Wanted::default();
    rule.note(&mut wanted);
    let stage = Stage::for_tests(wanted, &head);
    let about = About {
        stage: &stage,
        query: None,
        fields: head.headers.iter().collect(),
        address: [192, 0, 2, 7].into(),
        now: Timestamp::default(),
        who: &[],
    };
    let fields = head.headers.iter();
    let bytes = Bytes::from(body.to_owned());
    let reading = Reading::of(fields, bytes, rule.amount, 1, u64::MAX);
    let root = reading.json();
    assert!(root.is_some(), "{body:.40}");
    let mut least = (u64::MAX, "");
    for _ in 0..5 {
        let began = thread_nanos();
        let reason = rule.ask(&about, root).err().map_or("", |refusal| refusal.reason);
        least = least.min((thread_nanos() - began, reason));
    }
    least
}

#[test]
fn the_worst_takes_less_than_a_millisecond() {
    let bodies = bodies();
    let (mut cut, mut worst) = (0, (0, String::new()));
    for text in EXPRESSIONS {
        let rule = compile("deny_if", text);
        for (what, body) in &bodies {
            let (nanos, reason) = taken(&rule, body);
            assert!(nanos < MOST_NANOS, "{text} about {what}: {nanos} ns, {reason}");
            cut += u32::from(reason == "over-budget");
            worst = worst.max((nanos, format!("{text} about {what}")));
        }
    }
    assert!(cut >= 20, "the budget is what cuts them: {cut}");
    eprintln!("the worst takes {} microseconds: {}", worst.0 / 1_000, worst.1);
}

/// What the head says is made comparable once, whatever an expression asks about.
#[test]
fn wide_heads_take_less_than_a_millisecond() {
    let names = |kind: &str| {
        let all: Vec<_> = (0..15).map(|n| format!("'p{n}' in request.{kind}")).collect();
        all.join(" || ")
    };
    let text = format!("{} || {}", names("query"), names("headers"));
    let rule = compile("deny_if", &text);
    let query = format!("/?{}", "%5f__-..p=%2541&[p;q=1&P_=&".repeat(200));
    let fields: Vec<Field> =
        (0..100).map(|n| (&*format!("p_-{n}-{}", "_-".repeat(30)).leak(), "x")).collect();
    let head = head(&format!("GET {query}"), &fields);
    let stage = Stage::for_tests(Wanted::default(), &head);
    let about = About {
        stage: &stage,
        query: head.uri.query(),
        fields: head.headers.iter().collect(),
        address: [192, 0, 2, 7].into(),
        now: Timestamp::default(),
        who: &[],
    };
    let mut least = u64::MAX;
    for _ in 0..5 {
        let began = thread_nanos();
        assert_eq!(
            rule.ask(&about, None).err().map(|refusal| refusal.reason),
            Some("ambiguous-name")
        );
        least = least.min(thread_nanos() - began);
    }
    assert!(least < MOST_NANOS, "{least} ns");
}

#[test]
fn ordinary_requests_are_far_from_the_budget() {
    let items: Vec<_> = (0..100).map(|n| format!("{{\"sku\":\"A-{n}\",\"count\":{n}}}")).collect();
    let body = format!("{{\"total\":17,\"items\":[{}]}}", items.join(","));
    let text = "request.body.items.all(item, item.count < 1000 && item.sku.matches('^A-[0-9]+$')) \
                && request.body.total > 500";
    assert_eq!(says(text, &body), "false");
}

#[test]
fn readings_multiply_up_to_a_bound() {
    let rule = compile("deny_if", "request.query.a.exists(x, request.query.b.exists(y, x == y))");
    let query = |count: usize| format!("a=x&a=y&a={}&{}", "x".repeat(900), "b=zz&".repeat(count));
    assert_eq!(why(&rule, &format!("GET /?{}", query(2)), &[], &[], ""), "");
    assert_eq!(why(&rule, &format!("GET /?{}", query(30)), &[], &[], ""), "too-many-readings");
}
