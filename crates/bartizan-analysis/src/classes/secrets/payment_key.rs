//! Keys of payment and commerce services.

use bartizan_model::DataClass;

use super::MEMBER;
use crate::classes::ClassItem;

/// The item.
pub static CLASS: ClassItem = ClassItem {
    class: DataClass("payment_key"),
    title: "Key of a payment service",
    what: "Keys of Stripe, Square, Shopify, Flutterwave, EasyPost, Duffel, Plaid and others of \
           their kind, by beginning, alphabet and length. Keys made to be published are none.",
    examples: &[
        ("x", concat!("sk_", "live_", "a7Kq2ZpL9xWm4RtY8vBn3HsD")),
        ("x", concat!("shpat_", "3a16750dd36341a48ebd035408f7730f")),
    ],
    counterexamples: &[
        ("x", concat!("pk_", "live_", "a7Kq2ZpL9xWm4RtY8vBn3HsD")),
        ("x", "sk_live_short"),
        ("x", concat!("sk_", "live_1234567890abcdefghijklmnop")),
        ("x", concat!("sk_", "test_4eC39HqLyjWDarjtT1zdp7dc")),
    ],
    references: &["providers' documentation of token forms"],
    ..MEMBER
};
