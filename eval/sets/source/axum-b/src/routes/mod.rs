mod hives;
mod keepers;
mod sensors;

use std::time::Duration;

use axum::{routing::get, Router};
use tower::ServiceBuilder;
use tower_http::{timeout::TimeoutLayer, trace::TraceLayer};

use crate::state::AppState;

pub fn router(state: AppState) -> Router {
    let v1 = Router::new()
        .nest("/hives", hives::router())
        .nest("/sensors", sensors::router(state.clone()))
        .merge(keepers::router());

    Router::new()
        .route("/livez", get(livez))
        .nest("/api/v1", v1)
        .fallback(not_found)
        .layer(
            ServiceBuilder::new()
                .layer(TraceLayer::new_for_http())
                .layer(TimeoutLayer::new(Duration::from_secs(10))),
        )
        .with_state(state)
}

async fn livez() -> &'static str {
    "ok"
}

async fn not_found() -> crate::error::ApiError {
    crate::error::ApiError::NotFound
}
