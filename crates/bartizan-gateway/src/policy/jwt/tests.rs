//! Attacks on JWT verification.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use jsonwebtoken::{Algorithm as Library, EncodingKey};
use serde_json::{Value, json};

use super::*;

/// When these tests take place, in seconds.
pub(super) const NOW: i64 = 1_800_000_000;

/// Somebody who signs.
pub(super) struct Signer {
    pair: rcgen::KeyPair,
    id: &'static str,
}

impl Signer {
    pub(super) fn new(id: &'static str) -> Self {
        Self { pair: rcgen::KeyPair::generate().expect("a key"), id }
    }

    /// The public key as a key set writes it.
    pub(super) fn public(&self) -> Value {
        let raw = self.pair.public_key_raw();
        let part = |range: std::ops::Range<usize>| URL_SAFE_NO_PAD.encode(&raw[range]);
        json!({"kty": "EC", "crv": "P-256", "kid": self.id, "use": "sig", "x": part(1..33), "y": part(33..65)})
    }

    pub(super) fn raw(&self) -> Vec<u8> {
        self.pair.public_key_raw().to_vec()
    }

    pub(super) fn der(&self) -> Vec<u8> {
        self.pair.serialize_der()
    }

    pub(super) fn token(&self, claims: &Value) -> String {
        self.signed(&json!({"alg": "ES256", "kid": self.id, "typ": "JWT"}), claims)
    }

    pub(super) fn signed(&self, head: &Value, claims: &Value) -> String {
        let key = EncodingKey::from_ec_der(&self.pair.serialize_der());
        sign(head, claims, &key, Library::ES256)
    }
}

pub(super) fn sign(head: &Value, claims: &Value, key: &EncodingKey, algorithm: Library) -> String {
    let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
    let message = format!("{}.{}", part(head), part(claims));
    let signature = jsonwebtoken::crypto::sign(message.as_bytes(), key, algorithm).expect("signed");
    format!("{message}.{signature}")
}

pub(super) fn claims() -> Value {
    json!({
        "iss": "https://idp.example", "aud": ["other", "orders"], "sub": "u1",
        "exp": NOW + 600, "nbf": NOW - 10, "iat": NOW - 10, "scope": "read write",
    })
}

pub(super) fn with(name: &str, value: Value) -> Value {
    let mut claims = claims();
    claims[name] = value;
    claims
}

fn without(name: &str) -> Value {
    let mut claims = claims();
    claims.as_object_mut().expect("an object").remove(name);
    claims
}

pub(super) fn config(keys: &[Value]) -> (tempfile::TempDir, JwtConfig) {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("jwks.json");
    std::fs::write(&path, json!({"keys": keys}).to_string()).expect("written");
    let text = "{issuer: 'https://idp.example', audiences: [orders], algorithms: [ES256]}";
    let config: JwtConfig = serde_saphyr::from_str(text).expect("a configuration");
    (folder, JwtConfig { jwks_file: Some(path), ..config })
}

pub(super) fn around(look_ups: &LookUps) -> Surroundings {
    let embedded = Surroundings::embedded(HashKey::new([1; 32]));
    Surroundings { look_ups: look_ups.clone(), ..embedded }
}

pub(super) fn compile(config: &JwtConfig) -> Result<Tokens, Problem> {
    Tokens::compile(config, &BTreeSet::new(), &around(&LookUps::default()))
}

pub(super) fn at(seconds: i64) -> Timestamp {
    Timestamp::from_seconds(seconds)
}

pub(super) async fn verify(policy: &Tokens, text: &str) -> Result<String, &'static str> {
    policy.verify(text, at(NOW)).await.map(|known| known.identity.subject.to_string())
}

