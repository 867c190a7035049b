//! Messages that are signed, and messages that only look as if: whoever moves, doubles, hides or changes what is signed
//! is refused. The attacks of those who found them (XML Signature Element Wrapping Attacks and Countermeasures, 2005; On
//! Breaking SAML, 2012), on SOAP.

mod real;
mod signer;
mod users;

use std::time::Instant;

use base64::{Engine as _, engine::general_purpose::STANDARD};

use self::signer::{Authority, ECDSA, EXCLUSIVE, PLACE, Signer, transform};
use super::{
    envelope::{SECURITY, UTILITY},
    *,
};
use crate::policy::lasting::ReplayTable;

const SOAP: &str = "http://schemas.xmlsoap.org/soap/envelope/";
/// 2026-01-01T00:00:30Z.
const NOW: Timestamp = Timestamp::from_seconds(1_767_225_630);
const TIME: &str = "<wsu:Timestamp wsu:Id=\"time\"><wsu:Created>2026-01-01T00:00:00Z</wsu:Created></wsu:Timestamp>";
const TO: &str = "<a:To xmlns:a=\"http://www.w3.org/2005/08/addressing\" wsu:Id=\"to\">quay</a:To>";
const BODY: &str =
    "<s:Body wsu:Id=\"body\"><m:Pay xmlns:m=\"urn:m\"><m:amount>1000</m:amount></m:Pay></s:Body>";
const EVIL: &str = "<s:Body><m:Pay xmlns:m=\"urn:m\"><m:amount>9</m:amount></m:Pay></s:Body>";
const SIGNED: &str = "signature: {authorities: AUTHORITY, parts: [Body, Timestamp, \
                      '{http://www.w3.org/2005/08/addressing}To']}";

/// A message with header blocks, what is in its security header, and a body.
fn message(blocks: &str, security: &str, body: &str) -> String {
    format!(
        "<s:Envelope xmlns:s=\"{SOAP}\" xmlns:wsse=\"{SECURITY}\" xmlns:wsu=\"{UTILITY}\"><s:Header>{blocks}\
         <wsse:Security>{security}</wsse:Security></s:Header>{body}</s:Envelope>"
    )
}

/// A message as it is before it is signed.
fn unsigned(by: &Signer) -> String {
    message(TO, &format!("{}{TIME}{PLACE}", by.token()), BODY)
}

fn read(policy: &WsSecurity, message: &str) -> Result<Shown, &'static str> {
    policy.read(message.as_bytes(), NOW).map_err(Fault::reason)
}

/// Who signed a message, or why it is refused.
fn judged(policy: &WsSecurity, message: &str) -> Result<String, &'static str> {
    let shown = read(policy, message)?;
    Ok(shown.identities.first().map_or("nobody", |who| &who.subject).to_owned())
}

#[test]
fn who_signed_is_known() {
    let authority = Authority::new();
    let signer = authority.signer(|_| {});
    let signed = signer.sign(&unsigned(&signer), &["body", "time", "to"]);
    let shown = read(&authority.policy(SIGNED, &[]), &signed).expect("good");
    let expected = identity(PrincipalKind::Certificate, "carrier", Arc::from([]));
    assert_eq!((shown.identities, shown.gap), (vec![expected], None));
    // The same in another way of writing it, which canonical forms make one.
    let other =
        signed.replace("<m:amount>1000</m:amount>", "<m:amount\n>1&#48;<![CDATA[]]>00</m:amount >");
    assert_eq!(judged(&authority.policy(SIGNED, &[]), &other), Err("split-text"));
    let other = signed.replace("<m:amount>1000</m:amount>", "<m:amount\n>1&#48;00</m:amount >");
    assert_eq!(judged(&authority.policy(SIGNED, &[]), &other).as_deref(), Ok("carrier"));
}

