//! Attacks on dom0: on the whole sandbox, on each layer alone, and on none.

use std::fs;
use std::os::linux::net::SocketAddrExt;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::{SocketAddr, UnixListener};
use std::thread;
use std::time::Duration;

use netns_tests::Lab;
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use super::{Outcome, compromised, is_there, run, worker};

fn outcome(lab: &Lab, attack: &str, layers: &str) -> Outcome {
    Outcome::of(&run(lab, &format!("attack:{attack}:{layers}")))
}

/// Alone, this layer holds; without any, the attack succeeds.
fn held_by(layer: &str, attack: &str, how: &Outcome) {
    Lab::run(|lab| {
        assert_eq!(outcome(lab, attack, "only=none"), Outcome::Succeeded, "without a sandbox");
        assert_eq!(outcome(lab, attack, &format!("only={layer}")), *how, "{layer} alone");
    });
}

/// Where the attack could not succeed in a lab anyway: the layer alone ends it.
fn ended_by_the_list(attack: &str) {
    Lab::run(|lab| assert_eq!(outcome(lab, attack, "only=SystemCalls"), Outcome::Ended));
}

macro_rules! held {
    ($($module:ident: $layer:literal $how:ident { $($attack:ident)* })*) => {
        $(mod $module {
            $(#[test]
            fn $attack() {
                let attack = stringify!($attack).replace('_', "-");
                super::held_by($layer, &attack, &super::Outcome::$how);
            })*
        })*
    };
}

held! {
    empty_root: "EmptyRoot" Refused { read_public read_shadow list_root }
    session: "Session" Refused { open_terminal }
    unprivileged: "Unprivileged" Refused { read_shadow packet_socket raw_socket }
    resources: "Resources" Refused { memory huge_file many_descriptors }
    landlock: "Landlock" Refused {
        read_public read_shadow write_elsewhere tcp_listen signal_supervisor
    }
    system_calls: "SystemCalls" Ended {
        read_public write_elsewhere fork execute local_socket packet_socket raw_socket
        shared_memory executable_memory signal_supervisor new_user_namespace open_terminal
    }
}

#[test]
fn the_list_of_system_calls_bounds_their_arguments() {
    for attack in
        ["trace", "packet-ring", "type-on-terminal", "kill-neighbour", "thread-in-a-namespace"]
    {
        ended_by_the_list(attack);
    }
}

/// These belong to a network: the guest's has none of dom0's, so this is for `--net=host`.
#[test]
fn landlock_holds_sockets_of_dom0_s() {
    Lab::run(|lab| {
        lab.ip("addr add 192.168.200.9/24 dev xenbr0");
        let name = SocketAddr::from_abstract_name("rpxeboot-test").expect("a name");
        let _listening = UnixListener::bind_addr(&name).expect("a socket");
        for (layers, how) in [("none", Outcome::Succeeded), ("Landlock", Outcome::Refused)] {
            let label = format!("attack:abstract-socket:only={layers}");
            let end = compromised(lab, &label).and(["--net=host"]).run();
            assert_eq!(Outcome::of(&end), how, "{end}");
        }
        assert_eq!(outcome(lab, "abstract-socket", "only=none"), Outcome::Refused, "not there");
    });
}

#[test]
fn nothing_can_be_put_into_the_empty_root() {
    Lab::run(|lab| {
        assert_eq!(outcome(lab, "write-in-its-root", "only=EmptyRoot"), Outcome::Refused);
    });
}

#[test]
fn a_limit_that_is_set_is_not_raised_again() {
    Lab::run(|lab| {
        let layers = "only=Unprivileged,Resources";
        assert_eq!(outcome(lab, "core-file", layers), Outcome::Refused);
        assert_eq!(outcome(lab, "core-file", "only=none"), Outcome::Succeeded);
    });
}

#[test]
fn no_new_privileges_holds_a_set_user_id_program() {
    Lab::run(|lab| {
        // Not below /run, where such programs do not count on many machines.
        let program = lab.directory("set-user-id").join("cat");
        fs::copy("/bin/cat", &program).expect("a program");
        fs::set_permissions(&program, fs::Permissions::from_mode(0o4755)).expect("its mode");
        lab.rebaseline();
        assert_eq!(outcome(lab, "set-user-id", "only=Unprivileged"), Outcome::Succeeded);
        let layers = "only=Unprivileged,NoNewPrivileges";
        assert_eq!(outcome(lab, "set-user-id", layers), Outcome::Refused);
    });
}

#[test]
fn a_worker_that_lingers_dies_with_its_supervisor() {
    for (layers, stays) in [
        // The change of user takes back what a process is started with.
        ("only=Unprivileged", true),
        ("only=Unprivileged,DiesWithSupervisor", false),
    ] {
        Lab::run(|lab| {
            let boot = compromised(lab, &format!("attack:linger:{layers}")).start();
            let worker = worker(&boot);
            // It has to get to its sleep; when it is there, nothing more is to be seen of it.
            thread::sleep(Duration::from_millis(500));
            boot.signal(Signal::SIGKILL);
            thread::sleep(Duration::from_millis(500));
            assert_eq!(is_there(worker), stays, "{layers}");
            if stays {
                kill(Pid::from_raw(worker.cast_signed()), Signal::SIGKILL).expect("it is there");
            }
            let end = boot.finish();
            assert!(!end.status.success(), "{end}");
        });
    }
}

#[test]
fn the_whole_sandbox_holds_everything() {
    Lab::run(|lab| {
        assert_eq!(Outcome::of(&run(lab, "attack:nothing")), Outcome::Succeeded, "it speaks");
        for attack in [
            "read-shadow",
            "read-public",
            "list-root",
            "write-elsewhere",
            "write-in-its-root",
            "open-terminal",
            "set-user-id",
            "shared-memory",
            "executable-memory",
            "huge-file",
            "many-descriptors",
            "core-file",
            "abstract-socket",
            "tcp-listen",
            "signal-supervisor",
            "fork",
            "execute",
            "trace",
            "local-socket",
            "packet-socket",
            "raw-socket",
            "packet-ring",
            "type-on-terminal",
            "kill-neighbour",
            "new-user-namespace",
            "thread-in-a-namespace",
        ] {
            let label = format!("attack:{attack}");
            assert_eq!(Outcome::of(&run(lab, &label)), Outcome::Ended, "{attack}");
        }
        assert_eq!(Outcome::of(&run(lab, "attack:memory")), Outcome::Refused);
    });
}

/// Without the filter the other layers hold what they hold.
#[test]
fn without_the_list_of_system_calls_dom0_is_still_out_of_reach() {
    Lab::run(|lab| {
        for attack in [
            "read-shadow",
            "read-public",
            "list-root",
            "write-elsewhere",
            "write-in-its-root",
            "open-terminal",
            "set-user-id",
            "abstract-socket",
            "tcp-listen",
            "signal-supervisor",
            "packet-socket",
            "raw-socket",
            "core-file",
            "trace",
            "kill-neighbour",
        ] {
            assert_eq!(outcome(lab, attack, "without=SystemCalls"), Outcome::Refused, "{attack}");
        }
    });
}
