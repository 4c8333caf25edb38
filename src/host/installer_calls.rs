//! What installers say of themselves: an answer file ends with a call to `vmprov serve`, which
//! notes it down in `/run/vmprov/serve-BRIDGE/done/GUEST`.

use std::fs;
use std::path::Path;
use std::time::SystemTime;

use super::net::RUN;

/// Whether this guest's installer has called since then.
#[must_use]
pub fn since(guest: &str, since: SystemTime) -> bool {
    within(Path::new(RUN), guest, since)
}

fn within(run: &Path, guest: &str, since: SystemTime) -> bool {
    let entries = fs::read_dir(run).into_iter().flatten().flatten();
    let is_serves =
        |entry: &fs::DirEntry| entry.file_name().to_string_lossy().starts_with("serve-");
    entries.filter(is_serves).any(|entry| {
        let note = entry.path().join("done").join(guest);
        let written = note.symlink_metadata().and_then(|data| data.modified());
        written.is_ok_and(|written| written >= since)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[test]
    fn an_older_call_is_of_another_installation() {
        let run = tempfile::tempdir().unwrap();
        let before = SystemTime::now() - Duration::from_secs(1);
        assert!(!within(run.path(), "RK", before));
        let done = run.path().join("serve-xenbr0/done");
        fs::create_dir_all(&done).unwrap();
        fs::write(done.join("RK"), "").unwrap();
        assert!(within(run.path(), "RK", before));
        assert!(!within(run.path(), "web", before));
        assert!(!within(run.path(), "RK", SystemTime::now() + Duration::from_secs(60)));
    }
}
