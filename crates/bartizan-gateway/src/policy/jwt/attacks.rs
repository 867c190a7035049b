//! Attacks on tokens, each really made, by the paragraph of RFC 8725 (JSON Web Token Best Current Practices) that warns
//! of it and by the weakness of a library through which it has worked.

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

/// Signatures that are none.
fn unsigned_tokens(world: &World) -> Vec<Attack> {
    let with_alg = |alg: Value| unsigned(&json!({"alg": alg, "kid": "a"}), &claims());
    let mut attacks = vec![
        (
            "§3.1 CVE-2020-28042 the signature cut off",
            By::Es,
            format!("{}.", with_alg(json!("ES256"))),
            "jwt-unsigned",
        ),
        (
            "§3.1 CVE-2020-28042 the same with a secret",
            By::Hs,
            format!("{}.", with_alg(json!("HS256"))),
            "jwt-unsigned",
        ),
        ("§2.1 cut off with its dot", By::Es, with_alg(json!("ES256")), "jwt-malformed"),
        (
            "§2.1 CVE-2018-1000531 none and its empty signature",
            By::Es,
            format!("{}.", with_alg(json!("none"))),
            "jwt-unsigned",
        ),
        ("§2.1 none with two parts", By::Es, with_alg(json!("none")), "jwt-malformed"),
        (
            "§3.2 no algorithm at all",
            By::Es,
            format!("{}.AA", unsigned(&json!({"kid": "a"}), &claims())),
            "jwt-malformed",
        ),
        (
            "§3.2 a list of algorithms",
            By::Es,
            format!("{}.AA", with_alg(json!(["none", "ES256"]))),
            "jwt-malformed",
        ),
    ];
    // CVE-2015-9235 and those after it: every spelling that somebody has not thought of.
    for alg in
        ["none", "None", "NONE", "nOnE", "none ", "", "null", "es256", "ES256 ", "ES256\u{0}"]
    {
        let text = format!("{}.c2ln", with_alg(json!(alg)));
        attacks.push(("§2.1 CVE-2021-22160 a spelling of none", By::Es, text, "jwt-algorithm"));
    }
    attacks
}

/// A public key in the place of a secret: everybody has it.
fn confused_keys(world: &World) -> Vec<Attack> {
    let der = world.rsa.public_key().as_ref().to_vec();
    let mut spki = b"\x30\x82\x01\x22\x30\x0d\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x01\x01\x05\x00\x03\x82\x01\x0f\x00".to_vec();
    spki.extend_from_slice(&der);
    let ssh = format!("ecdsa-sha2-nistp256 {}", STANDARD.encode(world.ec.raw()));
    let forms: [(&str, By, Vec<u8>); 9] = [
        ("§2.1 CVE-2015-9235 the public key as PEM", By::Rs, pem("PUBLIC KEY", &spki)),
        (
            "§2.1 CVE-2017-11424 the public key as PEM of PKCS #1",
            By::Rs,
            pem("RSA PUBLIC KEY", &der),
        ),
        (
            "§2.1 CVE-2016-10555 without the last line break",
            By::Rs,
            pem("PUBLIC KEY", &spki)[..].trim_ascii_end().to_vec(),
        ),
        ("§2.1 CVE-2024-37568 the public key as DER", By::Rs, spki),
        ("§2.1 CVE-2023-48238 the public key as PKCS #1", By::Rs, der),
        ("§2.1 CVE-2022-29217 the public key of a curve, for SSH", By::Es, ssh.into_bytes()),
        ("§2.1 CVE-2024-33663 the bare point of a curve", By::Es, world.ec.raw()),
        (
            "§2.1 CVE-2024-54150 the key as the set writes it",
            By::Es,
            world.ec.public().to_string().into_bytes(),
        ),
        ("§2.1 CVE-2019-20933 an empty secret", By::Rs, Vec::new()),
    ];
    let mut attacks = Vec::new();
    for (about, by, secret) in forms {
        let key = EncodingKey::from_secret(&secret);
        for (alg, library) in
            [("HS256", Library::HS256), ("HS384", Library::HS384), ("HS512", Library::HS512)]
        {
            let head = json!({"alg": alg, "kid": if matches!(by, By::Rs) { "r" } else { "a" }});
            attacks.push((about, by, sign(&head, &claims(), &key, library), "jwt-algorithm"));
        }
        // The same under the name of the right algorithm.
        let (alg, kid) = if matches!(by, By::Rs) { ("RS256", "r") } else { ("ES256", "a") };
        let head = json!({"alg": alg, "kid": kid});
        attacks.push((about, by, sign(&head, &claims(), &key, Library::HS256), "jwt-signature"));
    }
    let empty = EncodingKey::from_secret(b"");
    let head = json!({"alg": "HS256"});
    attacks.push((
        "§3.5 CVE-2019-20933 an empty secret",
        By::Hs,
        sign(&head, &claims(), &empty, Library::HS256),
        "jwt-signature",
    ));
    let secret = EncodingKey::from_secret(&world.secret);
    let head = json!({"alg": "HS384"});
    attacks.push((
        "§3.1 the right secret, another algorithm",
        By::Hs,
        sign(&head, &claims(), &secret, Library::HS384),
        "jwt-algorithm",
    ));
    attacks
}

