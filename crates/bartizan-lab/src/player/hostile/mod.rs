//! Attackers, one script for each way. What they do in preparation is *ambiguous*: ordinary users
//! do it too.

mod bola_events;
mod bola_graphql;
mod bola_grpc;
mod bola_live;
mod bola_sequential;
mod credential_stuffing;
mod exhaustion;
mod forbidden_calls;
mod forbidden_functions;
mod forged_hooks;
mod forged_tokens;
mod hijacked_socket;
mod markup;
mod mass_assignment;
mod old_versions;
mod password_spraying;
mod reflection;
mod release_pins;
pub(super) mod scanner;
mod server_requests;
mod slot_bot;
mod socket_flood;
mod sql_injection;
mod stolen_token;
mod voucher_guessing;

use super::{Label, Over, Part, Seat, Seen};

pub(super) const PARTS: &[Part] = &[
    part("bola-events", 1, "API1:2023", &[], |seat| Box::pin(bola_events::act(seat))),
    part("bola-graphql", 1, "API1:2023", &[], |seat| Box::pin(bola_graphql::act(seat))),
    part("bola-grpc", 1, "API1:2023", &[], |seat| Box::pin(bola_grpc::act(seat))),
    part("bola-live", 1, "API1:2023", &[], |seat| Box::pin(bola_live::act(seat))),
    part("bola-sequential", 2, "API1:2023", bola_sequential::SEEN, |seat| {
        Box::pin(bola_sequential::act(seat))
    }),
    part("credential-stuffing", 1, "API2:2023", credential_stuffing::SEEN, |seat| {
        Box::pin(credential_stuffing::act(seat))
    }),
    part("password-spraying", 1, "API2:2023", password_spraying::SEEN, |seat| {
        Box::pin(password_spraying::act(seat))
    }),
    part("forged-tokens", 1, "API2:2023", &[], |seat| Box::pin(forged_tokens::act(seat))),
    part("stolen-token", 1, "API2:2023", stolen_token::SEEN, |seat| {
        Box::pin(stolen_token::act(seat))
    }),
    part("hijacked-socket", 1, "API2:2023", &[], |seat| Box::pin(hijacked_socket::act(seat))),
    part("mass-assignment", 1, "API3:2023", &[], |seat| Box::pin(mass_assignment::act(seat))),
    part("release-pins", 1, "API3:2023", &[], |seat| Box::pin(release_pins::act(seat))),
    part("exhaustion", 1, "API4:2023", &[], |seat| Box::pin(exhaustion::act(seat))),
    part("socket-flood", 1, "API4:2023", &[], |seat| Box::pin(socket_flood::act(seat))),
    part("forbidden-calls", 1, "API5:2023", &[], |seat| Box::pin(forbidden_calls::act(seat))),
    part("forbidden-functions", 1, "API5:2023", &[], |seat| {
        Box::pin(forbidden_functions::act(seat))
    }),
    part("slot-bot", 1, "API6:2023", &[], |seat| Box::pin(slot_bot::act(seat))),
    part("voucher-guessing", 1, "API6:2023", voucher_guessing::SEEN, |seat| {
        Box::pin(voucher_guessing::act(seat))
    }),
    part("server-requests", 1, "API7:2023", server_requests::SEEN, |seat| {
        Box::pin(server_requests::act(seat))
    }),
    part("reflection", 1, "API8:2023", &[], |seat| Box::pin(reflection::act(seat))),
    part("scanner", 1, "API8:2023", scanner::SEEN, |seat| Box::pin(scanner::act(seat))),
    part("old-versions", 1, "API9:2023", old_versions::SEEN, |seat| {
        Box::pin(old_versions::act(seat))
    }),
    part("forged-hooks", 1, "API10:2023", &[], |seat| Box::pin(forged_hooks::act(seat))),
    part("sql-injection", 2, "API8:2019", sql_injection::SEEN, |seat| {
        Box::pin(sql_injection::act(seat))
    }),
    part("markup", 1, "API8:2019", markup::SEEN, |seat| Box::pin(markup::act(seat))),
];

pub(super) const fn part(
    id: &'static str,
    count: u32,
    owasp: &'static str,
    seen_by: &'static [Seen],
    act: super::Acting,
) -> Part {
    Part { id, count, owasp, seen_by, act }
}

/// Waits for the time of the attack, which is no earlier than the given minute, and logs in as a
/// customer of the attacker's own. From then on what is sent is hostile.
async fn enter(seat: &mut Seat, earliest: u64, login: &str) -> Result<(), Over> {
    let pause = earliest + seat.random.below(earliest / 2 + 1);
    seat.minutes(pause).await?;
    seat.address = format!("198.51.100.{}", 120 + seat.random.below(100));
    if !login.is_empty() {
        seat.login(login).await?;
        seat.get("/api/v1/me").await?;
        seat.get("/api/v1/shipments").await?;
    }
    seat.label = Label::Hostile;
    Ok(())
}
