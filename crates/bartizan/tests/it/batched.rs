//! Calls that come several to an exchange, or one after another on a connection; documents named by their hash; what
//! is accepted and ends later.

use std::fmt::Write as _;

use serde_json::{Value, json};

use crate::command::{home, result, write};

/// Exchanges as lines, numbered in order, a second apart.
#[derive(Default)]
struct Traffic {
    lines: String,
    count: usize,
}

impl Traffic {
    /// An exchange: its request and its answer with some fields left to the default, and who asked.
    fn add(&mut self, ip: &str, method: &str, url: &str, mut rest: Value) {
        let number = self.count;
        self.count += 1;
        rest["id"] = json!(number.to_string());
        let (minutes, seconds) = (number / 60, number % 60);
        rest["time"] = json!(format!("2026-11-22T10:{minutes:02}:{seconds:02}Z"));
        rest["client"] = json!({ "ip": ip });
        rest["request"]["method"] = json!(method);
        rest["request"]["url"] = json!(format!("https://api.example.com{url}"));
        writeln!(self.lines, "{rest}").expect("into memory");
    }

    /// JSON that is posted and answered with 200.
    fn post(&mut self, ip: &str, url: &str, asked: &Value, answer: &Value) {
        let kind = json!([["content-type", "application/json"]]);
        let rest = json!({
            "request": { "headers": kind, "body": asked.to_string() },
            "response": { "status": 200, "headers": kind, "body": answer.to_string() },
        });
        self.add(ip, "POST", url, rest);
    }

    fn analyze(&self, more: &[&str]) -> Value {
        let home = home();
        let input = write(&home, "input.jsonl", self.lines.as_bytes());
        let mut arguments = vec!["analyze", &input, "--format", "json"];
        arguments.extend(more);
        result(&home, &arguments)
    }
}

fn of<'v>(found: &'v Value, path: &str, operation: &str) -> &'v Value {
    let endpoints = found["endpoints"].as_array().expect("a list");
    let same = |e: &&Value| e["path"] == path && e["operation"].as_str().unwrap_or("") == operation;
    let named = || endpoints.iter().map(|e| format!("{} {}", e["path"], e["operation"]));
    endpoints
        .iter()
        .find(same)
        .unwrap_or_else(|| panic!("{path} {operation} not in {:?}", named().collect::<Vec<_>>()))
}

fn rpc(id: usize, method: &str, params: &Value) -> Value {
    json!({ "jsonrpc": "2.0", "id": id, "method": method, "params": params })
}

/// Who asks, by number.
fn client(number: usize) -> String {
    format!("198.51.100.{}", number % 4 + 1)
}

