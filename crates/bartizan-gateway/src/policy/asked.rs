//! A request in every way in which an upstream may read it, split once for all policies.

use std::sync::{
    Arc,
    atomic::{AtomicU8, AtomicU32, Ordering::Relaxed},
};

use bartizan_model::Timestamp;
use http::{HeaderMap, HeaderName, HeaderValue, Method, request};

use super::scope::{Reach, Scope, Wanted};
use crate::head::validate::is_alike;

/// Most segments of a path that are compared; see [`Asked::paths`].
pub(crate) const SEGMENTS: usize = 256;
/// Most rounds of percent-decoding.
const ROUNDS: usize = 3;
/// Most bytes of paths that are read, each time that one is read anew counted: about a millisecond in a
/// development build (`policy::cost` measures it). An odd path of 2 KiB has room for every reading.
const READ: usize = 128 * 1024;
/// Most readings of paths before a field that names one more. More than anybody needs by accident.
const READINGS: usize = 128;
/// Most methods that a request names beside its own.
const METHODS: usize = 32;

/// Most work that comparing one request with scopes may take, in comparisons of segments: a few
/// milliseconds. What lies beyond is treated like a path of too many segments.
pub(crate) const WORK: u32 = 1_000_000;

/// Fields in which frameworks look for another method.
static METHOD_FIELDS: [HeaderName; 3] = [
    HeaderName::from_static("x-http-method-override"),
    HeaderName::from_static("x-http-method"),
    HeaderName::from_static("x-method-override"),
];
/// Fields in which servers look for another path.
static PATH_FIELDS: [HeaderName; 2] =
    [HeaderName::from_static("x-original-url"), HeaderName::from_static("x-rewrite-url")];
/// The query parameter in which frameworks look for another method.
pub(super) const METHOD_PARAMETER: &str = "_method";

/// What a request asks for.
#[derive(Debug)]
pub(crate) struct Asked {
    authority: Option<Arc<str>>,
    /// The service that was chosen for it.
    service: Option<Arc<str>>,
    method: Method,
    /// Other methods that it names; `None` when there are too many to compare.
    other_methods: Option<Vec<Method>>,
    /// Its paths; `None` when there is too much to compare.
    paths: Option<Vec<Form>>,
    /// The same in lower case.
    lower: Vec<Form>,
    /// What is left of [`WORK`]; 0 from when it was not enough.
    work: AtomicU32,
    /// What is known of scopes, by their numbers: 0 for nothing, else 1 more than how they reach.
    known: Box<[AtomicU8]>,
    /// When it came.
    now: Timestamp,
    /// Kinds of policies that are not asked about it, because somebody broke the glass.
    bypassed: Option<Arc<[&'static str]>>,
}

impl Asked {
    /// Looks at what scopes ask about.
    pub(crate) fn new(wanted: Wanted, authority: Option<&str>, request: &request::Parts) -> Self {
        let mut paths = Some(Vec::new());
        if wanted.paths {
            paths = forms(request.uri.path(), &request.headers);
        }
        let lower = match &paths {
            Some(forms) if wanted.ignore_case => forms.iter().map(Form::lower).collect(),
            _ => Vec::new(),
        };
        let other_methods = if wanted.methods { other_methods(request) } else { Some(Vec::new()) };
        let method = request.method.clone();
        let (authority, work) = (authority.map(Arc::from), AtomicU32::new(WORK));
        let (now, bypassed, service) = (Timestamp::default(), None, None);
        let known = (0..wanted.scopes).map(|_| AtomicU8::new(0)).collect();
        Self { authority, service, method, other_methods, paths, lower, work, known, now, bypassed }
    }

    /// The same for a service.
    pub(crate) fn for_service(self, service: Option<&str>) -> Self {
        Self { service: service.map(Arc::from), ..self }
    }

    /// The service that was chosen for it; `None` when none was.
    pub(crate) fn service(&self) -> Option<&str> {
        self.service.as_deref()
    }

    /// The same at a time.
    pub(crate) fn at(self, now: Timestamp) -> Self {
        Self { now, ..self }
    }

    /// When it came.
    pub(crate) const fn now(&self) -> Timestamp {
        self.now
    }

