//! What a gRPC server tells of itself: server reflection over HTTP/2, version 1, else 1alpha
//! (`grpc/reflection/v1/reflection.proto` of the gRPC project).
//!
//! Two kinds of questions in a few streams: which services there are, then the files that declare them and those that
//! these import. [`Reflection`] decides what to ask next and keeps what was told, so that nothing of it is lost when
//! the server, the time or an interrupt ends it early; it has neither sockets nor a clock ([`Talk`] has). Everything
//! that comes back is hostile: frames, messages and files have limits, and nothing in a file is read here but its name
//! and what it imports.

mod talk;

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use hyper::body::Bytes;
use prost::Message;

pub(super) use self::talk::of_grpc;
pub use self::talk::{Spoken, Talk};
use super::read::{self, Specification};

/// Most services that are asked for; more are counted (`services`).
pub const MAX_SERVICES: usize = 1_000;
/// Most files that are kept; more are counted (`descriptors`).
pub const MAX_FILES: usize = 4_000;
/// Most bytes of all files together.
pub const MAX_FILE_BYTES: usize = 16 * 1024 * 1024;
/// Most imports of one file.
const MAX_IMPORTS: usize = 1_000;
/// Most requests, each with many questions.
const MAX_REQUESTS: u64 = 60;
/// How often what files import is asked for: each time the next files of a chain.
const MAX_ROUNDS: usize = 12;
/// Questions of one stream.
const QUESTIONS: usize = 100;
/// Versions, the newest first: the messages are the same.
const METHODS: [&str; 2] = [
    "/grpc.reflection.v1.ServerReflection/ServerReflectionInfo",
    "/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo",
];
/// Services that tell of the server and not of the API.
const OF_THE_SERVER: [&str; 2] = ["grpc.reflection.", "grpc.health."];

/// What reflection told, as far as it went.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Reflected {
    /// The method that answered; `None` when none did.
    pub method: Option<&'static str>,
    /// Names of services, those that tell of the server left out.
    pub services: BTreeSet<String>,
    /// A `FileDescriptorSet` (`google/protobuf/descriptor.proto`) of what was told.
    pub descriptors: Vec<u8>,
    /// Requests that it took.
    pub requests: u64,
    /// Those of them that were answered.
    pub answered: u64,
    /// What was left out, by reason; what was not answered or not asked any more among it.
    pub left_out: BTreeMap<&'static str, u64>,
    /// Why it ended early, for people.
    pub problem: Option<String>,
}

impl Reflected {
    /// Reads the descriptors. Takes seconds where there are many.
    #[must_use]
    pub fn read(self) -> ReadReflection {
        let found = read::of_descriptors(&self.descriptors);
        ReadReflection { method: self.method.unwrap_or_default(), found }
    }
}

/// What descriptors say.
#[derive(Debug)]
pub struct ReadReflection {
    pub(super) method: &'static str,
    pub(super) found: Option<Specification>,
}

/// One request: all questions of one stream.
#[derive(Clone, Debug, PartialEq)]
pub struct Asking {
    /// The path of the method.
    pub method: &'static str,
    questions: Vec<Question>,
}

#[derive(Clone, PartialEq, Message)]
struct Question {
    #[prost(string, optional, tag = "3")]
    file_by_filename: Option<String>,
    #[prost(string, optional, tag = "4")]
    file_containing_symbol: Option<String>,
    #[prost(string, optional, tag = "7")]
    list_services: Option<String>,
}

#[derive(Clone, PartialEq, Message)]
struct Reply {
    #[prost(message, optional, tag = "4")]
    files: Option<Files>,
    #[prost(message, optional, tag = "6")]
    services: Option<Services>,
}

#[derive(Clone, PartialEq, Message)]
struct Files {
    #[prost(bytes = "bytes", repeated, tag = "1")]
    descriptors: Vec<Bytes>,
}

#[derive(Clone, PartialEq, Message)]
struct Services {
    #[prost(message, repeated, tag = "1")]
    service: Vec<Named>,
}

#[derive(Clone, PartialEq, Message)]
struct Named {
    #[prost(string, tag = "1")]
    name: String,
}

/// `FileDescriptorProto`: what it is called and what it imports.
#[derive(Clone, PartialEq, Message)]
struct FileHead {
    #[prost(string, tag = "1")]
    name: String,
    #[prost(string, repeated, tag = "3")]
    dependency: Vec<String>,
}

/// `FileDescriptorSet`.
#[derive(Clone, PartialEq, Message)]
struct FileSet {
    #[prost(bytes = "bytes", repeated, tag = "1")]
    file: Vec<Bytes>,
}