#[test]
fn calls_of_a_batch_are_operations_of_the_inventory() {
    let mut traffic = Traffic::default();
    for n in 0..8 {
        let batch = json!([
            rpc(1, "users.get", &json!({ "user_id": n })),
            { "jsonrpc": "2.0", "method": "seen", "params": { "page": "home" } },
            rpc(2, "orders.total", &json!({ "order": n })),
            rpc(3, &format!("guess{n}"), &json!({})),
        ]);
        let answers = json!([
            { "jsonrpc": "2.0", "id": 3, "error": { "code": -32601, "message": "no such method" } },
            { "jsonrpc": "2.0", "id": 2, "error": { "code": -32000, "message": "closed" } },
            { "jsonrpc": "2.0", "id": 1, "result": { "email": format!("user{n}@example.com") } },
        ]);
        traffic.post(&client(n), "/rpc", &batch, &answers);
        // The same operations alone: their parameters and data have the same places.
        let alone = json!({ "jsonrpc": "2.0", "id": 1, "result": { "email": "x@example.com" } });
        traffic.post(&client(n), "/rpc", &rpc(1, "users.get", &json!({ "user_id": n })), &alone);
        let alone = json!({ "jsonrpc": "2.0", "id": 1, "result": 12 });
        traffic.post(&client(n), "/rpc", &rpc(1, "orders.total", &json!({ "order": n })), &alone);
    }
    let found = traffic.analyze(&[]);
    let (batch, users) = (of(&found, "/rpc", "[batch]"), of(&found, "/rpc", "users.get"));
    assert_eq!((&batch["requests"], &batch["protocol"]), (&json!(8), &json!("json_rpc")));
    assert_eq!(batch["parameters"], json!([]), "what is in a batch belongs to its members");
    assert_eq!(users["requests"], json!(16));
    let emails = users["data_classes"].as_array().expect("a list");
    let emails: Vec<_> =
        emails.iter().map(|c| (&c["class"], &c["location"], &c["count"])).collect();
    assert_eq!(emails, [(&json!("email"), &json!("body:/result/email"), &json!(16))]);
    let names = |endpoint: &Value| -> Vec<String> {
        let all = endpoint["parameters"].as_array().expect("a list").iter();
        let own = all.filter(|p| p["location"].as_str().is_some_and(|l| l.contains("/params/")));
        own.map(|p| format!("{} {}", p["location"].as_str().unwrap_or(""), p["seen"])).collect()
    };
    assert_eq!(names(users), ["body:/params/user_id 16"]);
    let totals = of(&found, "/rpc", "orders.total");
    // The first was refused before any granted one showed that there is such an operation.
    assert_eq!(totals["requests"], json!(15));
    // Refused calls teach no parameters: only those sent alone were granted.
    assert_eq!(names(totals), ["body:/params/order 8"]);
    let made_up = found["endpoints"].as_array().expect("a list").iter();
    let made_up = made_up.filter(|e| {
        let name = e["operation"].as_str().unwrap_or("");
        name.starts_with("guess") || name.contains('+')
    });
    assert_eq!(made_up.count(), 0, "nothing that was refused is an operation");
    // A notification is never answered, alone or in a batch.
    assert_eq!(of(&found, "/rpc", "seen")["requests"], json!(8));
    assert_eq!(found["input"]["exchanges"], json!(24));
}

#[test]
fn members_are_compared_with_a_schema() {
    let mut traffic = Traffic::default();
    for n in 0..6 {
        let asked = json!([
            { "query": "query A { user(id: 1) { email } }" },
            { "query": "mutation { leave }" },
            { "query": "{ a: hidden b: hidden }" },
        ]);
        let answer = json!([
            { "data": { "user": { "email": format!("user{n}@example.com") } } },
            { "errors": [{ "message": "not now" }], "data": null },
            { "data": { "a": 1, "b": 2 } },
        ]);
        traffic.post(&client(n), "/graphql", &asked, &answer);
    }
    let one = json!({ "query": "mutation { leave }" });
    traffic.post("198.51.100.9", "/graphql", &one, &json!({ "data": { "leave": true } }));
    let one = json!([{ "query": "mutation { leave }" }]);
    traffic.post("198.51.100.9", "/graphql", &one, &json!([{ "data": { "leave": true } }]));
    let home = home();
    let schema = "type Query { user(id: ID!): User }\ntype User { email: String }\n\
                  type Mutation { leave: Boolean }\n";
    let schema = write(&home, "schema.graphql", schema.as_bytes());
    let found = traffic.analyze(&["--spec", &schema]);
    let state = |operation: &str| {
        let one = of(&found, "/graphql", operation);
        (one["inventory_state"].clone(), one["requests"].clone())
    };
    assert_eq!(state("query user"), (json!("documented"), json!(6)));
    // Two of eight are before it was known: they stay with the path, as any name that was never granted.
    assert_eq!(state("mutation leave"), (json!("documented"), json!(2)));
    assert_eq!(state("query hidden"), (json!("shadow"), json!(6)), "aliases are one call");
    assert_ne!(state("[batch]").0, json!("shadow"), "a way to send is no operation");
    assert_eq!(state("[batch]").1, json!(7));
    let user =
        &of(&found, "/graphql", "query user")["sketch"]["graphql"]["fields"]["query.user.email"];
    assert_eq!(user["asked"], json!(6));
}

