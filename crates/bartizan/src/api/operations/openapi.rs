//! The document that describes the API.

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

async fn get(_: Call<Nothing, Nothing>) -> Result<Reply<Value>, Problem> {
    Ok(document().into())
}
