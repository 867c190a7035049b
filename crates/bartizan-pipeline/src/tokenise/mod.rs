//! Exchanges whose values are replaced by others of the same shape: digits by digits, letters by
//! letters of the same case, everything else stays. Equal values become equal ones under one key, so
//! that traffic keeps its structure and loses its content.
//!
//! What stays readable is what looks like a name: of hosts, of routes in paths ([`words::is_route`]),
//! of services and methods of gRPC ([`words::is_call_name`]), of fields, parameters and members
//! ([`words::is_name`]), and words of a few header fields that say nothing about anybody. A plain word
//! that is a value in such a place (`/users/ada`, `{"ada": 1}`) cannot be told from a name while
//! traffic passes, and stays. A body that cannot be parsed as what it begins as is replaced from its
//! first byte to its last; bodies that are encoded, no text or of a kind that is not known are left
//! out. What the values alone tell (check digits, tokens, injections) is lost with them.

mod body;
mod head;
mod markup;
mod words;

#[cfg(test)]
mod hostile_tests;
#[cfg(test)]
mod tests;

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use bartizan_model::{BodyState, Exchange, ExchangeId, HashKey};

use self::words::Stream;

/// Replaces the values of exchanges under one key.
#[derive(Clone, Debug)]
pub struct Tokeniser {
    key: HashKey,
}

impl Tokeniser {
    /// Under a key derived from the organisation's.
    #[must_use]
    pub fn new(key: &HashKey) -> Self {
        Self { key: key.derive("tokenised exchanges") }
    }

    /// Replaces every value of an exchange.
    pub fn exchange(&self, exchange: &mut Exchange) {
        exchange.id = ExchangeId::from_text(self.id(exchange.id.as_str()));
        let client = &mut exchange.client;
        client.ip = client.ip.map(|ip| self.address(ip));
        client.port = None;
        client.user = client.user.take().map(|user| self.text(&user));
        client.certificate_subject = client.certificate_subject.take().map(|s| self.text(&s));
        client.ja4 = client.ja4.take().map(|ja4| self.words(&ja4));
        for name in [
            &mut exchange.environment,
            &mut exchange.protocol,
            &mut exchange.source,
            &mut exchange.upstream,
            &mut exchange.caller,
            &mut exchange.callee,
        ] {
            *name = name.take().map(|name| self.words(&name));
        }
        exchange.request_id = exchange.request_id.take().map(|id| self.id(&id));
        exchange.connection_id = exchange.connection_id.take().map(|id| self.words(&id));
        if let Some(sni) = exchange.tls.as_mut().and_then(|tls| tls.sni.as_mut()) {
            *sni = self.words(sni);
        }
        let request = &mut exchange.request;
        request.authority = self.words(&request.authority);
        let media = request.headers.media_type();
        let is_call = words::is_grpc(&media) && request.method == "POST";
        request.method = self.words(&request.method);
        request.target =
            if is_call { self.call_target(&request.target) } else { self.target(&request.target) };
        let is_encoded = request.headers.contains("content-encoding");
        self.headers(&mut request.headers);
        self.headers(&mut request.trailers);
        self.body(&media, is_encoded, &mut request.body, &mut request.body_state);
        if let Some(response) = &mut exchange.response {
            let media = response.headers.media_type();
            let is_encoded = response.headers.contains("content-encoding");
            self.headers(&mut response.headers);
            self.body(&media, is_encoded, &mut response.body, &mut response.body_state);
        }
        self.headers(&mut exchange.trailers);
        for message in &mut exchange.messages {
            let mut state = BodyState::Complete;
            let media = if message.text { "text/plain" } else { "" };
            self.body(media, false, &mut message.data, &mut state);
        }
    }

    /// One value.
    #[must_use]
    pub fn text(&self, value: &str) -> String {
        let mut out = String::with_capacity(value.len());
        self.push(&mut out, value);
        out
    }

    fn push(&self, out: &mut String, value: &str) {
        let mut stream = Stream::of(&self.key, value);
        out.extend(value.chars().map(|ch| stream.replace(ch)));
    }

    /// Ids that we make stay: they say nothing and join the capture to the log.
    fn id(&self, id: &str) -> String {
        let is_ours = id.len() == 32 && id.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'));
        if is_ours { id.to_owned() } else { self.text(id) }
    }

    /// An address of the same network (IPv4 /24, IPv6 /48); different ones stay different.
    fn address(&self, ip: IpAddr) -> IpAddr {
        let network = bartizan_model::redact::network_of(ip);
        let mask = self.key.hash("address", network.to_string().as_bytes()).0;
        match ip.to_canonical() {
            IpAddr::V4(v4) => {
                let [a, b, c, d] = v4.octets();
                Ipv4Addr::new(a, b, c, d ^ mask[0]).into()
            }
            IpAddr::V6(v6) => {
                let mut octets = v6.octets();
                octets[6..].iter_mut().zip(mask).for_each(|(octet, mask)| *octet ^= mask);
                Ipv6Addr::from(octets).into()
            }
        }
    }
}
