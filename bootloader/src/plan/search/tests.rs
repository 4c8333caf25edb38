use super::*;
use crate::lease::boot_source;
use crate::lease::reply::Reply;
use crate::lease::reply::tests::{MAC, reply};
use crate::limits::{MAX_CONFIG_RESTARTS, MAX_INITRDS};
use crate::plan::person::{Nobody, Opens, Picked};
use crate::plan::{Action, BootPlan};
use std::cell::RefCell;
use std::collections::BTreeMap;

/// A boot server in memory: what it has, what it does not answer for, what it was asked.
#[derive(Default)]
struct Shelf {
    files: BTreeMap<String, String>,
    silent: Vec<String>,
    asked: RefCell<Vec<String>>,
}

impl Shelf {
    fn with(files: &[(&str, &str)]) -> Self {
        let own = |(name, text): &(&str, &str)| ((*name).to_owned(), (*text).to_owned());
        Self { files: files.iter().map(own).collect(), ..Self::default() }
    }

    fn names_asked(&self) -> Vec<String> {
        self.asked.borrow().clone()
    }
}

impl Library for Shelf {
    fn read(&self, location: &Location) -> Result<Vec<u8>, FetchError> {
        let Location::Tftp { path, .. } = location else { panic!("{location}") };
        let name = String::from_utf8(path.clone()).unwrap();
        self.asked.borrow_mut().push(name.clone());
        if self.silent.contains(&name) {
            return Err(FetchError::TimedOut(format!("{location}: no answer")));
        }
        let text = self.files.get(&name).ok_or(FetchError::NotFound(name));
        text.map(|text| text.clone().into_bytes())
    }

    fn has(&self, location: &Location) -> Result<bool, FetchError> {
        match self.read(location) {
            Ok(bytes) => Ok(!bytes.is_empty()),
            Err(FetchError::NotFound(_)) => Ok(false),
            Err(error) => Err(error),
        }
    }
}

struct Silence;

impl Say for Silence {
    fn hears(&self, _: Level) -> bool {
        false
    }

    fn say(&self, _: Level, _: &str) {}
}

fn asker(label: Option<&str>) -> Asker {
    Asker {
        mac: MacAddr::new(MAC).unwrap(),
        uuid: None,
        label: label.map(|label| label.as_bytes().to_vec()),
        config_dir: None,
    }
}

/// The lease of the guest at 192.168.200.177, with these options beside the boot file.
fn lease(boot_file: &[u8], more: &[(u8, &[u8])]) -> Lease {
    let server = [192, 168, 200, 1];
    let mut options: Vec<(u8, &[u8])> =
        vec![(53, &[5]), (54, &server), (1, &[255, 255, 255, 0]), (67, boot_file)];
    options.extend(more);
    let ack = reply(1, MAC).yiaddr([192, 168, 200, 177]).siaddr(server).options(&options);
    Lease::new(Reply::decode(&ack).unwrap(), server.into(), None)
}

fn plan_with(shelf: &Shelf, asker: &Asker, lease: &Lease) -> Result<BootPlan, Failure> {
    let source = boot_source::of(lease, None).unwrap();
    Search::new(shelf, &Silence, &Nobody, asker, lease, &source)?.plan()
}

fn plan(shelf: &Shelf) -> Result<BootPlan, Failure> {
    plan_with(shelf, &asker(None), &lease(b"pxelinux.0", &[]))
}

fn kernel_of(plan: BootPlan) -> (String, Vec<String>, String) {
    match plan.action {
        Action::Kernel { kernel, initrds, args } => (
            kernel.to_string(),
            initrds.iter().map(Location::to_string).collect(),
            String::from_utf8(args).unwrap(),
        ),
        Action::LocalBoot { .. } => panic!("{plan:?}"),
    }
}

const SEED: &str = "default linux\nprompt 1\ntimeout 120\nlabel linux\nkernel vmlinuz\n\
                    append initrd=initrd.img lang=en_US ip=dhcp\n";

