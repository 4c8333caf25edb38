//! Whether a guest of a given kind can boot a kernel.
//!
//! Follows `elf_xen_note_check` and `elf_xen_addr_calc_check` (xen/common/libelf/libelf-dominfo.c)
//! and `xc_dom_guest_type` (tools/libs/guest/xg_dom_elfloader.c). One rule goes further: Linux
//! has the note `ENTRY` if and only if it was built with CONFIG_XEN_PV
//! (arch/x86/xen/xen-head.S); without it libxc may start it all the same, at an address where a
//! PV guest dies at once.

use std::fmt;

use thiserror::Error;

use crate::compression::Compression;
use crate::elf::{Elf, Machine};
use crate::kernel::{Form, Kernel};
use crate::notes::XenNotes;

/// The kinds of guest that boot a kernel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum GuestType {
    /// `type="pv"`.
    Pv,
    /// `type="pvh"`.
    Pvh,
    /// One of the two; also `type="pvh"` with `pvshim=1`, where a PV kernel runs in Xen's shim.
    Unknown,
}

/// The processors of the host.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Arch {
    /// x86 with 64 bits.
    X86,
    /// Arm, with 32 or 64 bits.
    Arm,
}

/// Why no guest of that kind can boot a kernel. Each text goes on after the kernel's name and a
/// colon.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum Unfit {
    /// Nothing for Xen in it.
    #[error(
        "it says nothing to Xen (no Xen ELF note): it was built without CONFIG_XEN and CONFIG_PVH; \
         use a kernel with CONFIG_XEN_PV for type=\"pv\", or CONFIG_XEN_PVH for type=\"pvh\""
    )]
    NoXenNotes,
    /// No start for a PV guest.
    #[error(
        "it has no Xen PV entry (no XEN_ELFNOTE_ENTRY): it was built without CONFIG_XEN_PV; {}",
        if *pvh { "use type=\"pvh\", or a kernel with it" } else { "use a kernel with it" }
    )]
    NoPvEntry {
        /// Whether it has one for a PVH guest.
        pvh: bool,
    },
    /// No start for a PVH guest.
    #[error(
        "it has no Xen PVH entry (no XEN_ELFNOTE_PHYS32_ENTRY): it was built without CONFIG_PVH, \
         or is older than Linux 4.11; {}",
        if *pv { "use type=\"pv\", or a newer kernel" } else { "use a kernel with it" }
    )]
    NoPvhEntry {
        /// Whether it has one for a PV guest.
        pv: bool,
    },
    /// Neither for a PV nor for a PVH guest.
    #[error("no guest can boot it. As type=\"pv\": {pv}. As type=\"pvh\": {pvh}")]
    Neither {
        /// Why not as PV.
        pv: Box<Unfit>,
        /// Why not as PVH.
        pvh: Box<Unfit>,
    },
    /// It is for dom0 alone.
    #[error("it runs as dom0 only (it requires the Xen feature dom0): use a kernel for guests")]
    Dom0Only,
    /// Notes that no PV guest has.
    #[error(
        "Xen takes a PV kernel only with the loader \"generic\" or the system \"linux\", and it \
         says loader \"{loader}\", system \"{guest_os}\"{}",
        if *pvh { ": use type=\"pvh\"" } else { "" }
    )]
    PvLoader {
        /// Its `LOADER`.
        loader: String,
        /// Its `GUEST_OS`.
        guest_os: String,
        /// Whether it has an entry for a PVH guest.
        pvh: bool,
    },
    /// A PV kernel for another Xen.
    #[error(
        "it was built for the Xen interface \"{version}\", and a PV guest needs \"xen-3.0\"{}",
        if *pvh { ": use type=\"pvh\"" } else { "" }
    )]
    PvInterface {
        /// Its `XEN_VERSION`.
        version: String,
        /// Whether it has an entry for a PVH guest.
        pvh: bool,
    },
    /// A PV kernel that would start outside itself.
    #[error("its addresses for Xen PV contradict each other: Xen refuses it; use another kernel")]
    PvAddresses,
    /// Built for another machine.
    #[error("it was built for {built_for}, and this host has {host} processors")]
    Machine {
        /// The machine it was built for.
        built_for: String,
        /// The host's.
        host: &'static str,
    },
}

