use crate::{
    flaws::{FlawItem, Protocol},
    proof::{
        Expect::{Header, Success},
        get, raw,
    },
};

/// Uploads are shown as pages.
pub(crate) static FLAW: FlawItem = FlawItem {
    id: "upload-markup",
    title: "Uploads are shown as pages",
    owasp: "API8:2019",
    cwe: 434,
    protocol: Protocol::Rest,
    operation: "GET /api/v1/documents/{id}/content",
    what: "The media type of the upload is sent back, also when it is a page with scripts.",
    proof: &[raw("ada", "/api/v1/documents", "multipart/form-data; boundary=part", "--part\r\ncontent-disposition: form-data; name=\"file\"; filename=\"a.html\"\r\ncontent-type: text/html\r\n\r\n<script>alert(1)</script>\r\n--part--\r\n").take(&[("document", r#""id":"#)]).shows(&[Success]), get("ada", "/api/v1/documents/${document}/content").shows(&[Header("content-type", "text/html")])],
};
