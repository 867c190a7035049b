//! GraphQL over HTTP: the schema in `assets/schema.graphql`, executed by `async-graphql`.

mod schema;

use std::sync::{Arc, LazyLock, atomic::AtomicUsize};

use async_graphql::{
    Request as Operation, Variables, dynamic::Schema, parser::parse_query,
    parser::types::OperationType,
};
use axum::{
    body::Body,
    extract::{Request, State},
    http::{Method, Response},
};
use serde_json::{Value, json};

use crate::{
    access,
    call::{Answer, Call, Caller, Problem, ok},
    flaws::{
        authentication::graphql_unverified_token,
        configuration::{
            error_details, graphql_get_mutation, graphql_introspection, graphql_suggestions,
        },
        resources::{graphql_batch, graphql_depth},
    },
    lab::Lab,
    server, tokens,
};

/// Operations in one request.
const MAX_BATCH: usize = 5;
/// Operations in one request, whatever flaws are on.
const MAX_BATCH_EVER: usize = 200;
/// Brackets inside each other in one document.
const MAX_NESTING: usize = 100;
/// Characters of one document.
const MAX_DOCUMENT: usize = 64 << 10;

/// One schema for each way of limiting it, built when first asked for.
static SCHEMAS: LazyLock<Vec<Option<Schema>>> =
    LazyLock::new(|| (0..8).map(|bits| schema::build(&schema::Limits::of(bits)).ok()).collect());

/// What resolvers know of the request.
pub(crate) struct Session {
    lab: Arc<Lab>,
    caller: Option<Caller>,
    resolved: AtomicUsize,
}

/// GET and POST `/graphql`.
pub(crate) async fn query(State(lab): State<Arc<Lab>>, request: Request) -> Response<Body> {
    let answer = async {
        let mut call = server::read(&lab, request).await?;
        if call.caller.is_none()
            && lab.has(&graphql_unverified_token::FLAW)
            && let Some(id) = access::bearer(&call.headers).and_then(tokens::unverified)
        {
            call.caller = access::by_id(&lab, id).await?;
        }
        answer(&lab, &call).await
    };
    answer.await.unwrap_or_else(|problem: Problem| problem.answer(lab.has(&error_details::FLAW)))
}

async fn answer(lab: &Arc<Lab>, call: &Call) -> Answer {
    if call.method == Method::GET {
        let variables: Value = serde_json::from_str(call.asked("variables")).unwrap_or_default();
        let one = json!({"query": call.asked("query"), "variables": variables});
        return ok(operation(lab, call, &one).await);
    }
    match serde_json::from_slice::<Value>(&call.body) {
        Ok(Value::Array(all)) => {
            let most = if lab.has(&graphql_batch::FLAW) { MAX_BATCH_EVER } else { MAX_BATCH };
            if all.len() > most {
                return Err(Problem::bad("too many operations in one request"));
            }
            let mut answers = Vec::new();
            for one in &all {
                answers.push(operation(lab, call, one).await);
            }
            ok(answers)
        }
        Ok(one) => ok(operation(lab, call, &one).await),
        Err(error) => Err(Problem::bad("the body is not JSON").because(error.to_string())),
    }
}

fn errors(message: &str) -> Value {
    json!({"data": null, "errors": [{"message": message}]})
}

async fn operation(lab: &Arc<Lab>, call: &Call, request: &Value) -> Value {
    let limits = schema::Limits {
        deep: lab.has(&graphql_depth::FLAW),
        introspection: lab.has(&graphql_introspection::FLAW),
        suggestions: lab.has(&graphql_suggestions::FLAW),
    };
    let Some(Some(schema)) = SCHEMAS.get(limits.bits()) else { return errors("no schema") };
    let text = request["query"].as_str().unwrap_or("");
    if text.len() > MAX_DOCUMENT {
        return errors("the document is too large");
    }
    if nesting(text) > MAX_NESTING {
        return errors("the document is nested too deeply");
    }
    if call.method == Method::GET && changes(text) && !lab.has(&graphql_get_mutation::FLAW) {
        return errors("mutations are sent with POST");
    }
    let mut operation = Operation::new(text)
        .variables(Variables::from_json(request["variables"].clone()))
        .data(Session {
            lab: Arc::clone(lab),
            caller: call.caller.clone(),
            resolved: AtomicUsize::new(0),
        });
    if let Some(name) = request["operationName"].as_str() {
        operation = operation.operation_name(name);
    }
    serde_json::to_value(schema.execute(operation).await).unwrap_or_default()
}

/// How deep brackets of any kind are nested, those in text included. The parser goes back and forth
/// in what is not closed, so depth is looked at before it begins.
fn nesting(text: &str) -> usize {
    let (mut depth, mut deepest) = (0usize, 0);
    for byte in text.bytes() {
        match byte {
            b'{' | b'[' | b'(' => depth += 1,
            b'}' | b']' | b')' => depth = depth.saturating_sub(1),
            _ => {}
        }
        deepest = deepest.max(depth);
    }
    deepest
}

/// Whether a document holds a mutation. One that cannot be read is not executed anyway.
fn changes(text: &str) -> bool {
    parse_query(text).is_ok_and(|document| {
        document
            .operations
            .iter()
            .any(|(_, operation)| operation.node.ty == OperationType::Mutation)
    })
}

#[cfg(test)]
mod tests {
    use super::{MAX_NESTING, SCHEMAS, changes, nesting};
    use crate::documents::GRAPHQL;

    #[test]
    fn the_published_schema_is_the_one_that_is_executed() {
        let sdl = SCHEMAS[0].as_ref().unwrap().sdl();
        assert_eq!(sdl.trim(), GRAPHQL.trim(), "write this to assets/schema.graphql:\n{sdl}");
    }

    #[test]
    fn mutations_are_recognised_and_nesting_does_no_harm() {
        assert!(changes("mutation{a}"));
        assert!(!changes("{a}"));
        assert_eq!(nesting("{a(b:[1]){c}}"), 3);
        for open in ["{a", "{a(b:[", "{a(b:{c:", "{...{a", "{a @x(b:["] {
            let text = open.repeat(MAX_NESTING / 3);
            assert!(nesting(&text) <= MAX_NESTING && !changes(&text));
        }
    }
}
