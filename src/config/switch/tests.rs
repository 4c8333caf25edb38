use super::*;
use crate::config::diff::unified;

const SEED: &str = "\
name = \"RK\"
memory = \"1024\"
disk = [ 'file:/OVS/running_pool/pxe/system.img,xvda,w',]
vif = [ 'mac=00:16:3e:62:39:d3,bridge=xenbr0', '', ]
on_reboot = 'restart'
on_crash = 'restart'
";

fn disk(text: &str) -> String {
    disk_by(text, &DiskBoot::Pygrub, Beside::default())
}

fn disk_by(text: &str, boot: &DiskBoot, beside: Beside) -> String {
    let once = to_disk(&Document::parse(text).unwrap(), boot, beside).unwrap().document;
    let twice = to_disk(&once, boot, beside).unwrap().document;
    assert_eq!(once.to_bytes(), twice.to_bytes(), "twice is the same as once");
    String::from_utf8(once.to_bytes().to_vec()).unwrap()
}

fn network(text: &str) -> String {
    network_by(text, &NetBoot::default())
}

fn network_by(text: &str, boot: &NetBoot) -> String {
    let document = Document::parse(text).unwrap();
    let new = to_network(&document, boot, Beside::default()).unwrap().document;
    String::from_utf8(new.to_bytes().to_vec()).unwrap()
}

/// The lines that go and come, without context.
fn changes(old: &str, new: &str) -> Vec<String> {
    let diff = unified(std::path::Path::new("x"), old.as_bytes(), new.as_bytes());
    let lines = diff.lines().skip(2).filter(|line| line.starts_with(['+', '-']));
    lines.map(str::to_owned).collect()
}

#[test]
fn the_seeds_config_gains_one_line_and_then_changes_it() {
    let on_network = network(SEED);
    assert_eq!(changes(SEED, &on_network), ["+bootloader = '/usr/bin/rpxeboot'"]);
    let on_disk = disk(&on_network);
    let changed = ["-bootloader = '/usr/bin/rpxeboot'", "+bootloader = 'pygrub'"];
    assert_eq!(changes(&on_network, &on_disk), changed);
    assert_eq!(network(&on_disk), on_network, "and back");
}

#[test]
fn a_pypxeboot_line_changes_and_comments_stay() {
    let text = "\
# our first guest \u{fe}\n\
name = \"RK\" # the name\n\
\x20bootloader=\"/usr/bin/pypxeboot\"   # by mail from Ann\n\
#bootloader=\"/usr/bin/pygrub\"  after the install\n\
bootargs='mac=00:16:3e:62:39:d3' # ignored by xl\n\
vif = [ 'mac=00:16:3e:62:39:d3', # first\n\n   ]";
    assert_eq!(
        changes(text, &network(text)),
        [
            "- bootloader=\"/usr/bin/pypxeboot\"   # by mail from Ann",
            "+ bootloader=\"/usr/bin/rpxeboot\"   # by mail from Ann",
        ]
    );
    assert_eq!(
        changes(text, &disk(text)),
        [
            "- bootloader=\"/usr/bin/pypxeboot\"   # by mail from Ann",
            "+ bootloader=\"pygrub\"   # by mail from Ann",
            "-bootargs='mac=00:16:3e:62:39:d3' # ignored by xl",
            "+# ignored by xl",
        ]
    );
}

#[test]
fn an_installers_kernel_by_hand_goes() {
    // What xen-tools writes, and what people copy from installation guides.
    let text = "\
kernel      = '/boot/vmlinuz-install'
ramdisk     = '/boot/initrd-install'
extra = 'auto=true url=http://deb/preseed.cfg'
root        = '/dev/xvda2 ro'
name        = 'web'
";
    assert_eq!(
        changes(text, &disk(text)),
        [
            "-kernel      = '/boot/vmlinuz-install'",
            "-ramdisk     = '/boot/initrd-install'",
            "+bootloader        = 'pygrub'",
        ]
    );
    let switched =
        to_disk(&Document::parse(text).unwrap(), &DiskBoot::Pygrub, Beside::default()).unwrap();
    assert!(switched.notes.iter().any(|note| note.contains("extra and root stays")));
}

#[test]
fn our_arguments_go_and_pygrubs_stay() {
    let ours = "bootloader = \"/usr/bin/rpxeboot\"\nbootloader_args = [ \"--order=disk,net\" ]\n";
    assert_eq!(disk(ours), "bootloader = \"pygrub\"\n");
    let theirs = "bootloader = '/usr/lib/xen-4.17/bin/pygrub'\nbootloader_args = ['--entry=1']\n";
    assert_eq!(disk(theirs), theirs);
}

