//! Runs a bootloader under ptrace(2): counts the system calls of its supervisor and of its
//! worker, kills one of them at a call of one's choice, or gives both another time of day.
//!
//! Usage: faults-tracer kill (supervisor|worker) NUMBER PROGRAM WORD...
//!        faults-tracer clock (SECONDS|jumping) PROGRAM WORD...
//!
//! NUMBER counts from 1; 0 kills nobody. With `clock`, the time of day is SECONDS later than it
//! is (or earlier, if that is negative), or a day later and a day earlier by turns. What was seen
//! goes into the file that the variable TRACE names, as words: calls of the supervisor, calls of
//! the worker, looks at the time of day, the killed process's last call, milliseconds from the
//! kill to the end of the last process, KiB of the supervisor and KiB of the worker at most, looks
//! at other clocks.
//! Ends as the program did.

use std::collections::HashMap;
use std::fs;
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::process::{Command, ExitStatus};
use std::time::Instant;

use nix::errno::Errno;
use nix::sys::ptrace;
use nix::sys::signal::{Signal, kill, raise};
use nix::sys::wait::{WaitPidFlag, WaitStatus, waitpid};
use nix::unistd::Pid;

const DAY: i64 = 86_400;
/// The auxiliary vector's types (elf.h): where the vDSO is, and "pass over this one".
const AT_SYSINFO_EHDR: i64 = 33;
const AT_IGNORE: i64 = 1;

fn main() {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let (fault, rest) = Fault::read(&words);
    let mut command = Command::new(&rest[0]);
    command.args(&rest[1..]).env_remove("TRACE");
    // SAFETY: one bare system call between fork and exec.
    #[allow(unsafe_code)]
    unsafe {
        command.pre_exec(|| ptrace::traceme().map_err(Into::into));
    }
    #[allow(clippy::zombie_processes)] // it is waited for as all that it starts, in Trace::run
    let child = command.spawn().expect("the program can be started");
    let root = Pid::from_raw(child.id().cast_signed());
    let mut trace = Trace { root, fault, ..Trace::new(root) };
    let status = trace.run();
    if let Some(path) = std::env::var_os("TRACE") {
        fs::write(path, trace.figures()).expect("the file for what was seen");
    }
    match (status.code(), status.signal()) {
        (Some(code), _) => std::process::exit(code),
        (_, Some(signal)) => {
            let signal = Signal::try_from(signal).expect("a signal");
            raise(signal).expect("a signal to oneself");
            unreachable!("{signal} has not ended this")
        }
        _ => panic!("the program never ended"),
    }
}

/// What is done to the program.
#[derive(Debug, Clone, Copy)]
enum Fault {
    Kill { worker: bool, number: u64 },
    Clock { later: Option<i64> },
}

impl Fault {
    fn read(words: &[String]) -> (Self, &[String]) {
        match words.first().map(String::as_str) {
            Some("kill") => {
                let number = words[2].parse().expect("a number");
                (Self::Kill { worker: words[1] == "worker", number }, &words[3..])
            }
            Some("clock") => (Self::Clock { later: words[1].parse().ok() }, &words[2..]),
            _ => panic!("kill or clock"),
        }
    }
}

struct Trace {
    root: Pid,
    fault: Fault,
    /// The process of every thread that is traced.
    threads: HashMap<Pid, Pid>,
    /// Of the supervisor and of the worker.
    calls: [u64; 2],
    peak_kib: [u64; 2],
    looks_at_the_clock: u64,
    looks_at_other_clocks: u64,
    last_call: Option<u64>,
    killed: Option<Instant>,
    ended_after_ms: u128,
    /// Where a thread wants the time of day to be put, from the call's entry to its end.
    wanted: HashMap<Pid, u64>,
}

impl Trace {
    fn new(root: Pid) -> Self {
        Self {
            root,
            fault: Fault::Kill { worker: false, number: 0 },
            threads: HashMap::from([(root, root)]),
            calls: [0; 2],
            peak_kib: [0; 2],
            looks_at_the_clock: 0,
            looks_at_other_clocks: 0,
            last_call: None,
            killed: None,
            ended_after_ms: 0,
            wanted: HashMap::new(),
        }
    }

    /// Until the last process is gone.
    fn run(&mut self) -> ExitStatus {
        use ptrace::Options as O;
        let mut status = None;
        waitpid(self.root, None).expect("the program stops after its exec");
        let options = O::PTRACE_O_TRACESYSGOOD
            | O::PTRACE_O_TRACECLONE
            | O::PTRACE_O_TRACEFORK
            | O::PTRACE_O_TRACEVFORK
            | O::PTRACE_O_TRACEEXEC
            | O::PTRACE_O_TRACEEXIT
            | O::PTRACE_O_EXITKILL;
        ptrace::setoptions(self.root, options).expect("the program can be traced");
        self.hide_vdso(self.root);
        resume(self.root, None);
        loop {
            match waitpid(None, Some(WaitPidFlag::__WALL)) {
                Ok(WaitStatus::Exited(id, code)) if id == self.root => {
                    status = Some(ExitStatus::from_raw(code << 8));
                }
                Ok(WaitStatus::Signaled(id, signal, _)) if id == self.root => {
                    status = Some(ExitStatus::from_raw(signal as i32));
                }
                Ok(WaitStatus::PtraceSyscall(id)) => self.on_call(id),
                Ok(WaitStatus::PtraceEvent(id, _, event)) => self.on_event(id, event),
                Ok(WaitStatus::Stopped(id, signal)) => {
                    // A thread's first stop is the kernel's way to show it to us.
                    let is_new = !self.threads.contains_key(&id);
                    self.process_of(id);
                    resume(id, Some(signal).filter(|_| !is_new && signal != Signal::SIGTRAP));
                }
                Err(Errno::ECHILD) => break,
                Err(Errno::EINTR) | Ok(_) => {}
                Err(error) => panic!("waiting: {error}"),
            }
        }
        if let Some(killed) = self.killed {
            self.ended_after_ms = killed.elapsed().as_millis();
        }
        status.expect("the program has ended")
    }

