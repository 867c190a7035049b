//! An operation of the API, declared once.

use std::{any::TypeId, future::Future, net::SocketAddr};

use axum::{
    extract::{ConnectInfo, FromRequestParts as _, RawPathParams, Request, State},
    http::{HeaderMap, HeaderName, Method, StatusCode},
    response::{IntoResponse as _, Response},
    routing::{MethodFilter, MethodRouter, on},
};
use bartizan_model::Role;
use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::{Deserialize, Serialize, de::DeserializeOwned};

use super::{
    Api, access,
    call::{self, Call, Takes},
    list::{ListAt, ListOf},
    problem::Problem,
    reply::{self, Reply},
};

/// Who may call an operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Needs {
    /// Anybody: only logging in.
    Nobody,
    /// Somebody with this role or one above it.
    Role(Role),
}

/// What a list or a thing looks like in the document.
pub(super) type SchemaOf = fn(&mut SchemaGenerator) -> Schema;

/// No query or no body.
#[derive(Clone, Copy, Debug, Default, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Nothing {}

/// A header of answers.
pub(super) struct Header {
    pub(super) name: HeaderName,
    /// What it says.
    pub(super) what: &'static str,
    /// The type of its value in JSON Schema.
    pub(super) kind: &'static str,
}

/// An operation.
pub(super) struct Operation {
    /// Unique; the name of the method in a generated client.
    pub(super) id: &'static str,
    pub(super) method: Method,
    /// Below `/api/v1`, with at most one `{parameter}`.
    pub(super) path: &'static str,
    pub(super) needs: Needs,
    /// One line.
    pub(super) summary: &'static str,
    /// What else it takes and answers when it answers a part of a list.
    pub(super) list: Option<ListOf>,
    /// Whether it answers a stream of events.
    pub(super) is_stream: bool,
    /// What its answers may carry beside their body.
    pub(super) headers: &'static [Header],
    pub(super) status: StatusCode,
    pub(super) query: SchemaOf,
    pub(super) body: Option<SchemaOf>,
    pub(super) answer: Option<SchemaOf>,
    pub(super) route: MethodRouter<Api>,
}

impl Operation {
    /// Its answers may carry these too.
    pub(super) fn telling(mut self, headers: &'static [Header]) -> Self {
        self.headers = headers;
        self
    }
}

/// Where an operation is and who may call it.
pub(super) struct At {
    method: Method,
    path: &'static str,
    needs: Needs,
    status: StatusCode,
}

impl At {
    fn new(method: Method, path: &'static str, needs: Needs, status: StatusCode) -> Self {
        Self { method, path, needs, status }
    }

    /// A thing.
    pub(super) fn get(path: &'static str, role: Role) -> Self {
        Self::new(Method::GET, path, Needs::Role(role), StatusCode::OK)
    }

    /// A part of a list.
    pub(super) fn list(path: &'static str, role: Role) -> ListAt {
        ListAt { path, role }
    }

    /// A change that answers with what there is now.
    pub(super) fn put(path: &'static str, role: Role) -> Self {
        Self::new(Method::PUT, path, Needs::Role(role), StatusCode::OK)
    }

    /// A change of a part of a thing.
    pub(super) fn patch(path: &'static str, role: Role) -> Self {
        Self::new(Method::PATCH, path, Needs::Role(role), StatusCode::OK)
    }

    /// Something is made.
    pub(super) fn create(path: &'static str, role: Role) -> Self {
        Self::new(Method::POST, path, Needs::Role(role), StatusCode::CREATED)
    }

    /// Something is done.
    pub(super) fn act(path: &'static str, role: Role) -> Self {
        Self::new(Method::POST, path, Needs::Role(role), StatusCode::OK)
    }

    /// Something is taken away.
    pub(super) fn delete(path: &'static str, role: Role) -> Self {
        Self::new(Method::DELETE, path, Needs::Role(role), StatusCode::NO_CONTENT)
    }

    /// Anybody may do this.
    pub(super) fn open_to_all(path: &'static str) -> Self {
        Self::new(Method::POST, path, Needs::Nobody, StatusCode::OK)
    }

