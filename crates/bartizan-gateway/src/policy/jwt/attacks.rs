//! Attacks on tokens, each really made, by the paragraph of RFC 8725 (JSON Web Token Best Current Practices) that warns
//! of it and by the weakness of a library through which it has worked.

mod readings;
mod signatures;

use aws_lc_rs::{
    rand::SystemRandom,
    rsa::{KeyPair as RsaPair, KeySize},
    signature::{KeyPair as _, RSA_PKCS1_SHA256},
};
use base64::{
    Engine as _,
    engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD},
};
use jsonwebtoken::{Algorithm as Library, EncodingKey};
use serde_json::{Value, json};

use super::{
    tests::{NOW, Signer, claims, compile, config, sign, verify, with},
    *,
};

/// Rows of the table: the answer, the policy, what it is, the token.
macro_rules! attacks {
    ($($code:literal $by:ident $about:literal => $text:expr;)+) => {
        vec![$(($about, By::$by, $text, $code)),+]
    };
}
pub(super) use attacks;

/// An issuer with a key of every type, the policies that take its tokens, and somebody who has none of its keys.
struct World {
    ec: Signer,
    thief: Signer,
    rsa: RsaPair,
    secret: Vec<u8>,
    /// That take ES256, RS256 and HS256; and ES256 by RFC 9068.
    policies: [Tokens; 4],
    _folder: tempfile::TempDir,
}

/// Which of the policies is attacked.
#[derive(Clone, Copy, Debug)]
enum By {
    Es,
    Rs,
    Hs,
    Profile,
}

/// Where it is described, which policy is attacked, the token, and why it is refused.
type Attack = (&'static str, By, String, &'static str);

impl World {
    fn new() -> Self {
        let (ec, thief) = (Signer::new("a"), Signer::new("a"));
        let rsa = RsaPair::generate(KeySize::Rsa2048).expect("a key");
        let (folder, base) = config(&[ec.public(), public_rsa(&rsa)]);
        let secret = vec![b'k'; 32];
        let path = folder.path().join("secret");
        std::fs::write(&path, &secret).expect("written");
        let by = |algorithm| JwtConfig { algorithms: vec![algorithm], ..base.clone() };
        let shared = JwtConfig {
            jwks_file: None,
            secret: Some(format!("file:{}", path.display())),
            ..by(Algorithm::HS256)
        };
        let strict = JwtConfig { profile: Profile::AccessToken, ..by(Algorithm::ES256) };
        let all = [by(Algorithm::ES256), by(Algorithm::RS256), shared, strict];
        let policies = all.map(|config| compile(&config).expect("compiles"));
        Self { ec, thief, rsa, secret, policies, _folder: folder }
    }

    fn policy(&self, by: By) -> &Tokens {
        &self.policies[by as usize]
    }

    fn rs256(&self, head: &Value, claims: &Value) -> String {
        let message = unsigned(head, claims);
        let mut signature = vec![0; self.rsa.public_modulus_len()];
        let (random, text) = (SystemRandom::new(), message.as_bytes());
        self.rsa.sign(&RSA_PKCS1_SHA256, &random, text, &mut signature).expect("signed");
        format!("{message}.{}", URL_SAFE_NO_PAD.encode(signature))
    }

    /// A token of the issuer with this header.
    fn headed(&self, head: &Value) -> String {
        self.ec.signed(head, &claims())
    }

    /// A token of the issuer that says this.
    fn saying(&self, name: &str, value: Value) -> String {
        self.ec.token(&with(name, value))
    }

    /// What the issuer would have signed, had its text been this.
    fn written(&self, claims: &[u8]) -> String {
        let good = self.ec.token(&json!({}));
        let head = good.split('.').next().expect("a header");
        self.ec.signed_text(&format!("{head}.{}", URL_SAFE_NO_PAD.encode(claims)))
    }
}

impl Signer {
    fn signed_text(&self, message: &str) -> String {
        let key = EncodingKey::from_ec_der(&self.der());
        let signature = jsonwebtoken::crypto::sign(message.as_bytes(), &key, Library::ES256);
        format!("{message}.{}", signature.expect("signed"))
    }
}

fn unsigned(head: &Value, claims: &Value) -> String {
    let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
    format!("{}.{}", part(head), part(claims))
}

/// The public key, out of its form in PKCS #1: a sequence of modulus and exponent.
fn public_rsa(pair: &RsaPair) -> Value {
    let der = pair.public_key().as_ref();
    assert_eq!((der.len(), &der[..9]), (270, &[0x30, 0x82, 1, 10, 2, 0x82, 1, 1, 0][..]));
    let part = |bytes: &[u8]| URL_SAFE_NO_PAD.encode(bytes);
    json!({"kty": "RSA", "kid": "r", "n": part(&der[9..265]), "e": part(&der[267..])})
}

fn pem(label: &str, der: &[u8]) -> Vec<u8> {
    let text = STANDARD.encode(der);
    let lines: Vec<_> = text.as_bytes().chunks(64).map(String::from_utf8_lossy).collect();
    format!("-----BEGIN {label}-----\n{}\n-----END {label}-----\n", lines.join("\n")).into_bytes()
}

fn es(kid: &str) -> Value {
    json!({"alg": "ES256", "kid": kid})
}

