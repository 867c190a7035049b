//! Signatures with a certificate (WSS X.509 Certificate Token Profile 1.1, XML Signature 1.1), and what they cover.
//!
//! Checked in this order, so that only whoever holds a key is worked for: its form, its certificate, the signature
//! itself, and then the digests of what it refers to.

use aws_lc_rs::digest::{Context, SHA256, digest};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use x509_parser::{certificate::X509Certificate, prelude::FromDer as _};

use super::{
    Fault, algorithms,
    canonical::{self, Bounds, Form, Written},
    document::{Part, at_most_one, attribute, elements, is, one, value},
    envelope::{Envelope, SECURITY, SIGNATURE, Security},
    trust::Trust,
};
use crate::policy::ClientCertificate;

const EXCLUSIVE: &str = "http://www.w3.org/2001/10/xml-exc-c14n#";
const INCLUSIVE: &str = "http://www.w3.org/TR/2001/REC-xml-c14n-20010315";
const ENVELOPED: &str = "http://www.w3.org/2000/09/xmldsig#enveloped-signature";
const X509: &str =
    "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-x509-token-profile-1.0#X509v3";
const BASE64: &str = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-soap-message-security-1.0#Base64Binary";
const THUMBPRINT: &str =
    "http://docs.oasis-open.org/wss/oasis-wss-soap-message-security-1.1#ThumbprintSHA1";
const KEY_ID: &str = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-x509-token-profile-1.0#X509SubjectKeyIdentifier";
const MALFORMED: Fault = Fault::Refused("signature-malformed");
/// Most references of a signature.
const REFERENCES: usize = 32;
/// Most prefixes of one list.
const PREFIXES: usize = 32;
/// Most bytes of a certificate, of a signature, and of an identifier or digest.
const CERTIFICATE_BYTES: usize = 16 * 1024;
const SIGNATURE_BYTES: usize = 1_024;
const ID_BYTES: usize = 64;

/// A signature that is good.
#[derive(Debug)]
pub(super) struct Signed<'d> {
    pub(super) signer: ClientCertificate,
    /// SHA-256 of what the key has signed, by which it is known when it comes again. Not of the signature, which whoever has
    /// one of ECDSA can write in another way.
    pub(super) digest: [u8; 32],
    covered: Vec<Part<'d>>,
    /// Of what is covered.
    pub(super) written: Written,
}

impl<'d> Signed<'d> {
    /// Whether this very element is covered, by itself or with one around it.
    pub(super) fn covers(&self, node: Part<'d>) -> bool {
        node.ancestors().any(|around| self.covered.contains(&around))
    }
}

/// Verifies a signature. `sha1` says whether SHA-1 is taken.
pub(super) fn verify<'d>(
    envelope: &Envelope<'d>,
    security: &Security<'d>,
    signature: Part<'d>,
    (trust, sha1): (&Trust, bool),
    bounds: &mut Bounds,
) -> Result<Signed<'d>, Fault> {
    let mut parts = elements(signature);
    let (Some(info), Some(made), Some(key), None) =
        (parts.next(), parts.next(), parts.next(), parts.next())
    else {
        return Err(MALFORMED);
    };
    let is_right = [(info, "SignedInfo"), (made, "SignatureValue"), (key, "KeyInfo")];
    if !is_right.iter().all(|(node, name)| is(*node, SIGNATURE, name)) {
        return Err(MALFORMED);
    }
    let read = Info::read(info)?;
    let made = bytes(made, SIGNATURE_BYTES)?;
    let der = certificate(envelope, security, key, trust)?;
    let malformed = |_| Fault::Refused("certificate-malformed");
    let (rest, certificate) = X509Certificate::from_der(&der).map_err(malformed)?;
    if !rest.is_empty() {
        return Err(Fault::Refused("certificate-malformed"));
    }
    let algorithm = algorithms::verification(read.algorithm, certificate.public_key(), sha1)?;
    let signer = trust.judge(&der, &certificate)?;
    let mut signed = Vec::new();
    canonical::write(info, &read.form, None, bounds, &mut |piece| signed.extend_from_slice(piece))?;
    algorithms::verify(algorithm, certificate.public_key(), &signed, &made)?;
    let (mut covered, mut written) =
        (Vec::with_capacity(read.references.len()), Written::default());
    for reference in &read.references {
        bounds.check()?;
        let node = envelope.ids.get(reference.id)?;
        let left_out = reference.is_enveloped.then_some(signature);
        let found = reference.check(node, left_out, sha1, bounds)?;
        written.has_split_text |= found.has_split_text;
        written.has_open_type |= found.has_open_type;
        covered.push(node);
    }
    let mut known = [0; 32];
    known.copy_from_slice(digest(&SHA256, &signed).as_ref());
    Ok(Signed { signer, digest: known, covered, written })
}

