//! Lists: given in parts, in an order, with the members of each item that are wanted, or whole as a table.

use std::{any::TypeId, borrow::Cow, future::Future, marker::PhantomData, sync::Arc};

use axum::{
    extract::{Request, State},
    http::{HeaderMap, Method, StatusCode},
    response::{IntoResponse as _, Response},
    routing::get,
};
use bartizan_model::Role;
use bartizan_store::{Cursor, Page};
use schemars::{JsonSchema, Schema, SchemaGenerator, generate::SchemaSettings, json_schema};
use serde::{Serialize, de::DeserializeOwned};
use serde_json::{Value, json};

use super::{
    Api,
    call::{Call, Format, Takes},
    operation::{self, Needs, Nothing, Operation, SchemaOf, receive},
    problem::Problem,
    reply::{self, JSON, Reply},
    table,
};
use crate::output::csv::Record;

/// A part of a list of which only some members of each item were wanted.
pub(super) const SELECTION: &str = "application/vnd.bartizan.selection+json";

/// A part of a list.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub(super) struct Listed<T> {
    /// The items, in the order of the list.
    pub(super) items: Vec<T>,
    /// Give this as `after` to go on; `null` at the end.
    pub(super) next: Option<String>,
}

impl<T> Listed<T> {
    /// All there is.
    pub(super) const fn whole(items: Vec<T>) -> Self {
        Self { items, next: None }
    }
}

impl<T> From<Page<T>> for Listed<T> {
    fn from(page: Page<T>) -> Self {
        let next = page.next.as_ref().map(Cursor::as_str).map(str::to_owned);
        Self { items: page.items, next }
    }
}

/// What a list takes and answers beside what every operation does.
pub(super) struct ListOf {
    /// The words of `sort`; `None` where there is one order.
    pub(super) order: Option<SchemaOf>,
    /// Members that an item can have.
    pub(super) members: Arc<[String]>,
    /// A part with some of these members.
    pub(super) selection: SchemaOf,
    /// Whether it is also given as a table.
    pub(super) is_table: bool,
}

/// Where a list is and who may see it.
pub(super) struct ListAt {
    pub(super) path: &'static str,
    pub(super) role: Role,
}

impl ListAt {
    /// The list that `run` gives parts of, in orders `O`: `()` for only one.
    pub(super) fn does<Q, O, T, F, Fut>(
        self,
        id: &'static str,
        summary: &'static str,
        run: F,
    ) -> Operation
    where
        Q: DeserializeOwned + JsonSchema + Send + 'static,
        O: DeserializeOwned + JsonSchema + Default + Send + 'static,
        T: Serialize + JsonSchema + Send + 'static,
        F: Fn(Call<Q, Nothing, O>) -> Fut + Clone + Send + Sync + 'static,
        Fut: Future<Output = Result<Reply<Listed<T>>, Problem>> + Send + 'static,
    {
        let (members, needs) = (members::<T>(), Needs::Role(self.role));
        let (known, takes) = (Arc::clone(&members), takes::<O>(false));
        let handler = move |State(api): State<Api>, request: Request| {
            let (run, known, behind) = (run.clone(), Arc::clone(&known), api.0.behind.clone());
            let work = async move {
                let (call, headers) = receive(&api, needs, takes, request).await?;
                part(call, &run, &known, &headers).await
            };
            async move { operation::answer(&behind, work).await }
        };
        let operation = self.declare::<Q, O, T>(id, summary, members, false);
        Operation { route: get(handler), ..operation }
    }

    /// The same, also given whole as the file `name`, lines of a table.
    pub(super) fn does_as_table<Q, O, T, F, Fut>(
        self,
        name: &'static str,
        id: &'static str,
        summary: &'static str,
        run: F,
    ) -> Operation
    where
        Q: DeserializeOwned + JsonSchema + Clone + Send + Sync + 'static,
        O: DeserializeOwned + JsonSchema + Default + Clone + Send + Sync + 'static,
        T: Serialize + JsonSchema + Record + Send + 'static,
        F: Fn(Call<Q, Nothing, O>) -> Fut + Clone + Send + Sync + 'static,
        Fut: Future<Output = Result<Reply<Listed<T>>, Problem>> + Send + 'static,
    {
        let (members, needs) = (members::<T>(), Needs::Role(self.role));
        let (known, takes) = (Arc::clone(&members), takes::<O>(true));
        let handler = move |State(api): State<Api>, request: Request| {
            let (run, known, behind) = (run.clone(), Arc::clone(&known), api.0.behind.clone());
            let work = async move {
                let (call, headers) = receive(&api, needs, takes, request).await?;
                match call.part.format {
                    Format::Json => part(call, &run, &known, &headers).await,
                    Format::Csv => table::answer(name, call, run).await,
                }
            };
            async move { operation::answer(&behind, work).await }
        };
        let operation = self.declare::<Q, O, T>(id, summary, members, true);
        Operation { route: get(handler), ..operation }
    }

