//! What an answer holds: links, routes, documents.

mod html;
mod json;
mod map;
pub(super) mod route;
mod script;
mod secrets;
mod sitemap;
mod specification;

pub(super) use specification::{Specification, of_descriptors};

use bartizan_analysis::Snapshot;
use bartizan_code::{
    Limits,
    syntax::{File, Language},
};

use self::route::Text;
use super::{Answer, DocumentKind, Origin, Resolved, Role, SeenIn, paths};
use crate::discover::secrets::Secret;

/// Time for parsing one script, in milliseconds.
const PARSE_MILLIS: u64 = 1_000;
/// Scripts that take longer; after so many no more are parsed, so that a server cannot keep a crawl busy.
const MAX_UNPARSED: u32 = 10;
/// Most things of one kind that are taken from one answer.
const MAX_FINDS: usize = 10_000;

/// What is read.
#[derive(Clone, Copy, Debug)]
pub(super) struct Subject<'a> {
    pub(super) origin: &'a Origin,
    /// Path and query that were asked for.
    pub(super) target: &'a str,
    pub(super) role: Role,
    pub(super) answer: &'a Answer,
    /// Limits and key for the search of secrets; `None` where none are looked for.
    pub(super) snapshot: Option<&'a Snapshot>,
}

/// A script as it is found.
#[derive(Clone, Copy, Debug)]
struct Code<'c> {
    text: &'c str,
    language: Language,
    by: SeenIn,
    /// Name of the source in a map; empty for a script.
    source: &'c str,
    /// Lines of the answer that stand before it.
    lines_before: u32,
}

impl<'c> Code<'c> {
    const fn script(text: &'c str) -> Self {
        Self {
            text,
            language: Language::JavaScript,
            by: SeenIn::Script,
            source: "",
            lines_before: 0,
        }
    }
}

/// How many scripts took too long so far.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Patience(u32);

/// A reference as written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Link {
    pub(super) reference: String,
    /// What it would be asked for as.
    pub(super) role: Role,
    /// As what it is a route by itself; `None` when it is none.
    pub(super) by: Option<SeenIn>,
}

/// What was found in one answer.
#[derive(Clone, Debug, Default)]
pub(super) struct Finds {
    /// Path that references are relative to; empty for the one that was asked for.
    pub(super) base: String,
    /// References to what may be asked for.
    pub(super) links: Vec<Link>,
    /// Methods, paths and where they were found.
    pub(super) routes: Vec<(String, String, SeenIn)>,
    /// What the answer is, with the count of its operations.
    pub(super) documents: Vec<(DocumentKind, Option<u64>)>,
    /// Other origins.
    pub(super) elsewhere: Vec<String>,
    /// Secrets in scripts and in the sources of their maps.
    pub(super) secrets: Vec<Secret>,
    /// Reasons why something was left out, with how much.
    pub(super) left_out: Vec<(&'static str, u64)>,
    /// Whether it is a page for people.
    pub(super) is_html: bool,
}

/// Reads an answer.
pub(super) fn read(subject: Subject<'_>, patience: &mut Patience) -> Finds {
    let mut finds = Finds::default();
    let Subject { target, role, answer, .. } = subject;
    let media = answer.headers.media_type();
    if is_binary(&media, &answer.body) {
        finds.left("not_text", 1);
        return finds;
    }
    let text = String::from_utf8_lossy(&answer.body);
    let text = text.trim_start_matches('\u{feff}').trim_start();
    finds.is_html = is_html(&media, text);
    if finds.is_html {
        // A page in the place of a script says that there is no script.
        if !matches!(role, Role::Script | Role::SourceMap) {
            finds.html(subject, text, patience);
        }
    } else if role == Role::SourceMap || paths::extension(target) == "map" {
        finds.source_map(subject, &answer.body, patience);
    } else if role == Role::Script || is_script(&media) || paths::is_script(target) {
        finds.script_file(subject, text, patience);
    } else if text.starts_with('<') {
        finds.xml(subject, text);
    } else if text.starts_with(['{', '[']) {
        finds.json(subject, text);
    } else {
        finds.plain(subject, text);
    }
    finds.bound();
    finds
}

/// Whether an answer is a page.
pub(super) fn is_page(answer: &Answer) -> bool {
    let begin = answer.body.get(..answer.body.len().min(1_024)).unwrap_or_default();
    let begin = String::from_utf8_lossy(begin);
    is_html(&answer.headers.media_type(), begin.trim_start_matches('\u{feff}').trim_start())
}

/// How many lines end in a text.
fn lines(text: &str) -> u32 {
    u32::try_from(text.bytes().filter(|byte| *byte == b'\n').count()).unwrap_or(u32::MAX)
}

/// How many lines of an answer stand before its text, which begins with the first character that is no space.
fn lines_before(subject: Subject<'_>, text: &str) -> u32 {
    let all = subject.answer.body.iter().filter(|byte| **byte == b'\n').count();
    u32::try_from(all).unwrap_or(u32::MAX).saturating_sub(lines(text))
}

fn is_html(media: &str, text: &str) -> bool {
    let begins =
        |what: &str| text.get(..what.len()).is_some_and(|begin| begin.eq_ignore_ascii_case(what));
    matches!(media, "text/html" | "application/xhtml+xml")
        || begins("<!doctype html")
        || begins("<html")
}

fn is_script(media: &str) -> bool {
    media.ends_with("/javascript")
        || media.ends_with("/x-javascript")
        || media.ends_with("/ecmascript")
}

fn is_binary(media: &str, body: &[u8]) -> bool {
    let is_media =
        ["audio/", "font/", "image/", "video/"].iter().any(|kind| media.starts_with(kind));
    is_media || body.iter().take(1_024).any(|byte| *byte == 0)
}

impl Finds {
    fn left(&mut self, reason: &'static str, count: u64) {
        if count > 0 {
            self.left_out.push((reason, count));
        }
    }

