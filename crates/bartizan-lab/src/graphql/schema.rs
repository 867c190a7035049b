//! The types, and what their fields stand for.

use std::sync::atomic::Ordering;

use async_graphql::{
    Value as Leaf,
    dynamic::{
        Field, FieldFuture, FieldValue, InputValue, Object, ResolverContext, Schema, SchemaError,
        TypeRef,
    },
};
use serde_json::{Value, json};

use super::Session;
use crate::{
    call::{Caller, Problem},
    db::{Row, int},
    flaws::{
        functions::graphql_set_role, injection::graphql_sql, objects::graphql_shipment,
        properties::graphql_api_key,
    },
    rest::shipments,
    seed::Role,
};

/// Fields inside each other, where that is limited and in any case.
const MAX_DEPTH: (usize, usize) = (12, 60);
/// Fields of one operation.
const MAX_FIELDS: usize = 2_000;
/// Rows of a list.
const MAX_ROWS: i64 = 100;
/// Objects of one answer; further ones are errors. Lists inside lists would grow without end.
const MAX_RESOLVED: usize = 5_000;

/// How a schema is limited.
#[derive(Clone, Copy, Debug)]
pub(super) struct Limits {
    pub(super) deep: bool,
    pub(super) introspection: bool,
    pub(super) suggestions: bool,
}

impl Limits {
    pub(super) fn bits(self) -> usize {
        usize::from(self.deep)
            + 2 * usize::from(self.introspection)
            + 4 * usize::from(self.suggestions)
    }

    pub(super) const fn of(bits: usize) -> Self {
        Self { deep: bits & 1 > 0, introspection: bits & 2 > 0, suggestions: bits & 4 > 0 }
    }
}

pub(super) fn build(limits: &Limits) -> Result<Schema, SchemaError> {
    let depth = if limits.deep { MAX_DEPTH.1 } else { MAX_DEPTH.0 };
    let mut schema = Schema::build("Query", Some("Mutation"), None)
        .limit_depth(depth)
        .limit_recursive_depth(2 * MAX_DEPTH.1)
        .limit_complexity(MAX_FIELDS);
    if !limits.introspection {
        schema = schema.disable_introspection();
    }
    if !limits.suggestions {
        schema = schema.disable_suggestions();
    }
    schema
        .register(query())
        .register(mutation())
        .register(user())
        .register(shipment())
        .register(columns("Port", &["code", "name", "country"]))
        .finish()
}

/// An object of columns that are always there.
fn columns(name: &str, names: &'static [&'static str]) -> Object {
    names.iter().fold(Object::new(name), |object, name| {
        object.field(column(name, name, TypeRef::named_nn(TypeRef::STRING)))
    })
}

/// A field that is a column of the row.
fn column(name: &str, from: &'static str, kind: TypeRef) -> Field {
    Field::new(name, kind, move |ctx| {
        FieldFuture::new(async move {
            let row = ctx.parent_value.try_downcast_ref::<Row>()?;
            Ok(leaf(row.get(from)))
        })
    })
}

fn leaf<'a>(value: Option<&Value>) -> Option<FieldValue<'a>> {
    match value? {
        Value::String(text) => Some(FieldValue::value(text.as_str())),
        Value::Number(number) => Some(FieldValue::value(Leaf::from(number.as_i64()?))),
        _ => None,
    }
}

/// The row number, as text: that is what identifiers are in GraphQL.
fn id() -> Field {
    Field::new("id", TypeRef::named_nn(TypeRef::ID), |ctx| {
        FieldFuture::new(async move {
            let row = ctx.parent_value.try_downcast_ref::<Row>()?;
            Ok(Some(FieldValue::value(int(row, "id").to_string())))
        })
    })
}

fn limit() -> InputValue {
    InputValue::new("limit", TypeRef::named(TypeRef::INT)).default_value(25)
}

type Found<'a> = Result<Option<FieldValue<'a>>, async_graphql::Error>;

fn refused(problem: Problem) -> async_graphql::Error {
    async_graphql::Error::new(problem.detail)
}

fn list<'a>(rows: Vec<Row>) -> Option<FieldValue<'a>> {
    Some(FieldValue::list(rows.into_iter().map(FieldValue::owned_any)))
}

/// What a field knows: the request, its arguments, the row it is of.
struct Asked<'a> {
    session: &'a Session,
    caller: &'a Caller,
    context: &'a ResolverContext<'a>,
}

