//! Who a login is for: the accounts and the passwords that a request names.

use std::collections::BTreeMap;

use bartizan_analysis::detectors::login::{FieldRole, role_of};
use bartizan_model::{Root, Side, limits::NotInspectedReason};
use bartizan_protocols::{NodeRef, Places, Value, View};
use zeroize::Zeroizing;

use super::{
    super::{
        reading::{NOT_HELD, NOT_READABLE, cut, is_plain_but_for_names},
        readings::{Amount, Readings},
    },
    documents::{Said, scan},
    names::folded,
};
use crate::phases::{BodyView, Streamed};

/// Most values of a request that are looked at.
const VALUES: usize = 20_000;
/// Most accounts of a request that are counted.
const ACCOUNTS: usize = 16;
/// Most passwords of a request that are looked at.
const PASSWORDS: usize = 16;

/// What a request says.
#[derive(Default)]
pub(super) struct Read {
    /// Each account in one form, and how often which field names it.
    accounts: BTreeMap<String, BTreeMap<String, u64>>,
    /// The same of clients of OAuth, which count where nobody else is named.
    clients: BTreeMap<String, BTreeMap<String, u64>>,
    /// How often there is which field for an account.
    named: BTreeMap<String, u64>,
    /// The same for secrets.
    secrets: BTreeMap<String, u64>,
    /// Those that are not made for one time.
    pub(super) passwords: Vec<Zeroizing<String>>,
    /// Why it has to be refused: nobody knows for whom it is.
    pub(super) refused: Option<&'static str>,
}

/// What a login may be in: the rest of the head tells of no account.
const PLACES: Places = Places::TARGET.and(Places::BODY).and(Places::VALUES);

/// What the query and the body of a request say. `fields` are names of accounts; those that are known when there are
/// none.
pub(super) fn read(
    readings: &mut Readings,
    body: BodyView<'_>,
    amount: Amount,
    fields: &[String],
) -> Read {
    let reading = &*readings.all();
    let view = &reading.decoded().view;
    let in_target = Places::TARGET.and(Places::VALUES);
    match body {
        BodyView::Whole(_) => {
            let refused = reading.gap(amount).or_else(|| gap(view, PLACES));
            Read::of(view, &[Root::Query, Root::Body, Root::Xml], refused, fields)
        }
        // gRPC: what it says in numbered fields names nobody anyway.
        BodyView::Streamed(Streamed::Endless) => {
            Read::of(view, &[Root::Query], gap(view, in_target), fields)
        }
        BodyView::Streamed(_) => Read::of(view, &[Root::Query], Some(NOT_HELD), fields),
    }
}

/// Why nobody knows what a server finds in these places. What is no text at all is no login, and what is there twice is
/// counted twice.
fn gap(view: &View, places: Places) -> Option<&'static str> {
    let is_odd = view.missing(Side::Request, places).any(|reason| {
        matches!(
            reason,
            NotInspectedReason::UnknownEncoding
                | NotInspectedReason::BrokenEncoding
                | NotInspectedReason::Malformed
        )
    });
    let is_odd = is_odd || !is_plain_but_for_names(view, places);
    cut(view, places).or_else(|| is_odd.then_some(NOT_READABLE))
}

impl Read {
    fn of(view: &View, roots: &[Root], refused: Option<&'static str>, fields: &[String]) -> Self {
        let mut read = Self { refused, ..Self::default() };
        let roots = roots.iter().filter_map(|root| view.root(Side::Request, *root));
        let nodes = roots.flat_map(|root| std::iter::once(root).chain(root.descendants()));
        for (at, node) in nodes.enumerate() {
            if at == VALUES {
                read.refused = read.refused.or(Some("over-limits"));
                break;
            }
            read.take(node, fields);
        }
        if !read.accounts.is_empty() {
            read.clients.clear();
        }
        read
    }

    /// Whether it has a field for an account or a secret.
    pub(super) fn is_attempt(&self) -> bool {
        !self.named.is_empty() || !self.secrets.is_empty()
    }

