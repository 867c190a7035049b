mod keeper;

pub use keeper::{sensor_gate, Keeper, MaybeKeeper};
