//! The endpoint: every request gets a place and a thread.

use std::{
    sync::{Arc, atomic::Ordering},
    thread::{self, JoinHandle},
    time::Instant,
};

use gaxx_sdk::prelude::*;

use crate::{
    admission::Admission,
    digest::Remembered,
    exchange::Exchange,
    instruments::Instruments,
    refusal::{Reason, Refusal},
    root::Root,
    service::Service,
    settings::Settings,
    sweeper::Sweeper,
};

gaxx_sdk::component!(endpoint "files" => Files, "Files beneath the configured roots, up and down.");

/// What a stop leaves for requests at work to be cut and to end.
const CUT: Duration = Duration::from_secs(1);

pub(crate) struct Files {
    service: Arc<Service>,
    admission: Arc<Admission>,
    sweeper: Arc<Sweeper>,
    sweeping: Option<JoinHandle<()>>,
}

impl Component for Files {
    type Settings = Settings;
    const ROLES: &'static [&'static str] = &["agent"];

    fn new(settings: Settings, context: &Context) -> Result<Self> {
        if settings.transfers == 0 {
            return Err(Error::settings("transfers is 0").remedy("let at least one be at work"));
        }
        let instruments = Instruments::new(context)?;
        let roots = settings.roots.into_iter().map(|(name, root)| {
            let root = Root::open(&name, root, settings.min_free)?;
            Ok((name, Arc::new(root)))
        });
        let roots = roots.collect::<Result<_>>()?;
        let admission = Admission::new(settings.transfers, instruments.running.clone());
        let service = Arc::new(Service {
            host: context.host().clone(),
            roots,
            instruments,
            remembered: Remembered::default(),
            max_entries: settings.max_entries,
            allowance: Arc::default(),
            stopping: false.into(),
        });
        Ok(Self {
            sweeper: Arc::new(Sweeper::new(
                Arc::clone(&service),
                settings.partial_lifetime,
            )),
            service,
            admission,
            sweeping: None,
        })
    }

    fn start(&mut self, _deadline: Deadline) -> Result<()> {
        if self.sweeper.has_work() {
            let sweeper = Arc::clone(&self.sweeper);
            let thread = thread::Builder::new().name("sweep".into());
            self.sweeping = Some(thread.spawn(move || sweeper.run())?);
        }
        Ok(())
    }

    fn stop(&mut self, deadline: Deadline) {
        self.sweeper.stop();
        // Those at work may end by themselves. What then is left is cut: uploads can be resumed.
        let patience = deadline.remaining().saturating_sub(CUT);
        if !self.admission.wait_idle(Instant::now() + patience) {
            self.service.stopping.store(true, Ordering::Relaxed);
            self.admission.wait_idle(deadline.instant());
        }
        if let Some(thread) = self.sweeping.take() {
            // A panic of the thread was printed; there is nothing left to do about it.
            let _ = thread.join();
        }
    }
}

impl Endpoint for Files {
    const ROUTES: &'static [Route] = &[
        on_api(Route::get("/v0/files")),
        on_api(Route::get("/v0/files/*")),
        on_api(Route::new("PUT", "/v0/files/*")).max_body(u64::MAX),
        on_api(Route::new("DELETE", "/v0/files/*")),
    ];

    fn handle(&self, request: Request, body: Body, reply: Reply, _: Deadline) -> Result<()> {
        let mut exchange = Exchange::new(request, body, reply);
        let Some(place) = self.admission.enter() else {
            self.service.refuse(&mut exchange, &crowded());
            return Ok(());
        };
        let service = Arc::clone(&self.service);
        let work = move || {
            service.serve(exchange);
            drop(place);
        };
        thread::Builder::new().name("transfer".into()).spawn(work)?;
        Ok(())
    }
}

const fn on_api(route: Route) -> Route {
    route.scope(Scope::Files).on(Listener::Api)
}

fn crowded() -> Refusal {
    Refusal::new(
        Reason::Crowded,
        "as many transfers are at work as may be",
        "try again in a second, or raise plugins.file-transfer.transfers",
    )
    .retry_after(Duration::from_secs(1))
}
