//! `create --profile`, `media` and `serve` together: a guest boots its installer with what its
//! profile says, gets its answer file, which nobody else does, and says when it is done. And
//! what goes wrong with media and networks.

use std::fs;
use std::io::Read;
use std::net::{Ipv4Addr, TcpStream};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use netns_tests::fixtures::{self, Images, MAC, SERVER};
use netns_tests::host::Server;
use netns_tests::{Host, Lab, programs};

/// A profile of this host's: `append` and one file.
const PROFILE: &str = "\
title = 'A test'
files = ['answers.cfg']
append = 'answers={{ url }}/answers.cfg console=hvc0 {{ set.extra }}'
[set.extra]
default = 'plain'
help = 'a word'
";
const ANSWERS: &str = "\
for {{ guest.name }} {{ guest.mac }}
password {{ root_password }}
keys {{ ssh_keys | length }}
mirror {{ mirror.host if mirror else 'none' }}
";

struct Place {
    host: Host,
    images: Images,
    source: PathBuf,
    settings: PathBuf,
}

fn place(lab: &Lab) -> Place {
    let host = lab.host("server", SERVER);
    let source = host.directory("source");
    let images = fixtures::tree(&source);
    fs::rename(source.join("initrd.img"), source.join("initrd.img.old")).unwrap();
    fs::write(source.join("initrd.img"), &images.ramdisk).unwrap();
    let profile = host.directory("profiles").join("test");
    fs::create_dir(&profile).unwrap();
    fs::write(profile.join("profile.toml"), PROFILE).unwrap();
    fs::write(profile.join("answers.cfg.j2"), ANSWERS).unwrap();
    let settings = host.directory("settings").join("vmprov.toml");
    let text: String = [("config", "configs"), ("image", "images"), ("state", "state")]
        .iter()
        .chain(&[("media", "media"), ("profile", "profiles")])
        .map(|(key, name)| format!("{key}_dir = '{}'\n", host.directory(name).display()))
        .collect();
    fs::write(&settings, text).unwrap();
    Place { host, images, source, settings }
}

impl Place {
    fn command(&self, words: &[&str]) -> Command {
        let mut command = self.host.command(Lab::own_program("vmprov"));
        command.arg("--settings").arg(&self.settings).args(words).stdin(Stdio::null());
        command
    }

    fn runs(&self, words: &[&str]) -> Output {
        self.command(words).output().unwrap()
    }

    fn succeeds(&self, words: &[&str]) -> String {
        let output = self.runs(words);
        assert!(output.status.success(), "{words:?}: {}", said(&output));
        String::from_utf8(output.stdout).unwrap()
    }

    fn fails(&self, words: &[&str], code: i32, sentence: &str) {
        let output = self.runs(words);
        assert_eq!(output.status.code(), Some(code), "{words:?}: {}", said(&output));
        assert!(said(&output).contains(sentence), "{words:?}: {}", said(&output));
    }

    fn add_medium(&self) {
        self.succeeds(&["media", "add", "test", self.source.to_str().unwrap()]);
    }

    fn create(&self, words: &[&str]) {
        let mut all = vec!["create", "RK", "--mac", MAC, "--profile", "test", "--disk-size", "1M"];
        all.extend(words);
        self.succeeds(&all);
    }

    fn serves(&self) -> Server {
        self.host.serve("vmprov", self.command(&["serve", "--bridge", "eth0"]), |server| {
            server.log().contains("Ctrl-C ends it") && server.has_udp_port(69)
        })
    }

    /// The hash in the guest's record.
    fn root_password(&self) -> String {
        let record = fs::read_to_string(self.state("RK.json")).expect("the record");
        let record: serde_json::Value = serde_json::from_str(&record).expect("JSON");
        record["provision"]["root_password"].as_str().expect("a hash").to_owned()
    }

    fn state(&self, name: &str) -> PathBuf {
        self.host.directory("state").join(name)
    }
}

fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// The status and the text that this host gets.
fn get(host: &Host, path: &str) -> (String, String) {
    let mut command = host.command("curl");
    command.args(["-s", "-w", "\n%{http_code}", &format!("http://192.168.200.1{path}")]);
    let output = command.output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    let (body, status) = text.rsplit_once('\n').unwrap();
    (status.to_owned(), body.to_owned())
}

/// A login compares with what the system's own crypt(3) makes of a password.
fn assert_is_password(password: &str, hash: &str) {
    let mut perl = Command::new(programs::installed("perl"));
    perl.args(["-e", "print crypt($ARGV[0], $ARGV[1])", password, hash]);
    let made = perl.output().expect("perl").stdout;
    assert_eq!(String::from_utf8_lossy(&made), hash);
}

fn mode(path: &Path) -> u32 {
    path.metadata().unwrap().permissions().mode() & 0o777
}

#[test]
fn a_guest_gets_its_installer_and_its_answers_which_nobody_else_does() {
    Lab::run(|lab| {
        let place = place(lab);
        place.add_medium();
        place.create(&["--set", "extra=more"]);
        let password = fs::read_to_string(place.state("RK.password")).unwrap();
        assert_eq!(
            (mode(&place.state("RK.password")), mode(&place.state("RK.json"))),
            (0o600, 0o600)
        );
        assert_is_password(password.trim_end(), &place.root_password());
        let server = place.serves();

        let end = lab.boot().run();
        let answer = end.booted();
        let base = "http://192.168.200.1";
        let append = format!("answers={base}/guests/RK/answers.cfg console=hvc0 more");
        assert!(answer.args.contains(&append), "{end}");
        let same = answer.kernel == place.images.kernel;
        assert!(same && answer.ramdisk.as_ref() == Some(&place.images.ramdisk), "{end}");

        let guest = lab.guest();
        guest.ip("addr replace 192.168.200.77/24 dev eth0");
        let (status, text) = get(&guest, "/guests/RK/answers.cfg");
        assert_eq!(status, "200");
        assert!(text.contains(&format!("for RK {MAC}\npassword $6$")), "{text}");
        assert!(!text.contains(password.trim()), "the hash, not the password");
        assert_eq!(get(&guest, "/guests/web/answers.cfg").0, "404");
        assert_eq!(get(&guest, "/guests/RK/other").0, "404");

        let stranger = lab.host("stranger", [192, 168, 200, 9]);
        for file in ["answers.cfg", "authorized_keys", "done"] {
            assert_eq!(get(&stranger, &format!("/guests/RK/{file}")).0, "403", "{file}");
        }
        assert!(!server.log().contains("is done"), "{}", server.log());
        assert_eq!(get(&guest, "/guests/RK/done").0, "200");
        let done = || server.log().contains("RK: its installer says that it is done");
        wait_until(done, || server.log());
        assert!(server.log().contains("refused answers.cfg, which is RK's alone"));
        // No secret in the log, nor in any file that others can read.
        let record = fs::read_to_string(place.state("RK.json")).unwrap();
        let hash = record.split("$6$").nth(1).unwrap().split('"').next().unwrap();
        assert!(!server.log().contains(hash) && !server.log().contains(password.trim()));
        assert_eq!(files_with(Path::new("/run/vmprov"), hash), Vec::<PathBuf>::new());
        super::serve::ends(lab, &server);
        assert!(!Path::new("/run/vmprov").exists());
    });
}

