//! Every flaw is there where it is planted and nowhere else; every trap is one.

use std::collections::BTreeSet;

use bartizan_lab::{Options, flaws::FLAWS, proof::Runner, traps::TRAPS};

use crate::lab;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_proof_holds_in_the_vulnerable_lab() {
    let (client, _stop) = lab(&Options::vulnerable(1)).await;
    let mut runner = Runner::new(client);
    let mut wrong = Vec::new();
    for flaw in FLAWS {
        runner.reset().await.unwrap();
        if let Err(failure) = runner.run(flaw.proof).await {
            wrong.push(format!("{}: {failure}", flaw.id));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_proof_fails_at_its_last_step_in_the_repaired_twin() {
    let (client, _stop) = lab(&Options::secure(1)).await;
    let mut runner = Runner::new(client);
    let mut wrong = Vec::new();
    for flaw in FLAWS {
        runner.reset().await.unwrap();
        match runner.run(flaw.proof).await {
            Err(failure) if failure.step() == Some(flaw.proof.len() - 1) => {}
            Err(failure) => wrong.push(format!("{}: {failure}", flaw.id)),
            Ok(()) => wrong.push(format!("{}: is not repaired", flaw.id)),
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_flaw_is_a_switch_of_its_own() {
    let mut wrong = Vec::new();
    for flaw in FLAWS {
        let only = Options { flaws: BTreeSet::from([flaw.id]), ..Options::secure(1) };
        let (client, _stop) = lab(&only).await;
        let mut runner = Runner::new(client);
        if let Err(failure) = runner.run(flaw.proof).await {
            wrong.push(format!("{} alone: {failure}", flaw.id));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_trap_is_harmless_in_the_repaired_twin() {
    let (client, _stop) = lab(&Options::secure(1)).await;
    let mut runner = Runner::new(client);
    let mut wrong = Vec::new();
    for trap in TRAPS {
        runner.reset().await.unwrap();
        if let Err(failure) = runner.run(trap.truth).await {
            wrong.push(format!("{}: {failure}", trap.id));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn proofs_hold_for_another_seed() {
    let (client, _stop) = lab(&Options::vulnerable(77)).await;
    let mut runner = Runner::new(client);
    let mut wrong = Vec::new();
    for flaw in FLAWS {
        runner.reset().await.unwrap();
        if let Err(failure) = runner.run(flaw.proof).await {
            wrong.push(format!("{}: {failure}", flaw.id));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
