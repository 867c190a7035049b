//! The parts of a SOAP message that security is about: those that its receiver reads, and none that only look like them.

use std::collections::HashMap;

use roxmltree::Document;

use super::{
    Fault,
    document::{Part, elements, is},
};

/// Namespaces of SOAP 1.1 and 1.2.
const SOAP: [&str; 2] =
    ["http://schemas.xmlsoap.org/soap/envelope/", "http://www.w3.org/2003/05/soap-envelope"];
/// WS-Security 1.0 and 1.1, and what they use.
pub(super) const SECURITY: &str =
    "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-secext-1.0.xsd";
pub(super) const UTILITY: &str =
    "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-utility-1.0.xsd";
const SECURITY_1_1: &str = "http://docs.oasis-open.org/wss/oasis-wss-wssecurity-secext-1.1.xsd";
pub(super) const SIGNATURE: &str = "http://www.w3.org/2000/09/xmldsig#";
const ENCRYPTION: &str = "http://www.w3.org/2001/04/xmlenc#";
const XML: &str = "http://www.w3.org/XML/1998/namespace";
const ASSERTIONS: [&str; 2] =
    ["urn:oasis:names:tc:SAML:1.0:assertion", "urn:oasis:names:tc:SAML:2.0:assertion"];
/// Of secure conversations.
const CONVERSATIONS: [&str; 2] = [
    "http://docs.oasis-open.org/ws-sx/ws-secureconversation/200512",
    "http://schemas.xmlsoap.org/ws/2005/02/sc",
];
/// Most children of a security header.
const CHILDREN: usize = 32;

/// A message.
#[derive(Debug)]
pub(super) struct Envelope<'d> {
    pub(super) header: Option<Part<'d>>,
    pub(super) body: Part<'d>,
    pub(super) security: Option<Security<'d>>,
    pub(super) ids: Ids<'d>,
}

/// The header with the security of a message: each kind of token at most once.
#[derive(Debug)]
pub(super) struct Security<'d> {
    pub(super) node: Part<'d>,
    pub(super) timestamp: Option<Part<'d>>,
    pub(super) username: Option<Part<'d>>,
    pub(super) signature: Option<Part<'d>>,
    /// The first of what is there and not evaluated.
    pub(super) unsupported: Option<&'static str>,
}

impl<'d> Envelope<'d> {
    /// Finds the parts of a message. `actor` is whom the security header has to be for; for nobody by name when `None`.
    ///
    /// # Errors
    /// When it is no SOAP, or others may take other elements for these parts.
    pub(super) fn read(document: &'d Document<'d>, actor: Option<&str>) -> Result<Self, Fault> {
        let root = document.root_element();
        let soap = SOAP.into_iter().find(|soap| is(root, soap, "Envelope"));
        let soap = soap.ok_or(Fault::Gap("no-envelope"))?;
        let mut children = elements(root);
        let mut next = children.next();
        let header = next.filter(|node| is(*node, soap, "Header"));
        if header.is_some() {
            next = children.next();
        }
        let body = next.filter(|node| is(*node, soap, "Body")).ok_or(Fault::Refused("envelope"))?;
        if children.next().is_some() {
            return Err(Fault::Refused("envelope"));
        }
        let blocks = header.into_iter().flat_map(elements);
        let mut found = blocks.filter(|block| is(*block, SECURITY, "Security"));
        let security = found.next();
        if found.next().is_some() {
            return Err(Fault::Refused("several-security-headers"));
        }
        let parts = [Some(root), header, Some(body), security];
        let ids = Ids::read(document, &parts)?;
        let security = security.map(|node| Security::read(node, soap, actor)).transpose()?;
        Ok(Self { header, body, security, ids })
    }
}

impl<'d> Security<'d> {
    fn read(node: Part<'d>, soap: &str, actor: Option<&str>) -> Result<Self, Fault> {
        let name = if soap == SOAP[0] { "actor" } else { "role" };
        let is_of_soap = |name: &str| {
            SOAP.into_iter().filter_map(|namespace| node.attribute((namespace, name))).next()
        };
        let others = if name == "actor" { "role" } else { "actor" };
        if node.attribute((soap, name)) != actor || is_of_soap(others).is_some() {
            return Err(Fault::Refused("security-header-for-others"));
        }
        let must = is_of_soap("mustUnderstand");
        if must.is_some_and(|must| !["0", "1", "true", "false"].contains(&must)) {
            return Err(Fault::Refused("security-header"));
        }
        let mut security =
            Self { node, timestamp: None, username: None, signature: None, unsupported: None };
        for (at, child) in elements(node).enumerate() {
            if at == CHILDREN {
                return Err(Fault::Refused("security-header"));
            }
            security.take(child)?;
        }
        Ok(security)
    }

