//! Writing a bundle.

use std::{
    fs::{self, File},
    io::{self, BufWriter, Write},
    path::{Path, PathBuf},
};

use hubbub_history::{History, write_event};
use serde::Serialize;

use super::{
    Bundle, BundleError, HISTOGRAMS, HISTORIES, Kind, Manifest, Part, REPORT_FILES, SCENARIO_FILE,
    list_files,
};
use crate::{html::render_html, markdown::render_markdown, summary::render_json};

/// Ends the name of a file that is still being written.
const UNFINISHED: &str = ".unfinished";

/// Writes a bundle file by file. Each appears whole or not at all.
#[derive(Debug, Clone)]
pub struct BundleWriter {
    folder: PathBuf,
}

impl BundleWriter {
    /// Begins a bundle: makes the folder, removes what an earlier run left there, and writes the
    /// manifest and the copy of the scenario.
    ///
    /// # Errors
    /// When the folder holds files that no run has written, or cannot be written.
    pub fn begin(folder: &Path, manifest: &Manifest, scenario: &str) -> Result<Self, BundleError> {
        assert_unoccupied(folder)?;
        create_folder(folder)?;
        remove_earlier(folder)?;
        let writer = Self { folder: folder.to_owned() };
        writer.write_part(Part::Manifest, manifest)?;
        writer.write_file(SCENARIO_FILE, |file| file.write_all(scenario.as_bytes()))?;
        Ok(writer)
    }

    /// Whether a bundle may begin in this folder; asked before long work, so that its results have
    /// somewhere to go.
    ///
    /// # Errors
    /// When the folder holds something that is no bundle.
    pub fn check(folder: &Path) -> Result<(), BundleError> {
        assert_unoccupied(folder)
    }

    /// Goes on with a bundle that is there, to make its reports again.
    ///
    /// # Errors
    /// When the folder is no bundle.
    pub fn resume(folder: &Path) -> Result<Self, BundleError> {
        if folder.join(Part::Manifest.file()).is_file() {
            Ok(Self { folder: folder.to_owned() })
        } else {
            Err(BundleError::NotABundle { folder: folder.to_owned() })
        }
    }

    /// The folder.
    #[must_use]
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// Writes a document, in place of an earlier one.
    ///
    /// # Errors
    /// When the value cannot be JSON or the file cannot be written.
    pub fn write_part<T: Serialize + ?Sized>(
        &self,
        part: Part,
        value: &T,
    ) -> Result<(), BundleError> {
        let mut text = serde_json::to_vec_pretty(value).map_err(|error| BundleError::Encode {
            path: self.folder.join(part.file()),
            reason: error.to_string(),
        })?;
        text.push(b'\n');
        self.write_file(part.file(), |file| file.write_all(&text))
    }

    /// Writes a history as `history/<name>.jsonl`, and returns that path within the folder.
    ///
    /// # Errors
    /// When the name could leave the folder or the file cannot be written.
    pub fn write_history(&self, name: &str, history: &History) -> Result<String, BundleError> {
        let path = self.path_in(HISTORIES, name)?;
        self.write_file(&path, |file| {
            history.events().iter().try_for_each(|event| write_event(file, event))
        })?;
        Ok(path)
    }

    /// Writes histograms as `histograms/<name>.hlog`, and returns that path within the folder.
    /// `log` is an interval log as the HdrHistogram tools read it.
    ///
    /// # Errors
    /// When the name could leave the folder or the file cannot be written.
    pub fn write_histograms(&self, name: &str, log: &[u8]) -> Result<String, BundleError> {
        let path = self.path_in(HISTOGRAMS, name)?;
        self.write_file(&path, |file| file.write_all(log))?;
        Ok(path)
    }

    /// Makes `report.md`, `report.json` and `report.html` from what is in the folder now, and
    /// returns the path of the last.
    ///
    /// # Errors
    /// When the bundle cannot be read, or a report cannot be written.
    pub fn write_reports(&self) -> Result<PathBuf, BundleError> {
        let bundle = Bundle::read(&self.folder)?;
        let texts = [render_markdown(&bundle), render_json(&bundle), render_html(&bundle)];
        for (name, text) in REPORT_FILES.iter().zip(&texts) {
            self.write_file(name, |file| file.write_all(text.as_bytes()))?;
        }
        Ok(self.folder.join("report.html"))
    }

    /// The path of a file in one of the folders within the bundle, which is made.
    fn path_in(&self, kind: Kind, name: &str) -> Result<String, BundleError> {
        let allowed = |letter: char| letter.is_ascii_alphanumeric() || "-_.".contains(letter);
        if name.is_empty() || name.starts_with('.') || !name.chars().all(allowed) {
            return Err(BundleError::Name { name: name.to_owned() });
        }
        create_folder(&self.folder.join(kind.folder))?;
        Ok(format!("{}/{name}.{}", kind.folder, kind.extension))
    }

    /// Writes beside the name and renames, so that a reader never sees half a file.
    fn write_file(
        &self,
        name: &str,
        fill: impl FnOnce(&mut BufWriter<File>) -> io::Result<()>,
    ) -> Result<(), BundleError> {
        let path = self.folder.join(name);
        let unfinished = self.folder.join(format!("{name}{UNFINISHED}"));
        let written = File::create(&unfinished).and_then(|file| {
            let mut buffered = BufWriter::new(file);
            fill(&mut buffered)?;
            buffered.into_inner().map_err(io::IntoInnerError::into_error)?.sync_all()
        });
        written.and_then(|()| fs::rename(&unfinished, &path)).map_err(|source| BundleError::File {
            action: "write",
            path,
            source,
        })
    }
}

/// Only a folder that a run has written may be written again.
fn assert_unoccupied(folder: &Path) -> Result<(), BundleError> {
    if !folder.exists() || folder.join(Part::Manifest.file()).is_file() {
        return Ok(());
    }
    let failed = |source| BundleError::File { action: "read", path: folder.to_owned(), source };
    let Some(entry) = fs::read_dir(folder).map_err(failed)?.next() else { return Ok(()) };
    let example = entry.map_err(failed)?.file_name().to_string_lossy().into_owned();
    Err(BundleError::Occupied { folder: folder.to_owned(), example })
}

fn create_folder(folder: &Path) -> Result<(), BundleError> {
    fs::create_dir_all(folder).map_err(|source| BundleError::File {
        action: "create",
        path: folder.to_owned(),
        source,
    })
}

/// Figures of two runs must never stand in one report.
fn remove_earlier(folder: &Path) -> Result<(), BundleError> {
    let parts = Part::ALL.map(Part::file);
    // The manifest goes last: as long as it is there the folder counts as a bundle.
    let names = REPORT_FILES.into_iter().chain([SCENARIO_FILE]).chain(parts.into_iter().rev());
    for name in names {
        remove_file(&folder.join(name))?;
    }
    for kind in [HISTORIES, HISTOGRAMS] {
        for path in list_files(folder, kind)? {
            remove_file(&folder.join(path))?;
        }
    }
    Ok(())
}

fn remove_file(path: &Path) -> Result<(), BundleError> {
    match fs::remove_file(path) {
        Err(source) if source.kind() != io::ErrorKind::NotFound => {
            Err(BundleError::File { action: "remove", path: path.to_owned(), source })
        }
        _ => Ok(()),
    }
}
