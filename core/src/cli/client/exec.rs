//! Runs a command on a node.

use std::{io, process::ExitCode, time::Duration};

use clap::Args;
use serde_json::json;

use super::{
    connect::Connect,
    input,
    interrupt::Interrupt,
    output::Output,
    runtime,
    status::{self, CANCELLED, TROUBLE, UNREAD},
};
use crate::{
    cli::{arguments::Common, style},
    client::{
        Client, ClientError,
        exec::{Event, Input, Order, Report, Running},
    },
    task,
};

/// What `gaxx-mon exec` understands.
///
/// Its exit status is the command's: 128 and the signal's number if a signal ended it, 124 if its
/// time was over, 125 if the node, its policy or the connection was in the way, 126 if it could not
/// be run, 127 if there is no such command, 130 if it was cancelled.
#[derive(Debug, Args)]
pub(in crate::cli) struct Exec {
    #[command(flatten)]
    connect: Connect,
    /// End it after so long [default: the node's limit]
    #[arg(long, value_name = "TIME", value_parser = humantime::parse_duration)]
    timeout: Option<Duration>,
    /// A variable of its environment; may be given several times
    #[arg(long, value_name = "KEY=VALUE", value_parser = variable)]
    env: Vec<String>,
    /// The folder it runs in
    #[arg(long, value_name = "FOLDER")]
    work_dir: Option<String>,
    /// The user it runs as
    #[arg(long, value_name = "USER")]
    user: Option<String>,
    /// The node runs the same key once, however often it is asked: so a lost connection is made good
    #[arg(long, value_name = "KEY")]
    idempotency_key: Option<String>,
    /// Pass standard input on, although it is a terminal
    #[arg(long, short)]
    input: bool,
    /// Pass no input on
    #[arg(long, short, conflicts_with = "input")]
    no_input: bool,
    /// Print the report as JSON when it has ended, its output in it
    #[arg(long)]
    json: bool,
    /// The command and what it is given
    #[arg(last = true, required = true, value_name = "COMMAND")]
    command: Vec<String>,
}

pub(in crate::cli) fn run(common: &Common, exec: &Exec) -> ExitCode {
    let Ok(client) = exec.connect.client(common) else {
        return TROUBLE.into();
    };
    let key = exec.idempotency_key.is_some();
    match input::open(exec.input, exec.no_input, key) {
        Ok(input) => runtime::run(follow(&client, exec, input)),
        Err(error) => trouble(&error),
    }
}

impl Exec {
    fn order(&self) -> Order {
        let (command, args) = self.command.split_first().expect("clap requires one");
        Order {
            command: command.clone(),
            args: args.to_vec(),
            env: self.env.clone(),
            timeout: self.timeout,
            work_dir: self.work_dir.clone(),
            user: self.user.clone(),
            key: self.idempotency_key.clone(),
        }
    }
}

/// Follows the command to its end.
async fn follow(client: &Client, exec: &Exec, input: Input) -> ExitCode {
    let mut interrupt = match Interrupt::new() {
        Ok(interrupt) => interrupt,
        Err(error) => return trouble(&format!("cannot follow signals: {error}")),
    };
    let mut running = client.exec(exec.order(), input);
    let mut output = Output::new(exec.json);
    let mut cancelling = false;
    loop {
        let event = tokio::select! {
            event = step(&mut running, &mut output) => event,
            () = interrupt.next() => {
                if cancelling {
                    eprintln!("gaxx-mon: left; the node was asked to end the command, and had not said yet that it has");
                    return CANCELLED.into();
                }
                cancelling = true;
                if !cancel(client, &running) {
                    return CANCELLED.into();
                }
                continue;
            }
        };
        match event {
            Ok(None) => {}
            Ok(Some(mut report)) => {
                output.settle(&mut report);
                return end(exec, &report, output);
            }
            Err(Failed::Node(error)) => return refused(exec, &error),
            Err(Failed::Output(error)) => return unread(&error),
        }
    }
}

/// Why the command is not followed any more.
enum Failed {
    Node(ClientError),
    Output(io::Error),
}

/// What happens next; the report once it has ended. It may be dropped while it waits.
async fn step(running: &mut Running, output: &mut Output) -> Result<Option<Box<Report>>, Failed> {
    output.written().await.map_err(Failed::Output)?;
    match running.next().await.map_err(Failed::Node)? {
        Event::Started { .. } => {}
        Event::Output(channel, bytes) => output.take(channel, bytes),
        Event::Again { error, wait } => {
            eprintln!(
                "gaxx-mon: {error}; trying again in {}",
                humantime::format_duration(wait)
            );
        }
        Event::Ended(report) => return Ok(Some(report)),
    }
    Ok(None)
}

/// Asks the node to end the command; answers whether its end is to be waited for.
fn cancel(client: &Client, running: &Running) -> bool {
    let Some(id) = running.id().map(str::to_owned) else {
        eprintln!(
            "gaxx-mon: cancelled before the node had begun; the connection is closed, at which it begins nothing, and ends what it has begun"
        );
        return false;
    };
    eprintln!("gaxx-mon: asking the node to end the command; once more leaves at once");
    let client = client.clone();
    task::spawn("cancel", async move {
        if let Err(error) = client.cancel(&id).await {
            eprintln!("gaxx-mon: {error}");
        }
    });
    true
}

fn end(exec: &Exec, report: &Report, output: Output) -> ExitCode {
    if let Some(remark) = status::remark(report) {
        eprintln!("gaxx-mon: {remark}");
    }
    if exec.json {
        style::say(&format!("{:#}\n", output.into_json(report)));
    }
    status::of(report).into()
}

/// The node, or the way to it, would not have it.
fn refused(exec: &Exec, error: &ClientError) -> ExitCode {
    eprintln!("gaxx-mon: {error}");
    let Some(answer) = error.answer() else {
        return TROUBLE.into();
    };
    if exec.json {
        let report = json!({
            "outcome": "refused",
            "status": answer.status.as_u16(),
            "reason": answer.reason,
            "error": answer.error,
            "remedy": answer.remedy,
        });
        style::say(&format!("{report:#}\n"));
    }
    status::of_answer(answer).into()
}

fn trouble(error: &impl ToString) -> ExitCode {
    eprintln!("gaxx-mon: {}", error.to_string());
    TROUBLE.into()
}

/// The connection closes when this program ends, and the node ends the command.
fn unread(error: &io::Error) -> ExitCode {
    if error.kind() == io::ErrorKind::BrokenPipe {
        return UNREAD.into();
    }
    trouble(&format!(
        "cannot write the command's output: {error}; it is cancelled"
    ))
}

fn variable(text: &str) -> Result<String, String> {
    match text.split_once('=') {
        Some((name, _)) if !name.is_empty() => Ok(text.to_owned()),
        _ => Err("write KEY=VALUE".to_owned()),
    }
}