/// What was signed is moved to where the receiver does not look, and something else is where it does.
#[test]
fn nothing_is_wrapped() {
    let authority = Authority::new();
    let (policy, signer) = (authority.policy(SIGNED, &[]), authority.signer(|_| {}));
    let good = signer.sign(&unsigned(&signer), &["body", "time", "to"]);
    let fresh = TIME.replace(" wsu:Id=\"time\"", "");
    let to = TO.replace(" wsu:Id=\"to\"", "").replace("quay", "evil");
    let same = EVIL.replacen("<s:Body", "<s:Body wsu:Id=\"body\"", 1);
    let header = |block: &str| good.replace("<s:Header>", &format!("<s:Header>{block}"));
    let in_header = |body: &str| {
        header(&format!("<w>{BODY}</w>"))
            .replace(&format!("</s:Header>{BODY}"), &format!("</s:Header>{body}"))
    };
    let around = EVIL.replace("</s:Body>", &format!("{BODY}</s:Body>"));
    for (attack, forged, reason) in [
        ("the body in a header block", in_header(EVIL), "envelope-inside"),
        ("the body in a header block, its id twice", in_header(&same), "envelope-inside"),
        ("the body in the body", good.replace(BODY, &around), "envelope-inside"),
        (
            "the body in the security header",
            good.replace(BODY, EVIL).replace(TIME, &format!("{TIME}<w>{BODY}</w>")),
            "envelope-inside",
        ),
        (
            "the body in an object of the signature",
            good.replace(BODY, EVIL).replace(
                "</ds:Signature>",
                &format!("<ds:Object>{BODY}</ds:Object></ds:Signature>"),
            ),
            "envelope-inside",
        ),
        (
            "an empty object in the signature",
            good.replace("</ds:Signature>", "<ds:Object/></ds:Signature>"),
            "signature-malformed",
        ),
        ("a body before it", good.replace(BODY, &format!("{EVIL}{BODY}")), "envelope"),
        ("a body behind it", good.replace(BODY, &format!("{BODY}{EVIL}")), "envelope"),
        (
            "the message in a message",
            message("", &fresh, &format!("<s:Body>{good}</s:Body>")),
            "envelope-inside",
        ),
        (
            "a body of the other SOAP inside",
            header("<t:Body xmlns:t=\"http://www.w3.org/2003/05/soap-envelope\"/>"),
            "envelope-inside",
        ),
        (
            "the time in a header block",
            header(&format!("<w>{TIME}</w>"))
                .replace(&format!("{TIME}<ds"), &format!("{fresh}<ds")),
            "part-not-signed",
        ),
        ("a time beside it", good.replace(TIME, &format!("{TIME}{fresh}")), "token-repeated"),
        (
            "the address in another block",
            good.replace(TO, &format!("{to}<w>{TO}</w>")),
            "part-not-signed",
        ),
        ("an address beside it", good.replace(TO, &format!("{to}{TO}")), "part-repeated"),
        ("no address", good.replace(TO, &format!("<w>{TO}</w>")), "part-missing"),
    ] {
        assert_ne!(forged, good, "{attack}: nothing was changed");
        assert_eq!(judged(&policy, &forged).err(), Some(reason), "{attack}: {forged}");
    }
    assert_eq!(judged(&policy, &good).as_deref(), Ok("carrier"));
}

/// What somebody else finds by the same name.
#[test]
fn nothing_is_named_twice() {
    let authority = Authority::new();
    let (policy, signer) = (authority.policy(SIGNED, &[]), authority.signer(|_| {}));
    let good = signer.sign(&unsigned(&signer), &["body", "time", "to"]);
    let header = |block: &str| good.replace("<s:Header>", &format!("<s:Header>{block}"));
    for (attack, forged, reason) in [
        ("an id twice", header("<w wsu:Id=\"body\"/>"), "id-repeated"),
        ("an id without namespace", header("<w Id=\"body\"/>"), "id-repeated"),
        (
            "an id in another namespace",
            header("<w xmlns:o=\"urn:o\" o:id=\"body\"/>"),
            "id-repeated",
        ),
        ("an id as in SAML", header("<w AssertionID=\"body\"/>"), "id-repeated"),
        ("an id as in XML", header("<w xml:id=\"body\"/>"), "id-repeated"),
        ("a token with the same id", header("<w ID=\"token\"/>"), "id-repeated"),
        ("a second security header", header("<wsse:Security/>"), "several-security-headers"),
        (
            "one for somebody else",
            header("<wsse:Security s:actor=\"x\"/>"),
            "several-security-headers",
        ),
        (
            "a second signature",
            good.replace(
                TIME,
                &format!("{TIME}<ds:Signature xmlns:ds=\"http://www.w3.org/2000/09/xmldsig#\"/>"),
            ),
            "token-repeated",
        ),
    ] {
        assert_ne!(forged, good, "{attack}: nothing was changed");
        assert_eq!(judged(&policy, &forged).err(), Some(reason), "{attack}: {forged}");
    }
}

