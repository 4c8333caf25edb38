//! Media: what installers are started from. Kernel and initrd, out of what people have (an ISO, a
//! directory, Debian's netboot package or tarball, a tree behind a URL), checked, and kept by
//! content, so that ten guests and two names share one copy.
//!
//! - [`layout`]: where systems put their kernels; [`sums`]: lists of checksums; both pure.
//! - [`source`]: the places that a medium comes from. [`checks`]: what it is checked by.
//! - [`store`]: where it goes.

pub mod checks;
pub mod layout;
pub mod source;
pub mod store;
pub mod sums;
