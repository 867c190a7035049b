//! Operations that work against HTTP.

pub mod state_change_by_get;
