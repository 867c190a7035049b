//! Cross-site scripting: markup or code that a browser would run.

use bartizan_model::{Attack, Confidence, Cwe, Input, ItemMeta, Owasp, Severity, Stage, Status};

use crate::detectors::injection::{
    Found, example, html, mention, normal,
    prefilter::{Family, Scan, Suspect},
    report,
    word_set::WordSet,
};
use crate::{
    detectors::{DetectorExample, DetectorItem, Hit, Key, Lane},
    facts::Facts,
};

/// The detector.
pub static DETECTOR: DetectorItem = DetectorItem {
    meta: ItemMeta {
        code: "BZ-D007",
        name: "cross-site-scripting",
        title: "Cross-site scripting",
        severity: Severity::High,
        confidence: Confidence::Medium,
        status: Status::Stable,
        owasp: Some(Owasp::Api8),
        cwe: &[Cwe(79)],
        attack: &[Attack("T1190")],
        inputs: &[Input::RequestHead, Input::RequestBody],
        what: "Reads tags of HTML in each suspect text, also behind character references and escapes: event handlers, script elements, frames with documents of their own, URLs with active schemes, break-outs from attributes, from scripts and from templates. Formatting markup without any of these is benign. Text that mentions an attack in prose, documents of many lines and whole statements by design stay at low confidence. Scores from 80 are high, from 55 medium, from 30 low confidence; an answer with the error or loot of such an attack adds 15.",
        why: "A page that shows the value runs code as the person who looks at it.",
        fix: "Encode on output for the place where the value stands; sanitise rich text by an allow list; set a content security policy.",
        references: &["CWE-79", "WHATWG HTML, section 13.2"],
    },
    class: Family::Xss.class(),
    key: Key::None,
    stage: Stage::Probing,
    lane: Lane::Leaves(run),
    examples: EXAMPLES,
};

fn run(facts: &Facts<'_>, scan: &Scan<'_>, out: &mut Vec<Hit>) {
    report(facts, scan, Family::Xss, Severity::High, judge, out);
}

const EXAMPLES: &[DetectorExample] = &[
    DetectorExample {
        name: "Event handler in JSON",
        fires: true,
        exchanges: || {
            vec![example("/v1/reviews", "{\"text\": \"fine <img src=x onerror=alert(1)>\"}")]
        },
    },
    DetectorExample {
        name: "Script in a query parameter",
        fires: true,
        exchanges: || vec![example("/v1/search?q=%3Cscript%3Efetch(1)%3C/script%3E", "")],
    },
    DetectorExample {
        name: "Active URL with a tab in it",
        fires: true,
        exchanges: || vec![example("/v1/profile", "{\"website\": \"java\\tscript:alert(1)\"}")],
    },
    DetectorExample {
        name: "Break-out from an attribute",
        fires: true,
        exchanges: || {
            vec![example("/v1/profile", "{\"name\": \"a\\\" onmouseover=\\\"alert(1)\"}")]
        },
    },
    DetectorExample {
        name: "Rich text",
        fires: false,
        exchanges: || {
            vec![example(
                "/v1/pages",
                "{\"html\": \"<p>Hello <b>all</b>, see <a href=\\\"https://example.com/a?b=1\\\">this</a> <img src=\\\"/i.png\\\" alt=\\\"online\\\"></p>\"}",
            )]
        },
    },
    DetectorExample {
        name: "Prose about scripts",
        fires: false,
        exchanges: || {
            vec![example(
                "/v1/posts",
                "{\"text\": \"JavaScript: what I learned (part 2). Is 1 < 2 and \\\"on time\\\" = ready?\"}",
            )]
        },
    },
    DetectorExample {
        name: "Comparison signs",
        fires: false,
        exchanges: || vec![example("/v1/rules", "{\"when\": \"a < b && c > d\"}")],
    },
    DetectorExample {
        name: "Template with names",
        fires: false,
        exchanges: || {
            vec![example(
                "/v1/mails",
                "{\"body\": \"Dear {{customer.name}}, your order {{order.id}} is on its way.\"}",
            )]
        },
    },
];

