//! Signatures that are none, or not those of the issuer.

use aws_lc_rs::signature::KeyPair as _;
use base64::{
    Engine as _,
    engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD},
};
use jsonwebtoken::{Algorithm as Library, EncodingKey};
use serde_json::{Value, json};

use super::{Attack, By, World, attacks, claims, es, pem, sign, unsigned};

/// What goes before an RSA key of 2048 bits in PKCS #1 to make it a SubjectPublicKeyInfo (RFC 5280 §4.1).
const SPKI: &[u8] =
    b"\x30\x82\x01\x22\x30\x0d\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x01\x01\x05\x00\x03\x82\x01\x0f\x00";

/// Signatures that are none.
pub(super) fn unsigned_tokens(_: &World) -> Vec<Attack> {
    let with_alg = |alg: Value| unsigned(&json!({"alg": alg, "kid": "a"}), &claims());
    let mut attacks = attacks![
        "jwt-unsigned" Es "§3.1 CVE-2020-28042 the signature cut off" => format!("{}.", with_alg(json!("ES256")));
        "jwt-unsigned" Hs "§3.1 CVE-2020-28042 the same with a secret" => format!("{}.", with_alg(json!("HS256")));
        "jwt-malformed" Es "§2.1 cut off with its dot" => with_alg(json!("ES256"));
        "jwt-unsigned" Es "§2.1 CVE-2018-1000531 none and its empty signature" =>
            format!("{}.", with_alg(json!("none")));
        "jwt-malformed" Es "§2.1 none with two parts" => with_alg(json!("none"));
        "jwt-malformed" Es "§3.2 no algorithm at all" => format!("{}.AA", unsigned(&json!({"kid": "a"}), &claims()));
        "jwt-malformed" Es "§3.2 a list of algorithms" => format!("{}.AA", with_alg(json!(["none", "ES256"])));
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
pub(super) fn confused_keys(world: &World) -> Vec<Attack> {
    let der = world.rsa.public_key().as_ref().to_vec();
    let mut spki = SPKI.to_vec();
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
pub(super) fn forged_signatures(world: &World) -> Vec<Attack> {
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
    // The last of 86 characters holds two bits of the signature, and four that have to be zero.
    last.replace_range(last.len() - 1.., "B");
    let mut der = vec![0x30, 0x44, 2, 0x20];
    der.extend_from_slice(&raw[..32]);
    der.extend_from_slice(&[2, 0x20]);
    der.extend_from_slice(&raw[32..]);
    let zeros = URL_SAFE_NO_PAD.encode([0; 256]);
    let rsa = unsigned(&json!({"alg": "RS256", "kid": "r"}), &claims());
    attacks![
        "jwt-signature" Es "§3.4 CVE-2022-21449 r = s = 0" => of(&[0; 64]);
        "jwt-signature" Es "§3.4 CVE-2022-21449 r = s = the order" => of(&[order, order].concat());
        "jwt-signature" Es "§3.4 r = 0" => of(&[&[0; 32][..], &raw[32..]].concat());
        "jwt-signature" Rs "§3.4 no bytes but zeros, RSA" => format!("{rsa}.{zeros}");
        "jwt-signature" Es "§3.4 a signature of one byte" => of(&[1]);
        "jwt-signature" Es "§3.4 a signature in DER" => of(&der);
        "jwt-signature" Es "§3.4 one byte more" => of(&[&raw[..], &[0]].concat());
        "jwt-signature" Es "§3.4 bits behind the signature" => format!("{body}.{last}");
        "jwt-signature" Es "§2.1 the signature of another token" => swapped;
        "jwt-signature" Es "§3.3 signed by somebody else" => world.thief.token(&claims());
        "jwt-algorithm" Es "§3.1 ES256 under the name of RS256" => world.headed(&json!({"alg": "RS256", "kid": "a"}));
        "jwt-algorithm" Rs "§3.1 RS256 under the name of PS256" =>
            world.rs256(&json!({"alg": "PS256", "kid": "r"}), &claims());
        "jwt-unknown-key" Es "§3.1 CVE-2022-23541 the key of another type" => world.headed(&es("r"));
        "jwt-algorithm" Rs "§3.1 CVE-2022-23540 no list of algorithms is asked" => world.headed(&es("a"));
    ]
}
