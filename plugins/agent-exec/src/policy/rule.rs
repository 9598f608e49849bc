//! One rule, made ready.

use std::{
    collections::BTreeMap,
    ffi::OsString,
    fs,
    path::{Path, PathBuf},
    time::Duration,
};

use gaxx_sdk::{Result, serde_json::json};

use super::{
    ANY, Permit, Policy, Reason, Refusal, check, environment,
    environment::Allowed,
    pattern::{Pattern, Shape},
    program::{Found, Program},
    users::Account,
};
use crate::{
    keeper::{Limits, Order},
    request::Request,
    settings::{self, Arguments, Confine, Settings},
};

/// One rule, made ready.
#[derive(Debug)]
pub(super) struct Rule {
    pub(super) name: String,
    pub(super) program: Program,
    pub(super) interpreter: bool,
    pub(super) callers: Vec<String>,
    pub(super) concurrent: usize,
    shape: Shape,
    users: Names,
    folders: Folders,
    allowed: Allowed,
    set: BTreeMap<String, String>,
    time: Duration,
    output: usize,
    confine: Confine,
    umask: u32,
}

/// Whom a rule's commands may run as.
#[derive(Debug)]
enum Names {
    All,
    These(Vec<String>),
}

/// Where a rule's commands may begin.
#[derive(Debug)]
enum Folders {
    All,
    /// `/` itself, which a command that reads and writes by absolute paths can begin in.
    Root,
    /// These, and what is beneath them.
    Beneath(Vec<PathBuf>),
}

impl Rule {
    pub(super) fn new(at: usize, rule: &settings::Rule, whole: &Settings) -> Result<Self> {
        let key = |name: &str| format!("rules[{at}].{name}");
        let pattern = |name: &str, text: &String| Pattern::new(&key(name), text);
        let more = rule
            .more_args
            .as_ref()
            .map(|text| pattern("more_args", text))
            .transpose()?;
        let shape = match &rule.args {
            Arguments::Any(_) => Shape::Any,
            Arguments::Patterns(texts) => {
                let each = texts
                    .iter()
                    .map(|text| pattern("args", text))
                    .collect::<Result<_>>()?;
                Shape::Patterns { each, more }
            }
        };
        let folders = match rule.work_folders.as_slice() {
            [] => Folders::Root,
            folders => Folders::Beneath(folders.to_vec()),
        };
        let confine = rule.confine.as_ref().unwrap_or(&whole.confine);
        let all = whole.max_concurrent;
        Ok(Self {
            name: rule.name.clone(),
            program: Program::new(&key("digest"), &rule.program, rule.digest.as_deref())?,
            interpreter: rule.interpreter,
            callers: rule.callers.clone(),
            concurrent: rule.max_concurrent.unwrap_or(all).min(all) as usize,
            shape,
            users: Names::These(rule.users.clone()),
            folders,
            allowed: Allowed::Names(rule.env.clone()),
            set: rule.set_env.clone(),
            time: rule.max_time.unwrap_or(whole.max_time).min(whole.max_time),
            output: rule
                .max_output
                .unwrap_or(whole.max_output)
                .min(whole.max_output)
                .length(),
            umask: check::umask(&key("confine"), confine)?,
            confine: confine.clone(),
        })
    }

    /// What holds for all commands with `allow: any`.
    pub(super) fn any(whole: &Settings) -> Result<Self> {
        Ok(Self {
            name: ANY.to_owned(),
            program: Program::new("", Path::new("/"), None)?,
            interpreter: true,
            callers: Vec::new(),
            concurrent: whole.max_concurrent as usize,
            shape: Shape::Any,
            users: Names::All,
            folders: Folders::All,
            allowed: Allowed::All,
            set: BTreeMap::new(),
            time: whole.max_time,
            output: whole.max_output.length(),
            umask: check::umask("confine", &whole.confine)?,
            confine: whole.confine.clone(),
        })
    }

