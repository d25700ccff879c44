//! How much is done to find one path: whoever presents certificates must not decide that.

use std::cell::Cell;

use crate::path_error::PathError;

/// As in Go's crypto/x509 and in webpki.
const NAME_COMPARISONS: u32 = 250_000;
/// As in webpki.
const SIGNATURES: u32 = 100;
/// Certificates tried as the issuer of another one.
const STEPS: u32 = 10_000;

/// What is left to spend.
pub(super) struct Work {
    name_comparisons: Cell<u32>,
    signatures: Cell<u32>,
    steps: Cell<u32>,
}

impl Work {
    pub(super) fn new() -> Self {
        Self {
            name_comparisons: Cell::new(NAME_COMPARISONS),
            signatures: Cell::new(SIGNATURES),
            steps: Cell::new(STEPS),
        }
    }

    pub(super) fn compare_name(&self) -> Result<(), PathError> {
        spend(&self.name_comparisons)
    }

    pub(super) fn verify_signature(&self) -> Result<(), PathError> {
        spend(&self.signatures)
    }

    pub(super) fn try_issuer(&self) -> Result<(), PathError> {
        spend(&self.steps)
    }
}

fn spend(left: &Cell<u32>) -> Result<(), PathError> {
    let rest = left.get().checked_sub(1).ok_or(PathError::TooComplex)?;
    left.set(rest);
    Ok(())
}
