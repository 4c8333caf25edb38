//! What the fuzz targets feed to the code that reads outside input, and what must hold of it.
//!
//! A body takes any bytes. libFuzzer runs it to find its way into the code (`make fuzz`), and
//! `cargo test` runs the same body over the seeds, changed at random (tests/seeds.rs). Nothing may
//! panic, run without end, or break what the body asserts.

mod dhcp;
mod dns;
mod guest;
mod http;
mod ipxe_script;
mod kernel;
mod menu;
mod pxelinux_config;
mod report;
pub mod seeds;
mod serve;
mod tftp;
mod tftp_server;
mod vmprov;
mod xl;

/// A target: what it is called, and its body.
#[derive(Debug, Clone, Copy)]
pub struct Target {
    /// Its name: that of its program, of its folder of seeds and of its row in docs/fuzzing.md.
    pub name: &'static str,
    /// What it does with some bytes.
    pub body: fn(&[u8]),
    /// The longest input that is of use.
    pub longest: usize,
}

/// All of them.
pub const TARGETS: &[Target] = &[
    Target { name: "dhcp_packet", body: dhcp::packet, longest: 1600 },
    Target { name: "dhcp_exchange", body: dhcp::exchange, longest: 6000 },
    Target { name: "tftp_network", body: tftp::network, longest: 64 },
    Target { name: "tftp_peer", body: tftp::peer, longest: 4000 },
    Target { name: "pxelinux_config", body: pxelinux_config::config, longest: 6000 },
    Target { name: "pxelinux_name", body: pxelinux_config::name, longest: 600 },
    Target { name: "ipxe_script", body: ipxe_script::script, longest: 6000 },
    Target { name: "xl_config", body: xl::config, longest: 4000 },
    Target { name: "xl_specs", body: xl::specs, longest: 400 },
    Target { name: "kernel_image", body: kernel::image, longest: 40_000 },
    Target { name: "worker_report", body: report::report, longest: 8000 },
    Target { name: "http_head", body: http::head, longest: 1500 },
    Target { name: "dns_answer", body: dns::answer, longest: 1232 },
    Target { name: "guest_files", body: guest::files, longest: 4000 },
    Target { name: "menu", body: menu::menu, longest: 6000 },
    Target { name: "vmprov_media", body: vmprov::media, longest: 4000 },
    Target { name: "vmprov_profile", body: vmprov::profile, longest: 4000 },
    Target { name: "vmprov_values", body: vmprov::values, longest: 400 },
    Target { name: "vmprov_logs", body: vmprov::logs, longest: 2000 },
    Target { name: "vmprov_serve", body: serve::requests, longest: 2000 },
];

/// The target of this name.
#[must_use]
pub fn target(name: &str) -> Option<Target> {
    TARGETS.iter().copied().find(|target| target.name == name)
}

/// Text that may go to a console or a log as it is.
fn assert_shown(text: &str) {
    assert!(!text.chars().any(char::is_control), "{text:?}");
}
