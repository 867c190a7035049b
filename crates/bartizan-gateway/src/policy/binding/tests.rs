//! Proofs, good and forged.

use aws_lc_rs::digest::{SHA256, digest};
use bartizan_model::replay::{Account, ReplayStore as _};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use jsonwebtoken::{Algorithm as Library, EncodingKey};
use serde_json::{Value, json};

use super::*;
use crate::policy::lasting::ReplayTable;

const NOW: i64 = 1_800_000_000;
const TOKEN: &str = "a.b.c";

/// Somebody who holds a key.
struct Holder(rcgen::KeyPair);

impl Holder {
    fn new() -> Self {
        Self(rcgen::KeyPair::generate().expect("a key"))
    }

    fn public(&self) -> Value {
        let raw = self.0.public_key_raw();
        let part = |range: std::ops::Range<usize>| URL_SAFE_NO_PAD.encode(&raw[range]);
        json!({"crv": "P-256", "kty": "EC", "x": part(1..33), "y": part(33..65)})
    }

    fn bound(&self) -> Bound {
        let hash = digest(&SHA256, self.public().to_string().as_bytes());
        Bound { key: hash.as_ref().try_into().ok(), certificate: None }
    }

    fn head(&self) -> Value {
        json!({"typ": "dpop+jwt", "alg": "ES256", "jwk": self.public()})
    }

    fn sign(&self, head: &Value, claims: &Value) -> String {
        let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
        let message = format!("{}.{}", part(head), part(claims));
        let key = EncodingKey::from_ec_der(&self.0.serialize_der());
        let signature = jsonwebtoken::crypto::sign(message.as_bytes(), &key, Library::ES256);
        format!("{message}.{}", signature.expect("signed"))
    }

    fn proof(&self, claims: &Value) -> String {
        self.sign(&self.head(), claims)
    }
}

fn claims() -> Value {
    let hash = URL_SAFE_NO_PAD.encode(digest(&SHA256, TOKEN.as_bytes()));
    json!({"jti": "1", "htm": "GET", "htu": "https://api.example/v1/a", "iat": NOW, "ath": hash})
}

fn with(name: &str, value: Value) -> Value {
    let mut claims = claims();
    claims[name] = value;
    claims
}

fn binding(text: &str) -> Binding {
    let config: BindingConfig = serde_saphyr::from_str(text).expect("a configuration");
    Binding::compile(&config, ("https://idp.example", 30), &HashKey::new([1; 32]))
        .expect("compiles")
}

async fn check_at(
    binding: &Binding,
    bound: &Bound,
    proofs: &[&str],
    replays: &ReplayTable,
    now: i64,
) -> Result<(), &'static str> {
    let mut fields = HeaderMap::new();
    for proof in proofs {
        fields.append(DPOP, proof.parse().expect("a value"));
    }
    let presentation = Presentation {
        fields: &fields,
        method: &Method::GET,
        scheme: "https",
        authority: Some("API.example"),
        path: "/v1/%61",
        certificate: None,
        is_review: false,
    };
    let now = Timestamp::from_seconds(now);
    binding.check((TOKEN, true), bound, &presentation, replays, now).await
}

async fn check(holder: &Holder, proofs: &[&str]) -> Result<(), &'static str> {
    check_at(&binding("{}"), &holder.bound(), proofs, &ReplayTable::default(), NOW).await
}

#[tokio::test]
async fn a_proof_is_good_once() {
    let (holder, replays, binding) = (Holder::new(), ReplayTable::default(), binding("{}"));
    let proof = holder.proof(&claims());
    for (now, expected) in [
        (NOW, Ok(())),
        (NOW, Err("proof-replayed")),
        (NOW + 90, Err("proof-replayed")),
        (NOW + 91, Err("proof-time")),
    ] {
        let got = check_at(&binding, &holder.bound(), &[&proof], &replays, now).await;
        assert_eq!(got, expected, "{now}");
    }
    // Another signature of the same proof is the same proof.
    let again = holder.proof(&claims());
    let got = check_at(&binding, &holder.bound(), &[&again], &replays, NOW).await;
    assert_eq!(got, Err("proof-replayed"));
    let next = holder.proof(&with("jti", json!("2")));
    assert_eq!(check_at(&binding, &holder.bound(), &[&next], &replays, NOW).await, Ok(()));
    // A full store lets nothing pass.
    let full = ReplayTable::new(1, 1);
    for n in 0..=255_u8 {
        let key = bartizan_model::KeyedHash([n; 10]);
        let (now, until) = (Timestamp::from_seconds(NOW), Timestamp::from_seconds(NOW + 1_000));
        full.note(Account::of(key), key, now, until);
    }
    let got = check_at(&binding, &holder.bound(), &[&proof], &full, NOW).await;
    assert_eq!(got, Err("replays-unknown"));
}

