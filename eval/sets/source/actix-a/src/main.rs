//! Board game evenings.
//!
//! `GET /games` lists the shelf, `POST /tables` reserves a table. There is no
//! `GET /tables/{id}/snacks` yet.

use actix_cors::Cors;
use actix_web::{
    delete, dev::ServiceRequest, error::ErrorUnauthorized, get, middleware, patch, post, put, route, web, App, Error,
    HttpResponse, HttpServer, Responder,
};
use actix_web_httpauth::{extractors::bearer::BearerAuth, middleware::HttpAuthentication};
use serde::{Deserialize, Serialize};

#[derive(Serialize, Deserialize)]
struct Game {
    id: u32,
    title: String,
    players: u8,
}

async fn check_token(req: ServiceRequest, credentials: BearerAuth) -> Result<ServiceRequest, (Error, ServiceRequest)> {
    let want = std::env::var("HOST_TOKEN").unwrap_or_default();
    if !want.is_empty() && credentials.token() == want {
        Ok(req)
    } else {
        Err((ErrorUnauthorized("hosts only"), req))
    }
}

#[get("/")]
async fn index() -> impl Responder {
    HttpResponse::Ok().body("board games")
}

#[get("/games")]
async fn games() -> impl Responder {
    web::Json(Vec::<Game>::new())
}

#[get("/games/{id}")]
async fn game(id: web::Path<u32>) -> impl Responder {
    HttpResponse::Ok().json(Game { id: *id, title: "Unknown".into(), players: 4 })
}

#[post("/tables")]
async fn reserve(body: web::Json<serde_table::Table>) -> impl Responder {
    HttpResponse::Created().json(body.into_inner())
}

#[get("/tables/{day:\\d{4}-\\d{2}-\\d{2}}")]
async fn tables(day: web::Path<String>) -> impl Responder {
    day.into_inner()
}

// Everything for hosts lives in the /host scope.

#[post("/games")]
async fn add_game(game: web::Json<Game>) -> impl Responder {
    HttpResponse::Created().json(game.into_inner())
}

#[put("/games/{id}")]
async fn replace_game(id: web::Path<u32>, game: web::Json<Game>) -> impl Responder {
    HttpResponse::Ok().json(Game { id: *id, ..game.into_inner() })
}

#[delete("/games/{id}")]
async fn remove_game(_id: web::Path<u32>) -> impl Responder {
    HttpResponse::NoContent()
}

#[patch("/tables/{number}")]
async fn move_table(number: web::Path<u32>) -> impl Responder {
    number.to_string()
}

#[route("/evening", method = "GET", method = "POST")]
async fn evening() -> impl Responder {
    HttpResponse::Ok()
}

#[post("/scores", wrap = "HttpAuthentication::bearer(check_token)")]
async fn scores() -> impl Responder {
    HttpResponse::Accepted()
}

// #[get("/tournaments")]
// async fn tournaments() -> impl Responder { HttpResponse::Ok() }

async fn health() -> impl Responder {
    HttpResponse::Ok()
}

async fn ratings(path: web::Path<u32>) -> Result<HttpResponse, Error> {
    let client = awc::Client::default();
    let mut res = client
        .get(format!("https://ratings.example.com/games/{path}"))
        .send()
        .await
        .map_err(actix_web::error::ErrorBadGateway)?;
    let body = res.body().await.map_err(actix_web::error::ErrorBadGateway)?;
    Ok(HttpResponse::Ok().body(body))
}

mod serde_table {
    #[derive(serde::Serialize, serde::Deserialize)]
    pub struct Table {
        pub seats: u8,
    }
}

#[actix_web::main]
async fn main() -> std::io::Result<()> {
    env_logger::init();

    HttpServer::new(|| {
        let bearer = HttpAuthentication::bearer(check_token);

        App::new()
            .wrap(middleware::Logger::default())
            .wrap(middleware::Compress::default())
            .wrap(Cors::permissive())
            .service(index)
            .service(games)
            .service(game)
            .service(reserve)
            .service(tables)
            .service(scores)
            .route("/health", web::get().to(health))
            .route("/games/{id}/ratings", web::get().to(ratings))
            .service(
                web::scope("/host")
                    .wrap(bearer)
                    .service(add_game)
                    .service(replace_game)
                    .service(remove_game)
                    .service(move_table)
                    .service(evening),
            )
    })
    .bind(("0.0.0.0", 8080))?
    .run()
    .await
}

#[cfg(test)]
mod tests {
    use super::*;
    use actix_web::test;

    #[actix_web::test]
    async fn lists_games() {
        let app = test::init_service(App::new().service(games).route("/test-only", web::get().to(health))).await;
        let req = test::TestRequest::get().uri("/games").to_request();
        assert!(test::call_service(&app, req).await.status().is_success());
    }
}
