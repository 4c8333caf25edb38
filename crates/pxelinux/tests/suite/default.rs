//! DEFAULT, UI, PROMPT and the timeouts outside menus.

use pxelinux::{Action, ChooseError, Why, choose_on_error};

use crate::support::{choose_in, chosen, initrds, kernel_of, line, options, read, refused, text};

const TWO: &str = "label a\nkernel ka\nlabel b\nkernel kb\n";

fn with_two(head: &str) -> String {
    format!("{head}\n{TWO}")
}

#[test]
fn without_a_prompt_default_boots_at_once() {
    for prompt in ["", "prompt 0", "prompt x"] {
        let config = with_two(&format!("default a\ntimeout 50\nontimeout b\n{prompt}"));
        let choice = chosen(&config);
        assert_eq!(choice.why, Why::Default, "{prompt}");
        assert_eq!(line(&config), "BOOT_IMAGE=ka ");
    }
}

#[test]
fn menu_default_plays_no_part_without_a_menu() {
    assert_eq!(
        line("default a\nlabel a\nkernel ka\nlabel b\nkernel kb\nmenu default"),
        "BOOT_IMAGE=ka "
    );
}

#[test]
fn at_the_prompt_the_timeout_runs_ontimeout() {
    let config = with_two("default a\nprompt 1\ntimeout 50\nontimeout b extra");
    assert_eq!(chosen(&config).why, Why::OnTimeout);
    assert_eq!(line(&config), "BOOT_IMAGE=kb extra");
}

#[test]
fn at_the_prompt_the_timeout_runs_default_without_ontimeout() {
    assert_eq!(line(&with_two("default a\nprompt 1\ntimeout 50")), "BOOT_IMAGE=ka ");
}

#[test]
fn the_total_timeout_runs_ontimeout_too() {
    assert_eq!(
        line(&with_two("default a\nprompt 1\ntotaltimeout 50\nontimeout b")),
        "BOOT_IMAGE=kb "
    );
}

#[test]
fn a_prompt_that_waits_for_ever_takes_default_at_once() {
    for timeout in ["", "timeout 0", "timeout -3"] {
        let config = with_two(&format!("default a\nprompt 1\nontimeout b\n{timeout}"));
        assert_eq!(line(&config), "BOOT_IMAGE=ka ", "{timeout}");
    }
}

#[test]
fn noescape_takes_the_prompt_away() {
    let config = with_two("default a\nprompt 1\ntimeout 50\nontimeout b\nnoescape 1");
    assert_eq!(line(&config), "BOOT_IMAGE=ka ");
}

#[test]
fn a_prompt_does_not_stop_ui() {
    let config = with_two("ui menu.c32\nprompt 1\ntimeout 0\ndefault b");
    let choice = chosen(&config);
    assert_eq!(choice.why, Why::MenuDefault);
    assert_eq!(line(&config), "BOOT_IMAGE=kb ");
}

#[test]
fn ontimeout_may_be_a_file_and_arguments() {
    let config = with_two("default a\nprompt 1\ntimeout 1\nontimeout dir/vmlinuz initrd=i quiet");
    assert_eq!(line(&config), "BOOT_IMAGE=dir/vmlinuz initrd=i quiet");
    assert_eq!(initrds(&config), ["i"]);
}

#[test]
fn without_default_and_ui_there_is_an_error_that_names_the_labels() {
    let error = refused(TWO);
    assert_eq!(
        error.to_string(),
        "the configuration has no DEFAULT or UI line: add one, or choose a label; labels: \"a\", \"b\""
    );
    assert!(refused("").to_string().contains("there are no labels"));
}

#[test]
fn without_default_the_prompt_s_timeout_still_runs_ontimeout() {
    assert_eq!(line(&with_two("timeout 50\nontimeout b")), "BOOT_IMAGE=kb ");
    assert!(matches!(refused(&with_two("ontimeout b")), ChooseError::NoDefault { .. }));
    let error = refused(&with_two("noescape 1\ntimeout 50\nontimeout b"));
    assert!(matches!(error, ChooseError::NoDefault { .. }));
}

