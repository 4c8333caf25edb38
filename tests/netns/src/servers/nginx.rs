//! nginx, with and without TLS.

use std::path::{Path, PathBuf};

use crate::certificates::Certificate;
use crate::host::{Host, Server};
use crate::programs;

/// A running nginx.
#[derive(Debug, Clone)]
pub struct Nginx {
    /// Its process.
    pub server: Server,
    access_log: PathBuf,
}

/// One line of the access log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Asked {
    /// The connection's number.
    pub connection: String,
    /// The status of the answer.
    pub status: String,
    /// The path, as it was asked for.
    pub path: String,
    /// Authorization, Range and Host; `-` without one.
    pub headers: [String; 3],
}

impl Nginx {
    /// What has been asked so far, answered or broken off.
    ///
    /// # Panics
    /// When the log cannot be read.
    #[must_use]
    pub fn asked(&self) -> Vec<Asked> {
        let log = std::fs::read_to_string(&self.access_log).expect("nginx's log");
        let line = |line: &str| {
            let mut words = line.split('|').map(str::to_owned);
            let mut next = || words.next().expect("seven words");
            Asked {
                connection: next(),
                status: next(),
                path: next(),
                headers: [next(), next(), next()],
            }
        };
        log.lines().map(line).collect()
    }

    /// How many connections have brought these requests.
    #[must_use]
    pub fn connections(&self) -> usize {
        let all: std::collections::BTreeSet<_> =
            self.asked().into_iter().map(|asked| asked.connection).collect();
        all.len()
    }
}

/// Serves the files below `root` on port 80, and on 443 with `certificate` if there is one;
/// `more` are further directives of these servers.
pub fn start(host: &Host, root: &Path, certificate: Option<&Certificate>, more: &str) -> Nginx {
    start_on(host, root, "80", certificate.map(|certificate| ("443", certificate)), more)
}

/// The same on ports of one's choice.
///
/// # Panics
/// When it does not start.
pub fn start_on(
    host: &Host,
    root: &Path,
    plain: &str,
    secure: Option<(&str, &Certificate)>,
    more: &str,
) -> Nginx {
    let directory = host.directory("nginx");
    let access_log = directory.join("access.log");
    let mut listens = format!("listen {}:{plain};\n", host.address());
    if let Some((port, Certificate { certificate, key })) = secure {
        listens.push_str(&format!(
            "listen {}:{port} ssl;\nssl_certificate {};\nssl_certificate_key {};\n",
            host.address(),
            certificate.display(),
            key.display(),
        ));
    }
    let at = directory.display();
    let config = format!(
        "daemon off;\nmaster_process off;\nuser root;\npid {at}/pid;\nerror_log stderr notice;\n\
         events {{}}\nhttp {{\n\
         log_format asked '$connection|$status|$request_uri|$http_authorization|$http_range|$host';\n\
         access_log {} asked;\n\
         client_body_temp_path {at}/a;\nproxy_temp_path {at}/b;\nfastcgi_temp_path {at}/c;\n\
         uwsgi_temp_path {at}/d;\nscgi_temp_path {at}/e;\n\
         server {{\n{listens}root {};\n{more}\n}}\n}}\n",
        access_log.display(),
        root.display(),
    );
    let path = directory.join("nginx.conf");
    std::fs::write(&path, config).expect("nginx's configuration");
    let mut command = host.command(programs::installed("nginx"));
    command.args(["-e", "stderr", "-p"]).arg(&directory).arg("-c").arg(&path);
    let port: u16 = plain.parse().expect("a port");
    let listening = format!(":{port:04X} 00000000:0000 0A");
    let server = host.serve("nginx", command, move |server| {
        std::fs::read_to_string(format!("/proc/{}/net/tcp", server.id()))
            .is_ok_and(|table| table.contains(&listening))
    });
    Nginx { server, access_log }
}
