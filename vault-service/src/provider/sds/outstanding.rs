//! What a client has been sent and has not answered yet.

use std::collections::VecDeque;

use sallyport_model::SecretId;

/// Most responses that are remembered: a client that answers none is not waited for.
const MOST: usize = 4;

/// Secrets with their versions.
pub(super) type Versions = Vec<(SecretId, u64)>;

/// What a response brings.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Sent {
    /// Resources with their versions, as the audit log names them.
    pub(super) resources: Vec<(String, u64)>,
    /// What a client runs that accepts it.
    pub(super) versions: Versions,
}

/// Responses by their nonces, oldest first.
#[derive(Debug, Default)]
pub(super) struct Outstanding(VecDeque<(String, Sent)>);

impl Outstanding {
    /// A response goes out.
    pub(super) fn sent(&mut self, nonce: &str, sent: Sent) {
        if self.0.len() == MOST {
            self.0.pop_front();
        }
        self.0.push_back((nonce.to_owned(), sent));
    }

    /// The client answers a response: what that brought. Nothing if there was no such response, or if
    /// it was answered before.
    pub(super) fn answered(&mut self, nonce: &str) -> Option<Sent> {
        let at = self.0.iter().position(|(known, _)| known == nonce)?;
        // Responses are answered in their order: those before never will be.
        let (_, sent) = self.0.drain(..=at).next_back()?;
        Some(sent)
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    fn sent(number: u64) -> Sent {
        Sent {
            resources: vec![("a".to_owned(), number)],
            versions: vec![(SecretId::new(Uuid::from_u128(1)), number)],
        }
    }

    #[test]
    fn a_response_is_answered_once_and_with_it_those_before_are_settled() {
        let mut outstanding = Outstanding::default();
        for number in 1..=3 {
            outstanding.sent(&number.to_string(), sent(number));
        }
        assert_eq!(outstanding.answered("7"), None);
        assert_eq!(outstanding.answered("2"), Some(sent(2)));
        assert_eq!(outstanding.answered("2"), None);
        assert_eq!(outstanding.answered("1"), None);
        assert_eq!(outstanding.answered("3"), Some(sent(3)));
    }

    #[test]
    fn a_client_that_answers_nothing_costs_no_more_than_so_much() {
        let mut outstanding = Outstanding::default();
        for number in 0..1_000 {
            outstanding.sent(&number.to_string(), sent(number));
        }
        assert_eq!(outstanding.0.len(), MOST);
        assert_eq!(outstanding.answered("999"), Some(sent(999)));
    }
}
