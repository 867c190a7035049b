//! Passwords: which are right, what they cost, and what is read as one.

use argon2::password_hash::PasswordHasher as _;
use base64::{Engine as _, engine::general_purpose::STANDARD};

use super::*;

fn line(name: &str, password: &str) -> String {
    let hash = argon2::Argon2::default().hash_password(password.as_bytes()).expect("hashed");
    format!("{name}:{hash}:read")
}

fn policy(users: Vec<String>) -> Basic {
    let config = BasicConfig { users, realm: realm(), cache_seconds: 10, ..BasicConfig::default() };
    Basic::compile(&config, &HashKey::new([1; 32])).expect("compiles")
}

fn field(pair: &str) -> HeaderMap {
    let mut fields = HeaderMap::new();
    let value = format!("Basic {}", STANDARD.encode(pair));
    fields.insert(header::AUTHORIZATION, value.parse().expect("a value"));
    fields
}

async fn verify(policy: &Basic, pair: &str, seconds: i64) -> Result<String, &'static str> {
    verify_with(policy, pair, Patience::Queue, seconds).await
}

async fn verify_with(
    policy: &Basic,
    pair: &str,
    patience: Patience,
    seconds: i64,
) -> Result<String, &'static str> {
    let pair = Basic::presented(&field(pair)).expect("presented")?;
    let identity = policy.verify(pair, patience, Timestamp::from_seconds(seconds)).await?;
    Ok(format!("{} {}", identity.subject, identity.scopes.join(" ")))
}

/// What is remembered of a credential of a user.
fn known(policy: &Basic, (name, password): (&str, &str), seconds: i64) -> Option<bool> {
    let hash = &policy.users.get(name).expect("a user").hash;
    let digest = policy.hashed.digest(name, password, hash);
    policy.hashed.known(&digest, policy.good_seconds, Timestamp::from_seconds(seconds))
}

#[tokio::test]
async fn only_the_right_password_of_a_user_is_right() {
    let policy = policy(vec![line("ann", "correct:horse"), line("bob", "battery")]);
    for (pair, expected) in [
        ("ann:correct:horse", Ok("ann read")),
        ("bob:battery", Ok("bob read")),
        ("ann:battery", Err("basic-password-wrong")),
        ("ann:correct", Err("basic-password-wrong")),
        ("ann:", Err("basic-password-wrong")),
        ("Ann:correct:horse", Err("basic-user-unknown")),
        ("eve:battery", Err("basic-user-unknown")),
        (":battery", Err("basic-malformed")),
        ("ann", Err("basic-malformed")),
        ("ann:a\0b", Err("basic-malformed")),
    ] {
        let verified = verify(&policy, pair, 1).await;
        assert_eq!(verified.as_deref().map_err(|code| *code), expected, "{pair}");
    }
    let long = format!("ann:{}", "x".repeat(PASSWORD_BYTES + 1));
    assert_eq!(verify(&policy, &long, 1).await, Err("basic-malformed"));
}

#[tokio::test]
async fn what_came_of_a_credential_is_remembered_for_a_while() {
    let policy = policy(vec![line("ann", "battery")]);
    let known = |password: &str, seconds: i64| known(&policy, ("ann", password), seconds);
    assert_eq!(known("battery", 1), None);
    assert!(verify(&policy, "ann:battery", 1).await.is_ok());
    assert_eq!(known("battery", 10), Some(true));
    assert_eq!(known("battery", 11), None, "not for longer than it was told");
    assert_eq!(known("batter", 2), None);
    assert!(verify(&policy, "ann:wrong", 1).await.is_err());
    assert_eq!(known("wrong", 60), Some(false));
    assert_eq!(known("wrong", 61), None);
}