impl<'a> Asked<'a> {
    fn of(context: &'a ResolverContext<'a>) -> Result<Self, async_graphql::Error> {
        let session = context.data::<Session>()?;
        if session.resolved.fetch_add(1, Ordering::Relaxed) > MAX_RESOLVED {
            return Err(async_graphql::Error::new("the answer is too large"));
        }
        let caller = session.caller.as_ref();
        let caller = caller.ok_or_else(|| refused(Problem::anonymous()))?;
        Ok(Self { session, caller, context })
    }

    fn text(&self, name: &str) -> &str {
        self.context.args.get(name).and_then(|value| value.string().ok()).unwrap_or("")
    }

    fn number(&self, name: &str) -> i64 {
        let value = self.context.args.get(name);
        let number = value.as_ref().and_then(|value| value.i64().ok());
        number.or_else(|| self.text(name).parse().ok()).unwrap_or(0)
    }

    fn limit(&self, most: i64) -> Value {
        json!(self.number("limit").clamp(0, most))
    }

    async fn rows(&self, sql: &'static str, values: &[Value]) -> Result<Vec<Row>, Problem> {
        Ok(self.session.lab.db.all(sql, values).await?)
    }
}

/// A field whose value an asynchronous function finds.
macro_rules! field {
    ($name:literal, $kind:expr, $resolve:path) => {
        Field::new($name, $kind, |context| {
            FieldFuture::new(async move {
                let found: Found<'_> = async {
                    let asked = Asked::of(&context)?;
                    $resolve(&asked).await.map_err(refused)
                }
                .await;
                found
            })
        })
    };
}

fn query() -> Object {
    let shipments = TypeRef::named_nn_list_nn("Shipment");
    Object::new("Query")
        .field(field!("me", TypeRef::named_nn("User"), me))
        .field(
            field!("shipment", TypeRef::named("Shipment"), one_shipment)
                .argument(InputValue::new("id", TypeRef::named_nn(TypeRef::ID))),
        )
        .field(field!("shipments", shipments.clone(), own_shipments).argument(limit()))
        .field(
            field!("searchShipments", shipments, search)
                .argument(InputValue::new("text", TypeRef::named_nn(TypeRef::STRING))),
        )
        .field(field!("ports", TypeRef::named_nn_list_nn("Port"), ports).argument(limit()))
}

fn mutation() -> Object {
    let text = |name| InputValue::new(name, TypeRef::named_nn(TypeRef::STRING));
    Object::new("Mutation")
        .field(
            field!("setNotes", TypeRef::named("Shipment"), set_notes)
                .argument(InputValue::new("shipment", TypeRef::named_nn(TypeRef::ID)))
                .argument(text("notes")),
        )
        .field(
            field!("setUserRole", TypeRef::named("User"), set_role)
                .argument(text("login"))
                .argument(text("role")),
        )
}

fn user() -> Object {
    let text = || TypeRef::named_nn(TypeRef::STRING);
    Object::new("User")
        .field(id())
        .field(column("login", "login", text()))
        .field(column("name", "name", text()))
        .field(column("role", "role", text()))
        .field(column("email", "email", TypeRef::named(TypeRef::STRING)))
        .field(field!("apiKey", TypeRef::named(TypeRef::STRING), api_key))
        .field(
            field!("shipments", TypeRef::named_nn_list_nn("Shipment"), shipments_of)
                .argument(limit()),
        )
}

fn shipment() -> Object {
    let text = || TypeRef::named_nn(TypeRef::STRING);
    Object::new("Shipment")
        .field(id())
        .field(column("reference", "reference", text()))
        .field(column("origin", "origin", text()))
        .field(column("destination", "destination", text()))
        .field(column("status", "status", text()))
        .field(column("weightKg", "weight_kg", TypeRef::named_nn(TypeRef::INT)))
        .field(column("consignee", "consignee", TypeRef::named(TypeRef::STRING)))
        .field(column("notes", "notes", TypeRef::named(TypeRef::STRING)))
        .field(field!("owner", TypeRef::named_nn("User"), owner))
}

type Resolved<'a> = Result<Option<FieldValue<'a>>, Problem>;

