//! `keys revoke --leaked`: keys of ours in somebody's text.

use std::{
    collections::HashMap,
    fmt::Write as _,
    fs::File,
    io::Read as _,
    path::{Path, PathBuf},
};

use bartizan_model::{ApiKeyDigest, ApiKeyState, HashKey, api_key::KeySearch};
use bartizan_store::{ApiKeyChange, MAX_API_KEYS};
use zeroize::Zeroizing;

use crate::commands::{
    Cli, CommandError, Exit,
    data::{Open, failed},
    listing::who,
    terminal,
};

/// Bytes that are read at a time.
const PIECE: usize = 64 * 1024;
/// Longest name of a file that goes into the audit log, in characters.
const NAME_CHARACTERS: usize = 200;

/// Revokes every key of ours in a file, and says how many others there were.
pub(super) fn revoke(
    cli: &Cli,
    file: &Path,
    reason: Option<&str>,
    folder: Option<&PathBuf>,
) -> Result<Exit, CommandError> {
    let open = Open::new(cli, folder, false)?;
    let hash_key = open.store.organisation_key(&open.scope.organisation, open.now);
    let hash_key = open.runtime.block_on(hash_key).map_err(|error| failed(&error))?;
    let mut leaked = read(file, &hash_key)?;
    let keys = open.runtime.block_on(open.store.api_keys(&open.scope));
    let keys = keys.map_err(|error| failed(&error))?;
    let reason = match reason {
        Some(reason) => reason.to_owned(),
        None => format!("leaked: {}", name(file)),
    };
    let (mut out, mut revoked, mut before) = (String::new(), 0, 0);
    for key in keys.iter().filter(|key| leaked.take(&key.digest)) {
        if key.state == ApiKeyState::Revoked {
            before += 1;
            continue;
        }
        let (id, to) = (key.id.clone(), ApiKeyState::Revoked);
        let change = ApiKeyChange { id, to, who: who(), reason: reason.clone(), now: open.now };
        let done = open.runtime.block_on(open.store.set_api_key_state(&open.scope, &change));
        done.map_err(|error| failed(&error))?;
        revoked += 1;
        // Writing to a string cannot fail.
        let _ = writeln!(out, "{}: {} → revoked  {}: {}", key.id, key.state, key.owner, key.name);
    }
    let (unknown, broken) = (leaked.digests.len(), leaked.broken);
    let _ = writeln!(
        out,
        "revoked {revoked}, revoked before {before}, unknown here {unknown}, cut or mistyped {broken}"
    );
    terminal::write_out(None, out.as_bytes())?;
    Ok(Exit::Clean)
}

/// Keys that were found: only their digests are kept.
struct Leaked {
    digests: HashMap<u64, Vec<ApiKeyDigest>>,
    broken: u64,
}

impl Leaked {
    /// Whether a key is among them; it is not any more.
    fn take(&mut self, digest: &ApiKeyDigest) -> bool {
        let Some(same) = self.digests.get_mut(&digest.index()) else { return false };
        let Some(at) = same.iter().position(|known| known.is_same(digest)) else { return false };
        same.swap_remove(at);
        if same.is_empty() {
            self.digests.remove(&digest.index());
        }
        true
    }
}

fn read(path: &Path, hash_key: &HashKey) -> Result<Leaked, CommandError> {
    let failed = |error: std::io::Error| {
        CommandError::input(format!("{} cannot be read: {error}", path.display()))
    };
    let mut file = File::open(path).map_err(failed)?;
    let mut piece = Zeroizing::new(vec![0; PIECE]);
    let mut digests: HashMap<u64, Vec<ApiKeyDigest>> = HashMap::new();
    let mut note = |secret: bartizan_model::ApiKeySecret| {
        let digest = secret.digest(hash_key);
        let same = digests.entry(digest.index()).or_default();
        if !same.iter().any(|known| known.is_same(&digest)) {
            same.push(digest);
        }
        digests.len() as u64
    };
    let mut search = KeySearch::default();
    let mut most = 0;
    loop {
        let count = file.read(&mut piece).map_err(failed)?;
        if count == 0 {
            break;
        }
        search.push(&piece[..count], &mut |secret| most = note(secret));
        // Nobody has so many keys: somebody makes them up.
        if most > 2 * MAX_API_KEYS {
            let problem = format!("{} holds more than {} keys", path.display(), 2 * MAX_API_KEYS);
            return Err(CommandError::input(problem).help("split it"));
        }
    }
    let broken = search.finish(&mut |secret| most = note(secret));
    Ok(Leaked { digests, broken })
}

/// The name of a file, as it goes into the audit log.
fn name(file: &Path) -> String {
    let name = file.file_name().unwrap_or_default().to_string_lossy();
    name.chars().filter(|c| !c.is_control()).take(NAME_CHARACTERS).collect()
}
