//! Data sources: the workload that each names, and what its server is.

use std::collections::BTreeSet;

use bridle_core::release::{DataKind, DataSource, PostgresqlVersion};

use crate::assemble::chart::MadeChart;
use crate::assemble::error::AssembleError;
use crate::assemble::image::MadeImage;
use crate::assemble::sbom::Component;

/// The data sources with what their images hold.
///
/// # Errors
/// [`AssembleError::Recipe`] for a workload that no chart renders, for a PostgreSQL that is not the declared one or of which
/// nothing is known.
pub(super) fn sources(
    declared: &[DataSource],
    images: &[MadeImage],
    charts: &[MadeChart],
) -> Result<Vec<DataSource>, AssembleError> {
    declared.iter().map(|source| complete(source, images, charts)).collect()
}

fn complete(source: &DataSource, images: &[MadeImage], charts: &[MadeChart]) -> Result<DataSource, AssembleError> {
    let refuse = |reason: String| Err(AssembleError::recipe(format!("data {}", source.name), reason));
    let mut source = source.clone();
    if source.kind == DataKind::None {
        return Ok(source);
    }
    let workload = format!("{}/{}", source.namespace, source.workload);
    let rendered: Vec<&BTreeSet<String>> = charts.iter().filter_map(|made| made.objects.get(&workload)).collect();
    if rendered.is_empty() {
        let advice = "write workload = \"Kind/name\" as a chart renders it with the release's values";
        return refuse(format!("no chart renders {} in namespace {}; {advice}", source.workload, source.namespace));
    }
    if source.kind != DataKind::Postgresql {
        return Ok(source);
    }
    let uses = |image: &&MadeImage| rendered.iter().any(|names| names.contains(&image.locked.reference));
    let found = images.iter().filter(uses).find_map(|image| Some((image, version(&image.components)?)));
    match (found, &source.postgresql) {
        (Some((image, found)), Some(said)) if found != *said => refuse(format!(
            "is declared as PostgreSQL {} with collations {}, but the image {} holds {} with {}; take postgresql out, it \
             is found",
            said.major, said.collation, image.locked.reference, found.major, found.collation
        )),
        (Some((_, found)), _) => {
            source.postgresql = Some(found);
            Ok(source)
        }
        (None, Some(_)) => Ok(source),
        (None, None) => refuse(format!(
            "no image of {} has a package list with one PostgreSQL and its C library, so nobody can see later whether an \
             upgrade changes them; say postgresql = {{ major = 17, collation = \"2.36\" }} (collation: the version of the \
             C library as pg_collation_actual_version tells it, \"none\" where there is none)",
            source.workload
        )),
    }
}

