//! Traps: what looks like a flaw to a tester that only looks at the status, or at one word of the
//! answer, and is none. They are there in both modes; in the repaired twin, whoever reports one is
//! wrong.

mod answer_changes_caller;
mod constant_product;
mod database_word;
mod encoded_reflection;
mod error_page_as_success;
mod fault_as_success;
mod graphql_null;
mod hook_that_answers;
mod list;
mod own_whatever_number;
mod public_object;
mod redirect_home;
mod shared_by_design;

use serde::Serialize;

use crate::proof::Step;

pub use list::TRAPS;

/// One trap.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct TrapItem {
    /// Name, unique.
    pub id: &'static str,
    /// What happens.
    pub title: &'static str,
    /// The operation it sits in.
    pub operation: &'static str,
    /// Category that it may be taken for.
    pub looks_like: &'static str,
    /// What can be seen, and why it is no flaw. All of it holds in the repaired twin.
    pub truth: &'static [Step],
}
