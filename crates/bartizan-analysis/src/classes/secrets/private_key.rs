//! Private keys.

use bartizan_model::DataClass;

use super::MEMBER;
use crate::classes::ClassItem;

/// The item.
pub static CLASS: ClassItem = ClassItem {
    class: DataClass("private_key"),
    title: "Private key",
    what: "Private keys in PEM, OpenSSH, SSH2 or PuTTY form with a body, secret keys of age, and what stands \
           under a field name that says so.",
    names: &["private key", "privatekey"],
    examples: &[
        (
            "x",
            concat!(
                "-----BEGIN RSA PRIVATE ",
                "KEY-----\nMIIEowIBAAKCAQEAa7Kq2ZpL9xWm4RtY8vBn3HsD6fJc5GeU1iOoPlQza7Kq2ZpL9xWm4RtY8vBn\n-----END RSA PRIVATE ",
                "KEY-----"
            ),
        ),
        ("private_key", "9d3c0b5f7e21a4886bd01c4fe37a92c5"),
    ],
    counterexamples: &[
        (
            "x",
            "-----BEGIN PUBLIC KEY-----\nMIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEAa7Kq2ZpL9xWm4RtY8vBn3HsD\n-----END PUBLIC KEY-----",
        ),
        ("private_key", "-----BEGIN PRIVATE KEY-----"),
        ("public_key", "9d3c0b5f7e21a4886bd01c4fe37a92c5"),
    ],
    references: &["RFC 7468", "RFC 5958", "RFC 4716"],
    ..MEMBER
};