#[tokio::test]
async fn good_tokens_are_verified_and_remembered() {
    let signer = Signer::new("a");
    let (_folder, config) = config(&[signer.public()]);
    let policy = compile(&config).expect("compiles");
    let text = signer.token(&claims());
    assert_eq!(policy.remembered(&text, at(NOW)), None);
    let known = policy.verify(&text, at(NOW)).await.expect("good");
    let identity = &known.identity;
    assert_eq!((&*identity.subject, &*identity.issuer), ("u1", "https://idp.example"));
    assert_eq!(&*identity.scopes, ["read", "write"]);
    assert_eq!(policy.remembered(&text, at(NOW)), Some(known.clone()));
    assert_eq!(policy.remembered(&text, at(NOW + 629)), Some(known));
    assert_eq!(policy.remembered(&text, at(NOW + 630)), None, "expired, with leeway");
    assert_eq!(policy.verify(&text, at(NOW + 630)).await, Err("jwt-expired"));
    // A token of another kind of key, by name and without.
    let head = json!({"alg": "ES256"});
    assert_eq!(verify(&policy, &signer.signed(&head, &claims())).await.as_deref(), Ok("u1"));
    // Too long to be remembered.
    let long = signer.token(&with("x", json!("x".repeat(5_000))));
    assert_eq!(verify(&policy, &long).await.as_deref(), Ok("u1"));
    assert_eq!(policy.remembered(&long, at(NOW)), None);
}

#[tokio::test]
async fn claims_are_checked() {
    let signer = Signer::new("a");
    let (_folder, config) = config(&[signer.public()]);
    let config = JwtConfig { required_claims: vec!["scope".to_owned()], ..config };
    let policy = compile(&config).expect("compiles");
    for (claims, expected) in [
        (with("exp", json!(NOW - 30)), Err("jwt-expired")),
        (with("exp", json!(NOW - 29)), Ok("u1")),
        (with("exp", json!(0)), Err("jwt-expired")),
        (with("exp", json!(-1)), Err("jwt-claims")),
        (with("exp", json!("9999999999")), Err("jwt-claims")),
        (with("exp", json!(1e300)), Err("jwt-claims")),
        (with("exp", json!(null)), Err("jwt-claims")),
        (without("exp"), Err("jwt-claims")),
        (with("exp", json!(NOW + 86_390)), Ok("u1")),
        (with("exp", json!(NOW + 86_391)), Err("jwt-life")),
        (with("nbf", json!(NOW + 30)), Ok("u1")),
        (with("nbf", json!(NOW + 31)), Err("jwt-not-yet-valid")),
        (without("nbf"), Ok("u1")),
        (with("iat", json!(NOW + 31)), Err("jwt-not-yet-valid")),
        (without("iat"), Ok("u1")),
        (with("iss", json!("https://idp.example/")), Err("jwt-issuer")),
        (with("iss", json!(["https://idp.example"])), Err("jwt-issuer")),
        (without("iss"), Err("jwt-issuer")),
        (with("aud", json!("orders")), Ok("u1")),
        (with("aud", json!("order")), Err("jwt-audience")),
        (with("aud", json!(["Orders", "orders2"])), Err("jwt-audience")),
        (with("aud", json!({"orders": 1})), Err("jwt-audience")),
        (without("aud"), Err("jwt-audience")),
        (without("sub"), Err("jwt-claims")),
        (with("sub", json!("")), Err("jwt-claims")),
        (with("sub", json!(7)), Err("jwt-claims")),
        (without("scope"), Err("jwt-claims")),
        (with("scope", json!(null)), Err("jwt-claims")),
    ] {
        let got = verify(&policy, &signer.token(&claims)).await;
        assert_eq!(got.as_deref().map_err(|code| *code), expected, "{claims}");
    }
    let eternal = json!({"iss": "https://idp.example", "aud": "orders", "sub": "u", "scope": "a",
        "exp": NOW + 86_401});
    assert_eq!(verify(&policy, &signer.token(&eternal)).await, Err("jwt-life"));
}

