//! Files of routes that code names, and loops over them.

use super::{router::Router, scope::Scope};
use crate::{
    frameworks::php::{
        calls::{Chain, statements},
        values::{Value, below},
    },
    syntax::{File, Piece},
};

impl<'m, 'f> Router<'m, 'f> {
    pub(super) fn foreach(&mut self, piece: &Piece<'f>, scope: &Scope<'m, 'f>) {
        let mut parts = piece.children();
        let (Some(list), Some(variable)) = (parts.next(), parts.next()) else { return };
        let value = match Chain::of(&list) {
            // `File::allFiles(base_path('routes/api'))`
            Some(chain) => match chain.links.first().and_then(|it| it.argument(0, "directory")) {
                Some(folder) => match scope.known.value(&folder) {
                    Value::Text(folder) => Value::Text(format!("{folder}/*")),
                    other => other,
                },
                None => return,
            },
            None => scope.known.value(&list),
        };
        let items: Vec<(Option<String>, Value<'f>)> = match value {
            Value::List(items) => items,
            Value::Text(pattern) => {
                let files = self.files(&pattern, list.file, scope);
                files.into_iter().map(|it| (None, Value::Text(it.path.clone()))).collect()
            }
            _ => return,
        };
        for (key, item) in items.into_iter().take(200) {
            let mut inner = scope.deeper();
            let names: Vec<&str> =
                variable.all(&["variable_name"]).map(|name| name.text()).collect();
            match names.as_slice() {
                [name] => inner.known.set(name, item),
                [first, second] if variable.kind() == "pair" => {
                    inner.known.set(first, Value::Text(key.unwrap_or_default()));
                    inner.known.set(second, item);
                }
                names => {
                    if let Value::List(values) = item {
                        for (name, (_, value)) in names.iter().zip(values) {
                            inner.known.set(name, value);
                        }
                    }
                }
            }
            self.all(&statements(piece), &mut inner);
        }
    }

    /// The files that a path or pattern names.
    fn files(&self, pattern: &str, near: &File, scope: &Scope<'m, 'f>) -> Vec<&'f File> {
        let path = normal(pattern);
        let all = scope.known.classes.files().iter().copied();
        match path.split_once('*') {
            // A module is not known by the path that is written, but has the rest of it.
            Some(("", rest)) => {
                let folder = near.folder();
                let rest = rest.trim_start_matches('/');
                let found = all.filter(|file| {
                    file.path.ends_with(&format!("/{rest}"))
                        && folder.split('/').zip(file.path.split('/')).take(2).all(|(a, b)| a == b)
                });
                found.collect()
            }
            Some((front, _)) => all.filter(|file| file.path.starts_with(front)).collect(),
            None => {
                let exact: Vec<_> = all.clone().filter(|file| file.path == path).collect();
                if !exact.is_empty() || path.is_empty() {
                    return exact;
                }
                all.filter(|file| file.path == format!("{path}.php")).collect()
            }
        }
    }

    /// Goes through the files that an expression names.
    pub(super) fn load(&mut self, path: &Piece<'f>, scope: &Scope<'m, 'f>) {
        let mut named = scope.known.value(path).texts();
        if named.is_empty() {
            // `$file->getPathname()` in a loop over files, or `$app->basePath('routes/x.php')`.
            let variable = path.all(&["variable_name"]).next();
            let of_loop = variable.map(|it| scope.known.value(&it).texts()).unwrap_or_default();
            let last = path.all(&["string"]).last().map(|it| scope.known.value(&it).texts());
            let below_root = |it: &String| below(&scope.known.root, it.trim_start_matches('/'));
            named = match of_loop.is_empty() {
                true => last.unwrap_or_default().iter().map(below_root).collect(),
                false => of_loop,
            };
        }
        for name in named {
            for file in self.files(&name, path.file, scope) {
                self.file(file, scope);
            }
        }
    }
}

/// A path without `.` and `..`.
fn normal(path: &str) -> String {
    let mut parts: Vec<&str> = Vec::new();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop();
            }
            other => parts.push(other),
        }
    }
    parts.join("/")
}
