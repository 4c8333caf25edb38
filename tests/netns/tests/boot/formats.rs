//! What comes out: the answer in every format, the plan, the entries, the console.

use netns_tests::Lab;
use netns_tests::fixtures::{self, ARGS, GUEST, MAC};
use netns_tests::xenstored::{Manner, PATH_VARIABLE, Xenstored};
use serde_json::{Value, json};

use crate::common::{assert_same, check, usual, with_config};

const VIF: &str = "mac=00:16:3e:62:39:d3,bridge=xenbr0";

/// Runs rpxeboot from a shell; what it prints is its answer.
fn stdout(lab: &Lab, words: &[&str]) -> String {
    let output = lab.shell(words);
    let told = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "{}: {told}", output.status);
    String::from_utf8(output.stdout).expect("plain text")
}

/// A directory for an answer's files; its files are the caller's, so they are removed.
fn with_directory(lab: &Lab, test: impl FnOnce(&str)) {
    let directory = lab.directory("answer");
    test(directory.to_str().expect("a plain path"));
}

#[test]
fn simple0_on_stdout() {
    Lab::run(|lab| {
        let (_, _, images) = usual(lab);
        with_directory(lab, |directory| {
            let answer = stdout(
                lab,
                &["--output-format=simple0", "--output-directory", directory, "--output=-", VIF],
            );
            let items = netns_tests::answer::Items::read(answer.as_bytes());
            assert_eq!(items.warnings, Vec::<String>::new());
            let file = |path: Option<Vec<u8>>| {
                let path = String::from_utf8(path.expect("an item")).expect("a path");
                assert!(path.starts_with(directory), "{path}");
                std::fs::read(path).expect("the file")
            };
            assert_same("kernel", &file(items.kernel), &images.kernel);
            assert_same("ramdisk", &file(items.ramdisk), &images.ramdisk);
            assert_eq!(items.args.as_deref(), Some(ARGS.as_bytes()));
        });
    });
}

#[test]
fn simple_has_a_line_for_each_item() {
    Lab::run(|lab| {
        usual(lab);
        with_directory(lab, |directory| {
            let answer =
                stdout(lab, &["--output-format=simple", "--output-directory", directory, VIF]);
            let lines: Vec<&str> = answer.lines().filter(|line| !line.is_empty()).collect();
            assert_eq!(lines.len(), 3, "{answer}");
            assert!(lines[0].starts_with(&format!("kernel {directory}/")), "{answer}");
            assert!(lines[1].starts_with(&format!("ramdisk {directory}/")), "{answer}");
            assert_eq!(lines[2], format!("args {ARGS}"));
        });
    });
}

#[test]
fn sxp_is_xends_and_the_default() {
    Lab::run(|lab| {
        usual(lab);
        with_directory(lab, |directory| {
            for words in [vec!["--output-format=sxp"], vec![]] {
                let words = [&words[..], &["--output-directory", directory, VIF]].concat();
                let answer = stdout(lab, &words);
                let items = answer
                    .trim_end()
                    .strip_prefix("linux (")
                    .and_then(|rest| rest.strip_suffix(')'));
                let items: Vec<&str> =
                    items.unwrap_or_else(|| panic!("{answer}")).split(")(").collect();
                let value = |item: &str, key: &str| {
                    let value =
                        item.strip_prefix(key).unwrap_or_else(|| panic!("{answer}")).trim_start();
                    value.trim_matches(['"', '\'']).to_owned()
                };
                assert_eq!(items.len(), 3, "{answer}");
                assert!(value(items[0], "kernel ").starts_with(directory), "{answer}");
                assert!(value(items[1], "ramdisk ").starts_with(directory), "{answer}");
                assert_eq!(value(items[2], "args "), ARGS);
            }
        });
    });
}

