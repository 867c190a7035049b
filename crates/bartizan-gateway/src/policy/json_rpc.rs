//! JSON-RPC: which methods may be called, how many of them at once, and with what.

use std::collections::{BTreeMap, BTreeSet};

use bartizan_model::{Mode, Root, Side};
use bartizan_protocols::{Decoded, Format, NodeRef, Value};
use http::StatusCode;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{
    PolicyItem, asked,
    config::Problem,
    detectors::OnGap,
    names::{self, Names, NamesConfig},
    reading::{Checked, NOT_READABLE, Within, member},
    readings::Readings,
    record::Refusal,
    schema::Shape,
    spelling::is_same_name,
};
use crate::{call::Call, phases::BodyView, websocket::Message};

/// Most calls of one batch that can be asked for.
const MOST_BATCH: u32 = 10_000;
const CODE: &str = "json-rpc-refused";

/// The kind.
pub static ITEM: PolicyItem = PolicyItem {
    kind: "json_rpc",
    title: "JSON-RPC methods",
    mode: Mode::Monitor,
    documentation: "\
Says which methods of JSON-RPC 2.0 (and MCP, which is spoken over it) may be called, how many calls a batch may hold, \
which methods are called alone, and what their `params` look like. A call of another method is refused (403), so is a \
batch that holds more than `batch` calls (400) or, beside other calls, a method in `alone` (403), and a call whose `params` \
do not fit the schema of its method in `params` (422). Each call of a batch is looked at, and a method that the target \
names (`?method=`), where some servers take it from; what the schemas say of parameters in the target is not compared \
(`not-readable`). Names of members count without case, as many servers read them; two that are equal then are `not-readable`.

Where methods are listed in `methods.allow`, what calls no method (as answers of a client of MCP do) is refused too. A \
call without `params` fits every schema. The schemas are as those of the policy `schema`.

It reads JSON bodies of requests and messages of the client on WebSockets, within `body_bytes` and `budget_micros` of processor time; what is beyond is refused \
(413) unless `on_budget` lets it pass. A body that is no JSON, or that others may read differently (a name \
twice, several values, comments), is `not-readable`, one that is passed on as it comes is `body-not-held`: \
`on_unreadable` says whether these are refused (415), as they are by default, or pass and count as not evaluated. \
A request without a body passes.",
    examples: &[
        "\
name: rpc
mode: enforce
scope: {paths: [/jsonrpc]}
json_rpc: {methods: {allow: [contract.*, ping]}, batch: 20}
",
        "\
name: rpc-profile
scope: {paths: [/jsonrpc]}
json_rpc:
  methods: {deny: [debug.*]}
  alone: [login]
  params:
    profile.update: {type: object, properties: {name: {type: string}}, additionalProperties: false}
",
    ],
};

/// Settings of a JSON-RPC policy.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct JsonRpcConfig {
    /// Which methods may be called.
    pub methods: NamesConfig,
    /// Most calls in one batch, up to 10000; 0 for none: then a request is one call, not in a list.
    pub batch: u32,
    /// Methods that are not called in a batch with others.
    pub alone: Vec<String>,
    /// JSON Schemas of `params`, by the name of the method.
    pub params: BTreeMap<String, serde_json::Value>,
    /// Most bytes of a body that are read, up to 8388608.
    pub body_bytes: u32,
    /// Most microseconds of processor time that a body is read for, 100 to 1000000.
    pub budget_micros: u32,
    /// What becomes of requests whose body is beyond these or takes longer.
    pub on_budget: OnGap,
    /// What becomes of requests whose body cannot be read as JSON in one way only.
    pub on_unreadable: OnGap,
}

impl Default for JsonRpcConfig {
    fn default() -> Self {
        Self {
            methods: NamesConfig::default(),
            batch: 20,
            alone: Vec::new(),
            params: BTreeMap::new(),
            body_bytes: 128 * 1024,
            budget_micros: 2_000,
            on_budget: OnGap::Refuse,
            on_unreadable: OnGap::Refuse,
        }
    }
}

/// A compiled JSON-RPC policy.
#[derive(Debug)]
pub(crate) struct JsonRpc {
    methods: Names,
    /// Whether methods are listed that may be called.
    is_listed: bool,
    batch: u32,
    alone: BTreeSet<String>,
    params: BTreeMap<String, Shape>,
    pub(super) within: Within,
}

impl JsonRpc {
    /// Compiles a policy. `seed` keys the hashes by which names are compared.
    pub(crate) fn compile(config: &JsonRpcConfig, seed: u64) -> Result<Self, Problem> {
        if config.batch > MOST_BATCH {
            return Err(Problem::new("batch", format!("expected at most {MOST_BATCH}")));
        }
        let params = config.params.iter().map(|(method, schema)| {
            let shape = Shape::compile(schema);
            let shape = shape.map_err(|why| Problem::new(format!("params.{method}"), why));
            Ok((method.to_lowercase(), shape?))
        });
        let bounds = (config.body_bytes, config.budget_micros);
        let gaps = (config.on_budget, config.on_unreadable);
        Ok(Self {
            methods: Names::compile("methods", &config.methods)?,
            is_listed: !config.methods.allow.is_empty(),
            batch: config.batch,
            alone: names::plain("alone", &config.alone)?.map(|name| name.to_lowercase()).collect(),
            params: params.collect::<Result<_, Problem>>()?,
            within: Within::compile(CODE, bounds, gaps, seed)?,
        })
    }

