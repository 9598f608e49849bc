//! Signatures, pins, and files that are exchanged meanwhile.

use minisign::KeyPair;

use super::*;
use crate::loader::{file::Folder, signature};

/// Somebody with a key of minisign, made for this test.
pub(super) struct Signer(KeyPair);

impl Signer {
    pub(super) fn new() -> Self {
        Self(KeyPair::generate_unencrypted_keypair().unwrap())
    }

    pub(super) fn key(&self) -> TrustedKey {
        self.0.pk.to_base64().parse().unwrap()
    }

    /// The text of a signature file.
    pub(super) fn sign(&self, bytes: &[u8]) -> String {
        let comment = Some("timestamp:1\tfile:x.so");
        let signature = minisign::sign(Some(&self.0.pk), &self.0.sk, bytes, comment, None);
        signature.unwrap().into_string()
    }
}

/// A library of another version; five letters.
pub(super) fn version(version: &str) -> Vec<u8> {
    let mut bytes = library(0);
    bytes[AT_NOTE + 36..AT_NOTE + 41].copy_from_slice(version.as_bytes());
    bytes
}

fn beside(fixture: &Fixture) -> PathBuf {
    fixture.folder.path().join("x.so.minisig")
}

/// A library with a signature, and a loader that asks for one.
fn signed() -> (Fixture, Signer) {
    let (fixture, signer) = (Fixture::of(&library(0)), Signer::new());
    fs::write(beside(&fixture), signer.sign(&library(0))).unwrap();
    fixture.trusts(|trust| {
        trust.keys = vec![signer.key()];
        trust.require_signature = true;
    });
    (fixture, signer)
}

#[test]
fn a_signed_library_is_known_by_its_signer() {
    let (fixture, signer) = signed();
    let other = Signer::new();
    fixture.trusts(|trust| trust.keys = vec![other.key(), signer.key()]);
    let inspected = fixture.inspect().unwrap();
    assert_eq!(inspected.signed_by, Some(signer.key()));
}

#[test]
fn a_signature_is_demanded_only_where_the_configuration_says_so() {
    let (fixture, signer) = signed();
    fs::remove_file(beside(&fixture)).unwrap();
    assert_eq!(fixture.reason(), "unsigned");
    fixture.trusts(|trust| trust.keys = vec![signer.key()]);
    assert_eq!(fixture.inspect().unwrap().signed_by, None);
    // A configuration that says this is refused; should one get here, nothing is loaded.
    fixture.trusts(|trust| trust.require_signature = true);
    assert_eq!(fixture.reason(), "unsigned");
}

#[test]
fn what_was_changed_after_signing_is_refused_even_where_no_signature_is_demanded() {
    let (fixture, signer) = signed();
    fixture.trusts(|trust| trust.keys = vec![signer.key()]);
    fs::write(fixture.path(), library(gaxx_abi::note::DEBUG)).unwrap();
    assert_eq!(fixture.reason(), "bad_signature");
    // Nobody asks, nobody looks.
    fixture.trusts(|_| ());
    assert!(fixture.inspect().is_ok());
}

#[test]
fn a_signature_of_somebody_else_is_refused() {
    let (fixture, _) = signed();
    fs::write(beside(&fixture), Signer::new().sign(&library(0))).unwrap();
    assert_eq!(fixture.reason(), "untrusted_key");
}

#[test]
fn one_of_several_signatures_has_to_be_right() {
    let (fixture, signer) = signed();
    let (right, old) = (signer.sign(&library(0)), signer.sign(b"an older version"));
    for (text, accepted) in [
        (format!("{old}\n{right}"), true),
        (format!("{right}{old}"), true),
        (format!("{}\n{right}", Signer::new().sign(b"x")), true),
        (format!("{old}{old}"), false),
        (format!("{right}\nuntrusted comment: and then"), false),
        (right.repeat(9), false),
    ] {
        fs::write(beside(&fixture), &text).unwrap();
        assert_eq!(fixture.inspect().is_ok(), accepted, "{text}");
    }
}