/// What the packages of an image say: `postgresql-15` and the C library's upstream version.
fn version(components: &[Component]) -> Option<PostgresqlVersion> {
    let packages = components.iter().filter(|component| component.purl.starts_with("pkg:deb/"));
    let (mut majors, mut library) = (BTreeSet::new(), None);
    for package in packages {
        majors.extend(package.name.strip_prefix("postgresql-").and_then(|major| major.parse::<u32>().ok()));
        if package.name == "libc6" {
            let version = package.version.rsplit_once('-').map_or(package.version.as_str(), |(upstream, _)| upstream);
            library = Some(version.to_owned());
        }
    }
    // Two servers in one image are there for a move from one to the other: which one runs, only its publisher knows.
    let major = majors.pop_first().filter(|_| majors.is_empty())?;
    Some(PostgresqlVersion { major, collation: library? })
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use bridle_core::digest::Digest;
    use bridle_core::oci::Descriptor;
    use bridle_core::release::{Blob, Chart, Stage, Whole};

    use super::*;
    use crate::assemble::source::{LockedChart, LockedImage};

    const IMAGE: &str = "bridle.internal/database:1";

    fn packages(names: &[(&str, &str)]) -> Vec<Component> {
        names.iter().map(|(name, version)| Component::new("deb", name, version)).collect()
    }

    fn image(components: Vec<Component>) -> MadeImage {
        let locked = LockedImage {
            reference: IMAGE.to_owned(),
            from: None,
            inputs: None,
            platform: None,
            index: None,
            manifest: Digest::of(b"image"),
            sbom: None,
            layer: Vec::new(),
        };
        let descriptor = Descriptor::new("application/vnd.oci.image.manifest.v1+json", Digest::of(b"image"), 5);
        MadeImage { descriptor, compressed: 1, unpacked: 1, components, notices: Vec::new(), locked }
    }

    fn chart(object: &str) -> MadeChart {
        let digest = Digest::of(b"chart");
        MadeChart {
            chart: Chart {
                name: "database".to_owned(),
                version: "1.0.0".to_owned(),
                namespace: "campus".to_owned(),
                stage: Stage::Application,
                order: 1,
                timeout_seconds: 60,
                values: serde_json::Map::new(),
                package: Blob { digest, size: 5 },
                has_crds: false,
                images: Vec::new(),
                renames: Vec::new(),
                migration: None,
                interrupts: true,
            },
            locked: LockedChart {
                name: "database".to_owned(),
                version: "1.0.0".to_owned(),
                from: None,
                manifest: None,
                archive: None,
                digest,
            },
            notices: Vec::new(),
            uses: BTreeSet::new(),
            objects: BTreeMap::from([(object.to_owned(), BTreeSet::from([IMAGE.to_owned()]))]),
        }
    }

    fn source(kind: DataKind, postgresql: Option<(u32, &str)>) -> DataSource {
        DataSource {
            name: "records".to_owned(),
            kind,
            namespace: "campus".to_owned(),
            workload: "StatefulSet/database".to_owned(),
            reason: String::new(),
            postgresql: postgresql.map(|(major, text)| PostgresqlVersion { major, collation: text.to_owned() }),
            migrate: None,
            whole: Whole::default(),
            command: None,
            log: None,
        }
    }

    fn made(source: DataSource, object: &str, components: &[(&str, &str)]) -> Result<DataSource, String> {
        let made = sources(&[source], &[image(packages(components))], &[chart(object)]);
        made.map(|mut sources| sources.remove(0)).map_err(|error| error.to_string())
    }

    const DEBIAN: [(&str, &str); 4] = [
        ("libc6", "2.36-9+deb12u13"),
        ("postgresql-15", "15.14-0+deb12u1"),
        ("postgresql-client-15", "15.14-0+deb12u1"),
        ("postgresql-common", "248"),
    ];
    const OBJECT: &str = "campus/StatefulSet/database";

    #[test]
    fn what_a_server_is_is_found_in_its_image() {
        let expected = source(DataKind::Postgresql, Some((15, "2.36")));
        let said = [None, Some((15, "2.36"))];
        for said in said {
            assert_eq!(made(source(DataKind::Postgresql, said), OBJECT, &DEBIAN), Ok(expected.clone()));
        }
        for said in [(14, "2.36"), (15, "2.31")] {
            let refusal = made(source(DataKind::Postgresql, Some(said)), OBJECT, &DEBIAN).expect_err("refused");
            assert!(refusal.contains(IMAGE) && refusal.contains("holds 15 with 2.36"), "{refusal}");
        }
    }

    #[test]
    fn where_nothing_is_found_it_must_be_said() {
        for unknown in [&DEBIAN[1..], &DEBIAN[..1], &[DEBIAN[0], DEBIAN[1], ("postgresql-17", "17.1-1")]] {
            let refusal = made(source(DataKind::Postgresql, None), OBJECT, unknown).expect_err("refused");
            assert!(refusal.contains("say postgresql ="), "{refusal}");
            let said = source(DataKind::Postgresql, Some((17, "none")));
            assert_eq!(made(said.clone(), OBJECT, unknown), Ok(said));
        }
    }

    #[test]
    fn a_workload_is_one_that_a_chart_renders() {
        for object in ["other/StatefulSet/database", "campus/Deployment/database", "campus/StatefulSet/x"] {
            let refusal = made(source(DataKind::Volume, None), object, &DEBIAN).expect_err("refused");
            assert!(refusal.contains("no chart renders StatefulSet/database in namespace campus"), "{refusal}");
            made(source(DataKind::None, None), object, &DEBIAN).expect("nothing is saved");
        }
        made(source(DataKind::Volume, None), OBJECT, &[]).expect("files have no version");
    }
}
