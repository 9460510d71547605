//! What docker-compose 1.x makes of a project; of many at once, since it takes
//! half a second to start.

use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};

use serde_json::{Value, json};

use crate::corpus::Sample;

/// Debian's own Python, which has the modules of Debian's docker-compose.
const PYTHON: &str = "/usr/bin/python3";

/// Why the reference cannot be asked; a docker-compose of today is not the one.
pub(crate) fn missing() -> Option<String> {
    let output = Command::new(PYTHON).args(["-c", "import compose.config"]).output();
    let is_there = output.is_ok_and(|it| it.status.success());
    (!is_there).then(|| "needs docker-compose 1.x, as Debian 12 has it".to_owned())
}

/// The resolved models in the order of the samples, or why there is none.
pub(crate) fn resolve(samples: &[(&Sample, &Path)]) -> Vec<Result<Value, String>> {
    let jobs: Vec<Value> = samples
        .iter()
        .map(|(sample, folder)| {
            json!({
                "folder": folder,
                "files": sample.compose,
                "environment": sample.environment,
            })
        })
        .collect();
    let mut child = Command::new(PYTHON)
        .args(["-c", include_str!("reference.py")])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("Python can be started");
    let mut input = child.stdin.take().expect("standard input is a pipe");
    input.write_all(Value::from(jobs).to_string().as_bytes()).expect("the driver reads its jobs");
    drop(input);
    let output = child.wait_with_output().expect("the driver ends");
    assert!(output.status.success(), "the driver of the reference fails");
    let answers: Vec<Value> = serde_json::from_slice(&output.stdout).expect("it answers in JSON");
    assert_eq!(answers.len(), samples.len());
    answers
        .into_iter()
        .map(|answer| match answer["refusal"].as_str() {
            Some(refusal) => Err(refusal.to_owned()),
            None => Ok(answer["model"].clone()),
        })
        .collect()
}
