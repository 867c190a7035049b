//! Real clients, straight to an upstream and through `serve`: they get the same.
//!
//! Compared are statuses, fields and bodies, byte for byte. Not compared is what belongs to one
//! connection or moment: the framing, `date`, and the order and case of field names, which mean
//! nothing (RFC 9110 §5).

mod answer;
#[cfg(feature = "lab")]
mod lab;
mod load;
mod nginx;
mod programs;
mod received;
