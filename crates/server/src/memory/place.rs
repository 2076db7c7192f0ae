//! Where the state file is.

use std::path::{Path, PathBuf};

use claviger_config::StateFile;

/// The path for a gateway that runs this configuration file. `None`: nothing survives a restart.
///
/// Without a word about it, the file is `FOLDER/NAME-HASH.json`: NAME that of the configuration file, HASH of its
/// whole path, FOLDER the first that `env` knows of `$STATE_DIRECTORY` (systemd), `$XDG_STATE_HOME/claviger` and
/// `$HOME/.local/state/claviger`. A configuration that is no file (a pipe) has no usual place.
pub(crate) fn path(wanted: &StateFile, config: &Path, env: impl Fn(&str) -> Option<String>) -> Option<PathBuf> {
    match wanted {
        StateFile::Off => None,
        StateFile::At(path) => Some(path.clone()),
        StateFile::Usual => {
            let config = std::fs::canonicalize(config).ok().filter(|path| path.is_file())?;
            Some(folder(env)?.join(name(&config)))
        }
    }
}

fn folder(env: impl Fn(&str) -> Option<String>) -> Option<PathBuf> {
    // relative ones are to be ignored, the XDG base directory specification says (version 0.8)
    let absolute = |text: String| Some(PathBuf::from(text)).filter(|path| path.is_absolute());
    let systemd = || {
        let folders = env("STATE_DIRECTORY")?;
        absolute(folders.split(':').next().unwrap_or_default().to_owned())
    };
    let xdg = || Some(env("XDG_STATE_HOME").and_then(absolute)?.join("claviger"));
    let home = || Some(env("HOME").and_then(absolute)?.join(".local/state/claviger"));
    systemd().or_else(xdg).or_else(home)
}

fn name(config: &Path) -> String {
    let stem = config.file_stem().unwrap_or_default().to_string_lossy();
    let bytes = config.as_os_str().as_encoded_bytes();
    format!("{stem}-{:08x}.json", fnv(bytes))
}

/// FNV-1a, 32 bits (draft-eastlake-fnv-17): the same in every version of the program, unlike the standard library's.
fn fnv(bytes: &[u8]) -> u32 {
    bytes.iter().fold(0x811c_9dc5, |hash, byte| (hash ^ u32::from(*byte)).wrapping_mul(0x0100_0193))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn usual(vars: &[(&str, &str)]) -> Option<String> {
        let env = |name: &str| vars.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned());
        let found = path(&StateFile::Usual, Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.toml")), env);
        found.map(|path| path.display().to_string())
    }

    #[test]
    fn the_usual_place_is_named_after_the_configuration() {
        let in_home = usual(&[("HOME", "/home/u")]).unwrap();
        assert!(in_home.starts_with("/home/u/.local/state/claviger/Cargo-"), "{in_home}");
        assert_eq!(in_home.len(), "/home/u/.local/state/claviger/Cargo-01234567.json".len());
        let both = [("HOME", "/home/u"), ("XDG_STATE_HOME", "/s")];
        assert!(usual(&both).unwrap().starts_with("/s/claviger/Cargo-"));
        let systemd = [("STATE_DIRECTORY", "/var/lib/c:/var/lib/d"), ("XDG_STATE_HOME", "/s")];
        assert!(usual(&systemd).unwrap().starts_with("/var/lib/c/Cargo-"));
        assert!(usual(&[("HOME", "/home/u"), ("XDG_STATE_HOME", "s")]).unwrap().starts_with("/home/u/"));
    }

    #[test]
    fn there_is_none_without_a_home_for_a_pipe_or_when_it_is_off() {
        let home = |name: &str| (name == "HOME").then(|| "/home/u".to_owned());
        assert_eq!(usual(&[]), None);
        assert_eq!(path(&StateFile::Usual, Path::new("/dev/null"), home), None);
        assert_eq!(path(&StateFile::Off, Path::new("/x"), home), None);
        assert_eq!(path(&StateFile::At("f.json".into()), Path::new("/x"), home), Some("f.json".into()));
    }

    #[test]
    fn the_hash_is_the_published_one() {
        // test vectors of draft-eastlake-fnv-17, appendix C
        assert_eq!((fnv(b""), fnv(b"a"), fnv(b"foobar")), (0x811c_9dc5, 0xe40c_292c, 0xbf9c_f968));
    }
}
