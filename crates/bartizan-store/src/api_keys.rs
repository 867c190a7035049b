//! Own API keys in the store: what may be written, and the view of them that a gateway has.

use std::sync::Arc;

use bartizan_model::{
    ApiKey, ApiKeyId, ApiKeySecret, ApiKeyState, ApiKeyStore, ApiKeyTerms, ApiKeys, Scope,
    Timestamp, api_key::Later,
};
use zeroize::Zeroizing;

use crate::{
    error::{Result, StoreError},
    store::Store,
};

/// Most keys of a scope, revoked ones counted: a gateway holds them all in memory.
pub const MAX_API_KEYS: u64 = 100_000;
/// Longest name of a key and of its owner, in bytes.
const NAME_BYTES: usize = 128;
/// Most scopes of a key.
const SCOPES: usize = 32;
/// Longest scope, in bytes.
const SCOPE_BYTES: usize = 128;

/// What a new key is to be.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NewApiKey {
    /// What it is for.
    pub name: String,
    /// Whose it is.
    pub owner: String,
    /// What it may be used for: scope tokens of RFC 6749 §3.3.
    pub scopes: Vec<String>,
    /// When it ends; `None` for never.
    pub expires: Option<Timestamp>,
    /// Under which conditions it may be used.
    pub terms: ApiKeyTerms,
}

/// Makes an own API key and adds it. The secret is in what this returns and nowhere else.
///
/// # Errors
/// Those of [`Store::add_api_key`] and [`Store::organisation_key`];
/// [`StoreError::NoRandomness`].
pub async fn create_api_key(
    store: &dyn Store,
    scope: &Scope,
    new: NewApiKey,
    who: &str,
    now: Timestamp,
) -> Result<(ApiKey, ApiKeySecret)> {
    let hash_key = store.organisation_key(&scope.organisation, now).await?;
    let mut random = Zeroizing::new([0; 32]);
    getrandom::fill(random.as_mut()).map_err(|e| StoreError::NoRandomness(e.to_string()))?;
    let secret = ApiKeySecret::from_random(*random);
    let digest = secret.digest(&hash_key);
    let key = ApiKey {
        id: ApiKeyId::derive(scope, &[&digest.to_string()]),
        name: new.name,
        owner: new.owner,
        scopes: new.scopes,
        state: ApiKeyState::Active,
        created: now,
        expires: new.expires,
        last_used: None,
        terms: new.terms,
        digest,
    };
    store.add_api_key(scope, &key, who).await?;
    Ok((key, secret))
}

/// What to do to a key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ApiKeyChange {
    /// Which key.
    pub id: ApiKeyId,
    /// Its new state. *Revoked* is final.
    pub to: ApiKeyState,
    /// Who decided.
    pub who: String,
    /// Why; may be empty.
    pub reason: String,
    /// When.
    pub now: Timestamp,
}

/// Refuses keys that could not be shown or compared.
pub(crate) fn check_new(key: &ApiKey, who: &str) -> Result<()> {
    let refuse =
        |reason| Err(StoreError::InvalidChange { subject: format!("API key {}", key.id), reason });
    let is_name = |text: &str| {
        !text.trim().is_empty() && text.len() <= NAME_BYTES && !text.chars().any(char::is_control)
    };
    if who.trim().is_empty() {
        return refuse("it must be known who creates it");
    }
    if !is_name(&key.owner) || !is_name(&key.name) {
        return refuse("name and owner need 1 to 128 bytes without control characters");
    }
    if key.scopes.len() > SCOPES || !key.scopes.iter().all(|scope| is_scope(scope)) {
        return refuse("there may be 32 scopes of 1 to 128 visible characters without \" and \\");
    }
    if key.expires.is_some_and(|expires| expires <= key.created) {
        return refuse("the expiry is not in the future");
    }
    if let Err(reason) = key.terms.check() {
        return refuse(reason);
    }
    if key.state != ApiKeyState::Active || key.last_used.is_some() {
        return refuse("a new key is active and unused");
    }
    Ok(())
}

/// A scope token of RFC 6749 §3.3.
fn is_scope(text: &str) -> bool {
    let is_character = |b: u8| matches!(b, 0x21 | 0x23..=0x5b | 0x5d..=0x7e);
    !text.is_empty() && text.len() <= SCOPE_BYTES && text.bytes().all(is_character)
}

/// Refuses changes of a key from the state it is in.
pub(crate) fn check_change(change: &ApiKeyChange, from: ApiKeyState) -> Result<()> {
    let refuse = |reason| {
        Err(StoreError::InvalidChange { subject: format!("API key {}", change.id), reason })
    };
    if change.who.trim().is_empty() {
        return refuse("it must be known who decides");
    }
    match (from, change.to) {
        (from, to) if from == to => refuse("it is in that state already"),
        (ApiKeyState::Revoked, _) => refuse("it was revoked, which is final; create another one"),
        _ => Ok(()),
    }
}

/// The keys of one scope, as a gateway sees them.
#[derive(Clone, Debug)]
pub struct StoredApiKeys {
    store: Arc<dyn Store>,
    scope: Scope,
}

impl StoredApiKeys {
    /// The keys of `scope` in `store`.
    #[must_use]
    pub fn new(store: Arc<dyn Store>, scope: Scope) -> Self {
        Self { store, scope }
    }
}

impl ApiKeyStore for StoredApiKeys {
    fn newer(&self, known: Option<u64>) -> Later<'_, Result<Option<ApiKeys>, String>> {
        Box::pin(async move {
            // The version is read first: a change in between is then seen once more, not missed.
            let version = self.store.api_keys_version(&self.scope).await;
            let version = version.map_err(|error| error.to_string())?;
            if known == Some(version) {
                return Ok(None);
            }
            let keys = self.store.api_keys(&self.scope).await;
            Ok(Some(ApiKeys { version, keys: keys.map_err(|error| error.to_string())? }))
        })
    }

    fn used(&self, uses: Vec<(ApiKeyId, Timestamp)>) -> Later<'_, Result<(), String>> {
        Box::pin(async move {
            let written = self.store.record_api_key_use(&self.scope, &uses).await;
            written.map_err(|error| error.to_string())
        })
    }
}
