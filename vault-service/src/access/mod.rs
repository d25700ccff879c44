//! Who is calling, and what may they do. Deny by default.

mod caller;
mod decide;

pub use caller::Caller;
pub use decide::{Decision, in_group, in_organization};
