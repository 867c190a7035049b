//! What the answer says about an attack in the same exchange.

use super::prefilter::Family;
use crate::facts::Facts;

/// Bytes of the response body that are searched.
const ANSWER_BYTES: usize = 16 * 1024;

/// Points that the answer adds: 15 when it shows the error or the loot that such an attack brings,
/// else 0. An answer that was not captured adds nothing.
pub(crate) fn answer_bonus(facts: &Facts<'_>, family: Family) -> u8 {
    let Some(response) = &facts.exchange.response else { return 0 };
    let signs: &[&[u8]] = match family {
        Family::Sql => &[
            b"SQLSTATE",
            b"ORA-0",
            b"SQL syntax",
            b"syntax error at or near",
            b"SQLITE_ERROR",
            b"unterminated quoted string",
            b"Unclosed quotation mark",
        ],
        Family::Command => &[b"uid=0(", b"uid=1000(", b"root:x:0:0:", b"command not found"],
        Family::Traversal | Family::XmlEntity => {
            &[b"root:x:0:0:", b"[boot loader]", b"BEGIN OPENSSH PRIVATE KEY"]
        }
        Family::Xss => return 0,
    };
    let body = response.body.get(..ANSWER_BYTES).unwrap_or(&response.body);
    let seen = signs.iter().any(|sign| memchr::memmem::find(body, sign).is_some());
    if seen { 15 } else { 0 }
}
