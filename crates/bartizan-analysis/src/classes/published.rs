//! Keys that makers print in their documentation: they open an emulator or a demonstration and are the
//! same for everybody.

/// The keys, without what stands before them in a setting.
const KEYS: &[&str] = &[
    // Microsoft: connect to the Azurite emulator.
    concat!(
        "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/",
        "K1SZFPTOtr/KBHBeksoGMGw=="
    ),
    // Microsoft: authentication with the emulator of Cosmos DB.
    concat!(
        "C2y6yDjf5/R+ob0N8A7Cgv30VRDJIWEHLM+4QDU5DE2nQ9nDuVTqobD4b8mGGyPMbIZnqyMsEcaGQy67XIw/",
        "Jw=="
    ),
    // Microsoft: shared access keys of the emulators of Event Hubs and Service Bus.
    "SAS_KEY_VALUE",
    // Stripe: keys of the test account in the API reference.
    concat!("sk_", "test_4eC39HqLyjWDarjtT1zdp7dc"),
    concat!("sk_", "test_BQokikJOvBiI2HlWgH4olfQ2"),
    concat!("sk_", "test_tR3PYbcVNZZ796tH88S4VQ2u"),
];

/// Whether a token, or what stands before and the token, is one of them.
pub(super) fn is_published(token: &str) -> bool {
    KEYS.iter().any(|key| token.ends_with(key))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_of_emulators_are_published() {
        let key = KEYS[0];
        assert!(is_published(key) && is_published(&format!("AccountKey={key}")));
        assert!(!is_published(&key.replace('8', "9")) && !is_published(""));
    }
}
