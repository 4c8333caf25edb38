//! TLS by rustls, beneath ureq, with no certificates but those that the supervisor has
//! opened: the worker can open no file, and dom0's own trust is what an administrator means.

use std::fmt;
use std::io::{self, Read, Write};
use std::sync::{Arc, OnceLock};

use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{CertificateError, ClientConfig, ClientConnection, RootCertStore, StreamOwned};
use ureq::Error;
use ureq::unversioned::transport::{
    Buffers, ConnectionDetails, Connector, Either, LazyBuffers, NextTimeout, Transport,
    TransportAdapter,
};

use super::explain::Trouble;
use crate::fetch::authorities::Authorities;
use crate::text;

/// A certificate may be for a hundred names, and a sentence is to be read.
const SHOWN_NAMES: usize = 3;

/// Puts TLS around a connection to an https URL.
pub(super) struct Tls {
    authorities: Option<Authorities>,
    /// Made at the first https URL: most boots have none.
    config: OnceLock<Result<Arc<ClientConfig>, String>>,
}

impl Tls {
    pub(super) fn new(authorities: Option<Authorities>) -> Self {
        Self { authorities, config: OnceLock::new() }
    }

    fn config(&self) -> Result<Arc<ClientConfig>, Error> {
        self.config
            .get_or_init(|| make_config(self.authorities.as_ref()))
            .clone()
            .map_err(|why| Trouble::Tls(why).into())
    }

    /// What is said about a handshake that failed.
    fn explain(&self, error: io::Error, host: &str) -> Error {
        let Some(why) = error.get_ref().and_then(|why| why.downcast_ref::<rustls::Error>()) else {
            return Error::from(error);
        };
        let from = self.authorities.as_ref().map_or("nowhere", |authorities| &authorities.name);
        Trouble::Tls(explain(why, host, from)).into()
    }
}

impl<In: Transport> Connector<In> for Tls {
    type Out = Either<In, Wrapped>;

    fn connect(
        &self,
        details: &ConnectionDetails<'_>,
        chained: Option<In>,
    ) -> Result<Option<Self::Out>, Error> {
        let Some(transport) = chained else { return Ok(None) };
        if !details.needs_tls() {
            return Ok(Some(Either::A(transport)));
        }
        let host = details.uri.host().unwrap_or_default();
        let name = ServerName::try_from(host.to_owned())
            .map_err(|_| Trouble::Tls(format!("{host} cannot stand in a certificate")))?;
        let mut connection = ClientConnection::new(self.config()?, name)
            .map_err(|why| Trouble::Tls(why.to_string()))?;
        let mut socket = TransportAdapter::new(transport.boxed(), details.current_time.clone());
        socket.set_timeout(details.timeout);
        connection.complete_io(&mut socket).map_err(|error| self.explain(error, host))?;
        let sizes = (details.config.input_buffer_size(), details.config.output_buffer_size());
        let stream = StreamOwned { conn: connection, sock: socket };
        Ok(Some(Either::B(Wrapped { stream, buffers: LazyBuffers::new(sizes.0, sizes.1) })))
    }
}

impl fmt::Debug for Tls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tls").field("authorities", &self.authorities).finish_non_exhaustive()
    }
}

/// A connection with TLS around it.
pub(super) struct Wrapped {
    stream: StreamOwned<ClientConnection, TransportAdapter>,
    buffers: LazyBuffers,
}

impl Transport for Wrapped {
    fn buffers(&mut self) -> &mut dyn Buffers {
        &mut self.buffers
    }

    fn transmit_output(&mut self, amount: usize, timeout: NextTimeout) -> Result<(), Error> {
        self.stream.get_mut().set_timeout(timeout);
        let output = self.buffers.output().get(..amount).unwrap_or_default();
        Ok(self.stream.write_all(output)?)
    }

