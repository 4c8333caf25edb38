//! Where installers' kernels and initrds are in trees, images and packages, as xenpvnetboot and
//! virt-install know them; with today's systems.

use std::collections::BTreeSet;

/// No package has more trees than this; an archive made to have very many is looked at no longer.
const MAX_ROOTS: usize = 64;

/// A place for a kernel and its initrd, from a tree's root.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Layout {
    /// Whose it is, for people.
    pub system: &'static str,
    /// The kernel.
    pub kernel: &'static str,
    /// Its initrd.
    pub initrd: &'static str,
}

const fn layout(system: &'static str, kernel: &'static str, initrd: &'static str) -> Layout {
    Layout { system, kernel, initrd }
}

/// What is looked for, in this order: a kernel made for Xen before any other.
pub const LAYOUTS: &[Layout] = &[
    layout("Red Hat, for Xen", "images/xen/vmlinuz", "images/xen/initrd.img"),
    layout("Debian, for Xen", "install.amd/xen/vmlinuz", "install.amd/xen/initrd.gz"),
    layout("openSUSE, for Xen", "boot/x86_64/vmlinuz-xen", "boot/x86_64/initrd-xen"),
    layout("Red Hat", "images/pxeboot/vmlinuz", "images/pxeboot/initrd.img"),
    layout("Debian", "debian-installer/amd64/linux", "debian-installer/amd64/initrd.gz"),
    layout(
        "Debian",
        "netboot/debian-installer/amd64/linux",
        "netboot/debian-installer/amd64/initrd.gz",
    ),
    layout("Debian", "linux", "initrd.gz"),
    layout("Debian", "install.amd/vmlinuz", "install.amd/initrd.gz"),
    layout("Ubuntu", "casper/vmlinuz", "casper/initrd"),
    layout("Ubuntu", "casper/hwe-vmlinuz", "casper/hwe-initrd"),
    layout("openSUSE", "boot/x86_64/loader/linux", "boot/x86_64/loader/initrd"),
    layout("Alpine", "boot/vmlinuz-virt", "boot/initramfs-virt"),
    layout("Alpine", "boot/vmlinuz-lts", "boot/initramfs-lts"),
    layout("Alpine", "vmlinuz-virt", "initramfs-virt"),
    layout("Red Hat", "isolinux/vmlinuz", "isolinux/initrd.img"),
    layout("any", "vmlinuz", "initrd.img"),
];

/// Where trees begin in packages: Debian's netboot packages have theirs below a number.
#[must_use]
pub fn roots(names: &[String]) -> Vec<String> {
    let mut roots = vec![String::new()];
    for name in names {
        // usr/lib/debian-installer/images/13/amd64/text/debian-installer/amd64/linux
        if let Some(root) = name.strip_suffix("/text/debian-installer/amd64/linux") {
            roots.push(format!("{root}/text/"));
        }
    }
    roots.truncate(MAX_ROOTS);
    roots
}

/// The kernel and initrd among these names, with the layout: the first that has both.
#[must_use]
pub fn among(names: &[String]) -> Option<(Layout, String, String)> {
    let there: BTreeSet<&str> = names.iter().map(String::as_str).collect();
    let is_there = |name: &str| there.contains(name);
    for root in roots(names) {
        for layout in LAYOUTS {
            let (kernel, initrd) =
                (format!("{root}{}", layout.kernel), format!("{root}{}", layout.initrd));
            if is_there(&kernel) && is_there(&initrd) {
                return Some((*layout, kernel, initrd));
            }
        }
    }
    None
}

/// All places, for the error that none of them is there.
#[must_use]
pub fn places() -> String {
    let mut kernels: Vec<&str> = LAYOUTS.iter().map(|layout| layout.kernel).collect();
    kernels.dedup();
    kernels.join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(names: &[&str]) -> Option<(String, String)> {
        let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
        among(&names).map(|(_, kernel, initrd)| (kernel, initrd))
    }

    #[test]
    fn an_archive_of_nothing_but_trees_is_looked_at_no_longer_than_another() {
        let tree = |n: usize| format!("{n}/text/debian-installer/amd64/linux");
        let names: Vec<String> = (0..5000).map(tree).collect();
        assert_eq!(roots(&names).len(), MAX_ROOTS);
        assert_eq!(among(&names), None);
    }

    #[test]
    fn a_kernel_counts_with_its_initrd_alone() {
        let pair = |kernel: &str, initrd: &str| Some((kernel.to_owned(), initrd.to_owned()));
        assert_eq!(
            found(&["images/pxeboot/vmlinuz", "images/xen/vmlinuz", "images/pxeboot/initrd.img"]),
            pair("images/pxeboot/vmlinuz", "images/pxeboot/initrd.img")
        );
        assert_eq!(found(&["casper/vmlinuz"]), None);
        let text = "usr/lib/debian-installer/images/13/amd64/text/debian-installer/amd64";
        let gtk = text.replace("text", "gtk");
        let names = [format!("{gtk}/linux"), format!("{gtk}/initrd.gz"), format!("{text}/linux")];
        let mut names: Vec<&str> = names.iter().map(String::as_str).collect();
        assert_eq!(found(&names), None, "the graphical one is not for a console");
        let initrd = format!("{text}/initrd.gz");
        names.push(&initrd);
        assert_eq!(found(&names), pair(&format!("{text}/linux"), &initrd));
    }
}
