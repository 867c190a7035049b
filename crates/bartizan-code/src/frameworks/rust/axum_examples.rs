//! Examples for axum.

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
