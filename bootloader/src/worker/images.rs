//! Fetching kernel and ramdisks side by side, and joining the ramdisks to one.
//!
//! Linux unpacks several cpio archives, compressed or not, one after the other, if each
//! begins at a multiple of four and only zeros stand between them
//! (Documentation/driver-api/early-userspace/buffer-format.rst). PXELINUX joins them so. Xen
//! up to 4.19 unpacks a ramdisk that begins with gzip's magic itself, and takes it for one
//! archive, which would lose all others; four zeros in front keep its hands off.

use std::fs::File;
use std::io::{self, Seek, SeekFrom};
use std::os::unix::fs::FileExt;
use std::sync::atomic::Ordering;
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

use pxelinux::Location;

use super::kernel;
use super::message::FetchedFile;
use crate::console::{Level, Say};
use crate::failure::{Failure, Reason};
use crate::fetch::sink::Disk;
use crate::fetch::{FetchError, Fetched, Fetcher, Pace, Progress};
use crate::guest::GuestType;
use crate::limits::{MAX_KERNEL_BYTES, MAX_RAMDISK_BYTES};
use crate::text;

/// How often a line tells how far it is.
const PROGRESS_INTERVAL: Duration = Duration::from_secs(1);
const ALIGNMENT: u64 = 4;

/// The files to fetch into.
#[derive(Debug)]
pub struct Files {
    /// The kernel's.
    pub kernel: File,
    /// The ramdisk's, if there is one, and a scratch file for each further one.
    pub ramdisks: Vec<File>,
}

/// Fetches everything; gives back what came, the kernel first.
///
/// # Errors
/// The first [`FetchError`]; a file that is empty; ramdisks that are too large together; a kernel
/// that Xen cannot boot.
pub fn fetch(
    fetcher: &Fetcher,
    kernel: &Location,
    initrds: &[Location],
    files: &Files,
    guest_type: GuestType,
    say: &(dyn Say + Sync),
) -> Result<Vec<FetchedFile>, Failure> {
    let joined = initrds.len() > 1;
    let mut tasks = vec![Task::new("kernel", kernel, &files.kernel, 0, MAX_KERNEL_BYTES)];
    for (place, (location, file)) in initrds.iter().zip(&files.ramdisks).enumerate() {
        let base = if joined && place == 0 { ALIGNMENT } else { 0 };
        tasks.push(Task::new("initrd", location, file, base, MAX_RAMDISK_BYTES));
    }
    let look = |file: &File, name: &str| kernel::check(file, name, guest_type, say);
    let fetched = run(fetcher, &tasks, &look, say)?;
    let sizes: Vec<u64> = fetched.iter().skip(1).map(|fetched| fetched.bytes).collect();
    if sizes.iter().sum::<u64>() > MAX_RAMDISK_BYTES {
        return Err(Failure::new(
            Reason::Transfer,
            format!("the initrds have more than {MAX_RAMDISK_BYTES} bytes together"),
        ));
    }
    if joined {
        join(&files.ramdisks, &sizes)
            .map_err(|error| Failure::not_permitted("joining the initrds", &error))?;
    }
    let report = |(task, fetched): (&Task<'_>, &Fetched)| FetchedFile {
        url: task.location.to_string(),
        bytes: fetched.bytes,
        seconds: fetched.time.as_secs_f64(),
    };
    Ok(tasks.iter().zip(&fetched).map(report).collect())
}

/// What looks at the kernel that has come: the file, its URL.
type Look<'a> = dyn Fn(&File, &str) -> Result<(), Failure> + Sync + 'a;

struct Task<'a> {
    what: &'static str,
    location: &'a Location,
    file: &'a File,
    base: u64,
    limit: u64,
    progress: Progress,
}

impl<'a> Task<'a> {
    fn new(
        what: &'static str,
        location: &'a Location,
        file: &'a File,
        base: u64,
        limit: u64,
    ) -> Self {
        Self { what, location, file, base, limit, progress: Progress::default() }
    }

    fn fetch(&self, fetcher: &Fetcher) -> Result<Fetched, FetchError> {
        let mut disk = Disk::new(self.file, self.base);
        let fetched =
            fetcher.fetch(self.location, &mut disk, self.limit, Pace::Needed, &self.progress)?;
        if fetched.bytes == 0 {
            // PXELINUX takes an empty file for a missing one.
            let location = self.location;
            return Err(FetchError::NotFound(format!(
                "{location}: the file on the server is empty"
            )));
        }
        Ok(fetched)
    }
}

