//! The filter's virtual machine dies on purpose, at the worst moments, in a real Envoy: nothing passes that was not
//! decided, nothing hangs for ever, and what comes after is decided as before.

mod held;
mod requests;
mod scene;
mod watch;
