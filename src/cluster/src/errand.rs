//! A short-lived pod that asks the services of the site sheet, as the applications would reach them.
//!
//! It has no rights: no token, no privileges, a read-only root, not root. It ends by itself ([`LIMIT`]), is removed whatever
//! came of it, and one that an agent left behind is removed by the next errand.

use std::time::Duration;

use bridle_core::configuration::errand::{Errand, Question, Reply, replies};
use bridle_core::fault::{Fault, FaultCode};
use bridle_core::port::{Attempt, Clock};
use serde_json::{Value, json};

use crate::connect::{ApiError, ApiServer, segment};

/// How long the pod may run, its start included.
pub(crate) const LIMIT: Duration = Duration::from_secs(60);
/// Between two looks at the pod.
const LOOK: Duration = Duration::from_millis(500);
/// How long a pod of an earlier errand may take to go.
const LEAVING: Duration = Duration::from_secs(15);
/// Name of the pod; there is never more than one in a namespace.
const NAME: &str = "bridle-errand";
/// Label by which an errand is known.
const LABEL: &str = "bridle.internal/errand";
/// Nobody's user and group in every image.
const NOBODY: u32 = 65534;

/// Holds an errand, and gives one reply a question in their order.
///
/// # Errors
/// `ErrandFailed` with its cause, or `KubernetesRefused`. The pod is gone then, too, as far as Kubernetes answers.
pub(crate) fn hold(
    api: &ApiServer,
    clock: &dyn Clock,
    errand: &Errand,
    attempt: &mut Attempt<'_>,
) -> Result<Vec<Reply>, Fault> {
    clear(api, clock, &errand.namespace)?;
    let begun = api.create(&collection(&errand.namespace), &pod(errand));
    let said = begun.map_err(|error| failed(&error)).and_then(|_| told(api, clock, errand, attempt));
    // Removed whatever came of it; if that fails, its own deadline ends it and the next errand removes it.
    let gone = remove(api, &errand.namespace);
    let replies = replies(&said?, errand.questions.len());
    gone.map_err(|error| error.fault(NAME))?;
    Ok(replies)
}

/// What the pod wrote, once it has ended.
fn told(api: &ApiServer, clock: &dyn Clock, errand: &Errand, attempt: &mut Attempt<'_>) -> Result<String, Fault> {
    let end = clock.monotonic().saturating_add(LIMIT.min(attempt.limit));
    let mut phase = String::new();
    while clock.monotonic() < end && !(attempt.stop)() {
        let pod = api.glance(&path(&errand.namespace)).map_err(|error| failed(&error))?;
        let pod = pod.ok_or_else(|| Fault::new(FaultCode::ErrandFailed).output("the pod is gone"))?;
        phase = pod.pointer("/status/phase").and_then(Value::as_str).unwrap_or_default().to_owned();
        if matches!(phase.as_str(), "Succeeded" | "Failed") {
            let log = format!("{}/log?limitBytes=16384", path(&errand.namespace));
            return api.glance_text(&log).map_err(|error| failed(&error));
        }
        clock.sleep(LOOK);
    }
    Err(Fault::new(FaultCode::ErrandFailed).output(&format!("the pod did not end in time: {phase}")))
}

/// Removes the pod of an earlier errand, whose agent did not come to it.
fn clear(api: &ApiServer, clock: &dyn Clock, namespace: &str) -> Result<(), Fault> {
    let end = clock.monotonic().saturating_add(LEAVING);
    while let Some(pod) = api.get(&path(namespace)).map_err(|error| failed(&error))? {
        let ours = pod.pointer("/metadata/labels").and_then(|labels| labels.get(LABEL)).is_some();
        if !ours {
            return Err(Fault::new(FaultCode::ErrandFailed).output("a pod of that name is somebody else's"));
        }
        if clock.monotonic() >= end {
            return Err(Fault::new(FaultCode::ErrandFailed).output("the pod of an earlier errand does not go"));
        }
        remove(api, namespace).map_err(|error| failed(&error))?;
        clock.sleep(LOOK);
    }
    Ok(())
}

