//! What a publisher writes (`release.toml`, `image.toml`, `program.toml`) and what `lock` writes (`bundle.lock`).

mod lock;
mod overlay;
mod recipe;
mod release;

pub use lock::{Lock, LockedChart, LockedImage, LockedLayer, LockedPackage, LockedProgram};
pub use overlay::{earlier_lock, read_release};
pub use recipe::{
    CSource, CargoRecipe, CommandRecipe, DirectoryEntry, FileEntry, GoRecipe, ImageRecipe, LayerRecipe, LinkEntry,
    ProgramRecipe,
};
pub(super) use release::is_reference;
pub use release::{ChartSource, CrdSource, ImageSource, KubernetesSource, ProfileSource, ProgramSource, ReleaseSource};

use std::fs;
use std::path::Path;

use serde::Deserialize;
use serde::de::DeserializeOwned;

use super::error::AssembleError;

/// Version of the formats of this module.
pub const FORMAT: u32 = 1;
/// Largest source file in bytes.
const MAX_SOURCE: u64 = 4 << 20;

/// Reads a source file of format 1.
///
/// # Errors
/// [`AssembleError`] if it cannot be read or is not what the format asks for.
pub fn read<T: DeserializeOwned>(path: &Path) -> Result<T, AssembleError> {
    #[derive(Deserialize)]
    struct Header {
        format: u32,
    }
    let refuse = |reason: String| AssembleError::Source { path: path.to_owned(), reason };
    let size = fs::metadata(path).map_err(AssembleError::io("read", path))?.len();
    if size > MAX_SOURCE {
        return Err(refuse(format!("{size} bytes, the limit is {MAX_SOURCE}")));
    }
    let text = fs::read_to_string(path).map_err(AssembleError::io("read", path))?;
    let header: Header = toml::from_str(&text).map_err(|error| refuse(error.to_string()))?;
    if header.format != FORMAT {
        return Err(refuse(format!("format {}, this program reads {FORMAT}", header.format)));
    }
    toml::from_str(&text).map_err(|error| refuse(error.to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse<T: DeserializeOwned>(text: &str) -> Result<T, AssembleError> {
        let file = tempfile::NamedTempFile::new().expect("file");
        std::fs::write(file.path(), text).expect("write");
        read(file.path())
    }

    #[test]
    fn unknown_fields_and_formats_are_refused() {
        let good = "format = 1\nreference = \"a.b/c:1\"\n";
        parse::<ImageRecipe>(good).expect("good");
        assert!(parse::<ImageRecipe>(&good.replace("= 1\n", "= 2\n")).is_err());
        assert!(parse::<ImageRecipe>(&format!("{good}colour = 1\n")).is_err());
        assert!(parse::<ImageRecipe>(&format!("{good}[[layer]]\nkind = \"magic\"\n")).is_err());
    }

    #[test]
    fn settings_of_a_program_do_not_steer_its_build() {
        let check = |name: &str| {
            let text = format!("format = 1\n[cargo]\npackage = \"x\"\nbin = \"x\"\nsettings = {{ {name} = \"1\" }}\n");
            parse::<ProgramRecipe>(&text).expect("read").check(Path::new("x"))
        };
        check("BRIDLE_JOURNAL_NEXT").expect("a setting");
        for name in ["RUSTFLAGS", "CARGO_HOME", "PATH", "LD_PRELOAD", "CC", "lower", "\"A B\"", "\"\""] {
            check(name).expect_err(name);
        }
    }

    #[test]
    fn a_program_has_exactly_one_way() {
        parse::<ProgramRecipe>("format = 1\n[cargo]\npackage = \"x\"\nbin = \"x\"\n")
            .expect("read")
            .check(Path::new("x"))
            .expect("one");
        parse::<ProgramRecipe>("format = 1\n").expect("read").check(Path::new("x")).expect_err("none");
    }

    #[test]
    fn release_source_of_the_documentation() {
        let source: ReleaseSource = parse(include_str!("sample.toml")).expect("read");
        source.check(Path::new("release.toml")).expect("check");
        assert_eq!(source.secrets().len(), 2);
        assert_eq!(source.chart[0].crds.len(), 1);
        assert!(source.probe[0].request[1].cleanup);
    }

    #[test]
    fn impossible_releases_are_refused() {
        let good = include_str!("sample.toml");
        for (from, to) in [
            ("name = \"campus\"", "name = \"Campus\""),
            ("kind = \"random\"", "kind = \"tls\""),
            ("stage = \"platform\"", "stage = \"early\""),
            ("path = \"charts/coredns\"", "path = \"../../etc\""),
            ("method = \"GET\"", "method = \"BREW\""),
            ("bytes = 24", "bytes = 4"),
            ("as = \"bridle.internal/app:1.2\"", "as = \"app\""),
            ("as = \"bridle.internal/app:1.2\"", "platform = \"linux/arm64\""),
            ("path = \"charts/coredns\"", "path = \"oci://x.example/coredns\""),
            ("path = \"charts/coredns\"", "path = \"oci://x.example/coredns:1\"\nversion = \"1\""),
            ("path = \"charts/coredns\"", "path = \"charts/coredns\"\nversion = \"1\""),
            ("path = \"charts/coredns\"", "path = \"oci://x.example/coredns\"\nversion = \"1\"\nschema = \"../x\""),
            ("file = \"profiles/large.toml\"", "file = \"/etc/passwd\""),
        ] {
            assert!(good.contains(from), "{from}");
            let read = parse::<ReleaseSource>(&good.replace(from, to)).and_then(|source| source.check(Path::new("x")));
            assert!(read.is_err(), "{to}");
        }
    }
}
