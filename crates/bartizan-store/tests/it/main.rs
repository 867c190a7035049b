//! Tests of the store as a whole: the contract that every store keeps, damage, full disks, crashes.

mod beside;
mod contract;
mod crash;
mod faults;
mod log;
mod postgres;
mod samples;
mod schema;
mod speed;
