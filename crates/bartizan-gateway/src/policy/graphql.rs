//! GraphQL: how much a request may ask for, and what of it.

use std::{
    collections::BTreeSet,
    path::{Path, PathBuf},
};

use bartizan_model::Mode;
use bartizan_protocols::{
    Format, Places,
    call::{Counted, GraphqlDocument, GraphqlTypes, Measure, Misfit, UnreadDocument},
    spec::{self, NoFiles},
};
use bytes::Bytes;
use http::{HeaderMap, Method, StatusCode, header};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{
    PolicyItem,
    config::Problem,
    detectors::{OVER_BUDGET, OVER_LIMITS, OnGap, thread_nanos},
    files, names,
    reading::{Checked, NOT_READABLE, Within, cut, fields, is_plain, media_type},
    readings::Readings,
    record::Refusal,
};
use crate::{call::Call, phases::BodyView, websocket::Message};

mod asked;
mod documents;
mod masked;

use asked::{Asked, Sources};
use documents::Documents;

/// Deepest that can be asked for: what is deeper is not read.
const MOST_DEPTH: u32 = 16;
/// Most tokens that can be asked for: documents with more are not read.
const MOST_TOKENS: u32 = 10_000;
/// Most operations of one request that can be asked for.
const MOST_BATCH: u32 = 1_000;
/// Most bytes of a file with a schema.
const SCHEMA_BYTES: u64 = 8 * 1024 * 1024;
/// Greatest of the other limits.
const MOST: u32 = 1_000_000_000;

/// The kind.
pub static ITEM: PolicyItem = PolicyItem {
    kind: "graphql",
    title: "GraphQL limits",
    mode: Mode::Monitor,
    documentation: "\
Refuses GraphQL requests that ask for more than is taken here, before anything of them goes to the upstream: depth, \
cost, aliases, directives, tokens, operations in one request (400, with the figure and its limit); and what nobody \
should ask for: the schema (introspection), a change by a link (a mutation that is not in the body of a POST), \
documents that are not persisted (`persisted_only`, those of a list where `documents` names one), fields in `deny`, a field in `alone` beside anything else (403).

Depth is fields within each other; those of a root type have depth 1. Cost is objects: each field with a selection \
counts 1 and what is below it, as often as the greatest of its arguments named in `sizes` says, also inside of an input \
object and in a variable or its default; a field of a root type without a selection counts 1. Fragments count where \
they are spread, as often as they are. One that holds itself, is not there or is there twice is refused. Of several \
operations in a document the most that one of them asks for counts, as which is meant is a matter of the server. \
The operations of a batch count together against each limit but that of depth.

With a `schema` (SDL, or the answer to an introspection query) a document is refused (400) that asks for a field, an argument or a type that is not there, leaves out an argument that must be given, or selects something of a value that has no fields. Values and types of variables are left to the server.

It reads the parameters `query`, `variables` and `extensions` of the target, bodies that are JSON, a form or a single \
document (`application/graphql`), the part `operations` of multipart bodies, and of WebSockets the messages \
`subscribe` and `start`. When there are several documents in one request, all of them count. A request that names a document by its hash or id and does \
not bring it passes; unless `persisted_only` says that this is the way here it counts as not evaluated \
(`document-not-seen`). A request without either passes: there is nothing to execute. Where it names a document in several ways, \
or brings one too, `documents` must have all of them. Names of members count without case, as many servers read them.

What cannot be read in one way only (broken JSON, a name twice, also in other case, two types, another charset), or is no document, is `not-readable`; \
a body that is passed on as it comes is `body-not-held`: `on_unreadable` says whether these are refused (415), as they are by default, or pass and \
count as not evaluated. At most `body_bytes` of a body are read for at most `budget_micros` of processor time, \
documents of up to 20000 tokens with white space and 16 levels; what is beyond is refused unless `on_budget` lets it pass.

With `mask_suggestions` the answers lose what graphql-js and others add to errors about unknown names (`Did you mean \
\"user\"?`): the sentence is taken out, all else stays byte for byte. So that answers can be read, the upstream is asked for ones without \
content coding. One that has a coding all the same (`answer-coded`), is passed on as it comes \
(`body-not-held`) or is signed (`answer-signed`) goes on unchanged and counts as not evaluated.",
    examples: &[
        "\
name: graphql
mode: enforce
scope: {paths: [/graphql]}
graphql: {depth: 5, cost: 100}
",
        "\
name: graphql-mobile
mode: enforce
scope: {paths: [/mobile/graphql], methods: [POST]}
graphql: {persisted_only: true, batch: 1}
",
        "\
name: graphql-partners
scope: {paths: [/graphql]}
graphql:
  cost: 1000
  sizes: [first, last, pageSize]
  alone: [login, resetPassword]
  deny: [debug, internalNotes]
",
    ],
};

