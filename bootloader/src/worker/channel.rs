//! The channel between supervisor and worker: a pair of `SOCK_SEQPACKET` sockets, so that a
//! message is whole or not there, with descriptors beside it (unix(7)).

use std::io::{IoSlice, IoSliceMut};
use std::marker::PhantomData;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, FromRawFd, OwnedFd};

use nix::cmsg_space;
use nix::errno::Errno;
use nix::sys::socket::{
    AddressFamily, ControlMessage, ControlMessageOwned, MsgFlags, SockFlag, SockType, recvmsg,
    sendmsg, socketpair,
};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::limits::{MAX_INITRDS, MAX_MESSAGE};

/// Descriptors of one message: kernel, ramdisk, and scratch files.
const MAX_DESCRIPTORS: usize = MAX_INITRDS + 1;

/// One end of the channel: says `S`, hears `R`.
#[derive(Debug)]
pub struct Channel<S, R> {
    socket: OwnedFd,
    direction: PhantomData<fn(S) -> R>,
}

/// Why nothing could be said or heard.
#[derive(Debug, thiserror::Error)]
pub enum ChannelError {
    /// The other process is gone.
    #[error("the other process is gone")]
    Closed,
    /// A message is larger than any real one.
    #[error("a message is over {MAX_MESSAGE} bytes")]
    TooLarge,
    /// A message cannot be understood.
    #[error("a message is malformed")]
    Malformed,
    /// The kernel's error.
    #[error(transparent)]
    System(#[from] Errno),
}

/// A fresh pair of ends.
///
/// # Errors
/// The kernel's.
pub fn pair<A, B>() -> Result<(Channel<A, B>, OwnedFd), Errno> {
    let (ours, theirs) =
        socketpair(AddressFamily::Unix, SockType::SeqPacket, None, SockFlag::SOCK_CLOEXEC)?;
    Ok((Channel::over(ours), theirs))
}

impl<S: Serialize, R: DeserializeOwned> Channel<S, R> {
    /// Says `message`, with `descriptors` beside it.
    ///
    /// # Errors
    /// [`ChannelError`].
    pub fn say(&self, message: &S, descriptors: &[BorrowedFd<'_>]) -> Result<(), ChannelError> {
        let bytes = serde_json::to_vec(message).map_err(|_| ChannelError::Malformed)?;
        if bytes.len() > MAX_MESSAGE || descriptors.len() > MAX_DESCRIPTORS {
            return Err(ChannelError::TooLarge);
        }
        let raw: Vec<_> = descriptors.iter().map(AsRawFd::as_raw_fd).collect();
        let rights = [ControlMessage::ScmRights(&raw)];
        let beside: &[_] = if raw.is_empty() { &[] } else { &rights };
        let payload = [IoSlice::new(&bytes)];
        loop {
            match sendmsg::<()>(
                self.socket.as_raw_fd(),
                &payload,
                beside,
                MsgFlags::MSG_NOSIGNAL,
                None,
            ) {
                Ok(_) => return Ok(()),
                Err(Errno::EINTR) => {}
                Err(Errno::EPIPE | Errno::ECONNRESET) => return Err(ChannelError::Closed),
                Err(error) => return Err(error.into()),
            }
        }
    }

    /// Hears the next message; waits for it.
    ///
    /// # Errors
    /// [`ChannelError`].
    pub fn hear(&self) -> Result<(R, Vec<OwnedFd>), ChannelError> {
        let mut buffer = vec![0; MAX_MESSAGE + 1];
        let mut beside = cmsg_space!([std::os::fd::RawFd; MAX_DESCRIPTORS]);
        let (length, truncated, descriptors) = loop {
            let mut payload = [IoSliceMut::new(&mut buffer)];
            let flags = MsgFlags::MSG_CMSG_CLOEXEC;
            match recvmsg::<()>(self.socket.as_raw_fd(), &mut payload, Some(&mut beside), flags) {
                Ok(message) => {
                    let truncated =
                        message.flags.intersects(MsgFlags::MSG_TRUNC | MsgFlags::MSG_CTRUNC);
                    let rights = message.cmsgs()?.filter_map(|beside| match beside {
                        ControlMessageOwned::ScmRights(raw) => Some(raw),
                        _ => None,
                    });
                    let descriptors: Vec<OwnedFd> = rights.flatten().map(own).collect();
                    break (message.bytes, truncated, descriptors);
                }
                Err(Errno::EINTR) => {}
                Err(Errno::ECONNRESET) => return Err(ChannelError::Closed),
                Err(error) => return Err(error.into()),
            }
        };
        if truncated || length > MAX_MESSAGE {
            return Err(ChannelError::TooLarge);
        }
        let bytes = buffer.get(..length).unwrap_or_default();
        if bytes.is_empty() {
            return Err(ChannelError::Closed);
        }
        let message = serde_json::from_slice(bytes).map_err(|_| ChannelError::Malformed)?;
        Ok((message, descriptors))
    }
}

impl<S, R> Channel<S, R> {
    /// An end over a socket of [`pair`].
    #[must_use]
    pub fn over(socket: OwnedFd) -> Self {
        Self { socket, direction: PhantomData }
    }
}

impl<S, R> AsFd for Channel<S, R> {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.socket.as_fd()
    }
}

/// nix hands received descriptors over as numbers.
#[allow(unsafe_code)]
fn own(raw: std::os::fd::RawFd) -> OwnedFd {
    // SAFETY: the kernel has just made this descriptor for us, and nothing else knows it.
    unsafe { OwnedFd::from_raw_fd(raw) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::limits::{MAX_PVH_ARGS, MAX_URL};
    use crate::worker::message::{Planned, PlannedAction};
    use std::io::{Read, Seek, Write};

    fn ends() -> (Channel<String, u32>, Channel<u32, String>) {
        let (ours, theirs) = pair().unwrap();
        (ours, Channel::over(theirs))
    }

    #[test]
    fn messages_and_descriptors_arrive() {
        let (ours, theirs) = ends();
        let mut file = tempfile::tempfile().unwrap();
        ours.say(&"hello".to_owned(), &[file.as_fd()]).unwrap();
        let (message, mut descriptors) = theirs.hear().unwrap();
        assert_eq!((message.as_str(), descriptors.len()), ("hello", 1));
        std::fs::File::from(descriptors.remove(0)).write_all(b"there").unwrap();
        let mut text = String::new();
        file.rewind().unwrap();
        file.read_to_string(&mut text).unwrap();
        assert_eq!(text, "there");
        theirs.say(&7, &[]).unwrap();
        assert_eq!(ours.hear().unwrap().0, 7);
    }

    #[test]
    fn a_process_that_is_gone_is_noticed() {
        let (ours, theirs) = ends();
        drop(theirs);
        assert!(matches!(ours.hear(), Err(ChannelError::Closed)));
        assert!(matches!(ours.say(&String::new(), &[]), Err(ChannelError::Closed)));
    }

    #[test]
    fn the_largest_plan_fits_a_message() {
        // Each character of it is written as two.
        let url = "\"".repeat(MAX_URL);
        let action = PlannedAction::Kernel {
            kernel: url.clone(),
            initrds: vec![url.clone(); MAX_INITRDS],
            args: vec![u8::MAX; MAX_PVH_ARGS],
        };
        let text = Some("\"".repeat(255));
        let [server, boot_file, label] = [text.clone(), text.clone(), text];
        let plan = Planned { server, boot_file, config: Some(url), label, action };
        let (ours, theirs) = pair().unwrap();
        let ours: Channel<Planned, u32> = ours;
        let theirs: Channel<u32, Planned> = Channel::over(theirs);
        ours.say(&plan, &[]).unwrap();
        assert_eq!(theirs.hear().unwrap().0, plan);
    }

    #[test]
    fn what_is_too_large_or_malformed_is_refused() {
        let (ours, theirs) = ends();
        assert!(matches!(ours.say(&"x".repeat(MAX_MESSAGE), &[]), Err(ChannelError::TooLarge)));
        let raw = theirs.as_fd().as_raw_fd();
        nix::sys::socket::send(raw, b"not json", MsgFlags::empty()).unwrap();
        assert!(matches!(ours.hear(), Err(ChannelError::Malformed)));
        nix::sys::socket::send(raw, &vec![b'1'; MAX_MESSAGE + 10], MsgFlags::empty()).unwrap();
        assert!(matches!(ours.hear(), Err(ChannelError::TooLarge)));
    }
}