/// All tasks at once, each in a thread of its own; the first failure stops the others.
fn run(
    fetcher: &Fetcher,
    tasks: &[Task<'_>],
    look: &Look<'_>,
    say: &dyn Say,
) -> Result<Vec<Fetched>, Failure> {
    thread::scope(|scope| {
        let (finished, ends) = mpsc::channel();
        for (place, task) in tasks.iter().enumerate() {
            let (finished, not_started) = (finished.clone(), finished.clone());
            let started = thread::Builder::new().spawn_scoped(scope, move || {
                // The receiver outlives every task.
                let fetched = task.fetch(fetcher).map_err(Failure::from);
                let is_kernel = place == 0 && fetched.is_ok();
                let _ = finished.send((place, fetched));
                // While the initrds are still on their way: an xz needs a quarter of a second.
                if is_kernel && let Err(why) = look(task.file, &task.location.to_string()) {
                    let _ = finished.send((place, Err(why)));
                }
            });
            if let Err(error) = started {
                let failure = Failure::not_permitted("starting a thread for a transfer", &error);
                let _ = not_started.send((place, Err(failure)));
            }
        }
        drop(finished);
        let mut results: Vec<Option<Fetched>> = tasks.iter().map(|_| None).collect();
        let mut first_failure = None;
        let mut next_line = Instant::now() + PROGRESS_INTERVAL;
        loop {
            match ends.recv_timeout(next_line.saturating_duration_since(Instant::now())) {
                Ok((place, Ok(fetched))) => {
                    if let (Some(task), Some(result)) = (tasks.get(place), results.get_mut(place)) {
                        say.say(Level::Step, &arrived(task, fetched));
                        *result = Some(fetched);
                    }
                }
                Ok((_, Err(error))) => {
                    if first_failure.is_none() {
                        first_failure = Some(error);
                        for task in tasks {
                            task.progress.stop.store(true, Ordering::Relaxed);
                        }
                    }
                }
                Err(mpsc::RecvTimeoutError::Timeout) => {
                    say.say(Level::Step, &so_far(tasks, &results));
                    next_line = Instant::now() + PROGRESS_INTERVAL;
                }
                Err(mpsc::RecvTimeoutError::Disconnected) => break,
            }
        }
        if let Some(error) = first_failure {
            return Err(error);
        }
        results
            .into_iter()
            .collect::<Option<Vec<_>>>()
            .ok_or_else(|| Failure::bug("a transfer got lost"))
    })
}

fn arrived(task: &Task<'_>, fetched: Fetched) -> String {
    let rate = rate(fetched.bytes, fetched.time);
    let (size, time) = (text::size(fetched.bytes), text::duration(fetched.time));
    format!("{} {}: {size} in {time}{rate}", task.what, task.location)
}

fn rate(bytes: u64, time: Duration) -> String {
    let per_second = u128::from(bytes).saturating_mul(1_000_000) / time.as_micros().max(1);
    match u64::try_from(per_second) {
        Ok(per_second) if bytes > 1 << 20 => format!(" ({}/s)", text::size(per_second)),
        _ => String::new(),
    }
}

fn so_far(tasks: &[Task<'_>], results: &[Option<Fetched>]) -> String {
    let running = tasks.iter().zip(results).filter(|(_, result)| result.is_none());
    let parts = running.map(|(task, _)| {
        let received = task.progress.received.load(Ordering::Relaxed);
        let total = task.progress.total.load(Ordering::Relaxed);
        match received.saturating_mul(100).checked_div(total) {
            Some(percent) => format!("{} {percent} % of {}", task.what, text::size(total)),
            None => format!("{} {}", task.what, text::size(received)),
        }
    });
    let parts: Vec<_> = parts.collect();
    if parts.is_empty() { "looking at the kernel".to_owned() } else { parts.join(", ") }
}

/// Puts the scratch files behind the first ramdisk, which is in its place already.
fn join(ramdisks: &[File], sizes: &[u64]) -> io::Result<()> {
    let Some((mut ramdisk, further)) = ramdisks.split_first() else { return Ok(()) };
    ramdisk.write_all_at(&[0; 4], 0)?;
    let mut end = ALIGNMENT + sizes.first().copied().unwrap_or(0);
    for mut scratch in further {
        let start = end.next_multiple_of(ALIGNMENT);
        let padding = [0; 4];
        let padding = padding.get(..usize::try_from(start - end).unwrap_or(0)).unwrap_or_default();
        ramdisk.write_all_at(padding, end)?;
        ramdisk.seek(SeekFrom::Start(start))?;
        scratch.rewind()?;
        // Within the kernel, and by reference where the file system can.
        end = start + io::copy(&mut scratch, &mut ramdisk)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::{Read, Write};

    fn joined(parts: &[&[u8]]) -> Vec<u8> {
        let files: Vec<File> = parts
            .iter()
            .enumerate()
            .map(|(place, part)| {
                let mut file = tempfile::tempfile().unwrap();
                if place == 0 {
                    file.seek(SeekFrom::Start(4)).unwrap();
                }
                file.write_all(part).unwrap();
                file
            })
            .collect();
        let sizes: Vec<u64> = parts.iter().map(|part| part.len() as u64).collect();
        join(&files, &sizes).unwrap();
        let mut whole = Vec::new();
        let mut ramdisk = &files[0];
        ramdisk.rewind().unwrap();
        ramdisk.read_to_end(&mut whole).unwrap();
        whole
    }

    #[test]
    fn each_ramdisk_begins_at_a_multiple_of_four() {
        assert_eq!(joined(&[b"abcde", b"fg", b"hijk", b"l"]), b"\0\0\0\0abcde\0\0\0fg\0\0hijkl");
    }

    #[test]
    fn gzip_magic_is_never_first() {
        assert_eq!(joined(&[b"\x1f\x8b..", b"\x1f\x8b"])[..4], [0; 4]);
    }

    #[test]
    fn rates_are_told_for_what_takes_time() {
        assert_eq!(rate(500, Duration::from_millis(1)), "");
        assert_eq!(rate(10 << 20, Duration::from_secs(2)), " (5.0 MiB/s)");
        assert!(!rate(10 << 20, Duration::ZERO).is_empty());
    }
}
