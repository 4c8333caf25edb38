//! The site's menu on the guest's console: shown to whoever sits there, and to nobody else.

use std::os::fd::OwnedFd;
use std::time::Duration;

use netns_tests::servers::nginx;
use netns_tests::xenstored::{Manner, PATH_VARIABLE, Xenstored};
use netns_tests::{Boot, Host, Lab, Request, fixtures, programs};
use nix::fcntl::OFlag;
use nix::pty::{grantpt, posix_openpt, ptsname_r, unlockpt};
use nix::sys::signal::Signal;

use crate::common::{lease_with, with_config};

const UUID: &str = "8b3c1f0e-52d4-4d3a-9a51-0c6f7e2d9b11";

const MENU: &str = "ui menu.c32
menu title Example site
timeout 600
label first
menu label ^First system
kernel vmlinuz
append initrd=initrd.img first
text help
The first one.
endtext
label second
menu label ^Second system
kernel vmlinuz
append initrd=initrd.img second
menu begin
menu title Tools
label locked
menu label Behind a password
menu passwd letmein
kernel vmlinuz
append initrd=initrd.img locked
menu end
";

/// The guest's console, as `xl console` would open it.
struct Console {
    name: String,
    _master: OwnedFd,
}

impl Console {
    fn new() -> Self {
        let master = posix_openpt(OFlag::O_RDWR | OFlag::O_CLOEXEC).expect("a pty");
        grantpt(&master).and_then(|()| unlockpt(&master)).expect("the pty's slave");
        let name = ptsname_r(&master).expect("the slave's name");
        Self { name, _master: master.into() }
    }

    /// Somebody has it open, `<>` to type there or `<` to read along.
    fn opened(self, host: &Host, how: &str) -> Self {
        let mut command = host.command(programs::installed("sh"));
        command.arg("-c").arg(format!("exec sleep 300 {how}{}", self.name));
        host.serve("somebody at the console", command, |_| true);
        // A shell becomes sleep with its console open.
        std::thread::sleep(Duration::from_millis(200));
        self
    }
}

/// A boot of domain 7, whose console is `console`.
fn boot<'lab>(lab: &'lab Lab, console: &Console, store: &mut Option<Xenstored>) -> Request<'lab> {
    let mut values = Xenstored::guest(7, "RK", UUID, "pv");
    for (path, value) in &mut values {
        if path.ends_with("/console/tty") {
            value.clone_from(&console.name);
        }
    }
    let started = store.insert(Xenstored::start(lab, values, Manner::Prompt));
    lab.boot().env(PATH_VARIABLE, started.socket())
}

fn wait_for(boot: &Boot<'_>, text: &str) {
    boot.wait_until(&format!("{text:?} on the screen"), || boot.screen().contains(text));
}

/// Somebody sees the menu, does `work`, and the guest gets a line that ends with `words`.
fn somebody(config: &str, work: impl Fn(&Boot<'_>) + Send + Sync, words: &str) {
    Lab::run(|lab| {
        let (host, _, _) = with_config(lab, config);
        let console = Console::new().opened(&host, "<>");
        let mut store = None;
        let boot = boot(lab, &console, &mut store).start();
        work(&boot);
        let end = boot.finish();
        let args = &end.booted().args;
        assert!(args.ends_with(words), "{args}\n{end}");
    });
}

#[test]
fn somebody_at_the_console_sees_the_menu_and_chooses() {
    somebody(
        MENU,
        |boot| {
            wait_for(boot, "Automatic boot in");
            let screen = boot.screen();
            for text in
                ["Example site", "First system", "Second system", "Tools >", "The first one."]
            {
                assert!(screen.contains(text), "{text}:\n{screen}");
            }
            boot.types("\x1b[B\r");
        },
        " second",
    );
}

#[test]
fn a_hot_key_moves_the_cursor() {
    somebody(
        MENU,
        |boot| {
            wait_for(boot, "Automatic boot in");
            boot.types("s\r");
        },
        " second",
    );
}

#[test]
fn a_line_is_edited() {
    somebody(
        MENU,
        |boot| {
            wait_for(boot, "Automatic boot in");
            boot.types("\t");
            wait_for(boot, "> vmlinuz initrd=initrd.img first");
            boot.types(" single\r");
        },
        "initrd=initrd.img first single",
    );
}

#[test]
fn a_label_is_typed() {
    somebody(
        MENU,
        |boot| {
            wait_for(boot, "Automatic boot in");
            boot.types("c");
            wait_for(boot, "boot:");
            boot.types("second rescue\r");
        },
        " second rescue",
    );
}

#[test]
fn a_password_is_asked_for_until_it_fits() {
    somebody(
        MENU,
        |boot| {
            wait_for(boot, "Automatic boot in");
            boot.types("\x1b[F\r");
            wait_for(boot, "Behind a password");
            boot.types("\r");
            wait_for(boot, "Password:");
            boot.types("wrong\r");
            wait_for(boot, "That is not the password.");
            boot.types("\r");
            wait_for(boot, "Password:");
            boot.types("letmein");
            wait_for(boot, "Password: *******");
            assert!(!boot.console().contains("letmein"));
            boot.types("\r");
        },
        " locked",
    );
}

#[test]
fn the_menu_counts_down_as_the_config_says() {
    let config = MENU.replace("timeout 600", "timeout 20\nontimeout second");
    somebody(&config, |boot| wait_for(boot, "Automatic boot in 1 second..."), " second");
}

#[test]
fn somebody_who_only_watches_is_not_waited_for_without_end() {
    // The config's own minute is cut: a console may be open with nobody in front of it.
    somebody(MENU, |boot| wait_for(boot, "Automatic boot in 10 seconds"), " first");
}

#[test]
fn the_boot_s_time_stands_still_while_somebody_chooses() {
    Lab::run(|lab| {
        let (host, _, _) = with_config(lab, MENU);
        let console = Console::new().opened(&host, "<>");
        let mut store = None;
        let boot = boot(lab, &console, &mut store).own("--deadline=4").start();
        wait_for(&boot, "Automatic boot in");
        boot.types("\x1b[B");
        std::thread::sleep(Duration::from_secs(6));
        boot.types("\r");
        let end = boot.finish();
        assert!(end.booted().args.ends_with(" second"), "{end}");
    });
}

fn boots_first_without_a_menu(
    console: impl Fn(&Host) -> Console + Send,
    words: &'static [&'static str],
) {
    Lab::run(move |lab| {
        let (host, _, _) = with_config(lab, MENU);
        let console = console(&host);
        let mut store = None;
        let mut request = boot(lab, &console, &mut store);
        for word in words {
            request = request.own(*word);
        }
        let end = request.run();
        assert!(end.booted().args.ends_with(" first"), "{end}");
        assert!(!end.console.contains("First system"), "{end}");
    });
}

