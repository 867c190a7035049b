//! `config check`, `config show`, `config schema`.

use std::{path::PathBuf, sync::Arc};

use bartizan_analysis::{Catalog, Snapshot, governance::RuleMistake};
use bartizan_model::{HashKey, Scope};

use super::{
    Cli, CommandError, Exit,
    arguments::{ConfigCommand, ShowFormat},
    terminal,
};
use crate::{
    catalog::{self, FileOwners},
    config::{Config, Loaded, load, place_of},
    serve::{self, Overrides, ServeError},
};

/// The configuration in force for this command line.
pub(super) fn current(cli: &Cli) -> Result<Loaded, CommandError> {
    Ok(load(cli.config.as_deref(), variables())?)
}

/// Environment variables that are text.
fn variables() -> impl Iterator<Item = (String, String)> {
    std::env::vars_os().filter_map(|(k, v)| Some((k.into_string().ok()?, v.into_string().ok()?)))
}

pub(super) fn run(cli: &Cli, command: &ConfigCommand) -> Result<Exit, CommandError> {
    let text = match command {
        ConfigCommand::Check { file } => {
            let loaded = load(file.as_deref().or(cli.config.as_deref()), variables())?;
            let notes = check(&loaded)?;
            let from = match &loaded.file {
                Some(path) => path.display().to_string(),
                None => "no file, defaults only".to_owned(),
            };
            let variables = match loaded.variables.as_slice() {
                [] => String::new(),
                names => format!(", with {}", names.join(", ")),
            };
            format!("configuration is right ({from}{variables})\n{notes}")
        }
        ConfigCommand::Show { format } => show(&current(cli)?.config, *format)?,
        ConfigCommand::Schema => schema()?,
    };
    terminal::write_out(None, text.as_bytes())?;
    Ok(Exit::Clean)
}

/// Compiles what `serve` would, and says what else there is to know.
fn check(loaded: &Loaded) -> Result<String, CommandError> {
    let config = &loaded.config;
    // Without services, `serve` is told on its command line where requests go.
    let is_nowhere = config.gateway.services.is_empty();
    let upstream = is_nowhere.then(|| "http://localhost".to_owned());
    let overrides = Overrides { listen: None, upstream };
    serve::check(config, &overrides).map_err(|error| refused(loaded, &error))?;
    let mut notes = match is_nowhere {
        true => "note: no gateway.services: `bartizan serve` needs --upstream URL\n".to_owned(),
        false => String::new(),
    };
    let now = serve::now();
    for ended in config.policies.iter().flat_map(|policy| policy.ended(now)) {
        notes.push_str(&format!("note: {ended}\n"));
    }
    Ok(notes)
}

/// What the judgement is given by the configuration, without specifications.
pub(super) fn snapshot(
    config: &Config,
    scope: Scope,
    key: HashKey,
) -> Result<Snapshot, CommandError> {
    let refused = |mistake: RuleMistake| {
        CommandError::usage(format!("governance[{}]: {}", mistake.rule, mistake.message))
    };
    config.snapshot(scope, key).map_err(refused)
}

/// What serving refuses, with the file that it is in.
pub(super) fn refused(loaded: &Loaded, error: &ServeError) -> CommandError {
    let file = match &loaded.file {
        Some(path) if error.is_of_the_configuration() => {
            let place = error.key().and_then(|key| place_of(path, key));
            let place = place.map(|(line, column)| format!(":{line}:{column}"));
            format!("{}{}: ", path.display(), place.unwrap_or_default())
        }
        _ => String::new(),
    };
    CommandError::usage(format!("{file}{error}")).help(error.help())
}

/// What is configured about whose endpoints are, with the owners of these specifications.
pub(super) fn catalog(loaded: &Loaded, specs: &[PathBuf]) -> Result<Arc<Catalog>, CommandError> {
    let compiled = catalog::compile(&loaded.config.catalog, specs);
    compiled.map(Arc::new).map_err(|error| refused(loaded, &error.into()))
}

/// Who owns which file, when a CODEOWNERS file is configured.
pub(super) fn file_owners(loaded: &Loaded) -> Result<Option<FileOwners>, CommandError> {
    FileOwners::read(&loaded.config.catalog).map_err(|error| refused(loaded, &error.into()))
}

fn show(config: &Config, format: ShowFormat) -> Result<String, CommandError> {
    let defect =
        |error: String| CommandError::usage(format!("cannot show the configuration: {error}"));
    match format {
        ShowFormat::Yaml => config.to_yaml().map_err(defect),
        ShowFormat::Json => serde_json::to_string_pretty(config)
            .map(|t| t + "\n")
            .map_err(|e| defect(e.to_string())),
    }
}

/// The JSON Schema of the configuration, with defaults and documentation of every key.
pub(super) fn schema() -> Result<String, CommandError> {
    let mut schema = schemars::schema_for!(Config).to_value();
    // Limits are documented where they are declared.
    let limits = bartizan_model::LimitName::ALL.iter().map(|name| {
        let entry = serde_json::json!({
            "type": "integer", "minimum": 0, "maximum": u32::MAX,
            "default": serde_json::to_value(bartizan_model::Limits::default())
                .ok().and_then(|v| v.get(name.as_str()).cloned()),
            "description": name.documentation(),
        });
        (name.as_str().to_owned(), entry)
    });
    if let Some(slot) = schema.pointer_mut("/properties/limits") {
        *slot = serde_json::json!({
            "type": "object", "additionalProperties": false,
            "description": "Limits of decoding. Each has a counter; what lies beyond is reported as not inspected.",
            "properties": limits.collect::<serde_json::Map<_, _>>(),
        });
    }
    serde_json::to_string_pretty(&schema)
        .map(|text| text + "\n")
        .map_err(|error| CommandError::usage(format!("cannot write the schema: {error}")))
}
