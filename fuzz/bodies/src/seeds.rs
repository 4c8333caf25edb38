//! Where the targets begin: what the repository's own tests feed, in the form that each body takes.

use std::fs;
use std::net::Ipv4Addr;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use hickory_proto::op::{Message, MessageType, Query};
use hickory_proto::rr::{Name, RData, Record, RecordType, rdata};
use rpxeboot::console::Level;
use rpxeboot::failure::{Failure, Reason};
use rpxeboot::worker::message::{Addresses, Planned, PlannedAction, Report};

use vmprov::media::layout::LAYOUTS;

#[path = "../../../crates/kernel-image/tests/suite/support.rs"]
#[allow(dead_code)]
mod kernels;

/// The seeds of the target `name`: at least one.
#[must_use]
pub fn of(name: &str) -> Vec<Vec<u8>> {
    let mut seeds = match name {
        "dhcp_packet" => dhcp_packets(),
        "pxelinux_config" => trees(),
        "pxelinux_name" => pxelinux_names(),
        "ipxe_script" => scripts(),
        "xl_config" => with_changes(configs()),
        "xl_specs" => configs().iter().flat_map(|config| quoted(config)).collect(),
        "kernel_image" => kernel_images(),
        "worker_report" => reports(),
        "http_head" => http_heads(),
        "dns_answer" => vec![dns_answer()],
        "guest_files" => guest_files(),
        "menu" => menus(),
        "vmprov_media" => media(),
        "vmprov_profile" => profiles(),
        "vmprov_values" => values(),
        "vmprov_logs" => vec![LOG.to_vec()],
        "vmprov_serve" => requests(),
        // Their bytes are choices, of which none is better than another.
        _ => (0..8_u8)
            .map(|seed| (0..200).map(|at: u8| at.wrapping_mul(seed | 1) ^ seed).collect())
            .collect(),
    };
    seeds.sort_unstable();
    seeds.dedup();
    seeds
}

pub(crate) fn repository(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").join(path)
}

fn files(directory: &str, ending: &str) -> Vec<Vec<u8>> {
    let entries = fs::read_dir(repository(directory)).expect("the repository is there");
    let mut paths: Vec<_> = entries.map(|entry| entry.expect("a file").path()).collect();
    paths.retain(|path| path.to_string_lossy().ends_with(ending));
    paths.sort();
    paths.iter().map(|path| fs::read(path).expect("a file")).collect()
}

fn configs() -> Vec<Vec<u8>> {
    let mut all = files("tests/oracle/corpus", ".cfg");
    all.extend(files("tests/vmprov/configs", ".cfg"));
    all.extend(files("xen-configs", ".cfg"));
    assert!(all.len() > 100, "the corpora are not there");
    all.retain(|config| config.len() < 4000 && !config.contains(&0));
    all
}

fn with_changes(configs: Vec<Vec<u8>>) -> Vec<Vec<u8>> {
    let change = |(at, config): (usize, Vec<u8>)| {
        let at = at.to_le_bytes();
        [config, vec![0, at[0], at[0] / 3, at[0] / 7, 5, at[0], 1, 9, 3, at[0] / 2]].concat()
    };
    configs.into_iter().enumerate().map(change).collect()
}

/// What stands between quotes.
fn quoted(config: &[u8]) -> Vec<Vec<u8>> {
    let parts = config.split(|byte| b"'\"\n".contains(byte));
    parts.filter(|part| part.contains(&b':') && part.len() < 400).map(<[u8]>::to_vec).collect()
}

/// Each file of each tree; two that follow each other, the second one as what is included.
fn trees() -> Vec<Vec<u8>> {
    let mut all = Vec::new();
    for trees in files("tests/pxelinux/trees", ".trees") {
        let text = String::from_utf8_lossy(&trees).into_owned();
        let parts: Vec<&str> = text.split("\n=== ").skip(1).collect();
        for pair in parts.windows(2) {
            let content =
                |part: &str| part.split_once('\n').map_or("", |(_, text)| text).to_owned();
            all.push(format!("{}\0{}", content(pair[0]), content(pair[1])).into_bytes());
        }
    }
    assert!(all.len() > 200, "the trees are not there");
    // The random ones are many of a kind.
    let mut all: Vec<Vec<u8>> =
        all.into_iter().filter(|tree| tree.len() < 6000).step_by(3).collect();
    // What was found once.
    all.push(b"timeout 5\nontimeout menu.c32\ndefault menu.c32\n".to_vec());
    all.push(b"timeout 5\nontimeout h\ndefault h\nlabel h\nmenu hide\nkernel menu.c32\n".to_vec());
    all.push(b"default x\nlabel x\nkernel mboot.c32\nappend xen.gz --- k --- i\x7f\n".to_vec());
    all
}

