//! The other side: `tests/oracle/libxlutil_oracle.c` over a pair of pipes.

use std::error::Error;
use std::io::{BufReader, BufWriter, Read, Write};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

pub(crate) struct Library {
    child: Child,
    requests: BufWriter<ChildStdin>,
    answers: BufReader<ChildStdout>,
}

impl Library {
    pub(crate) fn start(program: &str) -> Result<Self, Box<dyn Error>> {
        let mut child = Command::new(program)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .map_err(|error| format!("{program}: {error}"))?;
        let requests = child.stdin.take().ok_or("no pipe")?;
        let answers = child.stdout.take().ok_or("no pipe")?;
        Ok(Self { child, requests: BufWriter::new(requests), answers: BufReader::new(answers) })
    }

    pub(crate) fn config(
        &mut self,
        text: &[u8],
        keys: &[String],
    ) -> Result<Vec<u8>, Box<dyn Error>> {
        let mut request = Vec::new();
        for key in keys {
            request.extend_from_slice(key.as_bytes());
            request.push(0);
        }
        request.push(0);
        request.extend_from_slice(text);
        self.ask(b'C', &request)
    }

    pub(crate) fn disk(&mut self, spec: &str) -> Result<Vec<u8>, Box<dyn Error>> {
        self.ask(b'D', spec.as_bytes())
    }

    pub(crate) fn mac(&mut self, text: &str) -> Result<Vec<u8>, Box<dyn Error>> {
        self.ask(b'M', text.as_bytes())
    }

    fn ask(&mut self, letter: u8, request: &[u8]) -> Result<Vec<u8>, Box<dyn Error>> {
        self.exchange(letter, request).map_err(|error| {
            let ended = self.child.try_wait();
            let shown = String::from_utf8_lossy(request);
            format!("libxlutil's side: {error} (ended: {ended:?}) at request {shown:?}").into()
        })
    }

    fn exchange(&mut self, letter: u8, request: &[u8]) -> std::io::Result<Vec<u8>> {
        let length = u32::try_from(request.len()).map_err(std::io::Error::other)?;
        self.requests.write_all(&[letter])?;
        self.requests.write_all(&length.to_ne_bytes())?;
        self.requests.write_all(request)?;
        self.requests.flush()?;
        let mut length = [0; 4];
        self.answers.read_exact(&mut length)?;
        let mut answer = Vec::new();
        let wanted = u64::from(u32::from_ne_bytes(length));
        if (&mut self.answers).take(wanted).read_to_end(&mut answer)? as u64 != wanted {
            return Err(std::io::ErrorKind::UnexpectedEof.into());
        }
        Ok(answer)
    }
}
