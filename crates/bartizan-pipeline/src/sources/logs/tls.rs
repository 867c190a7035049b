//! Versions and cipher suites of TLS as loggers write them.

/// `TLSv1.3`, `TLS 1.3`, `tls1.3`, `1.3`, `TLSv1_3`, `772` or `0x0304` as `1.3`; SSL as `ssl3`.
pub(super) fn tls_version(text: &str) -> Option<String> {
    let text = text.trim().to_ascii_lowercase();
    let number = match text.strip_prefix("0x") {
        Some(digits) => u16::from_str_radix(digits, 16).ok(),
        None => text.parse::<u16>().ok(),
    };
    let by_number = match number {
        Some(0x0304) => Some("1.3"),
        Some(0x0303) => Some("1.2"),
        Some(0x0302) => Some("1.1"),
        Some(0x0301) => Some("1.0"),
        Some(0x0300) => Some("ssl3"),
        _ => None,
    };
    if let Some(version) = by_number {
        return Some(version.to_owned());
    }
    let bare = text.strip_prefix("tls").unwrap_or(&text).trim_start_matches(['v', ' ', '_', '-']);
    match bare.replace('_', ".").as_str() {
        "1.3" | "13" => Some("1.3".to_owned()),
        "1.2" | "12" => Some("1.2".to_owned()),
        "1.1" | "11" => Some("1.1".to_owned()),
        "1.0" | "1" | "10" => Some("1.0".to_owned()),
        "sslv3" | "ssl3" => Some("ssl3".to_owned()),
        "sslv2" | "ssl2" => Some("ssl2".to_owned()),
        _ => None,
    }
}

/// A name as it is; a number as the name that IANA gives it, as far as servers in Go speak it.
pub(super) fn cipher_name(text: &str) -> Option<String> {
    let Ok(number) = text.parse::<u16>() else {
        return Some(text.to_owned());
    };
    let name = match number {
        0x002f => "TLS_RSA_WITH_AES_128_CBC_SHA",
        0x0035 => "TLS_RSA_WITH_AES_256_CBC_SHA",
        0x009c => "TLS_RSA_WITH_AES_128_GCM_SHA256",
        0x009d => "TLS_RSA_WITH_AES_256_GCM_SHA384",
        0x1301 => "TLS_AES_128_GCM_SHA256",
        0x1302 => "TLS_AES_256_GCM_SHA384",
        0x1303 => "TLS_CHACHA20_POLY1305_SHA256",
        0xc009 => "TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA",
        0xc00a => "TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA",
        0xc013 => "TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA",
        0xc014 => "TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA",
        0xc02b => "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256",
        0xc02c => "TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384",
        0xc02f => "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256",
        0xc030 => "TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384",
        0xcca8 => "TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256",
        0xcca9 => "TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256",
        0 => return None,
        other => return Some(format!("0x{other:04x}")),
    };
    Some(name.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_short() {
        for (text, version) in [
            ("TLSv1.3", Some("1.3")),
            ("TLSv1.2", Some("1.2")),
            ("TLS 1.2", Some("1.2")),
            ("772", Some("1.3")),
            ("0x0303", Some("1.2")),
            ("TLSv1", Some("1.0")),
            ("SSLv3", Some("ssl3")),
            ("TLSv9", None),
            ("-", None),
        ] {
            assert_eq!(tls_version(text).as_deref(), version, "{text}");
        }
    }

    #[test]
    fn ciphers_have_names() {
        for (text, name) in [
            ("4865", Some("TLS_AES_128_GCM_SHA256")),
            ("49199", Some("TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256")),
            ("4660", Some("0x1234")),
            ("0", None),
            ("ECDHE-RSA-AES128-GCM-SHA256", Some("ECDHE-RSA-AES128-GCM-SHA256")),
        ] {
            assert_eq!(cipher_name(text).as_deref(), name, "{text}");
        }
    }
}
