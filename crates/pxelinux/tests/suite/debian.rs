//! A tree of the shape of Debian 12's network installer, in its two flavours.

use pxelinux::{Action, Menu, Why};

use crate::support::{choose_in, kernel_of, options, read_with, text};

const MAIN: &str = "\
# a tree of files, all named from the root
path installer/amd64/boot-screens/
prompt 0
timeout 0
include installer/amd64/boot-screens/menu.cfg
default installer/amd64/boot-screens/vesamenu.c32
";

const MENU: &str = "\
menu width 70
menu title Installer
include installer/amd64/boot-screens/theme.cfg
include installer/amd64/boot-screens/gtk.cfg
include installer/amd64/boot-screens/txt.cfg
menu begin advanced
    menu label ^Advanced
\tmenu title Advanced
\tinclude installer/amd64/boot-screens/theme.cfg
\tlabel mainmenu
\t\tmenu label ^Back..
\t\tmenu exit
\tinclude installer/amd64/boot-screens/adtxt.cfg
menu end
menu begin dark
    menu label ^Dark
\tlabel mainmenu
\t\tmenu label ^Back..
\t\tmenu exit
\tinclude installer/amd64/boot-screens/drk.cfg
menu end
label help
\tmenu label ^Help
\ttext help
   label install is not one here
\tendtext
\tconfig installer/amd64/boot-screens/prompt.cfg
include installer/amd64/boot-screens/spkgtk.cfg
include installer/amd64/boot-screens/spk.cfg
";

const TEXT: &str = "\
label install
\tmenu label ^Install
\tkernel installer/amd64/linux
\tappend vga=788 initrd=installer/amd64/initrd.gz --- quiet \n";

const ADVANCED: &str = "\
label expert
\tmenu label E^xpert
\tkernel installer/amd64/linux
\tappend priority=low initrd=installer/amd64/initrd.gz --- \n";

const DARK: &str = "\
label installdark
default installdark
\tmenu label ^Install
\tmenu default
\tkernel installer/amd64/linux
\tappend theme=dark initrd=installer/amd64/initrd.gz --- quiet \n";

const SPEECH: &str = "\
label installspk
\tmenu label Install with ^speech
\tkernel installer/amd64/linux
\tappend initrd=installer/amd64/initrd.gz speakup.synth=soft --- quiet
timeout 300
ontimeout installer/amd64/linux vga=788 initrd=installer/amd64/initrd.gz speakup.synth=soft --- quiet
menu autoboot Press a key, or wait # second{,s}...
";

fn tree(speech: bool) -> Menu {
    let directory = "installer/amd64/boot-screens/";
    let mut files = vec![
        ("menu.cfg", MENU),
        ("theme.cfg", "menu color title\t* #FFFFFFFF *\nmenu vshift 8\n"),
        ("txt.cfg", TEXT),
        ("adtxt.cfg", ADVANCED),
        ("drk.cfg", DARK),
    ];
    if speech {
        files.push(("spk.cfg", SPEECH));
    }
    let names: Vec<String> = files.iter().map(|(name, _)| format!("{directory}{name}")).collect();
    let files: Vec<(&str, &str)> =
        names.iter().zip(&files).map(|(name, (_, text))| (name.as_str(), *text)).collect();
    read_with(MAIN, &files)
}

#[test]
fn the_graphical_flavour_boots_its_speech_installer_after_its_timeout() {
    let choice = choose_in(&tree(true)).unwrap();
    assert_eq!(choice.why, Why::OnTimeout);
    let kernel = kernel_of(&choice);
    assert_eq!(text(&kernel.name), "installer/amd64/linux");
    assert_eq!(kernel.initrds, [b"installer/amd64/initrd.gz"]);
    assert_eq!(
        text(&kernel.command_line),
        "BOOT_IMAGE=installer/amd64/linux vga=788 initrd=installer/amd64/initrd.gz \
         speakup.synth=soft --- quiet"
    );
}

#[test]
fn the_text_flavour_waits_for_ever_so_its_first_entry_is_taken() {
    let choice = choose_in(&tree(false)).unwrap();
    assert_eq!(choice.why, Why::MenuDefault);
    assert_eq!(choice.command.label.as_deref(), Some(&b"install"[..]));
    assert_eq!(
        choice.command.to_string(),
        "installer/amd64/boot-screens/txt.cfg line 1, label \"install\""
    );
    assert_eq!(
        text(&kernel_of(&choice).command_line),
        "BOOT_IMAGE=installer/amd64/linux vga=788 initrd=installer/amd64/initrd.gz --- quiet "
    );
}

#[test]
fn labels_in_its_submenus_can_be_asked_for() {
    let menu = tree(true);
    for (label, start) in [("expert", "priority=low"), ("installdark", "theme=dark")] {
        let choice = pxelinux::choose(&menu, &options(Some(label))).unwrap();
        let line = text(&kernel_of(&choice).command_line);
        assert!(line.starts_with(&format!("BOOT_IMAGE=installer/amd64/linux {start} ")), "{line}");
    }
    let help = pxelinux::choose(&menu, &options(Some("help"))).unwrap();
    assert!(matches!(help.action, Action::Config { directory: None, .. }));
}

#[test]
fn files_that_the_flavour_lacks_are_remarked() {
    let missing: Vec<String> = tree(false).notes.into_iter().map(|note| note.text).collect();
    assert_eq!(missing.len(), 3);
    assert!(missing[0].contains("gtk.cfg") && missing[2].contains("spk.cfg"));
}
