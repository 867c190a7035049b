//! What each check, detector and data class is about.

use bartizan_analysis::{checks::CHECKS, classes::CLASSES, detectors::DETECTORS};
use bartizan_model::{ItemMeta, Role, data_class::DataGroup};
use schemars::JsonSchema;
use serde::Serialize;

use crate::api::{
    call::Call,
    list::Listed,
    operation::{At, Nothing, Operation},
    problem::Problem,
    reply::Reply,
};

pub(super) fn operations() -> Vec<Operation> {
    vec![
        At::list("/reference/checks", Role::Viewer).does(
            "listChecks",
            "Every check, with its documentation",
            checks,
        ),
        At::list("/reference/detectors", Role::Viewer).does(
            "listDetectors",
            "Every detector, with its documentation",
            detectors,
        ),
        At::list("/reference/classes", Role::Viewer).does(
            "listDataClasses",
            "Every data class",
            classes,
        ),
    ]
}

async fn checks(_: Call<Nothing, Nothing>) -> Result<Reply<Listed<ItemMeta>>, Problem> {
    Ok(Listed::whole(CHECKS.iter().map(|item| item.meta).collect()).into())
}

async fn detectors(_: Call<Nothing, Nothing>) -> Result<Reply<Listed<ItemMeta>>, Problem> {
    Ok(Listed::whole(DETECTORS.iter().map(|item| item.meta).collect()).into())
}

/// A data class.
#[derive(Serialize, JsonSchema)]
pub(super) struct ClassView {
    /// Its name.
    name: &'static str,
    /// What it belongs to.
    group: DataGroup,
    /// One line for people.
    title: &'static str,
    /// What is recognised, with the rule and its source.
    what: &'static str,
    /// Whether its exposure is serious by itself.
    sensitive: bool,
}

async fn classes(_: Call<Nothing, Nothing>) -> Result<Reply<Listed<ClassView>>, Problem> {
    let view = |item: &bartizan_analysis::classes::ClassItem| ClassView {
        name: item.class.as_str(),
        group: item.group,
        title: item.title,
        what: item.what,
        sensitive: item.sensitive,
    };
    Ok(Listed::whole(CLASSES.iter().map(|item| view(item)).collect()).into())
}
