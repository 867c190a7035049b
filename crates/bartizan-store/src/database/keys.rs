//! Keys of organisations, checked against what the database knows of them.

use std::sync::PoisonError;

use bartizan_model::{HashKey, OrganisationId, Scope, Timestamp};

use super::{Connection, Inner, SqlStore, query};
use crate::{
    directory::organisation_has_exchanges,
    error::{Result, StoreError},
    files,
    keys::key_check,
    sql::statements as sql,
};

pub(super) async fn identity(connection: &mut Connection) -> Inner<[u8; 16]> {
    let text: String = query(sql::STORE_IDENTITY).fetch_one(connection).await?.try_get(0)?;
    let bytes = files::unhex(&text).and_then(|b| b.try_into().ok());
    bytes.ok_or_else(|| StoreError::corrupt_row("identity", text, "expected 32 digits").into())
}

impl SqlStore {
    /// Gives a new database its identity.
    pub(super) async fn ensure_identity(&self) -> Result<()> {
        let mut bytes = [0; 16];
        getrandom::fill(&mut bytes).map_err(|e| StoreError::NoRandomness(e.to_string()))?;
        let mut write = self.begin(&Scope::default()).await?;
        let added = query(sql::ADD_STORE_IDENTITY).bind(files::hex(&bytes));
        let added = added.execute(&mut write.connection).await.map(|_| ()).map_err(Into::into);
        self.finish(write, added).await.map_err(|fault| self.name(fault))
    }

    /// A key that was read and checked before.
    pub(super) fn known_key(&self, organisation: &OrganisationId) -> Option<HashKey> {
        let checked = self.checked.lock().unwrap_or_else(PoisonError::into_inner);
        checked.get(organisation).cloned()
    }

    fn remember(&self, organisation: &OrganisationId, key: &HashKey) {
        let mut checked = self.checked.lock().unwrap_or_else(PoisonError::into_inner);
        checked.insert(organisation.clone(), key.clone());
    }

    /// The key for writing, within a transaction. Creates it for an organisation that is new.
    pub(super) async fn key_for_writing(
        &self,
        connection: &mut Connection,
        organisation: &OrganisationId,
        now: Timestamp,
    ) -> Inner<HashKey> {
        if let Some(key) = self.known_key(organisation) {
            return Ok(key);
        }
        if let Some(key) = self.recorded_key(connection, organisation).await? {
            return Ok(key);
        }
        let missing = self.keys.load(organisation)?.is_none();
        // The database may have been lost or replaced while the exchange log is still there.
        if missing && organisation_has_exchanges(&self.data, organisation)? {
            return Err(self.missing_key(organisation)?.into());
        }
        let key = self.keys.load_or_create(organisation)?;
        query(sql::ADD_ORGANISATION)
            .bind(organisation.as_str())
            .bind(key_check(&key))
            .bind(now.micros())
            .execute(&mut *connection)
            .await?;
        // Another process may have been first, with a key of its own. The key is not remembered
        // before this commits: the row may still be rolled back.
        let recorded = query(sql::ORGANISATION).bind(organisation.as_str());
        let recorded: String = recorded.fetch_one(connection).await?.try_get(0)?;
        if recorded != key_check(&key) {
            return Err(self.wrong_key(organisation)?.into());
        }
        Ok(key)
    }

    /// The key of an organisation that the database knows; `None` when it does not.
    pub(super) async fn recorded_key(
        &self,
        connection: &mut Connection,
        organisation: &OrganisationId,
    ) -> Inner<Option<HashKey>> {
        let row =
            query(sql::ORGANISATION).bind(organisation.as_str()).fetch_optional(connection).await?;
        let Some(row) = row else { return Ok(None) };
        let Some(key) = self.keys.load(organisation)? else {
            return Err(self.missing_key(organisation)?.into());
        };
        if row.try_get::<String, _>(0)? != key_check(&key) {
            return Err(self.wrong_key(organisation)?.into());
        }
        self.remember(organisation, &key);
        Ok(Some(key))
    }

    fn wrong_key(&self, organisation: &OrganisationId) -> Result<StoreError> {
        let path = self.keys.file(organisation)?;
        Ok(StoreError::WrongKey { path, organisation: organisation.as_str().to_owned() })
    }

    fn missing_key(&self, organisation: &OrganisationId) -> Result<StoreError> {
        let path = self.keys.file(organisation)?;
        Ok(StoreError::MissingKey { path, organisation: organisation.as_str().to_owned() })
    }

    /// The key for reading: never created. Fails when the organisation is not known.
    pub(super) async fn key_for_reading(
        &self,
        connection: &mut Connection,
        organisation: &OrganisationId,
    ) -> Inner<HashKey> {
        if let Some(key) = self.known_key(organisation) {
            return Ok(key);
        }
        let id = organisation.as_str();
        let known = self.recorded_key(connection, organisation).await?;
        known.ok_or_else(|| StoreError::NotFound { what: "organisation", id: id.to_owned() }.into())
    }
}
