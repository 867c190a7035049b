//! One TCP connection: which protocol it speaks, and who asks.

use super::{
    Event, Loss, Stamp,
    http1::{
        Http1, Switch,
        head::{Looks, looks},
    },
    http2::{self, Http2},
    message::{Ends, Env, Side},
    stream::Piece,
    tls::{Keys, Out, Tls},
    websocket::WebSocket,
};

/// Most bytes of a beginning that are kept until the protocol is known.
const OPENING: usize = 16 * 1024;
/// Most protocols that one connection goes through: a tunnel in a tunnel and so on.
const SWITCHES: u32 = 8;

/// Pieces of one direction that were not read yet.
type Pieces = Vec<(Vec<u8>, Stamp)>;

/// What came from one direction before the protocol is known: all of it, and where pieces end.
#[derive(Default)]
struct Beginning {
    bytes: Vec<u8>,
    ends: Vec<(usize, Stamp)>,
}

impl Beginning {
    fn pieces(&self) -> Pieces {
        let mut at = 0;
        let piece = |(end, stamp): &(usize, Stamp)| {
            let bytes = self.bytes.get(at..*end).unwrap_or_default().to_vec();
            at = *end;
            (bytes, *stamp)
        };
        self.ends.iter().map(piece).collect()
    }
}

enum Protocol {
    /// Not known yet; what came from each direction.
    Unknown([Beginning; 2]),
    Http1(Box<Http1>),
    Http2(Box<Http2>),
    WebSocket(Box<WebSocket>),
    Tls(Box<Secured>),
    /// Nothing that is read.
    Other,
}

/// TLS, and what it protects once that can be read.
#[derive(Default)]
struct Secured {
    tls: Tls,
    inner: Option<Connection>,
}

pub(super) struct Connection {
    pub(super) ends: Ends,
    protocol: Protocol,
    /// Directions of which bytes came that no protocol was found in.
    has_unread: [bool; 2],
    switches: u32,
}

/// What Env needs beside the ends.
pub(super) struct Around<'a> {
    pub(super) limits: &'a super::CaptureLimits,
    /// What reads TLS, when it is to be read.
    pub(super) keys: Option<&'a Keys>,
    /// Whether bytes of each direction wait for others that may still come.
    pub(super) waits: [bool; 2],
    pub(super) packet: u64,
    pub(super) out: &'a mut std::collections::VecDeque<Event>,
}

/// What a beginning is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Opening {
    Request,
    Response,
    Preface,
    Frames,
    Tls,
    Unclear,
    Other,
}

impl Connection {
    pub(super) fn new(ends: Ends) -> Self {
        Self {
            ends,
            protocol: Protocol::Unknown(Default::default()),
            has_unread: [false; 2],
            switches: 0,
        }
    }

    pub(super) fn held(&self) -> usize {
        match &self.protocol {
            Protocol::Unknown(beginnings) => {
                beginnings.iter().map(|b| b.bytes.capacity() + b.ends.capacity() * 32).sum()
            }
            Protocol::Http1(http) => http.held(),
            Protocol::Http2(http) => http.held(),
            Protocol::WebSocket(socket) => socket.held(),
            Protocol::Tls(secured) => {
                secured.tls.held() + secured.inner.as_ref().map_or(0, Self::held)
            }
            Protocol::Other => 0,
        }
    }

    /// Takes what a direction has next.
    pub(super) fn piece(&mut self, from: usize, piece: Piece<'_>, around: &mut Around<'_>) {
        match piece {
            Piece::Data(bytes, stamp) => self.data(from, bytes, stamp, around),
            Piece::Gap(bytes) => self.gap(from, bytes, around),
        }
    }

    fn data(&mut self, from: usize, bytes: &[u8], stamp: Stamp, around: &mut Around<'_>) {
        let Self { ends, protocol, .. } = self;
        let (side, mut env) = split(ends, from, around);
        match protocol {
            Protocol::Unknown(_) => self.opening(from, bytes, stamp, around),
            Protocol::Http1(http) => {
                http.piece(side, bytes, stamp, &mut env);
                self.switch(around);
            }
            Protocol::Http2(http) => http.piece(side, bytes, stamp, &mut env),
            Protocol::WebSocket(socket) => socket.piece(side, bytes, stamp, &mut env),
            Protocol::Tls(secured) => {
                let Some(keys) = around.keys else { return };
                let all = secured.tls.piece(side, bytes, stamp, keys);
                self.opened(all, around);
            }
            Protocol::Other => {}
        }
    }

