//! pygrubs that end in every wrong way: never taken for an empty disk, never waited for beyond
//! the boot's time, and nothing is left of them.

use std::fs;
use std::time::{Duration, Instant};

use netns_tests::disks;
use netns_tests::pygrub::Pygrub;
use netns_tests::{End, Lab};
use nix::mount::{MsFlags, mount};
use nix::sys::signal::Signal;

use crate::common::usual;

const DISK_FIRST: [&str; 1] = ["--order=disk,net"];

/// Boots with a server at hand that would boot the guest, had it been asked; it must not be.
fn refused(code: i32, told: &[&str], prepare: impl FnOnce(&Lab) + Send) {
    Lab::run(|lab| {
        usual(lab);
        prepare(lab);
        not_from_network(&lab.boot().and(DISK_FIRST).run(), code, told);
    });
}

fn not_from_network(end: &End, code: i32, told: &[&str]) {
    end.failed(code, told);
    assert!(!end.console.contains("over the network"), "{end}");
}

/// A shell script in pygrub's place that knows `--runas`.
fn script(script: &'static str) -> impl FnOnce(&Lab) + Send {
    move |lab| {
        let _ = Pygrub::that_does(lab, &format!("# --runas\n{script}\n"));
    }
}

#[test]
fn no_words_at_all() {
    refused(13, &["pygrub gave no kernel and said nothing"], script("exit 0"));
}

#[test]
fn its_own_last_words_are_in_the_log_and_bounded() {
    let prepare = script("yes a | head -c 1000000; printf 'and \\033[2J then\\n' >&2; exit 1");
    refused(13, &["pygrub: and \\u{1b}[2J then"], prepare);
}

#[test]
fn a_traceback() {
    Lab::run(|lab| {
        usual(lab);
        Pygrub::real(lab);
        let disk = disks::ext4(lab, "system", &disks::installed());
        let boot = lab.boot().and(DISK_FIRST).disk(&disk).env("PYTHONHOME", "/nonexistent");
        not_from_network(&boot.run(), 13, &["ModuleNotFoundError"]);
    });
}

#[test]
fn a_mount_that_fails() {
    Lab::run(|lab| {
        usual(lab);
        Pygrub::real(lab);
        let broken = lab.directory("broken");
        fs::write(broken.join("mount"), "#!/bin/sh\necho mount: no >&2\nexit 32\n").expect("mount");
        let all = <fs::Permissions as std::os::unix::fs::PermissionsExt>::from_mode(0o755);
        fs::set_permissions(broken.join("mount"), all).expect("mount");
        let disk = disks::ext4(lab, "system", &disks::installed());
        let path =
            format!("{}:{}:/usr/bin:/bin", broken.display(), lab.directory("path").display());
        let end = lab.boot().and(DISK_FIRST).disk(&disk).env("PATH", path).run();
        not_from_network(&end, 13, &["mount_tmpfs"]);
    });
}

#[test]
fn no_memory() {
    Lab::run(|lab| {
        usual(lab);
        let real = Pygrub::real(lab);
        // Enough for Python to start and to fail somewhere on its way.
        let wrapper =
            format!("#!/bin/sh\n# --runas\nulimit -v 17000\nexec {} \"$@\"\n", real.display());
        Pygrub::install(lab, &wrapper, 0o755);
        let disk = disks::ext4(lab, "system", &disks::installed());
        not_from_network(
            &lab.boot().and(DISK_FIRST).disk(&disk).run(),
            13,
            &[".img: pygrub: MemoryError"],
        );
    });
}

#[test]
fn no_memory_while_it_reads_the_disk() {
    Lab::run(|lab| {
        usual(lab);
        Pygrub::real(lab);
        let python = lab.directory("python");
        let module = "\
import os, resource
setuid = os.setuid
def limited(uid):
    setuid(uid)
    resource.setrlimit(resource.RLIMIT_AS, (1 << 20, 1 << 20))
os.setuid = limited
";
        fs::write(python.join("sitecustomize.py"), module).expect("a module");
        let disk = disks::ext4(lab, "system", &disks::installed());
        let end = lab.boot().and(DISK_FIRST).disk(&disk).env("PYTHONPATH", &python).run();
        not_from_network(&end, 13, &[".img: pygrub: MemoryError"]);
    });
}

#[test]
fn a_signal() {
    refused(13, &["139"], script("sh -c 'kill -SEGV $$'; exit $?"));
}

#[test]
fn the_reading_child_is_killed() {
    Lab::run(|lab| {
        usual(lab);
        Pygrub::real(lab);
        let python = lab.directory("python");
        let module = "\
import os, signal
setuid = os.setuid
def killed(uid):
    setuid(uid)
    os.kill(os.getpid(), signal.SIGKILL)
os.setuid = killed
";
        fs::write(python.join("sitecustomize.py"), module).expect("a module");
        let disk = disks::ext4(lab, "system", &disks::installed());
        let end = lab.boot().and(DISK_FIRST).disk(&disk).env("PYTHONPATH", &python).run();
        not_from_network(&end, 13, &["pygrub ended with exit status: 9"]);
    });
}

#[test]
fn a_kernel_larger_than_pygrub_may_write() {
    Lab::run(|lab| {
        usual(lab);
        Pygrub::real(lab);
        let mut files = disks::installed();
        files.iter_mut().find(|(name, _)| *name == disks::KERNEL).expect("a kernel").1 =
            vec![0; 129 << 20];
        let disk = disks::ext4(lab, "system", &files);
        let end = lab.boot().and(DISK_FIRST).disk(&disk).run();
        not_from_network(&end, 13, &["Error writing temporary copy of kernel"]);
    });
}

