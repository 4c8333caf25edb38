//! How much memory a bootloader takes at its most: the kernel's own high-water mark (`VmHWM`,
//! proc_pid_status(5)) of its process and of its worker, read again and again while they live.

use std::fs;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread::{self, JoinHandle};
use std::time::Duration;

/// The mark only rises, so what is missed is what a process takes in its last moments.
const EVERY: Duration = Duration::from_millis(10);

/// The most that the processes of one boot have held in memory.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Peak {
    /// The process that libxl started, in KiB.
    pub supervisor_kib: u64,
    /// The largest of the processes that it started, in KiB.
    pub worker_kib: u64,
}

/// Watches a process and its children until it is told to stop.
#[derive(Debug)]
pub struct Watch {
    stop: Arc<AtomicBool>,
    supervisor: Arc<AtomicU64>,
    worker: Arc<AtomicU64>,
    thread: Option<JoinHandle<()>>,
}

impl Watch {
    /// Begins to watch `process`.
    #[must_use]
    pub fn start(process: u32) -> Self {
        let stop = Arc::new(AtomicBool::new(false));
        let [supervisor, worker] = [(); 2].map(|()| Arc::new(AtomicU64::new(0)));
        let thread = thread::spawn({
            let (stop, supervisor, worker) =
                (Arc::clone(&stop), Arc::clone(&supervisor), Arc::clone(&worker));
            move || {
                while !stop.load(Ordering::Relaxed) {
                    supervisor.fetch_max(high_water(process), Ordering::Relaxed);
                    for child in children(process) {
                        worker.fetch_max(high_water(child), Ordering::Relaxed);
                    }
                    thread::sleep(EVERY);
                }
            }
        });
        Self { stop, supervisor, worker, thread: Some(thread) }
    }

    /// What has been seen by now.
    #[must_use]
    pub fn peak(&self) -> Peak {
        Peak {
            supervisor_kib: self.supervisor.load(Ordering::Relaxed),
            worker_kib: self.worker.load(Ordering::Relaxed),
        }
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        if let Some(thread) = self.thread.take() {
            // It cannot panic; and a test that fails has something better to say.
            let _ = thread.join();
        }
    }
}

/// 0 when the process is gone.
fn high_water(process: u32) -> u64 {
    let status = fs::read_to_string(format!("/proc/{process}/status")).unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    line.and_then(|rest| rest.trim().trim_end_matches(" kB").parse().ok()).unwrap_or(0)
}

/// The children that any of its threads has.
pub(crate) fn children(process: u32) -> Vec<u32> {
    let Ok(threads) = fs::read_dir(format!("/proc/{process}/task")) else { return Vec::new() };
    let lists = threads
        .flatten()
        .filter_map(|thread| fs::read_to_string(thread.path().join("children")).ok());
    lists
        .flat_map(|list| {
            list.split_whitespace().filter_map(|id| id.parse().ok()).collect::<Vec<_>>()
        })
        .collect()
}