    fn gap(&mut self, from: usize, bytes: u64, around: &mut Around<'_>) {
        let Self { ends, protocol, .. } = self;
        let (side, mut env) = split(ends, from, around);
        match protocol {
            Protocol::Unknown(beginnings) => {
                env.lost(Loss::StreamGap);
                if let Some(beginning) = beginnings.get_mut(from) {
                    *beginning = Beginning::default();
                }
                self.ends.is_whole = false;
            }
            Protocol::Http1(http) => {
                http.gap(side, bytes, &mut env);
                self.switch(around);
            }
            Protocol::Http2(http) => http.gap(side, bytes, &mut env),
            Protocol::WebSocket(socket) => socket.gap(side, bytes, &mut env),
            Protocol::Tls(secured) => {
                let Some(keys) = around.keys else { return };
                let all = secured.tls.gap(side, bytes, keys);
                self.opened(all, around);
            }
            Protocol::Other => {}
        }
    }

    /// A direction ended.
    pub(super) fn ended(&mut self, from: usize, around: &mut Around<'_>) {
        if let Protocol::Http1(http) = &mut self.protocol {
            let (side, mut env) = split(&self.ends, from, around);
            http.ended(side, &mut env);
            self.switch(around);
        } else if let Protocol::Tls(secured) = &mut self.protocol {
            let (side, _) = split(&self.ends, from, around);
            if let Some(inner) = secured.inner.as_mut().filter(|_| !secured.tls.is_torn(side)) {
                inner.ended(from, around);
            }
        }
    }

    /// Reads on where one direction waited for the other.
    pub(super) fn resume(&mut self, around: &mut Around<'_>) {
        let (_, mut env) = split(&self.ends, 0, around);
        match &mut self.protocol {
            Protocol::Http1(http) => {
                http.resume(&mut env);
                self.switch(around);
            }
            Protocol::Http2(http) => http.resume(&mut env),
            Protocol::Tls(secured) => {
                if let Some(inner) = &mut secured.inner {
                    inner.resume(around);
                }
            }
            _ => {}
        }
    }

    /// The end of the connection, or of what is known of it.
    pub(super) fn close(mut self, is_closed: bool, around: &mut Around<'_>) {
        while let Protocol::Http1(http) = &mut self.protocol {
            let (_, mut env) = split(&self.ends, 0, around);
            http.close(is_closed, &mut env);
            let before = self.switches;
            self.switch(around);
            if self.switches == before {
                return;
            }
        }
        if let Protocol::Tls(secured) = &mut self.protocol {
            let is_torn = [Side::Client, Side::Server].iter().any(|s| secured.tls.is_torn(*s));
            let all = around.keys.map(|keys| secured.tls.close(keys));
            self.opened(all.unwrap_or_default(), around);
            if let Protocol::Tls(secured) = self.protocol
                && let Some(inner) = secured.inner
            {
                inner.close(is_closed && !is_torn, around);
            }
            return;
        }
        let (_, mut env) = split(&self.ends, 0, around);
        match self.protocol {
            Protocol::Unknown(beginnings) => {
                if self.has_unread.contains(&true) || beginnings.iter().any(|b| !b.bytes.is_empty())
                {
                    env.lost(Loss::StreamNotHttp);
                }
            }
            Protocol::Http2(http) => http.close(&mut env),
            Protocol::WebSocket(socket) => socket.close(&mut env),
            Protocol::Http1(_) | Protocol::Tls(_) | Protocol::Other => {}
        }
    }

