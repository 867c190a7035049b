//! Messages of a sketch, by the shape of what was on the wire.

use std::{collections::BTreeMap, fmt::Write as _};

use bartizan_model::sketch::{GrpcSide, WireField, WireKind};

/// Numbers that the implementation of protocol buffers keeps for itself ("Assigning Field Numbers").
const RESERVED: std::ops::RangeInclusive<u32> = 19_000..=19_999;

/// Fields by the path of the message that has them, each by its number.
type Below<'s> = BTreeMap<&'s str, BTreeMap<u32, (&'s str, &'s WireField)>>;

/// A message with those inside of it. What is known of it is said above.
pub(super) fn write_message(name: &str, side: &GrpcSide, out: &mut String) {
    let mut below = Below::new();
    for (path, field) in &side.fields {
        let (above, number) = path.rsplit_once('.').unwrap_or(("", path));
        if let Ok(number) = number.parse() {
            below.entry(above).or_default().insert(number, (path, field));
        }
    }
    out.push('\n');
    let messages = if side.messages == 1 {
        "1 message".to_owned()
    } else {
        format!("{} messages", side.messages)
    };
    let _ = write!(out, "// {messages} read");
    if side.unread > 0 {
        let _ = write!(
            out,
            ", {} could not be read (compressed, cut, or no protocol buffers)",
            side.unread
        );
    }
    if side.left_out > 0 {
        let _ = write!(out, "; {} values beyond what is learned are left out", side.left_out);
    }
    out.push_str(".\n");
    // Messages that are open: what is left of each, and how it ends. Paths are bounded in depth when learned.
    let _ = writeln!(out, "message {name} {{");
    let mut open = vec![fields_of(&below, "", side.messages)];
    while let Some(fields) = open.last_mut() {
        let indent = "  ".repeat(fields.depth);
        let Some((number, path, field)) = fields.rest.pop() else {
            let _ = writeln!(out, "{}}}", "  ".repeat(fields.depth - 1));
            open.pop();
            continue;
        };
        let of = fields.messages;
        if RESERVED.contains(&number) {
            let _ = writeln!(
                out,
                "{indent}// {number} is a number that no field can have; it was seen all the same."
            );
            continue;
        }
        let _ = writeln!(out, "{indent}{}", line(number, field, of));
        if field.is_message() {
            let _ = writeln!(out, "{indent}message Message{number} {{");
            let inner = fields_of(&below, path, field.nested);
            open.push(Fields { depth: open.len() + 1, ..inner });
        }
    }
}

/// What is left to write of one message.
struct Fields<'s> {
    depth: usize,
    /// How many of it were read.
    messages: u64,
    /// The last is the next.
    rest: Vec<(u32, &'s str, &'s WireField)>,
}

fn fields_of<'s>(below: &Below<'s>, path: &str, messages: u64) -> Fields<'s> {
    let fields = below.get(path).into_iter().flatten();
    let rest = fields.rev().map(|(number, (path, field))| (*number, *path, *field)).collect();
    Fields { depth: 1, messages, rest }
}

/// A field, with what else it may be.
fn line(number: u32, field: &WireField, of: u64) -> String {
    let (kind, may_be) = type_of(number, field);
    let label = if field.most_in_message > 1 || is_packed(field) { "repeated " } else { "" };
    let share =
        if field.messages >= of { String::new() } else { format!("in {} of {of}", field.messages) };
    let notes: Vec<&str> =
        [may_be, share.as_str()].into_iter().filter(|note| !note.is_empty()).collect();
    let notes = if notes.is_empty() { String::new() } else { format!(" // {}", notes.join("; ")) };
    format!("{label}{kind} field_{number} = {number};{notes}")
}

/// Numbers come packed or one by one; readers take both ("Encoding", "Packed Repeated Fields").
fn is_packed(field: &WireField) -> bool {
    field.lengths > 0 && field.varints > 0 && field.fixed32 + field.fixed64 == 0
}

/// The type that fits, and what else it may be.
fn type_of(number: u32, field: &WireField) -> (String, &'static str) {
    if is_packed(field) {
        return ("int64".to_owned(), "also packed; or sint64, uint64, an enumeration");
    }
    let mut kinds = field.kinds();
    let (Some(kind), None) = (kinds.next(), kinds.next()) else {
        return ("bytes".to_owned(), "was written in several ways: the schema may have changed");
    };
    match kind {
        WireKind::Varint if field.greatest <= 1 => {
            ("bool".to_owned(), "or an integer or enumeration")
        }
        WireKind::Varint => ("int64".to_owned(), "or sint64, uint64, an enumeration"),
        WireKind::Fixed32 => ("fixed32".to_owned(), "or sfixed32, float"),
        WireKind::Fixed64 => ("fixed64".to_owned(), "or sfixed64, double"),
        WireKind::Length if field.is_message() => (format!("Message{number}"), ""),
        WireKind::Length if field.texts == field.lengths => ("string".to_owned(), "or bytes"),
        WireKind::Length => ("bytes".to_owned(), "or packed numbers"),
    }
}
