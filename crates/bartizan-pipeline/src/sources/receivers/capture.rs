//! Packets of a network interface, in which exchanges are read while they go by.

use std::{
    path::PathBuf,
    sync::Arc,
    thread::{JoinHandle, sleep},
    time::{Duration, Instant},
};

use bartizan_protocols::capture::{CaptureLimits, Event};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tokio::sync::watch;

use super::{
    super::live::{
        BUFFER_MEBIBYTES, LiveOptions, MAX_PORTS, OpenError, PACKET_BYTES, Ports, Stepped, Tap,
        is_interface,
    },
    ReceiverItem, ReceiverLimits,
    counts::Refusal,
    work::Work,
};

pub(super) static RECEIVER: ReceiverItem = ReceiverItem {
    kind: "capture",
    title: "Live capture of a network interface (Linux)",
    what: "Listens nowhere, so that it has no `listen` and no `peers`: it reads the packets of an interface \
           of this machine, its own traffic or what a switch or a cloud mirrors to it (also in VXLAN, \
           GENEVE, GRE and ERSPAN). What is read in them, and what is not, is that of captures in files \
           (the source `pcap`); TLS is read with a key log that its clients write (SSLKEYLOGFILE). The \
           kernel shows only TCP, on loopback each packet once, and takes the interface into promiscuous \
           mode. Packets that are not read in time are dropped by the kernel and counted \
           (`packets_dropped`); they show as gaps in what is read, and as nobody can say which exchanges are \
           missing, detectors with history begin no detection for an hour. While the interface is down or gone, it \
           is tried again each second, and counted (`interface`). Of `limits`, those of heads, bodies and \
           what is held count. An exchange that goes through this gateway too counts once when a request id \
           says that it is the same; else name other `ports` than those of the gateway. The process needs \
           CAP_NET_RAW: `sudo setcap cap_net_raw+ep bartizan`, or with systemd \
           `AmbientCapabilities=CAP_NET_RAW`.",
    examples: &[
        "name: wire\ncapture: {interface: eth0, ports: [80, 8080]}\n",
        "name: tap\ncapture:\n  interface: eth1\n  buffer_mebibytes: 256\n  key_log: /run/keys/clients.log\n",
    ],
    sender: "Nothing is sent to it. To mirror a port with Open vSwitch, for example:\n\n    \
             ovs-vsctl -- --id=@p get port tap0 -- --id=@m create mirror name=bartizan select-all=true \
             output-port=@p -- set bridge br0 mirrors=@m",
};

/// Packets of an interface.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CaptureConfig {
    /// Name of the interface; `any` for all of them.
    pub interface: String,
    /// Only TCP of one of these ports, at either end and in no tunnel. Without any, all, in tunnels too.
    #[serde(default)]
    pub ports: Vec<u16>,
    /// Mebibytes of packets that may wait to be read, 4 to 4096; more are dropped. The kernel sets this
    /// memory aside.
    #[serde(default = "buffer")]
    pub buffer_mebibytes: u32,
    /// Bytes that are kept of one packet, 256 to 262144. What is behind is a gap.
    #[serde(default = "packet")]
    pub packet_bytes: u32,
    /// Secrets of TLS connections, as their clients log them (SSLKEYLOGFILE). It is read as it grows.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key_log: Option<PathBuf>,
}

const fn buffer() -> u32 {
    BUFFER_MEBIBYTES
}

const fn packet() -> u32 {
    PACKET_BYTES
}

/// How often it is looked whether the capture is to end.
const LOOK: Duration = Duration::from_millis(100);
/// How long an interface that is down is left alone.
const REST: Duration = Duration::from_secs(1);

/// Compiles what is captured. Opens nothing.
pub(super) fn open(config: &CaptureConfig, limits: &ReceiverLimits) -> Result<LiveOptions, String> {
    if !is_interface(&config.interface) {
        return Err(format!("`{}` is no name of an interface", config.interface));
    }
    let Some(ports) = Ports::new(&config.ports) else {
        return Err(format!("`ports`: expected at most {MAX_PORTS}, each 1 to 65535"));
    };
    for (key, value, least, most) in [
        ("buffer_mebibytes", config.buffer_mebibytes, 4, 4096),
        ("packet_bytes", config.packet_bytes, 256, PACKET_BYTES),
    ] {
        if !(least..=most).contains(&value) {
            return Err(format!("`{key}`: expected {least} to {most}"));
        }
    }
    Ok(LiveOptions {
        interface: config.interface.clone(),
        ports,
        packet_bytes: config.packet_bytes,
        buffer_mebibytes: config.buffer_mebibytes,
        key_log: config.key_log.clone(),
        limits: CaptureLimits {
            head_bytes: limits.head_bytes as usize,
            body_bytes: limits.body_bytes as usize,
            total_bytes: (limits.held_mebibytes as usize).saturating_mul(1024 * 1024),
            ..CaptureLimits::default()
        },
    })
}