fn pxelinux_names() -> Vec<Vec<u8>> {
    let prefixes = ["", "http://h/a/", "tftp://h/", "::", "/srv/"];
    let names = [
        "vmlinuz",
        "::vmlinuz",
        "192.0.2.7::a/b",
        "http://u:p@h:80/x?y#z",
        "tftp://[::1]/x",
        "../../etc/passwd",
        "\u{e9} x",
    ];
    let join =
        |prefix: &&str| names.map(|name| format!("{prefix}\0pxelinux.0\0{name}").into_bytes());
    prefixes.iter().flat_map(join).collect()
}

/// Scripts as they stand in the tests' sources.
fn scripts() -> Vec<Vec<u8>> {
    let mut all = Vec::new();
    let mut sources = files("crates/ipxe/tests/suite", ".rs");
    sources.extend(files("tests/netns/tests/boot", "scripts.rs"));
    for source in sources {
        let text = String::from_utf8_lossy(&source).into_owned();
        for part in text.split("#!ipxe").skip(1) {
            let script = part.split("\";").next().unwrap_or_default();
            let script = script.replace("\\n\\\n", "\n").replace("\\n", "\n").replace("\\\"", "\"");
            let script: String = script.chars().take(5000).collect();
            all.push([b"\x03\x03\x01\x03\x03\x00\x03\x01", script.as_bytes()].concat());
        }
    }
    assert!(all.len() > 20, "the scripts are not there");
    all
}

fn kernel_images() -> Vec<Vec<u8>> {
    let mut image = kernels::linux();
    image.body.truncate(9000);
    if let Some(notes) = &mut image.notes {
        notes.1 = 9000;
    }
    let elf = image.build();
    let mut all = vec![elf.clone(), kernels::bzimage(&kernels::gzip(&elf))];
    for (_, file) in kernels::compressed(&elf) {
        all.push(kernels::bzimage(&file));
        all.push(file);
    }
    all.retain(|file| file.len() < 40_000);
    all
}

fn dhcp_packets() -> Vec<Vec<u8>> {
    let mut all = Vec::new();
    let options: [&[u8]; 7] = [
        b"\x35\x01\x02\x36\x04\xc0\xa8\xc8\x01\x01\x04\xff\xff\xff\x00\x03\x04\xc0\xa8\xc8\x01\xff",
        b"\x35\x01\x05\x36\x04\xc0\xa8\xc8\x01\x42\x03boo\x43\x0apxelinux.0\xff",
        b"\x34\x01\x03\x35\x01\x02\x96\x08\x01\x02\x03\x04\x05\x06\x07\x08\xd1\x01a\xd2\x05http:\xff",
        b"\x3c\x09PXEClient\x2b\x14\x06\x01\x08\x08\x07\x00\x01\x01\xc0\xa8\xc8\x01\x09\x05\x00\x01\x02hi\xff\xff",
        b"\x35\x01\x02\x3c\x09PXEClient\x2b\x1a\x06\x01\x03\x08\x0e\x80\x01\x01\x0a\0\0\x01\x80\0\x01\x0a\0\0\x02\x09\x04\x80\0\x01a\xff",
        b"\x35\x01\x05\x79\x09\x00\xc0\xa8\xc8\x01\x08\x0a\x01\x02\x03\x04\x0c\x01\xe9\x00\xff",
        b"\x3c\x0aHTTPClient\x43\x10http://h/x.efi\x00\x00\xff",
    ];
    for options in options {
        let mut message = vec![0; 236];
        message[..4].copy_from_slice(&[2, 1, 6, 0]);
        message[4..8].copy_from_slice(&0x1234_5678_u32.to_be_bytes());
        message[16..20].copy_from_slice(&[192, 168, 200, 177]);
        message[28..34].copy_from_slice(&[0x00, 0x16, 0x3e, 0x62, 0x39, 0xd3]);
        message[108..118].copy_from_slice(b"pxelinux.0");
        message.extend([99, 130, 83, 99]);
        message.extend(options);
        let length = u16::try_from(message.len()).expect("small");
        let mut packet = vec![0x45, 0];
        packet.extend((length + 28).to_be_bytes());
        packet.extend([0, 0, 0, 0, 64, 17, 0, 0, 192, 168, 200, 1, 255, 255, 255, 255]);
        packet.extend([0, 67, 0, 68]);
        packet.extend((length + 8).to_be_bytes());
        packet.extend([0, 0]);
        packet.extend(&message);
        all.extend([message, packet]);
    }
    all
}

