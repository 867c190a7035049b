//! Users, sessions and tokens of the administration API.

use bartizan_model::{EnvironmentId, LoginDigest, LoginSecret, Role, Scope};
use bartizan_store::{
    AccessToken, LoginSession, MAX_SESSIONS, NewPassword, Store, StoreError, UserChange,
};

use super::all;
use crate::samples::{at, scope};

fn digest(fill: u8) -> LoginDigest {
    LoginSecret::from_random([fill; 32]).digest()
}

fn password(hash: &str) -> NewPassword {
    NewPassword { hash: hash.to_owned(), must_change: false }
}

fn session(user: &str, created: i64) -> LoginSession {
    LoginSession {
        user: user.to_owned(),
        created: at(created),
        used: at(created),
        expires: at(created + 100),
    }
}

fn token(id: &str, user: &str, role: Role) -> AccessToken {
    AccessToken {
        id: id.to_owned(),
        name: "pipeline \"é\"".to_owned(),
        user: user.to_owned(),
        role,
        created: at(10),
        expires: at(50),
        used: None,
    }
}

fn change(name: &str, now: i64) -> UserChange {
    UserChange {
        name: name.to_owned(),
        who: "ann".to_owned(),
        now: at(now),
        ..UserChange::default()
    }
}

async fn add(store: &dyn Store, name: &str, role: Role) {
    store.add_user(&scope(), name, role, &password("hash"), "ann", at(1)).await.expect("added");
}

async fn actions(store: &dyn Store) -> Vec<String> {
    let records = store.audit_records(&scope(), 0, &all()).await.expect("records").items;
    records.into_iter().map(|record| record.action).collect()
}

fn is_refused<T>(result: Result<T, StoreError>) -> bool {
    matches!(result, Err(StoreError::InvalidChange { .. }))
}

pub(super) async fn users_are_kept_changed_and_audited(store: &dyn Store) {
    let s = scope();
    add(store, "bob", Role::Viewer).await;
    add(store, "ann", Role::Admin).await;
    let taken = store.add_user(&s, "bob", Role::Admin, &password("other"), "ann", at(2)).await;
    assert!(is_refused(taken));
    for name in ["", "Bob", "b b", "../x"] {
        let added = store.add_user(&s, name, Role::Viewer, &password("h"), "ann", at(2)).await;
        assert!(is_refused(added), "{name}");
    }
    let users = store.users(&s).await.expect("users");
    assert_eq!(users.iter().map(|u| u.name.as_str()).collect::<Vec<_>>(), ["ann", "bob"]);
    let (bob, hash) = store.user(&s, "bob").await.expect("read").expect("there");
    assert_eq!(
        (hash.as_str(), bob.role, bob.disabled, bob.last_login),
        ("hash", Role::Viewer, false, None)
    );
    assert!(store.user(&s, "b'ob\0").await.expect("read").is_none());

    let must = NewPassword { hash: "second".to_owned(), must_change: true };
    let to = UserChange { role: Some(Role::Analyst), password: Some(must), ..change("bob", 5) };
    let bob = store.change_user(&s, &to).await.expect("changed");
    assert_eq!(
        (bob.role, bob.must_change_password, bob.password_changed),
        (Role::Analyst, true, at(5))
    );
    assert_eq!(store.user(&s, "bob").await.expect("read").expect("there").1, "second");
    let unknown = store.change_user(&s, &change("eve", 6)).await;
    assert!(matches!(unknown, Err(StoreError::NotFound { .. })));
    assert_eq!(actions(store).await, ["user.add", "user.add", "user.change"]);
    let elsewhere = Scope { environment: EnvironmentId::from_text("other"), ..s };
    assert!(store.users(&elsewhere).await.expect("users").is_empty());
}

pub(super) async fn somebody_can_always_administer(store: &dyn Store) {
    let s = scope();
    add(store, "ann", Role::Admin).await;
    add(store, "bob", Role::Operator).await;
    let demoted = UserChange { role: Some(Role::Operator), ..change("ann", 2) };
    let shut_out = UserChange { disabled: Some(true), ..change("ann", 2) };
    assert!(is_refused(store.change_user(&s, &demoted).await));
    assert!(is_refused(store.change_user(&s, &shut_out).await));
    let promoted = UserChange { role: Some(Role::Admin), ..change("bob", 3) };
    store.change_user(&s, &promoted).await.expect("changed");
    assert!(store.change_user(&s, &shut_out).await.expect("another is left").disabled);
    let last = UserChange { disabled: Some(true), ..change("bob", 4) };
    assert!(is_refused(store.change_user(&s, &last).await), "one who is shut out does not count");
}

