//! Files that are not what they say, and those that are.

use super::*;
use crate::policy::reading::cut;

fn compile(text: &str) -> Upload {
    let config: UploadConfig = serde_saphyr::from_str(text).expect("settings");
    Upload::compile(&config, 1).expect("compiles")
}

fn part(name: &str, says: &str, content: &[u8]) -> Vec<u8> {
    let kind = if says.is_empty() { String::new() } else { format!("content-type: {says}\r\n") };
    let head = format!(
        "--part\r\ncontent-disposition: form-data; name=\"file\"; filename=\"{name}\"\r\n{kind}\r\n"
    );
    [head.as_bytes(), content, b"\r\n"].concat()
}

type Said = Result<Option<&'static str>, (u16, &'static str)>;

fn send(rule: &Upload, parts: &[Vec<u8>]) -> Said {
    body(
        rule,
        "multipart/form-data; boundary=part",
        &[&parts.concat(), &b"--part--\r\n"[..]].concat(),
    )
}

fn body(rule: &Upload, says: &str, bytes: &[u8]) -> Said {
    put(rule, "", says, bytes)
}

fn put(rule: &Upload, name: &str, says: &str, bytes: &[u8]) -> Said {
    let bytes = Bytes::copy_from_slice(bytes);
    let decoded = rule.within.decode(says, bytes.clone());
    let checked = match cut(&decoded.view, Places::BODY) {
        Some(reason) => rule.within.gap(reason),
        None => {
            let names = [name.to_owned()];
            rule.judge(&decoded, &essence(says), &bytes, &names[..usize::from(!name.is_empty())])
        }
    };
    checked.map_err(|refusal| (refusal.status.as_u16(), refusal.reason))
}

const ROOM: &str = "budget_micros: 1000000";
const PNG: &[u8] = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0";
const ZIP: &[u8] = b"PK\x03\x04\x14\0\0\0";

#[test]
fn files_are_what_they_say() {
    let rule = compile(&format!("{{{ROOM}}}"));
    for (name, says, content, expected) in [
        ("a.png", "image/png", PNG, Ok(None)),
        ("a.png", "image/png; q=1", PNG, Ok(None)),
        ("a.png", "", PNG, Ok(None)),
        ("a.png", "image/jpeg", PNG, Err((415, "not-as-said"))),
        ("a.png", "image/png", b"MZ\x90\0\x03\0\0\0", Err((415, "not-as-said"))),
        ("a.png", "image/png", b"hello", Err((415, "not-as-said"))),
        ("a.txt", "text/plain", PNG, Err((415, "not-as-said"))),
        ("a.txt", "text/plain", b"hello", Ok(None)),
        ("a.jpg", "image/jpg", b"\xff\xd8\xff\xe0\0\x10JFIF\0", Ok(None)),
        (
            "a.docx",
            "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
            ZIP,
            Ok(None),
        ),
        ("a.zip", "application/pdf", ZIP, Err((415, "not-as-said"))),
        ("a.html", "text/html", b"<script>alert(1)</script>", Err((415, "markup"))),
        ("a.txt", "text/plain", b"<script>alert(1)</script>", Err((415, "markup"))),
        ("a.svg", "image/svg+xml", b"<svg onload='x'/>", Err((415, "markup"))),
        ("a.svg", "image/svg+xml", b"<svg><path d='M0'/></svg>", Ok(None)),
        ("", "application/octet-stream", b"", Ok(None)),
    ] {
        assert_eq!(send(&rule, &[part(name, says, content)]), expected, "{name} {says}");
    }
    let utf16: Vec<u8> = [0xff, 0xfe]
        .into_iter()
        .chain("<script>x</script>".encode_utf16().flat_map(u16::to_le_bytes))
        .collect();
    assert!(send(&rule, &[part("a.txt", "text/plain", &utf16)]).is_err());
}

#[test]
fn kinds_names_and_numbers_are_listed() {
    let rule = compile(&format!(
        "{{{ROOM}, types: [image/*, text/plain], extensions: [png, .TXT], files: 2, file_bytes: 100}}"
    ));
    let png = || part("a.PNG", "image/png", PNG);
    for (parts, expected) in [
        (vec![png()], Ok(None)),
        (vec![png(), png()], Ok(None)),
        (vec![png(), png(), png()], Err((413, "files"))),
        (vec![part("a.txt", "text/plain", b"hello")], Ok(None)),
        (vec![part("a.txt", "", b"hello")], Err((415, "type"))),
        (vec![part("a.png", "", ZIP)], Err((415, "type"))),
        (vec![part("a.png", "image/svg+xml", b"<svg/>")], Ok(None)),
        (vec![part("a.png.exe", "image/png", PNG)], Err((415, "name"))),
        (vec![part("png", "image/png", PNG)], Err((415, "name"))),
        (vec![part("a.txt", "text/plain", &[b'a'; 101])], Err((413, "file-size"))),
        (vec![png(), part("a.txt", "text/html", b"<b>")], Err((415, "type"))),
    ] {
        let shown = String::from_utf8_lossy(&parts.concat()).into_owned();
        assert_eq!(send(&rule, &parts), expected, "{shown}");
    }
    // Some servers see no more than what is before the null byte.
    assert!(send(&rule, &[part("a.exe\0.png", "image/png", PNG)]).is_err());
}

