//! Numbers, times and names as people read them; the same in every output.

use bartizan_model::{
    Access, ActorKind, AuthKnown, AuthType, Confidence, DriftGrade, Endpoint, Fact, Finding,
    InventoryState, LifeStage, Protocol, Reached, Resource, Severity, Timestamp, Told, ToldBy, Way,
    Written, actor::ActorLink,
};

mod conversation;

pub(super) use conversation::conversation;

/// `1284` → `1,284`.
pub(super) fn number(n: u64) -> String {
    let digits = n.to_string();
    let mut out = String::with_capacity(digits.len() + digits.len() / 3);
    for (i, ch) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            out.push(',');
        }
        out.push(ch);
    }
    out
}

/// `1 endpoint`, `1,284 endpoints`.
pub(super) fn counted(n: u64, one: &str, many: &str) -> String {
    format!("{} {}", number(n), if n == 1 { one } else { many })
}

/// Differences by their grade: `2 breaking, 1 warning`. Empty when there are none.
pub(super) fn drift(of: &Written) -> String {
    let told = |grade: DriftGrade| {
        let count = of.drift.iter().filter(|one| one.grade == grade).count() as u64;
        let word = match grade {
            DriftGrade::Warning if count != 1 => "warnings",
            _ => grade.as_str(),
        };
        (count > 0).then(|| format!("{} {word}", number(count)))
    };
    let grades = [DriftGrade::Breaking, DriftGrade::Warning, DriftGrade::Info];
    let more = (of.more > 0).then(|| format!("{} more", number(of.more)));
    grades.into_iter().filter_map(told).chain(more).collect::<Vec<_>>().join(", ")
}

/// Like [`counted`], for the beginning of a sentence: `One incident`, `Twelve …` become words up to
/// nine.
pub(super) fn counted_in_words(n: u64, one: &str, many: &str) -> String {
    const WORDS: [&str; 10] =
        ["No", "One", "Two", "Three", "Four", "Five", "Six", "Seven", "Eight", "Nine"];
    let noun = if n == 1 { one } else { many };
    match usize::try_from(n).ok().and_then(|i| WORDS.get(i)) {
        Some(word) => format!("{word} {noun}"),
        None => format!("{} {noun}", number(n)),
    }
}

/// A share between 0 and 1 as `97.8 %`; never rounds up to 100 or down to 0.
pub(super) fn percent(share: f64) -> String {
    let share = if share.is_finite() { share.clamp(0.0, 1.0) } else { 0.0 };
    match share * 100.0 {
        p if p == 0.0 || p == 100.0 => format!("{p:.0} %"),
        p if p < 0.1 => "< 0.1 %".to_owned(),
        p if p > 99.9 => "> 99.9 %".to_owned(),
        p => format!("{p:.1} %"),
    }
}

/// `a` of `whole` as a share; 0 when there is no whole.
pub(super) fn share(a: u64, whole: u64) -> f64 {
    if whole == 0 { 0.0 } else { (a as f64 / whole as f64).min(1.0) }
}

/// `12:04`.
pub(super) fn clock(time: Timestamp) -> String {
    slice(time, 11, 16)
}

/// `12:04:33`.
pub(super) fn clock_seconds(time: Timestamp) -> String {
    slice(time, 11, 19)
}

/// `22 Nov 2026`.
pub(super) fn day(time: Timestamp) -> String {
    const MONTHS: [&str; 12] =
        ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
    let month = slice(time, 5, 7).parse::<usize>().ok();
    let name = month.and_then(|m| MONTHS.get(m.wrapping_sub(1))).copied().unwrap_or("?");
    let day = slice(time, 8, 10);
    format!("{} {name} {}", day.trim_start_matches('0'), slice(time, 0, 4))
}

/// `22 Nov 2026, 12:04`.
pub(super) fn day_clock(time: Timestamp) -> String {
    format!("{}, {}", day(time), clock(time))
}

