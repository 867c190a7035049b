//! What sinks are told, and how it is compiled. What cannot be compiled is refused as a whole.

use bartizan_model::{EventType, Severity};
use bartizan_store::Subscription;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::time::Duration;

use super::{Outside, SINKS, Sink, SinkItem, json_lines, syslog, webhook};

/// Most sinks.
const MOST: usize = 32;

/// A sink: its name, what it wants, how long it is tried, and exactly one kind.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SinkConfig {
    /// Unique name, for commands and metrics: 1 to 64 letters, digits, `-`, `_` or `.`. What waits is
    /// kept under it: a sink with another name is another sink.
    pub name: String,
    /// Only events of at least this severity.
    #[serde(default = "least")]
    #[schemars(with = "SeverityName")]
    pub least_severity: Severity,
    /// Only these events.
    #[serde(default = "usual")]
    #[schemars(with = "Vec<EventName>")]
    pub events: Vec<EventType>,
    /// How often an event may reach the sink and not be taken before it becomes a dead letter. The
    /// pauses between are 5 seconds, doubled each time up to an hour. Attempts that do not reach the
    /// sink do not count.
    #[serde(default = "attempts")]
    pub attempts: u32,
    /// Hours after which an event that was not taken becomes a dead letter, whatever the reason.
    #[serde(default = "hours")]
    pub give_up_hours: u32,
    /// Most events that wait for the sink. Beyond, the oldest are dropped, and counted.
    #[serde(default = "many")]
    pub most_waiting: u32,
    /// Most dead letters. Beyond, the oldest are dropped, and counted.
    #[serde(default = "many")]
    pub most_dead_letters: u32,
    /// A signed POST for each event.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub webhook: Option<webhook::WebhookConfig>,
    /// A syslog message for each event.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub syslog: Option<syslog::SyslogConfig>,
    /// A line of JSON in a file for each event.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub json_lines: Option<json_lines::JsonLinesConfig>,
}

const fn least() -> Severity {
    Severity::Low
}

fn usual() -> Vec<EventType> {
    use EventType::{
        ChangeNew, FindingChanged, FindingNew, FindingReopened, IncidentNew, IncidentUpdated,
    };
    vec![FindingNew, FindingReopened, FindingChanged, IncidentNew, IncidentUpdated, ChangeNew]
}

const fn attempts() -> u32 {
    20
}

const fn hours() -> u32 {
    72
}

const fn many() -> u32 {
    10_000
}

/// The words for [`Severity`], for the schema.
#[derive(JsonSchema)]
#[schemars(rename_all = "snake_case")]
#[expect(dead_code, reason = "only its schema is used")]
enum SeverityName {
    Info,
    Low,
    Medium,
    High,
    Critical,
}

/// The words for [`EventType`], for the schema.
#[derive(JsonSchema)]
#[expect(dead_code, reason = "only its schema is used")]
enum EventName {
    #[schemars(rename = "finding.new")]
    FindingNew,
    #[schemars(rename = "finding.reopened")]
    FindingReopened,
    #[schemars(rename = "finding.changed")]
    FindingChanged,
    #[schemars(rename = "incident.new")]
    IncidentNew,
    #[schemars(rename = "incident.updated")]
    IncidentUpdated,
    #[schemars(rename = "detection.new")]
    DetectionNew,
    #[schemars(rename = "change.new")]
    ChangeNew,
}

/// A sink that cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("sink {name:?}: {}{problem}", key.as_ref().map(|key| format!("`{key}`: ")).unwrap_or_default())]
pub struct SinkError {
    /// Its name.
    pub name: String,
    /// The key within it, when it is about one.
    pub key: Option<String>,
    /// What is wrong.
    pub problem: String,
}

/// A sink that can be sent to.
pub struct CompiledSink {
    /// Its kind.
    pub item: &'static SinkItem,
    /// What it wants.
    pub subscription: Subscription,
    /// How often it may be reached in vain for one event.
    pub attempts: u32,
    /// How old an event may become.
    pub give_up: Duration,
    /// What sends.
    pub sink: Box<dyn Sink>,
}

