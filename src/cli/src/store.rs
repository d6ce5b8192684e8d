//! `bridle store`: is it whole, what is in it, what can go.

use std::path::Path;

use bridle_client::{Client, ClientConfig};
use bridle_core::fault::{Exit, Fault, FaultCode};
use bridle_core::message::{Language, Message};
use bridle_core::store::space::{Amount, SpaceView};
use bridle_core::store::{CheckView, CollectView, DamageKind, DamageView};
use bridle_core::wording;

use crate::arguments::Store;
use crate::face::Face;
use crate::meter::Meter;
use crate::upload;

/// Runs one of the commands.
pub async fn run(face: &Face, config: &ClientConfig, command: Store) -> Result<Exit, Fault> {
    let client = Client::new(config);
    match command {
        Store::Check => {
            let report = checked(face, &client, None).await?;
            if !face.json && report.damages.is_empty() {
                let words = Message::new("store-whole")
                    .with("releases", report.releases)
                    .with("blobs", report.blobs)
                    .with("size", wording::bytes(report.bytes, face.language));
                face.put(&face.words(&words));
            }
            verdict(face, &report)
        }
        Store::Repair { from } => repair(face, &client, &from).await,
        Store::Gc { dry_run } => collect(face, &client, dry_run).await,
        Store::Space => space(face, &client).await,
    }
}

/// Has the store checked, or only the release `only`, and prints what is damaged.
pub async fn checked(face: &Face, client: &Client, only: Option<&str>) -> Result<CheckView, Fault> {
    let mut meter = Meter::new(face.language);
    let stream = client.check_store(only).await.map_err(|error| error.fault())?;
    let report = stream.report(|done, total| {
        let message = Message::new("store-check-progress")
            .with("done", wording::bytes(done, face.language))
            .with("total", wording::bytes(total, face.language));
        meter.show(&message);
    });
    let report = report.await.map_err(|error| error.fault())?;
    meter.clear();
    if face.json {
        face.put_json(&report);
    } else {
        damages(face, &report.damages);
    }
    Ok(report)
}

/// Damage ends a command with a fault of its own: code, cure, exit code.
pub fn verdict(face: &Face, report: &CheckView) -> Result<Exit, Fault> {
    if report.damages.is_empty() {
        return Ok(Exit::Ok);
    }
    let fault = Fault::new(FaultCode::StorePartsDamaged).with("count", report.damages.len());
    face.fault(&fault);
    Ok(fault.code.exit())
}

async fn repair(face: &Face, client: &Client, from: &Path) -> Result<Exit, Fault> {
    let report = upload::bring(face, from, async |body| client.repair_store(body).await).await?;
    if face.json {
        face.put_json(&report);
    } else {
        damages(face, &report.left);
    }
    if !report.left.is_empty() {
        let fault = Fault::new(FaultCode::RepairIncomplete).with("count", report.left.len());
        face.fault(&fault);
        return Ok(fault.code.exit());
    }
    if !face.json {
        let words = Message::new("store-repaired")
            .with("count", report.repaired)
            .with("release", report.id.as_str())
            .with("size", wording::bytes(report.bytes, face.language));
        face.put(&face.words(&words));
    }
    Ok(Exit::Ok)
}

async fn collect(face: &Face, client: &Client, dry_run: bool) -> Result<Exit, Fault> {
    let view = client.collect_store(dry_run).await.map_err(|error| error.fault())?;
    if face.json {
        face.put_json(&view);
    } else {
        face.put(&collected(&view, face.language).join("\n"));
    }
    Ok(Exit::Ok)
}

async fn space(face: &Face, client: &Client) -> Result<Exit, Fault> {
    let view = client.store_space().await.map_err(|error| error.fault())?;
    if face.json {
        face.put_json(&view);
    } else {
        face.put(&accounts(&view, face.language).join("\n"));
    }
    Ok(Exit::Ok)
}

fn damages(face: &Face, damages: &[DamageView]) {
    for damage in damages {
        let kind = match damage.damage {
            DamageKind::Missing => Message::new("store-damage-missing"),
            DamageKind::Altered => Message::new("store-damage-altered"),
            DamageKind::Unreadable => Message::new("store-damage-unreadable"),
            DamageKind::Record => Message::new("store-damage-record"),
        };
        let words = Message::new("store-damage")
            .with("release", damage.release.as_str())
            .with("part", face.words(&damage.part))
            .with("damage", face.words(&kind))
            .with("size", wording::bytes(damage.size, face.language));
        face.put(&face.words(&words));
    }
}

