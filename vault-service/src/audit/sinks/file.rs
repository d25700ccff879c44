//! A file, rotated by size: `audit.jsonl`, `audit.jsonl.1`, ... A pipe or a device will do, too.

use std::ffi::OsString;
use std::fs::{self, File, OpenOptions, Permissions};
use std::io::{self, ErrorKind, Read as _, Seek as _, SeekFrom, Write as _};
use std::os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use sallyport_model::audit::{AuditLine, AuditLineError, MAX_LINE};

use super::carrier::{Device, DeviceError, Holds};
use crate::settings::FileSink;
use crate::store::LogLine;

/// Readable by the vault's user only.
const MODE: u32 = 0o600;

/// A file that is put aside when it is full.
pub(super) struct Rotating {
    settings: FileSink,
    reopenings: Arc<AtomicU64>,
    seen: u64,
    open: Option<Open>,
}

struct Open {
    file: File,
    size: u64,
    kind: Kind,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// Can be read, cut and renamed.
    Regular,
    /// A pipe, a device: can be written.
    Other,
}

impl Rotating {
    pub(super) fn new(settings: &FileSink, reopenings: Arc<AtomicU64>) -> Self {
        Self {
            settings: settings.clone(),
            seen: reopenings.load(Ordering::Relaxed),
            reopenings,
            open: None,
        }
    }

    fn put_aside(&self) -> io::Result<()> {
        let keep = self.settings.keep.get();
        for number in (1..keep).rev() {
            let older = self.aside(number.saturating_add(1));
            gone_is_fine(fs::rename(self.aside(number), older))?;
        }
        fs::rename(&self.settings.path, self.aside(1))
    }

    fn aside(&self, number: u16) -> PathBuf {
        let mut name = OsString::from(&self.settings.path);
        name.push(format!(".{number}"));
        name.into()
    }

    fn current(&mut self) -> io::Result<&mut Open> {
        let open = match self.open.take() {
            Some(open) => open,
            None => Open::at(&self.settings.path)?,
        };
        Ok(self.open.insert(open))
    }
}

impl Device for Rotating {
    fn open(&mut self) -> Result<Holds, DeviceError> {
        self.open = None;
        let older = self.aside(1);
        let open = self.current()?;
        if open.kind == Kind::Other {
            return Ok(Holds::Unknown);
        }
        if let Some(line) = open.last_line()? {
            return Ok(Holds::Through(line));
        }
        match File::open(older) {
            Ok(older) => {
                let line = Tail::of(&older)?.line;
                Ok(line.map_or(Holds::Nothing, Holds::Through))
            }
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(Holds::Nothing),
            Err(error) => Err(error.into()),
        }
    }

    fn write(&mut self, lines: &[LogLine]) -> Result<(), DeviceError> {
        let asked = self.reopenings.load(Ordering::Relaxed);
        if asked != self.seen {
            self.seen = asked;
            self.open = None;
        }
        let max = self.settings.max_bytes;
        let mut rest = lines;
        while !rest.is_empty() {
            let open = self.current()?;
            let count = match open.kind {
                Kind::Regular => fitting(rest, max.saturating_sub(open.size)),
                Kind::Other => rest.len(),
            };
            if count == 0 && open.size > 0 {
                self.open = None;
                self.put_aside()?;
                continue;
            }
            // A line that no file has room for has one of its own.
            let (now, later) = rest.split_at(count.max(1));
            open.write(now)?;
            rest = later;
        }
        Ok(())
    }
}

impl Open {
    fn at(path: &Path) -> io::Result<Self> {
        // A pipe that is opened for reading, too, always has a reader.
        let kind = match fs::metadata(path) {
            Ok(metadata) if !metadata.is_file() => Kind::Other,
            _ => Kind::Regular,
        };
        let file = OpenOptions::new()
            .append(true)
            .read(kind == Kind::Regular)
            .create(kind == Kind::Regular)
            .mode(MODE)
            .open(path)?;
        let metadata = file.metadata()?;
        // Whoever made it may have been more generous.
        if kind == Kind::Regular && metadata.permissions().mode() & 0o777 != MODE {
            file.set_permissions(Permissions::from_mode(MODE))?;
        }
        Ok(Self {
            size: metadata.len(),
            file,
            kind,
        })
    }

