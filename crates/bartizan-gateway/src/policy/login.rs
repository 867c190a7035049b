//! Defence of logins: guesses are counted by address and account, and slowed down, made dear, and ended.

use std::{net::IpAddr, path::PathBuf};

use bartizan_analysis::detectors::login::{is_reset, path_words};
use bartizan_model::{
    HashKey, KeyedHash, Mode,
    counters::{Pace, Rate, Window},
};
use http::StatusCode;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use self::{breached::Breached, names::folded, reading::Read};
use super::{
    PolicyItem,
    challenge::{Challenge, ChallengeConfig},
    config::Problem,
    identity::{of_address, of_network},
    rate::throttled,
    readings::Amount,
    record::Refusal,
};

mod asking;
mod breached;
mod documents;
mod names;
mod reading;

pub(super) use asking::{amount, ask};
pub(crate) use asking::{answered, ended, may_ask};

const SECOND: u64 = 1_000_000_000;
/// How long an address that logged in to an account is known to it.
const FAMILIAR: u64 = 30 * 86_400 * SECOND;
/// How much of a request is read.
const READ: Amount = Amount::new(128 * 1024, 2_000_000);
/// How many times as often as an address a network of IPv6 may fail.
const NETWORK: u32 = 16;
/// Most names of fields.
const FIELDS: usize = 32;

/// The kind.
pub static ITEM: PolicyItem = PolicyItem {
    kind: "login",
    title: "Defence of logins",
    mode: Mode::Monitor,
    documentation: "\
Counts failed logins by address (IPv6 by /64, and 16 times as many by /48) and by account, whatever addresses they come from, each within a \
sliding window. After `challenge_after` failures of either, an attempt has to solve a challenge (403, see `challenge`); after \
`address_failures` the address is refused, after `account_failures` the account is locked (429 with `Retry-After`, and \
the same text for both, so that nobody learns which accounts there are: accounts that do not exist lock too). A lock \
ends when the failures are older than the window, or when an operator ends it (`POST /api/v1/logins/unlock`). Whoever comes \
from an address from which that account was logged in to within 30 days, with the password that was right then, gets past \
its lock and past the challenge that others have caused: nobody can lock an owner out from elsewhere, and nobody guesses from where an owner is. \
A success clears nothing: whoever guesses may have an account too, and an owner who logs in must not give others new tries.

Every account that a request names counts, and every try at it: members that are there twice, lists, batches, aliases of \
GraphQL, parameters of the query. A request of more than 16 accounts, and one that cannot be looked at to its end or that servers may \
read in several ways, is refused (400, `login-not-readable`): an account could hide in it. Where an account is named in several ways, \
each counts by itself; the id of a client of OAuth only where no user is named. Is a tenant named beside the user, `account_fields` says \
which field is the user.

Attempts are found by what they look like (`operations: found`): a method that may change something, their own or one that \
they name, a path with a word of logins (`login`, `signin`, \
`token`, `session`, …) and none of other operations with passwords (`register`, `logout`, …), and a field for an account or a \
password in a JSON, form, multipart or XML body. `operations: all` takes everything in the scope. An attempt under way counts as failed until it is \
answered, so that a thousand at once are counted like a thousand one after the other; it counts on if the client does not wait for the answer, and not if the upstream was never reached. What is a failure \
the status tells (`failure_statuses`); one that is told with 200 is not seen.

Requests with a word of lost passwords in their path (`reset`, `forgot`, `recover`, …) and an account in their body may come \
`resets_per_hour` times for each account.

`breached` names a file of leaked passwords: hexadecimal SHA-1, or the first 10 digits or more of it, one a line, with anything behind a \
colon, up to 64 MiB; an attempt with one of them has to solve a challenge. Passwords leave no trace but that.

Accounts are compared without case, space, accents and what cannot be seen, as keyed hashes, in memory: a restart forgets failures \
and locks. There are 16384 counters of failures; those of whom nothing is counted go first, and while one had to go that still \
counted, who is not known has to solve a challenge. Of a body 128 KiB are read within 2 milliseconds; where no account is found, \
as in gRPC, attempts count by address only. Credentials in `Authorization: Basic` are not looked at.",
    examples: &[
        "\
name: logins
mode: enforce
login: {}
",
        "\
name: partner-logins
mode: enforce
scope: {paths: [/partners/enter], methods: [POST]}
login: {operations: all, account_fields: [partner_no], account_failures: 5}
",
    ],
};

