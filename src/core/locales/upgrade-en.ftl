# Words of upgrades, ways back and changes of the configuration.
step-restore-point = Keep what is needed to go back
step-switch-agent = Hand over to the agent of { $release }
step-serve-images = { $count ->
        [0] Serve the images of { $release }
        [one] Serve the images of { $release }; { $count } has changed under its name
       *[other] Serve the images of { $release }; { $count } have changed under their names
    }
step-switch-kubernetes = Run Kubernetes { $version }
step-switch-kubernetes-emulated = Run Kubernetes { $version }, behaving like { $emulated } until all is confirmed
step-return-kubernetes = Run Kubernetes { $version } again
step-configuration = Put revision { $revision } of the configuration in place
step-settle-programs = Make the programs of { $release } the ones that start
step-prune-releases = Remove what is no longer needed; these stay: { $releases }
step-refresh-collation = Sort texts by the rules of the server, in { $sources }
step-copy-data = Copy the data of the applications, from { $count } { $count ->
        [one] place
       *[other] places
    }
step-copy-bases = Copy the files of the database servers: { $sources }
step-copy-secrets = Copy the secrets of the cluster
step-soak = Watch over everything: health must hold for { $seconds } { $seconds ->
        [one] second
       *[other] seconds
    }
step-leftovers-gone = Remove everything that is left of { $count } { $count ->
        [one] part
       *[other] parts
    }: { $charts }
operation-verifying = being watched
BR-1180 = The agent of another release goes on with the operation.
    .why = An upgrade brings a new agent, and that one finishes it.
    .fix = Nothing is to be done. Watch it with: bridle operation attach
operation-title-upgrade = Upgrade to { $release }
operation-title-rollback = Return to { $release }
operation-title-configure = Change of the configuration of { $release }
operation-title-recreate = Renewal of the applications of { $release }
BR-1181 = The change is in force; it cannot be taken back in the middle.
    .why = After the watch the new state was confirmed, and what would be needed to go back in the same way may be gone.
    .fix = Let it end: bridle operation attach. To return to the release before, then: bridle upgrade rollback
BR-1182 = { $to } cannot take the place of { $from } directly.
    .why = The publisher says which releases it can follow: { $accepts }.
    .fix = Install the releases between first, in this order: { $stops }. Ask the publisher for their files.
BR-1183 = Kubernetes cannot go from { $from } to { $to }.
    .why = Kubernetes goes up one minor version at a time and never down; its data would not be understood.
    .fix = Upgrade to a release with the minor version between first. Going down is only possible by restoring a backup.
BR-1184 = Something has changed since the plan was shown: { $changed }.
    .why = Only what you have seen and confirmed is done.
    .fix = Look at the new plan with: bridle upgrade plan. Then start it.
BR-1185 = The plan has findings that stand in the way.
    .why = The upgrade would fail half-way or leave the platform worse than before.
    .fix = Mend the findings marked as blocking, then look again: bridle upgrade plan
BR-1186 = No release is installed here.
    .why = Only what is installed can be changed.
    .fix = Install a release first: sudo ./NAME-VERSION.run install
BR-1187 = There is no release to go back to.
    .why = The release in use is the first one here, or the one before was removed.
    .fix = See what is here with: bridle release list
BR-1188 = { $release } is in use already.
    .why = Nothing would change.
    .fix = See what else is here with: bridle release list
BR-1189 = The agent of { $release } did not come up.
    .why = It was started several times and did not get far enough; the one before was started again.
    .fix = Everything goes back by itself. Send the output of: journalctl -u bridle-agent -n 200, to the publisher.
upgrade-committed = the change is in force
basis-installed = another release is in use
basis-release = the release file is another one
basis-profile = the configuration of the site was changed
basis-operations = another operation has taken place
basis-host = the state of the server
change-disk = The change needs { $needed } MiB, and { $free } MiB are free.
    .why = It would stop half-way and go back.
    .fix = See where the space went, and remove what nothing needs.
change-disk-tight = The change needs { $needed } MiB, and { $free } MiB are free.
    .why = It fits, but little is left for the data meanwhile.
    .fix = See where the space went.
