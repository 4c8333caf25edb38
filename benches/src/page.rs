//! The results: as tables for docs/performance.md, as JSON, as plots.

use std::fmt::Write;
use std::fs;
use std::io;
use std::path::Path;
use std::time::Duration;

use serde_json::{Value, json};

use crate::boots::{BOOT, INITRDS, LEASE};
use crate::contest::{Contest, Run};
use crate::crowd::Crowd;
use crate::plot::Plot;
use crate::transfer::{ALWAYS, BY_DISTANCE, BY_LOSS, SERVERS};

/// The section of the crowds.
pub const CROWD: &str = "crowd";

const BEGIN: &str = "<!-- results: written by make bench -->";
const END: &str = "<!-- end of results -->";

/// Everything that was measured.
pub struct Results<'a> {
    pub contests: &'a [Contest],
    pub crowds: &'a [Crowd],
    /// What they were taken on and with.
    pub machine: &'a str,
}

impl Results<'_> {
    /// The tables of all sections that were held.
    pub fn tables(&self) -> String {
        let mut text = String::new();
        let titles = [
            (BOOT, "Whole boot: lease, config, 12 MiB and 60 MiB, answer"),
            (LEASE, "From the call to a DHCP lease, and everything removed"),
            (INITRDS, "Lease and 60 MiB, no config"),
            (BY_DISTANCE, "One file by distance"),
            (BY_LOSS, "One file by loss, 1 ms each way"),
        ];
        for (section, title) in titles {
            let contests: Vec<_> = self.of(section).collect();
            if contests.is_empty() {
                continue;
            }
            let _ = writeln!(text, "### {title}\n");
            if matches!(section, BY_DISTANCE | BY_LOSS) {
                let _ = writeln!(text, "![{title}](performance-{section}.svg)\n");
            }
            let _ =
                writeln!(text, "| server | program | ms | MB/s | ratio | CPU ms | MiB | failed |");
            let _ = writeln!(text, "|---|---|---|---|---|---|---|---|");
            for contest in contests {
                rows(&mut text, contest);
            }
            let _ = writeln!(text);
        }
        self.always(&mut text);
        self.crowd(&mut text);
        let _ = writeln!(text, "{}", self.machine);
        text
    }

    /// Replaces what stands between the marks of a page.
    pub fn write_into(&self, page: &Path) -> io::Result<()> {
        let old = fs::read_to_string(page)?;
        let parts = old
            .split_once(BEGIN)
            .and_then(|(before, rest)| Some((before, rest.split_once(END)?.1)));
        let (before, after) =
            parts.ok_or_else(|| io::Error::other("the page has no place for results"))?;
        fs::write(page, format!("{before}{BEGIN}\n\n{}\n{END}{after}", self.tables()))
    }

    /// Every run of every contender.
    pub fn json(&self) -> String {
        let contests: Vec<Value> = self.contests.iter().map(contest_json).collect();
        let crowds: Vec<Value> = self
            .crowds
            .iter()
            .map(|crowd| {
                json!({
                    "server": crowd.server, "guests": crowd.guests, "failures": crowd.failures,
                    "last_ms": ms(crowd.last), "sent": crowd.sent, "peak_kib": crowd.peak_kib,
                })
            })
            .collect();
        let all = json!({ "machine": self.machine, "contests": contests, "crowds": crowds });
        format!("{all:#}\n")
    }

    /// The plots, by the names of their files.
    pub fn plots(&self) -> Vec<(String, String)> {
        let mut pictures = Vec::new();
        for (section, axis) in [(BY_DISTANCE, "ms each way"), (BY_LOSS, "% lost each way")] {
            let mut plot = Plot::new(axis, "MB/s");
            for server in SERVERS {
                let here = || {
                    self.of(section)
                        .filter(|contest| contest.place.title.starts_with(server.name()))
                };
                let points = |of: &dyn Fn(&Contest) -> Option<usize>| -> Vec<(f64, f64)> {
                    let point = |contest: &Contest| {
                        Some((contest.place.x?, rate(contest, contest.median(of(contest)?)?)?))
                    };
                    here().filter_map(point).collect()
                };
                plot.pair(server.name(), points(&|_| Some(0)), points(&Contest::best_peer));
            }
            if !plot.is_empty() {
                pictures.push((format!("performance-{section}.svg"), plot.svg()));
            }
        }
        pictures
    }

    /// What rpxeboot did not bring.
    pub fn own_failures(&self) -> Vec<String> {
        let contests = self.contests.iter().filter_map(|contest| {
            let failed = contest.failures(0);
            let place = &contest.place;
            (failed > 0).then(|| format!("{} ({}): {failed} times", place.title, place.section))
        });
        let crowds = self.crowds.iter().filter(|crowd| crowd.failures > 0).map(|crowd| {
            format!("{} of {} guests at {}", crowd.failures, crowd.guests, crowd.server)
        });
        contests.chain(crowds).collect()
    }

    fn of(&self, section: &'static str) -> impl Iterator<Item = &Contest> {
        self.contests.iter().filter(move |contest| contest.place.section == section)
    }

    fn always(&self, text: &mut String) {
        let mut rows = self.of(ALWAYS).peekable();
        if rows.peek().is_none() {
            return;
        }
        text.push_str("### Every transfer ends, and is right\n\n");
        text.push_str(
            "| server, fault, file | runs | right | ms (least to most) |\n|---|---|---|---|\n",
        );
        for contest in rows {
            let runs = &contest.entries[0].1;
            let right = runs.len() - contest.failures(0);
            let title = &contest.place.title;
            let _ = writeln!(text, "| {title} | {} | {right} | {} |", runs.len(), spread(runs));
        }
        text.push('\n');
    }

    fn crowd(&self, text: &mut String) {
        if self.crowds.is_empty() {
            return;
        }
        text.push_str("### Guests at once, 12 MiB and 60 MiB each\n\n");
        text.push_str(
            "| server | guests | last one done, s | files sent by the server | largest process, MiB | failed |\n\
             |---|---|---|---|---|---|\n",
        );
        for group in self.crowds.chunk_by(|a, b| (a.server, a.guests) == (b.server, b.guests)) {
            let of = |what: &dyn Fn(&Crowd) -> f64| middle(group.iter().map(what));
            let failed: usize = group.iter().map(|crowd| crowd.failures).sum();
            let _ = writeln!(
                text,
                "| {} | {} | {:.2} | {:.2} | {:.1} | {failed} |",
                group[0].server,
                group[0].guests,
                of(&|crowd| crowd.last.as_secs_f64()),
                of(&|crowd| crowd.sent),
                of(&|crowd| mib(crowd.peak_kib)),
            );
        }
        text.push('\n');
    }
}

