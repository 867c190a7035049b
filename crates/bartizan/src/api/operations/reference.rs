//! What each check, detector and data class is about.

use bartizan_analysis::{
    checks::CHECKS,
    classes::{CLASSES, ClassItem, custom::CustomClass, family_of},
    detectors::DETECTORS,
};
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
    name: String,
    /// The class whose checks count it too; its own name when there is none.
    family: String,
    /// What it belongs to.
    group: DataGroup,
    /// One line for people.
    title: String,
    /// What is recognised, with the rule and its source.
    what: String,
    /// Whether its exposure is serious by itself.
    sensitive: bool,
    /// Whether it is from the configuration.
    is_custom: bool,
}

impl From<&ClassItem> for ClassView {
    fn from(item: &ClassItem) -> Self {
        Self {
            name: item.class.as_str().to_owned(),
            family: family_of(item.class.as_str()).to_owned(),
            group: item.group,
            title: item.title.to_owned(),
            what: item.what.to_owned(),
            sensitive: item.sensitive,
            is_custom: false,
        }
    }
}

impl From<&CustomClass> for ClassView {
    fn from(class: &CustomClass) -> Self {
        Self {
            name: class.name().to_owned(),
            family: class.family().as_str().to_owned(),
            group: class.traits().group,
            title: class.title().to_owned(),
            what: class.what().to_owned(),
            sensitive: class.traits().sensitive,
            is_custom: true,
        }
    }
}

/// Those of the operator are of the server: who belongs to another organisation sees the built-in ones.
async fn classes(call: Call<Nothing, Nothing>) -> Result<Reply<Listed<ClassView>>, Problem> {
    let mut views: Vec<ClassView> = CLASSES.iter().map(|item| ClassView::from(*item)).collect();
    if call.api.own(call.caller()?).is_ok() {
        views.extend(call.api.0.server.judging.snapshot().classes.iter().map(ClassView::from));
    }
    Ok(Listed::whole(views).into())
}
