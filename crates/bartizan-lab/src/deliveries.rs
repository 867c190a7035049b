//! Hooks that customers registered, sent: what happens to a shipment is told to whoever registered for
//! it, in the background, in the form of [Standard Webhooks](https://www.standardwebhooks.com):
//! `webhook-id` stays the same however often it is tried, `webhook-timestamp` is the second of the
//! attempt, and `webhook-signature` is `v1,` and the Base64 HMAC-SHA-256 of both and the body, with
//! dots between, under the secret that the registration answered with.

use std::{sync::Arc, time::Duration};

use base64::{Engine as _, prelude::BASE64_STANDARD as BASE64};
use bytes::Bytes;
use futures_util::stream::{self, StreamExt as _};
use serde_json::json;
use sha2::{Digest as _, Sha256};
use tokio::{
    sync::mpsc,
    time::{sleep, timeout},
};

use crate::{
    call::Problem,
    client::owned,
    db::{DbError, Row, int, text},
    flaws::objects::hook_foreign_events,
    lab::{Lab, now},
    outbound,
    rest::shipments,
    seed::digest,
    tokens::sign,
};

/// What a hook can be registered for.
pub(crate) const EVENTS: [&str; 5] = [
    "shipment.booked",
    "shipment.changed",
    "shipment.in_transit",
    "shipment.at_depot",
    "shipment.delivered",
];
/// Deliveries that wait for their turn; further ones have failed at once.
pub(crate) const QUEUE: usize = 256;
/// Deliveries that are under way at a time.
const AT_ONCE: usize = 8;
/// How often a delivery is tried.
const ATTEMPTS: u32 = 3;
/// How long a receiver may take to answer.
const PATIENCE: Duration = Duration::from_secs(2);
/// Pause before the second attempt; the one before the third is twice as long.
const PAUSE: Duration = Duration::from_millis(500);

/// A hook that is to be sent.
pub(crate) struct Delivery {
    id: String,
    url: String,
    key: Vec<u8>,
    body: Bytes,
    /// Of which tables it is ([`crate::db::Db::builds`]).
    build: u64,
}

/// The secret of a hook, as its owner gets it. It follows from seed, number and owner.
pub(crate) fn secret(lab: &Lab, hook: &Row) -> String {
    format!("whsec_{}", BASE64.encode(key(lab, hook)))
}

fn key(lab: &Lab, hook: &Row) -> Vec<u8> {
    let words = format!("hook {} {} {}", lab.seed, int(hook, "id"), int(hook, "owner"));
    Sha256::digest(words).to_vec()
}

/// Keeps and queues what an event of a shipment makes hooks send, and waits for none of it. Hooks
/// hear of what their owners may see: customers of their own shipments, staff of all of the tenant.
///
/// # Errors
/// When the database refuses.
pub(crate) async fn queue(
    lab: &Lab,
    build: u64,
    event: i64,
    kind: &str,
    shipment: &Row,
) -> Result<(), Problem> {
    let name = format!("shipment.{kind}");
    let sql = "select w.* from webhooks w join users u on u.id = w.owner where w.event = ? and (? or \
               w.tenant = ? and (w.owner = ? or u.role <> 'customer')) order by w.id limit 100";
    let everybody = lab.has(&hook_foreign_events::FLAW);
    let (tenant, owner) = (int(shipment, "tenant"), int(shipment, "owner"));
    let values = [json!(name), json!(everybody), json!(tenant), json!(owner)];
    let hooks = lab.db.all(sql, &values).await?;
    if hooks.is_empty() {
        return Ok(());
    }
    let body = json!({"type": name, "data": shipments::shown(lab, shipment)}).to_string();
    let sent = Bytes::from(body.clone());
    for hook in hooks {
        if lab.db.builds() != build {
            return Ok(());
        }
        let number = int(&hook, "id");
        let words = digest(&format!("delivery {} {event} {number}", lab.seed));
        let id = format!("msg_{}", &words[..24]);
        let room = lab.deliveries.try_reserve().ok();
        let state = if room.is_some() { "waiting" } else { "failed" };
        // Where the tables were built anew in between, the number is free, or somebody else's.
        let sql = "insert into hook_deliveries(id,hook,event,payload,state) select ?,id,?,?,? \
                   from webhooks where id = ? and owner = ? returning id";
        let owner = hook.get("owner").cloned().unwrap_or_default();
        let values = [json!(id), json!(name), json!(body), json!(state), json!(number), owner];
        let is_kept = lab.db.one(sql, &values).await?.is_some();
        if let Some(room) = room.filter(|_| is_kept) {
            let (url, key) = (text(&hook, "url").to_owned(), key(lab, &hook));
            room.send(Delivery { id, url, key, body: sent.clone(), build });
        }
    }
    Ok(())
}

