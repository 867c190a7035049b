//! `catalog clients`: which software calls, what it was granted and what it uses of that.

use bartizan_model::{ClientSummary, ids::ClientId};
use bartizan_store::{ClientFilter, ClientOrder};

use super::{
    Cli, CommandError, Exit,
    arguments::CatalogClients,
    data::failed,
    shown::{Shown, table},
};
use crate::output;

pub(super) fn run(cli: &Cli, arguments: &CatalogClients) -> Result<Exit, CommandError> {
    let shown = Shown::open(cli, &arguments.list.kept)?;
    let (data, scope, format) = (&shown.data, &shown.scope, arguments.list.format);
    let store = data.directory.store();
    if let Some(id) = &arguments.client {
        let found = data.runtime.block_on(store.client(scope, &ClientId::from_text(id.as_str())));
        let client = found.map_err(|error| failed(&error))?.ok_or_else(|| {
            CommandError::usage(format!("no client {id:?}; `bartizan catalog clients` lists all"))
        })?;
        return shown.show(
            format,
            &client,
            |out| table([&client.summary], out),
            |style, width| output::text::client(&client, style, width),
        );
    }
    let filter = ClientFilter {
        kinds: arguments.kind.clone(),
        forms: arguments.form.clone(),
        label_contains: arguments.label.clone(),
    };
    let mut clients: Vec<ClientSummary> = data.pages::<ClientOrder, _>(|page| {
        data.runtime.block_on(store.clients(scope, &filter, page))
    })?;
    clients.truncate(arguments.limit.unwrap_or(usize::MAX));
    shown.show(
        format,
        &clients,
        |out| table(&clients, out),
        |style, width| output::text::clients(&clients, style, width),
    )
}
