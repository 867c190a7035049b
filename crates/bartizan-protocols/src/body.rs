//! Finds out what a body is, by what it says and by what it looks like, and has it decoded.
//!
//! Services differ in what they trust, so a body that looks like JSON, XML, a form or multipart is
//! read as that, whatever its type says, and the difference is noted. What is said to be text is read
//! as text also when it begins as pictures and archives do: that is easily written in front of it.

use bartizan_model::{Headers, LimitName, Root, limits::NotInspectedReason};

use crate::{
    anomaly::AnomalyKind,
    charset,
    decode::Decoder,
    encodings::Content,
    json::{Mode, Outcome},
    media::{self, Format},
    socket_io,
    view::{NodeId, Value},
};

/// Largest buffer of decoded content that is kept for the next exchange.
const KEPT_CAPACITY: usize = 1024 * 1024;
/// How much of a body is looked at to tell text from binary.
const PROBE: usize = 1024;

mod grpc;

impl Decoder<'_> {
    /// Decodes the body of one message.
    pub(crate) fn body(&mut self, headers: &Headers, body: &[u8]) -> Format {
        if body.is_empty() {
            return Format::Empty;
        }
        let most = self.limits.body_bytes as usize;
        let kept = body.get(..most.min(body.len())).unwrap_or_default();
        if kept.len() < body.len() {
            self.view.limit(self.side, LimitName::BodyBytes);
        }
        let mut buffers = std::mem::take(&mut self.scratch.content);
        let format = match self.content(headers, kept, &mut buffers) {
            Content::Plain(bytes) => self.plain_body(headers, bytes),
            Content::Either(bytes) => {
                let format = self.plain_body(headers, bytes);
                let sent = self.plain_body(headers, kept);
                if format == Format::Empty { sent } else { format }
            }
            Content::Opaque => self.opaque(Format::Binary, body.len()),
        };
        // One large body must not be paid for by every later exchange.
        if buffers.iter().all(|buffer| buffer.capacity() <= KEPT_CAPACITY) {
            self.scratch.content = buffers;
        }
        format
    }

    fn plain_body(&mut self, headers: &Headers, bytes: &[u8]) -> Format {
        if bytes.is_empty() {
            return Format::Empty;
        }
        let content_type = headers.get("content-type").unwrap_or("");
        let spoken = self.spoken(headers);
        if let Some(format) = spoken.and_then(|spoken| self.spoken_body(spoken, headers, bytes)) {
            return format;
        }
        // What is said to be messages and is none has no type that says anything.
        let declared = media::declared(content_type).filter(|_| spoken.is_none());
        if spoken.is_some() && !content_type.is_empty() {
            self.view.anomaly(self.side, AnomalyKind::ContentTypeMismatch);
        }
        let found = self.read_as(declared, content_type, bytes);
        if declared.is_some_and(|declared| !is_same(declared, found)) {
            self.view.anomaly(self.side, AnomalyKind::ContentTypeMismatch);
        }
        found
    }

    fn read_as(&mut self, declared: Option<Format>, content_type: &str, bytes: &[u8]) -> Format {
        let start = bytes.trim_ascii_start();
        if (declared == Some(Format::Multipart) || start.starts_with(b"--"))
            && let Some(format) = self.multipart_body(declared, content_type, bytes)
        {
            if declared == Some(Format::Form) && bytes.contains(&b'&') {
                self.view.anomaly(self.side, AnomalyKind::FormToo);
            }
            return format;
        }
        if let Some(format) = opaque_format(declared, bytes) {
            self.view.skip(self.side, NotInspectedReason::UnknownMediaType);
            return self.opaque(format, bytes.len());
        }
        let charset = media::charset(content_type);
        let text = charset::decode(bytes, charset, self.view, self.side);
        let sniffed = media::sniff(&text);
        if let Some(format) = self.structured_body(declared, sniffed, &text) {
            return format;
        }
        if declared.is_some_and(Format::is_structured) {
            if let Some(format) = media::binary_magic(bytes) {
                self.view.skip(self.side, NotInspectedReason::UnknownMediaType);
                return self.opaque(format, bytes.len());
            }
            self.view.anomaly(self.side, AnomalyKind::Malformed);
        }
        self.text_body(declared, sniffed, &text)
    }

    /// Reads a text as what it is declared to be, else as what it looks like.
    fn structured_body(
        &mut self,
        declared: Option<Format>,
        sniffed: Option<Format>,
        text: &str,
    ) -> Option<Format> {
        let tried = match (declared, sniffed) {
            // Any text is a form, so what looks like something else is tried first.
            (Some(Format::Form), Some(other)) if other != Format::Form => {
                self.structured(other, None, text)
            }
            (Some(format), _) if format.is_structured() => {
                self.structured(format, Some(format), text)
            }
            _ => None,
        };
        if declared == Some(Format::Form)
            && tried.is_some_and(|format| format != Format::Form)
            && text.contains('&')
        {
            self.view.anomaly(self.side, AnomalyKind::FormToo);
        }
        tried.or_else(|| match (declared, sniffed) {
            (Some(Format::Form), _) => self.structured(Format::Form, declared, text),
            (_, None) => None,
            // Scripts and pages with `=` are no forms.
            (None | Some(Format::Text | Format::Json | Format::Multipart), Some(Format::Form)) => {
                self.structured(Format::Form, None, text)
            }
            (_, Some(Format::Form)) => None,
            // Pages are read as pages; what looks like XML in them is not.
            (Some(Format::Html | Format::Javascript | Format::Css), Some(Format::Xml)) => None,
            (declared, Some(format)) if Some(format) != declared => {
                self.structured(format, None, text)
            }
            _ => None,
        })
    }

    /// A body that is one text.
    fn text_body(
        &mut self,
        declared: Option<Format>,
        sniffed: Option<Format>,
        text: &str,
    ) -> Format {
        let format = match (declared, sniffed) {
            (Some(format @ (Format::Html | Format::Javascript | Format::Css)), _) => format,
            (_, Some(Format::Html)) => Format::Html,
            _ => Format::Text,
        };
        let Some(root) = self.view.open_root(self.side, Root::Body) else { return format };
        if format == Format::Text && text.len() <= self.limits.embedded_bytes as usize {
            self.text(root, text);
        } else {
            self.view.set_value(root, Value::Text(text));
            self.view.close(root);
        }
        format
    }

    /// Reads a text as one structured format; `None` leaves nothing behind. What is declared may be
    /// broken; what only looks like a format must be right.
    fn structured(
        &mut self,
        format: Format,
        declared: Option<Format>,
        text: &str,
    ) -> Option<Format> {
        let mark = self.view.mark();
        let part = if format == Format::Xml { Root::Xml } else { Root::Body };
        let root = self.view.open_root(self.side, part)?;
        let found = match format {
            Format::Json | Format::NdJson => self.json_body(root, format, declared.is_some(), text),
            Format::Xml => self.xml(root, text, declared.is_some()).then_some(Format::Xml),
            Format::EventStream => self.event_stream(root, text).then_some(Format::EventStream),
            Format::Form => {
                self.form(root, text);
                Some(Format::Form)
            }
            _ => None,
        };
        match found {
            Some(_) => self.view.close(root),
            None => self.view.rollback(mark),
        }
        found
    }

    fn json_body(
        &mut self,
        root: NodeId,
        format: Format,
        declared: bool,
        text: &str,
    ) -> Option<Format> {
        let mode = if format == Format::NdJson { Mode::Sequence } else { Mode::Document };
        let before = self.view.len();
        let is_bent = |decoder: &Self| {
            decoder.view.has_anomaly_here(decoder.side, AnomalyKind::NonStandardJson)
        };
        let standard = !is_bent(self);
        let outcome = self.json(root, text, mode);
        let grown = self.view.len() > before;
        let accepted = match outcome {
            Outcome::Whole | Outcome::Sequence | Outcome::Limited => true,
            // `[note` is the beginning of a sentence rather than of an array of bare words.
            Outcome::Cut => declared || (grown && !(standard && is_bent(self))),
            Outcome::Malformed => declared && grown,
        };
        let sequence = outcome == Outcome::Sequence || format == Format::NdJson;
        accepted.then_some(if sequence { Format::NdJson } else { Format::Json })
    }

    fn multipart_body(
        &mut self,
        declared: Option<Format>,
        content_type: &str,
        bytes: &[u8],
    ) -> Option<Format> {
        let mark = self.view.mark();
        let root = self.view.open_root(self.side, Root::Body)?;
        let content_type = if declared == Some(Format::Multipart) { content_type } else { "" };
        if self.multipart(root, content_type, bytes) {
            self.view.close(root);
            return Some(Format::Multipart);
        }
        self.view.rollback(mark);
        if declared == Some(Format::Multipart) {
            self.view.anomaly(self.side, AnomalyKind::MultipartBoundary);
        }
        None
    }

    fn opaque(&mut self, format: Format, length: usize) -> Format {
        if let Some(root) = self.view.open_root(self.side, Root::Body) {
            self.view.set_value(root, Value::Opaque(length as u64));
            self.view.close(root);
        }
        format
    }

    /// The payload of one message of a stream, into its node.
    pub(crate) fn message(&mut self, node: NodeId, data: &[u8], text: bool) {
        if !text && is_binary(data) {
            self.view.skip(self.side, NotInspectedReason::UnknownMediaType);
            return self.view.set_value(node, Value::Opaque(data.len() as u64));
        }
        let kept = data.get(..data.len().min(self.limits.body_bytes as usize)).unwrap_or_default();
        if kept.len() < data.len() {
            self.view.limit(self.side, LimitName::BodyBytes);
        }
        let text = charset::decode(kept, None, self.view, self.side);
        let json = if media::sniff(&text) == Some(Format::Json) {
            Some(&*text)
        } else {
            socket_io::payload(&text)
        };
        if let Some(json) = json {
            let mark = self.view.mark();
            if self.json_body(node, Format::Json, false, json).is_some() {
                return;
            }
            self.view.rollback(mark);
        }
        self.text(node, &text);
    }
}

