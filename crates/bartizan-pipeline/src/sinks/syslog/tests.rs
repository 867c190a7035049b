//! Messages as strict receivers read them, over real connections.

use std::sync::{Arc, Mutex};

use bartizan_model::{Event, EventType, Severity, Timestamp};
use tokio::{io::AsyncReadExt as _, net::TcpListener};
use tokio_rustls::{
    TlsAcceptor,
    rustls::{
        ServerConfig,
        crypto::aws_lc_rs,
        pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer},
    },
};

use super::{
    super::tests::{OUTSIDE, about, delivery, finding},
    *,
};

fn form(content: Content) -> Form {
    Form {
        facility: 16,
        content,
        hostname: "host".to_owned(),
        app_name: "bartizan".to_owned(),
        process: 42,
        enterprise_number: 32_473,
        most_bytes: 8_192,
    }
}

/// A message, taken apart.
#[derive(Debug)]
struct Read {
    priority: u32,
    fields: Vec<String>,
    data: Vec<(String, Vec<(String, String)>)>,
    text: String,
}

/// Takes frames apart by their length and messages by the grammar of RFC 5424 §6, and nothing else.
fn strictly(mut bytes: &[u8]) -> Result<Vec<Read>, String> {
    let mut out = Vec::new();
    while !bytes.is_empty() {
        let space = bytes.iter().position(|b| *b == b' ').ok_or("no length")?;
        let length = std::str::from_utf8(&bytes[..space]).map_err(|e| e.to_string())?;
        if length.starts_with('0') || !length.bytes().all(|b| b.is_ascii_digit()) {
            return Err(format!("length {length:?}"));
        }
        let length: usize = length.parse().map_err(|_| "a long length")?;
        let message = bytes.get(space + 1..space + 1 + length).ok_or("a short frame")?;
        out.push(message_of(std::str::from_utf8(message).map_err(|e| e.to_string())?)?);
        bytes = &bytes[space + 1 + length..];
    }
    Ok(out)
}

fn message_of(text: &str) -> Result<Read, String> {
    if text.chars().any(char::is_control) {
        return Err(format!("a control character in {text:?}"));
    }
    let rest = text.strip_prefix('<').ok_or("no priority")?;
    let (priority, rest) = rest.split_once(">1 ").ok_or("no version")?;
    let mut parts = rest.splitn(6, ' ');
    let fields: Vec<String> = parts.by_ref().take(5).map(str::to_owned).collect();
    let printed = |field: &String| !field.is_empty() && field.bytes().all(|b| b.is_ascii_graphic());
    if fields.len() != 5 || !fields.iter().all(printed) {
        return Err(format!("fields {fields:?}"));
    }
    let mut rest = parts.next().ok_or("no structured data")?.chars().peekable();
    let mut data = Vec::new();
    while rest.next_if_eq(&'[').is_some() {
        let name: String = std::iter::from_fn(|| rest.next_if(|c| !" ]".contains(*c))).collect();
        let mut values = Vec::new();
        while rest.next_if_eq(&' ').is_some() {
            let key: String = std::iter::from_fn(|| rest.next_if(|c| *c != '=')).collect();
            if rest.next() != Some('=') || rest.next() != Some('"') {
                return Err(format!("a value of {key:?}"));
            }
            let mut value = String::new();
            loop {
                match rest.next().ok_or("an endless value")? {
                    '"' => break,
                    ']' => return Err("a bare bracket".to_owned()),
                    '\\' => match rest.next() {
                        Some(c @ ('"' | '\\' | ']')) => value.push(c),
                        other => return Err(format!("escape of {other:?}")),
                    },
                    c => value.push(c),
                }
            }
            values.push((key, value));
        }
        if rest.next() != Some(']') {
            return Err("an endless element".to_owned());
        }
        data.push((name, values));
    }
    if rest.next() != Some(' ') || rest.next() != Some('\u{feff}') {
        return Err("no byte order mark".to_owned());
    }
    let priority = priority.parse().map_err(|_| "priority")?;
    Ok(Read { priority, fields, data, text: rest.collect() })
}

fn value<'a>(read: &'a Read, key: &str) -> &'a str {
    let own = read.data.iter().find(|(name, _)| name == "bartizan@32473").expect("ours");
    own.1.iter().find(|(name, _)| name == key).map_or("", |(_, value)| value)
}

#[test]
fn messages_are_as_they_are_published() {
    let event = about("Tokens are not \"checked\"").event;
    let frame = String::from_utf8(form(Content::Text).frame(&event)).expect("UTF-8");
    let id = &event.id;
    let expected = format!(
        "<131>1 2023-11-14T22:13:20.000000Z host bartizan 42 finding.new [meta sequenceId=\"7\"]\
         [bartizan@32473 id=\"{id}\" sequence=\"7\" type=\"finding.new\" severity=\"high\" \
         organisation=\"default\" environment=\"default\" subject=\"fnd_1\" code=\"BZ-C001\" \
         host=\"api.example.com\"] \u{feff}BZ-C001 Tokens are not \"checked\" on api.example.com \
         (open)"
    );
    assert_eq!(frame, format!("{} {expected}", expected.len()));
    let read = &strictly(&form(Content::Json).frame(&event)).expect("reads")[0];
    let json: Event = serde_json::from_str(&read.text).expect("JSON");
    assert_eq!(json, event);
}

