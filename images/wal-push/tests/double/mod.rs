//! A double of the agent: the other side of the spool.

use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

use bridle_core::backup::wal::spool::{self, Acknowledgement, Answer, Reason};
use bridle_core::digest::Digest;

/// The agent's part, as `docs/FORMATS.md` has it.
pub struct Agent {
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Agent {
    /// Serves the spool and the repository below `root` until it is dropped.
    pub fn at(root: &Path) -> Self {
        let stop = Arc::new(AtomicBool::new(false));
        let (asked, root) = (Arc::clone(&stop), root.to_owned());
        let thread = std::thread::spawn(move || {
            while !asked.load(Ordering::Relaxed) {
                take(&root);
                give(&root);
                std::thread::sleep(Duration::from_millis(2));
            }
        });
        Self { stop, thread: Some(thread) }
    }
}

impl Drop for Agent {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        let ended = self.thread.take().map(JoinHandle::join);
        assert!(std::thread::panicking() || ended.is_none_or(|ended| ended.is_ok()), "the agent's double failed");
    }
}

/// Takes what is in `out` into the repository, once, and says so.
fn take(root: &Path) {
    for entry in fs::read_dir(root.join("spool/out")).expect("a folder").flatten() {
        let name = entry.file_name().to_string_lossy().into_owned();
        if spool::file_of(&name).is_none() {
            continue;
        }
        let Ok(bytes) = fs::read(entry.path()) else { continue };
        let kept = root.join("repository").join(&name);
        let said = match fs::read(&kept) {
            Ok(before) if before != bytes => Acknowledgement::Refused(Reason::Differs),
            _ => Acknowledgement::Durable { digest: Digest::of(&bytes), size: bytes.len() as u64 },
        };
        if !kept.exists() {
            put(&kept, &bytes);
        }
        put(&root.join("spool/ack").join(&name), said.to_text().as_bytes());
    }
}

/// Answers what is asked for.
fn give(root: &Path) {
    for entry in fs::read_dir(root.join("spool/want")).expect("a folder").flatten() {
        let name = entry.file_name().to_string_lossy().into_owned();
        if spool::file_of(&name).is_none() {
            continue;
        }
        let Some(mark) = fs::read(entry.path()).ok().and_then(|bytes| spool::parse_request(&bytes).ok()) else {
            continue;
        };
        let answer = match fs::read(root.join("repository").join(&name)) {
            Ok(bytes) if bytes == b"damaged" => Answer::Stop { mark },
            Ok(bytes) => {
                put(&root.join("spool/in").join(&name), &bytes);
                Answer::Here { mark, digest: Digest::of(&bytes), size: bytes.len() as u64 }
            }
            Err(_) => Answer::Absent { mark },
        };
        put(&root.join("spool/in").join(format!("{name}.answer")), answer.to_text().as_bytes());
    }
}

/// Writes a file so that nobody sees half of it.
pub fn put(path: &Path, bytes: &[u8]) {
    let part = path.with_file_name(format!(".{}.agent", path.file_name().expect("a name").to_string_lossy()));
    fs::write(&part, bytes).expect("written");
    fs::rename(part, path).expect("renamed");
}
