//! `catalog clients`: which software calls, what it was granted and what it uses of that.

use bartizan_model::{ClientDetail, ClientSummary, ids::ClientId};
use bartizan_store::{ClientFilter, ClientOrder};
use serde::Serialize;

use super::{
    Cli, CommandError, Exit, analyze,
    arguments::{CatalogClients, ListFormat},
    config,
    data::{self, Data, failed},
    terminal,
};
use crate::output::{self, csv};

pub(super) fn run(cli: &Cli, arguments: &CatalogClients) -> Result<Exit, CommandError> {
    let config = config::current(cli)?.config;
    let scope = analyze::scope(&config);
    let folder = data::folder(arguments.data.as_ref(), &config);
    let data = Data::open_read_only(&folder, &config, &scope)?;
    let store = data.directory.store();
    let out = arguments.out.as_deref();
    if let Some(id) = &arguments.client {
        let found = data.runtime.block_on(store.client(&scope, &ClientId::from_text(id.as_str())));
        let client = found.map_err(|error| failed(&error))?.ok_or_else(|| {
            CommandError::usage(format!("no client {id:?}; `bartizan catalog clients` lists all"))
        })?;
        terminal::write_out(out, &one(&client, arguments.format, out)?)?;
        return Ok(Exit::Clean);
    }
    let filter = ClientFilter {
        kinds: arguments.kind.clone(),
        forms: arguments.form.clone(),
        label_contains: arguments.label.clone(),
    };
    let mut clients: Vec<ClientSummary> = data.pages::<ClientOrder, _>(|page| {
        data.runtime.block_on(store.clients(&scope, &filter, page))
    })?;
    clients.truncate(arguments.limit.unwrap_or(usize::MAX));
    let bytes = match arguments.format {
        ListFormat::Json => json(&clients)?,
        ListFormat::Csv => table(&clients),
        ListFormat::Text => {
            let (style, width) = (terminal::style(out), terminal::width());
            output::text::clients(&clients, style, width).into_bytes()
        }
    };
    terminal::write_out(out, &bytes)?;
    Ok(Exit::Clean)
}

fn one(
    client: &ClientDetail,
    format: ListFormat,
    out: Option<&std::path::Path>,
) -> Result<Vec<u8>, CommandError> {
    Ok(match format {
        ListFormat::Json => json(client)?,
        ListFormat::Csv => table(std::slice::from_ref(&client.summary)),
        ListFormat::Text => {
            output::text::client(client, terminal::style(out), terminal::width()).into_bytes()
        }
    })
}

fn table(clients: &[ClientSummary]) -> Vec<u8> {
    let mut text = csv::head::<ClientSummary>();
    clients.iter().for_each(|client| csv::line(client, &mut text));
    text.into_bytes()
}

fn json(value: &impl Serialize) -> Result<Vec<u8>, CommandError> {
    let written = serde_json::to_vec_pretty(value).map_err(std::io::Error::from);
    let mut bytes = written.map_err(|error| CommandError::output("the list", &error))?;
    bytes.push(b'\n');
    Ok(bytes)
}
