//! Its interfaces.
//!
//! - `vif-list`, `vif-spec`, `no-vif`, `no-mac`, `mac`, `mac-taken`, `mac-twice`, `bridge-missing`

use xlcfg::{OvsBridge, VifSpec};

use super::around::Around;
use super::finding::Findings;
use crate::config::BootMode;
use crate::values::Mac;

/// Looks at them.
pub fn check(findings: &mut Findings<'_>, around: &Around) {
    if let Err(error) = findings.document.strings("vif") {
        findings.error("vif-list", "vif", format!("{error}: write vif = [ \"mac=…\" ]"));
        return;
    }
    let items = findings.list("vif");
    let boots = BootMode::of(findings.document);
    let needs_network = matches!(boots, BootMode::Network { .. } | BootMode::DiskElseNetwork);
    if items.is_empty() && needs_network {
        findings.error(
            "no-vif",
            "vif",
            "it boots over the network and has no interface: add vif = [ \"mac=…,bridge=xenbr0\" ]",
        );
    }
    let mut own = Vec::new();
    for (index, item) in items.iter().enumerate() {
        let spec = match VifSpec::parse(item) {
            Ok(spec) => spec,
            Err(error) => {
                findings.error("vif-spec", "vif", format!("{item:?}: {error}"));
                continue;
            }
        };
        mac(findings, around, &spec, index == 0 && needs_network);
        if let Some(mac) = spec.mac() {
            if own.contains(&mac) {
                findings.error(
                    "mac-twice",
                    "vif",
                    format!("two of its interfaces have {}", xlcfg::format_mac(mac)),
                );
            }
            own.push(mac);
        }
        bridge(findings, around, &spec);
    }
}

fn mac(findings: &mut Findings<'_>, around: &Around, spec: &VifSpec, boots_by_it: bool) {
    let Some(bytes) = spec.mac() else {
        let message = "without mac=, xl makes up another MAC at each start";
        if boots_by_it {
            findings.error(
                "no-mac",
                "vif",
                format!("{message}, and rpxeboot cannot know it: write one, as 00:16:3e:…"),
            );
        } else {
            findings.warning("no-mac", "vif", format!("{message}: leases and names follow it"));
        }
        return;
    };
    if let Err(error) = Mac::new(bytes) {
        findings.error("mac", "vif", error.to_string());
    }
    for other in around.others.iter().filter(|other| other.macs.contains(&bytes)) {
        findings.error(
            "mac-taken",
            "vif",
            format!(
                "{} is {}'s as well ({}): on one network, neither works",
                xlcfg::format_mac(bytes),
                other.name,
                other.path.display()
            ),
        );
    }
}

fn bridge(findings: &mut Findings<'_>, around: &Around, spec: &VifSpec) {
    // Another domain's bridge cannot be seen from here, nor is it known what other scripts do.
    let Some(bridge) = spec.bridge().filter(|_| spec.get("backend").is_none()) else { return };
    let name = OvsBridge::parse(bridge).map_or(bridge.to_owned(), |ovs| ovs.name.to_string());
    if around.interfaces.contains(bridge) || around.interfaces.contains(&name) {
        return;
    }
    let message = format!("there is no bridge {name} on this host");
    match around.is_dom0 {
        true => findings.error("bridge-missing", "vif", message),
        false => findings.warning("bridge-missing", "vif", message),
    }
}