    /// Looks for the protocol in the beginnings of both directions.
    fn opening(&mut self, from: usize, bytes: &[u8], stamp: Stamp, around: &mut Around<'_>) {
        let Protocol::Unknown(beginnings) = &mut self.protocol else { return };
        let Some(beginning) = beginnings.get_mut(from) else { return };
        // In the middle of a message, perhaps, and this piece begins the next.
        if !self.ends.is_whole && !matches!(opening(bytes), Opening::Unclear | Opening::Other) {
            self.has_unread[from] |= !beginning.bytes.is_empty();
            *beginning = Beginning::default();
        }
        beginning.bytes.extend_from_slice(bytes);
        beginning.ends.push((beginning.bytes.len(), stamp));
        let so_far = &*beginning.bytes;
        let mut found = opening(so_far);
        let is_client = self.ends.client == Some(from);
        if found == Opening::Frames && self.ends.is_whole && !is_client {
            // The preface of the client may be a little late.
            found = Opening::Unclear;
        }
        if so_far.len() > OPENING && found == Opening::Unclear {
            found = Opening::Other;
        }
        match found {
            Opening::Unclear => {}
            Opening::Request => {
                self.begin(from, Protocol::Http1(Box::new(Http1::new(self.ends.is_whole))), around)
            }
            Opening::Response => {
                self.begin(
                    1 - from,
                    Protocol::Http1(Box::new(Http1::new(self.ends.is_whole))),
                    around,
                );
            }
            Opening::Preface => {
                self.begin(from, Protocol::Http2(Box::new(Http2::new(true))), around);
            }
            Opening::Frames => {
                let client = self.ends.client.or_else(|| http2::client(so_far, from));
                // By then the lower port is as good a sign as any.
                let [first, second] = self.ends.addresses;
                let lower = usize::from(first.port() < second.port());
                let client = client.or((so_far.len() > OPENING).then_some(lower));
                let Some(client) = client else { return };
                self.begin(client, Protocol::Http2(Box::new(Http2::new(false))), around);
            }
            Opening::Tls => self.secured(from, around),
            Opening::Other if self.ends.is_whole => {
                let is_over = so_far.len() > OPENING;
                // A malformed request, perhaps: what the server answers tells. It also tells when it
                // answered before in a way that was not clear.
                if !is_client || is_over || self.is_other(1 - from) {
                    self.other(Loss::StreamNotHttp, around);
                }
            }
            Opening::Other => {
                // In the middle of a message, perhaps: the next piece may begin one.
                *beginning = Beginning::default();
                self.has_unread[from] = true;
            }
        }
    }

    /// Whether a direction began with something that is not read.
    fn is_other(&self, from: usize) -> bool {
        let Protocol::Unknown(beginnings) = &self.protocol else { return false };
        let beginning = beginnings.get(from).map(|b| &*b.bytes);
        beginning.is_some_and(|bytes| !bytes.is_empty() && opening(bytes) == Opening::Other)
    }

    /// Reads TLS from its first message on, if there are secrets at all.
    fn secured(&mut self, from: usize, around: &mut Around<'_>) {
        let Protocol::Unknown(beginnings) = &self.protocol else { return };
        let so_far = beginnings.get(from).map(|b| &*b.bytes).unwrap_or_default();
        let has_keys = around.keys.is_some_and(Keys::has_any) && self.switches < SWITCHES;
        let is_server = self.ends.client.is_some_and(|client| client != from);
        match so_far {
            _ if !has_keys => self.other(Loss::StreamEncrypted, around),
            // The hello of the client may be a little late.
            _ if is_server && so_far.len() <= OPENING => {}
            [_, _, _, _, _] | [_, _, _, _] | [_, _, _] => {}
            [0x16, _, _, _, _, 1, ..] if !is_server => {
                self.begin(from, Protocol::Tls(Box::default()), around);
            }
            _ => self.other(Loss::StreamEncrypted, around),
        }
    }

    /// Reads what TLS protected.
    fn opened(&mut self, all: Vec<Out>, around: &mut Around<'_>) {
        let Protocol::Tls(secured) = &mut self.protocol else { return };
        if secured.inner.is_none()
            && let Some(about) = secured.tls.about()
        {
            let tls = Some(about.clone());
            let sure = Ends { has_unseen: false, is_eager: false, ..self.ends.clone() };
            let ends = Ends { is_whole: true, tls, ..sure };
            let inner = Self { switches: self.switches + 1, ..Self::new(ends) };
            secured.inner = Some(inner);
        }
        if let Some(inner) = &mut secured.inner {
            inner.ends.is_whole &= secured.tls.is_whole();
            inner.ends.has_unseen |= !secured.tls.is_whole();
            inner.ends.is_eager |= secured.tls.is_eager();
        }
        let client = self.ends.client.unwrap_or(0);
        let from = |side| if side == Side::Client { client } else { 1 - client };
        for out in all {
            match (out, &mut secured.inner) {
                (Out::Lost(loss), _) => around.out.push_back(Event::Lost(loss, around.packet)),
                (Out::Data(side, bytes, stamp), Some(inner)) => {
                    inner.data(from(side), &bytes, stamp, around);
                }
                (Out::Gap(side, bytes), Some(inner)) => inner.gap(from(side), bytes, around),
                (Out::Data(..) | Out::Gap(..), None) => {}
            }
        }
    }

