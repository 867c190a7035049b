//! Reading exchanges back: from the first one on, or from the last one back.

use bartizan_model::EndpointId;

use super::DataDirectory;
use crate::{
    error::{Result, StoreError},
    exchange_log::{BlockEntry, BlockPosition, ExchangeFacts, ExchangeQuery},
    query::{Cursor, PageRequest, SortKey},
};

/// Names the list of the latest exchanges in cursors.
const LIST: &str = "latest exchanges";
/// Names the only order there is.
const LAST_FIRST: &str = "-position";
/// Index entries that are read at once on the way back.
const ENTRIES: u32 = 16;

/// A part of what the exchange log holds.
#[derive(Debug, Default)]
pub struct ExchangePage {
    /// The exchanges asked for, in order of writing.
    pub records: Vec<ExchangeFacts>,
    /// Blocks that could not be read; what was in them is missing from `records`.
    pub damaged: Vec<StoreError>,
    /// Blocks that another data directory of the same store holds; what is in them is missing too.
    pub elsewhere: u64,
    /// Where to go on; `None` at the end.
    pub next: Option<BlockPosition>,
}

/// A part of what the exchange log of this directory holds, from the last one back.
#[derive(Debug, Default)]
pub struct LatestExchanges {
    /// The exchanges asked for, the last one that was written first.
    pub records: Vec<ExchangeFacts>,
    /// Blocks that could not be read; what was in them is missing from `records`.
    pub damaged: Vec<StoreError>,
    /// Exchanges that were looked at for these.
    pub looked_at: u64,
    /// Where to go on; `None` when all were looked at.
    pub next: Option<Cursor>,
}

/// How far reading has come on its way back: behind this block, or, in it, behind a record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Place {
    block: BlockPosition,
    /// Records before this one are still to be looked at; 0: none.
    record: usize,
}

impl Place {
    fn cursor(self) -> Cursor {
        let number = |n: u64| SortKey::Int(i64::try_from(n).unwrap_or(i64::MAX));
        let BlockPosition { segment, position } = self.block;
        Cursor::encode(
            LIST,
            LAST_FIRST,
            &[number(segment), number(position.into()), number(self.record as u64)],
        )
    }

    fn of(cursor: &Cursor) -> Result<Self> {
        match cursor.decode(LIST, LAST_FIRST)?.as_slice() {
            [SortKey::Int(segment), SortKey::Int(position), SortKey::Int(record)] => Some((
                u64::try_from(*segment).ok(),
                u32::try_from(*position).ok(),
                usize::try_from(*record).ok(),
            )),
            _ => None,
        }
        .and_then(|(segment, position, record)| {
            let block = BlockPosition { segment: segment?, position: position? };
            Some(Self { block, record: record? })
        })
        .ok_or(StoreError::InvalidCursor)
    }

    /// Behind which block the index goes on: the one in which records are left is read once more.
    fn index_after(self) -> BlockPosition {
        let BlockPosition { segment, position } = self.block;
        let again = u32::from(self.record > 0);
        BlockPosition { segment, position: position.saturating_add(again) }
    }
}

impl DataDirectory {
    /// Reads exchanges back: the blocks behind `after` that may hold some, at most `blocks` of them
    /// (at least one). A page can be empty and still have a `next`.
    ///
    /// # Errors
    /// When the index cannot be read. Damaged blocks are no error, see [`ExchangePage::damaged`].
    pub async fn exchanges(
        &self,
        query: &ExchangeQuery,
        after: Option<BlockPosition>,
        blocks: u32,
    ) -> Result<ExchangePage> {
        let entries = self.store().exchange_blocks(&self.scope, query, after, blocks).await?;
        let mut page = ExchangePage::default();
        if entries.len() >= blocks.clamp(1, crate::MAX_PAGE) as usize {
            page.next = entries.last().map(position);
        }
        let family = self.family(query).await?;
        for entry in &entries {
            match self.log.read(entry).await {
                Ok(records) => {
                    page.records.extend(records.into_iter().filter(|r| query.fits(r, &family)));
                }
                Err(StoreError::DamagedBlock { .. })
                    if !self.number.segments().contains(&entry.segment) =>
                {
                    page.elsewhere += 1;
                }
                Err(error @ StoreError::DamagedBlock { .. }) => page.damaged.push(error),
                Err(error) => return Err(error),
            }
        }
        Ok(page)
    }

    /// Reads exchanges from the last one that was written back: those of `query` that are also
    /// `wanted`. Looks into at most `blocks` blocks (at least one), so that a page can be short, or
    /// empty, and still have a `next`. Exchanges that another data directory of the same store holds
    /// are not among them, see [`DataDirectory::has_exchanges_elsewhere`].
    ///
    /// # Errors
    /// [`StoreError::InvalidCursor`], and when the index cannot be read. Damaged blocks are no error,
    /// see [`LatestExchanges::damaged`].
    pub async fn latest_exchanges(
        &self,
        query: &ExchangeQuery,
        wanted: &(dyn Fn(&ExchangeFacts) -> bool + Sync),
        page: &PageRequest,
        blocks: u32,
    ) -> Result<LatestExchanges> {
        let family = self.family(query).await?;
        let limit = page.clamped() as usize;
        let mut place = page.after.as_ref().map(Place::of).transpose()?;
        let mut found = LatestExchanges::default();
        let mut left = blocks.max(1);
        loop {
            let after = place.map(Place::index_after);
            let store = self.store();
            let entries =
                store.last_exchange_blocks(&self.scope, self.number, query, after, ENTRIES).await?;
            let is_end = entries.len() < ENTRIES as usize;
            for entry in &entries {
                if left == 0 {
                    found.next = place.map(Place::cursor);
                    return Ok(found);
                }
                left -= 1;
                let block = position(entry);
                let begun = place.filter(|place| place.block == block);
                let mut records = match self.log.read(entry).await {
                    Ok(records) => records,
                    Err(error @ StoreError::DamagedBlock { .. }) => {
                        found.damaged.push(error);
                        Vec::new()
                    }
                    Err(error) => return Err(error),
                };
                records.truncate(begun.map_or(usize::MAX, |place| place.record));
                while let Some(record) = records.pop() {
                    found.looked_at += 1;
                    if !query.fits(&record, &family) || !wanted(&record) {
                        continue;
                    }
                    found.records.push(record);
                    if found.records.len() == limit {
                        found.next = Some(Place { block, record: records.len() }.cursor());
                        return Ok(found);
                    }
                }
                place = Some(Place { block, record: 0 });
            }
            if is_end {
                return Ok(found);
            }
        }
    }

    /// Whether other data directories of the same store hold exchanges.
    ///
    /// # Errors
    /// When the index cannot be read.
    pub async fn has_exchanges_elsewhere(&self) -> Result<bool> {
        self.store().has_other_exchanges(&self.scope, self.number).await
    }

    /// The ids under which the endpoint of a query is written down.
    async fn family(&self, query: &ExchangeQuery) -> Result<Vec<EndpointId>> {
        match &query.endpoint {
            Some(id) => self.store().endpoint_family(&self.scope, id).await,
            None => Ok(Vec::new()),
        }
    }
}

fn position(entry: &BlockEntry) -> BlockPosition {
    BlockPosition { segment: entry.segment, position: entry.position }
}
