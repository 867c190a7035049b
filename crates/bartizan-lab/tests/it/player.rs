//! What the player sends is the same for a seed, and is what its truth log says.

use crate::lab;
use bartizan_lab::{
    Options,
    player::{Label, Plan, Record, Tally, play},
};

async fn run(plan: Plan, options: &Options) -> (Tally, Vec<Record>) {
    let (client, _stop) = lab(options).await;
    let mut records = Vec::new();
    let mut sink = |record: &Record| {
        records.push(record.clone());
        Ok(())
    };
    let tally = play(&plan, &client, &mut sink).await.unwrap();
    (tally, records)
}

const DAY: Plan = Plan { seed: 5, minutes: 420, speed: 0.0, benign: true, hostile: true };

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_same_seed_sends_the_same_requests_in_the_same_order() {
    let seen = |records: &[Record]| -> Vec<(u64, String, String, u16)> {
        let line =
            |r: &Record| (r.at, r.id.clone(), format!("{} {}", r.method, r.path), r.reply.status);
        records.iter().map(line).collect()
    };
    let (first, one) = run(DAY, &Options::vulnerable(5)).await;
    let (second, two) = run(DAY, &Options::vulnerable(5)).await;
    assert_eq!(first, second);
    assert_eq!(seen(&one), seen(&two));
    assert!(one.is_sorted_by_key(|r| r.at));
    let (_, other) = run(Plan { seed: 6, ..DAY }, &Options::vulnerable(5)).await;
    assert_ne!(seen(&one), seen(&other));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_part_plays_and_ordinary_users_look_ordinary() {
    let (tally, records) = run(DAY, &Options::vulnerable(5)).await;
    eprintln!("{tally:?}");
    let silent = bartizan_lab::player::benign().iter().chain(bartizan_lab::player::hostile());
    let silent: Vec<_> = silent.filter(|part| !tally.parts.contains_key(part.id)).collect();
    assert!(silent.is_empty(), "{silent:?} sent nothing");
    assert_eq!(tally.unanswered, 0);
    let hostile_by_user = records.iter().find(|r| r.owasp.is_empty() && r.label != Label::Benign);
    assert!(hostile_by_user.is_none());
    let ordinary = || records.iter().filter(|r| r.label == Label::Benign);
    let count = |status: u16| ordinary().filter(|r| r.reply.status == status).count();
    // Ordinary users fail too: wrong passwords, stale links, wrong bodies; and nothing breaks.
    assert!(count(401) > 0 && count(404) > 0 && count(400) > 0);
    assert_eq!(count(500), 0);
    let failed = ordinary().filter(|r| r.reply.status >= 400).count();
    assert!(failed * 3 < ordinary().count(), "{failed} of {} failed", ordinary().count());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn attacks_succeed_in_the_vulnerable_lab_and_fail_in_the_twin() {
    let attack = Plan { benign: false, ..DAY };
    let reads = |records: &[Record]| {
        let stolen = |r: &&Record| {
            r.label == Label::Hostile && r.reply.text().contains("password_hash")
                || r.part == "bola-sequential" && r.label == Label::Hostile && r.reply.status == 200
        };
        records.iter().filter(stolen).count()
    };
    let (_, records) = run(attack, &Options::vulnerable(5)).await;
    assert!(reads(&records) > 60, "{}", reads(&records));
    let (_, records) = run(attack, &Options::secure(5)).await;
    // What is left are the attackers' own shipments, which they meet on the way.
    assert!(reads(&records) < 10, "{}", reads(&records));
}
