//! The document that describes the API.

use std::sync::LazyLock;

use bartizan_model::Role;
use serde_json::Value;

use crate::api::{
    call::Call,
    document::document,
    operation::{At, Nothing, Operation},
    problem::Problem,
    reply::Reply,
};

pub(super) fn operations() -> Vec<Operation> {
    vec![At::get("/openapi.json", Role::Viewer).does(
        "getOpenApi",
        "What you are reading: the OpenAPI document of this API",
        get,
    )]
}

/// It is the same for as long as the program runs.
static DOCUMENT: LazyLock<Value> = LazyLock::new(document);

async fn get(_: Call<Nothing, Nothing>) -> Result<Reply<&'static Value>, Problem> {
    Ok((&*DOCUMENT).into())
}
