//! Quotas.

use std::sync::Arc;

use bartizan_model::{EnvironmentId, KeyedHash, QuotaPeriod, Reserved, Scope, Unused};
use bartizan_store::Store;

use crate::samples::{at, scope};

const KEY: KeyedHash = KeyedHash([7; 10]);

fn day(number: i64) -> QuotaPeriod {
    QuotaPeriod::day(at(number * 86_400))
}

pub(super) async fn quotas_are_reserved_and_given_back(store: &dyn Store) {
    let s = scope();
    let reserve = |key, period, limit, amount| {
        let s = s.clone();
        async move { store.reserve_quota(&s, key, period, limit, amount).await.expect("reserved") }
    };
    let is = |granted, left| Reserved { granted, left };
    assert_eq!(reserve(KEY, day(1), 10, 4).await, is(4, 6));
    assert_eq!(reserve(KEY, day(1), 10, 4).await, is(4, 2));
    assert_eq!(reserve(KEY, day(1), 10, 4).await, is(2, 0), "what is left");
    assert_eq!(reserve(KEY, day(1), 10, 4).await, is(0, 0));
    // Others, other scopes and other days have their own.
    assert_eq!(reserve(KeyedHash([8; 10]), day(1), 10, 1).await, is(1, 9));
    let elsewhere = Scope { environment: EnvironmentId::from_text("staging"), ..s.clone() };
    let there = store.reserve_quota(&elsewhere, KEY, day(1), 10, 1).await.expect("reserved");
    assert_eq!(there, is(1, 9));
    let month = QuotaPeriod::month(day(1).begins);
    assert_eq!(reserve(KEY, month, 10, 1).await, is(1, 9), "a month is no day");

    // A higher limit leaves more, a lower one nothing.
    assert_eq!(reserve(KEY, day(1), 12, 4).await, is(2, 0));
    assert_eq!(reserve(KEY, day(1), 5, 4).await, is(0, 0));
    let unused = |amount, period| [Unused { key: KEY, period, amount }];
    store.give_back_quotas(&s, &unused(5, day(1))).await.expect("given back");
    assert_eq!(reserve(KEY, day(1), 12, 9).await, is(5, 0));
    store.give_back_quotas(&s, &unused(1_000, day(1))).await.expect("given back");
    assert_eq!(reserve(KEY, day(1), 12, 20).await, is(12, 0), "never more than the whole");
    store.give_back_quotas(&s, &unused(5, day(3))).await.expect("nothing to give back");

    // The next day forgets the day before, and not the month.
    assert_eq!(reserve(KEY, day(2), 10, 1).await, is(1, 9));
    assert_eq!(reserve(KEY, month, 10, 9).await, is(9, 0));
    assert_eq!(reserve(KEY, day(1), 10, 1).await, is(1, 9), "forgotten");
}

pub(super) async fn quotas_hold_when_many_reserve_at_once(store: &dyn Store) {
    let s = Arc::new(scope());
    let reserving = (0..40).map(|_| {
        let s = Arc::clone(&s);
        async move { store.reserve_quota(&s, KEY, day(1), 100, 7).await.expect("reserved").granted }
    });
    let granted = futures_of(reserving.collect()).await;
    assert_eq!(granted, 100);
}

/// Polls all of them in turn until all are done, and adds up what they give.
async fn futures_of<F: Future<Output = u64>>(futures: Vec<F>) -> u64 {
    let mut under_way: Vec<_> = futures.into_iter().map(Box::pin).collect();
    let mut sum = 0;
    std::future::poll_fn(move |task| {
        under_way.retain_mut(|one| match one.as_mut().poll(task) {
            std::task::Poll::Ready(granted) => {
                sum += granted;
                false
            }
            std::task::Poll::Pending => true,
        });
        match under_way.is_empty() {
            true => std::task::Poll::Ready(sum),
            false => std::task::Poll::Pending,
        }
    })
    .await
}
