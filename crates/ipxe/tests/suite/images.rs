//! Kernels, initrds, and what else is fetched.

use ipxe::{Initrd, Outcome, Place, Pxelinux};

use crate::support::{World, initrds, line, settings};

fn world() -> World {
    World::with(&[
        ("vmlinuz", "(large)"),
        ("other", "(large)"),
        ("initrd.img", ""),
        ("extra.cpio", ""),
        ("key", ""),
        ("small", "\x7fELF"),
        ("page.html", "<html>"),
        ("xen.gz", "(large)"),
        ("b.ipxe", "#!ipxe\necho b"),
    ])
}

#[test]
fn the_command_line_is_what_follows_the_url() {
    let mut world = world();
    let boot = world.boots("set x a  b\nkernel vmlinuz   c=${x} ${nothing}  d\nboot");
    assert_eq!(boot.kernel, "http://boot/a/vmlinuz");
    assert_eq!(line(&boot), "c=a b  d");
    assert_eq!(line(&world.boots("kernel vmlinuz\nboot")), "");
    assert_eq!(line(&world.boots("kernel vmlinuz a\nimgargs vmlinuz b c\nboot")), "b c");
    assert_eq!(line(&world.boots("kernel vmlinuz a\nimgargs vmlinuz\nboot")), "");
    assert_eq!(line(&world.boots("kernel vmlinuz a\nboot vmlinuz b")), "b");
    assert_eq!(line(&world.boots("kernel vmlinuz a\nboot vmlinuz")), "a");
    assert_eq!(line(&world.boots("kernel --name k vmlinuz a\nimgargs k b\nboot k")), "b");
    assert_eq!(
        line(&world.boots("kernel vmlinuz initrd=initrd.img -- a\nboot")),
        "initrd=initrd.img -- a"
    );
}

#[test]
fn initrds_keep_their_order_and_names() {
    let mut world = world();
    let script = "kernel vmlinuz\ninitrd initrd.img\nmodule --name more extra.cpio\nboot";
    let boot = world.boots(script);
    let initrd = |url: &str, name: &str| Initrd {
        url: format!("http://boot/a/{url}"),
        name: name.as_bytes().to_vec(),
        place: None,
    };
    assert_eq!(boot.initrds, [initrd("initrd.img", "initrd.img"), initrd("extra.cpio", "more")]);
    let fetched =
        ["vmlinuz", "initrd.img", "extra.cpio"].map(|name| format!("http://boot/a/{name}"));
    assert_eq!(world.asked, fetched);
}

#[test]
fn initrds_may_come_first_or_be_freed() {
    let mut world = world();
    let boot = world
        .boots("initrd initrd.img\nimgfetch extra.cpio\nimgfree initrd.img\nkernel vmlinuz\nboot");
    assert_eq!(initrds(&boot), ["http://boot/a/extra.cpio"]);
    let boot = world.boots("initrd initrd.img\nimgfree\nkernel vmlinuz\nimgstat\nboot");
    assert_eq!(boot.initrds, []);
    let error = world.error("imgfree initrd.img");
    assert!(error.contains("there is no image \"initrd.img\""), "{error}");
}

#[test]
fn a_file_for_the_initial_root_has_a_place() {
    let boot = world().boots("kernel vmlinuz\ninitrd key /etc/key mode=600 mkdir=1\nboot");
    let place = Place { path: b"/etc/key".to_vec(), mode: 0o600, directories: 1 };
    assert_eq!(boot.initrds[0].place, Some(place));
}

#[test]
fn scripts_and_kernels_left_behind_are_no_initrds() {
    let script =
        "chain b.ipxe\nkernel other\nimgfetch vmlinuz\nkernel vmlinuz\ninitrd initrd.img\nboot";
    assert_eq!(initrds(&world().boots(script)), ["http://boot/a/initrd.img"]);
}

#[test]
fn a_kernel_can_be_chained_to() {
    let mut world = world();
    let boot = world.boots("initrd initrd.img\nchain vmlinuz a b");
    assert_eq!((boot.kernel.as_str(), line(&boot)), ("http://boot/a/vmlinuz", "a b"));
    assert_eq!(initrds(&boot), ["http://boot/a/initrd.img"]);
    assert_eq!(world.boots("imgexec small").kernel, "http://boot/a/small");
    assert_eq!(world.boots("imgfetch --name x vmlinuz c\nimgexec x").command_line, b"c");
    assert_eq!(world.boots("imgfetch --name x vmlinuz c\nimgexec x d").command_line, b"d");
}

#[test]
fn a_script_that_was_fetched_can_be_run_by_name() {
    let mut world = world();
    assert_eq!(world.prints("imgfetch --name x b.ipxe\nchain x && echo c"), ["b", "c"]);
    assert_eq!(world.prints("chain b.ipxe\nimgfree b.ipxe && echo freed"), ["b", "freed"]);
}

#[test]
fn a_missing_file_fails_its_command() {
    let mut world = world();
    for command in ["kernel no", "initrd no", "module no", "imgfetch no", "chain no", "imgexec no"]
    {
        let printed = world.prints(&format!("{command} || echo on"));
        assert_eq!(printed.last().map(String::as_str), Some("on"), "{command}");
        let wanted = "failed: cannot fetch http://boot/a/no: 404 Not Found";
        assert!(printed[0].contains(wanted), "{printed:?}");
    }
}

#[test]
fn a_page_is_no_kernel() {
    let error = world().error("chain page.html");
    assert!(
        error.contains("cannot boot \"page.html\": it is neither a script nor a kernel"),
        "{error}"
    );
}

