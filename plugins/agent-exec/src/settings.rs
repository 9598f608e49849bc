//! Settings under `plugins.agent-exec` in config.yaml: what may run, and how.

use std::{collections::BTreeMap, path::PathBuf};

use gaxx_sdk::{prelude::*, schemars};
use serde::{Deserialize, Serialize};

/// What callers may run on this node.
#[settings]
pub(crate) struct Settings {
    /// What may run: `nothing`, what the `rules` say, or `any` program with any arguments. The last
    /// gives every caller with the scope `exec` the whole account that the agent runs as.
    #[default(Allow::Nothing)]
    pub(crate) allow: Allow,
    /// The commands that may run, with `allow: rules`. The first rule that fits is the one that
    /// holds.
    #[default]
    pub(crate) rules: Vec<Rule>,
    /// The folders in which a command without a slash is looked for, and the PATH of commands.
    #[default(folders(&["/usr/local/sbin", "/usr/local/bin", "/usr/sbin", "/usr/bin", "/sbin", "/bin"]))]
    pub(crate) path: Vec<PathBuf>,
    /// How long a command may run. A request may ask for less, and a rule may say less.
    #[default(Duration::from_hours(1))]
    pub(crate) max_time: Duration,
    /// How much is kept of what a command prints, for each of its two streams. What is over is
    /// counted and left out, and the answer says so. A streamed answer is not cut.
    #[default(Size::mib(1))]
    pub(crate) max_output: Size,
    /// How much a streamed answer may carry of each stream; without it, all of it.
    pub(crate) max_streamed: Option<Size>,
    /// Whether a command that prints more than it may is ended, instead of its output being cut.
    #[default]
    pub(crate) end_at_max_output: bool,
    /// How many commands may run at once.
    #[default(32)]
    #[schemars(range(min = 1, max = 1024))]
    pub(crate) max_concurrent: u32,
    /// How many requests may wait for that; one more is answered 429.
    #[default(64)]
    #[schemars(range(min = 0, max = 4096))]
    pub(crate) max_queue: u32,
    /// How long a request waits for its turn before it is answered 429.
    #[default(Duration::from_secs(30))]
    pub(crate) queue_time: Duration,
    /// How large a request may be whose input is in it. Input that is streamed has no limit.
    #[default(Size::mib(8))]
    pub(crate) max_request: Size,
    /// How commands are confined, where their rule does not say.
    #[default]
    pub(crate) confine: Confine,
    /// How requests with a key are remembered.
    #[default]
    pub(crate) idempotency: Idempotency,
    /// How many commands that have ended are listed.
    #[default(100)]
    #[schemars(range(min = 0, max = 10_000))]
    pub(crate) max_recent: u32,
}

/// What may run.
#[settings]
pub(crate) enum Allow {
    Nothing,
    Rules,
    Any,
}

/// A command that may run.
#[settings]
pub(crate) struct Rule {
    /// What it is called in refusals, in the audit log and in the list of commands.
    pub(crate) name: String,
    /// The absolute path of the program. Links are followed before programs are compared.
    pub(crate) program: PathBuf,
    /// The digest that the program's file must have, as `blake3:HEX` or `sha256:HEX`; what was
    /// checked is what runs.
    pub(crate) digest: Option<String>,
    /// Whether the program may be one that runs what its arguments say: a shell, an interpreter,
    /// `env`, `sudo` and the like.
    #[default]
    pub(crate) interpreter: bool,
    /// A pattern for each argument, as an anchored regular expression, or `any`. Without it the
    /// program gets no arguments.
    #[default(Arguments::Patterns(Vec::new()))]
    pub(crate) args: Arguments,
    /// A pattern for each argument beyond those of `args`; without it there are none.
    pub(crate) more_args: Option<String>,
    /// Who may use the rule, by name; empty: everyone with the scope `exec`.
    #[default]
    pub(crate) callers: Vec<String>,
    /// The users that it may run as; the first where a request names none. Empty: the agent's own.
    #[default]
    pub(crate) users: Vec<String>,
    /// The folders in which, or beneath which, it may begin; the first where a request names none.
    /// Empty: `/` alone.
    #[default]
    pub(crate) work_folders: Vec<PathBuf>,
    /// The variables that a request may set, by name; `APP_*` stands for all that begin so.
    #[default]
    pub(crate) env: Vec<String>,
    /// Variables that are set in any case. Their values may be secrets, and are shown nowhere.
    #[default]
    #[schemars(extend("writeOnly" = true))]
    pub(crate) set_env: BTreeMap<String, String>,
    /// How long it may run, where that is less than `max_time` of all.
    pub(crate) max_time: Option<Duration>,
    /// How much is kept of what it prints, where that is less than `max_output` of all.
    pub(crate) max_output: Option<Size>,
    /// How many commands of this rule may run at once.
    #[schemars(range(min = 1, max = 1024))]
    pub(crate) max_concurrent: Option<u32>,
    /// How it is confined, in place of what holds for all.
    pub(crate) confine: Option<Confine>,
}

/// The arguments that a rule allows.
#[derive(Debug, Clone, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(untagged, expecting = "expected the word `any` or a list of patterns")]
#[schemars(crate = "::gaxx_sdk::schemars")]
pub(crate) enum Arguments {
    /// Whatever they are.
    Any(Any),
    /// A pattern for each.
    Patterns(Vec<String>),
}

/// The word `any`.
#[settings]
pub(crate) enum Any {
    Any,
}

/// How a command is confined. What is demanded and cannot be had is a refusal.
#[settings]
pub(crate) struct Confine {
    /// Which bits of the mode of new files are cleared, in octal.
    #[default("022".to_owned())]
    pub(crate) umask: String,
    /// How much memory each of its processes may have for data.
    pub(crate) max_memory: Option<Size>,
    /// How much CPU time each of its processes may use, in whole seconds.
    pub(crate) max_cpu: Option<Duration>,
    /// How many files each of its processes may have open.
    #[schemars(range(min = 16))]
    pub(crate) max_open_files: Option<u64>,
    /// How many processes its user may have; it does not hold root.
    #[schemars(range(min = 1))]
    pub(crate) max_processes: Option<u64>,
    /// How large a file may be that it writes.
    pub(crate) max_file_size: Option<Size>,
    /// Whether it has no network.
    #[default]
    pub(crate) no_network: bool,
    /// The folders beneath which alone it may write, by Landlock; without it, where its user may.
    pub(crate) landlock: Option<Vec<PathBuf>>,
}

/// How requests with a key are remembered.
#[settings]
pub(crate) struct Idempotency {
    /// For how long a key is known.
    #[default(Duration::from_hours(24))]
    pub(crate) keep: Duration,
    /// How many keys are known at once; beyond, requests with a new key are refused.
    #[default(100_000)]
    #[schemars(range(min = 1, max = 10_000_000))]
    pub(crate) max_keys: u32,
    /// How much disk they take. Beyond, the oldest outputs are forgotten, and then requests with a
    /// new key are refused.
    #[default(Size::mib(64))]
    pub(crate) max_size: Size,
}

fn folders(paths: &[&str]) -> Vec<PathBuf> {
    paths.iter().map(PathBuf::from).collect()
}
