use super::*;
use crate::request::Parsed;
use std::cell::RefCell;
use std::ffi::OsString;
use std::fs;

const UUID: &str = "8b3c1f0e-52d4-4d3a-9a51-0c6f7e2d9b11";

/// A host of its own for one test.
struct Host {
    root: tempfile::TempDir,
    said: RefCell<Vec<String>>,
}

impl Say for Host {
    fn hears(&self, _: Level) -> bool {
        true
    }

    fn say(&self, _: Level, line: &str) {
        self.said.borrow_mut().push(line.to_owned());
    }
}

impl Host {
    fn new() -> Self {
        let root = tempfile::tempdir().unwrap();
        fs::create_dir(root.path().join("xen")).unwrap();
        fs::create_dir(root.path().join("libvirt")).unwrap();
        let ours = std::os::unix::fs::DirBuilderExt::mode(&mut fs::DirBuilder::new(), 0o700)
            .create(root.path().join("vmprov"));
        ours.unwrap();
        Self { root, said: RefCell::default() }
    }

    fn places(&self) -> Places {
        let place = |name| self.root.path().join(name);
        Places {
            xen: place("xen"),
            vmprov: place("vmprov"),
            libvirt: place("libvirt"),
            remembered: place("remembered"),
        }
    }

    fn write(&self, path: &str, text: &str) -> &Self {
        fs::write(self.root.path().join(path), text).unwrap();
        self
    }

    /// Looks for the interface of the domain "RK".
    fn find(&self, argv: &[&str]) -> Result<(Vif, String), Failure> {
        let domain = Domain {
            name: Some("RK".to_owned()),
            uuid: Uuid::parse(UUID),
            guest_type: Some(GuestType::Pv),
        };
        self.find_of(&domain, argv)
    }

    fn find_of(&self, domain: &Domain, argv: &[&str]) -> Result<(Vif, String), Failure> {
        let mut words: Vec<OsString> = argv.iter().map(OsString::from).collect();
        words.push("--output-directory=/var/lib/xen/bootloader.7.d".into());
        let Ok(Parsed::Request(request)) = Request::parse(words) else { panic!("{argv:?}") };
        let places = self.places();
        Search { request: &request, places: &places, console: self, domain }.vif()
    }

    fn mac(&self, argv: &[&str]) -> String {
        self.find(argv).unwrap().0.mac.to_string()
    }

    fn refusal(&self) -> String {
        let failure = self.find(&[]).unwrap_err();
        assert_eq!(failure.reason, Reason::UnknownGuest);
        failure.message
    }
}

fn config(name: &str, last: u8) -> String {
    format!("name = '{name}'\nvif = [ 'mac=00:16:3e:00:00:{last:02x},bridge=br{last}' ]\n")
}

#[test]
fn words_go_before_any_config() {
    let host = Host::new();
    host.write("xen/RK.cfg", &config("RK", 1)).write("xen/other.cfg", &config("x", 2));
    let (vif, source) = host.find(&["--mac=00:16:3e:62:39:d3"]).unwrap();
    assert_eq!((vif.bridge.as_str(), source.as_str()), ("xenbr0", "the command line"));
    let other = format!("--config={}", host.places().xen.join("other.cfg").display());
    assert_eq!(host.mac(&[&other]), "00:16:3e:00:00:02");
    let (vif, _) = host.find(&["--bridge=br9", "--vlan=5"]).unwrap();
    assert_eq!((vif.mac.to_string().as_str(), vif.bridge.as_str()), ("00:16:3e:00:00:01", "br9"));
    assert_eq!(vif.vlan, Some(5));
}

#[test]
fn the_default_bridge_is_xl_confs() {
    let host = Host::new();
    host.write("xen/xl.conf", "vif.default.bridge=\"br7\"\n");
    assert_eq!(host.find(&["--mac=00:16:3e:62:39:d3"]).unwrap().0.bridge, "br7");
}

#[test]
fn the_config_with_the_domains_name_is_taken() {
    let host = Host::new();
    host.write("xen/RK", &config("RK", 3));
    assert_eq!(host.mac(&[]), "00:16:3e:00:00:03");
    host.write("xen/RK.cfg", &config("RK", 4));
    assert_eq!(host.mac(&[]), "00:16:3e:00:00:04");
}

#[test]
fn a_config_of_another_name_is_passed_over() {
    let host = Host::new();
    host.write("xen/RK.cfg", &config("RK2", 4)).write("xen/RK", &config("RK", 3));
    assert_eq!(host.mac(&[]), "00:16:3e:00:00:03");
    assert!(host.said.borrow().iter().any(|line| line.contains("its name is \"RK2\"")));
}

