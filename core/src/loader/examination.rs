//! Looks at all that decides whether a library is loaded, and runs none of its code.

use std::path::{Path, PathBuf};

use gaxx_abi::note::{DEBUG, PANIC_ABORT};

use super::{
    Inspected,
    check::{Outcome, Subject},
    elf,
    error::{LoadError, Refusal},
    file::{self, Folder},
    note::Note,
    signature,
    trust::Trust,
};

/// What the checks of one library came to.
///
/// All of them judge the same bytes, read once: the digest stands for whatever was found, the
/// signature included.
#[derive(Debug)]
pub struct Examination {
    /// Where the library is.
    pub file: PathBuf,
    outcomes: [Outcome; Subject::ALL.len()],
    described: Option<Inspected>,
    pub(super) contents: Contents,
}

/// What was read.
#[derive(Debug)]
pub(super) struct Contents {
    pub(super) library: Vec<u8>,
    /// What the signature file has, if there is one.
    pub(super) signature: Result<Option<Vec<u8>>, Refusal>,
}

impl Examination {
    /// Looks at the library at this path, which may have `max_size` bytes.
    pub fn of(path: &Path, max_size: u64, trust: &Trust) -> Self {
        let found = Self::once(path, max_size, trust);
        // A version that is being put in place may have met the signature of the one before.
        if found.first_refusal() == Some(&Refusal::BadSignature) {
            return Self::once(path, max_size, trust);
        }
        found
    }

    /// Each check and what it came to, in order.
    pub fn checks(&self) -> impl Iterator<Item = (Subject, &Outcome)> {
        Subject::ALL.into_iter().zip(&self.outcomes)
    }

    /// What the library says of itself, as far as it can be read, whether it would be loaded or
    /// not.
    pub fn described(&self) -> Option<&Inspected> {
        self.described.as_ref()
    }

    /// What is known of the library if every check passed, else the first that did not.
    pub fn verdict(&self) -> Result<&Inspected, LoadError> {
        match (self.first_refusal(), &self.described) {
            (None, Some(described)) => Ok(described),
            (refusal, _) => {
                let refusal = refusal.cloned().unwrap_or(Refusal::NoNote);
                Err(LoadError::new(&self.file, refusal))
            }
        }
    }

    fn first_refusal(&self) -> Option<&Refusal> {
        self.outcomes.iter().find_map(|outcome| match outcome {
            Outcome::Refused(refusal) => Some(refusal),
            _ => None,
        })
    }

    fn once(path: &Path, max_size: u64, trust: &Trust) -> Self {
        let mut found = Self {
            file: path.to_owned(),
            outcomes: [const { Outcome::NotReached }; Subject::ALL.len()],
            described: None,
            contents: Contents {
                library: Vec::new(),
                signature: Ok(None),
            },
        };
        // Where it ends early, the rest stays as it is: not reached.
        let _ = found.look(max_size, trust);
        found
    }

    /// Goes on after what does not hinder the next check, so that all that is wrong is told at
    /// once.
    fn look(&mut self, max_size: u64, trust: &Trust) -> Option<()> {
        let path = self.file.clone();
        let name = self.need(Subject::File, file::name(&path))?;
        let folder = self.need(Subject::Folder, Folder::of(&path))?;
        self.put(Subject::Folder, folder.check().map(|()| folder.access()));
        let opened = folder
            .file(name)
            .and_then(|file| file.ok_or_else(file::missing));
        let opened = self.need(Subject::File, opened)?;
        let access = opened.check().map(|()| opened.access());
        self.put(Subject::File, access);
        let bytes = self.need(Subject::Size, opened.read(max_size))?;
        // At once, so that both are of the same version.
        let signature = signature::read(&folder, name);
        let size = bytes.len() as u64;
        let text = format!("{size} bytes, of at most {max_size}");
        self.put(Subject::Size, Ok(text));

        let digest = blake3::hash(&bytes);
        self.put(Subject::Digest, Ok(digest.to_string()));
        self.put(Subject::AllowList, trust.digest(digest));
        let signed_by = trust.signature(&bytes, &signature);
        self.put(
            Subject::Signature,
            match &signed_by {
                Ok(Some(signer)) => {
                    Outcome::Passed(format!("signed with {} ({})", signer.key, signer.comment))
                }
                Ok(None) => trust.no_signature(),
                Err(refusal) => Outcome::Refused(refusal.clone()),
            },
        );
        let note = self.note(&bytes);
        self.contents = Contents {
            library: bytes,
            signature,
        };
        let note = note?;
        self.put(Subject::Version, trust.version(&note.name, &note.version));
        self.described = Some(Inspected {
            file: path,
            name: note.name,
            version: note.version,
            description: note.description,
            sdk: note.sdk,
            abi: note.abi,
            flags: note.flags,
            digest,
            size,
            signed_by: signed_by.ok().flatten().map(|signer| signer.key),
        });
        Some(())
    }

    /// Reads the note, and judges what it says of itself.
    fn note(&mut self, bytes: &[u8]) -> Option<Note> {
        let library = self.need(Subject::Structure, elf::Library::check(bytes))?;
        let machine = format!("a whole library for {}", std::env::consts::ARCH);
        self.put(Subject::Structure, Ok(machine));
        let note = match Note::of(&library) {
            Err(refusal @ Refusal::WrongAbi { .. }) => self.need(Subject::Abi, Err(refusal)),
            note => self.need(Subject::Note, note),
        }?;
        let (major, minor) = note.abi;
        let ours = (gaxx_abi::MAJOR, gaxx_abi::MINOR);
        let text = format!(
            "{major}.{minor}; this gaxx-mon speaks {}.{}",
            ours.0, ours.1
        );
        self.put(Subject::Abi, Ok(text));
        let text = format!("{} {}", note.name, note.version);
        self.put(Subject::Note, Ok(text));
        let unwinds = note.flags & PANIC_ABORT == 0;
        let panics = unwinds.then(|| "they unwind".to_owned());
        self.put(Subject::Panics, panics.ok_or(Refusal::PanicAbort));
        Some(note)
    }

    fn put(&mut self, subject: Subject, outcome: impl Into<Outcome>) {
        self.outcomes[subject as usize] = outcome.into();
    }

    /// What the rest cannot do without.
    fn need<T>(&mut self, subject: Subject, result: Result<T, Refusal>) -> Option<T> {
        result
            .map_err(|refusal| self.put(subject, Err(refusal)))
            .ok()
    }
}

impl Inspected {
    /// Words for how it was built, from the flags of its note.
    pub fn build(&self) -> Vec<&'static str> {
        let bit = |bit, yes, no| if self.flags & bit == 0 { no } else { yes };
        vec![
            bit(DEBUG, "debug", "release"),
            bit(PANIC_ABORT, "panic=abort", "panic=unwind"),
        ]
    }
}
