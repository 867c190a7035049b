//! The examples of RFC 9421 appendix B, and requests that are signed otherwise than they have to be.

use aws_lc_rs::hmac;
use base64::{Engine as _, engine::general_purpose::STANDARD};
use bytes::Bytes;
use http::{Method, Uri};

use super::*;
use crate::{phases::Streamed, policy::lasting::ReplayTable};

/// Public keys of RFC 9421 §B.1.
const KEYS: &str = r#"{"keys":[
{"kty":"RSA","kid":"test-key-rsa-pss","e":"AQAB","n":"r4tmm3r20Wd_PbqvP1s2-QEtvpuRaV8Yq40gjUR8y2Rjxa6dpG2GXHbPfvMs8ct-Lh1GH45x28Rw3Ry53mm-oAXjyQ86OnDkZ5N8lYbggD4O3w6M6pAvLkhk95AndTrifbIFPNU8PPMO7OyrFAHqgDsznjPFmTOtCEcN2Z1FpWgchwuYLPL-Wokqltd11nqqzi-bJ9cvSKADYdUAAN5WUtzdpiy6LbTgSxP7ociU4Tn0g5I6aDZJ7A8Lzo0KSyZYoA485mqcO0GVAdVw9lq4aOT9v6d-nb4bnNkQVklLQ3fVAvJm-xdDOp9LCNCN48V2pnDOkFV6-U9nV5oyc6XI2w"},
{"kty":"EC","kid":"test-key-ecc-p256","crv":"P-256","x":"qIVYZVLCrPZHGHjP17CTW0_-D9Lfw0EkjqF7xB4FivA","y":"Mc4nN9LTDOBhfoUeg8Ye9WedFRhnZXZJA12Qp0zZ6F0"},
{"kty":"OKP","kid":"test-key-ed25519","crv":"Ed25519","x":"JrQLj5P_89iXES9-vFgrIy29clF9CC_oPPsw3c5D0bs"}
]}"#;
/// The shared secret of RFC 9421 §B.1.5.
const SECRET: &str =
    "uzvJfB4u3N0Jy4T7NZ75MDVcr8zSTInedJtkgcu46YW4XByzNJjxBdtjUkdJPBtbmHhIDi6pcl8jsasjlTMtDQ==";
const NOW: i64 = 1_618_884_473;
/// `Client-Cert` of RFC 9421 §B.3.
const CERTIFICATE: &str = ":MIIBqDCCAU6gAwIBAgIBBzAKBggqhkjOPQQDAjA6MRswGQYDVQQKDBJMZXQncyBBdXRoZW50aWNhdGUxGzAZBgNVBAMMEkxBIEludGVybWVkaWF0ZSBDQTAeFw0yMDAxMTQyMjU1MzNaFw0yMTAxMjMyMjU1MzNaMA0xCzAJBgNVBAMMAkJDMFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAE8YnXXfaUgmnMtOXU/IncWalRhebrXmckC8vdgJ1p5Be5F/3YC8OthxM4+k1M6aEAEFcGzkJiNy6J84y7uzo9M6NyMHAwCQYDVR0TBAIwADAfBgNVHSMEGDAWgBRm3WjLa38lbEYCuiCPct0ZaSED2DAOBgNVHQ8BAf8EBAMCBsAwEwYDVR0lBAwwCgYIKwYBBQUHAwIwHQYDVR0RAQH/BBMwEYEPYmRjQGV4YW1wbGUuY29tMAoGCCqGSM49BAMCA0gAMEUCIBHda/r1vaL6G3VliL4/Di6YK0Q6bMjeSkC3dFCOOB8TAiEAx/kHSB4urmiZ0NX5r5XarmPk0wmuydBVoU4hBVZ1yhk=:";

/// A request.
#[derive(Clone, Debug)]
struct Sent {
    method: Method,
    uri: Uri,
    host: &'static str,
    fields: HeaderMap,
}

impl Sent {
    fn new(method: &str, uri: &str, host: &'static str, list: &[(&str, &str)]) -> Self {
        let mut fields = HeaderMap::new();
        for (name, value) in list {
            let name = HeaderName::from_bytes(name.as_bytes()).expect("a name");
            fields.append(name, value.parse().expect("a value"));
        }
        let (method, uri) = (method.parse().expect("a method"), uri.parse().expect("a URI"));
        Self { method, uri, host, fields }
    }