const EVENTS: &[&str] = &[
    "load",
    "error",
    "click",
    "mouse",
    "focus",
    "blur",
    "key",
    "pointer",
    "touch",
    "toggle",
    "animation",
    "transition",
    "submit",
    "input",
    "change",
    "scroll",
    "wheel",
    "drag",
    "drop",
    "copy",
    "cut",
    "paste",
    "before",
    "after",
    "hash",
    "page",
    "popstate",
    "storage",
    "message",
    "play",
    "pause",
    "ended",
    "canplay",
    "begin",
    "repeat",
    "finish",
    "start",
    "show",
    "select",
    "invalid",
    "reset",
    "search",
    "context",
    "dbl",
    "aux",
    "ready",
    "unload",
    "resize",
    "seek",
    "progress",
    "timeupdate",
    "webkit",
    "cancel",
    "close",
    "end",
];

/// Names whose calls make a fragment of code an attack rather than text.
pub(crate) static SINKS: WordSet = WordSet::new(&[
    "alert",
    "confirm",
    "prompt",
    "eval",
    "fetch",
    "settimeout",
    "setinterval",
    "function",
    "document",
    "window",
    "location",
    "xmlhttprequest",
    "import",
    "atob",
    "print",
    "top",
    "self",
    "globalthis",
    "constructor",
    "console",
]);

const AS_IS: &str = "as it is";

fn judge(suspect: &Suspect<'_>) -> Option<Found> {
    let text = suspect.text.as_ref();
    let plain = judge_text(text, AS_IS);
    let Some(unescaped) = normal::unescape(text) else { return plain };
    let hidden = judge_text(&unescaped, "behind character references or escapes");
    let hidden = hidden.map(|found| Found { score: found.score.saturating_sub(15), ..found });
    Found::best(plain, hidden)
}

fn judge_text(text: &str, context: &'static str) -> Option<Found> {
    let mut best = url(text, context);
    for tag in html::tags(text) {
        let Some(mut found) = judge_tag(text, &tag, context) else { continue };
        let around = mention::Around::of(text, tag.start, element_end(text, &tag));
        if around.log
            || (around.quoted && around.before >= 2)
            || (around.before >= 3 && around.after >= 4)
            || (around.pieces.0 >= 3 && around.pieces.1 >= 3)
        {
            found.score = found.score.min(40);
        }
        best = Found::best(best, Some(found));
    }
    best = Found::best(best, attribute_break(text, context));
    best = Found::best(best, script_break(text, context));
    best = Found::best(best, template(text, context));
    let mut best = best?;
    if mention::is_document(text) {
        best.score = best.score.min(45);
    }
    Some(best)
}

fn element_end(text: &str, tag: &html::Tag<'_>) -> usize {
    let name = tag.name.to_ascii_lowercase();
    if name != "script" {
        return tag.end;
    }
    let tail = text.get(tag.end..).unwrap_or_default();
    match tail.find("</") {
        Some(at) => {
            let close = tail.get(at..).and_then(|t| t.find('>')).unwrap_or(2);
            (tag.end + at + close + 1).min(text.len())
        }
        None => text.len(),
    }
}

fn is_event(name: &str) -> bool {
    let Some(stem) = name.get(..2).filter(|on| on.eq_ignore_ascii_case("on")).and(name.get(2..))
    else {
        return false;
    };
    let stem = stem.to_ascii_lowercase();
    EVENTS.iter().any(|event| stem.starts_with(event))
        && stem.bytes().all(|b| b.is_ascii_lowercase())
}

