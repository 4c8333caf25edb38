//! What Xen cannot boot is said in a sentence, with the file and the cure, before libxl sees it.

use netns_tests::xenstored::{Manner, PATH_VARIABLE, Xenstored};
use netns_tests::{End, Lab, fixtures, programs};

use crate::common::{check, usual};

const UUID: &str = "8b3c1f0e-52d4-4d3a-9a51-0c6f7e2d9b11";

/// The boot of a guest of this type with this kernel on the server.
fn boots(lab: &Lab, guest_type: &str, kernel: &[u8]) -> End {
    let (_host, root, _) = usual(lab);
    fixtures::write(&root, "vmlinuz", kernel);
    let values = Xenstored::guest(7, "RK", UUID, guest_type);
    let store = Xenstored::start(lab, values, Manner::Prompt);
    lab.boot().env(PATH_VARIABLE, store.socket()).run()
}

fn refused(guest_type: &'static str, kernel: &[u8], told: &[&str]) {
    Lab::run(|lab| boots(lab, guest_type, kernel).failed(15, told));
}

/// A kernel without one of Xen's notes (xen/include/public/elfnote.h).
fn without_note(kind: u8) -> Vec<u8> {
    let mut kernel = fixtures::kernel(1, 1 << 20);
    let note = kernel.windows(8).position(|bytes| bytes == [kind, 0, 0, 0, b'X', b'e', b'n', 0]);
    kernel[note.expect("the note")] = 99;
    kernel
}

#[test]
fn a_pv_guest_needs_a_pv_entry() {
    refused(
        "pv",
        &without_note(1),
        &["tftp://192.168.200.1/vmlinuz", "PV", "CONFIG_XEN_PV", "pvh"],
    );
}

#[test]
fn a_pvh_guest_with_a_shim_boots_a_pv_kernel() {
    Lab::run(|lab| {
        let kernel = without_note(18);
        let end = boots(lab, "pvh", &kernel);
        assert!(end.booted().kernel == kernel);
        assert!(end.console.contains("pvshim=1"), "{end}");
    });
}

#[test]
fn a_kernel_for_neither_is_refused_for_both() {
    let mut kernel = fixtures::kernel(1, 1 << 20);
    for at in (0..1024).filter(|at| kernel[*at..].starts_with(b"Xen\0")).collect::<Vec<_>>() {
        kernel[at] = b'Y';
    }
    refused("pv", &kernel, &["vmlinuz", "Xen"]);
    refused("pvh", &kernel, &["vmlinuz", "Xen"]);
}

#[test]
fn what_is_no_kernel_is_named() {
    refused("pv", b"<!DOCTYPE html><html><body>Not here</body></html>", &["vmlinuz", "web page"]);
    refused("pvh", &fixtures::bytes(1, 100_000), &["vmlinuz"]);
    refused("pv", &fixtures::kernel(1, 1 << 20)[..600], &["vmlinuz", "600"]);
}

#[test]
fn an_installer_of_debian_is_a_kernel() {
    // A bzImage with xz inside; its initrd has no part in this.
    let read = || {
        let tree = programs::installer_tree("text");
        std::fs::read(tree.join("debian-installer/amd64/linux")).expect("the installer's kernel")
    };
    for guest_type in ["pv", "pvh"] {
        Lab::run(|lab| {
            let kernel = read();
            assert!(boots(lab, guest_type, &kernel).booted().kernel == kernel);
        });
    }
    // Cut in the middle, it is not.
    Lab::run(|lab| {
        let kernel = read();
        boots(lab, "pv", &kernel[..kernel.len() / 2]).failed(15, &["vmlinuz"]);
    });
}

#[test]
fn a_kernel_that_fits_boots() {
    Lab::run(|lab| {
        let (_host, _, images) = usual(lab);
        check(&lab.boot().run(), &images);
    });
}
