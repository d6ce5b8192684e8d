//! Release files on media that are mounted here, and in the folder where somebody may put them.

use std::collections::BTreeMap;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Read as _, Seek as _, SeekFrom};
use std::os::unix::fs::{FileExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};
use std::time::Duration;

use bridle_client::{Client, ClientConfig};
use bridle_core::fault::{Exit, Fault, FaultCode};
use bridle_core::message::Message;
use bridle_core::run_file::{FOOTER, RunFile};
use bridle_core::upload::{LARGEST_PIECE, LookView};
use bridle_core::wording;
use tokio::sync::oneshot;
use tokio::time::timeout;

use crate::face::Face;

/// Where desktops and administrators mount media: each folder so deep below is one.
const MEDIA: [(&str, u32); 4] = [("/media", 1), ("/media", 2), ("/run/media", 2), ("/mnt", 1)];
/// The folder for releases beside the agent's data.
const INCOMING: &str = "incoming";
/// Folders below a medium that are looked into.
const DEPTH: u32 = 2;
/// Most names of a medium that are looked at.
const MOST_NAMES: usize = 200;
/// Most media.
const MOST_MEDIA: usize = 32;
/// Most release files that are shown.
const MOST_FILES: usize = 32;
/// Zeros with which a release ends (two blocks of a tar archive; `docs/FORMATS.md`, "Release file").
const END: usize = 1024;
/// What a tar archive is made of, in bytes.
const BLOCK: u64 = 512;
/// All media together answer within this time.
const LIMIT: Duration = Duration::from_secs(30);

/// A release file that was found.
struct Found {
    path: PathBuf,
    size: u64,
    /// What the agent needs to see of it.
    beginning: io::Result<Beginning>,
}

/// The beginning of the release in a file.
struct Beginning {
    bytes: Vec<u8>,
    /// The release ends as one does. Where it does not, somebody still copies it, or the copy broke off.
    ends: bool,
}

/// What was found, and which places were not looked at to their end.
#[derive(Default)]
struct Search {
    files: Vec<Found>,
    cut: Vec<PathBuf>,
}

/// A release file with what the agent says of it.
struct Seen {
    path: PathBuf,
    size: u64,
    look: Result<LookView, Fault>,
    ends: bool,
}

impl Seen {
    /// The id of a release that could be added.
    fn new_id(&self) -> Option<&str> {
        match &self.look {
            Ok(LookView::Release { id, here: false, .. }) if self.ends => Some(id),
            _ => None,
        }
    }

    fn words(&self, face: &Face) -> Message {
        match &self.look {
            Ok(LookView::Release { name, version, delta, here, .. }) => {
                let code = match (here, delta) {
                    (true, _) => "release-found-here",
                    (false, _) if !self.ends => "release-found-partial",
                    (false, true) => "release-found-delta",
                    (false, false) => "release-found-new",
                };
                Message::new(code).with("name", name.as_str()).with("version", version.as_str())
            }
            Ok(LookView::Refused { fault }) | Err(fault) => {
                let why = format!("{} {}", fault.code.code(), face.words(&fault.message));
                Message::new("release-found-refused").with("why", why)
            }
        }
    }

    /// Two lines; what can be chosen has a number.
    fn show(&self, face: &Face, number: Option<usize>) {
        let file = Message::new("release-found-file")
            .with("number", number.map_or_else(|| "-".to_owned(), |number| number.to_string()))
            .with("path", self.path.display().to_string())
            .with("size", wording::bytes(self.size, face.language));
        face.say(&file);
        face.say(&Message::new("release-found-what").with("what", face.words(&self.words(face))));
    }
}

