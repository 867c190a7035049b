//! SQL injection: a value that leaves its place in a statement.

use bartizan_model::{Attack, Confidence, Cwe, Input, ItemMeta, Owasp, Severity, Stage, Status};

use crate::detectors::injection::{
    Found, example,
    prefilter::{Family, Scan, Suspect},
    report, sql_rules,
};
use crate::{
    detectors::{DetectorExample, DetectorItem, Hit, Key, Lane},
    facts::Facts,
};

/// The detector.
pub static DETECTOR: DetectorItem = DetectorItem {
    meta: ItemMeta {
        code: "BZ-D006",
        name: "sql-injection",
        title: "SQL injection",
        severity: Severity::High,
        confidence: Confidence::Medium,
        status: Status::Stable,
        owasp: Some(Owasp::Api8),
        cwe: &[Cwe(89)],
        attack: &[Attack("T1190")],
        inputs: &[Input::RequestHead, Input::RequestBody],
        what: "Cuts each suspect text into tokens of SQL as it is and behind each quote that could end a string, and looks for what only an injection has: constant conditions, UNION SELECT, stacked statements, delays, sub-queries, column probes, comments behind a quote; JSON operators count as operators. Text that mentions an attack in prose, documents of many lines and whole statements by design stay at low confidence. Scores from 80 are high, from 55 medium, from 30 low confidence; an answer with the error or loot of such an attack adds 15.",
        why: "The database runs what the caller wrote: data is read, changed or destroyed.",
        fix: "Bind values as parameters; allow names for sort columns by list; give the API's database user few rights.",
        references: &[
            "CWE-89",
            "OWASP Query Parameterization Cheat Sheet",
            "Claroty Team82, JSON-based SQL, December 2022",
        ],
    },
    class: Family::Sql.class(),
    key: Key::None,
    stage: Stage::Probing,
    lane: Lane::Leaves(run),
    examples: EXAMPLES,
};

fn run(facts: &Facts<'_>, scan: &Scan<'_>, out: &mut Vec<Hit>) {
    report(facts, scan, Family::Sql, Severity::High, judge, out);
}

const EXAMPLES: &[DetectorExample] = &[
    DetectorExample {
        name: "Constant condition in a query parameter",
        fires: true,
        exchanges: || vec![example("/v1/items?name=x%27%20OR%20%271%27%3D%271", "")],
    },
    DetectorExample {
        name: "UNION in a number of a path",
        fires: true,
        exchanges: || {
            vec![example("/v1/items/7%20union%20all%20select%201,email,3%20from%20users", "")]
        },
    },
    DetectorExample {
        name: "Delay in JSON",
        fires: true,
        exchanges: || {
            vec![example("/v1/items", "{\"filter\": {\"sku\": \"A-1'; select pg_sleep(9)--\"}}")]
        },
    },
    DetectorExample {
        name: "JSON operator",
        fires: true,
        exchanges: || {
            vec![example(
                "/v1/items",
                "{\"sku\": \"a' or '{\\\"b\\\":2}'::jsonb @> '{\\\"b\\\":2}'::jsonb -- \"}",
            )]
        },
    },
    DetectorExample {
        name: "String in a GraphQL document",
        fires: true,
        exchanges: || {
            vec![example(
                "/graphql",
                "{\"query\": \"{ user(name: \\\"bo' or 1=1-- \\\") { id } }\"}",
            )]
        },
    },
    DetectorExample {
        name: "Prose with words of SQL",
        fires: false,
        exchanges: || {
            vec![example(
                "/v1/notes",
                "{\"text\": \"Don't drop the table or select new chairs; update us where the union meets.\"}",
            )]
        },
    },
    DetectorExample {
        name: "OData filter",
        fires: false,
        exchanges: || {
            vec![example(
                "/odata/Items?$filter=Name%20eq%20%27Milk%27%20and%20Price%20lt%202.55",
                "",
            )]
        },
    },
    DetectorExample {
        name: "A console that takes statements",
        fires: false,
        exchanges: || {
            vec![example(
                "/v1/reports",
                "{\"sql\": \"SELECT name FROM items WHERE price > 5 ORDER BY name\"}",
            )]
        },
    },
    DetectorExample {
        name: "Names with apostrophes",
        fires: false,
        exchanges: || {
            vec![example(
                "/v1/people",
                "{\"name\": \"Siobhan O'Neill\", \"pub\": \"The King's Head & Sons' Arms\"}",
            )]
        },
    },
];

fn judge(suspect: &Suspect<'_>) -> Option<Found> {
    sql_rules::judge(&suspect.text)
}
