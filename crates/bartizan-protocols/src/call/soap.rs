//! Operations of SOAP 1.1 and 1.2: the first element of the body names them in the usual styles
//! (WS-I Basic Profile 1.1 §4.7); of a body that was not seen, the action.

use bartizan_model::{Exchange, Protocol, Side};

use super::{Answered, Call, element};
use crate::{Decoded, media};

pub(super) fn call(exchange: &Exchange, decoded: &Decoded) -> Option<Call> {
    let body = element(decoded, Side::Request, &["Envelope", "Body"]);
    let called = body.and_then(|body| body.children().map(|c| c.key()).find(|k| is_element(k)));
    let operation = match called {
        Some(name) => name.to_owned(),
        None if body.is_some() => String::new(),
        None => last_part(&action(exchange)?).to_owned(),
    };
    Some(Call::new(Protocol::Soap, operation))
}

fn is_element(key: &str) -> bool {
    !key.is_empty() && !key.starts_with('@')
}

/// The action: of 1.1 a field of the header, of 1.2 a parameter of the media type.
fn action(exchange: &Exchange) -> Option<String> {
    let headers = &exchange.request.headers;
    let kind = headers.get("content-type")?;
    let media_type = kind.split(';').next().unwrap_or("").trim();
    // An action alone is only believed of a message that says that it is XML.
    if media_type.eq_ignore_ascii_case("application/soap+xml") {
        let mut parameters = media::parameters(kind);
        return parameters.find(|(name, _)| name.eq_ignore_ascii_case("action")).map(|(_, a)| a);
    }
    let is_xml = media_type.eq_ignore_ascii_case("text/xml")
        || media_type.eq_ignore_ascii_case("application/xml");
    let action = headers.get("soapaction").filter(|_| is_xml)?;
    Some(action.trim().trim_matches('"').to_owned())
}

/// `Add` of `http://tempuri.org/Add` and of `urn:calculator#Add`.
fn last_part(action: &str) -> &str {
    action.rsplit(['/', '#', ':']).find(|part| !part.is_empty()).unwrap_or("")
}

pub(super) fn answered(decoded: &Decoded) -> Answered {
    let Some(body) = element(decoded, Side::Response, &["Envelope", "Body"]) else {
        return Answered::Unknown;
    };
    let is_fault = body.children().any(|child| child.key() == "Fault");
    if is_fault { Answered::Failed } else { Answered::Granted }
}
