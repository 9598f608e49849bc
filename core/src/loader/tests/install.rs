//! Installing: what is there afterwards, at every moment before, and what is refused.

use std::{io, thread};

use super::{
    trust::{Signer, version},
    *,
};

const MAX_SIZE: u64 = 1 << 20;

/// A library outside, an empty folder of plugins, and what is trusted.
struct Bench {
    outside: TempDir,
    folder: TempDir,
    trust: Trust,
}

impl Bench {
    fn new() -> Self {
        let [outside, folder] = [(); 2].map(|()| tempfile::tempdir().unwrap());
        Self {
            outside,
            folder,
            trust: Trust::default(),
        }
    }

    fn at(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Writes a library outside, signed where somebody signs.
    fn offer(&self, bytes: &[u8], signer: Option<&Signer>) {
        let path = self.outside.path().join("x.so");
        fs::write(&path, bytes).unwrap();
        let beside = path.with_extension("so.minisig");
        match signer {
            Some(signer) => fs::write(beside, signer.sign(bytes)).unwrap(),
            None => drop(fs::remove_file(beside)),
        }
    }

    fn install(&self) -> Result<Installed, InstallError> {
        self.install_into(self.folder.path())
    }

    fn install_into(&self, folder: &Path) -> Result<Installed, InstallError> {
        let offered = self.outside.path().join("x.so");
        let library = Examination::of(&offered, MAX_SIZE, &self.trust);
        install(&library, folder, &[self.folder.path().to_owned()], MAX_SIZE)
    }

    fn names(&self) -> Vec<String> {
        let entries = fs::read_dir(self.folder.path()).unwrap();
        let names = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap());
        let mut names: Vec<_> = names.collect();
        names.sort();
        names
    }

    fn refusal(&self) -> String {
        let before = self.names();
        let error = self.install().unwrap_err().to_string();
        assert_eq!(self.names(), before, "{error}");
        error
    }
}

fn mode(path: &Path) -> u32 {
    fs::metadata(path).unwrap().permissions().mode() & 0o7777
}

#[test]
fn library_and_signature_are_in_the_folder_and_nothing_else() {
    let (bench, signer) = (Bench::new(), Signer::new());
    bench.offer(&library(0), Some(&signer));
    let expected = Installed {
        file: bench.at("x.so"),
        replaced: None,
    };
    assert_eq!(bench.install().unwrap(), expected);
    assert_eq!(bench.names(), ["x.so", "x.so.minisig"]);
    assert_eq!(fs::read(bench.at("x.so")).unwrap(), library(0));
    assert_eq!(mode(&bench.at("x.so")), 0o755);
    assert_eq!(mode(&bench.at("x.so.minisig")), 0o644);
}

#[test]
fn a_new_version_takes_the_place_of_the_old_with_its_own_signature_or_none() {
    let (bench, signer) = (Bench::new(), Signer::new());
    for (bytes, signed, replaced) in [
        (version("1.0.0"), false, None),
        (version("1.1.0"), true, Some("1.0.0")),
        (version("1.2.0"), true, Some("1.1.0")),
        (version("1.1.0"), false, Some("1.2.0")),
    ] {
        bench.offer(&bytes, signed.then_some(&signer));
        let installed = bench.install().unwrap();
        assert_eq!(installed.replaced.as_deref(), replaced);
        assert_eq!(fs::read(bench.at("x.so")).unwrap(), bytes);
        let offered = fs::read(bench.outside.path().join("x.so.minisig")).ok();
        assert_eq!(fs::read(bench.at("x.so.minisig")).ok(), offered);
    }
}

/// Versions come and go while somebody looks, as a gaxx-mon that watches the folder does.
#[test]
fn at_no_moment_is_what_is_in_the_folder_refused() {
    let (mut bench, signer) = (Bench::new(), Signer::new());
    bench.trust = Trust {
        keys: vec![signer.key()],
        require_signature: true,
        ..Trust::default()
    };
    bench.offer(&version("1.0.0"), Some(&signer));
    bench.install().unwrap();
    let installs = 40;
    thread::scope(|scope| {
        let installing = scope.spawn(|| {
            for number in 0..installs {
                let next = ["1.1.0", "1.0.0"][number % 2];
                bench.offer(&version(next), Some(&signer));
                bench.install().unwrap();
            }
        });
        while !installing.is_finished() {
            let found = Examination::of(&bench.at("x.so"), MAX_SIZE, &bench.trust);
            found.verdict().unwrap();
        }
    });
}

