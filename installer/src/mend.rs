//! `--fix`: safe cures are listed, applied once somebody agreed, told, and written down so that they can be taken back.

use bridle_core::fault::Fault;
use bridle_core::message::Message;
use bridle_core::plan::review::Finding;
use bridle_host::cures::Cures;

use crate::arguments::Install;
use crate::console::Console;
use crate::install::{Surroundings, lock};

/// Applies the safe cures of `findings`; says whether anything was changed.
///
/// # Errors
/// A [`Fault`] if nobody can be asked, another installer works, or the system refuses a cure.
pub fn mend(
    console: &mut Console,
    options: &Install,
    around: &Surroundings<'_>,
    findings: &[Finding],
) -> Result<bool, Fault> {
    let cures: Vec<_> = findings.iter().filter_map(|finding| finding.cure.as_ref()).collect();
    if cures.is_empty() {
        console.say(&Message::new("preflight-cures-none"));
        return Ok(false);
    }
    console.say(&Message::new("preflight-cures"));
    for cure in &cures {
        let words = console.words(&cure.title());
        console.say_below(&words);
        console.say_below(&format!("  {}", cure.file()));
    }
    if !options.yes && !console.confirm(&Message::new("preflight-cures-ask"), "--yes")? {
        return Ok(false);
    }
    let host = &around.host;
    let _lock = lock(&host.layout)?;
    // What was here before includes what a cure changes.
    bridle_host::removal::record(&host.layout, &*host.process)?;
    let hand = Cures::new(&host.layout, &*host.process, &*host.clock);
    for cure in cures {
        hand.apply(cure)?;
        let title = console.words(&cure.title());
        console.say(&Message::new("preflight-cure-done").with("title", title));
    }
    Ok(true)
}
