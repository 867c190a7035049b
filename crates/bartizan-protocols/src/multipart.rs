//! Multipart bodies (RFC 2046 §5.1, RFC 7578).

use bartizan_model::{LimitName, limits::NotInspectedReason};
use memchr::memmem;

use crate::{
    anomaly::AnomalyKind,
    body::{is_binary, opaque_format},
    charset,
    decode::{Decoder, SentFile},
    json::Mode,
    magic,
    media::{self, Format},
    names::Names,
    path::cut,
    percent,
    view::{NodeId, Step, Value},
};

/// RFC 2046 §5.1.1.
const BOUNDARY_MOST: usize = 70;

/// What the fields of a part say.
#[derive(Debug, Default)]
struct Part {
    name: Option<String>,
    filename: Option<String>,
    content_type: Option<String>,
}

/// The next delimiter line.
struct Delimiter {
    /// Where the content before it ends.
    before: usize,
    /// Behind its line end.
    after: usize,
    /// It is the closing one.
    last: bool,
}

impl Decoder<'_> {
    /// Parts become children of `root` by their name: texts as texts, JSON as values, files as
    /// opaque nodes with `filename`, `content-type` and, when it is text, `content` below. False
    /// when there is no delimiter at all.
    pub(crate) fn multipart(&mut self, root: NodeId, content_type: &str, bytes: &[u8]) -> bool {
        let Some((delimiter, first)) = self.delimiter(content_type, bytes) else { return false };
        let finder = memmem::Finder::new(&delimiter);
        let mut names = std::mem::take(&mut self.scratch.names);
        names.clear();
        if bytes.get(..first.before).is_some_and(|gap| !gap.trim_ascii().is_empty()) {
            self.view.anomaly(self.side, AnomalyKind::MultipartBoundary);
        }
        let mut at = first.after;
        let mut last = first.last;
        let mut parts = 0;
        while !last {
            let found = self.next_delimiter(&finder, bytes, at);
            let (end, after) = match &found {
                Some(found) => (found.before, found.after),
                None => (bytes.len(), bytes.len()),
            };
            if parts >= self.limits.multipart_parts {
                self.view.limit(self.side, LimitName::MultipartParts);
                break;
            }
            parts += 1;
            let part = bytes.get(at..end).unwrap_or_default();
            if self.part(root, part, at, &mut names).is_none() {
                break;
            }
            at = after;
            last = match found {
                Some(found) => found.last,
                None => {
                    self.view.anomaly(self.side, AnomalyKind::UnexpectedEnd);
                    break;
                }
            };
        }
        if last && bytes.get(at..).is_some_and(|rest| !rest.trim_ascii().is_empty()) {
            self.view.anomaly(self.side, AnomalyKind::TrailingData);
        }
        self.compare_with_query(&names);
        self.scratch.names = names;
        true
    }

    /// The delimiter (`--boundary`) that the type names, else the one the body begins with; and its
    /// first place.
    fn delimiter(&mut self, content_type: &str, bytes: &[u8]) -> Option<(Vec<u8>, Delimiter)> {
        let mut declared = media::parameters(content_type).filter(|(name, _)| {
            name.get(..8).is_some_and(|start| start.eq_ignore_ascii_case("boundary"))
        });
        let boundary = declared.next();
        if declared.next().is_some() {
            self.view.anomaly(self.side, AnomalyKind::MultipartBoundary);
        }
        if let Some((name, boundary)) = boundary.filter(|(_, boundary)| !boundary.is_empty()) {
            if name.len() > 8 || !is_regular(&boundary) {
                self.view.anomaly(self.side, AnomalyKind::MultipartBoundary);
            }
            let delimiter = [b"--", boundary.as_bytes()].concat();
            let first = self.next_delimiter(&memmem::Finder::new(&delimiter), bytes, 0);
            if let Some(first) = first {
                return Some((delimiter, first));
            }
        }
        let start = bytes.trim_ascii_start();
        let line = start.split(|b| *b == b'\n').next()?.trim_ascii_end();
        if !line.starts_with(b"--") || line.len() < 3 || line.len() > 2 + BOUNDARY_MOST * 4 {
            return None;
        }
        self.view.anomaly(self.side, AnomalyKind::MultipartBoundary);
        let delimiter = line.to_vec();
        let first = self.next_delimiter(&memmem::Finder::new(&delimiter), bytes, 0)?;
        (!first.last).then_some((delimiter, first))
    }

    /// The next line that is the delimiter and nothing else.
    fn next_delimiter(
        &mut self,
        finder: &memmem::Finder<'_>,
        bytes: &[u8],
        from: usize,
    ) -> Option<Delimiter> {
        let rest = bytes.get(from..)?;
        for at in finder.find_iter(rest).map(|at| from + at) {
            let head = bytes.get(from..at).unwrap_or_default();
            // The line end before a delimiter belongs to it.
            let before = match head {
                [.., b'\r', b'\n'] => at - 2,
                [.., b'\n'] => at - 1,
                [] => at,
                _ => continue,
            };
            let behind = at + finder.needle().len();
            let mut tail = bytes.get(behind..).unwrap_or_default();
            let last = tail.starts_with(b"--");
            if last {
                tail = tail.get(2..).unwrap_or_default();
            }
            let padding = tail.iter().take_while(|b| matches!(b, b' ' | b'\t')).count();
            tail = tail.get(padding..).unwrap_or_default();
            let line_end = match tail {
                [b'\r', b'\n', ..] => 2,
                [b'\n', ..] => 1,
                [] => 0,
                _ if last => 0,
                _ => continue,
            };
            if line_end == 1 || (before + 1 == at && from < at) {
                // A bare line feed: some parsers see a delimiter here and others do not.
                self.view.anomaly(self.side, AnomalyKind::MultipartBoundary);
            }
            let after = bytes.len() - tail.len() + line_end;
            return Some(Delimiter { before, after, last });
        }
        None
    }

    /// `at`: where it begins in the body.
    fn part(&mut self, root: NodeId, bytes: &[u8], at: usize, names: &mut Names) -> Option<()> {
        let (head, from) = match head_end(bytes) {
            Some((end, length)) => (bytes.get(..end).unwrap_or_default(), end + length),
            None => {
                self.view.anomaly(self.side, AnomalyKind::MultipartHeader);
                (&[][..], 0)
            }
        };
        let content = bytes.get(from..).unwrap_or_default();
        let part = self.part_head(head);
        if part.name.is_none() {
            self.view.anomaly(self.side, AnomalyKind::MultipartHeader);
        }
        let name = part.name.as_deref().unwrap_or("");
        let hash = self.hash(name);
        let step = match names.add(hash, 0) {
            None => Step::Key(name),
            Some(seen) => {
                if !name.ends_with(']') && part.filename.is_none() {
                    self.view.anomaly(self.side, AnomalyKind::DuplicateParameter);
                }
                Step::Repeat(name, seen.count)
            }
        };
        let node = self.view.open(root, step, Value::Null)?;
        match &part.filename {
            Some(filename) => self.file_part(node, filename, &part, (content, at + from)),
            None => self.field_part(node, &part, content),
        }
        self.view.close(node);
        Some(())
    }

    fn field_part(&mut self, node: NodeId, part: &Part, content: &[u8]) {
        let content_type = part.content_type.as_deref().unwrap_or("");
        if is_binary(content) {
            self.view.skip(self.side, NotInspectedReason::UnknownMediaType);
            return self.view.set_value(node, Value::Opaque(content.len() as u64));
        }
        let text = charset::decode(content, media::charset(content_type), self.view, self.side);
        if matches!(media::declared(content_type), Some(Format::Json | Format::NdJson)) {
            self.json(node, &text, Mode::Document);
        } else {
            percent::controls(&text, self.view, self.side);
            self.text(node, &text);
        }
    }

    /// A part with the name of a file: its content, and where that begins in the body.
    fn file_part(
        &mut self,
        node: NodeId,
        filename: &str,
        part: &Part,
        (content, from): (&[u8], usize),
    ) {
        let bytes = content.len() as u64;
        self.view.set_value(node, Value::Opaque(bytes));
        let kind = magic::media_type(content);
        self.scratch.files.push(SentFile { node, kind, bytes, from });
        if filename.contains(['/', '\\', ':']) || filename.chars().any(char::is_control) {
            self.view.anomaly(self.side, AnomalyKind::MultipartFilename);
        }
        self.text_leaf(node, Step::Key("filename"), filename);
        let content_type = part.content_type.as_deref().unwrap_or("");
        if !content_type.is_empty() {
            self.view.leaf(node, Step::Key("content-type"), Value::Text(content_type));
        }
        if content.is_empty() {
            return;
        }
        if is_binary(content) || opaque_format(media::declared(content_type), content).is_some() {
            return self.view.skip(self.side, NotInspectedReason::UnknownMediaType);
        }
        let text = charset::decode(content, media::charset(content_type), self.view, self.side);
        let kept = cut(&text, self.limits.value_bytes as usize);
        if kept.len() < text.len() {
            self.view.limit(self.side, LimitName::ValueBytes);
        }
        self.view.leaf(node, Step::Key("content"), Value::Text(kept));
    }

    fn part_head(&mut self, head: &[u8]) -> Part {
        let mut part = Part::default();
        let most = self.limits.multipart_header_bytes as usize;
        if head.len() > most {
            self.view.limit(self.side, LimitName::MultipartHeaderBytes);
        }
        let head = head.get(..head.len().min(most)).unwrap_or_default();
        let text = charset::decode(head, None, self.view, self.side);
        let mut disposition = false;
        for line in unfolded(&text) {
            if line.folded {
                self.view.anomaly(self.side, AnomalyKind::MultipartHeader);
            }
            let Some((name, value)) = line.text.split_once(':') else {
                self.view.anomaly(self.side, AnomalyKind::MultipartHeader);
                continue;
            };
            if name.trim_end().len() < name.len() {
                self.view.anomaly(self.side, AnomalyKind::MultipartHeader);
            }
            let name = name.trim();
            if name.eq_ignore_ascii_case("content-disposition") {
                if disposition {
                    self.view.anomaly(self.side, AnomalyKind::MultipartHeader);
                }
                disposition = true;
                self.disposition(&mut part, value);
            } else if name.eq_ignore_ascii_case("content-type") {
                if part.content_type.is_some() {
                    self.view.anomaly(self.side, AnomalyKind::MultipartHeader);
                }
                part.content_type.get_or_insert_with(|| value.trim().to_owned());
            } else if name.eq_ignore_ascii_case("content-transfer-encoding")
                && !["7bit", "8bit", "binary"].iter().any(|v| value.trim().eq_ignore_ascii_case(v))
            {
                // RFC 7578 §4.7: deprecated, and read by some servers only.
                self.view.anomaly(self.side, AnomalyKind::MultipartHeader);
            }
        }
        part
    }

    fn disposition(&mut self, part: &mut Part, value: &str) {
        if !value.trim_start().get(..9).is_some_and(|v| v.eq_ignore_ascii_case("form-data")) {
            self.view.anomaly(self.side, AnomalyKind::MultipartHeader);
        }
        for (name, value) in media::parameters(value) {
            let is = |known: &str| name.eq_ignore_ascii_case(known);
            let twice = if is("name") {
                part.name.replace(value).is_some()
            } else if is("filename") {
                part.filename.replace(value).is_some()
            } else if is("filename*") {
                // RFC 7578 §4.2 forbids it; servers that read it prefer it.
                self.view.anomaly(self.side, AnomalyKind::MultipartFilename);
                part.filename = Some(self.extended(&value));
                false
            } else {
                is("name*")
            };
            if twice {
                self.view.anomaly(self.side, AnomalyKind::MultipartHeader);
            }
        }
    }

    /// `charset'language'value` (RFC 8187).
    fn extended(&mut self, value: &str) -> String {
        let encoded = value.splitn(3, '\'').last().unwrap_or("");
        let mut bytes = Vec::with_capacity(encoded.len());
        percent::decode_into(&mut bytes, encoded.as_bytes(), false);
        let mut out = String::with_capacity(bytes.len());
        percent::push_text(&mut out, &bytes, self.view, self.side);
        out
    }
}

