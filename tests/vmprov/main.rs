//! vmprov as a program: exit codes, words, and what is there afterwards. They need neither root
//! nor Xen; what does is in tests/vmprov_root and tests/xen.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

mod bad_input;
mod configs;
mod create;
mod delete;
mod place;
mod profiles;
mod shown;
mod together;