/// A proof is forgotten when it is too old; a longer life must not bring it back.
#[tokio::test]
async fn what_was_forgotten_is_not_good_again_after_a_reload() {
    let (holder, replays) = (Holder::new(), ReplayTable::default());
    let (before, mut after) = (binding("{proof_seconds: 5}"), binding("{proof_seconds: 300}"));
    let proof = holder.proof(&claims());
    let (bound, proofs) = (holder.bound(), [proof.as_str()]);
    let check = |binding, now| check_at(binding, &bound, &proofs, &replays, now);
    assert_eq!(check(&before, NOW).await, Ok(()));
    after.following(&before, Timestamp::from_seconds(NOW + 10));
    assert_eq!(check(&after, NOW + 35).await, Err("proof-replayed"));
    assert_eq!(check(&after, NOW + 36).await, Err("proof-time"));
}

#[tokio::test]
async fn forged_and_borrowed_proofs_are_refused() {
    let (holder, thief) = (Holder::new(), Holder::new());
    let good = holder.proof(&claims());
    let head = |name: &str, value: Value| {
        let mut head = holder.head();
        head[name] = value;
        holder.sign(&head, &claims())
    };
    let mut private = holder.public();
    private["d"] = json!("AA");
    let mut tampered = good.clone();
    tampered.replace_range(good.len() - 4.., "AAAA");
    for (proof, expected) in [
        (good.clone(), Ok(())),
        (thief.proof(&claims()), Err("proof-thumbprint")),
        // With the key of the holder in it, and signed by the thief.
        (thief.sign(&holder.head(), &claims()), Err("proof-signature")),
        (tampered, Err("proof-signature")),
        (head("alg", json!("none")), Err("proof-algorithm")),
        (head("alg", json!("HS256")), Err("proof-algorithm")),
        (head("alg", json!("ES384")), Err("proof-key")),
        (head("typ", json!("JWT")), Err("proof-type")),
        (head("typ", json!("at+jwt")), Err("proof-type")),
        (head("crit", json!(["x"])), Err("proof-type")),
        (head("jwk", private), Err("proof-key")),
        (head("jwk", json!({"kty": "oct", "k": "AA"})), Err("proof-key")),
        (head("jwk", json!("x")), Err("proof-key")),
        (holder.proof(&with("htm", json!("POST"))), Err("proof-method")),
        (holder.proof(&with("htm", json!("get"))), Err("proof-method")),
        (holder.proof(&with("htu", json!("https://api.example/v1/b"))), Err("proof-url")),
        (holder.proof(&with("htu", json!("http://api.example/v1/a"))), Err("proof-url")),
        (holder.proof(&with("htu", json!("https://evil.example/v1/a"))), Err("proof-url")),
        (holder.proof(&with("htu", json!("https://api.example:444/v1/a"))), Err("proof-url")),
        (holder.proof(&with("htu", json!("/v1/a"))), Err("proof-url")),
        (holder.proof(&with("htu", json!("https://API.EXAMPLE:443/v1/a?b=c"))), Ok(())),
        (holder.proof(&with("iat", json!(NOW - 91))), Err("proof-time")),
        (holder.proof(&with("iat", json!(NOW + 31))), Err("proof-time")),
        (holder.proof(&with("iat", json!(null))), Err("proof-malformed")),
        (holder.proof(&with("ath", json!("x"))), Err("proof-token")),
        (holder.proof(&with("ath", json!(null))), Err("proof-token")),
        (holder.proof(&with("jti", json!(""))), Err("proof-malformed")),
        (holder.proof(&with("jti", json!("x".repeat(300)))), Err("proof-malformed")),
        ("x.y".to_owned(), Err("proof-malformed")),
        ("a".repeat(5_000), Err("proof-malformed")),
    ] {
        assert_eq!(check(&holder, &[&proof]).await, expected, "{proof}");
    }
    assert_eq!(check(&holder, &[]).await, Err("proof-missing"));
    assert_eq!(check(&holder, &[&good, &good]).await, Err("proof-several"));
}

