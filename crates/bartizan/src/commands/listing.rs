//! `catalog`, `findings`, `incidents`: what an analysis kept.

use bartizan_model::{
    Detection, DriftGrade, Endpoint, EndpointId, Finding, FindingState, Incident, Severity,
    Timestamp, analysis::Analysis,
};
use bartizan_store::{
    DetectionFilter, EndpointFilter, FindingFilter, IncidentFilter, Page, PageRequest, StateChange,
    StoreError,
};

use super::{
    Cli, CommandError, Exit, analyze,
    arguments::{Catalog, CatalogCommand, CatalogFormat, Findings, Incidents, ListFormat, Listing},
    changes, clients, config,
    data::{self, Data, failed},
    docs, journeys, learned, servicemap,
    shown::Shown,
    split, terminal,
};
use crate::{
    config::FailOn,
    output::{self, learned::Learned},
};

/// Items asked for at once.
const PAGE: u32 = 1_000;

pub(super) fn catalog(cli: &Cli, arguments: &Catalog) -> Result<Exit, CommandError> {
    match &arguments.command {
        Some(CatalogCommand::Changes(arguments)) => return changes::run(cli, arguments),
        Some(CatalogCommand::Clients(arguments)) => return clients::run(cli, arguments),
        Some(CatalogCommand::Journeys(arguments)) => return journeys::run(cli, arguments),
        Some(CatalogCommand::Services(arguments)) => return servicemap::services(cli, arguments),
        Some(CatalogCommand::Egress(arguments)) => return servicemap::egress(cli, arguments),
        Some(CatalogCommand::Split(arguments)) => return split::run(cli, arguments),
        None => {}
    }
    let format = match arguments.format {
        CatalogFormat::Text => ListFormat::Text,
        CatalogFormat::Json => ListFormat::Json,
        CatalogFormat::Csv => ListFormat::Csv,
        CatalogFormat::Openapi => return describe(cli, arguments, Learned::Openapi),
        CatalogFormat::Graphql => return describe(cli, arguments, Learned::Graphql),
        CatalogFormat::Proto => return describe(cli, arguments, Learned::Proto),
    };
    let open = Open::new(cli, &arguments.listing)?;
    let analysis = Analysis { endpoints: open.catalog(arguments)?, ..Analysis::default() };
    let own = match &analysis.endpoints[..] {
        [one] => of_endpoint(open.findings()?, &one.id),
        _ => Vec::new(),
    };
    open.shown.show(
        format,
        &analysis.endpoints,
        |out| output::csv::catalog(&analysis.endpoints, out),
        |style, width| match &analysis.endpoints[..] {
            [one] if arguments.listing.id.is_some() => {
                output::text::endpoint(one, &own, style, width)
            }
            _ => output::text::catalog(&analysis.endpoints, style, width),
        },
    )?;
    Ok(Exit::Clean)
}

/// Writes what was learned of the endpoints that are wanted as a document.
fn describe(cli: &Cli, arguments: &Catalog, format: Learned) -> Result<Exit, CommandError> {
    let endpoints = Open::new(cli, &arguments.listing)?.catalog(arguments)?;
    let document = learned::document(format, &endpoints, &arguments.about)?;
    terminal::write_out(arguments.listing.kept.out.as_deref(), document.as_bytes())?;
    Ok(Exit::Clean)
}

fn of_endpoint(mut findings: Vec<Finding>, id: &EndpointId) -> Vec<Finding> {
    findings.retain(|f| f.concerns(id));
    findings
}

pub(super) fn findings(cli: &Cli, arguments: &Findings) -> Result<Exit, CommandError> {
    if let Some(state) = &arguments.set {
        return set_state(cli, arguments, state);
    }
    let open = Open::new(cli, &arguments.listing)?;
    let mut items: Vec<Finding> = open.findings()?;
    items.retain(|f| {
        open.is_severe(f.severity)
            && open.wants(&[&f.code, &f.title, &f.host, f.state.as_str()], f.id.as_str())
    });
    let endpoints = open.endpoints(&EndpointFilter::default())?;
    let analysis = Analysis { findings: open.cut(items)?, endpoints, ..Analysis::default() };
    open.shown.show(
        arguments.format,
        &analysis.findings,
        |out| output::csv::findings(&analysis.findings, &analysis.endpoints, out),
        |style, width| match &analysis.findings[..] {
            [one] if arguments.listing.id.is_some() => {
                let mut all = analysis.endpoints.iter();
                let endpoint = all.find(|e| Some(&e.id) == one.endpoint_id.as_ref());
                let doc = (docs::DOCS.item)(&one.code);
                output::text::finding(one, endpoint, doc.as_ref(), style, width)
            }
            _ => output::text::findings(&analysis.findings, &analysis.endpoints, style, width),
        },
    )?;
    let fail_on = arguments.fail_on.unwrap_or(FailOn::Never);
    let open_ones = analysis.findings.iter().filter(|f| f.state.is_active());
    let fails = open_ones.map(|f| f.severity).any(|severity| fail_on.includes(severity));
    Ok(if fails { Exit::Findings } else { Exit::Clean })
}

