//! What counts as a solution. That it is asked for and used once is tested in front of a real server.

use super::*;

fn captcha(more: &str) -> Result<Captcha, Problem> {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("secret");
    std::fs::write(&path, "a secret&more\n").expect("written");
    let settings = format!(
        "{{url: 'http://127.0.0.1:1/siteverify', secret: 'file:{}', site_key: k{more}}}",
        path.display()
    );
    let config: CaptchaConfig = serde_saphyr::from_str(&settings).expect("settings");
    Captcha::compile("a", &config, &Surroundings::embedded(HashKey::new([1; 32])))
}

fn judged(more: &str, answer: &str) -> Result<(), &'static str> {
    captcha(more).expect("compiles").judge(&read(answer.as_bytes()).expect("an answer"))
}

#[test]
fn an_answer_has_to_say_all_that_is_demanded() {
    assert_eq!(judged("", r#"{"success": true}"#), Ok(()));
    assert_eq!(judged("", r#"{"success": false, "error-codes": []}"#), Err("captcha-wrong"));
    let all = ", hostnames: [www.example.com], action: sign-up, min_score_percent: 50";
    let answer = |host: &str, action: &str, score: &str| {
        format!(
            r#"{{"success": true, "hostname": "{host}", "action": "{action}", "score": {score}}}"#
        )
    };
    for (answer, expected) in [
        (answer("WWW.example.com", "sign-up", "0.5"), Ok(())),
        (answer("evil.example", "sign-up", "0.9"), Err("captcha-hostname")),
        (answer("www.example.com.evil.example", "sign-up", "0.9"), Err("captcha-hostname")),
        (answer("www.example.com", "login", "0.9"), Err("captcha-action")),
        (answer("www.example.com", "sign-up", "0.49"), Err("captcha-score")),
        (answer("www.example.com", "sign-up", "\"0.9\""), Err("captcha-score")),
        (answer("www.example.com", "sign-up", "null"), Err("captcha-score")),
        (r#"{"success": true}"#.to_owned(), Err("captcha-hostname")),
    ] {
        assert_eq!(judged(all, &answer), expected, "{answer}");
    }
}

#[test]
fn what_is_no_answer_is_not_taken_for_one() {
    for wrong in [
        "",
        "true",
        "[]",
        "{}",
        r#"{"success": "true"}"#,
        r#"{"success": 1}"#,
        r#"{"success": false, "success": true}"#,
        "<html>",
    ] {
        assert!(read(wrong.as_bytes()).is_err(), "{wrong}");
    }
}

#[test]
fn a_solution_is_one_line_of_bounded_length() {
    let captcha = captcha("").expect("compiles");
    let name = HeaderName::from_static("captcha-response");
    let sent = |text: &str| {
        HeaderMap::from_iter([(name.clone(), HeaderValue::from_str(text).expect("a value"))])
    };
    assert!(captcha.sent(&sent(&"a".repeat(SOLUTION_BYTES))).is_ok());
    for (fields, reason) in [
        (HeaderMap::new(), "captcha-unsolved"),
        (sent(""), "captcha-malformed"),
        (sent("a b"), "captcha-malformed"),
        (sent(&"a".repeat(SOLUTION_BYTES + 1)), "captcha-malformed"),
    ] {
        assert_eq!(captcha.sent(&fields).err(), Some(reason));
    }
    let mut twice = sent("a");
    twice.append(name.clone(), HeaderValue::from_static("b"));
    assert_eq!(captcha.sent(&twice).err(), Some("captcha-several"));
    // What is sent on cannot add members to the form.
    let form = captcha.form("x&success=1", IpAddr::from([192, 0, 2, 1]));
    assert_eq!(&form[..], b"secret=a+secret%26more&response=x%26success%3D1&remoteip=192.0.2.1");
}

#[test]
fn what_cannot_be_meant_is_refused() {
    for (more, key) in [
        (", min_score_percent: 0", "min_score_percent"),
        (", min_score_percent: 101", "min_score_percent"),
        (", header: 'a b'", "header"),
        (", header: Authorization", "header"),
        (", fetch: {timeout_ms: 1}", "fetch.timeout_ms"),
    ] {
        assert_eq!(captcha(more).err().map(|problem| problem.key), Some(key.to_owned()), "{more}");
    }
}
