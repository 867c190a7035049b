//! WebSocket: live tracking. Text messages, one JSON object each: `subscribe` to a shipment, `ping`,
//! and for managers `broadcast`.

use std::sync::Arc;

use axum::{
    body::Body,
    extract::{Request, State},
    http::{HeaderValue, Response, StatusCode, header, request::Parts},
};
use futures_util::{SinkExt as _, StreamExt as _};
use hyper::upgrade::Upgraded;
use hyper_util::rt::TokioIo;
use serde_json::{Value, json};
use tokio::time::{Duration, timeout};
use tokio_tungstenite::{
    WebSocketStream,
    tungstenite::{
        Message,
        handshake::derive_accept_key,
        protocol::{Role as Side, WebSocketConfig},
    },
};

use crate::{
    access,
    call::{Caller, Problem},
    db::text,
    flaws::{
        authentication::{websocket_anonymous, websocket_foreign_origin},
        functions::websocket_broadcast,
        objects::websocket_subscribe,
        resources::websocket_flood,
    },
    lab::{Lab, Live},
    rest::shipments,
    seed::Role,
    server::APPLICATION,
    tokens,
};

/// Bytes of one message.
const MAX_MESSAGE: usize = 8 << 10;
/// Messages of one connection before it is closed.
const MAX_MESSAGES: usize = 100;
/// Messages of one connection, whatever flaws are on.
const MAX_MESSAGES_EVER: usize = 5_000;
/// How long a connection may be silent.
const IDLE: Duration = Duration::from_secs(300);

/// GET `/ws`: the token comes in `Authorization`, as `?token=`, or as the session cookie.
pub(crate) async fn open(State(lab): State<Arc<Lab>>, request: Request) -> Response<Body> {
    let (mut parts, _) = request.into_parts();
    let caller = match who(&lab, &parts).await {
        Ok(caller) => caller,
        Err(problem) => return problem.answer(false),
    };
    if caller.is_none() && !lab.has(&websocket_anonymous::FLAW) {
        return Problem::anonymous().answer(false);
    }
    match upgrade(&mut parts) {
        Ok((answer, upgrade)) => {
            tokio::spawn(async move {
                // A client that went away before the upgrade is its own business.
                let Ok(upgraded) = upgrade.await else { return };
                let limits = WebSocketConfig::default()
                    .max_message_size(Some(MAX_MESSAGE))
                    .max_frame_size(Some(MAX_MESSAGE));
                let io = TokioIo::new(upgraded);
                let socket = WebSocketStream::from_raw_socket(io, Side::Server, Some(limits)).await;
                talk(lab, socket, caller).await;
            });
            answer
        }
        Err(problem) => problem.answer(false),
    }
}

/// The answer to an opening handshake (RFC 6455, section 4.2), and the connection that follows.
fn upgrade(parts: &mut Parts) -> Result<(Response<Body>, hyper::upgrade::OnUpgrade), Problem> {
    let field = |name| parts.headers.get(name).and_then(|v| v.to_str().ok()).unwrap_or("");
    let wanted = field(header::UPGRADE).eq_ignore_ascii_case("websocket")
        && field(header::SEC_WEBSOCKET_VERSION) == "13";
    let accept = derive_accept_key(field(header::SEC_WEBSOCKET_KEY).as_bytes());
    let upgrade = parts.extensions.remove::<hyper::upgrade::OnUpgrade>();
    let upgrade = upgrade.filter(|_| wanted);
    let upgrade = upgrade.ok_or_else(|| Problem::bad("this is a WebSocket, version 13"))?;
    let mut answer = Response::new(Body::empty());
    *answer.status_mut() = StatusCode::SWITCHING_PROTOCOLS;
    let headers = answer.headers_mut();
    headers.insert(header::CONNECTION, HeaderValue::from_static("upgrade"));
    headers.insert(header::UPGRADE, HeaderValue::from_static("websocket"));
    if let Ok(accept) = HeaderValue::from_str(&accept) {
        headers.insert(header::SEC_WEBSOCKET_ACCEPT, accept);
    }
    Ok((answer, upgrade))
}