    fn await_input(&mut self, timeout: NextTimeout) -> Result<bool, Error> {
        self.stream.get_mut().set_timeout(timeout);
        let amount = self.stream.read(self.buffers.input_append_buf()).map_err(cut_short)?;
        self.buffers.input_appended(amount);
        Ok(amount > 0)
    }

    fn is_open(&mut self) -> bool {
        self.stream.get_mut().get_mut().is_open()
    }

    fn is_tls(&self) -> bool {
        true
    }
}

impl fmt::Debug for Wrapped {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Wrapped").finish_non_exhaustive()
    }
}

/// A connection that ends without TLS's own end may have been cut by anybody on the way (RFC 9112,
/// 9.8). As the errors that they are here, ureq would take them for the end of a body without a
/// length.
fn cut_short(error: io::Error) -> io::Error {
    match error.kind() {
        io::ErrorKind::UnexpectedEof
        | io::ErrorKind::ConnectionReset
        | io::ErrorKind::ConnectionAborted => io::Error::new(
            io::ErrorKind::BrokenPipe,
            "the connection was cut: it did not end as TLS ends",
        ),
        _ => error,
    }
}

fn make_config(authorities: Option<&Authorities>) -> Result<Arc<ClientConfig>, String> {
    let Some(authorities) = authorities else {
        return Err(
            "this host has no certificate authorities to check a web server with: install \
                    the package ca-certificates, or name the right ones with --ca FILE"
                .to_owned(),
        );
    };
    let name = &authorities.name;
    let pem = authorities.read().map_err(|error| format!("reading {name}: {error}"))?;
    let mut roots = RootCertStore::empty();
    let mut broken = 0_usize;
    for certificate in CertificateDer::pem_slice_iter(&pem) {
        // A bundle may hold one that nobody can read; the others are good for all that.
        if certificate.ok().and_then(|certificate| roots.add(certificate).ok()).is_none() {
            broken = broken.saturating_add(1);
        }
    }
    if roots.is_empty() {
        let why = if broken == 0 { "no certificate" } else { "no certificate that can be read" };
        return Err(format!("{name} holds {why}: it takes PEM, -----BEGIN CERTIFICATE-----"));
    }
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let builder = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|why| why.to_string())?;
    Ok(Arc::new(builder.with_root_certificates(roots).with_no_client_auth()))
}

/// Why a handshake with `host` failed, and what to do; `from` is where the authorities are from.
fn explain(why: &rustls::Error, host: &str, from: &str) -> String {
    const CLOCK: &str = "by this host's clock";
    let certificate = match why {
        rustls::Error::InvalidCertificate(certificate) => certificate,
        rustls::Error::InvalidMessage(_) => {
            return "what answers there does not speak TLS: is it http:// on that port?".to_owned();
        }
        rustls::Error::AlertReceived(alert) => {
            return format!(
                "the server breaks the TLS handshake off ({alert:?}): its log says why (TLS 1.2 or \
                 1.3 is needed)"
            );
        }
        other => return text::printable(format!("TLS: {other}").as_bytes()),
    };
    match certificate {
        CertificateError::Expired => {
            format!("the server's certificate has expired {CLOCK}: renew it there")
        }
        CertificateError::ExpiredContext { time, not_after } => {
            let ago = days(time.as_secs().saturating_sub(not_after.as_secs()));
            format!("the server's certificate expired {ago} ago {CLOCK}: renew it there")
        }
        CertificateError::NotValidYet => {
            format!("the server's certificate is not valid yet {CLOCK}: is that right?")
        }
        CertificateError::NotValidYetContext { time, not_before } => {
            let ahead = days(not_before.as_secs().saturating_sub(time.as_secs()));
            format!("the server's certificate is valid only in {ahead} {CLOCK}: is that right?")
        }
        CertificateError::UnknownIssuer => format!(
            "the server's certificate is signed by nobody in {from}: name the certificate \
             authority that has signed it with --ca FILE"
        ),
        CertificateError::NotValidForName => format!(
            "the server's certificate is not for {host}: use a name it is for, or give the server \
             one for this name"
        ),
        CertificateError::NotValidForNameContext { presented, .. } => {
            let names = names(presented);
            format!(
                "the server's certificate is for {names}, not for {host}: use a name it is for, or \
                 give the server one for this name (in subjectAltName)"
            )
        }
        // rustls has no name of its own for it; it is what 'openssl req -x509' alone makes.
        other if format!("{other:?}").contains("CaUsedAsEndEntity") => {
            "the server's certificate is a certificate authority's own: give the server one that \
             is signed by it (CA:FALSE)"
                .to_owned()
        }
        other => {
            let why = text::printable(other.to_string().as_bytes());
            format!("the server's certificate cannot be trusted: {why}")
        }
    }
}