/// Settings of the defence of logins.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct LoginConfig {
    /// Which requests of the scope are attempts to log in.
    pub operations: Operations,
    /// Names of fields that hold the account, up to 32. Default: those that are known to.
    pub account_fields: Vec<String>,
    /// How long failures count, in seconds, 60 to 86400.
    pub window_seconds: u32,
    /// Failures after which an address is refused.
    pub address_failures: u32,
    /// Failures after which an account is locked.
    pub account_failures: u32,
    /// Failures after which a challenge has to be solved; 0 for never.
    pub challenge_after: u32,
    /// Zero bits to find in a challenge, 8 to 28.
    pub challenge_bits: u8,
    /// Password resets for an account in an hour; 0 for any number.
    pub resets_per_hour: u32,
    /// Statuses that tell of a failure.
    pub failure_statuses: Vec<u16>,
    /// A file of leaked passwords.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub breached: Option<PathBuf>,
}

impl Default for LoginConfig {
    fn default() -> Self {
        Self {
            operations: Operations::Found,
            account_fields: Vec::new(),
            window_seconds: 600,
            address_failures: 5,
            account_failures: 10,
            challenge_after: 3,
            challenge_bits: ChallengeConfig::default().bits,
            resets_per_hour: 5,
            failure_statuses: vec![400, 401, 403, 404, 422, 423, 429],
            breached: None,
        }
    }
}

/// Which requests are attempts to log in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Operations {
    /// Those that look like it.
    #[default]
    Found,
    /// All of the scope.
    All,
}

/// What a request may be, by its head.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Asks {
    Login,
    Reset,
}

/// A compiled defence of logins.
#[derive(Debug)]
pub(crate) struct Login {
    config: LoginConfig,
    by_address: Pace,
    by_network: Pace,
    by_account: Pace,
    resets: Option<Pace>,
    familiar: Pace,
    challenge: Challenge,
    breached: Option<Breached>,
    amount: Amount,
    key: HashKey,
}

impl Login {
    pub(crate) fn compile(
        name: &str,
        config: &LoginConfig,
        key: &HashKey,
    ) -> Result<Self, Problem> {
        if !(60..=86_400).contains(&config.window_seconds) {
            return Err(Problem::new("window_seconds", "expected 60 to 86400"));
        }
        let period = u64::from(config.window_seconds) * SECOND;
        let window = |key: &str, failures: u32| {
            let window = Window::new(u64::from(failures), period).map(Pace::Window);
            window.ok_or_else(|| Problem::new(key, "0 would let nobody in"))
        };
        let by_address = window("address_failures", config.address_failures)?;
        let by_network = config.address_failures.saturating_mul(NETWORK);
        let by_network = window("address_failures", by_network)?;
        let by_account = window("account_failures", config.account_failures)?;
        if config.account_fields.len() > FIELDS {
            return Err(Problem::new("account_fields", format!("more than {FIELDS} names")));
        }
        let statuses = &config.failure_statuses;
        if let Some(at) = statuses.iter().position(|status| !(200..600).contains(status)) {
            let key = format!("failure_statuses.{at}");
            return Err(Problem::new(key, "expected 200 to 599"));
        }
        let resets = Window::new(u64::from(config.resets_per_hour), 3_600 * SECOND);
        let familiar = Rate::new(1, FAMILIAR, 1).map(Pace::Steady);
        let familiar = familiar.ok_or_else(|| Problem::new("", "cannot be counted with"))?;
        let asked = ChallengeConfig { bits: config.challenge_bits, ..ChallengeConfig::default() };
        // Changed numbers begin anew: a key is only ever used with one pace.
        let paces = format!("{by_address:?} {by_account:?} {resets:?}");
        let key = key.derive(&format!("login {name} {paces}"));
        let challenge = Challenge::compile(name, &asked, &key).map_err(|problem| {
            Problem::new(format!("challenge_{}", problem.key), problem.problem)
        })?;
        Ok(Self {
            by_address,
            by_network,
            by_account,
            resets: resets.map(Pace::Window),
            familiar,
            challenge,
            breached: config.breached.as_deref().map(Breached::read).transpose()?,
            amount: READ,
            key,
            config: config.clone(),
        })
    }

    /// What a request may be, by its path and whether it may change something: nobody logs in with what does not.
    fn asks(&self, may_change: bool, path: &str) -> Option<Asks> {
        if may_change && self.resets.is_some() && is_reset(path) {
            return Some(Asks::Reset);
        }
        let is_login = match self.config.operations {
            Operations::All => true,
            Operations::Found => may_change && path_words(path) == (true, false),
        };
        is_login.then_some(Asks::Login)
    }

    /// The same for all paths that a server may take it for.
    fn all_asked(&self, may_change: bool, paths: &[String]) -> Vec<Asks> {
        let asked: Vec<_> = paths.iter().filter_map(|path| self.asks(may_change, path)).collect();
        [Asks::Reset, Asks::Login].into_iter().filter(|asks| asked.contains(asks)).collect()
    }