/// The boundary grammar of RFC 2046 §5.1.1.
fn is_regular(boundary: &str) -> bool {
    boundary.len() <= BOUNDARY_MOST
        && !boundary.ends_with(' ')
        && boundary.bytes().all(|b| b.is_ascii_alphanumeric() || b"'()+_,-./:=? ".contains(&b))
}

/// Where the fields of a part end, and how long the empty line is.
fn head_end(bytes: &[u8]) -> Option<(usize, usize)> {
    match bytes {
        [b'\r', b'\n', ..] => return Some((0, 2)),
        [b'\n', ..] => return Some((0, 1)),
        _ => {}
    }
    memchr::memchr_iter(b'\n', bytes).find_map(|at| match bytes.get(at + 1..)? {
        [b'\r', b'\n', ..] => Some((at + 1, 2)),
        [b'\n', ..] => Some((at + 1, 1)),
        _ => None,
    })
}

struct Line {
    text: String,
    folded: bool,
}

/// Lines with their continuations joined (RFC 5322 §2.2.3).
fn unfolded(head: &str) -> impl Iterator<Item = Line> {
    let mut lines = head.lines().filter(|line| !line.is_empty()).peekable();
    std::iter::from_fn(move || {
        let mut line = Line { text: lines.next()?.to_owned(), folded: false };
        while let Some(more) = lines.next_if(|next| next.starts_with([' ', '\t'])) {
            line.text.push(' ');
            line.text.push_str(more.trim_start());
            line.folded = true;
        }
        Some(line)
    })
}

#[cfg(test)]
mod tests;