    fn other(&mut self, loss: Loss, around: &mut Around<'_>) {
        let (_, mut env) = split(&self.ends, 0, around);
        env.lost(loss);
        self.protocol = Protocol::Other;
    }

    /// Goes on in a protocol with what came so far.
    fn begin(&mut self, client: usize, protocol: Protocol, around: &mut Around<'_>) {
        self.ends.client = Some(client);
        let before = std::mem::replace(&mut self.protocol, protocol);
        let Protocol::Unknown([first, second]) = before else { return };
        let (_, mut env) = split(&self.ends, client, around);
        for _ in self.has_unread.iter().filter(|has| **has) {
            env.lost(Loss::StreamBeginning);
        }
        self.has_unread = [false; 2];
        self.replay([first.pieces(), second.pieces()], around);
    }

    /// Reads pieces of both directions in the order they were captured.
    fn replay(&mut self, pieces: [Pieces; 2], around: &mut Around<'_>) {
        let [first, second] = pieces;
        let mut all: Vec<_> = first.into_iter().map(|piece| (0, piece)).collect();
        all.extend(second.into_iter().map(|piece| (1, piece)));
        all.sort_by_key(|(_, (_, stamp))| stamp.packet);
        for (from, (bytes, stamp)) in all {
            self.data(from, &bytes, stamp, around);
        }
    }

    /// Goes on in another protocol when HTTP/1 says so.
    fn switch(&mut self, around: &mut Around<'_>) {
        let Protocol::Http1(http) = &mut self.protocol else { return };
        let Some(switch) = http.take_switch() else { return };
        let client = self.ends.client.unwrap_or(0);
        let mut rest = [http.rest(Side::Client), http.rest(Side::Server)];
        if client == 1 {
            rest.swap(0, 1);
        }
        self.switches += 1;
        let (_, mut env) = split(&self.ends, 0, around);
        self.protocol = match switch {
            _ if self.switches > SWITCHES => {
                env.lost(Loss::StreamUpgraded);
                Protocol::Other
            }
            Switch::WebSocket(pair) => {
                let (asked, answered) = *pair;
                Protocol::WebSocket(Box::new(WebSocket::new(asked, answered, &env)))
            }
            Switch::Http2(asked) => Protocol::Http2(Box::new(Http2::upgraded(*asked))),
            Switch::Tunnel => Protocol::Unknown(Default::default()),
            Switch::Opaque => {
                env.lost(Loss::StreamUpgraded);
                Protocol::Other
            }
        };
        self.replay(rest, around);
    }
}

/// Who sent it, and what its protocol needs.
fn split<'a>(ends: &'a Ends, from: usize, around: &'a mut Around<'_>) -> (Side, Env<'a>) {
    let client = ends.client.unwrap_or(0);
    let side = if from == client { Side::Client } else { Side::Server };
    let [first, second] = around.waits;
    let waits = if client == 0 { [first, second] } else { [second, first] };
    let env = Env { limits: around.limits, ends, waits, packet: around.packet, out: around.out };
    (side, env)
}

fn opening(bytes: &[u8]) -> Opening {
    if http2::PREFACE.starts_with(bytes) {
        return if bytes.len() == http2::PREFACE.len() {
            Opening::Preface
        } else {
            Opening::Unclear
        };
    }
    if bytes.starts_with(http2::PREFACE) {
        return Opening::Preface;
    }
    // RFC 8446 §5.1: a handshake or application data, of TLS 1.0 to 1.3.
    match bytes {
        [0x16 | 0x17, 3, 0..=4, ..] => return Opening::Tls,
        [0x16 | 0x17] | [0x16 | 0x17, 3] => return Opening::Unclear,
        _ => {}
    }
    if http2::looks_like_frames(bytes) {
        return Opening::Frames;
    }
    match looks(bytes) {
        Looks::Request => Opening::Request,
        Looks::Response => Opening::Response,
        Looks::Unclear => Opening::Unclear,
        Looks::Other => Opening::Other,
    }
}
