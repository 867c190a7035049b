//! Saved state: a version byte, then postcard.

use serde::{Serialize, de::DeserializeOwned};

use crate::detectors::StateError;

/// State as bytes. Empty when it cannot be written, which no reader accepts.
#[must_use]
pub fn save<T: Serialize>(version: u8, state: &T) -> Vec<u8> {
    postcard::to_extend(state, vec![version]).unwrap_or_default()
}

/// Reads what [`save`] wrote.
///
/// # Errors
/// When the version differs, the bytes are damaged or something follows them.
pub fn load<T: DeserializeOwned>(version: u8, bytes: &[u8]) -> Result<T, StateError> {
    let (found, body) = bytes.split_first().ok_or(StateError)?;
    if *found != version {
        return Err(StateError);
    }
    let (state, rest) = postcard::take_from_bytes(body).map_err(|_| StateError)?;
    if rest.is_empty() { Ok(state) } else { Err(StateError) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn refuses_other_versions_damage_and_leftovers() {
        let bytes = save(3, &vec![1u64, 2, 300]);
        assert_eq!(load::<Vec<u64>>(3, &bytes), Ok(vec![1, 2, 300]));
        assert_eq!(load::<Vec<u64>>(4, &bytes), Err(StateError));
        assert_eq!(load::<Vec<u64>>(3, &bytes[..bytes.len() - 1]), Err(StateError));
        let mut longer = bytes;
        longer.push(0);
        assert_eq!(load::<Vec<u64>>(3, &longer), Err(StateError));
        assert_eq!(load::<Vec<u64>>(3, &[]), Err(StateError));
    }
}
