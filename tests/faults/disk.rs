//! Where the images and the answer are written: full, read-only, gone.

use std::fs;
use std::path::Path;
use std::process::{Command, Output, Stdio};
use std::time::Duration;

use netns_tests::fixtures::{self, SERVER};
use netns_tests::process::wait_for;
use netns_tests::servers::dnsmasq;
use netns_tests::{End, Lab};
use nix::mount::{MntFlags, MsFlags, mount, umount2};

use super::{boots, far_server, images, server, wrapped};

const PLACE: &str = "/var/lib/xen";

/// A file system of its own where libxl wants the files.
struct Small;

impl Small {
    fn new(options: &str) -> Self {
        mount(Some("tmpfs"), PLACE, Some("tmpfs"), MsFlags::empty(), Some(options))
            .expect("a tmpfs");
        Self
    }
}

impl Drop for Small {
    fn drop(&mut self) {
        umount2(PLACE, MntFlags::MNT_DETACH).expect("it was mounted");
    }
}

/// A boot on a file system that is too small; then one where there is room.
fn fails_for_want_of_room(options: &str, sizes: (usize, usize), code: i32, says: &[&str]) -> End {
    let mut ended = None;
    Lab::run(|lab| {
        let server = lab.host("server", SERVER);
        let root = server.directory("root");
        let images = images(&root, sizes.0, sizes.1);
        dnsmasq::whole(&server, &root);
        let small = Small::new(options);
        let end = lab.boot().run();
        lab.assert_nothing_left();
        drop(small);
        lab.rebaseline();
        end.failed(code, says);
        boots(lab, &images);
        ended = Some(end);
    });
    ended.expect("it was run")
}

#[test]
fn a_kernel_that_does_not_fit_is_not_begun() {
    let says = ["vmlinuz", "it has 1.0 MiB, and ", " are free there"];
    let end = fails_for_want_of_room("size=600k", (1 << 20, 100_000), 17, &says);
    end.record("faults", "disk full: no room for the kernel");
}

#[test]
fn a_ramdisk_that_does_not_fit_is_not_begun() {
    let says = ["initrd.img", " are free there"];
    let end = fails_for_want_of_room("size=800k", (100_000, 3 << 20), 17, &says);
    end.record("faults", "disk full: no room for the ramdisk");
}

#[test]
fn two_files_of_which_only_one_fits_fill_the_disk_and_fail() {
    // Each for itself has room; together they have not.
    let end = fails_for_want_of_room("size=1500k", (1 << 20, 1 << 20), 17, &["cannot be kept"]);
    end.record("faults", "disk full in the middle of a file");
}

#[test]
fn no_name_is_left_on_the_file_system() {
    // The root directory, libxl's output file and its directory: none for a kernel.
    let says = ["making files in /var/lib/xen/bootloader.7.d"];
    let end = fails_for_want_of_room("nr_inodes=3", (100_000, 100_000), 17, &says);
    end.record("faults", "disk full: no inode for a file");
}

#[test]
fn a_limit_on_files_that_xl_was_given() {
    Lab::run(|lab| {
        let (_server, images) = server(lab);
        let script = "ulimit -f 100; exec $PROGRAM \"$@\"";
        let end = lab.boot().program(wrapped(lab, script)).run();
        end.failed(17, &["cannot be kept", "File too large"]);
        end.record("faults", "a limit on the size of files, inherited from xl");
        boots(lab, &images);
    });
}

/// A boot from a shell in dom0, with files where the words say.
fn by_hand(lab: &Lab, output: &str, directory: &Path) -> Command {
    let mut command = lab.command(lab.program());
    command.args(["--output-format=simple0", &format!("--output={output}")]);
    command.arg(format!("--output-directory={}", directory.display()));
    command.arg(format!("mac={},bridge=xenbr0", fixtures::MAC));
    command
}

fn failed(output: &Output, code: i32, says: &[&str]) {
    let told = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(code), "{told}");
    for text in says {
        assert!(told.contains(text), "it does not say {text:?}: {told}");
    }
}

#[test]
fn a_read_only_output_directory() {
    Lab::run(|lab| {
        let (_server, images) = server(lab);
        let directory = lab.directory("read-only");
        let read_only = MsFlags::MS_RDONLY;
        mount(Some("tmpfs"), &directory, Some("tmpfs"), read_only, None::<&str>).expect("a tmpfs");
        let output = by_hand(lab, "-", &directory).output().expect("it can be started");
        umount2(&directory, MntFlags::MNT_DETACH).expect("it was mounted");
        failed(&output, 17, &["making files in", "Read-only file system"]);
        boots(lab, &images);
    });
}

#[test]
fn an_output_directory_that_vanishes() {
    Lab::run(|lab| {
        let (_server, images, _running) = far_server(lab);
        let directory = lab.directory("vanishing");
        let mut command = by_hand(lab, "-", &directory);
        let boot = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("rpxeboot");
        let half = || {
            let entries = fs::read_dir(&directory).into_iter().flatten().flatten();
            entries.filter_map(|entry| entry.metadata().ok()).map(|file| file.len()).sum::<u64>()
        };
        assert!(wait_for(Duration::from_secs(20), || half() > 200_000), "no part of the images");
        fs::remove_dir_all(&directory).expect("it was there");
        let output = boot.wait_with_output().expect("its end");
        // libxl would be told of files that are not there.
        failed(&output, 17, &["vanishing"]);
        boots(lab, &images);
    });
}

#[test]
fn an_answer_that_cannot_be_written() {
    Lab::run(|lab| {
        let (_server, images) = server(lab);
        let directory = lab.directory("images");
        let output = by_hand(lab, "/dev/full", &directory).output().expect("it can be started");
        failed(&output, 17, &["/dev/full"]);
        assert_eq!(fs::read_dir(&directory).expect("the directory").count(), 0, "files are left");
        assert!(Path::new("/dev/full").exists(), "a device is not removed");
        boots(lab, &images);
    });
}