/// What may be of use to know of a kernel that passes.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Remark {
    /// It could not be looked into, and why.
    Unseen(String),
    /// Older releases of Xen do not unpack it.
    NeedsXen {
        /// How it is compressed.
        compression: Compression,
        /// The first release that does for certain.
        since: (u16, u16),
    },
    /// A PV kernel with 32 bits.
    Pv32,
    /// An ELF file that says nothing to Xen, started as firmware is.
    Firmware,
    /// A PVH entry, and nothing else for Xen.
    PvhAlone,
}

impl fmt::Display for Remark {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Remark::Unseen(why) => write!(f, "the kernel was not looked into: {why}"),
            Remark::NeedsXen { compression, since: (major, minor) } => write!(
                f,
                "the kernel is compressed by {compression}, which Xen unpacks since {major}.{minor}"
            ),
            Remark::Pv32 => f.write_str(
                "the kernel has 32 bits: a Xen without support for 32-bit PV guests refuses it",
            ),
            Remark::Firmware => {
                f.write_str("the kernel says nothing of PVH: Xen starts it as it starts firmware")
            }
            Remark::PvhAlone => f.write_str(
                "the kernel has a PVH entry and no other Xen note: if it is Linux, it was built \
                 without CONFIG_XEN_PVH and stops as soon as it starts",
            ),
        }
    }
}

impl Kernel {
    /// Whether a guest of this kind on a host with these processors may be able to boot it.
    ///
    /// # Errors
    ///
    /// [`Unfit`] if it is certain that it cannot.
    pub fn for_guest(&self, guest: GuestType, host: Arch) -> Result<(), Unfit> {
        match (host, &self.form) {
            (Arch::Arm, Form::Arm64Image | Form::Arm32Image | Form::Unseen)
            | (Arch::X86, Form::Unseen | Form::XenBinary) => return Ok(()),
            (Arch::X86, Form::Arm64Image) => return Err(machine("arm64", host)),
            (Arch::X86, Form::Arm32Image) => return Err(machine("32-bit Arm", host)),
            (Arch::Arm, Form::BzImage(_) | Form::XenBinary) => return Err(machine("x86", host)),
            (Arch::Arm, Form::Elf) => {
                return Err(machine("another machine (Arm takes no ELF file, but Image)", host));
            }
            (Arch::X86, Form::BzImage(_) | Form::Elf) => {}
        }
        let Some(elf) = &self.elf else { return Ok(()) };
        if let Machine::Other(number) = elf.machine {
            return Err(machine(&other_machine(number), host));
        }
        match (guest, pv(elf), pvh(elf)) {
            (GuestType::Pv, result, _) | (GuestType::Pvh, _, result) => result,
            (GuestType::Unknown, Ok(()), _) | (GuestType::Unknown, _, Ok(())) => Ok(()),
            (GuestType::Unknown, Err(pv), Err(pvh)) if pv == pvh => Err(pv),
            (GuestType::Unknown, Err(pv), Err(pvh)) => {
                Err(Unfit::Neither { pv: Box::new(pv), pvh: Box::new(pvh) })
            }
        }
    }

    /// What may be of use to know when a guest of this kind boots it, or fails to.
    #[must_use]
    pub fn remarks(&self, guest: GuestType) -> Vec<Remark> {
        let mut remarks: Vec<Remark> = self.unseen.iter().cloned().map(Remark::Unseen).collect();
        if let Some(compression) = self.compression()
            && let Some(since) = compression.since_xen()
        {
            remarks.push(Remark::NeedsXen { compression, since });
        }
        let Some(elf) = &self.elf else { return remarks };
        let has_entry = self.pvh_entry().is_some();
        let alone = elf.xen.as_ref().is_some_and(|xen| xen.guest_os.is_none());
        match guest {
            GuestType::Pv if elf.bits == 32 => remarks.push(Remark::Pv32),
            GuestType::Pvh if !has_entry && elf.bits == 32 => remarks.push(Remark::Firmware),
            GuestType::Pvh if has_entry && alone => remarks.push(Remark::PvhAlone),
            GuestType::Pv | GuestType::Pvh | GuestType::Unknown => {}
        }
        remarks
    }
}

