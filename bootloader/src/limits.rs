//! Every numeric limit on input that comes from outside, in one place.
//!
//! The limits of the config language stand in `pxelinux::limits`, those of one
//! TFTP transfer in `tftp_client`; everything else that the wire, a file or the
//! worker can make large is bounded here.

use std::time::Duration;

/// The whole boot, unless `--deadline` says otherwise. libxl's restricted mode kills a
/// bootloader after 120 s, and a waiting one holds xl's lock on some hosts.
pub const DEFAULT_DEADLINE: Duration = Duration::from_secs(60);
/// The largest `--deadline`, in seconds.
pub const MAX_DEADLINE_SECONDS: u64 = 3600;

/// Bytes of one DHCP reply (RFC 2131 asks for 576; Ethernet carries 1500).
pub const MAX_DHCP_PACKET: usize = 1500;
/// DHCP offers remembered while choosing; a flood of forged ones stops here.
pub const MAX_OFFERS: usize = 8;
/// Addresses read from one list option (3, 6, 150).
pub const MAX_ADDRESSES: usize = 8;

/// Bytes of one pxelinux config or included file.
pub const MAX_CONFIG_BYTES: u64 = 256 * 1024;
/// How often a config may hand over to another one (CONFIG, menu.c32 with arguments).
pub const MAX_CONFIG_RESTARTS: usize = 8;
/// Bytes of a kernel: far above any real one, far below what fills a dom0's disk.
pub const MAX_KERNEL_BYTES: u64 = 256 << 20;
/// Bytes of all ramdisks of one boot together; libxl's own cap is 1 GiB.
pub const MAX_RAMDISK_BYTES: u64 = 1 << 30;
/// Ramdisk files of one boot.
pub const MAX_INITRDS: usize = 16;

/// Bytes of a PV guest's command line: start_info holds 1024 with the NUL
/// (`MAX_GUEST_CMDLINE`, xen/include/public/xen.h), and Xen cuts the rest without a word.
pub const MAX_PV_ARGS: usize = 1023;
/// Bytes of a Linux x86 command line (`COMMAND_LINE_SIZE` less the NUL).
pub const MAX_PVH_ARGS: usize = 2047;
/// Bytes of one item of libxl's simple0 answer (`2 * PATH_MAX - 1`): a longer one is dropped.
pub const MAX_ANSWER_ITEM: usize = 8190;

/// Redirects of one HTTP request.
pub const MAX_REDIRECTS: usize = 5;
/// How often the rest of a file is asked for by HTTP, when its transfer breaks off.
pub const MAX_RESUMES: u32 = 3;
/// Bytes of a URL that a server redirects to.
pub const MAX_URL: usize = 4096;
/// Bytes of an entity tag or a date by which a file is known again.
pub const MAX_VALIDATOR: usize = 256;
/// Bytes read of what a web server sends with an error, so that its connection can be kept.
pub const MAX_ERROR_BODY: u64 = 64 * 1024;
/// Bytes of the certificate authorities: Mozilla's are 220 KiB.
pub const MAX_AUTHORITIES: usize = 4 << 20;
/// Names that are looked up once in a boot and then remembered.
pub const MAX_NAMES: usize = 64;
/// Bytes of one DNS answer over UDP.
pub const MAX_DNS_PACKET: usize = 1232;

/// Bytes of one message between supervisor and worker.
pub const MAX_MESSAGE: usize = 192 * 1024;
/// Entries of a config that are listed.
pub const MAX_ENTRIES: usize = 10_000;
/// Menus of one boot; a script may show one after the other.
pub const MAX_MENUS: usize = 32;
/// Pages of a menu that are shown.
pub const MAX_MENU_PAGES: usize = 64;
/// Rows of a menu that are shown, on all pages.
pub const MAX_MENU_ROWS: usize = 2000;
/// Characters of a title, a row or a line of help that are shown.
pub const MAX_MENU_TEXT: usize = 120;
/// Bytes of a line that is typed.
pub const MAX_TYPED: usize = 2047;
/// A menu that nobody has touched for this long is left for what boots unattended.
pub const MENU_PATIENCE: Duration = Duration::from_secs(600);
/// How long an untouched menu stays, at most, when it is shown because somebody seems to be there.
pub const MENU_GLANCE: Duration = Duration::from_secs(10);
/// Messages the worker may send in one boot.
pub const MAX_MESSAGES: usize = 10_000;
/// Bytes of the worker's lines that are shown in one boot; libxl keeps them in a log on dom0's disk.
pub const MAX_LOG: usize = 1 << 20;
/// Characters of a line that tells what happened, after escaping.
pub const MAX_LINE: usize = 400;

/// Bytes of a guest's config file, of libvirt's XML, of a remembered record.
pub const MAX_LOCAL_FILE: u64 = 1 << 20;
/// Bytes of one xenstore payload (`XENSTORE_PAYLOAD_MAX`, xen/include/public/io/xs_wire.h).
pub const MAX_XENSTORE_PAYLOAD: usize = 4096;
/// A xenstore that does not answer in this time is taken as not there.
pub const XENSTORE_PATIENCE: Duration = Duration::from_secs(5);
/// Records kept under /run/rpxeboot; the oldest go first.
pub const MAX_REMEMBERED: usize = 1024;

/// Bytes of pygrub's answer.
pub const MAX_PYGRUB_ANSWER: u64 = 64 * 1024;
/// Bytes of pygrub's own text, in which an option of it is looked for.
pub const MAX_PYGRUB_TEXT: u64 = 1 << 20;
/// Bytes of a line that pygrub says; more of it is not kept.
pub const MAX_PYGRUB_LINE: usize = 1000;
/// Lines of pygrub's that are kept, to show the last ones of a failure.
pub const MAX_PYGRUB_LAST_WORDS: usize = 12;
/// Lines of pygrub's that are shown with `--verbose`.
pub const MAX_PYGRUB_LINES: usize = 1000;
/// Kernels in a boot menu on the guest's disk.
pub const MAX_MENU_KERNELS: usize = 16;
/// Address space of pygrub: some 60 MiB are Python itself.
pub const MAX_PYGRUB_MEMORY: u64 = 1 << 30;
/// Partitions that are looked at on the guest's disk.
pub const MAX_PARTITIONS: usize = 160;

/// Bytes of memory that the worker can have for itself. The look at a compressed kernel takes most,
/// up to 130 MiB; the rest is for its threads.
pub const MAX_WORKER_MEMORY: u64 = 384 << 20;
/// Descriptors that the worker can have: its files, and a socket for each transfer.
pub const MAX_WORKER_DESCRIPTORS: u64 = 128;
/// Processes and threads of the worker's uid. Where boots share a uid (nobody), it is for all of
/// them: a worker has one thread a transfer, and a few more.
pub const MAX_WORKER_TASKS: u64 = 8192;