/// `2026-11-22 12:04:33 UTC`, for hover and CSV-like columns.
pub(super) fn exact(time: Timestamp) -> String {
    format!("{} {} UTC", slice(time, 0, 10), slice(time, 11, 19))
}

/// From one time to another, the date said once when it is one day. `None` when neither is known.
pub(super) fn period(from: Option<Timestamp>, to: Option<Timestamp>) -> Option<String> {
    match (from, to) {
        (Some(a), Some(b)) if a == b => Some(day_clock(a)),
        (Some(a), Some(b)) if day(a) == day(b) => {
            let (from, to) = (clock(a), clock(b));
            if from == to {
                Some(format!("{}, {} – {}", day(a), clock_seconds(a), clock_seconds(b)))
            } else {
                Some(format!("{}, {from} – {to}", day(a)))
            }
        }
        (Some(a), Some(b)) => Some(format!("{} – {}", day_clock(a), day_clock(b))),
        (Some(a), None) | (None, Some(a)) => Some(day_clock(a)),
        (None, None) => None,
    }
}

fn slice(time: Timestamp, from: usize, to: usize) -> String {
    time.to_string().get(from..to).unwrap_or("?").to_owned()
}

/// `Critical`.
pub(super) const fn severity(severity: Severity) -> &'static str {
    match severity {
        Severity::Info => "Info",
        Severity::Low => "Low",
        Severity::Medium => "Medium",
        Severity::High => "High",
        Severity::Critical => "Critical",
    }
}

/// Confidence in words; stands beside a severity, never as a colour.
pub(super) const fn confidence(confidence: Confidence) -> &'static str {
    match confidence {
        Confidence::Low => "a hint",
        Confidence::Medium => "likely",
        Confidence::High => "seen directly",
        Confidence::Confirmed => "confirmed",
    }
}

/// `third_party` → `third party`.
pub(super) const fn access(access: Access) -> &'static str {
    match access {
        Access::Public => "public",
        Access::Partner => "partner",
        Access::Private => "private",
        Access::ThirdParty => "third party",
        Access::Unknown => "access unknown",
    }
}

/// `business_unit` → `business unit`.
pub(super) const fn fact(fact: Fact) -> &'static str {
    match fact {
        Fact::Owner => "owner",
        Fact::BusinessUnit => "business unit",
        Fact::Stage => "stage",
        Fact::Access => "access",
        Fact::Service => "service",
        Fact::Resources => "served by",
        Fact::Composite => "composite",
        Fact::SensitiveData => "sensitive data",
    }
}

/// Which way exchanges came, with the counts that say so.
pub(super) fn reached(reached: Reached) -> String {
    let Reached { way, through, past } = reached;
    match way {
        Way::Through => format!("through a gateway ({} exchanges)", number(through)),
        Way::Past => format!("past every gateway ({} exchanges)", number(past)),
        Way::Both => format!(
            "both: {} exchanges through a gateway, {} past it",
            number(through),
            number(past)
        ),
        Way::Unknown => "not known".to_owned(),
    }
}

/// `instance 10.0.0.7:3000`.
pub(super) fn resource(resource: &Resource) -> String {
    format!("{} {}", resource.kind, resource.name)
}

/// What told a fact: `rule payments`, `openapi.yaml#/info/x-owner, line 4`.
pub(super) fn told(told: &Told) -> String {
    match told.by {
        ToldBy::Rule => format!("rule {}", told.what),
        ToldBy::Configuration | ToldBy::Specification | ToldBy::Codeowners | ToldBy::Traffic => {
            told.what.clone()
        }
    }
}