    /// Has policies of these kinds not be asked about it.
    pub(crate) fn bypass(&mut self, kinds: &Arc<[&'static str]>) {
        self.bypassed = Some(match &self.bypassed {
            None => Arc::clone(kinds),
            Some(before) => before.iter().chain(kinds.iter()).copied().collect(),
        });
    }

    /// Whether policies of a kind are not asked about it.
    pub(crate) fn bypasses(&self, kind: &str) -> bool {
        self.bypassed.as_ref().is_some_and(|kinds| kinds.contains(&kind))
    }

    /// Whether it is in the scope of a policy, each of which is compared with it once. Only when nothing is left out
    /// any more.
    pub(crate) fn reach(&self, scope: &Scope) -> Reach {
        const ALL: [Reach; 3] = [Reach::Out, Reach::Perhaps, Reach::Surely];
        let Some(known) = scope.number.and_then(|number| self.known.get(number)) else {
            return scope.reach(self);
        };
        if let Some(reach) = usize::from(known.load(Relaxed)).checked_sub(1) {
            return ALL.get(reach).copied().unwrap_or(Reach::Perhaps);
        }
        let reach = scope.reach(self);
        known.store(1 + reach as u8, Relaxed);
        reach
    }

    /// Takes some of the work that comparing may take; `false` when it is used up, from then on.
    pub(crate) fn take_work(&self, work: usize) -> bool {
        let left = self.work.load(Relaxed);
        let rest = u32::try_from(work).ok().and_then(|work| left.checked_sub(work)).unwrap_or(0);
        self.work.store(rest, Relaxed);
        rest > 0
    }

    /// Whether there was too much to compare.
    pub(crate) fn is_over(&self) -> bool {
        self.paths.is_none() || self.other_methods.is_none() || self.work.load(Relaxed) == 0
    }

    /// Host and port that it names.
    pub(crate) fn authority(&self) -> Option<&str> {
        self.authority.as_deref()
    }

    /// Its method, and those that an upstream may take instead; `None` when it names more than
    /// anybody does by accident.
    pub(crate) fn methods(&self) -> Option<impl Iterator<Item = &Method> + Clone> {
        let others = self.other_methods.as_ref()?;
        Some(std::iter::once(&self.method).chain(others))
    }

    /// Its path as it came, and what servers may make of it; `None` when that has more than
    /// [`SEGMENTS`] segments, or takes more than [`READ`] bytes to find out.
    pub(crate) fn paths(&self, ignore_case: bool) -> Option<&[Form]> {
        let paths = self.paths.as_deref()?;
        Some(if ignore_case { &self.lower } else { paths })
    }
}

/// A path, split.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Form {
    text: String,
    /// Where segments begin and end.
    segments: Vec<(u32, u32)>,
}

impl Form {
    /// A slash at the beginning and one at the end do not count; `None` for too many segments.
    fn new(text: String) -> Option<Self> {
        let begin = usize::from(text.starts_with('/'));
        let end =
            if text.len() > begin && text.ends_with('/') { text.len() - 1 } else { text.len() };
        let mut segments = Vec::new();
        let mut from = begin;
        while begin < end && from <= end {
            let length = memchr::memchr(b'/', &text.as_bytes()[from..end]);
            let to = length.map_or(end, |length| from + length);
            if segments.len() == SEGMENTS {
                return None;
            }
            segments.push((u32::try_from(from).ok()?, u32::try_from(to).ok()?));
            from = to + 1;
        }
        Some(Self { text, segments })
    }

    fn lower(&self) -> Self {
        // Lengths of letters may change with their case: split anew. It cannot have more segments.
        let lower = Self::new(self.text.to_lowercase());
        lower.unwrap_or_else(|| self.clone())
    }

    /// Its length in bytes.
    pub(crate) fn bytes(&self) -> usize {
        self.text.len()
    }

    /// The whole of it.
    pub(crate) fn text(&self) -> &str {
        &self.text
    }

    /// Number of segments.
    pub(crate) fn len(&self) -> usize {
        self.segments.len()
    }

    pub(crate) fn segment(&self, at: usize) -> Option<&str> {
        let (from, to) = self.segments.get(at)?;
        self.text.get(*from as usize..*to as usize)
    }
}

/// All readings of the paths that a request names.
fn forms(path: &str, fields: &HeaderMap) -> Option<Vec<Form>> {
    let (mut forms, mut room) = (Vec::new(), READ);
    read(path, &mut forms, &mut room)?;
    for value in values(fields, &PATH_FIELDS) {
        let text = String::from_utf8_lossy(value.as_bytes());
        read(&path_of(&text), &mut forms, &mut room)?;
        if forms.len() > READINGS {
            return None;
        }
    }
    Some(forms)
}

/// The values of fields that servers may take for one of these, however their names are written.
fn values<'f>(
    fields: &'f HeaderMap,
    names: &'f [HeaderName],
) -> impl Iterator<Item = &'f HeaderValue> {
    let is_one = |name: &HeaderName| {
        names.iter().any(|known| is_alike(name.as_str().as_bytes(), known.as_str().as_bytes()))
    };
    fields.iter().filter(move |(name, _)| is_one(name)).map(|(_, value)| value)
}

