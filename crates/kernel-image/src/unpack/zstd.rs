//! zstd (RFC 8878): frames, one behind the other, as `ZSTD_decompress` takes them.

use std::io::{self, BufRead, Read};

use ruzstd::decoding::errors::{FrameDecoderError, ReadFrameHeaderError};
use ruzstd::decoding::{BlockDecodingStrategy, FrameDecoder};

use super::{Unsupported, corrupt};

/// Unpacks the frames of `source`.
///
/// A window's worth of bytes comes only when more than a window has been unpacked, or all of it:
/// the decoder keeps it for matches.
pub(crate) struct Zstd<B> {
    source: B,
    frame: FrameDecoder,
}

impl<B: BufRead> Zstd<B> {
    pub(crate) fn new(source: B, max_window: u32) -> Zstd<B> {
        let mut frame = FrameDecoder::new();
        frame.set_max_window_size(u64::from(max_window));
        Zstd { source, frame }
    }
}

impl<B: BufRead> Read for Zstd<B> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        if out.is_empty() {
            return Ok(0);
        }
        while self.frame.can_collect() == 0 {
            if !self.frame.is_finished() {
                let one = BlockDecodingStrategy::UptoBlocks(1);
                self.frame.decode_blocks(&mut self.source, one).map_err(error)?;
            } else if self.source.fill_buf()?.is_empty() {
                return Ok(0);
            } else {
                self.frame.init(&mut self.source).map_err(error)?;
            }
        }
        self.frame.read(out)
    }
}

fn error(error: FrameDecoderError) -> io::Error {
    match error {
        FrameDecoderError::WindowSizeTooBig { .. } => {
            Unsupported::error("it needs a very large window")
        }
        FrameDecoderError::DictNotProvided { .. } => {
            Unsupported::error("it needs a dictionary of zstd")
        }
        FrameDecoderError::ReadFrameHeaderError(ReadFrameHeaderError::SkipFrame { .. }) => {
            Unsupported::error("it has a skippable frame of zstd")
        }
        other => corrupt(&other.to_string()),
    }
}