#[test]
fn nobody_at_the_console_waits_for_nothing() {
    boots_first_without_a_menu(|_| Console::new(), &[]);
}

#[test]
fn a_log_of_the_console_is_nobody() {
    boots_first_without_a_menu(|host| Console::new().opened(host, "<"), &[]);
}

#[test]
fn menu_never_and_libxl_s_restricted_mode_ask_nobody() {
    boots_first_without_a_menu(|host| Console::new().opened(host, "<>"), &["--menu=never"]);
    boots_first_without_a_menu(
        |host| Console::new().opened(host, "<>"),
        &["--runas=65534", "--quiet"],
    );
}

#[test]
fn menu_always_waits_as_the_config_says() {
    Lab::run(|lab| {
        with_config(lab, &MENU.replace("timeout 600", "timeout 30"));
        let console = Console::new();
        let mut store = None;
        let boot = boot(lab, &console, &mut store).own("--menu=always").start();
        wait_for(&boot, "Automatic boot in 2 seconds...");
        let end = boot.finish();
        assert!(end.booted().args.ends_with(" first"), "{end}");
    });
}

#[test]
fn the_menu_of_an_ipxe_script_is_shown() {
    Lab::run(|lab| {
        let (host, root, _) = lease_with(lab, &["dhcp-boot=http://192.168.200.1/menu.ipxe"]);
        let script = "#!ipxe\nmenu Example site\nitem --gap Systems\n\
                      item --key a one The first\nitem --key b two The second\n\
                      choose --default one --timeout 60000 what && goto ${what}\n\
                      :one\nkernel vmlinuz one\nboot\n:two\nkernel vmlinuz two\nboot\n";
        fixtures::write(&root, "menu.ipxe", script.as_bytes());
        nginx::start(&host, &root, None, "");
        let console = Console::new().opened(&host, "<>");
        let mut store = None;
        let boot = boot(lab, &console, &mut store).start();
        wait_for(&boot, "Automatic boot in");
        assert!(boot.screen().contains("Example site"), "{}", boot.screen());
        boot.types("b\r");
        let end = boot.finish();
        assert_eq!(end.booted().args, "two", "{end}");
    });
}

#[test]
fn menus_without_end_come_to_one() {
    Lab::run(|lab| {
        let (host, root, _) = lease_with(lab, &["dhcp-boot=http://192.168.200.1/menu.ipxe"]);
        let script = "#!ipxe\n:again\nmenu Once more\nitem a The first\nchoose what\ngoto again\n";
        fixtures::write(&root, "menu.ipxe", script.as_bytes());
        nginx::start(&host, &root, None, "");
        let console = Console::new().opened(&host, "<>");
        let mut store = None;
        let boot = boot(lab, &console, &mut store).start();
        for _ in 0..32 {
            let shown = boot.console().matches("Once more").count();
            boot.wait_until("the next menu", || {
                boot.console().matches("Once more").count() >= shown.max(1)
            });
            boot.types("\r");
            std::thread::sleep(Duration::from_millis(60));
        }
        boot.finish().failed(13, &["menus"]);
    });
}

#[test]
fn a_signal_ends_a_menu_and_leaves_nothing() {
    Lab::run(|lab| {
        let (host, _, _) = with_config(lab, MENU);
        let console = Console::new().opened(&host, "<>");
        let mut store = None;
        let boot = boot(lab, &console, &mut store).start();
        wait_for(&boot, "Automatic boot in");
        boot.types("\x1b[B");
        boot.signal(Signal::SIGTERM);
        boot.finish().failed(16, &["SIGTERM"]);
        lab.assert_nothing_left();
    });
}

#[test]
fn nothing_of_a_config_paints_the_screen() {
    let config = MENU.replace("^Second system", "\u{1b}[2J\u{1b}]0;owned\u{7}Second");
    somebody(
        &config,
        |boot| {
            wait_for(boot, "Automatic boot in");
            assert!(!boot.console().contains("\u{1b}]0;owned"));
            boot.types("\r");
        },
        " first",
    );
}
