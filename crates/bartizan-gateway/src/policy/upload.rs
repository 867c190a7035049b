//! Uploads: whether files are what they say, and of a kind that is taken.

use bartizan_model::{Mode, Root, Side};
use bartizan_protocols::{AnomalyKind, Decoded, Format, NodeRef, Places, SentFile, Value, magic};
use bytes::Bytes;
use http::{StatusCode, header};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{
    PolicyItem,
    config::Problem,
    detectors::OnGap,
    names::plain,
    reading::{
        Checked, NOT_HELD, NOT_READABLE, Within, essence, fields, has, is_plain, is_read,
        media_type,
    },
    readings::Readings,
    record::Refusal,
};
use crate::{call::Call, phases::BodyView};

mod markup;
mod named;

/// Most files of one request that can be asked for: as many parts as are read.
const MOST_FILES: u32 = 256;
const CODE: &str = "upload-refused";

/// What is not marked but written as text, with names that end so.
const TEXTS: [&str; 7] = [
    "application/json",
    "application/xml",
    "application/yaml",
    "application/x-ndjson",
    "application/javascript",
    "application/xhtml+xml",
    "image/svg+xml",
];
/// Archives that are zip files with another name.
const ZIPPED: [&str; 6] = [
    "application/vnd.openxmlformats-officedocument.",
    "application/vnd.oasis.opendocument.",
    "application/epub+zip",
    "application/java-archive",
    "application/vnd.android.package-archive",
    "application/x-zip-compressed",
];

/// What scripts are told to be by their beginning.
const PHP: &str = "application/x-httpd-php";
const SHELL: &str = "text/x-shellscript";

