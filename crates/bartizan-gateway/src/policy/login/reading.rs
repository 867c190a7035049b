//! Who a login is for: the account and the password that a body names.

use bartizan_analysis::detectors::login::{FieldRole, role_of};
use bartizan_model::{Exchange, Root, Side};
use bartizan_protocols::{Decoded, NodeRef, Value, decode_paced};

use super::super::detectors::{Bounds, pace, thread_nanos};
use crate::{call::Call, handover::request_of};

/// Most values of a body that are looked at.
const VALUES: usize = 1_000;
/// Longest account, in bytes; of a longer one the beginning counts.
const ACCOUNT_BYTES: usize = 512;

/// What a body says.
#[derive(Default)]
pub(super) struct Read {
    /// The account, as one whatever its letters' case and the space around it.
    pub(super) account: Option<String>,
    /// The password.
    pub(super) password: Option<zeroize::Zeroizing<String>>,
    /// Whether there is a field for a password.
    pub(super) has_secret: bool,
}

/// Reads the body of a request. `fields` are the names of accounts; those that are known when there is none.
pub(super) fn read(call: &Call, bounds: Bounds, seed: u64, fields: &[String]) -> Read {
    let exchange = Exchange { request: request_of(call), ..Exchange::default() };
    let mut decoded = Decoded::default();
    let until = thread_nanos() + bounds.budget_nanos();
    decode_paced(&mut decoded, &exchange, &bounds.limits(), seed, pace(until));
    let view = &decoded.view;
    let roots = [Root::Body, Root::Xml].into_iter();
    let nodes = roots.filter_map(|root| view.root(Side::Request, root));
    let mut read = Read::default();
    for node in nodes.flat_map(|root| root.descendants()).take(VALUES) {
        read.take(node, fields);
    }
    read
}

impl Read {
    fn take(&mut self, node: NodeRef<'_>, fields: &[String]) {
        let key = node.key();
        let is_named = fields.iter().any(|name| name.eq_ignore_ascii_case(key));
        let role = if is_named { FieldRole::Account } else { role_of(key) };
        match role {
            FieldRole::Account if fields.is_empty() || is_named => {
                if self.account.is_none() {
                    self.account = text(node).map(|text| folded(&text));
                }
            }
            FieldRole::Secret => {
                self.has_secret = true;
                if self.password.is_none() {
                    self.password = text(node).map(zeroize::Zeroizing::new);
                }
            }
            FieldRole::Account | FieldRole::None => {}
        }
    }
}

fn text(node: NodeRef<'_>) -> Option<String> {
    match node.value() {
        Value::Text(text) if !text.is_empty() => Some(text.to_owned()),
        Value::Integer(number) => Some(number.to_string()),
        _ => None,
    }
}

/// An account in one form: servers compare names without case, and cut off space.
pub(super) fn folded(account: &str) -> String {
    let account = account.trim();
    let end = account.char_indices().map(|(at, c)| at + c.len_utf8());
    let end = end.take_while(|end| *end <= ACCOUNT_BYTES).last().unwrap_or(0);
    account[..end].to_lowercase()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_account_has_one_form() {
        assert_eq!(folded(" Ada@Example.COM\t"), "ada@example.com");
        assert_eq!(folded(&"é".repeat(1_000)).len(), ACCOUNT_BYTES);
        assert_eq!(folded(""), "");
    }
}
