//! File systems that are full, or can only be read: in a mount namespace of their own.

use std::process::{Command, Stdio};

use crate::needs;
use crate::place::{Ended, Place, ended};

const CONFIG: &str = "name = 'RK'\nbootloader = '/usr/bin/rpxeboot'\n";

/// Mounts with `script`, where $1 is the place, and runs vmprov.
fn mounted(place: &Place, script: &str, words: &[&str]) -> Ended {
    needs(&["unshare", "mount"]);
    let vmprov = place.command(words);
    let script = format!(
        "set -e; {script}\nplace=$1; shift; \"$@\" || code=$?\n\
        ls -A \"$place/xen\" | sed 's/^/xen: /' >&2; cat \"$place\"/xen/RK.cfg >&2 || true; exit ${{code:-0}}"
    );
    let mut command = Command::new("unshare");
    command.args(["--mount", "sh", "-c", &script, "sh"]).arg(place.at(""));
    command.arg(vmprov.get_program()).args(vmprov.get_args()).stdin(Stdio::null());
    ended(command.output().unwrap())
}

const FULL: &str = "mount -t tmpfs -o size=16k none \"$1/xen\"
    printf \"name = 'RK'\\nbootloader = '/usr/bin/rpxeboot'\\n\" >\"$1/xen/RK.cfg\"
    cat /dev/zero >\"$1/xen/ballast\" 2>/dev/null || true";

#[test]
fn a_full_file_system_costs_no_config() {
    let place = Place::new();
    for verb in ["finalize", "netboot"] {
        let words = if verb == "finalize" {
            vec![verb, "RK"]
        } else {
            vec![verb, "RK", "--order", "disk,net"]
        };
        let ended = mounted(&place, FULL, &words);
        assert_eq!(ended.code, 1, "{ended:?}");
        assert!(ended.err.contains("RK.cfg: No space left on device"), "{ended:?}");
        assert!(ended.err.ends_with(&format!("xen: RK.cfg\nxen: ballast\n{CONFIG}")), "{ended:?}");
    }
}

#[test]
fn a_full_file_system_gets_no_half_a_guest() {
    let place = Place::new();
    let full = FULL.replace("printf", ": printf").replace(">\"$1/xen/RK.cfg\"", "");
    let ended = mounted(&place, &full, &["create", "RK", "--mac", "00:16:3e:62:39:d3"]);
    assert_eq!(ended.code, 1, "{ended:?}");
    assert!(ended.err.contains("RK.cfg: No space left on device"), "{ended:?}");
    assert!(
        ended.err.contains("xen: ballast\n") && !ended.err.contains("xen: RK.cfg"),
        "{ended:?}"
    );
    assert!(!place.at("images").exists() && !place.at("state/RK.json").exists());
}

#[test]
fn an_image_that_does_not_fit_is_made_with_a_warning() {
    let place = Place::new();
    std::fs::create_dir(place.at("images")).unwrap();
    let small = "mount -t tmpfs -o size=1m none \"$1/images\"";
    let ended = mounted(&place, small, &["create", "RK", "--mac", "00:16:3e:62:39:d3"]);
    assert_eq!(ended.code, 0, "{ended:?}");
    assert!(ended.err.contains("a disk of 8 GiB can fill it up"), "{ended:?}");
}

#[test]
fn the_files_owner_and_mode_stay() {
    needs(&["chown"]);
    let place = Place::new();
    place.write("xen/RK.cfg", CONFIG);
    let path = place.at("xen/RK.cfg");
    std::os::unix::fs::chown(&path, Some(12), Some(34)).unwrap();
    std::fs::set_permissions(&path, std::os::unix::fs::PermissionsExt::from_mode(0o640)).unwrap();
    place.does(&["finalize", "RK"]);
    let data = std::fs::metadata(&path).unwrap();
    use std::os::unix::fs::MetadataExt;
    assert_eq!((data.uid(), data.gid(), data.mode() & 0o7777), (12, 34, 0o640));
}

#[test]
fn what_can_only_be_read_stays_as_it_is() {
    let place = Place::new();
    place.write("xen/RK.cfg", CONFIG);
    let read_only = "mount --bind \"$1/xen\" \"$1/xen\"; mount -o remount,bind,ro \"$1/xen\"";
    for words in [&["finalize", "RK"], &["netboot", "RK"] as &[&str]] {
        let words = if words[0] == "netboot" { &["netboot", "RK", "--label", "x"] } else { words };
        let ended = mounted(&place, read_only, words);
        assert_eq!(ended.code, 1, "{ended:?}");
        assert!(ended.err.contains("Read-only file system: nothing was changed"), "{ended:?}");
        assert!(ended.err.ends_with(&format!("xen: RK.cfg\n{CONFIG}")), "{ended:?}");
    }
    let ended = mounted(&place, read_only, &["create", "web", "--mac", "00:16:3e:62:39:d3"]);
    assert_eq!(ended.code, 1, "{ended:?}");
    assert!(!place.at("images").exists() && !place.at("state/web.json").exists(), "{ended:?}");
}