/// Looks on `from`, or else on all media and in the folder for releases, and says which file is to be added. `None`: none,
/// the person decided so.
///
/// # Errors
/// A [`Fault`] if there is nothing to add, a medium does not answer, or nobody can be asked.
pub async fn choose(
    face: &Face,
    client: &Client,
    config: &ClientConfig,
    from: Option<&Path>,
    yes: bool,
) -> Result<Option<PathBuf>, Fault> {
    let shown = shown(from, config);
    let search = searched(from.map(Path::to_owned), config.data.join(INCOMING), &shown).await?;
    for place in &search.cut {
        let path = place.display().to_string();
        face.say(&Message::new("release-found-limit").with("count", MOST_NAMES).with("path", path));
    }
    let mut seen = Vec::new();
    for found in search.files {
        let path = found.path.display().to_string();
        let ends = found.beginning.as_ref().is_ok_and(|beginning| beginning.ends);
        let look = match found.beginning {
            Ok(beginning) => client.look_at_release(beginning.bytes).await.map_err(|error| error.fault()),
            Err(error) => Err(Fault::new(FaultCode::FileUnreadable).with("path", path.as_str()).because(&error)),
        };
        if let Err(fault) = &look
            && fault.code.exit() == Exit::Unreachable
        {
            return Err(fault.clone());
        }
        seen.push(Seen { path: found.path, size: found.size, look: look.map(|look| named(look, &path)), ends });
    }
    picked(face, seen, &shown, yes)
}

/// The agent saw bytes only; the person knows the file.
fn named(look: LookView, name: &str) -> LookView {
    match look {
        LookView::Refused { mut fault } => {
            if let Some(path) = fault.message.args.get_mut("path") {
                *path = name.into();
            }
            LookView::Refused { fault }
        }
        release => release,
    }
}

/// Lists what was found and takes one of it.
fn picked(face: &Face, mut seen: Vec<Seen>, shown: &str, yes: bool) -> Result<Option<PathBuf>, Fault> {
    // What can be added first, and of one release the smallest file.
    seen.sort_by_cached_key(|seen| {
        (seen.new_id().is_none(), seen.new_id().map(str::to_owned), seen.size, seen.path.clone())
    });
    let fresh = seen.iter().take_while(|seen| seen.new_id().is_some()).count();
    if !seen.is_empty() {
        face.say(&Message::new("release-found-head"));
        for (at, one) in seen.iter().enumerate() {
            one.show(face, (at < fresh).then_some(at + 1));
        }
    }
    let (fresh, _) = seen.split_at(fresh);
    let Some(first) = fresh.first() else {
        return Err(Fault::new(FaultCode::NoReleaseFound).with("places", shown));
    };
    let only = fresh.iter().all(|one| one.new_id() == first.new_id());
    if only && (yes || fresh.len() == 1) {
        let ask = Message::new("release-found-ask").with("release", first.new_id().unwrap_or_default());
        let ask = ask.with("path", first.path.display().to_string());
        if yes || face.confirm(&ask, "--yes")? {
            return Ok(Some(first.path.clone()));
        }
    } else {
        let answer = face.ask(&Message::new("release-found-which"));
        let answer = answer.ok_or_else(|| Fault::new(FaultCode::ReleaseChoiceNeeded).with("count", fresh.len()))?;
        let chosen = answer.parse::<usize>().ok().and_then(|number| fresh.get(number.checked_sub(1)?));
        if let Some(chosen) = chosen {
            return Ok(Some(chosen.path.clone()));
        }
    }
    face.say(&Message::new("release-found-none"));
    Ok(None)
}

/// The places for people.
fn shown(from: Option<&Path>, config: &ClientConfig) -> String {
    match from {
        Some(folder) => folder.display().to_string(),
        None => format!("/media, /run/media, /mnt, {}", config.data.join(INCOMING).display()),
    }
}

/// Media that are mounted where they usually are, and the folder for releases.
fn usual(incoming: PathBuf) -> Vec<PathBuf> {
    let mut places = vec![incoming];
    for (root, depth) in MEDIA {
        let mut level = vec![PathBuf::from(root)];
        for _ in 0..depth {
            level = level.iter().flat_map(|folder| folders(folder)).take(MOST_MEDIA).collect();
        }
        places.extend(level);
    }
    places
}

