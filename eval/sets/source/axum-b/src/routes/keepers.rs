use axum::{extract::State, routing, Json, Router};
use jsonwebtoken::{encode, EncodingKey, Header};
use serde::Deserialize;

use crate::{
    error::{ApiError, ApiResult},
    extract::Keeper,
    state::AppState,
};

#[derive(Deserialize)]
struct SignIn {
    user: String,
}

pub fn router() -> Router<AppState> {
    Router::new()
        .route("/sign-in", routing::post(sign_in))
        .route("/keepers/me", routing::get(me).delete(leave))
}

async fn sign_in(State(state): State<AppState>, Json(body): Json<SignIn>) -> ApiResult<String> {
    let claims = Keeper { sub: body.user, inspector: false, exp: 4_000_000_000 };
    encode(&Header::default(), &claims, &EncodingKey::from_secret(state.jwt_key.as_bytes()))
        .map_err(|_| ApiError::Unauthorized)
}

async fn me(keeper: Keeper) -> Json<Keeper> {
    Json(keeper)
}

async fn leave(keeper: Keeper) -> String {
    format!("bye {}", keeper.sub)
}
