//! All fuzz targets in one program: `FUZZ_TARGET` says which one it is.
#![no_main]

use std::sync::OnceLock;

use libfuzzer_sys::fuzz_target;

static BODY: OnceLock<fn(&[u8])> = OnceLock::new();

fuzz_target!(|bytes: &[u8]| {
    let body = BODY.get_or_init(|| {
        let name = std::env::var("FUZZ_TARGET").expect("FUZZ_TARGET names the target");
        fuzz_bodies::target(&name).expect("FUZZ_TARGET names a target").body
    });
    body(bytes);
});
