use bartizan_model::{Exchange, Limits, Root, Side};

use crate::{
    anomaly::AnomalyKind as A,
    decode::{Decoded, decode},
    media::Format,
};

fn with(content_type: &str, body: &[u8], limits: &Limits) -> Decoded {
    let mut exchange = Exchange::default();
    exchange.request.headers.push("content-type", content_type);
    exchange.request.body = body.to_vec().into();
    decode(&exchange, limits, 1)
}

fn decoded(body: &[u8]) -> Decoded {
    with("multipart/form-data; boundary=bb", body, &Limits::default())
}

fn nodes(decoded: &Decoded) -> Vec<String> {
    let root = decoded.view.root(Side::Request, Root::Body).expect("body root");
    root.descendants()
        .map(|n| format!("{} {} {}", n.instance(), n.value().type_name(), n.raw()))
        .collect()
}

fn kinds(decoded: &Decoded) -> Vec<A> {
    decoded.view.anomalies().iter().map(|(_, kind)| *kind).collect()
}

fn reasons(decoded: &Decoded) -> Vec<String> {
    let entries = decoded.view.not_inspected().iter().filter(|e| e.side == Side::Request);
    entries.map(|e| e.reason.to_string()).collect()
}

/// A part with this disposition and these further lines, which end with the content.
fn part(disposition: &str, rest: &str) -> Vec<u8> {
    format!("--bb\r\nContent-Disposition: form-data; {disposition}\r\n{rest}\r\n--bb--\r\n").into()
}

#[test]
fn parts_become_values() {
    let seen = decoded(
        b"--bb\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\none\r\ntwo\r\n\
          --bb\r\ncontent-disposition: form-data; name=j\r\nContent-Type: application/json\r\n\r\n\
          {\"k\":[1]}\r\n\
          --bb  \r\nContent-Disposition: form-data; name=\"f\"; filename=\"x.txt\"\r\n\
          Content-Type: text/plain\r\n\r\n<?php evil\r\n\
          --bb\r\nContent-Disposition: form-data; name=\"l[]\"\r\n\r\n1\r\n\
          --bb\r\nContent-Disposition: form-data; name=\"l[]\"\r\n\r\n2\r\n--bb--\r\n",
    );
    assert_eq!(
        nodes(&seen),
        [
            "body:/a string one\r\ntwo",
            "body:/j object ",
            "body:/j/k array ",
            "body:/j/k/0 integer 1",
            "body:/f binary ",
            "body:/f/filename string x.txt",
            "body:/f/content-type string text/plain",
            "body:/f/content string <?php evil",
            "body:/l[] string 1",
            "body:/l[]#1 string 2",
        ]
    );
    assert_eq!((kinds(&seen), reasons(&seen)), (vec![], vec![]));
}

#[test]
fn binary_files_are_opaque_and_recorded() {
    let mut body = part("name=\"f\"; filename=\"x.png\"", "\r\n");
    let at = body.len() - 10;
    body.splice(at..at, *b"\x89PNG\r\n\x1a\n\0");
    let seen = decoded(&body);
    assert_eq!(nodes(&seen), ["body:/f binary ", "body:/f/filename string x.png"]);
    assert_eq!(reasons(&seen), ["unknown_media_type"]);
    // A file that is said to be text is one, whatever it begins with.
    for (kind, last) in [
        ("text/plain", "body:/f/content string GIF89a; x"),
        ("image/gif", "body:/f/content-type string image/gif"),
    ] {
        let rest = format!("Content-Type: {kind}\r\n\r\nGIF89a; x");
        let seen = decoded(&part("name=\"f\"; filename=\"x\"", &rest));
        assert_eq!(nodes(&seen).last().map(String::as_str), Some(last));
    }
}

