//! What vmprov reads: lists of checksums and archives' names, profiles, answers' values, sizes and names,
//! logs.

use std::collections::BTreeMap;
use std::net::Ipv4Addr;
use std::path::Path;

use vmprov::media::layout;
use vmprov::media::sums::{Sum, in_list, in_release, in_treeinfo};
use vmprov::profile::Profile;
use vmprov::profile::answers::{Answers, Mirror, plain, ssh_keys};
use vmprov::profile::family::Family;
use vmprov::serve::events::{self, Event, Guests};
use vmprov::serve::files;
use vmprov::serve::neighbours::who_has;
use vmprov::serve::progress::{Meaning, Progress};
use vmprov::values::{DiskSize, GuestName, Mac, Memory};

/// A name, a line's end, a list of sums or of an archive's names.
pub(crate) fn media(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    let (name, list) = text.split_once('\n').unwrap_or(("linux", &text));
    for find in [in_list, in_treeinfo, in_release] {
        let Some(sum) = find(list, name) else { continue };
        let digits = sum.as_str();
        assert!(digits.len() == 64 && digits.bytes().all(|b| b"0123456789abcdef".contains(&b)));
        assert_eq!(Sum::of(digits).as_ref(), Some(&sum));
        // It stands in the line of that very name, and another name has not got it from there.
        let is_its =
            |line: &&str| line.contains(name) && line.to_ascii_lowercase().contains(digits);
        let lines: Vec<&str> = list.lines().filter(|line| !is_its(line)).collect();
        assert!(lines.len() < list.lines().count(), "{digits} is nobody's");
        // What is added behind does not change it; where nothing was, it is found.
        assert_eq!(find(&format!("{list}\n{}  {name}\n", "0".repeat(64)), name), Some(sum));
    }
    let word = name.split_whitespace().next() == Some(name) && !name.starts_with(['*', '.']);
    if word && !name.contains(") = ") {
        let zeros = "0".repeat(64);
        let first = |line: &str| format!("{line}\n{list}");
        assert_eq!(in_list(&first(&format!("{zeros}  {name}")), name), Sum::of(&zeros));
        assert_eq!(in_release(&first(&format!(" {zeros} 7 {name}")), name), Sum::of(&zeros));
        if !name.contains('=') && !name.starts_with('[') {
            let line = format!("[checksums]\n{name} = sha256:{zeros}");
            assert_eq!(in_treeinfo(&first(&line), name), Sum::of(&zeros));
        }
    }
    let names: Vec<String> = list.lines().map(str::to_owned).collect();
    if let Some((layout, kernel, initrd)) = layout::among(&names) {
        assert!(names.contains(&kernel) && names.contains(&initrd));
        assert!(kernel.ends_with(layout.kernel) && initrd.ends_with(layout.initrd));
        let root = kernel.strip_suffix(layout.kernel);
        assert_eq!(root, initrd.strip_suffix(layout.initrd), "of one tree");
    }
}

/// A profile.toml.
pub(crate) fn profile(bytes: &[u8]) {
    let Ok(text) = str::from_utf8(bytes) else { return };
    let template = |name: &str| (name.to_owned(), "{{ guest.name }} {{ url }}/done".to_owned());
    let names = ["ks.cfg", "user-data", "meta-data", "vendor-data", "preseed.cfg", "autoinst.xml"];
    let family = match Family::new(text, names.map(template).into()) {
        Ok(family) => family,
        Err(why) => return assert!(!why.to_string().is_empty()),
    };
    for file in &family.files {
        assert!(names.contains(&file.as_str()), "{file:?} is nobody's template");
    }
    let profiles = Profile::of(&family, "x", false);
    assert!(!profiles.is_empty());
    for profile in profiles {
        assert!(profile.name == "x" || profile.name.starts_with("x-"));
        // A template is a program: it may take as long as its author likes.
        if text.contains("{%") || text.contains('*') || text.contains('|') {
            continue;
        }
        let _ = profile.title();
        if let Ok(mirror) = profile.mirror() {
            let _ = profile.medium(mirror);
        }
        let Ok(answers) = Answers::example(&profile) else { continue };
        let Ok(rendered) = profile.render(&answers) else { continue };
        assert!(rendered.append.len() <= 2047 && !rendered.append.contains(['\n', '\r']));
        let mut files: Vec<&str> = rendered.files.keys().map(String::as_str).collect();
        files.retain(|file| *file != "authorized_keys");
        assert!(files.iter().all(|file| family.files.iter().any(|known| known == file)));
        assert_eq!(
            files.len(),
            family.files.iter().collect::<std::collections::BTreeSet<_>>().len()
        );
    }
}

