//! Sitemaps and indexes of sitemaps (sitemaps.org 0.9).

use super::html::unescaped;

/// Most addresses of one sitemap that are taken; the protocol has 50,000.
const MAX_ADDRESSES: usize = 5_000;

/// What a sitemap names.
#[derive(Debug, Default)]
pub(super) struct Sitemap {
    /// Addresses as written, entities replaced.
    pub(super) addresses: Vec<String>,
    /// Whether these are those of further sitemaps.
    pub(super) is_index: bool,
    /// Whether there are more than is taken.
    pub(super) is_cut: bool,
}

/// Reads a sitemap; `None` when the text is none. It is scanned for its addresses and not parsed: of broken
/// ones the whole entries are read.
pub(super) fn read(text: &str) -> Option<Sitemap> {
    let is_index = text.contains("<sitemapindex");
    if !is_index && !text.contains("<urlset") {
        return None;
    }
    let mut out = Sitemap { is_index, ..Sitemap::default() };
    let mut rest = text;
    while let Some((_, after)) = rest.split_once("<loc>") {
        let Some((address, behind)) = after.split_once("</loc>") else { break };
        rest = behind;
        if out.addresses.len() >= MAX_ADDRESSES {
            out.is_cut = true;
            break;
        }
        let address = address.trim();
        let inner = address.strip_prefix("<![CDATA[").and_then(|rest| rest.strip_suffix("]]>"));
        out.addresses.push(match inner {
            Some(inner) => inner.trim().to_owned(),
            None => unescaped(address),
        });
    }
    Some(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_found_in_whole_and_broken_sitemaps() {
        let text = "<?xml version='1.0'?><urlset><url><loc> https://a.example/x?a=1&amp;b=2 </loc></url>\
                    <url><loc><![CDATA[/y]]></loc></url><url><loc>/broken";
        let found = read(text).expect("a sitemap");
        assert_eq!(found.addresses, ["https://a.example/x?a=1&b=2", "/y"]);
        assert!(!found.is_index && !found.is_cut);
        assert!(read("<sitemapindex>").expect("an index").is_index);
        assert!(read("<html>").is_none());
        let many = format!("<urlset>{}", "<loc>/x</loc>".repeat(MAX_ADDRESSES + 1));
        assert!(read(&many).expect("a sitemap").is_cut);
    }
}
