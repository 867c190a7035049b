//! `keys revoke --leaked`: keys of ours in somebody's text.

use std::{
    collections::HashMap,
    fs::File,
    io::Read as _,
    path::{Path, PathBuf},
};

use bartizan_model::{ApiKey, ApiKeyDigest, ApiKeyId, ApiKeyState, HashKey, api_key::KeySearch};
use bartizan_store::{ApiKeyChange, MAX_API_KEYS, StoreError};
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

/// Revokes every key of ours in a file, and says how many others there were. What was revoked is told in any case, also
/// where something fails on the way.
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
    let mut change = |key: &ApiKey| {
        let (id, to) = (key.id.clone(), ApiKeyState::Revoked);
        let change = ApiKeyChange { id, to, who: who(), reason: reason.clone(), now: open.now };
        let done = open.runtime.block_on(open.store.set_api_key_state(&open.scope, &change));
        match done {
            Ok(_) => Ok(true),
            // Somebody else may have done it meanwhile.
            Err(StoreError::InvalidChange { .. }) if is_revoked(&open, &key.id)? => Ok(false),
            Err(error) => Err(error),
        }
    };
    let mut told = Ok(());
    let mut tell = |line: &str| {
        // Whoever reads it may go away: the keys are out nevertheless.
        let written = terminal::write_out(None, line.as_bytes());
        told = std::mem::replace(&mut told, Ok(())).and(written);
    };
    let left = revoke_all(&keys, &mut leaked, &mut change, &mut tell);
    match left {
        Some((count, error)) => {
            let plural = if count == 1 { "key is" } else { "keys are" };
            Err(CommandError::usage(format!("{count} leaked {plural} still good: {error}"))
                .help("run the same command again, or revoke them one by one"))
        }
        None => told.map(|()| Exit::Clean),
    }
}

fn is_revoked(open: &Open, id: &ApiKeyId) -> Result<bool, StoreError> {
    let keys = open.runtime.block_on(open.store.api_keys(&open.scope))?;
    Ok(keys.iter().any(|key| key.id == *id && key.state == ApiKeyState::Revoked))
}

/// Revokes the keys that are among those that leaked, and tells of each as soon as that is done, of the others at the end.
/// What fails for one key keeps no other one good. `change` says whether the key was good until then. How many are left,
/// and why the first of them is.
fn revoke_all(
    keys: &[ApiKey],
    leaked: &mut Leaked,
    change: &mut dyn FnMut(&ApiKey) -> Result<bool, StoreError>,
    tell: &mut dyn FnMut(&str),
) -> Option<(u64, StoreError)> {
    let (mut revoked, mut before, mut left) = (0, 0, 0);
    let mut first = None;
    for key in keys.iter().filter(|key| leaked.take(&key.digest)) {
        if key.state == ApiKeyState::Revoked {
            before += 1;
            continue;
        }
        match change(key) {
            Ok(false) => before += 1,
            Ok(true) => {
                revoked += 1;
                tell(&format!(
                    "{}: {} → revoked  {}: {}\n",
                    key.id, key.state, key.owner, key.name
                ));
            }
            Err(error) => {
                left += 1;
                tell(&format!("{}: NOT revoked  {}: {}\n", key.id, key.owner, key.name));
                first = first.or(Some(error));
            }
        }
    }
    let not = if left > 0 { format!(", NOT revoked {left}") } else { String::new() };
    let (unknown, broken) = (leaked.count(), leaked.broken);
    tell(&format!(
        "revoked {revoked}{not}, revoked before {before}, unknown here {unknown}, cut or mistyped {broken}\n"
    ));
    first.map(|error| (left, error))
}

/// Keys that were found: only their digests are kept.
struct Leaked {
    digests: HashMap<u64, Vec<ApiKeyDigest>>,
    broken: u64,
}

impl Leaked {
    /// How many are left.
    fn count(&self) -> usize {
        self.digests.values().map(Vec::len).sum()
    }

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

#[cfg(test)]
mod tests {
    use bartizan_model::{ApiKeySecret, ApiKeyTerms, Scope, Timestamp};

    use super::*;

    const HASH_KEY: [u8; 32] = [7; 32];

    fn key(number: u8, state: ApiKeyState) -> ApiKey {
        let digest = ApiKeySecret::from_random([number; 32]).digest(&HashKey::new(HASH_KEY));
        ApiKey {
            id: ApiKeyId::derive(&Scope::default(), &[&digest.to_string()]),
            name: format!("n{number}"),
            owner: "acme".to_owned(),
            scopes: Vec::new(),
            state,
            created: Timestamp::default(),
            expires: None,
            last_used: None,
            terms: ApiKeyTerms::default(),
            digest,
        }
    }

    fn leaked(numbers: &[u8]) -> Leaked {
        let file = tempfile::NamedTempFile::new().expect("a file");
        let secrets = numbers.iter().map(|number| ApiKeySecret::from_random([*number; 32]));
        let text: Vec<_> = secrets.map(|secret| secret.reveal().to_string()).collect();
        std::fs::write(file.path(), text.join("\n")).expect("written");
        read(file.path(), &HashKey::new(HASH_KEY)).expect("read")
    }

    #[test]
    fn what_fails_for_one_key_keeps_no_other_one_good() {
        let mut keys: Vec<ApiKey> = (1..=5).map(|n| key(n, ApiKeyState::Active)).collect();
        keys[4].state = ApiKeyState::Revoked;
        let (mut done, mut told) = (Vec::new(), String::new());
        let left = revoke_all(
            &keys,
            &mut leaked(&[1, 2, 3, 5, 9]),
            &mut |key| {
                if key.name == "n2" {
                    return Err(StoreError::OpenedReadOnly);
                }
                done.push(key.name.clone());
                Ok(key.name != "n3")
            },
            &mut |line| told.push_str(line),
        );
        assert_eq!(done, ["n1", "n3"], "the one behind it as well");
        assert_eq!(left.map(|(count, _)| count), Some(1));
        let lines: Vec<&str> = told.lines().collect();
        assert_eq!(lines.len(), 3, "{told}");
        assert_eq!(lines[0], format!("{}: active → revoked  acme: n1", keys[0].id));
        assert_eq!(lines[1], format!("{}: NOT revoked  acme: n2", keys[1].id));
        // Another one was revoked by somebody else meanwhile.
        let sum = "revoked 1, NOT revoked 1, revoked before 2, unknown here 1, cut or mistyped 0";
        assert_eq!(lines[2], sum);
    }

    #[test]
    fn what_was_revoked_is_told_before_the_next_one_is() {
        let keys = [key(1, ApiKeyState::Active), key(2, ApiKeyState::Disabled)];
        let steps = std::cell::RefCell::new(Vec::new());
        let left = revoke_all(
            &keys,
            &mut leaked(&[1, 2]),
            &mut |key| {
                steps.borrow_mut().push(format!("revoked {}", key.name));
                Ok(true)
            },
            &mut |line| {
                let name = line.trim_end().rsplit(' ').next().unwrap_or_default().to_owned();
                steps.borrow_mut().push(format!("told {name}"));
            },
        );
        assert!(left.is_none());
        let expected = ["revoked n1", "told n1", "revoked n2", "told n2", "told 0"];
        assert_eq!(*steps.borrow(), expected);
    }
}
