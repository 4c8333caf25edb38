//! `vmprov create` on block devices, and with qemu-img's format.

use std::fs;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use crate::needs;
use crate::place::Place;

const MAC: [&str; 2] = ["--mac", "00:16:3e:62:39:d3"];

/// A block device of 32 MiB.
struct Loop {
    device: PathBuf,
    file: PathBuf,
}

impl Loop {
    fn new(place: &Place) -> Self {
        needs(&["losetup", "mkfs.ext4", "sfdisk", "blkid"]);
        let file = place.at("device");
        fs::File::create(&file).unwrap().set_len(32 << 20).unwrap();
        let output =
            Command::new("losetup").args(["--find", "--show"]).arg(&file).output().unwrap();
        assert!(output.status.success(), "{output:?}");
        Self { device: String::from_utf8(output.stdout).unwrap().trim().into(), file }
    }

    fn path(&self) -> &str {
        self.device.to_str().unwrap()
    }

    fn does(&self, program: &str, words: &[&str], input: &str) {
        let mut command = Command::new(program);
        command.args(words).arg(&self.device).stdin(Stdio::piped());
        let mut child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        std::io::Write::write_all(&mut child.stdin.take().unwrap(), input.as_bytes()).unwrap();
        assert!(child.wait().unwrap().success(), "{program}");
    }

    fn bytes(&self) -> Vec<u8> {
        fs::read(&self.file).unwrap()
    }
}

impl Drop for Loop {
    fn drop(&mut self) {
        let _ = Command::new("losetup").arg("--detach").arg(&self.device).status();
    }
}

fn create<'a>(device: &'a str, more: &[&'a str]) -> Vec<&'a str> {
    [&["create", "RK", "--disk", device], &MAC[..], more].concat()
}

#[test]
fn an_empty_device_is_taken_and_never_written_to() {
    let place = Place::new();
    let device = Loop::new(&place);
    let before = device.bytes();
    place.does(&create(device.path(), &[]));
    assert!(place.read("xen/RK.cfg").contains(&format!("target={}", device.path())));
    place.refuses(&["create", "web", "--disk", device.path()], 3, "RK.cfg");
    place.does(&["delete", "RK", "--yes"]);
    assert_eq!(device.bytes(), before);
    assert!(device.device.exists());
}

#[test]
fn a_device_with_something_on_it_is_taken_only_when_told() {
    let place = Place::new();
    for (program, words, input, what) in [
        ("mkfs.ext4", &["-q"] as &[&str], "", "ext4"),
        ("sfdisk", &["-q"], "label: dos\n2048\n", "a dos partition table"),
    ] {
        let device = Loop::new(&place);
        device.does(program, words, input);
        let before = device.bytes();
        place.refuses(&create(device.path(), &[]), 3, what);
        let told = place.does(&create(device.path(), &["--overwrite-disk"]));
        assert!(told.err.contains("a system there boots instead"), "{told:?}");
        place.does(&["delete", "RK", "--yes"]);
        assert_eq!(device.bytes(), before, "{what}");
    }
}

#[test]
fn a_device_in_use_is_never_taken() {
    let place = Place::new();
    let device = Loop::new(&place);
    device.does("mkfs.ext4", &["-q"], "");
    fs::create_dir(place.at("mounted")).unwrap();
    let mount = |program: &str, words: &[&std::ffi::OsStr]| {
        assert!(Command::new(program).args(words).status().unwrap().success(), "{program}");
    };
    let at = place.at("mounted");
    mount("mount", &[device.device.as_os_str(), at.as_os_str()]);
    let refused = place.vmprov(&create(device.path(), &["--overwrite-disk"]));
    mount("umount", &[at.as_os_str()]);
    assert_eq!(refused.code, 3, "{refused:?}");
    assert!(refused.err.contains("is in use: mounted"), "{refused:?}");
    assert!(!place.at("xen/RK.cfg").exists());
}

#[test]
fn what_is_no_device_is_none() {
    let place = Place::new();
    place.write("file", "x");
    let file = place.at("file").display().to_string();
    place.refuses(&create(&file, &[]), 3, "no block device");
    place.refuses(&create("/dev/null", &[]), 3, "no block device");
    place.refuses(&create("/dev/nowhere", &[]), 4, "there is no /dev/nowhere");
    place.refuses(&create("file", &[]), 2, "an absolute path");
}

#[test]
fn qemu_img_makes_the_qcow2_image() {
    needs(&["qemu-img"]);
    let place = Place::new();
    let made = place.does(&[&["create", "RK", "--disk-format", "qcow2"], &MAC[..]].concat());
    assert!(made.err.contains("xl needs QEMU"), "{made:?}");
    let image = place.at("images/RK/disk.img");
    let info = Command::new("qemu-img").args(["info", "--output=json"]).arg(&image).output();
    let info: serde_json::Value = serde_json::from_slice(&info.unwrap().stdout).unwrap();
    assert_eq!(
        (info["format"].clone(), info["virtual-size"].clone()),
        ("qcow2".into(), (8_u64 << 30).into())
    );
    let mode =
        std::os::unix::fs::PermissionsExt::mode(&fs::metadata(&image).unwrap().permissions());
    assert_eq!(mode & 0o7777, 0o600);
    let listed = place.does(&["status", "RK"]).out;
    assert!(listed.contains("qcow2") && listed.contains("of 8.0 GiB"), "{listed}");
    place.does(&["delete", "RK", "--yes"]);
    assert!(!place.at("images/RK").exists());
}

#[test]
fn a_volume_group_that_is_not_there_is_said() {
    let place = Place::new();
    let words = [&["create", "RK", "--lvm", "nosuchgroup"], &MAC[..]].concat();
    let before = place.tree();
    let ended = place.vmprov(&words);
    assert_eq!(ended.code, 1, "{ended:?}");
    assert!(ended.err.contains("lvcreate"), "{ended:?}");
    assert_eq!(place.tree(), before);
    place.refuses(&["create", "RK", "--lvm", "../x"], 2, "no name of a volume group");
}
