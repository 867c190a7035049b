mod error;
mod extract;
mod routes;
mod state;

use state::AppState;

#[tokio::main]
async fn main() {
    let state = AppState::from_env();
    let app = routes::router(state);
    let listener = tokio::net::TcpListener::bind(("0.0.0.0", 8080)).await.expect("bind");
    axum::serve(listener, app).await.expect("serve");
}