    /// The request of RFC 9421 §B.2.
    fn example() -> Self {
        let digest = "sha-512=:WZDPaVn/7XgHaAy8pmojAkGWoRx2UFChF41A2svX+TaPm+AbwAgBWnrIiYllu7BNNyealdVLvRwEmTHWXvJwew==:";
        let list = [
            ("Date", "Tue, 20 Apr 2021 02:07:55 GMT"),
            ("Content-Type", "application/json"),
            ("Content-Digest", digest),
            ("Content-Length", "18"),
        ];
        Self::new("POST", "/foo?param=Value&Pet=dog", "example.com", &list)
    }

    fn with(mut self, name: &'static str, value: &str) -> Self {
        self.fields.append(name, value.parse().expect("a value"));
        self
    }

    /// With what says that it is signed.
    fn signed(self, label: &str, input: &str, signature: &str) -> Self {
        self.with("signature-input", &format!("{label}={input}"))
            .with("signature", &format!("{label}=:{signature}:"))
    }

    /// Signed under the shared secret.
    fn by_secret(self, input: &str) -> Self {
        let list: sfv::List = Parser::new(input).parse().expect(input);
        let Some(ListEntry::InnerList(covered)) = list.first() else { panic!("{input}") };
        let asked = self.asked();
        let components = base::components(covered).expect("few");
        let base = Message::new(&asked).base(covered, &components).expect("a base");
        let key = hmac::Key::new(hmac::HMAC_SHA256, &STANDARD.decode(SECRET).expect("Base64"));
        let tag = STANDARD.encode(hmac::sign(&key, base.as_bytes()).as_ref());
        self.signed("sig", input, &tag)
    }

    fn asked(&self) -> Asked<'_> {
        let (method, uri, fields) = (&self.method, &self.uri, &self.fields);
        Asked { method, scheme: "https", authority: Some(self.host), uri, fields }
    }
}

fn rule(text: &str) -> Signatures {
    let text = text.replacen('{', "{secrets: [{id: x, secret: 'env:PATH'}], ", 1);
    let config: MessageSignatureConfig = serde_saphyr::from_str(&text).expect(&text);
    let secret = STANDARD.decode(SECRET).expect("Base64");
    let keys = Keys::for_tests(&config.algorithms, KEYS, &[("test-shared-secret", &secret)]);
    let compiled = Signatures::compile("a", &config, &HashKey::new([1; 32])).expect("compiles");
    Signatures { keys, ..compiled }
}

async fn check_at(rule: &Signatures, sent: &Sent, now: i64) -> Result<String, &'static str> {
    let replays = ReplayTable::default();
    let now = Timestamp::from_seconds(now);
    let signer = rule.check(&sent.asked(), now, false, &replays).await?;
    Ok(signer.expect("somebody").key)
}

async fn check(rule: &Signatures, sent: &Sent) -> Result<String, &'static str> {
    check_at(rule, sent, NOW).await
}

