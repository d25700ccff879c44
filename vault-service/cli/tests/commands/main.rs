//! The built `sallyport` against a vault that answers from a script and writes down what it hears.

mod fake_vault;
mod scene;

mod certificates;
mod failures;
mod gateways;
mod groups;
mod secrets;
mod sessions;
mod tls_contexts;
