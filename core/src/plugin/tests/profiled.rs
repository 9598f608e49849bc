//! Whose process can be profiled, and for how long.

use std::sync::atomic::AtomicBool;

use super::*;
use crate::{
    plugin::{CoreHost, Failed},
    profile::Samples,
};

fn refusal(bench: &Bench, plugin: &str) -> Fault {
    let Err(error) = bench.catalog.profiled(plugin) else {
        panic!("{plugin} can be profiled");
    };
    error.into()
}

#[test]
fn who_has_no_process_is_refused_with_a_way_out() {
    let bench = Bench::new(1);
    let mut plan = bench.plan(&[("one", "works")]);
    // A damaged copy of it, and a library that nothing else stands in for.
    for name in ["fake", "broken"] {
        plan.failed.push(Failed {
            name: name.to_owned(),
            file: "broken.so".into(),
            reason: "truncated".to_owned(),
            error: "it is cut off".to_owned(),
            remedy: "copy it again".to_owned(),
        });
    }
    bench.catalog.apply(&plan, || {});

    let inside = refusal(&bench, "fake");
    assert_eq!(inside.kind, fault_kind::REFUSED);
    assert!(inside.message.contains("-tagfocus=plugin=fake"));
    assert!(inside.remedy.contains("plugins.fake.isolation"));

    let broken = refusal(&bench, "broken");
    assert_eq!(broken.kind, fault_kind::REFUSED);
    assert!(broken.message.ends_with("is not loaded: it is cut off"));

    for made_up in ["", "fake@one", "fake/one", &"no-such\n".repeat(1000)] {
        let unknown = refusal(&bench, made_up);
        assert_eq!(unknown.kind, fault_kind::UNKNOWN, "{made_up}");
        assert!(unknown.message.ends_with("none has a process of its own"));
        assert!(unknown.message.len() < 200 && !unknown.message.contains('\n'));
    }
}

/// Gives a process that notes whether it is being sampled.
struct Gives(Arc<AtomicBool>);

impl Services for Gives {
    fn role(&self) -> Role {
        Role::Main
    }

    fn metrics(&self) -> String {
        String::new()
    }

    fn health(&self) -> String {
        String::new()
    }

    fn select(&self, _: &str) -> Result<Vec<u8>, Fault> {
        Err(fault("nothing to select"))
    }

    fn process(&self, _: u32) -> Result<Vec<u8>, Fault> {
        Err(fault("nothing to give"))
    }

    fn audit(&self, _: &Owner, _: &str, _: u64) -> Result<(), Fault> {
        Err(fault("nothing is recorded"))
    }

    fn profiled(&self, _: &str) -> Result<Box<dyn Subject>, ProfileError> {
        Ok(Box::new(Sampled(Arc::clone(&self.0))))
    }
}

struct Sampled(Arc<AtomicBool>);

impl Subject for Sampled {
    fn sample(self: Box<Self>, _: u32, _: Duration) -> Result<Box<dyn Samples>, ProfileError> {
        self.0.store(true, Ordering::SeqCst);
        Ok(self)
    }

    fn heap(self: Box<Self>, _: Duration) -> Result<Vec<u8>, ProfileError> {
        Ok(Vec::new())
    }
}

impl Samples for Sampled {
    fn finish(self: Box<Self>, _: Duration) -> Result<Vec<u8>, ProfileError> {
        Ok(Vec::new())
    }
}

impl Drop for Sampled {
    fn drop(&mut self) {
        self.0.store(false, Ordering::SeqCst);
    }
}

#[test]
fn a_profile_ends_with_the_component_that_ordered_it() {
    let bench = Bench::new(1);
    let sampled = Arc::<AtomicBool>::default();
    // Of one name, as two versions of a component are while one takes over.
    let host = || {
        let table = bench.registry.table(Owner::new("fake", "one"));
        let services = Arc::new(Gives(Arc::clone(&sampled)));
        Arc::new(CoreHost::new(table, services, "/nowhere".into()))
    };
    let (old, new) = (host(), host());
    let order = |host: &Arc<CoreHost>, order: &str| {
        let told = host.reference().profile(order.into(), 1).into_result();
        told.map(RVec::into_vec)
    };
    let cpu = r#"{"cpu":{"hertz":99,"seconds":300}}"#;
    assert_eq!(order(&new, cpu).unwrap(), br#"{"session":1}"#);
    old.release();
    assert!(sampled.load(Ordering::SeqCst));
    new.release();
    assert!(!sampled.load(Ordering::SeqCst));
    assert_eq!(order(&new, cpu).unwrap_err().kind, fault_kind::CANCELLED);
}