    /// What the request becomes under this rule, whose program it is.
    pub(super) fn permit(
        &self,
        at: usize,
        request: &Request,
        found: &Found,
        policy: &Policy,
    ) -> Result<Permit, Refusal> {
        if let Some(at) = self.shape.misfit(&request.args) {
            return Err(Refusal::arguments(&self.name, at, &request.args));
        }
        let account = self.account(request, policy)?;
        let folder = self.folder(request)?;
        if let Some((name, _)) = request.env.iter().find(|(name, _)| !self.allowed.has(name)) {
            return Err(self.no_variable(name));
        }
        let time = request.timeout.unwrap_or(self.time);
        if time > self.time {
            return Err(self.too_long(time));
        }
        let image = self.program.image(found).map_err(|why| {
            Refusal::line(
                Reason::Digest,
                &self.name,
                &why,
                "set digest to that of the file you trust",
            )
        })?;
        // With `allow: any` the caller's own name of the program stands, links and all.
        let program = if self.is_any() {
            &found.path
        } else {
            &self.program.path
        };
        let order = Order {
            program: program.clone(),
            image,
            arguments: request.args.iter().map(OsString::from).collect(),
            environment: environment::of(policy.path_text(), &account, &self.set, &request.env),
            folder,
            user: policy.users.change(&account),
            umask: self.umask,
            limits: self.limits(),
            no_network: self.confine.no_network,
            landlock: self.confine.landlock.clone(),
        };
        Ok(Permit {
            rule: at,
            name: self.name.clone(),
            order,
            user: account.name,
            time,
            output: self.output,
        })
    }

    fn is_any(&self) -> bool {
        matches!(self.folders, Folders::All)
    }

    fn account(&self, request: &Request, policy: &Policy) -> Result<Account, Refusal> {
        let users = &policy.users;
        let wanted = match (&request.user, &self.users) {
            (Some(wanted), _) => wanted,
            (None, Names::These(names)) if !names.is_empty() => &names[0],
            (None, _) => return Ok(users.own().clone()),
        };
        let unknown = || {
            let why = format!("there is no user {wanted:?} in /etc/passwd");
            Refusal::of(
                Reason::User,
                &self.name,
                &why,
                "name one that is there".to_owned(),
            )
        };
        let account = users.find(wanted).ok_or_else(unknown)?;
        let may = match &self.users {
            Names::All => true,
            Names::These(names) if names.is_empty() => account.uid == users.own().uid,
            Names::These(names) => names
                .iter()
                .any(|name| users.find(name).as_ref() == Some(&account)),
        };
        if may {
            return Ok(account);
        }
        let why = format!("it does not run as {:?}", account.name);
        Err(Refusal::line(
            Reason::User,
            &self.name,
            &why,
            &format!("add {} to users", json!(account.name)),
        ))
    }

    fn folder(&self, request: &Request) -> Result<PathBuf, Refusal> {
        let default = match &self.folders {
            Folders::Beneath(folders) => folders.first().map(PathBuf::as_path),
            Folders::Root | Folders::All => None,
        };
        let default = default.unwrap_or(Path::new("/"));
        let wanted = request.work_dir.as_deref().map_or(default, Path::new);
        let refused =
            |why: String, remedy: String| Refusal::of(Reason::Folder, &self.name, &why, remedy);
        let resolved = fs::canonicalize(wanted).map_err(|error| {
            let why = format!(
                "the work_dir {} cannot be entered: {error}",
                wanted.display()
            );
            refused(why, "name a folder that is there".to_owned())
        })?;
        let within = |folder: &PathBuf| {
            fs::canonicalize(folder).is_ok_and(|folder| resolved.starts_with(folder))
        };
        let may = match &self.folders {
            Folders::All => true,
            Folders::Root => resolved == Path::new("/"),
            Folders::Beneath(folders) => folders.iter().any(within),
        };
        if may {
            return Ok(resolved);
        }
        let shown = resolved.display().to_string();
        let why = format!("it does not run in {shown}");
        Err(Refusal::line(
            Reason::Folder,
            &self.name,
            &why,
            &format!("add {} to work_folders", json!(shown)),
        ))
    }

    fn no_variable(&self, name: &str) -> Refusal {
        let short: String = name.chars().take(80).collect();
        if environment::is_the_loaders(name) {
            let why = format!(
                "no request may set {short:?}, which decides what code a program loads, or is the agent's own"
            );
            return Refusal::of(
                Reason::Variable,
                &self.name,
                &why,
                "set it in the rule's set_env".to_owned(),
            );
        }
        let why = format!("a request may not set the variable {short:?}");
        Refusal::line(
            Reason::Variable,
            &self.name,
            &why,
            &format!("add {} to env", json!(short)),
        )
    }

    fn too_long(&self, asked: Duration) -> Refusal {
        let most = humantime::format_duration(self.time);
        let why = format!(
            "it may run for {most}, and {} s are asked for",
            asked.as_secs_f64()
        );
        Refusal::line(
            Reason::Time,
            &self.name,
            &why,
            "a larger max_time, and also in plugins.agent-exec.max_time",
        )
    }

    fn limits(&self) -> Limits {
        Limits {
            cpu: self.confine.max_cpu,
            memory: self.confine.max_memory.map(gaxx_sdk::Size::bytes),
            files: self.confine.max_open_files,
            processes: self.confine.max_processes,
            file_size: self.confine.max_file_size.map(gaxx_sdk::Size::bytes),
        }
    }
}