#[test]
fn one_that_is_not_executable() {
    refused(17, &["is it executable?"], |lab| {
        Pygrub::install(lab, "#!/bin/sh\n# --runas\n", 0o644);
    });
}

#[test]
fn one_whose_python_is_missing() {
    refused(17, &["is its interpreter, python3, installed?"], |lab| {
        Pygrub::install(lab, "#!/nonexistent/python3\n# --runas\n", 0o755);
    });
}

#[test]
fn one_that_knows_no_runas_is_not_run_as_root() {
    Lab::run(|lab| {
        usual(lab);
        let pygrub = Pygrub::that_does(lab, "echo 'Usage: pygrub [-q] [--output=] <image>' >&2\n");
        let end = lab.boot().and(DISK_FIRST).run();
        not_from_network(&end, 13, &["update Xen's tools", "--order=net"]);
        let words = pygrub.called_with().expect("it was asked for its options");
        assert_eq!(words[1..], ["--help"], "and for nothing else");
    });
}

#[test]
fn one_that_is_wrapped_is_asked_for_its_options() {
    Lab::run(|lab| {
        usual(lab);
        let real = Pygrub::real(lab);
        let wrapper = format!("#!/bin/sh\nexec {} \"$@\"\n", real.display());
        Pygrub::install(lab, &wrapper, 0o755);
        let disk = disks::ext4(lab, "system", &disks::installed());
        let end = lab.boot().and(DISK_FIRST).disk(&disk).run();
        assert_eq!(end.booted().args, disks::ARGS);
    });
}

#[test]
fn no_pygrub() {
    refused(13, &["no pygrub is installed"], |_| {});
}

#[test]
fn an_answer_that_names_a_file_elsewhere() {
    Lab::run(|lab| {
        usual(lab);
        fs::write("/etc/xen/precious", "p").expect("a file");
        for answer in [
            "printf 'kernel /etc/xen/precious\\0' > $output",
            "ln -s /etc/xen/precious $directory/k; printf \"kernel $directory/k\\0\" > $output",
            "ln /etc/xen/precious $directory/k || cp /etc/xen/precious $directory/k; \
             printf \"kernel $directory/../../../../etc/xen/precious\\0\" > $output",
            "echo k > $directory/k; \
             printf \"kernel $directory/k\\0ramdisk /etc/xen/precious\\0\" > $output",
        ] {
            let _ = Pygrub::that_does(lab, &format!("# --runas\n{answer}\n"));
            lab.rebaseline();
            let end = lab.boot().and(DISK_FIRST).run();
            not_from_network(&end, 13, &["pygrub's answer is refused"]);
            assert_eq!(fs::read("/etc/xen/precious").expect("it is still there"), b"p");
        }
    });
}

/// Leaves a process in a session of its own, a file and a mount behind, and hangs.
const HANGS: &str = "# --runas
echo file > $directory/file
mkdir $directory/mounted
mount -t tmpfs none $directory/mounted
setsid sleep 1000 &
echo hanging >&2
sleep 1000
";

/// A dom0 whose mounts are shared, as systemd makes them.
fn shared_mounts() {
    let (none, flags) = (None::<&str>, MsFlags::MS_REC | MsFlags::MS_SHARED);
    mount(none, "/", none, flags, none).expect("shared mounts");
}

/// Ends a boot whose pygrub hangs.
fn ended_by(signal: Signal) {
    Lab::run(|lab| {
        shared_mounts();
        usual(lab);
        let _ = Pygrub::that_does(lab, HANGS);
        let boot = lab.boot().and(DISK_FIRST).and(["--verbose"]).start();
        boot.wait_until("pygrub", || boot.console().contains("hanging"));
        boot.signal(signal);
        let start = Instant::now();
        let end = boot.finish();
        assert!(start.elapsed() < Duration::from_secs(1), "{end}");
        assert!(!end.status.success(), "{end}");
        lab.assert_nothing_left();
    });
}

#[test]
fn a_signal_while_pygrub_hangs() {
    ended_by(Signal::SIGTERM);
}

#[test]
fn nothing_is_left_when_rpxeboot_is_killed_while_pygrub_hangs() {
    ended_by(Signal::SIGKILL);
}

#[test]
fn the_end_of_the_time_while_pygrub_hangs() {
    Lab::run(|lab| {
        shared_mounts();
        usual(lab);
        let _ = Pygrub::that_does(lab, HANGS);
        let end = lab.boot().and(DISK_FIRST).and(["--deadline=2"]).run();
        not_from_network(&end, 16, &["the boot's time of 2 s is over"]);
        assert!(end.took < Duration::from_secs(3), "{end}");
    });
}

#[test]
fn the_real_ones_mounts_do_not_show_in_dom0() {
    Lab::run(|lab| {
        shared_mounts();
        usual(lab);
        Pygrub::real(lab);
        let python = lab.directory("python");
        // It stays where it has mounted its new root, and is killed there.
        let module = "\
import os, sys, time
setuid = os.setuid
def hang(uid):
    setuid(uid)
    print('hanging', file=sys.stderr, flush=True)
    time.sleep(1000)
os.setuid = hang
";
        fs::write(python.join("sitecustomize.py"), module).expect("a module");
        let disk = disks::ext4(lab, "system", &disks::installed());
        let boot = lab.boot().and(DISK_FIRST).and(["--verbose"]).disk(&disk);
        let boot = boot.env("PYTHONPATH", &python).start();
        boot.wait_until("pygrub", || boot.console().contains("hanging"));
        boot.signal(Signal::SIGTERM);
        let end = boot.finish();
        not_from_network(&end, 16, &["SIGTERM"]);
        lab.assert_nothing_left();
    });
}
