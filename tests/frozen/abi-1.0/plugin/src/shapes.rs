//! A collector with a family of each kind.

use gaxx_abi::{
    FamilySpec, Fault, HostRef, Point,
    abi_std::{RNone, ROk, ROption, RResult, RString, RVec},
    component::Collector,
    host::level,
    metric::kind,
};

pub(crate) struct Shapes {
    host: HostRef,
    round: u32,
    square: u32,
    minor: u32,
    collections: u32,
    sizes: u32,
    count: f64,
}

impl Shapes {
    pub(crate) fn new(host: HostRef) -> Result<Self, Fault> {
        let shapes = register(&host, "frozen_corners", kind::GAUGE, &["shape"], &[])?;
        let series =
            |family: u32, labels: &[RString]| host.series(family, labels.into()).into_result();
        let round = series(shapes, &["round".into()])?;
        let square = series(shapes, &["square".into()])?;
        let minor = register(&host, "frozen_host_minor", kind::GAUGE, &[], &[])?;
        let minor = series(minor, &[])?;
        let collections = register(&host, "frozen_collections_total", kind::COUNTER, &[], &[])?;
        let collections = series(collections, &[])?;
        let sizes = register(
            &host,
            "frozen_size_bytes",
            kind::HISTOGRAM,
            &[],
            &[1.0, 10.0],
        )?;
        let sizes = series(sizes, &[])?;
        Ok(Self {
            host,
            round,
            square,
            minor,
            collections,
            sizes,
            count: 0.0,
        })
    }
}

impl Collector for Shapes {
    fn start(&mut self, _deadline: u64) -> RResult<(), Fault> {
        if self.host.log_level() >= level::INFO {
            self.host.log(
                level::INFO,
                "frozen".into(),
                "the frozen plugin starts".into(),
            );
        }
        ROk(())
    }

    fn collect(&mut self, _deadline: u64, points: &mut RVec<Point>) -> RResult<(), Fault> {
        self.count += 1.0;
        points.push(Point::new(self.round, 0.0));
        points.push(Point::new(self.square, 4.0));
        points.push(Point::new(self.minor, f64::from(self.host.minor())));
        points.push(Point::new(self.collections, self.count));
        // At or below 1, at or below 10, all, and their sum.
        for (slot, value) in (self.sizes..).zip([1.0, 2.0, 3.0, 55.5]) {
            points.push(Point::new(slot, value));
        }
        ROk(())
    }

    fn save(&mut self, _deadline: u64) -> ROption<RVec<u8>> {
        RNone
    }

    fn stop(&mut self, _deadline: u64) {}
}

fn register(
    host: &HostRef,
    name: &str,
    kind: u32,
    labels: &[&str],
    bounds: &[f64],
) -> Result<u32, Fault> {
    let spec = FamilySpec {
        name: name.into(),
        help: "Of a plugin built against ABI 1.0.".into(),
        unit: "".into(),
        kind,
        labels: labels.iter().map(|label| RString::from(*label)).collect(),
        bounds: bounds.to_vec().into(),
        attributes: RVec::new(),
    };
    host.family(spec).into_result()
}
