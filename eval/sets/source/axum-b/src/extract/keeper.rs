use std::convert::Infallible;

use axum::{
    extract::{FromRequestParts, Request, State},
    http::{request::Parts, StatusCode},
    middleware::Next,
    response::{IntoResponse, Response},
    RequestPartsExt,
};
use axum_extra::{
    headers::{authorization::Bearer, Authorization},
    TypedHeader,
};
use jsonwebtoken::{decode, DecodingKey, Validation};
use serde::{Deserialize, Serialize};

use crate::{error::ApiError, state::AppState};

/// The bee keeper who sends the request.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Keeper {
    pub sub: String,
    pub inspector: bool,
    pub exp: usize,
}

impl FromRequestParts<AppState> for Keeper {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &AppState) -> Result<Self, Self::Rejection> {
        let TypedHeader(Authorization(bearer)) = parts
            .extract::<TypedHeader<Authorization<Bearer>>>()
            .await
            .map_err(|_| ApiError::Unauthorized)?;
        let key = DecodingKey::from_secret(state.jwt_key.as_bytes());
        let data = decode::<Keeper>(bearer.token(), &key, &Validation::default())
            .map_err(|_| ApiError::Unauthorized)?;
        Ok(data.claims)
    }
}

/// Like `Keeper`, but visitors are welcome.
pub struct MaybeKeeper(pub Option<Keeper>);

impl FromRequestParts<AppState> for MaybeKeeper {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, state: &AppState) -> Result<Self, Self::Rejection> {
        Ok(MaybeKeeper(Keeper::from_request_parts(parts, state).await.ok()))
    }
}

pub async fn sensor_gate(State(state): State<AppState>, req: Request, next: Next) -> Response {
    let ok = req
        .headers()
        .get("x-sensor-key")
        .is_some_and(|v| v.as_bytes() == state.sensor_key.as_bytes());
    if !ok {
        return StatusCode::FORBIDDEN.into_response();
    }
    next.run(req).await
}