    fn link(&mut self, role: Role, by: Option<SeenIn>, references: Vec<String>) {
        let links = references.into_iter().map(|reference| Link { reference, role, by });
        self.links.extend(links);
    }

    /// Keeps [`MAX_FINDS`] of each kind.
    fn bound(&mut self) {
        let lengths = [self.links.len(), self.routes.len(), self.elsewhere.len()];
        let beyond: usize = lengths.iter().map(|length| length.saturating_sub(MAX_FINDS)).sum();
        self.links.truncate(MAX_FINDS);
        self.routes.truncate(MAX_FINDS);
        self.elsewhere.truncate(MAX_FINDS);
        self.left("finds_of_one_answer", beyond as u64);
    }

    fn html(&mut self, subject: Subject<'_>, text: &str, patience: &mut Patience) {
        let Subject { origin, target, .. } = subject;
        let page = html::read(text);
        let mut is_foreign = false;
        if let Some(base) = &page.base {
            match origin.resolve(target, base) {
                Resolved::Here(base) => self.base = base,
                Resolved::Elsewhere(other) => {
                    self.elsewhere.push(other);
                    is_foreign = true;
                }
                Resolved::Nowhere => {}
            }
        }
        // Relative to another origin, whatever names no host leads there.
        let kept = |references: Vec<String>| -> Vec<String> {
            let names_host = |one: &String| one.contains("//");
            references.into_iter().filter(|one| !is_foreign || names_host(one)).collect()
        };
        self.link(Role::Page, Some(SeenIn::Page), kept(page.pages));
        self.link(Role::Script, None, kept(page.scripts));
        self.link(Role::Specification, None, kept(page.specifications));
        let base = if self.base.is_empty() { target.to_owned() } else { self.base.clone() };
        for (method, action) in page.forms.into_iter().filter(|_| !is_foreign) {
            match origin.resolve(&base, &action) {
                Resolved::Here(target) => {
                    let path = paths::path_of(&target).to_owned();
                    self.routes.push((method, path, SeenIn::Page));
                }
                Resolved::Elsewhere(other) => self.elsewhere.push(other),
                Resolved::Nowhere => {}
            }
        }
        let (mut gone, mut lines_before) = (0, lines_before(subject, text));
        for inline in page.inline {
            // A part of the page, behind the one before: the page is gone through once.
            let at = inline.as_ptr().addr().wrapping_sub(text.as_ptr().addr());
            if let Some(before) = text.get(gone..at) {
                lines_before += lines(before);
                gone = at;
            }
            // Data in the place of a script: nothing of it is called.
            if !inline.trim_start().starts_with(['{', '[']) {
                let code = Code { lines_before, ..Code::script(inline) };
                self.script(subject, code, patience);
            }
        }
        self.left("html_tags", u64::from(page.is_cut));
        if matches!(subject.role, Role::Documentation | Role::Specification) {
            self.documents.push((DocumentKind::Documentation, None));
        }
    }

    fn script_file(&mut self, subject: Subject<'_>, text: &str, patience: &mut Patience) {
        let lines_before = lines_before(subject, text);
        self.script(subject, Code { lines_before, ..Code::script(text) }, patience);
        let headers = &subject.answer.headers;
        // ECMA-426 §11.1: a header field, or a comment at the end.
        let header = headers.get("sourcemap").or_else(|| headers.get("x-sourcemap"));
        match (map::reference(text), header) {
            (Some(map::Reference::Within(bytes)), _) => self.source_map(subject, &bytes, patience),
            (Some(map::Reference::At(address)), _) => {
                self.link(Role::SourceMap, None, vec![address]);
            }
            (None, Some(address)) => self.link(Role::SourceMap, None, vec![address.to_owned()]),
            (None, None) => {}
        }
    }

