//! Bringing a release file to the agent, piece by piece, from a file or from standard input.

mod headless;

use std::fs::File;
use std::io::{self, Read, Seek as _, SeekFrom};
use std::os::unix::fs::FileExt as _;
use std::path::Path;

use bridle_client::{ClientError, Pieces, Upload, upload};
use bridle_core::fault::{Fault, FaultCode};
use bridle_core::message::Message;
use bridle_core::run_file::{FOOTER, RunFile};
use bridle_core::wording;
use tokio::sync::oneshot;

use self::headless::Headless;
use crate::face::Face;
use crate::meter::Meter;

/// Bytes that are read at a time.
const PIECE: usize = 1 << 20;
/// The line that says how far it is is drawn after so many bytes.
const TELL: u64 = 16 << 20;
const MEGABYTE: u64 = 1_000_000;
/// The name of standard input.
const STANDARD_INPUT: &str = "-";

/// Sends the release in `file` (`-`: standard input) with `send`, and tells how far it is.
///
/// # Errors
/// A [`Fault`] if the file cannot be read, or what the agent says.
pub async fn bring<T>(
    face: &Face,
    file: &Path,
    send: impl AsyncFnOnce(Upload) -> Result<T, ClientError>,
) -> Result<T, Fault> {
    let source = Source::open(file).map_err(|error| unreadable(file, &error))?;
    let (pieces, body) = upload();
    let (tell, told) = oneshot::channel();
    let meter = Meter::new(face.language);
    let language = face.language;
    // A thread of its own, that nobody waits for: standard input may stay silent after the agent has refused.
    std::thread::spawn(move || {
        let mut meter = meter;
        let outcome = feed(source, &pieces, &mut |done, total| {
            let message =
                Message::new(if total.is_some() { "release-add-progress" } else { "release-add-progress-open" })
                    .with("done", wording::bytes(done, language))
                    .with("total", wording::bytes(total.unwrap_or(0), language));
            meter.show(&message);
        });
        meter.clear();
        let whole = outcome.is_ok();
        // Before the request breaks off: whoever sees that asks why.
        let _nobody_waits = tell.send(outcome);
        if whole {
            meter.show(&Message::new("release-add-finish"));
            pieces.end();
        }
    });
    send(body).await.map_err(|error| {
        let mut told = told;
        match told.try_recv() {
            Ok(Err(gone)) => gone.fault(),
            _ => named(error.fault(), file),
        }
    })
}

/// The agent knows a stream only; the person knows the file.
fn named(mut fault: Fault, file: &Path) -> Fault {
    if let Some(path) = fault.message.args.get_mut("path")
        && *path == bridle_core::message::Arg::from(STANDARD_INPUT)
    {
        *path = file.display().to_string().into();
    }
    fault
}

fn unreadable(file: &Path, error: &io::Error) -> Fault {
    Fault::new(FaultCode::FileUnreadable).with("path", file.display().to_string()).because(error)
}

/// A release that is read from its beginning to its end.
struct Source {
    reader: Box<dyn Read + Send>,
    /// Its size in bytes, where it is known.
    total: Option<u64>,
}

impl Source {
    fn open(file: &Path) -> io::Result<Self> {
        if file == Path::new(STANDARD_INPUT) {
            return Ok(Self { reader: Box::new(Headless::new(io::stdin())), total: None });
        }
        let mut opened = File::open(file)?;
        let metadata = opened.metadata()?;
        if metadata.is_dir() {
            return Err(io::ErrorKind::IsADirectory.into());
        }
        if !metadata.is_file() {
            return Ok(Self { reader: Box::new(Headless::new(opened)), total: None });
        }
        // In a `.run` file the release stands behind the installer.
        let size = metadata.len();
        let mut footer = [0; FOOTER];
        let range = match size.checked_sub(FOOTER as u64) {
            Some(at) => opened.read_exact_at(&mut footer, at).map(|()| RunFile::parse(&footer, size))?,
            None => Ok(None),
        };
        // A damaged file goes as it is: the agent refuses it by name.
        let range = range.ok().flatten().map_or(0..size, |file| file.bundle);
        opened.seek(SeekFrom::Start(range.start))?;
        let total = range.end - range.start;
        Ok(Self { reader: Box::new(opened.take(total)), total: Some(total) })
    }
}

/// A medium that failed.
struct Gone {
    done: u64,
    total: Option<u64>,
    source: io::Error,
}

impl Gone {
    fn fault(&self) -> Fault {
        Fault::new(FaultCode::StoreMediumGone)
            .with("done", self.done / MEGABYTE)
            .with("total", self.total.unwrap_or(self.done).div_ceil(MEGABYTE))
            .because(&self.source)
    }
}

/// Reads to the end, or until the agent takes no more.
fn feed(mut source: Source, pieces: &Pieces, progress: &mut dyn FnMut(u64, Option<u64>)) -> Result<(), Gone> {
    let (mut done, mut shown) = (0, 0);
    progress(0, source.total);
    loop {
        let mut piece = vec![0; PIECE];
        let count = loop {
            match source.reader.read(&mut piece) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(Gone { done, total: source.total, source: error }),
                Ok(count) => break count,
            }
        };
        if count == 0 {
            return Ok(());
        }
        piece.truncate(count);
        if !pieces.send(piece) {
            return Ok(());
        }
        done += count as u64;
        if done - shown >= TELL {
            shown = done;
            progress(done, source.total);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Pulled(usize);

    impl Read for Pulled {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            self.0 = self.0.checked_sub(1).ok_or_else(|| io::Error::from_raw_os_error(19))?;
            buffer.fill(7);
            Ok(buffer.len())
        }
    }

    #[tokio::test]
    async fn a_pulled_stick_is_told_with_how_far_it_came() {
        let (pieces, body) = upload();
        let source = Source { reader: Box::new(Pulled(3)), total: Some(10_000_000) };
        let feeding = tokio::task::spawn_blocking(move || feed(source, &pieces, &mut |_, _| {}));
        let Err(gone) = feeding.await.expect("ends") else { panic!("it was pulled") };
        let fault = gone.fault();
        assert_eq!((gone.done, fault.code), (3 * PIECE as u64, FaultCode::StoreMediumGone));
        let words = fault.message.render(bridle_core::message::Language::En);
        assert_eq!(words, "The medium went away after 3 MB of 10 MB.");
        drop(body);
    }
}