    /// The operation that `run` does here.
    pub(super) fn does<Q, B, T, F, Fut>(
        self,
        id: &'static str,
        summary: &'static str,
        run: F,
    ) -> Operation
    where
        Q: DeserializeOwned + JsonSchema + Send + 'static,
        B: DeserializeOwned + JsonSchema + Send + Default + 'static,
        T: Serialize + JsonSchema + Send + 'static,
        F: Fn(Call<Q, B>) -> Fut + Clone + Send + Sync + 'static,
        Fut: Future<Output = Result<Reply<T>, Problem>> + Send + 'static,
    {
        let Self { method, path, needs, status } = self;
        let filter = MethodFilter::try_from(method.clone()).unwrap_or(MethodFilter::GET);
        let handler = move |State(api): State<Api>, request: Request| {
            let run = run.clone();
            async move {
                let behind = api.0.behind.clone();
                let work = async move {
                    let (call, headers) =
                        receive::<Q, B, ()>(&api, needs, Takes::default(), request).await?;
                    reply::encode(status, run(call).await?, &headers)
                };
                answer(&behind, work).await
            }
        };
        let has_body = TypeId::of::<B>() != TypeId::of::<Nothing>();
        let has_answer = status != StatusCode::NO_CONTENT;
        Operation {
            id,
            method,
            path,
            needs,
            summary,
            list: None,
            is_stream: false,
            headers: &[],
            status,
            query: |generator| Q::json_schema(generator),
            body: has_body.then_some(|generator| generator.subschema_for::<B>()),
            answer: has_answer.then_some(|generator| generator.subschema_for::<T>()),
            route: on(filter, handler),
        }
    }
}

impl At {
    /// A stream of events, each of this type.
    pub(super) fn streams<T, F, Fut>(
        self,
        id: &'static str,
        summary: &'static str,
        run: F,
    ) -> Operation
    where
        T: JsonSchema,
        F: Fn(Call<Nothing, Nothing>) -> Fut + Clone + Send + Sync + 'static,
        Fut: Future<Output = Result<Response, Problem>> + Send + 'static,
    {
        let Self { method, path, needs, status, .. } = self;
        let handler = move |State(api): State<Api>, request: Request| {
            let run = run.clone();
            async move {
                let work =
                    async { run(receive(&api, needs, Takes::default(), request).await?.0).await };
                work.await.unwrap_or_else(Problem::into_response)
            }
        };
        Operation {
            id,
            method,
            path,
            needs,
            summary,
            list: None,
            is_stream: true,
            headers: &[],
            status,
            query: |generator| Nothing::json_schema(generator),
            body: None,
            answer: Some(|generator| generator.subschema_for::<T>()),
            route: on(MethodFilter::GET, handler),
        }
    }
}

/// Ends a task with the one who waits for it.
struct Task<T>(tokio::task::JoinHandle<T>);

impl<T> Drop for Task<T> {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// Does work where the judgement runs, behind the traffic.
pub(super) async fn aside<T: Send + 'static>(
    behind: &tokio::runtime::Handle,
    work: impl Future<Output = Result<T, Problem>> + Send + 'static,
) -> Result<T, Problem> {
    let mut task = Task(behind.spawn(work));
    (&mut task.0).await.unwrap_or_else(|error| Err(Problem::internal(&error)))
}

/// What comes of work that is done [`aside`].
pub(super) async fn answer(
    behind: &tokio::runtime::Handle,
    work: impl Future<Output = Result<Response, Problem>> + Send + 'static,
) -> Response {
    aside(behind, work).await.unwrap_or_else(Problem::into_response)
}

/// Finds out who calls, and only then reads what they sent.
pub(super) async fn receive<Q, B, O>(
    api: &Api,
    needs: Needs,
    takes: Takes,
    request: Request,
) -> Result<(Call<Q, B, O>, HeaderMap), Problem>
where
    Q: DeserializeOwned,
    B: DeserializeOwned + Default + 'static,
    O: DeserializeOwned + Default,
{
    let (mut parts, body) = request.into_parts();
    let caller = access::admit(api, &parts, needs).await?;
    let (query, part) = call::query(parts.uri.query().unwrap_or_default(), takes)?;
    let body = if TypeId::of::<B>() == TypeId::of::<Nothing>() {
        B::default()
    } else {
        call::body(&parts.headers, &call::bytes(body).await?)?
    };
    let path = RawPathParams::from_request_parts(&mut parts, &()).await;
    let path = path.map_err(|_| Problem::not_found())?;
    let id = path.iter().next().map(|(_, value)| value.to_owned()).unwrap_or_default();
    let peer = parts.extensions.get::<ConnectInfo<SocketAddr>>().map(|info| info.0.ip());
    Ok((Call { api: api.clone(), caller, id, query, body, part, peer }, parts.headers))
}

/// Whether a method changes something.
pub(super) fn is_change(method: &Method) -> bool {
    !matches!(*method, Method::GET | Method::HEAD | Method::OPTIONS)
}
