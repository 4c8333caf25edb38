//! What must be so before anything is served: an address on the bridge, nobody else who gives
//! addresses away there, free ports.

use std::fs;
use std::net::{Ipv4Addr, TcpListener, UdpSocket};
use std::path::{Path, PathBuf};

use nix::ifaddrs::getifaddrs;
use nix::sys::signal;
use nix::unistd::Pid;

use super::setup::PID;
use crate::cli;
use crate::console::Console;
use crate::failure::Failure;
use crate::serve::engine::Interface;
use crate::serve::probe;
use crate::verbs::Here;

/// A directory that must be there.
///
/// # Errors
/// It is not.
pub(super) fn directory_at(path: &Path) -> Result<PathBuf, Failure> {
    let found = path.canonicalize().map_err(|error| match error.kind() {
        std::io::ErrorKind::NotFound => {
            Failure::not_found(format!("there is no {}", path.display()))
        }
        _ => Failure::io("finding", path, &error),
    })?;
    if !found.is_dir() {
        return Err(Failure::usage(format!("{} is no directory", found.display())));
    }
    Ok(found)
}

/// The IPv4 address that this host has on the bridge.
pub(super) fn interface(bridge: &str) -> Result<Interface, Failure> {
    let all =
        getifaddrs().map_err(|error| Failure::failed(format!("listing interfaces: {error}")))?;
    let mut is_there = false;
    for address in all.filter(|address| address.interface_name == bridge) {
        is_there = true;
        let ip = address.address.as_ref().and_then(|a| Some(a.as_sockaddr_in()?.ip()));
        let mask = address.netmask.as_ref().and_then(|a| Some(a.as_sockaddr_in()?.ip()));
        if let (Some(ip), Some(mask)) = (ip, mask) {
            let prefix = u8::try_from(u32::from(mask).count_ones()).unwrap_or(32);
            if prefix > 30 {
                return Err(Failure::refused(format!(
                    "{bridge} has {ip}/{prefix}: there is no room for guests in that network"
                )));
            }
            return Ok(Interface { address: ip, prefix });
        }
    }
    if is_there {
        return Err(Failure::refused(format!(
            "{bridge} has no IPv4 address: give it one, for example `ip addr add \
             192.168.200.1/24 dev {bridge}`"
        )));
    }
    Err(Failure::not_found(format!("there is no bridge {bridge} on this host")))
}

pub(super) fn range(
    args: &cli::Serve,
    interface: Interface,
) -> Result<Option<(Ipv4Addr, Ipv4Addr)>, Failure> {
    if args.proxy {
        return Ok(None);
    }
    let (first, last) = args.range.unwrap_or_else(|| interface.usual_range());
    if !interface.contains(first) || !interface.contains(last) || first > last {
        return Err(Failure::usage(format!(
            "--range={first},{last} is no range of hosts in {}/{}",
            interface.network(),
            interface.prefix
        )));
    }
    Ok(Some((first, last)))
}

/// Two servers on one network give the same address to two machines.
pub(super) fn refuse_others(bridge: &str, proxy: bool, here: Here<'_>) -> Result<(), Failure> {
    if let Some(who) = probe::on_this_host(bridge, here.console)? {
        return Err(Failure::refused(format!(
            "{who} of this host serves DHCP on {bridge} already: end it, or have it serve other \
             interfaces only"
        )));
    }
    here.console.detail(&format!("asking for other DHCP servers on {bridge}"));
    match (probe::on_the_bridge(bridge)?, proxy) {
        (Some(server), false) => Err(Failure::refused(format!(
            "{server} serves DHCP on {bridge} already: --proxy adds only what a guest needs to \
             boot, `vmprov server NAME` shows what to tell that server"
        ))),
        (None, true) => Err(Failure::refused(format!(
            "no DHCP server answers on {bridge}, and --proxy needs one: leave it out"
        ))),
        _ => Ok(()),
    }
}

pub(super) fn listen(address: Ipv4Addr, port: u16) -> Result<TcpListener, Failure> {
    TcpListener::bind((address, port)).map_err(|error| match error.kind() {
        std::io::ErrorKind::AddrInUse => Failure::refused(format!(
            "port {port} of {address} is taken: take another --http-port, or 0 for none"
        )),
        _ => Failure::failed(format!("listening on {address}:{port}: {error}")),
    })
}

/// Whether nobody answers name queries at this address.
pub(super) fn is_free_for_names(address: Ipv4Addr, console: &Console) -> bool {
    let is_free =
        UdpSocket::bind((address, 53)).is_ok() && TcpListener::bind((address, 53)).is_ok();
    if !is_free {
        console.note(&format!(
            "port 53 of {address} is taken: guests are told of no name server, and some installers \
             ask for one"
        ));
    }
    is_free
}

/// The dnsmasq of a vmprov that was killed goes on without it; ours is known by its config.
pub(super) fn end_left_over(directory: &Path) {
    let pid = fs::read_to_string(directory.join(PID)).ok();
    let Some(pid) = pid.and_then(|text| text.trim().parse::<i32>().ok()) else { return };
    let is_ours = |pid: i32| {
        let config = format!("--conf-file={}", directory.join("dnsmasq.conf").display());
        let cmdline = fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
        cmdline.split(|byte| *byte == 0).any(|word| word == config.as_bytes())
    };
    for _ in 0..100 {
        if !is_ours(pid) {
            return;
        }
        let _ = signal::kill(Pid::from_raw(pid), signal::SIGTERM);
        std::thread::sleep(std::time::Duration::from_millis(20));
    }
}
