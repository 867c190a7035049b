//! Codes of countries with two letters.

/// Codes that ISO 3166-1 assigns, in order, and XK, which banks use for Kosovo.
const ASSIGNED: &str = "\
    ADAEAFAGAIALAMAOAQARASATAUAWAXAZBABBBDBEBFBGBHBIBJBLBMBNBOBQBRBSBTBVBWBYBZCACCCDCFCGCHCICKCLCM\
    CNCOCRCUCVCWCXCYCZDEDJDKDMDODZECEEEGEHERESETFIFJFKFMFOFRGAGBGDGEGFGGGHGIGLGMGNGPGQGRGSGTGUGWGY\
    HKHMHNHRHTHUIDIEILIMINIOIQIRISITJEJMJOJPKEKGKHKIKMKNKPKRKWKYKZLALBLCLILKLRLSLTLULVLYMAMCMDMEMF\
    MGMHMKMLMMMNMOMPMQMRMSMTMUMVMWMXMYMZNANCNENFNGNINLNONPNRNUNZOMPAPEPFPGPHPKPLPMPNPRPSPTPWPYQARE\
    RORSRURWSASBSCSDSESGSHSISJSKSLSMSNSOSRSSSTSVSXSYSZTCTDTFTGTHTJTKTLTMTNTOTRTTTVTWTZUAUGUMUSUYUZ\
    VAVCVEVGVIVNVUWFWSXKYEYTZAZMZW";

/// Whether two capitals are the code of a country.
pub(super) fn is_assigned(code: &str) -> bool {
    code.len() == 2 && ASSIGNED.as_bytes().chunks(2).any(|known| known == code.as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_stand_in_order_once() {
        let codes: Vec<_> = ASSIGNED.as_bytes().chunks(2).collect();
        assert!(codes.windows(2).all(|pair| pair[0] < pair[1]));
        assert_eq!(codes.len(), 250);
        for code in ["AD", "DE", "US", "XK", "ZW"] {
            assert!(is_assigned(code), "{code}");
        }
        for code in ["", "D", "XX", "AA", "UK", "de", "DEU", "DA"] {
            assert!(!is_assigned(code), "{code}");
        }
    }
}