/// Why there are no replies.
#[derive(Debug)]
enum Refused {
    /// There is no such method.
    Unknown,
    /// Something else, in words.
    Otherwise(String),
}

/// What is asked of a server, and what it told.
#[derive(Debug)]
pub struct Reflection {
    /// How many versions the server does not have.
    unknown: usize,
    told: Reflected,
    files: Kept,
    /// Names of files that were asked for.
    asked: BTreeSet<String>,
    waiting: VecDeque<Question>,
    /// Questions of the request that is under way.
    under_way: u64,
    rounds: usize,
    is_over: bool,
}

impl Reflection {
    /// Nothing was asked yet. `hidden`: values of the user, which are kept nowhere.
    #[must_use]
    pub fn new(hidden: Vec<Vec<u8>>) -> Self {
        Self {
            unknown: 0,
            told: Reflected::default(),
            files: Kept { hidden, ..Kept::default() },
            asked: BTreeSet::new(),
            waiting: VecDeque::new(),
            under_way: 0,
            rounds: 0,
            is_over: false,
        }
    }

    /// What to ask next; `None` at the end. The answer is given to [`Self::answer`].
    pub fn next_ask(&mut self) -> Option<Asking> {
        if self.is_over {
            return None;
        }
        let Some(method) = self.told.method else {
            let Some(method) = METHODS.get(self.unknown).copied() else {
                left(&mut self.told, "grpc_no_reflection", 1);
                self.is_over = true;
                return None;
            };
            let list = Question { list_services: Some(String::new()), ..Question::default() };
            return Some(self.ask(method, vec![list]));
        };
        if self.waiting.is_empty() {
            self.next_round();
        }
        if self.told.requests >= MAX_REQUESTS || self.rounds > MAX_ROUNDS {
            left(&mut self.told, "imports", std::mem::take(&mut self.waiting).len() as u64);
        }
        let some: Vec<Question> = self.waiting.drain(..QUESTIONS.min(self.waiting.len())).collect();
        if some.is_empty() {
            self.is_over = true;
            return None;
        }
        Some(self.ask(method, some))
    }

    /// First the files of all services, then each time what these import.
    fn next_round(&mut self) {
        self.rounds += 1;
        if self.rounds == 1 {
            let of_service = |name: &String| Question {
                file_containing_symbol: Some(name.clone()),
                ..Question::default()
            };
            self.waiting = self.told.services.iter().map(of_service).collect();
            return;
        }
        let missing = self.files.missing(&self.asked);
        self.asked.extend(missing.iter().cloned());
        let of_name = |name| Question { file_by_filename: Some(name), ..Question::default() };
        self.waiting = missing.into_iter().map(of_name).collect();
    }

    fn ask(&mut self, method: &'static str, questions: Vec<Question>) -> Asking {
        self.told.requests += 1;
        self.under_way = questions.len() as u64;
        Asking { method, questions }
    }

    /// Takes what came of the last request. After a failure nothing more is asked, and what was told stays.
    pub fn answer(&mut self, spoken: Spoken) {
        match (spoken.replies, self.told.method) {
            (Ok(replies), method) => {
                self.told.answered += 1;
                self.under_way = 0;
                if method.is_none() {
                    self.told.method = METHODS.get(self.unknown).copied();
                    services_of(replies, &self.files.hidden, &mut self.told);
                } else {
                    let files = replies.into_iter().filter_map(|reply| reply.files);
                    let files = files.flat_map(|files| files.descriptors);
                    files.for_each(|file| self.files.keep(file, &mut self.told));
                }
            }
            (Err(Refused::Unknown), None) => {
                self.told.answered += 1;
                self.under_way = 0;
                self.unknown += 1;
            }
            (Err(Refused::Unknown), Some(_)) => {
                self.failed("gRPC: the method went away".to_owned());
            }
            (Err(Refused::Otherwise(why)), _) => self.failed(why),
        }
    }

    /// Takes note that nothing can be asked any more.
    pub fn failed(&mut self, why: String) {
        // Without a connection nothing is under way, and not answered all the same.
        self.under_way = self.under_way.max(1);
        self.is_over = true;
        self.told.problem = Some(why);
    }

    /// The end, wherever it comes: what was told, and how many questions have no answer.
    #[must_use]
    pub fn finish(self) -> Reflected {
        let Self { mut told, files, waiting, under_way, .. } = self;
        left(&mut told, "grpc_not_answered", under_way + waiting.len() as u64);
        let file = files.by_name.into_values().map(|(file, _)| file).collect();
        told.descriptors = FileSet { file }.encode_to_vec();
        told
    }
}