    /// The declaration, yet without a route.
    fn declare<Q: JsonSchema, O: 'static + JsonSchema, T: JsonSchema>(
        self,
        id: &'static str,
        summary: &'static str,
        members: Arc<[String]>,
        is_table: bool,
    ) -> Operation {
        let has_orders = takes::<O>(is_table).order;
        Operation {
            id,
            method: Method::GET,
            path: self.path,
            needs: Needs::Role(self.role),
            summary,
            list: Some(ListOf {
                order: has_orders.then_some(|generator| generator.subschema_for::<O>()),
                members,
                selection: selection::<T>,
                is_table,
            }),
            is_stream: false,
            headers: &[],
            status: StatusCode::OK,
            query: |generator| Q::json_schema(generator),
            body: None,
            answer: Some(|generator| generator.subschema_for::<Listed<T>>()),
            route: get(async || Problem::not_found().into_response()),
        }
    }
}

fn takes<O: 'static>(format: bool) -> Takes {
    Takes { part: true, order: TypeId::of::<O>() != TypeId::of::<()>(), format }
}

/// One part, with all members of its items or those that are wanted.
async fn part<Q, O, T, F, Fut>(
    call: Call<Q, Nothing, O>,
    run: &F,
    members: &[String],
    asked: &HeaderMap,
) -> Result<Response, Problem>
where
    T: Serialize,
    F: Fn(Call<Q, Nothing, O>) -> Fut,
    Fut: Future<Output = Result<Reply<Listed<T>>, Problem>>,
{
    let Some(fields) = call.part.fields.clone() else {
        return reply::encode(StatusCode::OK, run(call).await?, asked);
    };
    if let Some(unknown) = fields.iter().find(|field| !members.contains(field)) {
        let there = members.join("`, `");
        return Err(Problem::invalid(format!("`fields`: there is no `{unknown}`, but `{there}`")));
    }
    let list = serde_json::to_value(run(call).await?.body).map(|mut list| {
        project(&mut list, &fields);
        list.to_string().into_bytes()
    });
    let bytes = list.map_err(|error| Problem::internal(&error))?;
    Ok(reply::tagged(StatusCode::OK, SELECTION, bytes, asked))
}

/// Keeps these members of each item.
fn project(list: &mut Value, fields: &[String]) {
    let items = list.get_mut("items").and_then(Value::as_array_mut);
    for item in items.into_iter().flatten().filter_map(Value::as_object_mut) {
        item.retain(|name, _| fields.contains(name));
    }
}

/// The members that an item can have, as its schema says.
fn members<T: JsonSchema>() -> Arc<[String]> {
    let generator = SchemaSettings::draft2020_12().for_serialize().into_generator();
    let schema = generator.into_root_schema_for::<T>();
    let properties = schema.get("properties").and_then(Value::as_object);
    properties.into_iter().flat_map(|all| all.keys().cloned()).collect()
}

/// An item of a list of which any member may be missing.
struct Selected<T>(PhantomData<T>);

impl<T: JsonSchema> JsonSchema for Selected<T> {
    fn schema_name() -> Cow<'static, str> {
        format!("{}Selection", T::schema_name()).into()
    }

    fn schema_id() -> Cow<'static, str> {
        format!("{}::selection", T::schema_id()).into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let mut item = T::json_schema(generator);
        item.remove("required");
        item
    }
}

/// A part of a list whose items need not have any member.
fn selection<T: JsonSchema>(generator: &mut SchemaGenerator) -> Schema {
    let item = generator.subschema_for::<Selected<T>>();
    json_schema!({
        "type": "object",
        "properties": {
            "items": {"type": "array", "items": item},
            "next": {"type": ["string", "null"]},
        },
        "required": ["items", "next"],
    })
}

impl ListOf {
    /// The parameters that every list has, or this one.
    pub(super) fn parameters(&self, taken: &mut SchemaGenerator) -> Vec<Value> {
        let limit = json!({"type": "integer", "minimum": 1, "maximum": 500, "default": 100});
        let fields = json!({
            "type": "array", "uniqueItems": true, "items": {"type": "string", "enum": &*self.members},
        });
        let mut parameters = vec![
            parameter("limit", "Most items", limit),
            parameter(
                "after",
                "Where to go on: `next` of the part before, in the same order",
                json!({"type": "string"}),
            ),
            parameter(
                "fields",
                "Members of each item that are wanted, separated by commas",
                fields,
            ),
        ];
        if let Some(fields) = parameters.last_mut().and_then(Value::as_object_mut) {
            fields.extend([
                ("style".to_owned(), "form".into()),
                ("explode".to_owned(), false.into()),
            ]);
        }
        if let Some(order) = self.order {
            let about = "The order; one that begins with `-` is descending";
            parameters.push(parameter("sort", about, order(taken).to_value()));
        }
        if self.is_table {
            let schema = taken.subschema_for::<Format>().to_value();
            parameters.push(parameter("format", table::ABOUT, schema));
        }
        parameters
    }

    /// What it answers, by media type.
    pub(super) fn content(&self, whole: Value, given: &mut SchemaGenerator) -> Value {
        let selection = (self.selection)(given).to_value();
        let mut content = json!({JSON: {"schema": whole}, SELECTION: {"schema": selection}});
        if let (true, Some(content)) = (self.is_table, content.as_object_mut()) {
            content.insert(table::KIND.to_owned(), json!({"schema": {"type": "string"}}));
        }
        content
    }
}

fn parameter(name: &str, about: &str, schema: Value) -> Value {
    json!({"name": name, "in": "query", "required": false, "description": about, "schema": schema})
}
