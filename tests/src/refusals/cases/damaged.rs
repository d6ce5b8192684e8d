//! Files that were whole once: cut short, one bit turned.

use std::fs::File;

use bridle_core::message::Language;

use super::super::bench::{Bench, Expected, FOLDER, Outcome, RUN};
use super::super::damage;
use super::super::harness::Case;
use super::{Cases, install, install_file};

/// Places where each file is cut.
const CUTS: usize = 100;

pub fn cases() -> Cases {
    vec![
        Case::new("a run file cut at a hundred places", |bench: &Bench| {
            let path = format!("{FOLDER}/cut.run");
            let head = bench.pieces[0].length;
            cut_everywhere(bench, RUN, &path, &damage::cuts(&bench.pieces, head, CUTS), &install(&path))
        }),
        Case::new("a run file cut within the installer", |bench: &Bench| {
            let path = format!("{FOLDER}/cut.run");
            let head = bench.pieces[0].length;
            let cuts = [head - 1, head / 4 * 3, head / 2, 4096, 64, 63, 5, 1, 0];
            cut_everywhere(bench, RUN, &path, &cuts, &install_file(&path))
        }),
        Case::new("a bundle cut at a hundred places", |bench: &Bench| {
            let path = format!("{FOLDER}/cut.bundle");
            let whole = format!("{FOLDER}/whole.bundle");
            let start = bench.pieces[2].start;
            let footer =
                bench.pieces.iter().find(|piece| piece.what == "magic of the footer").ok_or("no footer")?.start;
            bench.host.shell(&format!("head -c {footer} {RUN} | tail -c +{} > {whole}", start + 1))?;
            let mut pieces = bench.pieces[2..].to_vec();
            pieces.retain(|piece| piece.start < footer);
            pieces.iter_mut().for_each(|piece| piece.start -= start);
            cut_everywhere(bench, &whole, &path, &damage::cuts(&pieces, 0, CUTS), &install_file(&path))
        }),
        Case::new("one bit turned in each region", flipped),
    ]
}

/// Copies `from` to `path` and makes it shorter from cut to cut; each time the command must refuse it.
fn cut_everywhere(bench: &Bench, from: &str, path: &str, cuts: &[usize], words: &[&str]) -> Outcome {
    bench.host.run_ok(["cp", from, path])?;
    for (number, cut) in cuts.iter().enumerate() {
        File::options().write(true).open(bench.outside(path))?.set_len(*cut as u64)?;
        let language = Language::ALL[number % 2];
        let refused = bench.refuses_in(words, language, &Expected::new(6, "BR-1008"));
        refused.map_err(|problem| format!("cut at {cut}: {problem}"))?;
    }
    bench.unchanged()
}

/// The code of each piece of a file, whichever bit of it is turned.
fn code_of(piece: &str) -> &'static str {
    match piece {
        "installer" | "padding of the installer" => "BR-1006",
        // Without its mark the file ends behind the installer, as far as anybody can see.
        "magic of the footer" => "BR-1008",
        "content of index.json" | "content of index.json.minisig" => "BR-1003",
        "header of oci-layout" | "content of oci-layout" => "BR-1127",
        "second block of the end" => "BR-1120",
        _ if piece.starts_with("padding of ") => "BR-1120",
        _ => "BR-1002",
    }
}

fn flipped(bench: &Bench) -> Outcome {
    let path = format!("{FOLDER}/flip.run");
    bench.host.run_ok(["cp", RUN, &path])?;
    let head = bench.pieces[0].length;
    for (number, (what, byte)) in damage::flips(&bench.pieces).enumerate() {
        bench.flip(&path, byte)?;
        // A program that is not whole may do anything; another one looks at it.
        let words = if byte < head { install_file(&path) } else { install(&path) };
        let expected = Expected::new(6, code_of(what));
        let refused = bench.refuses_in(&words, Language::ALL[number % 2], &expected);
        bench.flip(&path, byte)?;
        refused.map_err(|problem| format!("{what}, byte {byte}: {problem}"))?;
    }
    bench.host.run_ok(["cmp", RUN, &path])?;
    bench.unchanged()
}