/// Signatures of the right shape.
fn forged_signatures(world: &World) -> Vec<Attack> {
    let message = unsigned(&es("a"), &claims());
    let of = |bytes: &[u8]| format!("{message}.{}", URL_SAFE_NO_PAD.encode(bytes));
    // The order of P-256: as good as zero to who does not look.
    let order = [
        0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xbc,
        0xe6, 0xfa, 0xad, 0xa7, 0x17, 0x9e, 0x84, 0xf3, 0xb9, 0xca, 0xc2, 0xfc, 0x63, 0x25, 0x51,
    ];
    let good = world.ec.token(&claims());
    let (body, signature) = good.rsplit_once('.').expect("three parts");
    let raw = URL_SAFE_NO_PAD.decode(signature).expect("decoded");
    let admin = world.saying("sub", json!("admin"));
    let swapped = format!("{}.{signature}", admin.rsplit_once('.').expect("three parts").0);
    let mut last = signature.to_owned();
    let other = if last.ends_with('A') { "B" } else { "A" };
    last.replace_range(last.len() - 1.., other);
    let mut der = vec![0x30, 0x44, 2, 0x20];
    der.extend_from_slice(&raw[..32]);
    der.extend_from_slice(&[2, 0x20]);
    der.extend_from_slice(&raw[32..]);
    let zeros = URL_SAFE_NO_PAD.encode([0; 256]);
    let rsa = unsigned(&json!({"alg": "RS256", "kid": "r"}), &claims());
    vec![
        ("§3.4 CVE-2022-21449 r = s = 0", By::Es, of(&[0; 64]), "jwt-signature"),
        (
            "§3.4 CVE-2022-21449 r = s = the order",
            By::Es,
            of(&[order, order].concat()),
            "jwt-signature",
        ),
        ("§3.4 r = 0", By::Es, of(&[&[0; 32][..], &raw[32..]].concat()), "jwt-signature"),
        ("§3.4 no bytes but zeros, RSA", By::Rs, format!("{rsa}.{zeros}"), "jwt-signature"),
        ("§3.4 a signature of one byte", By::Es, of(&[1]), "jwt-signature"),
        ("§3.4 a signature in DER", By::Es, of(&der), "jwt-signature"),
        ("§3.4 one byte more", By::Es, of(&[&raw[..], &[0]].concat()), "jwt-signature"),
        ("§3.4 bits behind the signature", By::Es, format!("{body}.{last}"), "jwt-signature"),
        ("§2.1 the signature of another token", By::Es, swapped, "jwt-signature"),
        ("§3.3 signed by somebody else", By::Es, world.thief.token(&claims()), "jwt-signature"),
        (
            "§3.1 ES256 under the name of RS256",
            By::Es,
            world.headed(&json!({"alg": "RS256", "kid": "a"})),
            "jwt-algorithm",
        ),
        (
            "§3.1 RS256 under the name of PS256",
            By::Rs,
            world.rs256(&json!({"alg": "PS256", "kid": "r"}), &claims()),
            "jwt-algorithm",
        ),
        (
            "§3.1 CVE-2022-23541 the key of another type",
            By::Es,
            world.headed(&es("r")),
            "jwt-unknown-key",
        ),
        (
            "§3.1 CVE-2022-23540 no list of algorithms is asked",
            By::Rs,
            world.headed(&es("a")),
            "jwt-algorithm",
        ),
    ]
}

