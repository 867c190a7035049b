//! The outbox in the database.

use async_trait::async_trait;
use bartizan_model::{Event, HashKey, Scope, Timestamp};

use super::{
    Connection, Inner, Row, SqlStore,
    audit::{self, signed, unsigned},
    batch::json,
    query, read,
    store::{reading, writing},
};
use crate::{
    deliveries::{
        DeadLetterFilter, Delivery, DeliveryStore, Fate, MAX_DELIVERY_ERROR, MAX_TAKEN, Settled,
        SinkState, Subscription, Take,
    },
    error::Result,
    query::{Page, PageRequest},
    records::AuditEntry,
    sql::{
        deliveries as sql,
        select::{List, Select},
        sorted::{
            Key::{Int, Text},
            Sorted,
        },
    },
};

static DEAD_LETTERS: List = List {
    name: "dead letters",
    columns: "event_id AS id, sink, sequence, attempts, created_at, due_at, error, body",
    table: "deliveries",
};
const LATEST: Sorted = Sorted::down("-due", &[Int("due_at"), Text("sink"), Int("sequence")]);

/// A statement with organisation and environment bound.
macro_rules! query {
    ($text:expr, $scope:expr $(, $value:expr)*) => {
        query($text)
            .bind($scope.organisation.as_str())
            .bind($scope.environment.as_str())
            $(.bind($value))*
    };
}

#[async_trait]
impl DeliveryStore for SqlStore {
    async fn set_subscriptions(
        &self,
        scope: &Scope,
        subscriptions: &[Subscription],
        now: Timestamp,
    ) -> Result<()> {
        writing!(self, scope, c => subscribe(c, scope, subscriptions, now).await)
    }

    async fn take_deliveries(&self, scope: &Scope, take: &Take<'_>) -> Result<Vec<Delivery>> {
        // Most of the time there is nothing to do, and looking needs no writer.
        if !reading!(self, c => is_due(c, scope, take).await)? {
            return Ok(Vec::new());
        }
        writing!(self, scope, c => claim(c, scope, take).await)
    }

    async fn settle_deliveries(
        &self,
        scope: &Scope,
        sink: &str,
        settled: &[Settled],
        now: Timestamp,
    ) -> Result<()> {
        writing!(self, scope, c => settle(c, scope, sink, settled, now).await)
    }

    async fn release_deliveries(&self, scope: &Scope, holder: &str) -> Result<u64> {
        writing!(self, scope, c => release(c, scope, holder).await)
    }

    async fn dead_letters(
        &self,
        scope: &Scope,
        filter: &DeadLetterFilter,
        page: &PageRequest,
    ) -> Result<Page<Delivery>> {
        reading!(self, c => dead_letters(c, scope, filter, page).await)
    }

    async fn retry_dead_letters(
        &self,
        scope: &Scope,
        filter: &DeadLetterFilter,
        who: &str,
        now: Timestamp,
    ) -> Result<u64> {
        writing!(self, scope, c => {
            let key = self.key_for_writing(c, &scope.organisation, now).await?;
            act(c, scope, &key, (Deed::Retry, filter), (who, now)).await
        })
    }

    async fn forget_dead_letters(
        &self,
        scope: &Scope,
        filter: &DeadLetterFilter,
        who: &str,
        now: Timestamp,
    ) -> Result<u64> {
        writing!(self, scope, c => {
            let key = self.key_for_writing(c, &scope.organisation, now).await?;
            act(c, scope, &key, (Deed::Forget, filter), (who, now)).await
        })
    }

    async fn sink_states(&self, scope: &Scope) -> Result<Vec<SinkState>> {
        reading!(self, c => states(c, scope).await)
    }
}

pub(super) async fn subscriptions(
    connection: &mut Connection,
    scope: &Scope,
) -> Inner<Vec<Subscription>> {
    let rows = query!(sql::SUBSCRIPTIONS, scope).fetch_all(connection).await?;
    let body = |row: &Row| read::parse("sink", "subscription".to_owned(), row.try_get(0)?);
    rows.iter().map(body).collect()
}

