//! Why a request may not run, and what would let it.

use std::path::Path;

use gaxx_sdk::serde_json::json;

use super::ProgramError;

/// At what a request failed. The later in this list, the nearer it came to being allowed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Reason {
    /// Nothing may run.
    Nothing,
    /// No rule names the program.
    Program,
    /// The program is an interpreter, and the rule does not say that it knows.
    Interpreter,
    /// The rule is for other callers.
    Caller,
    /// The arguments are others.
    Arguments,
    /// The rule is for other users.
    User,
    /// The rule is for other folders.
    Folder,
    /// The rule lets no such variable be set.
    Variable,
    /// More time is asked for than is allowed.
    Time,
    /// The file of the program is another one.
    Digest,
}

/// Why a request may not run: which rule came nearest, at what it failed, and what would allow it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{why}")]
pub(crate) struct Refusal {
    pub(crate) reason: Reason,
    /// The rule that came nearest.
    pub(crate) rule: Option<String>,
    pub(crate) why: String,
    /// What to do, with the lines of the configuration.
    pub(crate) remedy: String,
}

impl Reason {
    pub(crate) const ALL: [Self; 10] = [
        Self::Nothing,
        Self::Program,
        Self::Interpreter,
        Self::Caller,
        Self::Arguments,
        Self::User,
        Self::Folder,
        Self::Variable,
        Self::Time,
        Self::Digest,
    ];

    /// A word for programs.
    pub(crate) const fn label(self) -> &'static str {
        match self {
            Self::Nothing => "nothing_allowed",
            Self::Program => "program",
            Self::Interpreter => "interpreter",
            Self::Caller => "caller",
            Self::Arguments => "arguments",
            Self::User => "user",
            Self::Folder => "work_dir",
            Self::Variable => "env",
            Self::Time => "timeout",
            Self::Digest => "digest",
        }
    }
}

/// A text as YAML takes it in any place: JSON is YAML.
fn quoted(text: &str) -> String {
    json!(text).to_string()
}

impl Refusal {
    /// A rule whose program fits refuses.
    pub(super) fn of(reason: Reason, rule: &str, why: &str, remedy: String) -> Self {
        Self {
            reason,
            rule: Some(rule.to_owned()),
            why: format!("rule {rule}: {why}"),
            remedy,
        }
    }

    /// As [`Refusal::of`], where one line of the rule would allow it.
    pub(super) fn line(reason: Reason, rule: &str, why: &str, line: &str) -> Self {
        Self::of(
            reason,
            rule,
            why,
            format!("in plugins.agent-exec.rules, in the rule {rule}: {line}"),
        )
    }

    pub(super) fn nothing_runs(command: &str) -> Self {
        let example = if command.starts_with('/') {
            command
        } else {
            "/usr/bin/uptime"
        };
        Self {
            reason: Reason::Nothing,
            rule: None,
            why: "nothing may run on this node: plugins.agent-exec.allow is `nothing`".to_owned(),
            remedy: format!(
                "in the agent's configuration: plugins: {{agent-exec: {{allow: rules, rules: [{{name: example, program: {}}}]}}}}",
                quoted(example)
            ),
        }
    }

    pub(super) fn program(command: &str, error: &ProgramError) -> Self {
        let remedy = match error {
            ProgramError::NotInPath(_) => {
                "send the absolute path of a program, or add its folder to plugins.agent-exec.path"
            }
            ProgramError::Relative => "send an absolute path, or the name alone",
            ProgramError::Unreadable { .. } | ProgramError::NoFile(_) => {
                "send the path of a program that is there"
            }
            ProgramError::NotExecutable(_) => {
                "make it executable, or send the path of another program"
            }
        };
        Self {
            reason: Reason::Program,
            rule: None,
            why: format!("the command {command:?} is no program: {error}"),
            remedy: remedy.to_owned(),
        }
    }

    pub(super) fn other_program(rule: &str) -> Self {
        Self::of(
            Reason::Program,
            rule,
            "it is for another program",
            String::new(),
        )
    }

    pub(super) fn no_rule(program: &Path, arguments: &[String], interpreter: bool) -> Self {
        let patterns: Vec<String> = arguments
            .iter()
            .take(8)
            .map(|argument| escaped(argument))
            .collect();
        let grant = if interpreter {
            ", interpreter: true"
        } else {
            ""
        };
        let more = if arguments.len() > 8 {
            ", more_args: \".*\""
        } else {
            ""
        };
        let program = program.display().to_string();
        Self {
            reason: Reason::Program,
            rule: None,
            why: format!("no rule allows the program {program}"),
            remedy: format!(
                "add to plugins.agent-exec.rules: - {{name: NAME, program: {}{grant}, args: {}{more}}}",
                quoted(&program),
                json!(patterns)
            ),
        }
    }

    pub(super) fn interpreter(rule: &str, program: &Path) -> Self {
        let why = format!(
            "{} runs what its arguments say, and the rule does not say that this is wanted",
            program.display()
        );
        Self::line(Reason::Interpreter, rule, &why, "interpreter: true")
    }

    pub(super) fn caller(rule: &str, caller: &str) -> Self {
        let why = format!("it is not for the caller {caller:?}");
        Self::line(
            Reason::Caller,
            rule,
            &why,
            &format!("add {} to callers", quoted(caller)),
        )
    }

    pub(super) fn arguments(rule: &str, at: usize, arguments: &[String]) -> Self {
        let Some(argument) = arguments.get(at) else {
            let why = format!("argument {} is missing", at + 1);
            let remedy = "send it, or take its pattern out of args".to_owned();
            return Self::of(Reason::Arguments, rule, &why, remedy);
        };
        let short: String = argument.chars().take(80).collect();
        let why = format!("argument {} ({short:?}) does not fit", at + 1);
        let pattern = quoted(&escaped(&short));
        let line = format!("a pattern in args, in place {}: {pattern}", at + 1);
        Self::line(Reason::Arguments, rule, &why, &line)
    }
}

/// A pattern that fits this text and no other.
fn escaped(text: &str) -> String {
    let special = |c: &char| "\\.+*?()|[]{}^$".contains(*c);
    let short = text.chars().take(80);
    short
        .flat_map(|c| special(&c).then_some('\\').into_iter().chain([c]))
        .collect()
}