/// The names in a certificate, as many as are of use. rustls has them as
/// `DnsName("boot.example")`; what is in them, the other side has chosen.
fn names(presented: &[String]) -> String {
    let bare = |name: &String| {
        let inner = name.split_once('(').and_then(|(_, rest)| rest.strip_suffix(')'));
        text::printable(inner.unwrap_or(name).trim_matches('"').as_bytes())
    };
    let shown: Vec<String> = presented.iter().take(SHOWN_NAMES).map(bare).collect();
    match presented.len() {
        0 => "no name at all".to_owned(),
        1..=SHOWN_NAMES => shown.join(", "),
        more => format!("{} and {} others", shown.join(", "), more - SHOWN_NAMES),
    }
}

fn days(seconds: u64) -> String {
    match seconds {
        0..=7_199 => format!("{} minutes", seconds / 60),
        7_200..=172_799 => format!("{} hours", seconds / 3_600),
        _ => format!("{} days", seconds / 86_400),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rustls::pki_types::UnixTime;
    use std::time::Duration;

    fn authorities(text: &[u8]) -> Authorities {
        let mut file = tempfile::tempfile().unwrap();
        file.write_all(text).unwrap();
        Authorities { file, name: "/etc/ca.pem".to_owned() }
    }

    #[test]
    fn a_file_without_a_certificate_is_named() {
        let why = |text: &[u8]| make_config(Some(&authorities(text))).unwrap_err();
        assert!(why(b"").starts_with("/etc/ca.pem holds no certificate:"));
        assert!(why(b"\xff\0-----BEGIN").starts_with("/etc/ca.pem holds no certificate"));
        let broken = b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
        assert!(why(broken).contains("that can be read"));
        assert!(make_config(None).unwrap_err().contains("--ca FILE"));
    }

    #[test]
    fn each_trouble_with_a_certificate_has_its_sentence() {
        let at = |seconds| UnixTime::since_unix_epoch(Duration::from_secs(seconds));
        let say = |why| explain(&rustls::Error::InvalidCertificate(why), "boot.example", "/ca");
        let expired =
            CertificateError::ExpiredContext { time: at(9 * 86_400), not_after: at(86_400) };
        assert!(say(expired).contains("expired 8 days ago by this host's clock"));
        let early = CertificateError::NotValidYetContext { time: at(0), not_before: at(7_200) };
        assert!(say(early).contains("only in 2 hours"));
        assert!(say(CertificateError::UnknownIssuer).contains("nobody in /ca: name"));
        assert!(say(CertificateError::NotValidForName).contains("not for boot.example"));
        let for_names = |presented: &[&str]| {
            let presented = presented.iter().map(ToString::to_string).collect();
            let expected = ServerName::try_from("boot.example").unwrap();
            say(CertificateError::NotValidForNameContext { expected, presented })
        };
        let two = for_names(&["DnsName(\"*.a\u{1b}\")", "IpAddress(10.0.0.1)"]);
        assert!(two.contains("is for *.a\\u{1b}, 10.0.0.1, not for boot.example"), "{two}");
        assert!(for_names(&["DnsName(\"a\")"; 5]).contains("is for a, a, a and 2 others, not"));
        assert!(for_names(&[]).contains("no name at all"));
    }
}