/// What was signed is changed so that its digest, or what reads it, may not notice.
#[test]
fn nothing_is_changed() {
    let authority = Authority::new();
    let (policy, signer) = (authority.policy(SIGNED, &[]), authority.signer(|_| {}));
    let good = signer.sign(&unsigned(&signer), &["body", "time", "to"]);
    let value = |name: &str| {
        let (_, rest) = good.split_once(name).expect(name);
        rest.split_once('<').expect(name).0
    };
    let (digest, made) = (value("<ds:DigestValue>"), value("<ds:SignatureValue>"));
    let cut = format!("{}<!-- -->{}", &digest[..10], &digest[10..]);
    for (attack, forged, reason) in [
        ("another amount", good.replace("1000", "9000"), "digest-wrong"),
        ("another name", good.replace("m:amount", "m:limit"), "digest-wrong"),
        ("another namespace", good.replace("urn:m", "urn:n"), "digest-wrong"),
        (
            "a namespace of an inner element",
            good.replace("<m:amount>", "<m:amount xmlns:m=\"urn:n\">"),
            "digest-wrong",
        ),
        ("an attribute", good.replace("<m:amount>", "<m:amount currency=\"x\">"), "digest-wrong"),
        ("another time", good.replace("00:00:00Z", "00:00:20Z"), "digest-wrong"),
        ("a comment in a text", good.replace("1000", "10<!-- -->00"), "split-text"),
        ("a section in a text", good.replace("1000", "10<![CDATA[00]]>"), "split-text"),
        ("an instruction", good.replace("1000", "10<?x?>00"), "instruction"),
        ("a comment in a digest", good.replace(digest, &cut), "split-text"),
        ("another digest", good.replace(digest, &STANDARD.encode([0; 32])), "signature-wrong"),
        ("another reference", good.replace("URI=\"#to\"", "URI=\"#token\""), "signature-wrong"),
        ("another signature", good.replace(made, &STANDARD.encode([1; 64])), "signature-wrong"),
        ("no signature", good.replace(made, ""), "signature-wrong"),
        ("a document type", format!("<!DOCTYPE x>{good}"), "document-type"),
        (
            "a default namespace in disguise",
            good.replace("<m:amount>", "<m:amount m:xmlns=\"urn:n\">"),
            "not-readable",
        ),
    ] {
        assert_ne!(forged, good, "{attack}: nothing was changed");
        assert_eq!(judged(&policy, &forged).err(), Some(reason), "{attack}: {forged}");
    }
}

