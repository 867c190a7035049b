//! Values that come again, in every spelling.

use bytes::Bytes;
use http::header;

use super::*;

fn rule(text: &str) -> Result<SingleUse, Problem> {
    let config: SingleUseConfig = serde_saphyr::from_str(text).expect("a configuration");
    SingleUse::compile("a", &config, &Surroundings::embedded(HashKey::new([1; 32])))
}

fn values(rule: &SingleUse, media_type: &'static str, body: &str) -> Result<usize, String> {
    let fields = [(header::CONTENT_TYPE, HeaderValue::from_static(media_type))];
    let bytes = Bytes::copy_from_slice(body.as_bytes());
    match rule.in_body(
        &fields,
        BodyView::Whole(&bytes),
        &mut Readings::default(),
        &mut BTreeSet::new(),
    ) {
        Ok(keys) => Ok(keys.len()),
        Err(refusal) => Err(refusal.code.to_owned()),
    }
}

#[test]
fn values_are_found_in_json_and_forms() {
    let rule = rule("{members: [token, code]}").expect("compiles");
    let (json, form) = ("application/json", "application/x-www-form-urlencoded");
    for (media_type, body, expected) in [
        (json, r#"{"token":"a","x":{"code":"b"}}"#, Ok(1)),
        (json, r#"{"token":"a","code":"b"}"#, Ok(2)),
        (json, r#"{"token":7,"code":""}"#, Ok(1)),
        (json, r#"{"other":"a"}"#, Ok(0)),
        (json, "", Ok(0)),
        (form, "token=a&x=b", Ok(1)),
        (json, r#"{"token":null,"code":true}"#, Ok(0)),
        (json, r#"{"token":"a","token":"b"}"#, Err("ambiguous-member".to_owned())),
        (json, r#"{"token":"a","Token":"b"}"#, Err("ambiguous-member".to_owned())),
        (json, r#"{"token":["a"]}"#, Err("ambiguous-member".to_owned())),
        (form, "token=a&token=b", Err("ambiguous-member".to_owned())),
        (form, "token=a&token[]=b", Err("ambiguous-member".to_owned())),
        (form, "x=1&x=2&token=a", Ok(1)),
        (json, r#"{"token":"a""#, Err("not-readable".to_owned())),
    ] {
        assert_eq!(values(&rule, media_type, body), expected, "{body}");
    }
    // Padding is no way past the end of what is read, before the member or behind it.
    for order in [["\"token\":\"a\"", "PAD"], ["PAD", "\"token\":\"a\""]] {
        let padding = format!("\"pad\":\"{}\"", "x".repeat(200_000));
        let body = format!("{{{}}}", order.join(",").replace("PAD", &padding));
        assert_eq!(values(&rule, json, &body), Err("not-readable".to_owned()));
    }
    let streamed = BodyView::Streamed(crate::phases::Streamed::TooLarge);
    assert!(rule.in_body(&[], streamed, &mut Readings::default(), &mut BTreeSet::new()).is_err());
    let keys = |body: &str| {
        let fields = [(header::CONTENT_TYPE, HeaderValue::from_static(json))];
        let bytes = Bytes::copy_from_slice(body.as_bytes());
        rule.in_body(
            &fields,
            BodyView::Whole(&bytes),
            &mut Readings::default(),
            &mut BTreeSet::new(),
        )
        .ok()
    };
    let one = keys(r#"{"token":"12"}"#);
    for same in [
        r#"{"t\u006fken":"\u00312"}"#,
        r#"{"TOKEN":" 12\n"}"#,
        r#"{"token":12}"#,
        r#"{"token":12.0}"#,
    ] {
        assert_eq!(keys(same), one, "{same}");
    }
    assert_ne!(keys(r#"{"code":"12"}"#), one);
    let query = |text: &str| {
        let uri: Uri = text.parse().expect("a target");
        rule.in_query(&uri, &mut BTreeSet::new()).map_err(|refusal| refusal.code)
    };
    assert_eq!(query("/a?x=1&Tok%65n=%312"), Ok(one.expect("read")));
    assert_eq!(query("/a?token=1;token=2"), Err("ambiguous-member"));
    assert_eq!(query("/a?x=1"), Ok(Vec::new()));
}

#[test]
fn a_value_is_held_by_one_request_at_a_time_over_all_reloads() {
    let around = Surroundings::embedded(HashKey::new([1; 32]));
    let config: SingleUseConfig =
        serde_saphyr::from_str("{headers: [x-id]}").expect("a configuration");
    let compile = || SingleUse::compile("a", &config, &around).expect("compiles");
    let (before, after) = (compile(), compile());
    let now = timestamp(std::time::SystemTime::now());
    let take = |rule: &SingleUse, value: &[u8]| {
        rule.take(rule.key("x-id", value), now).map_err(|refusal| refusal.code)
    };
    let (held, _) = take(&before, b"1").expect("free");
    assert_eq!(take(&before, b"1").map(drop), Err("in-use"));
    assert_eq!(take(&after, b"1").map(drop), Err("in-use"), "after a reload");
    held.release();
    drop(held);
    let (held, _) = take(&after, b"1").expect("free again");
    held.spend();
    assert_eq!(take(&before, b"1").map(drop), Err("used-before"));
    // Of what nobody has said anything about, nobody knows that it was not used.
    drop(take(&before, b"2").expect("free"));
    assert_eq!(take(&before, b"2").map(drop), Err("used-before"));
    assert!(around.in_use.0.lock().expect("unpoisoned").is_empty());
}

#[test]
fn settings_that_cannot_work_are_refused() {
    for text in [
        "{}",
        "{members: ['']}",
        "{headers: ['a b']}",
        "{members: [a], remember_seconds: 0}",
        "{members: [a], remember_seconds: 99999999}",
    ] {
        assert!(rule(text).is_err(), "{text}");
    }
}