change-profile-edited = The configuration on disk has changes that were never put in place.
    .why = They would take effect together with the release, and nobody could tell what caused what.
    .fix = Look at them and put them in place first, or undo them.
change-drop-in = The file { $path } replaces settings of Kubernetes on which this upgrade depends ({ $key }).
    .why = Until an upgrade is confirmed, the new Kubernetes must behave like the one before. With this file it would not, and there would be no way back.
    .fix = Write a + behind the name of the setting ({ $key }+), so that it adds to the list of Bridle, and leave emulated-version out of it.
change-drop-in-unread = The file { $path } cannot be looked at: it cannot be read, it is too large, or there are too many of its kind.
    .why = It may replace settings of Kubernetes on which this upgrade depends.
    .fix = Join your settings for k3s in a few small files.
change-silent = Kubernetes does not answer.
    .why = Nobody can say what runs, so nothing is changed.
    .fix = Mend that first. If Kubernetes does not start any more, not even after a restart of the server: bridle cluster restore
change-node-down = The server { $node } is not ready.
    .why = What is changed now could not start there.
    .fix = Mend that first.
change-workload-down = { $workload } is not ready.
    .why = After the change nobody could say whether it is the cause; everything would go back.
    .fix = Mend that first.
change-database-major = The database { $source } goes from PostgreSQL { $from } to { $to }, and the release does not say how.
    .why = The files of one major version cannot be read by another one: the data would be out of reach.
    .fix = Ask the publisher for a release that declares how the data are carried over.
change-database-migration = The database { $source } goes from PostgreSQL { $from } to { $to } by dump and restore, which this version of Bridle cannot do yet.
    .why = Started on the old files the new server would not come up.
    .fix = Ask the publisher for a release with the same major version.
change-database-collation = The order of texts of the database { $source } changes ({ $from } to { $to }): { $size } MiB of indexes are built anew, in about { $minutes } { $minutes ->
        [one] minute
       *[other] minutes
    }.
    .why = Indexes over texts were built with the old order and could miss rows until then. Users are served meanwhile.
    .fix = Nothing to do: the change does it, and going back does it again.
change-database-collation-unknown = The order of texts of the database { $source } changes ({ $from } to { $to }); how much is built anew could not be asked.
    .why = Indexes over texts were built with the old order and could miss rows until the change has built them anew.
    .fix = See whether the database runs.
change-contract = { $chart } removes something from its data that the release before needs.
    .why = Going back from this release later needs the copy of the data that is made before.
    .fix = Make sure that the copy of the data is made, and plan for a time when nobody works.
change-contract-back = { $chart } has removed something from its data that the release before needs.
    .why = The release before could not work with the data as they are now.
    .fix = Going back needs a restore of the data.
change-kubernetes-stays = Kubernetes stays at { $runs }; the release before came with { $wanted }.
    .why = Kubernetes never goes back by a minor version once that was confirmed: it would not understand its own data.
    .fix = Nothing is to be done.
BR-1190 = There is no newer release on this server.
    .why = An upgrade needs a release with a higher number than the one in use.
    .fix = Bring the publisher’s file with: bridle release add FILE
end-because = Why: { $because } ({ $code })
upgrade-title = Change from { $from } to { $to }
upgrade-changes = What changes
upgrade-kubernetes = Kubernetes { $from } → { $to }
upgrade-kubernetes-same = Kubernetes stays at { $version }
upgrade-images = Images: { $new } new ({ $size }), { $unchanged } unchanged, { $gone } no longer needed
upgrade-images-same = Images: all { $unchanged } unchanged
upgrade-chart = { $chart } { $from } → { $to }
upgrade-chart-values = { $chart }: other settings
upgrade-chart-new = { $chart } { $to } is new
upgrade-chart-gone = { $chart } { $from } goes; its data stay
upgrade-charts-same = { $count } { $count ->
        [one] part stays
       *[other] parts stay
    } as they are
upgrade-notes = What the publisher says
upgrade-commit = — from here on it is in force and no longer goes back by itself —
upgrade-disk = Disk: { $needed } needed, { $free } free
upgrade-time = Takes about { $time }; users should notice nothing. { $runs ->
        [0] A usual value; nothing like it ran here before.
        [one] Known from one run here.
       *[other] Known from { $runs } runs here.
    }