pub(super) fn incidents(cli: &Cli, arguments: &Incidents) -> Result<Exit, CommandError> {
    let open = Open::new(cli, &arguments.listing)?;
    let mut items: Vec<Incident> = open.incidents()?;
    items.retain(|i| {
        let words = [i.summary.as_str(), i.actor.label.as_str()];
        // Ids of incidents that this one took in lead to it.
        let mut ids = std::iter::once(&i.id).chain(&i.absorbed);
        open.is_severe(i.severity) && ids.any(|id| open.wants(&words, id.as_str()))
    });
    let mut own: Vec<Detection> = open.detections()?;
    let (incidents, endpoints) = (open.cut(items)?, open.endpoints(&EndpointFilter::default())?);
    if let [one] = &incidents[..] {
        own.retain(|d| one.detection_ids.contains(&d.id));
    }
    let analysis = Analysis { incidents, endpoints, ..Analysis::default() };
    if arguments.format == ListFormat::Csv {
        return Err(CommandError::usage("incidents have no CSV form")
            .help("an incident is a story: use --format json"));
    }
    open.shown.show(
        arguments.format,
        &analysis.incidents,
        |_| Ok(()),
        |style, width| match &analysis.incidents[..] {
            [one] if arguments.listing.id.is_some() => {
                output::text::incident(one, &own, &analysis.endpoints, style, width)
            }
            _ => output::text::incidents(&analysis.incidents, style, width),
        },
    )?;
    Ok(Exit::Clean)
}

/// Changes the state of one finding; the change is in the audit log.
fn set_state(cli: &Cli, arguments: &Findings, state: &str) -> Result<Exit, CommandError> {
    let to = FindingState::parse(state).ok_or_else(|| {
        let known: Vec<&str> = FindingState::ALL.iter().map(|s| s.as_str()).collect();
        CommandError::usage(format!("there is no state `{state}`"))
            .help(format!("one of {}", known.join(", ")))
    })?;
    let expiry = arguments.until.as_deref().map(parse_time).transpose()?;
    let config = config::current(cli)?.config;
    let scope = analyze::scope(&config);
    let now = Timestamp::from_micros(analyze::micros_now());
    let folder = data::folder(arguments.listing.kept.data.as_ref(), &config);
    if !folder.is_dir() {
        return Err(CommandError::input(format!("nothing is kept in {}", folder.display())));
    }
    let data = Data::open(&folder, &config, &scope, now)?;
    let wanted = arguments.listing.id.as_deref().unwrap_or("");
    let all = data.pages(|page| {
        let filter = FindingFilter::default();
        data.runtime.block_on(data.directory.store().findings(&scope, &filter, page))
    })?;
    let found: Vec<&Finding> = all.iter().filter(|f| f.id.as_str().starts_with(wanted)).collect();
    let finding = match found.as_slice() {
        [one] => *one,
        [] => return Err(CommandError::usage(format!("there is no finding `{wanted}`"))),
        many => {
            return Err(CommandError::usage(format!("`{wanted}` fits {} findings", many.len()))
                .help("give more of the id"));
        }
    };
    let change = StateChange {
        finding: finding.id.clone(),
        to,
        who: who(),
        reason: arguments.reason.clone().unwrap_or_default(),
        expiry,
        now,
    };
    let done = data.directory.store().set_finding_state(&scope, &change);
    let event = data.runtime.block_on(done).map_err(|error| failed(&error))?;
    let text = format!("{}: {} → {}\n", finding.id, event.from, event.to);
    terminal::write_out(None, text.as_bytes())?;
    Ok(Exit::Clean)
}

pub(super) fn who() -> String {
    std::env::var("USER").ok().filter(|u| !u.is_empty()).unwrap_or_else(|| "command line".into())
}

