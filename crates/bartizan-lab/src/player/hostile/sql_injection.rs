//! SQL, wherever text goes in: first by hand, then as a tool does it.

use serde_json::json;

use super::enter;
use crate::player::{Over, Seat, Seen};

const BY_HAND: &[&str] = &[
    "'",
    "' or '1'='1",
    "') or 1=1 -- ",
    "x') union select id, login, password_hash, email, role from users -- ",
    "x') union select 1, name, sql, 4, 5 from sqlite_master -- ",
];

const BY_TOOL: &[&str] = &[
    "1 AND 1=1",
    "1 AND 1=2",
    "1) AND (SELECT 1)=1 -- ",
    "1' AND '8'='8",
    "1' AND '8'='9",
    "1' ORDER BY 1-- ",
    "1' ORDER BY 9-- ",
    "-1' UNION ALL SELECT NULL,NULL,NULL-- ",
    "1' AND SLEEP(5)-- ",
    "1'; WAITFOR DELAY '0:0:5'-- ",
    "1' AND LIKE('A',UPPER(HEX(RANDOMBLOB(9))))-- ",
];

pub(super) const SEEN: &[Seen] = &[Seen {
    detector: "BZ-D006",
    why: "constant conditions, UNION SELECT, delays and comments behind a quote",
}];

pub(super) async fn act(seat: &mut Seat) -> Result<(), Over> {
    let tool = seat.number == 1;
    enter(seat, if tool { 210 } else { 100 }, "customer148").await?;
    if tool {
        seat.agent = "sqlmap/1.9 (https://sqlmap.org)".to_owned();
    }
    for text in if tool { BY_TOOL } else { BY_HAND } {
        let encoded: String = form_urlencoded::byte_serialize(text.as_bytes()).collect();
        seat.get(&format!("/api/v1/shipments/search?q={encoded}")).await?;
        seat.get(&format!("/api/v1/shipments?sort={encoded}")).await?;
        seat.rest(if tool { 200 } else { 15_000 }).await?;
        let body = json!({"login": format!("amir{text}"), "password": "x"});
        seat.post("/auth/login", &body).await?;
        let query = json!({"query": "query($t:String!){searchShipments(text:$t){reference}}",
            "variables": {"t": text}});
        seat.post("/graphql", &query).await?;
    }
    Ok(())
}
