//! Devices and vehicles of people.

pub mod advertising_id;
pub mod device_id;
pub mod licence_plate;
