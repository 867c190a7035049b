//! Sets of descriptors: what `protoc --descriptor_set_out` and `buf build` write, a `FileDescriptorSet` in
//! the wire format. Numbers of fields are those of `google/protobuf/descriptor.proto`, of rules those of
//! `google/api/http.proto`. Positions are those of the `.proto` files, where the set has them
//! (`--include_source_info`).

use std::collections::{BTreeMap, BTreeSet};

use super::{
    MAX_NESTING,
    declared::{Enum, Field, File, MAX_RULES, Message, Method, Room, Rule, Service, build},
    text::inner,
    wire::{Records, Value, all, flag, number, text},
};
use crate::spec::{
    budget::Limits,
    operation::{MAX_PATH, cut},
    problem::Problems,
    tree::{Builder, Position, Tree, escape},
};

mod positions;

use positions::Positions;

/// Most files of one set.
const MAX_SET_FILES: usize = 10_000;
/// Most declarations of `oneof` of one message; fields of others are as if in none.
const MAX_ONEOFS: usize = 4_096;
/// `google.api.http`, an extension of `MethodOptions`.
const HTTP_RULE: u32 = 72_295_728;
/// Names of `FieldDescriptorProto.Type`, from 1; messages, groups and enums have names of their own.
const TYPES: [&str; 18] = [
    "double", "float", "int64", "uint64", "int32", "fixed64", "fixed32", "bool", "string", "", "",
    "bytes", "uint32", "", "sfixed32", "sfixed64", "sint32", "sint64",
];

/// Whether bytes begin like a set: a file (1) that begins with its name (1), a path that ends with `.proto`,
/// or with any name when all of the set are files.
pub(in crate::spec) fn is_set(bytes: &[u8]) -> bool {
    let Some((1, Value::Bytes(file))) = Records::new(bytes).next() else { return false };
    let Some((1, Value::Bytes(name))) = Records::new(file).next() else { return false };
    let Ok(name) = std::str::from_utf8(name) else { return false };
    if name.is_empty() || name.chars().any(char::is_control) {
        return false;
    }
    let mut records = Records::new(bytes);
    let are_files = records.all(|(number, value)| number == 1 && matches!(value, Value::Bytes(_)));
    let is_path = name.strip_suffix(".proto").is_some_and(|stem| !stem.is_empty());
    is_path || (are_files && !records.is_broken())
}

/// Reads a set into a tree: `files` by name. What is broken is a problem, and read as far as it goes.
pub(in crate::spec) fn tree(bytes: &[u8], limits: Limits, problems: &mut Problems) -> Tree {
    let names: BTreeSet<&str> =
        all(bytes, 1).take(MAX_SET_FILES).map(|file| text(file, 1)).collect();
    let mut builder = Builder::new(limits);
    let mut reader =
        Reader { problems, room: Room::new(limits), pointer: String::new(), lost: BTreeSet::new() };
    let top = Position { line: 1, column: 1 };
    let opened = builder.open(true, top).and_then(|_| builder.object("files", top));
    let mut built = opened.map(|_| ());
    let mut records = Records::new(bytes);
    let mut count = 0usize;
    for (number, value) in records.by_ref() {
        let (1, Value::Bytes(file)) = (number, value) else { continue };
        count += 1;
        if count > MAX_SET_FILES {
            let what = format_args!("more than {MAX_SET_FILES} files: the rest is left out");
            reader.problems.error("/files", top, what);
            break;
        }
        let name = cut(text(file, 1));
        reader.pointer = format!("/files/{}", escape(&name));
        let declared = reader.file(file, &names);
        built = builder
            .object(&name, top)
            .and_then(|_| build(&mut builder, declared))
            .map(|()| builder.close());
        if built.is_err() {
            break;
        }
    }
    if records.is_broken() {
        let what = "the set ends inside of a file, which is read as far as it goes: make it again";
        reader.problems.error("/files", Position::default(), what);
    }
    if let Some((limit, at)) = reader.room.full {
        problems.limit(at, limit);
    }
    if let Err(limit) = built {
        problems.limit_in(&builder, Position::default(), limit);
    }
    builder.finish()
}

