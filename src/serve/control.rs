//! What `serve` tells the process that serves files: over a socket that is that one's standard
//! input, first the listening socket, then a line of JSON each time that something changes. Answer
//! files have secrets in them, so they are in no file: only in the memory of the two.

use std::collections::BTreeMap;
use std::io::{self, IoSlice, IoSliceMut, Write};
use std::net::TcpListener;
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd, RawFd};
use std::os::unix::net::UnixStream;
use std::path::PathBuf;

use nix::sys::socket::{ControlMessage, ControlMessageOwned, MsgFlags, recvmsg, sendmsg};
use serde::{Deserialize, Serialize};

use crate::values::Mac;

/// All that is served by HTTP.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Served {
    /// At `/`: what TFTP serves, too.
    pub root: PathBuf,
    /// At `/media`.
    pub media: PathBuf,
    /// Directories by their names in URLs.
    pub shares: BTreeMap<String, PathBuf>,
    /// Guests by name, at `/guests/NAME`.
    pub guests: BTreeMap<String, Guest>,
}

/// A guest's own files: given to none but it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Guest {
    /// Its interfaces.
    pub macs: Vec<Mac>,
    /// Its files by name.
    pub files: BTreeMap<String, String>,
}

/// Sends the listening socket.
///
/// # Errors
/// Nobody is there any more.
pub fn send_listener(control: &UnixStream, listener: &TcpListener) -> io::Result<()> {
    let fds: [RawFd; 1] = [listener.as_raw_fd()];
    let messages = [ControlMessage::ScmRights(&fds)];
    let byte = [IoSlice::new(b"L")];
    sendmsg::<()>(control.as_raw_fd(), &byte, &messages, MsgFlags::empty(), None)?;
    Ok(())
}

/// Receives it.
///
/// # Errors
/// It is not what comes.
#[expect(unsafe_code, reason = "a received descriptor is a number until somebody owns it")]
pub fn receive_listener(control: &UnixStream) -> io::Result<TcpListener> {
    let mut byte = [0; 1];
    let mut bytes = [IoSliceMut::new(&mut byte)];
    let mut space = nix::cmsg_space!([RawFd; 1]);
    let flags = MsgFlags::MSG_CMSG_CLOEXEC;
    let message = recvmsg::<()>(control.as_raw_fd(), &mut bytes, Some(&mut space), flags)?;
    for part in message.cmsgs()? {
        if let ControlMessageOwned::ScmRights(fds) = part
            && let Some(fd) = fds.first()
        {
            // SAFETY: the kernel has just made this descriptor for us, and nobody else knows it.
            let owned = unsafe { OwnedFd::from_raw_fd(*fd) };
            return Ok(TcpListener::from(owned));
        }
    }
    Err(io::Error::new(io::ErrorKind::InvalidData, "no socket came"))
}

/// Tells what is served from now on.
///
/// # Errors
/// Nobody is there any more.
pub fn send(mut control: &UnixStream, served: &Served) -> io::Result<()> {
    let mut line = serde_json::to_vec(served)?;
    line.push(b'\n');
    control.write_all(&line)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::{BufRead, BufReader};
    use std::net::TcpStream;

    #[test]
    fn a_listener_and_what_it_serves_come_over() {
        let (here, there) = UnixStream::pair().unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let guest = Guest {
            macs: vec!["00:16:3e:62:39:d3".parse().unwrap()],
            files: BTreeMap::from([("ks.cfg".into(), "a\nb\n".into())]),
        };
        let served = Served { guests: BTreeMap::from([("RK".into(), guest)]), ..Served::default() };
        send_listener(&here, &listener).unwrap();
        send(&here, &served).unwrap();
        drop(listener);
        let listener = receive_listener(&there).unwrap();
        let mut line = String::new();
        BufReader::new(&there).read_line(&mut line).unwrap();
        assert_eq!(serde_json::from_str::<Served>(&line).unwrap(), served);
        TcpStream::connect(address).unwrap();
        assert!(listener.accept().is_ok());
    }

    #[test]
    fn an_end_is_an_error_and_no_wait() {
        let (here, there) = UnixStream::pair().unwrap();
        drop(here);
        assert!(receive_listener(&there).is_err());
    }
}
