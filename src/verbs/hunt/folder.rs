//! The folder that a hunt writes to.

use std::{
    fs::OpenOptions,
    io::{self, ErrorKind, Write as _},
    path::{Path, PathBuf},
    sync::{Mutex, PoisonError},
};

use hubbub_sim::hunt::Reproduction;

use crate::exit::Failure;

/// Names that are tried for one reproduction. Who has so many of one seed has not looked at them.
const NAMES_MAX: u32 = 999;
/// What the name of a case ends with that is not made small yet.
const LARGE: &str = "-large";

/// A folder that can be written to. One that was made for the hunt is gone after it if nothing is in it.
pub(super) struct Folder {
    path: PathBuf,
    /// Folders that were made, the innermost first.
    made: Vec<PathBuf>,
    /// Cases that were written before anybody made them small.
    large: Mutex<Vec<PathBuf>>,
}

/// A file that was written, or that is there with the same text.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Kept {
    pub(super) path: PathBuf,
    /// Whether it was written just now.
    is_new: bool,
    /// The file that has the name which it would have had, and another text.
    pub(super) other: Option<PathBuf>,
}

impl Folder {
    /// Makes the folder if it is not there, and tries to write to it, so that nobody hunts for an hour
    /// and then loses what was found.
    pub(super) fn new(path: PathBuf) -> Result<Self, Failure> {
        if path.exists() && !path.is_dir() {
            return Err(Failure::new(format!("{} is no folder", path.display())));
        }
        let named = path.ancestors().filter(|it| !it.as_os_str().is_empty());
        let made = named.take_while(|it| !it.exists()).map(Path::to_owned).collect();
        let folder = Self { path, made, large: Mutex::default() };
        folder.try_out().map_err(|error| {
            let path = folder.path.display();
            Failure::new(format!("cannot write to {path}: {error}; name another folder with --out"))
        })?;
        Ok(folder)
    }

    fn try_out(&self) -> io::Result<()> {
        std::fs::create_dir_all(&self.path)?;
        let path = self.path.join(format!(".hubbub-hunt-{}", std::process::id()));
        write_new(&path, "Shows that the folder can be written to.\n")?;
        std::fs::remove_file(path)
    }

    /// Writes a reproduction under the first of its names that nothing else has.
    pub(super) fn keep(&self, file: &Reproduction) -> Result<Kept, String> {
        self.keep_as(file, "")
    }

    /// Writes a case that is not made small yet, until [`Self::forget_large`].
    pub(super) fn keep_large(&self, file: &Reproduction) -> Result<(), String> {
        let kept = self.keep_as(file, LARGE)?;
        if kept.is_new {
            self.large.lock().unwrap_or_else(PoisonError::into_inner).push(kept.path);
        }
        Ok(())
    }

    /// Removes the large cases: what was made of them is written.
    pub(super) fn forget_large(&self) {
        for path in self.large.lock().unwrap_or_else(PoisonError::into_inner).drain(..) {
            // Who has removed it already wanted the same.
            let _ = std::fs::remove_file(path);
        }
    }

    fn keep_as(&self, first: &Reproduction, ending: &str) -> Result<Kept, String> {
        let path_of = |file: &Reproduction| self.path.join(format!("{}{ending}.toml", file.name));
        let failed =
            |path: &Path, error: io::Error| format!("cannot write {}: {error}", path.display());
        // Another hunt may have removed the folder, which was empty.
        std::fs::create_dir_all(&self.path).map_err(|error| failed(&self.path, error))?;
        let mut other = None;
        let mut file = first.clone();
        for number in 2..=NAMES_MAX {
            let path = path_of(&file);
            match write_new(&path, &file.text) {
                Ok(()) => return Ok(Kept { path, is_new: true, other }),
                Err(error) if error.kind() == ErrorKind::AlreadyExists => {}
                Err(error) => return Err(failed(&path, error)),
            }
            if std::fs::read(&path).is_ok_and(|text| text == file.text.as_bytes()) {
                return Ok(Kept { path, is_new: false, other });
            }
            other.get_or_insert(path);
            file = first.numbered(number).map_err(|error| error.to_string())?;
        }
        let path = path_of(first);
        Err(format!("cannot write {}: too many of that name are there", path.display()))
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        for made in &self.made {
            // One that has something in it stays.
            let _ = std::fs::remove_dir(made);
        }
    }
}

/// Writes a file that is not there yet, all of it or nothing.
fn write_new(path: &Path, text: &str) -> io::Result<()> {
    let mut file = OpenOptions::new().write(true).create_new(true).open(path)?;
    file.write_all(text.as_bytes()).inspect_err(|_| {
        // Half a scenario is none; that it could not be written is what matters.
        let _ = std::fs::remove_file(path);
    })
}
