//! Boots from the guest's disk, handed over to pygrub: `LOCALBOOT`, and `--order disk,net`.

use netns_tests::Lab;
use netns_tests::pygrub::Pygrub;

use crate::common::{check, usual, with_config};

const DISK: &str = "/run/lab/disk/system.img";

/// Runs a boot whose config says `statement`, and checks that pygrub was given libxl's words.
fn hands_over(statement: &str) {
    Lab::run(|lab| {
        with_config(lab, &format!("default disk\nlabel disk\n{statement}\n"));
        let pygrub = Pygrub::that_boots(lab);

        let end = lab.boot().own("--args=extra=1").run();

        let answer = end.booted();
        assert_eq!(answer.kernel, b"a kernel from the disk\n");
        assert_eq!(answer.args, "root=/dev/xvda1");
        let words = pygrub.called_with().expect("pygrub was called");
        assert_eq!(words.last().map(String::as_str), Some(DISK), "{words:?}");
        let directory = words.iter().find_map(|word| word.strip_prefix("--output-directory="));
        let below = directory.expect("a directory").strip_prefix("/var/lib/xen/bootloader.7.d/");
        assert!(below.is_some_and(|name| name.starts_with("pygrub.")), "{words:?}");
        assert!(words.contains(&"--args=extra=1".to_owned()), "{words:?}");
        assert!(
            !words.iter().any(|word| word.contains("mac=")),
            "our own words are not pygrub's: {words:?}"
        );
    });
}

#[test]
fn localboot_zero() {
    hands_over("localboot 0");
}

#[test]
fn localboot_minus_one() {
    hands_over("localboot -1");
}

#[test]
fn localboot_without_a_number() {
    hands_over("localboot");
}

#[test]
fn chain_to_the_first_disk() {
    hands_over("kernel chain.c32\nappend hd0 0");
}

#[test]
fn pypxeboots_word_names_the_disk() {
    Lab::run(|lab| {
        with_config(lab, "default disk\nlabel disk\nlocalboot 0\n");
        let pygrub = Pygrub::that_boots(lab);
        let disk = lab.directory("disk").join("rk");
        std::fs::write(&disk, [0; 512]).expect("a disk");
        lab.boot().and([format!("--pygrub-image={}", disk.display())]).run().booted();
        let words = pygrub.called_with().expect("pygrub was called");
        assert_eq!(words.last().map(String::as_str), disk.to_str(), "{words:?}");
    });
}

/// The uid that pygrub is given, where dom0 has these users.
fn runas(users: &str, own: &[&str]) -> String {
    let mut given = String::new();
    let asked = &mut given;
    Lab::run(move |lab| {
        if !users.is_empty() {
            let known = std::fs::read_to_string("/etc/passwd").expect("/etc/passwd");
            std::fs::write("/etc/passwd", known + users).expect("/etc/passwd");
        }
        with_config(lab, "default disk\nlabel disk\nlocalboot 0\n");
        let pygrub = Pygrub::that_boots(lab);
        let mut boot = lab.boot();
        for word in own {
            boot = boot.own(word);
        }
        boot.run().booted();
        let words = pygrub.called_with().expect("pygrub was called");
        assert!(words.contains(&"--quiet".to_owned()), "--runas wants it: {words:?}");
        let mut uids = words.iter().filter_map(|word| word.strip_prefix("--runas="));
        uids.next().expect("--runas").clone_into(asked);
        assert_eq!(uids.next(), None, "{words:?}");
    });
    given
}

const SHARED: &str = "xen-qemuuser-shared:x:997:997::/nonexistent:/bin/false\n";
const RANGE: &str = "xen-qemuuser-range-base:x:131072:131072::/nonexistent:/bin/false\n";

#[test]
fn a_restricted_boot_restricts_pygrub_too() {
    assert_eq!(runas(RANGE, &["--runas=1234", "--quiet"]), "1234");
}

#[test]
fn pygrub_has_a_uid_of_the_domains_own_where_there_is_a_range() {
    assert_eq!(runas(&format!("{SHARED}{RANGE}"), &[]), "131079");
}

#[test]
fn pygrub_is_the_shared_user_where_there_is_no_range() {
    assert_eq!(runas(SHARED, &[]), "997");
}

#[test]
fn pygrub_is_nobody_where_there_is_no_user_for_it() {
    assert_eq!(runas("", &[]), "65534");
}

#[test]
fn a_disk_without_a_system_is_an_error_and_leaves_nothing() {
    Lab::run(|lab| {
        with_config(lab, "default disk\nlabel disk\nlocalboot 0\n");
        let pygrub = Pygrub::that_finds_nothing(lab);
        let end = lab.boot().run();
        assert!(!end.status.success(), "{end}");
        assert!(end.console.contains("nothing to boot on"), "{end}");
        assert_eq!(end.status.code(), Some(13), "{end}");
        assert!(pygrub.called_with().is_some());
    });
}

#[test]
fn order_disk_first_boots_the_disk_when_there_is_a_system() {
    Lab::run(|lab| {
        usual(lab);
        let pygrub = Pygrub::that_boots(lab);
        let end = lab.boot().and(["--order", "disk,net"]).run();
        assert_eq!(end.booted().kernel, b"a kernel from the disk\n");
        assert!(pygrub.called_with().is_some());
        let said = end.console.lines().any(|line| line.contains("booting from disk after "));
        assert!(said, "{end}");
        assert!(!end.console.contains("over the network"), "{end}");
    });
}