/// Keys that the token names or brings.
fn brought_keys(world: &World) -> Vec<Attack> {
    let evil = "https://evil.example/jwks.json";
    let by_thief = |name: &str, value: Value| {
        let mut head = es("a");
        head[name] = value;
        world.thief.signed(&head, &claims())
    };
    let named = |kid: Value| world.thief.signed(&json!({"alg": "ES256", "kid": kid}), &claims());
    let mut attacks = vec![
        (
            "§2.9 CVE-2018-0114 a key in the header",
            By::Es,
            by_thief("jwk", world.thief.public()),
            "jwt-signature",
        ),
        ("§3.10 a set of keys elsewhere", By::Es, by_thief("jku", json!(evil)), "jwt-signature"),
        (
            "§3.10 a set of keys inside the network",
            By::Es,
            by_thief("jku", json!("http://169.254.169.254/")),
            "jwt-signature",
        ),
        ("§3.10 a certificate elsewhere", By::Es, by_thief("x5u", json!(evil)), "jwt-signature"),
        (
            "§3.10 a certificate in the header",
            By::Es,
            by_thief("x5c", json!(["MIIB"])),
            "jwt-signature",
        ),
        (
            "§2.9 a key without a name",
            By::Es,
            world.thief.signed(&json!({"alg": "ES256", "jwk": world.thief.public()}), &claims()),
            "jwt-signature",
        ),
        ("§3.10 a name that is none", By::Es, named(json!(1)), "jwt-malformed"),
        ("§3.10 a list of names", By::Es, named(json!(["a"])), "jwt-malformed"),
        (
            "§3.10 two names",
            By::Es,
            world.ec.signed_text(&format!(
                "{}.{}",
                URL_SAFE_NO_PAD.encode(r#"{"alg":"ES256","kid":"x","kid":"a"}"#),
                URL_SAFE_NO_PAD.encode(claims().to_string())
            )),
            "jwt-malformed",
        ),
    ];
    for kid in [
        "../../../dev/null",
        "/proc/sys/kernel/randomize_va_space",
        "' UNION SELECT 'k' -- ",
        "a'; DROP TABLE keys; --",
        "|/bin/id",
        "http://evil.example/",
        "a\u{0}",
        "A",
        "",
    ] {
        let key = EncodingKey::from_secret(b"k");
        let head = json!({"alg": "HS256", "kid": kid});
        let about = "§3.10 CVE-2020-1948 the name of a key as a path, a query or a command";
        attacks.push((about, By::Es, named(json!(kid)), "jwt-unknown-key"));
        attacks.push((
            about,
            By::Hs,
            sign(&head, &claims(), &key, Library::HS256),
            "jwt-signature",
        ));
    }
    attacks
}

/// What two readers read differently.
fn encodings(world: &World) -> Vec<Attack> {
    let good = world.ec.token(&claims());
    let text = claims().to_string();
    let utf16: Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
    let [head, body, signature] = [0, 1, 2].map(|at| good.split('.').nth(at).expect("three parts"));
    let json_form = format!(
        r#"{{"  {head}.":"","payload":"{body}","protected":"{head}","signature":"{signature}"}}.{body}.{signature}"#
    );
    let twice = text.replacen('{', r#"{"sub":"admin","#, 1);
    let escaped = text.replacen('{', r#"{"\u0073ub":"admin","#, 1);
    let deep = format!(r#"{{"a":{}{},"x":1}}"#, "[".repeat(200), "]".repeat(200));
    let many: Vec<_> = (0..300).map(|n| format!(r#""c{n}":1"#)).collect();
    let surrogate = text.replacen("u1", r"u1\ud800", 1);
    let mut not_utf8 = text.clone().into_bytes();
    not_utf8.extend_from_slice(b"\xff");
    let head_twice = URL_SAFE_NO_PAD.encode(r#"{"alg":"none","kid":"a","alg":"ES256"}"#);
    vec![
        ("§2.6 claims in UTF-16", By::Es, world.written(&utf16), "jwt-malformed"),
        (
            "§3.7 claims behind a byte order mark",
            By::Es,
            world.written(&[b"\xef\xbb\xbf", text.as_bytes()].concat()),
            "jwt-malformed",
        ),
        ("§3.7 claims that are no UTF-8", By::Es, world.written(&not_utf8), "jwt-malformed"),
        ("§3.7 half a character", By::Es, world.written(surrogate.as_bytes()), "jwt-malformed"),
        ("§2.6 a claim twice", By::Es, world.written(twice.as_bytes()), "jwt-malformed"),
        (
            "§2.6 a claim twice, once escaped",
            By::Es,
            world.written(escaped.as_bytes()),
            "jwt-malformed",
        ),
        (
            "§2.6 the algorithm twice",
            By::Es,
            world.ec.signed_text(&format!("{head_twice}.{body}")),
            "jwt-malformed",
        ),
        (
            "§2.6 CVE-2022-39227 the JSON form around the compact one",
            By::Es,
            json_form,
            "jwt-malformed",
        ),
        (
            "§2.6 something behind the claims",
            By::Es,
            world.written(format!("{text}{{}}").as_bytes()),
            "jwt-malformed",
        ),
        ("§2.6 padding", By::Es, format!("{head}=.{body}.{signature}"), "jwt-malformed"),
        (
            "§2.6 a line break in a part",
            By::Es,
            format!("{head}.{body}\n.{signature}"),
            "jwt-malformed",
        ),
        ("§2.6 a fourth part", By::Es, format!("{good}.{signature}"), "jwt-malformed"),
        (
            "CVE-2024-33664 claims that nest",
            By::Es,
            world.written(deep.as_bytes()),
            "jwt-malformed",
        ),
        (
            "too many claims",
            By::Es,
            world.written(format!("{{{}}}", many.join(",")).as_bytes()),
            "jwt-malformed",
        ),
        ("too long", By::Es, world.saying("x", json!("x".repeat(20_000))), "jwt-too-large"),
        (
            "a header that is too long",
            By::Es,
            world.headed(&json!({"alg": "ES256", "kid": "a", "x": "x".repeat(3_000)})),
            "jwt-malformed",
        ),
    ]
}

/// Tokens that are of another kind, or for somebody else.
fn confusions(world: &World) -> Vec<Attack> {
    let typed = |typ: &str| world.headed(&json!({"alg": "ES256", "kid": "a", "typ": typ}));
    let headed = |name: &str, value: Value| {
        let mut head = es("a");
        head[name] = value;
        world.headed(&head)
    };
    let jwe = |head: Value| format!("{}.AA.AA.AA.AA", URL_SAFE_NO_PAD.encode(head.to_string()));
    let inner = world.ec.token(&claims());
    let nested = {
        let head = URL_SAFE_NO_PAD.encode(r#"{"alg":"ES256","kid":"a","cty":"JWT"}"#);
        world.ec.signed_text(&format!("{head}.{}", URL_SAFE_NO_PAD.encode(inner)))
    };
    let unencoded = {
        let head = URL_SAFE_NO_PAD.encode(r#"{"alg":"ES256","kid":"a","b64":false}"#);
        let signed = world.ec.signed_text(&format!("{head}.{}", claims()));
        let signature = signed.rsplit_once('.').expect("a signature").1.to_owned();
        format!("{head}.{}.{signature}", URL_SAFE_NO_PAD.encode(claims().to_string()))
    };
    let p2c = json!({"alg": "PBES2-HS256+A128KW", "enc": "A128GCM", "p2c": i32::MAX, "p2s": "AA"});
    vec![
        ("§3.11 a proof", By::Es, typed("dpop+jwt"), "jwt-type"),
        ("§3.11 a logout token by its type", By::Es, typed("logout+jwt"), "jwt-type"),
        (
            "§3.11 a logout token by its claims",
            By::Es,
            world.saying("events", json!({})),
            "jwt-type",
        ),
        ("§3.11 a security event", By::Es, typed("secevent+jwt"), "jwt-type"),
        (
            "§2.8 an ID token by its claims",
            By::Es,
            world.saying("at_hash", json!("AA")),
            "jwt-type",
        ),
        (
            "§2.8 an ID token, where access tokens say that they are some",
            By::Profile,
            world.ec.token(&claims()),
            "jwt-profile",
        ),
        (
            "§3.12 an access token without its own claims",
            By::Profile,
            typed("at+jwt"),
            "jwt-profile",
        ),
        (
            "§2.3 CVE-2023-51774 what is encrypted with the public key",
            By::Rs,
            jwe(json!({"alg": "RSA-OAEP", "enc": "A256GCM"})),
            "jwt-malformed",
        ),
        (
            "§2.5 a key agreement on another curve",
            By::Es,
            jwe(
                json!({"alg": "ECDH-ES", "enc": "A256GCM", "epk": {"kty": "EC", "crv": "P-256", "x": "AA", "y": "AA"}}),
            ),
            "jwt-malformed",
        ),
        (
            "§2.3 encrypted and not signed",
            By::Hs,
            jwe(json!({"alg": "dir", "enc": "A256GCM"})),
            "jwt-malformed",
        ),
        ("CVE-2023-50967 work that the token asks for", By::Es, jwe(p2c.clone()), "jwt-malformed"),
        (
            "CVE-2023-52428 the same as if it was signed",
            By::Es,
            world.headed(&p2c),
            "jwt-algorithm",
        ),
        ("§2.4 compressed", By::Es, headed("zip", json!("DEF")), "jwt-critical"),
        ("§3.6 compressed in another way", By::Es, headed("zip", json!("GZ")), "jwt-critical"),
        ("§3.3 a token in a token", By::Es, nested, "jwt-malformed"),
        (
            "CVE-2025-59420 what must be understood and is not",
            By::Es,
            headed("crit", json!(["bork"])),
            "jwt-critical",
        ),
        (
            "RFC 7515 §4.1.11 nothing that must be understood",
            By::Es,
            headed("crit", json!([])),
            "jwt-critical",
        ),
        (
            "RFC 7797 §6 claims that were not encoded when they were signed",
            By::Es,
            unencoded,
            "jwt-signature",
        ),
        (
            "RFC 7800 bound to what nobody can check",
            By::Es,
            world.saying("cnf", json!({"kid": "x"})),
            "jwt-binding-unknown",
        ),
    ]
}

/// Claims that do not hold.
fn claims_that_do_not_hold(world: &World) -> Vec<Attack> {
    let without = |name: &str| {
        let mut claims = claims();
        claims.as_object_mut().expect("an object").remove(name);
        world.ec.token(&claims)
    };
    let says = |name: &str, value: Value| world.saying(name, value);
    vec![
        ("§3.8 CVE-2018-15801 no issuer", By::Es, without("iss"), "jwt-issuer"),
        (
            "§3.8 another issuer with the same key",
            By::Es,
            says("iss", json!("https://evil.example")),
            "jwt-issuer",
        ),
        (
            "§3.8 an issuer that begins the same",
            By::Es,
            says("iss", json!("https://idp.example.evil")),
            "jwt-issuer",
        ),
        (
            "§3.8 an issuer in other letters",
            By::Es,
            says("iss", json!("https://IDP.example")),
            "jwt-issuer",
        ),
        (
            "§3.8 a list of issuers",
            By::Es,
            says("iss", json!(["https://idp.example"])),
            "jwt-issuer",
        ),
        ("§3.8 nobody", By::Es, without("sub"), "jwt-claims"),
        ("§3.8 somebody without a name", By::Es, says("sub", json!("")), "jwt-claims"),
        ("§2.7 for nobody", By::Es, without("aud"), "jwt-audience"),
        ("§2.7 for another service", By::Es, says("aud", json!("billing")), "jwt-audience"),
        (
            "§3.9 for one whose name begins the same",
            By::Es,
            says("aud", json!("orders2")),
            "jwt-audience",
        ),
        ("§3.9 for one in other letters", By::Es, says("aud", json!(["ORDERS"])), "jwt-audience"),
        ("§3.9 for an object", By::Es, says("aud", json!({"orders": true})), "jwt-audience"),
        ("RFC 7519 §4.1.4 for ever", By::Es, without("exp"), "jwt-claims"),
        ("RFC 7519 §4.1.4 over", By::Es, says("exp", json!(NOW - 30)), "jwt-expired"),
        ("RFC 7519 §4.1.4 the beginning of time", By::Es, says("exp", json!(0)), "jwt-expired"),
        ("RFC 7519 §4.1.4 a text", By::Es, says("exp", json!("4102444800")), "jwt-claims"),
        ("RFC 7519 §4.1.4 a truth", By::Es, says("exp", json!(true)), "jwt-claims"),
        (
            "RFC 7519 §4.1.4 nearly for ever",
            By::Es,
            says("exp", json!(4_102_444_800_u64)),
            "jwt-life",
        ),
        ("RFC 7519 §4.1.4 beyond numbers", By::Es, says("exp", json!(1e300)), "jwt-claims"),
        ("RFC 7519 §4.1.5 not yet", By::Es, says("nbf", json!(NOW + 31)), "jwt-not-yet-valid"),
        (
            "RFC 7519 §4.1.6 made tomorrow, to live longer",
            By::Es,
            says("iat", json!(NOW + 86_400)),
            "jwt-not-yet-valid",
        ),
    ]
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
        unsigned_tokens,
        confused_keys,
        forged_signatures,
        brought_keys,
        encodings,
        confusions,
        claims_that_do_not_hold,
    ];
    let attacks: Vec<_> = groups.iter().flat_map(|group| group(&world)).collect();
    for (about, by, text, code) in &attacks {
        let policy = world.policy(*by);
        let got = verify(policy, text).await;
        assert_eq!(got.as_ref().err().copied(), Some(*code), "{about}: {text:.300}");
        assert_eq!(policy.remembered(text, super::tests::at(NOW)), None, "{about}");
        // The client learns nothing from it; CVE-2019-7644 told it the signature that would have been right.
        let refusal = policy.refusal(code, super::tests::at(NOW));
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
    let one = policy.verify(&one, super::tests::at(NOW)).await.map(names);
    assert_eq!(one, policy.verify(&two, super::tests::at(NOW)).await.map(names));
    assert!(one.is_ok());
}