#[test]
fn severities_are_mapped() {
    for (severity, expected) in [
        (Severity::Critical, 130),
        (Severity::High, 131),
        (Severity::Medium, 132),
        (Severity::Low, 133),
        (Severity::Info, 134),
    ] {
        let scope = bartizan_model::Scope::default();
        let kind = EventType::FindingChanged;
        let event =
            Event::finding(&scope, kind, Timestamp::from_seconds(1), finding("t", severity));
        let read = strictly(&form(Content::Text).frame(&event)).expect("reads");
        assert_eq!((read[0].priority, read[0].fields[4].as_str()), (expected, "finding.changed"));
    }
}

/// Text from a seed: what breaks formats, and every kind of character.
fn hostile(seed: &mut u64, length: usize) -> String {
    let pick = |seed: &mut u64| {
        *seed =
            seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        *seed >> 33
    };
    let special: Vec<char> =
        "\"\\]]\n\r\0\t [=<>1 \u{feff}\u{7f}\u{85}\u{2028}\u{202e}é€𝄞".chars().collect();
    let one = |seed: &mut u64| match pick(seed) % 3 {
        0 => char::from_u32(u32::try_from(pick(seed) % 0x11_0000).expect("small")).unwrap_or('?'),
        _ => special[usize::try_from(pick(seed)).expect("small") % special.len()],
    };
    (0..length).map(|_| one(seed)).collect()
}

#[test]
fn hostile_text_never_breaks_a_message() {
    let mut seed = 7;
    for round in 0..2_000 {
        let mut events = Vec::new();
        for _ in 0..3 {
            let mut event = about("").event;
            let finding = event.finding.as_mut().expect("a finding");
            finding.title = hostile(&mut seed, round % 90);
            finding.host = hostile(&mut seed, 20);
            finding.code = hostile(&mut seed, 9);
            event.organisation = bartizan_model::OrganisationId::from_text(hostile(&mut seed, 8));
            events.push(event);
        }
        for content in [Content::Json, Content::Text] {
            let form = form(content);
            let bytes: Vec<u8> = events.iter().flat_map(|event| form.frame(event)).collect();
            let read = strictly(&bytes).unwrap_or_else(|e| panic!("{e} in {events:?}"));
            assert_eq!(read.len(), 3);
            for (read, event) in read.iter().zip(&events) {
                assert_eq!(value(read, "id"), event.id.as_str());
                if content == Content::Json {
                    assert_eq!(serde_json::from_str::<Event>(&read.text).expect("JSON"), *event);
                }
            }
        }
    }
}

#[test]
fn long_events_are_cut_and_say_so() {
    let mut event = about("t").event;
    let finding = event.finding.as_mut().expect("a finding");
    finding.evidence = vec![bartizan_model::Evidence::note("é".repeat(50)); 200];
    let read = strictly(&form(Content::Json).frame(&event)).expect("reads");
    let json: serde_json::Value = serde_json::from_str(&read[0].text).expect("JSON");
    assert_eq!((&json["cut"], &json["finding"]["title"]), (&true.into(), &"t".into()));
    for most_bytes in [480, 700, 2_048] {
        let finding = event.finding.as_mut().expect("a finding");
        finding.title = "€".repeat(3_000);
        finding.host = "é".repeat(3_000);
        let form = Form { most_bytes, ..form(Content::Json) };
        let frame = form.frame(&event);
        let read = strictly(&frame).expect("reads");
        assert!(read[0].text.is_empty() || read[0].text.starts_with("BZ-C001"), "{read:?}");
        assert!(frame.len() <= most_bytes.max(1_024) + 6, "{}", frame.len());
    }
}

type Heard = Arc<Mutex<Vec<u8>>>;

/// A receiver that reads everything; with a certificate, over TLS.
async fn receiver(tls: Option<TlsAcceptor>) -> (std::net::SocketAddr, Heard) {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("bound");
    let (address, heard) = (listener.local_addr().expect("address"), Heard::default());
    let kept = Arc::clone(&heard);
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let (kept, tls) = (Arc::clone(&kept), tls.clone());
            tokio::spawn(async move {
                let mut stream: Box<dyn Line> = match tls {
                    None => Box::new(stream),
                    Some(tls) => match tls.accept(stream).await {
                        Ok(stream) => Box::new(stream),
                        Err(_) => return,
                    },
                };
                let mut piece = [0; 1_024];
                while let Ok(many @ 1..) = stream.read(&mut piece).await {
                    kept.lock().expect("whole").extend_from_slice(&piece[..many]);
                }
            });
        }
    });
    (address, heard)
}

