//! What a request may cost.

pub mod unbounded_list;