/// The facts of who and where, each with its value, when it is known, and what told it.
pub(super) fn who_and_where(endpoint: &Endpoint) -> Vec<(Fact, Option<String>, String)> {
    let value = |fact: Fact| match fact {
        Fact::Owner => endpoint.owner.clone(),
        Fact::BusinessUnit => endpoint.business_unit.clone(),
        Fact::Stage => (endpoint.stage != LifeStage::Unknown).then(|| endpoint.stage.to_string()),
        Fact::Access => {
            (endpoint.access != Access::Unknown).then(|| access(endpoint.access).to_owned())
        }
        Fact::Service => endpoint.service.as_ref().map(ToString::to_string),
        Fact::Resources => {
            let names = endpoint.resources.iter().map(|one| format!("{} {}", one.kind, one.name));
            Some(names.collect::<Vec<_>>().join(", "))
        }
        Fact::Composite => Some(yes(endpoint.composite)),
        Fact::SensitiveData => endpoint.sensitive_data.map(yes),
    };
    let line = |fact: &Fact| {
        let told = endpoint.told.iter().find(|one| one.fact == *fact).map(told);
        (*fact, value(*fact), told.unwrap_or_default())
    };
    // What traffic shows of the others is shown by itself.
    let is_by_rule = |fact: &&Fact| {
        !matches!(fact, Fact::Resources | Fact::Composite | Fact::SensitiveData)
            || endpoint.told.iter().any(|told| told.fact == **fact)
    };
    Fact::ALL.iter().filter(is_by_rule).map(line).collect()
}

fn yes(is_it: bool) -> String {
    if is_it { "yes" } else { "no" }.to_owned()
}

/// The state of an endpoint; nothing when no specification was given.
pub(super) const fn inventory_state(state: InventoryState) -> &'static str {
    match state {
        InventoryState::Unspecified => "no spec",
        InventoryState::Documented => "documented",
        InventoryState::Shadow => "shadow",
        InventoryState::Zombie => "zombie",
        InventoryState::Deprecated => "deprecated",
        InventoryState::Orphan => "orphan",
    }
}

/// `GraphQL`.
pub(super) const fn protocol(protocol: Protocol) -> &'static str {
    match protocol {
        Protocol::Rest => "REST",
        Protocol::Graphql => "GraphQL",
        Protocol::Grpc => "gRPC",
        Protocol::Soap => "SOAP",
        Protocol::Mcp => "MCP",
        Protocol::JsonRpc => "JSON-RPC",
        Protocol::XmlRpc => "XML-RPC",
        Protocol::Websocket => "WebSocket",
        Protocol::Kafka => "Kafka",
        Protocol::Amqp => "AMQP",
        Protocol::Mqtt => "MQTT",
        Protocol::Nats => "NATS",
        Protocol::Sqs => "SQS",
        Protocol::Sns => "SNS",
        Protocol::GooglePubsub => "Google Pub/Sub",
        Protocol::Jms => "JMS",
        Protocol::Pulsar => "Pulsar",
        Protocol::Redis => "Redis",
        Protocol::Solace => "Solace",
        Protocol::Stomp => "STOMP",
        Protocol::Channel => "channel",
    }
}

/// `session cookie`.
pub(super) const fn auth_type(auth: AuthType) -> &'static str {
    match auth {
        AuthType::Basic => "basic",
        AuthType::Bearer => "bearer",
        AuthType::Jwt => "JWT",
        AuthType::ApiKey => "API key",
        AuthType::SessionCookie => "session cookie",
        AuthType::Digest => "digest",
        AuthType::Signature => "signature",
        AuthType::Certificate => "certificate",
        AuthType::Other => "other scheme",
    }
}

/// How an actor is known.
pub(super) const fn actor_kind(kind: ActorKind) -> &'static str {
    match kind {
        ActorKind::Principal => "principal",
        ActorKind::Session => "session",
        ActorKind::Address => "address",
        ActorKind::Campaign => "campaign",
        ActorKind::Unknown => "not known",
    }
}

