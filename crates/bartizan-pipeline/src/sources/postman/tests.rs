use bartizan_model::BodyState;

use super::{
    super::{
        OpenOptions,
        tests::{drain, read, split},
    },
    *,
};

const COLLECTION: &str = r#"{
 "info": {"_postman_id": "x", "name": "Shop", "schema": "https://schema.getpostman.com/json/collection/v2.1.0/collection.json"},
 "variable": [{"key": "token", "value": "t-1"}, {"key": "empty", "value": ""}],
 "item": [
  {"name": "Folder", "item": [
   {"name": "Order", "request": {"method": "POST", "header": [{"key": "X-Token", "value": "{{token}}"}, {"key": "X-Off", "value": "1", "disabled": true}],
     "url": {"raw": "{{baseUrl}}/v1/orders/:id?x=1", "variable": [{"key": "id", "value": "7/8"}]},
     "body": {"mode": "raw", "raw": "{\"a\":1}", "options": {"raw": {"language": "json"}}}},
    "response": [{"name": "made", "code": 201, "header": [{"key": "Content-Type", "value": "application/json"}], "body": "{}", "responseTime": 12},
                 {"name": "no", "originalRequest": {"method": "PUT", "url": "https://h.test/b"}, "code": 404, "header": null, "body": null}]},
   {"name": "Unanswered", "request": "https://h.test/c", "response": []}]},
  {"name": "Form", "request": {"method": "POST", "url": {"protocol": "https", "host": ["h", "test"], "path": ["d"]},
     "body": {"mode": "urlencoded", "urlencoded": [{"key": "a b", "value": "1&2"}]}},
   "response": [{"code": 200, "body": "ok"}, 7]}
 ]}"#;

#[test]
fn saved_answers_are_exchanges() {
    let (exchanges, skipped) = split(read("shop.json", COLLECTION.as_bytes()));
    assert_eq!(skipped, ["no_saved_answer at entry 3", "wrong_shape at entry 5"]);
    let shown: Vec<_> = exchanges
        .iter()
        .map(|e| {
            let status = e.response.as_ref().map_or(0, |r| r.status);
            format!("{} {}{} {status}", e.request.method, e.request.authority, e.request.target)
        })
        .collect();
    assert_eq!(shown, ["POST /v1/orders/7%2F8?x=1 201", "PUT h.test/b 404", "POST h.test/d 200"]);
    let first = &exchanges[0];
    assert_eq!(first.request.headers.get("x-token"), Some("t-1"));
    assert!(!first.request.headers.contains("x-off") && first.time.is_none());
    assert_eq!(first.request.headers.get("content-type"), Some("application/json"));
    assert_eq!((&*first.request.body, first.duration_ms), (&b"{\"a\":1}"[..], Some(12.0)));
    assert_eq!(&*exchanges[2].request.body, b"a+b=1%262");
    assert_eq!(exchanges[1].request.body_state, BodyState::Complete);
}

#[test]
fn reading_goes_on_by_number() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("shop.json");
    std::fs::write(&path, COLLECTION).expect("writes");
    let options = OpenOptions::new();
    let mut source = options.open(&path).expect("opens");
    let all = format!("{:?}", drain(&mut *options.open(&path).expect("opens")));
    let mut given = Vec::new();
    loop {
        let checkpoint = source.checkpoint();
        let mut rest = drain(&mut *options.resume(&path, &checkpoint).expect("goes on"));
        let mut both: Vec<_> = std::mem::take(&mut given);
        let count = both.len();
        both.append(&mut rest);
        assert_eq!(format!("{both:?}"), all, "after {count}");
        both.truncate(count);
        given = both;
        match source.next() {
            Some(item) => given.push(item),
            None => break,
        }
    }
}

#[test]
fn what_is_too_large_too_deep_or_none_is_named() {
    let deep = format!(
        "{{\"info\":{{\"schema\":\"postman\"}},\"item\":{}{}}}",
        "[{\"item\":".repeat(DEPTH + 2),
        "[]".to_owned() + &"}]".repeat(DEPTH + 2)
    );
    let end = format!("{:?}", read("x.json", deep.as_bytes()));
    assert!(end.contains("TooDeep"), "{end}");
    let limits = SourceLimits { document_bytes: 100, ..SourceLimits::default() };
    let mut source = OpenOptions::new()
        .limits(limits)
        .open_reader("x.json", std::io::Cursor::new(COLLECTION))
        .expect("opens");
    assert!(format!("{:?}", drain(&mut *source)).contains("EntryTooLarge"));
    let cut = COLLECTION.get(..900).expect("long");
    assert!(format!("{:?}", read("x.json", cut.as_bytes())).contains("NotJson"));
}
