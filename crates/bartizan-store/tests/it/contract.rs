//! What every store promises. Each case is given an empty store and knows nothing else about it, so
//! that the same cases run on every database.

mod apart;
mod api_keys;
mod batches;
mod calls;
mod changelog;
mod clients;
mod deliveries;
mod failed;
mod glance;
mod inventory;
mod journeys;
mod keeping;
mod lists;
mod logins;
mod orders;
mod quotas;
mod servicemap;
mod triage;
mod workflow;

use bartizan_model::{Finding, FindingState, Severity};
use bartizan_store::{
    Batch, BlockEntry, DataDirectory, DataOptions, PageRequest, StateChange, Store,
    exchange_log::subject_key,
};

use crate::{
    postgres::server,
    samples::{at, finding, scope},
};

/// Runs each case on a fresh store of both kinds.
macro_rules! on_both {
    ($($group:ident: $($case:ident),+;)+) => {
        mod on_sqlite {
            use super::DataOptions;
            $($(
            #[tokio::test]
            async fn $case() {
                let directory = tempfile::tempdir().expect("temporary directory");
                super::check(DataOptions::new(directory.path()), super::$group::$case).await;
            }
            )+)+
        }

        mod on_postgres {
            use super::{DataOptions, server};
            $($(
            #[tokio::test]
            async fn $case() {
                let Some(server) = server::shared() else { return };
                let directory = tempfile::tempdir().expect("temporary directory");
                let postgres = Some(server::options(&server.database()));
                let options = DataOptions { postgres, ..DataOptions::new(directory.path()) };
                super::check(options, super::$group::$case).await;
            }
            )+)+
        }
    };
}

/// Runs a case on an empty store.
async fn check(options: DataOptions, case: impl AsyncFnOnce(&dyn Store)) {
    let data = DataDirectory::open(&options, at(0)).await.expect("new store");
    case(data.store()).await;
    let report = data.store().verify_audit(&scope(), None).await.expect("audit");
    assert_eq!(report.problem, None);
    assert!(data.store().integrity_check().await.expect("check").is_clean());
    data.close().await;
}

on_both! {
    apart: paths_are_kept_apart_once_and_for_all, paths_apart_are_bounded, ids_that_came_back_stand_for_themselves;
    batches: batches_read_back, batches_are_cumulative, failing_batches_leave_nothing, scopes_do_not_mix, hostile_text_is_only_text, progress_is_kept;
    lists: pages_hold_everything_once, lists_are_filtered, counts_are_right, incidents_that_were_taken_in_are_found;
    orders: every_order_gives_everything_once, orders_of_endpoints_are_what_they_say, audit_records_are_listed_both_ways, facets_are_counted_under_the_other_filters, facets_are_cut_and_say_so, what_is_too_long_for_an_index_is_found_all_the_same, several_values_mean_any_of_them;
    workflow: findings_follow_the_workflow, fixed_findings_are_reopened_by_new_evidence_only, decisions_lapse, findings_of_a_host_replace_those_of_endpoints, audit_chain_is_extended_and_verified;
    api_keys: api_keys_are_kept_changed_and_audited, impossible_api_keys_are_refused, a_gateway_sees_changes_of_api_keys;
    logins: users_are_kept_changed_and_audited, somebody_can_always_administer, sessions_begin_and_end, tokens_are_kept_and_removed;
    deliveries: events_of_findings_are_what_changed, events_of_incidents_and_detections, sinks_are_told_what_they_want, deliveries_are_claimed_and_settled, dead_letters_are_listed_retried_and_forgotten, what_is_too_much_is_dropped_and_counted;
    triage: findings_are_given_to_users, comments_are_kept_and_audited, things_have_names;
    calls: calls_add_up_over_time_and_are_forgotten, calls_of_what_was_merged_count_for_what_stays;
    changelog: the_first_results_are_the_baseline, changes_are_told_once, what_becomes_one_endpoint_is_not_new, changes_are_filtered_sorted_and_counted, changes_are_events_and_bounded, the_oldest_changes_make_room;
    clients: clients_read_back_and_are_replaced, clients_are_filtered_sorted_and_counted, what_turned_out_to_be_another_client_goes, clients_not_seen_for_longest_make_room;
    servicemap: services_are_replaced_as_a_whole, third_parties_are_filtered_and_listed;
    glance: changes_are_counted_since_a_time, data_classes_are_spread_over_endpoints, traffic_adds_up_and_is_forgotten;
    journeys: journeys_are_replaced_listed_and_filtered;
    failed: failed_deliveries_are_kept_whole_and_apart, failed_deliveries_are_replayed_by_one_and_settled, failed_deliveries_that_came_again_need_nothing, failed_deliveries_are_bounded_and_end;
    quotas: quotas_are_reserved_and_given_back, quotas_hold_when_many_reserve_at_once;
    inventory: endpoints_merge_split_and_come_back, automatic_merges_respect_people, what_is_only_discovered_is_forgotten_with_the_whole;
    keeping: retention_keeps_what_matters, blocks_are_found_by_time_and_subject, blocks_are_found_from_the_last_one_back, log_budget_drops_oldest_segments;
}

fn all<O: Default>() -> PageRequest<O> {
    PageRequest::first(1_000)
}

fn change(name: &str, to: FindingState, now: i64) -> StateChange {
    StateChange {
        finding: finding(name, Severity::Low, 0).id,
        to,
        who: "ann".to_owned(),
        reason: "because".to_owned(),
        expiry: None,
        now: at(now),
    }
}

fn with_findings(findings: Vec<Finding>, now: i64) -> Batch {
    Batch { now: at(now), findings, ..Batch::default() }
}

fn block(segment: u64, position: u32, times: (i64, i64), subjects: &[&str]) -> BlockEntry {
    let mut subjects: Vec<_> = subjects.iter().map(|s| subject_key(s)).collect();
    subjects.sort_unstable();
    BlockEntry {
        segment,
        position,
        offset: 100 + u64::from(position) * 1_000,
        length: 1_000,
        records: 10,
        times: Some((at(times.0), at(times.1))),
        subjects,
    }
}