    /// How many attempts it may be: a batch, a list, or a document that calls the same several times is as many.
    pub(super) fn tries(&self) -> u64 {
        self.most_named().max(most(&self.secrets)).max(1)
    }

    /// Its accounts, and how many attempts at each it may be.
    pub(super) fn accounts(&self) -> impl Iterator<Item = (&str, u64)> {
        // Of several passwords for one account each is an attempt.
        let beyond = self.tries().saturating_sub(self.most_named().max(1));
        let all = self.accounts.iter().chain(&self.clients);
        all.map(move |(account, fields)| (account.as_str(), most(fields) + beyond))
    }

    fn most_named(&self) -> u64 {
        most(&self.named)
    }

    fn take(&mut self, node: NodeRef<'_>, fields: &[String]) {
        let key = match node.key() {
            // Elements of a list are what the list is; what was decoded of a text is that text.
            "" if node.index().is_some() => node.name(),
            key => key,
        };
        match node.value() {
            Value::Object | Value::Array | Value::Null => {}
            Value::Text(text) => {
                if (key.is_empty() || key.eq_ignore_ascii_case("query")) && text.contains('{') {
                    self.take_document(node, text, fields);
                }
                self.take_field(key, Some(text), fields);
            }
            Value::Integer(number) => self.take_field(key, Some(&number.to_string()), fields),
            Value::Number(_) => self.take_field(key, Some(node.raw()), fields),
            Value::Bool(_) | Value::Opaque(_) => self.take_field(key, None, fields),
        }
    }

    fn take_field(&mut self, key: &str, text: Option<&str>, fields: &[String]) {
        let role = role(key, fields);
        if key.is_empty() || role == FieldRole::None {
            return;
        }
        let plain: String = key.chars().filter(|c| c.is_alphanumeric()).collect();
        let plain = plain.to_lowercase();
        let text = text.filter(|text| !text.is_empty());
        if role == FieldRole::Secret {
            *self.secrets.entry(plain.clone()).or_default() += 1;
            if let Some(text) = text.filter(|_| plain != "otp" && self.passwords.len() < PASSWORDS)
            {
                self.passwords.push(Zeroizing::new(text.to_owned()));
            }
            return;
        }
        *self.named.entry(plain.clone()).or_default() += 1;
        let Some(account) = text.map(folded).filter(|account| !account.is_empty()) else { return };
        let is_client = plain == "clientid" && fields.is_empty();
        let all = if is_client { &mut self.clients } else { &mut self.accounts };
        if all.len() == ACCOUNTS && !all.contains_key(&account) {
            self.refused = self.refused.or(Some("several-accounts"));
            return;
        }
        *all.entry(account).or_default().entry(plain).or_default() += 1;
    }

    fn take_document(&mut self, node: NodeRef<'_>, text: &str, fields: &[String]) {
        let variables = node.parent().and_then(|parent| {
            parent.children().find(|child| child.key().eq_ignore_ascii_case("variables"))
        });
        // In a query they are JSON within a text.
        let variables = variables.map(|all| {
            let decoded = all.children().find(|child| child.codec().is_some());
            decoded.unwrap_or(all)
        });
        scan(text, |name, said| match said {
            Said::Text(text) => self.take_field(name, Some(&text), fields),
            Said::Number(number) => self.take_field(name, Some(number), fields),
            // Those that are called as what they are were found by that.
            Said::Variable(called) if role(called, fields) != FieldRole::None => {}
            Said::Variable(called) => {
                let value =
                    variables.and_then(|all| all.children().find(|child| child.key() == called));
                let raw = value.map(|value| value.raw().to_owned());
                self.take_field(name, raw.as_deref(), fields);
            }
        });
    }
}

/// What a field is.
fn role(key: &str, fields: &[String]) -> FieldRole {
    let is_named = fields.iter().any(|name| name.eq_ignore_ascii_case(key));
    match role_of(key) {
        _ if is_named => FieldRole::Account,
        FieldRole::Account if !fields.is_empty() => FieldRole::None,
        role => role,
    }
}

fn most(fields: &BTreeMap<String, u64>) -> u64 {
    fields.values().copied().max().unwrap_or(0)
}

#[cfg(test)]
mod tests;