#[test]
fn the_seeds_config_is_found_by_address_and_followed() {
    let shelf = Shelf::with(&[("pxelinux.cfg/C0A8C8B1", SEED)]);
    let plan = plan(&shelf).unwrap();
    assert_eq!(plan.label.as_deref(), Some("linux"));
    assert_eq!(shelf.names_asked(), ["pxelinux.cfg/01-00-16-3e-62-39-d3", "pxelinux.cfg/C0A8C8B1"]);
    assert_eq!(
        kernel_of(plan),
        (
            "tftp://192.168.200.1/vmlinuz".to_owned(),
            vec!["tftp://192.168.200.1/initrd.img".to_owned()],
            "BOOT_IMAGE=vmlinuz initrd=initrd.img lang=en_US ip=dhcp".to_owned()
        )
    );
}

#[test]
fn an_empty_config_counts_as_missing() {
    let shelf =
        Shelf::with(&[("pxelinux.cfg/01-00-16-3e-62-39-d3", ""), ("pxelinux.cfg/default", SEED)]);
    let config = plan(&shelf).unwrap().config.unwrap().to_string();
    assert_eq!(config, "tftp://192.168.200.1/pxelinux.cfg/default");
}

#[test]
fn a_server_that_falls_silent_is_not_taken_for_one_without_the_file() {
    let mut shelf = Shelf::with(&[("pxelinux.cfg/default", SEED)]);
    shelf.silent.push("pxelinux.cfg/C0A8C8".to_owned());
    let failure = plan(&shelf).unwrap_err();
    assert_eq!(failure.reason, Reason::Transfer);
    assert_eq!(shelf.names_asked().last().unwrap(), "pxelinux.cfg/C0A8C8");
}

#[test]
fn no_config_at_all_names_what_was_asked_for() {
    let failure = plan(&Shelf::default()).unwrap_err();
    assert_eq!(failure.reason, Reason::NoConfig);
    assert!(failure.message.contains("tftp://192.168.200.1/pxelinux.cfg/01-00-16-3e-62-39-d3"));
}

#[test]
fn options_209_and_210_lead_the_search() {
    let shelf = Shelf::with(&[("boot/special", SEED)]);
    let lease = lease(b"x/pxelinux.0", &[(209, b"special"), (210, b"boot/")]);
    let plan = plan_with(&shelf, &asker(None), &lease).unwrap();
    assert_eq!(kernel_of(plan).0, "tftp://192.168.200.1/boot/vmlinuz");
}

#[test]
fn pypxeboots_directory_replaces_pxelinux_cfg() {
    let shelf = Shelf::with(&[("dir/pxeboot.cfg/default", SEED)]);
    let asker = Asker { config_dir: Some("pxeboot.cfg".to_owned()), ..asker(None) };
    let plan = plan_with(&shelf, &asker, &lease(b"dir/pxelinux.0", &[])).unwrap();
    assert_eq!(kernel_of(plan).0, "tftp://192.168.200.1/dir/vmlinuz");
}

#[test]
fn includes_are_fetched_and_missing_ones_left_out() {
    let config = "include a.cfg\ninclude nothing.cfg\ndefault x\n";
    let shelf = Shelf::with(&[
        ("pxelinux.cfg/default", config),
        ("a.cfg", "label x\nkernel k\ninclude b.cfg\n"),
        ("b.cfg", "append q=1\n"),
    ]);
    assert_eq!(kernel_of(plan(&shelf).unwrap()).2, "BOOT_IMAGE=k q=1");
}

#[test]
fn a_config_that_includes_itself_ends_in_an_error() {
    let shelf = Shelf::with(&[("pxelinux.cfg/default", "include pxelinux.cfg/default\n")]);
    let failure = plan(&shelf).unwrap_err();
    assert_eq!(failure.reason, Reason::BadConfig);
}

