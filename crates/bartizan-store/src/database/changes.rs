//! What became different: of endpoints as they are written again, of everything since some time, and of
//! traffic from one time to the next.

use std::collections::BTreeMap;

use bartizan_model::{Endpoint, EndpointId, Scope, Timestamp, data_class::Direction};

use super::{
    Connection, Inner, Row,
    audit::{signed, unsigned},
    glance::by_ids,
    query,
};
use crate::{
    glance::{
        Changes, DataClassSpread, EndpointChange, MAX_ENDPOINT_CHANGES, Resolution, TrafficBucket,
    },
    sql::glance as sql,
};

/// A query whose first two values are organisation and environment.
macro_rules! in_scope {
    ($sql:expr, $scope:expr) => {
        query($sql).bind($scope.organisation.as_str()).bind($scope.environment.as_str())
    };
}

/// What of an endpoint is compared.
struct Known {
    access: String,
    inventory_state: String,
    confirmed: bool,
    flows: String,
}

impl Known {
    fn of(endpoint: &Endpoint) -> Self {
        Self {
            access: endpoint.access.as_str().to_owned(),
            inventory_state: endpoint.inventory_state.as_str().to_owned(),
            confirmed: endpoint.confirmed,
            flows: flows(endpoint),
        }
    }

    fn row(row: &Row) -> Inner<(String, Self)> {
        let known = Self {
            access: row.try_get(1)?,
            inventory_state: row.try_get(2)?,
            confirmed: row.try_get::<i64, _>(3)? != 0,
            flows: row.try_get(4)?,
        };
        Ok((row.try_get(0)?, known))
    }

    /// What is different in `now`: what, what it was, what it became.
    fn differences(&self, now: &Self) -> Vec<(&'static str, Option<String>, Option<String>)> {
        let members = [
            ("access", self.access.clone(), now.access.clone()),
            ("inventory_state", self.inventory_state.clone(), now.inventory_state.clone()),
            ("confirmed", self.confirmed.to_string(), now.confirmed.to_string()),
        ];
        let differ = members.into_iter().filter(|(_, was, became)| was != became);
        let mut all: Vec<_> = differ.map(|(what, w, b)| (what, Some(w), Some(b))).collect();
        let has = |flows: &str, flow: &str| flows.split(' ').any(|one| one == flow);
        let without = |of: &str, other: &str| -> Vec<String> {
            let words = of.split(' ').filter(|flow| !flow.is_empty() && !has(other, flow));
            words.map(str::to_owned).collect()
        };
        let gone = without(&self.flows, &now.flows).into_iter();
        all.extend(gone.map(|flow| ("data_class", Some(flow), None)));
        let new = without(&now.flows, &self.flows).into_iter();
        all.extend(new.map(|flow| ("data_class", None, Some(flow))));
        all
    }
}

/// Each data class of an endpoint with each way it goes, sorted.
pub(super) fn flows(endpoint: &Endpoint) -> String {
    let way = |direction| match direction {
        Direction::Request => "request",
        Direction::Response => "response",
    };
    let classes = endpoint.data_classes.iter();
    let mut flows: Vec<_> = classes.map(|c| format!("{}:{}", c.class, way(c.direction))).collect();
    flows.sort_unstable();
    flows.dedup();
    flows.join(" ")
}

/// Writes down what is about to change of endpoints that are known.
pub(super) async fn note(
    connection: &mut Connection,
    scope: &Scope,
    endpoints: &[Endpoint],
    now: Timestamp,
) -> Inner<()> {
    let ids: Vec<&str> = endpoints.iter().map(|endpoint| endpoint.id.as_str()).collect();
    let rows = by_ids(connection, scope, sql::ENDPOINT_STATES, &ids).await?;
    let known = rows.iter().map(Known::row).collect::<Inner<BTreeMap<_, _>>>()?;
    for endpoint in endpoints {
        let Some(known) = known.get(endpoint.id.as_str()) else { continue };
        let differences = known.differences(&Known::of(endpoint));
        if !differences.is_empty() {
            add(connection, scope, &endpoint.id, differences, now).await?;
        }
    }
    Ok(())
}

