//! The edge: listeners, routes, and the one place where errors become answers.
//!
//! Thin on purpose: parse within limits, call the room behind the door, render.

mod accept;
mod body;
mod door;
pub mod edge;
pub mod health;
mod json_limits;
mod linger;
pub mod listener;
pub mod manager;
pub mod network;
mod open_requests;
mod openapi;
mod problem;
pub mod provider;
mod remainder;
pub mod sds;
mod shape;
pub mod tls;
pub mod unix_socket;
mod urlencoded;
