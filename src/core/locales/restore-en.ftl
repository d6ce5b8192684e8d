# Words of restore points, and of the return of the cluster to the snapshot of one.

operation-title-restore-cluster = Return of the cluster of { $release } to a restore point
step-restore-datastore = Put the cluster’s database back from the restore point { $point }
step-export-changes = Keep what was made or changed since { $since }
missing-restored-datastore = the cluster’s database is not the one of the restore point { $point }
missing-exported-changes = what was made or changed since the restore point { $point } is not kept
restore-no-way-back = what Kubernetes knew is replaced; only going on leads to a cluster that works
wait-datastore = the cluster’s database is being put back

restore-of = Return of the cluster of { $release } at { $site }
restore-point = Restore point { $name }
restore-point-made = made { $made }, { $age } ago, when { $release } was in use
restore-point-kubernetes = Kubernetes { $kubernetes }, configuration revision { $revision }, snapshot { $size }
restore-point-whole = every file of it is as it was written
restore-point-damaged = damaged: it cannot be used
restore-point-none = There is no restore point on this server. Every upgrade and every change of the configuration makes one first.
restore-since = What was made or changed since, and will not be there any more
restore-since-nothing = nothing
restore-created = made: { $name }
restore-changed = changed: { $name }
restore-more = and { $count } more
restore-export = All of it is written into { $path } before. An expert can put it back from there with: kubectl apply -f
restore-deleted = What was deleted since comes back; that cannot be listed.
restore-unseen = Kubernetes does not answer. What was made or changed since cannot be listed, and cannot be kept as a file. The database that is there now is kept beside the restored one.
restore-steps = Steps
restore-means = The data of the applications (databases, files) are not touched: they are files of this server. Users cannot work while this runs.
restore-ask-name = To go back to this restore point, type the name of the site ({ $name }), or press Enter to leave everything as it is:
restore-dry-run = This was only the plan; nothing was changed.
restore-nothing-changed = Nothing was changed.

restore-disk = There is not enough space for the restored database: { $needed } MB are needed, { $free } MB are free.
    .why = The database that is there now is kept beside the restored one.
    .fix = Make room first.
restore-healthy = Kubernetes answers and everything on it is well.
    .why = Going back mends nothing then, and takes away what was made since.
    .fix = Look first whether it is needed.
restore-unlisted = Nobody can say what is lost: Kubernetes does not answer.
    .why = Only Kubernetes itself tells what was made or changed since the restore point.
    .fix = If somebody worked with kubectl since then, ask what was made. What the release brings is put in place again anyway.
restore-secrets = The restore point may not know these passwords and keys: { $secrets }.
    .why = They came with a release after it. They would be made anew, and a database that was made with the old one would refuse the new one.
    .fix = If there is a newer restore point, use that one: bridle restore-point list
restore-other-release = The restore point is of { $before }, and { $release } is in use.
    .why = Kubernetes goes back, and then the applications of the release in use are put in place again.
    .fix = Nothing is to be done.

BR-1290 = There is no restore point that could be used ({ $count } looked at).
    .why = Going back needs a snapshot of the cluster that is whole and that the Kubernetes in use understands.
    .fix = See what is there, and why it cannot be used: bridle restore-point list. Otherwise install anew and restore a backup.
BR-1291 = There is no restore point { $point }.
    .why = Restore points are removed when an upgrade is confirmed, but for the newest.
    .fix = See what is there with: bridle restore-point list
BR-1292 = The restore point { $point } is of Kubernetes { $found }, and { $running } runs here.
    .why = Kubernetes understands data of its own minor version and of the one before, not of a later one.
    .fix = Choose another one: bridle restore-point list
BR-1293 = The return of the cluster must be confirmed by typing the name of the site, and nobody can be asked.
    .why = What was made since the restore point is gone afterwards.
    .fix = Look at the plan with: bridle cluster restore --dry-run. Then add: { $flag }
BR-1294 = { $found } is not the name of this site.
    .why = The name is asked so that nobody does this on the wrong server.
    .fix = See the name with: bridle status
BR-1295 = The cluster is no longer as it was when the plan was shown.
    .why = What is confirmed is what runs; something changed in between.
    .fix = Look again and confirm again: bridle cluster restore
BR-1296 = Something stands against the return of the cluster.
    .why = It would fail half-way.
    .fix = See what it is with: bridle cluster restore --dry-run
BR-1297 = The return of the cluster cannot be taken back.
    .why = Its database is being replaced; half of it is worse than either end.
    .fix = Let it go on with: bridle operation retry, or after a pause with: bridle operation continue
BR-1298 = Kubernetes did not take the snapshot of the restore point { $point }.
    .why = k3s was told to put its database back from it, and did not say that it has.
    .fix = Its words are below. Try again with: bridle operation retry

help-bridle-cluster = The cluster itself, for the day when it does not come up
    .examples =
        bridle cluster restore --dry-run # what a return to the newest restore point would do
        bridle cluster restore
help-bridle-cluster-restore = Bring a cluster that does not come up back to a restore point
    .more =
        For a server on which Kubernetes does not start any more, and a restart of the server did not help: a damaged database
        after a failed disk, for example. What Kubernetes knows goes back to the restore point; then Kubernetes starts, the
        applications of the installed release are put in place again, and the probes must be green. Databases and files of
        the applications are not touched. What was made with kubectl since is written into a file before, as long as
        Kubernetes still answers. It goes on by itself, also after a restart of the server; Ctrl-C only leaves this command.
    .examples =
        bridle cluster restore --dry-run # only show the plan
        bridle cluster restore # asks for the name of the site
        bridle cluster restore --restore-point 0007-before-campus-1.1.0
    .restore-point = Use this restore point, not the newest one that can be used
    .dry-run = Only show the plan
    .confirm = Name of the site, typed beforehand
help-bridle-restore-point = What is kept on this server to go back
    .examples =
        bridle restore-point list
        bridle restore-point show 0007-before-campus-1.1.0
help-bridle-restore-point-list = List the restore points, the newest first
    .examples =
        bridle restore-point list
help-bridle-restore-point-show = Show one restore point, and prove its files
    .examples =
        bridle restore-point show
        bridle restore-point show 0007-before-campus-1.1.0
    .name = Name of the restore point; the newest one if left out
step-prune-restore-points = Remove the restore point that is no longer needed; { $count } stay