#[test]
fn without_default_a_menu_default_is_taken() {
    assert_eq!(line(&format!("{TWO}menu default")), "BOOT_IMAGE=kb ");
    assert_eq!(line(&with_two("ui\ndefault b")), "BOOT_IMAGE=kb ");
    let submenu = format!("{TWO}menu begin s\nmenu default\nlabel c\nkernel kc");
    assert_eq!(line(&submenu), "BOOT_IMAGE=kc ");
}

#[test]
fn an_implicit_kernel_is_tried_with_every_extension_and_then_bare() {
    let choice = chosen("append global\nsysappend 2\ndefault vmlinuz initrd=i quiet");
    let Action::Implicit(candidates) = &choice.action else { panic!("{choice:?}") };
    let names: Vec<String> = candidates.iter().map(|candidate| text(&candidate.name)).collect();
    assert_eq!(
        names,
        [
            "vmlinuz.c32",
            "vmlinuz.img",
            "vmlinuz.bss",
            "vmlinuz.bin",
            "vmlinuz.bs",
            "vmlinuz.0",
            "vmlinuz"
        ]
    );
    let bootable: Vec<bool> = candidates.iter().map(|candidate| candidate.action.is_ok()).collect();
    assert_eq!(bootable, [false, true, false, false, false, false, true]);
    // The global SYSAPPEND counts, the global APPEND does not.
    let kernel = kernel_of(&choice);
    assert_eq!(
        text(&kernel.command_line),
        "BOOT_IMAGE=vmlinuz initrd=i quiet BOOTIF=01-52-54-00-12-34-56"
    );
    let Ok(Action::Kernel(image)) = &candidates[1].action else { panic!() };
    assert!(text(&image.command_line).starts_with("BOOT_IMAGE=vmlinuz.img initrd=i"));
}

#[test]
fn an_implicit_kernel_with_an_extension_is_not_extended() {
    let choice = chosen("default kernel.img x");
    assert!(matches!(choice.action, Action::Kernel(_)));
    assert_eq!(line("default kernel.img x"), "BOOT_IMAGE=kernel.img x");
}

#[test]
fn an_implicit_kernel_without_arguments_gets_sysappend_without_a_double_blank() {
    assert_eq!(
        line("sysappend 2\ndefault vmlinuz"),
        "BOOT_IMAGE=vmlinuz BOOTIF=01-52-54-00-12-34-56"
    );
}

#[test]
fn implicit_0_boots_labels_only() {
    assert_eq!(line(&with_two("implicit 0\ndefault b")), "BOOT_IMAGE=kb ");
    let error = refused(&with_two("implicit 0\ndefault vmlinuz x"));
    assert_eq!(
        error.to_string(),
        "pxelinux.cfg/default line 2: \"vmlinuz\" is no label, and IMPLICIT 0 forbids to boot a \
         file: name a label; labels: \"a\", \"b\""
    );
}

#[test]
fn implicit_0_goes_on_to_onerror_and_to_the_prompt_s_timeout() {
    assert_eq!(
        line(&with_two("implicit 0\ndefault vmlinuz\ntimeout 9\nontimeout b")),
        "BOOT_IMAGE=kb "
    );
    assert_eq!(
        line(&with_two("implicit 0\ndefault vmlinuz x\nonerror b")),
        "BOOT_IMAGE=kb vmlinuz x"
    );
    let config = with_two("implicit 0\ndefault vmlinuz\ntimeout 9\nontimeout other");
    assert!(matches!(refused(&config), ChooseError::ImplicitForbidden { .. }));
}

