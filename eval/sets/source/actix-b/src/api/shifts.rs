use actix_web::{web, HttpResponse, Responder};
use uuid::Uuid;

use crate::guard::Driver;

pub fn configure(cfg: &mut web::ServiceConfig) {
    cfg.service(
        web::resource("/shifts")
            .route(web::get().to(my_shifts))
            .route(web::post().to(start_shift)),
    )
    .service(web::resource("/shifts/{shift_id}").route(web::delete().to(end_shift)))
    .service(
        web::resource("/shifts/{shift_id}/position")
            .name("position")
            .route(web::get().to(position))
            .route(web::put().to(set_position)),
    )
    .route("/tablet/login", web::post().to(login));
}

async fn my_shifts(driver: Driver) -> impl Responder {
    HttpResponse::Ok().json(driver)
}

async fn start_shift(_driver: Driver) -> HttpResponse {
    HttpResponse::Created().json(Uuid::new_v4())
}

async fn end_shift(_driver: Driver, shift_id: web::Path<Uuid>) -> HttpResponse {
    HttpResponse::Ok().json(shift_id.into_inner())
}

/// Shown on the map at the stops.
async fn position(_shift_id: web::Path<Uuid>) -> HttpResponse {
    HttpResponse::Ok().json((0.0, 0.0))
}

async fn set_position(_shift_id: web::Path<Uuid>, body: web::Json<(f64, f64)>, driver: Driver) -> HttpResponse {
    HttpResponse::Ok().json((driver.sub, body.0))
}

async fn login(body: web::Bytes) -> HttpResponse {
    HttpResponse::Ok().body(body)
}
