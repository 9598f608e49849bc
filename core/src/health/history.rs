//! What has become of checks, kept across restarts.

use std::{
    collections::{BTreeMap, VecDeque},
    fs::{self, File},
    io::{self, BufRead, BufReader, Read, Seek, SeekFrom, Write},
    path::{Path, PathBuf},
    sync::{
        Arc,
        mpsc::{self, SyncSender},
    },
    thread,
    time::Duration,
};

use parking_lot::Mutex;
use serde::{Deserialize, Serialize};

use super::Transition;
use crate::{config::Timestamp, durable};

/// Changes that are kept of one check.
const MOST_OF_ONE: usize = 100;
/// Changes that are kept of all.
const MOST: usize = 10_000;
/// From so many lines on the file is written anew, with what is kept.
const MOST_LINES: usize = 2 * MOST;
/// The longest line that is read, in bytes.
const LONGEST: u64 = 64 << 10;
/// Lines that may wait for the disk.
const WAITING: usize = 4096;

/// A change that is kept.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Past {
    /// The name of the check.
    pub check: String,
    /// What it was.
    pub from: String,
    /// What it became.
    pub to: String,
    /// When.
    pub time: Timestamp,
    /// What it said.
    pub message: String,
}

/// What has become of checks.
#[derive(Debug, Default)]
pub(super) struct History {
    kept: Arc<Mutex<Kept>>,
    writer: Mutex<Option<SyncSender<Order>>>,
}

#[derive(Debug, Default)]
struct Kept {
    by_check: BTreeMap<String, VecDeque<Past>>,
    count: usize,
}

enum Order {
    Write(Past),
    /// Tells when all before it is written.
    Flush(SyncSender<()>),
}

impl History {
    /// Takes in what an earlier program has kept in this folder, and keeps what comes there.
    pub(super) fn keep_in(&self, folder: &Path) {
        let file = folder.join("history.jsonl");
        let (past, lines) = match read(&file) {
            Ok(read) => read,
            Err(error) if error.kind() == io::ErrorKind::NotFound => (Vec::new(), 0),
            Err(error) => {
                tracing::warn!(file = %file.display(), %error, "the history of checks cannot be read");
                (Vec::new(), 0)
            }
        };
        let new = {
            let mut kept = self.kept.lock();
            let new: Vec<Past> = kept.by_check.values().flatten().cloned().collect();
            *kept = Kept::default();
            past.into_iter()
                .chain(new.clone())
                .for_each(|it| kept.add(it));
            new
        };
        let (sender, orders) = mpsc::sync_channel(WAITING);
        let keeper = Keeper {
            file,
            kept: Arc::clone(&self.kept),
            out: None,
            lines,
            told: false,
        };
        let run = move || keeper.run(&orders);
        match thread::Builder::new().name("history".to_owned()).spawn(run) {
            Ok(_) => {
                for past in new {
                    // There is room for what came before anybody looked.
                    let _ = sender.try_send(Order::Write(past));
                }
                *self.writer.lock() = Some(sender);
            }
            Err(error) => tracing::warn!(%error, "the history of checks is not kept"),
        }
    }

    /// Takes a change in.
    pub(super) fn add(&self, change: &Transition) {
        let past = Past {
            check: change.check.clone(),
            from: change.from.label().to_owned(),
            to: change.to.label().to_owned(),
            time: change.time.into(),
            message: change.message.clone(),
        };
        if let Some(writer) = &*self.writer.lock()
            && writer.try_send(Order::Write(past.clone())).is_err()
        {
            tracing::warn!(
                check = change.check,
                "its change is not kept: the disk does not follow"
            );
        }
        self.kept.lock().add(past);
    }

    /// The newest first: of this check, or of all.
    pub(super) fn newest(&self, check: Option<&str>, most: usize) -> Vec<Past> {
        let kept = self.kept.lock();
        let mut all: Vec<Past> = match check {
            Some(check) => kept
                .by_check
                .get(check)
                .into_iter()
                .flatten()
                .cloned()
                .collect(),
            None => kept.by_check.values().flatten().cloned().collect(),
        };
        drop(kept);
        // Those of one time stay in their order.
        all.reverse();
        all.sort_by_key(|past| std::cmp::Reverse(past.time));
        all.truncate(most);
        all
    }

    /// Waits until all is written, at most so long.
    pub(super) fn flush(&self, within: Duration) {
        let Some(writer) = self.writer.lock().clone() else {
            return;
        };
        let (sender, written) = mpsc::sync_channel(1);
        if writer.try_send(Order::Flush(sender)).is_ok() {
            // Too late is too late.
            let _ = written.recv_timeout(within);
        }
    }
}

impl Kept {
    fn add(&mut self, past: Past) {
        let of_check = self.by_check.entry(past.check.clone()).or_default();
        of_check.push_back(past);
        self.count += 1;
        if of_check.len() > MOST_OF_ONE {
            of_check.pop_front();
            self.count -= 1;
        }
        if self.count > MOST {
            self.forget_oldest();
        }
    }

    fn forget_oldest(&mut self) {
        let fronts = self.by_check.iter();
        let fronts = fronts.filter_map(|(check, past)| Some((past.front()?.time, check.clone())));
        let Some((_, check)) = fronts.min() else {
            return;
        };
        if let Some(of_check) = self.by_check.get_mut(&check) {
            of_check.pop_front();
            self.count -= 1;
            if of_check.is_empty() {
                self.by_check.remove(&check);
            }
        }
    }
}

/// What writes them down.
struct Keeper {
    file: PathBuf,
    kept: Arc<Mutex<Kept>>,
    out: Option<File>,
    lines: usize,
    /// Whether the log says that it cannot be written.
    told: bool,
}

