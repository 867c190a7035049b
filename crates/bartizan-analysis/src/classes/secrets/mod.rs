//! Kinds of secrets: by the form of the token or by its name.

use bartizan_model::{DataClass, data_class::DataGroup};

use super::ClassItem;

pub mod access_token;
pub mod ai_key;
pub mod api_key;
pub mod client_secret;
pub mod cloud_key;
pub mod connection_string;
pub mod encryption_key;
pub mod messaging_token;
pub mod mfa_seed;
pub mod payment_key;
pub mod private_key;
pub mod refresh_token;
pub mod service_key;
pub mod session_token;
pub mod source_hosting_token;
pub mod webhook_url;

/// What members of the family of `secret` have in common.
const MEMBER: ClassItem = ClassItem::member_of(DataClass("secret"), DataGroup::Credential, true);
