use crate::{
    flaws::{FlawItem, Protocol},
    proof::{Body, Expect::Status, post},
};

/// Uploads can be as large as one likes.
pub(crate) static FLAW: FlawItem = FlawItem {
    id: "upload-size",
    title: "Uploads can be as large as one likes",
    owasp: "API4:2023",
    cwe: 770,
    protocol: Protocol::Rest,
    operation: "POST /api/v1/documents",
    what: "The size of a document is not looked at.",
    proof: &[post("ada", "/api/v1/documents", "").body(Body::Filler("multipart/form-data; boundary=part", "--part\r\ncontent-disposition: form-data; name=\"file\"; filename=\"large.txt\"\r\ncontent-type: text/plain\r\n\r\n", 1_000_000, "\r\n--part--\r\n")).shows(&[Status(201)])],
};
