//! Examples for Actix Web.

use crate::frameworks::Example;

/// Examples for Actix Web.
pub(super) const ACTIX: &[Example] = &[
    Example {
        title: "macros, scopes and resources",
        files: &[(
            "src/main.rs",
            r#"use actix_web::{delete, get, guard, post, route, web, App, HttpResponse, HttpServer, Responder};
use actix_web_httpauth::middleware::HttpAuthentication;

#[get("/hello/{name}")]
async fn hello(name: web::Path<String>) -> impl Responder { name.into_inner() }

#[post("/unused")]
async fn unused() -> impl Responder { "" }

#[route("/both", method = "GET", method = "POST")]
async fn both() -> impl Responder { "" }

#[delete("/{id:\\d+}")]
async fn remove(id: web::Path<u32>) -> impl Responder { "" }

#[actix_web::main]
async fn main() -> std::io::Result<()> {
    HttpServer::new(move || {
        let auth = HttpAuthentication::bearer(validator);
        App::new()
            .wrap(actix_web::middleware::Logger::default())
            .service(hello)
            .service(
                web::scope("/api")
                    .service(both)
                    .service(web::scope("/items").wrap(auth).service(remove).route("", web::post().to(add)))
                    .service(
                        web::resource("/things/{id}")
                            .route(web::get().to(thing))
                            .route(web::route().guard(guard::Put()).to(change)),
                    )
                    .service(web::resource("/all").to(all)),
            )
            .route("/ping", web::get().to(|| async { HttpResponse::Ok() }))
            .default_service(web::to(missing))
    })
    .bind(("127.0.0.1", 8080))?
    .run()
    .await
}
"#,
        )],
        routes: &[
            "GET /hello/{name} none",
            "GET /api/both none",
            "POST /api/both none",
            "DELETE /api/items/{id} required",
            "POST /api/items required",
            "GET /api/things/{id} none",
            "PUT /api/things/{id} none",
            "ANY /api/all none",
            "GET /ping none",
        ],
    },
    Example {
        title: "configuration in modules and middleware of the project",
        files: &[
            (
                "src/main.rs",
                r#"mod handlers;
mod middleware;
mod routes;

use actix_web::{App, HttpServer};

#[actix_web::main]
async fn main() -> std::io::Result<()> {
    HttpServer::new(|| App::new().configure(routes::config)).bind("0.0.0.0:80")?.run().await
}
"#,
            ),
            (
                "src/routes.rs",
                r#"use actix_web::{middleware::from_fn, web};

use crate::{handlers::{self, users}, middleware::{tokens::TokenCheck, staff_only}};

pub fn config(cfg: &mut web::ServiceConfig) {
    cfg.service(
        web::scope("/api/v2")
            .configure(public)
            .service(web::scope("/users").wrap(TokenCheck).configure(users::config))
            .service(web::scope("/admin").wrap(from_fn(staff_only)).route("/stats", web::get().to(handlers::stats))),
    );
}

fn public(cfg: &mut web::ServiceConfig) {
    cfg.service((handlers::login, handlers::health));
}
"#,
            ),
            (
                "src/handlers/mod.rs",
                r#"pub mod users;

use actix_web::{get, post, HttpResponse};

#[post("/login")]
pub async fn login() -> HttpResponse { HttpResponse::Unauthorized().finish() }

#[get("/health")]
pub async fn health() -> HttpResponse { HttpResponse::Ok().finish() }

pub async fn stats() -> HttpResponse { HttpResponse::Ok().finish() }
"#,
            ),
            (
                "src/handlers/users.rs",
                r#"use actix_web::{web, HttpResponse};

pub fn config(cfg: &mut web::ServiceConfig) {
    cfg.route("", web::get().to(list)).route("/{id}", web::put().to(change));
}

async fn list() -> HttpResponse { HttpResponse::Ok().finish() }
async fn change() -> HttpResponse { HttpResponse::Ok().finish() }
"#,
            ),
            (
                "src/middleware/mod.rs",
                r#"pub mod tokens;

use actix_web::{body::MessageBody, dev::{ServiceRequest, ServiceResponse}, middleware::Next, error, Error};

pub async fn staff_only(req: ServiceRequest, next: Next<impl MessageBody>) -> Result<ServiceResponse<impl MessageBody>, Error> {
    if !is_staff(&req) {
        return Err(error::ErrorForbidden("staff only"));
    }
    next.call(req).await
}
"#,
            ),
            (
                "src/middleware/tokens.rs",
                r#"use actix_web::dev::{Service, ServiceRequest, Transform};

pub struct TokenCheck;

impl<S, B> Transform<S, ServiceRequest> for TokenCheck {
    type Transform = Inner<S>;
    fn new_transform(&self, service: S) -> Self::Future { ready(Ok(Inner { service })) }
}

pub struct Inner<S> { service: S }

impl<S, B> Service<ServiceRequest> for Inner<S> {
    fn call(&self, req: ServiceRequest) -> Self::Future {
        if !valid(&req) {
            let response = HttpResponse::Unauthorized().finish().map_into_right_body();
            return Box::pin(async move { Ok(req.into_response(response)) });
        }
        let fut = self.service.call(req);
        Box::pin(async move { fut.await.map(ServiceResponse::map_into_left_body) })
    }
}
"#,
            ),
        ],
        routes: &[
            "POST /api/v2/login none",
            "GET /api/v2/health none",
            "GET /api/v2/users required",
            "PUT /api/v2/users/{id} required",
            "GET /api/v2/admin/stats required",
        ],
    },
    Example {
        title: "extractors that refuse",
        files: &[(
            "src/main.rs",
            r#"use actix_web::{get, patch, web, App, Error, FromRequest, HttpRequest, HttpServer};

struct Member { id: u64 }

impl FromRequest for Member {
    type Error = Error;
    type Future = Ready<Result<Self, Error>>;

    fn from_request(req: &HttpRequest, _: &mut Payload) -> Self::Future {
        match member_of(req) {
            Some(id) => ready(Ok(Member { id })),
            None => ready(Err(ErrorUnauthorized("no member"))),
        }
    }
}

#[get("/me")]
async fn me(member: Member) -> String { String::new() }

#[get("/maybe")]
async fn maybe(member: Option<Member>) -> String { String::new() }

#[patch("/form")]
#[protect("ADMIN")]
async fn form(data: web::Json<Form>, req: HttpRequest) -> String { String::new() }

async fn plain(db: web::Data<Db>, member: Member) -> String { String::new() }

fn services() -> actix_web::Scope {
    web::scope("/v1").service(me).service(maybe)
}

#[actix_web::main]
async fn main() -> std::io::Result<()> {
    HttpServer::new(|| {
        App::new()
            .service(services())
            .service(form)
            .service(web::resource("/plain").route(web::get().to(plain)).route(web::head().to(head)))
            .wrap_fn(|req, srv| {
                let fut = srv.call(req);
                async { fut.await }
            })
    })
    .run()
    .await
}
"#,
        )],
        routes: &[
            "GET /v1/me required",
            "GET /v1/maybe none",
            "PATCH /form required",
            "GET /plain required",
            "HEAD /plain none",
        ],
    },
    Example {
        title: "a whole application behind middleware with exceptions",
        files: &[
            (
                "src/lib.rs",
                r#"pub mod startup;
mod auth;
mod pages;
"#,
            ),
            (
                "src/startup.rs",
                r#"use actix_web::{dev::Server, web, App, HttpServer};

use crate::{auth::Auth, pages::{home, login, orders}};

pub const ORDERS: &str = "/orders";

pub struct Application { server: Server }

impl Application {
    pub async fn build() -> Self {
        Self { server: run().await.unwrap() }
    }
}

async fn run() -> Result<Server, std::io::Error> {
    let server = HttpServer::new(move || {
        App::new()
            .wrap(Auth::new("key"))
            .route("/", web::get().to(home))
            .route("/login", web::post().to(login))
            .service(web::resource(ORDERS).get(orders).post(orders))
    });
    Ok(server.run())
}
"#,
            ),
            (
                "src/main.rs",
                r#"use shop::startup::Application;

#[tokio::main]
async fn main() {
    Application::build().await;
}
"#,
            ),
            (
                "src/auth.rs",
                r#"pub struct Auth { key: String }

impl Auth {
    pub fn new(key: &str) -> Self { Self { key: key.into() } }
}

impl<S> Transform<S, ServiceRequest> for Auth {
    type Transform = AuthInner<S>;
}

pub struct AuthInner<S> { service: S }

impl<S> Service<ServiceRequest> for AuthInner<S> {
    fn call(&self, req: ServiceRequest) -> Self::Future {
        if req.path() == "/login" {
            return Box::pin(self.service.call(req));
        }
        if req.headers().get("k").is_none() {
            return Box::pin(async { Err(ErrorUnauthorized("key")) });
        }
        Box::pin(self.service.call(req))
    }
}
"#,
            ),
            (
                "src/pages.rs",
                r#"pub async fn home() -> &'static str { "" }
pub async fn login() -> &'static str { "" }
pub async fn orders() -> &'static str { "" }
"#,
            ),
        ],
        routes: &[
            "GET / required",
            "POST /login none",
            "GET /orders required",
            "POST /orders required",
        ],
    },
    Example {
        title: "guards of handlers, and configuration in a closure",
        files: &[(
            "src/main.rs",
            r#"use actix_web::{get, middleware::from_fn, web::{self, ServiceConfig}};

async fn check(req: ServiceRequest, next: Next<impl MessageBody>) -> Result<ServiceResponse, Error> {
    let auth = req.extract::<BearerAuth>().await?;
    verify(auth.token())?;
    next.call(req).await
}

fn verify(token: &str) -> Result<(), Error> {
    decode(token).map_err(|_| ErrorUnauthorized("bad token"))
}

#[get("/wrapped", wrap = "from_fn(check)")]
async fn wrapped() -> &'static str { "" }

#[get("/")]
async fn index() -> &'static str { "" }

#[shuttle_runtime::main]
async fn main() -> ShuttleActixWeb<impl FnOnce(&mut ServiceConfig) + Send + Clone + 'static> {
    let config = move |cfg: &mut ServiceConfig| {
        cfg.service(wrapped);
        cfg.service(web::scope("/blog").service(index));
    };
    Ok(config.into())
}
"#,
        )],
        routes: &["GET /wrapped required", "GET /blog/ none"],
    },
    Example {
        title: "what is no route",
        files: &[(
            "src/main.rs",
            r#"use actix_web::{get, web, App};

#[get("/never")]
async fn never() -> &'static str { "" }

fn main() {
    let client = awc::Client::default();
    client.get("http://localhost/x").send();
    let service = registry.service(never);
}

#[cfg(test)]
mod tests {
    #[actix_web::test]
    async fn works() {
        let app = init_service(App::new().service(never)).await;
    }
}
"#,
        )],
        routes: &[],
    },
];
