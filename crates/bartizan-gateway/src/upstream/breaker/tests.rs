use super::*;
use crate::config::Slow;

fn settings() -> Settings {
    Settings {
        failures_percent: 50,
        slow: None,
        window: Duration::from_secs(10),
        least: 10,
        pause: Duration::from_secs(5),
        trials: 3,
        counts_each_client: false,
    }
}

fn breaker(settings: Settings) -> Arc<Breaker> {
    Arc::new(Breaker::new(settings, Counter::default()))
}

const fn at(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

/// One answer to a client at that time; `false` when nothing may be asked.
fn answer(breaker: &Arc<Breaker>, now: Duration, status: u16, client: u64) -> bool {
    let Some(pass) = Breaker::enter_at(breaker, now) else { return false };
    pass.answered_at(now, StatusCode::from_u16(status).expect("a status"), client);
    true
}

#[test]
fn it_opens_by_share_is_tried_and_closes() {
    let breaker = breaker(settings());
    for client in 0..9 {
        assert!(answer(&breaker, at(1), 500, client), "too few to say anything");
    }
    assert!(breaker.admits_at(at(1)));
    assert!(answer(&breaker, at(2), 500, 9), "the tenth");
    assert!(!breaker.admits_at(at(6)) && !answer(&breaker, at(6), 200, 11));
    assert_eq!(breaker.opened.get(), 1);
    let trials: Vec<_> = (0..4).map(|_| Breaker::enter_at(&breaker, at(7))).collect();
    assert_eq!(trials.iter().flatten().count(), 3, "so many at a time");
    assert!(!breaker.admits_at(at(7)), "not yet known");
    for pass in trials.into_iter().flatten() {
        pass.answered_at(at(7), StatusCode::OK, 1);
    }
    let more: Vec<_> = (0..10).map(|_| Breaker::enter_at(&breaker, at(7))).collect();
    assert_eq!(more.iter().flatten().count(), 10, "closed");
}

/// One that ten clients have opened at second 1.
fn opened() -> Arc<Breaker> {
    let breaker = breaker(settings());
    for client in 0..10 {
        answer(&breaker, at(1), 500, client);
    }
    assert!(!breaker.admits_at(at(2)));
    breaker
}

#[test]
fn what_lasts_as_long_as_its_client_likes_holds_no_trial() {
    let breaker = opened();
    let held: Vec<_> = (0..20).filter_map(|_| Breaker::enter_at(&breaker, at(7))).collect();
    assert_eq!(held.len(), 3);
    let held: Vec<_> = held.into_iter().map(Pass::without_trial).collect();
    for client in 0..3 {
        assert!(answer(&breaker, at(7), 200, client), "there is room beside them");
    }
    drop(held);
    let more: Vec<_> = (0..10).map(|_| Breaker::enter_at(&breaker, at(7))).collect();
    assert_eq!(more.iter().flatten().count(), 10, "closed");
}

#[test]
fn trials_count_however_seldom_they_come() {
    for (status, is_closed) in [(200, true), (500, false)] {
        let breaker = opened();
        for client in 0..3 {
            assert!(answer(&breaker, at(100 * (client + 1)), status, client));
        }
        let count = (0..10).filter_map(|_| Breaker::enter_at(&breaker, at(301))).count();
        assert_eq!(count > 3, is_closed, "{status}");
    }
}

#[test]
fn after_good_trials_what_was_before_is_forgotten() {
    let breaker = breaker(settings());
    for client in 0..10 {
        answer(&breaker, at(1), 500, client);
    }
    for client in 0..3 {
        assert!(answer(&breaker, at(6), 200, client));
    }
    for client in 0..9 {
        assert!(answer(&breaker, at(6), 500, client), "nine are too few");
    }
    assert!(answer(&breaker, at(6), 500, 9) && !breaker.admits_at(at(6)));
}

#[test]
fn trials_that_fail_open_it_again_and_those_that_break_off_say_nothing() {
    let breaker = breaker(settings());
    for client in 0..10 {
        answer(&breaker, at(1), 503, client);
    }
    for _ in 0..20 {
        let place = Breaker::enter_at(&breaker, at(6));
        drop(place.expect("the place of the one before is free again"));
    }
    for client in 0..3 {
        assert!(answer(&breaker, at(6), 503, client));
    }
    assert!(!breaker.admits_at(at(10)) && breaker.admits_at(at(11)));
    assert_eq!(breaker.opened.get(), 2);
}

#[test]
fn one_client_opens_nothing_by_whatever_it_does() {
    let guarded = breaker(settings());
    for count in 0..1_000 {
        answer(&guarded, at(1), 500, 1);
        if count % 50 == 0 {
            answer(&guarded, at(1), 200, count);
        }
    }
    assert!(guarded.admits_at(at(1)), "all failures are of one client");
    for status in [200, 400, 401, 404, 429, 499, 501, 505] {
        for client in 0..100 {
            answer(&guarded, at(1), status, client);
        }
    }
    for _ in 0..1_000 {
        drop(Breaker::enter_at(&guarded, at(1)));
    }
    assert!(guarded.admits_at(at(1)), "neither what clients bring about nor aborts count");
    let all_alike = breaker(Settings { counts_each_client: true, ..settings() });
    for _ in 0..10 {
        answer(&all_alike, at(1), 500, 1);
    }
    assert!(!all_alike.admits_at(at(1)));
}

/// Each of these clients asks so often, and all it asks for fails. Others ask once each, in vain or not.
fn floods(guarded: &Arc<Breaker>, few: u64, times: u64, others: u64, status: u16) -> bool {
    for client in 0..others {
        answer(guarded, at(1), status, 1_000 + client);
    }
    for _ in 0..times {
        for client in 0..few {
            answer(guarded, at(1), 500, client);
        }
    }
    !guarded.admits_at(at(1))
}

#[test]
fn two_clients_open_nothing_and_more_only_together_with_most_others() {
    for (few, others, opens) in [(2, 0, false), (2, 1, false), (3, 0, true), (3, 4, false)] {
        assert_eq!(floods(&breaker(settings()), few, 1_000, others, 200), opens, "{few} {others}");
    }
    assert!(!floods(&breaker(settings()), 20, 1_000, 1_000, 200), "twenty among a thousand");
    assert!(floods(&breaker(settings()), 20, 10, 1_000, 500), "it fails for all of them");
}

#[test]
fn a_flood_of_one_client_does_not_make_a_few_failures_of_others_more() {
    let guarded = breaker(settings());
    for client in 1..=20 {
        for count in 0..10 {
            answer(&guarded, at(1), if count == 0 { 500 } else { 200 }, client);
        }
    }
    assert!(!floods(&guarded, 1, 10_000, 0, 200), "the others have one failure in ten each");
}

#[test]
fn many_clients_that_are_answered_well_do_not_hide_that_connecting_fails() {
    let guarded = breaker(settings());
    for client in 0..100 {
        answer(&guarded, at(1), 200, client);
    }
    for count in 1..=100 {
        assert!(guarded.admits_at(at(1)), "{count}");
        let pass = Breaker::enter_at(&guarded, at(1)).expect("closed");
        let answers = Answers { all: 1, failed: 1, slow: 0 };
        guarded.count(at(1), None, answers, false);
        drop(pass);
    }
    assert!(!guarded.admits_at(at(1)), "half of all");
}

#[test]
fn two_clients_do_not_keep_it_open() {
    for trials in [1, 2, 3] {
        let guarded = breaker(Settings { trials, ..settings() });
        for client in 0..10 {
            answer(&guarded, at(1), 500, client);
        }
        for count in 0..3 {
            assert!(answer(&guarded, at(6), 500, count % 2), "{trials} {count}");
        }
        let more: Vec<_> = (0..9).map(|_| Breaker::enter_at(&guarded, at(6))).collect();
        assert_eq!(more.iter().flatten().count(), 9, "closed: {trials}");
    }
}

#[test]
fn connections_that_cannot_be_opened_are_of_no_client() {
    let breaker = breaker(settings());
    for _ in 0..10 {
        Breaker::enter(&breaker).expect("closed").failed(None);
    }
    assert!(breaker.is_open() && breaker.opens_in() > Duration::from_secs(1));
}

#[test]
fn slow_answers_open_it_where_that_is_asked_for() {
    let slow = Some(Slow { after: Duration::from_secs(1), percent: 50 });
    for (slow, opens) in [(slow, true), (None, false)] {
        let breaker = breaker(Settings { slow, ..settings() });
        for client in 0..10 {
            let pass = Breaker::enter_at(&breaker, at(1)).expect("closed");
            pass.answered_at(Duration::from_millis(2_100), StatusCode::OK, client);
        }
        assert_eq!(breaker.admits_at(at(3)), !opens);
    }
}

#[test]
fn what_was_long_ago_does_not_count() {
    let breaker = breaker(settings());
    for count in 0..100 {
        assert!(answer(&breaker, at(2 * count), 500, count % 9));
    }
    assert!(breaker.admits_at(at(200)), "never ten within ten seconds");
}