/// Settings of a GraphQL policy.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct GraphqlConfig {
    /// Most fields within each other, 1 to 16.
    pub depth: u32,
    /// Most objects that are asked for.
    pub cost: u32,
    /// Most fields that are given another name.
    pub aliases: u32,
    /// Most directives.
    pub directives: u32,
    /// Most tokens, white space and comments not counted, up to 10000.
    pub tokens: u32,
    /// Most operations in one request, 1 to 1000.
    pub batch: u32,
    /// Whether the schema may be asked for (`__schema`, `__type`). The query of tools is 13 deep.
    pub introspection: bool,
    /// Whether mutations may be in the target, as those of links are.
    pub get_mutations: bool,
    /// Whether only documents are taken that the server knows by hash or id.
    pub persisted_only: bool,
    /// A file with the documents that are known, up to 8 MiB, read again at each reload: a JSON object of documents by id,
    /// or a manifest of Apollo. With it, and `persisted_only`, only these are taken, by their id or letter by letter.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub documents: Option<PathBuf>,
    /// Whether suggestions are taken out of errors in answers.
    pub mask_suggestions: bool,
    /// A file with the schema, up to 8 MiB, read again at each reload.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub schema: Option<PathBuf>,
    /// Arguments that say how many elements a list is to have.
    pub sizes: Vec<String>,
    /// Fields of the root type that are called once in a request and beside nothing else, such as `login`: whoever
    /// guesses passwords or codes gets one guess for each request.
    pub alone: Vec<String>,
    /// Fields that nobody may select, wherever they are.
    pub deny: Vec<String>,
    /// Most bytes of a body that are read, up to 8388608.
    pub body_bytes: u32,
    /// Most microseconds of processor time that a request is read for, 100 to 1000000.
    pub budget_micros: u32,
    /// What becomes of requests that are beyond these or take longer.
    pub on_budget: OnGap,
    /// What becomes of requests that cannot be read in one way only.
    pub on_unreadable: OnGap,
}

impl Default for GraphqlConfig {
    fn default() -> Self {
        Self {
            depth: 5,
            cost: 100,
            aliases: 15,
            directives: 20,
            tokens: 1_000,
            batch: 10,
            introspection: false,
            get_mutations: false,
            persisted_only: false,
            documents: None,
            mask_suggestions: true,
            schema: None,
            sizes: ["first", "last", "limit"].map(str::to_owned).to_vec(),
            alone: Vec::new(),
            deny: Vec::new(),
            body_bytes: 128 * 1024,
            budget_micros: 5_000,
            on_budget: OnGap::Refuse,
            on_unreadable: OnGap::Refuse,
        }
    }
}

/// A compiled GraphQL policy.
#[derive(Debug)]
pub(crate) struct Graphql {
    config: GraphqlConfig,
    counted: Counted,
    types: Option<GraphqlTypes>,
    documents: Option<Documents>,
    pub(super) within: Within,
}

impl Graphql {
    /// Compiles a policy. `seed` keys the hashes by which names are compared.
    pub(crate) fn compile(config: &GraphqlConfig, seed: u64) -> Result<Self, Problem> {
        for (key, value, least, most) in [
            ("depth", config.depth, 1, MOST_DEPTH),
            ("cost", config.cost, 1, MOST),
            ("aliases", config.aliases, 0, MOST),
            ("directives", config.directives, 0, MOST),
            ("tokens", config.tokens, 1, MOST_TOKENS),
            ("batch", config.batch, 1, MOST_BATCH),
        ] {
            if !(least..=most).contains(&value) {
                return Err(Problem::new(key, format!("expected {least} to {most}")));
            }
        }
        let set = |key: &str, list: &[String]| {
            names::plain(key, list).map(Iterator::collect::<BTreeSet<_>>)
        };
        let counted = Counted {
            sizes: set("sizes", &config.sizes)?,
            marked: set("alone", &config.alone)?,
            named: set("deny", &config.deny)?,
        };
        let bounds = (config.body_bytes, config.budget_micros);
        let gaps = (config.on_budget, config.on_unreadable);
        let within = Within::compile(CODE, bounds, gaps, seed)?;
        let types = config.schema.as_deref().map(types).transpose();
        let types = types.map_err(|why| Problem::new("schema", why))?;
        if config.documents.is_some() && !config.persisted_only {
            return Err(Problem::new("documents", "needs `persisted_only`"));
        }
        let documents = config.documents.as_deref().map(Documents::read).transpose();
        let documents = documents.map_err(|why| Problem::new("documents", why))?;
        Ok(Self { config: config.clone(), counted, types, documents, within })
    }