#[tokio::test]
async fn a_reload_keeps_what_is_known_of_the_same_hash() {
    let (ann, bob) = (line("ann", "battery"), line("bob", "staple"));
    let before = policy(vec![ann.clone(), bob]);
    assert!(verify(&before, "ann:battery", 1).await.is_ok());
    assert!(verify(&before, "bob:staple", 1).await.is_ok());
    let scoped = ann.replace(":read", ":read write");
    let after = policy(vec![scoped, line("bob", "other")]).following(&before);
    assert_eq!(known(&after, ("ann", "battery"), 2), Some(true));
    assert_eq!(verify(&after, "ann:battery", 2).await.as_deref(), Ok("ann read write"));
    assert_eq!(known(&after, ("bob", "staple"), 2), None, "his password is another one");
    assert_eq!(verify(&after, "bob:staple", 2).await, Err("basic-password-wrong"));
    assert!(Arc::ptr_eq(&before.hashed, &after.hashed), "no more hashes at one time");
    let config = BasicConfig { users: vec![ann], realm: realm(), ..BasicConfig::default() };
    let shorter = Basic::compile(&config, &HashKey::new([1; 32])).expect("compiles");
    let shorter = shorter.following(&after);
    assert_eq!(known(&shorter, ("ann", "battery"), 2), None, "nothing is to be remembered");
}

#[tokio::test]
async fn in_a_review_who_is_gone_is_nobody_at_once() {
    let before = policy(vec![line("ann", "battery"), line("bob", "staple")]);
    assert!(verify_with(&before, "ann:battery", Patience::Review, 1).await.is_ok());
    let after = policy(vec![line("bob", "staple")]).following(&before);
    assert_eq!(verify_with(&after, "ann:battery", Patience::Review, 1).await, Err(UNKNOWN));
}

#[tokio::test]
async fn the_same_credential_is_hashed_once_and_too_many_are_told_to_wait() {
    let policy = Arc::new(policy(vec![line("ann", "battery")]));
    let ask = |pair: String| {
        let policy = Arc::clone(&policy);
        tokio::spawn(async move { verify(&policy, &pair, 1).await })
    };
    // As many as may wait and more come at once: all are one.
    let same: Vec<_> = (0..200).map(|_| ask("ann:battery".to_owned())).collect();
    for one in same {
        assert_eq!(one.await.expect("ended").as_deref(), Ok("ann read"));
    }
    let guesses: Vec<_> = (0..200).map(|n| ask(format!("ann:{n}"))).collect();
    let mut busy = 0;
    for guess in guesses {
        busy += usize::from(guess.await.expect("ended") == Err("basic-busy"));
    }
    assert!(busy >= 200 - 64, "{busy}");
}

#[test]
fn only_the_scheme_is_looked_at() {
    let presented = |values: &[&str]| {
        let mut fields = HeaderMap::new();
        for value in values {
            fields.append(header::AUTHORIZATION, value.parse().expect("a value"));
        }
        Basic::presented(&fields).map(|pair| pair.map(|pair| pair.name))
    };
    let ann = "Basic YW5uOmE=";
    // Whose keys these are is not for this policy to say.
    let ours = format!("Basic {}", STANDARD.encode("ann:btz_1"));
    for (values, expected) in [
        (&[][..], None),
        (&["Bearer YW5uOmE="], None),
        (&["Basically YW5uOmE="], None),
        (&[ours.as_str()], Some(Ok("ann".to_owned()))),
        (&[ann], Some(Ok("ann".to_owned()))),
        (&["bASIC\tYW5uOmE"], Some(Ok("ann".to_owned()))),
        (&["Basic"], Some(Err("basic-malformed"))),
        (&["Basic ***"], Some(Err("basic-malformed"))),
        (&["Basic //8="], Some(Err("basic-malformed"))),
        (&[ann, ann], Some(Err("several-credentials"))),
        (&["Bearer x", ann], Some(Err("several-credentials"))),
    ] {
        assert_eq!(presented(values), expected, "{values:?}");
    }
}

#[test]
fn users_have_to_come_from_somewhere() {
    let compile = |config: &BasicConfig| Basic::compile(config, &HashKey::new([1; 32]));
    let good = BasicConfig { users: vec![line("ann", "a")], ..BasicConfig::default() };
    assert!(compile(&good).is_ok());
    for wrong in [
        BasicConfig { users: Vec::new(), ..good.clone() },
        BasicConfig { users: vec!["ann:plain".to_owned()], ..good.clone() },
        BasicConfig { file: Some("/nonexistent/users".into()), ..good.clone() },
        BasicConfig { cache_seconds: 3_601, ..good.clone() },
        BasicConfig { realm: "a\"b".to_owned(), ..good.clone() },
    ] {
        assert!(compile(&wrong).is_err(), "{wrong:?}");
    }
}