#[test]
fn bodies_can_be_files() {
    let rule = compile(&format!("{{{ROOM}, types: [image/png]}}"));
    assert_eq!(body(&rule, "image/png", PNG), Ok(None));
    assert_eq!(body(&rule, "image/png", b"GIF89a\0\0"), Err((415, "not-as-said")));
    assert_eq!(body(&rule, "application/octet-stream", ZIP), Err((415, "type")));
    assert_eq!(body(&rule, "image/svg+xml", b"<svg/>"), Err((415, "type")));
    assert_eq!(body(&rule, "application/json", b"{\"a\":1}"), Ok(None));
    let small = compile("{budget_micros: 1000000, body_bytes: 10}");
    assert_eq!(body(&small, "image/png", PNG), Err((413, crate::policy::detectors::OVER_LIMITS)));
    let loose = compile("{budget_micros: 1000000, markup: pass, match_type: false}");
    assert_eq!(body(&loose, "text/html", b"<script>x</script>"), Ok(None));
}

/// Whatever a client says, only what is surely a message is none of the files.
#[test]
fn what_is_declared_as_a_message_is_one() {
    let rule = compile(&format!("{{{ROOM}, types: [image/*], extensions: [png]}}"));
    let (json, form) = ("application/json", "application/x-www-form-urlencoded");
    let message = "<order><id>1</id><goods>a &lt; b</goods></order>";
    for (says, content) in [
        (json, r#"{"a":"<script>"}"#),
        ("", r#"{"a":1}"#),
        ("application/vnd.api+json", "[1]"),
        ("text/xml", message),
        ("application/soap+xml; charset=utf-8", message),
        (form, "a=1&b=%3Cscript%3E"),
        (json, ""),
    ] {
        assert_eq!(body(&rule, says, content.as_bytes()), Ok(None), "{says} {content}");
    }
    for (says, content) in [
        ("text/xml", "<html><script>alert(1)</script></html>"),
        ("text/xml", "<a><?php system('id'); ?></a>"),
        ("text/xml", "<!DOCTYPE a><a/>"),
        ("text/xml", "#!/bin/sh\nid <a/>"),
        ("text/plain", r#"{"a":1}"#),
        ("image/svg+xml", "<svg onload='x'/>"),
        ("", "<svg xmlns='http://www.w3.org/2000/svg'/>"),
        ("text/event-stream", "data: <script>alert(1)</script>\n\n"),
        ("text/event-stream", "data: x\n\n"),
        (form, "a=<?php system('id');"),
        (json, "{\"a\":1}<?php system('id');"),
        (json, "GIF89a = 1"),
    ] {
        let refused = body(&rule, says, content.as_bytes());
        assert!(matches!(refused, Err((415, _))), "{says} {content} {refused:?}");
    }
    // What is put where it runs is a file, whatever it reads as.
    assert_eq!(put(&rule, "a.php", json, b"\"<?php system('id');\""), Err((415, "name")));
    assert_eq!(put(&rule, "a.php.png", "image/png", PNG), Err((415, "name")));
    assert_eq!(put(&rule, "john.doe", json, b"{}"), Ok(None));
    assert_eq!(put(&rule, "a.png", "image/png", PNG), Ok(None));
}

#[test]
fn scripts_are_found_in_whatever_bytes() {
    let rule = compile(&format!("{{{ROOM}}}"));
    let script = "<script>alert(1)</script>";
    let utf16: Vec<u8> = script.encode_utf16().flat_map(u16::to_le_bytes).collect();
    let zero = [b"\0", script.as_bytes()].concat();
    let broken = [script.as_bytes(), b"\xff\xfe\xfd"].concat();
    for content in [&utf16, &zero, &broken] {
        assert!(body(&rule, "application/octet-stream", content).is_err(), "{content:?}");
        let sent = send(&rule, &[part("a.bin", "application/octet-stream", content)]);
        assert!(sent.is_err(), "{content:?}");
    }
    assert_eq!(body(&rule, "text/plain", b"<?php x();"), Err((415, "not-as-said")));
    assert_eq!(body(&rule, "application/x-php", b"<?php x();"), Ok(None));
    assert_eq!(body(&rule, "text/x-python", b"#!/usr/bin/python3\n"), Ok(None));
    let nameless =
        b"--part\r\ncontent-disposition: form-data; name=\"f\"\r\n\r\n\0\0MZ\r\n--part--\r\n";
    let kind = "multipart/form-data; boundary=part";
    assert_eq!(body(&rule, kind, nameless), Err((415, NOT_READABLE)));
}

#[test]
fn what_is_no_type_is_refused() {
    for (text, key) in [
        ("{types: [png]}", "types.0"),
        ("{types: ['image/*', '*/*']}", "types.1"),
        ("{files: 0}", "files"),
        ("{extensions: ['']}", "extensions"),
    ] {
        let config: UploadConfig = serde_saphyr::from_str(text).expect("settings");
        assert_eq!(Upload::compile(&config, 1).expect_err(text).key, key);
    }
}