struct Reader<'p> {
    problems: &'p mut Problems,
    room: Room,
    /// Of the file that is read.
    pointer: String,
    /// Imported files that the set lacks, each told once.
    lost: BTreeSet<String>,
}

impl Reader<'_> {
    /// `FileDescriptorProto`: name (1), package (2), dependency (3), message_type (4), enum_type (5),
    /// service (6), options (8), source_code_info (9), syntax (12), edition (14).
    fn file(&mut self, bytes: &[u8], names: &BTreeSet<&str>) -> File {
        self.check(bytes);
        for other in all(bytes, 3) {
            let other = std::str::from_utf8(other).unwrap_or_default();
            if !names.contains(other)
                && self.lost.len() < MAX_SET_FILES
                && self.lost.insert(cut(other))
            {
                let what = format_args!(
                    "{} is not in the set, and what it declares not known: make the set with \
                     `--include_imports`",
                    cut(other)
                );
                self.problems.warning(&self.pointer, Position::default(), what);
            }
        }
        let (positions, is_whole) = Positions::read(all(bytes, 9).last().unwrap_or_default());
        if !is_whole {
            let what = "more positions than are kept: some of what is declared has no line";
            self.problems.warning(&self.pointer, Position::default(), what);
        }
        let syntax = match (number(bytes, 14), text(bytes, 12)) {
            // `Edition`.
            (Some(1000), _) => "2023".to_owned(),
            (Some(1001), _) => "2024".to_owned(),
            (Some(1002), _) => "2026".to_owned(),
            (_, "") => "proto2".to_owned(),
            (_, written) => cut(written),
        };
        let named =
            |name: &str, at: &[u32]| (!name.is_empty()).then(|| (cut(name), positions.at(at)));
        let mut file = File {
            syntax: named(&syntax, &[12]),
            package: named(text(bytes, 2), &[2]),
            ..File::default()
        };
        let is_deprecated = all(bytes, 8).any(|options| flag(options, 23));
        for (at, service) in (0u32..).zip(all(bytes, 6)) {
            self.service(service, at, is_deprecated, &positions, &mut file);
        }
        let mut scope = Scope { positions: &positions, path: Vec::new(), file: &mut file };
        for (at, one) in (0u32..).zip(all(bytes, 5)) {
            self.enumeration(one, "", 5, at, &mut scope);
        }
        for (at, message) in (0u32..).zip(all(bytes, 4)) {
            scope.path.extend([4, at]);
            self.message(message, "", &mut scope);
            scope.path.clear();
        }
        file
    }

    /// A problem when a message is broken on its own level.
    fn check(&mut self, bytes: &[u8]) {
        let mut records = Records::new(bytes);
        let count = records.by_ref().count();
        if records.is_broken() {
            let what = format_args!("broken behind {count} records: read as far as it goes");
            self.problems.error(&self.pointer, Position::default(), what);
        }
    }

    /// `ServiceDescriptorProto`: name (1), method (2), options (3) with deprecated (33).
    fn service(
        &mut self,
        bytes: &[u8],
        at: u32,
        old: bool,
        positions: &Positions,
        file: &mut File,
    ) {
        self.check(bytes);
        let name = cut(text(bytes, 1));
        let deprecated = old || all(bytes, 3).any(|options| flag(options, 33));
        let position = positions.at(&[6, at]);
        if !self.room.keep(1, name.len(), position) {
            return;
        }
        let mut service = Service { name, at: position, deprecated, methods: Vec::new() };
        for (index, method) in (0u32..).zip(all(bytes, 2)) {
            let method = self.method(method, &[6, at, 2, index], positions);
            if self.room.keep(method.nodes(), method.bytes(), method.at) {
                service.methods.push(method);
            }
        }
        file.services.push(service);
    }

    /// `MethodDescriptorProto`: name (1), input_type (2), output_type (3), options (4) with deprecated (33)
    /// and rules, client_streaming (5), server_streaming (6).
    fn method(&mut self, bytes: &[u8], path: &[u32; 4], positions: &Positions) -> Method {
        let [service, of, methods, index] = *path;
        let at = positions.at(path);
        let at_rule = positions.known(&[service, of, methods, index, 4, HTTP_RULE]).unwrap_or(at);
        let mut method = Method {
            name: cut(text(bytes, 1)),
            at,
            input: cut(text(bytes, 2)),
            output: cut(text(bytes, 3)),
            client_streams: flag(bytes, 5),
            server_streams: flag(bytes, 6),
            deprecated: all(bytes, 4).any(|options| flag(options, 33)),
            rules: Vec::new(),
        };
        for rule in all(bytes, 4).flat_map(|options| all(options, HTTP_RULE)) {
            // `HttpRule.additional_bindings` (11) have none themselves.
            for rule in std::iter::once(rule).chain(all(rule, 11)) {
                if method.rules.len() >= MAX_RULES {
                    let what = format_args!("more than {MAX_RULES} rules of one method: left out");
                    self.problems.error(&self.pointer, at_rule, what);
                    return method;
                }
                method.rules.push(self.rule(rule, at_rule));
            }
        }
        method
    }

    /// `HttpRule`: get (2), put (3), post (4), delete (5), patch (6), custom (8) with kind (1) and path (2),
    /// body (7), response_body (12).
    fn rule(&mut self, bytes: &[u8], at: Position) -> Rule {
        let mut rule = Rule { at, ..Rule::default() };
        for (number, value) in Records::new(bytes) {
            let Value::Bytes(value) = value else { continue };
            let (method, path) = match number {
                2 => ("GET", value),
                3 => ("PUT", value),
                4 => ("POST", value),
                5 => ("DELETE", value),
                6 => ("PATCH", value),
                8 => (text(value, 1), all(value, 2).last().unwrap_or_default()),
                _ => continue,
            };
            let path = std::str::from_utf8(path).unwrap_or_default();
            if path.len() > MAX_PATH {
                let what = format_args!("a path of more than {MAX_PATH} bytes: left out");
                self.problems.error(&self.pointer, at, what);
                continue;
            }
            (rule.method, rule.path) = (cut(method), path.to_owned());
        }
        rule.body = cut(text(bytes, 7));
        rule.response_body = cut(text(bytes, 12));
        rule
    }

    /// `DescriptorProto`: name (1), field (2), nested_type (3), enum_type (4), options (7) with map_entry
    /// (7), oneof_decl (8). Calls itself for those inside, at most [`MAX_NESTING`] deep.
    fn message(&mut self, bytes: &[u8], outer: &str, scope: &mut Scope<'_, '_>) {
        self.check(bytes);
        let name = inner(outer, text(bytes, 1));
        let at = scope.at();
        if !self.room.keep(1, name.len(), at) {
            return;
        }
        let mut entries: BTreeMap<&str, String> = BTreeMap::new();
        for entry in all(bytes, 3).filter(|nested| is_map_entry(nested)) {
            let type_name = map_type(entry);
            if self.room.keep(0, type_name.len(), at) {
                entries.insert(text(entry, 1), type_name);
            }
        }
        let oneofs: Vec<&str> = all(bytes, 8).take(MAX_ONEOFS).map(|one| text(one, 1)).collect();
        let mut message = Message { name, at, fields: Vec::new() };
        for (index, field) in (0u32..).zip(all(bytes, 2)) {
            let field = self::field(field, &oneofs, &entries, scope.inside(2, index));
            if self.room.keep(field.nodes(), field.bytes(), field.at) {
                message.fields.push(field);
            }
        }
        let name = message.name.clone();
        scope.file.messages.push(message);
        for (index, one) in (0u32..).zip(all(bytes, 4)) {
            self.enumeration(one, &name, 4, index, scope);
        }
        for (index, nested) in (0u32..).zip(all(bytes, 3)) {
            if is_map_entry(nested) {
                continue;
            }
            if scope.path.len() >= 2 * MAX_NESTING {
                let what = format_args!("more than {MAX_NESTING} messages in each other");
                self.problems.error(&self.pointer, at, what);
                break;
            }
            scope.path.extend([3, index]);
            self.message(nested, &name, scope);
            scope.path.truncate(scope.path.len().saturating_sub(2));
        }
    }

    /// `EnumDescriptorProto`: name (1), value (2) with name (1) and number (2).
    fn enumeration(
        &mut self,
        bytes: &[u8],
        outer: &str,
        of: u32,
        index: u32,
        scope: &mut Scope<'_, '_>,
    ) {
        let at = scope.inside(of, index);
        let name = inner(outer, text(bytes, 1));
        if !self.room.keep(1, name.len(), at) {
            return;
        }
        let mut one = Enum { name, at, values: Vec::new() };
        scope.path.extend([of, index]);
        for (index, value) in (0u32..).zip(all(bytes, 2)) {
            let at = scope.inside(2, index);
            let name = cut(text(value, 1));
            let number = signed(number(value, 2).unwrap_or_default());
            if self.room.keep(1, name.len() + number.len(), at) {
                one.values.push((name, number, at));
            }
        }
        scope.path.truncate(scope.path.len().saturating_sub(2));
        scope.file.enums.push(one);
    }
}