/// Signed with a key that is good, but not so that it counts.
#[test]
fn signatures_are_made_as_they_have_to_be() {
    let authority = Authority::new();
    let (policy, signer) = (authority.policy(SIGNED, &[]), authority.signer(|_| {}));
    let token = "<wsse:SecurityTokenReference><wsse:Reference URI=\"#token\"/></wsse:SecurityTokenReference>";
    let usual = transform(EXCLUSIVE);
    let all = [("body", usual.as_str()), ("time", usual.as_str()), ("to", usual.as_str())];
    let by = |algorithm: &str| signer.sign_as(&unsigned(&signer), &all, (algorithm, token));
    let with = |transforms: &str| {
        let wanted = [("body", transforms), all[1], all[2]];
        signer.sign_as(&unsigned(&signer), &wanted, (ECDSA, token))
    };
    let more = "http://www.w3.org/2001/04/xmldsig-more";
    let many: Vec<_> = std::iter::repeat_n(all[0], 33).collect();
    for (odd, reason) in [
        (by("http://www.w3.org/2000/09/xmldsig#hmac-sha1"), "signature-algorithm"),
        (by(&format!("{more}#hmac-sha256")), "signature-algorithm"),
        (by("none"), "signature-algorithm"),
        (by(&format!("{more}#ecdsa-sha384")), "signature-algorithm"),
        (by(&format!("{more}#rsa-sha256")), "signature-key-of-other-kind"),
        (by("http://www.w3.org/2000/09/xmldsig#rsa-sha1"), "sha-1"),
        (with(&transform("http://www.w3.org/TR/1999/REC-xpath-19991116")), "transform"),
        (with(&transform("http://www.w3.org/2002/06/xmldsig-filter2")), "transform"),
        (
            with(&transform(
                "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-soap-message-security-1.0#STR-Transform",
            )),
            "transform",
        ),
        (with(&transform("http://www.w3.org/2001/10/xml-exc-c14n#WithComments")), "transform"),
        (with(&format!("{usual}{usual}")), "transform"),
        (signer.sign(&unsigned(&signer), &["body", "to"]), "part-not-signed"),
        (signer.sign(&unsigned(&signer), &["time", "to"]), "part-not-signed"),
        (signer.sign(&unsigned(&signer), &["body", "time"]), "part-not-signed"),
        (signer.sign(&unsigned(&signer), &["body", "time", "to", "gone"]), "reference-to-nothing"),
        (signer.sign(&unsigned(&signer), &[]), "signature-malformed"),
        (signer.sign(&unsigned(&signer), &[""]), "reference-uri"),
        (signer.sign(&unsigned(&signer), &["xpointer(id('body'))"]), "reference-uri"),
        (signer.sign_as(&unsigned(&signer), &many, (ECDSA, token)), "references-too-many"),
        (unsigned(&signer), "signature-missing"),
        (message("", "", BODY), "timestamp-missing"),
    ] {
        assert_eq!(judged(&policy, &odd).err(), Some(reason), "{odd}");
    }
    // A signature inside of what it covers.
    let inside = unsigned(&signer).replace("<wsse:Security>", "<wsse:Security wsu:Id=\"all\">");
    let enveloped = transform("http://www.w3.org/2000/09/xmldsig#enveloped-signature") + &usual;
    let wanted = [("all", enveloped.as_str()), all[0], all[2]];
    let good = signer.sign_as(&inside, &wanted, (ECDSA, token));
    assert_eq!(judged(&policy, &good).as_deref(), Ok("carrier"), "{good}");
    let wanted = [("all", usual.as_str()), all[0], all[2]];
    let odd = signer.sign_as(&inside, &wanted, (ECDSA, token));
    assert_eq!(judged(&policy, &odd).err(), Some("digest-wrong"));
    // All blocks.
    let all_headers = "signature: {authorities: AUTHORITY, all_headers: true}";
    let policy = authority.policy(all_headers, &[]);
    let two = unsigned(&signer).replace(TO, &format!("{TO}<b xmlns=\"urn:b\"/>"));
    let odd = signer.sign(&two, &["body", "time", "to"]);
    assert_eq!(judged(&policy, &odd).err(), Some("header-not-signed"));
    let good = signer.sign(&unsigned(&signer), &["body", "time", "to"]);
    assert_eq!(judged(&policy, &good).as_deref(), Ok("carrier"));
}

#[test]
fn meanings_of_prefixes_are_signed_too() {
    let authority = Authority::new();
    let signer = authority.signer(|_| {});
    let typed =
        "<m:amount xmlns:i=\"http://www.w3.org/2001/XMLSchema-instance\" i:type=\"x:limit\">";
    let text = unsigned(&signer).replace("<m:amount>", typed);
    let text = text.replace("<s:Envelope ", "<s:Envelope xmlns:x=\"urn:x\" ");
    let signed = signer.sign(&text, &["body", "time", "to"]);
    assert_eq!(judged(&authority.policy(SIGNED, &[]), &signed).err(), Some("type-not-covered"));
    let lax = SIGNED.replace("parts", "uncovered_types: pass, parts");
    let policy = authority.policy(&lax, &[]);
    // Which is why: the digest does not tell.
    for text in [signed.clone(), signed.replace("urn:x", "urn:y")] {
        let shown = read(&policy, &text).expect("good");
        assert_eq!(shown.open, Some("type-not-covered"));
    }
}

#[test]
fn certificates_are_those_of_the_authority() {
    let authority = Authority::new();
    let settings =
        "signature: {authorities: AUTHORITY, revocation_lists: [REVOKED], certificates: KNOWN}";
    let known = authority.signer(|_| {});
    let policy = authority.policy(settings, &[&known]);
    let expired = authority.signer(|params| params.not_after = rcgen::date_time_ymd(2020, 1, 1));
    let early = authority.signer(|params| params.not_before = rcgen::date_time_ymd(2119, 1, 1));
    let revoked = authority.signer(|params| {
        params.serial_number = Some(rcgen::SerialNumber::from_slice(&[66]));
    });
    let encrypts = authority.signer(|params| {
        params.key_usages = vec![rcgen::KeyUsagePurpose::KeyEncipherment];
    });
    let issues = authority.signer(|params| {
        params.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
    });
    let nobody =
        authority.signer(|params| params.distinguished_name = rcgen::DistinguishedName::new());
    for (signer, expected) in [
        (&known, None),
        (&authority.signer(|_| {}), None),
        (&Authority::named("other").signer(|_| {}), Some("certificate-issuer-unknown")),
        (&Authority::new().signer(|_| {}), Some("certificate-invalid")),
        (&expired, Some("certificate-expired")),
        (&early, Some("certificate-not-yet-valid")),
        (&revoked, Some("certificate-revoked")),
        (&encrypts, Some("certificate-purpose")),
        (&issues, Some("certificate-invalid")),
        (&nobody, Some("certificate-names-nobody")),
    ] {
        let signed = signer.sign(&unsigned(signer), &["body", "time"]);
        assert_eq!(judged(&policy, &signed).err(), expected);
    }
    // A certificate that goes with another key.
    let text = unsigned(&known).replace(&known.token(), &authority.signer(|_| {}).token());
    let signed = known.sign(&text, &["body", "time"]);
    assert_eq!(judged(&policy, &signed).err(), Some("signature-wrong"));
}

