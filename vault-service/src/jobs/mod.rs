//! What runs by itself.

pub mod expiry;
