//! The lease's name servers in the place of ureq's own resolver.

use std::net::SocketAddr;

use ureq::Error;
use ureq::config::Config;
use ureq::http::Uri;
use ureq::unversioned::resolver::{ResolvedSocketAddrs, Resolver as UreqResolver};
use ureq::unversioned::transport::NextTimeout;

use super::explain::Trouble;
use crate::budget::Budget;
use crate::fetch::names::Resolver;

/// Names are looked up with the lease's own name servers: dom0's know nothing of the
/// guest's network.
#[derive(Debug)]
pub(super) struct Lookup {
    pub(super) resolver: Resolver,
    pub(super) budget: Budget,
}

impl UreqResolver for Lookup {
    fn resolve(
        &self,
        uri: &Uri,
        _config: &Config,
        _timeout: NextTimeout,
    ) -> Result<ResolvedSocketAddrs, Error> {
        let host = uri.host().ok_or(Error::HostNotFound)?;
        let port =
            uri.port_u16().unwrap_or(if uri.scheme_str() == Some("https") { 443 } else { 80 });
        let address = self.resolver.look_up(host, &self.budget).map_err(Trouble::Name)?;
        let mut found = self.empty();
        found.push(SocketAddr::from((address, port)));
        Ok(found)
    }
}
