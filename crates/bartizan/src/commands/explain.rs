//! `explain`: what an item does, why it matters, how to fix it. Derived from the items themselves.

mod request;

use bartizan_analysis::{
    checks::{CHECKS, CheckItem},
    classes::{
        CLASSES, ClassItem,
        custom::{CustomClass, CustomClasses},
        family_of,
    },
    detectors::DETECTORS,
};
use bartizan_code::{FRAMEWORKS, Framework};
use bartizan_gateway::policy::{ITEMS as POLICIES, PolicyItem};
use bartizan_model::{ItemMeta, Mode, Subject};
use bartizan_pipeline::{
    sinks::{SINKS, SinkItem},
    sources::{
        SOURCES, SourceItem,
        receivers::{RECEIVERS, ReceiverItem},
    },
};

use super::{
    Cli, CommandError, Exit,
    arguments::{Explain, ExplainCommand, ExplainFormat},
    config, terminal,
};
use crate::discover::checks::CHECKS as CODE_CHECKS;

/// One documented item of any family.
#[derive(Clone, Copy)]
pub(super) enum Item {
    /// A posture check.
    Check(&'static CheckItem),
    /// A check of source code.
    CodeCheck(&'static ItemMeta),
    /// A detector.
    Detector(&'static ItemMeta),
    /// A data class.
    Class(&'static ClassItem),
    /// A data class of the configuration.
    CustomClass(&'static CustomClass),
    /// A source.
    Source(&'static SourceItem),
    /// A kind of receiver.
    Receiver(&'static ReceiverItem),
    /// A web framework.
    Framework(&'static Framework),
    /// A kind of inline policy.
    Policy(&'static PolicyItem),
    /// A kind of sink.
    Sink(&'static SinkItem),
}

impl Item {
    /// Every item that is built in, family by family.
    pub(super) fn all() -> Vec<Self> {
        Self::with(None)
    }

    /// Every item, family by family.
    fn with(custom: Option<&'static CustomClasses>) -> Vec<Self> {
        let mut out: Vec<Self> = CHECKS.iter().map(|i| Self::Check(i)).collect();
        out.extend(CODE_CHECKS.iter().map(|i| Self::CodeCheck(&i.meta)));
        out.extend(DETECTORS.iter().map(|i| Self::Detector(&i.meta)));
        out.sort_by_key(Self::code);
        out.extend(CLASSES.iter().map(|i| Self::Class(i)));
        out.extend(custom.into_iter().flat_map(CustomClasses::iter).map(Self::CustomClass));
        out.extend(SOURCES.iter().map(|i| Self::Source(i)));
        out.extend(RECEIVERS.iter().map(|i| Self::Receiver(i)));
        out.extend(FRAMEWORKS.iter().map(|i| Self::Framework(i)));
        out.extend(POLICIES.iter().map(|i| Self::Policy(i)));
        out.extend(SINKS.iter().map(|i| Self::Sink(i)));
        out
    }

    /// Whether it goes by a code or name: `jwt` is a data class and a kind of policy.
    fn is_called(&self, text: &str) -> bool {
        [self.code(), self.name()].iter().any(|name| name.eq_ignore_ascii_case(text))
    }

    /// Family, in the singular.
    pub(super) const fn family(&self) -> &'static str {
        match self {
            Self::Check(_) | Self::CodeCheck(_) => "check",
            Self::Detector(_) => "detector",
            Self::Class(_) | Self::CustomClass(_) => "data class",
            Self::Source(_) => "source",
            Self::Receiver(_) => "receiver",
            Self::Framework(_) => "framework",
            Self::Policy(_) => "policy",
            Self::Sink(_) => "sink",
        }
    }

    /// Family, in the plural.
    const fn families(&self) -> &'static str {
        match self {
            Self::Check(_) | Self::CodeCheck(_) => "checks",
            Self::Detector(_) => "detectors",
            Self::Class(_) | Self::CustomClass(_) => "data classes",
            Self::Source(_) => "sources",
            Self::Receiver(_) => "receivers",
            Self::Framework(_) => "frameworks",
            Self::Policy(_) => "policies",
            Self::Sink(_) => "sinks",
        }
    }

    /// The published code; classes, sources, receivers, frameworks, policies and sinks go by their name.
    pub(super) fn code(&self) -> &'static str {
        match self {
            Self::Check(item) => item.meta.code,
            Self::CodeCheck(meta) | Self::Detector(meta) => meta.code,
            Self::Class(item) => item.class.as_str(),
            Self::CustomClass(class) => class.class().as_str(),
            Self::Source(item) => item.name,
            Self::Receiver(item) => item.kind,
            Self::Framework(item) => item.name,
            Self::Policy(item) => item.kind,
            Self::Sink(item) => item.kind,
        }
    }

    pub(super) fn name(&self) -> &'static str {
        match self {
            Self::Check(item) => item.meta.name,
            Self::CodeCheck(meta) | Self::Detector(meta) => meta.name,
            _ => self.code(),
        }
    }

    pub(super) fn title(&self) -> &'static str {
        match self {
            Self::Check(item) => item.meta.title,
            Self::CodeCheck(meta) | Self::Detector(meta) => meta.title,
            Self::Class(item) => item.title,
            Self::CustomClass(class) => class.title(),
            Self::Source(item) => item.title,
            Self::Receiver(item) => item.title,
            Self::Framework(item) => item.title,
            Self::Policy(item) => item.title,
            Self::Sink(item) => item.title,
        }
    }

    /// The documentation as headed paragraphs.
    pub(super) fn paragraphs(&self) -> Vec<(&'static str, String)> {
        match self {
            Self::Check(item) => {
                let mut out = of_meta(&item.meta);
                // Behind what the check does.
                out.insert(1, ("Subject", subject(item.subject()).to_owned()));
                out
            }
            Self::CodeCheck(meta) | Self::Detector(meta) => of_meta(meta),
            Self::Class(item) => {
                let mut out = vec![
                    ("What", item.what.to_owned()),
                    ("Group", item.group.title().to_owned()),
                    ("References", item.references.join("\n")),
                ];
                out.splice(1..1, family(item.class.as_str(), family_of(item.class.as_str())));
                out
            }
            Self::CustomClass(class) => {
                let mut out = vec![
                    ("What", class.what().to_owned()),
                    ("Group", class.traits().group.title().to_owned()),
                ];
                out.splice(1..1, family(class.name(), class.family().as_str()));
                out
            }
            Self::Source(item) => vec![("What", item.what.to_owned())],
            Self::Receiver(item) => vec![
                ("What", item.what.to_owned()),
                ("Sender", item.sender.to_owned()),
                (EXAMPLE, in_a_file("receivers", item.examples)),
            ],
            Self::Framework(item) => vec![("What", item.documentation.to_owned())],
            Self::Policy(item) => vec![
                ("What", item.documentation.to_owned()),
                ("Mode", mode(item.mode).to_owned()),
                (EXAMPLE, in_a_file("policies", item.examples)),
            ],
            Self::Sink(item) => vec![
                ("What", item.what.to_owned()),
                ("Delivery", item.delivery.to_owned()),
                (EXAMPLE, in_a_file("sinks", item.examples)),
            ],
        }
    }
}

/// What says that a class is of a family.
fn family(class: &str, head: &str) -> Option<(&'static str, String)> {
    (head != class).then(|| ("Family", format!("`{head}`, whose checks count it too.")))
}

/// The paragraph that is shown as it is.
pub(super) const EXAMPLE: &str = "Example";

/// Items of a list as they stand in a configuration file.
fn in_a_file(list: &str, items: &[&str]) -> String {
    let mut out = format!("{list}:\n");
    for item in items {
        for (at, line) in item.lines().enumerate() {
            out.push_str(if at == 0 { "  - " } else { "    " });
            out.push_str(line);
            out.push('\n');
        }
    }
    out
}

const fn mode(mode: Mode) -> &'static str {
    match mode {
        Mode::Off => "`off` unless the configuration says otherwise.",
        Mode::Monitor => "`monitor` unless the configuration says otherwise.",
        Mode::Enforce => "`enforce` unless the configuration says otherwise.",
    }
}

const fn subject(subject: Subject) -> &'static str {
    match subject {
        Subject::Endpoint => "endpoint: one finding per endpoint.",
        Subject::Host => {
            "host: one finding per host, which counts and names the endpoints that show it."
        }
    }
}

fn of_meta(meta: &ItemMeta) -> Vec<(&'static str, String)> {
    let cwe: Vec<String> = meta.cwe.iter().map(ToString::to_string).collect();
    let attack: Vec<&str> = meta.attack.iter().map(|a| a.0).collect();
    let inputs: Vec<String> = meta
        .inputs
        .iter()
        .filter_map(|i| Some(serde_json::to_value(i).ok()?.as_str()?.replace('_', " ")))
        .collect();
    vec![
        ("What", meta.what.to_owned()),
        ("Why", meta.why.to_owned()),
        ("Fix", meta.fix.to_owned()),
        ("Needs", format!("{} (without: not evaluated)", inputs.join(", "))),
        ("Severity", format!("{}, confidence {}", meta.severity, meta.confidence)),
        ("OWASP", meta.owasp.map(|o| o.ids().join(", ")).unwrap_or_default()),
        ("CWE", cwe.join(", ")),
        ("ATT&CK", attack.join(", ")),
        ("References", meta.references.join("\n")),
    ]
}

pub(super) fn run(cli: &Cli, arguments: &Explain) -> Result<Exit, CommandError> {
    if let Some(ExplainCommand::Request(request)) = &arguments.command {
        return request::run(cli, request);
    }
    let all = Item::with(custom(cli));
    let is_asked = |item: &Item| match &arguments.code {
        None => true,
        Some(code) => item.is_called(code),
    };
    let items: Vec<Item> = all.iter().copied().filter(is_asked).collect();
    if let (Some(code), []) = (&arguments.code, items.as_slice()) {
        return Err(unknown(code, &all));
    }
    let text = match (arguments.format, &arguments.code) {
        (ExplainFormat::Json, _) => json(&items)?,
        (ExplainFormat::Text, None) => list(&items),
        (ExplainFormat::Text, Some(_)) => items.iter().map(detail).collect::<Vec<_>>().join("\n"),
    };
    terminal::write_out(None, text.as_bytes())?;
    Ok(Exit::Clean)
}

/// The classes of the configuration. Who asks what a key means may have a file that is wrong: then
/// only what is built in is explained, and a note says so.
fn custom(cli: &Cli) -> Option<&'static CustomClasses> {
    let loaded = match config::current(cli) {
        Ok(loaded) => loaded,
        Err(error) => {
            if !cli.quiet {
                anstream::eprintln!("note: without data classes of the configuration: {error}");
            }
            return None;
        }
    };
    let classes = CustomClasses::compile(&loaded.config.classes).ok()?;
    // Items live as long as the program, which ends with this command.
    Some(Box::leak(Box::new(classes)))
}

fn unknown(code: &str, all: &[Item]) -> CommandError {
    let lower = code.to_ascii_lowercase();
    let nearest = all
        .iter()
        .flat_map(|item| [item.code(), item.name()])
        .min_by_key(|name| strsim::damerau_levenshtein(&lower, &name.to_ascii_lowercase()));
    let help =
        format!("did you mean `{}`? `bartizan explain` lists all", nearest.unwrap_or("BZ-C001"));
    CommandError::usage(format!("nothing is called `{code}`")).help(help)
}

fn list(items: &[Item]) -> String {
    let mut out = String::new();
    let mut family = "";
    let width = items.iter().map(|i| i.code().len()).max().unwrap_or(0);
    for item in items {
        if item.family() != family {
            family = item.family();
            let gap = if out.is_empty() { "" } else { "\n" };
            out.push_str(&format!("{gap}{}:\n", item.families()));
        }
        out.push_str(&format!("  {:width$}  {}\n", item.code(), item.title()));
    }
    out.push_str("\n`bartizan explain CODE` says more.\n");
    out
}

fn detail(item: &Item) -> String {
    let mut out =
        format!("{}  {}\n{} `{}`\n", item.code(), item.title(), item.family(), item.name());
    for (head, text) in item.paragraphs() {
        if !text.is_empty() {
            out.push_str(&format!("\n{head}\n"));
            if head == EXAMPLE {
                text.lines().for_each(|line| out.push_str(&format!("  {line}\n")));
                continue;
            }
            for line in wrap(&text, terminal::width().min(100) - 2) {
                out.push_str(&format!("  {line}\n"));
            }
        }
    }
    out
}

/// Breaks text at spaces into lines of at most `width` characters; keeps line ends.
fn wrap(text: &str, width: usize) -> Vec<String> {
    let mut out = Vec::new();
    for paragraph in text.lines() {
        let mut line = String::new();
        for word in paragraph.split_whitespace() {
            if !line.is_empty() && line.chars().count() + 1 + word.chars().count() > width {
                out.push(std::mem::take(&mut line));
            }
            if !line.is_empty() {
                line.push(' ');
            }
            line.push_str(word);
        }
        out.push(line);
    }
    out
}

fn json(items: &[Item]) -> Result<String, CommandError> {
    let list: Vec<serde_json::Value> = items
        .iter()
        .map(|item| {
            let mut map = serde_json::Map::new();
            map.insert("family".into(), item.family().into());
            map.insert("code".into(), item.code().into());
            map.insert("name".into(), item.name().into());
            map.insert("title".into(), item.title().into());
            for (head, text) in item.paragraphs() {
                map.insert(head.to_ascii_lowercase().replace('&', "_and_"), text.into());
            }
            map.into()
        })
        .collect();
    let value = match list.as_slice() {
        [one] => one.clone(),
        _ => list.into(),
    };
    serde_json::to_string_pretty(&value)
        .map(|text| text + "\n")
        .map_err(|error| CommandError::usage(error.to_string()))
}
