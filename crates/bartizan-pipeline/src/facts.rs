//! From a judged exchange to the facts that the exchange log keeps: no values.

use bartizan_analysis::{Judgement, Snapshot, judge::Prepared};
use bartizan_model::{EndpointId, Exchange, Root};
use bartizan_protocols::{NodeRef, Value};
use bartizan_store::exchange_log::{DecisionFact, ExchangeFacts, FieldFact, FieldType, JudgedFact};

/// Most fields of one exchange that are kept; the rest is counted.
const MAX_FIELDS: usize = 500;

/// The facts of an exchange.
#[must_use]
pub fn of(
    exchange: &Exchange,
    prepared: &Prepared,
    judgement: &Judgement,
    endpoint: Option<EndpointId>,
    snapshot: &Snapshot,
) -> ExchangeFacts {
    let view = &prepared.decoded.view;
    let wanted = |node: &NodeRef<'_>| node.value().is_scalar() && !node.is_root() && kept(node);
    let total = view.nodes().filter(wanted).count();
    let fields =
        view.nodes().filter(wanted).take(MAX_FIELDS).map(|node| field(node, prepared, snapshot));
    let response = exchange.response.as_ref();
    ExchangeFacts {
        id: exchange.id.clone(),
        sequence: judgement.sequence,
        time: exchange.time,
        endpoint,
        actor: Some(judgement.actor.id.clone()),
        method: exchange.request.method.clone(),
        status: response.map(|r| r.status),
        request_bytes: exchange.request.body.len() as u64,
        response_bytes: response.and_then(bartizan_model::Response::size),
        duration_micros: exchange.duration_ms.map(|ms| (ms.max(0.0) * 1e3) as u64),
        anomalies: view.anomalies().iter().map(|(_, kind)| kind.as_str().to_owned()).collect(),
        not_inspected: view.not_inspected().iter().map(ToString::to_string).collect(),
        fields: fields.collect(),
        fields_left_out: u32::try_from(total.saturating_sub(MAX_FIELDS)).unwrap_or(u32::MAX),
        decisions: exchange.policies.iter().map(DecisionFact::from).collect(),
        decisions_left_out: 0,
        judged: Some(judged(judgement)),
    }
}

fn judged(judgement: &Judgement) -> JudgedFact {
    let mut codes: Vec<_> = judgement.detections.iter().map(|d| d.code.to_owned()).collect();
    codes.sort_unstable();
    codes.dedup();
    JudgedFact {
        codes,
        severity: judgement.detections.iter().map(|d| d.severity).max(),
        action: judgement.verdict.action,
        applied: judgement.verdict.applied,
    }
}

/// Headers repeat from exchange to exchange and are many; what identifies callers is in the actor.
fn kept(node: &NodeRef<'_>) -> bool {
    !matches!(node.root(), Root::Header | Root::Trailer)
}

fn field(node: NodeRef<'_>, prepared: &Prepared, snapshot: &Snapshot) -> FieldFact {
    let classes = prepared.classes.iter().filter(|hit| hit.node == node.id());
    let (value_type, length) = match node.value() {
        Value::Null => (FieldType::Null, 0),
        Value::Bool(_) => (FieldType::Boolean, 0),
        Value::Integer(_) => (FieldType::Integer, node.raw().len()),
        Value::Number(_) => (FieldType::Number, node.raw().len()),
        Value::Opaque(bytes) => (FieldType::Binary, usize::try_from(bytes).unwrap_or(usize::MAX)),
        _ => (FieldType::String, node.raw().len()),
    };
    FieldFact {
        location: node.general(),
        side: node.side(),
        value_type,
        length: u32::try_from(length).unwrap_or(u32::MAX),
        classes: classes.map(|hit| hit.class.as_str().to_owned()).collect(),
        hash: snapshot.key.hash("value", node.raw().as_bytes()),
    }
}