#[tokio::test]
async fn bound_tokens_are_no_bearer_tokens() {
    let (replays, fields) = (ReplayTable::default(), HeaderMap::new());
    let (key, certificate) = (Some([1; 32]), Some([2; 32]));
    let both = Bound { key, certificate };
    let by_certificate = Bound { key: None, certificate };
    for (settings, bound, shown, is_proven, is_review, expected) in [
        ("{}", &Bound::default(), None, false, false, Ok(())),
        ("{}", &Bound::default(), None, true, false, Err("jwt-not-bound")),
        ("{required: true}", &Bound::default(), certificate, false, false, Err("jwt-not-bound")),
        ("{}", &by_certificate, None, false, false, Err("jwt-certificate")),
        ("{}", &by_certificate, key, false, false, Err("jwt-certificate")),
        ("{required: true}", &by_certificate, certificate, false, false, Ok(())),
        ("{}", &both, certificate, false, false, Err("proof-missing")),
        ("{}", &both, certificate, true, false, Err("proof-missing")),
        ("{}", &both, certificate, true, true, Ok(())),
        ("{}", &both, None, true, true, Err("jwt-certificate")),
    ] {
        let presentation = Presentation {
            fields: &fields,
            method: &Method::GET,
            scheme: "https",
            authority: None,
            path: "/",
            certificate: shown,
            is_review,
        };
        let now = Timestamp::from_seconds(NOW);
        let binding = binding(settings);
        let got = binding.check((TOKEN, is_proven), bound, &presentation, &replays, now).await;
        assert_eq!(got, expected, "{settings} {bound:?} {is_proven}");
    }
}

#[tokio::test]
async fn clients_are_told_algorithms_and_nonces() {
    let (holder, binding) = (Holder::new(), binding("{nonce: true, proof_algorithms: [ES256]}"));
    let now = Timestamp::from_seconds(NOW);
    let refusal = binding.refusal("proof-nonce", now).expect("about proofs");
    let field = |name: &HeaderName| {
        let found = refusal.fields.iter().find(|(known, _)| known == name);
        found.and_then(|(_, value)| value.to_str().ok()).unwrap_or_default().to_owned()
    };
    assert_eq!(field(&header::WWW_AUTHENTICATE), "DPoP error=\"use_dpop_nonce\", algs=\"ES256\"");
    let nonce = field(&DPOP_NONCE);
    let replays = ReplayTable::default();
    let with_nonce = holder.proof(&with("nonce", json!(nonce)));
    let without = holder.proof(&claims());
    let bound = holder.bound();
    assert_eq!(check_at(&binding, &bound, &[&without], &replays, NOW).await, Err("proof-nonce"));
    assert_eq!(check_at(&binding, &bound, &[&with_nonce], &replays, NOW).await, Ok(()));
    let later = holder.proof(&json!({
        "jti": "9", "htm": "GET", "htu": "https://api.example/v1/a", "iat": NOW + 150,
        "ath": claims()["ath"], "nonce": nonce,
    }));
    let got = check_at(&binding, &bound, &[&later], &replays, NOW + 150).await;
    assert_eq!(got, Err("proof-nonce"), "it changes");
    assert!(binding.refusal("jwt-expired", now).is_none());
    assert_eq!(binding.refusal("replays-unknown", now).map(|r| r.status.as_u16()), Some(503));
}

#[tokio::test]
async fn origins_that_are_named_count_instead_of_the_host() {
    let holder = Holder::new();
    let binding = binding("{origins: ['https://public.example']}");
    let replays = ReplayTable::default();
    let public = holder.proof(&with("htu", json!("https://public.example/v1/a")));
    let host = holder.proof(&claims());
    assert_eq!(check_at(&binding, &holder.bound(), &[&public], &replays, NOW).await, Ok(()));
    let got = check_at(&binding, &holder.bound(), &[&host], &replays, NOW).await;
    assert_eq!(got, Err("proof-url"));
}

#[test]
fn settings_that_cannot_work_are_refused() {
    for (text, key) in [
        ("{proof_seconds: 4}", "binding.proof_seconds"),
        ("{proof_seconds: 301}", "binding.proof_seconds"),
        ("{proof_algorithms: []}", "binding.proof_algorithms"),
        ("{proof_algorithms: [HS256]}", "binding.proof_algorithms"),
        ("{origins: ['api.example']}", "binding.origins.0"),
        ("{origins: ['https://api.example/v1']}", "binding.origins.0"),
        ("{origins: ['ftp://api.example']}", "binding.origins.0"),
    ] {
        let config: BindingConfig = serde_saphyr::from_str(text).expect("a configuration");
        let problem =
            Binding::compile(&config, ("https://idp.example", 30), &HashKey::new([1; 32]))
                .expect_err(text);
        assert_eq!(problem.key, key);
    }
}
