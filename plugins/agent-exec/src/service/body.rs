//! The body of a request: one object, or lines of which the first is the request.

use gaxx_sdk::{Body, Deadline, ErrorKind, prelude::Duration};

use crate::{
    decline::Decline,
    request::{BadRequest, Body as Kind, Lines, Request},
    run::Source,
};

/// How long the body of a request, or its first line, may take.
const PATIENCE: Duration = Duration::from_secs(30);

/// Reads a request, and says where its input comes from. At most `most` bytes are held.
pub(super) fn read(
    kind: Kind,
    mut body: Body,
    most: usize,
) -> Result<(Request, Option<Source>), Decline> {
    let deadline = Deadline::after(PATIENCE);
    match kind {
        Kind::Json => {
            let mut whole = Vec::new();
            while let Some(piece) = next(&mut body, deadline)? {
                if whole.len() + piece.len() > most {
                    return Err(Decline::Large(most));
                }
                whole.extend_from_slice(&piece);
            }
            Ok((Request::parse(&whole)?, None))
        }
        Kind::Lines => {
            let mut lines = Lines::new(most);
            let request = loop {
                if let Some(line) = lines.next()? {
                    break Request::parse(line)?;
                }
                let Some(piece) = next(&mut body, deadline)? else {
                    let rest = lines.rest().ok_or(BadRequest::NoFirstLine)?;
                    let request = Request::parse(rest)?;
                    lines.clear();
                    break request;
                };
                lines.push(&piece);
            };
            if !request.input.is_empty() {
                return Err(BadRequest::InputBeforeLines.into());
            }
            Ok((request, Some(Source::Lines { body, lines })))
        }
    }
}

fn next(body: &mut Body, deadline: Deadline) -> Result<Option<Vec<u8>>, Decline> {
    body.read(deadline).map_err(|error| match error.kind() {
        ErrorKind::Deadline => Decline::Body(format!("it took more than {} s", PATIENCE.as_secs())),
        _ => Decline::Body(error.message().to_owned()),
    })
}