#[test]
fn odd_parts_are_noted() {
    for (disposition, rest, kind) in [
        ("name=a; name=b", "\r\nx", A::MultipartHeader),
        ("x=1", "\r\nx", A::MultipartHeader),
        ("name=a", "Content-Disposition: form-data; filename=y\r\n\r\nx", A::MultipartHeader),
        ("name=a", "X: y\r\n folded\r\n\r\nx", A::MultipartHeader),
        ("name=a", "no colon\r\n\r\nx", A::MultipartHeader),
        ("name=a", "Content-Transfer-Encoding: base64\r\n\r\nx", A::MultipartHeader),
        ("name=a; filename=\"../../x.php\"", "\r\nx", A::MultipartFilename),
        ("name=a; filename=\"C:\\x.php\"", "\r\nx", A::MultipartFilename),
        ("name=a; filename*=UTF-8''x%2ephp", "\r\nx", A::MultipartFilename),
    ] {
        let seen = decoded(&part(disposition, rest));
        assert_eq!(kinds(&seen), [kind], "{disposition} {rest}");
        assert!(!nodes(&seen).is_empty(), "{disposition} {rest}");
    }
    let seen = decoded(&part("name=a; filename*=UTF-8''x%2ephp", "\r\nx"));
    assert_eq!(nodes(&seen)[1], "body:/a/filename string x.php");
}

#[test]
fn boundaries_are_strict_about_lines_and_lenient_about_names() {
    let body = b"--bb\r\nContent-Disposition: form-data; name=a\r\n\r\n--bbb\r\nx --bb\r\n--bb--";
    assert_eq!(nodes(&decoded(body)), ["body:/a string --bbb\r\nx --bb"]);
    let body = b"--cc\r\nContent-Disposition: form-data; name=a\r\n\r\n1\r\n--cc--\r\n";
    for content_type in [
        "multipart/form-data",
        "multipart/form-data; boundary=other",
        "multipart/form-data; boundary",
    ] {
        let seen = with(content_type, body, &Limits::default());
        assert_eq!(nodes(&seen), ["body:/a string 1"], "{content_type}");
        assert_eq!(kinds(&seen), [A::MultipartBoundary], "{content_type}");
    }
    for (content_type, body) in [
        ("multipart/form-data; boundary=cc; boundary=dd", &body[..]),
        ("multipart/form-data; boundary*0=cc", body),
        (
            "multipart/form-data; boundary=cc",
            b"hidden\r\n--cc\r\nContent-Disposition: form-data; name=a\r\n\r\n1\r\n--cc--",
        ),
        (
            "multipart/form-data; boundary=cc",
            b"--cc\nContent-Disposition: form-data; name=a\n\n1\n--cc--",
        ),
    ] {
        let seen = with(content_type, body, &Limits::default());
        assert_eq!(nodes(&seen), ["body:/a string 1"], "{content_type}");
        assert!(kinds(&seen).contains(&A::MultipartBoundary), "{content_type}");
    }
}

#[test]
fn ends_are_noted() {
    let seen = decoded(b"--bb\r\nContent-Disposition: form-data; name=a\r\n\r\nhalf");
    assert_eq!(
        (nodes(&seen), kinds(&seen)),
        (vec!["body:/a string half".to_owned()], vec![A::UnexpectedEnd])
    );
    let mut body = part("name=a", "\r\n1");
    body.extend_from_slice(b"secret");
    assert_eq!(kinds(&decoded(&body)), [A::TrailingData]);
    let seen = decoded(b"no delimiter at all");
    assert_eq!(seen.request_format, Format::Text);
    assert_eq!(kinds(&seen), [A::MultipartBoundary, A::Malformed, A::ContentTypeMismatch]);
}

#[test]
fn limits_are_recorded() {
    let many = b"--bb\r\nContent-Disposition: form-data; name=a\r\n\r\n1\r\n".repeat(10);
    let limits = Limits { multipart_parts: 3, ..Limits::default() };
    let seen = with("multipart/form-data; boundary=bb", &many, &limits);
    assert_eq!((nodes(&seen).len(), reasons(&seen)), (3, vec!["limit_multipart_parts".to_owned()]));
    let limits = Limits { multipart_header_bytes: 60, value_bytes: 8, ..Limits::default() };
    let body =
        part("name=a; filename=x", &format!("X: {}\r\n\r\n{}", "y".repeat(90), "z".repeat(20)));
    let seen = with("multipart/form-data; boundary=bb", &body, &limits);
    assert_eq!(reasons(&seen), ["limit_multipart_header_bytes", "limit_value_bytes"]);
}
