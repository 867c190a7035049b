//! Deliveries that are not what they have to be, and a few that are. Signatures are made here, but for those of published
//! examples.

use bartizan_model::HashKey;
use bytes::Bytes;

use super::*;
use crate::phases::Streamed;

const SECRET: &str = "It's a Secret to Everybody";
const NOW: i64 = 1_614_265_330;

/// A policy with these secrets.
fn compile(text: &str, secrets: &[&str]) -> Result<Webhook, Problem> {
    let folder = tempfile::tempdir().expect("a folder");
    let mut config: WebhookConfig =
        serde_saphyr::from_str(&text.replace('}', ", secrets: []}")).expect(text);
    for (at, secret) in secrets.iter().enumerate() {
        let path = folder.path().join(at.to_string());
        std::fs::write(&path, secret).expect("written");
        config.secrets.push(format!("file:{}", path.display()));
    }
    Webhook::compile("hooks", &config, &HashKey::new([1; 32]))
}

fn rule(text: &str) -> Webhook {
    compile(text, &[SECRET]).expect(text)
}

fn generic(text: &str) -> Webhook {
    let mut config: WebhookConfig = serde_saphyr::from_str(text).expect(text);
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("secret");
    std::fs::write(&path, SECRET).expect("written");
    config.secrets = vec![format!("file:{}", path.display())];
    Webhook::compile("hooks", &config, &HashKey::new([1; 32])).expect(text)
}

fn mac(secret: &[u8], text: &[u8]) -> String {
    let key = hmac::Key::new(hmac::HMAC_SHA256, secret);
    hmac::sign(&key, text).as_ref().iter().map(|byte| format!("{byte:02x}")).collect()
}

fn fields(list: &[(&str, &str)]) -> HeaderMap {
    let mut fields = HeaderMap::new();
    for (name, value) in list {
        let name = HeaderName::from_bytes(name.as_bytes()).expect("a name");
        fields.append(name, value.parse().expect("a value"));
    }
    fields
}

/// By what it is known, or why it is refused.
fn take(
    rule: &Webhook,
    list: &[(&str, &str)],
    body: &[u8],
    now: i64,
) -> Result<KeyedHash, &'static str> {
    let (fields, now) = (fields(list), Timestamp::from_seconds(now));
    rule.check_head(&fields, now).map_err(|refusal| refusal.reason)?;
    let body = Bytes::copy_from_slice(body);
    let verified = rule.verify(&fields, BodyView::Whole(&body), now);
    verified.expect("the head is good").map_err(|refusal| refusal.reason)
}

/// The example of <https://docs.github.com/en/webhooks/using-webhooks/validating-webhook-deliveries>.
#[test]
fn github_signs_the_body() {
    let rule = rule("{scheme: github}");
    let good = "sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17";
    let body = b"Hello, World!";
    assert!(take(&rule, &[("X-Hub-Signature-256", good)], body, NOW).is_ok());
    let upper = good.replace("757107ea0eb2509fc2", "757107EA0EB2509FC2");
    assert!(take(&rule, &[("x-hub-signature-256", &upper)], body, NOW).is_ok());
    let cut = &good[..good.len() - 2];
    let long = format!("{good}00");
    let zero = format!("sha256={}", "0".repeat(64));
    let (other, shouted) = (good.replace("sha256", "sha1"), good.replace("sha256", "SHA256"));
    let cases: [(&[(&str, &str)], &str); 11] = [
        (&[], "signature-missing"),
        (
            &[("x-hub-signature", "sha1=01dc10d0c83e72ed246219cdd91669667fe2ca59")],
            "signature-missing",
        ),
        (&[("x-hub-signature-256", good), ("x-hub-signature-256", good)], "signature-several"),
        (&[("x-hub-signature-256", "")], "signature-malformed"),
        (&[("x-hub-signature-256", "sha256=")], "signature-malformed"),
        (&[("x-hub-signature-256", cut)], "signature-malformed"),
        (&[("x-hub-signature-256", &long)], "signature-malformed"),
        (&[("x-hub-signature-256", &good[7..])], "signature-malformed"),
        (&[("x-hub-signature-256", &other)], "signature-malformed"),
        (&[("x-hub-signature-256", &shouted)], "signature-malformed"),
        (&[("x-hub-signature-256", &zero)], "signature-wrong"),
    ];
    for (list, reason) in cases {
        assert_eq!(take(&rule, list, body, NOW), Err(reason), "{list:?}");
    }
    let list = [("x-hub-signature-256", good)];
    for body in [&b"Hello, World?"[..], b"", b"Hello, World!\n", b"\xef\xbb\xbfHello, World!"] {
        assert_eq!(take(&rule, &list, body, NOW), Err("signature-wrong"), "{body:?}");
    }
}

