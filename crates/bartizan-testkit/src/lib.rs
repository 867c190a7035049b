//! Development only: what tests, benchmarks and fuzz targets share.

pub mod fuzz;
pub mod load;
pub mod smoke;
pub mod sources;
