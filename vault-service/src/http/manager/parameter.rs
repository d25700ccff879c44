//! Parameters of a query, one by one: who gives a wrong one is told which, and what it has to be.

use super::failure::Failure;
use crate::manager::MAX_ENTRIES;

/// What is sought of a parameter.
#[derive(Clone, Copy, Debug)]
pub(super) struct Parameter {
    pub(super) name: &'static str,
    /// Ends "... is", with an example.
    pub(super) wanted: &'static str,
}

/// From where on in the audit log.
const AFTER: Parameter = Parameter {
    name: "after",
    wanted: "the seq of an entry, such as 4711",
};

/// How much of it.
const LIMIT: Parameter = Parameter {
    name: "limit",
    wanted: "a number of entries from 1 to 1000",
};

impl Parameter {
    /// What is there, if it reads.
    pub(super) fn read<T>(
        self,
        text: Option<String>,
        read: impl FnOnce(&str) -> Option<T>,
    ) -> Result<Option<T>, Failure> {
        let read = text.map(|text| read(&text).ok_or(Failure::Parameter(self)));
        read.transpose()
    }
}

/// Where a page of the audit log begins, if that is said, and how many entries it has at most.
pub(super) fn page(
    after: Option<String>,
    limit: Option<String>,
) -> Result<(Option<u64>, Option<u32>), Failure> {
    let limits = 1..=MAX_ENTRIES;
    Ok((
        AFTER.read(after, |text| text.parse().ok())?,
        LIMIT.read(limit, |text| {
            text.parse().ok().filter(|limit| limits.contains(limit))
        })?,
    ))
}