fn judge_tag(text: &str, tag: &html::Tag<'_>, context: &'static str) -> Option<Found> {
    let name = tag.name.to_ascii_lowercase();
    let mut score = 0;
    let mut rule = "";
    let mut raise = |points: u8, why: &'static str| {
        if points > score {
            (score, rule) = (points, why);
        }
    };
    for (key, value) in &tag.attributes {
        let key = key.to_ascii_lowercase();
        let on =
            key.starts_with("on") && key.len() >= 5 && key.bytes().all(|b| b.is_ascii_lowercase());
        if (on || is_event(&key)) && !value.is_empty() {
            raise(92, "event handler");
        }
        if value
            .split(['/', '"', '\''])
            .skip(1)
            .any(|part| part.split_once('=').is_some_and(|(k, _)| is_event(k)))
        {
            raise(82, "event handler behind an attribute");
        }
        if html::active_scheme(value).is_some() && key != "alt" && key != "title" {
            let image = key == "src" && html::active_scheme(value) == Some("data:image/svg+xml");
            raise(if image { 35 } else { 88 }, "URL that runs code");
        }
        match key.as_str() {
            "srcdoc" => raise(85, "frame with a document of its own"),
            "style" => {
                let value = value.to_ascii_lowercase().replace(['\\', ' '], "");
                if value.contains("expression(")
                    || value.contains("javascript:")
                    || value.contains("-moz-binding")
                {
                    raise(80, "style that runs code");
                }
            }
            "http-equiv" if name == "meta" && value.eq_ignore_ascii_case("refresh") => {
                raise(75, "meta refresh")
            }
            "attributename" if is_event(value) || value.ends_with("href") => {
                raise(80, "animated handler or link")
            }
            _ => {}
        }
    }
    let has = |key: &str| {
        tag.attributes.iter().any(|(k, v)| k.eq_ignore_ascii_case(key) && !v.is_empty())
    };
    match name.rsplit(':').next().unwrap_or_default() {
        "script" => {
            let content = text.get(tag.end..).unwrap_or_default();
            let content = content.split("</").next().unwrap_or_default();
            let code = content.contains(['(', '=', '`', ';', '[']);
            if has("src") || has("href") || code {
                raise(90, "script element");
            } else {
                raise(if mention::words(text) < 4 { 60 } else { 40 }, "bare script element");
            }
        }
        "iframe" | "frame" => raise(40, "frame"),
        "object" if has("data") => raise(65, "embedded object"),
        "embed" if has("src") => raise(62, "embedded object"),
        "applet" | "base" if has("href") || has("code") => raise(62, "base or applet"),
        "link" if has("href") => raise(45, "external style"),
        "style" => {
            let content = text.get(tag.end..).unwrap_or_default().to_ascii_lowercase();
            let active = content.contains("@import")
                || content.contains("javascript:")
                || content.contains("expression(");
            raise(if active { 65 } else { 30 }, "style element");
        }
        _ => {}
    }
    (score > 0).then(|| Found::new(score, rule, context))
}

/// A value that is a URL with an active scheme.
fn url(text: &str, context: &'static str) -> Option<Found> {
    let scheme = html::active_scheme(text)?;
    if scheme.starts_with("data:") {
        let html = scheme != "data:image/svg+xml";
        return Some(Found::new(if html { 80 } else { 35 }, "URL that holds a document", context));
    }
    let unescaped = normal::unescape(text);
    let code = unescaped.as_deref().unwrap_or(text);
    let code = code.split_once(':')?.1.trim_start_matches(['/', ' ', '\n', '\r', '\t']);
    let callee = code.split(['(', '`', '=', '[', '{', '\'']).next().unwrap_or_default();
    let call = callee.len() < code.len() && !callee.contains(' ');
    let sink = first_sink(code);
    if callee.trim() == "void" && !sink {
        return Some(Found::new(35, "URL that runs nothing", context));
    }
    (call || sink).then(|| Found::new(88, "URL that runs code", context))
}

fn identifiers(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let mut at = 0;
    text.split_inclusive(|c: char| !(c.is_alphanumeric() || c == '_')).filter_map(move |piece| {
        let start = at;
        at += piece.len();
        let word = piece.trim_end_matches(|c: char| !(c.is_alphanumeric() || c == '_'));
        (!word.is_empty()).then_some((start, word))
    })
}

fn first_sink(code: &str) -> bool {
    identifiers(code).take(64).any(|(at, word)| is_sink(code, at, word))
}

/// Whether a sink at `at` is called, indexed, assigned or followed into.
fn is_sink(code: &str, at: usize, word: &str) -> bool {
    SINKS.has(word.as_bytes())
        && code.get(at + word.len()..).is_some_and(|rest| {
            let rest = rest.trim_start();
            rest.starts_with(['(', '`', '[', '='])
                || rest.starts_with("?.")
                || (rest.starts_with('.')
                    && rest.get(1..2).is_some_and(|c| c.bytes().all(|b| b.is_ascii_alphabetic())))
        })
}