/// Makes `wanted` all there are. What waits for others becomes dead letters.
pub(super) async fn subscribe(
    connection: &mut Connection,
    scope: &Scope,
    wanted: &[Subscription],
    now: Timestamp,
) -> Inner<()> {
    for old in subscriptions(connection, scope).await? {
        if wanted.iter().any(|one| one.sink == old.sink) {
            continue;
        }
        let name = old.sink.as_str();
        query!(sql::UNSUBSCRIBE, scope, name).execute(&mut *connection).await?;
        let reason = "the sink is configured no more";
        let buried = query!(sql::BURY_SINK, scope, name, now.micros(), reason);
        let died = buried.execute(&mut *connection).await?;
        let dropped = trim(connection, scope, name, "dead", old.most_dead).await?;
        count(connection, scope, name, [0, 0, died, dropped]).await?;
    }
    for one in wanted {
        let body = json("subscription", one)?;
        query!(sql::SUBSCRIBE, scope, one.sink.as_str(), body).execute(&mut *connection).await?;
    }
    Ok(())
}

/// Writes a delivery of each event for each sink that wants it.
pub(super) async fn add(
    connection: &mut Connection,
    scope: &Scope,
    subscriptions: &[Subscription],
    events: &[Event],
    now: Timestamp,
) -> Inner<()> {
    for one in subscriptions {
        let wanted: Vec<_> = events.iter().filter(|e| one.wants(e.kind, e.severity)).collect();
        if wanted.is_empty() {
            continue;
        }
        let name = one.sink.as_str();
        let many = signed(wanted.len() as u64);
        let last = query!(sql::NUMBERS, scope, name, many).fetch_one(&mut *connection).await?;
        let mut sequence = last.try_get::<i64, _>(0)? - many;
        for event in wanted {
            sequence += 1;
            let (id, body) = (event.id.as_str(), json("event", event)?);
            query!(sql::ADD_DELIVERY, scope, name, sequence, id, now.micros(), body)
                .execute(&mut *connection)
                .await?;
        }
        let dropped = trim(connection, scope, name, "waiting", one.most_waiting).await?;
        count(connection, scope, name, [0, 0, 0, dropped]).await?;
    }
    Ok(())
}

/// Keeps the newest so many in a state; how many that were there no more.
async fn trim(
    connection: &mut Connection,
    scope: &Scope,
    sink: &str,
    state: &str,
    most: u64,
) -> Inner<u64> {
    let row = query!(sql::COUNT, scope, sink, state).fetch_one(&mut *connection).await?;
    let over = unsigned(row.try_get(0)?).saturating_sub(most);
    if over == 0 {
        return Ok(0);
    }
    let dropping = query!(sql::DROP_OLDEST, scope, sink, state, signed(over));
    Ok(dropping.execute(connection).await?)
}

/// Counts sent, failed, died and dropped.
async fn count(
    connection: &mut Connection,
    scope: &Scope,
    sink: &str,
    more: [u64; 4],
) -> Inner<()> {
    if more == [0; 4] {
        return Ok(());
    }
    let [sent, failed, died, dropped] = more.map(signed);
    let counting = query!(sql::COUNT_UP, scope, sink, sent, failed, died, dropped);
    counting.execute(connection).await?;
    Ok(())
}

pub(super) async fn is_due(
    connection: &mut Connection,
    scope: &Scope,
    take: &Take<'_>,
) -> Inner<bool> {
    let looking = query!(sql::IS_DUE, scope, take.sink, take.now.micros());
    Ok(looking.fetch_optional(connection).await?.is_some())
}

/// Those that are due, oldest first.
pub(super) async fn claim(
    connection: &mut Connection,
    scope: &Scope,
    take: &Take<'_>,
) -> Inner<Vec<Delivery>> {
    let (now, until) = (take.now.micros(), take.until.micros());
    let limit = i64::from(take.limit.clamp(1, MAX_TAKEN));
    let rows = query!(sql::TAKE, scope, take.sink, now, until, take.holder, limit)
        .fetch_all(connection)
        .await?;
    let mut taken: Vec<Delivery> = rows.iter().map(delivery_row).collect::<Inner<_>>()?;
    taken.sort_by_key(|one| (one.due, one.event.sequence));
    Ok(taken)
}

pub(super) async fn release(
    connection: &mut Connection,
    scope: &Scope,
    holder: &str,
) -> Inner<u64> {
    Ok(query!(sql::RELEASE, scope, holder).execute(connection).await?)
}