fn folders(folder: &Path) -> Vec<PathBuf> {
    let Ok(entries) = fs::read_dir(folder) else { return Vec::new() };
    let is_dir = |entry: &fs::DirEntry| entry.file_type().is_ok_and(|kind| kind.is_dir());
    entries.take(MOST_NAMES).filter_map(Result::ok).filter(is_dir).map(|entry| entry.path()).collect()
}

/// Searches in a thread of its own, that nobody waits for: a medium may hang.
async fn searched(from: Option<PathBuf>, incoming: PathBuf, shown: &str) -> Result<Search, Fault> {
    let (tell, told) = oneshot::channel();
    std::thread::spawn(move || {
        let places = from.map_or_else(|| usual(incoming), |folder| vec![folder]);
        let _nobody_waits = tell.send(search(places));
    });
    match timeout(LIMIT, told).await {
        Ok(Ok(search)) => Ok(search),
        _ => Err(Fault::new(FaultCode::MediumSilent).with("places", shown)),
    }
}

fn search(places: Vec<PathBuf>) -> Search {
    let mut search = Search::default();
    // One may lie below another.
    let mut files = BTreeMap::new();
    for place in places {
        let mut left = MOST_NAMES;
        walk(&place, DEPTH, &mut left, &mut files);
        if left == 0 {
            search.cut.push(place);
        }
    }
    let found = |(path, size): (PathBuf, u64)| Found { beginning: beginning(&path), path, size };
    search.files = files.into_iter().take(MOST_FILES).map(found).collect();
    search
}

/// Looks at names of `folder` and of `depth` levels below it. No link is followed: what is taken lies on the medium.
fn walk(folder: &Path, depth: u32, left: &mut usize, files: &mut BTreeMap<PathBuf, u64>) {
    let Ok(entries) = fs::read_dir(folder) else { return };
    let mut entries: Vec<_> = entries.take(*left).filter_map(Result::ok).collect();
    entries.sort_by_key(fs::DirEntry::file_name);
    *left -= entries.len().min(*left);
    for entry in entries {
        let Ok(kind) = entry.file_type() else { continue };
        let path = entry.path();
        if kind.is_dir() && depth > 0 {
            walk(&path, depth - 1, left, files);
        } else if kind.is_file() && is_release(&path) {
            let size = entry.metadata().map_or(0, |metadata| metadata.len());
            files.insert(path, size);
        }
    }
}

fn is_release(path: &Path) -> bool {
    let hidden = path.file_name().is_some_and(|name| name.to_string_lossy().starts_with('.'));
    !hidden && path.extension().is_some_and(|ending| ending == "bundle" || ending == "run")
}

/// The first bytes of the release in a file, and whether its last ones are there.
fn beginning(path: &Path) -> io::Result<Beginning> {
    let flags = rustix::fs::OFlags::NOFOLLOW | rustix::fs::OFlags::NONBLOCK;
    let mut file: File = OpenOptions::new().read(true).custom_flags(flags.bits().cast_signed()).open(path)?;
    let size = file.metadata()?.len();
    let mut footer = [0; FOOTER];
    let range = match size.checked_sub(FOOTER as u64) {
        Some(at) => file.read_exact_at(&mut footer, at).map(|()| RunFile::parse(&footer, size))?,
        None => Ok(None),
    };
    let range = range.ok().flatten().map_or(0..size, |file| file.bundle);
    let mut last = [1; END];
    let ends = match range.end.checked_sub(END as u64) {
        Some(at) if (range.end - range.start).is_multiple_of(BLOCK) => {
            file.read_exact_at(&mut last, at).map(|()| last == [0; END])?
        }
        _ => false,
    };
    file.seek(SeekFrom::Start(range.start))?;
    let mut bytes = Vec::new();
    file.take((range.end - range.start).min(LARGEST_PIECE)).read_to_end(&mut bytes)?;
    Ok(Beginning { bytes, ends })
}

#[cfg(test)]
mod tests;
