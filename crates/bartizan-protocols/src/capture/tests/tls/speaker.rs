//! Both ends of a connection in TLS whose secrets are made up, for what OpenSSL does not do.

use aws_lc_rs::aead::{AES_128_GCM, Aad, CHACHA20_POLY1305, LessSafeKey, Nonce, UnboundKey};

use super::super::super::{AwsLc, TlsCrypto, TlsHash};

pub(super) const HANDSHAKE: u8 = 22;
pub(super) const DATA: u8 = 23;

pub(super) const HELLO_REQUEST: &[u8] = &[0, 0, 0, 0];
pub(super) const END_OF_EARLY_DATA: &[u8] = &[5, 0, 0, 0];
pub(super) const KEY_UPDATE: &[u8] = &[24, 0, 0, 1, 0];

const RANDOM: [u8; 32] = [7; 32];
const SERVER_RANDOM: [u8; 32] = [8; 32];
/// RFC 8446 §4.1.3.
const RETRY_RANDOM: [u8; 32] = [
    0xcf, 0x21, 0xad, 0x74, 0xe5, 0x9a, 0x61, 0x11, 0xbe, 0x1d, 0x8c, 0x02, 0x1e, 0x65, 0xb8, 0x91,
    0xc2, 0xa2, 0x11, 0x16, 0x7a, 0xbb, 0x8c, 0x5e, 0x07, 0x9e, 0x09, 0xe2, 0xc8, 0xa8, 0x33, 0x9c,
];

/// Protects the records of one direction.
pub(super) struct Sealer {
    key: LessSafeKey,
    iv: [u8; 12],
    number: u64,
    is_1_3: bool,
}

impl Sealer {
    /// By a traffic secret of TLS 1.3, with AES-128-GCM.
    fn from_traffic(secret: &[u8]) -> Self {
        let expand = |label: &[u8], size: u8| {
            let head = [0, size, label.len() as u8];
            let block = AwsLc.hmac(TlsHash::Sha256, secret, &[&head, label, &[0, 1]]);
            block[..usize::from(size)].to_vec()
        };
        let key = UnboundKey::new(&AES_128_GCM, &expand(b"tls13 key", 16)).expect("a key");
        let iv = expand(b"tls13 iv", 12).try_into().expect("12 bytes");
        Self { key: LessSafeKey::new(key), iv, number: 0, is_1_3: true }
    }

    /// One record.
    pub(super) fn seal(&mut self, kind: u8, plain: &[u8]) -> Vec<u8> {
        let mut nonce = self.iv;
        let number = self.number.to_be_bytes();
        nonce[4..].iter_mut().zip(number).for_each(|(byte, number)| *byte ^= number);
        self.number += 1;
        let mut sealed = plain.to_vec();
        let shown = if self.is_1_3 { DATA } else { kind };
        if self.is_1_3 {
            sealed.push(kind);
        }
        let size = |length: usize| (length as u16).to_be_bytes();
        let header = [&[shown, 3, 3][..], &size(sealed.len() + 16)].concat();
        let additional = match self.is_1_3 {
            true => header.clone(),
            false => [&number[..], &[kind, 3, 3], &size(plain.len())].concat(),
        };
        let nonce = Nonce::assume_unique_for_key(nonce);
        let key = &self.key;
        key.seal_in_place_append_tag(nonce, Aad::from(additional), &mut sealed).expect("room");
        [header, sealed].concat()
    }
}

/// Ends of a connection in TLS 1.3.
pub(super) struct Ends {
    pub(super) log: String,
    pub(super) early: Sealer,
    /// Of client and server.
    pub(super) handshake: [Sealer; 2],
    pub(super) data: [Sealer; 2],
}

impl Ends {
    pub(super) fn new() -> Self {
        let labels = [
            "CLIENT_EARLY_TRAFFIC_SECRET",
            "CLIENT_HANDSHAKE_TRAFFIC_SECRET",
            "SERVER_HANDSHAKE_TRAFFIC_SECRET",
            "CLIENT_TRAFFIC_SECRET_0",
            "SERVER_TRAFFIC_SECRET_0",
        ];
        let log = labels.iter().zip(1u8..).map(|(label, number)| line(label, &[number; 32]));
        let sealer = |number: u8| Sealer::from_traffic(&[number; 32]);
        Self {
            log: log.collect(),
            early: sealer(1),
            handshake: [sealer(2), sealer(3)],
            data: [sealer(4), sealer(5)],
        }
    }