/// What ties a further actor to an incident: `same address and client, 22 Nov 2026, 10:02 – 10:41
/// UTC, 7 exchanges`.
pub(super) fn link(link: &ActorLink) -> String {
    let when = period(link.first, link.last).map(|p| format!(", {p} UTC")).unwrap_or_default();
    format!("{}{when}, {}", link.reason.as_str(), counted(link.exchanges, "exchange", "exchanges"))
}

/// Snake-case names of reasons as people read them: `response:body_not_captured` →
/// `Response: body not captured`, `request:limit_body_bytes` → `Request: limit body_bytes reached`.
pub(super) fn reason(name: &str) -> String {
    let (side, rest) = match name.split_once(':') {
        Some((side, rest)) if !side.is_empty() => (Some(side), rest),
        _ => (None, name),
    };
    let rest = match rest.strip_prefix("limit_") {
        Some(limit) => format!("limit {limit} reached"),
        None => rest.split('_').map(spelled).collect::<Vec<_>>().join(" "),
    };
    match side {
        Some(side) => format!("{}: {rest}", capital(side)),
        None => capital(&rest),
    }
}

/// `BZ-D004:ResponseBody`, a detector and the input it lacked, as people read it: `BZ-D004 Data
/// volume outlier, without response body`. `title` looks the code up.
pub(super) fn lacked(name: &str, title: impl Fn(&str) -> Option<String>) -> String {
    let (code, input) = name.split_once(':').unwrap_or((name, ""));
    let mut out = code.to_owned();
    if let Some(title) = title(code).filter(|title| !title.is_empty()) {
        out.push(' ');
        out.push_str(&title);
    }
    if !input.is_empty() {
        out.push_str(", without");
    }
    for ch in input.chars() {
        if ch.is_uppercase() {
            out.push(' ');
        }
        out.extend(ch.to_lowercase());
    }
    out
}

/// Abbreviations in capitals.
fn spelled(word: &str) -> String {
    const ABBREVIATIONS: [&str; 12] = [
        "api", "csv", "graphql", "grpc", "har", "html", "http", "json", "jwt", "tls", "url", "xml",
    ];
    if ABBREVIATIONS.contains(&word) { word.to_uppercase() } else { word.to_owned() }
}

/// First letter in upper case.
pub(super) fn capital(text: &str) -> String {
    let mut chars = text.chars();
    match chars.next() {
        Some(first) => first.to_uppercase().chain(chars).collect(),
        None => String::new(),
    }
}

/// Method and template, or the operation where the protocol has one.
pub(super) fn operation(endpoint: &Endpoint) -> String {
    match &endpoint.operation {
        Some(name) if !name.is_empty() && !endpoint.protocol.is_brokered() => name.clone(),
        _ => endpoint.path.clone(),
    }
}

/// Why nothing is told that differs from what is written.
pub(super) const fn nothing_differs(endpoint: &Endpoint) -> &'static str {
    match endpoint.requests {
        0 if endpoint.protocol.is_brokered() => {
            "no source of traffic shows what goes through a broker"
        }
        0 => "nothing was seen of it",
        _ => "what was seen is as it is written",
    }
}

/// What stands where authentication could not be looked at.
pub(super) const NOT_EVALUATED: &str = "not evaluated";

/// Authentication in a few words: the most common way with its share of the exchanges of which it
/// is known, the number of others; *none seen* and *not evaluated* are two things.
pub(super) fn auth_brief(endpoint: &Endpoint) -> String {
    let best = endpoint.auth.iter().max_by(|a, b| a.coverage.total_cmp(&b.coverage));
    let Some(best) = best else {
        let none = endpoint.auth_known() == AuthKnown::NoneSeen;
        return if none { "none seen" } else { NOT_EVALUATED }.to_owned();
    };
    let mut out = auth_type(best.auth_type).to_owned();
    if best.coverage < 0.995 {
        out.push(' ');
        out.push_str(&percent(best.coverage));
    }
    if endpoint.auth.len() > 1 {
        out.push_str(&format!(", +{}", endpoint.auth.len() - 1));
    }
    out
}