#[test]
fn fifty_logins_in_one_batch_are_fifty_attempts() {
    let logins = |from: usize, wrong: bool| -> (Value, Value) {
        let ids = from..from + 50;
        let asked = ids.clone().map(|id| {
            let account = format!("leak{id}@example.net");
            rpc(id, "session.login", &json!({ "email": account, "password": format!("p{id}") }))
        });
        let answer = ids.map(|id| {
            if wrong || id % 10 == 3 {
                json!({ "jsonrpc": "2.0", "id": id, "error": { "code": 1, "message": "wrong" } })
            } else {
                json!({ "jsonrpc": "2.0", "id": id, "result": { "token": "t" } })
            }
        });
        (asked.collect(), answer.collect())
    };
    let fires = |wrong: bool| {
        let mut traffic = Traffic::default();
        for n in 0..4 {
            let login =
                rpc(n, "session.login", &json!({ "email": "a@example.com", "password": "x" }));
            let ok = json!({ "jsonrpc": "2.0", "id": n, "result": { "token": "t" } });
            traffic.post(&client(n), "/rpc", &login, &ok);
        }
        let (asked, answer) = logins(100, wrong);
        traffic.post("203.0.113.66", "/rpc", &asked, &answer);
        let found = traffic.analyze(&[]);
        let detections = found["detections"].as_array().expect("a list").clone();
        let all: Vec<Value> = detections.into_iter().filter(|d| d["code"] == "BZ-D002").collect();
        let login = of(&found, "/rpc", "session.login");
        (all, login["id"].clone(), login["requests"].clone())
    };
    let (detections, login, requests) = fires(true);
    assert_eq!(requests, json!(54));
    assert_eq!(detections.len(), 1, "{detections:?}");
    let one = &detections[0];
    assert_eq!((&one["endpoint_id"], &one["exchange_ids"]), (&login, &json!(["4"])));
    assert_eq!(one["exchanges"], json!(1), "the calls of one exchange are one exchange");
    assert!(fires(false).0.is_empty(), "an import of sessions that works");
}

#[test]
fn tools_of_mcp_in_a_batch_and_by_events_are_operations() {
    let mut traffic = Traffic::default();
    for n in 0..4 {
        let tool = |id: usize, name: &str| {
            rpc(id, "tools/call", &json!({ "name": name, "arguments": { "q": n } }))
        };
        let asked = json!([tool(1, "search"), tool(2, "refund")]);
        let event = |value: Value| format!("event: message\ndata: {value}\n\n");
        let stream = event(
            json!({ "jsonrpc": "2.0", "method": "notifications/progress", "params": {} }),
        ) + &event(json!({ "jsonrpc": "2.0", "id": 2, "result": { "content": [] } }))
            + &event(
                json!({ "jsonrpc": "2.0", "id": 1, "result": { "content": [{ "text": "a@example.com" }] } }),
            );
        let rest = json!({
            "request": { "headers": [["content-type", "application/json"]], "body": asked.to_string() },
            "response": { "status": 200, "headers": [["content-type", "text/event-stream"]], "body": stream },
        });
        traffic.add(&client(n), "POST", "/mcp", rest);
    }
    let found = traffic.analyze(&[]);
    for tool in ["search", "refund"] {
        let one = of(&found, "/mcp", &format!("tools/call {tool}"));
        assert_eq!((&one["requests"], &one["protocol"]), (&json!(4), &json!("mcp")));
    }
    let search = &of(&found, "/mcp", "tools/call search")["data_classes"][0];
    assert_eq!(search["location"], json!("body:/result/content/*/text"));
    let messages = &of(&found, "/mcp", "[batch]")["conversation"]["messages"];
    assert_eq!(messages, &json!([]), "what is in a batch belongs to its members");
}

