//! The library's own tests, with other people's clients in rpxeboot's place: what the other
//! files rely on is shown to work, and the checks are shown to be able to fail.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::PathBuf;
use std::time::Duration;

use netns_tests::fixtures::{self, GUEST, MAC_BYTES, SERVER};
use netns_tests::relay::Faults;
use netns_tests::servers::{Offer, dhcpd, dnsmasq, http, kea, tftp};
use netns_tests::wire::Wire;
use netns_tests::xenstored::{Manner, PATH_VARIABLE, Xenstored};
use netns_tests::{Host, Lab, process, programs};
use nix::sys::signal::Signal;

/// A lease as busybox's udhcpc gets it: its script's variables.
fn lease(guest: &Host) -> String {
    let script = guest.directory("udhcpc").join("script");
    program(&script, "#!/bin/sh\n[ \"$1\" = bound ] && env\nexit 0\n");
    let mut command = guest.command(programs::installed("busybox"));
    command
        .args(["udhcpc", "-f", "-n", "-q", "-i", "eth0", "-O", "66", "-O", "67", "-s"])
        .arg(&script);
    String::from_utf8(process::run(command).stdout).expect("plain text")
}

fn program(path: &PathBuf, text: &str) {
    fs::write(path, text).expect("a program");
    fs::set_permissions(path, fs::Permissions::from_mode(0o755)).expect("a program");
}

fn fetch(client: &Host, words: &[&str], name: &str) -> Vec<u8> {
    let into = client.directory("fetched").join("file");
    let mut command = client.command(programs::installed("busybox"));
    command.args(["tftp", "-g", "-r", name, "-l"]).arg(&into).args(words).arg("192.168.200.1");
    process::run(command);
    fs::read(into).expect("the fetched file")
}

/// A bootloader that is a shell script.
fn bootloader(lab: &Lab, text: &str) -> PathBuf {
    let path = lab.directory("stand-in").join("bootloader");
    program(&path, &format!("#!/bin/sh\n{text}\n"));
    path
}

