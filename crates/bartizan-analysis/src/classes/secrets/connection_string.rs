//! Addresses and connection strings with a password.

use bartizan_model::DataClass;

use super::MEMBER;
use crate::classes::ClassItem;

/// The item.
pub static CLASS: ClassItem = ClassItem {
    class: DataClass("connection_string"),
    title: "Connection string with a credential",
    what: "URLs with a user name and a password that is no placeholder, and the account and \
           access keys of Azure's connection strings.",
    examples: &[
        ("x", "postgres://app:s3cr3t-pw@db.internal:5432/x"),
        ("database_url", "amqp://svc:kU7-rw92@queue:5672/"),
    ],
    counterexamples: &[
        ("x", "postgres://app:password@db.internal:5432/x"),
        (
            "x",
            concat!(
                "AccountName=devstoreaccount1;AccountKey=",
                "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/",
                "KBHBeksoGMGw=="
            ),
        ),
        ("x", "postgres://db.internal:5432/x"),
        ("x", "https://user@host/"),
    ],
    references: &["RFC 3986 section 3.2.1"],
    ..MEMBER
};
