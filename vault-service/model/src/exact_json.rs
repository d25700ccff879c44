//! JSON that holds secrets.

use std::io;

use serde::Serialize;
use zeroize::Zeroizing;

/// JSON in a buffer of exactly the right size, zeroed when dropped. It is written twice, once to see how
/// long it is: a buffer that grows leaves copies, and one with room to spare is kept and zeroed in vain.
///
/// # Errors
/// The value does not write itself as JSON.
pub fn exact_json<T: Serialize + ?Sized>(
    value: &T,
) -> Result<Zeroizing<Vec<u8>>, serde_json::Error> {
    let mut length = Length(0);
    serde_json::to_writer(&mut length, value)?;
    let mut json = Zeroizing::new(Vec::with_capacity(length.0));
    serde_json::to_writer(&mut *json, value)?;
    Ok(json)
}

/// Counts what is written to it.
struct Length(usize);

impl io::Write for Length {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0 += bytes.len();
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_takes_the_room_that_it_needs_and_no_more() {
        for length in [0, 1, 300, 40_000] {
            let json = exact_json(&["s".repeat(length)]).unwrap();
            assert_eq!((json.len(), json.capacity()), (length + 4, length + 4));
        }
    }
}
