//! What a client has been sent and has not taken yet.

use std::collections::VecDeque;

use sallyport_model::SecretId;

/// Most responses that are remembered: a client that takes none is not waited for.
const MOST: usize = 16;

/// Secrets with their versions, as a response has them.
pub(super) type Versions = Vec<(SecretId, u64)>;

/// Responses by their nonces, oldest first.
#[derive(Debug, Default)]
pub(super) struct Outstanding(VecDeque<(String, Versions)>);

impl Outstanding {
    /// A response goes out.
    pub(super) fn sent(&mut self, nonce: &str, versions: Versions) {
        if self.0.len() == MOST {
            self.0.pop_front();
        }
        self.0.push_back((nonce.to_owned(), versions));
    }

    /// The client takes a response: what it runs from now on. Nothing if there was no such response.
    pub(super) fn taken(&mut self, nonce: &str) -> Versions {
        let at = self.0.iter().position(|(known, _)| known == nonce);
        // Responses are taken in their order: those before have been rejected, or were taken already.
        let taken = at.and_then(|at| self.0.drain(..=at).next_back());
        taken.map_or_else(Versions::new, |(_, versions)| versions)
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    fn versions(number: u64) -> Versions {
        vec![(SecretId::new(Uuid::from_u128(1)), number)]
    }

    #[test]
    fn a_response_is_taken_once_and_with_it_those_before_are_settled() {
        let mut outstanding = Outstanding::default();
        for number in 1..=3 {
            outstanding.sent(&number.to_string(), versions(number));
        }
        assert_eq!(outstanding.taken("7"), []);
        assert_eq!(outstanding.taken("2"), versions(2));
        assert_eq!(outstanding.taken("2"), []);
        assert_eq!(outstanding.taken("1"), []);
        assert_eq!(outstanding.taken("3"), versions(3));
    }

    #[test]
    fn a_client_that_takes_nothing_costs_no_more_than_so_much() {
        let mut outstanding = Outstanding::default();
        for number in 0..1_000 {
            outstanding.sent(&number.to_string(), versions(number));
        }
        assert_eq!(outstanding.0.len(), MOST);
        assert_eq!(outstanding.taken("999"), versions(999));
    }
}
