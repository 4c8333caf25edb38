//! All fuzz targets in one program: `FUZZ_TARGET` says which one it is.
#![no_main]

use std::ffi::OsString;
use std::sync::OnceLock;

use libfuzzer_sys::fuzz_target;

static LAST: OnceLock<Option<OsString>> = OnceLock::new();
static BODY: OnceLock<fn(&[u8])> = OnceLock::new();

fuzz_target!(|bytes: &[u8]| {
    // What ends the process without a word (the end of the stack) is in there.
    if let Some(last) = LAST.get_or_init(|| std::env::var_os("FUZZ_LAST")) {
        std::fs::write(last, bytes).expect("FUZZ_LAST can be written");
    }
    let body = BODY.get_or_init(|| {
        let name = std::env::var("FUZZ_TARGET").expect("FUZZ_TARGET names the target");
        fuzz_bodies::target(&name).expect("FUZZ_TARGET names a target").body
    });
    body(bytes);
});
