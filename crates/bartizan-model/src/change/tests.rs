//! What is a change, and what is not.

use super::*;

/// A settled endpoint that asks for a token.
fn settled() -> Surface {
    Surface {
        endpoint: EndpointId::from_text("ep_a"),
        confirmed: true,
        requests: 30,
        successes: SETTLED,
        relearned: 0,
        version: "1".to_owned(),
        state: InventoryState::Documented,
        parameters: [("query.page".to_owned(), Some(true))].into(),
        ways: ["jwt header authorization".to_owned()].into(),
        anonymous: Some(false),
        classes: [("email:response".to_owned(), false)].into(),
    }
}

fn with(change: impl FnOnce(&mut Surface)) -> Surface {
    let mut now = Surface { requests: 31, ..settled() };
    change(&mut now);
    now
}

/// Kind, grade, subject, before and after of each.
fn told(found: &[Difference]) -> Vec<(&str, &str, &str, &str, &str)> {
    found
        .iter()
        .map(|one| {
            let (before, after) = (one.before.as_deref(), one.after.as_deref());
            let (kind, grade) = (one.kind.as_str(), one.grade.as_str());
            (kind, grade, one.subject.as_str(), before.unwrap_or(""), after.unwrap_or(""))
        })
        .collect()
}

#[test]
fn each_kind_of_change_is_told_once() {
    let none = ("", "", "", "", "");
    for (now, expected) in [
        (with(|_| {}), none),
        (
            with(|now| {
                now.parameters.insert("query.q".to_owned(), None);
            }),
            ("parameter_added", "info", "query.q", "", ""),
        ),
        (
            with(|now| {
                now.parameters.insert("query.page".to_owned(), Some(false));
            }),
            ("parameter_required_changed", "info", "query.page", "required", "optional"),
        ),
        (
            with(|now| {
                now.ways.insert("api_key header x-key".to_owned());
            }),
            ("auth_changed", "warning", "api_key header x-key", "", ""),
        ),
        (
            with(|now| now.anonymous = Some(true)),
            ("auth_changed", "alert", "anonymous", "not answered", "answered"),
        ),
        (
            with(|now| {
                now.classes.insert("payment_card:response".to_owned(), true);
            }),
            ("data_class_added", "alert", "payment_card", "", "response"),
        ),
        (
            with(|now| {
                now.classes.insert("payment_card:request".to_owned(), true);
            }),
            ("data_class_added", "warning", "payment_card", "", "request"),
        ),
        (
            with(|now| now.state = InventoryState::Shadow),
            ("inventory_state_changed", "warning", "", "documented", "shadow"),
        ),
    ] {
        let mut known = settled();
        let found = known.take_in(&now);
        let expected: Vec<_> = [expected].into_iter().filter(|one| *one != none).collect();
        assert_eq!(told(&found), expected);
        assert!(known.take_in(&now).is_empty(), "the same again is none");
        // Nor when it is gone and comes again, but for states, which are one or the other.
        let back = known.take_in(&with(|now| now.requests = 40));
        assert!(back.iter().all(|one| one.kind == ChangeKind::InventoryStateChanged));
        let again = known.take_in(&now);
        assert!(again.iter().all(|one| one.kind == ChangeKind::InventoryStateChanged));
    }
}

#[test]
fn what_is_not_settled_only_learns() {
    let everything = with(|now| {
        now.parameters.insert("query.q".to_owned(), None);
        now.ways.insert("basic header authorization".to_owned());
        now.anonymous = Some(true);
        now.classes.insert("iban:response".to_owned(), true);
    });
    let mut few = Surface { successes: SETTLED - 1, ..settled() };
    assert_eq!(few.take_in(&everything), []);
    assert!(few.parameters.contains_key("query.q") && few.successes == SETTLED);
    let mut provisional = Surface { confirmed: false, ..settled() };
    assert_eq!(provisional.take_in(&everything), []);
    assert_eq!(settled().take_in(&everything).len(), 4);
}

#[test]
fn what_another_version_sees_is_no_change_at_once() {
    let mut known = settled();
    let seen = |successes: u64, class: &str| {
        with(|now| {
            now.version = "2".to_owned();
            now.successes = successes;
            now.classes.insert(class.to_owned(), true);
        })
    };
    assert_eq!(known.take_in(&seen(100, "iban:response")), []);
    assert_eq!(known.take_in(&seen(119, "phone:response")), []);
    assert_eq!(known.take_in(&seen(120, "jwt:response")), [], "119 at the last look");
    assert_eq!(known.take_in(&seen(121, "iban:request")).len(), 1);
    // What was learned begins anew: it settles once more, and not after as many as before.
    assert_eq!(known.take_in(&seen(1, "phone:request")), []);
    assert_eq!(known.take_in(&seen(30, "jwt:request")), []);
    assert_eq!(known.take_in(&seen(31, "email:request")).len(), 1);
}

