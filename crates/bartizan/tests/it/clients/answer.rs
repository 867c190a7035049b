//! What curl gets, in comparable form.

use std::{fs, path::Path, process::Command};

use super::programs::output;

/// Fields of the connection, of the moment, and of the framing.
const DIFFER: [&str; 4] = ["connection", "keep-alive", "transfer-encoding", "date"];

/// A last answer, with what came before it.
#[derive(Debug)]
pub(super) struct Answer {
    /// Statuses that came before it, such as `100`.
    pub(super) before: Vec<String>,
    pub(super) status: String,
    /// Names in small letters and order; values of one name in the order they came.
    pub(super) fields: Vec<(String, String)>,
    pub(super) length: Option<String>,
    /// Bytes of the body on the wire, without framing, before it is decoded.
    size: String,
    pub(super) body: Vec<u8>,
}

/// Asks; `to` is an address with port.
pub(super) fn curl(home: &Path, to: impl ToString, target: &str, arguments: &[&str]) -> Answer {
    let (head, body) = (home.join("curl.head"), home.join("curl.body"));
    // What comes without a body leaves no file.
    drop(fs::remove_file(&body));
    let url = format!("http://{}{target}", to.to_string());
    let mut command = Command::new("curl");
    command.args(["-q", "-sS", "-g", "--max-time", "60", "-H", "host: quayside.example"]);
    command.args(["-w", "%{size_download}", "-D"]).arg(&head).arg("-o").arg(&body);
    let size = output(command.args(arguments).arg(url));
    let head = fs::read(&head).expect("a head");
    // Values may hold bytes that are no UTF-8.
    let head: String = head.iter().map(|byte| char::from(*byte)).collect();
    let mut heads: Vec<&str> = head.trim_end().split("\r\n\r\n").collect();
    let status = |head: &str| head.split(' ').nth(1).expect("a status").trim_end().to_owned();
    let last = heads.pop().expect("a head");
    let mut fields: Vec<_> = last
        .lines()
        .skip(1)
        .map(|line| line.split_once(':').expect("a field"))
        .map(|(name, value)| (name.to_ascii_lowercase(), value.trim().to_owned()))
        .filter(|(name, _)| !DIFFER.contains(&name.as_str()))
        .collect();
    fields.sort_by(|one, other| one.0.cmp(&other.0));
    let is_head = arguments.contains(&"--head");
    let length = fields.iter().position(|(name, _)| name == "content-length");
    Answer {
        before: heads.into_iter().map(status).collect(),
        status: status(last),
        length: length.map(|at| fields.remove(at).1),
        fields,
        size: String::from_utf8(size).expect("a number"),
        // With `--head` curl writes the head there too.
        body: if is_head { Vec::new() } else { fs::read(&body).unwrap_or_default() },
    }
}

impl Answer {
    pub(super) fn field(&self, wanted: &str) -> Option<&str> {
        self.fields.iter().find(|(name, _)| name == wanted).map(|(_, value)| value.as_str())
    }

    /// Every multipart answer has another boundary; `with` is put in the place of this one's.
    fn with_boundary(mut self, with: Option<&str>) -> Self {
        let Some(mine) = self.boundary().map(str::to_owned) else { return self };
        let theirs = with.unwrap_or_default();
        for (_, value) in &mut self.fields {
            *value = value.replace(&mine, theirs);
        }
        let body = String::from_utf8(self.body).expect("parts of text");
        self.body = body.replace(&mine, theirs).into_bytes();
        self
    }

    fn boundary(&self) -> Option<&str> {
        Some(self.field("content-type")?.split_once("boundary=")?.1)
    }

    /// Fails unless the other one, which came through the gateway, is the same.
    pub(super) fn assert_same(&self, other: Self, what: &str) {
        let other = other.with_boundary(self.boundary());
        assert_eq!((&self.status, &self.fields), (&other.status, &other.fields), "{what}");
        assert!(self.body == other.body, "{what}: {} and {}", self.body.len(), other.body.len());
        assert_eq!(self.size, other.size, "{what}");
        match (&self.length, &other.length) {
            // What came in chunks and was held whole has a length, which is then that of the body.
            (None, Some(length)) => assert_eq!(*length, self.size, "{what}"),
            (one, other) => assert_eq!(one, other, "{what}"),
        }
    }
}
