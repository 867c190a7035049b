//! What browsers are told: cookies, origins, types.

pub mod insecure_session_cookie;
pub mod json_with_wrong_type;
pub mod permissive_cors;
