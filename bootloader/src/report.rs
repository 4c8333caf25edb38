//! The plan and the result as JSON: for `--dry-run` and `--output-format=json`.
//!
//! The form is part of the fixed command line. What is unknown is null, not missing.

use serde_json::{Value, json};

use crate::answer::Answer;
use crate::failure::Failure;
use crate::guest::Guest;
use crate::worker::message::{Addresses, FetchedFile, Planned, PlannedAction};

/// What is reported of a boot: as far as it has come.
#[derive(Debug, Clone, Default)]
pub struct Report<'a> {
    /// Who boots.
    pub guest: Option<&'a Guest>,
    /// With which addresses.
    pub addresses: Option<Addresses>,
    /// What was planned.
    pub planned: Option<&'a Planned>,
    /// The guest's whole command line, when it is known.
    pub args: Option<&'a [u8]>,
}

impl Report<'_> {
    /// The plan.
    #[must_use]
    pub fn plan(&self) -> Value {
        let planned = self.planned;
        let mut value = json!({
            "action": null,
            "guest": self.guest.map(|guest| json!({
                "name": guest.name,
                "uuid": guest.uuid.map(|uuid| uuid.to_string()),
                "mac": guest.vif.mac.to_string(),
                "bridge": guest.vif.bridge,
            })),
            "lease": self.addresses.map(|addresses| json!({
                "address": addresses.address,
                "prefix": addresses.prefix,
                "router": addresses.router,
                "server": planned.and_then(|planned| planned.server.as_deref()),
                "bootfile": planned.and_then(|planned| planned.boot_file.as_deref()),
            })),
            "config": planned.and_then(|planned| planned.config.as_deref()),
            "label": planned.and_then(|planned| planned.label.as_deref()),
        });
        let args = self.args.map(String::from_utf8_lossy);
        let action = match planned.map(|planned| &planned.action) {
            Some(PlannedAction::Kernel { kernel, initrds, .. }) => json!({
                "action": "kernel",
                "kernel": kernel,
                "initrds": initrds,
                "args": args,
            }),
            Some(PlannedAction::LocalBoot { kind }) => {
                json!({ "action": "localboot", "type": kind, "args": args })
            }
            // The disk came first, so no config was asked.
            None => json!({ "action": "localboot", "type": null, "args": args }),
        };
        add(&mut value, action);
        value
    }

    /// The result: the plan, with the files and what was fetched.
    #[must_use]
    pub fn result(&self, answer: &Answer, fetched: &[FetchedFile]) -> Value {
        let mut value = self.plan();
        let text = |path: &std::path::Path| path.to_string_lossy().into_owned();
        let fetched: Vec<Value> = fetched
            .iter()
            .map(|file| json!({ "url": file.url, "bytes": file.bytes, "seconds": file.seconds }))
            .collect();
        add(
            &mut value,
            json!({
                "files": {
                    "kernel": text(&answer.kernel),
                    "ramdisk": answer.ramdisk.as_deref().map(text),
                },
                "fetched": fetched,
            }),
        );
        value
    }
}

/// Why there is no plan.
#[must_use]
pub fn failure(failure: &Failure) -> Value {
    json!({ "action": "error", "code": failure.reason.code(), "message": failure.message })
}

fn add(value: &mut Value, more: Value) {
    if let (Value::Object(value), Value::Object(more)) = (value, more) {
        value.extend(more);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::failure::Reason;
    use crate::guest::{GuestType, Vif};

    fn guest() -> Guest {
        Guest {
            name: Some("RK".to_owned()),
            uuid: None,
            domid: Some(7),
            guest_type: GuestType::Pv,
            vif: Vif {
                mac: "00:16:3e:62:39:d3".parse().unwrap(),
                bridge: "xenbr0".to_owned(),
                vlan: None,
                script: None,
                backend: None,
            },
            source: String::new(),
        }
    }

    fn planned(action: PlannedAction) -> Planned {
        Planned {
            server: Some("192.168.200.1".to_owned()),
            boot_file: Some("pxelinux.0".to_owned()),
            config: Some("tftp://192.168.200.1/pxelinux.cfg/C0A8C8B1".to_owned()),
            label: Some("linux".to_owned()),
            action,
        }
    }

    #[test]
    fn a_plan_has_every_field() {
        let kernel = PlannedAction::Kernel {
            kernel: "tftp://192.168.200.1/vmlinuz".to_owned(),
            initrds: vec!["tftp://192.168.200.1/initrd.img".to_owned()],
            args: Vec::new(),
        };
        let addresses =
            Addresses { address: [192, 168, 200, 177].into(), prefix: 24, router: None };
        let report = Report {
            guest: Some(&guest()),
            addresses: Some(addresses),
            planned: Some(&planned(kernel)),
            args: Some(b"BOOT_IMAGE=vmlinuz x"),
        };
        assert_eq!(
            report.plan(),
            json!({
                "action": "kernel",
                "guest": { "name": "RK", "uuid": null, "mac": "00:16:3e:62:39:d3", "bridge": "xenbr0" },
                "lease": {
                    "address": "192.168.200.177", "prefix": 24, "router": null,
                    "server": "192.168.200.1", "bootfile": "pxelinux.0",
                },
                "config": "tftp://192.168.200.1/pxelinux.cfg/C0A8C8B1",
                "label": "linux",
                "kernel": "tftp://192.168.200.1/vmlinuz",
                "initrds": ["tftp://192.168.200.1/initrd.img"],
                "args": "BOOT_IMAGE=vmlinuz x",
            })
        );
    }

    #[test]
    fn a_local_boot_and_an_error() {
        let planned = planned(PlannedAction::LocalBoot { kind: -1 });
        let report = Report { planned: Some(&planned), ..Report::default() }.plan();
        assert_eq!((&report["action"], &report["type"]), (&json!("localboot"), &json!(-1)));
        assert_eq!((&report["lease"], &report["args"]), (&Value::Null, &Value::Null));
        let answer = Answer {
            kernel: "/d/boot_kernel.1".into(),
            ramdisk: None,
            args: b"root=/dev/xvda1".to_vec(),
        };
        let from_disk = Report { args: Some(&answer.args), ..Report::default() };
        let result = from_disk.result(&answer, &[]);
        assert_eq!(result["files"], json!({ "kernel": "/d/boot_kernel.1", "ramdisk": null }));
        assert_eq!(result["args"], json!("root=/dev/xvda1"));
        assert_eq!(result["action"], json!("localboot"));
        let failure = failure(&Failure::new(Reason::NoLease, "no answer"));
        assert_eq!(failure, json!({ "action": "error", "code": 10, "message": "no answer" }));
    }
}