#[tokio::test]
async fn every_attack_is_refused_for_what_it_is() {
    let world = World::new();
    // What is attacked lets pass what is good.
    assert_eq!(verify(world.policy(By::Es), &world.ec.token(&claims())).await.as_deref(), Ok("u1"));
    let rsa = world.rs256(&json!({"alg": "RS256", "kid": "r"}), &claims());
    assert_eq!(verify(world.policy(By::Rs), &rsa).await.as_deref(), Ok("u1"));
    let secret = EncodingKey::from_secret(&world.secret);
    let shared = sign(&json!({"alg": "HS256"}), &claims(), &secret, Library::HS256);
    assert_eq!(verify(world.policy(By::Hs), &shared).await.as_deref(), Ok("u1"));
    let (mut full, head) =
        (with("client_id", json!("c")), json!({"alg": "ES256", "kid": "a", "typ": "at+jwt"}));
    full["jti"] = json!("1");
    let full = world.ec.signed(&head, &full);
    assert_eq!(verify(world.policy(By::Profile), &full).await.as_deref(), Ok("u1"));

    let groups = [
        signatures::unsigned_tokens,
        signatures::confused_keys,
        signatures::forged_signatures,
        readings::brought_keys,
        readings::encodings,
        readings::confusions,
        readings::claims_that_do_not_hold,
    ];
    let attacks: Vec<_> = groups.iter().flat_map(|group| group(&world)).collect();
    for (about, by, text, code) in &attacks {
        let policy = world.policy(*by);
        let got = verify(policy, text).await;
        assert_eq!(got.as_ref().err().copied(), Some(*code), "{about}: {text:.300}");
        assert_eq!(policy.remembered(text, tests::at(NOW)), None, "{about}");
        // The client learns nothing from it; CVE-2019-7644 told it the signature that would have been right.
        let refusal = policy.refusal(code, tests::at(NOW));
        assert!(refusal.detail.is_empty() && refusal.code == "invalid-token", "{about}");
    }
    // Every paragraph of RFC 8725 that is about who verifies.
    for paragraph in [
        "§2.1", "§2.3", "§2.4", "§2.5", "§2.6", "§2.7", "§2.8", "§2.9", "§3.1", "§3.2", "§3.3",
        "§3.4", "§3.5", "§3.6", "§3.7", "§3.8", "§3.9", "§3.10", "§3.11", "§3.12",
    ] {
        let begins = |(about, ..): &&Attack| about.split(' ').next() == Some(paragraph);
        assert!(attacks.iter().any(|attack| begins(&attack)), "{paragraph}");
    }
}

/// §2.2 and §3.5: what can be guessed is no key, and what everybody has is no secret.
#[test]
fn keys_that_invite_attacks_are_no_configuration() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("secret");
    let with_secret = |secret: &[u8]| {
        std::fs::write(&path, secret).expect("written");
        let text = format!(
            "{{issuer: i, audiences: [a], algorithms: [HS256], secret: 'file:{}'}}",
            path.display()
        );
        let config: JwtConfig = serde_saphyr::from_str(&text).expect("a configuration");
        compile(&config).err().map(|problem| problem.key)
    };
    let world = World::new();
    for secret in [
        b"".to_vec(),
        b"secret".to_vec(),
        vec![b'a'; 31],
        pem("PUBLIC KEY", world.rsa.public_key().as_ref()),
        world.ec.public().to_string().into_bytes(),
        format!("ssh-rsa {}", "A".repeat(64)).into_bytes(),
    ] {
        assert_eq!(with_secret(&secret).as_deref(), Some("secret"), "{secret:?}");
    }
    assert_eq!(with_secret(&[b'a'; 32]), None);
    for algorithms in ["[none]", "[None]", "[es256]", "none", "[RS256, HS256]"] {
        let text = format!("{{issuer: i, audiences: [a], algorithms: {algorithms}, jwks_file: x}}");
        let read = serde_saphyr::from_str::<JwtConfig>(&text).map_err(|error| error.to_string());
        assert!(read.and_then(|config| compile(&config).map_err(|p| p.problem)).is_err(), "{text}");
    }
}

/// §2.5 and §3.4: a key that is no point of its curve verifies nothing, whatever is signed with it.
#[tokio::test]
async fn keys_off_their_curve_verify_nothing() {
    let world = World::new();
    let off = json!({"kty": "EC", "crv": "P-256", "kid": "a",
        "x": URL_SAFE_NO_PAD.encode([1; 32]), "y": URL_SAFE_NO_PAD.encode([1; 32])});
    let (_folder, config) = config(&[off]);
    let policy = compile(&config).expect("compiles");
    assert_eq!(verify(&policy, &world.ec.token(&claims())).await, Err("jwt-signature"));
    assert_eq!(verify(&policy, &world.thief.token(&claims())).await, Err("jwt-signature"));
}

/// A signature of ECDSA can be written in a second way that is as good: what is denied stays denied.
#[tokio::test]
async fn another_spelling_of_a_signature_is_the_same_token() {
    let world = World::new();
    let policy = world.policy(By::Es);
    let (one, two) = (world.ec.token(&claims()), world.ec.token(&claims()));
    assert_ne!(one, two, "each signature takes a number of its own");
    let names = |known: Credential| known.names;
    let one = policy.verify(&one, tests::at(NOW)).await.map(names);
    assert_eq!(one, policy.verify(&two, tests::at(NOW)).await.map(names));
    assert!(one.is_ok());
}
