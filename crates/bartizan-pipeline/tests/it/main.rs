//! Integration tests of the out-of-band lane.

mod judgement;
mod live;
mod logs;
mod odd_logs;
