//! SDS at the internal door, as Envoy speaks it.

mod contexts;
mod door;
mod endings;
mod expiry;
mod streams;
mod unix_socket;

pub(crate) use door::greet;
