//! Runs proofs against a lab.

use std::collections::HashMap;

use bytes::Bytes;
use serde_json::{Value, json};

use super::{Body, Expect, Kind, Step};
use crate::{
    client::{Client, ClientError, Reply},
    seed::{api_key, password},
};

/// Where a proof stopped.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    /// Nothing came back.
    #[error(transparent)]
    Client(#[from] ClientError),
    /// A login was refused.
    #[error("login of {0} failed: {1}")]
    Login(String, String),
    /// An expectation is not true.
    #[error("step {step} ({method} {path}): expected {expected}, got {status} {body}")]
    Unmet {
        /// Number of the step, from 0.
        step: usize,
        /// Its method.
        method: &'static str,
        /// Its path.
        path: &'static str,
        /// What was expected.
        expected: String,
        /// The status that came.
        status: u16,
        /// The beginning of the body that came.
        body: String,
    },
}

impl Failure {
    /// Number of the step whose expectation was not met.
    #[must_use]
    pub const fn step(&self) -> Option<usize> {
        if let Self::Unmet { step, .. } = self { Some(*step) } else { None }
    }
}

/// Runs steps, one after the other, and remembers what they captured.
#[derive(Debug)]
pub struct Runner {
    client: Client,
    /// What `${origin}` stands for: where the lab itself is.
    origin: String,
    tokens: HashMap<String, String>,
    values: HashMap<String, String>,
}

impl Runner {
    /// A runner that knows nobody yet.
    #[must_use]
    pub fn new(client: Client) -> Self {
        let origin = format!("http://{}", client.target());
        Self::behind(client, origin)
    }

    /// The same for a client that gets to the lab through something else; `origin` is where the lab itself is, as in
    /// `http://127.0.0.1:4800`.
    #[must_use]
    pub fn behind(client: Client, origin: String) -> Self {
        Self { client, origin, tokens: HashMap::new(), values: HashMap::new() }
    }

    /// Puts the lab back to its first state and forgets everything.
    ///
    /// # Errors
    /// When the lab does not answer.
    pub async fn reset(&mut self) -> Result<(), Failure> {
        self.tokens.clear();
        self.values.clear();
        self.client.send("POST", "/_lab/reset", &[], Bytes::new()).await?;
        Ok(())
    }

    /// Runs all steps.
    ///
    /// # Errors
    /// At the first step that cannot be sent or whose expectation is not met.
    pub async fn run(&mut self, steps: &[Step]) -> Result<(), Failure> {
        for (number, step) in steps.iter().enumerate() {
            let mut reply = Reply::default();
            for _ in 0..step.repeat {
                reply = self.send(step).await?;
            }
            let text = format!("{}\n{}", reply.text(), reply.header("set-cookie"));
            for (name, before) in step.capture {
                if let Some(value) = value_after(&text, before) {
                    self.values.insert((*name).to_owned(), value.to_owned());
                }
            }
            for expect in step.expect {
                if !self.holds(expect, &reply).await? {
                    return Err(Failure::Unmet {
                        step: number,
                        method: step.method,
                        path: step.path,
                        expected: format!("{expect:?}"),
                        status: reply.status,
                        body: reply.text().chars().take(400).collect(),
                    });
                }
            }
        }
        Ok(())
    }

    async fn send(&mut self, step: &Step) -> Result<Reply, Failure> {
        let path = self.fill(step.path).await?;
        let mut headers = Vec::new();
        for (name, value) in step.headers {
            headers.push(((*name).to_owned(), self.fill(value).await?));
        }
        if !step.identity.is_empty() {
            let token = self.token(step.identity).await?;
            headers.push(("authorization".to_owned(), format!("Bearer {token}")));
        }
        let (kind, body) = self.body(&step.body).await?;
        let typed = headers.iter().any(|(name, _)| name == "content-type");
        if !kind.is_empty() && !typed && step.kind == Kind::Http {
            headers.push(("content-type".to_owned(), kind.to_owned()));
        }
        let client = &self.client;
        Ok(match step.kind {
            Kind::Http => client.send(step.method, &path, &headers, body).await?,
            Kind::Grpc => client.grpc(&path, &headers, &body).await?,
            Kind::Events => client.events(&path, &headers).await?,
            Kind::Websocket => {
                let text = String::from_utf8_lossy(&body).into_owned();
                let lines: Vec<String> = text.lines().map(str::to_owned).collect();
                client.websocket(&path, &headers, &lines).await?
            }
        })
    }

