//! A builder of small captures for tests.

use super::{CaptureLimits, Event, Flows, Packet};
use bartizan_model::{Exchange, Timestamp};

pub(crate) const FIN: u8 = 1;
pub(crate) const SYN: u8 = 2;
pub(crate) const RST: u8 = 4;
pub(crate) const PSH: u8 = 8;
pub(crate) const ACK: u8 = 16;

/// Link type of raw IP packets.
pub(crate) const RAW: u16 = 101;

/// An end of a connection: last byte of its address, and port.
pub(crate) type End = (u8, u16);

/// A TCP segment.
pub(crate) fn tcp(ends: [End; 2], sequence: u32, ack: u32, flags: u8, payload: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    out.extend(ends[0].1.to_be_bytes());
    out.extend(ends[1].1.to_be_bytes());
    out.extend(sequence.to_be_bytes());
    out.extend(ack.to_be_bytes());
    out.extend([0x50, flags, 0xff, 0xff, 0, 0, 0, 0]);
    out.extend(payload);
    out
}

/// An IPv4 packet.
pub(crate) fn ipv4(ends: [End; 2], protocol: u8, fragment: u16, payload: &[u8]) -> Vec<u8> {
    let total = (payload.len() + 20) as u16;
    let mut out = vec![0x45, 0];
    out.extend(total.to_be_bytes());
    out.extend([0, 7]);
    out.extend(fragment.to_be_bytes());
    out.extend([64, protocol, 0, 0, 10, 0, 0, ends[0].0, 10, 0, 0, ends[1].0]);
    out.extend(payload);
    out
}

/// What two ends say to each other, packet by packet. A millisecond lies between two packets.
pub(crate) struct Talk {
    pub(crate) packets: Vec<Vec<u8>>,
    ends: [End; 2],
    next: [u32; 2],
}

impl Talk {
    /// A connection of the client's port, in the middle.
    pub(crate) fn on(port: u16) -> Self {
        Self { packets: Vec::new(), ends: [(1, port), (2, 80)], next: [1000, 0xffff_fff0] }
    }

    /// A connection from its handshake on.
    pub(crate) fn open(port: u16) -> Self {
        let mut talk = Self::on(port);
        let [client, server] = talk.next;
        talk.packet(0, client.wrapping_sub(1), 0, SYN, b"");
        talk.packet(1, server.wrapping_sub(1), client, SYN | ACK, b"");
        talk.packet(0, client, server, ACK, b"");
        talk
    }

    pub(crate) fn packet(&mut self, from: usize, sequence: u32, ack: u32, flags: u8, bytes: &[u8]) {
        let ends = [self.ends[from], self.ends[1 - from]];
        self.packets.push(ipv4(ends, 6, 0, &tcp(ends, sequence, ack, flags, bytes)));
    }

    fn say(&mut self, from: usize, flags: u8, bytes: &[u8]) {
        let (sequence, ack) = (self.next[from], self.next[1 - from]);
        self.packet(from, sequence, ack, flags | ACK, bytes);
        let behind = u32::from(flags & FIN != 0) + bytes.len() as u32;
        self.next[from] = sequence.wrapping_add(behind);
    }

    pub(crate) fn client(&mut self, bytes: &[u8]) -> &mut Self {
        bytes.chunks(1400).for_each(|bytes| self.say(0, PSH, bytes));
        self
    }

    pub(crate) fn server(&mut self, bytes: &[u8]) -> &mut Self {
        bytes.chunks(1400).for_each(|bytes| self.say(1, PSH, bytes));
        self
    }

    /// Bytes that the capture loses: so many of the client, then of the server.
    pub(crate) fn lose(&mut self, client: u32, server: u32) -> &mut Self {
        self.next = [self.next[0].wrapping_add(client), self.next[1].wrapping_add(server)];
        self
    }

    pub(crate) fn close(&mut self) -> &mut Self {
        self.say(0, FIN, b"");
        self.say(1, FIN, b"");
        self.say(0, 0, b"");
        self
    }

    pub(crate) fn reset(&mut self) -> &mut Self {
        self.say(1, RST, b"");
        self
    }

    pub(crate) fn read(&self) -> Outcome {
        read(&self.packets, CaptureLimits::default())
    }
}

/// What came out of a capture.
#[derive(Debug, PartialEq)]
pub(crate) struct Outcome {
    pub(crate) exchanges: Vec<Exchange>,
    pub(crate) lost: Vec<&'static str>,
    /// Most bytes that were kept at a time.
    pub(crate) most: usize,
}

impl Outcome {
    /// Each exchange in a line.
    pub(crate) fn lines(&self) -> Vec<String> {
        self.exchanges.iter().map(line).collect()
    }
}

fn line(exchange: &Exchange) -> String {
    let request = &exchange.request;
    let body = |body: &[u8]| {
        let text = String::from_utf8_lossy(body).into_owned();
        if text.len() > 40 { format!("{} bytes", text.len()) } else { text }
    };
    let asked = format!(
        "{} {}{} {}",
        request.method,
        request.authority,
        request.target,
        body(&request.body)
    );
    match &exchange.response {
        Some(response) => format!("{asked} > {} {}", response.status, body(&response.body)),
        None => format!("{asked} >"),
    }
}

/// Reads raw IP packets.
pub(crate) fn read(packets: &[Vec<u8>], limits: CaptureLimits) -> Outcome {
    read_with(Flows::new(limits), packets)
}

/// Reads raw IP packets with what was made ready for that.
pub(crate) fn read_with(mut flows: Flows, packets: &[Vec<u8>]) -> Outcome {
    let mut outcome = Outcome { exchanges: Vec::new(), lost: Vec::new(), most: 0 };
    for (packet, number) in packets.iter().zip(0..) {
        let time = Some(Timestamp::from_micros(1_000_000 + number * 1000));
        flows.packet(&Packet { link: RAW, time, data: packet });
        outcome.most = outcome.most.max(flows.held());
        drain(&mut flows, &mut outcome);
    }
    flows.close();
    drain(&mut flows, &mut outcome);
    assert_eq!(flows.held(), 0, "all is given back");
    outcome
}

fn drain(flows: &mut Flows, outcome: &mut Outcome) {
    while let Some(event) = flows.next_event() {
        match event {
            Event::Exchange(exchange) => outcome.exchanges.push(*exchange),
            Event::Lost(loss, _) => outcome.lost.push(loss.as_str()),
        }
    }
}