async fn me<'a>(asked: &Asked<'_>) -> Resolved<'a> {
    let id = json!(asked.caller.id);
    let rows = asked.rows("select * from users where id = ?", &[id]).await?;
    Ok(rows.into_iter().next().map(FieldValue::owned_any))
}

async fn one_shipment<'a>(asked: &Asked<'_>) -> Resolved<'a> {
    let lab = &asked.session.lab;
    let row = shipments::any(lab, asked.number("id")).await?;
    let visible = shipments::visible(lab, asked.caller, &row).await?;
    if !visible && !lab.has(&graphql_shipment::FLAW) {
        return Ok(None);
    }
    Ok(Some(FieldValue::owned_any(row)))
}

async fn own_shipments<'a>(asked: &Asked<'_>) -> Resolved<'a> {
    let sql = "select * from shipments where owner = ? order by id limit ?";
    Ok(list(asked.rows(sql, &[json!(asked.caller.id), asked.limit(MAX_ROWS)]).await?))
}

async fn search<'a>(asked: &Asked<'_>) -> Resolved<'a> {
    let (owner, text) = (asked.caller.id, asked.text("text"));
    if asked.session.lab.has(&graphql_sql::FLAW) {
        let sql = format!("select * from shipments where owner = {owner} and reference = '{text}'");
        return Ok(list(asked.session.lab.db.assembled(sql).await?));
    }
    let sql = "select * from shipments where owner = ? and reference = ? limit 100";
    Ok(list(asked.rows(sql, &[json!(owner), json!(text)]).await?))
}

async fn ports<'a>(asked: &Asked<'_>) -> Resolved<'a> {
    let sql = "select * from ports order by id limit ?";
    Ok(list(asked.rows(sql, &[asked.limit(MAX_ROWS)]).await?))
}

async fn set_notes<'a>(asked: &Asked<'_>) -> Resolved<'a> {
    let row = shipments::any(&asked.session.lab, asked.number("shipment")).await?;
    if !asked.caller.may_see(&row) {
        return Ok(None);
    }
    let notes: String = asked.text("notes").chars().take(2000).collect();
    let sql = "update shipments set notes = ? where id = ? returning *";
    let rows = asked.rows(sql, &[json!(notes), json!(int(&row, "id"))]).await?;
    if let Some(row) = rows.first() {
        shipments::tell(&asked.session.lab, row, "changed").await?;
    }
    Ok(rows.into_iter().next().map(FieldValue::owned_any))
}

async fn set_role<'a>(asked: &Asked<'_>) -> Resolved<'a> {
    if asked.caller.role < Role::Admin && !asked.session.lab.has(&graphql_set_role::FLAW) {
        return Err(Problem::forbidden());
    }
    let role = Role::named(asked.text("role")).name();
    let sql = "update users set role = ? where login = ? and tenant = ? returning *";
    let values = [json!(role), json!(asked.text("login")), json!(asked.caller.tenant)];
    Ok(asked.rows(sql, &values).await?.into_iter().next().map(FieldValue::owned_any))
}

/// The row of a field's object.
fn parent<'a>(asked: &Asked<'a>) -> Result<&'a Row, Problem> {
    let row = asked.context.parent_value.try_downcast_ref::<Row>();
    row.map_err(|_| Problem::missing())
}

async fn api_key<'a>(asked: &Asked<'_>) -> Resolved<'a> {
    let row = parent(asked)?;
    let own = asked.caller.id == int(row, "id");
    if own || asked.session.lab.has(&graphql_api_key::FLAW) {
        return Ok(leaf(row.get("api_key")));
    }
    Err(Problem::forbidden())
}

async fn shipments_of<'a>(asked: &Asked<'_>) -> Resolved<'a> {
    let id = int(parent(asked)?, "id");
    if id != asked.caller.id && asked.caller.role < Role::Clerk {
        return Ok(list(Vec::new()));
    }
    let sql = "select * from shipments where owner = ? and tenant = ? order by id limit ?";
    let values = [json!(id), json!(asked.caller.tenant), asked.limit(25)];
    Ok(list(asked.rows(sql, &values).await?))
}

async fn owner<'a>(asked: &Asked<'_>) -> Resolved<'a> {
    let id = json!(int(parent(asked)?, "owner"));
    let rows = asked.rows("select * from users where id = ?", &[id]).await?;
    Ok(rows.into_iter().next().map(FieldValue::owned_any))
}
