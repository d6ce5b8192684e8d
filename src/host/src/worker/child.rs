//! The worker process from its own side: it lowers itself, takes one request, and ends when its parent does.

use std::fs::OpenOptions;
use std::io::{self, BufRead as _, Read as _, Write as _};
use std::thread;

use bridle_core::backup::worker::{LARGEST_REQUEST, Line, Request, WorkerError};
use rustix::process::{DumpableBehavior, Resource, Rlimit, Signal};

/// The lowest of priorities; the one of reading and writing follows it (ioprio_set(2)).
const NICE: i32 = 19;

/// Takes the request from standard input, and from then on ends this process as soon as nobody holds the other end.
///
/// # Errors
/// [`WorkerError`] if it cannot be understood.
pub fn request() -> Result<Request, WorkerError> {
    // The kernel ends this process with the thread that started it; the pipe does with the process.
    let _only_sooner = rustix::process::set_parent_process_death_signal(Some(Signal::KILL));
    let mut line = Vec::new();
    let read = io::stdin().lock().take(LARGEST_REQUEST as u64 + 1).read_until(b'\n', &mut line);
    thread::spawn(|| {
        let mut rest = [0; 1];
        // The parent says nothing more: whatever comes, it is over.
        let _end = io::stdin().lock().read(&mut rest);
        std::process::exit(1);
    });
    match read {
        Ok(_) if line.len() > LARGEST_REQUEST => Err(WorkerError::TooLarge),
        Ok(_) => Request::parse(&line),
        Err(_) => Err(WorkerError::Shape),
    }
}

/// Lets everything else on this machine go first, and limits the memory for data to `memory` bytes.
///
/// What the kernel does not permit is left out: it makes the work no less right.
pub fn lower(memory: u64) {
    let _as_it_is = rustix::process::setpriority_process(None, NICE);
    // Whoever must go when memory runs out goes here first.
    let told = OpenOptions::new().write(true).open("/proc/self/oom_score_adj");
    let _as_it_was = told.and_then(|mut file| file.write_all(b"1000"));
    let limit = Rlimit { current: Some(memory), maximum: Some(memory) };
    let _without = rustix::process::setrlimit(Resource::Data, limit);
    // No image of this process, with the keys in it, is ever written to a disk.
    let _with = rustix::process::set_dumpable_behavior(DumpableBehavior::NotDumpable);
}

/// Tells the parent a line; without a parent there is nothing left to do.
pub fn tell(line: &Line) {
    let mut out = io::stdout().lock();
    if out.write_all(&line.to_line()).and_then(|()| out.flush()).is_err() {
        std::process::exit(1);
    }
}
