use actix_web::{
    body::{BoxBody, MessageBody},
    dev::{ServiceRequest, ServiceResponse},
    middleware::Next,
    Error, HttpResponse,
};

/// Refuses everybody who does not come from the dispatch office.
pub async fn dispatchers_only(
    req: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<BoxBody>, Error> {
    let expected = std::env::var("DISPATCH_KEY").unwrap_or_default();
    let given = req.headers().get("x-dispatch-key").and_then(|v| v.to_str().ok()).unwrap_or("");
    if expected.is_empty() || given != expected {
        let (req, _) = req.into_parts();
        return Ok(ServiceResponse::new(req, HttpResponse::Forbidden().finish()));
    }
    Ok(next.call(req).await?.map_into_boxed_body())
}
