//! Files and secrets that a configuration refers to.

use std::{fs::File, io::Read as _, path::Path};

use zeroize::Zeroizing;

/// Most bytes of a list of addresses.
pub(crate) const LIST_BYTES: u64 = 64 * 1024 * 1024;
/// Most bytes of a secret.
const SECRET_BYTES: u64 = 64 * 1024;

/// The text of a file of at most so many bytes.
///
/// # Errors
/// Says what is wrong with it.
pub(crate) fn text(path: &Path, most: u64) -> Result<String, String> {
    let failed = |error: std::io::Error| format!("{}: {error}", path.display());
    let mut text = String::new();
    let mut file = File::open(path).map_err(failed)?.take(most + 1);
    file.read_to_string(&mut text).map_err(failed)?;
    if text.len() as u64 > most {
        return Err(format!("{} has more than {most} bytes", path.display()));
    }
    Ok(text)
}

/// The secret that `env:NAME` or `file:PATH` leads to; one line break at its end is left out.
///
/// # Errors
/// Says what is wrong, without the secret.
pub fn secret(reference: &str) -> Result<Zeroizing<Vec<u8>>, String> {
    let found = if let Some(name) = reference.strip_prefix("env:") {
        std::env::var(name).map_err(|_| format!("the variable {name} is not set or no text"))?
    } else if let Some(path) = reference.strip_prefix("file:") {
        text(Path::new(path), SECRET_BYTES)?
    } else {
        return Err("a secret is named as `env:NAME` or `file:PATH`, never written here".to_owned());
    };
    let found = Zeroizing::new(found);
    let line = found.strip_suffix('\n').unwrap_or(&found);
    let line = line.strip_suffix('\r').unwrap_or(line);
    Ok(Zeroizing::new(line.as_bytes().to_vec()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_come_by_reference_only() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("secret");
        std::fs::write(&path, "s3cret\r\n").expect("written");
        let reference = format!("file:{}", path.display());
        assert_eq!(secret(&reference).expect("read").as_slice(), b"s3cret");
        for wrong in ["s3cret", "file:/nonexistent/x", "env:BARTIZAN_TEST_UNSET", ""] {
            let problem = secret(wrong).expect_err(wrong);
            assert!(!problem.contains("s3cret"), "{problem}");
        }
        std::fs::write(&path, "x".repeat(70_000)).expect("written");
        assert!(secret(&reference).is_err());
    }
}