upgrade-time-interrupted = Takes about { $time }; something is down for users for up to { $down }. { $runs ->
        [0] A usual value; nothing like it ran here before.
        [one] Known from one run here.
       *[other] Known from { $runs } runs here.
    }
upgrade-ask = Upgrade to { $release } now?
upgrade-ask-back = Go back to { $release } now? What users have entered stays.
upgrade-nothing = Nothing was changed.
upgrade-because = because: { $because }
upgrade-history-took = { $from ->
        [none] by { $by }, in { $time }
       *[other] from { $from }, by { $by }, in { $time }
    }
upgrade-history-since = { $from ->
        [none] by { $by }, since { $time }
       *[other] from { $from }, by { $by }, since { $time }
    }
upgrade-way-back = If something fails before it is in force, everything goes back to { $from } by itself. What users have entered stays.
upgrade-way-back-later = Once it is in force, “bridle upgrade rollback” still returns to { $from }; Kubernetes then stays at { $version }.
time-seconds = { $count } { $count ->
        [one] second
       *[other] seconds
    }
time-minutes = { $count } { $count ->
        [one] minute
       *[other] minutes
    }
time-hours = { $hours } h { $minutes } min
help-bridle-upgrade = Go to another release, and back
    .examples =
        bridle upgrade plan # what would happen
        bridle upgrade start # asks first, then follows
help-bridle-upgrade-plan = What an upgrade would do, before anything is touched
    .more = What changes, each step with its usual time and what takes it back, space, and what stands in the way.
    .examples =
        bridle upgrade plan
        bridle upgrade plan campus-1.1.0 --json
    .release = Which release [default: the newest in the store]
    .no-data-copy = Do not copy the data of the applications before
    .detailed-exitcode = End with exit code 10 where something would change
help-bridle-upgrade-start = Upgrade, after showing the plan and asking
    .more =
        Everything goes back by itself if a step fails or if health does not hold afterwards.
        Ctrl-C leaves; the upgrade goes on.
    .examples =
        bridle upgrade start
        bridle upgrade start campus-1.1.0 --yes --detach
    .release = Which release [default: the newest in the store]
    .plan = Only if the plan is still this one
    .no-data-copy = Do not copy the data of the applications before
    .even-in = Name of the critical period of the calendar in which it shall be done all the same
    .yes = Do not ask
    .detach = Do not follow
help-bridle-upgrade-rollback = Go back to the release before
    .more = While an upgrade runs or is watched, everything of it goes back; later, all but the minor version of Kubernetes and the data.
    .examples =
        bridle upgrade rollback
        bridle upgrade rollback --yes
    .plan = Only if the plan is still this one
    .no-data-copy = Do not copy the data of the applications before
    .even-in = Name of the critical period of the calendar in which it shall be done all the same
    .yes = Do not ask
    .detach = Do not follow
help-bridle-upgrade-history = The changes of release that this server has had
    .examples = bridle upgrade history
missing-indexes-anew = indexes of a database are to be built anew
missing-collation = indexes of { $database } are sorted by other rules than the server has
wait-collation = building the indexes of { $database } anew ({ $size } MiB)
missing-copy = there is no copy of the data of { $source } yet
node-old-kubelet = server { $node } to say that it runs Kubernetes { $wanted } (it still says { $found })
change-not-rehearsed = What would be applied could not be tried before ({ $code }).
    .why = Kubernetes did not answer to it; what it would refuse shows only in the middle of the change, and everything goes back then.
    .fix = Try it on its own, and read what it says.
upgrade-renamed = Your value { $from } moves to { $to } by itself
upgrade-even-in = To do it all the same, add: --even-in "{ $name }"
upgrade-rehearsed-all = Tried beforehand without changing anything: all { $objects } objects
upgrade-rehearsed = Tried beforehand without changing anything: { $tried } of { $objects } objects
help-bridle-upgrade-rehearse = Try an upgrade without changing anything
    .more = Every part is rendered with the values of this site and shown to Kubernetes, which says whether it would take it.
    .examples =
        bridle upgrade rehearse
        bridle upgrade rehearse campus-1.1.0 --json
    .release = Which release [default: the newest in the store]
operation-held = { $operation } was begun by { $by } at { $since } and has not ended.