/// Files by name, with what they import.
#[derive(Debug, Default)]
struct Kept {
    by_name: BTreeMap<String, (Bytes, Vec<String>)>,
    bytes: usize,
    /// Values of the user: a file that repeats one is not kept.
    hidden: Vec<Vec<u8>>,
}

/// Whether bytes hold a value.
fn holds(bytes: &[u8], value: &[u8]) -> bool {
    !value.is_empty() && bytes.windows(value.len()).any(|window| window == value)
}

impl Kept {
    fn keep(&mut self, file: Bytes, out: &mut Reflected) {
        let Ok(head) = FileHead::decode(file.clone()) else {
            return left(out, "not_read", 1);
        };
        if head.name.is_empty() || self.by_name.contains_key(&head.name) {
            return;
        }
        if head.dependency.len() > MAX_IMPORTS || self.hidden.iter().any(|one| holds(&file, one)) {
            return left(out, "descriptors", 1);
        }
        if self.by_name.len() >= MAX_FILES || self.bytes + file.len() > MAX_FILE_BYTES {
            return left(out, "descriptors", 1);
        }
        self.bytes += file.len();
        self.by_name.insert(head.name, (file, head.dependency));
    }

    /// What is imported, not there, and not asked for before.
    fn missing(&self, asked: &BTreeSet<String>) -> BTreeSet<String> {
        let imports = self.by_name.values().flat_map(|(_, imports)| imports);
        imports
            .filter(|name| !self.by_name.contains_key(*name) && !asked.contains(*name))
            .take(MAX_FILES)
            .cloned()
            .collect()
    }
}

fn left(out: &mut Reflected, reason: &'static str, count: u64) {
    if count > 0 {
        *out.left_out.entry(reason).or_default() += count;
    }
}

