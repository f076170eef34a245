//! Prefetching: order, bound, early end, and a thread that panics.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use tamis_data::{Error, prefetch};

#[test]
fn results_come_in_the_order_of_the_jobs() {
    let doubled = prefetch(0..100, |job| Ok(2 * job)).unwrap();
    let doubled: Vec<i32> = doubled.map(Result::unwrap).collect();
    assert_eq!(doubled, (0..100).map(|job| 2 * job).collect::<Vec<_>>());
}

#[test]
fn the_thread_is_at_most_three_jobs_ahead() {
    let done = Arc::new(AtomicUsize::new(0));
    let counter = Arc::clone(&done);
    let mut results =
        prefetch(0..100, move |_| Ok(counter.fetch_add(1, Ordering::SeqCst))).unwrap();
    results.next().unwrap().unwrap();
    // However slow the machine, the thread gets there; however fast, no further.
    for _ in 0..600 {
        std::thread::sleep(Duration::from_millis(100));
        if done.load(Ordering::SeqCst) >= 4 {
            break;
        }
    }
    assert_eq!(done.load(Ordering::SeqCst), 4);
}

#[test]
fn dropping_the_reader_stops_an_endless_thread_and_frees_what_it_held() {
    let held = Arc::new(());
    let in_thread = Arc::clone(&held);
    let mut results = prefetch(0_u64.., move |job| Ok((Arc::clone(&in_thread), job))).unwrap();
    assert_eq!(results.next().unwrap().unwrap().1, 0);
    drop(results);
    assert_eq!(Arc::strong_count(&held), 1);
}

#[test]
fn a_panic_in_the_thread_is_an_error_once_and_then_the_end() {
    let mut results =
        prefetch(0..10, |job| if job == 3 { panic!("on purpose") } else { Ok(job) }).unwrap();
    for job in 0..3 {
        assert_eq!(results.next().unwrap().unwrap(), job);
    }
    assert!(matches!(results.next(), Some(Err(Error::PrefetchPanicked))));
    assert!(results.next().is_none());
}

#[test]
fn the_end_of_the_jobs_is_the_end_of_the_results() {
    let mut results = prefetch(Vec::<u32>::new(), Ok).unwrap();
    assert!(results.next().is_none());
    assert!(results.next().is_none());
}

#[test]
fn a_job_that_fails_is_told_in_its_place_and_is_the_last() {
    let refuse = || Error::Missing { path: "birds".into(), hint: String::new() };
    let prepare = move |job| if job == 3 { Err(refuse()) } else { Ok(job) };
    let mut results = prefetch(0_u64.., prepare).unwrap();
    assert!((0..3).all(|job| results.next().unwrap().unwrap() == job));
    assert!(matches!(results.next(), Some(Err(Error::Missing { .. }))));
    assert!(results.next().is_none());
}