/// What GitHub calls a delivery is not signed: who replays one could call it otherwise.
#[test]
fn an_unsigned_name_does_not_tell_deliveries_apart() {
    let rule = rule("{scheme: github}");
    let value = format!("sha256={}", mac(SECRET.as_bytes(), b"{}"));
    let named = |name| {
        take(
            &rule,
            &[("x-hub-signature-256", value.as_str()), ("x-github-delivery", name)],
            b"{}",
            NOW,
        )
    };
    assert!(named("1").is_ok());
    assert_eq!(named("1"), named("2"));
    let other = format!("sha256={}", mac(SECRET.as_bytes(), b"{ }"));
    assert_ne!(named("1"), take(&rule, &[("x-hub-signature-256", other.as_str())], b"{ }", NOW));
}

/// The example of <https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md>.
#[test]
fn standard_webhooks_sign_name_time_and_body() {
    let secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
    let (id, body) = ("msg_p5jXN8AQM9LWM0D4loKWxJek", br#"{"test": 2432232314}"#);
    let good = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=";
    let other = "v1,AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=";
    let take = |rule: &Webhook, id: &str, time: &str, signature: &str, now| {
        let list =
            [("webhook-id", id), ("webhook-timestamp", time), ("webhook-signature", signature)];
        take(rule, &list, body, now)
    };
    let rule = compile("{scheme: standard}", &[secret]).expect("compiles");
    let bare = compile("{scheme: standard}", &[&secret[6..]]).expect("compiles");
    let time = NOW.to_string();
    let key = take(&rule, id, &time, good, NOW);
    assert!(key.is_ok());
    assert_eq!(take(&bare, id, &time, good, NOW + 300), key, "300 seconds are near enough");
    assert_eq!(take(&rule, id, &time, good, NOW - 300), key);
    for now in [NOW - 301, NOW + 301, 0, 4_000_000_000] {
        assert_eq!(take(&rule, id, &time, good, now), Err("timestamp-outside"), "{now}");
    }
    // While a secret is replaced there are several, and some of other kinds.
    for several in [format!("{other} {good}"), format!("v1a,abc {good} v2,x")] {
        assert_eq!(take(&rule, id, &time, &several, NOW), key, "{several}");
    }
    let many = vec![other; 20].join(" ");
    for (id, time, signature, reason) in [
        (id, time.as_str(), other, "signature-wrong"),
        (id, time.as_str(), "v1,", "signature-malformed"),
        (
            id,
            time.as_str(),
            "v2,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
            "signature-malformed",
        ),
        (id, time.as_str(), &good[3..], "signature-malformed"),
        (id, time.as_str(), many.as_str(), "signature-malformed"),
        ("msg_other", time.as_str(), good, "signature-wrong"),
        ("", time.as_str(), good, "signed-field-malformed"),
        ("msg.1", time.as_str(), good, "signed-field-malformed"),
        (id, "1614265331", good, "signature-wrong"),
        (id, "01614265330", good, "signature-wrong"),
        (id, "-1614265330", good, "timestamp-malformed"),
        (id, "soon", good, "timestamp-malformed"),
    ] {
        assert_eq!(take(&rule, id, time, signature, NOW), Err(reason), "{id} {time} {signature}");
    }
    let list = [("webhook-id", id), ("webhook-signature", good)];
    assert_eq!(self::take(&rule, &list, body, NOW), Err("signed-field-missing"));
    let list = [
        ("webhook-id", id),
        ("webhook-id", id),
        ("webhook-timestamp", time.as_str()),
        ("webhook-signature", good),
    ];
    assert_eq!(self::take(&rule, &list, body, NOW), Err("signed-field-missing"));
}

#[test]
fn the_same_is_known_again_when_it_is_signed_anew() {
    let (old, new) = ("the old secret of it", "the new secret of it");
    let rule = compile("{scheme: stripe}", &[old, new]).expect("compiles");
    let take = |secret: &str, time: i64, body: &str| {
        let signature = mac(secret.as_bytes(), format!("{time}.{body}").as_bytes());
        let value = format!("t={time},v1={signature},v0=00");
        take(&rule, &[("stripe-signature", value.as_str())], body.as_bytes(), NOW)
    };
    let (one, other) = (r#"{"id":"evt_1","n":1}"#, r#"{"n":1}"#);
    let known = take(old, NOW, one);
    assert!(known.is_ok());
    assert_eq!(take(new, NOW + 9, one), known, "sent again, after the secret was replaced");
    assert_eq!(take(old, NOW, r#"{"n":2,"id":"evt_1"}"#), known, "the name is what counts");
    assert_ne!(take(old, NOW, r#"{"id":"evt_2","n":1}"#), known);
    // Without a name it is what is signed, but for the time.
    assert_eq!(take(old, NOW, other), take(new, NOW + 9, other));
    assert_ne!(take(old, NOW, other), known);
    assert_eq!(take("some other secret", NOW, one), Err("signature-wrong"));
    assert_eq!(take(old, NOW - 301, one), Err("timestamp-outside"));
    let twice =
        format!("t={NOW},t={NOW},v1={}", mac(old.as_bytes(), format!("{NOW}.{one}").as_bytes()));
    let list = [("stripe-signature", twice.as_str())];
    assert_eq!(self::take(&rule, &list, one.as_bytes(), NOW), Err("signature-malformed"));
    let timeless = format!("v1={}", mac(old.as_bytes(), one.as_bytes()));
    let list = [("stripe-signature", timeless.as_str())];
    assert_eq!(self::take(&rule, &list, one.as_bytes(), NOW), Err("timestamp-missing"));
}

#[test]
fn slack_signs_version_time_and_body() {
    let rule = rule("{scheme: slack}");
    let take = |time: &str, text: &str, body: &str| {
        let value = format!("v0={}", mac(SECRET.as_bytes(), text.as_bytes()));
        let list = [("x-slack-signature", value.as_str()), ("x-slack-request-timestamp", time)];
        take(&rule, &list, body.as_bytes(), NOW)
    };
    let form = "token=x&trigger_id=1";
    assert!(take(&NOW.to_string(), &format!("v0:{NOW}:{form}"), form).is_ok());
    assert_eq!(take(&NOW.to_string(), &format!("{NOW}:{form}"), form), Err("signature-wrong"));
    // The time that was signed, not one beside it.
    let later = (NOW + 1).to_string();
    assert_eq!(take(&later, &format!("v0:{NOW}:{form}"), form), Err("signature-wrong"));
    let event = r#"{"event_id":"Ev1"}"#;
    let known = take(&NOW.to_string(), &format!("v0:{NOW}:{event}"), event);
    assert_eq!(take(&later, &format!("v0:{later}:{event}"), event), known);
}

/// What is signed is what was transferred: a body is neither unpacked nor read first.
#[test]
fn bodies_are_signed_as_they_are_transferred() {
    let rule = rule("{scheme: github}");
    let packed =
        b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\x03\xab\xae\x05\x00C\xbf\xa6\xa3\x02\x00\x00\x00";
    let sign = |bytes: &[u8]| format!("sha256={}", mac(SECRET.as_bytes(), bytes));
    for (value, expected) in [(sign(packed), None), (sign(b"{}"), Some("signature-wrong"))] {
        let list = [("x-hub-signature-256", value.as_str()), ("content-encoding", "gzip")];
        assert_eq!(take(&rule, &list, packed, NOW).err(), expected);
    }
    let value = sign(b"{}");
    let fields = fields(&[("x-hub-signature-256", &value)]);
    let streamed = BodyView::Streamed(Streamed::TooLarge);
    let refused = rule.verify(&fields, streamed, Timestamp::from_seconds(NOW)).expect("asked");
    assert_eq!(refused.expect_err("refused").status, StatusCode::PAYLOAD_TOO_LARGE);
}

#[test]
fn others_are_described() {
    let rule = generic(
        "{scheme: generic, secrets: [], generic: {header: x-signature, prefix: 'hmac ', encoding: base64_url, \
         signed: '{header.x-delivery}.{body}', id_header: X-Delivery}}",
    );
    let take = |delivery: &str, text: &str| {
        let key = hmac::Key::new(hmac::HMAC_SHA256, SECRET.as_bytes());
        let tag = hmac::sign(&key, text.as_bytes());
        let value = base64::engine::general_purpose::URL_SAFE.encode(tag.as_ref());
        let value = format!("hmac {value}");
        take(&rule, &[("x-signature", value.as_str()), ("x-delivery", delivery)], b"{}", 0)
    };
    let known = take("1", "1.{}");
    assert!(known.is_ok());
    assert_ne!(take("2", "2.{}"), known);
    assert_eq!(take("2", "1.{}"), Err("signature-wrong"));
    let sha1 = generic(
        "{scheme: generic, secrets: [], generic: {header: x-s, algorithm: sha1, signed: '{body}'}}",
    );
    let value = mac(SECRET.as_bytes(), b"{}");
    let list = [("x-s", value.as_str())];
    assert_eq!(self::take(&sha1, &list, b"{}", 0), Err("signature-malformed"));
}

/// Who has one signed delivery cannot make another one of it by moving the border between what is signed.
#[test]
fn what_is_signed_is_parted_in_one_way() {
    let malformed = Err("signed-field-malformed");
    for (signed, good, moved) in [
        // The end of the body as a field, and as much of the field as the body: whatever is behind the body.
        ("{body}.{header.x-a}", ("pay 1", "v.1"), None),
        ("{body}.{header.x-a}", ("pay 1.9", "v1"), Some(("pay 1", "9.v1"))),
        ("{body}..{header.x-a}", ("pay 1.", "v"), Some(("pay 1", ".v"))),
        ("{header.x-a}.{body}", ("9.pay", "v"), Some(("pay", "v.9"))),
        ("{header.x-a}..{body}", (".pay", "v"), Some(("pay", "v."))),
        ("{header.x-a}aba{body}", ("ba", "v"), Some(("", "vab"))),
        ("v0:{header.x-a}:{body}:end", ("a:end", "1"), Some(("end", "1:a"))),
    ] {
        let config = format!(
            "{{scheme: generic, secrets: [], generic: {{header: x-s, signed: '{signed}'}}}}"
        );
        let rule = generic(&config);
        let taken = |(body, field): (&str, &str), tag: &str| {
            take(&rule, &[("x-s", tag), ("x-a", field)], body.as_bytes(), 0).map(drop)
        };
        let text = |(body, field): (&str, &str)| {
            signed.replace("{body}", body).replace("{header.x-a}", field)
        };
        let tag = mac(SECRET.as_bytes(), text(good).as_bytes());
        let Some(moved) = moved else {
            assert_eq!(taken(good, &tag), malformed, "{signed}");
            continue;
        };
        assert_eq!(text(good), text(moved), "the same is signed");
        assert_eq!(taken(good, &tag), Ok(()), "{signed}");
        assert_eq!(taken(moved, &tag), malformed, "{signed}");
    }
}

#[test]
fn what_could_not_protect_is_refused() {
    assert!(compile("{scheme: github}", &[]).is_err());
    for secret in ["", "\n", "short", "fifteen bytes.."] {
        let problem = compile("{scheme: github}", &[SECRET, secret]).expect_err(secret);
        assert_eq!(problem.key, "secrets.1");
        assert!(secret.len() < 5 || !problem.problem.contains(secret), "{}", problem.problem);
    }
    for secret in ["whsec_", "whsec_AAAA", "whsec_not base64 but long enough for anything"] {
        assert!(compile("{scheme: standard}", &[secret]).is_err(), "{secret}");
    }
    assert!(compile("{scheme: github}", &[SECRET; 5]).is_err());
    for text in [
        "{scheme: generic}",
        "{scheme: github, tolerance_seconds: 0}",
        "{scheme: github, tolerance_seconds: 901}",
        "{scheme: github, remember_seconds: 3599}",
        "{scheme: github, id_member: ''}",
    ] {
        assert!(compile(text, &[SECRET]).is_err(), "{text}");
    }
    for text in [
        "{header: x-s, signed: '{body}', id_header: x-id}",
        "{header: x-s, signed: '{body}', timestamp_header: x-time}",
        "{header: 'x s', signed: '{body}'}",
        "{header: x-s, signed: 'body'}",
    ] {
        let config = format!("{{scheme: generic, secrets: ['env:PATH'], generic: {text}}}");
        let config: WebhookConfig = serde_saphyr::from_str(&config).expect("read");
        let compiled = Webhook::compile("a", &config, &HashKey::new([1; 32]));
        assert!(compiled.is_err_and(|problem| problem.key.starts_with("generic.")), "{text}");
    }
}

#[test]
fn a_name_is_read_at_the_top_of_a_body_only() {
    for (body, expected) in [
        (r#"{"a":{"id":"1"},"id":"2"}"#, Some("2")),
        (r#"{"id":"1","id":"2"}"#, Some("1")),
        (r#"{"id":1}"#, None),
        (r#"{"id":""}"#, None),
        (r#"[{"id":"1"}]"#, None),
        (r#"{"id":"1""#, None),
        ("", None),
        ("id=1", None),
    ] {
        assert_eq!(member(body.as_bytes(), "id").as_deref(), expected, "{body}");
    }
    let deep = format!("{}{}", r#"{"a":"#.repeat(100_000), "}".repeat(100_000));
    assert_eq!(member(deep.as_bytes(), "id"), None);
}