fn reports() -> Vec<Vec<u8>> {
    let plan = Planned {
        server: Some("192.0.2.1".to_owned()),
        boot_file: Some("pxelinux.0".to_owned()),
        config: Some("tftp://192.0.2.1/pxelinux.cfg/default".to_owned()),
        label: Some("linux".to_owned()),
        action: PlannedAction::Kernel {
            kernel: "tftp://192.0.2.1/vmlinuz".to_owned(),
            initrds: vec!["tftp://192.0.2.1/initrd.img".to_owned()],
            args: b"quiet".to_vec(),
        },
    };
    let addresses = Addresses { address: Ipv4Addr::new(192, 0, 2, 9), prefix: 24, router: None };
    let reports = [
        Report::Line(Level::Step, "a line".to_owned()),
        Report::Leased(addresses),
        Report::Planned(Box::new(plan)),
        Report::Failed(Failure::new(Reason::Transfer, "no")),
    ];
    let mut all: Vec<Vec<u8>> =
        reports.iter().map(|report| serde_json::to_vec(report).expect("JSON")).collect();
    all.push(
        br#"{"Menu":{"pages":[{"title":"t","default":0,"timeout":50,"parent":null,"locked":false}],"first":0,"hidden":false,"may_edit":true,"total_timeout":0}}
{"Rows":[{"page":0,"text":"a","hot_key":"a","indent":0,"help":["h"],"locked":false,"kind":{"Boot":{"entry":0,"line":"vmlinuz"}}},{"page":0,"text":"b","hot_key":null,"indent":2,"help":[],"locked":true,"kind":{"Open":0}}]}"#
            .to_vec(),
    );
    all
}

fn http_heads() -> Vec<Vec<u8>> {
    [
        "http://boot/a/vmlinuz\n../b\nETag: \"x\"\nContent-Range: bytes 500-999/1000\n",
        "https://u:p%40@boot:8443/a?b=c#d\n//other/x\nLast-Modified: Tue, 24 Nov 2026 00:00:00 GMT\nDate: Tue, 24 Nov 2026 01:00:00 GMT\nContent-Range: bytes 500-999/*\n",
        "http://[::1]/\nhttp:x\nETag: W/\"x\"\n",
        "HTTP://192.0.2.1:80/%zz \n?q\nContent-Range: bytes 9-1/1\nETag: \"\"\n",
    ]
    .map(|head| head.as_bytes().to_vec())
    .to_vec()
}

fn dns_answer() -> Vec<u8> {
    let name = Name::from_str("boot.example.org.").expect("a name");
    let mut message = Message::query();
    message.add_query(Query::query(name.clone(), RecordType::A));
    let address = RData::A(rdata::A(Ipv4Addr::new(192, 0, 2, 1)));
    message.add_answer(Record::from_rdata(name, 60, address));
    message.metadata.message_type = MessageType::Response;
    message.to_vec().expect("a message")
}

/// Menus with submenus, passwords and keys, and one with more pages than are shown.
fn menus() -> Vec<Vec<u8>> {
    let keys = [
        &b"\x1b[B\x1b[B\r  "[..],
        b"\t  x  \r  ",
        b"\x1b    vmlinuz a\r ",
        b"\x1b[B\r  se\r  \x1b[6~",
        b"e  \x7f\x7f\x17\x15\x01\xc3\xbc\r",
    ];
    let mut configs: Vec<Vec<u8>> = trees()
        .into_iter()
        .filter(|tree| tree.to_ascii_lowercase().windows(5).any(|word| word == b"menu "))
        .map(|tree| tree.split(|byte| *byte == 0).next().unwrap_or_default().to_vec())
        .collect();
    let locked = "ui menu.c32\nmenu title t\nmenu master passwd s\nlabel a\nmenu label ^a\nkernel k\n\
                  menu passwd se\ntext help\nh\nendtext\nmenu begin b\nlabel c\nkernel d\n\
                  menu end\nlabel q\nmenu quit\n";
    configs.push(locked.as_bytes().to_vec());
    let many: String =
        (0..70).map(|at| format!("menu begin m{at}\nlabel l{at}\nkernel k\n")).collect();
    configs.push(format!("prompt 1\nui menu.c32\n{many}menu start\n").into_bytes());
    assert!(configs.len() > 20, "the trees with menus are not there");
    let with_keys = |(at, config): (usize, Vec<u8>)| [keys[at % 5], b"\0", &config].concat();
    configs.into_iter().enumerate().map(with_keys).collect()
}

fn media() -> Vec<Vec<u8>> {
    let (sum, md5) = ("a".repeat(64), "b".repeat(32));
    let mut all = vec![
        format!("linux\n{sum}  ./linux\n{md5} *linux\nSHA256 (linux) = {sum}\n"),
        format!("images/a\n[general]\na = b\n[checksums]\nimages/a = sha256:{sum}\n"),
        format!(
            "main/SHA256SUMS\nMD5Sum:\n {md5} 7 main/SHA256SUMS\nSHA256:\n {sum} 7 main/SHA256SUMS\n"
        ),
    ];
    for place in LAYOUTS {
        all.push(format!("x\n{}\n{}\n", place.kernel, place.initrd));
    }
    let package = "usr/lib/debian-installer/images/13/amd64/text/debian-installer/amd64";
    all.push(format!("x\n{package}/linux\n{package}/initrd.gz\n"));
    all.into_iter().map(String::into_bytes).collect()
}

