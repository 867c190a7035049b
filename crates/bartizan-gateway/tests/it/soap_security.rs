//! SOAP messages with WS-Security, in front of a real upstream.

use std::{
    sync::atomic::{AtomicU32, Ordering::Relaxed},
    time::SystemTime,
};

use aws_lc_rs::digest::{SHA1_FOR_LEGACY_USE_ONLY, digest};
use bartizan_model::Timestamp;
use base64::{Engine as _, engine::general_purpose::STANDARD};

use crate::{
    enforcement::Guarded,
    harness::{Client, Response},
};

const PASSWORD: &str = "harbour-gate";
const WSS: &str = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss";
const BODY: &str = "<s:Body><m:Pay xmlns:m=\"urn:m\">1000</m:Pay></s:Body>";

/// A gateway that knows `ann`; `settings` are more of its policy, `more` other policies.
async fn guarded(settings: &str, more: &str) -> Guarded {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("password");
    std::fs::write(&path, PASSWORD).unwrap();
    let file = path.display();
    Guarded::new(&format!(
        "[{{name: messages, mode: enforce, scope: {{paths: [/soap]}}, ws_security: {{timestamp: false, {settings} \
         username: {{secrets: [{{name: ann, secret: 'file:{file}', scopes: [pay]}}]}}}}}}, {more}]"
    ))
    .await
}

const WHO: &str =
    "{name: who, mode: enforce, authentication: {any_of: [ws_security], scopes: [pay]}}";

/// A message of a user, with a nonce that no other has.
fn message(name: &str, password: &str) -> String {
    static COUNT: AtomicU32 = AtomicU32::new(0);
    let nonce = COUNT.fetch_add(1, Relaxed).to_be_bytes();
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap();
    let created = Timestamp::from_seconds(i64::try_from(since.as_secs()).unwrap()).to_string();
    let parts = [&nonce[..], created.as_bytes(), password.as_bytes()].concat();
    let made = STANDARD.encode(digest(&SHA1_FOR_LEGACY_USE_ONLY, &parts));
    format!(
        "<s:Envelope xmlns:s=\"http://schemas.xmlsoap.org/soap/envelope/\"><s:Header>\
         <w:Security xmlns:w=\"{WSS}-wssecurity-secext-1.0.xsd\" xmlns:u=\"{WSS}-wssecurity-utility-1.0.xsd\">\
         <w:UsernameToken><w:Username>{name}</w:Username>\
         <w:Password Type=\"{WSS}-username-token-profile-1.0#PasswordDigest\">{made}</w:Password>\
         <w:Nonce>{}</w:Nonce><u:Created>{created}</u:Created></w:UsernameToken></w:Security></s:Header>{BODY}</s:Envelope>",
        STANDARD.encode(nonce)
    )
}

fn request(head: &str, body: &[u8]) -> Vec<u8> {
    let head = format!("{head}\r\nHost: a\r\nContent-Length: {}\r\n\r\n", body.len());
    [head.as_bytes(), body].concat()
}

async fn post(guarded: &Guarded, kind: &str, body: impl AsRef<[u8]>) -> Response {
    let head = format!("POST /soap HTTP/1.1\r\nContent-Type: {kind}");
    Client::ask(guarded.gateway.addresses()[0], request(&head, body.as_ref())).await
}

const XML: &str = "text/xml; charset=utf-8";

#[tokio::test]
async fn who_a_message_is_from_is_known_with_its_body() {
    let allowed = "{name: ann, mode: enforce, authorization: {allow: [{subjects: [ann]}]}}";
    let guarded = guarded("", &format!("{WHO}, {allowed}")).await;
    let sent = message("ann", PASSWORD);
    assert_eq!(post(&guarded, XML, &sent).await.status, 200);
    assert_eq!(guarded.upstream.seen()[0].body, sent.as_bytes(), "the message is as it was");
    let again = post(&guarded, XML, &sent).await;
    assert_eq!((again.status, again.text().contains("ws-security-refused")), (401, true));
    assert_eq!(again.field("www-authenticate"), Some("WS-Security realm=\"api\""));
    let wrong = post(&guarded, XML, message("ann", "other")).await;
    assert!(wrong.status == 401 && !wrong.text().contains("password"), "{}", wrong.text());
    // Elsewhere nobody is identified by a message.
    let head = format!("POST /other HTTP/1.1\r\nContent-Type: {XML}");
    let other = request(&head, message("ann", PASSWORD).as_bytes());
    assert_eq!(Client::ask(guarded.gateway.addresses()[0], other).await.status, 401);
    assert_eq!(guarded.upstream.seen().len(), 1);
    let metrics = guarded.metrics();
    for reason in ["used-before", "password-wrong"] {
        assert!(metrics.contains(&format!("reason=\"{reason}\"")), "{metrics}");
    }
}