    fn take(&mut self, child: Part<'d>) -> Result<(), Fault> {
        let (namespace, name) =
            (child.tag_name().namespace().unwrap_or(""), child.tag_name().name());
        let place = match (namespace, name) {
            (UTILITY, "Timestamp") => &mut self.timestamp,
            (SECURITY, "UsernameToken") => &mut self.username,
            (SIGNATURE, "Signature") => &mut self.signature,
            (SECURITY, "BinarySecurityToken") => return Ok(()),
            _ => {
                self.unsupported.get_or_insert(unsupported(namespace, name));
                return Ok(());
            }
        };
        match place.replace(child) {
            None => Ok(()),
            Some(_) => Err(Fault::Refused("token-repeated")),
        }
    }
}

/// What an element of the security header is called that is not evaluated.
fn unsupported(namespace: &str, name: &str) -> &'static str {
    match (namespace, name) {
        (namespace, "Assertion") if ASSERTIONS.contains(&namespace) => "saml-assertion",
        (ENCRYPTION, _) | (SECURITY_1_1, "EncryptedHeader") => "encryption",
        (namespace, _) if CONVERSATIONS.contains(&namespace) => "derived-key",
        (SECURITY, "SecurityTokenReference") => "token-reference",
        (SECURITY_1_1, "SignatureConfirmation") => "signature-confirmation",
        _ => "security-element",
    }
}

/// The elements of a message by their ids.
#[derive(Debug)]
pub(super) struct Ids<'d>(HashMap<&'d str, Named<'d>>);

#[derive(Clone, Copy, Debug)]
struct Named<'d> {
    node: Part<'d>,
    /// Whether it is called so by an attribute that is an id to everybody: `wsu:Id` or `xml:id`.
    is_id: bool,
    /// Whether others are called so too, by whatever is an id to anybody.
    is_shared: bool,
}

impl<'d> Ids<'d> {
    /// Reads all ids. `parts` are the elements that the receiver reads by their place.
    fn read(document: &'d Document<'d>, parts: &[Option<Part<'d>>]) -> Result<Self, Fault> {
        let mut ids: HashMap<&'d str, Named<'d>> = HashMap::new();
        for node in document.descendants().filter(|node| node.is_element()) {
            let (namespace, name) =
                (node.tag_name().namespace().unwrap_or(""), node.tag_name().name());
            let looks_like_one = (SOAP.contains(&namespace)
                && ["Envelope", "Header", "Body"].contains(&name))
                || (namespace == SECURITY && name == "Security");
            // Whoever looks for a name wherever it is takes another one.
            if looks_like_one && !parts.contains(&Some(node)) {
                return Err(Fault::Refused("envelope-inside"));
            }
            for attribute in node.attributes().filter(|one| is_like_an_id(one.name())) {
                let is_id = match attribute.namespace() {
                    Some(UTILITY) => attribute.name() == "Id",
                    Some(XML) => attribute.name() == "id",
                    _ => false,
                };
                // The value as it is written here may be normalised elsewhere, as ids are.
                let value = attribute.value().trim();
                let named = Named { node, is_id, is_shared: false };
                let Some(known) = ids.get_mut(value) else {
                    ids.insert(value, named);
                    continue;
                };
                if known.node == node {
                    known.is_id |= is_id;
                    continue;
                }
                if known.is_id && is_id {
                    return Err(Fault::Refused("id-repeated"));
                }
                *known = Named { is_shared: true, ..if is_id { named } else { *known } };
            }
        }
        Ok(Self(ids))
    }

    /// The one element that a reference means.
    ///
    /// # Errors
    /// When it means none, or may mean another one to somebody.
    pub(super) fn get(&self, id: &str) -> Result<Part<'d>, Fault> {
        let named = self.0.get(id).filter(|named| named.is_id);
        let named = named.ok_or(Fault::Refused("reference-to-nothing"))?;
        if named.is_shared { Err(Fault::Refused("id-repeated")) } else { Ok(named.node) }
    }
}

