//! Detectors: requests that are attacks by what they say, before anything of them goes on.

use std::sync::{Arc, LazyLock};

use bartizan_analysis::{
    Snapshot,
    detectors::{DETECTORS, DetectorItem},
    judge::{DENY_SCORE, RequestJudgement, judge_request, score},
};
use bartizan_model::{
    Exchange, HashKey, Mode, Scope, Side,
    limits::{NotInspected, NotInspectedReason},
};
use bartizan_protocols::{Decoded, Pace};
use http::StatusCode;
use rustix::time::{ClockId, clock_gettime};
use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};

use super::{
    PolicyItem,
    config::Problem,
    readings::{Amount, Reading, decode_all},
    record::Refusal,
};

/// Most bytes of a body that can be asked for.
const MOST_BODY_BYTES: u32 = 8 * 1024 * 1024;
/// Shortest and longest budget, in microseconds.
const BUDGETS: std::ops::RangeInclusive<u32> = 100..=1_000_000;

/// The kind.
pub static ITEM: PolicyItem = PolicyItem {
    kind: "detectors",
    title: "Detectors",
    mode: Mode::Monitor,
    documentation: "\
Judges requests before anything of them goes to the upstream, and refuses those that are attacks (403). \
It asks the detectors that need neither history nor the answer: SQL injection (`BZ-D006`), \
cross-site scripting (`BZ-D007`), command injection (`BZ-D008`), path traversal (`BZ-D009`), entities of XML \
(`BZ-D010`); `codes` names some of them, by code or name. A request is refused from `score` on, which is what `bartizan inspect` shows: \
detections of medium confidence come to 55 each, of high to 85, several add up. \
It is the code that judges finished exchanges, over the same parsed values (target, fields, cookies, \
trailers, body without its content coding, what is encoded in values), so that both say the same; only an answer \
that shows what was gained can raise the later score.

It is asked after authentication and rates, behind the size of the body. It takes at most \
`budget_micros` of processor time, of which the clock is looked at after every few kibibytes (some \
tenths of a millisecond more when a body is one long text), and reads of a body at most `body_bytes`, as \
transferred and without its coding. On a machine with two shared cores (x86-64, 2026-11-27) a POST of \
1 KiB of JSON costs 8 microseconds, a request without a body 4. What is beyond these or another limit of \
decoding was not looked at: `on_budget` says whether the request passes, which counts as not evaluated \
(`over-budget`, `over-limits`), or is refused (403). What was read until then is judged in any case, half of the \
time is for that, and the head comes first, so that no body keeps it from being judged. Content \
coding and charset of a body take at most a quarter, so that there is time to read what came of them. \
Of a WebSocket the handshake is judged once, and each message of the client for itself; both count \
together, as in one exchange: a refused one closes the connection (1008). So are the head and each message of a gRPC or gRPC-Web call whose body is passed on as it comes, \
with `budget_micros` and `body_bytes` for each message, which is decompressed first (`grpc` says how it is framed and what becomes of \
a call that is refused); of a longer one the beginning is judged.

Some bodies cannot be read however much time there is. `on_unreadable` says whether such a request \
passes, which counts as not evaluated, or is refused (415: another form of the same request may be fine): \
`not-readable` is a body, or a file in a form, that is no text (pictures, archives, Protobuf, a binary \
message of a WebSocket), and one with an unknown or broken content coding, an unknown charset, or an error \
in its JSON or XML, behind which nothing is read; `body-not-held` is a body that is passed on as it comes \
(above the limit of the whole gateway where that streams; of gRPC the messages are there). The rest of them is judged in any case. \
So with `refuse` no upload of a picture passes: its scope is for paths that take none. A request without a \
body is always readable. Bytes behind the end of a content coding are not readable either; a body that is text \
with its coding and without it is read both ways, as many servers leave the coding of requests alone. \
What is declared to be text is read as text, also when it begins as a picture or \
an archive does.

Without any configuration this policy is not there: the judgement behind the answer says of every \
exchange what would be refused, and once is enough. `monitor` shows what `enforce` would do with the \
scope, score and budget of this policy.",
    examples: &[
        "\
name: no-attacks
mode: enforce
detectors: {}
",
        "\
name: no-injection-into-search
mode: enforce
scope: {paths: [/v1/search/**]}
detectors: {codes: [BZ-D006, command-injection], score: 55, body_bytes: 16384, on_budget: refuse}
",
        "\
name: nothing-unread-into-payments
mode: enforce
scope: {paths: [/v1/payments/**]}
detectors: {on_budget: refuse, on_unreadable: refuse}
",
    ],
};

/// Settings of a detectors policy.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct DetectorsConfig {
    /// Detectors by code or name; when there are none all that can judge a request by itself.
    #[schemars(with = "Vec<String>")]
    pub codes: Vec<DetectorCode>,
    /// Score from which a request is refused, 1 to 100.
    pub score: u8,
    /// Most bytes of a body that are read, up to 8388608.
    pub body_bytes: u32,
    /// Most microseconds of processor time that a request is read for, 100 to 1000000.
    pub budget_micros: u32,
    /// What becomes of requests that were not read to their end.
    pub on_budget: OnGap,
    /// What becomes of requests with a part that cannot be read, or that is not held.
    pub on_unreadable: OnGap,
}

impl Default for DetectorsConfig {
    fn default() -> Self {
        Self {
            codes: Vec::new(),
            score: DENY_SCORE,
            body_bytes: 128 * 1024,
            budget_micros: 2_000,
            on_budget: OnGap::default(),
            on_unreadable: OnGap::default(),
        }
    }
}

/// What becomes of requests of which not everything was read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum OnGap {
    /// They pass, and count as not evaluated.
    #[default]
    Pass,
    /// They are refused.
    Refuse,
}

/// A detector that can judge a request by itself.
#[derive(Clone, Copy)]
pub struct DetectorCode(&'static DetectorItem);

/// Codes and names that a [`DetectorCode`] is read from.
static KNOWN: LazyLock<Vec<&'static str>> = LazyLock::new(|| {
    let items = DETECTORS.iter().filter(|item| item.judges_requests());
    items.flat_map(|item| [item.meta.code, item.meta.name]).collect()
});

impl DetectorCode {
    fn code(self) -> &'static str {
        self.0.meta.code
    }
}

impl std::fmt::Debug for DetectorCode {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.code())
    }
}

impl PartialEq for DetectorCode {
    fn eq(&self, other: &Self) -> bool {
        self.code() == other.code()
    }
}

impl Eq for DetectorCode {}

impl Serialize for DetectorCode {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.code())
    }
}

impl<'de> Deserialize<'de> for DetectorCode {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let named = |item: &&&DetectorItem| text == item.meta.code || text == item.meta.name;
        match DETECTORS.iter().find(named) {
            Some(item) if item.judges_requests() => Ok(Self(item)),
            Some(_) => Err(D::Error::custom(format!(
                "`{text}` needs more than the request, so that it judges behind the answer only"
            ))),
            None => Err(D::Error::unknown_variant(&text, KNOWN.as_slice())),
        }
    }
}

/// How much of a request is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Bounds {
    body_bytes: u32,
    budget_micros: u32,
}

impl Bounds {
    /// Bounds that are in their ranges; else the key of what is not.
    pub(super) fn checked(body_bytes: u32, budget_micros: u32) -> Result<Self, Problem> {
        if body_bytes > MOST_BODY_BYTES {
            return Err(Problem::new("body_bytes", format!("expected at most {MOST_BODY_BYTES}")));
        }
        if !BUDGETS.contains(&budget_micros) {
            let expected = format!("expected {} to {}", BUDGETS.start(), BUDGETS.end());
            return Err(Problem::new("budget_micros", expected));
        }
        Ok(Self { body_bytes, budget_micros })
    }

    /// How much that is.
    pub(super) fn amount(self) -> Amount {
        Amount::new(self.body_bytes, self.budget_nanos())
    }

    /// Most bytes of a body that are read.
    pub(super) fn body_bytes(self) -> usize {
        self.body_bytes as usize
    }

    pub(super) fn budget_nanos(self) -> u64 {
        u64::from(self.budget_micros) * 1_000
    }
}

/// A compiled detectors policy.
#[derive(Debug)]
pub(crate) struct Detectors {
    /// All when empty.
    codes: Vec<&'static str>,
    score: u8,
    pub(crate) bounds: Bounds,
    on_budget: OnGap,
    on_unreadable: OnGap,
    snapshot: Arc<Snapshot>,
}

impl Detectors {
    pub(crate) fn compile(config: &DetectorsConfig, key: &HashKey) -> Result<Self, Problem> {
        let codes: Vec<_> = config.codes.iter().map(|detector| detector.code()).collect();
        if let Some(at) = (1..codes.len()).find(|at| codes[..*at].contains(&codes[*at])) {
            return Err(Problem::new(format!("codes.{at}"), "is there twice"));
        }
        if !(1..=100).contains(&config.score) {
            return Err(Problem::new("score", "expected 1 to 100"));
        }
        let bounds = Bounds::checked(config.body_bytes, config.budget_micros)?;
        let limits = bounds.amount().limits();
        let snapshot = Snapshot { limits, ..Snapshot::new(Scope::default(), key.clone()) };
        Ok(Self {
            codes,
            score: config.score,
            bounds,
            on_budget: config.on_budget,
            on_unreadable: config.on_unreadable,
            snapshot: snapshot.into(),
        })
    }

    /// How much of a request is read: half of the time is for judging.
    pub(super) fn amount(&self) -> Amount {
        let budget = self.bounds.budget_nanos();
        Amount { nanos: budget / 2, prepare_nanos: budget / 4, ..self.bounds.amount() }
    }

    /// Reads a request, by all detectors.
    pub(crate) fn judge(&self, exchange: &Exchange) -> RequestJudgement {
        let (mut decoded, spent) = decode_all(exchange, self.amount(), self.snapshot.seed);
        self.judge_decoded(exchange, &mut decoded, spent)
    }

    /// Judges a request that was read, by all detectors.
    pub(super) fn judge_reading(&self, reading: &mut Reading) -> RequestJudgement {
        let beyond = reading.beyond(self.amount());
        let (exchange, decoded, spent) = reading.parts();
        let mut judged = self.judge_decoded(exchange, decoded, spent);
        if let Some(reason) = beyond {
            judged.not_inspected.push(NotInspected { side: Side::Request, reason });
        }
        judged
    }

    fn judge_decoded(
        &self,
        exchange: &Exchange,
        decoded: &mut Decoded,
        spent: u64,
    ) -> RequestJudgement {
        let budget = self.bounds.budget_nanos();
        // However long one value took to read: half of the time is for judging, the head first.
        let left = budget.saturating_sub(spent).max(budget / 2);
        judge_request(exchange, decoded, &self.snapshot, pace(thread_nanos() + left))
    }

    /// What follows: the request passes, or passes though it was not looked at completely (why), or is
    /// refused.
    pub(crate) fn decide(
        &self,
        judged: &RequestJudgement,
    ) -> Result<Option<&'static str>, Refusal> {
        let asked = |code: &str| self.codes.is_empty() || self.codes.contains(&code);
        let found = judged.detections.iter().filter(|one| asked(one.code));
        if score(found.clone()) >= self.score {
            let worst = found.max_by_key(|one| (one.confidence, one.severity));
            let item =
                DETECTORS.iter().find(|item| worst.is_some_and(|w| w.code == item.meta.code));
            let title = "this looks like an attack and is not let through";
            return Err(refusal(title).because(item.map_or("several", |item| item.meta.name)));
        }
        let missing = &judged.not_inspected;
        let cut = missing.iter().map(reason).find(|reason| is_cut(reason));
        let cut = if judged.is_late { Some(OVER_BUDGET) } else { cut };
        // What was cut breaks off, which says nothing about what was sent.
        let unread = missing.iter().filter(|one| cut.is_none() || !comes_of_a_cut(one));
        let unread = unread.map(reason).find(|reason| !is_cut(reason));
        match (cut, unread) {
            (Some(reason), _) if self.on_budget == OnGap::Refuse => {
                let title = "this takes too long to look at and is not let through";
                Err(refusal(title).because(reason))
            }
            (_, Some(reason)) if self.on_unreadable == OnGap::Refuse => {
                let title = "this cannot be looked at and is not let through";
                let status = StatusCode::UNSUPPORTED_MEDIA_TYPE;
                Err(Refusal { status, ..refusal(title) }.because(reason))
            }
            (cut, unread) => Ok(cut.or(unread)),
        }
    }
}

pub(super) const OVER_BUDGET: &str = "over-budget";
pub(super) const OVER_LIMITS: &str = "over-limits";

fn is_cut(reason: &str) -> bool {
    [OVER_BUDGET, OVER_LIMITS].contains(&reason)
}

/// Whether what was not read may have been readable before it was cut.
fn comes_of_a_cut(missing: &NotInspected) -> bool {
    matches!(missing.reason, NotInspectedReason::Malformed | NotInspectedReason::BrokenEncoding)
}

fn refusal(title: &'static str) -> Refusal {
    Refusal::deny(StatusCode::FORBIDDEN, "detectors-refused", title)
}

fn reason(missing: &NotInspected) -> &'static str {
    match missing.reason {
        NotInspectedReason::OutOfTime => OVER_BUDGET,
        NotInspectedReason::Limit(_) => OVER_LIMITS,
        NotInspectedReason::BodyNotCaptured | NotInspectedReason::BodyTruncated => "body-not-held",
        _ => "not-readable",
    }
}

/// As long as the processor time of this thread is before `until`.
pub(super) const fn pace(until: u64) -> Pace {
    Pace::new(|until| thread_nanos() < until, until)
}

/// Processor time of this thread: others that take the processor take nothing of a budget.
pub(super) fn thread_nanos() -> u64 {
    let now = clock_gettime(ClockId::ThreadCPUTime);
    let seconds = u64::try_from(now.tv_sec).unwrap_or(0);
    seconds * 1_000_000_000 + u64::try_from(now.tv_nsec).unwrap_or(0)
}

#[cfg(test)]
pub(crate) mod tests;
