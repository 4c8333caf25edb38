//! What a boot could leave behind, looked at before and after: processes, interfaces,
//! addresses, routes, mounts, loop devices, files, named namespaces.

use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use serde_json::Value;

use crate::lab::{BRIDGE, Lab};
use crate::{mounts, process};

/// Where rpxeboot may keep something after its end: what it remembers of guests for their
/// reboots, the one place that is documented.
const ALLOWED: &str = "/run/rpxeboot";

/// What is there at one moment, one line a thing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Snapshot(BTreeSet<String>);

impl Snapshot {
    /// Looks at dom0 now.
    #[must_use]
    pub fn take(lab: &Lab) -> Self {
        let mut lines = BTreeSet::new();
        interfaces(lab, &mut lines);
        routes(lab, &mut lines);
        processes(lab, &mut lines);
        mount_points(&mut lines);
        loop_devices(lab, &mut lines);
        for path in mounts::changes() {
            if !path.starts_with(ALLOWED) {
                lines.insert(file(&path));
            }
        }
        Self(lines)
    }

    /// What differs in `now`, in words.
    #[must_use]
    pub fn compare(&self, now: &Self) -> Vec<String> {
        let new = now.0.difference(&self.0).map(|line| format!("new: {line}"));
        let gone = self.0.difference(&now.0).map(|line| format!("gone: {line}"));
        new.chain(gone).collect()
    }
}

fn interfaces(lab: &Lab, lines: &mut BTreeSet<String>) {
    for link in lab.ip_json("addr show").as_array().into_iter().flatten() {
        let name = link["ifname"].as_str().unwrap_or_default();
        let addresses: Vec<&str> = link["addr_info"]
            .as_array()
            .into_iter()
            .flatten()
            // The kernel's own link-local IPv6 addresses come and go with carriers.
            .filter(|address| address["family"] == "inet")
            .filter_map(|address| address["local"].as_str())
            .collect();
        let mut line = format!(
            "interface {name} kind {} mtu {} master {} addresses {addresses:?}",
            link["linkinfo"]["info_kind"], link["mtu"], link["master"]
        );
        // A bridge's own promiscuity is what a packet socket on it asked for.
        if name == BRIDGE {
            line += &format!(" promiscuity {}", link["promiscuity"]);
        }
        lines.insert(line);
    }
}

fn routes(lab: &Lab, lines: &mut BTreeSet<String>) {
    for route in lab.ip_json("-4 route show table all").as_array().into_iter().flatten() {
        let mut route = route.clone();
        // Set and cleared with the bridge's carrier, which comes and goes with its ports.
        if let Value::Object(fields) = &mut route {
            fields.remove("flags");
        }
        lines.insert(format!("route {route}"));
    }
}

fn mount_points(lines: &mut BTreeSet<String>) {
    let table = fs::read_to_string("/proc/thread-self/mountinfo").expect("the table of mounts");
    for mount in table.lines().filter_map(|line| line.split(' ').nth(4)) {
        lines.insert(format!("mount on {mount}"));
    }
}

/// The loop devices of this lab's disks: they are the machine's, so other tests' are there too.
fn loop_devices(lab: &Lab, lines: &mut BTreeSet<String>) {
    for entry in fs::read_dir("/sys/block").into_iter().flatten().flatten() {
        let file = fs::read_to_string(entry.path().join("loop/backing_file")).unwrap_or_default();
        if file.contains(&format!("/disk/{}/", lab.inner().tag())) {
            lines.insert(format!("loop device {} of {}", entry.path().display(), file.trim()));
        }
    }
}

/// Every process that came from this lab: it has the lab's mark in its environment, or is in
/// one of its namespaces. The lab's servers and what they started are left out.
fn processes(lab: &Lab, lines: &mut BTreeSet<String>) {
    let mark = format!("{}={}\0", process::TAG, lab.inner().tag());
    let namespaces =
        ["mnt", "net"].map(|kind| fs::read_link(format!("/proc/thread-self/ns/{kind}")).ok());
    let servers = lab.server_ids();
    for entry in fs::read_dir("/proc").into_iter().flatten().flatten() {
        let Some(id) = entry.file_name().to_str().and_then(|name| name.parse::<u32>().ok()) else {
            continue;
        };
        if id == std::process::id() || comes_from(id, &servers) {
            continue;
        }
        let at = |name: &str| entry.path().join(name);
        let environment = fs::read(at("environ")).unwrap_or_default();
        let marked = environment.windows(mark.len()).any(|window| window == mark.as_bytes())
            || environment.ends_with(mark.trim_end_matches('\0').as_bytes());
        let inside = ["mnt", "net"].iter().zip(&namespaces).any(|(kind, ours)| {
            ours.is_some() && fs::read_link(at(&format!("ns/{kind}"))).ok() == *ours
        });
        if marked || inside {
            let words = fs::read(at("cmdline")).unwrap_or_default();
            let words = String::from_utf8_lossy(&words).replace('\0', " ");
            lines.insert(format!("process {id}: {words}"));
        }
    }
}

/// Whether `id` or one of its ancestors is in `roots`, or it is in a root's process group.
fn comes_from(id: u32, roots: &[u32]) -> bool {
    let mut id = id;
    while id > 1 {
        if roots.contains(&id) {
            return true;
        }
        let Some((parent, group)) = parent_and_group(id) else { return false };
        if roots.contains(&group) {
            return true;
        }
        id = parent;
    }
    false
}

fn parent_and_group(id: u32) -> Option<(u32, u32)> {
    let stat = fs::read_to_string(format!("/proc/{id}/stat")).ok()?;
    // The name, in parentheses, may hold anything.
    let mut fields = stat.rsplit(") ").next()?.split(' ').skip(1);
    Some((fields.next()?.parse().ok()?, fields.next()?.parse().ok()?))
}

fn file(path: &Path) -> String {
    match fs::symlink_metadata(path) {
        Ok(about) if about.is_file() => {
            format!(
                "file {} of {} bytes, changed {}.{}",
                path.display(),
                about.len(),
                about.mtime(),
                about.mtime_nsec()
            )
        }
        _ => format!("file {}", path.display()),
    }
}
