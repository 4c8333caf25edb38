//! A guest's interface out of libvirt's own record of the domain
//! (`/etc/libvirt/libxl/NAME.xml`, <https://libvirt.org/formatdomain.html#network-interfaces>).

use roxmltree::{Document, Node, ParsingOptions};

use super::config_file::{Described, NoVif};
use super::{MacAddr, Uuid, Vif};

/// What the XML says; `None` when it is no domain.
#[must_use]
pub fn describe(xml: &str) -> Option<Described> {
    // No DTD: an entity of a root-owned file is no use to anybody but an attacker.
    let options = ParsingOptions { allow_dtd: false, ..ParsingOptions::default() };
    let document = Document::parse_with_options(xml, options).ok()?;
    let domain = document
        .root_element()
        .descendants()
        .find(|node| node.has_tag_name("domain"))
        .filter(|node| node.attribute("type") == Some("xen"))?;
    let text = |name: &str| child(domain, name).and_then(|node| node.text()).map(str::trim);
    Some(Described {
        name: text("name").map(str::to_owned),
        uuid: text("uuid").and_then(Uuid::parse),
        vif: first_interface(domain),
    })
}

fn child<'a, 'input>(node: Node<'a, 'input>, name: &str) -> Option<Node<'a, 'input>> {
    node.children().find(|child| child.has_tag_name(name))
}

fn first_interface(domain: Node<'_, '_>) -> Result<Vif, NoVif> {
    let devices = child(domain, "devices").ok_or(NoVif::None)?;
    let interface = child(devices, "interface").ok_or(NoVif::None)?;
    let attribute = |element: &str, name: &str| child(interface, element)?.attribute(name);
    let unusable = |why: &str| NoVif::Unreadable(why.to_owned());

    let mac: MacAddr = attribute("mac", "address")
        .ok_or(NoVif::NoMac)?
        .parse()
        .map_err(|error| NoVif::Unreadable(format!("{error}")))?;
    let bridge = attribute("source", "bridge").ok_or_else(|| {
        unusable("libvirt's interface is not on a bridge: add --bridge to <bootloader_args>")
    })?;
    let vlan = child(interface, "vlan").and_then(|vlan| child(vlan, "tag"));
    let vlan = match vlan.and_then(|tag| tag.attribute("id")) {
        Some(id) => Some(id.parse().map_err(|_| unusable("its VLAN tag is no number"))?),
        None => None,
    };
    let script = attribute("script", "path").map(str::to_owned);
    let backend = attribute("backenddomain", "name").map(str::to_owned);
    Ok(Vif { mac, bridge: bridge.to_owned(), vlan, script, backend })
}

#[cfg(test)]
mod tests {
    use super::*;

    const XML: &str = "<!-- WARNING -->
<domain type='xen'>
  <name>RK</name>
  <uuid>8b3c1f0e-52d4-4d3a-9a51-0c6f7e2d9b11</uuid>
  <bootloader>/usr/bin/rpxeboot</bootloader>
  <devices>
    <disk type='file' device='disk'><target dev='xvda' bus='xen'/></disk>
    <interface type='bridge'>
      <mac address='00:16:3E:62:39:d3'/>
      <source bridge='br0'/>
      <vlan><tag id='42'/></vlan>
      <script path='vif-openvswitch'/>
    </interface>
  </devices>
</domain>";

    #[test]
    fn the_first_interface_is_read() {
        let described = describe(XML).unwrap();
        assert_eq!(described.name.as_deref(), Some("RK"));
        let vif = described.vif.unwrap();
        assert_eq!(vif.mac.to_string(), "00:16:3e:62:39:d3");
        assert_eq!((vif.bridge.as_str(), vif.vlan), ("br0", Some(42)));
        assert_eq!(vif.script.as_deref(), Some("vif-openvswitch"));
    }

    #[test]
    fn what_is_no_xen_domain_is_none() {
        assert_eq!(describe("<domain type='kvm'><name>x</name></domain>"), None);
        assert_eq!(describe("not xml"), None);
        assert_eq!(describe("<!DOCTYPE a [<!ENTITY b 'c'>]><domain type='xen'/>"), None);
    }

    #[test]
    fn a_libvirt_network_has_no_bridge_of_ours() {
        let xml = XML.replace("<source bridge='br0'/>", "<source network='default'/>");
        assert!(matches!(describe(&xml).unwrap().vif, Err(NoVif::Unreadable(_))));
    }
}
