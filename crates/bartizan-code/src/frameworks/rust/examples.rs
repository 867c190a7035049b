//! Examples for frameworks of Rust.

use crate::frameworks::Example;

/// Examples for axum.
pub(super) const AXUM: &[Example] = &[
    Example {
        title: "chains, nesting and layers",
        files: &[(
            "src/main.rs",
            r#"use axum::{
    Router,
    extract::Request,
    http::StatusCode,
    middleware::{self, Next},
    response::Response,
    routing::{any, delete, get, on, post, MethodFilter},
};
use tower_http::trace::TraceLayer;

const PREFIX: &str = "/api/v1";

async fn gate(req: Request, next: Next) -> Result<Response, StatusCode> {
    match req.headers().get("x-key") {
        Some(key) if key == "k" => Ok(next.run(req).await),
        _ => Err(StatusCode::UNAUTHORIZED),
    }
}

async fn count(req: Request, next: Next) -> Response {
    let response = next.run(req).await;
    if response.status() == StatusCode::UNAUTHORIZED {
        note();
    }
    response
}

#[tokio::main]
async fn main() {
    let users = Router::new()
        .route("/", get(list).post(create))
        .route("/{id}", delete(remove))
        .route_layer(middleware::from_fn(gate))
        .route("/open", get(open));
    let api = Router::new()
        .nest("/users", users)
        .route("/files/{*rest}", any(files))
        .route("/x", on(MethodFilter::PUT, put).layer(middleware::from_fn(gate)));
    let app = Router::new()
        .route("/health", get(|| async { "ok" }))
        .nest(PREFIX, api)
        .merge(old())
        .layer(TraceLayer::new_for_http())
        .layer(middleware::from_fn(count))
        .fallback(missing);
    let listener = tokio::net::TcpListener::bind("0.0.0.0:3000").await.unwrap();
    axum::serve(listener, app).await.unwrap();
}

fn old() -> Router {
    Router::new().route("/v0/:name/items/*rest", post(old_items))
}
"#,
        )],
        routes: &[
            "GET /api/v1/users required",
            "POST /api/v1/users required",
            "DELETE /api/v1/users/{id} required",
            "GET /api/v1/users/open none",
            "ANY /api/v1/files/{rest} none",
            "PUT /api/v1/x required",
            "GET /health none",
            "POST /v0/{name}/items/{rest} none",
        ],
    },
    Example {
        title: "modules of several crates and extractors",
        files: &[
            (
                "crates/server/src/main.rs",
                r#"mod state;

use api_routes::auth;
use state::AppState;

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let state = AppState::new().await?;
    let app = api_routes::router(state.clone()).with_state(state);
    axum::serve(listener, app.into_make_service()).await?;
    Ok(())
}
"#,
            ),
            (
                "crates/api-routes/src/lib.rs",
                r#"pub mod auth;
mod error;
pub mod posts;
mod users;

use axum::Router;

pub fn router(state: AppState) -> Router<AppState> {
    Router::new().nest("/api", inner(state))
}

fn inner(state: AppState) -> Router<AppState> {
    let private = Router::new()
        .nest("/posts", posts::routes())
        .layer(axum::middleware::from_fn_with_state(state, auth::session));
    private.merge(users::router())
}
"#,
            ),
            (
                "crates/api-routes/src/posts/mod.rs",
                r#"use axum::{Router, routing};

mod handlers;
use handlers::*;

pub fn routes() -> Router<crate::AppState> {
    Router::new()
        .route("/", routing::get(list))
        .route("/{post_id}/comments", routing::post(comment))
}
"#,
            ),
            (
                "crates/api-routes/src/auth.rs",
                r#"use axum::{extract::{FromRequestParts, Request, State}, http::request::Parts, middleware::Next};
use crate::error::AppError;

pub struct Account(pub u64);

impl<S: Send + Sync> FromRequestParts<S> for Account {
    type Rejection = AppError;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, Self::Rejection> {
        let id = parts.headers.get("x-account").ok_or(AppError::NoSession)?;
        Ok(Self(parse(id)))
    }
}

pub struct Pages(pub u32);

impl<S: Send + Sync> FromRequestParts<S> for Pages {
    type Rejection = AppError;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, AppError> {
        parse_pages(parts).ok_or(AppError::Missing)
    }
}

pub async fn session(State(state): State<crate::AppState>, req: Request, next: Next) -> Result<Response, AppError> {
    let Some(cookie) = req.headers().get("cookie") else {
        return Err(AppError::NoSession);
    };
    state.check(cookie).await?;
    Ok(next.run(req).await)
}
"#,
            ),
            (
                "crates/api-routes/src/error.rs",
                r#"use axum::{http::StatusCode, response::{IntoResponse, Response}};

pub enum AppError {
    NoSession,
    Missing,
}

impl IntoResponse for AppError {
    fn into_response(self) -> Response {
        match self {
            AppError::NoSession => StatusCode::UNAUTHORIZED.into_response(),
            AppError::Missing => StatusCode::NOT_FOUND.into_response(),
        }
    }
}
"#,
            ),
            (
                "crates/api-routes/src/users.rs",
                r#"use axum::{extract::Path, routing::{get, post}, Json, Router};

use crate::auth::{Account, Pages};

pub(crate) fn router() -> Router<crate::AppState> {
    Router::new()
        .route("/users", get(list).post(register))
        .route("/users/me", get(me).patch(|account: Account| async move { account.0 }))
        .route("/users/{id}", get(show))
}

async fn list(pages: Pages) -> Json<Vec<User>> { todo(pages) }
async fn register(Json(new): Json<NewUser>) -> Json<User> { make(new) }
async fn me(Account(id): Account) -> Json<User> { find(id) }
async fn show(account: Option<Account>, Path(id): Path<u64>) -> Json<User> { find(id) }
"#,
            ),
        ],
        routes: &[
            "GET /api/posts required",
            "POST /api/posts/{post_id}/comments required",
            "GET /api/users none",
            "POST /api/users none",
            "GET /api/users/me required",
            "PATCH /api/users/me required",
            "GET /api/users/{id} none",
        ],
    },
    Example {
        title: "layers of packages, builders and services of the project",
        files: &[(
            "src/main.rs",
            r#"use axum::{routing::*, Router};
use axum_login::login_required;
use tower::ServiceBuilder;
use tower_http::{cors::CorsLayer, services::ServeDir, validate_request::ValidateRequestHeaderLayer};

#[derive(Clone)]
struct KeyLayer;

impl<S> Layer<S> for KeyLayer {
    type Service = KeyService<S>;
    fn layer(&self, inner: S) -> Self::Service { KeyService { inner } }
}

struct KeyService<S> { inner: S }

impl<S> Service<Request> for KeyService<S> {
    fn call(&mut self, req: Request) -> Self::Future {
        if !req.headers().contains_key("key") {
            return Box::pin(async { Ok(StatusCode::FORBIDDEN.into_response()) });
        }
        Box::pin(self.inner.call(req))
    }
}

fn app() -> Router {
    let a = Router::new().route("/a", get(a)).layer(ValidateRequestHeaderLayer::bearer("secret"));
    let b = Router::new().route("/b", get(b)).layer(
        ServiceBuilder::new().layer(CorsLayer::permissive()).layer(KeyLayer),
    );
    let c = Router::new().route("/c", get(c)).route_layer(login_required!(Backend, login_url = "/login"));
    let session = SessionManagerLayer::new(store);
    let auth_layer = AuthManagerLayerBuilder::new(backend, session).build();
    let mut app = Router::new().merge(a).merge(b).merge(c);
    app = app.route("/d", post(d)).layer(CorsLayer::new().allow_headers([AUTHORIZATION]));
    app.nest_service("/assets", ServeDir::new("assets")).layer(auth_layer)
}

fn main() {
    serve(app());
}
"#,
        )],
        routes: &["GET /a required", "GET /b required", "GET /c required", "POST /d none"],
    },
    Example {
        title: "documented routes",
        files: &[(
            "src/main.rs",
            r#"use utoipa_axum::{router::OpenApiRouter, routes};

mod todo {
    use utoipa_axum::{router::OpenApiRouter, routes};

    pub(super) fn router() -> OpenApiRouter {
        OpenApiRouter::new().routes(routes!(list, create)).routes(routes!(done))
    }

    #[utoipa::path(get, path = "", responses((status = 200, body = [Todo])))]
    async fn list() {}

    /// Creates one.
    #[utoipa::path(post, path = "", request_body = Todo)]
    async fn create(user: CurrentUser) {}

    #[utoipa::path(method(put, patch), path = "/{id}/done")]
    async fn done() {}
}

fn main() {
    let (router, api) = OpenApiRouter::with_openapi(ApiDoc::openapi())
        .nest("/api/todos", todo::router())
        .split_for_parts();
    let router = router.merge(SwaggerUi::new("/swagger-ui").url("/api.json", api));
    serve(router);
}
"#,
        )],
        routes: &[
            "GET /api/todos none",
            "POST /api/todos required",
            "PUT /api/todos/{id}/done none",
            "PATCH /api/todos/{id}/done none",
        ],
    },
    Example {
        title: "a guard around everything that lets paths through, and one that is optional",
        files: &[(
            "src/main.rs",
            r#"use axum::{middleware, routing::{get, post}, Router};

const OPEN: &[&str] = &["/login", "/health"];

async fn require(State(s): State<S>, req: Request, next: Next) -> Response {
    let path = req.uri().path();
    if OPEN.contains(&path) || path.starts_with("/public/") {
        return next.run(req).await;
    }
    if !s.is_known(&req) {
        return StatusCode::UNAUTHORIZED.into_response();
    }
    next.run(req).await
}

async fn maybe_user(mut req: Request, next: Next) -> Result<Response, StatusCode> {
    if let Some(token) = token_of(&req) {
        let user = check(token).map_err(|_| StatusCode::UNAUTHORIZED)?;
        req.extensions_mut().insert(user);
    }
    Ok(next.run(req).await)
}

struct App { name: String }

impl App {
    fn router(&self) -> Router {
        Router::new().route(&format!("/{}/info", "app"), get(info)).merge(Self::rest())
    }

    fn rest() -> Router {
        Router::new()
            .route("/login", post(login))
            .route("/health", get(health))
            .route("/public/{file}", get(file))
            .route("/orders", get(orders))
            .layer(middleware::from_fn_with_state(state, require))
    }
}

fn main() {
    let app = App { name: String::new() };
    let router = app.router().layer(middleware::from_fn(maybe_user));
    serve(router);
}
"#,
        )],
        routes: &[
            "GET /app/info none",
            "POST /login none",
            "GET /health none",
            "GET /public/{file} none",
            "GET /orders required",
        ],
    },
    Example {
        title: "what is no route",
        files: &[(
            "src/main.rs",
            r#"use axum::Router;

async fn fetch() {
    let client = reqwest::Client::new();
    client.get("http://localhost/users").send().await;
    map.get("/x");
    let url = router.route("/y", 3);
    // Router::new().route("/z", get(z));
}

fn never_called() -> Router {
    Router::new().route("/dead", axum::routing::get(fetch))
}

fn main() {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn serves() {
        let app = Router::new().route("/test", axum::routing::get(fetch));
    }
}
"#,
        )],
        routes: &[],
    },
];

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