#[test]
fn a_file_that_is_no_signature_is_refused() {
    let (fixture, signer) = signed();
    let right = signer.sign(&library(0));
    // The form without a digest differs in one bit of the second byte, and so of this letter.
    let old_form = right.replacen("\nRU", "\nRW", 1);
    assert_ne!(old_form, right);
    for (text, reason) in [
        (&b""[..], "signature_unreadable"),
        (b"\n\n", "untrusted_key"),
        (b"\xff\xfe", "bad_signature_file"),
        (b"no signature", "bad_signature_file"),
        (&right.as_bytes()[..right.len() - 3], "bad_signature_file"),
        (old_form.as_bytes(), "bad_signature_file"),
        (&vec![b'\n'; 17 << 10], "signature_unreadable"),
    ] {
        fs::write(beside(&fixture), text).unwrap();
        assert_eq!(fixture.reason(), reason, "{text:?}");
    }
}

/// It is read with the care with which the library is.
#[test]
fn a_signature_in_no_plain_file_of_its_owner_is_refused() {
    let (fixture, signer) = signed();
    let path = beside(&fixture);
    fs::set_permissions(&path, Permissions::from_mode(0o666)).unwrap();
    assert_eq!(fixture.reason(), "signature_unreadable");
    fs::remove_file(&path).unwrap();
    let elsewhere = fixture.folder.path().join("elsewhere");
    fs::write(&elsewhere, signer.sign(&library(0))).unwrap();
    symlink(&elsewhere, &path).unwrap();
    assert_eq!(fixture.reason(), "signature_unreadable");
    fs::remove_file(&path).unwrap();
    mknodat(CWD, &path, FileType::Fifo, Mode::RWXU, 0).unwrap();
    assert_eq!(fixture.reason(), "signature_unreadable");
    fs::remove_file(&path).unwrap();
    fs::create_dir(&path).unwrap();
    assert_eq!(fixture.reason(), "signature_unreadable");
}

/// Both versions are signed, and each by itself would be loaded.
#[test]
fn a_version_that_is_put_in_place_after_the_inspection_is_not_loaded() {
    let (fixture, signer) = signed();
    let inspected = fixture.inspect().unwrap();
    fs::write(fixture.path(), version("1.2.4")).unwrap();
    fs::write(beside(&fixture), signer.sign(&version("1.2.4"))).unwrap();
    assert_eq!(fixture.inspect().unwrap().version, "1.2.4");
    let error = fixture.loader.load(&inspected).err().unwrap();
    assert_eq!(error.reason(), "changed");
}

#[test]
fn an_older_version_is_refused_however_it_is_signed() {
    let (fixture, signer) = signed();
    let pin = |min: &str| {
        fixture.trusts(|trust| {
            trust.keys = vec![signer.key()];
            trust.min_versions = [("demo".to_owned(), min.parse().unwrap())].into();
        });
    };
    pin("1.2.3");
    assert!(fixture.inspect().is_ok());
    pin("1.2.4-rc.1");
    assert_eq!(fixture.reason(), "too_old");
    let message = fixture.inspect().unwrap_err().to_string();
    assert!(
        message.contains("1.2.3") && message.contains("1.2.4-rc.1"),
        "{message}"
    );
    pin("1.0.0");
    fs::remove_file(beside(&fixture)).unwrap();
    fs::write(fixture.path(), version("newer")).unwrap();
    assert_eq!(fixture.reason(), "version_unclear");
    // Another plugin's pin says nothing of this one.
    fixture.trusts(|trust| {
        trust.min_versions = [("other".to_owned(), "9.0.0".parse().unwrap())].into();
    });
    assert!(fixture.inspect().is_ok());
}

