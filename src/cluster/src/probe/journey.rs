//! One journey: request after request, and the clean-up whatever happened.

use std::time::Duration;

use bridle_core::release::{Probe, ProbeRequest};
use http::Method;
use serde_json::Value;
use tokio::runtime::Handle;

use super::front_door::{Answer, FrontDoor};
use super::template::{self, Captured};

/// Requests of one journey (`core::release::Probe`).
const MOST_REQUESTS: usize = 32;
/// Limit of one request in seconds.
const LIMITS: std::ops::RangeInclusive<u32> = 1..=120;
/// Longest captured value; longer ones would only swell later requests.
const LONGEST_CAPTURE: usize = 4096;

/// Where a journey stopped.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    /// Method and path of the request as the release has it.
    pub request: String,
    /// What was wrong, for experts; holds nothing of the answer but its status and the values that were compared.
    pub cause: String,
}

/// Walks a journey once. Requests marked `cleanup` are sent even after a failure, unless what they name was never made.
///
/// # Errors
/// The first [`Failure`].
pub fn walk(runtime: &Handle, door: &FrontDoor, probe: &Probe, stop: &dyn Fn() -> bool) -> Result<(), Failure> {
    let mut captured = Captured::new();
    captured.insert("run".to_owned(), Value::from(run_id()?));
    let mut first: Option<Failure> = None;
    let limit = Duration::from_secs(u64::from(probe.timeout_seconds.clamp(*LIMITS.start(), *LIMITS.end())));
    for request in probe.requests.iter().take(MOST_REQUESTS) {
        let result = match (&first, request.cleanup) {
            (Some(_), false) => continue,
            // Told to stop or not: what was made is taken away again.
            (_, true) => send(runtime, door, request, &mut captured, limit, &|| false),
            (None, false) => send(runtime, door, request, &mut captured, limit, stop),
        };
        match result {
            Err(Trouble::Unfilled(_)) if request.cleanup && first.is_some() => {}
            Err(trouble) if first.is_none() => {
                first = Some(Failure {
                    request: format!("{} {}", request.method, request.path),
                    cause: match trouble {
                        Trouble::Unfilled(cause) | Trouble::Failed(cause) => cause,
                    },
                });
            }
            _ => {}
        }
    }
    first.map_or(Ok(()), Err)
}

enum Trouble {
    /// A name in it stands for nothing.
    Unfilled(String),
    Failed(String),
}

impl From<template::Unknown> for Trouble {
    fn from(unknown: template::Unknown) -> Self {
        Self::Unfilled(unknown.to_string())
    }
}

fn send(
    runtime: &Handle,
    door: &FrontDoor,
    request: &ProbeRequest,
    captured: &mut Captured,
    limit: Duration,
    stop: &dyn Fn() -> bool,
) -> Result<(), Trouble> {
    let path = template::path(&request.path, captured)?;
    let body = request.body.as_ref().map(|body| template::json(body, captured)).transpose()?;
    let method = Method::from_bytes(request.method.as_bytes())
        .map_err(|_| Trouble::Failed("not a method of HTTP".to_owned()))?;
    let answer = door
        .ask(runtime, (method, &path, body.as_ref()), limit, stop)
        .map_err(|error| Trouble::Failed(chain(&error)))?;
    check(request, &answer, captured)
}

/// Compares the answer with what is expected, and captures.
fn check(request: &ProbeRequest, answer: &Answer, captured: &mut Captured) -> Result<(), Trouble> {
    let failed = |cause: String| Err(Trouble::Failed(cause));
    if answer.status != request.expect_status {
        return failed(format!("status {}, expected {}", answer.status, request.expect_status));
    }
    if let Some(wanted) = &request.expect_text {
        let wanted = template::text(wanted, captured)?;
        if !String::from_utf8_lossy(&answer.body).contains(&wanted) {
            return failed(format!("the answer does not hold {wanted:?}"));
        }
    }
    if request.expect_json.is_empty() && request.capture.is_empty() {
        return Ok(());
    }
    let Ok(json) = serde_json::from_slice::<Value>(&answer.body) else {
        return failed("the answer is not JSON".to_owned());
    };
    for (pointer, wanted) in &request.expect_json {
        let wanted = template::json(wanted, captured)?;
        if json.pointer(pointer) != Some(&wanted) {
            return failed(format!(
                "at {pointer}: {}, expected {}",
                shown(json.pointer(pointer)),
                shown(Some(&wanted))
            ));
        }
    }
    for (name, pointer) in &request.capture {
        match json.pointer(pointer) {
            Some(value) if value.to_string().len() <= LONGEST_CAPTURE => captured.insert(name.clone(), value.clone()),
            Some(_) => return failed(format!("at {pointer}: more than {LONGEST_CAPTURE} bytes")),
            None => return failed(format!("at {pointer}: nothing")),
        };
    }
    Ok(())
}

fn shown(value: Option<&Value>) -> String {
    value.map_or_else(|| "nothing".to_owned(), |value| value.to_string().chars().take(80).collect())
}

/// An error with its causes on one line.
fn chain(error: &dyn std::error::Error) -> String {
    let mut words = error.to_string();
    let mut next = error.source();
    while let Some(cause) = next {
        words.push_str(": ");
        words.push_str(&cause.to_string());
        next = cause.source();
    }
    words.chars().take(1000).collect()
}

/// 64 random bits in hex: two runs never meet.
fn run_id() -> Result<String, Failure> {
    let mut bytes = [0; 8];
    getrandom::fill(&mut bytes)
        .map_err(|error| Failure { request: "{run}".to_owned(), cause: format!("random number: {error}") })?;
    Ok(bytes.iter().map(|byte| format!("{byte:02x}")).collect())
}