pub(super) fn parse_time(text: &str) -> Result<Timestamp, CommandError> {
    Timestamp::parse(text).or_else(|| Timestamp::parse(&format!("{text}T00:00:00Z"))).ok_or_else(
        || {
            CommandError::usage(format!("`{text}` is no time"))
                .help("for example 2027-01-31 or 2027-01-31T12:00:00Z")
        },
    )
}

/// What is listed, opened for reading.
struct Open<'a> {
    arguments: &'a Listing,
    shown: Shown<'a>,
}

impl<'a> Open<'a> {
    fn new(cli: &Cli, arguments: &'a Listing) -> Result<Self, CommandError> {
        Ok(Self { arguments, shown: Shown::open(cli, &arguments.kept)? })
    }

    /// The endpoints that are wanted.
    fn catalog(&self, arguments: &Catalog) -> Result<Vec<Endpoint>, CommandError> {
        let drift = arguments.drift.map(DriftGrade::from);
        let differs = |e: &Endpoint| {
            let mut all = e.written.iter().flat_map(|written| &written.drift);
            drift.is_none_or(|least| all.any(|one| one.grade <= least))
        };
        let known_by = arguments.known_by.clone();
        let mut items =
            self.endpoints(&EndpointFilter { known_by, ..EndpointFilter::default() })?;
        items.retain(|e| {
            differs(e) && self.wants(&[&e.host, &e.path, &e.method.0, e.id.as_str()], e.id.as_str())
        });
        self.cut(items)
    }

    fn endpoints(&self, filter: &EndpointFilter) -> Result<Vec<Endpoint>, CommandError> {
        let Shown { data, scope, .. } = &self.shown;
        let store = data.directory.store();
        data.pages(|page| data.runtime.block_on(store.endpoints(scope, filter, page)))
    }

    fn findings(&self) -> Result<Vec<Finding>, CommandError> {
        let Shown { data, scope, .. } = &self.shown;
        let (store, filter) = (data.directory.store(), FindingFilter::default());
        data.pages(|page| data.runtime.block_on(store.findings(scope, &filter, page)))
    }

    fn incidents(&self) -> Result<Vec<Incident>, CommandError> {
        let Shown { data, scope, .. } = &self.shown;
        let (store, filter) = (data.directory.store(), IncidentFilter::default());
        data.pages(|page| data.runtime.block_on(store.incidents(scope, &filter, page)))
    }

    fn detections(&self) -> Result<Vec<Detection>, CommandError> {
        let Shown { data, scope, .. } = &self.shown;
        let (store, filter) = (data.directory.store(), DetectionFilter::default());
        data.pages(|page| data.runtime.block_on(store.detections(scope, &filter, page)))
    }

    fn wants(&self, texts: &[&str], id: &str) -> bool {
        let contains = |part: &str| {
            let part = part.to_lowercase();
            texts.iter().any(|text| text.to_lowercase().contains(&part))
        };
        self.arguments.filter.as_deref().is_none_or(contains)
            && self.arguments.id.as_deref().is_none_or(|wanted| id.starts_with(wanted))
    }

    fn is_severe(&self, severity: Severity) -> bool {
        self.arguments.severity.is_none_or(|least| least.includes(severity))
    }

    /// At most as many as wanted; an id that fits nothing is an error.
    fn cut<T>(&self, mut items: Vec<T>) -> Result<Vec<T>, CommandError> {
        if let Some(id) = self.arguments.id.as_ref().filter(|_| items.is_empty()) {
            return Err(CommandError::usage(format!("nothing has the id `{id}`")).help(
                "the list without an id shows them all; what an answer of the gateway calls \
                     `incident` is the id of an exchange: `bartizan exchanges ID`",
            ));
        }
        items.truncate(self.arguments.limit.unwrap_or(usize::MAX));
        Ok(items)
    }
}

impl Data {
    /// All items of a list, page by page.
    pub(super) fn pages<O: Default, T>(
        &self,
        list: impl Fn(&PageRequest<O>) -> Result<Page<T>, StoreError>,
    ) -> Result<Vec<T>, CommandError> {
        pages(list)
    }
}

/// All items of a list, page by page.
pub(super) fn pages<O: Default, T>(
    list: impl Fn(&PageRequest<O>) -> Result<Page<T>, StoreError>,
) -> Result<Vec<T>, CommandError> {
    let mut out = Vec::new();
    let mut page = PageRequest::first(PAGE);
    loop {
        let found = list(&page).map_err(|error| failed(&error))?;
        out.extend(found.items);
        match found.next {
            Some(cursor) => page = PageRequest::after(PAGE, cursor),
            None => return Ok(out),
        }
    }
}