/// Of how many successful exchanges it is known whether they carried a credential, and why not of
/// all of them.
pub(super) fn auth_basis(endpoint: &Endpoint) -> String {
    let (judged, all) = (endpoint.auth_judged, endpoint.successes());
    match (endpoint.auth_known(), all) {
        (AuthKnown::NotEvaluated, 0) => "no exchange was answered with success".to_owned(),
        (AuthKnown::NotEvaluated, _) => {
            "the source does not record the headers of requests".to_owned()
        }
        _ if judged >= all => {
            format!("of {}", counted(judged, "successful exchange", "successful exchanges"))
        }
        _ => format!(
            "of {} of {}; the source does not record request headers of the others",
            number(judged),
            counted(all, "successful exchange", "successful exchanges")
        ),
    }
}

/// Where a finding of a whole host holds: `the whole host, 12 endpoints`.
pub(super) fn whole_host(finding: &Finding) -> String {
    match finding.endpoints {
        0 => "the whole host".to_owned(),
        n => format!("the whole host, seen at {}", counted(n, "endpoint", "endpoints")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn authentication_says_what_it_is_based_on() {
        let logged =
            Endpoint { statuses: vec![(200, 7), (304, 2), (404, 5)], ..Endpoint::default() };
        assert_eq!(auth_brief(&logged), NOT_EVALUATED);
        assert!(auth_basis(&logged).contains("does not record"));
        assert!(auth_basis(&Endpoint::default()).starts_with("no exchange"));
        let captured = Endpoint { auth_judged: 9, ..logged.clone() };
        assert_eq!(auth_brief(&captured), "none seen");
        assert_eq!(auth_basis(&captured), "of 9 successful exchanges");
        let mixed = Endpoint { auth_judged: 4, ..logged };
        assert!(auth_basis(&mixed).starts_with("of 4 of 9 successful exchanges; "));
    }

    #[test]
    fn numbers_and_shares() {
        assert_eq!(number(0), "0");
        assert_eq!(number(1_234_567), "1,234,567");
        assert_eq!(counted(1, "a", "b"), "1 a");
        assert_eq!(counted_in_words(3, "incident", "incidents"), "Three incidents");
        assert_eq!(counted_in_words(12, "incident", "incidents"), "12 incidents");
        assert_eq!(percent(0.99999), "> 99.9 %");
        assert_eq!(percent(0.00001), "< 0.1 %");
        assert_eq!(percent(f64::NAN), "0 %");
        assert_eq!(share(3, 0), 0.0);
    }

    #[test]
    fn times() {
        let a = Timestamp::parse("2026-11-02T08:05:09Z").expect("time");
        let b = Timestamp::parse("2026-11-03T09:00:00Z").expect("time");
        assert_eq!(day_clock(a), "2 Nov 2026, 08:05");
        assert_eq!(
            period(Some(a), Some(b)).expect("both"),
            "2 Nov 2026, 08:05 – 3 Nov 2026, 09:00"
        );
        assert_eq!(period(None, None), None);
    }

    #[test]
    fn lacking_inputs_are_named() {
        let title = |code: &str| (code == "BZ-D004").then(|| "Data volume".to_owned());
        let said = lacked("BZ-D004:ResponseBody", title);
        assert_eq!(said, "BZ-D004 Data volume, without response body");
        assert_eq!(lacked("BZ-D009:Time", title), "BZ-D009, without time");
        assert_eq!(lacked("BZ-D004", title), "BZ-D004 Data volume");
    }

    #[test]
    fn reasons_read_as_sentences() {
        assert_eq!(reason("response:body_not_captured"), "Response: body not captured");
        assert_eq!(reason("request:limit_body_bytes"), "Request: limit body_bytes reached");
        assert_eq!(reason("invalid_json"), "Invalid JSON");
        assert_eq!(reason(":"), ": ".trim_end());
    }
}
