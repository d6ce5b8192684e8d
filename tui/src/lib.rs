//! Terminal screen, a client of the agent.

use bridle_client::ClientConfig;
use bridle_core::fault::{Exit, Fault};
use bridle_core::message::Language;

/// x
pub async fn run(_config: &ClientConfig, _language: Language, _colours: bool) -> Result<Exit, Fault> {
    Ok(Exit::Ok)
}