/// The path of a target, whatever form it has.
fn path_of(target: &str) -> String {
    let target = target.trim();
    let target = target.split(['?', '#']).next().unwrap_or(target);
    let path = match target.split_once("://") {
        Some((_, rest)) => rest.find('/').map_or("/", |at| &rest[at..]),
        None => target,
    };
    if path.starts_with('/') { path.to_owned() } else { format!("/{path}") }
}

/// Adds a path as it came and, where that differs, as servers read it: percent-decoded up to three
/// times, and each time with dot segments resolved under all habits that make a difference.
/// `None` when it has too many segments, or takes more bytes than there is room for.
fn read(path: &str, forms: &mut Vec<Form>, room: &mut usize) -> Option<()> {
    let mut add = |text: String| {
        let form = Form::new(text)?;
        if !forms.contains(&form) {
            forms.push(form);
        }
        Some(())
    };
    add(path.to_owned())?;
    if is_plain(path) {
        return Some(());
    }
    let mut text = path.to_owned();
    for _ in 0..=ROUNDS {
        let different = Habits::that_matter(&text);
        for habits in (0..=Habits::ALL).filter(|habits| habits & !different == 0) {
            *room = room.checked_sub(text.len())?;
            add(Habits(habits).resolve(&text))?;
        }
        match decode(&text) {
            Some(decoded) => text = decoded,
            None => break,
        }
    }
    Some(())
}

/// The path of a request as one thing, however it is written: decoded, without dots, empty segments and
/// parameters. `None` when a field names another path, or it takes too much to find out.
pub(crate) fn resource(request: &request::Parts, ignore_case: bool) -> Option<String> {
    if values(&request.headers, &PATH_FIELDS).next().is_some() {
        return None;
    }
    one_resource(request.uri.path(), ignore_case)
}

/// The resources of the path and of those that fields name in its place, each as servers come to see it; as it is
/// where that takes too much to find out.
pub(crate) fn resources(request: &request::Parts) -> Vec<String> {
    let named = values(&request.headers, &PATH_FIELDS).take(METHODS).map(|value| {
        let text = String::from_utf8_lossy(value.as_bytes()).into_owned();
        text.split(['?', '#']).next().unwrap_or_default().to_owned()
    });
    let paths = std::iter::once(request.uri.path().to_owned()).chain(named);
    paths.map(|path| one_resource(&path, false).unwrap_or(path)).collect()
}

fn one_resource(path: &str, ignore_case: bool) -> Option<String> {
    let mut text = path.to_owned();
    if !is_plain(path) {
        let mut room = READ;
        for _ in 0..ROUNDS {
            room = room.checked_sub(text.len())?;
            match decode(&text) {
                Some(decoded) => text = decoded,
                None => break,
            }
        }
        text = Habits(Habits::ALL).resolve(&text);
    }
    let end = text.trim_end_matches('/').len();
    text.truncate(end);
    Some(if ignore_case { text.to_lowercase() } else { text })
}

/// Whether a request may change something: by its method, or by another one that it names.
pub(crate) fn may_change(request: &request::Parts) -> bool {
    let changes =
        |method: &Method| !matches!(*method, Method::GET | Method::HEAD | Method::OPTIONS);
    changes(&request.method)
        || other_methods(request).is_none_or(|others| others.iter().any(changes))
}

/// Methods that a request names beside its own, in capitals, as frameworks compare them.
pub(super) fn other_methods(request: &request::Parts) -> Option<Vec<Method>> {
    let mut methods: Vec<Method> = Vec::new();
    let mut add = |text: &str| {
        for name in text.split([',', ' ', '\t']).filter(|name| !name.is_empty()) {
            let method = Method::from_bytes(name.to_ascii_uppercase().as_bytes()).ok();
            if let Some(method) = method.filter(|method| !methods.contains(method)) {
                methods.push(method);
            }
            if methods.len() > METHODS {
                return None;
            }
        }
        Some(())
    };
    for value in values(&request.headers, &METHOD_FIELDS) {
        add(&String::from_utf8_lossy(value.as_bytes()))?;
    }
    let pairs = request.uri.query().into_iter().flat_map(|query| query.split(['&', ';']));
    for (name, value) in pairs.filter_map(|pair| pair.split_once('=')) {
        let decoded = decode(name);
        if decoded.as_deref().unwrap_or(name).eq_ignore_ascii_case(METHOD_PARAMETER) {
            add(decode(value).as_deref().unwrap_or(value))?;
        }
    }
    if request.method.as_str().bytes().any(|b| b.is_ascii_lowercase()) {
        add(request.method.as_str())?;
    }
    Some(methods)
}