    /// What follows for a request.
    pub(super) fn check(
        &self,
        call: &Call,
        body: BodyView<'_>,
        readings: &mut Readings,
    ) -> Checked {
        let in_target = self.in_target(call.uri.query().unwrap_or(""))?;
        let checked = self.within.judge(readings, call, body, |decoded| self.judge(decoded));
        checked.map(|missing| missing.or(in_target))
    }

    /// What follows for methods that a target names.
    fn in_target(&self, query: &str) -> Checked {
        let mut missing = None;
        for (name, method) in query.split(['&', ';']).filter_map(|pair| pair.split_once('=')) {
            if !is_same_name(&asked::parameter(name), "method") {
                continue;
            }
            let method = asked::parameter(method);
            self.named(&method)?;
            if self.params.contains_key(&method.to_lowercase()) {
                missing = missing.or(self.within.gap(NOT_READABLE)?);
            }
        }
        Ok(missing)
    }

    /// What follows for a message of the client on a WebSocket.
    pub(super) fn check_message(&self, message: &Message) -> Checked {
        match self.within.read_message(message) {
            Ok(decoded) => self.judge(&decoded),
            Err(reason) => self.within.gap(reason),
        }
    }

    fn judge(&self, decoded: &Decoded) -> Checked {
        match decoded.request_format {
            Format::Empty => return Ok(None),
            Format::Json => {}
            _ => return self.within.gap(NOT_READABLE),
        }
        let Some(root) = decoded.view.root(Side::Request, Root::Body) else { return Ok(None) };
        if root.value() != Value::Array {
            return self.one(root, 1, self.within.until());
        }
        let count = root.children().count();
        if count > self.batch as usize {
            let title = "a batch holds more calls than are taken here";
            let refusal = Refusal::deny(StatusCode::BAD_REQUEST, CODE, title).because("batch");
            return Err(refusal.with_detail(format!("{count} calls are above {}", self.batch)));
        }
        let until = self.within.until();
        let mut missing = None;
        for message in root.children() {
            missing = missing.or(self.one(message, count, until)?);
        }
        Ok(missing)
    }

    fn named(&self, method: &str) -> Result<(), Refusal> {
        if self.methods.allows(method) {
            return Ok(());
        }
        Err(denied("this method is not served here").because("method"))
    }

    /// One call, among so many.
    fn one(&self, message: NodeRef<'_>, among: usize, until: u64) -> Checked {
        let (method, params) = match (member(message, "method"), member(message, "params")) {
            (Ok(method), Ok(params)) => (method, params),
            (Err(reason), _) | (_, Err(reason)) => return self.within.gap(reason),
        };
        let Some(Value::Text(method)) = method.map(|method| method.value()) else {
            let title = "a call names its method";
            return if self.is_listed { Err(denied(title).because("no-method")) } else { Ok(None) };
        };
        self.named(method)?;
        let method = method.to_lowercase();
        if among > 1 && self.alone.contains(&method) {
            return Err(denied("this method is not called in a batch").because("not-alone"));
        }
        let (Some(shape), Some(params)) = (self.params.get(&method), params) else {
            return Ok(None);
        };
        match shape.fits(params, until) {
            Ok(true) => Ok(None),
            Ok(false) => {
                let title = "the parameters do not fit their schema";
                Err(Refusal::deny(StatusCode::UNPROCESSABLE_ENTITY, CODE, title).because("params"))
            }
            Err(reason) => self.within.gap(reason),
        }
    }
}

