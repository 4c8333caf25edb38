//! The TFTP server's side: the guest's PXELINUX config, and the names by which it is asked for.

use std::net::Ipv4Addr;

use pxelinux::{Client, HardwareAddress, Uuid, config_names};

use super::{Boot, Name, Site, SiteError, Snippet};
use crate::values::Mac;

/// The guest's config, under the name that has its MAC: that is no other's.
///
/// # Errors
/// Something in it would be read as something else.
pub(super) fn config(site: &Site, boot: &Boot) -> Result<Snippet, SiteError> {
    let path = path(site.mac);
    Ok(Snippet {
        place: format!("the TFTP server's root, as {path}"),
        path: format!("tftp/{path}"),
        text: text(boot)?,
    })
}

/// The name of a guest's config below the TFTP server's root.
#[must_use]
pub fn path(mac: Mac) -> String {
    format!("pxelinux.cfg/{}", HardwareAddress::ethernet(mac.bytes()))
}

/// The config that boots this.
///
/// # Errors
/// Something in it would be read as something else.
pub fn text(boot: &Boot) -> Result<String, SiteError> {
    let mut text = format!("default {0}\nlabel {0}\n", word("--label", &boot.label)?);
    text.push_str(&format!("  kernel {}\n", word("--kernel", &boot.kernel)?));
    if !boot.initrds.is_empty() {
        let initrds: Result<Vec<&str>, SiteError> =
            boot.initrds.iter().map(|initrd| word("--initrd", initrd)).collect();
        text.push_str(&format!("  initrd {}\n", initrds?.join(",")));
    }
    if let Some(append) = &boot.append {
        text.push_str(&format!("  append {}\n", line("--append", append)?));
    }
    Ok(text)
}

/// The names that the guest asks for, first to last, and how each is made. Those of shortened
/// addresses are not in the list, nor the UUID's with swapped bytes.
#[must_use]
pub fn names(site: &Site) -> Vec<Name> {
    let hardware = HardwareAddress::ethernet(site.mac.bytes());
    let client = Client {
        config_file: None,
        uuid: site.uuid,
        hardware,
        address: site.address.unwrap_or(Ipv4Addr::UNSPECIFIED),
    };
    let asked = config_names(&client);
    let asked = asked.into_iter().filter_map(|name| String::from_utf8(name).ok());
    asked.filter_map(|name| Some(Name { how: how(site, &name)?, name })).collect()
}

fn how(site: &Site, name: &str) -> Option<String> {
    let tail = name.strip_prefix("pxelinux.cfg/")?;
    if site.uuid.map(|uuid: Uuid| uuid.to_string()).as_deref() == Some(tail) {
        return Some("its uuid".to_owned());
    }
    if tail == HardwareAddress::ethernet(site.mac.bytes()).to_string() {
        return Some(format!("01 for Ethernet, then its MAC {} with dashes", site.mac));
    }
    if let Some(address) = site.address
        && tail == format!("{:08X}", u32::from(address))
    {
        return Some(format!(
            "its address {address}, each number as two hexadecimal digits; then with fewer of them"
        ));
    }
    (tail == "default").then(|| "for all that have none of their own".to_owned())
}

/// One that PXELINUX takes as one.
fn word<'a>(option: &'static str, value: &'a str) -> Result<&'a str, SiteError> {
    if value.is_empty() || value.contains([' ', '\t', ',']) {
        return Err(SiteError::Blank { option, value: value.to_owned() });
    }
    line(option, value)
}

fn line<'a>(option: &'static str, value: &'a str) -> Result<&'a str, SiteError> {
    if value.chars().any(char::is_control) { Err(SiteError::Control { option }) } else { Ok(value) }
}

#[cfg(test)]
mod tests {
    use super::super::example;
    use super::*;

    #[test]
    fn the_config_has_the_macs_name() {
        let site = example();
        let snippet = config(&site, site.boot.as_ref().unwrap()).unwrap();
        assert_eq!(snippet.path, "tftp/pxelinux.cfg/01-00-16-3e-62-39-d3");
        let expected = "\
default install
label install
  kernel vmlinuz
  initrd initrd.img
  append ks=nfs:192.168.200.1:/ks/rk.cfg console=hvc0
";
        assert_eq!(snippet.text, expected);
    }

    #[test]
    fn each_name_says_how_it_is_made() {
        let names = names(&example());
        let made: Vec<&str> = names.iter().map(|name| name.name.as_str()).collect();
        let expected = [
            "pxelinux.cfg/01234567-89ab-4def-8123-456789abcdef",
            "pxelinux.cfg/01-00-16-3e-62-39-d3",
            "pxelinux.cfg/C0A8C8B1",
            "pxelinux.cfg/default",
        ];
        assert_eq!(made, expected);
        assert!(names[2].how.contains("192.168.200.177"));
        let without = Site { uuid: None, address: None, ..example() };
        let made: Vec<String> = super::names(&without).into_iter().map(|name| name.name).collect();
        assert_eq!(made, ["pxelinux.cfg/01-00-16-3e-62-39-d3", "pxelinux.cfg/default"]);
    }

    #[test]
    fn nothing_becomes_a_line_or_a_word_of_its_own() {
        let site = example();
        let boot = site.boot.clone().unwrap();
        let bad = [
            Boot { append: Some("quiet\nlabel other".into()), ..boot.clone() },
            Boot { kernel: "vm linuz".into(), ..boot.clone() },
            Boot { initrds: vec!["a,b".into()], ..boot.clone() },
            Boot { label: String::new(), ..boot },
        ];
        for boot in bad {
            assert!(config(&site, &boot).is_err(), "{boot:?}");
        }
    }
}