#[test]
fn config_restarts_in_a_directory() {
    let shelf = Shelf::with(&[
        ("pxelinux.cfg/default", "default next\nlabel next\nconfig sub/two.cfg sub/\n"),
        ("sub/two.cfg", "default k\nlabel k\nkernel vmlinuz\n"),
    ]);
    let plan = plan(&shelf).unwrap();
    assert_eq!(plan.config.as_ref().unwrap().to_string(), "tftp://192.168.200.1/sub/two.cfg");
    assert_eq!(kernel_of(plan).0, "tftp://192.168.200.1/sub/vmlinuz");
}

#[test]
fn configs_that_lead_to_each_other_end_in_an_error() {
    let shelf = Shelf::with(&[
        ("pxelinux.cfg/default", "default a\nlabel a\nconfig b.cfg\n"),
        ("b.cfg", "default a\nlabel a\nconfig b.cfg\n"),
    ]);
    assert_eq!(plan(&shelf).unwrap_err().reason, Reason::BadConfig);
}

#[test]
fn a_name_without_an_extension_tries_them_in_order() {
    let shelf = Shelf::with(&[("pxelinux.cfg/default", "default mykernel x=1\n")]);
    let (kernel, _, args) = kernel_of(plan(&shelf).unwrap());
    assert_eq!(kernel, "tftp://192.168.200.1/mykernel");
    assert_eq!(args, "BOOT_IMAGE=mykernel x=1");
    assert!(shelf.names_asked().contains(&"mykernel.c32".to_owned()));
}

#[test]
fn a_label_of_ones_own_and_one_that_is_not_there() {
    let config = format!("{SEED}label rescue\nkernel r\nlabel disk\nlocalboot 0\n");
    let shelf = Shelf::with(&[("pxelinux.cfg/default", &config)]);
    let lease = lease(b"pxelinux.0", &[]);
    let rescue = plan_with(&shelf, &asker(Some("rescue")), &lease).unwrap();
    assert_eq!(kernel_of(rescue).0, "tftp://192.168.200.1/r");
    let disk = plan_with(&shelf, &asker(Some("disk")), &lease).unwrap();
    assert_eq!(disk.action, Action::LocalBoot { kind: 0 });
    let failure = plan_with(&shelf, &asker(Some("nope")), &lease).unwrap_err();
    assert_eq!(failure.reason, Reason::BadConfig);
    assert!(failure.message.contains("linux") && failure.message.contains("rescue"));
}

#[test]
fn sysappend_knows_the_lease() {
    let config = "default k\nlabel k\nkernel k\nipappend 3\n";
    let shelf = Shelf::with(&[("pxelinux.cfg/default", config)]);
    assert_eq!(
        kernel_of(plan(&shelf).unwrap()).2,
        "BOOT_IMAGE=k ip=192.168.200.177:192.168.200.1:0.0.0.0:255.255.255.0 \
         BOOTIF=01-00-16-3e-62-39-d3"
    );
}

#[test]
fn the_entries_are_listed_with_the_default() {
    let config = format!("{SEED}label rescue\nmenu label ^Rescue\nkernel r\n");
    let shelf = Shelf::with(&[("pxelinux.cfg/default", &config)]);
    let lease = lease(b"pxelinux.0", &[]);
    let source = boot_source::of(&lease, None).unwrap();
    let asker = asker(None);
    let search = Search::new(&shelf, &Silence, &Nobody, &asker, &lease, &source).unwrap();
    let listed: Vec<_> =
        search.entries().unwrap().into_iter().map(|entry| (entry.label, entry.default)).collect();
    assert_eq!(listed, [("linux".to_owned(), true), ("rescue".to_owned(), false)]);
}

/// Somebody who sees all menus, and picks what a test says.
struct Somebody {
    picks: RefCell<Vec<Picked>>,
    saw: RefCell<Vec<pxelinux::Screen>>,
}