#[test]
fn a_configuration_says_what_is_trusted() {
    let (key, digest) = (Signer::new().key(), blake3::hash(b"x"));
    let yaml = format!(
        "plugins: {{trust: {{keys: [{key}], require_signature: true, digests: ['{}']}}, \
         demo: {{min_version: 1.2.0}}, other: {{enabled: false}}}}",
        digest.to_string().to_uppercase()
    );
    let config = serde_yaml::from_str(&yaml).unwrap();
    let expected = Trust {
        keys: vec![key],
        require_signature: true,
        allowed_digests: Some(HashSet::from([digest])),
        min_versions: [("demo".to_owned(), "1.2.0".parse().unwrap())].into(),
    };
    assert_eq!(Settings::of(&config, PathBuf::new()).trust, expected);
    assert_eq!(Settings::new(PathBuf::new()).trust, Trust::default());
}

#[test]
fn all_that_is_wrong_is_told_at_once_and_the_first_decides() {
    let (fixture, signer) = signed();
    let trust = Trust {
        keys: vec![signer.key()],
        require_signature: true,
        allowed_digests: Some(HashSet::new()),
        min_versions: [("demo".to_owned(), "2.0.0".parse().unwrap())].into(),
    };
    fs::write(fixture.path(), library(gaxx_abi::note::PANIC_ABORT)).unwrap();
    fs::set_permissions(fixture.path(), Permissions::from_mode(0o666)).unwrap();
    let found = Examination::of(&fixture.path(), 1 << 20, &trust);
    let refused: Vec<_> = found
        .checks()
        .filter_map(|(subject, outcome)| match outcome {
            Outcome::Refused(refusal) => Some((subject.name(), refusal.reason())),
            _ => None,
        })
        .collect();
    let expected = [
        ("file", "mode"),
        ("panics", "panic_abort"),
        ("allow-list", "not_allowed"),
        ("signature", "bad_signature"),
        ("version", "too_old"),
    ];
    assert_eq!(refused, expected);
    assert_eq!(found.verdict().unwrap_err().reason(), "mode");
    assert_eq!(found.described().unwrap().name, "demo");
}

#[test]
fn what_cannot_be_looked_at_is_said_to_be_so() {
    let fixture = Fixture::of(b"\x7fELF");
    let found = Examination::of(&fixture.path(), 1 << 20, &Trust::default());
    let outcome = |subject| found.checks().find(|(one, _)| *one == subject).unwrap().1;
    assert!(matches!(outcome(Subject::Size), Outcome::Passed(_)));
    assert!(matches!(outcome(Subject::Structure), Outcome::Refused(_)));
    assert_eq!(*outcome(Subject::Panics), Outcome::NotReached);
    assert!(matches!(outcome(Subject::Signature), Outcome::NotAsked(_)));
    assert!(found.described().is_none());
}

#[test]
fn a_comment_of_the_signer_cannot_steer_a_terminal() {
    let signer = Signer::new();
    let comment = Some("file:x\t\u{1b}[2J");
    let signature = minisign::sign(None, &signer.0.sk, &b"x"[..], comment, None).unwrap();
    let found = signature::verify(&signature.to_bytes(), b"x", &[signer.key()]).unwrap();
    assert_eq!(found.comment, "file:x \\u{1b}[2J");
}

#[test]
fn a_signature_is_looked_for_in_the_folder_of_the_library() {
    let (fixture, _) = signed();
    let folder = Folder::open(fixture.folder.path()).unwrap();
    assert!(signature::read(&folder, "x.so".as_ref()).unwrap().is_some());
    assert_eq!(signature::read(&folder, "y.so".as_ref()), Ok(None));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn any_bytes_in_place_of_a_signature_are_refused(bytes: Vec<u8>) {
        let key = Signer::new().key();
        prop_assert!(signature::verify(&bytes, b"x", &[key]).is_err());
    }

    /// Everything but the first comment, which nobody vouches for.
    #[test]
    fn a_damaged_signature_is_refused(at: prop::sample::Index, byte: u8) {
        let signer = Signer::new();
        let mut text = signer.sign(b"x").trim_end().to_owned().into_bytes();
        let first = text.iter().position(|byte| *byte == b'\n').unwrap();
        let at = first + at.index(text.len() - first);
        prop_assume!(text[at] != byte);
        text[at] = byte;
        prop_assert!(signature::verify(&text, b"x", &[signer.key()]).is_err());
    }
}
