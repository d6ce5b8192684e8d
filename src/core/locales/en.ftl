# Words of steps, states, checks and faults; `.why` and `.fix` belong to a fault or a finding.

step-store = Check the parts of { $release }
step-certificate = Make the certificate of { $host }
step-configure-kubernetes = Configure Kubernetes
step-start-kubernetes = Start Kubernetes { $version }
step-stop-kubernetes = Stop Kubernetes
step-forget-kubernetes = Remove the configuration of Kubernetes
step-node-ready = Wait until server { $node } is ready
step-namespaces = Set up { $count } { $count ->
        [one] area
       *[other] areas
    } of the platform
step-secrets = Make { $count } { $count ->
        [one] secret
       *[other] secrets
    } of this site
step-custom-resources = Declare the object kinds of { $chart }
step-chart = Put { $chart } { $version } in place
step-charts = Put { $count } { $count ->
        [one] part
       *[other] parts
    } in place at the same time: { $charts }
step-chart-gone = Remove { $chart }
step-charts-gone = Remove { $count } { $count ->
        [one] part
       *[other] parts
    } at the same time: { $charts }
step-probes = Check as a user would: { $count } { $count ->
        [one] journey
       *[other] journeys
    }
operation-approved = confirmed
operation-running = running
operation-paused = paused
operation-committed = done
operation-rolling-back = going back
operation-rolled-back = taken back
operation-needs-operator = waits for a decision
sim-missing = { $what } is missing
missing-kubernetes-configuration = the configuration of Kubernetes is not in place: { $path }
missing-kubernetes-stopped = the service k3s is not running
missing-kubernetes-api = the Kubernetes interface does not answer yet
missing-kubernetes-version = Kubernetes { $found } answers instead of { $wanted }
missing-blobs = { $count } { $count ->
        [one] part is
       *[other] parts are
    } missing in the store
missing-certificate = there is no certificate for { $host }
missing-still-there = { $path } is still there
wait-kubernetes-api = Kubernetes to answer
wait-watchers = everything in the cluster to hear Kubernetes again, before anything is replaced
unseen-kubernetes-absent = Kubernetes is not installed yet
unseen-kubernetes-silent = Kubernetes does not answer

BR-1001 = The file { $path } cannot be read.
    .why = Without it nothing can be checked or done.
    .fix = Check that the file is there and whole, and that the disk or stick has no errors. Then try again.
BR-1002 = The release file is damaged.
    .why = Its content does not match what the publisher signed; the copy was cut short or altered.
    .fix = Copy the file again from its source and check it with: minisign -V -p publisher.pub -m FILE
BR-1003 = The signature of the release file is missing or wrong.
    .why = Nobody can say who made this file.
    .fix = Get the file from its publisher again. Do not run it.
BR-1004 = The release file is signed by a key that this server does not trust ({ $key }).
    .why = Only files of the publishers that you trust may change this server.
    .fix = Compare the key with the one that the publisher told you. If it is right, add: --publisher-key FILE
BR-1005 = No publisher key is trusted on this server yet.
    .why = Somebody must compare the key before anything is installed; with --yes or without a terminal nobody can.
    .fix = Add: --publisher-key FILE, with the key that the publisher gave you by another way.
BR-1006 = The installer itself is not the one of the signed release.
    .why = The program at the head of the file was replaced.
    .fix = Do not go on. Get the file from its publisher again.
BR-1007 = This release is for { $wanted } processors, this server has { $found }.
    .why = Its programs cannot run here.
    .fix = Ask the publisher for the file for { $found }.
BR-1010 = This server does not meet the requirements yet.
    .why = Installing would fail half-way or work badly.
    .fix = Mend the findings marked as blocking, then run the same command again.
BR-1011 = This needs administrator rights.
    .why = Programs, services and network settings of the server are changed.
    .fix = Run the same command again with sudo in front of it.
    .example = sudo ./campus-1.0.0-amd64.run install
BR-1012 = A confirmation is needed, and nobody can be asked.
    .why = The input is not a terminal, or --no-input was given.
    .fix = Look at the plan with --plan-only, then add: --yes
    .example = sudo ./campus-1.0.0-amd64.run install --yes --publisher-key campus.pub --config site.toml
BR-1013 = The configuration file { $path } is invalid.
    .why = It has a field or value that Bridle does not know; nothing was changed.
    .fix = Correct the file at the place that is named above, then run the same command again.