#[test]
fn certificates_are_found_by_what_names_them() {
    let authority = Authority::new();
    let (known, stranger) = (authority.signer(|_| {}), authority.signer(|_| {}));
    let policy =
        authority.policy("signature: {authorities: AUTHORITY, certificates: KNOWN}", &[&known]);
    let usual = transform(EXCLUSIVE);
    let wanted = [("body", usual.as_str()), ("time", usual.as_str())];
    let thumbprint = |signer: &Signer| {
        let algorithm = &aws_lc_rs::digest::SHA1_FOR_LEGACY_USE_ONLY;
        let print = STANDARD.encode(aws_lc_rs::digest::digest(algorithm, &signer.der));
        format!(
            "<wsse:SecurityTokenReference><wsse:KeyIdentifier ValueType=\"http://docs.oasis-open.org/wss/oasis-wss-soap-message-security-1.1#ThumbprintSHA1\">{print}</wsse:KeyIdentifier></wsse:SecurityTokenReference>"
        )
    };
    let serial = |serial: &str| {
        format!(
            "<wsse:SecurityTokenReference><ds:X509Data><ds:X509IssuerSerial><ds:X509IssuerName>CN=authority\
             </ds:X509IssuerName><ds:X509SerialNumber>{serial}</ds:X509SerialNumber></ds:X509IssuerSerial>\
             </ds:X509Data></wsse:SecurityTokenReference>"
        )
    };
    let data = format!(
        "<ds:X509Data><ds:X509Certificate>{}</ds:X509Certificate></ds:X509Data>",
        STANDARD.encode(&known.der)
    );
    let assertion = "<wsse:SecurityTokenReference><wsse:KeyIdentifier ValueType=\"http://docs.oasis-open.org/wss/oasis-wss-saml-token-profile-1.1#SAMLID\">YQ==</wsse:KeyIdentifier></wsse:SecurityTokenReference>";
    for (key, reason) in [
        (thumbprint(&known), None),
        (serial("7"), None),
        (serial("8"), Some("certificate-unknown")),
        (data, None),
        (thumbprint(&stranger), Some("certificate-unknown")),
        (assertion.to_owned(), Some("key-identifier")),
        ("<ds:KeyValue/>".to_owned(), Some("key-identifier")),
        ("<ds:KeyName>carrier</ds:KeyName>".to_owned(), Some("key-identifier")),
        (String::new(), Some("key-identifier")),
        ("<wsse:SecurityTokenReference><wsse:Reference URI=\"#body\"/></wsse:SecurityTokenReference>".to_owned(), Some("token-reference")),
        ("<wsse:SecurityTokenReference><wsse:Reference URI=\"#gone\"/></wsse:SecurityTokenReference>".to_owned(), Some("reference-to-nothing")),
    ] {
        let text = message("", &format!("{TIME}{PLACE}"), BODY);
        let signed = known.sign_as(&text, &wanted, (ECDSA, &key));
        assert_eq!(judged(&policy, &signed).err(), reason, "{key}");
    }
}