/// What is signed: the form that it is signed in, with what, and what it refers to.
struct Info<'d> {
    form: Form,
    algorithm: &'d str,
    references: Vec<Reference<'d>>,
}

struct Reference<'d> {
    id: &'d str,
    form: Form,
    is_enveloped: bool,
    algorithm: &'d str,
    digest: Vec<u8>,
}

impl<'d> Info<'d> {
    fn read(info: Part<'d>) -> Result<Self, Fault> {
        let mut parts = elements(info);
        let method = parts.next().filter(|node| is(*node, SIGNATURE, "CanonicalizationMethod"));
        let form = form(method.ok_or(MALFORMED)?)?;
        let form = form.ok_or(Fault::Unsupported("canonicalization-method"))?;
        let method = parts.next().filter(|node| is(*node, SIGNATURE, "SignatureMethod"));
        let method = method.ok_or(MALFORMED)?;
        let algorithm = attribute(method, "Algorithm").ok_or(MALFORMED)?;
        if elements(method).next().is_some() {
            return Err(Fault::Unsupported("signature-algorithm"));
        }
        let mut references = Vec::new();
        for part in parts {
            if references.len() == REFERENCES {
                return Err(Fault::Refused("references-too-many"));
            }
            references.push(Reference::read(part)?);
        }
        if references.is_empty() {
            Err(MALFORMED)
        } else {
            Ok(Self { form, algorithm, references })
        }
    }
}

impl<'d> Reference<'d> {
    fn read(node: Part<'d>) -> Result<Self, Fault> {
        if !is(node, SIGNATURE, "Reference") {
            return Err(MALFORMED);
        }
        let uri = attribute(node, "URI").unwrap_or("");
        // What is no plain name is a pointer (XML Signature 1.1 §4.4.3.2), which finds elements in other ways.
        let id =
            uri.strip_prefix('#').filter(|id| !id.is_empty() && !id.contains(['(', '\'', '%']));
        let id = id.ok_or(Fault::Unsupported("reference-uri"))?;
        let mut parts = elements(node).peekable();
        let transforms = parts.next_if(|node| is(*node, SIGNATURE, "Transforms"));
        let (Some(method), Some(digest), None) = (parts.next(), parts.next(), parts.next()) else {
            return Err(MALFORMED);
        };
        if !is(method, SIGNATURE, "DigestMethod") || !is(digest, SIGNATURE, "DigestValue") {
            return Err(MALFORMED);
        }
        let (mut is_enveloped, mut chosen) = (false, None);
        for (at, transform) in transforms.into_iter().flat_map(elements).enumerate() {
            if !is(transform, SIGNATURE, "Transform") {
                return Err(MALFORMED);
            }
            if at == 0 && attribute(transform, "Algorithm") == Some(ENVELOPED) {
                is_enveloped = true;
            } else if chosen.is_none() {
                chosen = Some(form(transform)?.ok_or(Fault::Unsupported("transform"))?);
            } else {
                return Err(Fault::Unsupported("transform"));
            }
        }
        let algorithm = attribute(method, "Algorithm").ok_or(MALFORMED)?;
        // XML Signature 1.1 §4.4.3.2: elements become bytes by Canonical XML 1.0 where nothing else is said.
        let form = chosen.unwrap_or(Form::Inclusive);
        Ok(Self { id, form, is_enveloped, algorithm, digest: bytes(digest, ID_BYTES)? })
    }

    /// Whether an element has the digest that was signed.
    fn check(
        &self,
        node: Part<'d>,
        left_out: Option<Part<'d>>,
        sha1: bool,
        bounds: &mut Bounds,
    ) -> Result<Written, Fault> {
        let mut context = Context::new(algorithms::digest(self.algorithm, sha1)?);
        let written = canonical::write(node, &self.form, left_out, bounds, &mut |piece| {
            context.update(piece)
        })?;
        let is_same = context.finish().as_ref() == self.digest;
        if is_same { Ok(written) } else { Err(Fault::Refused("digest-wrong")) }
    }
}

