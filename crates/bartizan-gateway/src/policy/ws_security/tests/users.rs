//! Users with passwords in messages.

use super::*;

const DIGEST: &str = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-username-token-profile-1.0#PasswordDigest";
const USERS: &str =
    "{timestamp: false, username: {secrets: [{name: ann, secret: PASSWORD, scopes: [pay]}]}}";

/// A token; `<P>`, `<N>` and `<C>` stand for the elements with password, nonce and time.
fn token(inside: &str) -> String {
    let inside = inside
        .replace("<P>", &format!("<wsse:Password Type=\"{DIGEST}\">"))
        .replace("<T>", "<wsse:Password>")
        .replace("</P>", "</wsse:Password>")
        .replace("<N>", "<wsse:Nonce>")
        .replace("</N>", "</wsse:Nonce>")
        .replace("<C>", "<wsu:Created>")
        .replace("</C>", "</wsu:Created>")
        .replace("<U>", "<wsse:Username>")
        .replace("</U>", "</wsse:Username>");
    message("", &format!("<wsse:UsernameToken>{inside}</wsse:UsernameToken>"), BODY)
}

/// SHA-1 of `sixteen byte key`, the time and `harbour-gate`, made by another program.
const GOOD: &str =
    "<U>ann</U><P>MADE</P><N>c2l4dGVlbiBieXRlIGtleQ==</N><C>2026-01-01T00:00:00Z</C>";

fn good() -> String {
    GOOD.replace("MADE", "SgWTvUhkIJJoxUqrpMkrKvOPGPg=")
}

#[test]
fn digests_are_of_nonce_time_and_password() {
    let policy = Authority::new().policy(USERS, &[]);
    let shown = read(&policy, &token(&good())).expect("good");
    let expected = identity(PrincipalKind::Client, "ann", Arc::from(["pay".to_owned()]));
    assert_eq!(shown.identities, [expected]);
    for (from, to, reason) in [
        ("c2l4dGVlbiBieXRlIGtleQ==", "c2l4dGVlbiBieXRlIGtleg==", "password-wrong"),
        ("00:00:00Z", "00:00:01Z", "password-wrong"),
        ("00:00:00Z", "00:00:00.0Z", "password-wrong"),
        ("00:00:00Z", "00:02:00Z", "created-in-future"),
        ("2026-01-01T00:00:00Z", "2025-12-31T23:00:00Z", "created-too-long-ago"),
        ("ann", "eve", "password-wrong"),
        ("ann", "ann<!-- -->e", "split-text"),
        ("ann", "", "username-token-malformed"),
        ("<U>ann</U>", "<U>ann</U><U>eve</U>", "username-token-malformed"),
        ("<N>c2l4dGVlbiBieXRlIGtleQ==</N>", "", "nonce-missing"),
        ("<C>2026-01-01T00:00:00Z</C>", "", "nonce-missing"),
        ("<N>", "<wsse:Nonce EncodingType=\"urn:hex\">", "nonce-encoding"),
        ("c2l4dGVlbiBieXRlIGtleQ==", "", "username-token-malformed"),
        (
            "</N>",
            "</N><wsse11:Salt xmlns:wsse11=\"http://docs.oasis-open.org/wss/oasis-wss-wssecurity-secext-1.1.xsd\">AQ==</wsse11:Salt>",
            "derived-key",
        ),
        ("<P>", "<wsse:Password Type=\"urn:other\">", "password-type"),
        ("<P>", "<T>", "password-type-refused"),
    ] {
        let odd = good().replacen(from, to, 1);
        assert_ne!(odd, good(), "{from}");
        assert_eq!(judged(&policy, &token(&odd)).err(), Some(reason), "{odd}");
    }
    let without = good();
    let (before, rest) = without.split_once("<P>").expect("a password");
    let (_, after) = rest.split_once("</P>").expect("its end");
    assert_eq!(
        judged(&policy, &token(&format!("{before}{after}"))).err(),
        Some("password-missing")
    );
    assert_eq!(judged(&policy, &message("", "", BODY)).err(), Some("username-token-missing"));
}

#[tokio::test]
async fn a_nonce_is_taken_once() {
    let policy = Authority::new().policy(USERS, &[]);
    let replays = ReplayTable::default();
    let settle = async || {
        let shown = read(&policy, &token(&good())).expect("good");
        policy.settle(shown, Patience::Queue, NOW, &replays).await.map(|(who, _)| who.len())
    };
    assert_eq!(settle().await, Ok(1));
    assert_eq!(settle().await, Err("used-before"));
}

