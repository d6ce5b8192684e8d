//! The publisher's side: lock, fetch, build.