#[test]
fn clients_that_say_nothing_do_not_keep_a_guest_away() {
    Lab::run(|lab| {
        let place = place(lab);
        place.add_medium();
        let server = place.serves();
        let stranger = lab.host("stranger", [192, 168, 200, 9]);
        let silent: Vec<TcpStream> = stranger.netns().enter(|| {
            let connect = |_| TcpStream::connect((Ipv4Addr::from(SERVER), 80)).unwrap();
            (0..300).map(connect).collect()
        });
        let guest = lab.guest();
        guest.ip("addr replace 192.168.200.77/24 dev eth0");
        assert_eq!(get(&guest, "/media/test/medium.json").0, "200");
        // They were let go, one by one.
        let mut first = silent.first().unwrap();
        first.set_read_timeout(Some(std::time::Duration::from_secs(30))).unwrap();
        assert_eq!(first.read(&mut [0; 1]).unwrap(), 0);
        drop(silent);
        super::serve::ends(lab, &server);
    });
}

#[test]
fn a_guest_that_is_created_while_it_serves_is_served() {
    Lab::run(|lab| {
        let place = place(lab);
        let server = place.serves();
        assert!(server.log().contains("no guest here has a profile yet"), "{}", server.log());
        place.add_medium();
        place.create(&[]);
        wait_until(|| server.log().contains(&format!("RK: known by {MAC}")), || server.log());
        let end = lab.boot().run();
        assert!(end.booted().args.contains("console=hvc0 plain"), "{end}");
        // A profile's mistake is told, and the others are served on.
        let template = place.host.directory("profiles").join("test/answers.cfg.j2");
        fs::write(&template, "{{ nothing }}").unwrap();
        let mistake = "RK: profile test: answers.cfg, line 1: undefined value";
        wait_until(|| server.log().contains(mistake), || server.log());
        super::serve::ends(lab, &server);
    });
}