#[tokio::test]
async fn plain_passwords_are_compared_with_hashes() {
    use argon2::password_hash::PasswordHasher as _;
    let hash = argon2::Argon2::default().hash_password(b"battery").expect("hashed");
    let settings = format!("{{timestamp: false, username: {{users: ['bob:{hash}:scan']}}}}");
    let policy = Authority::new().policy(&settings, &[]);
    let replays = ReplayTable::default();
    let settle = async |inside: &str| {
        let shown = read(&policy, &token(inside))?;
        assert!(shown.identities.is_empty(), "nobody is known yet");
        policy.settle(shown, Patience::Queue, NOW, &replays).await.map(|(who, _)| who)
    };
    let expected = identity(PrincipalKind::Client, "bob", Arc::from(["scan".to_owned()]));
    assert_eq!(settle("<U>bob</U><T>battery</P>").await, Ok(vec![expected]));
    assert_eq!(settle("<U>bob</U><T>wrong</P>").await, Err("password-wrong"));
    assert_eq!(settle("<U>eve</U><T>battery</P>").await, Err("password-wrong"));
    assert_eq!(settle("<U>bob</U><T>battery<!-- -->x</P>").await, Err("split-text"));
    assert_eq!(settle(&good().replace("ann", "bob")).await, Err("password-type-refused"));
    let once = "<U>bob</U><T>battery</P><N>AQID</N><C>2026-01-01T00:00:00Z</C>";
    assert!(settle(once).await.is_ok());
    assert_eq!(settle(once).await, Err("used-before"));
}

/// What is there and not evaluated is named, and never stands for what is required.
#[test]
fn what_is_not_evaluated_has_a_name() {
    let authority = Authority::new();
    let strict = authority.policy(USERS, &[]);
    let lax = authority.policy(&USERS.replace("timestamp", "on_unsupported: pass, timestamp"), &[]);
    let optional = USERS.replace("secrets", "required: false, secrets");
    let optional =
        authority.policy(&optional.replace("timestamp", "on_unsupported: pass, timestamp"), &[]);
    let wsc = "http://docs.oasis-open.org/ws-sx/ws-secureconversation/200512";
    for (extra, name) in [
        (
            "<x:Assertion xmlns:x=\"urn:oasis:names:tc:SAML:2.0:assertion\"/>".to_owned(),
            "saml-assertion",
        ),
        (
            "<x:Assertion xmlns:x=\"urn:oasis:names:tc:SAML:1.0:assertion\"/>".to_owned(),
            "saml-assertion",
        ),
        (
            "<x:EncryptedKey xmlns:x=\"http://www.w3.org/2001/04/xmlenc#\"/>".to_owned(),
            "encryption",
        ),
        (format!("<x:DerivedKeyToken xmlns:x=\"{wsc}\"/>"), "derived-key"),
        ("<ds:Signature xmlns:ds=\"http://www.w3.org/2000/09/xmldsig#\"/>".to_owned(), "signature"),
        ("<other/>".to_owned(), "security-element"),
    ] {
        let text = token(&good()).replace("</wsse:Security>", &format!("{extra}</wsse:Security>"));
        assert_eq!(judged(&strict, &text).err(), Some(name));
        let shown = read(&lax, &text).expect(name);
        assert_eq!((shown.identities.len(), shown.gap), (1, Some(name)));
        let alone = message("", &extra, BODY);
        assert_eq!(judged(&lax, &alone).err(), Some("username-token-missing"));
        assert_eq!(judged(&optional, &alone).err(), Some(name), "nothing is verified");
    }
    let salted = good().replace("</N>", "</N><salt xmlns=\"urn:x\"/>");
    assert_eq!(judged(&lax, &token(&salted)).err(), Some("derived-key"));
    assert_eq!(judged(&optional, &token(&salted)).err(), Some("derived-key"));
}

#[test]
fn messages_without_security_are_as_it_is_said() {
    let authority = Authority::new();
    let bare = format!("<s:Envelope xmlns:s=\"{SOAP}\">{}</s:Envelope>", "<s:Body/>");
    let policy = authority.policy(USERS, &[]);
    assert_eq!(judged(&policy, &bare).err(), Some("security-header-missing"));
    assert_eq!(judged(&policy, "<a/>").err(), Some("no-envelope"));
    let settings = USERS.replace("timestamp: false", "required: false");
    let policy = authority.policy(&settings, &[]);
    assert_eq!(judged(&policy, &bare).as_deref(), Ok("nobody"));
    // Whoever sends a header has to send a good one.
    assert_eq!(judged(&policy, &token(&good())).err(), Some("timestamp-missing"));
    let policy = authority.policy(&USERS.replace("timestamp", "actor: 'urn:gate', timestamp"), &[]);
    assert_eq!(judged(&policy, &token(&good())).err(), Some("security-header-for-others"));
    let named = token(&good()).replace("<wsse:Security>", "<wsse:Security s:actor=\"urn:gate\">");
    assert_eq!(judged(&policy, &named).as_deref(), Ok("ann"));
}
