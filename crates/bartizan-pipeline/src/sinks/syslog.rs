//! Syslog over TLS or TCP.

mod message;

use std::{
    fs,
    future::poll_fn,
    pin::Pin,
    task::{Context, Poll, Waker},
    time::Duration,
};

use async_trait::async_trait;
use bartizan_store::Delivery;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tokio::{
    io::{AsyncWriteExt as _, ReadBuf},
    time::{Instant, timeout},
};

use self::message::Form;
use super::{
    Answer, Outside, Sink, SinkItem,
    outgoing::{Line, Place, TlsOptions},
};

/// Most messages that are sent at once.
const AT_ONCE: u32 = 100;
/// Longest time for connecting, and for sending a batch.
const PATIENCE: Duration = Duration::from_secs(10);
/// How long a receiver that is going away has to show it behind a batch.
const LISTEN: Duration = Duration::from_millis(100);
/// How long a connection is kept without anything to send: what is on the way forgets idle ones.
const IDLE: Duration = Duration::from_secs(60);

/// The kind.
pub static SINK: SinkItem = SinkItem {
    kind: "syslog",
    title: "Syslog (RFC 5424) over TLS or TCP",
    what: "\
Sends each event as a message of RFC 5424 over one connection: TLS as RFC 5425 says, or TCP, both with \
octet counting (RFC 6587 §3.4.1), so that no text in a message can be taken for another message. `MSGID` is \
the type of the event; severities are 2 (critical), 3 (high), 4 (medium), 5 (low) and 6 (info). Structured \
data: `meta` with `sequenceId`, and `bartizan@32473` with `id`, `sequence`, `type`, `severity`, \
`organisation`, `environment`, `subject`, and `code` and `host` where there are some; in its values `\"`, \
`\\` and `]` are escaped (§6.3.3). 32473 is the number for examples (RFC 5612): set `enterprise_number` if \
you have your own. The text is UTF-8 behind a byte order mark: the event as JSON, or a line for people. \
Control characters in it are written as `\\uXXXX`. A message that would be longer than `most_bytes` goes \
without evidence and lists (`\"cut\":true` in the JSON), and if that is still too long, as a line that is \
cut off; the store has the whole.",
    delivery: "\
Syslog acknowledges nothing. An event counts as sent when the operating system took it for the connection \
and the receiver did not close that within 100 ms; a connection that the receiver has closed before is \
noticed, and opened again, before anything is sent. What a receiver had not yet read when it or the network \
broke down is lost without anybody knowing: for certainty use a webhook or a file.",
    examples: &[
        "\
name: siem
syslog:
  address: logs.example.com:6514
",
        "\
name: rsyslog-here
syslog:
  address: 127.0.0.1:514
  transport: tcp
  facility: authpriv
  content: text
",
    ],
};

/// Settings of a syslog sink.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SyslogConfig {
    /// `host:port` of the receiver. 6514 is the port for TLS.
    pub address: String,
    /// What is spoken.
    #[serde(default)]
    pub transport: Transport,
    /// The facility.
    #[serde(default)]
    pub facility: Facility,
    /// What the text of a message is.
    #[serde(default)]
    pub content: Content,
    /// `HOSTNAME` of messages. Default: the name of this machine.
    #[serde(default)]
    pub hostname: Option<String>,
    /// `APP-NAME` of messages.
    #[serde(default = "app_name")]
    pub app_name: String,
    /// Private enterprise number behind the `@` of the structured data.
    #[serde(default = "enterprise_number")]
    pub enterprise_number: u32,
    /// Most bytes of a message: 2048 is what every receiver takes (RFC 5425), 8192 what it should.
    #[serde(default = "most_bytes")]
    pub most_bytes: u32,
    /// Whether the name in the address may lead to a private or local address.
    #[serde(default)]
    pub private_addresses: bool,
    /// TLS.
    #[serde(default)]
    pub tls: TlsOptions,
}

fn app_name() -> String {
    "bartizan".to_owned()
}

const fn enterprise_number() -> u32 {
    32_473
}

const fn most_bytes() -> u32 {
    8_192
}

/// What is spoken.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Transport {
    /// TLS (RFC 5425).
    #[default]
    Tls,
    /// TCP in cleartext: whoever is on the way can read and change what is sent.
    Tcp,
}

/// What the text of a message is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Content {
    /// The event as JSON.
    #[default]
    Json,
    /// A line for people.
    Text,
}

/// Facilities of RFC 5424 that fit.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Facility {
    /// 1, user-level messages.
    User = 1,
    /// 3, system daemons.
    Daemon = 3,
    /// 4, security and authorization messages.
    Auth = 4,
    /// 10, private security and authorization messages.
    Authpriv = 10,
    /// 13, log audit.
    Audit = 13,
    /// 14, log alert.
    Alert = 14,
    /// 16, for local use.
    #[default]
    Local0 = 16,
    /// 17, for local use.
    Local1 = 17,
    /// 18, for local use.
    Local2 = 18,
    /// 19, for local use.
    Local3 = 19,
    /// 20, for local use.
    Local4 = 20,
    /// 21, for local use.
    Local5 = 21,
    /// 22, for local use.
    Local6 = 22,
    /// 23, for local use.
    Local7 = 23,
}