#[tokio::test]
async fn a_signed_message_is_taken_once() {
    let authority = Authority::new();
    let (policy, signer) = (authority.policy(SIGNED, &[]), authority.signer(|_| {}));
    let good = signer.sign(&unsigned(&signer), &["body", "time", "to"]);
    let replays = ReplayTable::default();
    let first =
        policy.settle(read(&policy, &good).expect("good"), Patience::Queue, NOW, &replays).await;
    assert_eq!(first.map(|(who, _)| who.len()), Ok(1));
    // The other signature that everybody can make of one with ECDSA: (r, n - s).
    let (_, rest) = good.split_once("<ds:SignatureValue>").expect("a signature");
    let made = rest.split_once('<').expect("its end").0;
    let other =
        good.replace(made, &STANDARD.encode(negated(&STANDARD.decode(made).expect("Base64"))));
    assert_ne!(other, good);
    for again in [&good, &other] {
        let shown = read(&policy, again).expect("good in itself");
        assert_eq!(
            policy.settle(shown, Patience::Queue, NOW, &replays).await.err(),
            Some("used-before")
        );
    }
    let again = signer.sign(&unsigned(&signer), &["to", "body", "time"]);
    let shown = read(&policy, &again).expect("good");
    assert!(policy.settle(shown, Patience::Queue, NOW, &replays).await.is_ok(), "signed anew");
}

/// A signature (r, s) of P-256 as (r, n - s).
fn negated(signature: &[u8]) -> Vec<u8> {
    const ORDER: &str = "/////wAAAAD//////////7zm+q2nF56E87nKwvxjJVE=";
    let order = STANDARD.decode(ORDER).expect("Base64");
    let (r, s) = signature.split_at(32);
    let (mut out, mut borrow) = (r.to_vec(), 0);
    let mut difference = vec![0; 32];
    for at in (0..32).rev() {
        let value = i16::from(order[at]) - i16::from(s[at]) - borrow;
        borrow = i16::from(value < 0);
        difference[at] = u8::try_from(value.rem_euclid(256)).expect("a byte");
    }
    out.extend(difference);
    out
}

/// What nobody has to have a key for is bounded.
#[test]
fn large_messages_cost_little() {
    let authority = Authority::new();
    let settings = format!("{{body_bytes: 4194304, {SIGNED}}}");
    let (policy, signer) = (authority.policy(&settings, &[]), Authority::new().signer(|_| {}));
    let long: String = (0..32).map(|_| "<b/>".repeat(1_000)).collect();
    let deep = format!("{}{}", "<b>".repeat(2_000), "</b>".repeat(2_000));
    let wide: String = (0..5_000).map(|n| format!("<b xmlns:p{n}=\"urn:{n}\"/>")).collect();
    let ids: String = (0..20_000).map(|n| format!("<b Id=\"{n}\"/>")).collect();
    for inside in [long, deep, wide, ids] {
        let text = unsigned(&signer).replace("<m:amount>", &format!("{inside}<m:amount>"));
        let text = text.replace(PLACE, "");
        let begin = Instant::now();
        let reason = read(&policy, &text).err().unwrap_or("nothing");
        assert!(reason.starts_with("over-") || reason == "signature-missing", "{reason}");
        assert!(begin.elapsed().as_millis() < 2_000, "{:?}", begin.elapsed());
    }
    let small = authority.policy(&format!("{{body_bytes: 100, {SIGNED}}}"), &[]);
    assert_eq!(judged(&small, &unsigned(&signer)).err(), Some("over-limits"));
}

#[test]
fn what_nobody_could_meet_is_refused() {
    let key = HashKey::new([1; 32]);
    for (settings, wrong) in [
        ("{}", ""),
        ("{username: {}}", "username"),
        ("{username: {secrets: [{name: '', secret: 'env:X'}]}}", "username.secrets.0.name"),
        ("{username: {secrets: [{name: a, secret: plain}]}}", "username.secrets.0.secret"),
        ("{username: {users: ['a:plain']}}", "username.users.0"),
        ("{signature: {authorities: /nonexistent}}", "signature"),
        ("{signature: {authorities: /nonexistent, parts: [Body]}}", "signature.once"),
        ("{signature: {authorities: /nonexistent, parts: [body]}}", "signature.parts.0"),
        ("{signature: {authorities: /nonexistent, names: []}}", "signature.names"),
        ("{max_age_seconds: 0, signature: {authorities: /nonexistent}}", "max_age_seconds"),
        ("{leeway_seconds: 301, signature: {authorities: /nonexistent}}", "leeway_seconds"),
    ] {
        let config: WsSecurityConfig = serde_saphyr::from_str(settings).expect(settings);
        let problem = WsSecurity::compile("a", &config, &key).expect_err(settings);
        assert_eq!(problem.key, wrong, "{settings}: {}", problem.problem);
    }
}