    /// Reads a script; gives back how many routes it has.
    fn script(&mut self, subject: Subject<'_>, code: Code<'_>, patience: &mut Patience) -> u64 {
        let Code { text, language, by, .. } = code;
        if patience.0 >= MAX_UNPARSED {
            self.left("scripts_after_slow_ones", 1);
            return 0;
        }
        let limits = Limits { parse_millis: PARSE_MILLIS, ..Limits::default() };
        let Some(file) = File::parse(subject.target, language, text.to_owned(), &limits) else {
            patience.0 += 1;
            self.left("slow_scripts", 1);
            return 0;
        };
        self.secrets(subject, code, &file);
        let texts = script::read(&file);
        self.left("script_texts", u64::from(texts.is_cut));
        let is_documentation = ["SwaggerUIBundle", "Redoc.init", "createApiReference", "configUrl"]
            .iter()
            .any(|word| text.contains(word));
        let mut routes = 0;
        for found in texts.found {
            let is_named = is_documentation && found.names_specification;
            let is_whole = !found.text.contains('{');
            if is_whole && (is_named || paths::is_specification(&found.text)) {
                self.link(Role::Specification, None, vec![found.text]);
                continue;
            }
            match route::judge(subject.origin, &found.text) {
                Text::Route(path) => {
                    let method = found.method.unwrap_or("?").to_owned();
                    self.routes.push((method, path, by));
                    routes += 1;
                }
                Text::Elsewhere(other) => self.elsewhere.push(other),
                Text::Other => {}
            }
        }
        routes
    }

    fn source_map(&mut self, subject: Subject<'_>, bytes: &[u8], patience: &mut Patience) {
        let Some(sources) = map::read(bytes) else {
            self.left("unreadable_source_maps", 1);
            return;
        };
        self.left("sources_of_dependencies", sources.dependencies);
        self.left("sources_without_text", sources.missing);
        let mut routes = 0;
        for (name, content) in sources.own {
            let language = Language::of_extension(&paths::extension(&name)).filter(|language| {
                matches!(language, Language::JavaScript | Language::TypeScript | Language::Tsx)
            });
            match language {
                Some(language) => {
                    let (by, source) = (SeenIn::SourceMap, name.as_str());
                    let code = Code { language, by, source, ..Code::script(&content) };
                    routes += self.script(subject, code, patience);
                }
                None => self.left("sources_of_other_languages", 1),
            }
        }
        self.documents.push((DocumentKind::SourceMap, Some(routes)));
    }

    fn xml(&mut self, subject: Subject<'_>, text: &str) {
        if let Some(sitemap) = sitemap::read(text) {
            self.documents.push((DocumentKind::Sitemap, None));
            self.left("sitemap_addresses", u64::from(sitemap.is_cut));
            match sitemap.is_index {
                true => self.link(Role::Sitemap, None, sitemap.addresses),
                false => self.link(Role::Page, Some(SeenIn::Sitemap), sitemap.addresses),
            }
        } else {
            self.specification(subject, text);
        }
    }

    fn json(&mut self, subject: Subject<'_>, text: &str) {
        if self.specification(subject, text) {
            return;
        }
        let Some(references) = json::read(text, subject.target) else { return };
        self.left("json_values", u64::from(references.is_cut));
        self.documents.extend(references.kind.map(|kind| (kind, None)));
        for (method, address) in references.routes {
            match route::judge(subject.origin, &address) {
                Text::Route(path) => self.routes.push((method.to_owned(), path, SeenIn::Answer)),
                Text::Elsewhere(other) => self.elsewhere.push(other),
                Text::Other => {}
            }
        }
        self.link(Role::Specification, None, references.specifications);
        self.link(Role::Page, None, references.pages);
    }

    /// Reads a specification; false when the text is none.
    fn specification(&mut self, subject: Subject<'_>, text: &str) -> bool {
        let Some(found) = specification::read(text) else { return false };
        self.documents.push((found.kind, Some(found.operations)));
        for (method, path) in found.routes {
            self.routes.push((method, path, SeenIn::Specification));
        }
        // What is called by its name is called where it is described.
        let is_endpoint = subject.role == Role::Introspection || found.kind == DocumentKind::Wsdl;
        if found.is_called_by_name && is_endpoint {
            let path = paths::path_of(subject.target).to_owned();
            self.routes.push(("POST".to_owned(), path, SeenIn::Specification));
        }
        true
    }

    fn plain(&mut self, subject: Subject<'_>, text: &str) {
        let is_policy = paths::path_of(subject.target).ends_with("/security.txt");
        if is_policy && text.lines().any(|line| line.to_ascii_lowercase().starts_with("contact:")) {
            self.documents.push((DocumentKind::SecurityTxt, None));
        } else {
            self.specification(subject, text);
        }
    }
}

#[cfg(test)]
mod tests;
