//! Makes signed messages, as a client does, and as an attacker who holds a key would.

use aws_lc_rs::{
    digest::{SHA256, digest},
    rand::SystemRandom,
    signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair},
};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use rcgen::{
    BasicConstraints, CertificateParams, CertificateRevocationListParams, DnType, IsCa, Issuer,
    KeyIdMethod, KeyPair, KeyUsagePurpose, RevokedCertParams, SerialNumber, date_time_ymd,
};

use super::super::{
    WsSecurity, WsSecurityConfig,
    canonical::{self, Form, tests::wide},
    document::Part,
};

pub(super) const EXCLUSIVE: &str = "http://www.w3.org/2001/10/xml-exc-c14n#";
pub(super) const ECDSA: &str = "http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha256";
/// Where a message has its signature, before it is signed.
pub(super) const PLACE: &str = "<!--signature-->";

/// Who signs certificates.
pub(super) struct Authority {
    issuer: Issuer<'static, KeyPair>,
    pem: String,
}

/// Who signs messages.
pub(super) struct Signer {
    key: EcdsaKeyPair,
    pub(super) der: Vec<u8>,
    pub(super) pem: String,
}

impl Authority {
    pub(super) fn new() -> Self {
        Self::named("authority")
    }

    pub(super) fn named(name: &str) -> Self {
        let mut params = CertificateParams::default();
        params.distinguished_name.push(DnType::CommonName, name);
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
        let key = KeyPair::generate().expect("a key");
        let pem = params.self_signed(&key).expect("signed").pem();
        Self { issuer: Issuer::new(params, key), pem }
    }

    /// Somebody with a certificate that `change` makes another one of.
    pub(super) fn signer(&self, change: impl Fn(&mut CertificateParams)) -> Signer {
        let mut params = CertificateParams::default();
        params.distinguished_name.push(DnType::CommonName, "carrier");
        params.serial_number = Some(SerialNumber::from_slice(&[7]));
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        change(&mut params);
        let key = KeyPair::generate().expect("a key");
        let made = params.signed_by(&key, &self.issuer).expect("signed");
        let key = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &key.serialize_der());
        Signer { key: key.expect("a key"), der: made.der().to_vec(), pem: made.pem() }
    }

    fn revoked(&self, serials: &[u8]) -> String {
        let revoked = serials.iter().map(|serial| RevokedCertParams {
            serial_number: SerialNumber::from_slice(&[*serial]),
            revocation_time: date_time_ymd(2021, 1, 1),
            reason_code: None,
            invalidity_date: None,
        });
        let list = CertificateRevocationListParams {
            this_update: date_time_ymd(2020, 1, 1),
            next_update: date_time_ymd(2120, 1, 1),
            crl_number: SerialNumber::from_slice(&[1]),
            issuing_distribution_point: None,
            revoked_certs: revoked.collect(),
            key_identifier_method: KeyIdMethod::Sha256,
        };
        list.signed_by(&self.issuer).expect("signed").pem().expect("PEM")
    }

    /// A policy that believes this authority, with settings in YAML below `ws_security`; `AUTHORITY`, `REVOKED` and `KNOWN`
    /// in them stand for its files: the authority, a list with the serial number 66, and these certificates.
    pub(super) fn policy(&self, settings: &str, known: &[&Signer]) -> WsSecurity {
        let folder = tempfile::tempdir().expect("a folder");
        let file = |name: &str, text: &str| {
            let path = folder.path().join(name);
            std::fs::write(&path, text).expect("written");
            path.display().to_string()
        };
        let known: String = known.iter().map(|signer| signer.pem.as_str()).collect();
        let settings = settings
            .replace("AUTHORITY", &file("authority.pem", &self.pem))
            .replace("REVOKED", &file("revoked.pem", &self.revoked(&[66])))
            .replace("KNOWN", &file("known.pem", &known))
            .replace("PASSWORD", &format!("file:{}", file("password", "harbour-gate")));
        let config: WsSecurityConfig = serde_saphyr::from_str(&settings).expect(&settings);
        let key = bartizan_model::HashKey::new([1; 32]);
        WsSecurity::compile("messages", &config, &key).expect("compiles")
    }
}

