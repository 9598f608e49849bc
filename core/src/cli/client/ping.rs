//! Asks a node's agent how it is.

use std::{process::ExitCode, time::Duration};

use clap::Args;
use tokio::time::sleep;

use super::{connect::Connect, interrupt::Interrupt, runtime};
use crate::{
    cli::{
        arguments::{Common, RowFormat},
        load::refuse,
        style,
    },
    client::{Client, ClientError, Heartbeat},
};

/// What `gaxx-mon ping` understands. Exit status 1 tells that a heartbeat was missing.
#[derive(Debug, Args)]
pub(in crate::cli) struct Ping {
    #[command(flatten)]
    connect: Connect,
    /// How many heartbeats to ask for
    #[arg(long, short, value_name = "N", default_value_t = 1)]
    count: u32,
    /// How long to wait between them
    #[arg(long, value_name = "TIME", default_value = "1s", value_parser = humantime::parse_duration)]
    interval: Duration,
    /// How to print it
    #[arg(long, value_enum, default_value = "text")]
    format: RowFormat,
}

pub(in crate::cli) fn run(common: &Common, ping: &Ping) -> ExitCode {
    match ping.connect.client(common) {
        Ok(client) => runtime::run(ask(&client, ping)),
        Err(code) => code,
    }
}

async fn ask(client: &Client, ping: &Ping) -> ExitCode {
    let mut interrupt = match Interrupt::new() {
        Ok(interrupt) => interrupt,
        Err(error) => return refuse(&format!("cannot follow signals: {error}")),
    };
    let mut times = Vec::new();
    let mut asked = 0;
    while asked < ping.count {
        if asked > 0 {
            tokio::select! {
                () = sleep(ping.interval) => {}
                () = interrupt.next() => break,
            }
        }
        asked += 1;
        let answer = tokio::select! {
            answer = client.ping() => answer,
            () = interrupt.next() => break,
        };
        tell(client, ping.format, &answer);
        times.extend(answer.ok().map(|(_, time)| time));
    }
    if ping.count > 1 && ping.format == RowFormat::Text {
        style::say(&summary(asked, &times));
    }
    if times.len() == asked as usize && asked > 0 {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}

fn tell(client: &Client, format: RowFormat, answer: &Result<(Heartbeat, Duration), ClientError>) {
    match (answer, format) {
        (Err(error), _) => eprintln!("gaxx-mon: {error}"),
        (Ok((beat, time)), RowFormat::Json) => {
            let mut object = serde_json::to_value(beat).expect("a heartbeat is plain data");
            object["round_trip_seconds"] = time.as_secs_f64().into();
            style::say(&format!("{object}\n"));
        }
        (Ok((beat, time)), RowFormat::Text) => {
            let served: Vec<&str> = beat.capabilities().into_iter().collect();
            style::say(&format!(
                "{}: {:.3} ms, node {}, version {}, {}\n",
                client.node(),
                time.as_secs_f64() * 1000.0,
                beat.node_id,
                beat.version,
                served.join(", "),
            ));
            if let Some(warning) = &beat.warning {
                eprintln!("gaxx-mon: {}: {warning}", client.node());
            }
        }
    }
}

/// How many came, and how long they took.
fn summary(asked: u32, times: &[Duration]) -> String {
    let came = times.len();
    let times_taken = match (times.iter().min(), times.iter().max()) {
        (Some(least), Some(most)) => {
            let mean = times.iter().sum::<Duration>().as_secs_f64() * 1000.0 / came as f64;
            let ms = |time: &Duration| time.as_secs_f64() * 1000.0;
            let (least, most) = (ms(least), ms(most));
            format!("; min {least:.3} ms, mean {mean:.3} ms, max {most:.3} ms")
        }
        _ => String::new(),
    };
    format!("{came} of {asked} heartbeats came{times_taken}\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_summary_counts_what_came() {
        assert_eq!(summary(2, &[]), "0 of 2 heartbeats came\n");
        let times = [Duration::from_millis(1), Duration::from_millis(3)];
        assert_eq!(
            summary(2, &times),
            "2 of 2 heartbeats came; min 1.000 ms, mean 2.000 ms, max 3.000 ms\n"
        );
    }
}