#[test]
fn json_tells_the_plan_and_the_files() {
    Lab::run(|lab| {
        let (_, _, images) = usual(lab);
        with_directory(lab, |directory| {
            let answer =
                stdout(lab, &["--output-format=json", "--output-directory", directory, VIF]);
            let answer: Value = serde_json::from_str(&answer).expect("one JSON object");
            assert_plan(&answer);
            let read =
                |path: &Value| std::fs::read(path.as_str().expect("a path")).expect("the file");
            assert_same("kernel", &read(&answer["files"]["kernel"]), &images.kernel);
            assert_same("ramdisk", &read(&answer["files"]["ramdisk"]), &images.ramdisk);
            let fetched = answer["fetched"].as_array().expect("what was fetched");
            let kernel = fetched
                .iter()
                .find(|file| file["url"] == "tftp://192.168.200.1/vmlinuz")
                .expect("the kernel");
            assert_eq!(kernel["bytes"], images.kernel.len());
            assert!(kernel["seconds"].as_f64().is_some_and(|seconds| seconds > 0.0), "{kernel}");
        });
    });
}

/// What every plan of the usual boot says.
fn assert_plan(plan: &Value) {
    assert_eq!(plan["action"], "kernel");
    assert_eq!(
        plan["guest"],
        json!({ "name": null, "uuid": null, "mac": MAC, "bridge": "xenbr0" })
    );
    let lease = json!({
        "address": GUEST,
        "prefix": 24,
        "router": "192.168.200.1",
        "server": "192.168.200.1",
        "bootfile": "pxelinux.0",
    });
    assert_eq!(plan["lease"], lease);
    assert_eq!(plan["config"], "tftp://192.168.200.1/pxelinux.cfg/C0A8C8B1");
    assert_eq!(plan["label"], "linux");
    assert_eq!(plan["kernel"], "tftp://192.168.200.1/vmlinuz");
    assert_eq!(plan["initrds"], json!(["tftp://192.168.200.1/initrd.img"]));
    assert_eq!(plan["args"], ARGS);
}

#[test]
fn a_dry_run_prints_the_plan_and_fetches_no_image() {
    for flag in ["--dry-run", "-n", "--not-really"] {
        Lab::run(|lab| {
            let (_, root, _) = usual(lab);
            for image in ["vmlinuz", "initrd.img"] {
                std::fs::remove_file(root.join(image)).expect("an image");
            }
            let plan = stdout(lab, &[flag, VIF]);
            let plan: Value = serde_json::from_str(&plan).expect("one JSON object");
            assert_plan(&plan);
            assert!(plan.get("fetched").is_none_or(Value::is_null), "{plan}");
        });
    }
}

#[test]
fn a_dry_run_of_a_local_boot() {
    Lab::run(|lab| {
        with_config(lab, "default disk\nlabel disk\nlocalboot 0\n");
        let plan: Value =
            serde_json::from_str(&stdout(lab, &["--dry-run", VIF])).expect("one JSON object");
        assert_eq!(plan["action"], "localboot");
        assert_eq!(plan["type"], 0);
        assert_eq!(plan["label"], "disk");
        assert_eq!(plan["guest"]["mac"], MAC);
    });
}

#[test]
fn an_error_is_json_too_when_json_is_asked_for() {
    Lab::run(|lab| {
        let (_, root, _) = usual(lab);
        std::fs::remove_dir_all(root.join("pxelinux.cfg")).expect("the configs");
        let output = lab.shell(&["--output-format=json", "--dry-run", VIF]);
        assert_eq!(output.status.code(), Some(12));
        let error: Value = serde_json::from_slice(&output.stdout).expect("one JSON object");
        assert_eq!(error["action"], "error");
        assert_eq!(error["code"], 12);
        assert!(
            error["message"].as_str().is_some_and(|message| message.contains("192.168.200.1")),
            "{error}"
        );
    });
}