/// A reference to sign: an id, and its transforms.
pub(super) type Wanted<'a> = (&'a str, &'a str);

/// The usual transform.
pub(super) fn transform(algorithm: &str) -> String {
    format!("<ds:Transform Algorithm=\"{algorithm}\"/>")
}

impl Signer {
    /// The token with the certificate.
    pub(super) fn token(&self) -> String {
        format!(
            "<wsse:BinarySecurityToken wsu:Id=\"token\" ValueType=\"http://docs.oasis-open.org/wss/2004/01/\
             oasis-200401-wss-x509-token-profile-1.0#X509v3\">{}</wsse:BinarySecurityToken>",
            STANDARD.encode(&self.der)
        )
    }

    /// Signs parts of a message, each in the exclusive form.
    pub(super) fn sign(&self, message: &str, ids: &[&str]) -> String {
        let usual = transform(EXCLUSIVE);
        let wanted: Vec<Wanted<'_>> = ids.iter().map(|id| (*id, usual.as_str())).collect();
        let key = "<wsse:SecurityTokenReference><wsse:Reference URI=\"#token\"/></wsse:SecurityTokenReference>";
        self.sign_as(message, &wanted, (ECDSA, key))
    }

    /// Signs with a signature that names these transforms, this algorithm and this key. The digests are those of the
    /// exclusive form without any signature, whatever the transforms are.
    pub(super) fn sign_as(
        &self,
        message: &str,
        wanted: &[Wanted<'_>],
        (algorithm, key): (&str, &str),
    ) -> String {
        let references: String = wanted
            .iter()
            .map(|(id, transforms)| {
                let written = form_of(&message.replace(PLACE, ""), |node| {
                    node.attributes().any(|one| one.name() == "Id" && one.value() == *id)
                });
                format!(
                    "<ds:Reference URI=\"#{id}\"><ds:Transforms>{transforms}</ds:Transforms><ds:DigestMethod \
                     Algorithm=\"http://www.w3.org/2001/04/xmlenc#sha256\"/><ds:DigestValue>{}</ds:DigestValue>\
                     </ds:Reference>",
                    STANDARD.encode(digest(&SHA256, &written))
                )
            })
            .collect();
        let signature = |value: &str| {
            format!(
                "<ds:Signature xmlns:ds=\"http://www.w3.org/2000/09/xmldsig#\"><ds:SignedInfo>\
                 <ds:CanonicalizationMethod Algorithm=\"{EXCLUSIVE}\"/><ds:SignatureMethod Algorithm=\"{algorithm}\"/>\
                 {references}</ds:SignedInfo><ds:SignatureValue>{value}</ds:SignatureValue>\
                 <ds:KeyInfo>{key}</ds:KeyInfo></ds:Signature>"
            )
        };
        let unsigned = message.replacen(PLACE, &signature(""), 1);
        let signed = form_of(&unsigned, |node| node.tag_name().name() == "SignedInfo");
        let made = self.key.sign(&SystemRandom::new(), &signed).expect("signed");
        message.replacen(PLACE, &signature(&STANDARD.encode(made)), 1)
    }
}

/// The exclusive form of the first element for which `is_meant` holds.
fn form_of(message: &str, is_meant: impl Fn(Part<'_>) -> bool) -> Vec<u8> {
    let document = roxmltree::Document::parse(message).expect(message);
    let mut elements = document.descendants().filter(|node| node.is_element());
    let Some(apex) = elements.find(|node| is_meant(*node)) else { return Vec::new() };
    let (mut out, form) = (Vec::new(), Form::Exclusive(Vec::new()));
    canonical::write(apex, &form, None, &mut wide(), &mut |piece| out.extend_from_slice(piece))
        .expect("written");
    out
}