    /// What follows for a request.
    pub(super) fn check(
        &self,
        call: &Call,
        body: BodyView<'_>,
        readings: &mut Readings,
    ) -> Checked {
        let is_safe = matches!(call.method, Method::GET | Method::HEAD);
        let query = call.uri.query().unwrap_or("");
        if let BodyView::Whole(bytes) = body
            && let Some(text) = document(call, bytes)
            && query.is_empty()
        {
            if text.len() > self.within.amount.bytes as usize {
                return self.within.gap(OVER_LIMITS);
            }
            return self.judge(&[Sources::document(text)], is_safe);
        }
        let decoded = match self.within.peek(readings, call, body) {
            Ok(decoded) => decoded,
            Err(reason) => return self.within.gap(reason),
        };
        let sources = match Sources::of(query, decoded, &self.within) {
            Ok(sources) => sources,
            Err(reason) => return self.within.gap(reason),
        };
        self.judge(&sources.asked(decoded), is_safe)
    }

    /// What follows for a message of the client on a WebSocket.
    pub(super) fn check_message(&self, message: &Message) -> Checked {
        let decoded = self.within.decode("", message.data.clone());
        if let Some(reason) = cut(&decoded.view, Places::BODY) {
            return self.within.gap(reason);
        }
        // Sockets carry other things too; what is no JSON is nothing that a server of GraphQL executes.
        if !matches!(decoded.request_format, Format::Json | Format::NdJson) {
            return Ok(None);
        }
        if decoded.request_format == Format::NdJson || !is_plain(&decoded.view, Places::BODY) {
            return self.within.gap(NOT_READABLE);
        }
        match asked::of_message(&decoded) {
            Ok(asked) => self.judge(&asked, false),
            Err(reason) => self.within.gap(reason),
        }
    }

