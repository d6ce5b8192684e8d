//! A `.run` file that comes as a stream: the installer in front of the release is passed over, the footer behind it is
//! checked and left out. Everything else goes through as it is, and is the agent's to refuse.

use std::collections::VecDeque;
use std::io::{self, Read};

use bridle_core::run_file::{FOOTER, PAGE, RunFile};

/// What a program begins with.
const PROGRAM: &[u8] = b"\x7fELF";
/// No installer is larger, in bytes.
const LARGEST_HEAD: u64 = 1 << 30;
/// The first name in a release, and where a tar archive (ustar) says that it is one.
const FIRST: &[u8] = b"oci-layout\0";
const USTAR: (usize, &[u8]) = (257, b"ustar");

/// A stream without what stands around its release.
pub(super) struct Headless<R> {
    inner: R,
    state: State,
    /// Bytes that go out before anything else is read.
    ready: VecDeque<u8>,
}

enum State {
    Begin,
    /// No `.run` file, or its end: what is ready, then what comes.
    Through,
    /// In the release: bytes before it, and all so far. The last 64 bytes are held back.
    Release {
        start: u64,
        read: u64,
    },
    End,
}

impl<R: Read> Headless<R> {
    pub(super) fn new(inner: R) -> Self {
        Self { inner, state: State::Begin, ready: VecDeque::new() }
    }

    /// Reads up to the release.
    fn begin(&mut self) -> io::Result<()> {
        let first = self.page()?;
        if !first.starts_with(PROGRAM) {
            self.ready.extend(first);
            self.state = State::Through;
            return Ok(());
        }
        let mut start = first.len() as u64;
        while start.is_multiple_of(PAGE) && start <= LARGEST_HEAD {
            let page = self.page()?;
            if is_release(&page) {
                let read = start + page.len() as u64;
                self.ready.extend(page);
                self.state = State::Release { start, read };
                return Ok(());
            }
            if page.is_empty() {
                break;
            }
            start += page.len() as u64;
        }
        // An installer alone, or any other program: its beginning says so.
        self.ready.extend(first);
        self.state = State::End;
        Ok(())
    }

    /// The next bytes, fewer than a page only at the end.
    fn page(&mut self) -> io::Result<Vec<u8>> {
        let mut page = Vec::new();
        self.inner.by_ref().take(PAGE).read_to_end(&mut page)?;
        Ok(page)
    }

    /// Takes the footer away, where the last bytes are one.
    fn end(&mut self, start: u64, size: u64) {
        self.state = State::End;
        let bytes = self.ready.make_contiguous();
        let Some(footer) = bytes.last_chunk::<FOOTER>() else { return };
        if let Ok(Some(run)) = RunFile::parse(footer, size)
            && run.bundle.start == start
        {
            self.ready.truncate(self.ready.len() - FOOTER);
        }
    }
}

impl<R: Read> Read for Headless<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        loop {
            let held = if matches!(self.state, State::Release { .. }) { FOOTER } else { 0 };
            let count = self.ready.len().saturating_sub(held).min(buffer.len());
            if count > 0 {
                for (to, from) in buffer.iter_mut().zip(self.ready.drain(..count)) {
                    *to = from;
                }
                return Ok(count);
            }
            match self.state {
                State::Begin => self.begin()?,
                State::Through => return self.inner.read(buffer),
                State::Release { start, read } => match self.inner.read(buffer)? {
                    0 => self.end(start, read),
                    count => {
                        self.ready.extend(&buffer[..count]);
                        self.state = State::Release { start, read: read + count as u64 };
                    }
                },
                State::End => return Ok(0),
            }
            if buffer.is_empty() {
                return Ok(0);
            }
        }
    }
}

fn is_release(page: &[u8]) -> bool {
    let (at, magic) = USTAR;
    page.starts_with(FIRST) && page.get(at..).is_some_and(|rest| rest.starts_with(magic))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Gives so many bytes at a time.
    struct Slow<'a>(&'a [u8], usize);

    impl Read for Slow<'_> {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            let count = buffer.len().min(self.1).min(self.0.len());
            buffer[..count].copy_from_slice(&self.0[..count]);
            self.0 = &self.0[count..];
            Ok(count)
        }
    }

    fn through(bytes: &[u8], pace: usize) -> Vec<u8> {
        let mut all = Vec::new();
        Headless::new(Slow(bytes, pace)).read_to_end(&mut all).expect("read");
        all
    }

    fn release(size: usize) -> Vec<u8> {
        let mut bytes = vec![9; size];
        bytes[..FIRST.len()].copy_from_slice(FIRST);
        bytes[257..262].copy_from_slice(b"ustar");
        bytes
    }

    fn run(head: &[u8], release: &[u8]) -> Vec<u8> {
        let file = RunFile::of(head.len() as u64, release.len() as u64);
        let mut bytes = head.to_vec();
        bytes.resize(usize::try_from(file.bundle.start).expect("small"), 0);
        bytes.extend(release);
        bytes.extend(file.footer());
        bytes
    }

    #[test]
    fn only_the_release_of_a_run_file_goes_through() {
        for size in [512, 4032, 4096, 10_000] {
            for head in [10, 4096, 9000] {
                let head: Vec<u8> = PROGRAM.iter().copied().chain([1].into_iter().cycle()).take(head).collect();
                let release = release(size);
                for pace in [1, 63, 64, 1000, 100_000] {
                    assert_eq!(through(&run(&head, &release), pace), release, "{size} bytes, {pace} at a time");
                }
                // Cut short it has no footer, and the agent sees that.
                let cut = run(&head, &release);
                let cut = &cut[..cut.len() - 100];
                assert_eq!(through(cut, 1000), release[..size - 36]);
                // A footer of another file is left for the agent to refuse.
                let mut other = run(&head, &release);
                other.splice(10..10, [2; 4096]);
                assert_eq!(through(&other, 1000).len(), size + FOOTER);
            }
        }
    }

    #[test]
    fn anything_else_goes_through_as_it_is() {
        let pages = [7; 9000];
        for bytes in [&b""[..], b"hello", &pages, &release(5000)] {
            assert_eq!(through(bytes, 700), bytes);
        }
        let program: Vec<u8> = PROGRAM.iter().copied().chain([3; 9000]).collect();
        assert_eq!(through(&program, 700), program[..4096], "a program alone is told by its beginning");
    }
}
