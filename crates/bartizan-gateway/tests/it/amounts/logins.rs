//! Guessing passwords, in every way that has been thought of.

use std::sync::Arc;

use sha2::{Digest as _, Sha256};
use tokio::task::JoinSet;

use super::{Limited, code, post};
use crate::harness::{Reply, Response, Upstream};

/// Knows one password.
async fn upstream() -> Upstream {
    Upstream::new(|seen| {
        let is_right = String::from_utf8_lossy(&seen.body).contains("correct horse");
        let status = if is_right { "200 OK" } else { "401 Unauthorized" };
        Reply::bytes(format!("HTTP/1.1 {status}\r\ncontent-length: 2\r\n\r\n{{}}"))
    })
    .await
}

async fn guarded(settings: &str) -> Limited {
    let policies = format!("[{{name: logins, mode: enforce, login: {settings}}}]");
    Limited::new(&policies, upstream().await).await
}

fn login(account: &str, password: &str, more: &str) -> String {
    post("/auth/login", more, &format!(r#"{{"login":"{account}","password":"{password}"}}"#))
}

/// Solves what an answer asks for.
pub(super) fn solution(response: &Response) -> String {
    let asked = response.field("challenge").unwrap();
    let bits: u32 =
        asked.split("bits=").nth(1).unwrap().split(';').next().unwrap().parse().unwrap();
    let token = asked.split('"').nth(1).unwrap();
    let is_solution = |text: &u64| {
        let digest = Sha256::digest(format!("{token}.{text}").as_bytes());
        let first = u32::from_be_bytes(digest[..4].try_into().unwrap());
        first.leading_zeros() >= bits
    };
    let text = (0..1 << 26).find(is_solution).unwrap();
    format!("challenge-response: {token}.{text}\r\n")
}

#[tokio::test]
async fn an_address_is_challenged_and_then_refused() {
    let limited = guarded("{challenge_bits: 8}").await;
    let guess = |n: u32| login(&format!("user{n}"), "guess", "");
    for n in 0..3 {
        assert_eq!(limited.ask_from(1, &guess(n)).await.status, 401);
    }
    let asked = limited.ask_from(1, &guess(3)).await;
    assert_eq!((asked.status, code(&asked).as_str()), (403, "challenge-required"));
    let solved = solution(&asked);
    assert_eq!(limited.ask_from(1, &login("user3", "guess", &solved)).await.status, 401);
    let again = limited.ask_from(1, &login("user3", "guess", &solved)).await;
    assert_eq!(again.status, 403, "a solution counts once");
    let solved = solution(&again);
    let elsewhere = limited.ask_from(2, &login("user9", "guess", &solved)).await;
    assert_eq!(elsewhere.status, 401, "another address has failed at nothing yet");
    assert_eq!(limited.ask_from(1, &login("user4", "guess", &solved)).await.status, 401);
    // Five failures: whatever is solved now.
    let refused = limited.ask_from(1, &guess(5)).await;
    assert_eq!((refused.status, code(&refused).as_str()), (429, "login-throttled"));
    let seconds: u32 = refused.field("retry-after").unwrap().parse().unwrap();
    assert!((500..=605).contains(&seconds), "{seconds}");
    assert_eq!(limited.upstream.seen().len(), 6);
}

/// Everything at once is no way past the count.
#[tokio::test]
async fn attempts_under_way_are_counted() {
    let limited = Arc::new(guarded("{challenge_after: 0}").await);
    let mut asking = JoinSet::new();
    for n in 0..60 {
        let limited = Arc::clone(&limited);
        asking.spawn(async move {
            limited.ask_from(1, &login(&format!("user{n}"), "guess", "")).await.status
        });
    }
    let statuses = asking.join_all().await;
    assert_eq!(statuses.iter().filter(|status| **status == 401).count(), 5);
    assert_eq!(limited.upstream.seen().len(), 5);
}

#[tokio::test]
async fn an_account_is_locked_for_strangers_only_and_can_be_unlocked() {
    let limited = guarded("{challenge_after: 0}").await;
    let right = login("Ada@Example.com", "correct horse", "");
    assert_eq!(limited.ask_from(200, &right).await.status, 200);
    // Ten guesses from as many addresses, in every spelling.
    let spellings = ["ada@example.com", "ADA@example.com", " Ada@Example.com "];
    for n in 0..10_u8 {
        let spelling = spellings[usize::from(n) % spellings.len()];
        assert_eq!(limited.ask_from(10 + n, &login(spelling, "guess", "")).await.status, 401);
    }
    let locked = limited.ask_from(50, &login("ada@example.com", "guess", "")).await;
    assert_eq!((locked.status, code(&locked).as_str()), (429, "login-throttled"));
    assert_eq!(limited.ask_from(51, &right).await.status, 429, "also for who knows the password");
    assert_eq!(limited.ask_from(200, &right).await.status, 200, "but not where she always is");
    assert_eq!(limited.ask_from(52, &login("ada@example.com", "guess", "")).await.status, 429);
    // An account that there is none of is locked just so.
    for n in 0..10 {
        limited.ask_from(60 + n, &login("nobody", "guess", "")).await;
    }
    let nobody = limited.ask_from(80, &login("nobody", "guess", "")).await;
    assert_eq!((nobody.status, code(&nobody).as_str()), (429, "login-throttled"));

    let (policies, _) = limited.enforcement.locks_of(" NOBODY ");
    assert_eq!(policies, ["logins"]);
    limited.enforcement.unlock(" NOBODY ");
    assert_eq!(limited.ask_from(81, &login("nobody", "guess", "")).await.status, 401);
}

/// Whoever guesses may have an account too.
#[tokio::test]
async fn a_success_clears_nothing() {
    let limited = guarded("{challenge_after: 0}").await;
    for _ in 0..4 {
        assert_eq!(limited.ask_from(1, &login("eve", "guess", "")).await.status, 401);
        assert_eq!(limited.ask_from(1, &login("mallory", "correct horse", "")).await.status, 200);
    }
    assert_eq!(limited.ask_from(1, &login("eve", "guess", "")).await.status, 401);
    assert_eq!(limited.ask_from(1, &login("mallory", "correct horse", "")).await.status, 429);
}

#[tokio::test]
async fn fields_of_the_client_change_nothing_and_forms_are_read() {
    let limited = guarded("{challenge_after: 0, account_failures: 3}").await;
    for n in 0..3_u8 {
        let more = format!("x-forwarded-for: 198.51.100.{n}\r\n");
        assert_eq!(limited.ask_from(n + 1, &login("ada", "guess", &more)).await.status, 401);
    }
    let body = "username=ADA&password=guess";
    let form = format!(
        "POST /auth/l%6fgin/ HTTP/1.1\r\nhost: a\r\ncontent-type: application/x-www-form-urlencoded\r\n\
         content-length: {}\r\n\r\n{body}",
        body.len()
    );
    assert_eq!(limited.ask_from(9, &form).await.status, 429);
    // What is no login is not touched.
    let order = post("/v1/orders", "", r#"{"login":"ada","password":"x"}"#);
    assert_eq!(limited.ask_from(9, &order).await.status, 401);
}

#[tokio::test]
async fn resets_are_counted_by_account() {
    let limited = guarded("{}").await;
    let reset = |n: u8| {
        let request = post("/auth/password/reset", "", r#"{"email":"ada@example.com"}"#);
        let limited = &limited;
        async move { limited.ask_from(n, &request).await }
    };
    for n in 1..=5 {
        assert_eq!(reset(n).await.status, 401);
    }
    let refused = reset(6).await;
    assert_eq!((refused.status, code(&refused).as_str()), (429, "reset-limited"));
}

#[tokio::test]
async fn leaked_passwords_have_to_be_worked_for() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("leaked.txt");
    // The SHA-1 of `password`.
    std::fs::write(&path, "5BAA61E4C9B93F3F0682250B6CF8331B7EE68FD8:9545824\n").unwrap();
    let limited = guarded(&format!("{{breached: {path:?}, challenge_bits: 8}}")).await;
    assert_eq!(limited.ask_from(1, &login("ada", "guess", "")).await.status, 401);
    let asked = limited.ask_from(1, &login("ada", "password", "")).await;
    assert_eq!(asked.status, 403);
    let solved = login("ada", "password", &solution(&asked));
    assert_eq!(limited.ask_from(1, &solved).await.status, 401);
}

#[tokio::test]
async fn monitored_it_only_counts() {
    let policies = "[{name: logins, login: {}}]";
    let limited = Limited::new(policies, upstream().await).await;
    for _ in 0..30 {
        assert_eq!(limited.ask_from(1, &login("ada", "guess", "")).await.status, 401);
    }
    let tally = limited.enforcement.tally("logins");
    assert_eq!((tally.refused, tally.passed, tally.would_refuse), (0, 3, 27));
}

/// A batch, a list, a name that is there twice and an alias are attempts at every account that they name.
#[tokio::test]
async fn no_account_hides_behind_another_one() {
    let batch = r#"[{"login":"eve","password":"1"},{"login":"ada","password":"2"}]"#;
    let list = r#"{"login":["eve","ada"],"password":"1"}"#;
    let twice = r#"{"login":"eve","password":"1","login":"\u00c0DA"}"#;
    let alias = r#"{"query":"mutation {a: login(login:\"eve\",password:\"1\"){t} b: login(login:\"ada\",password:\"2\"){t}}"}"#;
    for body in [batch, list, twice, alias] {
        let limited =
            guarded("{challenge_after: 0, account_failures: 3, address_failures: 9}").await;
        for n in 1..=3 {
            let answer = limited.ask_from(n, &post("/auth/login", "", body)).await;
            assert_eq!(answer.status, 401, "{body}");
        }
        assert_eq!(limited.ask_from(9, &login("ada", "guess", "")).await.status, 429, "{body}");
    }
    // As many tries at one account as it has passwords, and as many of the address.
    let limited = guarded("{challenge_after: 0}").await;
    let guesses = r#"{"login":"ada","password":["1","2","3","4"]}"#;
    assert_eq!(limited.ask_from(1, &post("/auth/login", "", guesses)).await.status, 401);
    assert_eq!(limited.ask_from(1, &post("/auth/login", "", guesses)).await.status, 429);
}

#[tokio::test]
async fn what_cannot_be_read_to_its_end_reaches_nobody() {
    let limited = guarded("{}").await;
    let padding = "x".repeat(200_000);
    for body in [
        format!(r#"{{"pad":"{padding}","login":"ada","password":"guess"}}"#),
        r#"{"login":"ada","password":"guess""#.to_owned(),
    ] {
        let refused = limited.ask_from(1, &post("/auth/login", "", &body)).await;
        assert_eq!((refused.status, code(&refused).as_str()), (400, "login-not-readable"));
    }
    assert!(limited.upstream.seen().is_empty());
}

/// A success at something else than guessing is no way past the lock of somebody else's account.
#[tokio::test]
async fn nobody_becomes_familiar_by_another_success() {
    let limited = guarded("{challenge_after: 0, account_failures: 3}").await;
    // The upstream lets in by something else than the password, and takes another account of two.
    let renewed = r#"{"login":"ada","password":"x","refresh_token":"correct horse"}"#;
    assert_eq!(limited.ask_from(7, &post("/auth/token", "", renewed)).await.status, 200);
    let own = r#"{"login":"ada","username":"eve","password":"correct horse"}"#;
    assert_eq!(limited.ask_from(7, &post("/auth/login", "", own)).await.status, 200);
    for n in 1..=3 {
        assert_eq!(limited.ask_from(n, &login("ada", "guess", "")).await.status, 401);
    }
    for guess in ["guess", "another"] {
        let refused = limited.ask_from(7, &login("ada", guess, "")).await;
        assert_eq!(code(&refused), "login-throttled");
    }
}

#[tokio::test]
async fn a_path_in_a_field_is_looked_at_beside_that_of_the_target() {
    let limited = guarded("{challenge_after: 0, account_failures: 3}").await;
    let guess =
        post("/forgot", "x-original-url: /auth/login\r\n", r#"{"login":"ada","password":"guess"}"#);
    for n in 1..=3 {
        assert_eq!(limited.ask_from(n, &guess).await.status, 401);
    }
    assert_eq!(code(&limited.ask_from(9, &guess).await), "login-throttled");
}