#[test]
fn allowoptions_0_cuts_the_words_behind_an_implicit_kernel_only() {
    assert_eq!(line("allowoptions 0\ndefault vmlinuz initrd=i"), "BOOT_IMAGE=vmlinuz ");
    assert_eq!(line(&with_two("allowoptions 0\ndefault a extra")), "BOOT_IMAGE=ka extra");
}

#[test]
fn an_empty_default_is_none() {
    assert!(matches!(refused(&with_two("default")), ChooseError::NoDefault { .. }));
    assert_eq!(line(&with_two("default a\ndefault\ntimeout 9\nontimeout b")), "BOOT_IMAGE=kb ");
}

#[test]
fn a_command_without_a_kernel_is_an_error() {
    let error = refused("default a\nlabel a\nlinux");
    assert_eq!(
        error.to_string(),
        "pxelinux.cfg/default line 2, label \"a\": no kernel is named: add one"
    );
}

#[test]
fn an_empty_ontimeout_takes_the_earlier_one_back() {
    assert_eq!(
        line(&with_two("default a\nprompt 1\ntimeout 9\nontimeout b\nontimeout")),
        "BOOT_IMAGE=ka "
    );
    assert_eq!(
        line(&with_two("ui menu.c32\ntimeout 9\nontimeout b\nontimeout ")),
        "BOOT_IMAGE=ka "
    );
}

#[test]
fn onerror_with_a_label_gets_the_default_command_and_loses_its_own_words() {
    let menu = read(&with_two("default a x\nonerror b lost"));
    let failed = choose_in(&menu).unwrap();
    let choice = choose_on_error(&menu, &options(None), &failed).unwrap().unwrap();
    assert_eq!(choice.why, Why::OnError);
    assert_eq!(text(&kernel_of(&choice).command_line), "BOOT_IMAGE=kb a x");
}

#[test]
fn onerror_with_a_file_gets_the_default_command_behind_its_own_words() {
    let menu = read(&with_two("default a\nonerror rescue quiet"));
    let failed = choose_in(&menu).unwrap();
    let choice = choose_on_error(&menu, &options(None), &failed).unwrap().unwrap();
    assert_eq!(text(&kernel_of(&choice).command_line), "BOOT_IMAGE=rescue quiet a");
}

#[test]
fn onerror_with_a_forced_type_gets_the_global_sysappend_twice() {
    // The label has it as well, from LABEL on.
    let menu = read(
        "sysappend 2\ndefault z q\nonerror l lost\nlabel z\nkernel gone\nlabel l\nlinux kb\nappend w",
    );
    let failed = choose_in(&menu).unwrap();
    let choice = choose_on_error(&menu, &options(None), &failed).unwrap().unwrap();
    let bootif = "BOOTIF=01-52-54-00-12-34-56";
    assert_eq!(
        text(&kernel_of(&choice).command_line),
        format!("BOOT_IMAGE=kb w {bootif} z q {bootif} {bootif}")
    );
}

#[test]
fn onerror_comes_once_and_only_if_it_is_there() {
    let menu = read(&with_two("default a\nonerror b"));
    let failed = choose_in(&menu).unwrap();
    let second = choose_on_error(&menu, &options(None), &failed).unwrap().unwrap();
    assert_eq!(choose_on_error(&menu, &options(None), &second), None);
    let menu = read(&with_two("default a"));
    assert_eq!(choose_on_error(&menu, &options(None), &choose_in(&menu).unwrap()), None);
}

#[test]
fn onerror_in_a_menu_is_menu_onerror_and_keeps_its_words() {
    let menu = read(&with_two("ui menu.c32\nonerror a\nmenu onerror b kept"));
    let failed = choose_in(&menu).unwrap();
    let choice = choose_on_error(&menu, &options(None), &failed).unwrap().unwrap();
    assert_eq!(text(&kernel_of(&choice).command_line), "BOOT_IMAGE=kb kept");
    let menu = read(&with_two("ui menu.c32\nonerror b"));
    assert_eq!(choose_on_error(&menu, &options(None), &choose_in(&menu).unwrap()), None);
}
