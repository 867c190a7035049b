//! One JSON line per exchange, so that results can be joined back to the traffic.
//!
//! Endpoints are named as the catalogue sees them once the whole input is read, so lines wait in a
//! temporary file until then.

use std::{
    fs::File,
    io::{self, BufReader, BufWriter, Read, Seek, SeekFrom, Write},
};

use bartizan_analysis::{Judgement, State};
use bartizan_model::{ActorId, ExchangeId, PrincipalId, SessionId};
use serde::{Deserialize, Serialize};

#[derive(Serialize, Deserialize)]
struct Spooled {
    sequence: u64,
    id: ExchangeId,
    source: Option<String>,
    leaf: u32,
    actor: ActorId,
    principal: Option<PrincipalId>,
    session: Option<SessionId>,
    classes: Vec<String>,
}

#[derive(Serialize)]
struct Line<'a> {
    id: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    source: Option<&'a str>,
    endpoint: Option<EndpointName<'a>>,
    actor: &'a str,
    principal: Option<&'a str>,
    session: Option<&'a str>,
    data_classes: &'a [String],
    detections: Vec<&'a str>,
}

#[derive(Serialize)]
struct EndpointName<'a> {
    id: &'a str,
    method: &'a str,
    host: &'a str,
    path: &'a str,
}

/// Judgements on their way to annotation lines.
#[derive(Debug)]
pub struct Spool {
    file: BufWriter<File>,
    name_sources: bool,
}

impl Spool {
    /// A new one in the folder for temporary files. `name_sources` adds the input to each line,
    /// for when there are several.
    ///
    /// # Errors
    /// When no temporary file can be created.
    pub fn new(name_sources: bool) -> io::Result<Self> {
        Ok(Self { file: BufWriter::new(tempfile::tempfile()?), name_sources })
    }

    /// Adds one exchange.
    ///
    /// # Errors
    /// When the temporary file cannot be written.
    pub fn push(
        &mut self,
        id: &ExchangeId,
        source: Option<&str>,
        judgement: &Judgement,
    ) -> io::Result<()> {
        let mut classes: Vec<String> =
            judgement.data_classes.iter().map(|(class, _)| class.as_str().to_owned()).collect();
        classes.dedup();
        classes.sort_unstable();
        classes.dedup();
        let spooled = Spooled {
            sequence: judgement.sequence,
            id: id.clone(),
            source: source.filter(|_| self.name_sources).map(str::to_owned),
            leaf: judgement.leaf,
            actor: judgement.actor.id.clone(),
            principal: judgement.principal.as_ref().map(|p| p.id.clone()),
            session: judgement.session.clone(),
            classes,
        };
        let bytes = postcard::to_stdvec(&spooled).map_err(io::Error::other)?;
        let length = u32::try_from(bytes.len()).map_err(io::Error::other)?;
        self.file.write_all(&length.to_le_bytes())?;
        self.file.write_all(&bytes)
    }

    /// Writes all lines, in the order they came, with what `state` knows at the end.
    ///
    /// # Errors
    /// When reading the temporary file or writing a line fails.
    pub fn write(self, state: &State, out: &mut dyn Write) -> io::Result<u64> {
        let mut file = self.file.into_inner().map_err(io::IntoInnerError::into_error)?;
        file.seek(SeekFrom::Start(0))?;
        let mut file = BufReader::new(file);
        let hostile = state.hostile();
        let mut hostile = hostile.as_slice();
        let mut count = 0;
        let mut length = [0; 4];
        loop {
            match file.read_exact(&mut length) {
                Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return Ok(count),
                other => other?,
            }
            let mut bytes = vec![0; u32::from_le_bytes(length) as usize];
            file.read_exact(&mut bytes)?;
            let spooled: Spooled = postcard::from_bytes(&bytes).map_err(io::Error::other)?;
            let earlier = hostile.partition_point(|(sequence, _)| *sequence < spooled.sequence);
            hostile = hostile.get(earlier..).unwrap_or_default();
            let here = hostile.iter().take_while(|(sequence, _)| *sequence == spooled.sequence);
            let detections = here.map(|(_, code)| *code).collect();
            line(out, &spooled, state, detections)?;
            count += 1;
        }
    }
}

fn line(
    out: &mut dyn Write,
    spooled: &Spooled,
    state: &State,
    detections: Vec<&str>,
) -> io::Result<()> {
    let endpoint = state.final_endpoint(spooled.leaf).map(|template| EndpointName {
        id: template.id.as_str(),
        method: &template.method,
        host: &template.host,
        path: &template.path,
    });
    let line = Line {
        id: spooled.id.as_str(),
        source: spooled.source.as_deref(),
        endpoint,
        actor: spooled.actor.as_str(),
        principal: spooled.principal.as_ref().map(PrincipalId::as_str),
        session: spooled.session.as_ref().map(SessionId::as_str),
        data_classes: &spooled.classes,
        detections,
    };
    serde_json::to_writer(&mut *out, &line)?;
    out.write_all(b"\n")
}