#[test]
fn what_cannot_be_installed_is_refused_by_create() {
    Lab::run(|lab| {
        let place = place(lab);
        let create = |words: &[&'static str]| -> Vec<&'static str> {
            let start = ["create", "RK", "--mac", MAC, "--disk-size", "1M", "--profile"];
            start.iter().chain(words).copied().collect()
        };
        place.fails(&create(&["nothing"]), 4, "there is no profile nothing; there are: ");
        place.fails(&create(&["test"]), 4, "there is no medium test: `vmprov media add test`");
        place.add_medium();
        place.fails(&create(&["test", "--set", "x=y"]), 2, "leaves no such choice; it has: extra");
        place.fails(&create(&["test", "--timezone", "a'b"]), 2, "cannot stand in an answer file");
        place.fails(&create(&["test", "--mirror", "ftp://a"]), 2, "is no mirror");
        place.fails(&create(&["test", "--ssh-key", "/nowhere"]), 4, "there is no /nowhere");
        place.fails(&create(&["debian-13", "--medium", "test"]), 3, "does not fit on a disk of");
        assert!(!place.state("RK.json").exists() && !place.state("RK.password").exists());
        place.create(&[]);
        place.fails(&["media", "remove", "test"], 3, "RK would be installed from test");
        place.succeeds(&["delete", "RK", "--yes"]);
        assert!(!place.state("RK.password").exists());
        place.succeeds(&["media", "remove", "test"]);
        assert_eq!(place.succeeds(&["media", "list"]), "");
    });
}

#[test]
fn media_come_out_of_isos_tarballs_packages_and_urls() {
    Lab::run(|lab| {
        let place = place(lab);
        let work = place.host.directory("work");
        let tree = work.join("tree/install.amd");
        fs::create_dir_all(&tree).unwrap();
        fs::write(tree.join("vmlinuz"), &place.images.kernel).unwrap();
        fs::write(tree.join("initrd.gz"), &place.images.ramdisk).unwrap();
        let run = |program: &str, words: &[&str]| {
            let output = Command::new(program).args(words).current_dir(&work).output().unwrap();
            assert!(output.status.success(), "{program}: {}", said(&output));
        };
        run("xorriso", &["-as", "mkisofs", "-quiet", "-R", "-o", "a.iso", "tree"]);
        run("tar", &["-czf", "a.tar.gz", "-C", "tree", "."]);
        fs::create_dir_all(work.join("tree/DEBIAN")).unwrap();
        let control = "Package: a\nVersion: 1\nArchitecture: all\nMaintainer: a\nDescription: a\n";
        fs::write(work.join("tree/DEBIAN/control"), control).unwrap();
        run("dpkg-deb", &["-b", "tree", "a.deb"]);
        for name in ["a.iso", "a.tar.gz", "a.deb"] {
            let file = work.join(name);
            place.succeeds(&["media", "add", "one", file.to_str().unwrap(), "--replace"]);
            let kernel = place.host.directory("media").join("one/kernel");
            assert_eq!(fs::read(kernel).unwrap(), place.images.kernel, "{name}");
        }
        // All are one.
        let blobs = || fs::read_dir(place.host.directory("media").join(".blobs")).unwrap().count();
        assert_eq!(blobs(), 2);
        place.succeeds(&[
            "media",
            "add",
            "whole",
            work.join("a.iso").to_str().unwrap(),
            "--tree",
            "--image",
        ]);
        let whole = place.host.directory("media").join("whole");
        assert_eq!(fs::read(whole.join("tree/install.amd/vmlinuz")).unwrap(), place.images.kernel);
        assert_eq!(
            fs::read(whole.join("image.iso")).unwrap(),
            fs::read(work.join("a.iso")).unwrap()
        );
        assert_eq!(blobs(), 3);

        let http = netns_tests::servers::http::start(&place.host, &work.join("tree"));
        place.succeeds(&["media", "add", "url", "http://192.168.200.1/"]);
        assert_eq!(blobs(), 3);
        place.fails(
            &["media", "add", "none", "http://192.168.200.1/install.amd/x"],
            4,
            "no installer in",
        );
        http.stop();
        place.fails(
            &["media", "add", "none", "http://192.168.200.1/"],
            1,
            "fetching http://192.168.200.1/",
        );
    });
}

#[test]
fn media_that_are_broken_or_not_what_they_should_be_are_not_kept() {
    Lab::run(|lab| {
        let place = place(lab);
        let work = place.host.directory("work");
        let add = |file: &Path| {
            vec!["media".to_owned(), "add".into(), "b".into(), file.display().to_string()]
        };
        let fails = |words: &[String], sentence: &str| {
            place.fails(&words.iter().map(String::as_str).collect::<Vec<_>>(), 1, sentence);
        };
        let broken = work.join("broken.iso");
        fs::write(&broken, fixtures::bytes(1, 100_000)).unwrap();
        fails(&add(&broken), "broken.iso is no ISO, tarball or package, or a broken one: ");
        let iso = work.join("cut.iso");
        let words = ["-as", "mkisofs", "-quiet", "-R", "-o", iso.to_str().unwrap()];
        let made = Command::new("xorriso").args(words).arg(&place.source).output().unwrap();
        assert!(made.status.success(), "{}", said(&made));
        let whole = fs::read(&iso).unwrap();
        fs::write(&iso, &whole[..whole.len() / 2]).unwrap();
        let cut = place.runs(&add(&iso).iter().map(String::as_str).collect::<Vec<_>>());
        assert_eq!(cut.status.code(), Some(1), "{}", said(&cut));
        // By its own sum, before it is read; by a list beside it; by a list in the tree.
        let mut words = add(&iso);
        words.extend(["--sha256".to_owned(), "0".repeat(64)]);
        fails(&words, "cut.iso is not what --sha256 says: its SHA-256 is ");
        fs::write(work.join("SHA256SUMS"), format!("{}  cut.iso\n", "1".repeat(64))).unwrap();
        fails(&add(&iso), "cut.iso is not what SHA256SUMS beside it says");
        let sums = format!("{0}  ./vmlinuz\n{0}  initrd.img\n", "2".repeat(64));
        fs::write(place.source.join("SHA256SUMS"), sums).unwrap();
        fails(&add(&place.source), "is not what it should be: its SHA-256 is ");
        let sum = "3".repeat(64);
        let info = format!("[checksums]\nvmlinuz = sha256:{sum}\ninitrd.img = sha256:{sum}\n");
        fs::write(place.source.join(".treeinfo"), info).unwrap();
        fails(&add(&place.source), &format!("not {}; nothing was kept", "3".repeat(64)));
        assert_eq!(place.succeeds(&["media", "list"]), "");
        let left = fs::read_dir(place.host.directory("media")).unwrap().flatten();
        let left: Vec<PathBuf> = left.map(|entry| entry.path()).collect();
        assert_eq!(left, [place.host.directory("media").join(".blobs")]);
        assert_eq!(fs::read_dir(&left[0]).unwrap().count(), 0);
    });
}

#[test]
fn a_debian_archives_signature_is_checked() {
    Lab::run(|lab| {
        let place = place(lab);
        let work = place.host.directory("work");
        let images = work.join("debian/dists/x/main/installer-amd64/current/images");
        let tree = images.join("netboot/debian-installer/amd64");
        fs::create_dir_all(&tree).unwrap();
        fs::write(tree.join("linux"), &place.images.kernel).unwrap();
        fs::write(tree.join("initrd.gz"), &place.images.ramdisk).unwrap();
        let run = |script: &str| {
            let output =
                Command::new("bash").args(["-ec", script]).current_dir(&work).output().unwrap();
            assert!(output.status.success(), "{}", said(&output));
        };
        run("cd debian/dists/x/main/installer-amd64/current/images
             sha256sum ./netboot/debian-installer/amd64/* | sed 's|  netboot|  ./netboot|' >SHA256SUMS
             cd ../../../..
             list=main/installer-amd64/current/images/SHA256SUMS
             printf 'SHA256:\\n %s 99 %s\\n' \"$(sha256sum <$list | cut -d' ' -f1)\" $list >Release
             export GNUPGHOME=$PWD/../../../keys; mkdir -m 700 -p \"$GNUPGHOME\"
             gpg -q --batch --passphrase '' --quick-gen-key test
             gpg -q --batch --clearsign -o InRelease Release
             gpg -q --export >../../../keys.gpg; gpgconf --kill all");
        let _http = netns_tests::servers::http::start(&place.host, &work);
        let url = "http://192.168.200.1/debian/dists/x/main/installer-amd64/current/images/netboot";
        let keys = work.join("keys.gpg");
        let mut add =
            vec!["media", "add", "x", url, "--keyring", keys.to_str().unwrap(), "--replace"];
        let told = place.succeeds(&add);
        assert!(told.contains("checked by its SHA256SUMS, signed by a key of"), "{told}");
        run("echo '# another' >>debian/dists/x/main/installer-amd64/current/images/SHA256SUMS");
        place.fails(&add, 1, "SHA256SUMS is not the one that is signed in");
        run("sed -i 's/ 99 / 98 /' debian/dists/x/InRelease");
        place.fails(&add, 1, "no good signature by a key of");
        // Who names keys wants a signature.
        run("rm debian/dists/x/InRelease");
        place.fails(&add, 1, "is signed, by a key of");
        add[4] = "--sha256";
        place.fails(&add, 2, "is no SHA-256 sum");
    });
}

#[test]
fn a_full_disk_leaves_nothing_of_a_medium() {
    Lab::run(|lab| {
        let place = place(lab);
        let media = place.host.directory("media");
        let mount = |words: &[&str]| {
            assert!(
                Command::new(words[0]).args(&words[1..]).status().unwrap().success(),
                "{words:?}"
            );
        };
        // Room for the kernel, and not for the initrd.
        let room = format!("size={}", place.images.kernel.len() + (64 << 10));
        mount(&["mount", "-t", "tmpfs", "-o", &room, "none", media.to_str().unwrap()]);
        place.fails(
            &["media", "add", "b", place.source.to_str().unwrap()],
            1,
            "No space left on device",
        );
        assert_eq!(fs::read_dir(media.join(".blobs")).unwrap().count(), 0);
        assert_eq!(fs::read_dir(&media).unwrap().count(), 1);
        mount(&["umount", media.to_str().unwrap()]);
    });
}

#[test]
fn a_network_is_made_with_nat_and_is_gone_afterwards() {
    Lab::run(|lab| {
        let place = place(lab);
        let nft = || {
            let output = place.host.command("nft").args(["list", "ruleset"]).output().unwrap();
            assert!(output.status.success(), "{}", said(&output));
            String::from_utf8(output.stdout).unwrap()
        };
        let links = || {
            let output = place.host.command("ip").args(["-br", "addr"]).output().unwrap();
            String::from_utf8(output.stdout).unwrap()
        };
        let before = (nft(), links());
        let create = ["net", "create", "lab0", "--address", "10.9.0.1/24", "--nat"];
        let shown = place.succeeds(&[&create[..], &["--dry-run"]].concat());
        assert!(shown.contains("nft add table ip vmprov_lab0\n"), "{shown}");
        assert_eq!((nft(), links()), before);
        place.succeeds(&create);
        assert!(links().contains("10.9.0.1/24") && nft().contains("masquerade"));
        place.fails(&create, 3, "there is an interface lab0 already");
        place.succeeds(&["net", "delete", "lab0"]);
        assert_eq!((nft(), links()), before);
        place.fails(&["net", "delete", "eth0"], 4, "vmprov made no bridge eth0");
        place.fails(
            &["serve", "--bridge", "eth0", "--net", "10.9.0.1/24"],
            3,
            "interface eth0 already",
        );

        // The last one that needs packets passed on ends that, whichever began it.
        let forwards = || {
            let output = place.host.command("sysctl").args(["-n", "net.ipv4.ip_forward"]).output();
            String::from_utf8(output.unwrap().stdout).unwrap().trim().to_owned()
        };
        assert_eq!(forwards(), "0");
        place.succeeds(&create);
        let second = ["net", "create", "lab1", "--address", "10.9.1.1/24", "--nat"];
        place.succeeds(&second);
        place.succeeds(&["net", "delete", "lab0"]);
        assert_eq!(forwards(), "1");
        place.succeeds(&["net", "delete", "lab1"]);
        assert_eq!(
            (forwards().as_str(), nft(), links()),
            ("0", before.0.clone(), before.1.clone())
        );

        let words = ["serve", "--bridge", "lab0", "--net", "10.9.0.1/24", "--nat"];
        let serves = || {
            place.host.serve("vmprov", place.command(&words), |server| {
                server.log().contains("Ctrl-C ends it") && server.has_udp_port(69)
            })
        };
        let server = serves();
        assert!(links().contains("10.9.0.1/24") && nft().contains("vmprov_lab0"));
        // Killed, it leaves its network to the next one.
        server.stop();
        assert!(links().contains("10.9.0.1/24"));
        let server = serves();
        super::serve::ends(lab, &server);
        assert_eq!((nft(), links()), before);
    });
}

fn wait_until(mut condition: impl FnMut() -> bool, log: impl Fn() -> String) {
    let deadline = std::time::Instant::now() + std::time::Duration::from_secs(20);
    while !condition() {
        assert!(std::time::Instant::now() < deadline, "{}", log());
        std::thread::sleep(std::time::Duration::from_millis(50));
    }
}

/// The files below a directory that have this text in them.
fn files_with(directory: &Path, text: &str) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(directory).into_iter().flatten().flatten() {
        let path = entry.path();
        let kind = entry.file_type().unwrap();
        if kind.is_dir() {
            found.extend(files_with(&path, text));
        } else if kind.is_file()
            && fs::read(&path).is_ok_and(|b| String::from_utf8_lossy(&b).contains(text))
        {
            found.push(path);
        }
    }
    found
}
