//! A config and what is found in it: one rule a line.

use std::path::{Path, PathBuf};

use xlcfg::Document;

use super::around::{Other, There};
use super::*;

/// A dom0 where all is well.
fn dom0() -> Around {
    let files = ["/images/RK.img", "/boot/vmlinuz"];
    Around {
        is_dom0: true,
        interfaces: ["xenbr0", "ovsbr0"].map(str::to_owned).into(),
        free_memory_mib: Some(4096),
        files: files.map(|path| (PathBuf::from(path), There::File)).into(),
        bootloader: Some("/usr/bin/rpxeboot".into()),
        has_qemu: true,
        can_restrict: true,
        ..Around::default()
    }
}

const GOOD: &str = "\
name = 'RK'
memory = 1024
bootloader = '/usr/bin/rpxeboot'
bootloader_args = [ '--order=disk,net' ]
disk = [ '/images/RK.img,raw,xvda,rw' ]
vif = [ 'mac=00:16:3e:62:39:d3,bridge=xenbr0' ]
";

fn found(text: &str, around: &Around) -> Vec<Finding> {
    let document = Document::parse(text).unwrap();
    let config = GuestConfig { path: "/etc/xen/RK.cfg".into(), name: "RK".into(), document };
    findings(&config, around)
}

/// The rules that speak when `line` is added to the good config: the last value counts.
fn keys(line: &str) -> Vec<(&'static str, Severity)> {
    let found = found(&format!("{GOOD}{line}\n"), &dom0());
    found.iter().map(|finding| (finding.key, finding.severity)).collect()
}

#[test]
fn a_good_config_has_no_findings() {
    assert_eq!(found(GOOD, &dom0()), []);
}

#[test]
fn each_error_is_found() {
    let table = [
        ("type = 'pvx'", "type"),
        ("bootloader = ''", "nothing-to-boot"),
        ("bootloader = '/usr/bin/pypxeboot'", "bootloader-legacy"),
        ("bootloader_args = ''; on_reboot = 'destroy'", "bootloader-args"),
        ("bootloader = ''; kernel = '/boot/missing'", "kernel-missing"),
        ("disk = []", "no-disk"),
        ("disk = '/images/RK.img,raw,xvda,rw'", "disk-list"),
        ("disk = [ '/images/RK.img,xvda,w' ]", "disk-spec"),
        ("disk = [ ',raw,hdc,cdrom', '/images/RK.img,raw,xvda,rw' ]", "disk-first"),
        ("disk = [ 'images/RK.img,raw,xvda,rw' ]", "disk-target"),
        ("disk = [ '/images/missing.img,raw,xvda,rw' ]", "disk-missing"),
        ("vif = []", "no-vif"),
        ("vif = ''", "vif-list"),
        ("vif = [ 'mac=nonsense' ]", "vif-spec"),
        ("vif = [ '' ]", "no-mac"),
        ("vif = [ 'mac=01:00:5e:00:00:01' ]", "mac"),
        ("vif = [ 'mac=00:16:3e:62:39:d3,bridge=br9' ]", "bridge-missing"),
        ("uuid = 'RK'", "uuid"),
        ("memory = 0", "memory"),
        ("on_reboot = 'reboot'", "action"),
        ("kernel = 'http://10.0.0.1/k'; firmware = 'pvgrub64'", "firmware"),
        ("firmware = 'uefi'", "firmware"),
        ("vif += [ 'mac=00-16-3E-62-39-D3,bridge=ovsbr0' ]", "mac-twice"),
    ];
    for (line, key) in table {
        assert_eq!(keys(line), [(key, Severity::Error)], "{line}");
    }
    let long = format!("extra = '{}'", "x".repeat(1024));
    assert_eq!(keys(&long), [("cmdline-long", Severity::Error)]);
    assert_eq!(keys(&format!("type = 'pvh'; {long}")), []);
}

