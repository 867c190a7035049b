use actix_web::{dev::HttpServiceFactory, middleware::from_fn, web, HttpResponse};

use crate::guard::dispatchers_only;

pub fn scope() -> impl HttpServiceFactory {
    web::scope("/dispatch")
        .wrap(from_fn(dispatchers_only))
        .route("/fleet", web::get().to(fleet))
        .route("/fleet/{bus}", web::patch().to(change))
        .service(
            web::scope("/messages")
                .route("", web::get().to(fleet))
                .route("", web::post().to(change))
                .route("/{tail:.*}", web::delete().to(change)),
        )
}

async fn fleet() -> HttpResponse {
    HttpResponse::Ok().json(serde_json::json!([]))
}

async fn change() -> HttpResponse {
    HttpResponse::NoContent().finish()
}