/// Where a declaration is, and what it is kept in.
struct Scope<'s, 'f> {
    positions: &'s Positions,
    /// As in `SourceCodeInfo.Location.path`.
    path: Vec<u32>,
    file: &'f mut File,
}

impl Scope<'_, '_> {
    fn at(&self) -> Position {
        self.positions.at(&self.path)
    }

    /// The position of a part of what is read.
    fn inside(&mut self, of: u32, index: u32) -> Position {
        self.path.extend([of, index]);
        let at = self.at();
        self.path.truncate(self.path.len().saturating_sub(2));
        at
    }
}

fn is_map_entry(message: &[u8]) -> bool {
    all(message, 7).any(|options| flag(options, 7))
}

/// `map<string, int64>` of the message that stands for one of its entries: key is its field 1, value 2.
fn map_type(entry: &[u8]) -> String {
    let of = |wanted: u64| {
        all(entry, 2)
            .find(|field| number(field, 3) == Some(wanted))
            .map(type_of)
            .unwrap_or_default()
    };
    format!("map<{}, {}>", of(1), of(2))
}

/// `FieldDescriptorProto.type` (5), or its type_name (6).
fn type_of(field: &[u8]) -> String {
    let known =
        number(field, 5).and_then(|kind| TYPES.get(usize::try_from(kind).ok()?.checked_sub(1)?));
    match known {
        Some(name) if !name.is_empty() => (*name).to_owned(),
        _ => cut(text(field, 6)),
    }
}

