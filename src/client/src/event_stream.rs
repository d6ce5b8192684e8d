//! Server-sent events, parsed as they come (WHATWG HTML, "Server-sent events").

use std::time::Duration;

use bridle_core::event::Event;
use bridle_core::journal::LONGEST_LINE;
use http_body_util::BodyExt as _;
use hyper::body::Incoming;
use tokio::time::timeout;

use crate::connection::clip;
use crate::error::ClientError;

/// The agent sends at least a comment every 10 s; three of them missing means that it is gone.
const SILENCE_LIMIT: Duration = Duration::from_secs(30);

/// The events of one connection.
pub struct EventStream {
    body: Incoming,
    parser: Parser,
    what: String,
}

impl EventStream {
    pub(crate) fn new(body: Incoming, what: String) -> Self {
        Self { body, parser: Parser::default(), what }
    }

    /// The next event; `None` when the agent ended the stream.
    ///
    /// # Errors
    /// [`ClientError`] if the connection breaks, is silent for 30 s or carries something else.
    pub async fn next(&mut self) -> Result<Option<Event>, ClientError> {
        loop {
            if let Some(data) = self.parser.take() {
                return match serde_json::from_str(&data) {
                    Ok(event) => Ok(Some(event)),
                    Err(error) => Err(ClientError::Answer { what: self.what.clone(), found: clip(&error.to_string()) }),
                };
            }
            match timeout(SILENCE_LIMIT, self.body.frame()).await {
                Ok(Some(Ok(frame))) => {
                    let bytes = frame.into_data().unwrap_or_default();
                    self.parser
                        .feed(&bytes)
                        .map_err(|found| ClientError::Answer { what: self.what.clone(), found: found.to_owned() })?;
                }
                Ok(Some(Err(source))) => {
                    return Err(ClientError::Lost { what: self.what.clone(), source: source.into() });
                }
                Ok(None) => return Ok(None),
                Err(_) => return Err(ClientError::Deadline { what: self.what.clone(), limit: SILENCE_LIMIT }),
            }
        }
    }
}

/// Cuts a byte stream into the data of its events. Ids are not kept: each event carries its own number.
#[derive(Default)]
struct Parser {
    line: Vec<u8>,
    data: String,
    ready: std::collections::VecDeque<String>,
}

impl Parser {
    fn feed(&mut self, bytes: &[u8]) -> Result<(), &'static str> {
        for part in bytes.split_inclusive(|byte| *byte == b'\n') {
            self.line.extend_from_slice(part);
            if self.line.len() + self.data.len() > LONGEST_LINE + 1024 {
                return Err("an event over 16 MiB");
            }
            if self.line.last() == Some(&b'\n') {
                let line = std::mem::take(&mut self.line);
                let text = std::str::from_utf8(&line).map_err(|_| "an event that is not UTF-8")?;
                self.take_line(text.trim_end_matches(['\r', '\n']));
            }
        }
        Ok(())
    }

    fn take_line(&mut self, line: &str) {
        if line.is_empty() {
            if !self.data.is_empty() {
                self.ready.push_back(std::mem::take(&mut self.data));
            }
        } else if let Some(value) = line.strip_prefix("data:") {
            if !self.data.is_empty() {
                self.data.push('\n');
            }
            self.data.push_str(value.strip_prefix(' ').unwrap_or(value));
        }
    }

    fn take(&mut self) -> Option<String> {
        self.ready.pop_front()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all(parser: &mut Parser) -> Vec<String> {
        std::iter::from_fn(|| parser.take()).collect()
    }

    #[test]
    fn events_are_found_however_the_bytes_are_cut() {
        let text = ": heart\n\nid: 1\ndata: {\"a\":1}\n\ndata:two\r\ndata: lines\r\n\r\nretry: 5\n\ndata: torn";
        for size in 1..text.len() {
            let mut parser = Parser::default();
            for piece in text.as_bytes().chunks(size) {
                parser.feed(piece).expect("sound");
            }
            assert_eq!(all(&mut parser), ["{\"a\":1}", "two\nlines"], "pieces of {size}");
        }
    }

    #[test]
    fn a_line_without_end_is_refused() {
        let mut parser = Parser::default();
        let piece = vec![b'x'; 1024 * 1024];
        let refused = (0..18).find_map(|_| parser.feed(&piece).err());
        assert_eq!(refused, Some("an event over 16 MiB"));
    }
}
