//! A certificate authority for one test, made by openssl, and certificates that it signs.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::{Lab, process, programs};

/// The authority.
#[derive(Debug)]
pub struct Authority {
    directory: PathBuf,
    /// Its own certificate and key.
    pub own: Certificate,
}

/// A certificate with its key, PEM.
#[derive(Debug, Clone)]
pub struct Certificate {
    /// The certificate's file.
    pub certificate: PathBuf,
    /// Its key's file.
    pub key: PathBuf,
}

/// When a certificate is valid.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Valid {
    /// In our time.
    Now,
    /// In 2001.
    InThePast,
    /// In 2098.
    InTheFuture,
}

impl Authority {
    /// A new authority, that nobody knows.
    ///
    /// # Panics
    /// When openssl fails.
    #[must_use]
    pub fn new(lab: &Lab, name: &str) -> Self {
        let directory = lab.directory(&format!("authority-{name}"));
        let own = files(&directory, "ca");
        let mut command = openssl(lab, &["req", "-x509", "-days", "30", "-subj"]);
        command.arg(format!("/CN=Authority {name}")).args(NEW_KEY).arg(&own.key);
        command.arg("-out").arg(&own.certificate);
        process::run(command);
        Self { directory, own }
    }

    /// A server's certificate for `names`, as in `DNS:boot.example,IP:192.168.200.1`.
    ///
    /// # Panics
    /// When openssl fails.
    #[must_use]
    pub fn sign(&self, lab: &Lab, names: &str, valid: Valid) -> Certificate {
        let signed = files(&self.directory, "server");
        let request = self.directory.join("server.csr");
        let mut command = openssl(lab, &["req", "-new", "-subj", "/CN=a server"]);
        command.args(NEW_KEY).arg(&signed.key).arg("-out").arg(&request);
        process::run(command);

        // Only 'openssl ca' can set a date in the past.
        let at = self.directory.display();
        let config = format!(
            "[ca]\ndefault_ca=this\n[this]\ndatabase={at}/index\nserial={at}/serial\n\
             new_certs_dir={at}\ndefault_md=sha256\npolicy=any\ncertificate={}\nprivate_key={}\n\
             [any]\ncommonName=supplied\n\
             [server]\nbasicConstraints=CA:FALSE\nsubjectAltName={names}\n",
            self.own.certificate.display(),
            self.own.key.display(),
        );
        let path = self.directory.join("ca.conf");
        fs::write(&path, config).expect("openssl's configuration");
        fs::write(self.directory.join("index"), "").expect("openssl's database");
        fs::write(self.directory.join("serial"), "1000").expect("openssl's serial number");
        let (start, end) = match valid {
            Valid::Now => ("20200101000000Z", "20991231000000Z"),
            Valid::InThePast => ("20010101000000Z", "20011231000000Z"),
            Valid::InTheFuture => ("20980101000000Z", "20981231000000Z"),
        };
        let mut command = openssl(lab, &["ca", "-batch", "-notext", "-extensions", "server"]);
        command.args(["-startdate", start, "-enddate", end, "-config"]).arg(&path);
        command.arg("-in").arg(&request).arg("-out").arg(&signed.certificate);
        process::run(command);
        signed
    }
}

const NEW_KEY: [&str; 6] =
    ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-keyout"];

fn openssl(lab: &Lab, words: &[&str]) -> Command {
    let mut command = lab.command(programs::installed("openssl"));
    command.args(words);
    command
}

fn files(directory: &Path, name: &str) -> Certificate {
    Certificate {
        certificate: directory.join(format!("{name}.pem")),
        key: directory.join(format!("{name}.key")),
    }
}
