//! Members of one process in every order in which things can happen to them.

mod lists;
mod orders;
mod process;
mod turns;
