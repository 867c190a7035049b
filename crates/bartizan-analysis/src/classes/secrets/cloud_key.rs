//! Keys of clouds and their infrastructure.

use bartizan_model::DataClass;

use super::MEMBER;
use crate::classes::ClassItem;

/// The item.
pub static CLASS: ClassItem = ClassItem {
    class: DataClass("cloud_key"),
    title: "Key of a cloud or its infrastructure",
    what: "Keys and tokens of Amazon, Google, Azure, Alibaba, Tencent, DigitalOcean, Yandex, Heroku, Fly, Render, \
           MongoDB Atlas, CockroachDB, Doppler, \
           HashiCorp Vault and Terraform and others of their kind, by beginning, alphabet and \
           length.",
    examples: &[
        ("x", "AKIAZ3MHALF2TESTHQ7P"),
        (
            "x",
            concat!("dop_", "v1_3a16750dd36341a48ebd035408f7730f3a16750dd36341a48ebd035408f77301"),
        ),
    ],
    counterexamples: &[
        ("x", "AKIAXXXXXXXXXXXXXXXX"),
        ("x", "AKIAIOSFODNN7EXAMPLE"),
        ("x", "AKIAZ3MHALF2TESTHQ7"),
    ],
    references: &["providers' documentation of token forms"],
    ..MEMBER
};