impl Keeper {
    fn run(mut self, orders: &mpsc::Receiver<Order>) {
        while let Ok(order) = orders.recv() {
            match order {
                Order::Write(past) => match self.write(&past) {
                    Ok(()) => self.told = false,
                    Err(error) => {
                        self.out = None;
                        if !std::mem::replace(&mut self.told, true) {
                            tracing::warn!(file = %self.file.display(), %error, "the history of checks cannot be written");
                        }
                    }
                },
                Order::Flush(written) => {
                    // Nobody waits any more where it took long.
                    let _ = written.send(());
                }
            }
        }
    }

    fn write(&mut self, past: &Past) -> io::Result<()> {
        if self.lines >= MOST_LINES {
            self.rewrite()?;
        }
        let mut line = serde_json::to_vec(past)?;
        line.push(b'\n');
        let out = match &mut self.out {
            Some(out) => out,
            none => none.insert(open(&self.file)?),
        };
        out.write_all(&line)?;
        self.lines += 1;
        Ok(())
    }

    /// Writes the file anew, with what is kept.
    fn rewrite(&mut self) -> io::Result<()> {
        let mut all: Vec<Past> = {
            let kept = self.kept.lock();
            kept.by_check.values().flatten().cloned().collect()
        };
        all.sort_by_key(|past| past.time);
        let mut bytes = Vec::new();
        for past in &all {
            serde_json::to_writer(&mut bytes, past)?;
            bytes.push(b'\n');
        }
        self.out = None;
        durable::put(&self.file, &bytes, 0o600)?;
        self.lines = all.len();
        Ok(())
    }
}

/// Opens it for what comes. A last line that was cut off is ended.
fn open(file: &Path) -> io::Result<File> {
    if let Some(folder) = file.parent() {
        fs::create_dir_all(folder)?;
    }
    let mut options = File::options();
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut out = options.read(true).append(true).create(true).open(file)?;
    if out.seek(SeekFrom::End(0))? > 0 {
        out.seek(SeekFrom::End(-1))?;
        let mut last = [0];
        out.read_exact(&mut last)?;
        if last != *b"\n" {
            out.write_all(b"\n")?;
        }
    }
    Ok(out)
}

/// What a file holds, and how many lines that are. Lines that are none are passed over.
fn read(file: &Path) -> io::Result<(Vec<Past>, usize)> {
    let mut reader = BufReader::new(File::open(file)?);
    let (mut past, mut lines, mut damaged) = (VecDeque::new(), 0, 0);
    let mut line = Vec::new();
    while reader.by_ref().take(LONGEST).read_until(b'\n', &mut line)? > 0 {
        lines += 1;
        match serde_json::from_slice(&line) {
            Ok(one) => past.push_back(one),
            Err(_) => damaged += 1,
        }
        // Of a file that somebody made larger the end is of use.
        if past.len() > MOST_LINES {
            past.pop_front();
        }
        line.clear();
    }
    if damaged > 0 {
        tracing::warn!(file = %file.display(), damaged, "lines of the history of checks cannot be read");
    }
    Ok((past.into(), lines))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use std::time::SystemTime;

    use super::*;
    use crate::{config::CheckSeverity, health::Status};

    const SOON: Duration = Duration::from_secs(10);

    fn change(check: &str, second: u64) -> Transition {
        Transition {
            check: check.to_owned(),
            from: Status::Healthy,
            to: Status::Degraded,
            message: format!("at {second}"),
            time: SystemTime::UNIX_EPOCH + Duration::from_secs(second),
            severity: CheckSeverity::default(),
            tags: Vec::new(),
            silenced: false,
            details: BTreeMap::new(),
        }
    }

    fn messages(history: &History, check: Option<&str>) -> Vec<String> {
        let newest = history.newest(check, 1000).into_iter();
        newest.map(|past| past.message).collect()
    }

    #[test]
    fn it_outlasts_the_program_and_a_cut_line() {
        let folder = tempfile::tempdir().unwrap();
        let first = History::default();
        first.add(&change("a", 1));
        first.keep_in(folder.path());
        first.add(&change("b", 2));
        first.add(&change("a", 3));
        first.flush(SOON);
        let file = folder.path().join("history.jsonl");
        let mut bytes = fs::read(&file).unwrap();
        bytes.truncate(bytes.len() - 5);
        fs::write(&file, bytes).unwrap();
        let second = History::default();
        second.keep_in(folder.path());
        second.add(&change("a", 4));
        second.flush(SOON);
        let third = History::default();
        third.keep_in(folder.path());
        assert_eq!(messages(&third, None), ["at 4", "at 2", "at 1"]);
        assert_eq!(messages(&third, Some("a")), ["at 4", "at 1"]);
        assert_eq!(messages(&third, Some("c")), Vec::<String>::new());
    }

    #[test]
    fn it_does_not_grow_for_ever() {
        let folder = tempfile::tempdir().unwrap();
        let history = History::default();
        history.keep_in(folder.path());
        let total = MOST_LINES as u64 + 500;
        for second in 0..total {
            history.add(&change(&format!("c{}", second % 200), second));
            if second % 1000 == 0 {
                history.flush(SOON);
            }
        }
        history.flush(SOON);
        assert_eq!(history.kept.lock().count, MOST);
        let lines = fs::read_to_string(folder.path().join("history.jsonl")).unwrap();
        assert!(lines.lines().count() <= MOST + 501);
        assert_eq!(messages(&history, None)[0], format!("at {}", total - 1));
        let history = History::default();
        (0..MOST_OF_ONE as u64 + 50).for_each(|second| history.add(&change("one", second)));
        assert_eq!(messages(&history, Some("one")).len(), MOST_OF_ONE);
    }
}