/// The kind.
pub static ITEM: PolicyItem = PolicyItem {
    kind: "upload",
    title: "Uploads",
    mode: Mode::Monitor,
    documentation: "\
Looks at files: those in multipart forms, and bodies that are surely no message. A message is JSON or a form that says so and \
is nothing else to anybody, or such XML without a document type, an instruction and anything active in a browser; it has neither a mark \
nor a name that servers run or browsers show (`.php`, `.html`). What a file is \
is told by how its bytes begin (`bartizan` knows the marks of pictures, sound, video, documents, archives, programs, scripts), not by what the client says. \
A file is refused (415) that is none of `types`; that says it is something else than its bytes are, as a program that says it is a \
picture (unless `match_type` is off: nothing, `application/octet-stream`, and zip files that say they are a document, say enough); \
whose name ends otherwise than `extensions` list, or has an end before that which servers run (`a.php.png`, `a.asp;.jpg`); one without a mark that is active in a browser, as SVG and HTML with \
scripts, event attributes, frames or objects are, whatever it says it is (unless `markup` lets it pass). More files than \
`files`, and one of more than `file_bytes`, are refused (413).

With `types` a file without a mark counts as what it says it is, and only where that is text: a picture that has none is no picture. \
A type is whole (`image/png`) or all of its kind (`image/*`). What is in archives and documents is not looked at, nor what is behind \
the mark of a picture: have uploads served as what they are, with `X-Content-Type-Options: nosniff`.

A body is read within `body_bytes` and `budget_micros` of processor time; what is beyond is refused (413) unless \
`on_budget` lets it pass. A form that others may read differently and a body with a content coding are \
`not-readable`, one that is passed on as it comes is `body-not-held`: `on_unreadable` says whether these are refused (415), as \
they are by default, or pass and count as not evaluated.",
    examples: &["\
name: documents
mode: enforce
scope: {paths: [/api/v1/documents], methods: [POST]}
upload: {types: [application/pdf, image/*, text/plain], file_bytes: 1000000, files: 1}
"],
};

/// Settings of an upload policy.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct UploadConfig {
    /// Media types that are taken: `image/png`, `image/*`; empty for all.
    pub types: Vec<String>,
    /// Ends of names that are taken, without the dot and without case; empty for all. Of a body that is one file names are
    /// the end of the path it is put to, where that has a dot, and those in `Content-Disposition`, `Slug`, `X-File-Name`
    /// and `X-Filename`.
    pub extensions: Vec<String>,
    /// Whether a file has to be what it says it is.
    pub match_type: bool,
    /// What becomes of texts that are active in a browser.
    pub markup: OnMarkup,
    /// Most files of one request, 1 to 256.
    pub files: u32,
    /// Most bytes of one file.
    pub file_bytes: u32,
    /// Most bytes of a body that are read, up to 8388608.
    pub body_bytes: u32,
    /// Most microseconds of processor time that a body is read for, 100 to 1000000.
    pub budget_micros: u32,
    /// What becomes of requests whose body is beyond these or takes longer.
    pub on_budget: OnGap,
    /// What becomes of requests whose body cannot be read in one way only.
    pub on_unreadable: OnGap,
}

/// What becomes of texts that are active in a browser.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum OnMarkup {
    /// They are refused.
    #[default]
    Refuse,
    /// They pass.
    Pass,
}

impl Default for UploadConfig {
    fn default() -> Self {
        Self {
            types: Vec::new(),
            extensions: Vec::new(),
            match_type: true,
            markup: OnMarkup::Refuse,
            files: 10,
            file_bytes: 8 * 1024 * 1024,
            body_bytes: 8 * 1024 * 1024,
            budget_micros: 50_000,
            on_budget: OnGap::Refuse,
            on_unreadable: OnGap::Refuse,
        }
    }
}

/// A compiled upload policy.
#[derive(Debug)]
pub(crate) struct Upload {
    types: Vec<String>,
    extensions: Vec<String>,
    match_type: bool,
    markup: OnMarkup,
    files: u32,
    file_bytes: u32,
    pub(super) within: Within,
}

/// A file as it is looked at.
#[derive(Debug)]
struct Seen<'d> {
    names: &'d [String],
    /// What it says it is, in lower case; empty when it says nothing.
    says: String,
    is: Option<&'static str>,
    bytes: &'d [u8],
}

impl Seen<'_> {
    fn is_utf8(&self) -> bool {
        std::str::from_utf8(self.bytes).is_ok()
    }
}

impl Upload {
    /// Compiles a policy. `seed` keys the hashes by which names are compared.
    pub(crate) fn compile(config: &UploadConfig, seed: u64) -> Result<Self, Problem> {
        if !(1..=MOST_FILES).contains(&config.files) {
            return Err(Problem::new("files", format!("expected 1 to {MOST_FILES}")));
        }
        let lower = |name: String| name.to_ascii_lowercase();
        let types: Vec<_> = plain("types", &config.types)?.map(lower).collect();
        let is_type = |text: &String| {
            text.split_once('/').is_some_and(|(kind, rest)| {
                !kind.is_empty()
                    && !kind.contains('*')
                    && !rest.is_empty()
                    && (rest == "*" || !rest.contains(['*', ';', ' ']))
            })
        };
        if let Some(at) = types.iter().position(|text| !is_type(text)) {
            let expected = "expected a media type without parameters, or `kind/*`";
            return Err(Problem::new(format!("types.{at}"), expected));
        }
        let dotless = |name: String| lower(name).trim_start_matches('.').to_owned();
        let extensions = plain("extensions", &config.extensions)?.map(dotless).collect();
        let bounds = (config.body_bytes, config.budget_micros);
        let gaps = (config.on_budget, config.on_unreadable);
        let mut within = Within::compile(CODE, bounds, gaps, seed)?;
        // Texts are read to their end.
        within.amount.text_bytes = config.body_bytes;
        Ok(Self {
            types,
            extensions,
            match_type: config.match_type,
            markup: config.markup,
            files: config.files,
            file_bytes: config.file_bytes,
            within,
        })
    }

    /// What follows for a request.
    pub(super) fn check(
        &self,
        call: &Call,
        body: BodyView<'_>,
        readings: &mut Readings,
    ) -> Checked {
        let BodyView::Whole(bytes) = body else { return self.within.gap(NOT_HELD) };
        if bytes.is_empty() {
            return Ok(None);
        }
        if fields(call, header::CONTENT_ENCODING).next().is_some() {
            return self.within.gap(NOT_READABLE);
        }
        match self.within.peek(readings, call, body) {
            Ok(decoded) => self.judge(decoded, &media_type(call), bytes, &named::of(call)),
            Err(reason) => self.within.gap(reason),
        }
    }

    /// `names`: those that the head gives the body.
    fn judge(&self, decoded: &Decoded, says: &str, bytes: &Bytes, names: &[String]) -> Checked {
        if decoded.request_format == Format::Multipart {
            if !is_plain(&decoded.view, Places::BODY) || has_nameless_file(decoded) {
                return self.within.gap(NOT_READABLE);
            }
            let files: Vec<_> =
                decoded.files().iter().filter_map(|file| Sent::of(decoded, file, bytes)).collect();
            if files.len() > self.files as usize {
                let title = "there are more files than are taken here";
                return Err(too_much(title).because("files"));
            }
            files.iter().try_for_each(|file| self.file(&file.seen()))?;
        } else if !is_message(decoded, says, bytes, names) {
            let (says, is) = (says.to_owned(), magic::media_type(bytes));
            self.file(&Seen { names, says, is, bytes })?;
        }
        Ok(None)
    }

    fn file(&self, file: &Seen<'_>) -> Result<(), Refusal> {
        if file.bytes.len() > self.file_bytes as usize {
            return Err(too_much("a file is larger than is taken here").because("file-size"));
        }
        let is_taken = |name: &String| named::ends_as(name, &self.extensions);
        if !self.extensions.is_empty() && !file.names.iter().all(is_taken) {
            return Err(refused("the name of a file does not end as is taken here").because("name"));
        }
        if self.match_type && !is_as_said(file) {
            return Err(refused("a file is not what it says it is").because("not-as-said"));
        }
        if !self.types.is_empty() && !self.is_taken(file) {
            return Err(refused("a file is of a kind that is not taken here").because("type"));
        }
        let is_script = matches!(file.is, None | Some(PHP | SHELL));
        if self.markup == OnMarkup::Refuse && is_script && markup::is_active(file.bytes) {
            return Err(refused("a file is active in browsers").because("markup"));
        }
        Ok(())
    }

    /// Whether what a file is, and what it says it is, is in the list.
    fn is_taken(&self, file: &Seen<'_>) -> bool {
        let is_listed = |name: &str| {
            self.types.iter().any(|listed| match listed.strip_suffix('*') {
                Some(kind) => name.starts_with(kind),
                None => name == listed,
            })
        };
        match file.is {
            // An office document is a zip file to its beginning, and is taken as what it says.
            Some("application/zip") if is_zipped(&file.says) => is_listed(&file.says),
            Some(is) => is_listed(is),
            None => is_text(&file.says) && file.is_utf8() && is_listed(&file.says),
        }
    }
}

/// A file in a form.
struct Sent<'d> {
    names: Vec<String>,
    says: String,
    is: Option<&'static str>,
    bytes: &'d [u8],
}

impl<'d> Sent<'d> {
    /// `None` for the empty one that a browser sends for a field that nothing was chosen for.
    fn of(decoded: &'d Decoded, file: &SentFile, body: &'d Bytes) -> Option<Self> {
        let node = decoded.view.node(file.node)?;
        let says = child(node, "content-type").map(essence).unwrap_or_default();
        let name = child(node, "filename").unwrap_or_default();
        let length = usize::try_from(file.bytes).ok()?;
        let bytes = body.get(file.from..file.from + length).unwrap_or_default();
        let is_chosen = length > 0 || !name.is_empty();
        is_chosen.then(|| Self { names: vec![name.to_owned()], says, is: file.kind, bytes })
    }

    fn seen(&self) -> Seen<'_> {
        Seen { names: &self.names, says: self.says.clone(), is: self.is, bytes: self.bytes }
    }
}

/// Whether a form has bytes that are no text in a part without the name of a file: some servers keep these as files too.
fn has_nameless_file(decoded: &Decoded) -> bool {
    let root = decoded.view.root(Side::Request, Root::Body);
    let mut parts = root.into_iter().flat_map(|root| root.children());
    parts.any(|part| matches!(part.value(), Value::Opaque(_)) && child(part, "filename").is_none())
}

/// Whether a body is surely a message and no file, whatever is made of it behind.
fn is_message(decoded: &Decoded, says: &str, bytes: &[u8], names: &[String]) -> bool {
    let view = &decoded.view;
    let is_whole = || is_read(view) && is_plain(view, Places::BODY);
    let subtype = says.split_once('/').map_or("", |(_, subtype)| subtype);
    let says_json =
        || says.is_empty() || subtype.contains("json") || says == "application/csp-report";
    let is_it = match decoded.request_format {
        Format::Empty => return true,
        Format::Json | Format::NdJson => says_json() && is_whole(),
        // Browsers encode what markup and scripts begin with.
        Format::Form => subtype == "x-www-form-urlencoded" && !bytes.contains(&b'<'),
        // SVG is a picture, XHTML a page.
        Format::Xml => {
            let odd = [AnomalyKind::XmlDoctype, AnomalyKind::XmlInstruction];
            (subtype == "xml" || subtype.ends_with("+xml"))
                && !says.starts_with("image/")
                && !subtype.starts_with("xhtml")
                && is_whole()
                && !odd.iter().any(|kind| has(view, *kind))
                && !markup::is_active(bytes)
        }
        _ => false,
    };
    is_it && magic::media_type(bytes).is_none() && !names.iter().any(|name| named::is_active(name))
}

fn child<'d>(node: NodeRef<'d>, name: &str) -> Option<&'d str> {
    let found = node.children().find(|child| child.key() == name && child.side() == Side::Request);
    match found?.value() {
        Value::Text(text) => Some(text),
        _ => None,
    }
}

/// Whether what a file says is what its bytes are.
fn is_as_said(file: &Seen<'_>) -> bool {
    let says = match file.says.as_str() {
        "" | "application/octet-stream" | "binary/octet-stream" => return true,
        "image/jpg" | "image/pjpeg" => "image/jpeg",
        "image/vnd.microsoft.icon" => "image/x-icon",
        "audio/mp3" => "audio/mpeg",
        "audio/x-wav" | "audio/wave" => "audio/wav",
        "application/x-gzip" => "application/gzip",
        "text/rtf" => "application/rtf",
        says => says,
    };
    match file.is {
        Some("application/zip") if is_zipped(says) => true,
        // Containers that hold sound or pictures alone.
        Some("video/mp4") => says == "audio/mp4" || says == "video/mp4",
        Some("audio/ogg") => says.ends_with("/ogg"),
        Some("video/webm") => says.ends_with("/webm") || says == "video/x-matroska",
        Some("image/heic" | "image/heif") => matches!(says, "image/heic" | "image/heif"),
        // Word, Excel and others before 2007 are all the same to their beginning.
        Some("application/x-ole-storage") => {
            says.starts_with("application/ms") || says.starts_with("application/vnd.ms-")
        }
        Some(PHP) => matches!(says, PHP | "application/x-php" | "application/php" | "text/x-php"),
        // Shells and other languages have types of their own.
        Some(SHELL) => says.starts_with("text/x-") || says.starts_with("application/x-"),
        Some(is) => is == says,
        None if file.bytes.is_empty() => true,
        // What has marks has one, and what is text is text.
        None => !magic::is_marked(says) && (!is_text(says) || file.is_utf8()),
    }
}

fn is_zipped(says: &str) -> bool {
    ZIPPED.iter().any(|name| says.starts_with(name))
}

fn is_text(says: &str) -> bool {
    says.starts_with("text/") && says != "text/rtf"
        || says.ends_with("+json")
        || says.ends_with("+xml")
        || TEXTS.contains(&says)
}

fn refused(title: &'static str) -> Refusal {
    Refusal::deny(StatusCode::UNSUPPORTED_MEDIA_TYPE, CODE, title)
}

fn too_much(title: &'static str) -> Refusal {
    Refusal::deny(StatusCode::PAYLOAD_TOO_LARGE, CODE, title)
}

#[cfg(test)]
mod tests;
