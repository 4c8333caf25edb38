//! The results as a Markdown table.

use std::fmt::Write;
use std::process::Command;
use std::time::Duration;

use crate::contest::Contest;

/// All contests, with the machine and the versions that they were held with.
pub fn render(contests: &[Contest], runs: usize) -> String {
    let mut text = format!(
        "Medians of {runs} interleaved runs, in milliseconds (least to most). The ratio is the\n\
         peer's time in rpxeboot's, the median over the rounds: above 1, rpxeboot is faster.\n\n\
         | job | program | ms | ratio |\n|---|---|---|---|\n"
    );
    for contest in contests {
        for (place, (name, times)) in contest.times.iter().enumerate() {
            let title = if place == 0 { contest.title.as_str() } else { "" };
            let ratio =
                if place == 0 { String::new() } else { format!("{:.1}", contest.ratio(place)) };
            let _ = writeln!(text, "| {title} | {name} | {} | {ratio} |", spread(times));
        }
    }
    let _ = writeln!(text, "\n{}", machine());
    text
}

fn spread(times: &[Duration]) -> String {
    let mut times = times.to_vec();
    times.sort();
    let ms = |time: Duration| time.as_secs_f64() * 1000.0;
    let (first, middle, last) = (times[0], times[times.len() / 2], times[times.len() - 1]);
    format!("{:.0} ({:.0}–{:.0})", ms(middle), ms(first), ms(last))
}

fn machine() -> String {
    let cores = std::thread::available_parallelism().map_or(1, Into::into);
    let kernel = said("uname", &["-r"]);
    let versions = said(
        "dpkg-query",
        &[
            "-W",
            "-f",
            "${Package} ${Version}, ",
            "dnsmasq-base",
            "isc-dhcp-server",
            "tftpd-hpa",
            "curl",
            "busybox-static",
        ],
    );
    let date = said("date", &["+%F"]);
    format!("{date}; {cores} cores, Linux {kernel}; {}.", versions.trim_end_matches([',', ' ']))
}

fn said(program: &str, words: &[&str]) -> String {
    let output = Command::new(program).args(words).output();
    output.map_or_else(
        |_| "?".to_owned(),
        |output| String::from_utf8_lossy(&output.stdout).trim().to_owned(),
    )
}
