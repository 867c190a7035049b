//! Server-side request forgery.

pub(crate) mod import_url;
pub(crate) mod redirect_followed;
pub(crate) mod webhook_test;
pub(crate) mod xml_external_entity;
