//! Functions and methods that Python brings, as far as routes are made with them.

use super::{
    value::{Arguments, Value, tail},
    world::{MAX_LIST, World},
};

impl World<'_> {
    /// What a function of the language or of its library gives back; `None` for others.
    pub(super) fn builtin(&mut self, name: &str, arguments: &Arguments) -> Option<Value> {
        let first = arguments.positional.first();
        Some(match name {
            "list" | "tuple" | "set" | "frozenset" | "sorted" | "iter" => match first {
                Some(value @ (Value::List(_) | Value::Dict(_))) => {
                    let members = self.iterate(value);
                    self.list(members)
                }
                Some(_) => Value::Unknown,
                None => self.list(Vec::new()),
            },
            "dict" => {
                let mut entries = match first {
                    Some(Value::Dict(dict)) => self.dicts.get(*dict).cloned().unwrap_or_default(),
                    _ => Vec::new(),
                };
                let named = arguments.named.iter();
                entries.extend(named.map(|(key, value)| (Value::Str(key.clone()), value.clone())));
                self.dict(entries)
            }
            "str" => first.and_then(|value| self.text(value)).map_or_else(
                || if first == Some(&Value::Absent) { Value::Absent } else { Value::Unknown },
                |text| Value::str(&text),
            ),
            "bool" => first.and_then(|value| self.truth(value)).map_or(Value::Unknown, Value::Bool),
            "len" => match first {
                Some(Value::Absent) => Value::Int(0),
                _ => Value::Unknown,
            },
            "enumerate" => {
                let members = first.map(|value| self.iterate(value)).unwrap_or_default();
                let mut pairs = Vec::new();
                for (at, member) in members.into_iter().enumerate() {
                    let number = i64::try_from(at).map_or(Value::Unknown, Value::Int);
                    pairs.push(self.list(vec![number, member]));
                }
                self.list(pairs)
            }
            "zip" => {
                let second = arguments.positional.get(1).map(|value| self.iterate(value));
                let members = first.map(|value| self.iterate(value)).unwrap_or_default();
                let mut pairs = Vec::new();
                for (a, b) in members.into_iter().zip(second.unwrap_or_default()) {
                    pairs.push(self.list(vec![a, b]));
                }
                self.list(pairs)
            }
            "getattr" => return Some(self.get_attribute(arguments)),
            "hasattr" => match first {
                Some(Value::Absent) => Value::Bool(false),
                _ => Value::Unknown,
            },
            _ => return self.library(name, arguments),
        })
    }

    /// Functions that ask about values, and those of modules that come with the language.
    fn library(&mut self, name: &str, arguments: &Arguments) -> Option<Value> {
        let first = arguments.positional.first();
        Some(match name {
            "any" | "all" => {
                let is_any = name == "any";
                let members = match first {
                    Some(list @ Value::List(_)) => self.members(list),
                    _ => return Some(Value::Unknown),
                };
                let told: Vec<_> = members.iter().map(|value| self.truth(value)).collect();
                match (told.contains(&Some(is_any)), told.contains(&None)) {
                    (true, _) => Value::Bool(is_any),
                    (false, true) => Value::Unknown,
                    (false, false) => Value::Bool(!is_any),
                }
            }
            "isinstance" => match (first, arguments.positional.get(1)) {
                (Some(Value::Absent), Some(Value::Name(of))) => {
                    Value::Bool(tail(of).contains("Anonymous"))
                }
                _ => Value::Unknown,
            },
            "os.getenv" | "os.environ.get" => match arguments.get(1, "default") {
                Some(value) => value.clone(),
                None => Value::Unknown,
            },
            "typing.cast" => arguments.positional.get(1).cloned().unwrap_or(Value::Unknown),
            "importlib.import_module" | "import_module" => {
                let Some(Value::Str(name)) = first else { return Some(Value::Unknown) };
                let name = name.trim_start_matches('.').to_owned();
                match self.modules.absolute(&name, 0) {
                    Some(module) => {
                        self.import(module);
                        Value::Module(module)
                    }
                    None => Value::Unknown,
                }
            }
            _ => return None,
        })
    }

    fn get_attribute(&mut self, arguments: &Arguments) -> Value {
        let (Some(of), Some(Value::Str(name))) =
            (arguments.positional.first(), arguments.positional.get(1))
        else {
            return Value::Unknown;
        };
        match self.attribute(of, name) {
            // An attribute that nothing is known of: the default, if there is one.
            Value::Attr(_) | Value::Unknown => match arguments.positional.get(2) {
                Some(default) if matches!(of, Value::Function(_)) => default.clone(),
                _ => Value::Unknown,
            },
            value => value,
        }
    }

    /// What a method of a text, list or dictionary gives back; `None` for others.
    pub(super) fn method(
        &mut self,
        of: &Value,
        name: &str,
        arguments: &Arguments,
    ) -> Option<Value> {
        match of {
            Value::Str(text) => self.text_method(text, name, arguments),
            Value::List(list) => self.list_method(*list, name, arguments),
            Value::Dict(_) => self.dict_method(of, name, arguments),
            _ => None,
        }
    }

    fn text_method(&mut self, text: &str, name: &str, arguments: &Arguments) -> Option<Value> {
        let first = arguments.positional.first();
        let given = match first {
            Some(Value::Str(given)) => Some(given.to_string()),
            _ => None,
        };
        let set: Vec<char> = given.as_deref().unwrap_or(" \t\n\r").chars().collect();
        let set = set.as_slice();
        Some(match name {
            "strip" => Value::str(text.trim_matches(set)),
            "lstrip" => Value::str(text.trim_start_matches(set)),
            "rstrip" => Value::str(text.trim_end_matches(set)),
            "lower" | "casefold" => Value::str(&text.to_lowercase()),
            "upper" => Value::str(&text.to_uppercase()),
            "title" | "capitalize" | "encode" | "decode" => Value::str(text),
            "removeprefix" => {
                Value::str(given.and_then(|p| text.strip_prefix(p.as_str())).unwrap_or(text))
            }
            "removesuffix" => {
                Value::str(given.and_then(|p| text.strip_suffix(p.as_str())).unwrap_or(text))
            }
            "replace" => match (given, arguments.positional.get(1)) {
                (Some(what), Some(Value::Str(with))) if !what.is_empty() && text.len() < 2_000 => {
                    Value::str(&text.replace(&what, with))
                }
                _ => Value::Unknown,
            },
            "startswith" | "endswith" => {
                let all = match first {
                    Some(list @ Value::List(_)) => self.members(list),
                    Some(one) => vec![one.clone()],
                    None => Vec::new(),
                };
                let mut is_sure = true;
                for part in &all {
                    match part {
                        Value::Str(part) if name == "startswith" && text.starts_with(&**part) => {
                            return Some(Value::Bool(true));
                        }
                        Value::Str(part) if name == "endswith" && text.ends_with(&**part) => {
                            return Some(Value::Bool(true));
                        }
                        Value::Str(_) => {}
                        _ => is_sure = false,
                    }
                }
                if is_sure { Value::Bool(false) } else { Value::Unknown }
            }
            "split" => match given {
                Some(by) if !by.is_empty() => {
                    let parts = text.split(by.as_str()).take(200).map(Value::str).collect();
                    self.list(parts)
                }
                _ => {
                    let parts = text.split_whitespace().take(200).map(Value::str).collect();
                    self.list(parts)
                }
            },
            "join" => {
                let members = first.map(|list| self.members(list)).unwrap_or_default();
                let parts: Vec<String> =
                    members.iter().take(50).filter_map(|value| self.text(value)).collect();
                Value::str(&parts.join(text))
            }
            "format" => Value::str(&self.format(text, arguments)),
            _ => Value::Unknown,
        })
    }

    /// `text.format(…)`.
    fn format(&self, text: &str, arguments: &Arguments) -> String {
        let mut out = String::new();
        let mut rest = text;
        let mut place = 0;
        while let Some((front, behind)) = rest.split_once('{') {
            out.push_str(front);
            if let Some(behind) = behind.strip_prefix('{') {
                out.push('{');
                rest = behind;
                continue;
            }
            let Some((name, behind)) = behind.split_once('}') else { break };
            let value = match name.parse::<usize>() {
                Ok(at) => arguments.positional.get(at),
                Err(_) if name.is_empty() => {
                    place += 1;
                    arguments.positional.get(place - 1)
                }
                Err(_) => arguments.named(name),
            };
            match value.and_then(|value| self.text(value)) {
                Some(value) => out.push_str(&value),
                None => out.push_str(&format!("{{{name}}}")),
            }
            rest = behind;
        }
        out.push_str(rest);
        out.replace("}}", "}")
    }

    fn list_method(&mut self, list: usize, name: &str, arguments: &Arguments) -> Option<Value> {
        let first = arguments.positional.first().cloned();
        match (name, first) {
            ("append" | "add", Some(value)) => {
                if let Some(list) = self.lists.get_mut(list)
                    && list.len() < MAX_LIST
                {
                    list.push(value);
                }
            }
            ("extend" | "update", Some(value)) => self.extend(list, &value),
            ("insert", _) => {
                if let (Some(value), Some(list)) =
                    (arguments.positional.get(1).cloned(), self.lists.get_mut(list))
                    && list.len() < MAX_LIST
                {
                    list.insert(0, value);
                }
            }
            ("copy", _) => {
                let members = self.members(&Value::List(list));
                return Some(self.list(members));
            }
            _ => return Some(Value::Unknown),
        }
        Some(Value::Nothing)
    }

    fn dict_method(&mut self, dict: &Value, name: &str, arguments: &Arguments) -> Option<Value> {
        let Value::Dict(at) = dict else { return None };
        let entries = self.dicts.get(*at).cloned().unwrap_or_default();
        Some(match name {
            "get" | "pop" | "setdefault" => match arguments.positional.first() {
                Some(Value::Str(key)) => match self.entry(dict, key) {
                    Some(value) => value,
                    None => arguments.positional.get(1).cloned().unwrap_or(Value::Nothing),
                },
                _ => Value::Unknown,
            },
            "keys" => self.list(entries.into_iter().map(|(key, _)| key).collect()),
            "values" => self.list(entries.into_iter().map(|(_, value)| value).collect()),
            "items" => {
                let mut pairs = Vec::new();
                for (key, value) in entries {
                    pairs.push(self.list(vec![key, value]));
                }
                self.list(pairs)
            }
            "update" => {
                let mut more = match arguments.positional.first() {
                    Some(Value::Dict(more)) => self.dicts.get(*more).cloned().unwrap_or_default(),
                    _ => Vec::new(),
                };
                let named = arguments.named.iter();
                more.extend(named.map(|(key, value)| (Value::Str(key.clone()), value.clone())));
                if let Some(entries) = self.dicts.get_mut(*at) {
                    let room = MAX_LIST.saturating_sub(entries.len());
                    entries.extend(more.into_iter().take(room));
                }
                Value::Nothing
            }
            "copy" => self.dict(entries),
            _ => Value::Unknown,
        })
    }
}
