//! The file itself: read whole, replaced whole, set aside when it is not usable.

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, Read as _, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use claviger_types::WallTime;

/// No pool fills a file of this size; a longer one is something else.
const LONGEST: u64 = 64 << 20;

/// The path to use: where a link leads. What exists and is no file (a folder, a device) is not to be replaced.
pub(super) fn settle(path: PathBuf) -> Result<PathBuf, String> {
    match fs::metadata(&path) {
        Ok(meta) if meta.is_file() => Ok(fs::canonicalize(&path).unwrap_or(path)),
        Ok(_) => Err(format!("the state file {} is no file", path.display())),
        Err(_) if path.file_name().is_none() => Err(format!("the state file {} has no name", path.display())),
        Err(_) => Ok(path),
    }
}

/// All of it; `None` when it does not exist.
pub(super) fn read(path: &Path) -> Result<Option<Vec<u8>>, String> {
    let file = match File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error.to_string()),
    };
    let mut text = Vec::new();
    let read = file.take(LONGEST + 1).read_to_end(&mut text).map_err(|error| error.to_string())?;
    if read as u64 > LONGEST { Err(format!("it is longer than {LONGEST} bytes")) } else { Ok(Some(text)) }
}

/// Renames it to `NAME.corrupt-SECONDS`; says to what.
pub(super) fn set_aside(path: &Path, now: WallTime) -> io::Result<PathBuf> {
    let mut name = path.as_os_str().to_owned();
    name.push(format!(".corrupt-{}", now.as_millis() / 1000));
    let aside = PathBuf::from(name);
    fs::rename(path, &aside)?;
    Ok(aside)
}

/// Puts `text` in its place: all of it or nothing, also when the machine fails in between. Readable by the owner only.
pub(super) fn replace(path: &Path, text: &[u8]) -> io::Result<()> {
    let folder = match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        Some(_) | None => Path::new("."),
    };
    DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
    // of this process alone: another one with the same configuration may be draining
    let mut name = path.as_os_str().to_owned();
    name.push(format!(".new-{}", std::process::id()));
    let new = PathBuf::from(name);
    // a leftover of a killed process with this id may be a link to anywhere, or readable by others
    match fs::remove_file(&new) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        Ok(()) | Err(_) => {}
    }
    let written = fill(&new, text).and_then(|()| fs::rename(&new, path));
    if written.is_err() {
        let _ = fs::remove_file(&new);
    }
    written?;
    // the rename itself; some file systems cannot do that, and the file is good without
    let _ = File::open(folder).and_then(|folder| folder.sync_all());
    Ok(())
}

fn fill(path: &Path, text: &[u8]) -> io::Result<()> {
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?;
    file.write_all(text)?;
    file.sync_all()
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    /// A folder that goes with its owner.
    struct Folder(PathBuf);

    impl Folder {
        fn new(name: &str) -> Self {
            let path = std::env::temp_dir().join(format!("claviger-memory-{}-{name}", std::process::id()));
            fs::create_dir_all(&path).unwrap();
            Self(path)
        }
    }

    impl Drop for Folder {
        fn drop(&mut self) {
            let _ = fs::remove_dir_all(&self.0);
        }
    }

    #[test]
    fn a_file_is_replaced_whole_and_read_by_its_owner_only() {
        let folder = Folder::new("replaced");
        let path = folder.0.join("a/b/facts.json");
        assert_eq!(read(&path), Ok(None));
        replace(&path, b"one").unwrap();
        // readable by others, as a careless copy would be
        fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).unwrap();
        replace(&path, b"two").unwrap();
        assert_eq!(read(&path), Ok(Some(b"two".to_vec())));
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        assert_eq!(fs::metadata(path.parent().unwrap()).unwrap().permissions().mode() & 0o777, 0o700);
        assert_eq!(fs::read_dir(path.parent().unwrap()).unwrap().count(), 1, "nothing else is left there");
    }

    #[test]
    fn what_is_set_aside_keeps_its_contents() {
        let folder = Folder::new("aside");
        let path = folder.0.join("facts.json");
        fs::write(&path, "nonsense").unwrap();
        let aside = set_aside(&path, WallTime::from_millis(1_800_000_000_999)).unwrap();
        assert!(aside.ends_with("facts.json.corrupt-1800000000"));
        assert_eq!((fs::read_to_string(aside).unwrap().as_str(), path.exists()), ("nonsense", false));
    }

    #[test]
    fn only_files_are_replaced_and_links_are_followed() {
        let folder = Folder::new("links");
        assert!(settle(folder.0.clone()).is_err() && settle("/dev/null".into()).is_err());
        let (real, link) = (folder.0.join("real.json"), folder.0.join("link.json"));
        fs::write(&real, "one").unwrap();
        std::os::unix::fs::symlink(&real, &link).unwrap();
        replace(&settle(link.clone()).unwrap(), b"two").unwrap();
        assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
        assert_eq!(fs::read(&real).unwrap(), b"two");
        let fresh = folder.0.join("fresh.json");
        assert_eq!(settle(fresh.clone()), Ok(fresh));
    }

    #[test]
    fn a_failed_replacement_leaves_the_old_one() {
        let folder = Folder::new("failed");
        fs::write(folder.0.join("file"), "").unwrap();
        assert!(replace(&folder.0.join("file/facts.json"), b"x").is_err(), "a file is no folder");
        let path = folder.0.join("taken");
        fs::create_dir_all(path.join("by a folder")).unwrap();
        assert!(replace(&path, b"x").is_err());
        assert_eq!(fs::read_dir(&folder.0).unwrap().count(), 2, "nothing half-written is left");
    }
}
