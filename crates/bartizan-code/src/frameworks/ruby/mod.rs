//! Frameworks of Ruby, and what they share.

mod calls;
mod classes;
pub(super) mod rails;
mod refusal;