/// Name or value of a parameter as a server may read it: percent-decoded up to three times, `+` a space.
pub(crate) fn parameter(text: &str) -> String {
    let mut text = text.replace('+', " ");
    for _ in 0..ROUNDS {
        match decode(&text) {
            Some(decoded) => text = decoded,
            None => break,
        }
    }
    text
}

/// Whether every server reads the path the same way.
fn is_plain(path: &str) -> bool {
    let is_odd = |b: u8| matches!(b, b'%' | b';' | b'\\');
    !path.bytes().any(is_odd) && !path.contains("//") && !path.contains("/.")
}

/// What a server does with a path before or while it resolves dot segments; some do, some do not.
#[derive(Clone, Copy)]
struct Habits(u8);

impl Habits {
    /// Backslashes are slashes.
    const SLASHES: u8 = 1;
    /// Path parameters (`;a=b`) are cut off, and what follows a question mark that was encoded.
    const CUTS: u8 = 2;
    /// Empty segments are dropped; RFC 3986 §5.2.4 and the WHATWG URL standard keep them, so that `..`
    /// takes one of them away.
    const MERGES: u8 = 4;
    /// Dots that are encoded are dots, while all else stays encoded (WHATWG URL).
    const DOTS: u8 = 8;
    /// All of them.
    const ALL: u8 = 15;

    /// Those that can make a difference for a path.
    fn that_matter(path: &str) -> u8 {
        let has = |what: &[char]| path.contains(what);
        let mut habits = 0;
        habits |= if has(&['\\']) { Self::SLASHES | Self::MERGES } else { 0 };
        habits |= if has(&[';', '?', '#']) { Self::CUTS | Self::MERGES } else { 0 };
        habits |= if path.contains("//") { Self::MERGES } else { 0 };
        habits |= if path.contains("%2e") || path.contains("%2E") { Self::DOTS } else { 0 };
        habits
    }

    const fn has(self, habit: u8) -> bool {
        self.0 & habit != 0
    }

    fn resolve(self, path: &str) -> String {
        let path = path.strip_prefix('/').unwrap_or(path);
        let path = if self.has(Self::CUTS) { until(path, &['?', '#']) } else { path };
        let is_slash = |c| c == '/' || c == '\\' && self.has(Self::SLASHES);
        let mut segments: Vec<&str> = Vec::new();
        for segment in path.split(is_slash) {
            let segment = if self.has(Self::CUTS) { until(segment, &[';']) } else { segment };
            match self.dots(segment) {
                _ if segment.is_empty() && self.has(Self::MERGES) => {}
                0 => segments.push(segment),
                1 => {}
                _ => drop(segments.pop()),
            }
        }
        format!("/{}", segments.join("/"))
    }

    /// How many dots a segment is: one stands for its folder, two for the one above.
    fn dots(self, segment: &str) -> usize {
        let mut rest = segment;
        for dots in 0..3 {
            if rest.is_empty() {
                return dots;
            }
            let encoded = || rest.strip_prefix("%2e").or_else(|| rest.strip_prefix("%2E"));
            let encoded = || encoded().filter(|_| self.has(Self::DOTS));
            let Some(behind) = rest.strip_prefix('.').or_else(encoded) else { return 0 };
            rest = behind;
        }
        0
    }
}

/// What stands before the first of these characters.
fn until<'a>(text: &'a str, ends: &[char]) -> &'a str {
    text.split(ends).next().unwrap_or(text)
}

/// A segment without percent-encoding, however often it was encoded.
pub(super) fn decoded(text: &str) -> String {
    let mut text = text.to_owned();
    for _ in 0..=ROUNDS {
        match decode(&text) {
            Some(decoded) => text = decoded,
            None => break,
        }
    }
    text
}

/// One round of percent-decoding; `None` when nothing was encoded. Bytes outside UTF-8 are replaced:
/// no pattern holds them.
pub(super) fn decode(text: &str) -> Option<String> {
    let bytes = text.as_bytes();
    // Nearly nothing is encoded.
    memchr::memchr(b'%', bytes)?;
    let digit = |at: usize| bytes.get(at).and_then(|b| char::from(*b).to_digit(16));
    let mut out = Vec::with_capacity(bytes.len());
    let (mut at, mut has_decoded) = (0, false);
    while at < bytes.len() {
        match (bytes[at], digit(at + 1), digit(at + 2)) {
            (b'%', Some(high), Some(low)) => {
                out.push((high << 4 | low) as u8);
                (at, has_decoded) = (at + 3, true);
            }
            (byte, ..) => {
                out.push(byte);
                at += 1;
            }
        }
    }
    has_decoded.then(|| String::from_utf8_lossy(&out).into_owned())
}