fn services_of(replies: Vec<Reply>, hidden: &[Vec<u8>], out: &mut Reflected) {
    for named in replies.into_iter().filter_map(|reply| reply.services).flat_map(|all| all.service)
    {
        if OF_THE_SERVER.iter().any(|prefix| named.name.starts_with(prefix)) {
            continue;
        }
        if out.services.len() >= MAX_SERVICES {
            left(out, "services", 1);
        } else if hidden.iter().any(|one| holds(named.name.as_bytes(), one)) {
            left(out, "descriptors", 1);
        } else {
            out.services.insert(named.name);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(name: &str, imports: &[&str]) -> Bytes {
        let dependency = imports.iter().map(|one| (*one).to_owned()).collect();
        FileHead { name: name.to_owned(), dependency }.encode_to_vec().into()
    }

    #[test]
    fn imports_that_are_missing_are_asked_for_once() {
        let (mut kept, mut out) = (Kept::default(), Reflected::default());
        kept.keep(file("a.proto", &["b.proto", "c.proto"]), &mut out);
        kept.keep(file("b.proto", &["a.proto"]), &mut out);
        kept.keep(file("a.proto", &["other.proto"]), &mut out);
        kept.keep(Bytes::from_static(&[0x0a, 0xff]), &mut out);
        let missing = kept.missing(&BTreeSet::new());
        assert_eq!(missing, BTreeSet::from(["c.proto".to_owned()]));
        assert!(kept.missing(&missing).is_empty());
        assert_eq!((kept.by_name.len(), out.left_out.get("not_read")), (2, Some(&1)));
    }

    #[test]
    fn files_and_services_have_a_limit() {
        let mut out = Reflected::default();
        let service = (0..MAX_SERVICES + 3).map(|n| Named { name: format!("a.S{n}") });
        let own = Named { name: "grpc.health.v1.Health".to_owned() };
        let services = Some(Services { service: service.chain([own]).collect() });
        services_of(vec![Reply { services, files: None }], &[b"S7".to_vec()], &mut out);
        // Of `a.S7`, `a.S70` to `a.S79` and `a.S700` to `a.S799` the server repeats what was sent.
        assert_eq!(
            (out.services.len(), out.left_out["descriptors"]),
            (MAX_SERVICES + 3 - 111, 111)
        );
        let more = (0..200).map(|n| Named { name: format!("b.T{n}") });
        let services = Some(Services { service: more.collect() });
        services_of(vec![Reply { services, files: None }], &[], &mut out);
        assert_eq!((out.services.len(), out.left_out["services"]), (MAX_SERVICES, 92));
        let mut kept = Kept { bytes: MAX_FILE_BYTES - 4, ..Kept::default() };
        kept.keep(file("a.proto", &[]), &mut out);
        assert_eq!((kept.by_name.len(), out.left_out["descriptors"]), (0, 112));
        let mut kept = Kept { hidden: vec![b"s3cret".to_vec()], ..Kept::default() };
        kept.keep(file("s3cret.proto", &[]), &mut out);
        assert!(kept.by_name.is_empty(), "what the user sent is kept nowhere");
    }

    fn told(replies: Vec<Reply>) -> Spoken {
        Spoken { fetched: None, replies: Ok(replies) }
    }

    fn refused(why: Refused) -> Spoken {
        Spoken { fetched: None, replies: Err(why) }
    }

    fn services(count: usize) -> Spoken {
        let service = (0..count).map(|n| Named { name: format!("a.S{n:03}") }).collect();
        told(vec![Reply { services: Some(Services { service }), files: None }])
    }

    fn files(of: &[Bytes]) -> Spoken {
        let files = Some(Files { descriptors: of.to_vec() });
        told(vec![Reply { files, services: None }])
    }

    #[test]
    fn what_was_told_before_a_failure_is_kept_and_the_rest_is_counted() {
        let mut reflection = Reflection::new(Vec::new());
        assert_eq!(reflection.next_ask().expect("v1").method, METHODS[0]);
        reflection.answer(refused(Refused::Unknown));
        assert_eq!(reflection.next_ask().expect("v1alpha").method, METHODS[1]);
        reflection.answer(services(QUESTIONS * 2 + 7));
        assert_eq!(reflection.next_ask().expect("files").questions.len(), QUESTIONS);
        reflection.answer(files(&[file("a.proto", &["b.proto"])]));
        assert!(reflection.next_ask().is_some());
        reflection.answer(refused(Refused::Otherwise("the connection ended".to_owned())));
        assert!(reflection.next_ask().is_none());
        let reflected = reflection.finish();
        let set = FileSet::decode(&reflected.descriptors[..]).expect("a set");
        assert_eq!((set.file.len(), reflected.method), (1, Some(METHODS[1])));
        assert_eq!((reflected.requests, reflected.answered), (4, 3));
        assert_eq!(reflected.left_out["grpc_not_answered"], QUESTIONS as u64 + 7);
        assert_eq!(reflected.problem.as_deref(), Some("the connection ended"));
    }

    #[test]
    fn what_was_told_before_an_interrupt_is_kept() {
        assert_eq!(Reflection::new(Vec::new()).finish(), Reflected::default());
        let mut reflection = Reflection::new(Vec::new());
        reflection.next_ask().expect("the list");
        reflection.answer(services(3));
        reflection.next_ask().expect("files");
        let reflected = reflection.finish();
        assert_eq!((reflected.services.len(), reflected.left_out["grpc_not_answered"]), (3, 3));
    }

    #[test]
    fn imports_are_followed_to_their_end() {
        let mut reflection = Reflection::new(Vec::new());
        reflection.next_ask().expect("the list");
        reflection.answer(services(1));
        reflection.next_ask().expect("its file");
        reflection.answer(files(&[file("a.proto", &["b.proto", "none.proto"])]));
        let imports = reflection.next_ask().expect("imports").questions;
        let names: Vec<_> = imports.iter().filter_map(|one| one.file_by_filename.clone()).collect();
        assert_eq!(names, ["b.proto", "none.proto"]);
        reflection.answer(files(&[file("b.proto", &[])]));
        assert!(reflection.next_ask().is_none(), "nothing is asked twice");
        let reflected = reflection.finish();
        assert!(reflected.left_out.is_empty() && reflected.problem.is_none(), "{reflected:?}");
        assert_eq!(FileSet::decode(&reflected.descriptors[..]).expect("a set").file.len(), 2);

        let mut endless = Reflection::new(Vec::new());
        endless.next_ask().expect("the list");
        endless.answer(services(1));
        let mut n = 0;
        while endless.next_ask().is_some() {
            let (name, import) = (format!("{n}.proto"), format!("{}.proto", n + 1));
            endless.answer(files(&[file(&name, &[&import])]));
            n += 1;
        }
        assert_eq!((n, endless.finish().left_out["imports"]), (MAX_ROUNDS, 1));
    }

    #[test]
    fn a_server_without_reflection_is_no_failure() {
        let mut reflection = Reflection::new(Vec::new());
        while reflection.next_ask().is_some() {
            reflection.answer(refused(Refused::Unknown));
        }
        let reflected = reflection.finish();
        assert_eq!(reflected.left_out, BTreeMap::from([("grpc_no_reflection", 1)]));
        assert_eq!((reflected.method, reflected.answered), (None, 2));
    }
}
