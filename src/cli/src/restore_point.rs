//! `bridle restore-point`: what is kept on this server to go back.

use bridle_client::{Client, ClientConfig};
use bridle_core::fault::{Exit, Fault, FaultCode};
use bridle_core::message::Message;
use bridle_core::plan::cluster_restore::KeptPoint;
use bridle_core::port::Timestamp;
use bridle_core::wording;

use crate::arguments::RestorePoint;
use crate::face::Face;

/// Lists or shows.
pub async fn run(face: &Face, config: &ClientConfig, command: &RestorePoint) -> Result<Exit, Fault> {
    let points = Client::new(config).restore_points().await.map_err(|error| error.fault())?;
    let now = bridle_client::now();
    match command {
        RestorePoint::List if face.json => face.put_json(&points),
        RestorePoint::List => face.put(&list(face, &points, now).join("\n")),
        RestorePoint::Show { name } => {
            let point = match name {
                None => points.first().ok_or_else(|| Fault::new(FaultCode::NoRestorePoint).with("count", 0_u64))?,
                Some(name) => {
                    let unknown = || Fault::new(FaultCode::RestorePointUnknown).with("point", name.as_str());
                    points.iter().find(|point| point.name == *name).ok_or_else(unknown)?
                }
            };
            if face.json {
                face.put_json(point);
            } else {
                face.put(&lines(face, point, now).join("\n"));
            }
        }
    }
    Ok(Exit::Ok)
}

/// What a restore point is, as people read it.
pub fn lines(face: &Face, point: &KeptPoint, now: Timestamp) -> Vec<String> {
    let title = Message::new("restore-point").with("name", point.name.as_str());
    let made = Message::new("restore-point-made")
        .with("made", wording::moment(point.made))
        .with("age", wording::elapsed(point.made, now))
        .with("release", point.release.as_str());
    let holds = Message::new("restore-point-kubernetes")
        .with("kubernetes", point.kubernetes.as_deref().unwrap_or("?"))
        .with("revision", point.revision)
        .with("size", wording::bytes(point.snapshot, face.language));
    let whole = Message::new(if point.whole { "restore-point-whole" } else { "restore-point-damaged" });
    let mut lines = vec![face.paint.strong(&face.words(&title))];
    lines.extend([made, holds, whole].iter().map(|message| format!("  {}", face.words(message))));
    lines
}

fn list(face: &Face, points: &[KeptPoint], now: Timestamp) -> Vec<String> {
    if points.is_empty() {
        return vec![face.words(&Message::new("restore-point-none"))];
    }
    points.iter().flat_map(|point| lines(face, point, now)).collect()
}