/// Sends what is queued, a few at a time, for as long as it is polled.
pub(crate) async fn send_all(lab: Arc<Lab>, queue: mpsc::Receiver<Delivery>) {
    let queue = stream::unfold(queue, |mut queue| async {
        queue.recv().await.map(|delivery| (delivery, queue))
    });
    let each = |delivery| {
        let lab = Arc::clone(&lab);
        async move {
            // A lab whose database refuses is broken; there is nobody to tell.
            let _ = deliver(&lab, &delivery).await;
        }
    };
    queue.for_each_concurrent(AT_ONCE, each).await;
}

/// Tries until the receiver says that it has it (a status of 2xx), and keeps how it went.
async fn deliver(lab: &Lab, delivery: &Delivery) -> Result<(), DbError> {
    for attempt in 1..=ATTEMPTS {
        if attempt > 1 {
            sleep(PAUSE * (attempt - 1)).await;
        }
        if lab.db.builds() != delivery.build {
            return Ok(());
        }
        let (headers, body) = (headers(delivery, now()), delivery.body.clone());
        let answer = timeout(PATIENCE, outbound::post(lab, &delivery.url, &headers, body)).await;
        let status = answer.ok().and_then(Result::ok).map_or(0, |reply| reply.status);
        let state = match status {
            200..=299 => "delivered",
            _ if attempt < ATTEMPTS => "waiting",
            _ => "failed",
        };
        if lab.db.builds() != delivery.build {
            return Ok(());
        }
        let sql = "update hook_deliveries set state = ?, attempts = ?, answer = ? where id = ?";
        let values = [json!(state), json!(attempt), json!(status), json!(delivery.id)];
        lab.db.all(sql, &values).await?;
        if state == "delivered" {
            break;
        }
    }
    Ok(())
}

/// The fields of an attempt in a second since 1970.
fn headers(delivery: &Delivery, now: i64) -> Vec<(String, String)> {
    let words = format!("{}.{now}.{}", delivery.id, String::from_utf8_lossy(&delivery.body));
    let signature = format!("v1,{}", BASE64.encode(sign(&delivery.key, &words)));
    owned(&[
        ("content-type", "application/json"),
        ("user-agent", "quayside-hooks/1"),
        ("webhook-id", &delivery.id),
        ("webhook-timestamp", &now.to_string()),
        ("webhook-signature", &signature),
    ])
}

#[cfg(test)]
mod tests {
    use super::{BASE64, Bytes, Delivery, headers};
    use base64::Engine as _;

    #[test]
    fn a_delivery_is_signed_as_the_standard_says() {
        // The example of the reference libraries of Standard Webhooks.
        let delivery = Delivery {
            id: "msg_p5jXN8AQM9LWM0D4loKWxJek".to_owned(),
            url: String::new(),
            key: BASE64.decode("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw").expect("Base64"),
            body: Bytes::from_static(br#"{"test": 2432232314}"#),
            build: 0,
        };
        let signed = headers(&delivery, 1_614_265_330);
        let expected = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=";
        assert!(signed.contains(&("webhook-signature".to_owned(), expected.to_owned())));
    }
}
