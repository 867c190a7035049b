use axum::{
    extract::Path,
    http::StatusCode,
    middleware,
    routing::{get, post},
    Json, Router,
};

use crate::{extract::sensor_gate, state::AppState};

pub fn router(state: AppState) -> Router<AppState> {
    Router::new()
        .route("/{sensor}/readings", post(push))
        .route("/{sensor}/config", get(config))
        .route_layer(middleware::from_fn_with_state(state, sensor_gate))
        // added after the layer on purpose: the public dashboard reads it
        .route("/{sensor}/latest", get(latest))
}

async fn push(Path(_sensor): Path<String>, Json(_value): Json<f32>) -> StatusCode {
    StatusCode::ACCEPTED
}

async fn config(Path(sensor): Path<String>) -> String {
    sensor
}

async fn latest(Path(_sensor): Path<String>) -> Json<Option<f32>> {
    Json(None)
}