/// vmprov's record of RK, for a config that is elsewhere.
fn record(host: &Host, config: &str) {
    let path = host.root.path().join(config);
    let text = serde_json::json!({ "name": "RK", "config": path }).to_string();
    host.write("vmprov/RK.json", &text);
}

#[test]
fn the_config_in_vmprovs_record_is_taken() {
    let host = Host::new();
    host.write("elsewhere.cfg", &config("RK", 8));
    record(&host, "elsewhere.cfg");
    assert_eq!(host.mac(&[]), "00:16:3e:00:00:08");
    // xl's own directory goes first.
    host.write("xen/RK", &config("RK", 3));
    assert_eq!(host.mac(&[]), "00:16:3e:00:00:03");
}

#[test]
fn vmprovs_record_of_another_guests_config_is_passed_over() {
    let host = Host::new();
    host.write("elsewhere.cfg", &config("RK2", 8));
    record(&host, "elsewhere.cfg");
    assert!(host.find(&[]).is_err());
    assert!(host.said.borrow().iter().any(|line| line.contains("its name is \"RK2\"")));
}

#[test]
fn a_record_that_is_none_of_vmprovs_is_no_harm() {
    use std::os::unix::fs::PermissionsExt;
    let host = Host::new();
    host.write("elsewhere.cfg", &config("RK", 8));
    for text in ["", "[]", "{\"config\": 7}", "{\"config\": \"elsewhere.cfg\"}"] {
        host.write("vmprov/RK.json", text);
        assert!(host.find(&[]).is_err(), "{text}");
    }
    record(&host, "elsewhere.cfg");
    let everybody = fs::Permissions::from_mode(0o777);
    fs::set_permissions(host.places().vmprov, everybody).unwrap();
    assert!(host.find(&[]).is_err(), "anybody could have written it");
}

#[test]
fn a_directory_of_the_guests_name_is_no_config() {
    let host = Host::new();
    fs::create_dir(host.places().xen.join("RK")).unwrap();
    assert!(host.refusal().contains("no config of RK was found"));
}

#[test]
fn libvirts_record_is_taken() {
    let host = Host::new();
    host.write(
        "libvirt/RK.xml",
        "<domain type='xen'><name>RK</name><devices><interface type='bridge'>\
         <mac address='00:16:3e:00:00:05'/><source bridge='br5'/></interface></devices></domain>",
    );
    assert_eq!(host.mac(&[]), "00:16:3e:00:00:05");
}

#[test]
fn a_named_config_can_be_libvirts() {
    let host = Host::new();
    let words = |name: &str| format!("--config={}", host.root.path().join(name).display());
    host.write(
        "RK.xml",
        "<domain type='xen'><name>RK</name><devices><interface type='bridge'>\
         <mac address='00:16:3e:00:00:05'/><source bridge='br5'/></interface></devices></domain>",
    );
    assert_eq!(host.mac(&[&words("RK.xml")]), "00:16:3e:00:00:05");
    host.write("other.xml", "<network/>");
    let error = host.find(&[&words("other.xml")]).unwrap_err();
    assert!(error.message.contains("no domain of type xen in it"), "{error:?}");
}

#[test]
fn a_reboot_finds_what_was_remembered() {
    let host = Host::new();
    let vif = host.write("xen/RK.cfg", &config("RK", 1)).find(&[]).unwrap().0;
    let uuid = Uuid::parse(UUID).unwrap();
    remembered::remember(&host.places().remembered, uuid, "RK", &vif).unwrap();
    fs::remove_file(host.places().xen.join("RK.cfg")).unwrap();
    let (found, source) = host.find(&[]).unwrap();
    assert_eq!((found, source.as_str()), (vif, "its last boot"));
}

#[test]
fn when_nothing_is_found_the_line_to_add_is_named() {
    let host = Host::new();
    assert!(host.refusal().contains("bootloader_args = [ \"--mac=00:16:3e:…\""));
    host.write("xen/RK.cfg", "name='RK'\nvif=['bridge=xenbr0']\n");
    assert!(host.refusal().contains("has no mac="));
    host.write("xen/RK.cfg", "name='RK'\nvif=vif[0]\n");
    assert!(host.refusal().contains("RK.cfg"));
}

#[test]
fn a_name_cannot_lead_out_of_the_directory() {
    let host = Host::new();
    host.write("evil.cfg", &config("../evil", 6));
    let domain = Domain { name: Some("../evil".to_owned()), ..Domain::default() };
    assert!(host.find_of(&domain, &[]).is_err());
}
