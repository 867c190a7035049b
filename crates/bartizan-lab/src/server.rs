//! Listening: one loopback port for HTTP/1.1 and HTTP/2 without TLS.

use std::{net::SocketAddr, sync::Arc, time::Duration};

use axum::{
    Router,
    body::Body,
    extract::{DefaultBodyLimit, RawPathParams, Request, State},
    http::{HeaderValue, Method, Response, StatusCode, Uri, header},
    middleware::{self, Next},
    routing::{MethodFilter, get, on, post},
};
use http_body_util::{BodyExt as _, Limited};
use hyper_util::{
    rt::{TokioExecutor, TokioIo, TokioTimer},
    server::conn::auto::Builder,
    service::TowerToHyperService,
};
use tokio::{
    net::{TcpListener, TcpStream, lookup_host},
    sync::Semaphore,
    task::JoinSet,
};

use crate::{
    access,
    call::{Call, Problem, content},
    db::DbError,
    deliveries, events,
    flaws::{
        configuration::{cors_reflects, error_details, missing_headers, trace_method},
        functions::{method_override, path_case},
    },
    graphql, grpc,
    lab::{Lab, Options},
    routes::{ROUTES, Route},
    websocket,
};

/// Most bytes of a body that are read, whatever flaws are on.
pub const MAX_BODY: usize = 4 << 20;
/// Connections at a time; further ones wait.
const MAX_CONNECTIONS: usize = 512;
/// How long a request head may take.
const HEAD_PATIENCE: Duration = Duration::from_secs(10);
/// How long a body may take.
const BODY_PATIENCE: Duration = Duration::from_secs(20);
/// Where the application of the platform lives; the one origin that browsers may call from.
pub(crate) const APPLICATION: &str = "https://app.quayside.example";

/// The lab could not be started.
#[derive(Debug, thiserror::Error)]
pub enum LabError {
    /// The address is reachable from elsewhere.
    #[error(
        "{0} is not a loopback address: the lab is vulnerable on purpose and stays on this machine"
    )]
    NotLoopback(String),
    /// The address cannot be listened on.
    #[error("cannot listen on {0}: {1}")]
    Listen(String, std::io::Error),
    /// The database could not be built.
    #[error(transparent)]
    Db(#[from] DbError),
}

/// A lab that listens.
#[derive(Debug)]
pub struct Server {
    listener: TcpListener,
    router: Router,
    address: SocketAddr,
    /// What is done without a request; ends with the server.
    background: JoinSet<()>,
}

impl Server {
    /// Listens on an address (`127.0.0.1:0` takes a free port) and builds the lab behind it.
    ///
    /// # Errors
    /// When the address is not a loopback one after resolving, or cannot be had.
    pub async fn bind(address: &str, options: &Options) -> Result<Self, LabError> {
        let fail = |error| LabError::Listen(address.to_owned(), error);
        let found: Vec<SocketAddr> = lookup_host(address).await.map_err(fail)?.collect();
        let outside = found.iter().chain(&options.callbacks).find(|a| !a.ip().is_loopback());
        if let Some(outside) = outside {
            return Err(LabError::NotLoopback(outside.to_string()));
        }
        let listener = TcpListener::bind(&found[..]).await.map_err(fail)?;
        let address = listener.local_addr().map_err(fail)?;
        let (lab, queue) = Lab::new(options, address).await?;
        let lab = Arc::new(lab);
        let mut background = JoinSet::new();
        background.spawn(deliveries::send_all(Arc::clone(&lab), queue));
        Ok(Self { listener, router: router(lab), address, background })
    }

    /// Where it listens.
    #[must_use]
    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    /// Serves until `stop` is done; then open connections are dropped.
    pub async fn run(self, stop: impl Future<Output = ()>) {
        let room = Arc::new(Semaphore::new(MAX_CONNECTIONS));
        let mut tasks = self.background;
        tokio::pin!(stop);
        loop {
            let accepted = tokio::select! {
                () = &mut stop => return,
                accepted = self.listener.accept() => accepted,
            };
            // Too many open files and the like: a short wait, and on.
            let Ok((stream, _)) = accepted else {
                tokio::time::sleep(Duration::from_millis(50)).await;
                continue;
            };
            let Ok(permit) = Arc::clone(&room).acquire_owned().await else { return };
            let router = self.router.clone();
            tasks.spawn(async move {
                connection(stream, router).await;
                drop(permit);
            });
            while tasks.try_join_next().is_some() {}
        }
    }
}

async fn connection(stream: TcpStream, router: Router) {
    let mut builder = Builder::new(TokioExecutor::new());
    builder.http1().timer(TokioTimer::new()).header_read_timeout(HEAD_PATIENCE);
    builder.http2().timer(TokioTimer::new()).max_concurrent_streams(64);
    let service = TowerToHyperService::new(router);
    // A connection that breaks is the client's business.
    let _ = builder.serve_connection_with_upgrades(TokioIo::new(stream), service).await;
}

