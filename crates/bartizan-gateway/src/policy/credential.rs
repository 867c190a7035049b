//! A credential that was verified: whose it is, until when, what it is bound to, and what it is called where it may be
//! denied.

use bartizan_model::{HashKey, KeyedHash, Timestamp, deny::DenyList};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use serde_json::Value;

use super::identity::Identity;

/// A credential of somebody else's making that is good.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Credential {
    pub(crate) identity: Identity,
    /// When it is good no more, in seconds, leeway included.
    pub(crate) until: i64,
    /// When no other credential of its session is good any more, in seconds.
    pub(crate) session_until: i64,
    pub(crate) bound: Bound,
    pub(crate) names: Names,
}

/// What a credential is bound to (RFC 7800): who presents it has to show that they hold it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Bound {
    /// Thumbprint of a key (RFC 9449 §6.1, RFC 7638).
    pub(crate) key: Option<[u8; 32]>,
    /// Thumbprint of a client certificate (RFC 8705 §3.1).
    pub(crate) certificate: Option<[u8; 32]>,
}

impl Bound {
    /// What `cnf` says.
    ///
    /// # Errors
    /// It says something by which nothing can be confirmed here: that binds to something all the same, so that nobody
    /// may be taken for the holder.
    pub(crate) fn of(confirmation: Option<&Value>) -> Result<Self, &'static str> {
        let Some(confirmation) = confirmation else { return Ok(Self::default()) };
        let unknown = "jwt-binding-unknown";
        let members = confirmation.as_object().ok_or(unknown)?;
        let thumbprint = |name: &str| match members.get(name) {
            None => Ok(None),
            Some(value) => thumbprint(value.as_str().unwrap_or_default()).map(Some).ok_or(unknown),
        };
        let bound = Self { key: thumbprint("jkt")?, certificate: thumbprint("x5t#S256")? };
        if bound == Self::default() { Err(unknown) } else { Ok(bound) }
    }

    /// Whether it is bound to anything.
    pub(crate) const fn is_bound(&self) -> bool {
        self.key.is_some() || self.certificate.is_some()
    }
}

fn thumbprint(text: &str) -> Option<[u8; 32]> {
    URL_SAFE_NO_PAD.decode(text).ok()?.try_into().ok()
}

/// What a credential is called in a deny list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Names {
    /// What of it cannot be written in another way: what was signed, without the signature, of which there may be
    /// several.
    pub(crate) content: KeyedHash,
    /// Its `jti`.
    pub(crate) id: Option<KeyedHash>,
    /// The session that it is of.
    pub(crate) session: Option<KeyedHash>,
}

impl Names {
    pub(crate) fn new(
        key: &HashKey,
        issuer: &str,
        content: &str,
        id: Option<&str>,
        session: Option<&str>,
    ) -> Self {
        Self {
            content: key.hash("denied credential", content.as_bytes()),
            id: id.map(|id| name_of_id(key, issuer, id)),
            session: session.map(|id| key.hash("denied session", &of_issuer(issuer, id))),
        }
    }

    /// Whether any of them is denied.
    pub(crate) async fn are_denied(&self, list: &dyn DenyList, now: Timestamp) -> bool {
        let (id, session) = (self.id.unwrap_or(self.content), self.session.unwrap_or(self.content));
        list.denies(&[self.content, id, session], now).known().await
    }
}

/// What the `jti` of an issuer's token is called.
pub(crate) fn name_of_id(key: &HashKey, issuer: &str, id: &str) -> KeyedHash {
    key.hash("denied token id", &of_issuer(issuer, id))
}

/// Issuers are kept apart: each names its own tokens.
fn of_issuer(issuer: &str, id: &str) -> Vec<u8> {
    let mut out = (issuer.len() as u64).to_le_bytes().to_vec();
    out.extend_from_slice(issuer.as_bytes());
    out.extend_from_slice(id.as_bytes());
    out
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn bindings_are_read_or_refused() {
        let text = URL_SAFE_NO_PAD.encode([7; 32]);
        assert_eq!(Bound::of(None), Ok(Bound::default()));
        let key = Bound::of(Some(&json!({"jkt": text, "kid": "a"}))).expect("known");
        assert_eq!((key.key, key.certificate, key.is_bound()), (Some([7; 32]), None, true));
        let certificate = Bound::of(Some(&json!({"x5t#S256": text}))).expect("known");
        assert_eq!(certificate.certificate, Some([7; 32]));
        for unknown in [
            json!({}),
            json!("jkt"),
            json!(null),
            json!({"jwk": {}}),
            json!({"kid": "a"}),
            json!({"jkt": "AA"}),
            json!({"jkt": 1}),
            json!({"jkt": text, "x5t#S256": ""}),
            json!({"jkt": format!("{text}=")}),
        ] {
            assert_eq!(Bound::of(Some(&unknown)), Err("jwt-binding-unknown"), "{unknown}");
        }
    }

    #[test]
    fn issuers_do_not_deny_tokens_of_others() {
        let key = HashKey::new([1; 32]);
        let names = |issuer, id| Names::new(&key, issuer, "a.b", Some(id), Some(id));
        assert_ne!(names("ab", "c").id, names("a", "bc").id);
        assert_ne!(names("ab", "c").session, names("a", "bc").session);
        assert_ne!(names("a", "b").session, names("a", "b").id);
        assert_eq!(names("a", "b").id, Some(name_of_id(&key, "a", "b")));
    }
}
