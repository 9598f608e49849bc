//! What all components of the plugin have in common.

use std::path::PathBuf;

use gaxx_sdk::{
    Context, Deadline, Error, Host, Result,
    metrics::{Family, Gauge},
};

use crate::{Settings, deeds, name, orders::Orders};

/// What deeds are done with.
pub(crate) struct Scene<'a> {
    pub(crate) host: &'a Host,
    pub(crate) deadline: Deadline,
    pub(crate) folder: &'a PathBuf,
    /// Series to flood the host with, by a number.
    pub(crate) series: &'a dyn Fn(u32) -> Gauge,
}

/// Carries out the orders of a component.
pub(crate) struct Actor {
    part: &'static str,
    orders: Orders,
    folder: PathBuf,
    host: Host,
    series: Family<Gauge, 3>,
}

impl Actor {
    /// That of a component which is being made: misbehaves at once, if the plugin has orders for
    /// that and they are due.
    pub(crate) fn make(settings: Settings, part: &'static str, context: &Context) -> Result<Self> {
        let labels = ["plugin", "component", "number"];
        let actor = Self {
            part,
            orders: Orders::of(&settings.folder, name(), part),
            series: context.gauges("chaos_flood", "One series after the other.", labels)?,
            host: context.host().clone(),
            folder: settings.folder,
        };
        let making = Orders::of(&actor.folder, name(), "making");
        actor.carry_out(&making, Deadline::after(std::time::Duration::from_secs(1)))?;
        Ok(actor)
    }

    /// Does what is due. Answers whether the component is to lie in its own way.
    pub(crate) fn act(&self, deadline: Deadline) -> Result<bool> {
        self.carry_out(&self.orders, deadline)
    }

    fn carry_out(&self, orders: &Orders, deadline: Deadline) -> Result<bool> {
        let Some(word) = orders.next()? else {
            return Ok(false);
        };
        if word == "lie" {
            return Ok(true);
        }
        let deed = deeds::named(&word)
            .ok_or_else(|| Error::permanent(format!("`{word}` is no deed of this plugin")))?;
        let scene = Scene {
            host: &self.host,
            deadline,
            folder: &self.folder,
            series: &|number| self.series.with([name(), self.part, &number.to_string()]),
        };
        deed(&scene)?;
        Ok(false)
    }
}
