mod dispatch;
mod lines;
mod shifts;

use actix_web::{web, HttpResponse};

const API_ROOT: &str = "/api";

pub fn configure(cfg: &mut web::ServiceConfig) {
    cfg.route("/healthz", web::get().to(HttpResponse::Ok))
        .service(
            web::scope(API_ROOT).service(
                web::scope("/v2")
                    .configure(lines::configure)
                    .configure(shifts::configure)
                    .service(dispatch::scope()),
            ),
        );
}
