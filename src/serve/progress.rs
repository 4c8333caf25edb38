//! What guests have fetched, for people: a line for what counts (kernel, answer files, the call at
//! the end), and one line now and then for the hundreds of packages of a mirror.

use std::collections::BTreeMap;

use super::files::Told;

/// What a request means.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Meaning {
    /// A guest's installer says that it is done.
    Done {
        /// The guest.
        guest: String,
    },
    /// A line for people.
    Line(String),
    /// Counted, and told by [`Progress::summary`].
    Counted,
}

/// How much each has fetched since the last summary, and in all.
#[derive(Debug, Default)]
pub struct Progress {
    counts: BTreeMap<String, Count>,
}

#[derive(Debug, Default)]
struct Count {
    files: u64,
    bytes: u64,
    is_new: bool,
}

impl Progress {
    /// Takes a request of `who` in. `shares` are the names in URLs of what is fetched by the
    /// hundred.
    pub fn request(&mut self, who: &str, told: &Told<'_>, shares: &[String]) -> Meaning {
        let Told { status, path, length, method, .. } = *told;
        if let Some((guest, file)) = path.strip_prefix("/guests/").and_then(|p| p.split_once('/')) {
            return match (file, status) {
                ("done", 200) => Meaning::Done { guest: guest.to_owned() },
                (_, 200 | 206) => Meaning::Line(format!("{who}: {file} of {guest}")),
                (_, 403) => {
                    Meaning::Line(format!("{who}: refused {file}, which is {guest}'s alone"))
                }
                _ => Meaning::Line(format!("{who}: no {file} for {guest}")),
            };
        }
        let is_shared = shares.iter().any(|share| {
            path.strip_prefix('/')
                .and_then(|path| path.strip_prefix(share.as_str()))
                .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
        });
        if is_shared && (200..300).contains(&status) {
            let count = self.counts.entry(who.to_owned()).or_default();
            count.files += 1;
            count.bytes = count.bytes.saturating_add(length);
            count.is_new = true;
            return Meaning::Counted;
        }
        Meaning::Line(format!("{who}: {method} {path} ({status})"))
    }

    /// A line for each that has fetched something since the last time.
    pub fn summary(&mut self) -> Vec<String> {
        let new = self.counts.iter_mut().filter(|(_, count)| count.is_new);
        new.map(|(who, count)| {
            count.is_new = false;
            let tenths = count.bytes.saturating_mul(10) >> 20;
            format!("{who}: {} files, {}.{} MiB so far", count.files, tenths / 10, tenths % 10)
        })
        .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(status: u16, path: &str) -> Told<'_> {
        Told { from: [10, 0, 0, 2].into(), status, length: 1 << 20, method: "GET", path }
    }

    #[test]
    fn what_counts_is_a_line_and_packages_are_counted() {
        let mut progress = Progress::default();
        let shares = ["debian".to_owned()];
        let mut request = |status, path| progress.request("RK", &told(status, path), &shares);
        assert_eq!(request(200, "/debian/a.deb"), Meaning::Counted);
        assert_eq!(request(200, "/debian/b.deb"), Meaning::Counted);
        let line = |text: &str| Meaning::Line(text.to_owned());
        assert_eq!(request(404, "/debian/c.deb"), line("RK: GET /debian/c.deb (404)"));
        assert_eq!(request(200, "/debianish"), line("RK: GET /debianish (200)"));
        assert_eq!(request(200, "/guests/RK/ks.cfg"), line("RK: ks.cfg of RK"));
        assert_eq!(
            request(403, "/guests/web/ks.cfg"),
            line("RK: refused ks.cfg, which is web's alone")
        );
        assert_eq!(request(200, "/guests/RK/done"), Meaning::Done { guest: "RK".into() });
        assert_eq!(
            request(403, "/guests/web/done"),
            line("RK: refused done, which is web's alone")
        );
        assert_eq!(progress.summary(), ["RK: 2 files, 2.0 MiB so far"]);
        assert!(progress.summary().is_empty());
    }
}