    fn judge(&self, asked: &[Asked<'_>], is_safe: bool) -> Checked {
        let until = self.within.until();
        let config = &self.config;
        self.within_limit("batch", asked.len() as u64, config.batch)?;
        let mut sum = Measure::default();
        // What passes without a look hides nothing that comes behind it.
        let mut missing = None;
        for one in asked {
            self.persisted(one)?;
            let Some(text) = one.document else {
                let is_known = config.persisted_only;
                missing = missing.or((!is_known).then_some("document-not-seen"));
                continue;
            };
            let document = match GraphqlDocument::read(text) {
                Ok(document) => document,
                Err(why) => {
                    let is_long = why == UnreadDocument::Long;
                    let reason = if is_long { OVER_LIMITS } else { NOT_READABLE };
                    missing = missing.or(self.within.gap(reason)?);
                    continue;
                }
            };
            let measure = document.measure(&self.counted, &one.variables);
            self.check_one(&measure, is_safe || one.is_in_target)?;
            if measure.is_beyond {
                missing = missing.or(self.within.gap(OVER_LIMITS)?);
            }
            if let Some(misfit) = self.types.as_ref().and_then(|types| document.misfit(types)) {
                return Err(unfit(misfit));
            }
            add(&mut sum, &measure);
            if thread_nanos() > until {
                return self.within.gap(OVER_BUDGET);
            }
        }
        self.within_limit("cost", sum.cost, config.cost)?;
        self.within_limit("aliases", sum.aliases.into(), config.aliases)?;
        self.within_limit("directives", sum.directives.into(), config.directives)?;
        self.within_limit("tokens", sum.tokens.into(), config.tokens)?;
        if sum.marked > 0 && sum.fields > 1 {
            let title = "this is called once in a request, and beside nothing else";
            return Err(denied(title).because("not-alone"));
        }
        Ok(missing)
    }

    /// Whether a document is known, where only those are taken.
    fn persisted(&self, one: &Asked<'_>) -> Result<(), Refusal> {
        let is_known = match &self.documents {
            // A server may go by either, so both have to be known.
            Some(known) => {
                one.document.is_none_or(|document| known.has(document))
                    && one.ids.iter().all(|id| known.has_id(id, one.document))
            }
            None => one.document.is_none(),
        };
        if is_known || !self.config.persisted_only {
            return Ok(());
        }
        let title = "only documents that are known here are executed";
        Err(denied(title).because("not-persisted"))
    }

    /// What must not be asked for in any operation.
    fn check_one(&self, measure: &Measure, is_link: bool) -> Result<(), Refusal> {
        let config = &self.config;
        if measure.has_introspection && !config.introspection {
            return Err(denied("the schema is not told here").because("introspection"));
        }
        if measure.has_mutation && is_link && !config.get_mutations {
            let title = "changes are asked for in the body of a POST";
            return Err(denied(title).because("mutation-by-link"));
        }
        if measure.has_named {
            return Err(denied("a field is not served here").because("field"));
        }
        if measure.is_broken {
            let title = "the document contradicts itself";
            let status = StatusCode::BAD_REQUEST;
            return Err(Refusal::deny(status, CODE, title).because("fragments"));
        }
        self.within_limit("depth", measure.depth.into(), config.depth)
    }

    fn within_limit(&self, what: &'static str, is: u64, most: u32) -> Result<(), Refusal> {
        if is <= u64::from(most) {
            return Ok(());
        }
        let title = "the request asks for more than is taken here";
        let refusal = Refusal::deny(StatusCode::BAD_REQUEST, CODE, title).because(what);
        Err(refusal.with_detail(format!("{what} {is} is above {most}")))
    }

    /// Whether answers are looked at.
    pub(super) fn masks(&self) -> bool {
        self.config.mask_suggestions
    }

    /// An answer without suggestions; `None` when there are none in it.
    ///
    /// # Errors
    /// Why it was not looked at.
    pub(super) fn mask(
        &self,
        fields: &HeaderMap,
        body: BodyView<'_>,
        readings: &mut Readings,
    ) -> Result<Option<Bytes>, &'static str> {
        masked::without_suggestions(fields, body, self.within.amount, readings)
    }
}

/// The body, where it says that it is a document: some look like JSON that is bent.
fn document<'b>(call: &Call, body: &'b Bytes) -> Option<&'b str> {
    let is_coded = fields(call, header::CONTENT_ENCODING).next().is_some();
    let is_document = media_type(call) == "application/graphql" && !is_coded && !body.is_empty();
    is_document.then(|| std::str::from_utf8(body).ok()).flatten()
}

/// The types of a schema in a file.
fn types(path: &Path) -> Result<GraphqlTypes, String> {
    let text = files::text(path, SCHEMA_BYTES)?;
    let told = |why: String| format!("{}: {why}", path.display());
    let document = spec::read(text.as_bytes(), &mut NoFiles).map_err(|why| told(why.what))?;
    let format = document.format;
    GraphqlTypes::of(&document)
        .ok_or_else(|| told(format!("has no type to ask for; it is a document of {format}")))
}

/// What the schema is, is not told.
fn unfit(misfit: Misfit) -> Refusal {
    let title = "the document does not fit the schema";
    Refusal::deny(StatusCode::BAD_REQUEST, CODE, title).because(match misfit {
        Misfit::Operation => "unknown-operation",
        Misfit::Type => "unknown-type",
        Misfit::Field => "unknown-field",
        Misfit::Argument => "unknown-argument",
        Misfit::MissingArgument => "missing-argument",
        Misfit::Selection => "selection",
    })
}

const CODE: &str = "graphql-refused";

fn denied(title: &'static str) -> Refusal {
    Refusal::deny(StatusCode::FORBIDDEN, CODE, title)
}

/// What the operations of one request come to together.
fn add(sum: &mut Measure, one: &Measure) {
    sum.cost = sum.cost.saturating_add(one.cost);
    sum.fields = sum.fields.saturating_add(one.fields);
    sum.marked = sum.marked.saturating_add(one.marked);
    sum.aliases = sum.aliases.saturating_add(one.aliases);
    sum.directives = sum.directives.saturating_add(one.directives);
    sum.tokens = sum.tokens.saturating_add(one.tokens);
}

#[cfg(test)]
mod tests;