/// The form that a method or transform names; `None` when it is another one.
fn form(node: Part<'_>) -> Result<Option<Form>, Fault> {
    let mut inside = elements(node);
    let list = inside.next();
    if inside.next().is_some() {
        return Err(MALFORMED);
    }
    match (attribute(node, "Algorithm").ok_or(MALFORMED)?, list) {
        (INCLUSIVE, None) => Ok(Some(Form::Inclusive)),
        (EXCLUSIVE, None) => Ok(Some(Form::Exclusive(Vec::new()))),
        (EXCLUSIVE, Some(list)) if is(list, EXCLUSIVE, "InclusiveNamespaces") => {
            let listed = attribute(list, "PrefixList").unwrap_or("").split_ascii_whitespace();
            let prefixes: Vec<String> = listed
                .map(|prefix| if prefix == "#default" { "" } else { prefix }.to_owned())
                .take(PREFIXES + 1)
                .collect();
            if prefixes.len() > PREFIXES {
                Err(MALFORMED)
            } else {
                Ok(Some(Form::Exclusive(prefixes)))
            }
        }
        _ => Ok(None),
    }
}

/// The certificate that a signature names, in DER.
fn certificate(
    envelope: &Envelope<'_>,
    security: &Security<'_>,
    key: Part<'_>,
    trust: &Trust,
) -> Result<Vec<u8>, Fault> {
    const OTHER: Fault = Fault::Unsupported("key-identifier");
    let mut named = only_child(key).ok_or(OTHER)?;
    if is(named, SECURITY, "SecurityTokenReference") {
        named = only_child(named).ok_or(OTHER)?;
    }
    if is(named, SIGNATURE, "X509Data") {
        return of_data(named, trust);
    }
    let type_of = attribute(named, "ValueType");
    if is(named, SECURITY, "Reference") {
        let id = attribute(named, "URI").and_then(|uri| uri.strip_prefix('#')).ok_or(OTHER)?;
        let token = envelope.ids.get(id)?;
        let is_token = is(token, SECURITY, "BinarySecurityToken");
        if !is_token || token.parent() != Some(security.node) {
            return Err(Fault::Unsupported("token-reference"));
        }
        let is_x509 =
            attribute(token, "ValueType") == Some(X509) && type_of.is_none_or(|kind| kind == X509);
        let is_base64 = attribute(token, "EncodingType").is_none_or(|kind| kind == BASE64);
        return if is_x509 && is_base64 {
            bytes(token, CERTIFICATE_BYTES)
        } else {
            Err(Fault::Unsupported("token-type"))
        };
    }
    if !is(named, SECURITY, "KeyIdentifier") {
        return Err(OTHER);
    }
    let id = bytes(named, ID_BYTES)?;
    let found = match type_of {
        Some(THUMBPRINT) => trust.by_thumbprint(&id),
        Some(KEY_ID) => trust.by_key_id(&id),
        _ => return Err(OTHER),
    };
    found.map(<[u8]>::to_vec).ok_or(Fault::Refused("certificate-unknown"))
}

/// The certificate that `X509Data` holds, or one that it names by issuer and serial number.
fn of_data(data: Part<'_>, trust: &Trust) -> Result<Vec<u8>, Fault> {
    const CODE: &str = "key-identifier";
    if let Some(certificate) = at_most_one(data, (SIGNATURE, "X509Certificate"), CODE)? {
        return bytes(certificate, CERTIFICATE_BYTES);
    }
    let named = at_most_one(data, (SIGNATURE, "X509IssuerSerial"), CODE)?;
    let named = named.ok_or(Fault::Unsupported(CODE))?;
    let serial = value(one(named, (SIGNATURE, "X509SerialNumber"), CODE)?)?;
    let found = trust.by_serial(serial.trim_ascii());
    found.map(<[u8]>::to_vec).ok_or(Fault::Refused("certificate-unknown"))
}

fn only_child(node: Part<'_>) -> Option<Part<'_>> {
    let mut children = elements(node);
    match (children.next(), children.next()) {
        (Some(only), None) => Some(only),
        _ => None,
    }
}

/// What an element holds in Base64, in lines or not.
pub(super) fn bytes(node: Part<'_>, most: usize) -> Result<Vec<u8>, Fault> {
    let text = value(node)?;
    // Four characters for three bytes, and some for line breaks.
    if text.len() > most * 2 {
        return Err(Fault::Refused("base64"));
    }
    let text: String = text.chars().filter(|c| !c.is_ascii_whitespace()).collect();
    let decoded = STANDARD.decode(text).map_err(|_| Fault::Refused("base64"))?;
    if decoded.len() > most { Err(Fault::Refused("base64")) } else { Ok(decoded) }
}
