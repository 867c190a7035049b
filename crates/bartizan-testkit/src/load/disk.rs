//! A disk that is soon full.

use std::{
    fs::{self, File},
    io::{self, Write as _},
    path::{Path, PathBuf},
    process::Command,
};

/// A small file system of memory. It is unmounted when dropped.
#[derive(Debug)]
pub struct SmallDisk(PathBuf);

impl SmallDisk {
    /// Mounts one of so many mebibytes on a folder; `None` without the right to.
    #[must_use]
    pub fn mount(at: &Path, mebibytes: u32) -> Option<Self> {
        let size = format!("size={mebibytes}m");
        let mut command = Command::new("mount");
        command.args(["-t", "tmpfs", "-o", &size, "bartizan-test"]).arg(at);
        let is_mounted = command.output().is_ok_and(|output| output.status.success());
        is_mounted.then(|| Self(at.to_owned()))
    }

    /// Leaves no space.
    ///
    /// # Errors
    /// Writing ends with anything else than a full disk.
    pub fn fill(&self) -> io::Result<()> {
        let mut file = File::create(self.filler())?;
        loop {
            match file.write_all(&[b'x'; 4096]) {
                Err(error) if error.kind() == io::ErrorKind::StorageFull => return Ok(()),
                Err(error) => return Err(error),
                Ok(()) => {}
            }
        }
    }

    /// Gives the space back.
    ///
    /// # Errors
    /// It was not filled.
    pub fn free(&self) -> io::Result<()> {
        fs::remove_file(self.filler())
    }

    fn filler(&self) -> PathBuf {
        self.0.join("filler")
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        drop(Command::new("umount").arg("--lazy").arg(&self.0).status());
    }
}
