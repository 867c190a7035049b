//! Lists of fields of HTTP/2 as the head of a message (RFC 9113 §8).

use bartizan_model::Headers;

use super::super::message::{Asked, Message, split_target};

/// A list of fields, taken apart.
#[derive(Debug, Default)]
pub(super) struct Section {
    pub(super) headers: Headers,
    pub(super) status: Option<u16>,
    method: Option<String>,
    scheme: Option<String>,
    authority: Option<String>,
    path: Option<String>,
}

impl Section {
    /// Takes the pseudo-header fields out. Cookies that were sent one by one are joined
    /// (RFC 9113 §8.2.3), where the first of them was.
    pub(super) fn new(fields: Vec<(String, String)>) -> Self {
        let mut section = Self::default();
        let mut kept: Vec<(String, String)> = Vec::with_capacity(fields.len());
        let mut cookie = None;
        for (name, value) in fields {
            let slot = match name.as_str() {
                ":status" => {
                    let is_status = value.len() == 3 && value.bytes().all(|b| b.is_ascii_digit());
                    section.status = value.parse().ok().filter(|_| is_status);
                    continue;
                }
                ":method" => &mut section.method,
                ":scheme" => &mut section.scheme,
                ":authority" => &mut section.authority,
                ":path" => &mut section.path,
                "cookie" => {
                    match cookie.and_then(|at: usize| kept.get_mut(at)) {
                        Some((_, all)) => {
                            all.push_str("; ");
                            all.push_str(&value);
                        }
                        None => {
                            cookie = Some(kept.len());
                            kept.push((name, value));
                        }
                    }
                    continue;
                }
                _ => {
                    kept.push((name, value));
                    continue;
                }
            };
            slot.get_or_insert(value);
        }
        section.headers = kept.into_iter().collect();
        section
    }

    /// The request that the fields are the head of; `None` without a method and a path.
    pub(super) fn asked(self, is_partial: bool) -> Option<Asked> {
        let method = self.method?;
        let path = if method == "CONNECT" { self.path.unwrap_or_default() } else { self.path? };
        let host = self.headers.get("host").unwrap_or("");
        let authority = self.authority.unwrap_or_else(|| host.to_owned());
        let (_, _, target) = split_target(&path);
        Some(Asked {
            method,
            scheme: self.scheme.unwrap_or_default().to_ascii_lowercase(),
            authority: authority.trim().to_lowercase(),
            target,
            version: "2",
            is_partial,
            message: Message { headers: self.headers, ..Message::default() },
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn heads_are_put_together() {
        let fields = [
            (":method", "GET"),
            (":path", "/a?b"),
            (":authority", "H.test"),
            (":scheme", "http"),
            ("cookie", "a=1"),
            ("x", "y"),
            ("cookie", "b=2"),
        ];
        let fields = fields.map(|(name, value)| (name.to_owned(), value.to_owned()));
        let asked = Section::new(fields.to_vec()).asked(false).expect("a request");
        let all: Vec<_> = asked.message.headers.iter().collect();
        assert_eq!(all, [("cookie", "a=1; b=2"), ("x", "y")]);
        assert_eq!((&*asked.authority, &*asked.target), ("h.test", "/a?b"));
        assert!(Section::new(Vec::new()).asked(false).is_none());
    }
}
