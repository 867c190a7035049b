//! `@fastify/autoload`: plugins by folder, with the names of folders as prefixes.

use super::{At, apply_plugin, handle, id_of, instance};
use crate::{
    frameworks::javascript::value::{Arg, Value},
    syntax::{File, Piece},
};

/// Registers every file below the folder that the options name.
pub(super) fn load<'f>(
    machine: &mut At<'_, 'f>,
    parent: usize,
    options: &Value<'f>,
    at: Piece<'f>,
) {
    let Some(folder) = machine.field(options, "dir").and_then(|dir| machine.text_of(&dir)) else {
        return;
    };
    let folder = folder.trim_matches('/').to_owned();
    let given = machine.field(options, "options").unwrap_or(Value::Nothing);
    let prefix = machine
        .field(&given, "prefix")
        .and_then(|prefix| machine.text_of(&prefix))
        .unwrap_or_default();
    let has_names =
        !matches!(machine.field(options, "dirNameRoutePrefix"), Some(Value::Flag(false)));
    let has_parameters = matches!(machine.field(options, "routeParams"), Some(Value::Flag(true)));
    let mut files: Vec<(&str, &'f File)> = machine
        .files
        .iter()
        .filter_map(|(path, file)| {
            Some((path.strip_prefix(folder.as_str())?.strip_prefix('/')?, *file))
        })
        .collect();
    files.sort_by_key(|(path, _)| *path);
    let with_index: Vec<&str> = files
        .iter()
        .filter(|(_, file)| is_index(file.name()))
        .map(|(_, file)| file.folder())
        .collect();
    let with_hooks = matches!(machine.field(options, "autoHooks"), Some(Value::Flag(true)));
    let cascades = matches!(machine.field(options, "cascadeHooks"), Some(Value::Flag(true)));
    for (below, file) in &files {
        if with_hooks && is_hooks(file.name()) {
            continue;
        }
        // A folder that has an index is that index.
        if !is_index(file.name()) && with_index.contains(&file.folder()) {
            continue;
        }
        let exports = machine.load(file);
        let plugin = machine.default_of(exports.clone());
        let own = ["autoPrefix", "prefixOverride"].iter().find_map(|name| {
            let found = machine.field(&exports, name).or_else(|| machine.field(&plugin, name));
            found.and_then(|own| machine.text_of(&own))
        });
        let mut path = prefix.clone();
        let folders = below.rsplit_once('/').map_or("", |(folders, _)| folders);
        for name in folders.split('/').filter(|name| has_names && !name.is_empty()) {
            path.push('/');
            match name.strip_prefix('_') {
                Some(parameter) if has_parameters => path.push_str(&format!(":{parameter}")),
                _ => path.push_str(name),
            }
        }
        if let Some(own) = own {
            path = format!("{path}/{}", own.trim_start_matches('/'));
        }
        let mut scope = parent;
        if with_hooks {
            let hooks: Vec<&File> = files
                .iter()
                .map(|(_, file)| *file)
                .filter(|hooks| is_hooks(hooks.name()))
                .filter(|hooks| {
                    file.folder() == hooks.folder()
                        || cascades && file.folder().starts_with(&format!("{}/", hooks.folder()))
                })
                .collect();
            scope = behind(machine, parent, &hooks, at);
        }
        apply_plugin(machine, scope, &plugin, &path, given.clone(), at);
    }
}

/// A scope in which the hooks of folders stand.
fn behind<'f>(machine: &mut At<'_, 'f>, parent: usize, hooks: &[&'f File], at: Piece<'f>) -> usize {
    let Value::Handle(scope) = instance(machine, false) else { return parent };
    let (Some(above), Some(below)) = (id_of(machine, parent), id_of(machine, scope.number)) else {
        return parent;
    };
    machine.host.graph.mount(above, "", below, Vec::new());
    for file in hooks {
        let exports = machine.load(file);
        let plugin = match machine.default_of(exports) {
            Value::Called(called) => called.args.first().map(|arg| arg.value.clone()),
            other => Some(other),
        };
        if let Some(Value::Function(function)) = plugin {
            machine.invoke(function, &[Arg { value: handle(scope.number), at }], None);
        }
    }
    scope.number
}

fn is_hooks(name: &str) -> bool {
    name.trim_start_matches('.').starts_with("autohooks.")
}

fn is_index(name: &str) -> bool {
    name.strip_prefix("index.").is_some_and(|ending| !ending.contains('.'))
}