#[test]
fn pygrubs_arguments_go_with_it() {
    let text = "bootloader = 'pygrub'\nbootloader_args = ['--entry=1'] # second\n";
    assert_eq!(network(text), "bootloader = '/usr/bin/rpxeboot'\n# second\n");
}

#[test]
fn labels_and_orders() {
    let text =
        "bootloader = 'rpxeboot'\nbootloader_args = ['--label', 'a', '-q', '--order', 'net']\n";
    let rescue = NetBoot { label: Some("rescue".into()), disk_first: false };
    assert_eq!(
        network_by(text, &rescue),
        "bootloader = 'rpxeboot'\nbootloader_args = ['-q', '--label=rescue']\n"
    );
    let first = NetBoot { label: None, disk_first: true };
    assert_eq!(
        network_by(text, &first),
        "bootloader = 'rpxeboot'\nbootloader_args = ['--label', 'a', '-q', '--order=disk,net']\n"
    );
    let plain = "bootloader = 'rpxeboot'\nbootloader_args = ['--order=disk,net']\n";
    assert_eq!(network(plain), "bootloader = 'rpxeboot'\n", "an empty list would crash xl");
}

#[test]
fn arguments_that_are_one_string() {
    let text = "bootloader = 'rpxeboot'\nbootloader_args = '-q --order net'\n";
    let first = NetBoot { label: None, disk_first: true };
    let new = Document::parse(network_by(text, &first)).unwrap();
    assert_eq!(new.bootloader_args().unwrap(), ["-q", "--order=disk,net"]);
}

#[test]
fn the_other_ways_to_boot_from_disk() {
    let text = "bootloader = 'rpxeboot'\nbootloader_args = ['--label=a']\nroot = 'x'\n";
    assert_eq!(
        disk_by(text, &DiskBoot::RpxebootDisk, Beside::default()),
        "bootloader = 'rpxeboot'\nbootloader_args = ['--label=a', '--order=disk,net']\nroot = 'x'\n"
    );
    let pvgrub = DiskBoot::Pvgrub("/usr/lib/grub-xen/grub-x86_64-xen.bin".into());
    assert_eq!(
        disk_by(text, &pvgrub, Beside::default()),
        "root = 'x'\nkernel = '/usr/lib/grub-xen/grub-x86_64-xen.bin'\n"
    );
    let kernel = DiskBoot::Kernel {
        kernel: "/boot/k".into(),
        ramdisk: Some("/boot/r".into()),
        cmdline: Some("root=/dev/xvda1".into()),
    };
    let new = Document::parse(disk_by(text, &kernel, Beside::default())).unwrap();
    assert_eq!(new.keys().collect::<Vec<_>>(), ["kernel", "ramdisk", "cmdline"]);
}

#[test]
fn beside_the_way_to_boot() {
    let beside = Beside { on_reboot: Some(OnReboot::Restart), restrict: true };
    let text = "bootloader = 'rpxeboot'\non_reboot = \"destroy\" # while installing\n";
    assert_eq!(
        disk_by(text, &DiskBoot::Pygrub, beside),
        "bootloader = 'pygrub'\nbootloader_restrict = 1\non_reboot = \"restart\" # while installing\n"
    );
    let said = "bootloader = 'rpxeboot'\nbootloader_restrict = 0\n";
    let kept = "bootloader = 'pygrub'\nbootloader_restrict = 0\n";
    let restrict = Beside { on_reboot: None, restrict: true };
    assert_eq!(disk_by(said, &DiskBoot::Pygrub, restrict), kept, "what the config says counts");
}

#[test]
fn an_hvm_guest_is_not_switched() {
    assert!(can_switch(&BootMode::Firmware).is_err());
    assert!(can_switch(&BootMode::Nothing).is_ok());
}

#[test]
fn what_means_nothing_to_rpxeboot_is_said_and_left() {
    let text =
        "kernel = '/boot/k'\nbootargs = 'mac=00:16:3e:62:39:d3'\ndisk = [ '/d,raw,xvda,rw' ]\n";
    let document = Document::parse(text).unwrap();
    let boot = NetBoot { label: None, disk_first: true };
    let switched = to_network(&document, &boot, Beside::default()).unwrap();
    let notes = switched.notes.join("\n");
    assert!(notes.contains("kernel stays") && notes.contains("bootargs stays"), "{notes}");
    let document = Document::parse("kernel = 'http://h/k'\ndisk = [ '/d,raw,xvda,rw' ]\n").unwrap();
    assert!(to_network(&document, &boot, Beside::default()).unwrap().notes.is_empty());
}
