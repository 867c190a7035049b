use axum::{
    http::StatusCode,
    response::{IntoResponse, Response},
    Json,
};
use serde_json::json;

pub enum ApiError {
    Unauthorized,
    Forbidden,
    NotFound,
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        let (code, text) = match self {
            ApiError::Unauthorized => (StatusCode::UNAUTHORIZED, "sign in"),
            ApiError::Forbidden => (StatusCode::FORBIDDEN, "not yours"),
            ApiError::NotFound => (StatusCode::NOT_FOUND, "not found"),
        };
        (code, Json(json!({ "error": text }))).into_response()
    }
}

pub type ApiResult<T> = Result<T, ApiError>;