    async fn body(&mut self, body: &Body) -> Result<(&'static str, Bytes), Failure> {
        Ok(match body {
            Body::Nothing => ("", Bytes::new()),
            Body::Text(kind, text) => (kind, Bytes::from(self.fill(text).await?)),
            Body::Bytes(bytes) => ("", Bytes::from_static(bytes)),
            Body::Filler(kind, before, count, after) => {
                (kind, Bytes::from(format!("{before}{}{after}", "a".repeat(*count))))
            }
            Body::Array(item, count) => {
                let items = vec![*item; *count].join(",");
                ("application/json", Bytes::from(format!("[{items}]")))
            }
            Body::Lines(line, count) => ("", Bytes::from(vec![*line; *count].join("\n"))),
        })
    }

    async fn holds(&mut self, expect: &Expect, reply: &Reply) -> Result<bool, Failure> {
        Ok(match expect {
            Expect::Status(status) => reply.status == *status,
            Expect::Success => (200..300).contains(&reply.status),
            Expect::Has(text) => reply.text().contains(&self.fill(text).await?),
            Expect::Lacks(text) => !reply.text().contains(&self.fill(text).await?),
            Expect::Header(name, text) => {
                let value = reply.header(name);
                !value.is_empty() && value.contains(&self.fill(text).await?)
            }
            Expect::HeaderLacks(name, text) => !reply.header(name).contains(text),
            Expect::Bytes(count) => reply.body.len() >= *count,
            Expect::Times(text, count) => reply.text().matches(text).count() >= *count,
        })
    }

    /// Replaces every `${…}`; what is not known becomes nothing.
    async fn fill(&mut self, text: &str) -> Result<String, Failure> {
        let mut out = String::with_capacity(text.len());
        let mut rest = text;
        while let Some((before, after)) = rest.split_once("${") {
            let Some((name, behind)) = after.split_once('}') else { break };
            out.push_str(before);
            let value = match name.split_once(':') {
                Some(("token", login)) => self.token(login).await?,
                Some(("aged", login)) => {
                    let path = format!("/_lab/token?login={login}&age=7200");
                    self.client.send("GET", &path, &[], Bytes::new()).await?.text()
                }
                Some(("key", login)) => api_key(login),
                _ if name == "origin" => self.origin.clone(),
                _ => self.values.get(name).cloned().unwrap_or_default(),
            };
            out.push_str(&value);
            rest = behind;
        }
        out.push_str(rest);
        Ok(out)
    }

    async fn token(&mut self, login: &str) -> Result<String, Failure> {
        if let Some(token) = self.tokens.get(login) {
            return Ok(token.clone());
        }
        let body = json!({"login": login, "password": password(login)}).to_string();
        let headers = [("content-type".to_owned(), "application/json".to_owned())];
        let reply = self.client.send("POST", "/auth/login", &headers, Bytes::from(body)).await?;
        let answer: Value = serde_json::from_slice(&reply.body).unwrap_or_default();
        let token = answer["access_token"].as_str();
        let token = token.ok_or_else(|| Failure::Login(login.to_owned(), reply.text()))?;
        self.tokens.insert(login.to_owned(), token.to_owned());
        Ok(token.to_owned())
    }
}

fn value_after<'a>(text: &'a str, before: &str) -> Option<&'a str> {
    let (_, rest) = text.split_once(before)?;
    let ends = |c: char| {
        matches!(c, '"' | '\'' | '\\' | '<' | '>' | ';' | '&' | ',' | '}') || c.is_whitespace()
    };
    let value = rest.split(ends).next()?;
    (!value.is_empty()).then_some(value)
}
