//! What tells where a client runs.

use bartizan_model::{ClientKind, ClientTold};

use super::{Call, told::Told};
use crate::{catalog::NetworkKind, identity::Nature};

/// Words of the subject of a device's certificate.
const DEVICE_WORDS: [&str; 6] = ["device", "sensor", "meter", "camera", "thermostat", "iot"];
/// Longest subject that is looked at.
const MOST_SUBJECT: usize = 512;

/// One thing that tells where a client runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Sign {
    /// The address is in a network that the configuration says is a partner's.
    PartnerNetwork,
    /// The subject of its certificate names a device.
    DeviceSubject,
    /// The user agent is firmware.
    DeviceAgent,
    /// It asked for a token of its own.
    ClientCredentials,
    /// Its token is its own.
    OwnSubject,
    /// The user agent is an app's.
    MobileAgent,
    /// It sends `Sec-Fetch-*`, which scripts in a browser cannot set.
    FetchMetadata,
    /// A browser by its user agent, with an `Origin`.
    BrowserOrigin,
    /// A browser by its user agent, with `Accept-Language`.
    BrowserLanguage,
    /// The user agent is a library's.
    LibraryAgent,
}

/// How many signs there are.
pub(super) const SIGNS: usize = Sign::ALL.len();

impl Sign {
    /// In the order in which they decide.
    pub const ALL: [Self; 10] = [
        Self::PartnerNetwork,
        Self::DeviceSubject,
        Self::DeviceAgent,
        Self::ClientCredentials,
        Self::OwnSubject,
        Self::MobileAgent,
        Self::FetchMetadata,
        Self::BrowserOrigin,
        Self::BrowserLanguage,
        Self::LibraryAgent,
    ];

    /// What it tells.
    #[must_use]
    pub const fn kind(self) -> ClientKind {
        match self {
            Self::PartnerNetwork => ClientKind::Partner,
            Self::DeviceSubject | Self::DeviceAgent => ClientKind::Device,
            Self::ClientCredentials | Self::OwnSubject | Self::LibraryAgent => ClientKind::Server,
            Self::MobileAgent => ClientKind::Mobile,
            Self::FetchMetadata | Self::BrowserOrigin | Self::BrowserLanguage => {
                ClientKind::Browser
            }
        }
    }

    /// For people.
    #[must_use]
    pub const fn reason(self) -> &'static str {
        match self {
            Self::PartnerNetwork => "from a network of a partner",
            Self::DeviceSubject => "its certificate names a device",
            Self::DeviceAgent => "its user agent is firmware",
            Self::ClientCredentials => "asks for tokens of its own (client_credentials)",
            Self::OwnSubject => "its tokens are its own and name no user",
            Self::MobileAgent => "its user agent is that of an app on a phone",
            Self::FetchMetadata => "sends Sec-Fetch-* as browsers do",
            Self::BrowserOrigin => "a browser by its user agent, with Origin",
            Self::BrowserLanguage => "a browser by its user agent, with Accept-Language",
            Self::LibraryAgent => "its user agent is a library for programs",
        }
    }
}

/// A set of signs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Signs(u16);

impl Signs {
    fn add(&mut self, sign: Sign, is_there: bool) {
        self.0 |= u16::from(is_there) << sign as u8;
    }

    pub(super) const fn has(self, sign: Sign) -> bool {
        self.0 >> sign as u8 & 1 == 1
    }
}

/// What an exchange tells. Header fields are looked for only where a browser may have sent them.
pub(super) fn of(call: &Call<'_>, token: Option<&Told>, machine: bool) -> Signs {
    let exchange = call.facts.exchange;
    let networks = &call.facts.snapshot.catalog.networks;
    let mut signs = Signs::default();
    let partner = exchange.client.ip.is_some_and(|ip| networks.kind(ip) == NetworkKind::Partner);
    signs.add(Sign::PartnerNetwork, partner);
    signs.add(Sign::ClientCredentials, machine);
    signs.add(Sign::OwnSubject, token.is_some_and(|token| token.own));
    match call.caller.agent.map(|agent| agent.nature) {
        Some(Nature::Device) => signs.add(Sign::DeviceAgent, true),
        Some(Nature::Mobile) => signs.add(Sign::MobileAgent, true),
        Some(Nature::Library) => signs.add(Sign::LibraryAgent, true),
        Some(Nature::Browser) => {
            let headers = &exchange.request.headers;
            signs.add(Sign::FetchMetadata, headers.contains("sec-fetch-mode"));
            signs.add(Sign::BrowserOrigin, headers.contains("origin"));
            signs.add(Sign::BrowserLanguage, headers.contains("accept-language"));
        }
        Some(Nature::Other) | None => {}
    }
    signs
}

/// Whether a certificate is that of a device, by its subject.
pub(super) fn is_device(call: &Call<'_>, by: ClientTold) -> bool {
    let subject = call.facts.exchange.client.certificate_subject.as_deref();
    let Some(subject) = subject.filter(|_| by == ClientTold::Certificate) else { return false };
    let start = subject.get(..subject.floor_char_boundary(MOST_SUBJECT)).unwrap_or_default();
    let mut words = start.split(|c: char| !c.is_ascii_alphabetic());
    words.any(|word| DEVICE_WORDS.iter().any(|known| word.eq_ignore_ascii_case(known)))
}