#[test]
fn what_a_guest_cannot_boot_is_refused_where_it_stands() {
    let mut world = world();
    for (script, line) in [
        ("chain ipxe.efi", 2),
        ("echo\nchain tftp://10.0.0.1/undionly.kpxe", 3),
        ("kernel wimboot\ninitrd boot.wim\nboot", 2),
        ("kernel http://x/memdisk iso", 2),
        ("sanboot http://x/cd.iso", 2),
        ("sanboot --drive 0x81", 2),
        ("sanboot iscsi:10.0.0.1::::iqn", 2),
    ] {
        let error = world.error(script);
        assert!(error.contains(&format!("line {line}: ")), "{error}");
        assert!(error.contains("failed: a Xen guest cannot boot \""), "{error}");
    }
    assert_eq!(world.asked, Vec::<String>::new());
    let printed = world.prints("chain ipxe.efi || echo on");
    assert_eq!(printed.last().map(String::as_str), Some("on"));
}

#[test]
fn boot_without_a_kernel_fails() {
    for script in ["boot", "initrd initrd.img\nboot", "kernel vmlinuz\nimgfree\nboot"] {
        let error = world().error(script);
        assert!(error.contains("failed: no kernel is chosen"), "{script}: {error}");
    }
}

#[test]
fn what_linux_unpacks_stays_packed() {
    let script = "kernel vmlinuz\nimgextract --name image extra.cpio\nimgextract initrd.img\n\
                  initrd key\nimgextract --keep --name k key\nimgstat image initrd k\nboot";
    let boot = world().boots(script);
    let names: Vec<_> = boot.initrds.iter().map(|initrd| initrd.name.as_slice()).collect();
    assert_eq!(names, [&b"image"[..], b"initrd", b"k"]);
}

#[test]
fn xen_leads_to_its_first_module() {
    let script = "kernel xen.gz dom0_mem=1G\nmodule vmlinuz root=/dev/sda\nmodule initrd.img\nboot";
    let boot = world().boots(script);
    assert_eq!((boot.kernel.as_str(), line(&boot)), ("http://boot/a/vmlinuz", "root=/dev/sda"));
    assert_eq!(initrds(&boot), ["http://boot/a/initrd.img"]);
    let error = world().error("kernel xen.gz\nboot");
    assert!(error.contains("Xen leads to its first module, and there is none"), "{error}");
}

#[test]
fn pxelinux_is_handed_on() {
    let script =
        "set 209:string pxelinux.cfg/web\nset 210:string tftp://x/\nchain tftp://x/pxelinux.0";
    let pxelinux = |config: Option<&str>, prefix: Option<&str>| {
        Outcome::Pxelinux(Pxelinux {
            url: "tftp://x/pxelinux.0".to_owned(),
            config: config.map(|text| text.as_bytes().to_vec()),
            prefix: prefix.map(|text| text.as_bytes().to_vec()),
        })
    };
    let done = world().run(script).unwrap();
    assert_eq!(done.outcome, pxelinux(Some("pxelinux.cfg/web"), Some("tftp://x/")));
    assert_eq!(done.at.line, 4);
    assert_eq!(world().run("chain tftp://x/pxelinux.0").unwrap().outcome, pxelinux(None, None));
    let mut world = World::with(&[("tftp://x/pxelinux.0", "")]);
    let mut given = settings();
    given.dhcp.options.insert(210, b"http://x/".to_vec());
    world.settings = Some(given);
    let done = world.run("kernel tftp://x/pxelinux.0\nboot").unwrap();
    assert_eq!(done.outcome, pxelinux(None, Some("http://x/")));
}

#[test]
fn a_form_goes_with_its_request() {
    let mut world = World::with(&[("http://x/boot.php", "#!ipxe\nexit")]);
    let script = "params\nparam mac ${mac}\nparam --header X-Key a b\nparam empty ${x}\n\
                  params --name other\nparam --params other a b\n\
                  chain http://x/boot.php##params\nchain http://x/boot.php##params";
    world.run(script).unwrap();
    assert_eq!(world.asked, ["http://x/boot.php", "http://x/boot.php"]);
    let found: Vec<_> =
        world.forms.concat().into_iter().map(|p| (p.key, p.value, p.header)).collect();
    let made = |key: &str, value: &str, header| (key.into(), value.into(), header);
    assert_eq!(
        found,
        [
            made("mac", "52:54:00:12:34:56", false),
            made("X-Key", "a b", true),
            made("empty", "", false)
        ]
    );
    world
        .run("params --name other\nparam --params other a b\nchain http://x/boot.php##params=other")
        .unwrap();
    assert_eq!(world.forms.len(), 2);
    let error = world.error("param a b");
    assert!(error.contains("there is no list of parameters"), "{error}");
}

#[test]
fn a_timeout_is_handed_on() {
    let mut world = world();
    world.boots("kernel --timeout 3000 vmlinuz\ninitrd initrd.img\nboot");
    assert_eq!(world.timeouts, [Some(3000), None]);
}

#[test]
fn a_url_that_is_none_fails_as_in_ipxe() {
    let error = world().error("chain cfg/52:54:00:12:34:56");
    assert!(error.contains("\"cfg/52:54:00:12:34:56\" is no URL that can be fetched"), "{error}");
    let mut world = World::default();
    world.prints("set p a b\nchain http://x/${p}?q=${p} ||");
    assert_eq!(world.asked, ["http://x/a%20b?q=a%20b"]);
}
