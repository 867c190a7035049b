//! Challenges: work that a client has to do before it is let in, cheap for one request and dear for many.

use std::{
    net::IpAddr,
    sync::atomic::{AtomicU64, Ordering::Relaxed},
};

use bartizan_model::{
    Action, HashKey, KeyedHash, Mode, Timestamp,
    counters::{Pace, Rate},
};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use super::{
    PolicyItem,
    config::Problem,
    identity::{Identity, of_address},
    record::Refusal,
};

/// Where the challenge is told.
const ASKED: HeaderName = HeaderName::from_static("challenge");
/// Where the solution is sent.
const SOLVED: HeaderName = HeaderName::from_static("challenge-response");
/// Bytes of what is signed: expiry, bits, a number used once.
const SIGNED: usize = 8 + 1 + 16;
/// Bytes of the signature.
const SIGNATURE: usize = 16;
/// Longest number that a client may find, in characters.
const FOUND: usize = 32;
const SECOND: u64 = 1_000_000_000;

/// The kind.
pub static ITEM: PolicyItem = PolicyItem {
    kind: "challenge",
    title: "Challenges",
    mode: Mode::Monitor,
    documentation: "\
Answers requests without a solved challenge with 403 and a field `Challenge: sha-256;bits=18;token=\"…\"`. The client \
looks for a text of up to 32 letters and digits so that the SHA-256 of the token, a dot and that text begins with so many \
zero bits, and asks again with `Challenge-Response: TOKEN.TEXT`. With 18 bits that takes 262144 tries on average, about \
a second in a browser; each bit more doubles it. To check one takes two hashes.

A token is signed, counts for the address that it was given to (IPv6 by /64), for one path (decoded, without query) and \
one policy, for `seconds` at most, and once: its number is kept where rates are counted. Whoever is identified is not asked unless \
`identified: true`. It keeps out what asks in bulk and does not run a program of its own for it; it does not tell people from \
machines.

A `login` policy asks the same way where guesses are suspected.",
    examples: &["\
name: coupons
mode: enforce
scope: {paths: [/v1/vouchers/*]}
challenge: {bits: 18}
"],
};

/// Settings of a challenge.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct ChallengeConfig {
    /// Zero bits to find, 8 to 28.
    pub bits: u8,
    /// Seconds within which a challenge is to be solved and used, 10 to 3600.
    pub seconds: u32,
    /// Whether those who are identified are asked too.
    pub identified: bool,
}

impl Default for ChallengeConfig {
    fn default() -> Self {
        Self { bits: 18, seconds: 300, identified: false }
    }
}

/// Who is asked to solve a challenge, and for what.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Asked<'a> {
    pub(crate) address: IpAddr,
    /// The path in one form; empty where it has none.
    pub(crate) path: &'a str,
    pub(crate) now: Timestamp,
}

/// A compiled challenge.
#[derive(Debug)]
pub(crate) struct Challenge {
    config: ChallengeConfig,
    key: HashKey,
    once: Pace,
    /// Tells tokens apart where there is no randomness.
    given: AtomicU64,
}

impl Challenge {
    pub(crate) fn compile(
        name: &str,
        config: &ChallengeConfig,
        key: &HashKey,
    ) -> Result<Self, Problem> {
        if !(8..=28).contains(&config.bits) {
            return Err(Problem::new("bits", "expected 8 to 28"));
        }
        if !(10..=3_600).contains(&config.seconds) {
            return Err(Problem::new("seconds", "expected 10 to 3600"));
        }
        // A second more: what is kept must not end before the token does.
        let once = Rate::new(1, (u64::from(config.seconds) + 1) * SECOND, 1);
        let once = once.ok_or_else(|| Problem::new("seconds", "cannot be counted with"))?;
        let (config, once) = (*config, Pace::Steady(once));
        let key = key.derive(&format!("challenge {name}"));
        Ok(Self { config, key, once, given: AtomicU64::new(0) })
    }

    /// Whether somebody who is identified so has to solve one.
    pub(crate) fn is_for(&self, identities: &[Identity]) -> bool {
        self.config.identified || identities.is_empty()
    }

    /// Under what the use of a solved challenge is kept, and how: it has to be the first one. `Err` says why it
    /// is none.
    pub(crate) fn solved(
        &self,
        fields: &HeaderMap,
        asked: &Asked<'_>,
    ) -> Result<(KeyedHash, Pace), &'static str> {
        let mut sent = fields.get_all(&SOLVED).iter();
        let Some(text) = sent.next() else { return Err("challenge-unsolved") };
        if sent.next().is_some() {
            return Err("challenge-several");
        }
        let Some((token, found)) = text.to_str().ok().and_then(|text| text.split_once('.')) else {
            return Err("challenge-malformed");
        };
        let is_found = |b: u8| b.is_ascii_alphanumeric();
        // A text that is longer than a token is refused before it is decoded.
        let mut bytes = [0; 2 * (SIGNED + SIGNATURE)];
        let is_whole = token.len() == (SIGNED + SIGNATURE).div_ceil(3) * 4 - 1
            && URL_SAFE_NO_PAD.decode_slice(token, &mut bytes) == Ok(SIGNED + SIGNATURE);
        if !is_whole || found.is_empty() || found.len() > FOUND || !found.bytes().all(is_found) {
            return Err("challenge-malformed");
        }
        let (signed, signature) = bytes[..SIGNED + SIGNATURE].split_at(SIGNED);
        // Compared as keyed hashes: how long that takes says nothing.
        let known = blake3::keyed_hash(self.key.expose(), signature);
        if known != blake3::keyed_hash(self.key.expose(), &self.signature(signed, asked)) {
            return Err("challenge-not-ours");
        }
        let mut expiry = [0; 8];
        expiry.copy_from_slice(&signed[..8]);
        if i64::from_le_bytes(expiry) <= asked.now.seconds() {
            return Err("challenge-late");
        }
        let digest = Sha256::digest(format!("{token}.{found}").as_bytes());
        if zero_bits(&digest) < u32::from(signed[8]) {
            return Err("challenge-wrong");
        }
        Ok((self.key.hash("used", signed), self.once))
    }

    /// The refusal that asks for a solution.
    pub(crate) fn refusal(&self, reason: &'static str, asked: &Asked<'_>) -> Refusal {
        let title = "solve the challenge and ask again";
        let mut refusal = Refusal::deny(StatusCode::FORBIDDEN, "challenge-required", title);
        refusal.action = Action::Challenge;
        let bits = self.config.bits;
        let value = format!("sha-256;bits={bits};token=\"{}\"", self.token(asked));
        let refusal = match HeaderValue::try_from(value) {
            Ok(value) => refusal.with(ASKED, value),
            Err(_) => refusal,
        };
        let how = format!(
            "find TEXT so that SHA-256 of \"TOKEN.TEXT\" begins with {bits} zero bits, and send \
             Challenge-Response: TOKEN.TEXT"
        );
        refusal.because(reason).with_detail(how)
    }

    fn token(&self, asked: &Asked<'_>) -> String {
        let mut bytes = [0; SIGNED + SIGNATURE];
        let expiry = asked.now.seconds().saturating_add(i64::from(self.config.seconds));
        bytes[..8].copy_from_slice(&expiry.to_le_bytes());
        bytes[8] = self.config.bits;
        // Nobody can make a token by guessing it, as it is signed; the number only tells it from others.
        let _ = getrandom::fill(&mut bytes[9..17]);
        bytes[17..SIGNED].copy_from_slice(&self.given.fetch_add(1, Relaxed).to_le_bytes());
        let signature = self.signature(&bytes[..SIGNED], asked);
        bytes[SIGNED..].copy_from_slice(&signature);
        URL_SAFE_NO_PAD.encode(bytes)
    }

    fn signature(&self, signed: &[u8], asked: &Asked<'_>) -> [u8; SIGNATURE] {
        let mut hasher = blake3::Hasher::new_keyed(self.key.expose());
        // Both have one length, so that nothing runs together.
        hasher.update(signed);
        hasher.update(&of_address(asked.address));
        hasher.update(asked.path.as_bytes());
        let mut out = [0; SIGNATURE];
        out.copy_from_slice(&hasher.finalize().as_bytes()[..SIGNATURE]);
        out
    }
}

/// Zero bits at the beginning.
fn zero_bits(bytes: &[u8]) -> u32 {
    let mut bits = 0;
    for byte in bytes {
        bits += byte.leading_zeros();
        if *byte != 0 {
            break;
        }
    }
    bits
}

/// Solves a challenge, as a client does.
#[cfg(test)]
pub(crate) fn solve(asked: &str) -> String {
    let (head, token) = asked.split_once(";token=\"").expect("a token");
    let bits: u32 = head.split_once("bits=").expect("bits").1.parse().expect("a number");
    let token = token.trim_end_matches('"');
    let solves = |n: &u64| zero_bits(&Sha256::digest(format!("{token}.{n}").as_bytes())) >= bits;
    format!("{token}.{}", (0..1 << 24).find(solves).expect("a solution"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn challenge(name: &str, bits: u8) -> Challenge {
        let config = ChallengeConfig { bits, ..ChallengeConfig::default() };
        Challenge::compile(name, &config, &HashKey::new([1; 32])).expect("compiles")
    }

    fn asked(address: &str, path: &'static str, now: i64) -> Asked<'static> {
        let address = address.parse().expect("an address");
        Asked { address, path, now: Timestamp::from_seconds(now) }
    }

    fn told(challenge: &Challenge, asked: &Asked<'_>) -> String {
        let refusal = challenge.refusal("challenge-unsolved", asked);
        assert_eq!((refusal.status.as_u16(), refusal.action), (403, Action::Challenge));
        refusal.fields[0].1.to_str().expect("text").to_owned()
    }

    fn sent(text: &str) -> HeaderMap {
        HeaderMap::from_iter([(SOLVED, HeaderValue::from_str(text).expect("a value"))])
    }

    #[test]
    fn a_solution_counts_for_one_client_path_policy_and_time() {
        let ours = challenge("a", 8);
        let here = asked("192.0.2.1", "/a", 1_000);
        let solution = solve(&told(&ours, &here));
        let check = |challenge: &Challenge, asked: &Asked<'_>| {
            challenge.solved(&sent(&solution), asked).map(|_| ())
        };
        assert_eq!(check(&ours, &here), Ok(()));
        assert_eq!(check(&ours, &asked("192.0.2.1", "/a", 1_299)), Ok(()));
        for (what, elsewhere, reason) in [
            ("another address", asked("192.0.2.2", "/a", 1_000), "challenge-not-ours"),
            ("another path", asked("192.0.2.1", "/b", 1_000), "challenge-not-ours"),
            ("too late", asked("192.0.2.1", "/a", 1_300), "challenge-late"),
        ] {
            assert_eq!(check(&ours, &elsewhere), Err(reason), "{what}");
        }
        assert_eq!(check(&challenge("b", 8), &here), Err("challenge-not-ours"));
    }

    #[test]
    fn each_token_is_used_under_one_name() {
        let ours = challenge("a", 8);
        let here = asked("192.0.2.1", "/a", 1_000);
        let key = |text: &str| ours.solved(&sent(text), &here).expect("solved").0;
        let (first, second) = (solve(&told(&ours, &here)), solve(&told(&ours, &here)));
        assert_ne!(key(&first), key(&second));
        // Another solution of the same token is the same use.
        let token = first.split_once('.').expect("two parts").0;
        let solves = |n: &u64| ours.solved(&sent(&format!("{token}.0{n}")), &here).is_ok();
        let other = (0..1 << 20).find(solves).expect("another solution");
        assert_eq!(key(&first), key(&format!("{token}.0{other}")));
    }

    #[test]
    fn what_was_not_worked_for_is_refused() {
        let ours = challenge("a", 20);
        let here = asked("192.0.2.1", "/a", 1_000);
        let told = told(&ours, &here);
        let token = told.split('"').nth(1).expect("a token");
        let long = format!("{token}.{}", "a".repeat(FOUND + 1));
        let huge = format!("{}.1", "A".repeat(10_000));
        for (text, reason) in [
            (&*format!("{token}.0"), "challenge-wrong"),
            (&long, "challenge-malformed"),
            (&huge, "challenge-malformed"),
            (token, "challenge-malformed"),
            (&format!("{token}."), "challenge-malformed"),
            (&format!("{token}.a-b"), "challenge-malformed"),
            ("", "challenge-malformed"),
        ] {
            let refused = ours.solved(&sent(text), &here).err();
            assert_eq!(refused, Some(reason), "{text}");
        }
        // Fewer bits than were asked for: they are signed too.
        let mut easier = URL_SAFE_NO_PAD.decode(token).expect("base64");
        easier[8] = 0;
        let easier = format!("{}.0", URL_SAFE_NO_PAD.encode(easier));
        assert_eq!(ours.solved(&sent(&easier), &here).err(), Some("challenge-not-ours"));
        let mut twice = sent("a.b");
        twice.append(SOLVED, HeaderValue::from_static("a.b"));
        assert_eq!(ours.solved(&twice, &here).err(), Some("challenge-several"));
    }

    #[test]
    fn what_is_out_of_range_is_refused() {
        for (bits, seconds, key) in [(7, 300, "bits"), (29, 300, "bits"), (18, 9, "seconds")] {
            let config = ChallengeConfig { bits, seconds, identified: false };
            let problem = Challenge::compile("a", &config, &HashKey::new([1; 32])).err();
            assert_eq!(problem.map(|p| p.key), Some(key.to_owned()));
        }
    }
}
