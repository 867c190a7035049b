//! `catalog split`: undoes merges of an endpoint. Works beside a running server, which learns of it within seconds.

use std::fmt::Write as _;

use bartizan_model::{Endpoint, EndpointId};
use bartizan_store::EndpointFilter;

use super::{
    Cli, CommandError, Exit,
    arguments::{CatalogSplit, ExplainFormat},
    data::{Learned, Open, failed},
    listing::{pages, who},
    shown::json,
    terminal,
};
use crate::{
    apart::{EndpointParts, EndpointSplit, MOST, MergedPath, Split, is_reason},
    output::visible::visible,
};

/// Most characters of a path or host that are shown.
const SHOWN: usize = 1_100;

pub(super) fn run(cli: &Cli, arguments: &CatalogSplit) -> Result<Exit, CommandError> {
    let reason = arguments.reason.clone().unwrap_or_default();
    if !is_reason(&reason) {
        return Err(CommandError::usage("--reason: expected one line of at most 1,000 bytes"));
    }
    if arguments.path.len() > MOST {
        return Err(CommandError::usage(format!("--path: expected at most {MOST} of them"))
            .help("without --path, all that was merged is kept apart, 500 paths at a time"));
    }
    let open = Open::new(cli, arguments.kept.data.as_ref(), false)?;
    let endpoint = find(&open, &arguments.endpoint)?;
    let merged = merged(&open, &endpoint.id)?;
    let bytes = if arguments.dry_run {
        let parts = EndpointParts::new(endpoint.id.clone(), endpoint.path.clone(), merged);
        match arguments.format {
            ExplainFormat::Json => json(&parts)?,
            ExplainFormat::Text => text_of_parts(&endpoint, &parts).into_bytes(),
        }
    } else {
        let decided = open.runtime.block_on(open.store.paths_apart(&open.scope));
        let decided = decided.map_err(|error| failed(&error))?;
        let split = Split::new(endpoint.id.clone(), merged, decided, &arguments.path);
        let split = split.map_err(|why| impossible(&endpoint, &why))?;
        let parting = split.parting(who(), reason, open.now);
        let kept = open.runtime.block_on(open.store.keep_apart(&open.scope, &parting));
        let split = split.told(kept.map_err(|error| failed(&error))?);
        match arguments.format {
            ExplainFormat::Json => json(&split)?,
            ExplainFormat::Text => text_of_split(&endpoint, &split).into_bytes(),
        }
    };
    terminal::write_out(arguments.kept.out.as_deref(), &bytes)?;
    Ok(Exit::Clean)
}

/// The endpoint that an id, or the beginning of one, leads to.
fn find(open: &Open, wanted: &str) -> Result<Endpoint, CommandError> {
    let id = EndpointId::from_text(wanted);
    let found = open.runtime.block_on(open.store.endpoint(&open.scope, &id));
    if let Some(found) = found.map_err(|error| failed(&error))? {
        return Ok(found);
    }
    let filter = EndpointFilter::default();
    let mut all: Vec<Endpoint> =
        pages(|page| open.runtime.block_on(open.store.endpoints(&open.scope, &filter, page)))?;
    all.retain(|one| one.id.as_str().starts_with(wanted));
    match (all.pop(), all.len()) {
        (Some(one), 0) => Ok(one),
        (None, _) => Err(CommandError::usage(format!("there is no endpoint `{wanted}`"))
            .help("`bartizan catalog` lists them; `--format json` shows their ids")),
        (Some(_), more) => {
            Err(CommandError::usage(format!("`{wanted}` fits {} endpoints", more + 1))
                .help("give more of the id"))
        }
    }
}

/// What merges took into an endpoint, as the last result in the store shows it.
fn merged(open: &Open, endpoint: &EndpointId) -> Result<Vec<MergedPath>, CommandError> {
    let learned = Learned::read(&open.runtime, &*open.store, &open.scope)?;
    if learned.is_foreign() {
        let message = "what another version of bartizan learned cannot be taken apart";
        return Err(CommandError::input(message)
            .help("`bartizan serve` or `bartizan analyze … --data DIR` learns it anew"));
    }
    let (state, _) = learned.state(&open.scope)?;
    Ok(MergedPath::of(state.parts(endpoint)))
}

fn impossible(endpoint: &Endpoint, why: &str) -> CommandError {
    let (name, why) = (name(endpoint), visible(why, SHOWN));
    CommandError::usage(format!("{name} cannot be split like that: {why}"))
        .help(format!("`bartizan catalog split {} --dry-run` shows what can be", endpoint.id))
}

/// An endpoint in a sentence. What of it came from traffic is made harmless for a terminal.
fn name(endpoint: &Endpoint) -> String {
    let text = format!("{} {}{}", endpoint.method.0, endpoint.host, endpoint.path);
    format!("{} ({})", visible(&text, SHOWN), endpoint.id)
}

fn text_of_parts(endpoint: &Endpoint, parts: &EndpointParts) -> String {
    let mut out = match parts.count {
        0 => format!("nothing was merged into {} that a path can keep apart\n", name(endpoint)),
        count => format!("paths that were merged into {}: {count}\n", name(endpoint)),
    };
    for one in &parts.items {
        let methods: Vec<&str> = one.methods.iter().map(String::as_str).collect();
        let line = format!("{}  {}", one.path, methods.join(" "));
        // Writing to a string cannot fail.
        let _ = writeln!(out, "  {}", visible(&line, SHOWN));
    }
    if !parts.is_all {
        let _ = writeln!(out, "  and {} more", parts.count - parts.items.len());
    }
    out
}

fn text_of_split(endpoint: &Endpoint, split: &EndpointSplit) -> String {
    let when = if split.is_new { "from now on" } else { "already; nothing was changed" };
    let mut out = format!("kept apart from {} {when}:\n", name(endpoint));
    for path in &split.paths {
        // Writing to a string cannot fail.
        let _ = writeln!(out, "  {}", visible(path, SHOWN));
    }
    if !split.is_all {
        let left = split.count - split.paths.len();
        let _ = writeln!(
            out,
            "{left} of {} paths stay merged, as one decision has room for {MOST}: split again for the next ones",
            split.count
        );
    }
    if split.is_new {
        out.push_str(
            "a running `bartizan serve` takes it over within seconds, else the next run on this folder does\n",
        );
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_told_says_what_is_left_and_is_harmless() {
        let endpoint = Endpoint {
            host: "h.example".to_owned(),
            path: "/\u{1b}[2J{id}".to_owned(),
            ..Endpoint::default()
        };
        let split = EndpointSplit {
            endpoint_id: EndpointId::from_text("ep_a"),
            paths: vec!["h.example/a".to_owned()],
            count: 4,
            is_all: false,
            is_new: true,
        };
        let text = text_of_split(&endpoint, &split);
        assert!(text.contains("\n  h.example/a\n3 of 4 paths stay merged"), "{text}");
        assert!(!text.contains('\u{1b}'), "{text:?}");
        let told = text_of_split(&endpoint, &EndpointSplit { is_new: false, ..split });
        assert!(told.contains("nothing was changed") && !told.contains("takes it over"), "{told}");
        let parts = EndpointParts::new(endpoint.id.clone(), endpoint.path.clone(), Vec::new());
        assert!(text_of_parts(&endpoint, &parts).starts_with("nothing was merged"));
    }
}