fn remove(api: &ApiServer, namespace: &str) -> Result<(), ApiError> {
    api.delete(&format!("{}?gracePeriodSeconds=0", path(namespace))).map(drop)
}

fn pod(errand: &Errand) -> Value {
    let mut command = vec!["/bin/sh".to_owned(), "-c".to_owned(), SCRIPT.to_owned(), "errand".to_owned()];
    command.extend(errand.questions.iter().flat_map(words));
    json!({
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {
            "name": NAME,
            "namespace": errand.namespace,
            "labels": { LABEL: "services", "app.kubernetes.io/managed-by": "bridle" },
        },
        "spec": {
            "restartPolicy": "Never",
            "activeDeadlineSeconds": LIMIT.as_secs(),
            "terminationGracePeriodSeconds": 0,
            "automountServiceAccountToken": false,
            "enableServiceLinks": false,
            "securityContext": {
                "runAsNonRoot": true, "runAsUser": NOBODY, "runAsGroup": NOBODY,
                "seccompProfile": { "type": "RuntimeDefault" },
            },
            "containers": [{
                "name": "errand",
                "image": errand.image,
                "imagePullPolicy": "IfNotPresent",
                "command": command,
                "resources": {
                    "requests": { "cpu": "10m", "memory": "16Mi" }, "limits": { "cpu": "200m", "memory": "32Mi" },
                },
                "securityContext": {
                    "allowPrivilegeEscalation": false, "readOnlyRootFilesystem": true,
                    "capabilities": { "drop": ["ALL"] },
                },
            }],
        },
    })
}

/// Three words a question: how, host, port. They reach the script as arguments, never as part of it.
fn words(question: &Question) -> [String; 3] {
    [question.way.word().to_owned(), question.host.clone(), question.port.to_string()]
}

/// One line a question, in their order: its number, `yes`, `no`, `sent` or
/// `unasked` (a busybox whose `nc` knows no datagrams, as Debian's), and the end of what was said. All of them are asked at the
/// same time, so that the slowest one decides how long it takes.
/// An image may have the one program without a link for each of its parts.
const SCRIPT: &str = r#"
b=$(command -v busybox)
datagrams() { $b nc --help 2>&1 | $b grep -q -e '-u'; }
ask() {
  case "$1" in
    name) out=$($b timeout 6 $b nslookup -type=a bridle.internal "$2" 2>&1)
      case "$out" in
        *"timed out"*|*"no servers"*|*"refused"*|*"unreachable"*|*"can't connect"*|"") echo "no $out" ;;
        *) echo yes ;;
      esac ;;
    stream) if out=$($b timeout 6 $b nc -w 5 "$2" "$3" </dev/null 2>&1 >/dev/null); then echo yes; else echo "no $out"; fi ;;
    time|datagram) if ! datagrams; then echo unasked; return; fi ;;
  esac
  case "$1" in
    time) size=$( (printf '\043'; $b head -c 47 /dev/zero; $b sleep 3) | $b timeout 6 $b nc -u -w 3 "$2" "$3" 2>/dev/null | $b head -c 48 | $b wc -c)
      if [ "$size" -ge 48 ]; then echo yes; else echo "no"; fi ;;
    datagram) if out=$(echo '<14>1 - - bridle - - - test of the site sheet' | $b timeout 3 $b nc -u -w 1 "$2" "$3" 2>&1); then echo sent
      else case "$out" in "") echo sent ;; *) echo "no $out" ;; esac; fi ;;
  esac
}
count=0
while [ $# -ge 3 ]; do
  (line=$(ask "$1" "$2" "$3" | $b tr '\n\r\t' '   '); echo "$count $line") &
  count=$((count + 1))
  shift 3
done
wait
"#;

fn failed(error: &ApiError) -> Fault {
    Fault::new(FaultCode::ErrandFailed).because(error)
}

fn collection(namespace: &str) -> String {
    format!("/api/v1/namespaces/{}/pods", segment(namespace))
}

fn path(namespace: &str) -> String {
    format!("{}/{NAME}", collection(namespace))
}

#[cfg(test)]
mod tests;
