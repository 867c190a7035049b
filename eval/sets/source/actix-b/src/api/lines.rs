use actix_web::{get, post, web, HttpResponse, Responder};
use serde::Deserialize;

#[derive(Deserialize)]
pub struct Report {
    text: String,
}

#[get("")]
async fn list() -> impl Responder {
    HttpResponse::Ok().json(["N1", "N2"])
}

#[get("/{line}")]
async fn show(line: web::Path<String>) -> impl Responder {
    line.into_inner()
}

#[get("/{line}/stops/{stop}/departures")]
async fn departures(path: web::Path<(String, String)>) -> impl Responder {
    let (line, stop) = path.into_inner();
    HttpResponse::Ok().json((line, stop))
}

#[post("/{line}/reports")]
async fn report(_line: web::Path<String>, body: web::Json<Report>) -> impl Responder {
    HttpResponse::Accepted().body(body.text.clone())
}

pub fn configure(cfg: &mut web::ServiceConfig) {
    cfg.service(
        web::scope("/lines")
            .service(list)
            .service(departures)
            .service(report)
            .service(show),
    );
}