#[test]
fn order_disk_first_boots_the_network_when_there_is_none() {
    Lab::run(|lab| {
        let (_, _, images) = usual(lab);
        let pygrub = Pygrub::that_finds_nothing(lab);
        let end = lab.boot().and(["--order=disk,net"]).run();
        check(&end, &images);
        assert!(pygrub.called_with().is_some());
        assert!(end.console.contains("booting over the network"), "{end}");
        assert!(!end.console.contains("booting from disk after"), "{end}");
    });
}

/// A call from a shell, whose disk word is last.
fn shell(lab: &Lab, words: &[&str]) -> std::process::Output {
    let word = format!("mac={},bridge=xenbr0", netns_tests::fixtures::MAC);
    let path = lab.directory("path");
    let disk = lab.directory("disk").join("system.img");
    std::fs::write(&disk, [0; 4096]).expect("a disk");
    let mut command = lab.command(lab.program());
    command.args(words).arg(word).arg(&disk).current_dir(lab.directory("shell"));
    command.env("PATH", format!("{}:/usr/sbin:/usr/bin:/sbin:/bin", path.display()));
    lab.rebaseline();
    command.output().expect("rpxeboot can be started")
}

fn json(output: &std::process::Output) -> serde_json::Value {
    let text = String::from_utf8_lossy(&output.stdout);
    serde_json::from_str(&text).unwrap_or_else(|error| {
        panic!("{error}: {text:?}\n{}", String::from_utf8_lossy(&output.stderr))
    })
}

const CHATTY: &str = "# --runas\necho noise; echo noise >&2\n\
    echo k > $directory/k; printf 'kernel %s/k\\0args a=1\\0\\0' $directory > $output\n";

#[test]
fn what_pygrub_says_does_not_get_into_the_answer_on_stdout() {
    Lab::run(|lab| {
        let _pygrub = Pygrub::that_does(lab, CHATTY);
        let output = shell(
            lab,
            &[
                "--order=disk,net",
                "--output=-",
                "--output-format=simple",
                "--output-directory=/tmp",
            ],
        );
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!(lines.len(), 2, "{text}");
        let kernel = lines[0].strip_prefix("kernel ").expect("a kernel");
        assert_eq!(std::fs::read(kernel).expect("the kernel"), b"k\n");
        assert_eq!(lines[1], "args a=1");
        std::fs::remove_file(kernel).expect("the kernel");
    });
}

#[test]
fn a_local_boots_json_names_files_and_args_and_its_directory_is_made() {
    Lab::run(|lab| {
        let _pygrub = Pygrub::that_does(lab, CHATTY);
        let words = ["--order=disk,net", "--output-format=json", "--output-directory=/run/x/y"];
        let result = json(&shell(lab, &words));
        assert_eq!(result["action"], "localboot");
        assert_eq!(result["args"], "a=1");
        let kernel = result["files"]["kernel"].as_str().expect("a kernel's path");
        assert_eq!(std::fs::read(kernel).expect("the kernel"), b"k\n");
        assert_eq!(result["files"]["ramdisk"], serde_json::Value::Null);
        std::fs::remove_dir_all("/run/x").expect("the directory was made");
    });
}

#[test]
fn a_localboot_makes_its_directory_too() {
    Lab::run(|lab| {
        with_config(lab, "default disk\nlabel disk\nlocalboot 0\n");
        let _pygrub = Pygrub::that_does(lab, CHATTY);
        let result = json(&shell(lab, &["--output-format=json", "--output-directory=/run/x/y"]));
        assert_eq!((&result["action"], &result["type"]), (&"localboot".into(), &0.into()));
        assert_eq!(result["guest"]["mac"], netns_tests::fixtures::MAC);
        assert_eq!(result["args"], "a=1");
        assert!(
            result["files"]["kernel"].as_str().is_some_and(|path| path.starts_with("/run/x/y/"))
        );
        std::fs::remove_dir_all("/run/x").expect("the directory was made");
    });
}

#[test]
fn a_dry_run_says_that_the_disk_would_boot_and_leaves_nothing() {
    Lab::run(|lab| {
        let _pygrub = Pygrub::that_does(lab, CHATTY);
        let output = shell(lab, &["-n", "--order=disk,net", "--output-directory=/run/x/y"]);
        assert!(output.status.success());
        let plan = json(&output);
        assert_eq!((&plan["action"], &plan["args"]), (&"localboot".into(), &"a=1".into()));
        assert_eq!(plan.get("files"), None, "{plan}");
    });
}

#[test]
fn a_dry_run_says_that_the_network_would_boot() {
    Lab::run(|lab| {
        let (_server, _root, _images) = usual(lab);
        let _pygrub = Pygrub::that_finds_nothing(lab);
        let plan = json(&shell(lab, &["-n", "--order=disk,net", "--output-directory=/run/x/y"]));
        assert_eq!(plan["action"], "kernel", "{plan}");
        assert_eq!(plan["label"], "linux", "{plan}");
    });
}

#[test]
fn a_dry_run_says_that_neither_is_known() {
    Lab::run(|lab| {
        let (_server, _root, _images) = usual(lab);
        let _pygrub = Pygrub::that_does(lab, "# --runas\necho a new mishap >&2\n");
        let output = shell(lab, &["-n", "--order=disk,net", "--output-directory=/run/x/y"]);
        assert_eq!(output.status.code(), Some(13));
        let plan = json(&output);
        assert_eq!((&plan["action"], &plan["code"]), (&"error".into(), &13.into()), "{plan}");
    });
}

#[test]
fn a_network_boot_does_not_ask_pygrub() {
    Lab::run(|lab| {
        let (_, _, images) = usual(lab);
        let pygrub = Pygrub::that_boots(lab);
        check(&lab.boot().run(), &images);
        assert_eq!(pygrub.called_with(), None);
    });
}
