use std::{
    collections::HashMap,
    sync::{Arc, RwLock},
};

use axum::{
    extract::{Path, Request, State},
    http::{header, StatusCode},
    middleware::{self, Next},
    response::{Html, IntoResponse, Response},
    routing::{any, delete, get, on, post, put, MethodFilter},
    Json, Router,
};
use serde::{Deserialize, Serialize};
use tower_http::{compression::CompressionLayer, cors::CorsLayer, trace::TraceLayer};

#[derive(Clone, Serialize, Deserialize)]
struct Item {
    id: u32,
    what: String,
    place: String,
}

#[derive(Clone, Default)]
struct Desk {
    items: Arc<RwLock<HashMap<u32, Item>>>,
}

/// Only people at the desk know the code.
async fn desk_only(req: Request, next: Next) -> Result<Response, StatusCode> {
    let code = std::env::var("DESK_CODE").unwrap_or_default();
    let given = req
        .headers()
        .get(header::AUTHORIZATION)
        .and_then(|v| v.to_str().ok())
        .and_then(|v| v.strip_prefix("Bearer "));
    match given {
        Some(g) if !code.is_empty() && g == code => Ok(next.run(req).await),
        _ => Err(StatusCode::UNAUTHORIZED),
    }
}

async fn no_store(req: Request, next: Next) -> Response {
    let mut res = next.run(req).await;
    res.headers_mut()
        .insert(header::CACHE_CONTROL, "no-store".parse().unwrap());
    res
}

fn app(desk: Desk) -> Router {
    let staff = Router::new()
        .route("/items", post(add_item))
        .route("/items/:id", put(replace_item).delete(remove_item))
        .route("/claims", get(list_claims))
        .route("/claims/:claim/decide", post(decide))
        .route_layer(middleware::from_fn(desk_only));

    let open = Router::new()
        .route("/items", get(list_items))
        .route("/items/:id", get(get_item))
        .route("/items/:id/claims", post(claim))
        // .route("/items/:id/photo", get(photo))
        .layer(middleware::from_fn(no_store));

    Router::new()
        .route("/", get(|| async { Html("<h1>Lost and found</h1>") }))
        .route("/health", get(health).head(health))
        .route("/echo", any(echo))
        .route("/purge", delete(purge).layer(middleware::from_fn(desk_only)))
        .route("/legacy", on(MethodFilter::OPTIONS, health))
        .route("/posters/*path", get(poster))
        .merge(open)
        .merge(staff)
        .layer(CorsLayer::permissive())
        .layer(CompressionLayer::new())
        .layer(TraceLayer::new_for_http())
        .with_state(desk)
}

async fn health() -> &'static str {
    "ok"
}

async fn echo(req: Request) -> String {
    req.method().to_string()
}

async fn list_items(State(desk): State<Desk>) -> Json<Vec<Item>> {
    Json(desk.items.read().unwrap().values().cloned().collect())
}

async fn get_item(State(desk): State<Desk>, Path(id): Path<u32>) -> Result<Json<Item>, StatusCode> {
    desk.items
        .read()
        .unwrap()
        .get(&id)
        .cloned()
        .map(Json)
        .ok_or(StatusCode::NOT_FOUND)
}

async fn add_item(State(desk): State<Desk>, Json(item): Json<Item>) -> impl IntoResponse {
    desk.items.write().unwrap().insert(item.id, item.clone());
    (StatusCode::CREATED, Json(item))
}

async fn replace_item(State(desk): State<Desk>, Path(id): Path<u32>, Json(item): Json<Item>) -> StatusCode {
    desk.items.write().unwrap().insert(id, item);
    StatusCode::NO_CONTENT
}

async fn remove_item(State(desk): State<Desk>, Path(id): Path<u32>) -> StatusCode {
    desk.items.write().unwrap().remove(&id);
    StatusCode::NO_CONTENT
}

async fn claim(Path(id): Path<u32>) -> Result<StatusCode, StatusCode> {
    let client = reqwest::Client::new();
    client
        .post("https://mail.example.com/send")
        .json(&serde_json::json!({ "item": id }))
        .send()
        .await
        .map_err(|_| StatusCode::BAD_GATEWAY)?;
    Ok(StatusCode::ACCEPTED)
}

async fn list_claims() -> Json<Vec<String>> {
    Json(vec![])
}

async fn decide(Path(claim): Path<String>) -> String {
    claim
}

async fn purge(State(desk): State<Desk>) -> StatusCode {
    desk.items.write().unwrap().clear();
    StatusCode::NO_CONTENT
}

async fn poster(Path(path): Path<String>) -> String {
    path
}

#[tokio::main]
async fn main() {
    let listener = tokio::net::TcpListener::bind("0.0.0.0:3000").await.unwrap();
    axum::serve(listener, app(Desk::default())).await.unwrap();
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn builds() {
        let _ = app(Desk::default());
        let _fake: Router = Router::new().route("/only-in-tests", get(health));
    }
}