async fn who(lab: &Lab, parts: &Parts) -> Result<Option<Caller>, Problem> {
    let query = parts.uri.query().unwrap_or("").as_bytes();
    let in_query = form_urlencoded::parse(query).find(|(name, _)| name == "token");
    let token = access::bearer(&parts.headers).map(str::to_owned);
    let token = token.or_else(|| in_query.map(|(_, value)| value.into_owned()));
    if let Some(token) = token {
        return match tokens::verify(lab, &token, crate::lab::now()) {
            Some(id) => access::by_id(lab, id).await,
            None => Ok(None),
        };
    }
    let caller = access::by_cookie(lab, &parts.headers).await?;
    let ours = parts.headers.get(header::ORIGIN).is_none_or(|origin| origin == APPLICATION);
    if caller.is_some() && !ours && !lab.has(&websocket_foreign_origin::FLAW) {
        return Err(Problem::forbidden());
    }
    Ok(caller)
}

async fn talk(
    lab: Arc<Lab>,
    mut socket: WebSocketStream<TokioIo<Upgraded>>,
    caller: Option<Caller>,
) {
    let mut live = lab.live.subscribe();
    let most = if lab.has(&websocket_flood::FLAW) { MAX_MESSAGES_EVER } else { MAX_MESSAGES };
    for _ in 0..most {
        let message = tokio::select! {
            message = timeout(IDLE, socket.next()) => message,
            news = live.recv() => {
                let Ok(news) = news else { continue };
                if caller.as_ref().is_some_and(|c| c.tenant == news.tenant && c.role >= Role::Clerk) {
                    let text = json!({"type": "live", "text": news.text}).to_string();
                    if socket.send(Message::text(text)).await.is_err() {
                        return;
                    }
                }
                continue;
            }
        };
        let Ok(Some(Ok(message))) = message else { return };
        let text = match message {
            Message::Text(text) => text.to_string(),
            Message::Close(_) => {
                // Its answer waits to be written; to whom does not matter any more.
                let _ = socket.flush().await;
                return;
            }
            _ => continue,
        };
        let answer = answer(&lab, caller.as_ref(), &text).await;
        let answer = answer.unwrap_or_else(|problem| {
            json!({"type": "error", "status": problem.status.as_u16(), "detail": problem.detail})
        });
        if socket.send(Message::text(answer.to_string())).await.is_err() {
            return;
        }
    }
    let _ = socket.send(Message::text(r#"{"type":"error","detail":"too many messages"}"#)).await;
}

async fn answer(lab: &Lab, caller: Option<&Caller>, text: &str) -> Result<Value, Problem> {
    let message: Value =
        serde_json::from_str(text).map_err(|_| Problem::bad("that is not JSON"))?;
    match message["type"].as_str().unwrap_or("") {
        "ping" => Ok(json!({"type": "pong"})),
        "subscribe" => {
            let row = shipments::any(lab, message["shipment"].as_i64().unwrap_or(0)).await?;
            let allowed = match caller {
                Some(caller) => shipments::visible(lab, caller, &row).await?,
                None => false,
            };
            if !allowed && !lab.has(&websocket_subscribe::FLAW) {
                return Err(Problem::missing());
            }
            Ok(json!({
                "type": "position", "reference": text_of(&row, "reference"),
                "status": text_of(&row, "status"), "consignee": text_of(&row, "consignee"),
            }))
        }
        "broadcast" => {
            let caller = caller.ok_or_else(Problem::anonymous)?;
            if caller.role < Role::Manager && !lab.has(&websocket_broadcast::FLAW) {
                return Err(Problem::forbidden());
            }
            let words: String = message["text"].as_str().unwrap_or("").chars().take(200).collect();
            let heard = lab.live.send(Live { tenant: caller.tenant, text: words }).unwrap_or(0);
            Ok(json!({"type": "sent", "listeners": heard}))
        }
        _ => Err(Problem::bad("type is one of ping, subscribe, broadcast")),
    }
}

fn text_of(row: &crate::db::Row, column: &str) -> String {
    text(row, column).to_owned()
}
