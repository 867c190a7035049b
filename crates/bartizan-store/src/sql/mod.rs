//! SQL text that every database of ours understands: `$1` parameters, `ON CONFLICT`, row values,
//! integers for times and truth values. What differs between databases is not here but in the
//! dialect of each implementation.

pub(crate) mod apart;
pub(crate) mod calls;
pub(crate) mod changelog;
pub(crate) mod clients;
mod counted;
pub(crate) mod deliveries;
pub(crate) mod failed;
pub(crate) mod glance;
pub(crate) mod journeys;
pub(crate) mod logins;
pub(crate) mod quotas;
pub(crate) mod select;
pub(crate) mod servicemap;
pub(crate) mod sorted;
pub(crate) mod statements;
pub(crate) mod triage;