fn denied(title: &'static str) -> Refusal {
    Refusal::deny(StatusCode::FORBIDDEN, CODE, title)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rule(text: &str) -> JsonRpc {
        let config: JsonRpcConfig = serde_saphyr::from_str(text).expect("settings");
        JsonRpc::compile(&config, 1).expect("compiles")
    }

    fn ask(rule: &JsonRpc, body: &str) -> Result<Option<&'static str>, (u16, &'static str)> {
        let decoded = rule.within.decode("application/json", body.to_owned().into());
        let checked = rule.judge(&decoded);
        checked.map_err(|refusal| (refusal.status.as_u16(), refusal.reason))
    }

    fn call(method: &str) -> String {
        format!(r#"{{"jsonrpc":"2.0","id":1,"method":"{method}"}}"#)
    }

    #[test]
    fn methods_are_listed_and_each_of_a_batch_counts() {
        let rule = rule(
            "{budget_micros: 1000000, methods: {allow: [user.*, login], deny: [user.drop]}, \
             batch: 3, alone: [login]}",
        );
        let batch = |methods: &[&str]| {
            let calls: Vec<_> = methods.iter().map(|method| call(method)).collect();
            format!("[{}]", calls.join(","))
        };
        for (body, expected) in [
            (call("user.get"), Ok(None)),
            (call("user.DROP"), Err((403, "method"))),
            (call("system.exec"), Err((403, "method"))),
            (r#"{"jsonrpc":"2.0","id":1,"result":1}"#.to_owned(), Err((403, "no-method"))),
            (r#"{"method":["user.get"]}"#.to_owned(), Err((403, "no-method"))),
            // Escapes hide nothing.
            (r#"{"method":"\u0073ystem.exec"}"#.to_owned(), Err((403, "method"))),
            (batch(&["user.get", "user.get", "user.get"]), Ok(None)),
            (batch(&["user.get", "user.drop"]), Err((403, "method"))),
            (batch(&["user.get"; 4]), Err((400, "batch"))),
            (batch(&["login"]), Ok(None)),
            (batch(&["login", "login"]), Err((403, "not-alone"))),
            ("[1]".to_owned(), Err((403, "no-method"))),
            // Servers that ignore case take these; of two that differ in it only they know which counts.
            (r#"{"Method":"user.drop"}"#.to_owned(), Err((403, "method"))),
            (r#"{"method":"user.get","METHOD":"user.drop"}"#.to_owned(), Err((415, NOT_READABLE))),
            (String::new(), Ok(None)),
            ("hello".to_owned(), Err((415, NOT_READABLE))),
        ] {
            assert_eq!(ask(&rule, &body), expected, "{body}");
        }
    }

    #[test]
    fn parameters_fit_the_schema_of_their_method() {
        let rule = rule(
            "{budget_micros: 1000000, params: {profile.update: {not: {required: [credit_limit]}}}}",
        );
        let update = |params: &str| format!(r#"{{"method":"profile.update","params":{params}}}"#);
        assert_eq!(ask(&rule, &update(r#"{"name":"a"}"#)), Ok(None));
        assert_eq!(ask(&rule, &update(r#"{"credit_limit":1}"#)), Err((422, "params")));
        for other in [
            r#"{"method":"Profile.Update","params":{"credit_limit":1}}"#,
            r#"{"METHOD":"profile.update","Params":{"credit_limit":1}}"#,
            "{\"method\":\"profile.update\",\"param\u{17f}\":{\"credit_limit\":1}}",
        ] {
            assert_eq!(ask(&rule, other), Err((422, "params")), "{other}");
        }
        let in_target = |query: &str| rule.in_target(query).map_err(|refusal| refusal.reason);
        assert_eq!(in_target("method=profile.update&params=%7B%7D"), Err(NOT_READABLE));
        assert_eq!(in_target("method=ping&x=1"), Ok(None));
        let batch = format!("[{},{}]", call("ping"), update(r#"{"credit_limit":1}"#));
        assert_eq!(ask(&rule, &batch), Err((422, "params")));
        assert_eq!(ask(&rule, &call("profile.update")), Ok(None));
    }

    #[test]
    fn a_target_names_methods_too() {
        let rule = rule("{methods: {deny: [admin.*]}}");
        let ask = |query: &str| rule.in_target(query).map_err(|refusal| refusal.reason);
        assert_eq!(ask(""), Ok(None));
        assert_eq!(ask("method=user.get&method=a"), Ok(None));
        for query in [
            "method=admin.peers",
            "Meth%6fd=admin%2Epeers",
            "a=1;method=ADMIN.x",
            "method=user.get&method=admin.peers",
        ] {
            assert_eq!(ask(query), Err("method"), "{query}");
        }
    }

    #[test]
    fn messages_of_sockets_are_calls_too() {
        let rule = rule("{budget_micros: 1000000, methods: {deny: [admin.*]}}");
        let send = |text: &str| {
            let data = bytes::Bytes::copy_from_slice(text.as_bytes());
            let message = Message { from_client: true, is_text: true, data };
            rule.check_message(&message).map_err(|refusal| refusal.reason)
        };
        assert_eq!(send(&call("eth_subscribe")), Ok(None));
        assert_eq!(send(&call("admin.peers")), Err("method"));
        assert_eq!(send(r#"{"method":"a","method":"admin.peers"}"#), Err(NOT_READABLE));
        assert_eq!(send("ping"), Err(NOT_READABLE));
    }

    #[test]
    fn what_is_wrong_is_refused_with_its_key() {
        for (text, key) in [
            ("{batch: 10001}", "batch"),
            ("{alone: ['']}", "alone"),
            ("{methods: {allow: ['a*b']}}", "methods.allow.0"),
            ("{params: {a: {type: nothing}}}", "params.a"),
        ] {
            let config: JsonRpcConfig = serde_saphyr::from_str(text).expect("settings");
            assert_eq!(JsonRpc::compile(&config, 1).expect_err(text).key, key);
        }
    }
}