impl Person for Somebody {
    fn choose(&self, screen: &pxelinux::Screen, _: &Opens<'_>) -> Result<Picked, Failure> {
        self.saw.borrow_mut().push(screen.clone());
        Ok(self.picks.borrow_mut().remove(0))
    }
}

fn picked(shelf: &Shelf, picks: &[Picked]) -> (Result<BootPlan, Failure>, usize) {
    let (asker, lease) = (asker(None), lease(b"pxelinux.0", &[]));
    let source = boot_source::of(&lease, None).unwrap();
    let person = Somebody { picks: RefCell::new(picks.to_vec()), saw: RefCell::new(Vec::new()) };
    let plan = Search::new(shelf, &Silence, &person, &asker, &lease, &source).unwrap().plan();
    let saw = person.saw.borrow().len();
    (plan, saw)
}

#[test]
fn a_person_is_asked_where_pxelinux_would_ask() {
    let shelf = Shelf::with(&[(
        "pxelinux.cfg/default",
        "ui menu.c32\nlabel a\nkernel ka\nlabel b\nkernel kb\n",
    )]);
    let entry = Picked::Entry { page: 0, entry: 1 };
    let (plan, saw) = picked(&shelf, &[entry]);
    assert_eq!((kernel_of(plan.unwrap()).0.as_str(), saw), ("tftp://192.168.200.1/kb", 1));
    let typed = Picked::Typed { page: Some(0), line: b"kc x".to_vec() };
    let (_, _, args) = kernel_of(picked(&shelf, &[typed]).0.unwrap());
    assert_eq!(args, "BOOT_IMAGE=kc x");
    let typed = Picked::Typed { page: None, line: b"b y".to_vec() };
    let (_, _, args) = kernel_of(picked(&shelf, &[typed]).0.unwrap());
    assert_eq!(args, "BOOT_IMAGE=kb y");
    let (plan, _) = picked(&shelf, &[Picked::Unattended]);
    assert_eq!(kernel_of(plan.unwrap()).0, "tftp://192.168.200.1/ka");
}

#[test]
fn a_person_may_go_from_menu_to_menu() {
    let shelf = Shelf::with(&[
        ("pxelinux.cfg/default", "ui menu.c32\nlabel a\nkernel menu.c32\nappend more.cfg\n"),
        ("more.cfg", "label b\nkernel kb\nlabel c\nkernel kc\n"),
    ]);
    let first = Picked::Entry { page: 0, entry: 0 };
    let (plan, saw) = picked(&shelf, &[first, Picked::Entry { page: 0, entry: 1 }]);
    assert_eq!((kernel_of(plan.unwrap()).0.as_str(), saw), ("tftp://192.168.200.1/kc", 2));
}

#[test]
fn nobody_is_asked_where_pxelinux_asks_nobody() {
    let config = "default a\nlabel a\nkernel ka\nlabel b\nkernel kb\n";
    let (plan, saw) = picked(&Shelf::with(&[("pxelinux.cfg/default", config)]), &[]);
    assert_eq!((kernel_of(plan.unwrap()).0.as_str(), saw), ("tftp://192.168.200.1/ka", 0));
}

#[test]
fn onerror_is_followed_when_a_file_is_missing() {
    let config = "default a\nonerror b\nlabel a\nkernel ka\ninitrd i\nlabel b\nkernel kb\n";
    let boots = |files: &[&str]| {
        let mut all = vec![("pxelinux.cfg/default", config)];
        all.extend(files.iter().map(|name| (*name, "x")));
        kernel_of(plan(&Shelf::with(&all)).unwrap()).0
    };
    assert_eq!(boots(&["ka", "i", "kb"]), "tftp://192.168.200.1/ka");
    assert_eq!(boots(&["ka", "kb"]), "tftp://192.168.200.1/kb", "the initrd is missing");
    assert_eq!(boots(&["i", "kb"]), "tftp://192.168.200.1/kb", "the kernel is missing");
    assert_eq!(boots(&[]), "tftp://192.168.200.1/kb", "once, and the fetch says what is missing");
}

