//! Arguments of a live capture.

use clap::Args;

/// What is captured, and for how long.
#[derive(Debug, Default, Args)]
pub struct Live {
    /// Capture from this network interface instead of reading inputs, until interrupted (Linux; `any`
    /// for all interfaces; needs CAP_NET_RAW)
    #[arg(long, value_name = "NAME", conflicts_with = "input_format")]
    pub interface: Option<String>,
    /// Capture only TCP of this port, at either end; may be repeated
    #[arg(long, value_name = "PORT", requires = "interface", conflicts_with = "inputs")]
    #[arg(value_parser = clap::value_parser!(u16).range(1..))]
    pub port: Vec<u16>,
    /// End the capture after so many seconds
    #[arg(long, value_name = "N", requires = "interface", conflicts_with = "inputs")]
    #[arg(value_parser = clap::value_parser!(u64).range(1..=31_536_000))]
    pub seconds: Option<u64>,
    /// End the capture after so many exchanges
    #[arg(long, value_name = "N", requires = "interface", conflicts_with = "inputs")]
    #[arg(value_parser = clap::value_parser!(u64).range(1..))]
    pub exchanges: Option<u64>,
}
