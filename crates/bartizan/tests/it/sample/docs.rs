//! Documentation of the sample's invented checks, detectors and data classes.

use bartizan::output::{ClassDoc, Docs, ItemDoc};
use bartizan_model::data_class::DataGroup;

/// Documentation of the sample.
pub const DOCS: Docs<'static> = Docs { item: &item, class: &class };

/// Code, then title, what, why, fix, reference.
const ITEMS: &[(&str, [&str; 5])] = &[
    (
        "BZ-C001",
        [
            "Operation answers without a credential",
            "An operation that carries personal data answers with success although the request held no credential. At least five such answers are needed, and no answer to the same request may have been 401 or 403.",
            "Anyone who knows or guesses the address reads the data. Nothing in a log tells a reader from a thief.",
            "Require a token on the route, and answer `401` without one:\n\nput the route behind the same guard as its siblings, then retest with a request that has no `authorization` header.",
            "https://www.rfc-editor.org/rfc/rfc9110#section-11",
        ],
    ),
    (
        "BZ-C002",
        [
            "Credential travels in the address",
            "A query parameter holds a value that is a credential by name and form.",
            "Addresses are written to logs, histories and referrers.",
            "Move the credential to the `authorization` header and revoke those that were sent.",
            "https://www.rfc-editor.org/rfc/rfc6750#section-5.3",
        ],
    ),
    (
        "BZ-C003",
        [
            "Token never expires",
            "A JWT that was accepted has no `exp`, or one more than 30 days ahead.",
            "A stolen token stays good for as long as nobody notices.",
            "Issue tokens for minutes, refresh them, and refuse those without `exp`.",
            "https://www.rfc-editor.org/rfc/rfc8725",
        ],
    ),
    (
        "BZ-C004",
        [
            "Answer carries more than callers use",
            "An answer carries sensitive classes that no documented field names.",
            "What a client hides is still in the answer.",
            "Return a view made for the caller, not the stored object.",
            "OWASP API3:2023",
        ],
    ),
    (
        "BZ-C005",
        [
            "Object ids run in sequence",
            "Accepted values of a path parameter are integers with neighbours at most 2 apart.",
            "Whoever holds one id knows the next; a missing owner check becomes a full copy.",
            "Use random ids (UUIDv4) towards callers, and check the owner on every read.",
            "OWASP API1:2023",
        ],
    ),
    (
        "BZ-C006",
        [
            "Error shows internals",
            "An answer of 500 to 599 holds a stack trace, a query or a path of the file system.",
            "It tells an attacker what to try next.",
            "Answer with problem details and an incident id; keep the trace in the log.",
            "https://www.rfc-editor.org/rfc/rfc9457",
        ],
    ),
    (
        "BZ-C007",
        [
            "Credentials cross the network unencrypted",
            "A request with a credential came over a connection without TLS.",
            "Anyone on the way reads it and can use it.",
            "Redirect nothing: close port 80 for the API and revoke what was sent.",
            "https://www.rfc-editor.org/rfc/rfc9325",
        ],
    ),
    (
        "BZ-C008",
        [
            "Any origin may read with credentials",
            "`Access-Control-Allow-Origin` repeats whatever origin asks, together with `Access-Control-Allow-Credentials: true`.",
            "Any page that a user visits reads the API in that user’s name.",
            "Answer with one of a list of known origins.",
            "https://fetch.spec.whatwg.org/#http-cors-protocol",
        ],
    ),
    (
        "BZ-C009",
        [
            "Operation is in no specification",
            "The operation was seen and the specification of its host does not have it.",
            "What is not written down is not reviewed, tested or retired.",
            "Write it down or switch it off.",
            "OWASP API9:2023",
        ],
    ),
    (
        "BZ-C010",
        [
            "Deprecated operation is in use",
            "The specification marks the operation as deprecated; it was answered with success.",
            "Old code gets no fixes.",
            "Move the callers named under *Actors*, then answer `410`.",
            "https://www.rfc-editor.org/rfc/rfc9745",
        ],
    ),
    (
        "BZ-C011",
        [
            "Limit is not announced",
            "Answers of 429 come without `Retry-After` or `RateLimit`.",
            "Clients that cannot know the limit retry at once.",
            "Send `Retry-After`.",
            "https://www.rfc-editor.org/rfc/rfc6585#section-4",
        ],
    ),
    (
        "BZ-C012",
        [
            "Server names its version",
            "A response header names product and version.",
            "It shortens the search for a known flaw.",
            "Switch the header off.",
            "CWE-200",
        ],
    ),
    (
        "BZ-C013",
        [
            "Private answer may be cached",
            "Personal data without `Cache-Control: no-store` or `private`.",
            "",
            "",
            "",
        ],
    ),
    ("BZ-C014", ["Session cookie lacks flags", "", "", "", ""]),
    ("BZ-C015", ["Message does not fit its schema", "", "", "", ""]),
    (
        "BZ-D001",
        [
            "Object ids enumerated",
            "One identity asks for at least 30 ids of one parameter, more than 20 times what others of the endpoint ask for, in order or with many misses.",
            "",
            "",
            "",
        ],
    ),
    (
        "BZ-D002",
        [
            "Credential stuffing",
            "Many accounts are tried from one campaign with few tries each.",
            "",
            "",
            "",
        ],
    ),
    ("BZ-D003", ["Data volume outlier", "", "", "", ""]),
    (
        "BZ-D004",
        [
            "Paths guessed",
            "At least 20 distinct paths that answer 404, from one client within ten minutes.",
            "",
            "",
            "",
        ],
    ),
    ("BZ-D005", ["One token, several clients", "", "", "", ""]),
    ("BZ-D006", ["SQL injection tried", "A value reads as SQL at token level.", "", "", ""]),
];

fn item(code: &str) -> Option<ItemDoc> {
    let (_, [title, what, why, fix, reference]) = ITEMS.iter().find(|(of, _)| *of == code)?;
    Some(ItemDoc {
        title: (*title).to_owned(),
        what: (*what).to_owned(),
        why: (*why).to_owned(),
        fix: (*fix).to_owned(),
        references: [*reference].into_iter().filter(|r| !r.is_empty()).map(str::to_owned).collect(),
    })
}

fn class(name: &str) -> Option<ClassDoc> {
    let (group, sensitive) = match name {
        "email" | "phone" | "name" | "address" => (DataGroup::Contact, false),
        "iban" | "card_number" => (DataGroup::Financial, true),
        "national_id" => (DataGroup::NationalId, true),
        "password" | "token" => (DataGroup::Credential, true),
        "geo" => (DataGroup::Location, false),
        "ip_address" | "internal_host" => (DataGroup::Technical, false),
        _ => return None,
    };
    Some(ClassDoc { group, sensitive })
}