impl std::fmt::Debug for CompiledSink {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "CompiledSink({}, {})", self.subscription.sink, self.item.kind)
    }
}

/// Compiles all sinks. Opens nothing and connects to nothing; secrets and certificates are read.
///
/// # Errors
/// The first sink that cannot be used.
pub fn compile(sinks: &[SinkConfig], outside: &Outside) -> Result<Vec<CompiledSink>, SinkError> {
    if let Some(one) = sinks.get(MOST) {
        return Err(one.error(None, format!("there are more than {MOST} sinks")));
    }
    let mut out: Vec<CompiledSink> = Vec::with_capacity(sinks.len());
    for (at, config) in sinks.iter().enumerate() {
        if sinks[..at].iter().any(|other| other.name == config.name) {
            return Err(config.error(Some("name"), "another sink has that name".to_owned()));
        }
        out.push(config.compile(outside)?);
    }
    Ok(out)
}

/// A kind, and a sink of it or what is wrong with its settings.
type Opened = (&'static SinkItem, Result<Box<dyn Sink>, String>);

impl SinkConfig {
    fn error(&self, key: Option<&str>, problem: String) -> SinkError {
        SinkError { name: self.name.clone(), key: key.map(str::to_owned), problem }
    }

    fn compile(&self, outside: &Outside) -> Result<CompiledSink, SinkError> {
        self.check()?;
        let mut found: Vec<Opened> = Vec::new();
        if let Some(config) = &self.webhook {
            found.push((&webhook::SINK, webhook::open(config, outside)));
        }
        if let Some(config) = &self.syslog {
            found.push((&syslog::SINK, syslog::open(config, outside)));
        }
        if let Some(config) = &self.json_lines {
            found.push((&json_lines::SINK, json_lines::open(config)));
        }
        let known = || SINKS.iter().map(|item| item.kind).collect::<Vec<_>>().join("`, `");
        let (item, sink) = match (found.pop(), found.pop()) {
            (Some(one), None) => one,
            (Some((a, _)), Some((b, _))) => {
                let problem = format!("it is `{}` and `{}`; a sink is one thing", b.kind, a.kind);
                return Err(self.error(None, problem));
            }
            (None, _) => {
                return Err(self.error(None, format!("one of `{}` is needed", known())));
            }
        };
        let sink = sink.map_err(|problem| self.error(Some(item.kind), problem))?;
        let subscription = Subscription {
            sink: self.name.clone(),
            least_severity: self.least_severity,
            events: self.events.clone(),
            most_waiting: self.most_waiting.into(),
            most_dead: self.most_dead_letters.into(),
        };
        let give_up = Duration::from_secs(3_600).saturating_mul(self.give_up_hours);
        Ok(CompiledSink { item, subscription, attempts: self.attempts, give_up, sink })
    }

    fn check(&self) -> Result<(), SinkError> {
        let is_character = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.');
        let is_name = (1..=64).contains(&self.name.len()) && self.name.bytes().all(is_character);
        let refuse = |key: &str, problem: &str| Err(self.error(Some(key), problem.to_owned()));
        if !is_name {
            return refuse("name", "expected 1 to 64 letters, digits, `-`, `_` or `.`");
        }
        if self.events.is_empty() || self.events.contains(&EventType::Test) {
            return refuse("events", "name at least one type, and not `test`");
        }
        for (key, value, most) in [
            ("attempts", self.attempts, 1_000),
            ("give_up_hours", self.give_up_hours, 24 * 366),
            ("most_waiting", self.most_waiting, 1_000_000),
            ("most_dead_letters", self.most_dead_letters, 1_000_000),
        ] {
            if !(1..=most).contains(&value) {
                return refuse(key, &format!("expected 1 to {most}"));
            }
        }
        Ok(())
    }
}