#[test]
fn a_document_is_known_by_its_hash_once_it_was_told() {
    let mut traffic = Traffic::default();
    let hash = json!({ "persistedQuery": { "version": 1, "sha256Hash": "ab12" } });
    let by_hash = json!({ "operationName": "Who", "extensions": hash });
    let not_found = json!({ "errors": [{ "message": "PersistedQueryNotFound" }] });
    traffic.post("198.51.100.1", "/graphql", &by_hash, &not_found);
    let told = json!({ "query": "query Who { user { email } }", "extensions": hash });
    let data = json!({ "data": { "user": { "email": "ada@example.com" } } });
    traffic.post("198.51.100.1", "/graphql", &told, &data);
    traffic.post("198.51.100.2", "/graphql", &by_hash, &data);
    traffic.post("198.51.100.2", "/graphql", &json!([{ "extensions": hash }]), &json!([data]));
    let url = "/graphql?extensions=%7B%22persistedQuery%22%3A%7B%22version%22%3A1%2C%22sha256Hash%22%3A%22ab12%22%7D%7D";
    let kind = json!([["content-type", "application/json"]]);
    let answer = json!({ "status": 200, "headers": kind, "body": data.to_string() });
    traffic.add("198.51.100.3", "GET", url, json!({ "request": {}, "response": answer }));
    let found = traffic.analyze(&[]);
    let endpoints = found["endpoints"].as_array().expect("a list").iter();
    let users = endpoints.filter(|e| e["operation"] == "query user");
    let mut users: Vec<_> = users.map(|e| (e["method"].clone(), e["requests"].clone())).collect();
    users.sort_by_key(|(method, _)| method.to_string());
    assert_eq!(users, [(json!("GET"), json!(1)), (json!("POST"), json!(3))]);
}

#[test]
fn messages_and_what_they_call_are_learned() {
    let mut traffic = Traffic::default();
    for n in 0..3 {
        let said = |direction: &str, data: Value| json!({ "direction": direction, "data": data.to_string(), "text": true });
        let query =
            json!({ "query": "subscription { added { email } }", "variables": { "room": n } });
        let event = json!({ "data": { "added": { "email": "ada@example.com" } } });
        let messages = json!([
            said("client", json!({ "type": "connection_init" })),
            said("server", json!({ "type": "connection_ack" })),
            said("client", json!({ "id": "1", "type": "subscribe", "payload": query })),
            said("server", json!({ "id": "1", "type": "next", "payload": event })),
            said("server", json!({ "id": "1", "type": "next", "payload": event })),
            said("server", json!({ "id": "1", "type": "complete" })),
        ]);
        let rest = json!({
            "request": { "headers": [["upgrade", "websocket"], ["connection", "upgrade"]] },
            "response": { "status": 101, "headers": [["upgrade", "websocket"]] },
            "messages": messages,
        });
        traffic.add(&client(n), "GET", "/live", rest);
        let stream = "event: next\ndata: {\"data\":{\"added\":{\"email\":\"ada@example.com\"}}}\n\nevent: complete\ndata:\n\n";
        let asked = json!({ "query": "subscription { added { email } }" }).to_string();
        let rest = json!({
            "request": { "headers": [["content-type", "application/json"]], "body": asked },
            "response": { "status": 200, "headers": [["content-type", "text/event-stream"]], "body": stream },
        });
        traffic.add(&client(n), "POST", "/stream", rest);
    }
    let found = traffic.analyze(&[]);
    let live = of(&found, "/live", "subscription added");
    assert_eq!((&live["protocol"], &live["requests"]), (&json!("graphql"), &json!(3)));
    assert_eq!(live["data_classes"][0]["location"], json!("body:/data/added/email"));
    let kinds = |endpoint: &Value| -> Vec<String> {
        let all = endpoint["conversation"]["messages"].as_array().expect("a list").iter();
        let text = |value: &Value| value.as_str().unwrap_or("").to_owned();
        all.map(|m| format!("{} {} {}", text(&m["direction"]), text(&m["name"]), m["count"]))
            .collect()
    };
    assert_eq!(
        kinds(of(&found, "/live", "")),
        [
            "request connection_init 3",
            "request subscribe 3",
            "response complete 3",
            "response connection_ack 3",
            "response next 6"
        ]
    );
    let stream = of(&found, "/stream", "subscription added");
    assert_eq!(kinds(stream), ["response complete 3", "response next 3"]);
    let places = stream["data_classes"].as_array().expect("a list").iter();
    let places: Vec<_> = places.map(|c| &c["location"]).collect();
    assert_eq!(places, [&json!("body:/*/data/data/added/email")]);
}