/// A word that is to be a size, an amount of memory, a name, a MAC, a mirror, a value or SSH keys.
pub(crate) fn values(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    if let Ok(size) = text.parse::<DiskSize>() {
        assert!(size.bytes() >= 1 << 20 && size.bytes() % 512 == 0);
        assert_eq!(String::from(size).parse(), Ok(size));
        assert!(!size.to_string().is_empty());
    }
    if let Ok(memory) = text.parse::<Memory>() {
        assert!((32..=16 << 20).contains(&memory.mib()));
        assert_eq!(memory.mib().to_string().parse(), Ok(memory));
    }
    if let Ok(name) = text.parse::<GuestName>() {
        let name = name.as_str();
        assert_eq!(name, text);
        assert!(!name.contains(['/', '\0', ' ', '\n']) && !name.starts_with(['.', '-']));
        assert!(name.parse::<u32>().is_err());
    }
    if let Ok(mac) = text.parse::<Mac>() {
        assert_eq!(mac.to_string().parse(), Ok(mac));
        assert_eq!(mac.bytes()[0] & 1, 0);
    }
    if let Ok(mirror) = text.parse::<Mirror>() {
        let shown = mirror.to_string();
        assert_eq!(shown.parse().as_ref(), Ok(&mirror));
        assert_eq!(plain(&shown).as_ref(), Ok(&shown));
    }
    if let Ok(value) = plain(&text) {
        assert_eq!(value, text);
        assert!(!value.contains(['\n', '\'', '"', '\\', '$', '`', '#', '<']));
    }
    if let Ok(keys) = ssh_keys(&text) {
        for key in &keys {
            assert_eq!(plain(key).as_ref(), Ok(key));
        }
        assert_eq!(ssh_keys(&keys.join("\n")).as_ref(), Ok(&keys), "keys stay what they are");
    }
}

/// Lines of dnsmasq's log, of the one that serves files, of the kernel's table.
pub(crate) fn logs(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    let mut guests = Guests::default();
    let mac: Mac = "00:16:3e:62:39:d3".parse().expect("a MAC");
    assert!(guests.know(mac, "RK"));
    let mut progress = Progress::default();
    let shares = ["debian".to_owned()];
    let mut counted = BTreeMap::new();
    for line in text.lines() {
        if let Some(event) = events::read(line, Path::new("/srv/tftp")) {
            let told = guests.line(&event);
            assert!(told.is_none() || guests.detail(&event).is_none(), "told once");
            if let Event::Leased { mac: leased, address } = event {
                let expected = if leased == mac { "RK".to_owned() } else { leased.to_string() };
                assert_eq!(guests.at(address), expected);
            }
        }
        if let Some(told) = files::read(line) {
            assert!(!told.method.contains(' ') && line.contains(told.path));
            match progress.request("RK", &told, &shares) {
                Meaning::Done { guest } => {
                    assert_eq!((told.status, told.path), (200, &*format!("/guests/{guest}/done")));
                }
                Meaning::Counted => {
                    *counted.entry("RK").or_insert(0) += 1;
                    assert!(told.path.starts_with("/debian"));
                }
                Meaning::Line(line) => assert!(line.starts_with("RK: ")),
            }
        }
    }
    let summary = progress.summary();
    assert_eq!(summary.len(), counted.len());
    if let (Some(line), Some(count)) = (summary.first(), counted.get("RK")) {
        assert!(line.starts_with(&format!("RK: {count} files, ")), "{line}");
    }
    let address = Ipv4Addr::new(192, 168, 200, 177);
    if let Some(mac) = who_has(address, &text) {
        let is_its = |line: &str| {
            let mut words = line.split_whitespace();
            words.next() == Some("192.168.200.177")
                && words.nth(2).and_then(|word| word.parse().ok()) == Some(mac)
        };
        assert!(text.lines().skip(1).any(is_its));
    }
}