async fn add(
    connection: &mut Connection,
    scope: &Scope,
    id: &EndpointId,
    differences: Vec<(&'static str, Option<String>, Option<String>)>,
    now: Timestamp,
) -> Inner<()> {
    let last = in_scope!(sql::LAST_ENDPOINT_CHANGE, scope).bind(id.as_str());
    let mut sequence: i64 = last.fetch_one(&mut *connection).await?.try_get(0)?;
    for (what, was, became) in differences {
        sequence += 1;
        in_scope!(sql::ADD_ENDPOINT_CHANGE, scope)
            .bind(id.as_str())
            .bind(sequence)
            .bind(now.micros())
            .bind(what)
            .bind(was.as_deref())
            .bind(became.as_deref())
            .execute(&mut *connection)
            .await?;
    }
    in_scope!(sql::FORGET_ENDPOINT_CHANGES, scope)
        .bind(id.as_str())
        .bind(sequence - signed(MAX_ENDPOINT_CHANGES))
        .execute(connection)
        .await?;
    Ok(())
}

pub(super) async fn of_endpoint(
    connection: &mut Connection,
    scope: &Scope,
    id: &EndpointId,
) -> Inner<Vec<EndpointChange>> {
    let rows = in_scope!(sql::ENDPOINT_CHANGES, scope).bind(id.as_str()).fetch_all(connection);
    let read = |row: &Row| {
        Ok(EndpointChange {
            sequence: unsigned(row.try_get(0)?),
            time: Timestamp::from_micros(row.try_get(1)?),
            what: row.try_get(2)?,
            was: row.try_get(3)?,
            became: row.try_get(4)?,
        })
    };
    rows.await?.iter().map(read).collect()
}

pub(super) async fn data_classes(
    connection: &mut Connection,
    scope: &Scope,
) -> Inner<Vec<DataClassSpread>> {
    let mut spread: BTreeMap<String, DataClassSpread> = BTreeMap::new();
    for row in in_scope!(sql::DATA_FLOWS, scope).fetch_all(connection).await? {
        let (flows, access): (String, String) = (row.try_get(0)?, row.try_get(1)?);
        let count = unsigned(row.try_get(2)?);
        let mut ways: BTreeMap<&str, [bool; 2]> = BTreeMap::new();
        for (class, way) in flows.split(' ').filter_map(|flow| flow.rsplit_once(':')) {
            let [request, response] = ways.entry(class).or_default();
            *request |= way == "request";
            *response |= way == "response";
        }
        for (class, [request, response]) in ways {
            let one = spread.entry(class.to_owned()).or_default();
            one.endpoints += count;
            *one.access.entry(access.clone()).or_default() += count;
            one.in_request += if request { count } else { 0 };
            one.in_response += if response { count } else { 0 };
        }
    }
    let named = spread.into_iter().map(|(class, one)| DataClassSpread { class, ..one });
    let mut all: Vec<_> = named.collect();
    all.sort_by_key(|one| std::cmp::Reverse(one.endpoints));
    Ok(all)
}

pub(super) async fn since(
    connection: &mut Connection,
    scope: &Scope,
    since: Timestamp,
) -> Inner<Changes> {
    let row = in_scope!(sql::CHANGES, scope).bind(since.micros()).fetch_one(connection).await?;
    Ok(Changes {
        new_endpoints: unsigned(row.try_get(0)?),
        changed_endpoints: unsigned(row.try_get(1)?),
        new_findings: unsigned(row.try_get(2)?),
        reopened_findings: unsigned(row.try_get(3)?),
        fixed_findings: unsigned(row.try_get(4)?),
        new_incidents: unsigned(row.try_get(5)?),
    })
}

/// Adds what became of exchanges in each resolution, and forgets what is too long ago.
pub(super) async fn add_traffic(
    connection: &mut Connection,
    scope: &Scope,
    traffic: &[TrafficBucket],
    now: Timestamp,
) -> Inner<()> {
    if traffic.is_empty() {
        return Ok(());
    }
    for resolution in Resolution::ALL {
        let mut sums: BTreeMap<Timestamp, TrafficBucket> = BTreeMap::new();
        for bucket in traffic {
            sums.entry(resolution.bucket(bucket.time)).or_default().add(bucket);
        }
        for (time, bucket) in sums {
            in_scope!(sql::ADD_TRAFFIC, scope)
                .bind(i64::from(resolution.seconds))
                .bind(time.micros())
                .bind(signed(bucket.clean))
                .bind(signed(bucket.monitored))
                .bind(signed(bucket.refused))
                .bind(signed(bucket.not_judged))
                .bind(signed(bucket.errors))
                .bind(signed(bucket.hostile))
                .execute(&mut *connection)
                .await?;
        }
        let bound = now.micros().saturating_sub(resolution.kept * 1_000_000);
        in_scope!(sql::FORGET_TRAFFIC, scope)
            .bind(i64::from(resolution.seconds))
            .bind(bound)
            .execute(&mut *connection)
            .await?;
    }
    Ok(())
}

pub(super) async fn traffic(
    connection: &mut Connection,
    scope: &Scope,
    resolution: Resolution,
    since: Timestamp,
) -> Inner<Vec<TrafficBucket>> {
    let rows = in_scope!(sql::TRAFFIC, scope)
        .bind(i64::from(resolution.seconds))
        .bind(since.micros())
        .fetch_all(connection)
        .await?;
    let read = |row: &Row| {
        let count = |at: usize| -> Inner<u64> { Ok(unsigned(row.try_get(at)?)) };
        Ok(TrafficBucket {
            time: Timestamp::from_micros(row.try_get(0)?),
            clean: count(1)?,
            monitored: count(2)?,
            refused: count(3)?,
            not_judged: count(4)?,
            errors: count(5)?,
            hostile: count(6)?,
        })
    };
    rows.iter().map(read).collect()
}