struct Syslog {
    place: Place,
    form: Form,
    line: Option<(Box<dyn Line>, Instant)>,
}

/// Compiles a syslog sink.
///
/// # Errors
/// Says what is wrong.
pub(super) fn open(config: &SyslogConfig, outside: &Outside) -> Result<Box<dyn Sink>, String> {
    let address = config.address.rsplit_once(':');
    let port = address.and_then(|(host, port)| Some((host, port.parse::<u16>().ok()?)));
    let (host, port) = port.ok_or("`address`: expected host:port")?;
    if !(480..=65_536).contains(&config.most_bytes) {
        return Err("`most_bytes`: expected 480 to 65536".to_owned());
    }
    let hostname = config.hostname.clone().unwrap_or_else(this_machine);
    for (key, text, most) in [("hostname", &hostname, 255), ("app_name", &config.app_name, 48)] {
        let is_printed = text.bytes().all(|b| (33..=126).contains(&b));
        if text.is_empty() || text.len() > most || !is_printed {
            return Err(format!("`{key}`: expected 1 to {most} printed ASCII characters"));
        }
    }
    let tls = (config.transport == Transport::Tls).then_some(&config.tls);
    let place = Place::new(host, port, tls, config.private_addresses, outside)?;
    let form = Form {
        facility: config.facility as u8,
        content: config.content,
        hostname,
        app_name: config.app_name.clone(),
        process: std::process::id(),
        enterprise_number: config.enterprise_number,
        most_bytes: config.most_bytes as usize,
    };
    Ok(Box::new(Syslog { place, form, line: None }))
}

/// The name of this machine; `-` when it is not known.
fn this_machine() -> String {
    let name = fs::read_to_string("/proc/sys/kernel/hostname")
        .or_else(|_| fs::read_to_string("/etc/hostname"))
        .unwrap_or_default();
    let name: String = name.trim().chars().filter(char::is_ascii_graphic).take(255).collect();
    if name.is_empty() { "-".to_owned() } else { name }
}

#[async_trait]
impl Sink for Syslog {
    fn most(&self) -> u32 {
        AT_ONCE
    }

    async fn send(&mut self, deliveries: &[Delivery]) -> Vec<Answer> {
        let all = |answer: Answer| vec![answer; deliveries.len()];
        let mut line = match self.line().await {
            Ok(line) => line,
            Err(error) => return all(Answer::Unreached(error)),
        };
        let frames: Vec<u8> =
            deliveries.iter().flat_map(|one| self.form.frame(&one.event)).collect();
        let sending = async {
            line.write_all(&frames).await?;
            line.flush().await
        };
        match timeout(PATIENCE, sending).await {
            Ok(Ok(())) => {}
            // Nothing says which of them arrived: all of them come again.
            Ok(Err(error)) => return all(Answer::Failed(format!("sending: {error}"), None)),
            Err(_) => {
                return all(Answer::Failed(format!("nothing taken in {PATIENCE:?}"), None));
            }
        }
        let closed = poll_fn(|cx| look(&mut *line, cx).map(|()| true));
        if timeout(LISTEN, closed).await.unwrap_or(false) {
            return all(Answer::Failed("the receiver closed the connection".to_owned(), None));
        }
        self.line = Some((line, Instant::now()));
        all(Answer::Taken)
    }
}

impl Syslog {
    /// The connection, if it is still there, else a new one.
    async fn line(&mut self) -> Result<Box<dyn Line>, String> {
        if let Some((mut line, since)) = self.line.take()
            && since.elapsed() < IDLE
            && look(&mut *line, &mut Context::from_waker(Waker::noop())).is_pending()
        {
            return Ok(line);
        }
        let connected = timeout(PATIENCE, self.place.connect()).await;
        connected.unwrap_or_else(|_| Err(format!("no connection in {PATIENCE:?}")))
    }
}

/// Ready when the other side has closed the connection. What it says is read and left.
fn look(line: &mut dyn Line, cx: &mut Context<'_>) -> Poll<()> {
    // A receiver has nothing to say: one that says much is none.
    for _ in 0..16 {
        let mut space = [0; 1_024];
        let mut buffer = ReadBuf::new(&mut space);
        match Pin::new(&mut *line).poll_read(cx, &mut buffer) {
            Poll::Pending => return Poll::Pending,
            Poll::Ready(Ok(())) if !buffer.filled().is_empty() => {}
            Poll::Ready(_) => return Poll::Ready(()),
        }
    }
    Poll::Ready(())
}

#[cfg(test)]
mod tests;