fn config(address: &str, transport: &str) -> SyslogConfig {
    let json = serde_json::json!({"address": address, "transport": transport});
    serde_json::from_value(json).expect("settings")
}

fn heard_messages(heard: &Heard) -> usize {
    strictly(&heard.lock().expect("whole")).map_or(0, |all| all.len())
}

async fn until(what: &str, done: impl Fn() -> bool) {
    for _ in 0..500 {
        if done() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("{what} takes too long");
}

#[tokio::test]
async fn messages_go_over_one_connection() {
    let (address, heard) = receiver(None).await;
    let mut sink = open(&config(&address.to_string(), "tcp"), &OUTSIDE).expect("compiles");
    for _ in 0..3 {
        assert_eq!(sink.send(&[about("a"), about("b\n")]).await, [Answer::Taken, Answer::Taken]);
    }
    until("all are there", || heard_messages(&heard) == 6).await;
}

#[tokio::test]
async fn tls_believes_only_named_authorities() {
    let made = rcgen::generate_simple_self_signed(["logs.test".to_owned()]).expect("made");
    let folder = tempfile::tempdir().expect("a folder");
    let authorities = folder.path().join("ca.pem");
    fs::write(&authorities, made.cert.pem()).expect("written");
    let key = PrivateKeyDer::from(PrivatePkcs8KeyDer::from(made.signing_key.serialize_der()));
    let server = ServerConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
        .with_safe_default_protocol_versions()
        .expect("versions")
        .with_no_client_auth()
        .with_single_cert(vec![made.cert.der().clone()], key)
        .expect("a certificate");
    let (address, heard) = receiver(Some(TlsAcceptor::from(Arc::new(server)))).await;
    let mut config = config(&address.to_string(), "tls");
    config.tls.authorities = Some(authorities);
    let mut wrong = open(&config, &OUTSIDE).expect("compiles");
    let answers = wrong.send(&[about("a")]).await;
    assert!(matches!(&answers[..], [Answer::Unreached(why)] if why.contains("TLS")), "{answers:?}");
    config.tls.server_name = Some("logs.test".to_owned());
    let mut right = open(&config, &OUTSIDE).expect("compiles");
    assert_eq!(right.send(&[about("a")]).await, [Answer::Taken]);
    assert_eq!(right.send(&[about("b")]).await, [Answer::Taken]);
    until("both are there", || heard_messages(&heard) == 2).await;
}

#[tokio::test]
async fn a_receiver_that_goes_away_is_noticed() {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("bound");
    let address = listener.local_addr().expect("address").to_string();
    let mut sink = open(&config(&address, "tcp"), &OUTSIDE).expect("compiles");
    // It closes without reading: what was written did not arrive.
    let closing = async {
        let (stream, _) = listener.accept().await.expect("a client");
        drop(stream);
    };
    let (answers, ()) = tokio::join!(async { sink.send(&[about("a")]).await }, closing);
    assert!(matches!(&answers[..], [Answer::Failed(..)]), "{answers:?}");
    // It closes when nothing is sent: the next one goes over a new connection.
    let accepting = async {
        let (first, _) = listener.accept().await.expect("a client");
        tokio::time::sleep(Duration::from_millis(300)).await;
        drop(first);
        listener.accept().await.expect("another client")
    };
    let sending = async {
        assert_eq!(sink.send(&[about("b")]).await, [Answer::Taken]);
        tokio::time::sleep(Duration::from_millis(500)).await;
        assert_eq!(sink.send(&[about("c")]).await, [Answer::Taken]);
    };
    let ((), (mut second, _)) = tokio::join!(sending, accepting);
    let mut bytes = vec![0; 4_096];
    let many = second.read(&mut bytes).await.expect("read");
    assert!(strictly(&bytes[..many]).expect("reads")[0].text.contains("\"c\""));
    drop((second, listener));
    tokio::time::sleep(Duration::from_millis(50)).await;
    let answers = sink.send(&[delivery(about("d").event)]).await;
    assert!(matches!(&answers[..], [Answer::Unreached(_)]), "{answers:?}");
}

#[test]
fn what_cannot_be_used_is_refused() {
    for (key, value) in [
        ("address", serde_json::json!("logs.example.com")),
        ("address", serde_json::json!("169.254.169.254:514")),
        ("address", serde_json::json!(":514")),
        ("most_bytes", serde_json::json!(10)),
        ("hostname", serde_json::json!("a b")),
        ("app_name", serde_json::json!("é")),
    ] {
        let mut json = serde_json::json!({"address": "127.0.0.1:514", "transport": "tcp"});
        json[key] = value.clone();
        let config = serde_json::from_value(json).expect("settings");
        assert!(open(&config, &OUTSIDE).is_err(), "{key}: {value}");
    }
}
