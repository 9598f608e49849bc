//! Collections for a scrape.

use super::*;
use crate::{
    plugin::collecting::{begin, refresh},
    registry::Selection,
    task,
};

#[tokio::test]
async fn values_that_are_young_enough_are_not_collected_again() {
    let bench = Bench::new(1);
    let component = bench.component("works");
    let scrape = |max_age| {
        let components = [Arc::clone(&component)];
        async move { refresh(&components, &Selection::All, max_age, BOUND).await }
    };
    scrape(BOUND).await;
    assert_eq!(bench.value("one"), Some(1.0));
    scrape(BOUND).await;
    assert_eq!(bench.value("one"), Some(1.0));
    scrape(Duration::ZERO).await;
    assert_eq!(bench.value("one"), Some(2.0));
}

#[tokio::test]
async fn a_collection_under_way_is_shared() {
    let bench = Bench::new(1);
    let component = bench.component("waits");
    bench.script.shut(true);
    begin(&component);
    let scrapes = (0..4).map(|_| {
        let components = [Arc::clone(&component)];
        task::spawn("test", async move {
            refresh(&components, &Selection::All, Duration::ZERO, BOUND).await;
        })
    });
    let scrapes: Vec<_> = scrapes.collect();
    tokio::task::yield_now().await;
    bench.script.shut(false);
    for scrape in scrapes {
        scrape.await.unwrap();
    }
    assert_eq!(bench.script.collected(), 1);
}

#[tokio::test]
async fn nobody_waits_longer_than_they_may() {
    let bench = Bench::new(1);
    let component = bench.component("waits");
    bench.script.shut(true);
    let patience = Duration::from_millis(10);
    let components = [Arc::clone(&component)];
    refresh(&components, &Selection::All, Duration::ZERO, patience).await;
    assert!(component.table.status().late);
    assert_eq!(bench.value("one"), None);
    // The next scrape does not begin a second one.
    refresh(&components, &Selection::All, Duration::ZERO, patience).await;
    bench.script.shut(false);
    idle(&component).await;
    assert_eq!(bench.script.collected(), 1);
}

#[tokio::test]
async fn what_is_not_asked_for_is_not_collected() {
    let bench = Bench::new(1);
    bench.apply(&[("one", "works"), ("two", "works")]);
    let only = Selection::Only(["two".to_owned()].into());
    let components = bench.catalog.components();
    refresh(&components, &only, Duration::ZERO, BOUND).await;
    assert_eq!((bench.value("one"), bench.value("two")), (None, Some(1.0)));
}