    /// The log without the secret of early data.
    pub(super) fn log_without_early(&self) -> String {
        self.log.split_inclusive('\n').filter(|line| !line.contains("EARLY")).collect()
    }

    /// What the server says up to its end of the handshake; whether it takes early data.
    pub(super) fn server_flight(&mut self, takes_early: bool) -> Vec<u8> {
        let [_, server] = &mut self.handshake;
        let extensions: &[u8] = if takes_early { &[0, 4, 0, 42, 0, 0] } else { &[0, 0] };
        let flight = [message(8, extensions), message(20, &[9; 32])].concat();
        [server_hello_1_3(), server.seal(HANDSHAKE, &flight)].concat()
    }

    /// The end of the client's handshake.
    pub(super) fn client_finished(&mut self) -> Vec<u8> {
        self.handshake[0].seal(HANDSHAKE, &message(20, &[9; 32]))
    }

    pub(super) fn client(&mut self, plain: &[u8]) -> Vec<u8> {
        self.data[0].seal(DATA, plain)
    }

    pub(super) fn server(&mut self, plain: &[u8]) -> Vec<u8> {
        self.data[1].seal(DATA, plain)
    }
}

/// A log and the sealers of client and server of TLS 1.2 with ChaCha20-Poly1305.
pub(super) fn ends_1_2() -> (String, [Sealer; 2]) {
    let master = [6; 48];
    let hmac = |parts: &[&[u8]]| AwsLc.hmac(TlsHash::Sha256, &master, parts);
    // RFC 5246 §5 and §6.3.
    let seed = [&b"key expansion"[..], &SERVER_RANDOM, &RANDOM].concat();
    let (mut block, mut chain) = (Vec::new(), hmac(&[&seed]));
    while block.len() < 88 {
        block.extend_from_slice(&hmac(&[&chain, &seed]));
        chain = hmac(&[&chain]);
    }
    let sealer = |key: &[u8], iv: &[u8]| Sealer {
        key: LessSafeKey::new(UnboundKey::new(&CHACHA20_POLY1305, key).expect("a key")),
        iv: iv.try_into().expect("12 bytes"),
        number: 0,
        is_1_3: false,
    };
    let both = [sealer(&block[..32], &block[64..76]), sealer(&block[32..64], &block[76..88])];
    (line("CLIENT_RANDOM", &master), both)
}

/// A line of a key log.
fn line(label: &str, secret: &[u8]) -> String {
    let hex = |bytes: &[u8]| bytes.iter().map(|byte| format!("{byte:02x}")).collect::<String>();
    format!("{label} {} {}\n", hex(&RANDOM), hex(secret))
}

/// A handshake message.
pub(super) fn message(kind: u8, body: &[u8]) -> Vec<u8> {
    let [_, size @ ..] = (body.len() as u32).to_be_bytes();
    [&[kind][..], &size, body].concat()
}

/// A record that is not protected.
pub(super) fn clear(kind: u8, body: &[u8]) -> Vec<u8> {
    [&[kind, 3, 3][..], &(body.len() as u16).to_be_bytes(), body].concat()
}

pub(super) fn client_hello(offers_early: bool) -> Vec<u8> {
    let extensions: &[u8] = if offers_early { &[0, 4, 0, 42, 0, 0] } else { &[0, 0] };
    let body = [&[3, 3][..], &RANDOM, &[0, 0, 4, 0x13, 1, 0xcc, 0xa9, 1, 0], extensions].concat();
    clear(HANDSHAKE, &message(1, &body))
}

fn hello_of_server(random: [u8; 32], suite: [u8; 2], extensions: &[u8]) -> Vec<u8> {
    let body = [&[3, 3][..], &random, &[0], &suite, &[0], extensions].concat();
    clear(HANDSHAKE, &message(2, &body))
}

pub(super) fn server_hello_1_3() -> Vec<u8> {
    hello_of_server(SERVER_RANDOM, [0x13, 1], &[0, 6, 0, 43, 0, 2, 3, 4])
}

/// A request for another hello.
pub(super) fn retry() -> Vec<u8> {
    hello_of_server(RETRY_RANDOM, [0x13, 1], &[0, 6, 0, 43, 0, 2, 3, 4])
}

pub(super) fn server_hello_1_2() -> Vec<u8> {
    hello_of_server(SERVER_RANDOM, [0xcc, 0xa9], &[])
}
