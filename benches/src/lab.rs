//! What the contests share: a lab, a server's tree, a look at what was brought.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Mutex;

use netns_tests::Lab;
use netns_tests::fixtures;
use netns_tests::host::Host;

/// Bytes of a kernel, and of an initrd: Debian's installer has about as many.
pub const KERNEL: usize = 12 << 20;
pub const INITRD: usize = 60 << 20;
const CONFIG: &str =
    "default linux\nlabel linux\nkernel vmlinuz\nappend initrd=initrd.img ip=dhcp\n";

/// Runs `work` in a lab of its own.
pub fn in_lab<T: Send>(work: impl FnOnce(&Lab) -> T + Send) -> T {
    let result = Mutex::new(None);
    Lab::run(|lab| *result.lock().expect("one thread") = Some(work(lab)));
    result.into_inner().expect("one thread").expect("the lab has run")
}

/// What a server has: a config under the name of the guest's address, and the images.
pub fn tree(server: &Host) -> PathBuf {
    let root = server.directory("root");
    fixtures::write(&root, fixtures::CONFIG_NAME, CONFIG.as_bytes());
    fixtures::write(&root, "pxelinux.cfg/default", CONFIG.as_bytes());
    fixtures::write(&root, "vmlinuz", &fixtures::kernel(1, KERNEL));
    fixtures::write(&root, "initrd.img", &fixtures::bytes(2, INITRD));
    fixtures::write(&root, "tiny", &fixtures::kernel(3, 512));
    root
}

/// The files that an answer names are the server's, byte for byte.
pub fn same_answer(out: &Path, root: &Path, wanted: &[(&str, &str)]) -> Result<(), String> {
    let answer = fs::read(out.join("answer")).map_err(|error| format!("no answer: {error}"))?;
    for (item, source) in wanted {
        let named = answer.split(|byte| *byte == 0).find_map(|part| {
            let value = part.strip_prefix(item.as_bytes())?.strip_prefix(b" ")?;
            Some(PathBuf::from(String::from_utf8_lossy(value).into_owned()))
        });
        let named = named.ok_or_else(|| format!("the answer names no {item}"))?;
        same(&named, &root.join(source))?;
    }
    Ok(())
}

/// Both files have the same bytes.
pub fn same(file: &Path, source: &Path) -> Result<(), String> {
    let read = |path: &Path| fs::read(path).map_err(|error| format!("{}: {error}", path.display()));
    if read(file)? == read(source)? {
        Ok(())
    } else {
        Err(format!("{} is not what the server has", file.display()))
    }
}

/// Removes what the last run brought, outside the time that is measured.
pub fn empty(out: &Path) {
    for entry in fs::read_dir(out).expect("the output directory").flatten() {
        fs::remove_file(entry.path()).expect("a file of the last run");
    }
}