fn profiles() -> Vec<Vec<u8>> {
    let folders = fs::read_dir(repository("profiles")).expect("the profiles are there");
    let tomls =
        folders.filter_map(|folder| fs::read(folder.ok()?.path().join("profile.toml")).ok());
    let mut all: Vec<Vec<u8>> = tomls.collect();
    assert!(all.len() > 5, "the profiles are not there");
    all.push(b"title = 'T {{ release.name }}'\nfiles = ['ks.cfg']\nappend = 'ks={{ url }}/ks.cfg'\nmirror = 'http://h/{{ release.x }}'\nmedia = '{{ mirror.url }}/os'\nmemory = '1G'\ndisk_size = '4G'\nonly = '9'\n[releases.9]\nx = 'y'\n[set.a]\ndefault = 'b'\nhelp = 'c'\n".to_vec());
    all
}

fn values() -> Vec<Vec<u8>> {
    [
        "8GiB", "8000000000B", "1024", "1G", "RK", "web-1.example_org", "00:16:3e:62:39:d3",
        "http://192.168.200.1:8080/debian/", "https://deb.debian.org", "Europe/Berlin",
        "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIExample it's me@home\n# b\nssh-rsa AAAAC3NzaC1lZDI1NTE5AAAAIExample",
    ]
    .map(|value| value.as_bytes().to_vec())
    .to_vec()
}

const LOG: &[u8] = b"dnsmasq-dhcp: DHCPACK(xenbr0) 192.168.200.177 00:16:3e:62:39:d3 RK
Nov 23 15:20:01 dnsmasq-tftp[812]: sent /srv/tftp/a b to 192.168.200.177
dnsmasq-tftp: file /srv/tftp/pxelinux.cfg/C0 not found for 192.168.200.177
dnsmasq-dhcp: DHCPDISCOVER(xenbr0) 00:16:3e:62:39:d3 ignored
dnsmasq: failed to bind DHCP server socket: Address already in use
192.168.200.7 206 9 GET /debian/a b
192.168.200.7 200 9 GET /guests/RK/done
192.168.200.177  0x1         0x2         00:16:3e:62:39:d3     *        xenbr0
";

fn requests() -> Vec<Vec<u8>> {
    [
        "GET /README.md HTTP/1.1\r\nHost: h\r\n\r\n",
        "GET /debian/fuzzing.md HTTP/1.1\r\nHost: h\r\nRange: bytes=5-9\r\nIf-Range: \"x\"\r\n\r\n",
        "GET /../Cargo.toml HTTP/1.1\r\n\r\nGET /media/..%2fCargo.toml HTTP/1.1\r\n\r\n",
        "GET /debian/%2e%2e/Cargo.toml HTTP/1.0\r\n\r\n",
        "GET /debian//etc/passwd HTTP/1.1\r\n\r\nGET /media/%2fetc%2fpasswd HTTP/1.1\r\n\r\n",
        "GET /guests/RK/ks.cfg HTTP/1.1\r\n\r\nGET /guests/R%4b/done HTTP/1.1\r\n\r\n",
        "HEAD http://h/media/debian/profile.toml?a#b HTTP/1.1\r\nConnection: close\r\n\r\n",
        "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\nOPTIONS * HTTP/1.1\r\n\r\n",
    ]
    .map(|request| request.as_bytes().to_vec())
    .to_vec()
}

fn guest_files() -> Vec<Vec<u8>> {
    let mut all: Vec<Vec<u8>> = configs().into_iter().step_by(5).collect();
    all.push(
        b"<domain type='xen'><name>g</name><uuid>8b3c1f0e-52d4-4d3a-9a51-0c6f7e2d9b11</uuid>\
          <devices><interface type='bridge'><mac address='00:16:3e:62:39:d3'/>\
          <source bridge='xenbr0'/></interface></devices></domain>"
            .to_vec(),
    );
    all.push(
        b"kernel /var/run/xen/pygrub/boot_kernel.x\0ramdisk /r\0args root=/dev/xvda1 ro\0\0"
            .to_vec(),
    );
    all.push(b"Using <class 'grub.GrubConf.Grub2ConfigFile'> to parse /boot/grub/grub.cfg\ntitle: Debian\n  root: None\n  kernel: /vmlinuz\nRuntimeError: Unable to find partition containing kernel\n".to_vec());
    all
}
