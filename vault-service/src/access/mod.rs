//! Who is calling, and what may they do. Deny by default.

mod caller;
mod decide;
mod external;
mod place;

pub use caller::Caller;
pub use decide::{Decision, Held, Needed, Wish, decide};
pub use external::ExternalIdentity;
pub use place::Place;