#[tokio::test]
async fn who_it_is_decides_what_they_may() {
    let denied = "{name: bob, mode: enforce, authorization: {allow: [{subjects: [bob]}]}}";
    let guarded = guarded("", denied).await;
    assert_eq!(post(&guarded, XML, message("ann", PASSWORD)).await.status, 403);
    assert!(guarded.upstream.seen().is_empty());
}

#[tokio::test]
async fn what_can_be_read_in_two_ways_is_not_read() {
    let guarded = guarded("", WHO).await;
    let text = message("ann", PASSWORD);
    let utf16: Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
    let declared = format!("<?xml version=\"1.0\" encoding=\"utf-16\"?>{text}");
    for (kind, body, status) in [
        ("text/xml; charset=utf-16", text.as_bytes(), 415),
        ("text/xml; charset=\"iso-8859-1\"", text.as_bytes(), 415),
        ("text/xml; charset=utf-8; charset=utf-16", text.as_bytes(), 415),
        ("text/xml", utf16.as_slice(), 415),
        (XML, declared.as_bytes(), 415),
        (XML, &b"\xef\xbb\xbf<a/>"[..], 415),
        ("application/json", text.as_bytes(), 415),
        ("text/xml, application/json", text.as_bytes(), 415),
        ("multipart/related; boundary=x; type=\"text/xml\"", text.as_bytes(), 415),
        ("text/xml\r\nContent-Encoding: gzip", text.as_bytes(), 415),
        (XML, &b"<a/>"[..], 415),
        (XML, &b""[..], 401),
        (XML, &b"<!DOCTYPE a><a/>"[..], 401),
    ] {
        let answer = post(&guarded, kind, body).await;
        assert_eq!(answer.status, status, "{kind}: {}", String::from_utf8_lossy(body));
    }
    let large = text.replace("1000", &"1".repeat(300_000));
    assert_eq!(post(&guarded, XML, large).await.status, 413);
    let get =
        Client::ask(guarded.gateway.addresses()[0], "GET /soap HTTP/1.1\r\nHost: a\r\n\r\n").await;
    assert_eq!(get.status, 401);
    assert!(guarded.upstream.seen().is_empty());
    assert_eq!(
        post(&guarded, "application/soap+xml; charset=UTF-8; action=\"pay\"", text).await.status,
        200
    );
}

#[tokio::test]
async fn what_is_not_evaluated_is_told_by_name() {
    let assertion = "<x:Assertion xmlns:x=\"urn:oasis:names:tc:SAML:2.0:assertion\"/></w:Security>";
    let with = |text: String| text.replace("</w:Security>", assertion);
    let lax = guarded("on_unsupported: pass,", WHO).await;
    assert_eq!(post(&lax, XML, with(message("ann", PASSWORD))).await.status, 200);
    assert!(lax.metrics().contains("reason=\"saml-assertion\""));
    assert_eq!(post(&lax, XML, with(message("ann", "wrong"))).await.status, 401);
    let strict = guarded("", WHO).await;
    assert_eq!(post(&strict, XML, with(message("ann", PASSWORD))).await.status, 401);
}

/// In monitor mode nothing is refused, and who is verified is known all the same.
#[tokio::test]
async fn monitoring_refuses_nothing() {
    let text = "[{name: messages, ws_security: {username: {users: ['ann:$argon2id$v=19$m=19456,t=2,p=1$YmFydGl6YW4tbm9ib2R5$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA']}}}]";
    let guarded = Guarded::new(text).await;
    assert_eq!(post(&guarded, XML, "<a/>").await.status, 200);
    assert_eq!(post(&guarded, "application/json", "{}").await.status, 200);
    assert!(guarded.metrics().contains("would_refuse"));
}