/// Whether a format is what was declared, or a text where any text is.
fn is_same(declared: Format, found: Format) -> bool {
    declared == found
        || matches!(
            (declared, found),
            (Format::Json | Format::NdJson, Format::Json | Format::NdJson)
                | (Format::Image, Format::Binary)
                // Pages are also sent as `application/xhtml+xml` and scripts as plain text.
                | (Format::Text, Format::Javascript | Format::Css)
        )
}

/// What bytes are of which nothing can be read. Those that are said to be text have to look like none
/// beyond the few that name a format.
pub(crate) fn opaque_format(declared: Option<Format>, bytes: &[u8]) -> Option<Format> {
    match (declared, media::binary_magic(bytes)) {
        (None | Some(Format::Image), Some(format)) => Some(format),
        (None | Some(Format::Image), None) => {
            is_binary(bytes).then_some(declared.unwrap_or(Format::Binary))
        }
        (Some(_), magic) => magic.filter(|_| is_binary(bytes)),
    }
}

/// Whether the beginning has NUL or is no UTF-8 and mostly not ASCII.
pub(crate) fn is_binary(bytes: &[u8]) -> bool {
    let probe = bytes.get(..bytes.len().min(PROBE)).unwrap_or_default();
    if matches!(probe, [0xff, 0xfe, ..] | [0xfe, 0xff, ..]) {
        return false;
    }
    let odd = |b: &&u8| matches!(b, 0..=8 | 0x0e..=0x1d | 0x1f | 0x7f);
    let controls = probe.iter().filter(odd).count();
    let utf8 = match std::str::from_utf8(probe) {
        Ok(_) => true,
        // Cut in the middle of a character by the probe itself.
        Err(error) => error.error_len().is_none(),
    };
    let high = probe.iter().filter(|b| **b >= 0x80).count();
    let utf16 = matches!(probe, [0, 1..=0x7f, 0, ..] | [1..=0x7f, 0, 1..=0x7f, 0, ..]);
    !utf16 && (controls * 10 > probe.len() || (!utf8 && high * 10 > probe.len() * 3))
}

#[cfg(test)]
mod tests;