#[test]
fn what_cannot_be_told_yet_says_nothing() {
    let mut known = settled();
    let unknown = with(|now| {
        now.anonymous = None;
        now.parameters.insert("query.page".to_owned(), None);
        now.state = InventoryState::Unspecified;
    });
    assert_eq!(known.take_in(&unknown), []);
    // A specification that is read for the first time is no change of what it describes.
    assert_eq!(known.take_in(&with(|now| now.state = InventoryState::Shadow)), []);
    assert_eq!(known.anonymous, Some(false));
    let answered = with(|now| {
        now.anonymous = Some(true);
        now.state = InventoryState::Shadow;
    });
    assert_eq!(known.take_in(&answered).len(), 1, "it still holds");
    let mut open = Surface { ways: BTreeSet::new(), anonymous: Some(true), ..settled() };
    assert_eq!(open.take_in(&settled()), [], "a credential that nobody asks for");
}

#[test]
fn of_what_comes_together_the_uppermost_is_told() {
    let mut known = settled();
    let now = with(|now| {
        for location in ["body:/a", "body:/a-b", "body:/a/b", "body:/a/b/c", "body:/m/{key}"] {
            now.parameters.insert(location.to_owned(), None);
        }
    });
    let subjects: Vec<_> = known.take_in(&now).into_iter().map(|one| one.subject).collect();
    assert_eq!(subjects, ["body:/a", "body:/a-b", "body:/m/{key}"]);
    // What was known by its keys is not new when it is known by any key.
    let now = with(|now| {
        now.parameters.insert("body:/a/{key}".to_owned(), None);
    });
    assert_eq!(known.take_in(&now), []);
}

#[test]
fn hostile_names_are_bounded() {
    let mut known = settled();
    let long = format!("query.{}", "é".repeat(450));
    let endless = "x".repeat(MOST_LOCATION + 1);
    let now = with(|now| {
        now.parameters = [(long.clone(), None), (endless.clone(), None)].into();
    });
    let found = known.take_in(&now);
    assert!(found.len() == 1 && !known.parameters.contains_key(&endless));
    let change = found[0].clone().of(&Scope::default(), &Endpoint::default(), Timestamp::default());
    assert_eq!(change.subject.chars().count(), MOST_SUBJECT + 1);
    let many = with(|now| {
        now.parameters = (0..MOST_COMPARED + 50).map(|n| (format!("query.p{n}"), None)).collect();
    });
    known.take_in(&many);
    assert_eq!(known.parameters.len(), MOST_COMPARED);
    assert_eq!(known.take_in(&many), [], "what there is no room for is not told again and again");
}

#[test]
fn new_endpoints_are_graded_by_what_they_expose() {
    let grade = |surface: Surface| surface.added().grade;
    assert_eq!(grade(settled()), ChangeGrade::Info);
    assert_eq!(grade(with(|now| now.state = InventoryState::Shadow)), ChangeGrade::Warning);
    let open = with(|now| {
        now.anonymous = Some(true);
        now.classes.insert("iban:response".to_owned(), true);
    });
    assert_eq!(grade(open), ChangeGrade::Alert);
    assert_eq!(settled().added().after.as_deref(), Some("documented"));
}

#[test]
fn joined_endpoints_know_what_both_knew() {
    let mut one = settled();
    let other = with(|now| {
        now.parameters.insert("query.q".to_owned(), None);
    });
    one.join(&other);
    assert_eq!(one.requests, 61);
    assert_eq!(one.take_in(&other), []);
    assert_eq!(other.bare().take_in(&other), [], "of what a baseline notes");
}

#[test]
fn times_are_those_of_the_traffic() {
    let at = Timestamp::from_seconds;
    let endpoint =
        Endpoint { first_seen: Some(at(5)), last_seen: Some(at(9)), ..Endpoint::default() };
    let scope = Scope::default();
    let new = settled().added().of(&scope, &endpoint, at(100));
    assert_eq!((new.time, new.noticed), (at(5), at(100)));
    let later = settled().take_in(&with(|now| now.anonymous = Some(true))).remove(0);
    assert_eq!(later.clone().of(&scope, &endpoint, at(100)).time, at(9));
    assert_eq!(later.of(&scope, &Endpoint::default(), at(100)).time, at(100));
}
