//! Methods of JSON-RPC 2.0, and tools, prompts and the rest of MCP, which is spoken over it
//! (Model Context Protocol 2025-06-18, "Streamable HTTP").

use bartizan_model::{Exchange, Protocol, Side};

use super::{
    Answered, Call, MAX_MESSAGES, MAX_TOLD, answers, body, is_name, member, messages, text,
};
use crate::{Decoded, NodeRef, Value};

/// Methods of MCP that name what they ask for in `params/name`.
const NAMED: [&str; 2] = ["tools/call", "prompts/get"];

/// Beginnings of the methods of MCP.
const OF_MCP: [&str; 8] = [
    "completion/",
    "elicitation/",
    "logging/",
    "notifications/",
    "prompts/",
    "resources/",
    "sampling/",
    "tools/",
];

pub(super) fn call(exchange: &Exchange, decoded: &Decoded) -> Option<Call> {
    let root = body(decoded, Side::Request)?;
    let is_batch = matches!(root.value(), Value::Array);
    let mut names = Vec::new();
    let mut is_mcp = false;
    for message in messages(root).take(MAX_MESSAGES) {
        // What has no method is an answer, which servers of MCP take too.
        if !is_json_rpc(message) {
            return None;
        }
        let Some(method) = text(message, "method").filter(|method| is_name(method)) else {
            continue;
        };
        is_mcp |= method == "initialize" && member(message, "params").is_some_and(is_hello);
        is_mcp |= NAMED.contains(&method);
        let named = member(message, "params").filter(|_| NAMED.contains(&method));
        let name = named.and_then(|params| text(params, "name"));
        names.push(name.map_or_else(|| method.to_owned(), |name| format!("{method} {name}")));
    }
    is_mcp |=
        !names.is_empty() && names.iter().all(|name| OF_MCP.iter().any(|of| name.starts_with(of)));
    let fields = &exchange.request.headers;
    is_mcp |= fields.contains("mcp-session-id") || fields.contains("mcp-protocol-version");
    let is_empty = is_batch && root.children().next().is_none();
    let protocol = if is_mcp { Protocol::Mcp } else { Protocol::JsonRpc };
    (!is_empty)
        .then(|| if is_batch { Call::batch(protocol) } else { Call::joined(protocol, names) })
}

/// The tools that an answer to `tools/list` names, as the calls that they are ("Listing Tools").
pub(super) fn told(call: &Call, decoded: &Decoded) -> Vec<Call> {
    if call.operation != "tools/list" {
        return Vec::new();
    }
    let results = answers(decoded).take(MAX_MESSAGES).filter_map(|one| member(one, "result"));
    let lists = results.filter_map(|result| member(result, "tools"));
    let lists = lists.filter(|list| matches!(list.value(), Value::Array));
    let names = lists.flat_map(|list| list.children()).filter_map(|tool| text(tool, "name"));
    let calls = names.filter(|name| !name.is_empty()).map(|name| format!("tools/call {name}"));
    let calls = calls.map(|operation| Call::new(Protocol::Mcp, operation));
    calls.filter(|call| !call.operation.is_empty()).take(MAX_TOLD).collect()
}

pub(super) fn is_json_rpc(message: NodeRef<'_>) -> bool {
    text(message, "jsonrpc").is_some()
}

fn is_hello(params: NodeRef<'_>) -> bool {
    member(params, "protocolVersion").is_some()
}

fn is_error(result: NodeRef<'_>) -> bool {
    member(result, "isError").is_some_and(|error| error.value() == Value::Bool(true))
}

pub(super) fn answered(decoded: &Decoded) -> Answered {
    super::best(answers(decoded).take(MAX_MESSAGES).map(|message| {
        if !is_json_rpc(message) {
            return Answered::Unknown;
        }
        match member(message, "error").filter(|error| error.value() != Value::Null) {
            None => match member(message, "result") {
                None => Answered::Unknown,
                // A tool of MCP failed.
                Some(result) if is_error(result) => Answered::Failed,
                Some(_) => Answered::Granted,
            },
            Some(error) => match member(error, "code").map(|code| code.value()) {
                // Parse error, invalid request, no such method (JSON-RPC 2.0 §5.1).
                Some(Value::Integer(-32_700 | -32_600 | -32_601)) => Answered::NotThere,
                _ => Answered::Failed,
            },
        }
    }))
}