fn collected(view: &CollectView, language: Language) -> Vec<String> {
    let code = if view.dry_run { Message::new("store-would-collect") } else { Message::new("store-collected") };
    let mut lines = vec![
        code.with("blobs", view.blobs)
            .with("parts", view.parts)
            .with("size", wording::bytes(view.bytes, language))
            .render(language),
    ];
    if view.recent > 0 {
        lines.push(Message::new("store-collect-recent").with("count", view.recent).render(language));
    }
    if view.in_use > 0 {
        lines.push(Message::new("store-collect-in-use").with("count", view.in_use).render(language));
    }
    let unknown = |path: &String| Message::new("store-unknown").with("path", path.as_str()).render(language);
    lines.extend(view.unknown.iter().map(unknown));
    lines
}

/// One line for each release and each other use of space; the last ones add up.
fn accounts(view: &SpaceView, language: Language) -> Vec<String> {
    let word = |message: Message| message.render(language);
    let size = |amount: &Amount| wording::bytes(amount.allocated, language);
    let mut rows = vec![[
        word(Message::new("store-space-release")),
        word(Message::new("store-space-own")),
        word(Message::new("store-space-shared-with")),
        word(Message::new("store-space-missing")),
    ]];
    let of_release = |release: &bridle_core::store::space::ReleaseSpace| {
        let missing = if release.missing == 0 { "-".to_owned() } else { release.missing.to_string() };
        [release.id.clone(), size(&release.own), size(&release.shared), missing]
    };
    rows.extend(view.releases.iter().map(of_release));
    let others = [
        (Message::new("store-space-shared"), size(&view.shared)),
        (Message::new("store-space-unreferenced"), size(&view.unreferenced)),
        (Message::new("store-space-partial"), size(&view.partial)),
        (Message::new("store-space-records"), size(&view.records)),
        (Message::new("store-space-unknown"), size(&view.unknown)),
        (Message::new("store-space-total"), size(&view.total)),
        (Message::new("store-space-free"), wording::bytes(view.free, language)),
    ];
    rows.extend(others.into_iter().map(|(label, size)| [word(label), size, String::new(), String::new()]));
    let width = |column: usize| rows.iter().map(|row| row[column].chars().count()).max().unwrap_or(0);
    let widths = [width(0), width(1), width(2), width(3)];
    let line = |[label, own, shared, missing]: &[String; 4]| {
        let [a, b, c, d] = widths;
        format!("{label:a$}  {own:>b$}  {shared:>c$}  {missing:>d$}").trim_end().to_owned()
    };
    let mut lines: Vec<String> = rows.iter().map(line).collect();
    lines.extend(view.unknown_paths.iter().map(|path| word(Message::new("store-unknown").with("path", path.as_str()))));
    lines
}

#[cfg(test)]
mod tests {
    use super::*;
    use bridle_core::store::space::ReleaseSpace;

    #[test]
    fn space_adds_up_in_columns() {
        let amount = |mega: u64| Amount { files: 1, bytes: mega * 1_000_000, allocated: mega * 1_000_000 };
        let view = SpaceView {
            releases: vec![
                ReleaseSpace { id: "campus-1.1.0".to_owned(), own: amount(40), shared: amount(360), missing: 2 },
                ReleaseSpace { id: "campus-1.0.0".to_owned(), own: amount(30), shared: amount(360), missing: 0 },
            ],
            shared: amount(360),
            unreferenced: amount(0),
            partial: amount(7),
            records: amount(1),
            unknown: amount(2),
            unknown_paths: vec!["notes.txt".to_owned()],
            total: amount(440),
            free: 12_000_000_000,
        };
        let text = Language::ALL.map(|language| accounts(&view, language).join("\n")).join("\n\n");
        insta::assert_snapshot!(text);
    }

    #[test]
    fn a_collection_says_what_stays_and_why() {
        let view = CollectView {
            dry_run: true,
            blobs: 1,
            parts: 2,
            bytes: 3_000_000,
            in_use: 1,
            recent: 4,
            unknown: vec!["notes.txt".to_owned()],
        };
        let text = Language::ALL.map(|language| collected(&view, language).join("\n")).join("\n\n");
        insta::assert_snapshot!(text);
    }
}
