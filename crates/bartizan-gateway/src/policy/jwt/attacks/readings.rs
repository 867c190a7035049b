//! Tokens that name their own keys, that two readers read differently, that are of another kind, or that say what does
//! not hold.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use jsonwebtoken::{Algorithm as Library, EncodingKey};
use serde_json::{Value, json};

use super::{Attack, By, NOW, World, attacks, claims, es, sign};

/// Keys that the token names or brings.
pub(super) fn brought_keys(world: &World) -> Vec<Attack> {
    let evil = "https://evil.example/jwks.json";
    let by_thief = |name: &str, value: Value| {
        let mut head = es("a");
        head[name] = value;
        world.thief.signed(&head, &claims())
    };
    let named = |kid: Value| world.thief.signed(&json!({"alg": "ES256", "kid": kid}), &claims());
    let names_twice = URL_SAFE_NO_PAD.encode(r#"{"alg":"ES256","kid":"x","kid":"a"}"#);
    let body = URL_SAFE_NO_PAD.encode(claims().to_string());
    let mut attacks = attacks![
        "jwt-signature" Es "§2.9 CVE-2018-0114 a key in the header" => by_thief("jwk", world.thief.public());
        "jwt-signature" Es "§3.10 a set of keys elsewhere" => by_thief("jku", json!(evil));
        "jwt-signature" Es "§3.10 a set of keys inside the network" =>
            by_thief("jku", json!("http://169.254.169.254/"));
        "jwt-signature" Es "§3.10 a certificate elsewhere" => by_thief("x5u", json!(evil));
        "jwt-signature" Es "§3.10 a certificate in the header" => by_thief("x5c", json!(["MIIB"]));
        "jwt-signature" Es "§2.9 a key without a name" =>
            world.thief.signed(&json!({"alg": "ES256", "jwk": world.thief.public()}), &claims());
        "jwt-malformed" Es "§3.10 a name that is none" => named(json!(1));
        "jwt-malformed" Es "§3.10 a list of names" => named(json!(["a"]));
        "jwt-malformed" Es "§3.10 two names" =>
            world.ec.signed_text(&format!("{names_twice}.{body}"));
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
        let about = "§3.10 the name of a key as a path, a query or a command";
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
pub(super) fn encodings(world: &World) -> Vec<Attack> {
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
    attacks![
        "jwt-malformed" Es "§2.6 claims in UTF-16" => world.written(&utf16);
        "jwt-malformed" Es "§3.7 claims behind a byte order mark" =>
            world.written(&[b"\xef\xbb\xbf", text.as_bytes()].concat());
        "jwt-malformed" Es "§3.7 claims that are no UTF-8" => world.written(&not_utf8);
        "jwt-malformed" Es "§3.7 half a character" => world.written(surrogate.as_bytes());
        "jwt-malformed" Es "§2.6 a claim twice" => world.written(twice.as_bytes());
        "jwt-malformed" Es "§2.6 a claim twice, once escaped" => world.written(escaped.as_bytes());
        "jwt-malformed" Es "§2.6 the algorithm twice" => world.ec.signed_text(&format!("{head_twice}.{body}"));
        "jwt-malformed" Es "§2.6 CVE-2022-39227 the JSON form around the compact one" => json_form;
        "jwt-malformed" Es "§2.6 something behind the claims" => world.written(format!("{text}{{}}").as_bytes());
        "jwt-malformed" Es "§2.6 padding" => format!("{head}=.{body}.{signature}");
        "jwt-malformed" Es "§2.6 a line break in a part" => format!("{head}.{body}\n.{signature}");
        "jwt-malformed" Es "§2.6 a fourth part" => format!("{good}.{signature}");
        "jwt-malformed" Es "claims that nest" => world.written(deep.as_bytes());
        "jwt-malformed" Es "too many claims" => world.written(format!("{{{}}}", many.join(",")).as_bytes());
        "jwt-too-large" Es "too long" => world.saying("x", json!("x".repeat(20_000)));
        "jwt-malformed" Es "a header that is too long" =>
            world.headed(&json!({"alg": "ES256", "kid": "a", "x": "x".repeat(3_000)}));
    ]
}

/// Tokens that are of another kind, or for somebody else.
pub(super) fn confusions(world: &World) -> Vec<Attack> {
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
    attacks![
        "jwt-type" Es "§3.11 a proof" => typed("dpop+jwt");
        "jwt-type" Es "§3.11 a logout token by its type" => typed("logout+jwt");
        "jwt-type" Es "§3.11 a logout token by its claims" => world.saying("events", json!({}));
        "jwt-type" Es "§3.11 a security event" => typed("secevent+jwt");
        "jwt-type" Es "§2.8 an ID token by its claims" => world.saying("at_hash", json!("AA"));
        "jwt-profile" Profile "§2.8 an ID token, where access tokens say that they are some" =>
            world.ec.token(&claims());
        "jwt-profile" Profile "§3.12 an access token without its own claims" => typed("at+jwt");
        "jwt-malformed" Rs "§2.3 CVE-2023-51774 what is encrypted with the public key" =>
            jwe(json!({"alg": "RSA-OAEP", "enc": "A256GCM"}));
        "jwt-malformed" Es "§2.5 a key agreement on another curve" =>
            jwe(json!({"alg": "ECDH-ES", "enc": "A256GCM", "epk": {"kty": "EC", "crv": "P-256", "x": "AA", "y": "AA"}}));
        "jwt-malformed" Hs "§2.3 encrypted and not signed" => jwe(json!({"alg": "dir", "enc": "A256GCM"}));
        "jwt-malformed" Es "CVE-2023-50967 work that the token asks for" => jwe(p2c.clone());
        "jwt-algorithm" Es "CVE-2023-52428 the same as if it was signed" => world.headed(&p2c);
        "jwt-critical" Es "§2.4 CVE-2024-33664 compressed" => headed("zip", json!("DEF"));
        "jwt-critical" Es "§3.6 compressed in another way" => headed("zip", json!("GZ"));
        "jwt-malformed" Es "§3.3 a token in a token" => nested;
        "jwt-critical" Es "CVE-2025-59420 what must be understood and is not" => headed("crit", json!(["bork"]));
        "jwt-critical" Es "RFC 7515 §4.1.11 nothing that must be understood" => headed("crit", json!([]));
        "jwt-signature" Es "RFC 7797 §6 claims that were not encoded when they were signed" => unencoded;
        "jwt-binding-unknown" Es "RFC 7800 bound to what nobody can check" =>
            world.saying("cnf", json!({"kid": "x"}));
    ]
}

/// Claims that do not hold.
pub(super) fn claims_that_do_not_hold(world: &World) -> Vec<Attack> {
    let without = |name: &str| {
        let mut claims = claims();
        claims.as_object_mut().expect("an object").remove(name);
        world.ec.token(&claims)
    };
    let says = |name: &str, value: Value| world.saying(name, value);
    attacks![
        "jwt-issuer" Es "§3.8 CVE-2018-15801 no issuer" => without("iss");
        "jwt-issuer" Es "§3.8 another issuer with the same key" => says("iss", json!("https://evil.example"));
        "jwt-issuer" Es "§3.8 an issuer that begins the same" => says("iss", json!("https://idp.example.evil"));
        "jwt-issuer" Es "§3.8 an issuer in other letters" => says("iss", json!("https://IDP.example"));
        "jwt-issuer" Es "§3.8 a list of issuers" => says("iss", json!(["https://idp.example"]));
        "jwt-claims" Es "§3.8 nobody" => without("sub");
        "jwt-claims" Es "§3.8 somebody without a name" => says("sub", json!(""));
        "jwt-audience" Es "§2.7 for nobody" => without("aud");
        "jwt-audience" Es "§2.7 for another service" => says("aud", json!("billing"));
        "jwt-audience" Es "§3.9 for one whose name begins the same" => says("aud", json!("orders2"));
        "jwt-audience" Es "§3.9 for one in other letters" => says("aud", json!(["ORDERS"]));
        "jwt-audience" Es "§3.9 for an object" => says("aud", json!({"orders": true}));
        "jwt-claims" Es "RFC 7519 §4.1.4 for ever" => without("exp");
        "jwt-expired" Es "RFC 7519 §4.1.4 over" => says("exp", json!(NOW - 30));
        "jwt-expired" Es "RFC 7519 §4.1.4 the beginning of time" => says("exp", json!(0));
        "jwt-claims" Es "RFC 7519 §4.1.4 a text" => says("exp", json!("4102444800"));
        "jwt-claims" Es "RFC 7519 §4.1.4 a truth" => says("exp", json!(true));
        "jwt-life" Es "RFC 7519 §4.1.4 nearly for ever" => says("exp", json!(4_102_444_800_u64));
        "jwt-claims" Es "RFC 7519 §4.1.4 beyond numbers" => says("exp", json!(1e300));
        "jwt-not-yet-valid" Es "RFC 7519 §4.1.5 not yet" => says("nbf", json!(NOW + 31));
        "jwt-not-yet-valid" Es "RFC 7519 §4.1.6 made tomorrow, to live longer" => says("iat", json!(NOW + 86_400));
    ]
}