#[tokio::test]
async fn examples_of_the_standard_are_verified() {
    let rule = rule("{components: []}");
    for (label, input, signature) in [
        (
            "sig-b21",
            r#"();created=1618884473;keyid="test-key-rsa-pss";nonce="b3k2pp5k7z-50gnwp.yemd""#,
            "d2pmTvmbncD3xQm8E9ZV2828BjQWGgiwAaw5bAkgibUopemLJcWDy/lkbbHAve4cRAtx31Iq786U7it++wgGxbtRxf8Udx7zFZsckzXaJMkA7ChG52eSkFxykJeNqsrWH5S+oxNFlD4dzVuwe8DhTSja8xxbR/Z2cOGdCbzR72rgFWhzx2VjBqJzsPLMIQKhO4DGezXehhWwE56YCE+O6c0mKZsfxVrogUvA4HELjVKWmAvtl6UnCh8jYzuVG5WSb/QEVPnP5TmcAnLH1g+s++v6d4s8m0gCw1fV5/SITLq9mhho8K3+7EPYTU8IU1bLhdxO5Nyt8C8ssinQ98Xw9Q==",
        ),
        (
            "sig-b22",
            r#"("@authority" "content-digest" "@query-param";name="Pet");created=1618884473;keyid="test-key-rsa-pss";tag="header-example""#,
            "LjbtqUbfmvjj5C5kr1Ugj4PmLYvx9wVjZvD9GsTT4F7GrcQEdJzgI9qHxICagShLRiLMlAJjtq6N4CDfKtjvuJyE5qH7KT8UCMkSowOB4+ECxCmT8rtAmj/0PIXxi0A0nxKyB09RNrCQibbUjsLS/2YyFYXEu4TRJQzRw1rLEuEfY17SARYhpTlaqwZVtR8NV7+4UKkjqpcAoFqWFQh62s7Cl+H2fjBSpqfZUJcsIk4N6wiKYd4je2U/lankenQ99PZfB4jY3I5rSV2DSBVkSFsURIjYErOs0tFTQosMTAoxk//0RoKUqiYY8Bh0aaUEb0rQl3/XaVe4bXTugEjHSw==",
        ),
        (
            "sig-b23",
            r#"("date" "@method" "@path" "@query" "@authority" "content-type" "content-digest" "content-length");created=1618884473;keyid="test-key-rsa-pss""#,
            "bbN8oArOxYoyylQQUU6QYwrTuaxLwjAC9fbY2F6SVWvh0yBiMIRGOnMYwZ/5MR6fb0Kh1rIRASVxFkeGt683+qRpRRU5p2voTp768ZrCUb38K0fUxN0O0iC59DzYx8DFll5GmydPxSmme9v6ULbMFkl+V5B1TP/yPViV7KsLNmvKiLJH1pFkh/aYA2HXXZzNBXmIkoQoLd7YfW91kE9o/CCoC1xMy7JA1ipwvKvfrs65ldmlu9bpG6A9BmzhuzF8Eim5f8ui9eH8LZH896+QIF61ka39VBrohr9iyMUJpvRX2Zbhl5ZJzSRxpJyoEZAFL2FUo5fTIztsDZKEgM4cUA==",
        ),
        (
            "sig-b25",
            r#"("date" "@authority" "content-type");created=1618884473;keyid="test-shared-secret""#,
            "pxcQw6G3AjtMBQjwo8XzkZf/bws5LelbaMk5rGIGtE8=",
        ),
        (
            "sig-b26",
            r#"("date" "@method" "@path" "@authority" "content-type" "content-length");created=1618884473;keyid="test-key-ed25519""#,
            "wqcAqbmYJ2ji2glfAMaRy4gruYYnx2nEFN2HN6jrnDnQCK1u02Gb04v9EDgwUPiu4A0w6vuQv5lIp5WPpBKRCw==",
        ),
    ] {
        let sent = Sent::example().signed(label, input, signature);
        let verified = check(&rule, &sent).await;
        assert!(verified.is_ok_and(|key| input.contains(&key)), "{label}");
        // A byte of it, or of what it says, is another signature.
        let mut other = signature.to_owned();
        other.replace_range(0..1, if signature.starts_with('A') { "B" } else { "A" });
        let sent = Sent::example().signed(label, input, &other);
        assert_eq!(check(&rule, &sent).await, Err("signature-wrong"), "{label}");
        let input = input.replace("1618884473", "1618884474");
        let sent = Sent::example().signed(label, &input, signature);
        assert_eq!(check(&rule, &sent).await, Err("signature-wrong"), "{label}");
    }
}

