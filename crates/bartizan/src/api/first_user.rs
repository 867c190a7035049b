//! The first user, on the first start: `admin`, whose password lies in a file that only its owner can
//! read, and has to be changed at the first log-in (but for [`FirstPassword::Lasts`]). It is written nowhere
//! else.

use std::{
    fs::OpenOptions,
    io::Write as _,
    os::unix::fs::OpenOptionsExt as _,
    path::{Path, PathBuf},
};

use bartizan_model::{Role, Scope};
use bartizan_store::{NewPassword, PRODUCT, Store};
use zeroize::Zeroizing;

use super::password;

/// Name of the file in the folder of the store.
const FILE: &str = "first-password";
/// Name of the first user.
const NAME: &str = "admin";

/// How long the password of the first user counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FirstPassword {
    /// Until the first log-in, which has to change it.
    Once,
    /// As long as the store: for one that goes away with its process.
    Lasts,
}

/// Why there is no first user.
#[derive(Debug, thiserror::Error)]
pub enum FirstUserError {
    /// The store cannot be read or written.
    #[error(transparent)]
    Store(#[from] bartizan_store::StoreError),
    /// The file cannot be written.
    #[error("cannot write the first password to {}: {source}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// There is no randomness, or no memory.
    #[error("cannot make the first password: {0}")]
    Made(String),
}

/// Makes the first user where there is none. Gives the file that holds the password, as long as it was
/// not changed.
pub(crate) async fn ensure(
    store: &dyn Store,
    scope: &Scope,
    folder: &Path,
    kind: FirstPassword,
) -> Result<Option<PathBuf>, FirstUserError> {
    let path = folder.join(FILE);
    let users = store.users(scope).await?;
    if !users.is_empty() {
        let is_first = |user: &bartizan_model::User| user.name == NAME && user.must_change_password;
        return Ok(users.iter().any(is_first).then_some(path).filter(|path| path.is_file()));
    }
    let made = |error: &dyn std::fmt::Display| FirstUserError::Made(error.to_string());
    let mut bytes = Zeroizing::new([0; 20]);
    getrandom::fill(bytes.as_mut()).map_err(|e| made(&e))?;
    let text = Zeroizing::new(readable(&bytes));
    let hash = password::hash(&text).map_err(|e| made(&e))?;
    // First the file: a user whose password nobody can read would be no use.
    write(&path, &text).map_err(|source| FirstUserError::File { path: path.clone(), source })?;
    let password = NewPassword { hash, must_change: kind == FirstPassword::Once };
    store.add_user(scope, NAME, Role::Admin, &password, PRODUCT, crate::serve::now()).await?;
    Ok(Some(path))
}

/// Removes the file when the password in it, that of the first user, was replaced.
pub(super) fn forget_of(user: &str, folder: &Path) {
    if user == NAME {
        // When it stays, it only holds a password that does not count any more.
        let _ = std::fs::remove_file(folder.join(FILE));
    }
}

/// Five groups of four letters and digits that are not mistaken for each other: 99 bits.
fn readable(bytes: &[u8; 20]) -> String {
    const LETTERS: &[u8; 31] = b"23456789abcdefghjkmnpqrstuvwxyz";
    let mut text = String::with_capacity(24);
    for (at, byte) in bytes.iter().enumerate() {
        if at % 4 == 0 && at > 0 {
            text.push('-');
        }
        // 31 letters: the rest of 256 by 31 makes eight of them a little likelier.
        text.push(char::from(LETTERS[usize::from(*byte) % LETTERS.len()]));
    }
    text
}

fn write(path: &Path, text: &str) -> std::io::Result<()> {
    // One that is left of an earlier start that failed.
    let _ = std::fs::remove_file(path);
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?;
    writeln!(file, "{text}")?;
    file.sync_all()
}
