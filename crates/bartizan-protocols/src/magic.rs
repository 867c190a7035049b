//! What the bytes of a file are, by how they begin: the formats that people send and those that attackers do.

/// Bytes at a place, and the media type that they are a mark of.
type Mark = (usize, &'static [u8], &'static str);

/// In order of asking: longer ones before those that they begin with.
const MARKS: [Mark; 43] = [
    (0, b"\x89PNG\r\n\x1a\n", "image/png"),
    (0, b"\xff\xd8\xff", "image/jpeg"),
    (0, b"GIF87a", "image/gif"),
    (0, b"GIF89a", "image/gif"),
    (0, b"II*\0", "image/tiff"),
    (0, b"MM\0*", "image/tiff"),
    (0, b"\0\0\x01\0", "image/x-icon"),
    (4, b"ftypavif", "image/avif"),
    (4, b"ftypheic", "image/heic"),
    (4, b"ftypmif1", "image/heif"),
    (4, b"ftypqt  ", "video/quicktime"),
    (4, b"ftyp", "video/mp4"),
    (8, b"WEBP", "image/webp"),
    (8, b"WAVE", "audio/wav"),
    (8, b"AVI ", "video/x-msvideo"),
    (0, b"\x1a\x45\xdf\xa3", "video/webm"),
    (0, b"OggS", "audio/ogg"),
    (0, b"fLaC", "audio/flac"),
    (0, b"ID3", "audio/mpeg"),
    (0, b"%PDF-", "application/pdf"),
    (0, b"{\\rtf", "application/rtf"),
    (0, b"%!PS", "application/postscript"),
    (0, b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "application/x-ole-storage"),
    (0, b"PK\x03\x04", "application/zip"),
    (0, b"PK\x05\x06", "application/zip"),
    (0, b"\x1f\x8b", "application/gzip"),
    (0, b"BZh", "application/x-bzip2"),
    (0, b"\xfd7zXZ\0", "application/x-xz"),
    (0, b"\x28\xb5\x2f\xfd", "application/zstd"),
    (0, b"7z\xbc\xaf\x27\x1c", "application/x-7z-compressed"),
    (0, b"Rar!\x1a\x07", "application/vnd.rar"),
    (257, b"ustar", "application/x-tar"),
    (0, b"\x7fELF", "application/x-executable"),
    (0, b"MZ", "application/x-msdownload"),
    (0, b"\xca\xfe\xba\xbe", "application/java-vm"),
    (0, b"\xcf\xfa\xed\xfe", "application/x-mach-binary"),
    (0, b"\0asm", "application/wasm"),
    (0, b"SQLite format 3\0", "application/vnd.sqlite3"),
    (0, b"wOFF", "font/woff"),
    (0, b"wOF2", "font/woff2"),
    (0, b"<?php", "application/x-httpd-php"),
    (0, b"<?=", "application/x-httpd-php"),
    (0, b"#!/", "text/x-shellscript"),
];

/// The media type that the beginning of a file is a mark of; `None` for text and what is not known.
#[must_use]
pub fn media_type(bytes: &[u8]) -> Option<&'static str> {
    // What these stand behind.
    let in_riff = |at: usize| at != 8 || bytes.starts_with(b"RIFF");
    let is_there = |(at, mark, _): &&Mark| {
        bytes.get(*at..).is_some_and(|rest| rest.starts_with(mark)) && in_riff(*at)
    };
    MARKS.iter().find(is_there).map(|(.., media_type)| *media_type)
}

/// Whether files of a media type are told by a mark, so that one without it is none.
#[must_use]
pub fn is_marked(media_type: &str) -> bool {
    MARKS.iter().any(|(.., known)| known.eq_ignore_ascii_case(media_type))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_are_told_by_their_beginning() {
        for (bytes, expected) in [
            (&b"\x89PNG\r\n\x1a\n\0\0"[..], Some("image/png")),
            (b"\xff\xd8\xff\xe0\0\x10JFIF", Some("image/jpeg")),
            (b"RIFF\x10\0\0\0WEBPVP8 ", Some("image/webp")),
            (b"LIFF\x10\0\0\0WEBPVP8 ", None),
            (b"\0\0\0\x20ftypisom", Some("video/mp4")),
            (b"\0\0\0\x20ftypavif", Some("image/avif")),
            (b"%PDF-1.7", Some("application/pdf")),
            (b"MZ\x90\0", Some("application/x-msdownload")),
            (b"PK\x03\x04\x14\0", Some("application/zip")),
            (b"<?php system('id');", Some("application/x-httpd-php")),
            (b"<?xml version='1.0'?>", None),
            (b"#!/bin/sh\nid", Some("text/x-shellscript")),
            (b"<svg/>", None),
            (b"hello", None),
            (b"", None),
        ] {
            assert_eq!(media_type(bytes), expected, "{bytes:?}");
        }
        let tar = [&[b'a'; 257][..], b"ustar\x0000"].concat();
        assert_eq!(media_type(&tar), Some("application/x-tar"));
        assert!(is_marked("Image/PNG") && !is_marked("text/plain") && !is_marked(""));
    }
}