#[test]
fn what_would_be_refused_is_not_installed() {
    let (mut bench, signer) = (Bench::new(), Signer::new());
    bench.trust.keys = vec![signer.key()];
    bench.trust.require_signature = true;
    bench.offer(&library(0), None);
    assert!(bench.refusal().contains("bears no signature"));
    bench.offer(&library(0), Some(&Signer::new()));
    assert!(bench.refusal().contains("plugins.trust.keys"));
    bench.offer(b"text", Some(&signer));
    assert!(bench.refusal().contains("not an ELF library"));
}

#[test]
fn a_signature_that_cannot_be_read_is_not_left_behind_quietly() {
    let bench = Bench::new();
    bench.offer(&library(0), None);
    symlink("nowhere", bench.outside.path().join("x.so.minisig")).unwrap();
    assert!(bench.refusal().contains("signature file"));
}

#[test]
fn files_of_others_are_not_overwritten() {
    let bench = Bench::new();
    bench.offer(&library(0), None);
    let mut other = library(0);
    other[AT_NOTE + 30..AT_NOTE + 34].copy_from_slice(b"acme");
    fs::write(bench.at("x.so"), other).unwrap();
    assert!(bench.refusal().contains("another plugin, acme"));
    fs::write(bench.at("x.so"), "notes").unwrap();
    assert!(bench.refusal().contains("no plugin"));
    fs::remove_file(bench.at("x.so")).unwrap();
    symlink("/dev/null", bench.at("x.so")).unwrap();
    assert!(bench.refusal().contains("no plugin"));
}

#[test]
fn the_same_plugin_under_another_file_name_is_refused() {
    let bench = Bench::new();
    bench.offer(&library(0), None);
    fs::write(bench.at("libdemo.so"), version("0.9.0")).unwrap();
    let error = bench.refusal();
    assert!(error.contains("libdemo.so is plugin demo too"), "{error}");
    let elsewhere = tempfile::tempdir().unwrap();
    let error = bench.install_into(elsewhere.path()).unwrap_err();
    assert!(matches!(error, InstallError::Duplicate { .. }), "{error}");
}

#[test]
fn a_folder_that_nothing_is_loaded_from_is_refused() {
    let bench = Bench::new();
    bench.offer(&library(0), None);
    let error = bench.install_into(&bench.at("none")).unwrap_err();
    assert!(error.to_string().contains("install -d"), "{error}");
    fs::set_permissions(bench.folder.path(), Permissions::from_mode(0o777)).unwrap();
    assert!(bench.refusal().contains("chmod go-w"));
}

#[test]
fn a_name_that_is_passed_over_is_refused() {
    let bench = Bench::new();
    bench.offer(&library(0), None);
    for name in ["x.so.1", ".x.so"] {
        let path = bench.outside.path().join(name);
        fs::write(&path, library(0)).unwrap();
        let library = Examination::of(&path, MAX_SIZE, &bench.trust);
        let error = install(&library, bench.folder.path(), &[], MAX_SIZE).unwrap_err();
        assert!(matches!(error, InstallError::Name(_)), "{error}");
    }
}

/// What is examined is what is installed, whatever becomes of the file.
#[test]
fn the_bytes_that_were_examined_are_installed() {
    let bench = Bench::new();
    bench.offer(&version("1.0.0"), None);
    let offered = bench.outside.path().join("x.so");
    let library = Examination::of(&offered, MAX_SIZE, &bench.trust);
    bench.offer(b"something else", None);
    install(&library, bench.folder.path(), &[], MAX_SIZE).unwrap();
    assert_eq!(fs::read(bench.at("x.so")).unwrap(), version("1.0.0"));
}

#[test]
fn what_the_system_says_comes_with_a_remedy() {
    for (kind, remedy) in [
        (io::ErrorKind::StorageFull, "make room"),
        (io::ErrorKind::ReadOnlyFilesystem, "--to"),
        (io::ErrorKind::PermissionDenied, "owner"),
    ] {
        let error = InstallError::Write {
            file: "plugins/x.so".into(),
            error: kind.into(),
        };
        let text = error.to_string();
        assert!(
            text.contains(remedy) && text.contains("plugins/x.so"),
            "{text}"
        );
    }
}