BR-1014 = Another release is installed here: { $installed }.
    .why = An installation only goes onto a server without one.
    .fix = Go on with the release that is there: bridle status. A newer release of the same platform takes its place with: bridle release add FILE and then bridle upgrade start. For another platform, or an older release, remove what is there first: bridle uninstall
BR-1020 = There is not enough space at { $path }.
    .why = Writing stopped before anything was lost.
    .fix = Free some space there. Then run the same command again, or for a step of an operation: bridle operation retry. It goes on where it stopped.
BR-1021 = { $path } cannot be written.
    .why = What is not safely on disk does not count as done.
    .fix = Look for errors of the disk with: dmesg, and whether it is mounted read-only with: findmnt --target PATH. Then run the same command again.
BR-1022 = The store of the release is damaged or not complete.
    .why = A part that the release needs is missing or altered on disk.
    .fix = See what is wrong with: bridle store check. Bring it back from the release file with: bridle store repair --from FILE. Then try again.
BR-1030 = The program { $program } failed.
    .why = What it said itself is shown as the cause.
    .fix = Mend what the cause names, then: bridle operation retry
BR-1031 = It took too long: { $what }.
    .why = It did not end within its time limit: the server is too slow, or what it waited for does not come.
    .fix = See what it waited for with: bridle operation show. Mend that, then: bridle operation retry
BR-1040 = Kubernetes does not start.
    .why = The platform’s base is not running, so no application can.
    .fix = Look at: journalctl -u k3s -n 50. Mend the cause, then: bridle operation retry
BR-1041 = Kubernetes refused or did not answer: { $what }.
    .why = What was asked was not done; its own words are shown as the cause.
    .fix = Look at: bridle status, and at: journalctl -u k3s -n 50. Then: bridle operation retry
BR-1042 = The part { $chart } could not be put in place.
    .why = Its description was refused, or it did not come up in time.
    .fix = Read the cause. If a setting of this site is wrong, correct it in /etc/bridle/site.toml. Then: bridle operation retry
BR-1043 = In { $chart }, { $workload } does not become ready.
    .why = A program of the platform does not start or does not answer.
    .fix = Read the cause and the log of the program with kubectl logs. Mend that, then: bridle operation retry
    .example = kubectl -n campus logs deployment/frontend --tail=50
BR-1044 = The check “{ $probe }” is not green: { $request }.
    .why = Users would not get what they expect.
    .fix = Look at: bridle status. Then: bridle operation retry
BR-1050 = The agent does not answer.
    .why = The service bridle-agent is stopped, or you have no right to talk to it.
    .fix = Look at: systemctl status bridle-agent. To talk to it you must be root or in the group bridle.
BR-1051 = Another operation is running: { $operation }.
    .why = Two operations at once would get in each other’s way.
    .fix = Watch it with: bridle operation attach
BR-1052 = There is no operation { $operation }.
    .why = The name is wrong, or its journal was removed.
    .fix = See the list with: bridle operation list
BR-1053 = The journal of an operation is damaged: { $path }.
    .why = Bridle does not guess what was done; it touches nothing until you decide.
    .fix = Copy the file for support before anything else, and do not edit it. Look for errors of the disk with: dmesg. Until then no operation begins but this one: bridle uninstall
BR-1054 = This cannot be done now: the operation is { $state }.
    .why = Each command fits only some states of an operation.
    .fix = See what can be done now with: bridle operation show
BR-1055 = The operation waits for your decision.
    .why = A step failed and cannot be mended or taken back by itself.
    .fix = Mend the cause, then: bridle operation retry. Or go on without the step: bridle operation skip --reason TEXT. Or take everything back: bridle operation abort
BR-1060 = You have no right to do this.
    .why = Changes need the right of an operator.
    .fix = Ask an administrator, or run the command as root.
BR-1061 = The request cannot be understood: { $what }.
    .why = A field is missing, wrong or too long.
    .fix = Correct what is named above; --help behind a command shows how it is used.
BR-1070 = The step ran, but its effect cannot be seen.
    .why = The server is not in the state that the step should have made.
    .fix = Look at: bridle status. Then: bridle operation retry
BR-1099 = Something inside Bridle is wrong.
    .why = This is a fault of Bridle, not of yours.
    .fix = Send the whole text of this message to the publisher, with the output of: journalctl -u bridle-agent -n 200
