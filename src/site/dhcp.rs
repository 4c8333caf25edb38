//! The reservation of a guest in the languages of DHCP servers: dnsmasq(8), dhcpd.conf(5),
//! Kea's Administrator Reference Manual ("Host Reservations"), OpenWrt's /etc/config/dhcp.

use std::net::Ipv4Addr;

use super::{BOOT_FILE, ServerKind, Site, SiteError, Snippet};

/// The reservation for this kind of server.
///
/// # Errors
/// [`SiteError::NoServer`].
pub(super) fn snippet(site: &Site, kind: ServerKind) -> Result<Snippet, SiteError> {
    let name = file_name(site);
    let (path, place, text) = match kind {
        ServerKind::Dnsmasq => {
            (format!("dnsmasq/{name}.conf"), format!("/etc/dnsmasq.d/{name}.conf"), dnsmasq(site))
        }
        ServerKind::IscDhcpd => (
            format!("dhcpd/{name}.conf"),
            format!(
                "/etc/dhcp/{name}.conf, with include \"/etc/dhcp/{name}.conf\"; in dhcpd.conf, \
                 outside of every subnet"
            ),
            isc_dhcpd(site)?,
        ),
        ServerKind::Kea => (
            format!("kea/{name}.json"),
            format!(
                "/etc/kea/{name}.json, with <?include \"/etc/kea/{name}.json\"?> in the list \
                 \"reservations\" of its subnet in kea-dhcp4.conf"
            ),
            kea(site)?,
        ),
        ServerKind::OpenwrtUci => (
            format!("openwrt/{name}.uci"),
            "the router: uci batch <FILE".to_owned(),
            openwrt(site)?,
        ),
    };
    Ok(Snippet { path, place, text })
}

/// How the server is told, once its texts are in place; the first command checks them.
#[must_use]
pub fn reload(kind: ServerKind) -> &'static [&'static str] {
    match kind {
        ServerKind::Dnsmasq => &["dnsmasq --test", "systemctl restart dnsmasq"],
        ServerKind::IscDhcpd => {
            &["dhcpd -t -cf /etc/dhcp/dhcpd.conf", "systemctl restart isc-dhcp-server"]
        }
        ServerKind::Kea => {
            &["kea-dhcp4 -t /etc/kea/kea-dhcp4.conf", "systemctl restart kea-dhcp4-server"]
        }
        ServerKind::OpenwrtUci => &["uci commit dhcp", "/etc/init.d/dnsmasq restart"],
    }
}

/// The guest's MAC in the words of an identifier: unlike its name, every server takes it.
fn identifier(site: &Site) -> String {
    format!("vmprov_{}", site.mac.to_string().replace(':', ""))
}

/// The guest's name, as it is: it can be a file's name (see [`crate::values::GuestName`]), or
/// comes from a config and is made one.
fn file_name(site: &Site) -> String {
    let fits = |c: char| c.is_ascii_alphanumeric() || "._+-".contains(c);
    let name: String = site.guest.chars().map(|c| if fits(c) { c } else { '_' }).collect();
    let name = name.trim_start_matches('.');
    if name.is_empty() { identifier(site) } else { name.to_owned() }
}

fn dnsmasq(site: &Site) -> String {
    let tag = identifier(site);
    let mut host = format!("dhcp-host={},set:{tag}", site.mac);
    if let Some(address) = site.address {
        host.push_str(&format!(",{address}"));
    }
    if let Some(hostname) = site.hostname() {
        host.push_str(&format!(",{hostname}"));
    }
    let mut boot = format!("dhcp-boot=tag:{tag},{BOOT_FILE}");
    let mut files = "# It serves the files as well, once it is told from where:\n\
                     #enable-tftp\n#tftp-root=/srv/tftp\n";
    if let Some(server) = site.tftp_server {
        boot.push_str(&format!(",,{server}"));
        files = "";
    }
    format!(
        "# {}, by vmprov server. dnsmasq also needs a dhcp-range of this network: with \"static\"\n\
         # in the place of its end, only those with a dhcp-host get an address.\n{host}\n{boot}\n{files}",
        shown(site)
    )
}

fn isc_dhcpd(site: &Site) -> Result<String, SiteError> {
    let server = server(site, "dhcpd")?;
    let mut lines = vec![format!("  hardware ethernet {};", site.mac)];
    lines.extend(site.address.map(|address| format!("  fixed-address {address};")));
    lines.extend(site.hostname().map(|name| format!("  option host-name \"{name}\";")));
    lines.push(format!("  next-server {server};"));
    lines.push(format!("  filename \"{BOOT_FILE}\";"));
    Ok(format!(
        "# {}, by vmprov server.\nhost {} {{\n{}\n}}\n",
        shown(site),
        identifier(site),
        lines.join("\n")
    ))
}