#[test]
fn the_entries_of_a_config() {
    for flag in ["--list-entries", "-l"] {
        Lab::run(|lab| {
            with_config(
                lab,
                "default two\nlabel one\nkernel k1\nlabel two\nmenu label The ^second\nkernel k2\nlabel three\nlocalboot -1\n",
            );
            let list = stdout(lab, &[flag, VIF]);
            for text in ["one", "two", "three", "k1", "k2"] {
                assert!(list.contains(text), "{text} is not in {list}");
            }
        });
    }
}

#[test]
fn help_and_version_need_nothing() {
    Lab::run(|lab| {
        assert!(stdout(lab, &["--version"]).starts_with("rpxeboot "));
        let help = stdout(lab, &["--help"]);
        for option in
            ["--mac", "--bridge", "--label", "--deadline", "--dry-run", "--list-entries", "--order"]
        {
            assert!(help.contains(option), "{option} is not in {help}");
        }
    });
}

#[test]
fn the_guests_own_args_come_last() {
    Lab::run(|lab| {
        usual(lab);
        let end = lab.boot().own("--args=root=/dev/xvda1 ro extra=1").run();
        assert_eq!(end.booted().args, format!("{ARGS} root=/dev/xvda1 ro extra=1"));
    });
}

/// A config whose command line has exactly `length` bytes.
fn config_of_length(length: usize) -> (String, String) {
    let begin = "BOOT_IMAGE=vmlinuz ";
    let append = "a".repeat(length - begin.len());
    (format!("default a\nlabel a\nkernel vmlinuz\nappend {append}\n"), format!("{begin}{append}"))
}

fn boot_of_kind<'lab>(lab: &'lab Lab, kind: &str) -> (Xenstored, netns_tests::Request<'lab>) {
    let values = Xenstored::guest(7, "RK", "8b3c1f0e-52d4-4d3a-9a51-0c6f7e2d9b11", kind);
    let store = Xenstored::start(lab, values, Manner::Prompt);
    let request = lab.boot().env(PATH_VARIABLE, store.socket());
    (store, request)
}

#[test]
fn the_longest_command_line_of_a_pv_guest() {
    Lab::run(|lab| {
        let (config, args) = config_of_length(1023);
        with_config(lab, &config);
        let (_store, request) = boot_of_kind(lab, "pv");
        assert_eq!(request.run().booted().args, args);
    });
}

#[test]
fn a_pv_guests_command_line_is_refused_not_cut() {
    Lab::run(|lab| {
        with_config(lab, &config_of_length(1024).0);
        let (_store, request) = boot_of_kind(lab, "pv");
        request.run().failed(13, &["1023"]);
    });
}

#[test]
fn a_pvh_guests_command_line_may_be_longer() {
    Lab::run(|lab| {
        let (config, args) = config_of_length(1900);
        with_config(lab, &config);
        let (_store, request) = boot_of_kind(lab, "pvh");
        assert_eq!(request.run().booted().args, args);
    });
}

#[test]
fn several_initrds_are_joined_in_order() {
    Lab::run(|lab| {
        let (_, root, images) = with_config(
            lab,
            "default a\nlabel a\nkernel vmlinuz\ninitrd one.img,two.img,sub/three.img\n",
        );
        // Neither begins with gzip's magic; the first two have no length that is a multiple of 4.
        let parts =
            [(1, 1001), (2, 70_003), (3, 4096)].map(|(seed, length)| fixtures::bytes(seed, length));
        for (name, part) in ["one.img", "two.img", "sub/three.img"].iter().zip(&parts) {
            fixtures::write(&root, name, part);
        }

        let end = lab.boot().run();

        let answer = end.booted();
        assert_eq!(answer.args, "BOOT_IMAGE=vmlinuz initrd=one.img,two.img,sub/three.img");
        assert_same("kernel", &answer.kernel, &images.kernel);
        let mut joined = Vec::new();
        for part in &parts {
            joined.extend_from_slice(part);
            joined.resize(joined.len().next_multiple_of(4), 0);
        }
        let ramdisk = answer.ramdisk.as_deref().expect("a ramdisk");
        // Zeros in front and behind are nothing to the guest's kernel; what is between must be right.
        let begin = ramdisk.iter().position(|byte| *byte != 0).expect("not only zeros");
        assert_eq!(begin % 4, 0);
        let rest = &ramdisk[begin..];
        let padding = rest.len().checked_sub(joined.trim_zeros()).expect("nothing is missing");
        assert!(padding < 4, "{padding} bytes too many");
        assert_same("joined ramdisk", &rest[..joined.trim_zeros()], &joined[..joined.trim_zeros()]);
    });
}