/// RFC 9421 §B.3 and §B.4.
#[tokio::test]
async fn examples_of_what_may_change_on_the_way_are_verified() {
    let rule = rule("{components: []}");
    let input = r#"("@path" "@query" "@method" "@authority" "client-cert");created=1618884473;keyid="test-key-ecc-p256""#;
    let signature =
        "xVMHVpawaAC/0SbHrKRs9i8I3eOs5RtTMGCWXm/9nvZzoHsIg6Mce9315T6xoklyy0yzhD9ah4JHRwMLOgmizw==";
    let list = [("Client-Cert", CERTIFICATE)];
    let sent = Sent::new("POST", "/foo?param=Value&Pet=dog", "service.internal.example", &list);
    let sent = sent.signed("ttrp", input, signature);
    assert_eq!(check(&rule, &sent).await.as_deref(), Ok("test-key-ecc-p256"));

    let input =
        r#"("@method" "@path" "@authority" "accept");created=1618884473;keyid="test-key-ed25519""#;
    let signature =
        "ZT1kooQsEHpZ0I1IjCqtQppOmIqlJPeo7DHR3SoMn0s5JZ1eRGS0A+vyYP9t/LXlh5QMFFQ6cpLt2m0pmj3NDA==";
    let two: [(&str, &str); 2] = [("accept", "application/json"), ("accept", "*/*")];
    let joined: [(&str, &str); 1] = [("accept", "application/json, */*")];
    let turned: [(&str, &str); 2] = [("accept", "*/*"), ("accept", "application/json")];
    for (method, uri, host, list, is_good) in [
        ("GET", "/demo?name1=Value1&Name2=value2", "example.org", &two[..], true),
        ("GET", "/demo?name1=Value1&Name2=value2&param=added", "example.org", &two, true),
        ("GET", "/demo?name1=Value1&Name2=value2", "example.org", &joined, true),
        ("GET", "/demo?name1=Value1&Name2=value2", "Example.org:443", &two, true),
        ("GET", "/demo?name1=Value1&Name2=value2", "example.org", &turned, false),
        ("POST", "/demo?name1=Value1&Name2=value2", "example.com", &two, false),
        ("POST", "/demo?name1=Value1&Name2=value2", "example.org", &two, false),
        ("GET", "/demo/?name1=Value1&Name2=value2", "example.org", &two, false),
    ] {
        let sent = Sent::new(method, uri, host, list).signed("transform", input, signature);
        assert_eq!(check(&rule, &sent).await.is_ok(), is_good, "{method} {uri} {host} {list:?}");
    }
}

const COVERED: &str = r#"("@method" "@target-uri")"#;