    fn write(&mut self, lines: &[LogLine]) -> io::Result<()> {
        let bytes = joined(lines);
        self.file.write_all(&bytes)?;
        let length = u64::try_from(bytes.len()).unwrap_or(u64::MAX);
        self.size = self.size.saturating_add(length);
        Ok(())
    }

    /// The last whole line; what a crash has left of another is cut off.
    fn last_line(&mut self) -> Result<Option<LogLine>, DeviceError> {
        let tail = Tail::of(&self.file)?;
        if tail.whole < self.size {
            self.file.set_len(tail.whole)?;
            self.size = tail.whole;
        }
        Ok(tail.line)
    }
}

/// Lines as they are in a file.
pub(super) fn joined(lines: &[LogLine]) -> Vec<u8> {
    let length = lines.iter().map(|line| line.line.len().saturating_add(1));
    let mut bytes = Vec::with_capacity(length.sum());
    for line in lines {
        bytes.extend_from_slice(line.line.as_bytes());
        bytes.push(b'\n');
    }
    bytes
}

/// How many of the lines, from the first on, need no more bytes.
fn fitting(lines: &[LogLine], room: u64) -> usize {
    let ends = lines.iter().scan(0_u64, |end, line| {
        let length = u64::try_from(line.line.len()).unwrap_or(u64::MAX);
        *end = end.saturating_add(length).saturating_add(1);
        Some(*end)
    });
    ends.take_while(|end| *end <= room).count()
}

/// How a file ends.
struct Tail {
    /// Its last whole line.
    line: Option<LogLine>,
    /// Bytes up to there.
    whole: u64,
}

impl Tail {
    /// `Foreign` when the file is none of ours: it stays as it is.
    fn of(mut file: &File) -> Result<Self, DeviceError> {
        // The last line, its line feed, that of the line before, and a part of one more.
        let window = u64::try_from(MAX_LINE)
            .unwrap_or(u64::MAX)
            .saturating_mul(2)
            .saturating_add(2);
        let size = file.metadata()?.len();
        let from = size.saturating_sub(window);
        file.seek(SeekFrom::Start(from))?;
        let mut bytes = Vec::new();
        file.take(window).read_to_end(&mut bytes)?;
        let feed = |bytes: &[u8]| bytes.iter().rposition(|byte| *byte == b'\n');
        let end = feed(&bytes);
        let (lines, torn) = bytes.split_at(end.map_or(0, |end| end.saturating_add(1)));
        if !could_be_a_line(torn) || (end.is_none() && from > 0) {
            return Err(AuditLineError::Form.into());
        }
        let torn = u64::try_from(torn.len()).unwrap_or(u64::MAX);
        let whole = size.saturating_sub(torn);
        let Some(last) = lines.strip_suffix(b"\n") else {
            return Ok(Self { line: None, whole });
        };
        let start = feed(last).map_or(0, |before| before.saturating_add(1));
        let text = last.get(start..).unwrap_or_default();
        let line = LogLine {
            seq: AuditLine::parse(text)?.entry.seq,
            line: String::from_utf8_lossy(text).into(),
        };
        let line = Some(line);
        Ok(Self { line, whole })
    }
}

fn could_be_a_line(torn: &[u8]) -> bool {
    const START: &[u8] = br#"{"seq":"#;
    torn.starts_with(START) || START.starts_with(torn)
}

fn gone_is_fine(result: io::Result<()>) -> io::Result<()> {
    match result {
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(()),
        result => result,
    }
}