#[test]
fn each_warning_is_found() {
    let table = [
        ("type = 'hvm'", "hvm"),
        ("bootloader_args = '--order=disk,net'", "bootloader-args"),
        ("bootargs = 'mac=00:16:3e:62:39:d3'", "bootargs"),
        ("bootloader_args = [ '--verbose' ]", "installs-again"),
        ("kernel = '/boot/vmlinuz'", "kernel-ignored"),
        ("bootloader = 'pygrub'", "pygrub-root"),
        ("bootloader = 'pygrub'; bootloader_restrict = 1; ramdisk = '/i'", "kernel-ignored"),
        ("vif += [ 'bridge=xenbr0' ]", "no-mac"),
        ("memory = 8192", "memory"),
        ("bootloarder_args = [ 'x' ]", "key"),
        ("extra = 'quiet\r'", "control-byte"),
        ("device_model_args = [ 'a', 'b\\r' ]", "control-byte"),
    ];
    for (line, key) in table {
        assert_eq!(keys(line), [(key, Severity::Warning)], "{line}");
    }
}

#[test]
fn what_is_right_has_no_finding() {
    let table = [
        "bootloader_args = [ '--verbose' ]; on_reboot = 'destroy'",
        "kernel = 'http://10.0.0.1/vmlinuz'",
        "bootloader = 'pygrub'; bootloader_restrict = 1",
        "bootloader = ''; kernel = '/boot/vmlinuz'; disk = []; vif = []",
        "vif = [ 'mac=00:16:3e:62:39:d3,bridge=ovsbr0.42' ]",
        "vif = [ 'mac=00:16:3e:62:39:d3,bridge=far0,backend=net' ]",
        "disk = [ 'backend=store,vdev=xvda,target=RK' ]",
        "bootloader = ''; firmware = 'pvgrub64'",
        "extra = 'a\tb'; slice = 10 # a comment\r",
        "uuid = '01234567-89ab-cdef-0123-456789abcdef'",
    ];
    for line in table {
        assert_eq!(keys(line), [], "{line}");
    }
}

#[test]
fn a_finding_names_its_line() {
    let found = found(&format!("# a comment\n{GOOD}memory = 0\n"), &dom0());
    assert_eq!(found[0].line, Some(8));
    let text = found[0].text(Path::new("/etc/xen/RK.cfg"));
    assert_eq!(text, "/etc/xen/RK.cfg:8: error: memory = 0 is none at all [memory]\n");
}

#[test]
fn what_another_guest_has_is_taken() {
    let mut around = dom0();
    around.others.push(Other {
        path: "/etc/xen/web.cfg".into(),
        name: "RK".into(),
        uuid: Some("01234567-89ab-cdef-0123-456789abcdef".into()),
        macs: vec![[0x00, 0x16, 0x3e, 0x62, 0x39, 0xd3]],
        disks: vec!["/images/RK.img".into()],
    });
    let text = format!("{GOOD}uuid = '01234567-89AB-cdef-0123-456789abcdef'\n");
    let mut keys: Vec<_> = found(&text, &around).iter().map(|finding| finding.key).collect();
    keys.sort_unstable();
    assert_eq!(keys, ["disk-shared", "mac-taken", "name-taken", "uuid-taken"]);
    let reader = GOOD.replace("xvda,rw", "xvda,ro").replace("'RK'", "'db'").replace("d3", "d4");
    assert_eq!(found(&reader, &around), []);
}