fn kea(site: &Site) -> Result<String, SiteError> {
    let server = server(site, "Kea")?;
    let mut lines = vec![format!("  \"hw-address\": \"{}\"", site.mac)];
    lines.extend(site.address.map(|address| format!("  \"ip-address\": \"{address}\"")));
    lines.extend(site.hostname().map(|name| format!("  \"hostname\": \"{name}\"")));
    lines.push(format!("  \"next-server\": \"{server}\""));
    lines.push(format!("  \"boot-file-name\": \"{BOOT_FILE}\""));
    Ok(format!("// {}, by vmprov server.\n{{\n{}\n}}\n", shown(site), lines.join(",\n")))
}

/// OpenWrt's start script leaves a boot section with a server's address but no server's name out.
fn openwrt(site: &Site) -> Result<String, SiteError> {
    let server = server(site, "OpenWrt's dnsmasq")?;
    let id = identifier(site);
    let mut lines = vec![
        format!("set dhcp.{id}=host"),
        format!("set dhcp.{id}.mac='{}'", site.mac),
        format!("set dhcp.{id}.tag='{id}'"),
    ];
    lines.extend(site.address.map(|address| format!("set dhcp.{id}.ip='{address}'")));
    lines.extend(site.hostname().map(|name| format!("set dhcp.{id}.name='{name}'")));
    lines.extend([
        format!("set dhcp.{id}_boot=boot"),
        format!("set dhcp.{id}_boot.networkid='{id}'"),
        format!("set dhcp.{id}_boot.filename='{BOOT_FILE}'"),
        format!("set dhcp.{id}_boot.servername='{server}'"),
        format!("set dhcp.{id}_boot.serveraddress='{server}'"),
    ]);
    Ok(lines.join("\n") + "\n")
}

fn server(site: &Site, kind: &'static str) -> Result<Ipv4Addr, SiteError> {
    site.tftp_server.ok_or(SiteError::NoServer { kind })
}

/// The guest's name in a comment: nothing in it may end the line.
fn shown(site: &Site) -> String {
    site.guest.chars().map(|c| if c.is_control() { '?' } else { c }).collect()
}

#[cfg(test)]
mod tests {
    use clap::ValueEnum;

    use super::super::example;
    use super::*;

    fn text(kind: ServerKind) -> String {
        snippet(&example(), kind).unwrap().text
    }

    #[test]
    fn each_server_has_its_words() {
        assert!(text(ServerKind::Dnsmasq).ends_with(
            "dhcp-host=00:16:3e:62:39:d3,set:vmprov_00163e6239d3,192.168.200.177,RK\n\
             dhcp-boot=tag:vmprov_00163e6239d3,pxelinux.0,,192.168.200.1\n"
        ));
        let expected = "\
# RK, by vmprov server.
host vmprov_00163e6239d3 {
  hardware ethernet 00:16:3e:62:39:d3;
  fixed-address 192.168.200.177;
  option host-name \"RK\";
  next-server 192.168.200.1;
  filename \"pxelinux.0\";
}
";
        assert_eq!(text(ServerKind::IscDhcpd), expected);
        let kea = text(ServerKind::Kea);
        let json: serde_json::Value =
            serde_json::from_str(kea.split_once('\n').unwrap().1).unwrap();
        assert_eq!(json["ip-address"], "192.168.200.177");
        assert_eq!(json["next-server"], "192.168.200.1");
        assert!(text(ServerKind::OpenwrtUci).contains("_boot.serveraddress='192.168.200.1'\n"));
    }

    #[test]
    fn a_dnsmasq_that_serves_the_files_needs_no_server() {
        let site = Site { tftp_server: None, address: None, ..example() };
        let text = snippet(&site, ServerKind::Dnsmasq).unwrap().text;
        assert!(text.contains(",set:vmprov_00163e6239d3,RK\n"), "{text}");
        assert!(text.contains(",pxelinux.0\n") && text.contains("#enable-tftp"), "{text}");
        for kind in [ServerKind::IscDhcpd, ServerKind::Kea, ServerKind::OpenwrtUci] {
            assert!(matches!(snippet(&site, kind), Err(SiteError::NoServer { .. })));
        }
    }

    #[test]
    fn a_name_cannot_get_out_of_its_place() {
        let guest = "../a\";}\nb'{".to_owned();
        let site = Site { guest, ..example() };
        for kind in ServerKind::value_variants() {
            let snippet = snippet(&site, *kind).unwrap();
            let name = snippet.path.split_once('/').unwrap().1;
            assert!(!name.contains('/') && !name.starts_with('.'), "{name}");
            let live = snippet.text.lines().filter(|line| !line.starts_with(['#', '/']));
            let live = live.collect::<Vec<_>>().join("\n");
            assert!(!live.contains("a\"") && !live.contains("b'"), "{live}");
        }
    }
}
