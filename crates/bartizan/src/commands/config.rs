//! `config check`, `config show`, `config schema`.

use super::{
    Cli, CommandError, Exit,
    arguments::{ConfigCommand, ShowFormat},
    terminal,
};
use crate::config::{Config, Loaded, load};

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
            let from = match &loaded.file {
                Some(path) => path.display().to_string(),
                None => "no file, defaults only".to_owned(),
            };
            let variables = match loaded.variables.as_slice() {
                [] => String::new(),
                names => format!(", with {}", names.join(", ")),
            };
            format!("configuration is right ({from}{variables})\n")
        }
        ConfigCommand::Show { format } => show(&current(cli)?.config, *format)?,
        ConfigCommand::Schema => schema()?,
    };
    terminal::write_out(None, text.as_bytes())?;
    Ok(Exit::Clean)
}

fn show(config: &Config, format: ShowFormat) -> Result<String, CommandError> {
    let defect =
        |error: String| CommandError::usage(format!("cannot show the configuration: {error}"));
    match format {
        ShowFormat::Yaml => serde_saphyr::to_string(config).map_err(|e| defect(e.to_string())),
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