#[test]
fn what_this_host_lacks_is_said() {
    let lacking = |change: &dyn Fn(&mut Around), text: &str| {
        let mut around = dom0();
        change(&mut around);
        let found = found(text, &around);
        found.iter().map(|finding| (finding.key, finding.severity)).collect::<Vec<_>>()
    };
    let none = lacking(&|around| around.bootloader = None, GOOD);
    assert_eq!(none, [("bootloader-missing", Severity::Error)]);
    let qcow2 = GOOD.replace("raw", "qcow2");
    assert_eq!(lacking(&|around| around.has_qemu = false, &qcow2)[0].0, "disk-qemu");
    let recorded = lacking(&|around| around.recorded_disk = Some("/images/old.img".into()), GOOD);
    assert_eq!(recorded, [("disk-recorded", Severity::Warning)]);
    // The guest has the memory itself.
    let busy = |around: &mut Around| {
        around.free_memory_mib = Some(0);
        around.runs = true;
    };
    assert_eq!(lacking(&busy, GOOD), []);
    // Away from dom0, what is missing may be there.
    let away = |around: &mut Around| *around = Around::default();
    let found = lacking(&away, GOOD);
    assert!(found.iter().all(|(_, severity)| *severity == Severity::Warning), "{found:?}");
    assert_eq!(found.len(), 3, "{found:?}");
}

#[test]
fn what_is_there_is_not_called_missing() {
    let found_with = |text: &str, path: &str, there: There| {
        let mut around = Around { bootloader: None, ..dom0() };
        around.files.insert(path.into(), there);
        let found = found(text, &around);
        found.iter().map(|finding| (finding.key, finding.severity)).collect::<Vec<_>>()
    };
    let no_run_bit = found_with(GOOD, "/usr/bin/rpxeboot", There::File);
    assert_eq!(no_run_bit, [("bootloader-mode", Severity::Error)]);
    // xl does not look for a bare name in the directory where vmprov happens to run.
    let bare = found_with(&GOOD.replace("/usr/bin/", ""), "rpxeboot", There::File);
    assert_eq!(bare, [("bootloader-missing", Severity::Error)]);
    let kernel = GOOD.replace("bootloader", "xbootloader") + "kernel = '/root/k'\n";
    let unseen = found_with(&kernel, "/root/k", There::Unseen);
    assert_eq!(unseen.iter().filter(|(key, _)| *key == "kernel-missing").count(), 0, "{unseen:?}");
    let disk = GOOD.replace("/usr/bin/rpxeboot", "pygrub") + "bootloader_restrict = 1\n";
    let unseen = found_with(&disk, "/images/RK.img", There::Unseen);
    assert!(unseen.contains(&("disk-unseen", Severity::Warning)), "{unseen:?}");
}

#[test]
fn a_shared_disk_is_found_under_another_name() {
    let mut around = dom0();
    around.real = [("/images/RK.img".into(), "/dev/dm-0".into())].into();
    around.others.push(Other { disks: vec!["/dev/dm-0".into()], ..Other::default() });
    let found: Vec<_> = found(GOOD, &around).iter().map(|finding| finding.key).collect();
    assert_eq!(found, ["disk-shared"]);
}

#[test]
fn what_create_writes_has_no_findings() {
    use crate::cli::{GuestKind, OnReboot};
    use crate::config::new;
    use xlcfg::DiskFormat;
    for (kind, restrict) in [(GuestKind::Pv, false), (GuestKind::Pvh, true)] {
        let text = new::text(&new::NewGuest {
            name: "RK".parse().unwrap(),
            uuid: "6a6ed7b4-6a6b-4c3c-9a8a-000000000001".into(),
            kind,
            memory: crate::values::Memory::DEFAULT,
            vcpus: 2,
            disk: new::disk_spec(Path::new("/images/RK.img"), DiskFormat::Raw).unwrap(),
            vifs: vec!["mac=00:16:3e:62:39:d3,bridge=xenbr0".into()],
            vnc: true,
            label: Some("rescue".into()),
            restrict,
            on_reboot: OnReboot::Restart,
        });
        assert_eq!(found(&text.unwrap(), &dom0()), []);
    }
}

#[test]
fn errors_come_first() {
    let found = found(&format!("{GOOD}bootargs = 'x'\nmemory = 0\n"), &dom0());
    let severities: Vec<_> = found.iter().map(|finding| finding.severity).collect();
    assert_eq!(severities, [Severity::Error, Severity::Warning]);
}
