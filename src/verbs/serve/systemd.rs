//! `serve --systemd`: a unit that serves the same.

use super::before::directory_at;
use crate::cli;
use crate::failure::Failure;
use crate::verbs::Here;

/// Prints a unit for systemd that serves the same.
///
/// # Errors
/// Stdout cannot be written.
pub(super) fn unit(args: &cli::Serve, here: Here<'_>) -> Result<(), Failure> {
    let program = std::env::current_exe()
        .map_err(|error| Failure::failed(format!("finding this program: {error}")))?;
    let bridge = args.bridge.clone().unwrap_or_else(|| here.settings.bridge.clone());
    let mut words = vec![
        program.display().to_string(),
        "serve".to_owned(),
        format!("--bridge={bridge}"),
        format!("--http-port={}", args.http_port),
    ];
    words.extend(args.any.then(|| "--any".to_owned()));
    words.extend(args.proxy.then(|| "--proxy".to_owned()));
    words.extend(args.range.map(|(first, last)| format!("--range={first},{last}")));
    words.extend(args.net.map(|net| format!("--net={}/{}", net.address, net.prefix)));
    words.extend(args.nat.then(|| "--nat".to_owned()));
    for (name, path) in &args.share {
        words.push(format!("--share={name}={}", directory_at(path)?.display()));
    }
    if let Some(root) = &args.root {
        words.push(directory_at(root)?.display().to_string());
    }
    // systemd takes % and $ for its own (systemd.service(5), systemd.unit(5)).
    let quoted: Vec<String> = words
        .iter()
        .map(|word| {
            let word = word.replace('\\', "\\\\").replace('"', "\\\"");
            format!("\"{}\"", word.replace('%', "%%").replace('$', "$$"))
        })
        .collect();
    let text = format!(
        "# /etc/systemd/system/vmprov-serve.service\n\
         [Unit]\nDescription=Provisioning network for Xen guests on {bridge}\n\
         After=network-online.target\nWants=network-online.target\n\n\
         [Service]\nExecStart={}\nRestart=on-failure\n\n\
         [Install]\nWantedBy=multi-user.target\n",
        quoted.join(" ")
    );
    here.console.result(&text)
}
