//! How much key derivation a keystore may ask for.

use super::error::KeystoreError;
use crate::private_key_encryption::MAX_PBKDF2_ITERATIONS;

/// Most iterations of one key derivation: about a second of work.
pub(super) const MAX_ITERATIONS: u64 = MAX_PBKDF2_ITERATIONS as u64;
/// Most iterations of all key derivations that opening a store takes: a bag inside of an encrypted
/// bag may ask again.
const MAX_TOTAL_ITERATIONS: u64 = 4 * MAX_ITERATIONS;

/// What may still be spent.
pub(super) struct WorkBudget {
    spent: u64,
}

impl WorkBudget {
    pub(super) fn new() -> Self {
        Self { spent: 0 }
    }

    /// To be called before the work is done.
    pub(super) fn spend(&mut self, iterations: u64) -> Result<(), KeystoreError> {
        if iterations > MAX_ITERATIONS {
            return Err(KeystoreError::TooMuchWork {
                iterations,
                limit: MAX_ITERATIONS,
            });
        }
        self.spent = self.spent.saturating_add(iterations);
        if self.spent > MAX_TOTAL_ITERATIONS {
            return Err(KeystoreError::TooMuchWork {
                iterations: self.spent,
                limit: MAX_TOTAL_ITERATIONS,
            });
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::{KeystoreError, MAX_ITERATIONS, WorkBudget};

    #[test]
    fn work_is_limited_for_one_derivation_and_for_all_of_them() {
        let mut budget = WorkBudget::new();
        let too_much = |iterations, limit| Err(KeystoreError::TooMuchWork { iterations, limit });
        assert_eq!(
            budget.spend(MAX_ITERATIONS + 1),
            too_much(MAX_ITERATIONS + 1, MAX_ITERATIONS)
        );
        for _ in 0..4 {
            assert_eq!(budget.spend(MAX_ITERATIONS), Ok(()));
        }
        assert_eq!(
            budget.spend(1),
            too_much(4 * MAX_ITERATIONS + 1, 4 * MAX_ITERATIONS)
        );
    }
}
