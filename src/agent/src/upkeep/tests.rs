//! A body as a reader: bounded, with a deadline, and never taken for whole when it is not.

use std::io::{self, Read as _};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use axum::body::Body;
use bytes::Bytes;
use futures_util::stream::{self, StreamExt as _};

use super::*;

const LIMIT: Duration = Duration::from_millis(200);

/// Reads all of a body in a thread that may block.
async fn read(body: Body) -> io::Result<Vec<u8>> {
    let mut intake = pump(body, LIMIT);
    let reading = move || {
        let mut bytes = Vec::new();
        intake.read_to_end(&mut bytes).map(|_| bytes)
    };
    tokio::task::spawn_blocking(reading).await.expect("ends")
}

#[tokio::test]
async fn what_comes_is_what_is_read() {
    let pieces = (0..100_u8).map(|number| Ok::<_, io::Error>(Bytes::from(vec![number; 1000])));
    let wanted: Vec<u8> = (0..100_u8).flat_map(|number| vec![number; 1000]).collect();
    assert_eq!(read(Body::from_stream(stream::iter(pieces))).await.expect("whole"), wanted);
}

#[tokio::test]
async fn a_body_that_breaks_off_is_not_whole() {
    let pieces = [Ok(Bytes::from_static(b"half")), Err(io::Error::other("gone"))];
    let error = read(Body::from_stream(stream::iter(pieces))).await.expect_err("not whole");
    assert_eq!(error.kind(), io::ErrorKind::ConnectionAborted);
}

#[tokio::test]
async fn who_sends_nothing_is_given_up() {
    let pieces = stream::iter([Ok::<_, io::Error>(Bytes::from_static(b"half"))]).chain(stream::pending());
    let error = read(Body::from_stream(pieces)).await.expect_err("not whole");
    assert_eq!(error.kind(), io::ErrorKind::TimedOut);
}

#[tokio::test]
async fn nothing_more_is_taken_than_waits() {
    let taken = Arc::new(AtomicU64::new(0));
    let count = Arc::clone(&taken);
    let pieces = stream::iter(0..10_000).map(move |_| {
        count.fetch_add(1, Ordering::Relaxed);
        Ok::<_, io::Error>(Bytes::from_static(&[7; 1024]))
    });
    let mut intake = pump(Body::from_stream(pieces), LIMIT);
    let reading = move || intake.read_exact(&mut [0; 4 * 1024]).map(|()| intake);
    let intake = tokio::task::spawn_blocking(reading).await.expect("ends").expect("read");
    // The feeding side has had every chance to run on: it waits for room.
    for _ in 0..100 {
        tokio::task::yield_now().await;
    }
    assert!(taken.load(Ordering::Relaxed) < 30, "{taken:?}");
    drop(intake);
}