pub(super) async fn settle(
    connection: &mut Connection,
    scope: &Scope,
    sink: &str,
    settled: &[Settled],
    now: Timestamp,
) -> Inner<()> {
    let mut counts = [0; 4];
    for Settled { sequence, fate, error } in settled {
        let sequence = signed(*sequence);
        let (attempts, state, due) = match fate {
            Fate::Sent => {
                let done = query!(sql::SETTLE_SENT, scope, sink, sequence);
                counts[0] += done.execute(&mut *connection).await?;
                continue;
            }
            Fate::Again { due, counts } => (i64::from(*counts), "waiting", *due),
            Fate::Dead => (1, "dead", now),
        };
        let error = cut(error, MAX_DELIVERY_ERROR);
        let due = due.micros();
        let failed = query!(sql::SETTLE_FAILED, scope, sink, sequence, attempts, state, due, error)
            .execute(&mut *connection)
            .await?;
        counts[1] += failed;
        counts[2] += if state == "dead" { failed } else { 0 };
    }
    if counts[2] > 0 {
        let all = subscriptions(connection, scope).await?;
        if let Some(most) = all.iter().find(|one| one.sink == sink).map(|one| one.most_dead) {
            counts[3] = trim(connection, scope, sink, "dead", most).await?;
        }
    }
    count(connection, scope, sink, counts).await
}

/// The beginning of a text, cut between characters.
fn cut(text: &str, most: usize) -> &str {
    &text[..text.floor_char_boundary(most)]
}

pub(super) async fn dead_letters(
    connection: &mut Connection,
    scope: &Scope,
    filter: &DeadLetterFilter,
    page: &PageRequest,
) -> Inner<Page<Delivery>> {
    let mut select = Select::new(&DEAD_LETTERS, scope);
    select.also_fixed("state = 'dead'");
    select.also_text("sink", "= ?", filter.sink.as_deref());
    select.also_text("event_id", "= ?", filter.event.as_ref().map(|id| id.as_str()));
    read::fetch(connection, &select, LATEST, page, delivery_row).await
}

/// What is done with dead letters.
#[derive(Clone, Copy)]
pub(super) enum Deed {
    Retry,
    Forget,
}

/// Does it, and writes down who did.
pub(super) async fn act(
    connection: &mut Connection,
    scope: &Scope,
    key: &HashKey,
    (deed, filter): (Deed, &DeadLetterFilter),
    (who, now): (&str, Timestamp),
) -> Inner<u64> {
    let sink = filter.sink.as_deref().unwrap_or_default();
    let event = filter.event.as_ref().map_or("", |id| id.as_str());
    let (action, done) = match deed {
        Deed::Retry => {
            let done = query!(sql::REVIVE, scope, sink, event, now.micros());
            ("dead_letters.retry", done.execute(&mut *connection).await?)
        }
        Deed::Forget => {
            let done = query!(sql::FORGET, scope, sink, event);
            ("dead_letters.forget", done.execute(&mut *connection).await?)
        }
    };
    let many = done;
    if many > 0 {
        let entry = AuditEntry {
            time: now,
            who: who.to_owned(),
            action: action.to_owned(),
            subject: if sink.is_empty() { "all sinks" } else { sink }.to_owned(),
            details: serde_json::json!({ "event": event, "dead_letters": many }),
        };
        audit::append(connection, scope, key, entry).await?;
    }
    Ok(many)
}

pub(super) async fn states(connection: &mut Connection, scope: &Scope) -> Inner<Vec<SinkState>> {
    let rows = query!(sql::STATES, scope).fetch_all(connection).await?;
    let state = |row: &Row| {
        let number = |at: usize| row.try_get::<i64, _>(at).map(unsigned);
        Ok(SinkState {
            sink: row.try_get(0)?,
            active: number(1)? == 1,
            sent: number(2)?,
            failed: number(3)?,
            died: number(4)?,
            dropped: number(5)?,
            waiting: number(6)?,
            oldest_waiting: row.try_get::<Option<i64>, _>(7)?.map(Timestamp::from_micros),
            dead_letters: number(8)?,
        })
    };
    rows.iter().map(state).collect()
}

fn delivery_row(row: &Row) -> Inner<Delivery> {
    let mut event: Event = read::parse("event", row.try_get("id")?, row.try_get("body")?)?;
    event.sequence = unsigned(row.try_get("sequence")?);
    let time = |column: &str| row.try_get(column).map(Timestamp::from_micros);
    let attempts = unsigned(row.try_get("attempts")?);
    Ok(Delivery {
        sink: row.try_get("sink")?,
        attempts: u32::try_from(attempts).unwrap_or(u32::MAX),
        created: time("created_at")?,
        due: time("due_at")?,
        error: row.try_get("error")?,
        event,
    })
}