#[tokio::test]
async fn forged_tokens_are_refused() {
    let (signer, stranger) = (Signer::new("a"), Signer::new("a"));
    let (_folder, config) = config(&[signer.public(), Signer::new("b").public()]);
    let policy = compile(&config).expect("compiles");
    let good = signer.token(&claims());
    let head = |alg: &str| json!({"alg": alg, "kid": "a"});
    let unsigned = |alg: &str| {
        let part = |value: Value| URL_SAFE_NO_PAD.encode(value.to_string());
        format!("{}.{}", part(head(alg)), part(claims()))
    };
    // Key confusion: the public key, in the forms that libraries have taken, as the secret.
    let raw = signer.pair.public_key_raw().to_vec();
    let forms =
        [raw, signer.pair.public_key_pem().into_bytes(), signer.public().to_string().into_bytes()];
    for secret in forms {
        for alg in ["HS256", "ES256"] {
            let key = EncodingKey::from_secret(&secret);
            let forged = sign(&head(alg), &claims(), &key, Library::HS256);
            assert!(verify(&policy, &forged).await.is_err(), "{alg}");
        }
    }
    let mut swapped = signer.token(&with("sub", json!("admin")));
    swapped = format!(
        "{}.{}",
        swapped.rsplit_once('.').expect("three parts").0,
        good.rsplit_once('.').expect("three parts").1
    );
    for (text, expected) in [
        (format!("{}.", unsigned("none")), "jwt-unsigned"),
        (format!("{}.", unsigned("ES256")), "jwt-unsigned"),
        (unsigned("none"), "jwt-malformed"),
        (format!("{}.c2ln", unsigned("none")), "jwt-algorithm"),
        (format!("{}.c2ln", unsigned("nOnE")), "jwt-algorithm"),
        (format!("{}.c2ln", unsigned("")), "jwt-algorithm"),
        (format!("{}.c2ln", unsigned("es256")), "jwt-algorithm"),
        (format!("{}.c2ln", unsigned("ES256 ")), "jwt-algorithm"),
        (format!("{}.c2ln", unsigned("ES384")), "jwt-algorithm"),
        (format!("{}.c2ln", unsigned("ES256")), "jwt-signature"),
        // r = s = 0, which some verifiers have taken for anything.
        (format!("{}.{}", unsigned("ES256"), URL_SAFE_NO_PAD.encode([0; 64])), "jwt-signature"),
        (stranger.token(&claims()), "jwt-signature"),
        (swapped, "jwt-signature"),
        (format!("{good}="), "jwt-signature"),
        (signer.signed(&json!({"alg": "ES256", "kid": "b"}), &claims()), "jwt-signature"),
        (signer.signed(&json!({"alg": "ES256", "kid": "c"}), &claims()), "jwt-unknown-key"),
        (signer.signed(&json!({"alg": "ES256", "kid": "A"}), &claims()), "jwt-unknown-key"),
        (signer.signed(&json!({"alg": "ES256", "kid": "../a"}), &claims()), "jwt-unknown-key"),
        (signer.signed(&json!({"alg": "ES256"}), &claims()), "jwt-unknown-key"),
        (
            stranger.signed(&json!({"alg": "ES256", "jwk": stranger.public()}), &claims()),
            "jwt-unknown-key",
        ),
        (
            stranger.signed(
                &json!({"alg": "ES256", "kid": "a", "jku": "https://evil.example"}),
                &claims(),
            ),
            "jwt-signature",
        ),
        (
            signer.signed(&json!({"alg": "ES256", "kid": "a", "crit": ["x"]}), &claims()),
            "jwt-critical",
        ),
        ("x".repeat(20_000), "jwt-too-large"),
        (String::new(), "jwt-malformed"),
    ] {
        assert_eq!(verify(&policy, &text).await, Err(expected), "{text}");
        assert_eq!(policy.remembered(&text, at(NOW)), None);
    }
    assert_eq!(verify(&policy, &good).await.as_deref(), Ok("u1"));
}

