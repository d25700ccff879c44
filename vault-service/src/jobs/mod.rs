//! What runs by itself.

pub mod crl_ends;
pub mod crl_fetch;
pub mod expiry;
pub mod external_lists;
