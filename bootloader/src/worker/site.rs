//! What a site says to boot: PXELINUX's configs, or a script of iPXE's.

use std::net::UdpSocket;

use super::Worker;
use crate::console::{Level, Say};
use crate::failure::{Failure, Reason};
use crate::fetch::Fetcher;
use crate::lease::boot_source::{self, BootSource, Program};
use crate::lease::request::{Class, Identity};
use crate::lease::{Lease, proxy};
use crate::plan::BootPlan;
use crate::plan::script::{Ran, Scripts};
use crate::plan::search::{Asker, Search};
use crate::text;

/// Where a guest boots from, and what asks there.
#[derive(Clone, Copy)]
pub(super) struct Site<'a> {
    pub(super) fetcher: &'a Fetcher,
    pub(super) asker: &'a Asker,
    pub(super) lease: &'a Lease,
    pub(super) source: &'a BootSource,
}

impl Worker<'_> {
    /// What the site says to boot; nothing when its entries were listed instead.
    pub(super) fn site_plan(
        &self,
        site: &Site<'_>,
        class: Class,
    ) -> Result<Option<BootPlan>, Failure> {
        let Site { fetcher, asker, lease, source } = *site;
        let is_script = match source.program() {
            Program::IpxeScript => true,
            Program::Ipxe => false,
            Program::Pxelinux | Program::Efi => class == Class::Ipxe,
        };
        let scripts = Scripts { library: fetcher, say: self, person: self, asker, lease, source };
        let next = match if is_script { scripts.run()? } else { Ran::NoScript } {
            Ran::Plan(_) if self.job.list_entries => {
                return Err(Failure::new(
                    Reason::NoConfig,
                    "there are no entries to list: this guest boots by a script of iPXE's",
                ));
            }
            Ran::Plan(plan) => return Ok(Some(plan)),
            Ran::Pxelinux(next) => Some(next),
            Ran::NoScript => None,
        };
        let source = next.as_ref().unwrap_or(source);
        let hint = |failure| with_hint(failure, source);
        let search = Search::new(fetcher, self, self, asker, lease, source)?;
        if self.job.list_entries {
            self.report_entries(&search.entries().map_err(hint)?)?;
            return Ok(None);
        }
        search.plan().map(Some).map_err(hint)
    }

    /// Where to boot from; a PXE server on port 4011 is asked when it alone may know.
    pub(super) fn boot_source(
        &self,
        client_port: Option<UdpSocket>,
        identity: Identity,
        lease: &Lease,
    ) -> Result<Option<BootSource>, Failure> {
        let server = boot_source::pxe_server_to_ask(lease);
        let Some(server) = server.filter(|_| !boot_source::says_local_disk(lease)) else {
            return Ok(boot_source::of(lease, None));
        };
        let address = server.address;
        let failed = |error: std::io::Error| {
            Failure::new(Reason::NoBootServer, format!("asking the PXE server {address}: {error}"))
        };
        let socket = match client_port {
            Some(socket) => socket,
            None => UdpSocket::bind(("0.0.0.0", 0)).map_err(failed)?,
        };
        self.say(Level::Detail, &format!("asking the PXE server {address} for a boot file"));
        let answer =
            proxy::ask(&socket, &server, &identity, lease, &self.budget).map_err(failed)?;
        if answer.is_none() {
            self.say(
                Level::Step,
                &format!("the PXE server {address} does not answer on port 4011"),
            );
        }
        Ok(boot_source::of(lease, answer.as_ref()))
    }
}

/// Where there is no config, the boot file's name may tell why.
fn with_hint(failure: Failure, source: &BootSource) -> Failure {
    let what = match source.program() {
        _ if failure.reason != Reason::NoConfig => return failure,
        Program::Pxelinux => return failure,
        Program::Efi => "an EFI program, which no PV or PVH guest can run",
        Program::IpxeScript => "to be a script for iPXE, and does not begin with #!ipxe",
        Program::Ipxe => {
            "iPXE itself, although iPXE asks: the server needs a rule for its user class (option 77)"
        }
    };
    let name = text::printable(&source.boot_file);
    let Failure { reason, message } = failure;
    let message = format!(
        "{message}; the boot file {name} is {what}: put a pxelinux.cfg/ beside it for this guest, \
         or give this guest another boot file"
    );
    Failure::new(reason, message)
}

pub(super) fn no_boot_source(lease: &Lease) -> Failure {
    Failure::new(
        Reason::NoBootServer,
        format!(
            "the lease {} of the DHCP server {} names no boot file: set filename and next-server \
             (options 67 and 66) for this guest there",
            lease.address, lease.server
        ),
    )
}