fn pv(elf: &Elf) -> Result<(), Unfit> {
    let xen = elf.xen.as_ref().ok_or(Unfit::NoXenNotes)?;
    if xen.requires_dom0() {
        return Err(Unfit::Dom0Only);
    }
    let pvh = xen.pvh_entry.is_some();
    let linux = starts(&xen.guest_os, "linux");
    if !starts(&xen.loader, "generic") && !linux {
        // That is how a kernel looks which has a PVH entry and nothing else for Xen.
        if pvh && xen.loader.is_none() && xen.guest_os.is_none() {
            return Err(Unfit::NoPvEntry { pvh });
        }
        let shown = |text: &Option<String>| text.clone().unwrap_or_default();
        let (loader, guest_os) = (shown(&xen.loader), shown(&xen.guest_os));
        return Err(Unfit::PvLoader { loader, guest_os, pvh });
    }
    if !starts(&xen.xen_version, "xen-3.0") {
        let version = xen.xen_version.clone().unwrap_or_default();
        return Err(Unfit::PvInterface { version, pvh });
    }
    if linux && xen.entry.is_none() && !xen.legacy {
        return Err(Unfit::NoPvEntry { pvh });
    }
    if pv_addresses(elf, xen) { Ok(()) } else { Err(Unfit::PvAddresses) }
}

fn starts(text: &Option<String>, with: &str) -> bool {
    text.as_deref().is_some_and(|text| text.starts_with(with))
}

/// Whether Xen lets the addresses pass.
fn pv_addresses(elf: &Elf, xen: &XenNotes) -> bool {
    if xen.paddr_offset.is_some() && xen.virt_base.is_none() {
        return false;
    }
    let base = xen.virt_base.unwrap_or(0);
    let offset = xen.paddr_offset.unwrap_or(if xen.legacy { base } else { 0 });
    let (start, end) = elf.memory;
    let shift = base.wrapping_sub(offset);
    let (start, end) = (start.wrapping_add(shift), end.wrapping_add(shift));
    let entry = xen.entry.unwrap_or(elf.entry);
    // With symbols behind it, the kernel is longer than its segments.
    let after = entry > end && !xen.bsd_symtab;
    start <= end && entry >= start && !after && base <= start
}

fn pvh(elf: &Elf) -> Result<(), Unfit> {
    let dom0_only = elf.xen.as_ref().is_some_and(XenNotes::requires_dom0);
    match &elf.xen {
        // Xen's loader for firmware takes any ELF file with 32 bits that its first one does not.
        _ if elf.bits == 32 && elf.xen.as_ref().is_none_or(|xen| xen.pvh_entry.is_none()) => Ok(()),
        _ if dom0_only => Err(Unfit::Dom0Only),
        None => Err(Unfit::NoXenNotes),
        Some(xen) if xen.pvh_entry.is_some() => Ok(()),
        Some(_) => Err(Unfit::NoPvhEntry { pv: pv(elf).is_ok() }),
    }
}

fn machine(built_for: &str, host: Arch) -> Unfit {
    let host = match host {
        Arch::X86 => "x86",
        Arch::Arm => "Arm",
    };
    Unfit::Machine { built_for: built_for.to_owned(), host }
}

fn other_machine(number: u16) -> String {
    match number {
        40 => "32-bit Arm".to_owned(),
        183 => "arm64".to_owned(),
        20 | 21 => "PowerPC".to_owned(),
        243 => "RISC-V".to_owned(),
        number => format!("another machine (ELF machine {number})"),
    }
}