const GOOD: &str = r#"
for word; do
    case $word in --output=*) output=${word#*=} ;; --output-directory=*) directory=${word#*=} ;; esac
done
echo kernel > "$directory/k"; echo ramdisk > "$directory/r"
printf 'kernel %s\0ramdisk %s\0args a  b=c \0' "$directory/k" "$directory/r" > "$output"
"#;

#[test]
fn dnsmasq_gives_the_lease() {
    Lab::run(|lab| {
        let server = lab.host("server", SERVER);
        dnsmasq::whole(&server, &server.directory("root"));

        let lease = lease(&lab.guest());

        assert!(lease.contains(&format!("ip={GUEST}\n")), "{lease}");
        assert!(lease.contains("siaddr=192.168.200.1\n"), "{lease}");
    });
}

#[test]
fn isc_dhcpd_gives_the_lease() {
    Lab::run(|lab| {
        let server = lab.host("server", SERVER);
        dhcpd::start(&server, &Offer::usual("192.168.200.7"));

        let lease = lease(&lab.guest());

        assert!(lease.contains(&format!("ip={GUEST}\n")), "{lease}");
        assert!(lease.contains("siaddr=192.168.200.7\n"), "{lease}");
        assert!(lease.contains("boot_file=pxelinux.0\n"), "{lease}");
    });
}

#[test]
fn kea_gives_the_lease() {
    Lab::run(|lab| {
        let server = lab.host("server", SERVER);
        kea::start(&server, &Offer::usual("192.168.200.7"));

        let lease = lease(&lab.guest());

        assert!(lease.contains(&format!("ip={GUEST}\n")), "{lease}");
        assert!(lease.contains("siaddr=192.168.200.7\n"), "{lease}");
        assert!(lease.contains("boot_file=pxelinux.0\n"), "{lease}");
    });
}

#[test]
fn every_tftp_server_serves_busybox_and_curl() {
    Lab::run(|lab| {
        let server = lab.host("server", SERVER);
        let client = lab.host("client", [192, 168, 200, 9]);
        let root = server.directory("root");
        let images = fixtures::tree(&root);
        for kind in tftp::ALL {
            let running = tftp::start(&server, kind, &root);
            assert_eq!(fetch(&client, &["-b", "1428"], "vmlinuz"), images.kernel, "{kind:?}");
            let mut command = client.command(programs::installed("curl"));
            command.args(["-s", "-S", "tftp://192.168.200.1/initrd.img"]);
            assert!(process::run(command).stdout == images.ramdisk, "{kind:?}");
            running.stop();
        }
    });
}

#[test]
fn atftpd_and_rs_tftpd_grant_windows() {
    Lab::run(|lab| {
        let server = lab.host("server", SERVER);
        let client = lab.host("client", [192, 168, 200, 9]);
        let root = server.directory("root");
        let images = fixtures::tree(&root);
        for kind in [tftp::Kind::Atftpd, tftp::Kind::RsTftpd] {
            let running = tftp::start(&server, kind, &root);
            let wire = Wire::tap(server.netns(), "eth0");
            let into = client.directory("fetched").join("file");
            let mut command = client.command(programs::unpacked("atftp"));
            command.args([
                "--option",
                "windowsize 16",
                "--option",
                "blksize 1428",
                "-g",
                "-r",
                "vmlinuz",
                "-l",
            ]);
            command.arg(&into).arg("192.168.200.1");
            process::run(command);
            assert!(fs::read(&into).expect("the file") == images.kernel, "{kind:?}");
            let frames = wire.frames();
            let granted = frames
                .iter()
                .any(|frame| frame.windows(14).any(|text| text == b"windowsize\x0016\0"));
            assert!(granted, "{kind:?} did not grant a window among {} frames", frames.len());
            running.stop();
        }
    });
}

#[test]
fn httpd_serves_curl() {
    Lab::run(|lab| {
        let server = lab.host("server", SERVER);
        let client = lab.host("client", [192, 168, 200, 9]);
        let root = server.directory("root");
        let images = fixtures::tree(&root);
        http::start(&server, &root);
        let mut command = client.command(programs::installed("curl"));
        command.args(["-s", "-S", "-f", "http://192.168.200.1/vmlinuz"]);
        assert!(process::run(command).stdout == images.kernel);
    });
}

#[test]
fn the_installer_is_there_as_packaged() {
    Lab::run(|_| {
        let tree = programs::installer_tree("text");
        for name in [
            "pxelinux.0",
            "pxelinux.cfg/default",
            "debian-installer/amd64/linux",
            "debian-installer/amd64/initrd.gz",
        ] {
            assert!(tree.join(name).exists(), "{}", tree.join(name).display());
        }
    });
}

#[test]
fn the_relay_delays_and_loses() {
    Lab::run(|lab| {
        let delay = Duration::from_millis(20);
        let _far = lab.host_behind(
            "far",
            [192, 168, 200, 2],
            Faults { delay, seed: 1, ..Faults::default() },
        );
        let client = lab.host("client", [192, 168, 200, 9]);
        let ping = |address: &str| {
            let mut command = client.command(programs::installed("busybox"));
            command.args(["ping", "-c", "3", "-W", "2", address]);
            String::from_utf8(command.output().expect("ping").stdout).expect("plain text")
        };
        let answers = ping("192.168.200.2");
        let fastest =
            answers.split("min/avg/max = ").nth(1).and_then(|times| times.split('/').next());
        let fastest: f64 =
            fastest.and_then(|time| time.parse().ok()).unwrap_or_else(|| panic!("{answers}"));
        assert!(fastest >= 40.0, "{answers}");

        let lossy = Faults { lost: 1000, seed: 1, ..Faults::default() };
        let _gone = lab.host_behind("gone", [192, 168, 200, 3], lossy);
        let answers = ping("192.168.200.3");
        assert!(answers.contains(" 0 packets received"), "{answers}");
    });
}

#[test]
fn the_relay_loses_doubles_and_reorders_some() {
    Lab::run(|lab| {
        let faults = Faults { lost: 10, doubled: 50, late: 50, seed: 7, ..Faults::default() };
        let server = lab.host_behind("server", SERVER, faults);
        let client = lab.host("client", [192, 168, 200, 9]);
        let root = server.directory("root");
        fixtures::write(&root, "small", &fixtures::bytes(3, 300_000));
        tftp::start(&server, tftp::Kind::Atftpd, &root);
        let wire = Wire::tap(client.netns(), "eth0");

        assert!(fetch(&client, &["-b", "1428"], "small") == fixtures::bytes(3, 300_000));

        let blocks: Vec<u16> = wire
            .frames()
            .iter()
            .filter(|frame| {
                frame.len() > 46 && frame[42..44] == [0, 3] && frame[6..12] != frame[0..6]
            })
            .map(|frame| u16::from_be_bytes([frame[44], frame[45]]))
            .collect();
        let repeated = blocks.windows(2).filter(|pair| pair[0] == pair[1]).count();
        assert!(repeated > 0, "no block came twice: {blocks:?}");
    });
}

#[test]
fn xenstore_read_reads_the_store() {
    Lab::run(|lab| {
        for manner in [Manner::Prompt, Manner::InPieces] {
            let store = Xenstored::start(
                lab,
                Xenstored::guest(7, "RK", "8b3c1f0e-52d4-4d3a-9a51-0c6f7e2d9b11", "pv"),
                manner,
            );
            let read = |path: &str| {
                let mut command = lab.command(programs::installed("xenstore-read"));
                command.arg("-s").arg(path).env(PATH_VARIABLE, store.socket());
                command.output().expect("xenstore-read")
            };
            assert_eq!(read("/local/domain/7/name").stdout, b"RK\n");
            assert_eq!(read("/libxl/7/type").stdout, b"pv\n");
            assert!(!read("/local/domain/8/name").status.success());
            let mut command = lab.command(programs::installed("xenstore-list"));
            command.args(["-s", "/local/domain/7"]).env(PATH_VARIABLE, store.socket());
            assert_eq!(process::run(command).stdout, b"console\ncontrol\nname\nvm\n");
            assert_eq!(store.asked()[0], "/local/domain/7/name");
        }
    });
}

#[test]
fn libxl_takes_a_good_answer() {
    Lab::run(|lab| {
        let end = lab.boot().program(bootloader(lab, GOOD)).run();

        let answer = end.booted();
        assert_eq!(answer.kernel, b"kernel\n");
        assert_eq!(answer.ramdisk.as_deref(), Some(&b"ramdisk\n"[..]));
        assert_eq!(answer.args, "a  b=c ");
        assert!(!answer.paths[0].exists());
    });
}

#[test]
fn libxl_starts_a_bootloader_as_documented() {
    Lab::run(|lab| {
        let text = format!(
            "for word; do echo \"word $word\"; done; tty; stty -a; echo $TERM; ls -l /proc/$$/fd; \
             ps -o sid= -p $$ | tr -d ' '; echo $$; stat -c '%a %s %n' /var/lib/xen/*; id -u; pwd\n{GOOD}"
        );
        let end = lab
            .boot()
            .program(bootloader(lab, &text))
            .own("--kernel=K")
            .own("--args=a b")
            .words(["--one", "", "two words"])
            .domid(12)
            .run();

        let console = end.console.replace('\r', "");
        let words: Vec<&str> =
            console.lines().filter_map(|line| line.strip_prefix("word ")).collect();
        assert_eq!(
            words,
            [
                "--kernel=K",
                "--args=a b",
                "--output=/var/lib/xen/bootloader.12.out",
                "--output-format=simple0",
                "--output-directory=/var/lib/xen/bootloader.12.d",
                "--one",
                "",
                "two words",
                "/run/lab/disk/system.img",
            ]
        );
        for text in [
            "/dev/pts/",
            "-icanon",
            "-opost",
            "vt100",
            "600 0 /var/lib/xen/bootloader.12.out",
            "600 ",
            "/run/lab/work",
        ] {
            assert!(console.contains(text), "{text:?} is not in {console}");
        }
        assert_eq!(
            console.matches(" -> /run/lab/logs/xl.log").count(),
            3,
            "what xl leaks: {console}"
        );
        let lines: Vec<&str> = console.lines().collect();
        assert!(
            lines.windows(2).any(|pair| pair[0] == pair[1] && pair[0].parse::<u32>().is_ok()),
            "no session leader: {console}"
        );
    });
}

#[test]
fn a_bootloader_can_have_xl_as_its_parent() {
    Lab::run(|lab| {
        let text =
            format!("tr '\\0' ' ' < /proc/$PPID/cmdline; echo; cat /proc/$PPID/comm; tty; {GOOD}");
        let end = lab.boot().program(bootloader(lab, &text)).under_xl(&["create", "RK.cfg"]).run();

        end.booted();
        let lines: Vec<&str> = end.console.split("\n").map(str::trim_end).collect();
        assert_eq!(lines[..2], ["xl create RK.cfg", "xl"]);
        assert!(lines[2].starts_with("/dev/pts/"), "{}", end.console);

        let end =
            lab.boot().program(bootloader(lab, "exit 12")).under_xl(&["create", "RK.cfg"]).run();
        assert_eq!(end.status.code(), Some(12));
    });
}

#[test]
fn libxl_ends_a_bootloader_that_closes_its_terminal() {
    Lab::run(|lab| {
        let end = lab.boot().program(bootloader(lab, "exec 0<&- 1>&- 2>&-; exec sleep 20")).run();

        assert_eq!(end.status.to_string(), "signal: 15 (SIGTERM)");
        assert!(end.took < Duration::from_secs(5), "{end}");
    });
}

#[test]
fn a_failed_boot_that_leaves_something_for_libxl_is_caught() {
    Lab::run(|lab| {
        let leaves_a_file = bootloader(lab, &format!("{GOOD}\nexit 3"));
        let caught = catch_unwind(AssertUnwindSafe(|| lab.boot().program(leaves_a_file).run()));
        assert!(caught.is_err());
    });
}

#[test]
fn what_is_left_behind_is_caught() {
    let things = [
        (
            "a process",
            "setsid -f sh -c 'echo $$ > /run/lab/left; exec sleep 77' < /dev/null > /dev/null 2>&1; until [ -s /run/lab/left ]; do :; done",
            "kill $(cat /run/lab/left)",
        ),
        ("an interface", "ip link add left0 type bridge", "ip link del left0"),
        (
            "a bridge's port",
            "ip link add left0 type veth peer name left1; ip link set left0 master xenbr0",
            "ip link del left0",
        ),
        ("an address", "ip addr add 10.0.0.1/8 dev xenbr0", "ip addr flush dev xenbr0"),
        ("a route", "ip route add 10.0.0.0/8 dev lo", "ip route del 10.0.0.0/8"),
        ("an MTU", "ip link set xenbr0 mtu 1400", "ip link set xenbr0 mtu 1500"),
        (
            "a named namespace",
            "ip netns add left",
            "ip netns del left; umount /run/netns; rm -rf /run/netns /run/mount/*",
        ),
        (
            "a mount",
            "mount -t tmpfs none /run/lab/work",
            "umount /run/lab/work; rm -rf /run/mount/*",
        ),
        (
            "a loop device",
            "d=/run/lab/disk/$NETNS_LAB; mkdir -p $d; truncate -s 1M $d/left; losetup -f $d/left",
            "losetup -d $(losetup -nO name -j /run/lab/disk/$NETNS_LAB/left)",
        ),
        ("a file in /tmp", "touch /tmp/left", "rm /tmp/left"),
        ("a file in /run", "mkdir -p /run/other/left", "rm -r /run/other"),
        ("a file in /var/lib/xen", "touch /var/lib/xen/left", "rm /var/lib/xen/left"),
        ("a file in /etc", "touch /etc/left", "rm /etc/left"),
    ];
    // Each waits a second for what will not go away: all at once.
    std::thread::scope(|scope| {
        for (what, leave, remove) in things {
            std::thread::Builder::new()
                .name(format!("leaves {what}"))
                .spawn_scoped(scope, move || {
                    Lab::run(|lab| {
                        lab.boot()
                            .program(bootloader(lab, &format!("{leave}\n{GOOD}")))
                            .run()
                            .booted();
                        let caught = catch_unwind(AssertUnwindSafe(|| lab.assert_nothing_left()));
                        assert!(caught.is_err(), "{what} was not noticed");
                        let mut command = lab.command("/bin/sh");
                        command.args(["-c", remove]);
                        assert!(command.status().expect("a shell").success(), "{remove}");
                    });
                })
                .expect("a thread");
        }
    });
}

#[test]
fn what_rpxeboot_remembers_of_guests_may_stay() {
    Lab::run(|lab| {
        let end = lab
            .boot()
            .program(bootloader(
                lab,
                &format!("mkdir -p /run/rpxeboot; touch /run/rpxeboot/x\n{GOOD}"),
            ))
            .run();
        end.booted();
        lab.assert_nothing_left();
    });
}

#[test]
fn a_boot_can_be_watched_and_killed() {
    Lab::run(|lab| {
        let boot = lab.boot().program(bootloader(lab, "echo waiting; exec sleep 20")).start();
        boot.wait_until("its first line", || boot.console().contains("waiting"));
        boot.signal(Signal::SIGKILL);
        let end = boot.finish();
        assert_eq!(end.status.to_string(), "signal: 9 (SIGKILL)");
        assert!(end.answer.is_none());
    });
}

#[test]
fn dom0_has_a_bridge_and_no_address() {
    Lab::run(|lab| {
        let _server = lab.host("server", SERVER);
        let names: Vec<String> = fs::read_dir("/sys/class/net")
            .expect("/sys")
            .flatten()
            .map(|entry| entry.file_name().to_string_lossy().into_owned())
            .collect();
        assert_eq!(names.len(), 3, "lo, the bridge and one port: {names:?}");
        let addresses = lab.ip_json("-4 addr show dev xenbr0");
        assert_eq!(addresses.as_array().map_or(0, Vec::len), 0, "{addresses}");
        assert_eq!(MAC_BYTES.map(|byte| format!("{byte:02x}")).join(":"), fixtures::MAC);
    });
}