pub(super) async fn sessions_begin_and_end(store: &dyn Store) {
    let s = scope();
    add(store, "ann", Role::Admin).await;
    let nobody = store.begin_session(&s, &digest(1), &session("eve", 10)).await;
    assert!(matches!(nobody, Err(StoreError::NotFound { .. })));
    store.begin_session(&s, &digest(1), &session("ann", 10)).await.expect("begun");
    let (found, known, user) =
        store.session(&digest(1), at(20)).await.expect("read").expect("there");
    assert_eq!((found, &known, user.last_login), (s.clone(), &session("ann", 10), Some(at(10))));
    assert!(store.session(&digest(2), at(20)).await.expect("read").is_none());
    assert!(store.session(&digest(1), at(110)).await.expect("read").is_none(), "it ended");

    store.touch_session(&digest(1), at(30)).await.expect("touched");
    store.touch_session(&digest(1), at(25)).await.expect("touched");
    let (_, known, _) = store.session(&digest(1), at(40)).await.expect("read").expect("there");
    assert_eq!(known.used, at(30));
    assert_eq!(store.forget_sessions(at(40), at(29)).await.expect("forgot"), 0);
    assert_eq!(store.forget_sessions(at(40), at(30)).await.expect("forgot"), 1);

    for fill in 0..=MAX_SESSIONS as u8 {
        let session = session("ann", 200 + i64::from(fill));
        store.begin_session(&s, &digest(fill), &session).await.expect("begun");
    }
    let there =
        |fill| async move { store.session(&digest(fill), at(201)).await.expect("read").is_some() };
    assert!(!there(0).await && there(1).await, "the oldest made room");
    store.end_session(&digest(1)).await.expect("ended");
    assert!(!there(1).await);
    // Another password ends all sessions but the one that chose it.
    let to = UserChange {
        password: Some(password("new")),
        keep_session: Some(digest(5)),
        ..change("ann", 250)
    };
    store.change_user(&s, &to).await.expect("changed");
    assert!(there(5).await && !there(6).await);
    store
        .change_user(&s, &UserChange { role: Some(Role::Admin), ..change("ann", 251) })
        .await
        .expect("changed");
    assert!(!there(5).await);
}

pub(super) async fn tokens_are_kept_and_removed(store: &dyn Store) {
    let s = scope();
    add(store, "ann", Role::Admin).await;
    add(store, "bob", Role::Analyst).await;
    let first = token("tok_1", "bob", Role::Viewer);
    store.add_token(&s, &digest(1), &first).await.expect("added");
    for (fill, wrong) in [
        (1, token("tok_2", "bob", Role::Viewer)),
        (2, token("tok_1", "bob", Role::Viewer)),
        (2, token("tok_2", "bob", Role::Operator)),
        (2, AccessToken { expires: at(10), ..token("tok_2", "bob", Role::Viewer) }),
        (2, AccessToken { name: " ".to_owned(), ..token("tok_2", "bob", Role::Viewer) }),
        (2, AccessToken { name: "a\u{1b}".to_owned(), ..token("tok_2", "bob", Role::Viewer) }),
    ] {
        assert!(is_refused(store.add_token(&s, &digest(fill), &wrong).await), "{wrong:?}");
    }
    store.touch_token(&digest(1), at(20)).await.expect("touched");
    let (found, known, user) = store.token(&digest(1), at(30)).await.expect("read").expect("there");
    assert_eq!((found, user.name.as_str()), (s.clone(), "bob"));
    assert_eq!(known, AccessToken { used: Some(at(20)), ..first });
    assert!(store.token(&digest(1), at(50)).await.expect("read").is_none(), "it ended");
    assert_eq!(store.tokens(&s).await.expect("tokens").len(), 1);

    store.remove_token(&s, "tok_1", "ann", at(40)).await.expect("removed");
    let again = store.remove_token(&s, "tok_1", "ann", at(40)).await;
    assert!(matches!(again, Err(StoreError::NotFound { .. })));
    // Being shut out ends tokens.
    store.add_token(&s, &digest(3), &token("tok_3", "bob", Role::Viewer)).await.expect("added");
    store
        .change_user(&s, &UserChange { disabled: Some(true), ..change("bob", 41) })
        .await
        .expect("changed");
    assert!(store.token(&digest(3), at(42)).await.expect("read").is_none());
    let written = ["user.add", "user.add", "token.add", "token.remove", "token.add", "user.change"];
    assert_eq!(actions(store).await, written);
}