fn rows(text: &mut String, contest: &Contest) {
    for (place, (name, runs)) in contest.entries.iter().enumerate() {
        let title = if place == 0 { contest.place.title.as_str() } else { "" };
        let ratio = match place {
            0 => String::new(),
            _ => contest.ratio(place).map_or("—".to_owned(), |ratio| format!("{ratio:.2}")),
        };
        let rate = contest.median(place).and_then(|time| rate(contest, time));
        let rate = rate.map_or(String::new(), |rate| format!("{rate:.1}"));
        let cpu = middle(runs.iter().map(|run| ms(run.cpu)));
        let peak = middle(runs.iter().map(|run| mib(run.peak_kib)));
        let failed = contest.failures(place);
        let _ = writeln!(
            text,
            "| {title} | {name} | {} | {rate} | {ratio} | {cpu:.0} | {peak:.1} | {failed} |",
            spread(runs)
        );
    }
}

/// Millions of bytes a second; none where bytes say nothing.
fn rate(contest: &Contest, time: Duration) -> Option<f64> {
    #[allow(clippy::cast_precision_loss)] // far below 2^53
    let bytes = contest.place.bytes as f64;
    (bytes > 0.0).then(|| bytes / 1e6 / time.as_secs_f64())
}

fn spread(runs: &[Run]) -> String {
    let mut times: Vec<f64> =
        runs.iter().filter_map(|run| run.outcome.as_ref().ok()).map(|time| ms(*time)).collect();
    times.sort_by(f64::total_cmp);
    match times.get(times.len() / 2) {
        Some(middle) => format!("{middle:.0} ({:.0}–{:.0})", times[0], times[times.len() - 1]),
        None => "—".to_owned(),
    }
}

/// The median of what is not empty.
fn middle(values: impl Iterator<Item = f64>) -> f64 {
    let mut values: Vec<f64> = values.collect();
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

fn contest_json(contest: &Contest) -> Value {
    let entries: Vec<Value> = contest
        .entries
        .iter()
        .map(|(name, runs)| {
            let runs: Vec<Value> = runs
                .iter()
                .map(|run| {
                    json!({
                        "ms": run.outcome.as_ref().ok().map(|time| ms(*time)),
                        "failed": run.outcome.as_ref().err(),
                        "cpu_ms": ms(run.cpu),
                        "peak_kib": run.peak_kib,
                    })
                })
                .collect();
            json!({ "program": name, "runs": runs })
        })
        .collect();
    let place = &contest.place;
    json!({
        "section": place.section, "title": place.title, "x": place.x, "bytes": place.bytes,
        "entries": entries,
    })
}

fn ms(time: Duration) -> f64 {
    time.as_secs_f64() * 1000.0
}

fn mib(kib: u64) -> f64 {
    f64::from(u32::try_from(kib).unwrap_or(u32::MAX)) / 1024.0
}
