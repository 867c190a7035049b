//! Injection, in the numbering of 2019; 2023 has no category for it.

pub(crate) mod export_formula;
pub(crate) mod graphql_sql;
pub(crate) mod label_template;
pub(crate) mod open_redirect;
pub(crate) mod soap_sql;
pub(crate) mod sql_login;
pub(crate) mod sql_search;
pub(crate) mod sql_sort;
pub(crate) mod template_path;
pub(crate) mod tracking_markup;
pub(crate) mod upload_markup;
pub(crate) mod xml_file_entity;