fn router(lab: Arc<Lab>) -> Router {
    let mut router = Router::new()
        .route("/ws", get(websocket::open))
        .route("/api/v1/events", get(events::stream))
        .route("/graphql", get(graphql::query).post(graphql::query))
        .route("/quayside.v1.Tracking/{method}", post(grpc::call))
        .route("/quayside.v1.Release/{method}", post(grpc::call))
        .route("/grpc.reflection.v1.ServerReflection/ServerReflectionInfo", post(grpc::reflect));
    for route in ROUTES.iter() {
        let serve = move |State(lab): State<Arc<Lab>>, parts: RawPathParams, request: Request| {
            dispatch(lab, route, parts, request)
        };
        let Ok(filter) = MethodFilter::try_from(route.method.clone()) else { continue };
        router = router.route(route.path, on(filter, serve));
    }
    let inner = router
        .fallback(|| async { Problem::missing().answer(false) })
        .method_not_allowed_fallback(|| async {
            Problem::new(StatusCode::METHOD_NOT_ALLOWED, "no such method here").answer(false)
        })
        .layer(DefaultBodyLimit::max(MAX_BODY))
        .with_state(Arc::clone(&lab));
    // Around the router, not in it: what happens here comes before a route is chosen.
    Router::new().fallback_service(inner).layer(middleware::from_fn_with_state(lab, around))
}

/// The path as it was sent, where the lab has rewritten it.
#[derive(Clone, Debug)]
struct SentPath(String);

/// What happens to every request before a route is chosen, and to every answer.
async fn around(State(lab): State<Arc<Lab>>, mut request: Request, next: Next) -> Response<Body> {
    let origin = request.headers().get(header::ORIGIN).cloned();
    if *request.method() == Method::TRACE && lab.has(&trace_method::FLAW) {
        let mut echo = format!("TRACE {} HTTP/1.1\r\n", request.uri());
        for (name, value) in request.headers() {
            echo.push_str(&format!("{name}: {}\r\n", String::from_utf8_lossy(value.as_bytes())));
        }
        return content(StatusCode::OK, "message/http", echo);
    }
    if *request.method() == Method::OPTIONS {
        let mut answer = Response::new(Body::empty());
        *answer.status_mut() = StatusCode::NO_CONTENT;
        return dress(&lab, answer, origin.as_ref());
    }
    let overridden = request.headers().get("x-http-method-override");
    if let Some(method) = overridden.and_then(|v| Method::from_bytes(v.as_bytes()).ok())
        && lab.has(&method_override::FLAW)
    {
        *request.method_mut() = method;
    }
    let sent = request.uri().path().to_owned();
    let lower = sent.to_ascii_lowercase();
    if lab.has(&path_case::FLAW) && lower.starts_with("/api/v1/admin/") {
        let query = request.uri().query().map(|q| format!("?{q}")).unwrap_or_default();
        if let Ok(uri) = format!("{lower}{query}").parse::<Uri>() {
            *request.uri_mut() = uri;
        }
    }
    request.extensions_mut().insert(SentPath(sent));
    dress(&lab, next.run(request).await, origin.as_ref())
}

/// Adds the header fields that every answer has.
fn dress(lab: &Lab, mut answer: Response<Body>, origin: Option<&HeaderValue>) -> Response<Body> {
    let headers = answer.headers_mut();
    if !lab.has(&missing_headers::FLAW) {
        headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
        if !headers.contains_key(header::CACHE_CONTROL) {
            headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        }
    }
    let Some(origin) = origin else { return answer };
    if lab.has(&cors_reflects::FLAW) || origin == APPLICATION {
        headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, origin.clone());
        headers.insert(header::ACCESS_CONTROL_ALLOW_CREDENTIALS, HeaderValue::from_static("true"));
        headers.insert(header::VARY, HeaderValue::from_static("origin"));
    }
    answer
}

async fn dispatch(
    lab: Arc<Lab>,
    route: &'static Route,
    parts: RawPathParams,
    request: Request,
) -> Response<Body> {
    let answer = async {
        let mut call = read(&lab, request).await?;
        call.parts = parts.iter().map(|(k, v)| (k.to_owned(), v.to_owned())).collect();
        route.access.check(&call)?;
        (route.handler)(&lab, &call).await
    };
    answer.await.unwrap_or_else(|problem: Problem| problem.answer(lab.has(&error_details::FLAW)))
}

/// Reads a request and finds out who calls.
pub(crate) async fn read(lab: &Lab, request: Request) -> Result<Call, Problem> {
    let (head, body) = request.into_parts();
    let collected = tokio::time::timeout(BODY_PATIENCE, Limited::new(body, MAX_BODY).collect());
    let body = match collected.await {
        Ok(Ok(body)) => body.to_bytes(),
        Ok(Err(_)) => {
            return Err(Problem::new(StatusCode::PAYLOAD_TOO_LARGE, "the body is too large"));
        }
        Err(_) => return Err(Problem::new(StatusCode::REQUEST_TIMEOUT, "the body took too long")),
    };
    let query = head.uri.query().unwrap_or("").as_bytes();
    let query: Vec<(String, String)> = form_urlencoded::parse(query).into_owned().collect();
    let caller = access::caller(lab, &head.method, &head.headers, &query).await?;
    let sent = head.extensions.get::<SentPath>();
    Ok(Call {
        method: head.method,
        path: sent.map_or_else(|| head.uri.path().to_owned(), |p| p.0.clone()),
        parts: Vec::new(),
        query,
        headers: head.headers,
        body,
        caller,
    })
}