#[tokio::test]
async fn secrets_verify_what_they_are_long_enough_for() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("secret");
    let (_other, base) = config(&[Signer::new("a").public()]);
    let with_secret = |secret: &[u8], algorithms: &[Algorithm]| {
        std::fs::write(&path, secret).expect("written");
        let config = JwtConfig {
            jwks_file: None,
            secret: Some(format!("file:{}", path.display())),
            algorithms: algorithms.to_vec(),
            ..base.clone()
        };
        compile(&config)
    };
    for (secret, algorithms) in [
        (&[b'a'; 31][..], &[Algorithm::HS256][..]),
        (&[b'a'; 47], &[Algorithm::HS384]),
        (&[b'a'; 63], &[Algorithm::HS256, Algorithm::HS512]),
        (b"-----BEGIN PUBLIC KEY-----\nMFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAE", &[Algorithm::HS256]),
        (b"{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"aaaaaaaaaa\"}", &[Algorithm::HS256]),
        (&[b'a'; 64], &[Algorithm::HS256, Algorithm::ES256]),
        (&[b'a'; 64], &[Algorithm::ES256]),
        (&[b'a'; 64], &[]),
    ] {
        assert!(with_secret(secret, algorithms).is_err(), "{algorithms:?}");
    }
    let policy = with_secret(&[b'a'; 32], &[Algorithm::HS256]).expect("compiles");
    let token = |secret: &[u8]| {
        let head = json!({"alg": "HS256", "kid": "whatever"});
        sign(&head, &claims(), &EncodingKey::from_secret(secret), Library::HS256)
    };
    assert_eq!(verify(&policy, &token(&[b'a'; 32])).await.as_deref(), Ok("u1"));
    assert_eq!(verify(&policy, &token(&[b'b'; 32])).await, Err("jwt-signature"));
    let inline = JwtConfig { jwks_file: None, secret: Some("a".repeat(64)), ..base.clone() };
    assert!(compile(&JwtConfig { algorithms: vec![Algorithm::HS256], ..inline }).is_err());
}

#[test]
fn settings_that_cannot_work_are_refused() {
    let (_folder, good) = config(&[Signer::new("a").public()]);
    let url = Some("http://127.0.0.1:1/".to_owned());
    for (config, key) in [
        (JwtConfig { issuer: String::new(), ..good.clone() }, "issuer"),
        (JwtConfig { audiences: Vec::new(), ..good.clone() }, "audiences"),
        (
            JwtConfig { algorithms: vec![Algorithm::ES256, Algorithm::RS256], ..good.clone() },
            "algorithms",
        ),
        (JwtConfig { jwks_file: None, ..good.clone() }, ""),
        (JwtConfig { jwks_url: url, ..good.clone() }, ""),
        (JwtConfig { jwks_file: Some("/nonexistent".into()), ..good.clone() }, "jwks_file"),
        (
            JwtConfig {
                jwks_file: None,
                jwks_url: Some("http://idp.example/".to_owned()),
                ..good.clone()
            },
            "jwks_url",
        ),
        (JwtConfig { header: "a b".to_owned(), ..good.clone() }, "header"),
        (JwtConfig { leeway_seconds: 301, ..good.clone() }, "leeway_seconds"),
        (JwtConfig { max_life_seconds: 0, ..good.clone() }, "max_life_seconds"),
    ] {
        assert_eq!(compile(&config).err().map(|p| p.key), Some(key.to_owned()), "{config:?}");
    }
}

#[test]
fn refusals_tell_whose_fault_it_is() {
    for (code, status) in
        [("several-credentials", 400), ("jwt-expired", 401), ("jwks-unavailable", 503)]
    {
        assert_eq!(refusal(code).status.as_u16(), status);
    }
}

