//! The model of servers and networks that the client's own tests use.

#[path = "../../../crates/tftp-client/tests/network/mod.rs"]
pub(crate) mod network;
