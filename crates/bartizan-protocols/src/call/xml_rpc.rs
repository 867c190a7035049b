//! Methods of XML-RPC (xmlrpc.com/spec.md).

use bartizan_model::{Protocol, Side};

use super::{Answered, Call, element};
use crate::{Decoded, Value};

pub(super) fn call(decoded: &Decoded) -> Option<Call> {
    let method = element(decoded, Side::Request, &["methodCall", "methodName"])?;
    match method.value() {
        Value::Text(name) => Some(Call::new(Protocol::XmlRpc, name.trim().to_owned())),
        _ => None,
    }
}

pub(super) fn answered(decoded: &Decoded) -> Answered {
    let Some(response) = element(decoded, Side::Response, &["methodResponse"]) else {
        return Answered::Unknown;
    };
    let is_fault = response.children().any(|child| child.key() == "fault");
    if is_fault { Answered::Failed } else { Answered::Granted }
}
