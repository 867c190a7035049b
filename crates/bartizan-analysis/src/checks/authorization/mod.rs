//! What a caller may reach.

pub mod sequential_object_ids;
