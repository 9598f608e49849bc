//! Fetches a profile and says what stands out in it.
//!
//! ```text
//!  arguments ─▶ order ─▶ fetch ─▶ decode ─▶ top     by function ─▶ text | JSON
//!                                    │  └──▶ costs   by label     ─┘
//!                                    └─▶ save        as it came
//! ```

mod arguments;
mod costs;
mod decode;
mod fetch;
mod name;
mod order;
mod report;
mod save;
#[cfg(test)]
mod testing;
mod text;
mod top;
mod unit;
mod waiting;

use std::process::ExitCode;

pub(in crate::cli) use self::arguments::Profile;
use self::{
    fetch::Fetched,
    order::Order,
    report::{Choice, Report},
    top::By,
};
use super::{connect::Settings, runtime, status::CANCELLED};
use crate::cli::{
    arguments::{Common, RowFormat},
    load::refuse,
    style,
};

pub(in crate::cli) fn run(common: &Common, profile: &Profile) -> ExitCode {
    let (order, manner) = (profile.order(), profile.manner());
    // Before the profile is taken, which may be minutes.
    if let Some(Err(error)) = manner.output.as_deref().map(save::check) {
        return refuse(&error);
    }
    let settings = match Settings::read(common) {
        Ok(settings) => settings,
        Err(code) => return code,
    };
    let nodes = match fetch::nodes(manner, settings.config()) {
        Ok(nodes) => nodes,
        Err(error) => return refuse(&error),
    };
    runtime::run(async {
        match fetch::fetch(&nodes, &order).await {
            Ok(Fetched::Whole { node, bytes }) => {
                let done = show(&bytes, &order, manner).and_then(|()| keep(&bytes, manner));
                done.map_or_else(
                    |error| refuse(&format!("gaxx-mon: {node}: {error}")),
                    |()| ExitCode::SUCCESS,
                )
            }
            Ok(Fetched::Interrupted) => CANCELLED.into(),
            Err(error) => refuse(&format!("gaxx-mon: {error}")),
        }
    })
}

/// Prints what stands out.
fn show(bytes: &[u8], order: &Order, manner: &arguments::Manner) -> Result<(), String> {
    let profile = decode::decode(bytes).map_err(|error| error.to_string())?;
    let choice = Choice {
        most: manner.top,
        values: manner.sample_index.as_deref(),
        by: if manner.cum { By::Cum } else { By::Flat },
    };
    let report = Report::of(&profile, order, &choice).map_err(|error| error.to_string())?;
    match manner.format {
        RowFormat::Json => style::say(&format!("{:#}\n", report.json())),
        RowFormat::Text => style::say(&text::of(&report, text::width())),
    }
    Ok(())
}

/// Writes the profile where it was asked for.
fn keep(bytes: &[u8], manner: &arguments::Manner) -> Result<(), String> {
    let Some(file) = &manner.output else {
        return Ok(());
    };
    save::save(file, bytes).map_err(|error| error.to_string())?;
    let shown = file.display();
    eprintln!("gaxx-mon: written to {shown}; `go tool pprof {shown}` looks closer");
    Ok(())
}
