//! The recipe `tcp`: connections that carry bytes, decided about on both sides.

mod clients;
mod gateway;
mod holding;
mod live;
mod servers;
mod traps;
