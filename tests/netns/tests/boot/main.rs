//! Whole boots of rpxeboot against real servers. One scenario is one named test, in the
//! file of its subject; every one runs in a lab of its own and ends with the check that
//! nothing is left.

mod common;
mod confinement;
mod dhcp_servers;
mod failures;
mod formats;
mod guest_resolution;
mod http_boot;
mod https;
mod kernels;
mod large_blocks;
mod legacy;
mod library;
mod local_boot;
mod lossy;
mod menu;
mod networks;
mod pygrub_ends;
mod real_pygrub;
mod resume;
mod scripts;
mod signals;
mod sites;
mod tftp_servers;
mod web;
