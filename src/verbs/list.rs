//! `vmprov list`: the guests of this host, a line each; with `--json`
//! `{"guests":[GUEST…],"unreadable":[TEXT…]}`, where GUEST is [`crate::guests::Guest`].

use serde_json::json;

use super::Here;
use crate::console::printable;
use crate::failure::Failure;
use crate::guests::gather::Host;
use crate::guests::{Disk, Guest};
use crate::values::size::about;

/// Runs the verb.
///
/// # Errors
/// xl is there and fails, or stdout cannot be written.
pub fn run(here: Here<'_>) -> Result<(), Failure> {
    let host = Host::read(here.settings, here.console)?;
    let (guests, failures) = host.guests(here.settings);
    // A caret under a config's line is of use on a line of its own only.
    for line in failures.iter().flat_map(|failure| failure.message.lines()) {
        here.console.note(line);
    }
    if host.domains.is_none() {
        here.console.note("this is no dom0: what runs is not known here");
    }
    let unreadable: Vec<&str> = failures.iter().map(|failure| failure.message.as_str()).collect();
    here.console.report(&json!({ "guests": guests, "unreadable": unreadable }), || table(&guests))
}

const TITLES: [&str; 7] = ["NAME", "STATE", "DOMID", "MEMORY", "DISK", "MAC", "BOOTS FROM"];

fn table(guests: &[Guest]) -> String {
    let rows: Vec<[String; 7]> =
        std::iter::once(TITLES.map(str::to_owned)).chain(guests.iter().map(row)).collect();
    let mut widths = [0; 7];
    for row in &rows {
        for (width, cell) in widths.iter_mut().zip(row) {
            *width = cell.chars().count().max(*width);
        }
    }
    let line = |row: &[String; 7]| {
        let cells = row.iter().zip(widths).map(|(cell, width)| format!("{cell:width$}"));
        cells.collect::<Vec<_>>().join("  ").trim_end().to_owned() + "\n"
    };
    rows.iter().map(line).collect()
}

fn row(guest: &Guest) -> [String; 7] {
    let or_dash = |text: Option<String>| text.unwrap_or_else(|| "-".to_owned());
    let mac = guest.vifs.first().map(|vif| vif.mac.clone().unwrap_or_else(|| "random".to_owned()));
    [
        printable(&guest.name),
        guest.state.to_string(),
        or_dash(guest.domid.map(|domid| domid.to_string())),
        or_dash(guest.memory_mib.map(|memory| format!("{memory} MiB"))),
        or_dash(guest.disks.first().map(room)),
        or_dash(mac),
        printable(&or_dash(guest.boots.as_ref().map(ToString::to_string))),
    ]
}

/// What it takes and has; a device takes all that it has.
pub(super) fn room(disk: &Disk) -> String {
    match (disk.used, disk.size) {
        (Some(used), Some(size)) => format!("{} of {}", about(used), about(size)),
        (_, Some(size)) => about(size),
        _ if disk.target.is_none() => "empty".to_owned(),
        _ if disk.missing => "missing".to_owned(),
        (Some(used), None) => format!("{} of unknown", about(used)),
        (None, None) => "unknown".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::guests::Sources;

    #[test]
    fn columns_stand_under_each_other() {
        let guests = ["RK", "a-long-name"].map(|name| Guest::new(name, Sources::default()));
        let expected = "\
NAME         STATE  DOMID  MEMORY  DISK  MAC  BOOTS FROM
RK           off    -      -       -     -    -
a-long-name  off    -      -       -     -    -
";
        assert_eq!(table(&guests), expected);
    }

    #[test]
    fn only_what_is_not_there_is_missing() {
        let place = tempfile::tempdir().unwrap();
        let path = place.path().join("disk.qcow2");
        std::fs::write(&path, "no image").unwrap();
        let path = path.display();
        let table = [
            ("/nowhere/disk.img,raw,xvda,rw".to_owned(), "missing"),
            (format!("{path}.img,qcow2,xvda,rw"), "missing"),
            (format!("{},raw,xvda,rw", place.path().display()), "unknown"),
            ("script=block-iscsi,vdev=xvda,target=iqn.x".to_owned(), "unknown"),
            ("backend=store,vdev=xvda,target=/srv/a".to_owned(), "unknown"),
            (",raw,hdc,cdrom".to_owned(), "empty"),
        ];
        for (spec, expected) in table {
            assert_eq!(
                room(&Disk::new(&xlcfg::DiskSpec::parse(&spec).unwrap())),
                expected,
                "{spec}"
            );
        }
        let spec = format!("{path},qcow2,xvda,rw");
        let odd = room(&Disk::new(&xlcfg::DiskSpec::parse(&spec).unwrap()));
        assert!(odd.ends_with(" of unknown"), "{odd}");
    }

    #[test]
    fn a_name_cannot_draw_on_the_terminal() {
        let guest = Guest::new("a\x1b[2Jb", Sources::default());
        assert!(!table(&[guest]).contains('\x1b'));
    }
}
