//! A fresh sandbox in a process of its own, and what it saw.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::Outcome;
use crate::process::Running;

/// The token that it lets in.
pub(crate) const TOKEN: &str = "sandbox";

/// A running sandbox that keeps the time of every arrival. It is killed when this is dropped.
#[derive(Debug)]
pub(crate) struct Sandbox {
    address: String,
    process: Running,
}

impl Sandbox {
    /// Starts one, with more arguments than the usual ones.
    pub(crate) fn start(arguments: &[&str]) -> Outcome<Sandbox> {
        let mut process = Running::start(
            Command::new(env!("CARGO_BIN_EXE_deskcast"))
                .args(["sandbox", "--port", "0", "--keep-times"])
                .args(arguments)
                .current_dir(env!("CARGO_TARGET_TMPDIR"))
                .stdin(Stdio::null())
                .stdout(Stdio::piped()),
        )?;
        let stdout = process.0.stdout.take().ok_or("the sandbox has no stdout")?;
        let mut line = String::new();
        BufReader::new(stdout).read_line(&mut line)?;
        let address = line
            .strip_prefix("listening on http://")
            .and_then(|rest| rest.split('/').next())
            .ok_or_else(|| format!("the sandbox said {line:?}"))?
            .to_owned();
        Ok(Sandbox { address, process })
    }

    pub(crate) fn base_url(&self) -> String {
        format!("http://{}/platform/v1", self.address)
    }

    pub(crate) fn cpu_seconds(&self) -> Outcome<f64> {
        self.process.cpu_seconds()
    }

    /// How many creates have arrived.
    pub(crate) fn creates(&self) -> Outcome<u64> {
        let requests = self.get("/_sandbox/requests")?;
        requests["creates"]
            .as_u64()
            .ok_or("no number of creates".into())
    }

    /// How many readings have arrived.
    pub(crate) fn reads(&self) -> Outcome<u64> {
        let requests = self.get("/_sandbox/requests")?;
        requests["reads"]
            .as_u64()
            .ok_or("no number of reads".into())
    }

    /// When each create arrived, in seconds since 1970, in order.
    pub(crate) fn create_times(&self) -> Outcome<Vec<f64>> {
        self.times("creates")
    }

    /// When each request arrived, in seconds since 1970, in order.
    pub(crate) fn all_times(&self) -> Outcome<Vec<f64>> {
        self.times("all")
    }

    fn times(&self, of: &str) -> Outcome<Vec<f64>> {
        let requests = self.get("/_sandbox/requests?times=all")?;
        let times = requests["times"][of].as_array().ok_or("no times")?;
        let mut times: Vec<f64> = times
            .iter()
            .filter_map(Value::as_f64)
            .map(|micros| micros / 1e6)
            .collect();
        times.sort_by(f64::total_cmp);
        Ok(times)
    }

    /// How often the most messaged customer was messaged.
    pub(crate) fn most_messaged(&self) -> Outcome<u64> {
        let messaged = self.get("/_sandbox/messaged")?;
        messaged["most"].as_u64().ok_or("no memory".into())
    }

    /// Waits until so many creates have arrived.
    pub(crate) fn wait_for(&self, creates: u64, client: &mut Running) -> Outcome<u64> {
        let start = Instant::now();
        loop {
            let arrived = self.creates()?;
            if arrived >= creates {
                return Ok(arrived);
            }
            let ended = client.has_ended()?;
            if start.elapsed() > Duration::from_secs(300) || ended && self.creates()? < creates {
                return Err(format!("only {arrived} of {creates} creates arrived").into());
            }
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    fn get(&self, path: &str) -> Outcome<Value> {
        let mut stream = TcpStream::connect(&self.address)?;
        write!(
            stream,
            "GET {path} HTTP/1.1\r\nHost: {}\r\nConnection: close\r\n\r\n",
            self.address
        )?;
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer)?;
        let body = answer
            .windows(4)
            .position(|four| four == b"\r\n\r\n")
            .ok_or("an answer without end of its head")?;
        Ok(serde_json::from_slice(&answer[body + 4..])?)
    }
}