/// `" onfocus=…`: a quote, a separator, a handler.
fn attribute_break(text: &str, context: &'static str) -> Option<Found> {
    let bytes = text.as_bytes();
    for at in memchr::memchr_iter(b'=', bytes).take(256) {
        let before = text.get(..at).unwrap_or_default().trim_end();
        let stem = before.bytes().rev().take(32).take_while(u8::is_ascii_alphabetic).count();
        let start = before.len() - stem;
        if !is_event(before.get(start..).unwrap_or_default()) {
            continue;
        }
        let lead = before.get(..start).unwrap_or_default();
        let trimmed = lead.trim_end_matches([' ', '\t', '\n', '\r', '/', '\x0c']);
        let value = text.get(at + 1..).unwrap_or_default();
        if lead.len() > trimmed.len() || trimmed.is_empty() {
            let quote = trimmed.ends_with(['"', '\'', '`']);
            let tail = trimmed
                .get(trimmed.floor_char_boundary(trimmed.len().saturating_sub(160))..)
                .unwrap_or_default();
            let quote = quote || (tail.contains(['"', '\'']) && !tail.contains('<'));
            let sink = first_sink(value.get(..value.floor_char_boundary(200)).unwrap_or_default());
            let score = match (quote, sink) {
                (true, true) => 88,
                (true, false) if value.contains('(') => 65,
                (false, true) => 68,
                _ => continue,
            };
            return Some(Found::new(
                weigh(text, start, score),
                "break-out from an attribute",
                context,
            ));
        }
        if trimmed.ends_with(['"', '\'']) && value.contains(['(', '`']) {
            return Some(Found::new(
                weigh(text, start, 80),
                "break-out from an attribute",
                context,
            ));
        }
    }
    None
}

fn weigh(text: &str, at: usize, score: u8) -> u8 {
    let around = mention::Around::of(text, at, at);
    if around.before >= 3 && around.after >= 3 { score.min(40) } else { score }
}

/// `';alert(1)//`, `"-alert(1)-"`: a quote, then operators, then a call that attacks use.
fn script_break(text: &str, context: &'static str) -> Option<Found> {
    let mut best = None;
    for (at, word) in identifiers(text).take(256) {
        if !is_sink(text, at, word) {
            continue;
        }
        let lead = text.get(..at).unwrap_or_default();
        let trimmed = lead.trim_end_matches([
            ' ', ';', ')', '}', ']', '+', '-', '*', '/', ',', '|', '&', '^', '?', ':', '(', '\n',
            '=', '!', '>', '<', '%',
        ]);
        let quote = lead.len() > trimmed.len() && trimmed.ends_with(['\'', '"', '`']);
        // A quote that ends a string which the text itself opened is no break-out.
        let last = trimmed.as_bytes().last().copied().unwrap_or(0);
        let quote = quote && memchr::memchr_iter(last, trimmed.as_bytes()).count() % 2 == 1;
        let rest = text.get(at..).unwrap_or_default();
        let ended = rest.contains("//")
            || rest.ends_with(['\'', '"'])
            || rest.trim_end().ends_with([')', ';', '`'])
            || rest.contains(['\'', '"']);
        let call = text.get(at + word.len()..).is_some_and(|rest| rest.starts_with(['(', '`']));
        let score = match (quote, ended) {
            (true, true) => weigh(text, at, 75),
            _ if trimmed.is_empty() && call && text.len() < 200 => 45,
            _ => continue,
        };
        best = Found::best(best, Some(Found::new(score, "break-out from a script", context)));
    }
    best
}

/// `{{constructor.constructor('…')()}}`, `${alert(1)}`.
fn template(text: &str, context: &'static str) -> Option<Found> {
    let at = text.find("{{").or_else(|| text.find("${"))?;
    let rest = text.get(at + 2..)?;
    let inside = rest.split('}').next().unwrap_or_default();
    let active = identifiers(inside).take(32).any(|(at, word)| {
        is_sink(inside, at, word)
            && !matches!(word, "print" | "import" | "location" | "self" | "top")
            || matches!(word, "constructor" | "__proto__")
    });
    active.then(|| Found::new(weigh(text, at, 72), "template that runs code", context))
}