    fn on_event(&mut self, id: Pid, event: i32) {
        if event == libc::PTRACE_EVENT_EXEC {
            self.hide_vdso(id);
        }
        if event == libc::PTRACE_EVENT_EXIT {
            self.look_at_memory(id);
        }
        resume(id, None);
    }

    fn on_call(&mut self, id: Pid) {
        let Ok(info) = ptrace::syscall_info(id) else { return };
        if info.op == libc::PTRACE_SYSCALL_INFO_ENTRY {
            // SAFETY: the kernel has filled this variant in, as `op` says.
            #[allow(unsafe_code)]
            let entry = unsafe { info.u.entry };
            let process = self.process_of(id);
            let who = usize::from(process != self.root);
            self.calls[who] += 1;
            if let Fault::Kill { worker, number } = self.fault
                && who == usize::from(worker)
                && self.calls[who] == number
            {
                self.look_at_memory(id);
                self.last_call = Some(entry.nr);
                self.killed = Some(Instant::now());
                let _ = kill(process, Signal::SIGKILL);
                return;
            }
            self.note_clock(id, entry.nr, &entry.args);
        } else if let Some(at) = self.wanted.remove(&id) {
            self.change_time(id, at);
        }
        resume(id, None);
    }

    fn note_clock(&mut self, id: Pid, call: u64, arguments: &[u64; 6]) {
        let [first, second, ..] = *arguments;
        let at = match i64::try_from(call).expect("a small number") {
            libc::SYS_clock_gettime if first == 0 => second,
            #[cfg(target_arch = "x86_64")]
            libc::SYS_gettimeofday => first,
            libc::SYS_clock_gettime => {
                self.looks_at_other_clocks += 1;
                return;
            }
            _ => return,
        };
        self.looks_at_the_clock += 1;
        if matches!(self.fault, Fault::Clock { .. }) && at != 0 {
            self.wanted.insert(id, at);
        }
    }

    fn change_time(&self, id: Pid, at: u64) {
        let Fault::Clock { later } = self.fault else { return };
        let turn = if self.looks_at_the_clock.is_multiple_of(2) { DAY } else { -DAY };
        let place = at as ptrace::AddressType;
        // The seconds come first, in timespec as in timeval.
        let seconds = ptrace::read(id, place).expect("the time's place");
        ptrace::write(id, place, seconds + later.unwrap_or(turn)).expect("the time's place");
    }

    /// Without the vDSO every look at the clock is a system call.
    fn hide_vdso(&self, id: Pid) {
        if !matches!(self.fault, Fault::Clock { .. }) {
            return;
        }
        let auxv = fs::read(format!("/proc/{id}/auxv")).expect("the auxiliary vector");
        // It ends the area of the stack that begins with argc, above argv and the environment.
        let stat = fs::read_to_string(format!("/proc/{id}/stat")).expect("/proc");
        let fields: Vec<&str> = stat.rsplit(") ").next().expect("fields").split(' ').collect();
        let mut at: u64 = fields[25].parse().expect("the stack's start");
        let word = |at: u64| ptrace::read(id, at as ptrace::AddressType).expect("the stack");
        let arguments = u64::try_from(word(at)).expect("argc");
        at += 8 * (arguments + 2);
        while word(at) != 0 {
            at += 8;
        }
        at += 8;
        for pair in 0..auxv.len() as u64 / 16 {
            let entry = at + 16 * pair;
            if word(entry) == AT_SYSINFO_EHDR {
                ptrace::write(id, entry as ptrace::AddressType, AT_IGNORE).expect("the stack");
                return;
            }
        }
        panic!("no vDSO in the auxiliary vector");
    }

    fn process_of(&mut self, id: Pid) -> Pid {
        *self.threads.entry(id).or_insert_with(|| {
            let group = status_number(id, "Tgid:").and_then(|group| i32::try_from(group).ok());
            Pid::from_raw(group.unwrap_or(id.as_raw()))
        })
    }

    fn look_at_memory(&mut self, id: Pid) {
        let who = usize::from(self.process_of(id) != self.root);
        let now = status_number(id, "VmHWM:").unwrap_or(0);
        self.peak_kib[who] = self.peak_kib[who].max(now);
    }

    fn figures(&self) -> String {
        let [supervisor, worker] = self.calls;
        let [supervisor_kib, worker_kib] = self.peak_kib;
        let last = self.last_call.map_or_else(|| "none".to_owned(), |call| call.to_string());
        format!(
            "{supervisor} {worker} {} {last} {} {supervisor_kib} {worker_kib} {}",
            self.looks_at_the_clock, self.ended_after_ms, self.looks_at_other_clocks
        )
    }
}

/// Fails only for a thread that was killed meanwhile.
fn resume(id: Pid, signal: Option<Signal>) {
    let _ = ptrace::syscall(id, signal);
}

fn status_number(id: Pid, key: &str) -> Option<u64> {
    let status = fs::read_to_string(format!("/proc/{id}/status")).ok()?;
    let rest = status.lines().find_map(|line| line.strip_prefix(key))?;
    rest.split_whitespace().next()?.parse().ok()
}