fn input(more: &str) -> String {
    format!(r#"{COVERED};created={NOW};keyid="test-shared-secret"{more}"#)
}

#[tokio::test]
async fn what_is_missing_or_twice_is_refused() {
    let rule = rule("{}");
    let good = Sent::example().by_secret(&input(""));
    assert_eq!(check(&rule, &good).await.as_deref(), Ok("test-shared-secret"));
    let mut without = good.clone();
    without.fields.remove("signature");
    assert_eq!(check(&rule, &without).await, Err("signature-malformed"));
    let mut without = good.clone();
    without.fields.remove("signature-input");
    assert_eq!(check(&rule, &without).await, Err("signature-missing"));
    assert_eq!(check(&rule, &Sent::example()).await, Err("signature-missing"));
    // A second line is more of the same field; of one name the last counts, for both fields alike.
    let other = good.clone().signed("other", &input(""), "AAAA");
    assert!(check(&rule, &other).await.is_ok());
    let over = good.clone().with("signature", "sig=:AAAA:");
    assert_eq!(check(&rule, &over).await, Err("signature-wrong"));
    for (name, value) in [
        ("signature", "sig=:AA"),
        ("signature", "sig=\"AAAA\""),
        ("signature-input", "sig=1"),
        ("signature-input", "sig=(\"@method\""),
        ("signature-input", "sig"),
    ] {
        let sent = good.clone().with(name, value);
        assert_eq!(check(&rule, &sent).await, Err("signature-malformed"), "{name}: {value}");
    }
    let empty = Sent::example().signed("sig", &input(""), "");
    assert_eq!(check(&rule, &empty).await, Err("signature-wrong"));
    let shorter =
        good.fields["signature"].to_str().expect("text")[5..].trim_end_matches(':').to_owned();
    let bytes = STANDARD.decode(&shorter).expect("Base64");
    let cut = Sent::example().signed("sig", &input(""), &STANDARD.encode(&bytes[..16]));
    assert_eq!(check(&rule, &cut).await, Err("signature-wrong"));
    for (wrong, expected) in [(3, None), (4, Some("signature-wrong"))] {
        let many = (0..wrong)
            .fold(Sent::example(), |sent, n| sent.signed(&format!("s{n}"), &input(""), "AAAA"));
        let many = many.by_secret(&input(""));
        assert_eq!(check(&rule, &many).await.err(), expected, "no more than four are tried");
    }
    let optional = self::rule("{required: false}");
    let replays = ReplayTable::default();
    let now = Timestamp::from_seconds(NOW);
    let none = Sent::example();
    assert_eq!(optional.check(&none.asked(), now, false, &replays).await, Ok(None));
    assert_eq!(check(&optional, &over).await, Err("signature-wrong"), "a wrong one never passes");
}

#[tokio::test]
async fn what_is_changed_or_not_covered_is_refused() {
    let rule = rule("{}");
    let good = Sent::example().by_secret(&input(""));
    let mut sent = good.clone();
    sent.uri = "/foo?param=Value&Pet=cat".parse().expect("a URI");
    assert_eq!(check(&rule, &sent).await, Err("signature-wrong"));
    let sent = Sent { method: Method::PUT, ..good.clone() };
    assert_eq!(check(&rule, &sent).await, Err("signature-wrong"));
    let sent = Sent { host: "evil.example", ..good };
    assert_eq!(check(&rule, &sent).await, Err("signature-wrong"));
    for components in [
        r#"("@method")"#,
        r#"("@method" "@path")"#,
        "()",
        // It is none of the same name with a parameter.
        r#"("@method" "content-type" "@query-param";name="Pet")"#,
    ] {
        let input = input("").replace(COVERED, components);
        let sent = Sent::example().by_secret(&input);
        assert_eq!(check(&rule, &sent).await, Err("component-not-covered"), "{components}");
    }
    let exact = self::rule(r#"{components: ['@query-param;name="Pet"', '@method']}"#);
    let of = |components: &str| Sent::example().by_secret(&input("").replace(COVERED, components));
    assert!(check(&exact, &of(r#"("@query-param";name="Pet" "@method")"#)).await.is_ok());
    let other = of(r#"("@query-param";name="param" "@method")"#);
    assert_eq!(check(&exact, &other).await, Err("component-not-covered"));
}

#[tokio::test]
async fn times_are_kept() {
    let rule = rule("{max_age_seconds: 60, leeway_seconds: 10}");
    let good = Sent::example().by_secret(&input(""));
    for (now, expected) in [
        (NOW - 11, Some("created-in-future")),
        (NOW - 10, None),
        (NOW + 70, None),
        (NOW + 71, Some("signature-too-old")),
    ] {
        assert_eq!(check_at(&rule, &good, now).await.err(), expected, "{now}");
    }
    let expiring = Sent::example().by_secret(&input(&format!(";expires={}", NOW + 5)));
    assert_eq!(check_at(&rule, &expiring, NOW + 15).await.err(), None);
    assert_eq!(check_at(&rule, &expiring, NOW + 16).await.err(), Some("signature-expired"));
    for (input, reason) in [
        (format!(r#"{COVERED};keyid="test-shared-secret""#), "created-missing"),
        (format!(r#"{COVERED};created="{NOW}";keyid="test-shared-secret""#), "signature-malformed"),
        (format!(r#"{COVERED};created={NOW}.5;keyid="test-shared-secret""#), "signature-malformed"),
        (input(";expires=?1"), "signature-malformed"),
        (format!("{COVERED};created={NOW}"), "key-unknown"),
        (input("").replace("test-shared", "other"), "key-unknown"),
        (input(r#";nonce="""#), "signature-malformed"),
        (input(";nonce=1"), "signature-malformed"),
    ] {
        let sent = Sent::example().by_secret(&input);
        assert_eq!(check(&rule, &sent).await, Err(reason), "{input}");
    }
    // In a review, what was good when it came is good.
    let (replays, now) = (ReplayTable::default(), Timestamp::from_seconds(NOW + 9_999));
    assert!(rule.check(&good.asked(), now, true, &replays).await.is_ok());
}

/// The key says how it is used, whatever a message says.
#[tokio::test]
async fn no_key_is_used_for_another_algorithm() {
    let rule = rule("{}");
    let named = |alg: &str| Sent::example().by_secret(&input(&format!(r#";alg="{alg}""#)));
    assert!(check(&rule, &named("hmac-sha256")).await.is_ok());
    for alg in ["ed25519", "rsa-pss-sha512", "HMAC-SHA256", "none", ""] {
        assert_eq!(check(&rule, &named(alg)).await, Err("signature-algorithm"), "{alg}");
    }
    // A public key is no shared secret.
    for key in ["test-key-rsa-pss", "test-key-ed25519", "test-key-ecc-p256"] {
        let input = input("").replace("test-shared-secret", key);
        assert_eq!(check(&rule, &Sent::example().by_secret(&input)).await, Err("signature-wrong"));
        let input = format!(r#"{input};alg="hmac-sha256""#);
        let sent = Sent::example().by_secret(&input);
        assert_eq!(check(&rule, &sent).await, Err("signature-algorithm"));
    }
    let others = self::rule("{algorithms: [ed25519]}");
    let good = Sent::example().by_secret(&input(""));
    assert_eq!(check(&others, &good).await, Err("key-unknown"));
    // Both ways of signing with RSA are left: which one has to be said.
    let both = self::rule("{components: [], algorithms: [rsa-pss-sha512, rsa-v1_5-sha256]}");
    let input = r#"();created=1618884473;keyid="test-key-rsa-pss""#;
    let sent = Sent::example().signed("sig", input, "AAAA");
    assert_eq!(check(&both, &sent).await, Err("signature-algorithm"));
}

#[tokio::test]
async fn a_nonce_is_good_once_for_a_key() {
    let rule = rule("{nonce: true}");
    let without = Sent::example().by_secret(&input(""));
    assert_eq!(check(&rule, &without).await, Err("nonce-missing"));
    let replays = ReplayTable::default();
    let now = Timestamp::from_seconds(NOW);
    let of = |nonce: &str| Sent::example().by_secret(&input(&format!(r#";nonce="{nonce}""#)));
    let (one, other) = (of("1"), of("2"));
    assert!(rule.check(&one.asked(), now, false, &replays).await.is_ok());
    assert_eq!(rule.check(&one.asked(), now, false, &replays).await, Err("nonce-used"));
    assert!(rule.check(&other.asked(), now, false, &replays).await.is_ok());
    // Signed anew, about something else, under another label.
    let anew = Sent { method: Method::PUT, ..Sent::example() };
    let anew = anew.by_secret(&input(r#";nonce="1""#));
    assert_eq!(rule.check(&anew.asked(), now, false, &replays).await, Err("nonce-used"));
    // What is wrong uses up nothing.
    let wrong = of("3").with("signature", "sig=:AAAA:");
    assert_eq!(rule.check(&wrong.asked(), now, false, &replays).await, Err("signature-wrong"));
    assert!(rule.check(&of("3").asked(), now, false, &replays).await.is_ok());
    let full = ReplayTable::new(0, 0);
    let mut codes = Vec::new();
    for n in 0..200 {
        let sent = of(&n.to_string());
        codes.push(rule.check(&sent.asked(), now, false, &full).await.err());
    }
    assert!(codes.contains(&Some("replays-unknown")), "a full store refuses");
    assert_eq!(rule.refusal("replays-unknown").status, StatusCode::SERVICE_UNAVAILABLE);
}

#[tokio::test]
async fn only_signatures_with_the_tag_count() {
    let rule = rule("{tag: pay}");
    for (more, expected) in [
        (r#";tag="pay""#, None),
        (r#";tag="Pay""#, Some("signature-missing")),
        (";tag=pay", Some("signature-missing")),
        ("", Some("signature-missing")),
    ] {
        let sent = Sent::example().by_secret(&input(more));
        assert_eq!(check(&rule, &sent).await.err(), expected, "{more}");
    }
    // Where none has to be signed, what is signed for others is nobody's; what is signed for this has to be good.
    let optional = self::rule("{tag: pay, required: false}");
    let (replays, now) = (ReplayTable::default(), Timestamp::from_seconds(NOW));
    let other = Sent::example().by_secret(&input(r#";tag="other""#));
    assert_eq!(optional.check(&other.asked(), now, false, &replays).await, Ok(None));
    let both = other.clone().signed("pay", &input(r#";tag="pay""#), "AAAA");
    assert_eq!(check(&optional, &both).await, Err("signature-wrong"));
    let bare = other.with("signature", "pay=:AAAA:");
    assert_eq!(
        check(&optional, &bare).await,
        Err("signature-missing"),
        "it may have been for this"
    );
    let refusal = rule.refusal("signature-missing");
    let told: Vec<_> =
        refusal.fields.iter().filter(|(name, _)| *name == ACCEPT_SIGNATURE).collect();
    let expected = r#"sig=("@method" "@target-uri");created;keyid;tag="pay""#;
    assert_eq!(told[0].1, expected);
}

#[test]
fn a_body_has_to_be_covered() {
    let sent = Sent::example();
    let check = |covers, body: BodyView<'_>| Signatures::check_body(covers, &sent.fields, body);
    let (good, other) = (Bytes::from_static(br#"{"hello": "world"}"#), Bytes::from_static(b"{}"));
    assert_eq!(check(true, BodyView::Whole(&good)), Ok(()));
    assert_eq!(check(true, BodyView::Whole(&other)), Err("digest-wrong"));
    assert_eq!(check(true, BodyView::Whole(&Bytes::new())), Err("digest-wrong"));
    assert_eq!(check(false, BodyView::Whole(&good)), Err("digest-not-covered"));
    assert_eq!(check(false, BodyView::Whole(&Bytes::new())), Ok(()));
    for covers in [true, false] {
        let streamed = BodyView::Streamed(Streamed::TooLarge);
        assert_eq!(check(covers, streamed), Err("body-not-held"));
    }
}

#[test]
fn settings_that_cannot_work_are_refused() {
    let compile = |text: &str| {
        let config: MessageSignatureConfig = serde_saphyr::from_str(text).expect(text);
        Signatures::compile("a", &config, &HashKey::new([1; 32])).map(drop)
    };
    assert!(compile("{}").is_err());
    let one = "secrets: [{id: a, secret: 'env:PATH'}]";
    assert!(compile(&format!("{{{one}}}")).is_ok());
    for more in [
        "algorithms: []",
        "components: ['']",
        "components: [Content-Type]",
        "components: ['\"@method\"']",
        "components: ['@query-param;name=']",
        "tag: ''",
        "tag: 'ü'",
        "max_age_seconds: 0",
        "max_age_seconds: 3601",
        "leeway_seconds: 301",
        "jwks_file: /nonexistent/keys",
    ] {
        assert!(compile(&format!("{{{one}, {more}}}")).is_err(), "{more}");
    }
    for secrets in [
        "[{id: '', secret: 'env:PATH'}]",
        "[{id: a, secret: 'env:PATH'}, {id: a, secret: 'env:PATH'}]",
        "[{id: a, secret: 'env:BARTIZAN_TEST_UNSET'}]",
        "[{id: a, secret: 'written here, and long enough for anything'}]",
    ] {
        assert!(compile(&format!("{{secrets: {secrets}}}")).is_err(), "{secrets}");
    }
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("short");
    std::fs::write(&path, "31 bytes are not enough for it.").expect("written");
    let keys = folder.path().join("keys");
    std::fs::write(&keys, KEYS).expect("written");
    let file = format!("jwks_file: '{}'", keys.display());
    assert!(compile(&format!("{{{file}}}")).is_ok());
    assert!(compile(&format!("{{{file}, {one}}}")).is_ok());
    let same = one.replace("id: a", "id: test-key-ed25519");
    assert!(compile(&format!("{{{file}, {same}}}")).is_err(), "two keys of one name");
    let short = format!("{{secrets: [{{id: a, secret: 'file:{}'}}]}}", path.display());
    let problem = compile(&short).expect_err("short");
    assert_eq!(problem.key, "secrets.0.secret");
    assert!(!problem.problem.contains("31 bytes are"), "{}", problem.problem);
}
