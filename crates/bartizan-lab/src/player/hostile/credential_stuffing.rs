//! Pairs of login and password from a leak, each tried once, from many addresses.

use super::enter;
use crate::{
    player::{Over, Seat, Seen},
    seed::password,
};

pub(super) const SEEN: &[Seen] = &[Seen {
    detector: "BZ-D002",
    why: "one client program fails on far more than 20 accounts from more than 5 addresses within minutes",
}];

pub(super) async fn act(seat: &mut Seat) -> Result<(), Over> {
    enter(seat, 110, "").await?;
    seat.agent = "python-requests/2.34".to_owned();
    for round in 0..180u64 {
        seat.address = format!("198.51.100.{}", 1 + round % 60);
        // A few of the pairs are right.
        let login = match round % 45 {
            7 => format!("customer{}", 110 + round / 45),
            _ => format!("{}.{}", seat.random.pick(&["mia", "jon", "eva", "tom", "lea"]), round),
        };
        let word = if round % 45 == 7 { password(&login) } else { format!("{login}1990") };
        if seat.login_with(&login, &word).await? {
            seat.get("/api/v1/me").await?;
            seat.token.clear();
        }
        seat.rest(900).await?;
    }
    Ok(())
}
