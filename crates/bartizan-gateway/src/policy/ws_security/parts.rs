//! What has to be signed of a message.

use super::{
    Fault,
    document::{Part, elements, is},
    envelope::{Envelope, Security},
    signature::Signed,
};
use crate::policy::config::Problem;

/// Most parts.
const PARTS: usize = 32;

/// What has to be signed.
#[derive(Debug)]
pub(super) struct Parts {
    named: Vec<Named>,
    all_headers: bool,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Named {
    Body,
    Timestamp,
    Username,
    Header { namespace: String, name: String },
}

impl Parts {
    pub(super) fn compile(parts: &[String], all_headers: bool) -> Result<Self, Problem> {
        let wrong =
            |at: usize, problem: &str| Problem::new(format!("signature.parts.{at}"), problem);
        if parts.is_empty() {
            return Err(Problem::new("signature.parts", "at least one is needed"));
        }
        if parts.len() > PARTS {
            return Err(Problem::new("signature.parts", format!("{PARTS} are the most")));
        }
        let mut named = Vec::with_capacity(parts.len());
        for (at, part) in parts.iter().enumerate() {
            let part = match part.as_str() {
                "Body" => Named::Body,
                "Timestamp" => Named::Timestamp,
                "UsernameToken" => Named::Username,
                header => {
                    let split = header.strip_prefix('{').and_then(|rest| rest.split_once('}'));
                    let split = split.filter(|(namespace, name)| {
                        !namespace.is_empty() && !name.is_empty() && !name.contains(':')
                    });
                    let expected =
                        "expected `Body`, `Timestamp`, `UsernameToken` or `{namespace}name`";
                    let (namespace, name) = split.ok_or_else(|| wrong(at, expected))?;
                    Named::Header { namespace: namespace.to_owned(), name: name.to_owned() }
                }
            };
            if named.contains(&part) {
                return Err(wrong(at, "is there twice"));
            }
            named.push(part);
        }
        Ok(Self { named, all_headers })
    }

    pub(super) fn has_timestamp(&self) -> bool {
        self.named.contains(&Named::Timestamp)
    }

    /// Whether a signature covers what it has to, which has to be there.
    pub(super) fn check<'d>(
        &self,
        envelope: &Envelope<'d>,
        security: &Security<'d>,
        signed: &Signed<'d>,
    ) -> Result<(), Fault> {
        for part in &self.named {
            let node = match part {
                Named::Body => Some(envelope.body),
                Named::Timestamp => security.timestamp,
                Named::Username => security.username,
                Named::Header { namespace, name } => block(envelope, namespace, name)?,
            };
            let node = node.ok_or(Fault::Refused("part-missing"))?;
            if !signed.covers(node) {
                return Err(Fault::Refused("part-not-signed"));
            }
        }
        let mut blocks = envelope.header.into_iter().flat_map(elements);
        let is_left_open = |block: Part<'d>| block != security.node && !signed.covers(block);
        if self.all_headers && blocks.any(is_left_open) {
            return Err(Fault::Refused("header-not-signed"));
        }
        Ok(())
    }
}

/// The one header block of that name.
fn block<'d>(
    envelope: &Envelope<'d>,
    namespace: &str,
    name: &str,
) -> Result<Option<Part<'d>>, Fault> {
    let blocks = envelope.header.into_iter().flat_map(elements);
    let mut found = blocks.filter(|block| is(*block, namespace, name));
    match (found.next(), found.next()) {
        (_, Some(_)) => Err(Fault::Refused("part-repeated")),
        (found, None) => Ok(found),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_are_written_in_one_way() {
        let compile = |parts: &[&str]| {
            let parts: Vec<_> = parts.iter().map(|part| (*part).to_owned()).collect();
            Parts::compile(&parts, false).map(|parts| parts.has_timestamp())
        };
        assert_eq!(compile(&["Body"]), Ok(false));
        assert_eq!(
            compile(&["Body", "Timestamp", "{http://www.w3.org/2005/08/addressing}To"]),
            Ok(true)
        );
        for wrong in
            [&["body"][..], &[], &["To"], &["{}To"], &["{u}"], &["{u}a:b"], &["Body", "Body"]]
        {
            assert!(compile(wrong).is_err(), "{wrong:?}");
        }
    }
}
