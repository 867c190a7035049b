//! Documents that tell what was learned, as `analyze` and `catalog` write them.

use bartizan_model::Endpoint;

use super::{CommandError, arguments::About};
use crate::output::{learned::Learned, visible::visible};

/// Most names that an error tells.
const MAX_NAMED: usize = 10;
/// Most characters of each.
const MAX_NAME_CHARS: usize = 100;

/// The document that is asked for.
pub(super) fn document(
    format: Learned,
    endpoints: &[Endpoint],
    about: &About,
) -> Result<String, CommandError> {
    let hosts = format.hosts(endpoints);
    if hosts.is_empty() {
        let what = match format {
            Learned::Openapi => "no endpoint was called, so there is nothing to describe",
            Learned::Graphql => "no GraphQL was called, so there is nothing to describe",
            Learned::Proto => "no method of gRPC was called, so there is nothing to describe",
        };
        return Err(CommandError::input(what));
    }
    let host = chosen("host", about.host.as_deref(), &hosts)?;
    let package = match &format.packages(endpoints, host)[..] {
        [] => "",
        packages => chosen("package", about.package.as_deref(), packages)?,
    };
    Ok(format.document(endpoints, host, package))
}

/// The one that is wanted, or the only one.
fn chosen<'a>(
    what: &str,
    wanted: Option<&str>,
    all: &[(&'a str, u64)],
) -> Result<&'a str, CommandError> {
    let named = all.iter().take(MAX_NAMED).map(|(name, requests)| {
        let name = if name.is_empty() { "\"\" (no name)" } else { name };
        format!("{} ({requests} requests)", visible(name, MAX_NAME_CHARS))
    });
    let named = named.collect::<Vec<_>>().join(", ");
    match (wanted, all) {
        (None, [(name, _)]) => Ok(name),
        (None, _) => Err(CommandError::usage(format!("{} {what}s were seen", all.len()))
            .help(format!("name one with --{what}: {named}"))),
        (Some(wanted), _) => all
            .iter()
            .find(|(name, _)| name.eq_ignore_ascii_case(wanted))
            .map(|(name, _)| *name)
            .ok_or_else(|| {
                CommandError::usage(format!("{what} {wanted:?} was not seen"))
                    .help(format!("seen were {named}"))
            }),
    }
}
