//! busybox httpd.

use std::path::Path;

use crate::host::{Host, Server};
use crate::programs;

/// Starts an HTTP server of the files below `root`, on port 80.
pub fn start(host: &Host, root: &Path) -> Server {
    let mut command = host.command(programs::installed("busybox"));
    command
        .args(["httpd", "-f", "-vv", "-p"])
        .arg(format!("{}:80", host.address()))
        .arg("-h")
        .arg(root);
    host.serve("httpd", command, |server| {
        // Its listening socket, in its own namespace's table.
        std::fs::read_to_string(format!("/proc/{}/net/tcp", server.id()))
            .is_ok_and(|table| table.contains(":0050 00000000:0000 0A"))
    })
}