trait TrimZeros {
    fn trim_zeros(&self) -> usize;
}

impl TrimZeros for Vec<u8> {
    /// The length without trailing zeros.
    fn trim_zeros(&self) -> usize {
        self.iter().rposition(|byte| *byte != 0).map_or(0, |last| last + 1)
    }
}

#[test]
fn gzipped_initrds_do_not_begin_with_gzips_magic_when_joined() {
    Lab::run(|lab| {
        let (_, root, _) =
            with_config(lab, "default a\nlabel a\nkernel vmlinuz\ninitrd one.gz,two.gz\n");
        let part = |seed| [&[0x1f, 0x8b, 8][..], &fixtures::bytes(seed, 1021)].concat();
        fixtures::write(&root, "one.gz", &part(1));
        fixtures::write(&root, "two.gz", &part(2));

        let end = lab.boot().run();

        // Xen before 4.20 would unpack only the first of them.
        let ramdisk = end.booted().ramdisk.clone().expect("a ramdisk");
        assert_eq!(ramdisk[..4], [0; 4]);
        assert_same("ramdisks", &ramdisk[4..], &[part(1), part(2)].concat());
    });
}

#[test]
fn one_gzipped_initrd_is_left_as_it_is() {
    Lab::run(|lab| {
        let (_, root, _) = usual(lab);
        let image = [&[0x1f, 0x8b, 8][..], &fixtures::bytes(1, 1022)].concat();
        fixtures::write(&root, "initrd.img", &image);
        assert_same(
            "ramdisk",
            lab.boot().run().booted().ramdisk.as_deref().expect("a ramdisk"),
            &image,
        );
    });
}

#[test]
fn control_bytes_never_reach_libxl() {
    for byte in [1, 7, 27, 127] {
        Lab::run(|lab| {
            let (_, root, _) = usual(lab);
            let config =
                [&b"default a\nlabel a\nkernel vmlinuz\nappend x="[..], &[byte], b"y\n"].concat();
            fixtures::write(&root, fixtures::CONFIG_NAME, &config);
            let end = lab.boot().run();
            end.failed(13, &["control"]);
            let raw = end
                .console
                .bytes()
                .filter(|byte| byte.is_ascii_control() && !b"\r\n".contains(byte))
                .count();
            assert_eq!(raw, 0, "raw control bytes on the console: {:?}", end.console);
        });
    }
}

#[test]
fn the_answers_files_are_roots_alone() {
    Lab::run(|lab| {
        let (_, _, images) = usual(lab);
        let end = lab.boot().run();
        check(&end, &images);
        assert_eq!(end.booted().modes, [0o600, 0o600]);
    });
}

#[test]
fn console_lines_are_short_and_end_for_a_raw_terminal() {
    Lab::run(|lab| {
        let (_, _, images) = usual(lab);
        let end = lab.boot().run();
        check(&end, &images);
        assert!(end.console.ends_with("\r\n"), "{:?}", end.console);
        assert_eq!(
            end.console.matches('\n').count(),
            end.console.matches("\r\n").count(),
            "{:?}",
            end.console
        );
        let lines: Vec<&str> = end.console.lines().collect();
        assert!(lines.len() >= 3, "what happened, step by step: {end}");
        assert!(lines.iter().all(|line| line.len() <= 160), "{end}");
        assert!(lines.iter().any(|line| line.contains(GUEST)), "the address: {end}");
    });
}