#[tokio::test]
async fn profiles_and_audiences_are_as_strict_as_is_said() {
    let signer = Signer::new("a");
    let (_folder, base) = config(&[signer.public()]);
    let strict = JwtConfig { profile: Profile::AccessToken, ..base.clone() };
    let strict = compile(&strict).expect("compiles");
    let head = |typ: &str| json!({"alg": "ES256", "kid": "a", "typ": typ});
    let mut full = with("client_id", json!("c"));
    full["jti"] = json!("1");
    let lacks = |name: &str| {
        let mut claims = full.clone();
        claims.as_object_mut().expect("an object").remove(name);
        claims
    };
    for (typ, claims, expected) in [
        ("at+jwt", full.clone(), Ok("u1")),
        ("application/AT+JWT", full.clone(), Ok("u1")),
        ("JWT", full.clone(), Err("jwt-profile")),
        ("at+jwt", lacks("client_id"), Err("jwt-profile")),
        ("at+jwt", lacks("jti"), Err("jwt-profile")),
        ("at+jwt", lacks("iat"), Err("jwt-profile")),
        ("at+jwt", lacks("aud"), Err("jwt-audience")),
    ] {
        let got = verify(&strict, &signer.signed(&head(typ), &claims)).await;
        assert_eq!(got.as_deref().map_err(|code| *code), expected, "{typ} {claims}");
    }
    let any = JwtConfig { audiences: Vec::new(), any_audience: true, ..base.clone() };
    let policy = compile(&any).expect("compiles");
    assert_eq!(verify(&policy, &signer.token(&without("aud"))).await.as_deref(), Ok("u1"));
    let both = JwtConfig { any_audience: true, ..base };
    assert_eq!(compile(&both).err().map(|p| p.key).as_deref(), Some("any_audience"));
}

#[tokio::test]
async fn tokens_that_are_named_are_denied_also_when_they_are_known() {
    let signer = Signer::new("a");
    let (folder, base) = config(&[signer.public()]);
    let path = folder.path().join("denied");
    std::fs::write(&path, "stolen\n").expect("written");
    let policy = compile(&JwtConfig { denied_file: Some(path.clone()), ..base }).expect("compiles");
    let stolen = signer.token(&with("jti", json!("stolen")));
    let other = signer.token(&with("jti", json!("stolen2")));
    assert_eq!(verify(&policy, &stolen).await, Err("jwt-denied"));
    assert_eq!(verify(&policy, &other).await.as_deref(), Ok("u1"));
    assert!(policy.remembered(&other, at(NOW)).is_some());
    std::fs::write(&path, "stolen2\n").expect("written");
    policy.take_over(&compile(&policy.config).expect("compiles"));
    assert_eq!(policy.remembered(&other, at(NOW)), None);
    assert_eq!(verify(&policy, &other).await, Err("jwt-denied"));
    assert_eq!(verify(&policy, &stolen).await.as_deref(), Ok("u1"));
}

#[tokio::test]
async fn long_lives_are_told_once() {
    let signer = Signer::new("a");
    let (_folder, config) = config(&[signer.public()]);
    let told = std::sync::Arc::new(Mutex::new(Vec::new()));
    let tells = std::sync::Arc::clone(&told);
    let look_ups =
        LookUps::new(move |text| tells.lock().expect("unpoisoned").push(text.to_owned()));
    let policy = Tokens::compile(&config, &BTreeSet::new(), &around(&look_ups)).expect("compiles");
    for (life, count) in [(890, 0), (891, 1), (3_600, 1)] {
        let text = signer.token(&with("exp", json!(NOW + life)));
        assert_eq!(verify(&policy, &text).await.as_deref(), Ok("u1"));
        assert_eq!(told.lock().expect("unpoisoned").len(), count, "{life}");
    }
}

#[tokio::test]
#[ignore = "measures; see the module `cost`"]
async fn costs_of_tokens() {
    let signer = Signer::new("a");
    let (_folder, config) = config(&[signer.public()]);
    let policy = compile(&config).expect("compiles");
    let text = signer.token(&claims());
    let time =
        |rounds: u32, began: std::time::Instant| began.elapsed().as_nanos() / u128::from(rounds);
    let began = std::time::Instant::now();
    for _ in 0..5_000 {
        policy.verify(&text, at(NOW)).await.expect("good");
    }
    eprintln!("verifying ES256: {} ns", time(5_000, began));
    let began = std::time::Instant::now();
    for _ in 0..100_000 {
        policy.remembered(&text, at(NOW)).expect("known");
    }
    eprintln!("remembered, {} bytes: {} ns", text.len(), time(100_000, began));
}