#[test]
fn what_is_accepted_is_joined_to_its_end() {
    let mut traffic = Traffic::default();
    let kind = json!([["content-type", "application/json"]]);
    for n in 0..4 {
        let asked = json!({ "callback_url": "https://api.example.com/partners/export-done" });
        let accepted = json!([
            ["content-type", "application/json"],
            ["location", format!("/v1/jobs/{}", n + 700)]
        ]);
        let rest = json!({
            "request": { "headers": kind, "body": asked.to_string() },
            "response": { "status": 202, "headers": accepted, "body": "{\"state\":\"running\"}" },
        });
        traffic.add(&client(n), "POST", "/v1/exports", rest);
        let rest = json!({
            "request": {},
            "response": { "status": 200, "headers": kind, "body": "{\"state\":\"done\"}" },
        });
        traffic.add(&client(n), "GET", &format!("/v1/jobs/{}", n + 700), rest);
        traffic.post("203.0.113.50", "/partners/export-done", &json!({ "job": n }), &json!({}));
        let signed = json!([
            ["content-type", "application/json"],
            ["webhook-id", "m"],
            ["webhook-signature", "s"]
        ]);
        let rest = json!({
            "request": { "headers": signed, "body": "{\"type\":\"paid\"}" },
            "response": { "status": 204, "headers": [] },
        });
        traffic.add("203.0.113.60", "POST", "/hooks/payments", rest);
    }
    let found = traffic.analyze(&[]);
    let (jobs, done) =
        (of(&found, "/v1/jobs/{job_id}", ""), of(&found, "/partners/export-done", ""));
    let ends = &of(&found, "/v1/exports", "")["conversation"]["completed"];
    let ends: Vec<_> = ends.as_array().expect("a list").iter().collect();
    let mut told: Vec<_> =
        ends.iter().map(|e| (e["by"].to_string(), &e["endpoint_id"], &e["exchanges"])).collect();
    told.sort_by(|a, b| a.0.cmp(&b.0));
    assert_eq!(
        told,
        [
            ("\"callback\"".to_owned(), &done["id"], &json!(4)),
            ("\"poll\"".to_owned(), &jobs["id"], &json!(4))
        ]
    );
    let deliveries = |path: &str| of(&found, path, "")["conversation"]["deliveries"].clone();
    assert_eq!(deliveries("/hooks/payments"), json!(4));
    assert_eq!(deliveries("/partners/export-done"), json!(4));
    assert_eq!(deliveries("/v1/exports"), json!(0));
}

#[test]
fn calls_beyond_those_that_are_looked_at_are_counted() {
    let mut traffic = Traffic::default();
    let asked: Value = (0..70).map(|id| rpc(id, "ping", &json!([]))).collect();
    let answer = (0..70).map(|id| json!({ "jsonrpc": "2.0", "id": id, "result": "pong" }));
    traffic.post("198.51.100.1", "/rpc", &asked, &answer.rev().collect());
    let found = traffic.analyze(&[]);
    assert_eq!(of(&found, "/rpc", "ping")["requests"], json!(64));
    let gaps = found["summary"]["not_inspected"].as_array().expect("a list").iter();
    let mut beyond = gaps.filter(|gap| gap["name"] == "request:calls_beyond_64");
    assert_eq!(beyond.next().map(|gap| &gap["count"]), Some(&json!(6)));
}
