//! What the language and its standard modules bring along, as far as set-up code uses it.

use super::{
    machine::{Host, Machine},
    modules::normal,
    value::{Arg, Call, Thing, Value},
};
use crate::syntax::Piece;

/// Callbacks of array methods are gone through for so many elements.
const MAX_ROUNDS: usize = 200;

impl<'f, H: Host<'f>> Machine<'_, 'f, H> {
    /// What a call of something built in gives; `None` for everything else.
    pub(super) fn builtin(&mut self, call: &Call<'f>) -> Option<Value<'f>> {
        if let Some((package, name)) = call.callee.exported() {
            return self.standard(package, name, call);
        }
        if let Value::Unread(piece) = call.callee {
            // `fileURLToPath` and others that are given without their module.
            return match piece.text() {
                "String" | "Number" => Some(call.arg(0)),
                "URL" => beside(call.arg(1).as_text()?, call.arg(0).as_text()?),
                _ => None,
            };
        }
        let (of, name) = call.method()?;
        let (of, name) = (of.clone(), name.to_owned());
        match name.as_str() {
            "then" => {
                let Value::Function(callback) = call.arg(0) else { return None };
                let given = Arg { value: of, at: call.at };
                return Some(self.invoke(callback, &[given], None));
            }
            "catch" => return Some(of),
            "bind" => return Some(of),
            "call" if matches!(of, Value::Function(_)) => {
                let args = call.args.iter().skip(1).cloned().collect();
                let inner = Call { callee: of, args, at: call.at };
                return Some(self.call(inner, Some(call.arg(0))));
            }
            _ => {}
        }
        match &of {
            Value::Text(text) => text_method(text, &name, call).map(|value| match value {
                Ok(value) => value,
                Err(parts) => {
                    let at = call.at;
                    let parts = parts.into_iter().map(|part| Arg { value: Value::text(&part), at });
                    self.list(parts.collect())
                }
            }),
            Value::List(_) => self.list_method(&of, &name, call),
            Value::Unread(piece) => self.global(piece.text(), &name, call),
            _ => None,
        }
    }

    fn standard(&mut self, package: &str, name: &str, call: &Call<'f>) -> Option<Value<'f>> {
        let texts = || call.args.iter().map_while(|arg| arg.value.as_text());
        match (package, name) {
            ("path", "join" | "resolve") => {
                let joined = texts().fold(String::new(), |path, part| {
                    if part.starts_with('/') && name == "resolve" {
                        part.to_owned()
                    } else {
                        format!("{path}/{part}")
                    }
                });
                (!joined.is_empty()).then(|| Value::text(&format!("/{}", normal("", &joined))))
            }
            ("path", "dirname") => {
                let path = call.arg(0).as_text()?.to_owned();
                Some(Value::text(path.rsplit_once('/').map_or("", |(folder, _)| folder)))
            }
            ("path", "basename") => {
                let path = call.arg(0).as_text()?.to_owned();
                let name = path.rsplit('/').next().unwrap_or_default();
                let end = call.arg(1).as_text().unwrap_or_default().to_owned();
                Some(Value::text(name.strip_suffix(end.as_str()).unwrap_or(name)))
            }
            ("path", "parse") => {
                let path = call.arg(0).as_text()?.to_owned();
                let name = path.rsplit('/').next().unwrap_or_default();
                let record = Value::Record(self.record(None));
                let stem = name.rsplit_once('.').map_or(name, |(stem, _)| stem);
                self.set_field(&record, "name", Value::text(stem));
                self.set_field(&record, "base", Value::text(name));
                Some(record)
            }
            ("desm", "join") => {
                let rest: Vec<&str> = texts().skip(1).collect();
                beside(call.arg(0).as_text()?, &rest.join("/"))
            }
            ("url", "fileURLToPath") => Some(call.arg(0)),
            ("fs" | "fs/promises", "readdirSync" | "readdir") => {
                let folder = call.arg(0).as_text()?.trim_matches('/').to_owned();
                self.files_in(&folder, call.at)
            }
            _ => None,
        }
    }

    /// Names of the files in a folder, without the one that asks.
    fn files_in(&mut self, folder: &str, at: Piece<'f>) -> Option<Value<'f>> {
        let mut names: Vec<&str> = self
            .files
            .iter()
            .filter(|(path, _)| **path != at.file.path)
            .filter_map(|(path, _)| match folder {
                "" => Some(*path),
                _ => path.strip_prefix(folder)?.strip_prefix('/'),
            })
            .filter(|name| !name.contains('/'))
            .collect();
        names.sort_unstable();
        let names = names.into_iter().map(|name| Arg { value: Value::text(name), at }).collect();
        Some(self.list(names))
    }

    fn global(&mut self, of: &str, name: &str, call: &Call<'f>) -> Option<Value<'f>> {
        let first = call.arg(0);
        let at = call.at;
        match (of, name) {
            ("Object", "entries") => {
                let fields = self.fields(&first).to_vec();
                let pairs = fields
                    .into_iter()
                    .map(|(name, value)| {
                        let pair = vec![Arg { value: Value::text(&name), at }, Arg { value, at }];
                        Arg { value: self.list(pair), at }
                    })
                    .collect();
                Some(self.list(pairs))
            }
            ("Object", "keys") => {
                let names = self.fields(&first).iter();
                let names = names.map(|(name, _)| Arg { value: Value::text(name), at }).collect();
                Some(self.list(names))
            }
            ("Object", "values") => {
                let values = self.fields(&first).iter();
                let values = values.map(|(_, value)| Arg { value: value.clone(), at }).collect();
                Some(self.list(values))
            }
            ("Object", "assign") => {
                for other in call.args.iter().skip(1) {
                    for (name, value) in self.fields(&other.value).to_vec() {
                        self.set_field(&first, &name, value);
                    }
                }
                Some(first)
            }
            ("Object", "freeze") | ("Array", "from") | ("Promise", "resolve" | "all") => {
                Some(first)
            }
            _ => None,
        }
    }

    fn list_method(&mut self, of: &Value<'f>, name: &str, call: &Call<'f>) -> Option<Value<'f>> {
        let items = self.items(of);
        match name {
            "forEach" | "map" | "flatMap" => {
                let Value::Function(callback) = call.arg(0) else { return None };
                let mut out = Vec::new();
                for (number, item) in items.into_iter().take(MAX_ROUNDS).enumerate() {
                    let at = item.at;
                    let index = Arg { value: Value::text(&number.to_string()), at };
                    let value = self.invoke(callback, &[item, index], None);
                    out.push(Arg { value, at });
                }
                if name == "flatMap" {
                    out = self.flat(&out);
                }
                Some(self.list(out))
            }
            "reduce" => {
                let Value::Function(callback) = call.arg(0) else { return None };
                let mut so_far = call.arg(1);
                for item in items.into_iter().take(MAX_ROUNDS) {
                    let before = Arg { value: so_far.clone(), at: item.at };
                    let next = self.invoke(callback, &[before, item], None);
                    so_far = if next.is_unknown() { so_far } else { next };
                }
                Some(so_far)
            }
            "filter" | "sort" | "slice" | "reverse" | "values" => Some(of.clone()),
            "flat" => {
                let flat = self.flat(&items);
                Some(self.list(flat))
            }
            "concat" => {
                let mut all = items;
                all.extend(self.flat(&call.args));
                Some(self.list(all))
            }
            "push" | "unshift" => {
                if name == "push" {
                    self.push(of, call.args.clone());
                } else if let Value::List(id) = of
                    && let Some(Thing::List(items)) = self.things.get_mut(id.0)
                    && items.len() < 10_000
                {
                    items.splice(0..0, call.args.iter().cloned());
                }
                Some(Value::Nothing)
            }
            "join" => {
                let between = call.arg(0).as_text().unwrap_or(",").to_owned();
                let texts = items.iter().map(|item| item.value.as_text());
                Some(Value::text(&texts.collect::<Option<Vec<_>>>()?.join(&between)))
            }
            _ => None,
        }
    }
}

/// A path seen from the folder of a file.
fn beside<'f>(file: &str, path: &str) -> Option<Value<'f>> {
    let (folder, _) = file.rsplit_once('/')?;
    Some(Value::text(&format!("/{}", normal(folder, path))))
}

/// What a method of a string gives: another one, or several.
fn text_method<'f>(
    text: &str,
    name: &str,
    call: &Call<'f>,
) -> Option<Result<Value<'f>, Vec<String>>> {
    let first = call.arg(0).as_text().map(str::to_owned);
    let text = match name {
        "toLowerCase" => text.to_lowercase(),
        "toUpperCase" => text.to_uppercase(),
        "toString" | "trim" | "valueOf" => text.trim().to_owned(),
        "concat" => {
            let more: String = call.args.iter().filter_map(|arg| arg.value.as_text()).collect();
            format!("{text}{more}")
        }
        "replace" | "replaceAll" => match (call.arg(0), call.arg(1).as_text()) {
            (Value::Text(from), Some(to)) => text.replacen(&*from, to, 1),
            // Endings of files are what is cut off by a pattern.
            (Value::Pattern(_), Some("")) => {
                text.rsplit_once('.').map_or(text, |(stem, _)| stem).to_owned()
            }
            _ => return None,
        },
        "split" => {
            let by = first?;
            return Some(Err(text.split(by.as_str()).take(1_000).map(str::to_owned).collect()));
        }
        _ => return None,
    };
    (text.len() <= 4_096).then(|| Ok(Value::text(&text)))
}