/// Whether somebody may take an attribute for an id: `Id`, `ID`, `id`, and those of SAML.
fn is_like_an_id(name: &str) -> bool {
    ["id", "assertionid", "requestid", "responseid"].iter().any(|id| name.eq_ignore_ascii_case(id))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::policy::ws_security::document;

    const NAMES: &str = "xmlns:s='http://schemas.xmlsoap.org/soap/envelope/' \
         xmlns:t='http://www.w3.org/2003/05/soap-envelope' \
         xmlns:w='http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-secext-1.0.xsd' \
         xmlns:u='http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-utility-1.0.xsd'";

    fn refused(inside: &str) -> Option<&'static str> {
        let text = inside.replacen(" N", &format!(" {NAMES}"), 1);
        let document = document::read(text.as_bytes()).expect(&text);
        Envelope::read(&document, None).err().map(|fault| fault.reason())
    }

    #[test]
    fn only_one_reading_of_an_envelope_is_taken() {
        for (text, reason) in [
            ("<s:Envelope N><s:Body/></s:Envelope>", None),
            ("<t:Envelope N><t:Header/><t:Body/></t:Envelope>", None),
            ("<s:Envelope N><s:Header><w:Security/></s:Header><s:Body/></s:Envelope>", None),
            ("<s:Envelope N><t:Body/></s:Envelope>", Some("envelope")),
            ("<s:Envelope N><s:Body/><s:Body/></s:Envelope>", Some("envelope")),
            ("<s:Envelope N><s:Body/><s:Header/></s:Envelope>", Some("envelope")),
            ("<s:Envelope N><s:Header/><s:Header/><s:Body/></s:Envelope>", Some("envelope")),
            ("<s:Envelope N><x/><s:Body/></s:Envelope>", Some("envelope")),
            ("<s:Envelope N><s:Header/></s:Envelope>", Some("envelope")),
            ("<Envelope N><Body/></Envelope>", Some("no-envelope")),
            ("<s:Envelope N><s:Body><s:Body/></s:Body></s:Envelope>", Some("envelope-inside")),
            (
                "<s:Envelope N><s:Header><x><t:Body/></x></s:Header><s:Body/></s:Envelope>",
                Some("envelope-inside"),
            ),
            (
                "<s:Envelope N><s:Header><x><w:Security/></x></s:Header><s:Body/></s:Envelope>",
                Some("envelope-inside"),
            ),
            (
                "<s:Envelope N><s:Header><w:Security/><w:Security s:actor='x'/></s:Header><s:Body/></s:Envelope>",
                Some("several-security-headers"),
            ),
            (
                "<s:Envelope N><s:Header><w:Security s:actor='x'/></s:Header><s:Body/></s:Envelope>",
                Some("security-header-for-others"),
            ),
            (
                "<s:Envelope N><s:Header><w:Security t:role='x'/></s:Header><s:Body/></s:Envelope>",
                Some("security-header-for-others"),
            ),
            (
                "<s:Envelope N><s:Header><w:Security s:mustUnderstand='yes'/></s:Header><s:Body/></s:Envelope>",
                Some("security-header"),
            ),
            (
                "<s:Envelope N><s:Header><w:Security><u:Timestamp/><u:Timestamp/></w:Security></s:Header><s:Body/></s:Envelope>",
                Some("token-repeated"),
            ),
            (
                "<s:Envelope N><s:Header><x u:Id='a'/></s:Header><s:Body u:Id='a'/></s:Envelope>",
                Some("id-repeated"),
            ),
        ] {
            assert_eq!(refused(text), reason, "{text}");
        }
    }

    #[test]
    fn an_id_means_one_element_to_everybody() {
        let text = format!(
            "<s:Envelope {NAMES}><s:Body u:Id='a' x='1'><b u:Id='b'/><c ID='b'/><d id='d'/><e ID='f'/>\
             <f u:Id='f'/><g u:Id='g' id='g'/><h xml:id='h'/><i id='1'/><j id='1'/></s:Body></s:Envelope>"
        );
        let document = document::read(text.as_bytes()).expect("read");
        let envelope = Envelope::read(&document, None).expect("an envelope");
        let name = |id: &str| {
            let found = envelope.ids.get(id).map(|node| node.tag_name().name().to_owned());
            found.map_err(|fault| fault.reason())
        };
        for (id, expected) in [
            ("a", Ok("Body")),
            ("g", Ok("g")),
            ("h", Ok("h")),
            ("b", Err("id-repeated")),
            ("f", Err("id-repeated")),
            ("d", Err("reference-to-nothing")),
            ("1", Err("reference-to-nothing")),
            ("", Err("reference-to-nothing")),
        ] {
            assert_eq!(name(id), expected.map(str::to_owned), "{id}");
        }
    }
}
