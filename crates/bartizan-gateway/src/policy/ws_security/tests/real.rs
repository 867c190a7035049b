//! Messages that another tool has signed: xmlsec1, see `scripts/ws-security.sh`.

use std::path::Path;

use super::*;

const FIXTURES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/ws-security");

fn policy(more: &str) -> WsSecurity {
    let settings = format!(
        "signature: {{authorities: '{FIXTURES}/authority.pem', names: [common_name], parts: [Body, Timestamp, \
         '{{http://www.w3.org/2005/08/addressing}}To']{more}}}"
    );
    let config: WsSecurityConfig = serde_saphyr::from_str(&settings).expect(&settings);
    WsSecurity::compile("messages", &config, &HashKey::new([1; 32])).expect("compiles")
}

fn fixture(name: &str) -> String {
    std::fs::read_to_string(Path::new(FIXTURES).join(name)).expect(name)
}

#[test]
fn what_xmlsec_signed_is_good() {
    let policy = policy(", all_headers: true");
    for (name, signer) in [
        ("rsa-sha256.xml", "carrier-rsa"),
        ("rsa-sha512-listed.xml", "carrier-rsa"),
        ("rsa-sha384-inclusive.xml", "carrier-rsa"),
        ("ecdsa-sha256.xml", "carrier-ec"),
    ] {
        let text = fixture(name);
        assert_eq!(judged(&policy, &text).as_deref(), Ok(signer), "{name}");
        for (from, to) in
            [("acc-17", "acc-18"), ("urn:quayside:billing", "urn:quayside:bill"), ("two\n", "two")]
        {
            let changed = text.replace(from, to);
            assert_ne!(changed, text, "{name}: {from}");
            assert_eq!(judged(&policy, &changed).err(), Some("digest-wrong"), "{name}: {from}");
        }
        // What is around it and is not used does not count in the exclusive form, unless it is listed.
        let changed = text.replacen("XMLSchema\"", "XMLSchemas\"", 1);
        assert_ne!(changed, text, "{name}");
        let expected = match name {
            "rsa-sha384-inclusive.xml" => Some("signature-wrong"),
            "rsa-sha512-listed.xml" => Some("digest-wrong"),
            _ => None,
        };
        assert_eq!(judged(&policy, &changed).err(), expected, "{name}");
    }
}

#[test]
fn sha_1_is_taken_only_where_it_is_said() {
    let text = fixture("rsa-sha1.xml");
    assert_eq!(judged(&policy(""), &text).err(), Some("sha-1"));
    assert_eq!(judged(&policy(", sha1: true"), &text).as_deref(), Ok("carrier-rsa"));
}

#[test]
fn messages_get_old() {
    let text = fixture("rsa-sha256.xml");
    let at = |seconds: i64| {
        let now = Timestamp::from_seconds(NOW.seconds() + seconds);
        policy("").read(text.as_bytes(), now).err().map(Fault::reason)
    };
    assert_eq!(at(0), None);
    assert_eq!(at(-91), Some("created-in-future"));
    assert_eq!(at(330), None);
    assert_eq!(at(331), Some("created-too-long-ago"));
}