    /// Under what failures of an address are counted: of its own, and of its network where one subscriber has many.
    fn origins(&self, address: IpAddr) -> Vec<(KeyedHash, Pace)> {
        let own = (self.key.hash("address", &of_address(address)), self.by_address);
        let network = address.to_canonical().is_ipv6();
        let network =
            network.then(|| (self.key.hash("network", &of_network(address)), self.by_network));
        std::iter::once(own).chain(network).collect()
    }

    fn account(&self, account: &str) -> KeyedHash {
        self.key.hash("account", account.as_bytes())
    }

    /// Under what it is kept that an address has logged in with this. Nothing less would do: the upstream may have
    /// taken another account of several, or looked at something else than the password.
    fn known(&self, read: &Read, address: IpAddr) -> Option<KeyedHash> {
        if read.passwords.is_empty() || read.tries() > 1 || read.refused.is_some() {
            return None;
        }
        let mut bytes = zeroize::Zeroizing::new(of_address(address).to_vec());
        let accounts = read.accounts().map(|(account, _)| account.as_bytes());
        let passwords = read.passwords.iter().map(|password| password.as_bytes());
        for part in accounts.chain([&b""[..]]).chain(passwords) {
            bytes.extend_from_slice(&(part.len() as u64).to_le_bytes());
            bytes.extend_from_slice(part);
        }
        Some(self.key.hash("known", &bytes))
    }

    /// Under what failures of an account are counted, and how; whoever names it may write it in any case.
    pub(crate) fn lock_of(&self, account: &str) -> (KeyedHash, Pace) {
        (self.account(&folded(account)), self.by_account)
    }

    /// The same for addresses and accounts, so that it does not tell which there are.
    fn refusal(reason: &'static str, retry_nanos: u64) -> Refusal {
        let title = "too many failed attempts; try again later";
        let refusal = Refusal::deny(StatusCode::TOO_MANY_REQUESTS, "login-throttled", title);
        throttled(refusal.because(reason), retry_nanos.div_ceil(SECOND))
    }

    fn unreadable(reason: &'static str) -> Refusal {
        let title = "this cannot be read as one attempt to log in";
        Refusal::deny(StatusCode::BAD_REQUEST, "login-not-readable", title).because(reason)
    }

    fn reset_refusal(retry_nanos: u64) -> Refusal {
        let title = "too many requests of this kind; try again later";
        let refusal = Refusal::deny(StatusCode::TOO_MANY_REQUESTS, "reset-limited", title);
        throttled(refusal, retry_nanos.div_ceil(SECOND))
    }
}

/// What stands for an account where its name must not be kept.
pub(crate) fn account_hash(key: &HashKey, account: &str) -> KeyedHash {
    key.derive("login accounts").hash("account", folded(account).as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn compile(config: &LoginConfig) -> Result<Login, Problem> {
        Login::compile("a", config, &HashKey::new([1; 32]))
    }

    #[test]
    fn attempts_are_known_by_their_heads() {
        let found = compile(&LoginConfig::default()).expect("compiles");
        let all = LoginConfig { operations: Operations::All, ..LoginConfig::default() };
        let all = compile(&all).expect("compiles");
        for (may_change, path, asks) in [
            (true, "/auth/login", Some(Asks::Login)),
            (true, "/v1/sessions", Some(Asks::Login)),
            (false, "/auth/login", None),
            (true, "/auth/logout", None),
            (true, "/auth/register", None),
            (true, "/v1/orders", None),
            (true, "/auth/password/reset", Some(Asks::Reset)),
            (true, "/forgot-password", Some(Asks::Reset)),
        ] {
            assert_eq!(found.asks(may_change, path), asks, "{may_change} {path}");
        }
        assert_eq!(all.asks(true, "/enter"), Some(Asks::Login));
        let paths = ["/forgot".to_owned(), "/auth/login".to_owned(), "/login".to_owned()];
        assert_eq!(found.all_asked(true, &paths), [Asks::Reset, Asks::Login]);
    }

    #[test]
    fn what_makes_no_sense_is_refused() {
        let default = LoginConfig::default;
        for (config, key) in [
            (LoginConfig { window_seconds: 59, ..default() }, "window_seconds"),
            (LoginConfig { address_failures: 0, ..default() }, "address_failures"),
            (LoginConfig { account_failures: 0, ..default() }, "account_failures"),
            (LoginConfig { challenge_bits: 40, ..default() }, "challenge_bits"),
            (LoginConfig { failure_statuses: vec![401, 99], ..default() }, "failure_statuses.1"),
            (LoginConfig { breached: Some("/nonexistent/x".into()), ..default() }, "breached"),
        ] {
            let problem = compile(&config).err();
            assert_eq!(problem.map(|p| p.key), Some(key.to_owned()), "{config:?}");
        }
    }
}
