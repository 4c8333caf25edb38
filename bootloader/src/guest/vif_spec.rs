//! What a vif spec says about the interface to boot from (xl-network-configuration(5)).

use xlcfg::{OvsBridge, VifSpec};

use super::MacAddr;

/// What words (a vif spec, or the command line's) say about the guest's interface.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct VifWords {
    /// Its MAC.
    pub mac: Option<MacAddr>,
    /// The bridge it is on.
    pub bridge: Option<String>,
    /// Its VLAN on that bridge, 1 to 4094.
    pub vlan: Option<u16>,
    /// Its hotplug script.
    pub script: Option<String>,
    /// The domain that its bridge is in.
    pub backend: Option<String>,
}

/// What a vif spec says about the interface to boot from.
///
/// # Errors
/// A sentence about the part that cannot be read.
pub fn read_spec(text: &str) -> Result<VifWords, String> {
    let spec = VifSpec::parse(text).map_err(|error| error.to_string())?;
    let mac = spec.mac().map(MacAddr::new).transpose().map_err(|error| error.to_string())?;
    let vlan = spec.vlan().map(port_vlan).transpose()?;
    let mut words = VifWords {
        mac,
        bridge: spec.bridge().map(|bridge| bridge.trim().to_owned()),
        vlan,
        script: spec.script().map(str::to_owned),
        backend: spec.get("backend").filter(|domain| !is_this_domain(domain)).map(str::to_owned),
    };
    // With Open vSwitch's script the bridge carries the VLAN: ovsbr0.TAG:TRUNK…
    if spec.script().is_some_and(|script| script.ends_with("vif-openvswitch"))
        && let Some(ovs) = words.bridge.as_deref().and_then(OvsBridge::parse)
    {
        let (name, tag) = (ovs.name.to_owned(), ovs.tag);
        words.vlan = words.vlan.or(tag);
        words.bridge = Some(name);
    }
    Ok(words)
}

fn is_this_domain(domain: &str) -> bool {
    matches!(domain, "" | "0" | "Domain-0")
}

/// The VLAN of a Linux bridge port's untagged frames: a number, or the one with `p` behind it
/// in a list of them (xl-network-configuration(5), Xen 4.20).
fn port_vlan(text: &str) -> Result<u16, String> {
    let untagged = |item: &str| item.strip_suffix('p').unwrap_or(item).parse::<u16>().ok();
    let items = || text.split('/');
    items()
        .find(|item| item.ends_with('p'))
        .or_else(|| items().next())
        .and_then(untagged)
        .filter(|vlan| (1..=4094).contains(vlan))
        .ok_or_else(|| format!("vlan={text} names no VLAN from 1 to 4094 for untagged frames"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn vlans_of_a_linux_bridge_and_of_open_vswitch() {
        assert_eq!(read_spec("bridge=br0,vlan=42").unwrap().vlan, Some(42));
        assert_eq!(read_spec("bridge=br0,vlan=10/20p/30").unwrap().vlan, Some(20));
        assert!(read_spec("bridge=br0,vlan=4095").is_err());
        let words = read_spec("bridge=ovsbr0.7:10:20,script=vif-openvswitch").unwrap();
        assert_eq!((words.bridge.as_deref(), words.vlan), (Some("ovsbr0"), Some(7)));
        assert_eq!(read_spec("bridge=br0,backend=0").unwrap().backend, None);
        assert_eq!(read_spec("backend=net").unwrap().backend.as_deref(), Some("net"));
        let words = read_spec("bridge=br0.7").unwrap();
        assert_eq!((words.bridge.as_deref(), words.vlan), (Some("br0.7"), None));
    }
}
