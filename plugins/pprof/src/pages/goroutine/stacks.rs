//! Tasks as stacks: a task stands where it was spawned, and above it who spawned it.

use std::collections::{BTreeMap, HashMap};

use super::Task;
use crate::profile::{Builder, Label, Place, Profile};

/// How many generations are followed; there are seldom more than four.
const DEEPEST: usize = 64;

const TYPES: [(&str, &str); 1] = [("goroutine", "count")];

/// A sample for each task.
pub(super) fn each(tasks: &[Task]) -> Profile {
    let known = by_number(tasks);
    let mut profile = Builder::new(&TYPES);
    for task in tasks {
        let labels = vec![
            ("name".into(), Label::text(&task.name)),
            ("state".into(), Label::text(&task.state)),
        ];
        profile.add(places(task, &known), vec![1], labels);
    }
    profile.finish()
}

/// A sample for all tasks of the same stack in the same state.
pub(super) fn grouped(tasks: &[Task]) -> Profile {
    let known = by_number(tasks);
    let mut groups: BTreeMap<(&str, Vec<Place>), i64> = BTreeMap::new();
    for task in tasks {
        let group = (task.state.as_str(), places(task, &known));
        *groups.entry(group).or_default() += 1;
    }
    let mut profile = Builder::new(&TYPES);
    for ((state, places), count) in groups {
        profile.add(
            places,
            vec![count],
            vec![("state".into(), Label::text(state))],
        );
    }
    profile.finish()
}

/// A task and those that spawned it, the youngest first, as far as they live.
pub(super) fn line_of<'a>(
    task: &'a Task,
    known: &HashMap<u64, &'a Task>,
) -> impl Iterator<Item = &'a Task> {
    let parent = |task: &&'a Task| task.parent.and_then(|id| known.get(&id).copied());
    std::iter::successors(Some(task), parent).take(DEEPEST)
}

pub(super) fn by_number(tasks: &[Task]) -> HashMap<u64, &Task> {
    tasks.iter().map(|task| (task.id, task)).collect()
}

fn places(task: &Task, known: &HashMap<u64, &Task>) -> Vec<Place> {
    let place = |task: &Task| Place {
        name: task.name.as_str().into(),
        file: task.file.as_str().into(),
        line: task.line,
    };
    line_of(task, known).map(place).collect()
}
