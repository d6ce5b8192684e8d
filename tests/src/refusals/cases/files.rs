//! Files that the publisher never made.

use super::super::bench::{Bench, Expected};
use super::super::harness::Case;
use super::super::hostile;
use super::{Cases, install_file};

pub fn cases() -> Cases {
    let case = |file: hostile::Hostile| {
        Case::new(file.name, move |bench: &Bench| {
            let path = bench.put("hostile.run", &file.bytes)?;
            bench.refuses(&install_file(&path), &Expected::new(6, file.code))
        })
    };
    hostile::files().into_iter().map(case).collect()
}
