//! Several recipes at a time.

use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use super::error::AssembleError;

/// Applies `make` to every item with at most `jobs` threads; results in the order of the items. After the first error no
/// new item is begun.
pub(super) fn map<T: Sync, R: Send>(
    jobs: usize,
    items: &[T],
    make: impl Fn(&T) -> Result<R, AssembleError> + Sync,
) -> Result<Vec<R>, AssembleError> {
    let next = AtomicUsize::new(0);
    let done: Mutex<Vec<Option<Result<R, AssembleError>>>> = Mutex::new(items.iter().map(|_| None).collect());
    std::thread::scope(|scope| {
        for _ in 0..jobs.clamp(1, 16).min(items.len()) {
            scope.spawn(|| {
                loop {
                    let place = next.fetch_add(1, Ordering::Relaxed);
                    let Some(item) = items.get(place) else { return };
                    let result = make(item);
                    if result.is_err() {
                        next.store(items.len(), Ordering::Relaxed);
                    }
                    if let Ok(mut done) = done.lock() {
                        done[place] = Some(result);
                    }
                }
            });
        }
    });
    let done = done.into_inner().unwrap_or_default();
    let mut results = Vec::with_capacity(done.len());
    let mut error = None;
    for result in done.into_iter().flatten() {
        match result {
            Ok(result) => results.push(result),
            Err(found) => error = error.or(Some(found)),
        }
    }
    match error {
        Some(error) => Err(error),
        None if results.len() == items.len() => Ok(results),
        None => Err(AssembleError::recipe("release", "a worker ended without a result")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keeps_the_order() {
        let items: Vec<u32> = (0..100).collect();
        assert_eq!(
            map(4, &items, |item| Ok(item * 2)).expect("map"),
            items.iter().map(|item| item * 2).collect::<Vec<_>>()
        );
        assert_eq!(map(4, &[], |item: &u32| Ok(*item)).expect("map"), Vec::<u32>::new());
    }

    #[test]
    fn the_first_error_ends_it() {
        let items: Vec<u32> = (0..100).collect();
        let failed = map(2, &items, |item| if *item == 7 { Err(AssembleError::recipe("7", "x")) } else { Ok(()) });
        assert!(matches!(failed, Err(AssembleError::Recipe { what, .. }) if what == "7"));
    }
}
