//! What the crate says of kernels, of damaged ones, and of what is none.
