use axum::{
    extract::Path,
    http::StatusCode,
    routing::{get, patch, post},
    Json, Router,
};
use serde::{Deserialize, Serialize};

use crate::{
    error::{ApiError, ApiResult},
    extract::{Keeper, MaybeKeeper},
    state::AppState,
};

#[derive(Serialize, Deserialize)]
pub struct Hive {
    name: String,
    frames: u8,
}

pub fn router() -> Router<AppState> {
    Router::new()
        .route("/", get(list).post(create))
        .route("/{hive_id}", get(show).patch(rename).delete(destroy))
        .route("/{hive_id}/inspections", post(inspect))
        .route("/{hive_id}/inspections/{number}", patch(amend))
        .nest("/{hive_id}/harvests", harvests())
}

fn harvests() -> Router<AppState> {
    Router::new()
        .route("/", get(harvest_list))
        .route("/{year}", get(harvest_year).put(set_harvest))
}

async fn list(MaybeKeeper(keeper): MaybeKeeper) -> Json<Vec<Hive>> {
    let _ = keeper.map(|k| k.sub);
    Json(vec![])
}

async fn create(_keeper: Keeper, Json(hive): Json<Hive>) -> (StatusCode, Json<Hive>) {
    (StatusCode::CREATED, Json(hive))
}

async fn show(Path(hive_id): Path<u32>) -> ApiResult<Json<Hive>> {
    if hive_id == 0 {
        return Err(ApiError::NotFound);
    }
    Ok(Json(Hive { name: hive_id.to_string(), frames: 10 }))
}

async fn rename(Path(_hive_id): Path<u32>, _keeper: Keeper, Json(hive): Json<Hive>) -> Json<Hive> {
    Json(hive)
}

async fn destroy(keeper: Keeper, Path(_hive_id): Path<u32>) -> ApiResult<StatusCode> {
    if !keeper.inspector {
        return Err(ApiError::Forbidden);
    }
    Ok(StatusCode::NO_CONTENT)
}

async fn inspect(Path(_hive_id): Path<u32>, _: Keeper) -> StatusCode {
    StatusCode::CREATED
}

async fn amend(Path((_hive, number)): Path<(u32, u32)>, keeper: Keeper) -> Json<(u32, String)> {
    Json((number, keeper.sub))
}

async fn harvest_list(Path(_hive_id): Path<u32>) -> Json<Vec<f32>> {
    Json(vec![])
}

async fn harvest_year(Path((_hive, _year)): Path<(u32, u16)>) -> Json<f32> {
    Json(0.0)
}

async fn set_harvest(_keeper: Keeper, Path((_hive, _year)): Path<(u32, u16)>, Json(kg): Json<f32>) -> Json<f32> {
    Json(kg)
}