/// `FieldDescriptorProto`: name (1), number (3), label (4), type (5), type_name (6), options (8) with
/// deprecated (3), oneof_index (9), proto3_optional (17).
fn field(bytes: &[u8], oneofs: &[&str], entries: &BTreeMap<&str, String>, at: Position) -> Field {
    let type_name = type_of(bytes);
    let map = type_name.rsplit('.').next().and_then(|last| entries.get(last));
    let is_optional = flag(bytes, 17);
    let label = match number(bytes, 4) {
        _ if map.is_some() => "",
        _ if is_optional => "optional",
        Some(2) => "required",
        Some(3) => "repeated",
        _ => "",
    };
    // One that is optional in proto3 is in a `oneof` of its own, which the compiler made.
    let index =
        number(bytes, 9).filter(|_| !is_optional).and_then(|index| usize::try_from(index).ok());
    let oneof = index.and_then(|index| oneofs.get(index).copied()).unwrap_or_default();
    Field {
        name: cut(text(bytes, 1)),
        at,
        number: number(bytes, 3).map_or_else(String::new, signed),
        label,
        oneof: cut(oneof),
        deprecated: all(bytes, 8).any(|options| flag(options, 3)),
        type_name: map.cloned().unwrap_or(type_name),
    }
}

/// Negative numbers of 32 bits are written in 64 ("Encoding", signed integers).
fn signed(value: u64) -> String {
    value.cast_signed().to_string()
}
