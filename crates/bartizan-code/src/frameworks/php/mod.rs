//! Frameworks of PHP, and what they share.

mod calls;
mod classes;
pub(super) mod laravel;
mod values;
