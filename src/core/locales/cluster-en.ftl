# Words of the cluster: what a step still misses or waits for, and why a node, workload or pod is not as wanted.
# They stand after a colon: "waiting for 0:12: ...".
wait-api = the Kubernetes interface does not answer yet
wait-namespace-gone = the old area { $namespace } is still being removed
wait-crd = the object kind { $name } is not in force yet
wait-chart-workload = { $workload }: { $done } of { $wanted } ready
wait-chart-pod = { $workload }: { $pod } does not start ({ $reason })
wait-charts = { $done } of { $wanted } { $wanted ->
        [one] part
       *[other] parts
    } ready; waiting for { $what }
wait-charts-gone = { $done } of { $wanted } { $wanted ->
        [one] part
       *[other] parts
    } removed; waiting for { $what }
wait-chart-gone = parts of { $chart } are still being removed
wait-probe = the check “{ $probe }” is running
wait-probe-red = the check “{ $probe }” is not green yet: { $request }

namespace-missing = the area { $namespace } is not set up
secret-missing = the secret { $secret } of { $namespace } is not complete
definition-missing = the object kind { $name } of { $chart } is not in force
chart-missing = { $chart } is not there
chart-unfinished = { $chart } was not put in place completely
chart-other = { $chart } is there with another version or other settings
chart-there = { $chart } is still there
object-missing = { $kind } { $name } of { $chart } is not there
object-not-ready = { $kind } { $name } of { $chart } is not ready
object-leaving = it is being removed
object-unseen = Kubernetes has not looked at the last change yet
object-condition = it waits for “{ $condition }”

node-missing = server { $node } has not joined Kubernetes yet
node-not-ready = server { $node } is not ready yet
node-silent = server { $node } does not report any more
node-disk-pressure = the disk of server { $node } is nearly full
node-memory-pressure = server { $node } is short of memory
node-process-pressure = server { $node } has too many processes
node-no-network = the network of server { $node } is not ready

workload-starting = { $done } of { $wanted } ready
workload-updating = { $done } of { $wanted } renewed
workload-old-pods = { $done } of the old version still running
workload-stuck = no progress for too long: { $done } of { $wanted } ready
job-running = the task is still running
job-suspended = the task is suspended
job-failed = the task failed
volume-pending = no storage yet
volume-lost = the storage is lost

pod-starting = it is starting
pod-not-ready = it runs, but does not answer as ready yet
pod-image = the image { $image } cannot be fetched
pod-crashing = { $container } ends again and again (restarted { $restarts ->
        [one] once
       *[other] { $restarts } times
    })
pod-out-of-memory = { $container } needs more memory than it may have
pod-configuration = { $container } cannot be started: a setting or secret is missing or wrong
pod-evicted = it was stopped because the server was short of disk or memory
pod-failed = it ended with an error
pod-no-memory = no server has enough free memory for it
pod-no-processor = no server has enough free processor time for it
pod-no-volume = its storage is not ready
pod-no-place = no server fits it
hopeless-crashing = { $container } ended { $times } times in a row and was never ready
hopeless-image = the image { $image } is not in the release
hopeless-image-name = { $image } is no name of an image
hopeless-setting = { $container } is not started: a setting or secret that it needs is missing or wrong