#[test]
fn without_onerror_no_file_is_asked_for_twice() {
    let config = "default a\nlabel a\nkernel ka\ninitrd i\n";
    let shelf = Shelf::with(&[("pxelinux.cfg/default", config)]);
    plan(&shelf).unwrap();
    assert!(!shelf.names_asked().iter().any(|name| name == "ka" || name == "i"));
}

#[test]
fn sysappend_says_of_a_guest_what_it_has() {
    let config = "default a\nlabel a\nkernel ka\nsysappend 0x7ffff\n";
    let (_, _, args) = kernel_of(plan(&Shelf::with(&[("pxelinux.cfg/default", config)])).unwrap());
    let cpu = if cfg!(target_arch = "x86_64") { " CPU=6PXL" } else { "" };
    assert!(args.ends_with(&format!("BOOTIF=01-00-16-3e-62-39-d3{cpu}")), "{args}");
}

#[test]
fn a_label_is_looked_for_until_it_is_found_and_counts_once() {
    let shelf = Shelf::with(&[
        (
            "pxelinux.cfg/default",
            "default a\nlabel a\nconfig more.cfg\nlabel again\nconfig last.cfg\n",
        ),
        ("more.cfg", "ui menu.c32 menu.cfg\n"),
        ("menu.cfg", "label x\nkernel kx\nlabel y\nkernel ky\n"),
        ("last.cfg", "default z\nlabel again\nconfig last.cfg\nlabel z\nkernel kz\n"),
    ]);
    let boots = |label: &str| {
        let (asker, lease) = (asker(Some(label)), lease(b"pxelinux.0", &[]));
        plan_with(&shelf, &asker, &lease).map(|plan| kernel_of(plan).0)
    };
    assert_eq!(boots("y").unwrap(), "tftp://192.168.200.1/ky");
    assert_eq!(boots("again").unwrap(), "tftp://192.168.200.1/kz");
    assert!(boots("gone").unwrap_err().message.contains("no label \"gone\""));
}

/// A config, and so many more that it leads to, one after the other.
fn chain(restarts: usize) -> Result<BootPlan, Failure> {
    let name = |number: usize| match number {
        0 => "pxelinux.cfg/C0A8C8B1".to_owned(),
        number => format!("{number}.cfg"),
    };
    let text = |number: usize| match number {
        last if last == restarts => "default a\nlabel a\nkernel k\n".to_owned(),
        number => format!("default a\nlabel a\nconfig {}.cfg\n", number + 1),
    };
    let files: Vec<(String, String)> =
        (0..=restarts).map(|number| (name(number), text(number))).collect();
    let mut files: Vec<(&str, &str)> =
        files.iter().map(|(name, text)| (name.as_str(), text.as_str())).collect();
    files.push(("k", "kernel"));
    plan(&Shelf::with(&files))
}

#[test]
fn as_many_configs_as_may_follow_each_other_and_one_more() {
    assert!(chain(MAX_CONFIG_RESTARTS).is_ok());
    assert_eq!(chain(MAX_CONFIG_RESTARTS + 1).unwrap_err().reason, Reason::BadConfig);
}

#[test]
fn as_many_initrds_as_there_may_be_and_one_more() {
    for (count, boots) in [(MAX_INITRDS, true), (MAX_INITRDS + 1, false)] {
        let config =
            format!("default a\nlabel a\nkernel k\ninitrd {}\n", ["i"; 17][..count].join(","));
        let shelf = Shelf::with(&[("pxelinux.cfg/C0A8C8B1", &config), ("k", "k"), ("i", "i")]);
        assert_eq!(plan(&shelf).is_ok(), boots, "{count}");
    }
}
