//! Kea's DHCPv4 server.

use serde_json::{Value, json};

use crate::fixtures::{GUEST, MAC};
use crate::host::{Host, Server};
use crate::programs;
use crate::servers::Offer;

/// Starts Kea with a reservation for the guest.
pub fn start(host: &Host, offer: &Offer) -> Server {
    start_with(host, offer, &json!({}))
}

/// The same; `more` are further members of its configuration.
///
/// # Panics
/// When it does not start.
pub fn start_with(host: &Host, offer: &Offer, more: &Value) -> Server {
    let directory = host.directory("kea");
    let mut subnet = json!({
        "id": 1,
        "subnet": "192.168.200.0/24",
        "reservations": [{ "hw-address": MAC, "ip-address": GUEST }],
    });
    for (key, value) in [
        ("next-server", &offer.next_server),
        ("boot-file-name", &offer.file),
        ("server-hostname", &offer.server_name),
    ] {
        if let Some(value) = value {
            subnet[key] = json!(value);
        }
    }
    let options: Vec<Value> = [
        (3, "routers", &Some("192.168.200.1".to_owned())),
        (66, "tftp-server-name", &offer.option_66),
        (67, "boot-file-name", &offer.option_67),
        (209, "config-file", &offer.option_209),
        (210, "path-prefix", &offer.option_210),
    ]
    .into_iter()
    .filter_map(|(code, name, value)| {
        Some(json!({ "code": code, "name": name, "data": value.as_ref()? }))
    })
    .collect();
    let mut config = json!({ "Dhcp4": {
        "interfaces-config": { "interfaces": ["eth0"] },
        "lease-database": { "type": "memfile", "persist": false },
        "option-def": [
            { "name": "config-file", "code": 209, "type": "string" },
            { "name": "path-prefix", "code": 210, "type": "string" },
        ],
        "option-data": options,
        "subnet4": [subnet],
        "loggers": [{ "name": "kea-dhcp4", "output_options": [{ "output": "stdout" }], "severity": "DEBUG", "debuglevel": 40 }],
    }});
    for (key, value) in more.as_object().into_iter().flatten() {
        config["Dhcp4"][key] = value.clone();
    }
    let path = directory.join("kea.json");
    std::fs::write(&path, config.to_string()).expect("Kea's configuration");
    let mut command = host.command(programs::installed("kea-dhcp4"));
    command
        .arg("-c")
        .arg(&path)
        .env("KEA_PIDFILE_DIR", &directory)
        .env("KEA_LOCKFILE_DIR", &directory);
    host.serve("kea-dhcp4", command, |server| server.log().contains("DHCP4_STARTED"))
}