/// An interface that is listened to, and how.
pub(super) struct Opened(Tap);

/// Begins to capture; packets wait until they are read.
pub(super) fn tap(
    options: &LiveOptions,
    outside: &super::Surroundings,
) -> Result<Opened, OpenError> {
    Tap::open(options, outside.now).map(Opened)
}

/// Reads on a thread of its own, until it is told to stop.
pub(super) fn start(
    Opened(tap): Opened,
    options: LiveOptions,
    work: Arc<Work>,
    stop: watch::Receiver<bool>,
) -> std::io::Result<JoinHandle<()>> {
    let listening = Listening { options, work, stop };
    std::thread::Builder::new().name("capture".to_owned()).spawn(move || listening.run(tap))
}

struct Listening {
    options: LiveOptions,
    work: Arc<Work>,
    stop: watch::Receiver<bool>,
}

impl Listening {
    fn run(&self, mut tap: Tap) {
        while let Err(_down) = self.listen(&mut tap) {
            self.work.counts.refuse(Refusal::Interface);
            // What goes by while nobody listens is missing too.
            self.work.outside.inlet.gap();
            match self.again() {
                Some(new) => tap = new,
                None => return,
            }
        }
    }

    /// Hands over until it is told to stop, or the interface is down; then also what was open.
    fn listen(&self, tap: &mut Tap) -> std::io::Result<()> {
        let mut ended = Ok(());
        while ended.is_ok() && !self.is_over() {
            match tap.step(LOOK) {
                Ok(Stepped::Packet) => self.work.counts.packet(),
                Ok(Stepped::Looked(dropped)) => self.note_dropped(dropped),
                Err(error) => ended = Err(error),
            }
            self.hand_over(tap);
        }
        tap.close();
        self.hand_over(tap);
        ended
    }

    /// Counts packets that the kernel dropped. Whole exchanges may have been in them.
    fn note_dropped(&self, dropped: u64) {
        self.work.counts.refuse_many(Refusal::PacketsDropped, dropped);
        if dropped > 0 {
            self.work.outside.inlet.gap();
        }
    }

    fn hand_over(&self, tap: &mut Tap) {
        while let Some(event) = tap.next_event() {
            self.work.give_read(match event {
                Event::Exchange(exchange) => Ok(exchange),
                Event::Lost(loss, _) => Err(loss.into()),
            });
        }
    }

    /// Tries to capture again, until it can or is told to stop.
    fn again(&self) -> Option<Tap> {
        loop {
            let rested = Instant::now();
            while rested.elapsed() < REST {
                if self.is_over() {
                    return None;
                }
                sleep(LOOK);
            }
            if let Ok(tap) = Tap::open(&self.options, self.work.outside.now) {
                return Some(tap);
            }
        }
    }

    /// Who could say so is gone: that is the end too.
    fn is_over(&self) -> bool {
        *self.stop.borrow() || self.stop.has_changed().is_err()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::Ordering::Relaxed;

    use super::{super::work::tests::outside, *};

    #[test]
    fn what_the_kernel_dropped_is_told_to_the_judgement() {
        let (outside, taken) = outside(1);
        let config = CaptureConfig {
            interface: "lo".to_owned(),
            ports: Vec::new(),
            buffer_mebibytes: buffer(),
            packet_bytes: packet(),
            key_log: None,
        };
        let options = open(&config, &ReceiverLimits::default()).expect("right");
        let (_stop, stopped) = watch::channel(false);
        let work = Arc::new(Work::new("wire", outside));
        let listening = Listening { options, work, stop: stopped };
        listening.note_dropped(0);
        assert_eq!(taken.gaps.load(Relaxed), 0, "nothing is missing");
        listening.note_dropped(7);
        assert_eq!(taken.gaps.load(Relaxed), 1);
        let refused = listening.work.counts.figures().refused;
        let refused: Vec<_> = refused.iter().map(|one| (one.name.as_str(), one.count)).collect();
        assert_eq!(refused, [("packets_dropped", 7)]);
    }
}
